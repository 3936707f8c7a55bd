"""`Row`, the common form of one picture in every release of AffectNet, and the checks that all releases share; `Release`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import Listed
from benchmark.files import Json

CODES = 11  # 0..7 the classes, 8 None, 9 Uncertain, 10 No-Face
CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
OTHER = ("None", "Uncertain", "No-Face")  # codes 8, 9, 10
ATTRIBUTES = ("age", "gender", "race")
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
        index: number of the row in its list, from 0, which is how AffectNetC25 names it; -1 in a release without lists.
        attributes: texts as `ATTRIBUTES`, "" for unknown; empty if the release has none.
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
    index: int = -1
    attributes: tuple[str, ...] = ()

    @property
    def is_face(self) -> bool:
        """Whether it is of one of `CLASSES`."""
        return self.code < len(CLASSES)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of a list that is left out because its box has no corner. file: name of the list; line: from 1; index: from 0,
    as in `Row`; code: 0..10."""

    file: str
    line: int
    index: int
    code: int


@dataclass(frozen=True)
class Release:
    """A release as it was found.

    Attributes:
        form: "lists", "npy", "csv", "named" or "json".
        names: part -> its name in the release.
        annotated: part -> number of annotations, those left out not among them.
        listed: every picture that may be decoded; of a part that was read whole, only faces of `CLASSES`.
        rows: the annotations, the training part first; in a check perhaps only some of a part.
        left_out: rows of the lists that are no rows here.
        notes: what is unusual, one sentence each.
        files: name of a list -> SHA-256.
    """

    form: str
    names: Mapping[str, str]
    annotated: Mapping[str, int]
    listed: Sequence[Listed]
    rows: Sequence[Row]
    left_out: Sequence[LeftOut] = ()
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] | None = None

    def of(self, part: str) -> list[Row]:
        """The rows of one part."""
        return [row for row in self.rows if row.part == part]

    def faces_of(self, part: str) -> list[Row]:
        """The rows of one part that are of `CLASSES`."""
        return [row for row in self.of(part) if row.is_face]

    def faces(self) -> float | None:
        """About how many annotations are of `CLASSES`, where a part was read by a sample: from the shares of the samples.
        None: all were read, and `listed` are these."""
        read = {part: len(self.of(part)) for part in self.names}
        if all(read[part] == number for part, number in self.annotated.items()):
            return None
        return sum(number * len(self.faces_of(part)) / read[part] for part, number in self.annotated.items())

    def spread(self) -> list[Row]:
        """Faces of `CLASSES` to draw a sample from: every one of a part that was read whole. Those of a sampled part are
        repeated evenly to the number of its annotations, so that each part has its share."""
        rows: list[Row] = []
        for part, number in self.annotated.items():
            own = self.faces_of(part)
            whole = not own or len(self.of(part)) == number
            rows += own if whole else [own[k * len(own) // number] for k in range(number)]
        return rows


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
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
