"""The result of a rule: the words of the verdicts, the roles of tests, and Finding (docs/reference/rules.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from benchmark.errors import BadInput
from benchmark.records.intervals import Interval
from benchmark.records.record import Record

# Verdict words; each is explained in docs/reference/rules.md.
REPRODUCED, COMPATIBLE = "reproduced", "compatible"
EXCEEDED, NOT_REPRODUCED = "exceeded", "not reproduced"
SUPPORTED, REFUTED, EQUIVALENT = "supported", "refuted", "equivalent"
TRAINS, DOES_NOT_TRAIN = "trains, the other does not", "does not train, the other does"
CONDITIONAL = "conditional"
HOLDS_ONLY, FAILS_ONLY = "holds under one condition only", "fails under one condition only"
HOLDS_REST_OPEN, FAILS_REST_OPEN = "holds under one condition, the other open", "fails under one condition, the other open"
NO_DIFFERENCE = "no difference found"  # used for gradients only: both shortcuts are within the margin
UNDETERMINED, NO_VERDICT_YET, NOT_TESTABLE = "undetermined", "no verdict yet", "not testable here"
NO_VERDICT = "measured, no verdict"

# The roles that a test can have in its claim. Only the first gives the claim's verdict.
DECIDING, SCALED_DOWN, FURTHER, SEEN, MACHINERY = "deciding", "scaled_down", "further", "seen", "machinery"
ROLES = (DECIDING, SCALED_DOWN, FURTHER, SEEN, MACHINERY)
JUDGING = (DECIDING, SCALED_DOWN, FURTHER)


ALPHA = 0.05
MINIMUM_SEEDS = 3  # the smallest number of seeds that may be planned, and of pairs that may be compared


@dataclass(frozen=True)
class Planned:
    """The runs of one cell that a test needs: seeds 0 to `seeds` - 1. `made`: the seeds that have a record."""

    protocol: str
    cell: str
    seeds: int
    made: tuple[int, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Planned seeds without a record."""
        return tuple(seed for seed in range(self.seeds) if seed not in self.made)


@dataclass(frozen=True)
class Scale:
    """The size of the networks in a test, how long they were trained, and how good they are.

    Attributes:
        network: name of the networks: the common part of the cells' names, or all names.
        input_size: side of the pictures in pixels; None if neither a protocol nor a record says it.
        epochs: training budget; None likewise.
        parameters: cell -> number of trainable parameters, for the cells that have a record.
        rates: cell -> learning rate (its own or the recipe's), for the cells that have a record.
        levels: cell -> mean, over the finished planned seeds, of the task's main metric on the test images (accuracy or
            mean CCC); None if there is no value. Empty until all planned runs are there.
        level_unit: unit of `levels`, as in `METRICS`.
    """

    network: str
    input_size: int | None = None
    epochs: int | None = None
    parameters: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float | None] = field(default_factory=dict)
    level_unit: str = "%"


class Needed(TypedDict):
    """The fields `planned` and `scale` of a finding, known before the verdict."""

    planned: Sequence[Planned]
    scale: Scale


@dataclass(frozen=True)
class Finding:
    """A test's outcome.

    Attributes:
        verdict: one of the words above.
        reason: one line that includes the numbers.
        measured: the measured number with its interval (mean, low, high, n); None if there is none.
        unit: of `measured`, as in `METRICS`.
        records: the runs behind the verdict.
        detail: an addition to the verdict: the width of an interval, the condition, or how many planned seeds there are.
        planned: the runs that the test needs.
        scale: only for a test that compares trained networks.
        parts: only for a test under several conditions: condition -> finding.
    """

    verdict: str
    reason: str
    measured: Interval | None = None
    unit: str = ""
    records: Sequence[Record] = ()
    detail: str = ""
    planned: Sequence[Planned] = ()
    scale: Scale | None = None
    parts: Mapping[str, "Finding"] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The verdict with its detail."""
        between = ": " if "condition" in self.verdict else ", "
        return f"{self.verdict}{between}{self.detail}" if self.detail else self.verdict

    @property
    def told(self) -> str:
        """The reason, after the verdict's detail. For "no verdict yet" the detail is left out: the reason contains it."""
        return f"{self.detail}. {self.reason}" if self.detail and self.verdict != NO_VERDICT_YET else self.reason


class Undecided(Exception):
    """Raised by a rule that can not decide its test. `finding` is the test's outcome."""

    def __init__(
        self,
        verdict: str,
        reason: str,
        records: Iterable[Record] = (),
        *,
        detail: str = "",
        planned: Sequence[Planned] = (),
        scale: Scale | None = None,
    ) -> None:
        self.finding = Finding(verdict, reason, records=tuple(records), detail=detail, planned=planned, scale=scale)


def seeds_in_words(seeds: Sequence[int]) -> str:
    """ "seed 3", "seeds 0 to 4" or "seeds 0, 3"."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    in_a_row = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return "seeds " + (f"{seeds[0]} to {seeds[-1]}" if in_a_row else ", ".join(map(str, seeds)))


def network_of(cells: Sequence[str]) -> str:
    """The common beginning of the cells' names, in whole words between hyphens; all names if it has fewer than two words.

    Raises:
        BadInput: no name.
    """
    if not cells:
        raise BadInput("cells of a test", "none", "at least one")
    if len(cells) == 1:
        return cells[0]
    common = []
    for words in zip(*(cell.split("-") for cell in cells), strict=False):
        if len(set(words)) > 1:
            break
        common.append(words[0])
    return "-".join(common) if len(common) > 1 else " against ".join(cells)
