"""The rules that compare two cells: `compare_cells` gives a verdict; `measured_difference` only shows numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.claims import evidence
from benchmark.claims.evidence import Compared, Key
from benchmark.claims.finding import (
    ALPHA,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    MINIMUM_SEEDS,
    NO_VERDICT,
    REFUTED,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
    Finding,
    Needed,
    Scale,
    Undecided,
)
from benchmark.claims.ledger import Ledger, divergence, finished_of, plan_of
from benchmark.records.intervals import Interval
from benchmark.records.joint_test import JointDifference
from benchmark.records.metrics import METRICS, PRIMARY, SMALLEST_DIFFERENCE, defined
from benchmark.records.record import Record
from benchmark.records.statistics import paired_t_over_seeds

if TYPE_CHECKING:
    from benchmark.records.comparisons import ScoredRun

OF_CLASS = "recall of "  # prefix of an entry of `beside` that is the recall of one class
BESIDE = {SUPPORTED: "better in", REFUTED: "worse in", EQUIVALENT: "equivalent in", UNDETERMINED: "open in"}


def compare_cells(
    ledger: Ledger,
    *,
    protocol: str,
    a: str,
    b: str,
    metric: str,
    needs: str,
    of_class: str | None = None,
    beside: Sequence[str] = (),
    minimum_seeds: int = MINIMUM_SEEDS,
) -> Finding:
    """Whether cell a is better than cell b in a metric, or equivalent to it, for new seeds and new test images.

    Args:
        beside: further metrics, or "recall of CLASS". They are shown beside the verdict and have no effect on it.
        minimum_seeds: the number of planned seeds: 0 to `minimum_seeds` - 1.

    Raises:
        Undecided: runs are missing, or there is nothing to test.
    """
    runs = ledger.planned(protocol, (a, b), needs, minimum_seeds)
    used = [run.record for own in runs.values() for run in own.values()]
    scale = ledger.scale(runs, levels(runs))
    fields: Needed = {"planned": plan_of(runs, protocol, minimum_seeds), "scale": scale}
    compared = ledger.compared.get(key_of(ledger.role, protocol, a, b, metric, of_class, minimum_seeds))
    of = {cell: list(own.values()) for cell, own in runs.items()}
    if compared is None:
        raise Undecided(UNDETERMINED, _why_not(of, metric), used, **fields)
    if compared.joint is None:
        return _who_trains(compared, a, b, minimum_seeds, used, fields)
    unit = _unit(metric, of_class)
    verdict, detail, words = judged(compared, compared.joint, unit, _margin(metric, of_class))
    better, other = (a, b) if compared.favours_a else (b, a)
    shares = [1 - len(finished_of(of[cell])) / len(of[cell]) for cell in (better, other)]
    if verdict in (SUPPORTED, REFUTED) and shares[0] > shares[1]:
        verdict, words = UNDETERMINED, f"{words}; the better cell diverged more often"
    extra = [_beside(ledger, protocol, a, b, each, minimum_seeds) for each in beside]
    reason = f"{words}{divergence(of)}{_told_beside(extra)}; {rates_in_words(scale)}"
    return Finding(verdict, reason, compared.joint.interval, unit, tuple(used), detail, **fields)


def judged(compared: Compared, joint: JointDifference, unit: str, margin: float | None) -> tuple[str, str, str]:
    """(verdict, its detail, reason) of a comparison with a joint test, from its adjusted p-values.

    Equivalence is tested first: a significant difference that is smaller than the smallest difference of interest supports
    no claim.

    Args:
        joint: the joint test of `compared`, which is not None here.
        margin: the smallest difference of interest; None if the metric has none. Then there is no equivalence test.
    """
    found = f"{shown(joint.interval, unit, signed=True)} over {joint.n} pairs of seeds"
    if compared.holm is None:
        return UNDETERMINED, "", f"{found}: neither seeds nor images leave a variance to test against"
    found += f"; p {p_in_words(compared.holm)}"
    equivalent = compared.holm_equivalent
    if equivalent is not None and margin is not None:
        found += f", of equivalence within {_amount(margin, unit)} {p_in_words(equivalent)}"
    found += f", Holm over {compared.family}"
    if equivalent is not None and margin is not None and equivalent < ALPHA:
        return EQUIVALENT, f"within {_amount(margin, unit)}", found
    if compared.holm < ALPHA and compared.favours_a is not None:
        return (SUPPORTED if compared.favours_a else REFUTED), "", found
    largest = max(abs(end) for end in (joint.low, joint.high) if end is not None)
    allowed = f"the interval still allows {_amount(min(largest, 1.0) if unit == '%' else largest, unit)}"
    return UNDETERMINED, allowed, found


def measured_difference(
    ledger: Ledger, *, protocol: str, a: str, b: str, metric: str, needs: str, of_class: str | None = None
) -> Finding:
    """The means of both cells and their difference, over the seeds that both finished. For numbers that are only shown: no
    significance test is made and no verdict given."""
    runs = {cell: ledger.runs(protocol, cell, needs) for cell in (a, b)}
    finished = {cell: finished_of(own) for cell, own in runs.items()}
    used = tuple(run.record for own in runs.values() for run in own)
    common = sorted(set.intersection(*map(set, finished.values())))
    if not common:
        raise Undecided(UNDETERMINED, f"no seed that {a} and {b} both finished under {protocol}", used)
    values_a, values_b = (
        defined(evidence.measured_value(own[seed], metric, of_class) for seed in common) for own in finished.values()
    )
    if values_a is None or values_b is None:
        raise Undecided(UNDETERMINED, f"{metric} is not defined in every run", used)
    interval, unit = paired_t_over_seeds(values_a, values_b).interval, _unit(metric, of_class)
    means = " against ".join(_number(sum(own) / len(own), unit) for own in (values_a, values_b))
    reason = (
        f"{title(metric, of_class)} {means}{' %' if unit == '%' else ''}, {shown(interval, unit, signed=True)} over "
        f"{len(common)} {'pair' if len(common) == 1 else 'pairs'} of seeds{divergence(runs)}"
    )
    planned = {cell: {run.record.seed: run for run in own} for cell, own in runs.items()}
    return Finding(NO_VERDICT, reason, interval, unit, used, scale=ledger.scale(planned))


def register(
    ledger: Ledger,
    families: dict[tuple[str, ...], dict[Key, Compared | None]],
    *,
    protocol: str,
    a: str,
    b: str,
    metric: str,
    needs: str,
    of_class: str | None = None,
    beside: Sequence[str] = (),
    minimum_seeds: int = MINIMUM_SEEDS,
) -> None:
    """Add a comparison to `families`: to the family of its role and protocol. Its metrics `beside` get their own family.

    A comparison whose runs are not complete yet is added as None, so that a family has its final size from the start.
    """
    runs: Mapping[str, Mapping[int, ScoredRun]] | None
    try:
        runs = ledger.planned(protocol, (a, b), needs, minimum_seeds)
    except Undecided:
        runs = None
    wanted: list[tuple[tuple[str, ...], str, str | None]] = [((ledger.role, protocol), metric, of_class)]
    wanted += [((ledger.role, protocol, a, b), *of_metric(each)) for each in beside]
    for family, name, class_name in wanted:
        entries = families.setdefault(family, {})
        key = key_of(ledger.role, protocol, a, b, name, class_name, minimum_seeds, beside=len(family) > 2)
        if key not in entries:
            entries[key] = None if runs is None else _tested(runs[a], runs[b], name, class_name)


def key_of(
    role: str, protocol: str, a: str, b: str, metric: str, of_class: str | None, seeds: int, *, beside: bool = False
) -> Key:
    """The key of a comparison. If two claims contain the same comparison, it has one key and counts once in its family."""
    return (role, protocol, a, b, metric, of_class, seeds, beside)


def of_metric(entry: str) -> tuple[str, str | None]:
    """(metric, class or None) of an entry of `beside`."""
    return ("recall", entry.removeprefix(OF_CLASS)) if entry.startswith(OF_CLASS) else (entry, None)


def levels(runs: "Mapping[str, Mapping[int, ScoredRun]]") -> dict[str, float | None]:
    """Cell -> mean of the task's main metric over the finished runs. None if no run finished, or if the metric is not
    defined in every finished run."""
    found = {}
    for cell, own in runs.items():
        done = list(finished_of(own.values()).values())
        values = defined(run.scores["none"][PRIMARY[run.record["protocol"]["task"]]] for run in done)
        found[cell] = sum(values) / len(values) if values else None
    return found


def rates_in_words(scale: Scale) -> str:
    """The learning rates of the cells, in words: one common rate, or the rate of each cell."""
    rates = scale.rates
    if len(set(rates.values())) == 1:
        return f"one learning rate, {next(iter(rates.values())):g}"
    return "learning rates of their own, " + " and ".join(f"{rate:g} ({cell})" for cell, rate in rates.items())


def title(metric: str, of_class: str | None = None) -> str:
    """A metric's name as used in a sentence."""
    if metric == evidence.FITTING:
        return "training loss of the last epoch"
    return f"{OF_CLASS}{of_class}" if of_class else METRICS[metric].title


