"""A file whose first line seals the bytes behind it: what kind of file it is, their number and their SHA-256.

The seal is in the same file, so both are replaced together. It shows damage and files of another kind. It is no signature:
whoever can write the file can seal it again.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from benchmark.errors import BadInput
from benchmark.files import replacing_file

_LINE = "ferbench sealed file 1, {kind}, {size:20d} bytes, SHA-256 {digest}\n"


class SealingWriter:
    """What `sealing` yields: `write` only."""

    def __init__(self, stream: BinaryIO):
        self._stream, self._digest, self.size = stream, hashlib.sha256(), 0

    def write(self, part: bytes | memoryview) -> int:
        """Append bytes. Returns their number."""
        self._digest.update(part)
        self._stream.write(part)
        self.size += (count := memoryview(part).nbytes)
        return count

    def flush(self) -> None:
        """Nothing: the file is flushed when it is complete."""

    def line(self, kind: str) -> bytes:
        """The first line for the bytes written so far."""
        return _line(kind, self.size, self._digest.hexdigest())


@contextlib.contextmanager
def sealing(path: Path, kind: str) -> Iterator[SealingWriter]:
    """Yield a writer for the contents. On success the file replaces `path` atomically; on any error nothing changes.

    Args:
        kind: a few words that say what the contents are, without a line break.
    """
    with replacing_file(path) as temporary, open(temporary, "wb") as stream:
        stream.write(_line(kind, 0, "0" * 64))
        writer = SealingWriter(stream)
        yield writer
        stream.seek(0)
        stream.write(writer.line(kind))


def read_sealed(path: Path, kind: str, remedy: str) -> bytes:
    """The contents of a sealed file, verified.

    Args:
        remedy: what to do about a wrong file; it ends the error message.

    Raises:
        BadInput: not a sealed file of this kind; other bytes than were sealed.
    """
    data = path.read_bytes()
    line, end, _ = data[:256].partition(b"\n")
    contents = memoryview(data)[len(line) + 1 :] if end else memoryview(b"")
    if line + end == _line(kind, len(contents), hashlib.sha256(contents).hexdigest()):
        return bytes(contents)
    if line.startswith(_LINE.partition("{")[0].encode()) and f" {kind}," in line.decode("ascii", "replace"):
        raise BadInput(path, f"a damaged {kind}", f"the bytes that were written; {remedy}")
    raise BadInput(path, f"no {kind} of this version", f"one that begins with its seal; {remedy}")


def _line(kind: str, size: int, digest: str) -> bytes:
    return _LINE.format(kind=kind, size=size, digest=digest).encode()
