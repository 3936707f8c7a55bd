"""The claim ledger: every claim of the two papers (claims.yaml) and the verdict that the records give it.

A claim has one deciding test and any number of tests that are only shown. A test names a rule, one of `RULES`, and the
rule's parameters; a new claim is an entry of claims.yaml. What each rule does: docs/protocol.md, "Verdicts".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark import evidence
from benchmark.evidence import Compared
from benchmark.gradient_claim import gradient_ratio
from benchmark.gradient_pairs import gradient_lessened
from benchmark.ledger import (
    EXCEEDED,
    NO_DIFFERENCE,
    NO_VERDICT,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SUPPORTED,
    UNDETERMINED,
    Finding,
    Ledger,
    Undecided,
    divergence,
    enough,
    finished_of,
)
from benchmark.metrics import METRICS
from benchmark.records import Record
from benchmark.statistics import Difference, Interval, t_interval

if TYPE_CHECKING:
    from benchmark.claim_list import Check, Claim
    from benchmark.report.summary import Run, Summary

ALPHA = 0.05
MINIMUM_SEEDS = 3


@dataclass(frozen=True)
class Judged:
    """A claim with what its tests found, in the order of the claim's tests."""

    claim: "Claim"
    finding: Finding
    further: Sequence[Finding]
    other_data: Sequence[Finding]


def numeric(
    ledger: Ledger,
    *,
    protocol: str,
    cell: str,
    metric: str | list,
    value: float,
    needs: str,
    minimum_seeds: int = MINIMUM_SEEDS,
) -> Finding:
    """A paper's value against the prediction interval of one more run; several metrics are readings of one figure."""
    runs = ledger.runs(protocol, cell, needs)
    finished = enough({cell: runs}, protocol, minimum_seeds)[cell]
    names = [metric] if isinstance(metric, str) else metric
    readings = [_reading(finished, name, value) for name in names]
    verdict, chosen, unit = min(readings, key=lambda r: (REPRODUCED, EXCEEDED, NOT_REPRODUCED).index(r[0]))
    each = "; ".join(
        f"{METRICS[name].title} {_shown(interval, unit)} expected of one more run"
        + (f" ({verdict} if the paper means it)" if len(names) > 1 else "")
        for (verdict, interval, unit), name in zip(readings, names, strict=True)
    )
    images = len(next(iter(finished.values())).record.outputs(evidence.SPLIT)[0])
    reason = f"{each}; paper {_number(value, unit)}; {len(finished)} seeds, {images:,} test images{divergence({cell: runs})}"
    return Finding(verdict, reason, chosen, unit, _records(runs))


def compare_cells(
    ledger: Ledger,
    *,
    protocol: str,
    a: str,
    b: str,
    metric: str,
    needs: str,
    of_class: str | None = None,
    minimum_seeds: int = MINIMUM_SEEDS,
) -> Finding:
    """Whether cell a is better than cell b in a metric, by a test over images and one over seeds."""
    runs = {cell: ledger.runs(protocol, cell, needs) for cell in (a, b)}
    enough(runs, protocol, minimum_seeds)
    used = [run.record for cell in runs for run in runs[cell]]
    compared = ledger.compared.get((protocol, a, b, metric, of_class))
    if compared is None:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run", used)
    difference, unit = compared.difference, "%" if of_class else METRICS[metric].unit
    found = f"{_shown(difference, unit, signed=True)} over {difference.n} seed pairs"
    if compared.holm_seeds is None:
        raise Undecided(UNDETERMINED, f"{found}: all differences are equal, which leaves no test over seeds", used)
    images, seeds = compared.holm_images < ALPHA, compared.holm_seeds < ALPHA
    ps = f"p {_p(compared.holm_images)} over images, {_p(compared.holm_seeds)} over seeds, Holm over {compared.family}"
    reason = f"{found}; {ps}{divergence(runs)}"
    if images and seeds:
        better, other = (a, b) if compared.favours_a else (b, a)
        shares = [1 - len(finished_of(runs[cell])) / len(runs[cell]) for cell in (better, other)]
        if shares[0] > shares[1]:
            raise Undecided(UNDETERMINED, f"{reason}; the better cell diverged more often", used)
        return Finding(SUPPORTED if compared.favours_a else REFUTED, reason, difference, unit, used)
    largest = max(abs(difference.low), abs(difference.high))
    largest = min(largest, 1.0) if unit == "%" else largest
    reason += f"; at most {_number(largest, unit)}{_points(unit)} in either direction"
    if images != seeds:
        reason += "; the tests disagree: " + (
            "these networks differ, another seed may turn it around"
            if images
            else "consistent over seeds, but other test images may turn it around"
        )
    return Finding(NO_DIFFERENCE, reason, difference, unit, used)


def better_and_cheaper(ledger: Ledger, *, protocol: str, a: str, b: str, **comparison) -> Finding:
    """As `compare_cells`, and a must have fewer trainable parameters and FLOPs than b."""
    uncounted, reason = None, ""
    try:
        of_a, of_b = (_counts(ledger.network(protocol, cell)) for cell in (a, b))
        reason = "; ".join(f"{name} {of_a[name]:,} against {of_b[name]:,}" for name in of_a)
        if any(of_a[name] >= of_b[name] for name in of_a):
            return Finding(REFUTED, f"not cheaper: {reason}")
    except Undecided as undecided:
        uncounted = undecided
    try:
        found = compare_cells(ledger, protocol=protocol, a=a, b=b, **comparison)
    except Undecided as undecided:
        found = undecided.finding
        missing = f"; {uncounted.finding.reason}" if uncounted and found.verdict == UNDETERMINED else ""
        raise Undecided(found.verdict, found.reason + missing, found.records) from None
    if uncounted:
        raise Undecided(UNDETERMINED, f"{found.reason}; {uncounted.finding.reason}", found.records)
    return Finding(found.verdict, f"{found.reason}; {reason}", found.measured, found.unit, found.records)


