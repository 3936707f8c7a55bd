"""Reads archives, with checks of names, kinds and sizes: the one csv file in a .zip or .tar.gz (or a plain csv) as a stream,
the names in a .zip, the files of a .tar. Nothing is unpacked to disk here."""

import contextlib
import gzip
import hashlib
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmark.errors import BadInput

LONGEST_LINE = 1 << 16  # bytes; a FER2013 row has at most 9,230
LARGEST_READ = 1 << 20  # most bytes that are read at once; larger headers of a tar archive are refused
MOST_MEMBERS = 100_000
# The errors that zipfile, tarfile and gzip raise for damaged bytes.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    UnicodeDecodeError,
    struct.error,
)


@dataclass
class CsvSource:
    """The rows of an open csv file.

    Attributes:
        where: file name; for an archive, also the member's name. It is the beginning of every error message.
        member: the member's name; None for a plain file.
        md5: hexadecimal digest of the bytes of the csv that were read so far; of the whole csv after the last row.
    """

    where: str
    member: str | None
    stream: IO[bytes]
    _digest: "hashlib._Hash" = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    @property
    def md5(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[str, list[bytes]]]:
        """Yield ("FILE line N", fields) for each line, starting with line 1, the header.

        White space and double quotes around a field and a UTF-8 byte-order mark are removed. Line ends may be LF or CRLF.
        Blank lines are allowed only at the end. Commas inside quotes are not supported: these data sets have none.

        Raises:
            BadInput: a line of more than `LONGEST_LINE` bytes, a blank line between rows.
        """
        number, blank = 0, None
        while line := self.stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise BadInput(f"{self.where} line {number}", f"more than {LONGEST_LINE} bytes", "a shorter line")
            self._digest.update(line)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                blank = blank or number
                continue
            if blank:
                raise BadInput(f"{self.where} line {blank}", "a blank line", "a row")
            yield f"{self.where} line {number}", [cell.strip(b' \t\r\n"') for cell in line.split(b",")]


