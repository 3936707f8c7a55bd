"""Reads the csv of FER2013 (Goodfellow et al. 2013, "Challenges in Representation Learning", ICML workshop).

The readers of FER2013 and of FER+ share this module.

Source of the classes and their order: the challenge's data page (0 angry .. 6 neutral). Splits have the names in the csv.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading.csv_files import open_csv
from benchmark.files import Json

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SIDE = 48
COLUMNS = ("emotion", "pixels", "Usage")
MEMBERS = ("fer2013.csv", "icml_face_data.csv")
LIMIT = 1 << 29  # most bytes that are unpacked; the csv has 0.3e9
# Usage (in file order) -> number of rows of each class, counted in the official file.
COUNTS = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}
# MD5 of the two official files; source: torchvision.datasets.FER2013.
OFFICIAL_MD5 = {
    "f8428a1edbd21e88f42c73edd2a14f95": "fer2013.csv",
    "b114b9e04e6949e5fe8b6a98b3892b1d": "icml_face_data.csv",
}
# A pixel or label is accepted only if it is written as one of these keys, so values out of range never reach the cast.
_PIXEL = {b"%d" % value: value for value in range(256)}
_LABEL = {b"%d" % value: value for value in range(len(CLASSES))}


@dataclass(frozen=True)
class Pictures:
    """The rows of the csv, in file order.

    Attributes:
        images: uint8 (N, 48, 48).
        expression: int64 (N,).
        split: str (N,).
        source: the entry for ``FaceSet.meta["how"]`` about the file: name, member, MD5 of the csv, official or not.
    """

    images: NDArray[np.uint8]
    expression: NDArray[np.int64]
    split: NDArray[np.str_]
    source: dict[str, Json]

    @property
    def id(self) -> list[str]:
        """Ids "fer2013-00000", "fer2013-00001", ...: the number of the row in the csv, from 0."""
        return [f"fer2013-{row:05d}" for row in range(len(self.images))]

    @property
    def flag(self) -> NDArray[np.str_]:
        """str (N,): "black" for a picture in which every pixel is 0, else ""."""
        return np.where(self.images.reshape(len(self.images), -1).any(axis=1), "", "black")


def usage_of_rows() -> list[str]:
    """The Usage that each of the 35,887 rows must have, in file order."""
    return [usage for usage, counts in COUNTS.items() for _ in range(sum(counts))]


def read(path: Path) -> Pictures:
    """Read and validate a whole file: fer2013.csv or icml_face_data.csv, in a form that `open_csv` reads.

    The columns are found by their names in the header. The bytes may differ from the official files (line ends, quoting or
    lossless repairs change an MD5). But the number of rows, the order of Usage and the counts per class must be those of
    the official files.

    Raises:
        BadInput: a wrong header; a row that does not consist of three fields: a label 0..6, 2304 integers 0..255, and the
            Usage that the official file has in this row; missing or surplus rows; other counts; whatever `open_csv`
            refuses.
    """
    usages = usage_of_rows()
    images = np.empty((len(usages), SIDE, SIDE), np.uint8)
    expression = np.empty(len(usages), np.int64)
    row = 0
    with open_csv(path, MEMBERS, limit=LIMIT) as source:
        rows = iter(source)
        header = [name.decode(errors="replace") for name in next(rows, ("", []))[1]]
        if sorted(header) != sorted(COLUMNS):
            raise BadInput(
                f"{source.where} line 1",
                f"header {','.join(header)[:80]!r}",
                "the columns emotion, pixels, Usage (fer2013.csv or icml_face_data.csv)",
            )
        emotion, pixels, usage = map(header.index, COLUMNS)
        for line, cells in rows:
            if row == len(usages):
                raise BadInput(line, "a further row", f"the end after {len(usages)} rows")
            if len(cells) != len(COLUMNS):
                raise BadInput(line, f"{len(cells)} fields", len(COLUMNS))
            if cells[usage].decode(errors="replace") != usages[row]:
                raise BadInput(line, f"Usage {_text(cells[usage])}", f"'{usages[row]}' in data row {row + 1}")
            if cells[emotion] not in _LABEL:
                raise BadInput(line, f"emotion {_text(cells[emotion])}", "an integer 0..6")
            expression[row] = _LABEL[cells[emotion]]
            images[row] = _picture(line, cells[pixels])
            row += 1
        if row < len(usages):
            raise BadInput(source.where, f"{row} data rows", f"{len(usages)}")
        _check_counts(source.where, expression)
        official = OFFICIAL_MD5.get(source.md5)
        account = {
            "file": Path(path).name,
            "member": source.member,
            "csv_md5": source.md5,
            "bytes": f"official file {official}" if official else "other bytes than the official files",
        }
    return Pictures(images, expression, np.array(usages), account)


def _picture(line: str, cell: bytes) -> NDArray[np.uint8]:
    values = cell.split()
    if len(values) != SIDE * SIDE:
        raise BadInput(line, f"{len(values)} pixels", f"{SIDE * SIDE}")
    try:
        return np.frombuffer(bytes(map(_PIXEL.__getitem__, values)), np.uint8).reshape(SIDE, SIDE)
    except KeyError as error:
        raise BadInput(line, f"pixel {_text(error.args[0])}", "an integer 0..255") from None


def _check_counts(where: str, expression: NDArray[np.int64]) -> None:
    start = 0
    for usage, counts in COUNTS.items():
        labels = expression[start : start + sum(counts)]
        start += sum(counts)
        for label, expected in enumerate(counts):
            found = int(np.sum(labels == label))
            if found != expected:
                raise BadInput(where, f"{found} rows of {usage} with emotion {label} ({CLASSES[label]})", expected)


def _text(cell: bytes) -> str:
    return repr(cell[:40].decode(errors="replace"))
