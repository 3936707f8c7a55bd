"""AffectNet's release of 2017: uncropped pictures, with training.csv and validation.csv, which give each picture's face box.

The published lists have a header line. Copies of validation.csv without it are in circulation, so the first line is checked.
One row of the released training.csv has no corner of its face box (face_x and face_y are NULL) although it has width and
height: such a row is left out and named, and every other row keeps its number.
"""

import csv
import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import DEPTH, Searched
from benchmark.faces.readers.affectnet.forms import plain
from benchmark.faces.readers.affectnet.landmarks import roll_of
from benchmark.faces.readers.affectnet.rows import LeftOut, Release, Row, affect_of, code_of

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
FILES = {"train": "training.csv", "val": "validation.csv"}
AUTOMATIC = "automatically_annotated.csv"
PICTURES = "Manually_Annotated_Images"  # the copies that circulate have it inside another folder, also one of its own name
PROBED = 200  # pictures by which the folder of pictures is told
MOST_LEFT_OUT = 0.001  # fraction of the rows of a list that may have no corner of their box; the released one has one row
NULL = frozenset({"", "null", "nan", "none"})  # in lower case; the last two as programs write NULL again
WANTED = (*FILES.values(), AUTOMATIC, PICTURES.lower())
SEARCHED = (
    f"the folder of pictures must be called {PICTURES} and lie at most {DEPTH} folders below the given one, or the pictures "
    "lie beside the lists"
)


def find(folder: Path, searched: Searched) -> dict[str, Path] | None:
    """The two lists that were found: part -> file. None if there are none. BadInput if one is missing or there are several
    of one name, in any case."""
    found = {part: searched.files(name) for part, name in FILES.items()}
    if not any(found.values()):
        return None
    for part, paths in found.items():
        if len(paths) != 1:
            shown = ", ".join(map(str, paths)) or f"no {FILES[part]}"
            raise BadInput(folder, shown, f"exactly one {FILES[part]}")
    return {part: paths[0] for part, paths in found.items()}


