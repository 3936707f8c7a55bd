"""What a data set says of itself beyond its faces: terms, source, and how its classes are called elsewhere.

One file of ``cards/`` a data set, by its name; a set without one (a user's own) has an empty card, and its pictures are not
shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_yaml

CARDS = Path(__file__).with_name("cards")


@dataclass(frozen=True)
class Card:
    """Fields of a card, all optional.

    Attributes:
        description: one or two sentences.
        license: where the terms stand; a page where they are stated if they are no known licence.
        url: of the data set's page.
        cite: what to cite.
        may_be_shown: whether the terms allow showing its pictures in a report.
        kind: of the faces, in the plural.
        limits: what results on it can never show, without a full stop.
        meanings: class -> what it means, in words that data sets share; for transfer between them.
        transfer: protocols whose test faces a network trained on it is tried on, as far as their FaceSets are prepared.
    """

    description: str | None = None
    license: str | None = None
    url: str | None = None
    cite: str | None = None
    may_be_shown: bool = False
    kind: str = "photographs"
    limits: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    transfer: Sequence[str] = ()


@cache
def card(name: str) -> Card:
    """The card of a data set. BadInput for one with an unknown field."""
    path = CARDS / f"{name}.yaml"
    contents = read_yaml(path) if path.is_file() else {}
    known = [each.name for each in fields(Card)]
    if odd := sorted(set(contents) - set(known)):
        raise BadInput(path, ", ".join(map(str, odd)), f"some of {', '.join(known)}")
    return Card(**contents)