def p_in_words(value: float) -> str:
    """ "< 0.001" or three decimals."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def shown(interval: Interval, unit: str, signed: bool = False) -> str:
    """A number with its interval and unit, as text."""
    end = _points(unit) if signed else (" %" if unit == "%" else "")
    if interval.low is None or interval.high is None:
        return _number(interval.mean, unit, signed) + end
    low, high = (_number(v, unit, signed) for v in (interval.low, interval.high))
    return f"{_number(interval.mean, unit, signed)} [{low}, {high}]{end}"


def _tested(
    runs_a: "Mapping[int, ScoredRun]", runs_b: "Mapping[int, ScoredRun]", metric: str, of_class: str | None
) -> Compared | None:
    finished = [finished_of(own.values()) for own in (runs_a, runs_b)]
    lost = [len(own) - len(done) for own, done in zip((runs_a, runs_b), finished, strict=True)]
    if (lost[0] == 0 and not finished[1]) or (lost[1] == 0 and not finished[0]):
        return evidence.who_trains(len(runs_a), len(runs_b), a_trains=lost[0] == 0)
    common = set(finished[0]) & set(finished[1])
    if len(common) < MINIMUM_SEEDS:
        return None
    common_a, common_b = ({seed: own[seed] for seed in common} for own in finished)
    return evidence.compare(common_a, common_b, metric, of_class)


def _who_trains(compared: Compared, a: str, b: str, seeds: int, used: Sequence[Record], fields: Needed) -> Finding:
    if compared.p is None or compared.holm is None:
        raise ValueError(f"{a} and {b}: no exact test, or one that is not adjusted over its family")
    trains, other = (a, b) if compared.favours_a else (b, a)
    reason = (
        f"{trains} finished {seeds} of {seeds}, {other} diverged {seeds} of {seeds}; exact p {p_in_words(compared.p)}, "
        f"{p_in_words(compared.holm)} after Holm over {compared.family}"
    )
    if compared.holm >= ALPHA:
        if compared.p >= ALPHA:
            reason += f"; {seeds} seeds against {seeds} can not bring it lower"
        raise Undecided(UNDETERMINED, reason, used, **fields)
    return Finding(TRAINS if compared.favours_a else DOES_NOT_TRAIN, reason, records=tuple(used), **fields)


def _why_not(runs: "Mapping[str, Sequence[ScoredRun]]", metric: str) -> str:
    finished = {cell: finished_of(own) for cell, own in runs.items()}
    if all(len(own) == 0 for own in finished.values()):
        return f"every run of both cells diverged{divergence(runs)}"
    common = set.intersection(*map(set, finished.values()))
    if len(common) < MINIMUM_SEEDS:
        return f"{len(common)} planned seeds finished in both cells, fewer than {MINIMUM_SEEDS}{divergence(runs)}"
    return f"{metric} is not defined in every run"


def _beside(ledger: Ledger, protocol: str, a: str, b: str, entry: str, seeds: int) -> tuple[str, str]:
    """(verdict, metric with its difference in words) for an entry of `beside`."""
    name, of_class = of_metric(entry)
    compared = ledger.compared.get(key_of(ledger.role, protocol, a, b, name, of_class, seeds, beside=True))
    if compared is None or compared.joint is None:
        return UNDETERMINED, f"{title(name, of_class)} (not defined in every run)"
    unit, joint = _unit(name, of_class), compared.joint
    verdict, _, _ = judged(compared, joint, unit, _margin(name, of_class))
    p = "no test" if compared.holm is None else f"p {p_in_words(compared.holm)}"
    difference = shown(joint.interval, unit, signed=True)
    return verdict, f"{title(name, of_class)} ({difference}, {p})"


def _told_beside(found: Sequence[tuple[str, str]]) -> str:
    parts = [
        f"{words} {', '.join(own)}" for verdict, words in BESIDE.items() if (own := [w for v, w in found if v == verdict])
    ]
    return f"; beside it, Holm over {len(found)}: {'; '.join(parts)}" if parts else ""


def _unit(metric: str, of_class: str | None) -> str:
    return "%" if of_class else "" if metric == evidence.FITTING else METRICS[metric].unit


def _margin(metric: str, of_class: str | None) -> float | None:
    return SMALLEST_DIFFERENCE.get("recall" if of_class else metric)


def _amount(value: float, unit: str) -> str:
    number = f"{100 * value:.2f}".rstrip("0").rstrip(".") if unit == "%" else f"{value:.3g}"
    return f"{number} {'point' if number == '1' else 'points'}" if unit == "%" else number


def _number(value: float, unit: str, signed: bool = False) -> str:
    number = 100 * value if unit == "%" else value
    return f"{number:{'+' if signed else ''}.{2 if unit == '%' else 4}f}"


def _points(unit: str) -> str:
    return " points" if unit == "%" else ""