def read(folder: Path, searched: Searched, lists: dict[str, Path], *, align: bool = False) -> Release:
    """The release with these lists. `align` as for `read_list`.

    The folder of pictures is the one, of those called `PICTURES` (in any case), of the lists' own and of the given one, in
    which most of about `PROBED` evenly spaced pictures of the lists are.

    Raises:
        BadInput: a picture that is listed twice; two folders with equally many of the pictures; also as `read_list`.
    """
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    files: dict[str, str] = {}
    seen: dict[str, str] = {}
    for part, path in lists.items():
        own, without = read_list(path, part, align=align)
        for row in own:
            if row.id in seen:
                raise BadInput(row.where, f"{row.id}, which {seen[row.id]} has too", "each picture once")
            seen[row.id] = row.where
        rows += own
        left_out += without
        with open(path, "rb") as stream:
            files[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    named = [place for place in searched.places if place.name.lower() == PICTURES.lower()]
    base, others = _base(folder, [*named, *(path.parent for path in lists.values())], rows)
    if base != ".":
        rows = [replace(row, path=f"{base}/{row.path}") for row in rows]
    return Release(
        "lists",
        {part: Path(name).stem for part, name in FILES.items()},
        {part: sum(row.part == part for row in rows) for part in FILES},
        [row for row in rows if row.is_face],
        rows,
        left_out,
        (*searched.notes, *others, *(f"{path} is not read: its labels are automatic" for path in searched.files(AUTOMATIC))),
        files,
    )


def _base(folder: Path, candidates: Sequence[Path], rows: Sequence[Row]) -> tuple[str, list[str]]:
    """The folder of pictures, relative to the given one, and notes about others that have some of the pictures."""
    faces = [row.path for row in rows if row.is_face]
    probed = faces[:: max(1, len(faces) // PROBED)]
    places: dict[Path, Path] = {}
    for place in (*candidates, folder):
        places.setdefault(place.resolve(), place)
    hits = {place: sum(os.path.exists(place / path) for path in probed) for place in places.values()}
    most = max(hits.values())
    tied = [place for place, number in hits.items() if number == most]
    if most and len(tied) > 1:
        expected = "one folder of pictures, that for which the face boxes were made"
        raise BadInput(folder, f"pictures of the lists in {' and as many in '.join(map(str, tied))}", expected)
    others = [
        f"pictures are read from {tied[0]}; {place} has {number} of the {len(probed)} that were looked for too"
        for place, number in hits.items()
        if 0 < number < most
    ]
    return tied[0].relative_to(folder).as_posix(), others


def read_list(path: Path, part: str, *, align: bool = False) -> tuple[list[Row], list[LeftOut]]:
    """The rows of one list, and those left out: UTF-8 with or without a byte-order mark, with or without the header line.
    The path of a row is the one in the list.

    Args:
        align: also read the landmarks of faces that have a box.

    Raises:
        BadInput: unexpected columns, another delimiter or encoding; a path that is absolute or has ".."; an invalid code,
            valence, arousal or box; with `align`, invalid landmarks.
    """
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    order, line = None, 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                line = reader.line_num
                where = f"{path} line {line}"
                if not any(map(str.strip, cells)):
                    continue
                if order is None:
                    order, is_header = _order(cells, where)
                    if is_header:
                        continue
                if len(cells) != len(order):
                    raise BadInput(where, f"{len(cells)} fields", f"{len(order)}, separated by commas")
                values, index = [cells[k].strip() for k in order], len(rows) + len(left_out)
                if _without_corner(values[1:5]):
                    left_out.append(LeftOut(path.name, line, index, code_of(values[6], where)))
                else:
                    rows.append(_row(values, part, where, index, align))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} after line {line}", f"bytes that are not UTF-8 ({error.reason})", "text in UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"{path} after line {line}", str(error), "a csv with commas") from error
    if len(left_out) > max(1, MOST_LEFT_OUT * (len(rows) + len(left_out))):
        first = left_out[0]
        found = f"{len(left_out)} rows with NULL as face_x and face_y beside a width and a height"
        raise BadInput(f"{path} line {first.line}", found, "one, as released, or a copy of the list that is whole")
    if not rows:
        raise BadInput(path, "no row" + " with a usable face box" * bool(left_out), "at least one picture")
    return rows, left_out


def _order(cells: Sequence[str], where: str) -> tuple[list[int], bool]:
    """The position of each of `COLUMNS`, and whether this first line is a header."""
    found, columns = [cell.strip() for cell in cells], [plain(cell) for cell in cells]
    if sorted(columns) == sorted(map(plain, COLUMNS)):
        return [columns.index(plain(column)) for column in COLUMNS], True
    if len(found) == len(COLUMNS) and found[COLUMNS.index("expression")].isdigit():
        return list(range(len(COLUMNS))), False
    raise BadInput(
        where, f"{len(cells)} fields, {','.join(found)[:80]!r}", f"the header {','.join(COLUMNS)}, or nine values"
    )


def _row(cells: Sequence[str], part: str, where: str, index: int, align: bool) -> Row:
    name, x, y, width, height, landmarks, expression, valence, arousal = cells
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        raise BadInput(where, f"path {name[:80]!r}", "a path inside the folder of pictures, with '/' and without '..'")
    box, id = _box((x, y, width, height), where), path.as_posix()
    return Row(
        where,
        part,
        id,
        id,
        code_of(expression, where),
        affect_of(valence, "valence", where),
        affect_of(arousal, "arousal", where),
        box,
        roll_of(landmarks, where) if align and box is not None else 0.0,
        index,
    )


def _without_corner(cells: Sequence[str]) -> bool:
    """Whether face_x and face_y are NULL, and width and height are numbers."""
    if not (cells[0].lower() in NULL and cells[1].lower() in NULL):
        return False
    try:
        return all(math.isfinite(float(cell)) for cell in cells[2:])
    except ValueError:
        return False


def _box(cells: Sequence[str], where: str) -> tuple[float, float, float, float] | None:
    """Corners (x1, y1, x2, y2) of the face box; None if the list has no box (NULL, or a box without area)."""
    if all(cell.lower() in NULL for cell in cells):
        return None
    try:
        x, y, width, height = (float(cell) for cell in cells)
    except ValueError:
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers, or NULL") from None
    if not all(abs(value) < 1e6 for value in (x, y, width, height)):  # also refuses NaN
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers of pixels")
    return (x, y, x + width, y + height) if width > 0 and height > 0 else None
