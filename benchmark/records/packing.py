"""Finished records in archives of limited size, to copy them to another machine. `ferbench import` unpacks them there.

An archive is a plain tar file. For each record it has the files of ``<protocol>/<cell>/seed<k>``, without weights and
checkpoints. Like the training code, this module needs no packages besides torch and numpy.
"""

import contextlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.archives import tar_files
from benchmark.files import replacing_file
from benchmark.leftovers import clear, temporary
from benchmark.records.record import FILES, Record, read_record

LIMIT = 15_000_000  # bytes of one archive
LARGEST = 2**30  # bytes; most that is unpacked. More than LIMIT, for archives made with another limit; stops a tar bomb
NAME = "records-{}.tar"


@dataclass(frozen=True)
class Packed:
    """What was packed.

    Attributes:
        archives: the files written.
        records: number of records in them.
        left_out: for each record that is in no archive, its place and the reason ("PLACE: ...").
    """

    archives: Sequence[Path]
    records: int
    left_out: Sequence[str]


def finished(runs: Path) -> tuple[list[Record], list[str]]:
    """The finished records at <protocol>/<cell>/seed<k> below `runs`, oldest first; and a line for each record that can not
    be read.

    Folds of an unfinished cross-validation and trials of a search lie in other places, so they are not found.
    """
    found, odd = [], []
    for path in runs.glob("*/*/seed*/record.json"):
        if not re.fullmatch(r"seed\d+", path.parent.name):
            continue
        try:
            record = read_record(path.parent)
        except BadInput as error:
            odd.append(str(error))
            continue
        if path.parent.relative_to(runs) == record.place:
            found.append((path.stat().st_mtime_ns, str(path), record))
    return [record for *_, record in sorted(found, key=lambda each: each[:2])], odd


def pack(runs: Path, out: Path, *, limit: int = LIMIT) -> Packed:
    """Write every finished record below `runs` into `out`/records-0.tar, records-1.tar, ...

    Each archive is written atomically. Records are added in the order in which they were finished. So a later call adds new
    records at the end, and earlier archives keep the same bytes.

    Args:
        limit: largest size of one archive in bytes. A record that is larger than this is left out and reported.
    """
    records, left_out = finished(runs)
    groups: list[list[Path]] = []
    size, packed = limit, 0
    for record in records:
        files = [path for name in FILES if (path := record.directory / name).is_file()]
        # A tar member takes a header block, two more blocks if its name is long, and its contents in whole blocks.
        room = sum((3 + -(-path.stat().st_size // tarfile.BLOCKSIZE)) * tarfile.BLOCKSIZE for path in files)
        if room + tarfile.RECORDSIZE > limit:
            left_out.append(f"{record.directory}: {room:,} bytes, and an archive has at most {limit:,}")
            continue
        if size + room + tarfile.RECORDSIZE > limit:
            groups.append([])
            size = 0
        groups[-1] += files
        size, packed = size + room, packed + 1
    out.mkdir(parents=True, exist_ok=True)
    archives = [_write(out / NAME.format(number), files, runs) for number, files in enumerate(groups)]
    for stale in set(out.glob(NAME.format("*"))) - set(archives):
        stale.unlink()
    return Packed(archives, packed, left_out)


def _write(path: Path, files: Sequence[Path], root: Path) -> Path:
    """A tar of `files`, named relative to `root`, without owners and times, so that the same files give the same bytes."""
    with replacing_file(path) as new, tarfile.open(new, "w", format=tarfile.GNU_FORMAT) as archive:
        for file in files:
            contents, info = file.read_bytes(), tarfile.TarInfo(file.relative_to(root).as_posix())
            info.size = len(contents)
            archive.addfile(info, io.BytesIO(contents))
    return path


@contextlib.contextmanager
def unpacked(source: Path) -> Iterator[list[Path]]:
    """The folders with the records of `source`.

    If `source` is a folder: `source` itself, and one temporary folder for each archive (``records-*.tar``) in it. If it is
    an archive: one temporary folder. Temporary folders are deleted at the end of the context. Other files in an archive are
    ignored.

    Raises:
        BadInput: an archive that is damaged, or with a member whose path leads out of the folder
            (`benchmark.faces.reading.archives.tar_files`), occurs twice or can not be made.
    """
    archives = sorted(source.rglob(NAME.format("*"))) if source.is_dir() else [source] if source.suffix == ".tar" else []
    unpacking = Path(tempfile.gettempdir(), "ferbench-import")
    clear(unpacking)  # what a killed import left
    with temporary(unpacking, folder=True, mode=0o700) as top:
        folders = [source] if source.is_dir() else []
        for number, archive in enumerate(archives):
            folder = top / str(number) / archive.name
            for name, contents in tar_files(archive, limit=LARGEST):
                place = folder / name.replace("\\", "/")
                if place.name not in FILES:
                    continue
                if os.path.lexists(place):
                    raise BadInput(f"{archive}: {name}", "a second file of this name", "each once")
                try:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(contents)
                except (OSError, ValueError) as error:  # too long, or below a file of the archive
                    raise BadInput(f"{archive}: {name}", f"a path that can not be made ({error})", "PATH/FILE") from error
            folders.append(folder)
        yield folders
