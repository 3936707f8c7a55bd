"""`Row`, the common form of one picture in every release of AffectNet, and the checks that all releases share."""

import math
from dataclasses import dataclass

from benchmark.errors import BadInput

CODES = 11  # 0..7 the classes, 8 None, 9 Uncertain, 10 No-Face
NOT_ANNOTATED = -2.0  # what the release has as valence and arousal of faces that were not annotated


@dataclass(frozen=True, slots=True)
class Row:
    """One annotated picture.

    Attributes:
        where: file (and line) of the annotation, for error messages.
        part: "train" or "val", the parts of the release.
        id: unique over both parts.
        path: of the picture, relative to the raw folder.
        code: 0..10.
        valence, arousal: in [-1, 1]; NaN: none.
        box: x1 y1 x2 y2 of the face in pixels of the picture; None: the whole picture.
        roll: degrees by which the face leans clockwise; 0 if landmarks were not read.
    """

    where: str
    part: str
    id: str
    path: str
    code: int
    valence: float
    arousal: float
    box: tuple[float, float, float, float] | None = None
    roll: float = 0.0


def code_of(value: object, where: str) -> int:
    """An expression code 0..10 from text or a number. BadInput for anything else."""
    number = _number(value)
    if number is None or number != int(number) or not 0 <= number < CODES:
        raise BadInput(where, f"expression {str(value)[:40]!r}", f"an integer 0..{CODES - 1}")
    return int(number)


def affect_of(value: object, name: str, where: str) -> float:
    """Valence or arousal in [-1, 1] from text or a number; NaN for -2, "not annotated". BadInput for anything else."""
    number = _number(value)
    if number is None or not (abs(number) <= 1 or number == NOT_ANNOTATED):
        raise BadInput(where, f"{name} {str(value)[:40]!r}", "a number in [-1, 1], or -2 for none")
    return math.nan if number == NOT_ANNOTATED else number


def _number(value: object) -> float | None:
    """A finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
