"""Whether the face boxes of the lists of 2017 fit their pictures, by a sample of both.

Copies with cropped or smaller pictures are in circulation beside the lists of the uncropped ones. Their boxes reach beyond
the pictures: faces would be cut in the wrong place, and black in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.rows import Row
from benchmark.faces.reading.pictures import Unreadable, check_box, shown_size
from benchmark.faces.survey import check_sample, evenly

SLACK = 1  # pixels by which a box may reach beyond its picture without being counted
MOST_BEYOND = 0.25  # fraction of the sample that may reach beyond the pictures
FEWEST = 20  # boxes that are enough to conclude from this fraction


@dataclass(frozen=True)
class Boxes:
    """A sample of face boxes beside their pictures.

    Attributes:
        total: number of faces that have a box.
        looked: number of faces in the sample.
        fitted: number of those whose picture has a header that can be read.
        outside: (where, why) of each box that `check_box` refuses, such as one that has nothing of its picture.
        beyond: (row, width and height of the picture) of each box that reaches beyond it, those outside among them.
        in_part: number of those beyond that are not outside.
    """

    total: int
    looked: int
    fitted: int
    outside: Sequence[tuple[str, str]]
    beyond: Sequence[tuple[Row, tuple[int, int]]]
    in_part: int


def sample(folder: Path, rows: Sequence[Row], margin: float = 0.0) -> Boxes:
    """Compare the boxes of evenly spaced faces that have one with the headers of their pictures."""
    boxed = [(row, row.box) for row in rows if row.is_face and row.box is not None]
    chosen = [boxed[k] for k in evenly(len(boxed))]
    outside: list[tuple[str, str]] = []
    beyond: list[tuple[Row, tuple[int, int]]] = []
    fitted = in_part = 0
    for row, box in chosen:
        if (size := shown_size(folder / row.path)) is None:
            continue
        fitted, usable = fitted + 1, True
        try:
            check_box(box, *size, margin)
        except Unreadable as error:
            outside.append((row.where, str(error)))
            usable = False
        if _beyond(box, *size):
            beyond.append((row, size))
            in_part += usable
    return Boxes(len(boxed), len(chosen), fitted, outside, beyond, in_part)


def check_fit(boxes: Boxes) -> tuple[str, ...]:
    """A note about boxes that lie in their picture only in part. BadInput if more than `MOST_BEYOND` of a sample of at
    least `FEWEST` reach beyond."""
    if boxes.fitted >= FEWEST and len(boxes.beyond) > MOST_BEYOND * boxes.fitted:
        row, (width, height) = boxes.beyond[0]
        box = ",".join(f"{value:g}" for value in row.box or ())
        found = f"the face box {box} (left, top, right, bottom) in a picture of {width} x {height}; "
        found += f"{len(boxes.beyond)} of {boxes.fitted} sampled boxes reach beyond their pictures"
        expected = f"at most {100 * MOST_BEYOND:g} %: boxes made for these pictures, not for uncropped or larger ones"
        raise BadInput(row.where, found, expected)
    if not boxes.in_part:
        return ()
    return (f"face boxes that reach beyond their picture, black outside: {boxes.in_part} of {boxes.fitted} sampled",)


def check_outside(boxes: Boxes, allowed: float, others: int) -> tuple[str, ...]:
    """A note about boxes that can not be used. BadInput and `others` as for `check_sample`."""
    check_sample(boxes.outside, boxes.looked, boxes.total, allowed, others)
    if not boxes.outside:
        return ()
    first = ": ".join(boxes.outside[0])
    number = f"{len(boxes.outside)} of {boxes.looked}"
    return (f"{number} sampled face boxes can not be used, these faces are left out: {first}",)


def _beyond(box: Sequence[float], width: int, height: int) -> bool:
    left, top, right, bottom = box
    return left < -SLACK or top < -SLACK or right > width + SLACK or bottom > height + SLACK
