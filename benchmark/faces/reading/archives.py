"""Opens zip and tar archives with checks of names, kinds and sizes: the names in a .zip, the files of a .tar. Nothing is
unpacked to disk here."""

import contextlib
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from benchmark.errors import BadInput

LARGEST_READ = 1 << 20  # most bytes that are read at once; larger headers of a tar archive are refused
MOST_MEMBERS = 100_000
# The errors that zipfile, tarfile, gzip, bz2 and lzma raise for damaged bytes. bz2 raises a bare OSError.
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    UnicodeDecodeError,
    struct.error,
)


class Stream(Protocol):
    """What is used of a stream of bytes."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...

    def seek(self, position: int, /) -> int: ...

    def tell(self) -> int: ...


@contextlib.contextmanager
def damage_refused(path: Path, kind: str) -> Iterator[None]:
    """BadInput in place of an error that damaged bytes cause. What the system raises (it has a number) stays as it is."""
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BadInput(path, f"a damaged or truncated archive ({error})", f"{kind} that is whole") from error


def zip_members(path: Path, *, limit: int) -> list[str]:
    """Names of the files in a zip archive, without folders. Each is safe to read by `zipfile.ZipFile.read`.

    Args:
        limit: most unpacked bytes of one member.

    Raises:
        BadInput: a damaged archive; more than `MOST_MEMBERS`; a name that occurs twice; a path that leads out of the
            archive; a link; an encrypted member; a compression that zipfile does not know; more than `limit` bytes.
    """
    names = []
    with damage_refused(path, "a .zip archive"):
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise BadInput(path, f"{len(infos)} members", f"at most {MOST_MEMBERS}")
        for info in infos:
            check_name(path, info.filename)
            check_zip_member(f"{path}: {info.filename}", info, limit)
            if not info.is_dir():
                names.append(info.filename)
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise BadInput(path, f"member {twice[0]!r} twice", "each name once")
    return names


def tar_files(path: Path, *, limit: int) -> Iterator[tuple[str, bytes]]:
    """(name, contents) of every regular file in an uncompressed tar archive, without folders.

    Args:
        limit: most bytes of the whole archive.

    Raises:
        BadInput: a damaged archive; more than `MOST_MEMBERS`; a path that leads out of the archive; a link, a sparse or
            special member; more than `limit` bytes. Earlier files of the archive have already been yielded by then.
    """
    with (
        damage_refused(path, "a .tar archive"),
        open(path, "rb") as stream,
        _tar(Bounded(stream, path, limit)) as archive,
    ):
        for number, info in enumerate(archive):
            check_name(path, info.name)
            if number == MOST_MEMBERS:
                raise BadInput(path, f"more than {MOST_MEMBERS} members", f"at most {MOST_MEMBERS}")
            if info.isdir():
                continue
            if not info.isreg() or info.issparse():
                raise BadInput(f"{path}: {info.name}", "a link, sparse or special file", "a regular file")
            with open_member(archive, info) as member:
                # In blocks, because `Bounded` refuses larger reads.
                contents = b"".join(iter(lambda: member.read(LARGEST_READ), b""))
            if len(contents) != info.size:
                raise BadInput(f"{path}: {info.name}", f"{len(contents)} bytes", f"{info.size}; the archive is cut off")
            yield info.name, contents


def check_zip_member(where: str, info: zipfile.ZipInfo, limit: int) -> None:
    """Raise BadInput for a member that can not be read safely, or unpacks to more than `limit` bytes."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadInput(where, "a link", "a regular file")
    if info.flag_bits & 1:
        raise BadInput(where, "an encrypted member", "one without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise BadInput(where, f"compression method {info.compress_type}", "stored, deflate, bzip2 or LZMA")
    if info.header_offset < 0:
        raise zipfile.BadZipFile("negative offset")
    if info.file_size > limit:
        raise BadInput(where, f"{info.file_size} bytes unpacked", f"at most {limit}")


def tar_members(stream: "Bounded", path: Path, limit: int) -> tuple[tarfile.TarFile, list[tarfile.TarInfo]]:
    """An open tar archive and all of its members.

    Raises:
        BadInput: more than `MOST_MEMBERS`; a path that leads out of the archive; a member of more than `limit` bytes. One
            of `DAMAGE`: a damaged archive.
    """
    archive = _tar(stream)
    members = []
    for number, info in enumerate(archive):
        check_name(path, info.name)
        if number == MOST_MEMBERS or not 0 <= info.size <= limit:
            raise BadInput(
                path,
                f"member {info.name} of {info.size} bytes, number {number + 1}",
                f"0 to {limit} bytes and at most {MOST_MEMBERS} members",
            )
        members.append(info)
    return archive, members


class Bounded:
    """A stream of the unpacked bytes of an archive. It refuses more than `limit` bytes in total, and more than
    `LARGEST_READ` in one read.

    Both limits are needed: tarfile reads an extended header into memory as a whole, and it skips members by seeking, which
    unpacks them.
    """

    def __init__(self, stream: Stream, path: Path, limit: int):
        self.stream, self.path, self.limit = stream, path, limit

    def read(self, size: int) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise BadInput(self.path, f"a header of {size} bytes", f"0 to {LARGEST_READ}")
        block = self.stream.read(size)
        self._check(self.stream.tell())
        return block

    def readline(self, size: int) -> bytes:
        line = self.stream.readline(size)
        self._check(self.stream.tell())
        return line

    def seek(self, position: int) -> int:
        self._check(position)
        return self.stream.seek(position)

    def tell(self) -> int:
        return self.stream.tell()

    def _check(self, position: int) -> None:
        if position > self.limit + tarfile.RECORDSIZE:  # headers and padding of a single member do not count
            raise BadInput(self.path, f"more than {self.limit} bytes unpacked", f"at most {self.limit}")


def _tar(stream: Bounded) -> tarfile.TarFile:
    opened: tarfile.TarFile = tarfile.open(fileobj=stream, mode="r:")  # type: ignore[call-overload]  # wants a write, unused
    return opened


def open_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    """The contents of a regular file in a tar archive, as a stream."""
    stream = archive.extractfile(info)
    assert stream is not None  # None only for folders and other entries that are no files
    return stream


def check_name(path: Path, name: str) -> None:
    """Raise BadInput for a member whose path leads out of the archive."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        raise BadInput(path, f"member {name!r}", "names that stay inside the archive (no '..', not absolute)")
