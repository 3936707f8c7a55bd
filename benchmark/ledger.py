"""What the rules of the claim ledger look things up in: runs by protocol and cell, counts, and what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark import counted
from benchmark.datasets.fingerprints import at_hand
from benchmark.evidence import Compared
from benchmark.protocol import load_protocol, protocol_names
from benchmark.records import Record
from benchmark.statistics import Difference, Interval

if TYPE_CHECKING:
    from benchmark.report.summary import Comparison, Run, Summary

REPRODUCED, EXCEEDED, NOT_REPRODUCED = "reproduced", "exceeded", "not reproduced"
SUPPORTED, REFUTED, NO_DIFFERENCE = "supported", "refuted", "no difference found"
UNDETERMINED, NOT_TESTABLE = "undetermined", "not testable here"
NO_VERDICT = "measured, no verdict"


@dataclass(frozen=True)
class Finding:
    """A test's outcome.

    Attributes:
        reason: one line, numbers included.
        measured: what was measured, with its interval; None without a number.
        unit: of `measured`, as in `METRICS`.
        records: the runs behind it.
    """

    verdict: str
    reason: str
    measured: Interval | Difference | None = None
    unit: str = ""
    records: Sequence[Record] = ()


class Undecided(Exception):
    """A test that can not be decided, as its finding."""

    def __init__(self, verdict: str, reason: str, records: Iterable[Record] = ()):
        self.finding = Finding(verdict, reason, records=tuple(records))


@dataclass
class Ledger:
    """What the rules look things up in: comparisons of a `Summary`, contents of complexity.json and of the files of
    gradients, both tests of pairs."""

    summary: "Summary"
    complexity: Mapping | None
    gradients: Sequence[Mapping] = ()
    compared: dict[tuple, Compared] = field(default_factory=dict)

    def comparison(self, protocol: str, needs: str) -> "Comparison | None":
        """The records under a protocol; None without any, where there could be some. Undecided where there could not."""
        found = [c for c in self.summary.comparisons if c.protocol["name"] == protocol]
        if not found and protocol not in protocol_names():
            raise Undecided(NOT_TESTABLE, f"missing: {needs} (no protocol {protocol}, no record of it)")
        if not found and not at_hand(load_protocol(protocol).data):
            raise Undecided(NOT_TESTABLE, f"missing: {needs} (protocol {protocol} is ready, no record of it)")
        if len(found) > 1 and protocol in protocol_names():
            found = [c for c in found if c.protocol_hash == load_protocol(protocol).hash]
        if len(found) > 1:
            slugs = ", ".join(c.slug for c in found)
            raise Undecided(UNDETERMINED, f"records of {protocol} that are not comparable: {slugs}")
        return found[0] if found else None

    def runs(self, protocol: str, cell: str, needs: str) -> "tuple[Run, ...]":
        """Every run of a cell, diverged ones among them."""
        comparison = self.comparison(protocol, needs)
        if comparison is None:
            return ()
        labels = [label for label in comparison.runs if comparison.cell(label)["name"] == cell]
        if len(labels) > 1:
            raise Undecided(UNDETERMINED, f"{len(labels)} different cells of {protocol} are named {cell}")
        return comparison.runs[labels[0]] if labels else ()

    def network(self, protocol: str, cell: str) -> Mapping:
        """The entry of complexity.json."""
        found = counted.of_names(self.complexity, protocol, cell)
        if found is None:
            raise Undecided(UNDETERMINED, f"missing: {protocol}/{cell} in complexity.json")
        return found


def finished_of(runs: "Sequence[Run]") -> "dict[int, Run]":
    """Seed -> run, for those that finished."""
    return {run.record.seed: run for run in runs if not run.record.diverged}


def enough(cells: "Mapping[str, Sequence[Run]]", protocol: str, minimum: int) -> "dict[str, dict[int, Run]]":
    """The runs that finished, by cell and seed; Undecided unless all cells share `minimum` seeds that did."""
    finished = {cell: finished_of(runs) for cell, runs in cells.items()}
    common = set.intersection(*(set(own) for own in finished.values()))
    if len(common) >= minimum:
        return finished
    used = [run.record for runs in cells.values() for run in runs]
    parts = []
    for cell, runs in cells.items():
        lost = len(runs) - len(finished[cell])
        if lost >= minimum and not finished[cell]:
            parts.append(f"every run of {protocol} / {cell} diverged ({lost} of {lost}), which leaves no score")
            continue
        short = minimum - len(finished[cell])
        if short <= 0 and all(len(own) >= minimum for own in finished.values()):
            short = minimum - len(common)
        if short > 0:
            remark = f" ({lost} of {len(runs)} diverged)" if lost else ""
            parts.append(f"missing: {protocol} / {cell}, {short} more seed{'s' * (short > 1)}{remark}")
    raise Undecided(UNDETERMINED, "; ".join(parts), used)


def divergence(cells: "Mapping[str, Sequence[Run]]") -> str:
    lost = {cell: len(runs) - len(finished_of(runs)) for cell, runs in cells.items()}
    return "".join(f"; {cell} diverged {n} of {len(cells[cell])}" for cell, n in lost.items() if n)