@contextlib.contextmanager
def open_csv(path: Path, names: Sequence[str], *, limit: int) -> Iterator[CsvSource]:
    """Open a csv file, or the one csv file with a given name in an archive.

    The kind of the file is recognised by its first bytes, not by its name: zip, gzip (with a tar inside), else plain csv.

    Args:
        path: the file.
        names: names that the csv may have inside an archive, without folders; it may be in any folder.
        limit: most unpacked bytes of the member of a zip archive, or of a whole tar archive.

    Raises:
        BadInput: no such file; an empty or damaged archive; none or several of `names` in it; a member whose path leads out
            of the archive (absolute or with ".."); a link, an encrypted or a sparse member; more than `limit` bytes. Some
            damage is found only while the rows are read.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(path, "no file", "a csv file, or a .zip or .tar.gz archive with one")
    with open(path, "rb") as stream:
        start = stream.read(4)
    if not start:
        raise BadInput(path, "an empty file", f"{' or '.join(names)}, plain or in a .zip or .tar.gz archive")
    if start in (b"PK\x03\x04", b"PK\x05\x06"):
        opened = _open_zip(path, names, limit)
    elif start.startswith(b"\x1f\x8b"):
        opened = _open_tar(path, names, limit)
    else:
        opened = _open_plain(path)
    try:
        with opened as source:
            yield source
    except _DAMAGE as error:
        raise BadInput(path, f"a damaged or truncated archive ({error})", "a whole .zip or .tar.gz archive") from error


def zip_members(path: Path, *, limit: int) -> list[str]:
    """Names of the files in a zip archive, without folders. Each is safe to read by `zipfile.ZipFile.read`.

    Args:
        limit: most unpacked bytes of one member.

    Raises:
        BadInput: a damaged archive; more than `MOST_MEMBERS`; a name that occurs twice; a path that leads out of the
            archive; a link; an encrypted member; a compression that zipfile does not know; more than `limit` bytes.
    """
    names = []
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise BadInput(path, f"{len(infos)} members", f"at most {MOST_MEMBERS}")
        for info in infos:
            _check_name(path, info.filename)
            _check_zip_member(f"{path}: {info.filename}", info, limit)
            if not info.is_dir():
                names.append(info.filename)
    except _DAMAGE as error:
        raise BadInput(path, f"a damaged or truncated archive ({error})", "a whole .zip archive") from error
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
    try:
        with open(path, "rb") as stream, _tar(_Bounded(stream, path, limit)) as archive:
            for number, info in enumerate(archive):
                _check_name(path, info.name)
                if number == MOST_MEMBERS:
                    raise BadInput(path, f"more than {MOST_MEMBERS} members", f"at most {MOST_MEMBERS}")
                if info.isdir():
                    continue
                if not info.isreg() or info.issparse():
                    raise BadInput(f"{path}: {info.name}", "a link, sparse or special file", "a regular file")
                with _contents(archive, info) as member:
                    # In blocks, because `_Bounded` refuses larger reads.
                    contents = b"".join(iter(lambda: member.read(LARGEST_READ), b""))
                if len(contents) != info.size:
                    raise BadInput(f"{path}: {info.name}", f"{len(contents)} bytes", f"{info.size}; the archive is cut off")
                yield info.name, contents
    except _DAMAGE as error:
        raise BadInput(path, f"a damaged or truncated archive ({error})", "a whole .tar archive") from error


def _check_zip_member(where: str, info: zipfile.ZipInfo, limit: int) -> None:
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


@contextlib.contextmanager
def _open_plain(path: Path) -> Iterator[CsvSource]:
    with open(path, "rb") as stream:
        yield CsvSource(str(path), None, stream)


@contextlib.contextmanager
def _open_zip(path: Path, names: Sequence[str], limit: int) -> Iterator[CsvSource]:
    with zipfile.ZipFile(path) as archive:
        members: dict[str, list[zipfile.ZipInfo]] = {}
        for info in archive.infolist():
            _check_name(path, info.filename)
            if not info.is_dir() and _base(info.filename) in names:
                members.setdefault(info.filename, []).append(info)
        name = _only(path, [n for n, infos in members.items() for _ in infos], names)
        info = members[name][0]
        where = f"{path}: {name}"
        _check_zip_member(where, info, limit)
        with archive.open(info) as stream:  # never gives more than info.file_size bytes
            yield CsvSource(where, name, stream)


@contextlib.contextmanager
def _open_tar(path: Path, names: Sequence[str], limit: int) -> Iterator[CsvSource]:
    with contextlib.ExitStack() as stack:
        unpacked = _Bounded(stack.enter_context(gzip.open(path)), path, limit)
        archive = stack.enter_context(_tar(unpacked))
        members = []
        for number, info in enumerate(archive):
            _check_name(path, info.name)
            if number == MOST_MEMBERS or not 0 <= info.size <= limit:
                raise BadInput(
                    path,
                    f"member {info.name} of {info.size} bytes, number {number + 1}",
                    f"0 to {limit} bytes and at most {MOST_MEMBERS} members",
                )
            if not info.isdir() and _base(info.name) in names:
                members.append(info)
        while unpacked.read(LARGEST_READ):  # to the end, where gzip's checksum is
            pass
        name = _only(path, [info.name for info in members], names)
        where = f"{path}: {name}"
        if not members[0].isreg() or members[0].issparse():
            raise BadInput(where, "a link, sparse or special file", "a regular file")
        with _contents(archive, members[0]) as stream:
            yield CsvSource(where, name, stream)


class _Bounded:
    """A stream of the unpacked bytes of an archive. It refuses more than `limit` bytes in total, and more than
    `LARGEST_READ` in one read.

    Both limits are needed: tarfile reads an extended header into memory as a whole, and it skips members by seeking, which
    unpacks them.
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, path: Path, limit: int):
        self.stream, self.path, self.limit = stream, path, limit

    def read(self, size: int) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise BadInput(self.path, f"a header of {size} bytes", f"0 to {LARGEST_READ}")
        block = self.stream.read(size)
        self._check(self.stream.tell())
        return block

    def seek(self, position: int) -> int:
        self._check(position)
        return self.stream.seek(position)

    def tell(self) -> int:
        return self.stream.tell()

    def _check(self, position: int) -> None:
        if position > self.limit + tarfile.RECORDSIZE:  # headers and padding of a single member do not count
            raise BadInput(self.path, f"more than {self.limit} bytes unpacked", f"at most {self.limit}")


def _tar(stream: _Bounded) -> tarfile.TarFile:
    opened: tarfile.TarFile = tarfile.open(fileobj=stream, mode="r:")  # type: ignore[call-overload]  # wants a write, unused
    return opened


def _contents(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    """The contents of a regular file in a tar archive, as a stream."""
    stream = archive.extractfile(info)
    assert stream is not None  # None only for folders and other entries that are no files
    return stream


def _base(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _check_name(path: Path, name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        raise BadInput(path, f"member {name!r}", "names that stay inside the archive (no '..', not absolute)")


def _only(path: Path, found: list[str], names: Sequence[str]) -> str:
    if len(found) != 1:
        raise BadInput(
            path,
            f"{len(found)} candidates{': ' if found else ''}{', '.join(sorted(found))}",
            f"exactly one {' or '.join(names)} in the archive",
        )
    return found[0]
