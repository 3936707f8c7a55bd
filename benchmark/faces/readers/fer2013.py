"""FER2013 (Goodfellow et al. 2013, "Challenges in Representation Learning", ICML workshop): 35,887 grey 48x48 faces.

Source of the classes and their order: the challenge's data page (0 angry .. 6 neutral). Splits have the names in the csv.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.faces.faces_table import counts
from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.faces.reading import fer2013_csv
from benchmark.faces.reading.raw import raw_file
from benchmark.faces.survey import Survey
from benchmark.files import Json

VERSION = "1.0"
CLASSES = fer2013_csv.CLASSES
RAW = ("fer2013",)


def expected_counts(meta: Mapping[str, Json]) -> dict[str, dict[str, int]]:
    """The published number of rows per split and class, equal in every edition."""
    return {split: dict(zip(CLASSES, counts, strict=True)) for split, counts in fer2013_csv.COUNTS.items()}


def check(path: Path) -> Survey:
    """Validate a file as `fer2013_csv.read` does. BadInput says what is wrong. Nothing is written."""
    pictures = fer2013_csv.read(path)
    black = np.flatnonzero(pictures.flag == "black")
    distinct = len({picture.tobytes() for picture in pictures.images})
    notes = []
    if len(black):
        notes.append(
            f"{len(black)} of the pictures are black, the first in line {black[0] + 2}; they are kept, with the flag black"
        )
    if distinct < len(pictures.images):
        copies = len(pictures.images) - distinct
        notes.append(f"{copies} of the pictures are exact copies of earlier ones; they are kept, and the audit counts them")
    return Survey(
        edition=str(pictures.source["bytes"]),
        counts=counts(pictures.split, pictures.expression, CLASSES),
        known=expected_counts({}),
        notes=notes,
    )


def prepare(directory: Path, *, raw: Path = Path("data/raw")) -> FaceSet:
    """Write the FaceSet of the file in ``raw/fer2013``.

    Every row is kept, in file order: pictures uint8 (35887, 48, 48, 1); splits Training, PublicTest and PrivateTest; no
    groups (subjects are not published); flag "black" for pictures in which every pixel is 0.

    Raises:
        BadInput: as `fer2013_csv.read`; also if ``raw/fer2013`` has no file or several.
    """
    pictures = fer2013_csv.read(raw_file(raw, "fer2013"))
    return write_faceset(
        directory,
        pictures.images[..., None],
        name="fer2013",
        version=VERSION,
        classes=CLASSES,
        id=pictures.id,
        split=pictures.split,
        expression=pictures.expression,
        flag=pictures.flag,
        how={"reader": "fer2013", "fer2013": pictures.source},
    )
