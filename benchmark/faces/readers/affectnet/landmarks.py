"""The roll of a face from its 68 landmarks, which the lists of 2017 give in pixels of the uncropped picture."""

import math

from benchmark.errors import BadInput

POINTS = 68
EYES = (range(36, 42), range(42, 48))  # left and right eye in the picture, of 68 points (Sagonas et al., 300-W, ICCVW 2013)


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
