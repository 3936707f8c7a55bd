"""What a rule finds: the verdicts' words, the kinds of evidence, and Finding (rules: docs/protocol.md, "Verdicts")."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from benchmark.errors import BadInput
from benchmark.records.record import Record
from benchmark.records.statistics import Interval

# Verdict words; each is explained in docs/protocol.md, "Verdicts".
REPRODUCED, COMPATIBLE = "reproduced", "compatible"
EXCEEDED, NOT_REPRODUCED = "exceeded", "not reproduced"
SUPPORTED, REFUTED, EQUIVALENT = "supported", "refuted", "equivalent"
TRAINS, DOES_NOT_TRAIN = "trains, the other does not", "does not train, the other does"
CONDITIONAL = "conditional"
HOLDS_ONLY, FAILS_ONLY = "holds under one condition only", "fails under one condition only"
HOLDS_REST_OPEN, FAILS_REST_OPEN = "holds under one condition, the other open", "fails under one condition, the other open"
NO_DIFFERENCE = "no difference found"  # of gradients alone: within the margin on both sides
UNDETERMINED, NO_VERDICT_YET, NOT_TESTABLE = "undetermined", "no verdict yet", "not testable here"
NO_VERDICT = "measured, no verdict"

# Where a test stands in its claim. Only the first gives the claim's verdict.
DECIDING, SCALED_DOWN, FURTHER, SEEN, MACHINERY = "deciding", "scaled_down", "further", "seen", "machinery"
ROLES = (DECIDING, SCALED_DOWN, FURTHER, SEEN, MACHINERY)
JUDGING = (DECIDING, SCALED_DOWN, FURTHER)


ALPHA = 0.05
MINIMUM_SEEDS = 3  # fewest that may be planned, and fewest pairs that a comparison is made of


@dataclass(frozen=True)
class Planned:
    """The runs that a test needs of one cell: seeds 0 to `seeds` - 1, of which `made` have a record."""

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
    """How large the networks of a test are, how long they were trained and how well they do.

    Attributes:
        network: name in words; the cells' common part, or both names.
        input_size: pixels on a side; epochs: of the budget. None where neither protocol nor record says so.
        parameters: cell -> trainable parameters, of the cells that have a record.
        rates: cell -> learning rate, its own or the recipe's, of the same.
        levels: cell -> mean over the finished planned seeds of the task's main metric on the test images, accuracy or mean
            CCC; None where it has none; {} before all planned runs are there. level_unit: of it, as in `METRICS`.
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
        reason: one line, numbers included.
        measured: what was measured, with its interval (mean, low, high, n); None without a number.
        unit: of `measured`, as in `METRICS`.
        records: the runs behind it.
        detail: what the verdict is shown with: how wide, under which condition, how many of the planned seeds.
        planned: the runs that it needs.
        scale: of a test that compares trained networks.
        parts: condition -> its own finding, of a test under several conditions.
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
        """The reason, the verdict's detail before it; how many of the planned seeds there are is in the reason already."""
        return f"{self.detail}. {self.reason}" if self.detail and self.verdict != NO_VERDICT_YET else self.reason


class Undecided(Exception):
    """A test that can not be decided, as its finding."""

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
    """What the names of cells have in common up to a hyphen, at least two words of it; else all names.

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
