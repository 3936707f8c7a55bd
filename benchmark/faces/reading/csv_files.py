"""Reads the rows of a csv file as a stream: plain, compressed, or the one csv of a given name in an archive, whatever the
file is called. Nothing is unpacked to disk."""

import bz2
import contextlib
import gzip
import hashlib
import lzma
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading import archives
from benchmark.faces.reading.archives import Bounded, Stream, damage_refused
from benchmark.faces.reading.first_bytes import BZIP2, EMPTY, GZIP, HEAD, TAR, TEXT, XZ, ZIP, kind
from benchmark.faces.reading.walking import passed_over

LONGEST_LINE = 1 << 16  # bytes; a FER2013 row has at most 9,230
XZ_MEMORY = 1 << 28  # most bytes that the dictionary of an xz file may need; `xz -9` needs 65 MiB
FORMS = "a csv file, plain or in a .zip, .tar, .gz, .bz2, .xz or .tar.gz"
EXCEL = "xl/workbook.xml"  # a member of every .xlsx, which is a zip archive


@dataclass
class CsvSource:
    """The rows of an open csv file.

    Attributes:
        where: file name; for an archive, also the member's name. It is the beginning of every error message.
        member: the member's name; None for a file that is no archive.
        md5: hexadecimal digest of the bytes of the csv that were read so far; of the whole csv after the last row.
    """

    where: str
    member: str | None
    stream: Stream
    _digest: "hashlib._Hash" = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    @property
    def md5(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[str, list[bytes]]]:
        """Yield ("FILE line N", fields) for each line, starting with line 1.

        White space and double quotes around a field and a UTF-8 byte-order mark are removed. Line ends may be LF or CRLF.
        Blank lines are allowed only at the end. Commas inside quotes are not supported: they divide fields.

        Raises:
            BadInput: a first line that is no text, which is named; a line of more than `LONGEST_LINE` bytes, a blank line
                between rows.
        """
        number, blank = 0, None
        while line := self.stream.readline(LONGEST_LINE + 1):
            number += 1
            if number == 1 and (found := kind(line[:HEAD])) != TEXT:
                raise BadInput(self.where, found, FORMS)
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

    The kind of the file is recognised by its first bytes: zip, tar, or gzip, bzip2 and xz with a tar or the csv itself
    inside; anything else is read as a plain csv, and named if it is none.

    Args:
        names: what the path of the csv inside an archive may end with: a name, or folders and a name.
        limit: most unpacked bytes of the member of a zip archive, of a whole tar archive, or of a compressed csv.

    Raises:
        BadInput: no such file; an empty or damaged file; a file of another kind; none or several of `names` in an archive;
            a member whose path leads out of the archive (absolute or with ".."); a link, an encrypted or a sparse member;
            more than `limit` bytes. Some damage is found only while the rows are read.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(path, "no file", FORMS)
    with open(path, "rb") as stream:
        found = kind(stream.read(HEAD))
    if found == EMPTY:
        raise BadInput(path, found, f"{' or '.join(names)}, plain or in an archive")
    with damage_refused(path, found), contextlib.ExitStack() as stack:
        if found == ZIP:
            yield stack.enter_context(_in_zip(path, names, limit))
        elif found == TAR:
            yield stack.enter_context(_in_tar(stack.enter_context(open(path, "rb")), path, names, limit))
        elif found in _UNPACKERS:
            yield stack.enter_context(_compressed(path, found, names, limit))
        else:
            yield CsvSource(str(path), None, stack.enter_context(open(path, "rb")))


