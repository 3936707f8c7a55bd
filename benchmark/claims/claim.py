"""A claim of a paper, and the tests that claims.yaml lists for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.claims.finding import DECIDING, ROLES
from benchmark.files import Json

TEXTS = ("sentence", "paper", "value", "mark", "source", "would_test")
INFERRED = "I"  # the mark of a claim that follows from a paper's sentence and is not printed in it
MARKS = {"V": "read in the source", "X": "measured for this project", INFERRED: "inferred", "M": "from memory"}
OTHER_ROLES = tuple(role for role in ROLES if role != DECIDING)


@dataclass(frozen=True)
class Check:
    """A test: the name of a rule and its parameters.

    A test under several conditions has one Check per condition in `conditions` (name -> Check). It is not run itself.
    """

    rule: str
    parameters: Mapping[str, Json]
    conditions: Mapping[str, "Check"] = field(default_factory=dict)


@dataclass(frozen=True)
class Earlier:
    """A verdict that a claim had under earlier rules: until which day it was valid, and why it changed."""

    until: str
    verdict: str
    because: str = ""


@dataclass(frozen=True)
class Claim:
    """An entry of claims.yaml (its header describes the fields). Only `test` gives the claim's verdict."""

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
        """The tests with the given role, one of `benchmark.claims.finding.ROLES`."""
        return (self.test,) if role == DECIDING else getattr(self, role)
