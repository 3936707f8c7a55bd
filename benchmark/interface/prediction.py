"""Prediction: what networks answered for pictures of one's own, as an object, text, JSON and HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmark.errors import visible
from benchmark.files import Json, write_text
from benchmark.room import check_file

SCHEMA = 1
BAR = 20  # characters of a probability of 1
INTENDED = "how raters label such a face, not what a person feels: docs/intended-use.md"


@dataclass(frozen=True)
class AnsweredFace:
    """One face and what was answered for it.

    Attributes:
        picture: name of its picture.
        box: left, top, right, bottom in pixels of the upright picture; None: the picture was taken as given.
        cut: what the network saw, so too.
        probabilities: class -> probability, 0 to 1, in the network's order of classes; None without a network for them.
        valence, arousal: -1 to 1 (a network may go beyond); None without a network for them.
    """

    picture: str
    box: tuple[int, int, int, int] | None
    cut: tuple[int, int, int, int]
    probabilities: Mapping[str, float] | None = None
    valence: float | None = None
    arousal: float | None = None

    @property
    def expression(self) -> str | None:
        """The class with the highest probability; the first among equals."""
        return None if self.probabilities is None else max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Classes with their probabilities, the highest first."""
        return sorted((self.probabilities or {}).items(), key=lambda pair: -pair[1])

    def as_dict(self) -> dict[str, Json]:
        """JSON-able contents, without the picture's name."""
        return {
            "box": None if self.box is None else list(self.box),
            "cut": list(self.cut),
            "expression": self.expression,
            "probabilities": None if self.probabilities is None else dict(self.probabilities),
            "valence": self.valence,
            "arousal": self.arousal,
        }


@dataclass(frozen=True)
class AnsweredPicture:
    """A picture with its faces from left to right.

    Attributes:
        name: the file as given, or "picture K".
        width, height: pixels, upright.
        taken: "faces found", "as given" or "no face"; `said`: the same in a sentence, with the reason.
    """

    name: str
    width: int
    height: int
    taken: str
    said: str
    faces: tuple[AnsweredFace, ...]

    def as_dict(self) -> dict[str, Json]:
        """JSON-able contents."""
        own = {"picture": self.name, "width": self.width, "height": self.height, "taken": self.taken, "said": self.said}
        return own | {"faces": [face.as_dict() for face in self.faces]}


@dataclass(frozen=True)
class Answering:
    """A network that answered: whose it is, its protocol, and where it is described. `answers`: "expression" or "affect"."""

    answers: str
    network: str
    protocol: str
    card: str


class Prediction:
    """What networks answered for pictures.

    Attributes:
        pictures: an `AnsweredPicture` each, in the order given.
        networks: an `Answering` each.
        said: what was understood of a model's declaration, a sentence each.
    """

    def __init__(self, pictures: Sequence[AnsweredPicture], networks: Sequence[Answering], said: Sequence[str] = ()):
        self.pictures, self.networks, self.said = tuple(pictures), tuple(networks), tuple(said)

    @property
    def faces(self) -> tuple[AnsweredFace, ...]:
        """Every face of every picture."""
        return tuple(face for picture in self.pictures for face in picture.faces)

    def as_dict(self) -> dict[str, Json]:
        """The contents of `to_json` (docs/reference/carried.md, "For scripts")."""
        return {
            "schema": SCHEMA,
            "pictures": [picture.as_dict() for picture in self.pictures],
            "networks": [vars(each) for each in self.networks],
            "understood": list(self.said),
            "intended_use": INTENDED,
        }

    def to_json(self, path: Path | str | None = None) -> str:
        """What `ferbench predict --json` prints, as text. Written to `path` if one is given. In the name of a file, bytes
        that are no UTF-8 become escapes of JSON (`\\udcff`), which Python reads back as the same name."""
        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        text = text.encode("utf-8", "backslashreplace").decode()
        if path is not None:
            check_file(Path(path), "the answers")
            write_text(Path(path), text + "\n")
        return text

    @property
    def lines(self) -> list[str]:
        """What `repr` shows, a line each."""
        found = []
        for picture in self.pictures:
            found.append(f"{visible(picture.name)}, {picture.width} x {picture.height}: {picture.said}")
            for number, face in enumerate(picture.faces, 1):
                if face.box is not None:
                    found.append(f"  face {number}, box {' '.join(map(str, face.box))}")
                found += _bars(face)
                if face.valence is not None:
                    found.append(f"    valence {face.valence:+.2f}, arousal {face.arousal:+.2f}")
        found += [visible(each) for each in self.said]
        found += [f"{each.answers}: {visible(each.network)}; {visible(each.card)}" for each in self.networks]
        return [*found, f"intended use: {INTENDED}"]

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        parts = []
        for picture in self.pictures:
            title = f"<b>{escape(picture.name)}</b>, {picture.width} x {picture.height}: {escape(picture.said)}"
            parts += [f"<div>{title}</div>", *(_html_of(number, face) for number, face in enumerate(picture.faces, 1))]
        about = [*self.said, *(f"{each.answers}: {each.network}; {each.card}" for each in self.networks)]
        parts += [f"<div>{escape(each)}</div>" for each in (*about, f"intended use: {INTENDED}")]
        return f'<div style="font-size:90%">{"".join(parts)}</div>'


def _bars(face: AnsweredFace) -> list[str]:
    width = max((len(visible(name)) for name, _ in face.ranked), default=0)
    return [f"    {visible(name):{width}}  {100 * p:5.1f} %  {'#' * round(BAR * p)}".rstrip() for name, p in face.ranked]


def _html_of(number: int, face: AnsweredFace) -> str:
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td><td style="text-align:right">{100 * p:.1f} %</td>'
        f'<td style="text-align:left"><div style="background:#56b4e9;height:.7em;width:{100 * p:.0f}px"></div></td></tr>'
        for name, p in face.ranked
    )
    where = "" if face.box is None else f"<div>face {number}, box {' '.join(map(str, face.box))}</div>"
    affect = "" if face.valence is None else f"<div>valence {face.valence:+.2f}, arousal {face.arousal:+.2f}</div>"
    return f'{where}<table style="width:auto;margin:2px 12px">{rows}</table>{affect}'
