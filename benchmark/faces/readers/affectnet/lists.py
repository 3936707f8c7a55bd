"""AffectNet of 2017: training.csv and validation.csv beside the uncut pictures, each with its face box.

The published lists carry a header line; copies of validation.csv without one circulate, so the first line is looked at.
Facial landmarks, 68 points in coordinates of the uncut picture, are read on demand and tell how far a face leans.
"""

import csv
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.rows import Row, affect_of, code_of
from benchmark.files import Json

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
POINTS = 68
EYES = (range(36, 42), range(42, 48))  # of the 68 points (Sagonas et al., 300-W, ICCVW 2013): left in the picture, right
PICTURES = ("Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", ".")


def find(folder: Path) -> dict[str, Path] | None:
    """The two lists, by part, at most two folders deep; None where neither is there. BadInput for one alone or several."""
    found = {
        part: [p for depth in ("", "*/", "*/*/") for p in sorted(folder.glob(depth + name))] for part, name in FILES.items()
    }
    if not any(found.values()):
        return None
    for part, paths in found.items():
        if len(paths) != 1:
            names = ", ".join(map(str, paths)) or f"no {FILES[part]}"
            raise BadInput(folder, names, f"exactly one {FILES[part]}")
    return {part: paths[0] for part, paths in found.items()}


def read(folder: Path, lists: dict[str, Path], *, align: bool = False) -> tuple[list[Row], dict[str, Json]]:
    """Rows of both lists in their order, and what meta.json keeps of the files; `align` as for `read_list`.

    Raises:
        BadInput: a picture listed twice; see `read_list`.
    """
    pictures = next((p for p in PICTURES[:-1] if (folder / p).is_dir()), PICTURES[-1])
    rows: list[Row] = []
    account: dict[str, Json] = {}
    seen: dict[str, str] = {}
    for part, path in lists.items():
        for row in read_list(path, part, pictures, align=align):
            if row.id in seen:
                raise BadInput(row.where, f"{row.id}, which {seen[row.id]} has too", "each picture once")
            seen[row.id] = row.where
            rows.append(row)
        with open(path, "rb") as stream:
            account[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return rows, account


def read_list(path: Path, part: str, pictures: str, *, align: bool = False) -> list[Row]:
    """Rows of one list, UTF-8 with or without a byte-order mark, with or without the header line.

    Args:
        align: read the landmarks of faces that have a box.

    Raises:
        BadInput: other columns, another delimiter or encoding; a path that is absolute or has ".."; a code, valence,
            arousal or box that is none; with `align`, landmarks that are none.
    """
    rows, order, line = [], None, 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                line = reader.line_num
                where = f"{path} line {line}"
                if not cells:
                    continue
                if order is None:
                    order, is_header = _order(cells, where)
                    if is_header:
                        continue
                if len(cells) != len(order):
                    raise BadInput(where, f"{len(cells)} fields", f"{len(order)}, separated by commas")
                rows.append(_row([cells[k].strip() for k in order], part, pictures, where, align))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} after line {line}", f"bytes that are not UTF-8 ({error.reason})", "text in UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"{path} after line {line}", str(error), "a csv with commas") from error
    if not rows:
        raise BadInput(path, "no row", "at least one picture")
    return rows


def _order(cells: Sequence[str], where: str) -> tuple[list[int], bool]:
    """Where each of `COLUMNS` stands, and whether this first line is the header."""
    names = [cell.strip() for cell in cells]
    if sorted(names) == sorted(COLUMNS):
        return [names.index(column) for column in COLUMNS], True
    if len(names) == len(COLUMNS) and names[COLUMNS.index("expression")].isdigit():
        return list(range(len(COLUMNS))), False
    raise BadInput(
        where, f"{len(cells)} fields, {','.join(names)[:80]!r}", f"the header {','.join(COLUMNS)}, or nine values"
    )


def _row(cells: Sequence[str], part: str, pictures: str, where: str, align: bool) -> Row:
    name, x, y, width, height, landmarks, expression, valence, arousal = cells
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        raise BadInput(where, f"path {name[:80]!r}", "a path inside the folder of pictures, with '/' and without '..'")
    box = _box((x, y, width, height), where)
    return Row(
        where,
        part,
        path.as_posix(),
        (PurePosixPath(pictures) / path).as_posix(),
        code_of(expression, where),
        affect_of(valence, "valence", where),
        affect_of(arousal, "arousal", where),
        box,
        roll_of(landmarks, where) if align and box is not None else 0.0,
    )


def roll_of(landmarks: str, where: str) -> float:
    """Degrees by which the line through the centres of the eyes falls to the right: the face leans clockwise.

    Args:
        landmarks: "x;y;x;y;..." of 68 points, in pixels.

    Raises:
        BadInput: another number of values, one that is no finite number, or eyes in one place.
    """
    try:
        values = [float(cell) for cell in landmarks.split(";")]
    except ValueError:
        values = []
    if len(values) != 2 * POINTS or not all(map(math.isfinite, values)):
        raise BadInput(where, f"landmarks {landmarks[:60]!r}", f"{2 * POINTS} numbers with ';' between them")
    (left, top), (right, bottom) = ([sum(values[2 * k + axis] for k in eye) / len(eye) for axis in (0, 1)] for eye in EYES)
    if left == right and top == bottom:
        raise BadInput(where, "landmarks with both eyes in one place", "two eyes")
    return math.degrees(math.atan2(bottom - top, right - left))


def _box(cells: Sequence[str], where: str) -> tuple[float, float, float, float] | None:
    """Corners of the face box; None where the list has no box (NULL, or no area)."""
    if all(cell in ("", "NULL", "null") for cell in cells):
        return None
    try:
        x, y, width, height = (float(cell) for cell in cells)
    except ValueError:
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers, or NULL") from None
    if not all(abs(value) < 1e6 for value in (x, y, width, height)):  # NaN too
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers of pixels")
    return (x, y, x + width, y + height) if width > 0 and height > 0 else None
