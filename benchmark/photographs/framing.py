"""What is given to a network of a picture: the faces that were found in it, or the picture as it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.photographs import finding
from benchmark.photographs.reading import Picture

CROPS = ("auto", "none")
FACE_CROP = 128  # pixels: a square picture up to this is a face crop, as those of the data sets are (48 to 112)
LARGEST_CROP = 256  # pixels: one up to this is taken for a face crop if no face is found in it
SQUARE = 1.25  # longer side by shorter one, at most, of a picture that may be a face crop

FOUND, GIVEN, NOTHING = "faces found", "as given", "no face"


@dataclass(frozen=True)
class Face:
    """One face of a picture.

    Attributes:
        box: left, top, right, bottom in pixels of the upright picture, as the face finder gives it; None: the picture was
            taken as given.
        cut: what the network saw: the box made square, with a margin.
    """

    box: tuple[int, int, int, int] | None
    cut: tuple[int, int, int, int]

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """The part of the picture that the network sees."""
        left, top, right, bottom = self.cut
        return pixels[top:bottom, left:right]


@dataclass(frozen=True)
class Framed:
    """The faces of a picture, from left to right.

    Attributes:
        taken: `FOUND`, `GIVEN` or `NOTHING`.
        said: the same in a sentence, with the reason.
    """

    taken: str
    said: str
    faces: tuple[Face, ...]


def framed(picture: Picture, crop: str = "auto") -> Framed:
    """Find the faces of a picture, or take it as given.

    A picture that is a face crop already is taken as given: one that is about square (`SQUARE`) with at most `FACE_CROP`
    pixels a side, or with at most `LARGEST_CROP` in which no face is found. Without the face finder, every picture is.

    Args:
        crop: "auto"; or "none": the whole picture is taken as it is, whatever it shows.
    """
    width, height = picture.width, picture.height
    longest = max(width, height)
    square = longest <= SQUARE * min(width, height)
    if crop == "none":
        return _whole(picture, "as asked", square)
    if square and longest <= FACE_CROP:
        return _whole(picture, f"a face crop by its size, {width} x {height}")
    if not finding.available():
        return _whole(picture, finding.MISSING, square)
    boxes = finding.faces_in(picture.pixels)
    if boxes:
        faces = tuple(Face(box, cut_of(box, width, height)) for box in boxes)
        return Framed(FOUND, "1 face found" if len(boxes) == 1 else f"{len(boxes)} faces found, left to right", faces)
    if square and longest <= LARGEST_CROP:
        return _whole(picture, f"no face was found in it, and it is small and about square, {width} x {height}")
    return Framed(NOTHING, "no face found; no answer (--crop none takes the whole picture for a face)", ())


def cut_of(box: Sequence[int], width: int, height: int) -> tuple[int, int, int, int]:
    """The square that a network sees of a face: `finding.WIDER` times the longer side of the box, its centre lower by
    `finding.LOWER` of the box. It is moved, and made smaller if it must be, until it lies in the picture: the training crops
    have no black borders either."""
    left, top, right, bottom = box
    side = min(round(finding.WIDER * max(right - left, bottom - top)), width, height)
    middle = (left + right) / 2, (top + bottom) / 2 + finding.LOWER * (bottom - top)
    x, y = (min(max(round(centre - side / 2), 0), most - side) for centre, most in zip(middle, (width, height), strict=True))
    return x, y, x + side, y + side


def _whole(picture: Picture, why: str, square: bool = True) -> Framed:
    how = "taken as given" if square else "taken as given, made square by stretching"
    return Framed(GIVEN, f"{how}: {why}", (Face(None, (0, 0, picture.width, picture.height)),))
