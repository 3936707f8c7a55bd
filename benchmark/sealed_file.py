"""A file whose first line seals the bytes behind it: what kind of file it is, their number and their SHA-256.

The seal is in the same file, so both are replaced together. It shows damage and files of another kind. It is no signature:
whoever can write the file can seal it again.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from benchmark.errors import BadInput
from benchmark.files import replacing_file

if TYPE_CHECKING:
    from typing_extensions import Buffer  # of collections.abc from Python 3.12 on

_LINE = "ferbench sealed file 1, {kind}, {size:20d} bytes, SHA-256 {digest}\n"


class _Sealing(io.RawIOBase):
    """Passes bytes on to a file and counts and digests them."""

    def __init__(self, stream: BinaryIO):
        super().__init__()
        self.stream, self.digest, self.size = stream, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, part: "Buffer") -> int:
        self.digest.update(part)
        self.stream.write(part)
        self.size += (count := memoryview(part).nbytes)
        return count


@contextlib.contextmanager
def sealing(path: Path, kind: str) -> Iterator[BinaryIO]:
    """Yield a file to write the contents to, from their start to their end. On success it replaces `path` atomically; on any
    error nothing changes.

    Args:
        kind: a few words that say what the contents are, without a line break.
    """
    with replacing_file(path) as temporary, open(temporary, "wb") as stream:
        stream.write(_line(kind, 0, "0" * 64))
        writer = _Sealing(stream)
        with io.BufferedWriter(writer) as buffered:
            yield buffered
        stream.seek(0)
        stream.write(_line(kind, writer.size, writer.digest.hexdigest()))


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
