"""A claim of a paper, and the tests that claims.yaml lists for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.claims.finding import DECIDING, ROLES
from benchmark.files import Json

TEXTS = ("sentence", "paper", "value", "mark", "source", "would_test")
MARKS = {"V": "read in the source", "X": "measured for this project", "I": "inferred", "M": "from memory"}
OTHER_ROLES = tuple(role for role in ROLES if role != DECIDING)


@dataclass(frozen=True)
class Check:
    """A rule's name and its parameters; with `conditions`, a test under each of them, by name, and none of its own."""

    rule: str
    parameters: Mapping[str, Json]
    conditions: Mapping[str, "Check"] = field(default_factory=dict)


@dataclass(frozen=True)
class Earlier:
    """A verdict that a claim had by rules that no longer hold: until which day, and what else to know."""

    until: str
    verdict: str
    because: str = ""


@dataclass(frozen=True)
class Claim:
    """An entry of claims.yaml; `test` alone gives the verdict."""

    id: str
    sentence: str
    paper: str
    value: str
    mark: str
    source: str
    would_test: str
    test: Check
    scaled_down: Sequence[Check] = ()
    further: Sequence[Check] = ()
    seen: Sequence[Check] = ()
    machinery: Sequence[Check] = ()
    earlier: Sequence[Earlier] = ()
    note: str = ""
    quote: str = ""
    anchors: str = ""

    def tests(self, role: str) -> Sequence[Check]:
        """The tests of a role of `benchmark.claims.finding.ROLES`."""
        return (self.test,) if role == DECIDING else getattr(self, role)
