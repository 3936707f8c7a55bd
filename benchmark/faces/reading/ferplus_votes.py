"""Reads the votes of FER+ (github.com/microsoft/FERPlus), of which the repository has two editions.

* ``fer2013new.csv``: one row for each row of FER2013, in its order;
* ``FER2013Train/label.csv``, ``FER2013Valid/label.csv`` and ``FER2013Test/label.csv`` (in the folder data): the files that
  the authors' training code reads (src/train.py, src/ferplus.py). A line has the name of a picture and no row number. The
  names are those in the column `Image name` of fer2013new.csv, so that file joins a line to a row. The numbers in the names
  can not: they are not row numbers, and half of the rows without a name leave no gap in them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading import fer2013_csv
from benchmark.faces.reading.csv_files import csv_names, open_csv
from benchmark.faces.reading.walking import within_passed_over
from benchmark.files import Json

VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
COLUMNS = ("Usage", "Image name", *VOTE_COLUMNS)
TABLE = "fer2013new.csv"
LABELS = {usage: f"FER2013{part}/label.csv" for usage, part in
          (("Training", "Train"), ("PublicTest", "Valid"), ("PrivateTest", "Test"))}  # fmt: skip
BOX = [b"(0", b"0", b"48", b"48)"]  # "(0, 0, 48, 48)", the whole picture, in every line
LIMIT = 1 << 28  # most bytes that are unpacked; the files have 3e6, but a tar.gz of the repository may contain pictures
DEPTH = 2  # most folders above a file's own place in a folder that is given
_VOTE = {b"%d" % value: value for value in range(11)}
_NAME = re.compile(rb"fer\d{7}\.png")


@dataclass(frozen=True)
class Files:
    """Where the votes are: `path` is an archive, or the csv itself, or a folder. `found`: which of `TABLE` and `LABELS`
    are there -> the file to open."""

    path: Path
    found: dict[str, Path]

    @property
    def has_labels(self) -> bool:
        return all(name in self.found for name in LABELS.values())


@dataclass(frozen=True)
class Table:
    """The rows of fer2013new.csv, in file order.

    Attributes:
        where: file, for messages.
        split: str (N,).
        name: str (N,), image names; "": none.
        votes: int64 (N, 10), columns as `VOTE_COLUMNS`.
        source: the entry for ``FaceSet.meta["how"]`` about the file.
    """

    where: str
    split: NDArray[np.str_]
    name: NDArray[np.str_]
    votes: NDArray[np.int64]
    source: dict[str, Json]


@dataclass(frozen=True)
class Labels:
    """The lines of the three label.csv, joined to the rows of FER2013.

    Attributes:
        votes: int64 (N, 10), columns as `VOTE_COLUMNS`; zeros for a row without a line.
        given: bool (N,), the rows that have a line.
        overwritten: int64, the rows whose name a later row has too.
        source: the entry for ``FaceSet.meta["how"]`` about the files.
    """

    votes: NDArray[np.int64]
    given: NDArray[np.bool_]
    overwritten: NDArray[np.int64]
    source: dict[str, Json]


def find(path: Path) -> Files:
    """The files of votes in a folder, in an archive, or the one file `path`.

    In a folder they may be up to `DEPTH` folders down, in an archive anywhere.

    Raises:
        BadInput: nothing at `path`; no fer2013new.csv in it; some of the three label.csv but not all; several files of one
            name; whatever `csv_names` refuses.
    """
    path, wanted = Path(path), (TABLE, *LABELS.values())
    if path.is_dir():
        found = {name: file for name in wanted if (file := _only_below(path, name))}
    elif path.is_file():
        inside = csv_names(path, wanted, limit=LIMIT)
        found = dict.fromkeys([TABLE] if inside is None else inside, path)
    else:
        raise BadInput(path, "no such file or folder", f"{TABLE}, or the repository of FER+ as a folder or an archive")
    if TABLE not in found:
        expected = f"{TABLE}, which says to which row of FER2013 each picture name belongs; give the whole repository"
        raise BadInput(path, f"no {TABLE}", expected)
    missing = [name for name in LABELS.values() if name not in found]
    if 0 < len(missing) < len(LABELS):
        raise BadInput(path, f"no {' and no '.join(missing)}", "all three label.csv, or none")
    return Files(path, found)


def read_table(files: Files) -> Table:
    """Read and validate the whole fer2013new.csv.

    Raises:
        BadInput: a wrong header; a row that does not consist of the Usage that the official file has in this row, a name
            like fer0000000.png or none, and ten integers 0..10 with the sum 10 (a sum of 9 is accepted, because the
            official file has one such row); missing or surplus rows; whatever `open_csv` refuses.
    """
    usages = fer2013_csv.usage_of_rows()
    names: list[str] = []
    votes = np.zeros((len(usages), len(VOTE_COLUMNS)), np.int64)
    path = files.found[TABLE]
    with open_csv(path, (TABLE,), limit=LIMIT) as source:
        rows = iter(source)
        header = [name.decode(errors="replace") for name in next(rows, ("", []))[1]]
        if header != list(COLUMNS):
            raise BadInput(f"{source.where} line 1", f"header {','.join(header)[:120]!r}", ",".join(COLUMNS))
        for line, cells in rows:
            row = len(names)
            if row == len(usages):
                raise BadInput(line, "a further row", f"the end after {len(usages)} rows")
            if len(cells) != len(COLUMNS):
                raise BadInput(line, f"{len(cells)} fields", len(COLUMNS))
            if cells[0].decode(errors="replace") != usages[row]:
                raise BadInput(line, f"Usage {_text(cells[0])}", f"'{usages[row]}' in data row {row + 1}")
            if cells[1] and not _NAME.fullmatch(cells[1]):
                raise BadInput(line, f"Image name {_text(cells[1])}", "like fer0000000.png, or none")
            votes[row] = _votes(line, cells[2:])
            names.append(cells[1].decode())
        if len(names) < len(usages):
            raise BadInput(source.where, f"{len(names)} data rows", f"{len(usages)}")
        account: dict[str, Json] = {"file": path.name, "member": source.member, "csv_md5": source.md5}
        return Table(source.where, np.array(usages), np.array(names), votes, account)


def read_labels(files: Files, table: Table) -> Labels:
    """Read and validate the three label.csv, and join their lines to rows by name.

    A name that two rows have belongs to the later one: the authors' script (src/generate_training_data.py) writes one file
    per name, so the picture of the later row replaces that of the earlier one, which then has no line.

    Raises:
        BadInput: a line that does not consist of a name, the box (0, 0, 48, 48) and ten votes as in fer2013new.csv; a name
            that fer2013new.csv does not have, or has in another part; a name that occurs twice, or not at all; whatever
            `open_csv` refuses.
    """
    row_of = {name: row for row, name in enumerate(table.name.tolist()) if name}  # the later row of a name
    votes = np.zeros_like(table.votes)
    seen: dict[int, str] = {}
    sources: dict[str, Json] = {}
    for usage, file in LABELS.items():
        with open_csv(files.found[file], (file,), limit=LIMIT) as source:
            for line, cells in source:
                if len(cells) != 1 + len(BOX) + len(VOTE_COLUMNS):
                    raise BadInput(line, f"{len(cells)} fields", f'a name, "(0, 0, 48, 48)" and {len(VOTE_COLUMNS)} votes')
                if not _NAME.fullmatch(cells[0]):
                    raise BadInput(line, f"name {_text(cells[0])}", "like fer0000000.png; there is no header")
                if (box := cells[1 : 1 + len(BOX)]) != BOX:
                    raise BadInput(line, f"box {_text(b', '.join(box))}", "'(0, 0, 48, 48)', the whole picture")
                row = row_of.get(name := cells[0].decode())
                if row is None or table.split[row] != usage:
                    found = "which no row has" if row is None else f"which row {row + 1} has, of {table.split[row]}"
                    raise BadInput(line, f"{name}, {found}", f"a name of {usage} in {table.where}")
                if row in seen:
                    raise BadInput(line, f"{name}, which {seen[row]} has too", "each name once")
                votes[row] = _votes(line, cells[1 + len(BOX) :])
                seen[row] = line
            sources[file] = {"member": source.member, "csv_md5": source.md5}
    if missing := sorted(set(row_of.values()) - set(seen)):
        name, usage = table.name[missing[0]], str(table.split[missing[0]])
        raise BadInput(f"{files.path}, {LABELS[usage]}", f"no line of {name} and of {len(missing) - 1} others", "every name")
    given = np.zeros(len(votes), bool)
    given[list(seen)] = True
    overwritten = np.flatnonzero((table.name != "") & ~given)
    return Labels(votes, given, overwritten, {"labels": sources})


def _votes(line: str, cells: Sequence[bytes]) -> list[int]:
    for column, cell in zip(VOTE_COLUMNS, cells, strict=True):
        if cell not in _VOTE:
            raise BadInput(line, f"{column} {_text(cell)}", "an integer 0..10")
    votes = [_VOTE[cell] for cell in cells]
    if sum(votes) not in (9, 10):
        raise BadInput(line, f"{sum(votes)} votes", "10 (or 9)")
    return votes


def _only_below(folder: Path, name: str) -> Path | None:
    """The only file of a name (with its own folder) in `folder` or a few folders down; None if there is none."""
    above = ("*/" * depth for depth in range(DEPTH + 1))
    files = sorted(file for stars in above for file in folder.glob(f"{stars}{name}") if file.is_file())
    visible = [file for file in files if not within_passed_over(file.relative_to(folder))]
    if len(visible) > 1:
        raise BadInput(folder, f"{visible[0]} and {visible[1]}", f"one {name}")
    return visible[0] if visible else None


def _text(cell: bytes) -> str:
    return repr(cell[:40].decode(errors="replace"))