def csv_names(path: Path, endings: Sequence[str], *, limit: int) -> list[str] | None:
    """Which of `endings` some member's path of an archive ends with, in that order; None for a file that is no archive.

    Raises:
        BadInput: as `open_csv`, but nothing about the members' number and kind.
    """
    with open(path, "rb") as plain:
        found = kind(plain.read(HEAD))
    with damage_refused(path, found), contextlib.ExitStack() as stack:
        if found == ZIP:
            names = stack.enter_context(zipfile.ZipFile(path)).namelist()
        else:
            stream = stack.enter_context(_UNPACKERS.get(found, _plain)(path))
            if kind(stream.read(HEAD)) != TAR:
                return None
            stream.seek(0)
            names = [info.name for info in archives.tar_members(Bounded(stream, path, limit), path, limit)[1]]
    return [ending for ending in endings if any(_ends(name, [ending]) for name in names)]


def _xz(path: Path) -> lzma.LZMAFile:
    """An xz file, after a look at how much memory it would take."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD)
    try:
        lzma.LZMADecompressor(memlimit=XZ_MEMORY).decompress(head, max_length=1)
    except lzma.LZMAError as error:
        if "emory" in str(error):
            raise BadInput(path, "an xz file whose dictionary is too large", f"at most {XZ_MEMORY} bytes") from error
        raise
    return lzma.open(path)


_UNPACKERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Stream]]] = {
    GZIP: gzip.open,
    BZIP2: bz2.open,
    XZ: _xz,
}


def _plain(path: Path) -> contextlib.AbstractContextManager[Stream]:
    return open(path, "rb")


@contextlib.contextmanager
def _compressed(path: Path, outer: str, names: Sequence[str], limit: int) -> Iterator[CsvSource]:
    """A csv or a tar archive that was compressed as a whole."""
    with _UNPACKERS[outer](path) as stream:
        inner = kind(stream.read(HEAD))
        stream.seek(0)
        if inner == TAR:
            with _in_tar(stream, path, names, limit, compressed=True) as source:
                yield source
        elif inner == TEXT:
            yield CsvSource(f"{path} (unpacked)", None, Bounded(stream, path, limit))
        else:
            raise BadInput(path, f"{inner} in {outer}", FORMS)


@contextlib.contextmanager
def _in_zip(path: Path, names: Sequence[str], limit: int) -> Iterator[CsvSource]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        for info in infos:
            archives.check_name(path, info.filename)
        if any(info.filename == EXCEL for info in infos):
            raise BadInput(path, "an Excel file (.xlsx)", f"{FORMS}; save the sheet as csv")
        wanted = [info for info in infos if not info.is_dir() and _ends(info.filename, names)]
        name = _only(path, [info.filename for info in wanted], names)
        where = f"{path}: {name}"
        archives.check_zip_member(where, wanted[0], limit)
        with archive.open(wanted[0]) as stream:  # never gives more than info.file_size bytes
            yield CsvSource(where, name, stream)


@contextlib.contextmanager
def _in_tar(
    stream: Stream, path: Path, names: Sequence[str], limit: int, *, compressed: bool = False
) -> Iterator[CsvSource]:
    bounded = Bounded(stream, path, limit)
    archive, members = archives.tar_members(bounded, path, limit)
    while compressed and bounded.read(archives.LARGEST_READ):  # to the end, where the checksum is
        pass
    wanted = [info for info in members if not info.isdir() and _ends(info.name, names)]
    name = _only(path, [info.name for info in wanted], names)
    where = f"{path}: {name}"
    if not wanted[0].isreg() or wanted[0].issparse():
        raise BadInput(where, "a link, sparse or special file", "a regular file")
    with archives.open_member(archive, wanted[0]) as member:
        yield CsvSource(where, name, member)


def _ends(name: str, endings: Sequence[str]) -> bool:
    path = "/" + name.replace("\\", "/")
    return any(path.endswith(f"/{ending}") for ending in endings) and not any(map(passed_over, path.split("/")[1:]))


def _only(path: Path, found: list[str], names: Sequence[str]) -> str:
    if len(found) != 1:
        raise BadInput(
            path,
            f"{len(found)} candidates{': ' if found else ''}{', '.join(sorted(found))}",
            f"exactly one {' or '.join(names)} in the archive",
        )
    return found[0]
