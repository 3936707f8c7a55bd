"""The card of a data set: its terms of use, its source, and what its classes are called in other data sets.

There is one file in ``cards/`` per data set, named like the data set. A data set without one (a user's own) has an empty
card, and its pictures are not shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.names import checked_name

CARDS = Path(__file__).with_name("cards")


@dataclass(frozen=True)
class Card:
    """Fields of a card, all optional.

    Attributes:
        about: what it is in one line of a list, at most 44 characters.
        needs: what must be there to prepare it, and how one gets it, as a noun: "the csv, from Kaggle".
        faces: how many a FaceSet has; of a generated one, by default. None: not known, or it depends on the edition.
        megabytes: the size of this FaceSet on the disk, in 10^6 bytes.
        description: one or two sentences.
        license: address of the licence; if it is not a known licence, of a page that states the terms.
        url: of the data set's page.
        cite: the publication to cite.
        may_be_shown: whether the terms allow a report to show its pictures.
        grey: whether all its pictures are grey, so that a network trained on them has never seen a colour.
        kind: the kind of its faces, as a noun in the plural.
        limits: what results on this data set can never show, without a full stop.
        meanings: class -> name of the expression that is common to all data sets; used to transfer networks between data
            sets.
        transfer: protocols on whose test faces a network trained on this data set is also evaluated, if their FaceSets are
            prepared.
    """

    about: str | None = None
    needs: str | None = None
    faces: int | None = None
    megabytes: float | None = None
    description: str | None = None
    license: str | None = None
    url: str | None = None
    cite: str | None = None
    may_be_shown: bool = False
    grey: bool = False
    kind: str = "photographs"
    limits: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    transfer: Sequence[str] = ()


@cache
def card(name: str) -> Card:
    """The card of the data set `name`. BadInput for a name that is no plain one, and for a card with an unknown field."""
    checked_name(name, "name", "data set")
    path = CARDS / f"{name}.yaml"
    contents = read_yaml(path) if path.is_file() else {}
    known = [each.name for each in fields(Card)]
    if odd := sorted(set(contents) - set(known)):
        raise BadInput(path, ", ".join(map(str, odd)), f"some of {', '.join(known)}")
    return Card(**contents)