def complexity_value(ledger: Ledger, *, protocol: str, cell: str, quantity: str, value: float, precision: float) -> Finding:
    """A paper's count against the counted one; it holds if that rounds to it at the precision printed."""
    count = _counts(ledger.network(protocol, cell))[quantity]
    if round(count / precision) == round(value / precision):
        verdict = REPRODUCED
    else:
        verdict = EXCEEDED if count < value else NOT_REPRODUCED
    reason = f"{count:,} {quantity} counted ({protocol} / {cell}), paper {value:,.0f}: {count / value:,.3g} times"
    return Finding(verdict, reason, Interval(float(count), None, None, 1), "count")


def measured(ledger: Ledger, *, protocol: str, cell: str, metric: str, needs: str) -> Finding:
    """A metric's mean over seeds, for tests that are only shown: a paper's value for other data is no yardstick."""
    runs = ledger.runs(protocol, cell, needs)
    finished = enough({cell: runs}, protocol, 1)[cell]
    values = [run.scores["none"][metric] for run in finished.values()]
    if None in values:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run", _records(runs))
    interval, unit = t_interval(values), METRICS[metric].unit
    reason = f"{METRICS[metric].title} {_shown(interval, unit)} ({interval.n} seeds{divergence({cell: runs})})"
    return Finding(NO_VERDICT, reason, interval, unit, _records(runs))


def not_testable(ledger: Ledger, *, missing: str) -> Finding:
    """No record could hold what the test needs."""
    return Finding(NOT_TESTABLE, f"missing: {missing}")


RULES: dict[str, Callable[..., Finding]] = {
    rule.__name__: rule
    for rule in (
        numeric, compare_cells, better_and_cheaper, complexity_value, gradient_ratio, gradient_lessened, measured, not_testable,
    )
}
_COMPARING = (compare_cells.__name__, better_and_cheaper.__name__)


def judge(
    claims: Sequence["Claim"], summary: "Summary", complexity: Mapping | None, gradients: Sequence[Mapping] = ()
) -> list[Judged]:
    """Every claim with its verdict.

    Args:
        summary: `benchmark.report.summary.summarise` of the records.
        complexity: contents of complexity.json, or None.
        gradients: contents of the files of reports/gradients.
    """
    ledger = Ledger(summary, complexity, gradients)
    families: dict[str, dict[tuple, Compared]] = {}
    for test in [test for claim in claims for test in (claim.test, *claim.further, *claim.other_data)]:
        if test.rule in _COMPARING:
            _compare(ledger, families, **test.parameters)
    for family in families.values():
        ledger.compared |= evidence.adjusted(family)
    return [
        Judged(
            claim,
            _found(ledger, claim.test),
            [_found(ledger, test) for test in claim.further],
            [_found(ledger, test) for test in claim.other_data],
        )
        for claim in claims
    ]


def _found(ledger: Ledger, test: "Check") -> Finding:
    try:
        return RULES[test.rule](ledger, **test.parameters)
    except Undecided as undecided:
        return undecided.finding


def _compare(ledger, families, *, protocol, a, b, metric, needs, of_class=None, minimum_seeds=MINIMUM_SEEDS):
    key, family = (protocol, a, b, metric, of_class), families.setdefault(protocol, {})
    try:
        runs = [finished_of(ledger.runs(protocol, cell, needs)) for cell in (a, b)]
    except Undecided:
        return
    common = set(runs[0]) & set(runs[1])
    if key not in family and len(common) >= minimum_seeds:
        compared = evidence.compare(*({s: each[s] for s in common} for each in runs), metric, of_class)
        if compared is not None:
            family[key] = compared


def _reading(finished: "Mapping[int, Run]", metric: str, value: float) -> tuple[str, Interval, str]:
    interval, entry = evidence.prediction(list(finished.values()), metric), METRICS[metric]
    if interval is None:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run")
    if interval.low <= value <= interval.high:
        return REPRODUCED, interval, entry.unit
    measured_is_higher = value < interval.low
    return EXCEEDED if measured_is_higher == (entry.direction == "higher") else NOT_REPRODUCED, interval, entry.unit


def _counts(entry: Mapping) -> dict[str, int]:
    return {"parameters": entry["parameters"]["trainable"], "flops": entry["flops"]}


def _records(runs: "Iterable[Run]") -> tuple[Record, ...]:
    return tuple(run.record for run in runs)


def _number(value: float, unit: str, signed: bool = False) -> str:
    shown = 100 * value if unit == "%" else value
    return f"{shown:{'+' if signed else ''}.{2 if unit == '%' else 4}f}"


def _points(unit: str) -> str:
    return " points" if unit == "%" else ""


def _shown(interval: Interval | Difference, unit: str, signed: bool = False) -> str:
    end = _points(unit) if signed else (" %" if unit == "%" else "")
    if interval.low is None:
        return _number(interval.mean, unit, signed) + end
    low, high = (_number(v, unit, signed) for v in (interval.low, interval.high))
    return f"{_number(interval.mean, unit, signed)} [{low}, {high}]{end}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
