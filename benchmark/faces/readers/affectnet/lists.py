"""AffectNet's release of 2017: uncropped pictures, with training.csv and validation.csv, which give each picture's face box.

The published lists have a header line. Copies of validation.csv without it are in circulation, so the first line is checked.
Facial landmarks (68 points in coordinates of the uncropped picture) are read on demand; they give the roll of a face.
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
EYES = (range(36, 42), range(42, 48))  # left and right eye in the picture, of 68 points (Sagonas et al., 300-W, ICCVW 2013)
PICTURES = ("Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", ".")


def find(folder: Path) -> dict[str, Path] | None:
    """The two lists: part -> file. They are searched at most two folders deep. None if there are none. BadInput if one is
    missing or there are several of one name."""
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
    """The rows of both lists, in their order, and file name -> SHA-256 for meta.json. `align` as for `read_list`.

    Raises:
        BadInput: a picture that is listed twice; also as `read_list`.
    """
    pictures = next((p for p in PICTURES[:-1] if (folder / p).is_dir()), PICTURES[-1])
    rows, account, seen = [], {}, {}
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
    """The rows of one list: UTF-8 with or without a byte-order mark, with or without the header line.

    Args:
        align: also read the landmarks of faces that have a box.

    Raises:
        BadInput: unexpected columns, another delimiter or encoding; a path that is absolute or has ".."; an invalid code,
            valence, arousal or box; with `align`, invalid landmarks.
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
    """The position of each of `COLUMNS`, and whether this first line is a header."""
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
    """The roll of a face: the angle in degrees between the line through the centres of the eyes and the horizontal. It is
    positive if the line falls towards the right, that is, if the face leans clockwise.

    Args:
        landmarks: "x;y;x;y;..." of 68 points, in pixels.

    Raises:
        BadInput: a wrong number of values, a value that is not a finite number, or both eyes in the same place.
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
    """Corners (x1, y1, x2, y2) of the face box; None if the list has no box (NULL, or a box without area)."""
    if all(cell in ("", "NULL", "null") for cell in cells):
        return None
    try:
        x, y, width, height = (float(cell) for cell in cells)
    except ValueError:
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers, or NULL") from None
    if not all(abs(value) < 1e6 for value in (x, y, width, height)):  # also refuses NaN
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "four numbers of pixels")
    return (x, y, x + width, y + height) if width > 0 and height > 0 else None
