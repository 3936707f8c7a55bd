"""What every layout of AffectNet is read into: one `Row` a picture, and the checks that all layouts share."""

import math
from dataclasses import dataclass

from benchmark.errors import BadInput
from benchmark.files import Json

CODES = 11  # 0..7 the classes, 8 None, 9 Uncertain, 10 No-Face
NOT_ANNOTATED = -2.0  # valence and arousal of faces without them


@dataclass(frozen=True, slots=True)
class Row:
    """One picture as annotated.

    Attributes:
        where: file and line (or file) of the annotation, for messages.
        part: "train" or "val", the release's own parts.
        id: unique over both parts.
        path: of the picture, relative to the raw folder.
        code: 0..10.
        valence, arousal: in [-1, 1], or NaN for none.
        box: x1 y1 x2 y2 in pixels of the picture, or None: all of it.
        roll: degrees by which the face leans clockwise; 0 where the landmarks were not asked for.
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


def code_of(value: Json, where: str) -> int:
    """An expression code 0..10 from text or a number. BadInput for anything else."""
    number = _number(value)
    if number is None or number != int(number) or not 0 <= number < CODES:
        raise BadInput(where, f"expression {str(value)[:40]!r}", f"an integer 0..{CODES - 1}")
    return int(number)


def affect_of(value: Json, name: str, where: str) -> float:
    """Valence or arousal in [-1, 1] from text or a number; NaN for -2, "not annotated". BadInput for anything else."""
    number = _number(value)
    if number is None or not (abs(number) <= 1 or number == NOT_ANNOTATED):
        raise BadInput(where, f"{name} {str(value)[:40]!r}", "a number in [-1, 1], or -2 for none")
    return math.nan if number == NOT_ANNOTATED else number


def _number(value: Json) -> float | None:
    """A finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
