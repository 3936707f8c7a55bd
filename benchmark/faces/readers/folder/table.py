"""A csv that lists pictures, at the top of a user's folder."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.options import OPTIONS_FILE, Options
from benchmark.faces.readers.folder.rows import FARTHEST, Box, Row, Spellings, inside
from benchmark.faces.reading.walking import passed_over

BOX = ("face_x", "face_y", "face_width", "face_height")
COLUMNS = ("path", "split", "expression", "valence", "arousal", "group", *BOX)
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?")


def find_table(base: Path, options: Options) -> str | None:
    """The name of the csv to read; None: the folders are read. BadInput if there are several and no option says which."""
    if options.tree:
        return None
    found = (file.name for file in base.iterdir() if file.suffix.lower() == ".csv" and not passed_over(file.name))
    tables = [options.table] if options.table is not None else sorted(found)
    if len(tables) > 1:
        how = f"the option 'table' in {OPTIONS_FILE}, or 'tree: true' there to read the folders"
        raise BadInput(base, ", ".join(tables), f"one csv, or {how}")
    return tables[0] if tables else None


def read_table(folder: Path, name: str, options: Options) -> list[Row]:
    """The rows of a csv: UTF-8 (with or without a byte-order mark), commas between fields, double quotes around fields that
    need them. Its header names some of `COLUMNS`; `path` is required and, without folds, `split`. With the four columns of
    `BOX` a picture may be listed several times, once for each face; the ids are then ``PATH#n``, the n-th row of that path
    from 0.

    Raises:
        BadInput: a file outside the folder, no such file, another encoding or delimiter, an unknown or missing column, a row
            of another length, a path that is absolute or has "..", a missing split, a valence or arousal that is not a
            number in [-1, 1], a box that is not four numbers; splits or expressions that differ by case or blanks alone.
    """
    path = folder / name
    if PurePosixPath(name).name != name or not path.is_file():
        raise BadInput(path, "no such file", "a csv at the top of the folder")
    needed = ("path",) if options.folds is not None else ("path", "split")
    allowed = [c for c in COLUMNS if c != "split" or options.folds is None]
    allowed = [c for c in allowed if c != "group" or options.group is None]
    rows: list[Row] = []
    spellings = {column: Spellings(column) for column in ("split", "expression")}
    times: dict[PurePosixPath, int] = {}
    line = 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            boxed = set(BOX) <= set(header)
            odd = [c for c in header if c not in allowed] or ([c for c in header if c in BOX] if not boxed else [])
            if odd or len(set(header)) != len(header) or not set(needed) <= set(header):
                found = f"header {','.join(header)[:120]!r}"
                expected = f"{', '.join(needed)} and perhaps others of {', '.join(allowed)} (those of the box all four)"
                raise BadInput(f"{path} line 1", found, f"{expected}; or 'tree: true' in {OPTIONS_FILE} to read the folders")
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                where = f"{path} line {line}"
                if len(cells) != len(header):
                    raise BadInput(where, f"{len(cells)} fields", len(header))
                for column, cell in zip(header, cells, strict=True):
                    if column in spellings and cell.strip():
                        spellings[column].add(cell, where)
                row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
                rows.append(_row(where, row, needed, times if boxed else None))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} after line {line}", f"bytes that are not UTF-8 ({error.reason})", "text in UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"{path} after line {line}", str(error), "a csv with commas and double quotes") from error
    return rows


def _row(where: str, row: Mapping[str, str], needed: Sequence[str], times: dict[PurePosixPath, int] | None) -> Row:
    """`times`: how often each path was listed before; None for a csv without boxes."""
    for column in needed:
        if not row[column]:
            raise BadInput(where, f"no {column}", f"a {column}")
    path = inside(row["path"], where)
    valence, arousal = (_affect(row.get(column, ""), column, where) for column in ("valence", "arousal"))
    id, box = "", None
    if times is not None:
        box = _box([row[column] for column in BOX], where)
        id = f"{path.as_posix()}#{times.setdefault(path, 0)}"
        times[path] += 1
    labels = (row.get("split", ""), row.get("expression", ""))
    return Row(where, path, *labels, valence, arousal, row.get("group", ""), box, id)


def _affect(text: str, column: str, where: str) -> float:
    if text and (not _NUMBER.fullmatch(text) or not abs(float(text)) <= 1):
        raise BadInput(where, f"{column} {text!r}", "a number in [-1, 1], or nothing")
    return float(text) if text else math.nan


def _box(cells: Sequence[str], where: str) -> Box | None:
    if not any(cells):
        return None
    good = all(_NUMBER.fullmatch(cell) and abs(float(cell)) < FARTHEST for cell in cells)
    x, y, width, height = (float(cell) for cell in cells) if good else (0.0,) * 4
    if not (width > 0 and height > 0):
        raise BadInput(where, f"face box {','.join(cells)[:60]!r}", "x, y, width and height in pixels, or nothing")
    return x, y, x + width, y + height
