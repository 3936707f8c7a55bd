"""What every layout gives: a `Row` for each face. Its checks that need no other row, the labels of all."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import NO_EXPRESSION
from benchmark.names import checked_text

Box = tuple[float, float, float, float]  # x1 y1 x2 y2 in pixels
Classes = tuple[str, ...] | Mapping[str, str]  # names; or what is written -> name
FARTHEST = 1_000_000  # pixels, the largest coordinate of a box
NONE = "none"  # what counts call faces without a class


@dataclass(frozen=True)
class Row:
    """One face.

    Attributes:
        where: where it is listed, for error messages.
        path: of its picture, relative to the folder that the layout begins in.
        split: of the release; "": it has none.
        expression: as it is written there; "": no label.
        valence, arousal: in [-1, 1]; NaN: no label.
        group: "": none.
        box: of the face in its picture; None: the whole picture.
        id: "": the path.
    """

    where: str
    path: PurePosixPath
    split: str
    expression: str = ""
    valence: float = math.nan
    arousal: float = math.nan
    group: str = ""
    box: Box | None = None
    id: str = ""

    @property
    def name(self) -> str:
        """The id of the face in the FaceSet."""
        return self.id or self.path.as_posix()


class Spellings:
    """The names of one kind that a folder or file has, each in one spelling."""

    def __init__(self, what: str):
        self.what, self.seen = what, dict[str, tuple[str, object]]()

    def add(self, text: str, where: object) -> None:
        """Note a name. BadInput if it differs from another one by case or surrounding blanks alone (or by the way in which
        Unicode writes an accent)."""
        key = unicodedata.normalize("NFC", text.strip()).casefold()
        first, place = self.seen.setdefault(key, (text, where))
        if first != text:
            found = f"{self.what} {text!r} beside {first!r} ({place})"
            raise BadInput(where, found, "one spelling; names that differ in case or blanks alone are no two")


def inside(text: str, where: object) -> PurePosixPath:
    """A path that a file gives. BadInput if it is absolute, or has ``..`` or backslashes."""
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in text or ":" in path.parts[0]:
        raise BadInput(where, f"path {text!r}", "a path inside the folder, with '/' and without '..'")
    return path


def meaning(options: Classes | None, rows: Sequence[Row], where: Path) -> Mapping[str, str]:
    """What is written -> name of the class, in label order.

    Args:
        rows: their expressions, sorted, are the classes if `options` has none.
        where: the file in which the user could name the classes.

    Raises:
        BadInput: no names, and numbers as expressions; a name that is no line of text, or `NONE`; names that differ
            by case or blanks alone. Names that `options` does not give are those of rows, which the message then names.
    """
    first: dict[str, str] = {}  # expression -> where it is first
    for row in rows:
        if row.expression:
            first.setdefault(row.expression, row.where)
    found = sorted(first)
    if options is None and any(name.lstrip("+-").isdigit() for name in found):
        shown = ", ".join(found[:8])
        raise BadInput(f"{where}, classes", f"none, and numbers as expressions ({shown})", "a name for each number")
    written = options if isinstance(options, Mapping) else {name: name for name in (found if options is None else options)}
    for spellings, names in ((Spellings("class"), written.values()), (Spellings("expression"), written)):
        for name in names:
            place = f"{where}, classes" if options is not None else first[name]
            if name == NONE and spellings.what == "class":
                raise BadInput(place, f"a class '{NONE}'", "another name: this one counts the faces without a class")
            checked_text(name, "class", where.parent if options is not None else place)
            spellings.add(name, place)
    return written


def label(rows: Sequence[Row], classes: Mapping[str, str]) -> NDArray[np.int64]:
    """The label of each row, int64 (N,), -1: none. BadInput for an expression that is not in `classes` (`meaning`)."""
    number = {written: place for place, written in enumerate(classes)}
    labels = np.full(len(rows), NO_EXPRESSION, np.int64)
    for place, row in enumerate(rows):
        if row.expression:
            if row.expression not in number:
                raise BadInput(row.where, f"expression '{row.expression}'", f"one of {', '.join(number)}")
            labels[place] = number[row.expression]
    return labels
