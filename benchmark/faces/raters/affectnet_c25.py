"""AffectNetC25: valence, arousal and expression by 25 raters for 1,600 AffectNet pictures (labels only, two sets of 800).

Source: github.com/kdoodoo/affectnetc25, published with AffectNet's permission. It has six files, `valence_set1_C25.csv` and
so on, with the columns index, filename, participant0 .. participant24. Its expression codes are not AffectNet's. According
to its README, Set I is "800 Confusing Images" and Set II "800 Random Images", with 25 participants each, 50 in total.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json

CLASSES = ("happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt", "neutral")
SETS, RATERS, ROWS = (1, 2), 25, 800
HEADER = ["index", "filename", *(f"participant{k}" for k in range(RATERS))]
_LEVELS = {repr(level / 4): level / 4 for level in range(-4, 5)}  # "-1.0", "-0.75", ... "1.0"
_CODES = {str(code): code for code in range(len(CLASSES))}


@dataclass(frozen=True)
class Ratings:
    """The ratings of one set. valence, arousal: float64 (800, 25) in [-1, 1]. expression: int64 (800, 25), index into
    `CLASSES`."""

    valence: np.ndarray
    arousal: np.ndarray
    expression: np.ndarray


def read(folder: Path) -> tuple[list[Ratings], dict[str, str]]:
    """Both sets, and file name -> SHA-256.

    Raises:
        BadInput: a missing file; a wrong header; not exactly 800 rows with 27 fields each; a valence or arousal that is not
            a multiple of 0.25 in [-1, 1], written with a decimal point; an expression that is not a code 0..7; a picture
            that occurs twice; files of one set that list different pictures or another order.
    """
    sets, digests, seen = [], {}, {}
    for number in SETS:
        columns, pictures = {}, None
        for kind in ("valence", "arousal", "expression"):
            path = Path(folder) / f"{kind}_set{number}_C25.csv"
            names, columns[kind], digests[path.name] = _read(path, _CODES if kind == "expression" else _LEVELS)
            if pictures is not None and names != pictures:
                row = next(k for k, (a, b) in enumerate(zip(names, pictures, strict=True)) if a != b)
                raise BadInput(f"{path} line {row + 2}", names[row][1], f"{pictures[row][1]}, as in the set's valence file")
            pictures = names
        for row, (index, _) in enumerate(pictures):
            if index in seen:
                raise BadInput(f"{path} line {row + 2}", f"index {index} again", f"once; it is in set {seen[index]}")
            seen[index] = number
        sets.append(Ratings(**columns))
    return sets, digests


def _read(path: Path, values: dict[str, Json]) -> tuple[list[tuple[str, str]], np.ndarray, str]:
    if not path.is_file():
        raise BadInput(path, "no such file", "the six files of AffectNetC25 in one folder")
    data = path.read_bytes()
    try:
        rows = list(csv.reader(data.decode("utf-8").splitlines()))
    except UnicodeDecodeError as error:
        raise BadInput(path, str(error), "UTF-8 text") from error
    if not rows or rows[0] != HEADER:
        raise BadInput(f"{path} line 1", ",".join(rows[0] if rows else [])[:80], ",".join(HEADER[:3]) + " .. participant24")
    if len(rows) != ROWS + 1:
        raise BadInput(path, f"{len(rows) - 1} rows", ROWS)
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(HEADER):
            raise BadInput(f"{path} line {line}", f"{len(row)} fields", len(HEADER))
        for name, cell in zip(HEADER[2:], row[2:], strict=True):
            if cell not in values:
                raise BadInput(f"{path} line {line}, {name}", repr(cell[:20]), f"one of {', '.join(values)}")
    names = [(row[0], row[1]) for row in rows[1:]]
    return names, np.array([[values[cell] for cell in row[2:]] for row in rows[1:]]), hashlib.sha256(data).hexdigest()
