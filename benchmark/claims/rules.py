"""The rules by which the claims of the two papers (claims.yaml) are judged.

A claim has one deciding test and any number of further tests that are only shown. A test names a rule, one of `RULES`, and
gives the rule's parameters. A new claim is a new entry of claims.yaml. docs/reference/rules.md describes each rule.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.claims import evidence
from benchmark.claims.comparing import compare_cells, levels, measured_difference, shown
from benchmark.claims.count_rules import complexity_value, dearer_in
from benchmark.claims.finding import (
    COMPATIBLE,
    EXCEEDED,
    MACHINERY,
    MINIMUM_SEEDS,
    NO_VERDICT,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SEEN,
    UNDETERMINED,
    Finding,
    Needed,
    Undecided,
)
from benchmark.claims.gradient_pairs import gradient_lessened
from benchmark.claims.gradient_rule import gradient_ratio
from benchmark.claims.ledger import Ledger, divergence, finished_of, plan_of
from benchmark.files import Json
from benchmark.records.intervals import Interval, t_interval
from benchmark.records.metrics import METRICS, defined
from benchmark.records.record import Record

if TYPE_CHECKING:
    from benchmark.records.comparisons import ScoredRun

NARROW = {"%": 0.025, "": 0.015}  # unit -> largest half-width at which a value in the interval counts as reproduced


def numeric(
    ledger: Ledger,
    *,
    protocol: str,
    cell: str,
    metric: str | Sequence[str],
    value: float,
    needs: str,
    minimum_seeds: int = MINIMUM_SEEDS,
) -> Finding:
    """Compare a paper's value with the prediction interval of one more run. If `metric` is a list, the paper does not say
    which of these metrics its figure is: each is tried, and the most favourable verdict counts."""
    runs = ledger.planned(protocol, (cell,), needs, minimum_seeds)
    used, of = _records(runs[cell].values()), {cell: list(runs[cell].values())}
    fields: Needed = {"planned": plan_of(runs, protocol, minimum_seeds), "scale": ledger.scale(runs, levels(runs))}
    finished = finished_of(runs[cell].values())
    if len(finished) < MINIMUM_SEEDS:
        few = f"{len(finished)} planned seeds finished, fewer than {MINIMUM_SEEDS}{divergence(of)}"
        raise Undecided(UNDETERMINED, few, used, **fields)
    names = [metric] if isinstance(metric, str) else metric
    readings = [_reading(finished, name, value) for name in names]
    order = (REPRODUCED, COMPATIBLE, EXCEEDED, NOT_REPRODUCED)
    verdict, chosen, unit = min(readings, key=lambda r: order.index(r[0]))
    each = "; ".join(
        f"{METRICS[name].title} {shown(interval, unit)} expected of one more run"
        + (f" ({verdict} if the paper means it)" if len(names) > 1 else "")
        for (verdict, interval, unit), name in zip(readings, names, strict=True)
    )
    images = len(next(iter(finished.values())).record.outputs(evidence.SPLIT)[0])
    paper = shown(Interval(value, None, None, 1), unit)
    reason = f"{each}; paper {paper}; {len(finished)} seeds, {images:,} test images{divergence(of)}"
    width = shown(Interval(_half_width(chosen), None, None, 1), unit, signed=True).lstrip("+")
    detail = f"within {width}" if verdict in (REPRODUCED, COMPATIBLE) else ""
    return Finding(verdict, reason, chosen, unit, used, detail, **fields)


def better_and_cheaper(ledger: Ledger, *, protocol: str, a: str, b: str, **comparison: Json) -> Finding:
    """As `compare_cells`; in addition, a must have fewer trainable parameters and fewer FLOPs than b."""
    uncounted, reason = None, ""
    try:
        dearer, reason = dearer_in(ledger, protocol, a, b)
        if dearer:
            return Finding(REFUTED, f"not cheaper in {' and '.join(dearer)}: {reason}")
        reason = f"cheaper: {reason}"
    except Undecided as undecided:
        uncounted = undecided
    try:
        found = compare_cells(ledger, protocol=protocol, a=a, b=b, **comparison)
    except Undecided as undecided:
        found = undecided.finding
        counting = uncounted.finding.reason if uncounted else reason  # counting needs no runs, so it is told already
        return replace(found, reason=f"{found.reason}; {counting}")
    if uncounted:
        return replace(found, verdict=UNDETERMINED, detail="", reason=f"{found.reason}; {uncounted.finding.reason}")
    return replace(found, reason=f"{found.reason}; {reason}")


def measured(ledger: Ledger, *, protocol: str, cell: str, metric: str, needs: str) -> Finding:
    """The mean of a metric over seeds, for tests that are only shown: on other data, the paper's value can not be compared
    with it."""
    runs = ledger.runs(protocol, cell, needs)
    finished = finished_of(runs)
    if not finished:
        raise Undecided(UNDETERMINED, f"no finished run of {protocol} / {cell}{divergence({cell: runs})}", _records(runs))
    values = defined(run.scores["none"][metric] for run in finished.values())
    if values is None:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run", _records(runs))
    interval, unit = t_interval(values), METRICS[metric].unit
    reason = f"{METRICS[metric].title} {shown(interval, unit)} ({interval.n} seeds{divergence({cell: runs})})"
    return Finding(NO_VERDICT, reason, interval, unit, _records(runs))


def not_testable(ledger: Ledger, *, missing: str) -> Finding:
    """For a claim that no record can test. `missing` says what would be needed."""
    return Finding(NOT_TESTABLE, f"missing: {missing}")


RULES: dict[str, Callable[..., Finding]] = {
    rule.__name__: rule
    for rule in (
        numeric, compare_cells, better_and_cheaper, complexity_value, gradient_ratio, gradient_lessened, measured,
        measured_difference, not_testable,
    )
}  # fmt: skip
COMPARING = (compare_cells.__name__, better_and_cheaper.__name__)
# The rules that are allowed in roles that are only shown (`SHOWN_ALONE`: runs that were seen before the rules were made, and
# drawn or generated faces). Any verdict of theirs is dropped.
SHOWING = tuple(
    rule.__name__ for rule in (measured, measured_difference, gradient_ratio, gradient_lessened, complexity_value)
)
SHOWN_ALONE = (SEEN, MACHINERY)


def _reading(finished: "Mapping[int, ScoredRun]", metric: str, value: float) -> tuple[str, Interval, str]:
    interval, entry = evidence.prediction(list(finished.values()), metric), METRICS[metric]
    if interval is None:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run")
    low, high = _ends(interval)
    if low <= value <= high:
        narrow = _half_width(interval) <= NARROW[entry.unit]
        return (REPRODUCED if narrow else COMPATIBLE), interval, entry.unit
    measured_is_higher = value < low
    return EXCEEDED if measured_is_higher == (entry.direction == "higher") else NOT_REPRODUCED, interval, entry.unit


def _records(runs: "Iterable[ScoredRun]") -> tuple[Record, ...]:
    return tuple(run.record for run in runs)


def _half_width(interval: Interval) -> float:
    low, high = _ends(interval)
    return (high - low) / 2


def _ends(interval: Interval) -> tuple[float, float]:
    """Low and high end of a prediction interval, which exist if it was made from two or more seeds."""
    if interval.low is None or interval.high is None:
        raise ValueError(f"no interval about {interval.mean} ({interval.n} seeds)")
    return interval.low, interval.high
