"""The rule for the weaker claim about gradients: that a bounded shortcut lessens vanishing and exploding, compared with the
identity shortcut. docs/reference/rules.md, "Lessened", describes the rule."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.claims.finding import (
    ALPHA,
    CONDITIONAL,
    FAILS_ONLY,
    FAILS_REST_OPEN,
    HOLDS_ONLY,
    HOLDS_REST_OPEN,
    MINIMUM_SEEDS,
    NO_DIFFERENCE,
    REFUTED,
    SUPPORTED,
    UNDETERMINED,
    Finding,
    Undecided,
)
from benchmark.claims.gradient_rule import Point, chosen, factor, log_ratio, measured_under, when
from benchmark.claims.ledger import Ledger
from benchmark.files import Json
from benchmark.records.statistics import Difference, holm, paired_t_over_seeds

OF_INTEREST = 2.0  # smallest factor of interest between the two shortcuts: one average pooling changes a norm by as much
BETTER, WORSE, EQUIVALENT, OPEN = "better", "worse", "equivalent", "open"
OPPOSITE = "better and worse"


@dataclass
class Pairs:
    """One network at one moment of training with one normalisation: both shortcuts, paired by seed.

    Attributes:
        layers: of the network.
        a, b: |log10 ratio| for the seeds with which both shortcuts reached this moment, in the same order.
        lost: number of seeds with which a, and with which b, diverged before this moment.
        seeds: number of seeds with which both were measured.
        state: `BETTER`, `WORSE`, `EQUIVALENT` or `OPEN`, for a compared with b.
        p, p_equal: Holm-adjusted p-values of the two-sided test and of the equivalence test; None without a test.
    """

    layers: int
    a: Sequence[float]
    b: Sequence[float]
    lost: tuple[int, int]
    seeds: int
    state: str = OPEN
    p: float | None = None
    p_equal: float | None = None

    @property
    def difference(self) -> Difference | None:
        """The mean difference of |log10 ratio|, a minus b, paired by seed; None without a pair."""
        return paired_t_over_seeds(self.a, self.b) if len(self.a) else None


def gradient_lessened(
    ledger: Ledger,
    *,
    protocol: str,
    plan: str,
    a: str,
    b: str,
    normalisations: Sequence[str],
    networks: Sequence[str],
    trained: Sequence[str],
    needs: str,
    of_interest: float = OF_INTEREST,
    minimum_seeds: int = MINIMUM_SEEDS,
    seeds: Sequence[int] | None = None,
) -> Finding:
    """Whether the gradient ratio is nearer to 1 with shortcut a than with shortcut b, under each normalisation.

    Args:
        plan: name of a plan in gradients.yaml; the file of its measurements is read.
        normalisations: the conditions; all of them are one family of tests.
        networks: names in gradients.yaml, compared at initialisation.
        trained: names of those compared also at the end of their training window.
        of_interest: smallest factor of interest between a and b, above 1.
        seeds: only these seeds count; None: all.

    Raises:
        Undecided: measurements are missing.
    """
    found = measured_under(ledger, protocol, plan, needs, seeds)
    family: dict[tuple[str, Point], Pairs] = {}
    missing: list[str] = []
    for normalisation in normalisations:
        for network, at_end in [*((n, False) for n in networks), *((n, True) for n in trained)]:
            pairs = _pairs(found, network, normalisation, (a, b), at_end)
            if isinstance(pairs, int) or pairs[1].seeds < minimum_seeds:
                short = minimum_seeds - (pairs if isinstance(pairs, int) else pairs[1].seeds)
                where = f"{network}, {a} and {b}, {normalisation} BatchNorm" + (", trained" if at_end else "")
                missing.append(f"{where}: {short} more seed{'s' * (short > 1)}")
            else:
                family[normalisation, pairs[0]] = pairs[1]
    if missing:
        raise Undecided(UNDETERMINED, f"missing: {'; '.join(missing)}")
    judged(family, of_interest, minimum_seeds)
    conditions = {n: {point: pairs for (name, point), pairs in family.items() if name == n} for n in normalisations}
    return _finding(a, b, conditions)


def judged(family: Mapping[tuple[str, Point], Pairs], of_interest: float, minimum_seeds: int) -> None:
    """Set the state and the adjusted p-values of every member of the family. Tests for a difference and equivalence tests
    are adjusted separately, each by Holm over the whole family."""
    from scipy import stats

    limit = math.log10(of_interest)
    p: dict[tuple[str, Point], float] = {}
    p_equal: dict[tuple[str, Point], float] = {}
    for key, pairs in family.items():
        if any(pairs.lost):
            if 0 in pairs.lost and max(pairs.lost) == pairs.seeds >= minimum_seeds:
                table = [[lost, pairs.seeds - lost] for lost in pairs.lost]
                p[key] = float(stats.fisher_exact(table).pvalue)
            continue
        if (difference := pairs.difference) is None or difference.p is None:
            continue
        of_seeds = [x - y for x, y in zip(pairs.a, pairs.b, strict=True)]
        sides = ((limit, "less"), (-limit, "greater"))
        p[key] = difference.p
        p_equal[key] = max(float(stats.ttest_1samp(of_seeds, edge, alternative=side).pvalue) for edge, side in sides)
    for key, adjusted in zip(p_equal, holm(list(p_equal.values())), strict=True):
        family[key].p_equal = adjusted
        family[key].state = EQUIVALENT if adjusted < ALPHA else OPEN
    for key, adjusted in zip(p, holm(list(p.values())), strict=True):
        family[key].p = adjusted
        if adjusted < ALPHA:
            family[key].state = BETTER if _favours_a(family[key]) else WORSE


def outcome(pairs: Sequence[Pairs]) -> str:
    """The common outcome of all depths and moments under one condition: `OPPOSITE`, `BETTER`, `WORSE`, `EQUIVALENT` or
    `OPEN`."""
    states = {each.state for each in pairs}
    if {BETTER, WORSE} <= states:
        return OPPOSITE
    if BETTER in states or WORSE in states:
        return BETTER if BETTER in states else WORSE
    return EQUIVALENT if states == {EQUIVALENT} else OPEN


def _pairs(
    found: Sequence[Mapping[str, Json]], network: str, normalisation: str, shortcuts: tuple[str, str], at_end: bool
) -> tuple[Point, Pairs] | int:
    """The pairs over the seeds that were measured with both shortcuts; 0 if there is no such seed."""
    own = [{m["seed"]: m for m in chosen(found, network, s, normalisation, at_end)} for s in shortcuts]
    common = sorted(own[0].keys() & own[1].keys())
    if not common:
        return 0
    step = max(own[0][seed]["steps"][-1] for seed in common) if at_end else 0
    sizes_a, sizes_b = ([_size(each[seed], step) for seed in common] for each in own)
    both = [(a, b) for a, b in zip(sizes_a, sizes_b, strict=True) if a is not None and b is not None]
    of_a, of_b = [a for a, _ in both], [b for _, b in both]
    lost = (sizes_a.count(None), sizes_b.count(None))
    return Point(network, step), Pairs(own[0][common[0]]["layers"], of_a, of_b, lost, len(common))


def _size(measurement: Mapping[str, Json], step: int) -> float | None:
    """|log10 ratio| at a step; None if the network had diverged by then."""
    at = [ratio for m in measurement["moments"] if m["step"] == step and (ratio := log_ratio(m)) is not None]
    return abs(at[0]) if at else None


def _favours_a(pairs: Pairs) -> bool:
    if any(pairs.lost):
        return pairs.lost[0] < pairs.lost[1]
    difference = pairs.difference
    return difference is not None and difference.mean < 0


def _finding(a: str, b: str, conditions: Mapping[str, Mapping[Point, Pairs]]) -> Finding:
    outcomes = {name: outcome(list(own.values())) for name, own in conditions.items()}
    told = "; ".join(f"{name} BatchNorm: {outcomes[name]}, {_headline(own)}" for name, own in conditions.items())
    every = [pairs for own in conditions.values() for pairs in own.values()]
    counts = sorted({pairs.seeds for pairs in every})
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    rest = "; ".join(f"{name}: {', '.join(_told(*item) for item in _ordered(own))}" for name, own in conditions.items())
    how = f"{a} over {b}, below 1 = {a} nearer to 1, paired by seed, n = {seeds} seeds, Holm over {len(every)}"
    reason = f"{told}; {how}; all: {rest}"
    first = _farthest(next(iter(conditions.values())))[1].difference
    verdict, under = _verdict(outcomes)
    return Finding(verdict, reason, None if first is None else first.interval, "log10", detail=under)


def _verdict(outcomes: Mapping[str, str]) -> tuple[str, str]:
    """(verdict over all conditions, the conditions to name with it)."""
    found = list(outcomes.values())

    def under(*words: str) -> str:
        return " and ".join(f"{name} BatchNorm" for name, each in outcomes.items() if each in words)

    if OPPOSITE in found:
        return CONDITIONAL, ""
    if {BETTER, WORSE} <= set(found):
        return CONDITIONAL, f"holds under {under(BETTER)}, fails under {under(WORSE)}"
    sided = BETTER if BETTER in found else WORSE
    if sided not in found:
        return (UNDETERMINED, "") if OPEN in found else (NO_DIFFERENCE, "")
    if set(found) == {sided}:
        return (SUPPORTED if sided == BETTER else REFUTED), ""
    words = (HOLDS_REST_OPEN, FAILS_REST_OPEN) if OPEN in found else (HOLDS_ONLY, FAILS_ONLY)
    return words[sided == WORSE], under(sided)


def _farthest(own: Mapping[Point, Pairs]) -> tuple[Point, Pairs]:
    """The point that is shown for a condition: among the points with a significant difference (if none: among all), the one
    with the largest difference."""
    differ = {point: pairs for point, pairs in own.items() if pairs.state in (BETTER, WORSE)}

    def distance(item: tuple[Point, Pairs]) -> float:
        difference = item[1].difference
        return math.inf if difference is None else abs(difference.mean)

    return max((differ or own).items(), key=distance)


def _headline(own: Mapping[Point, Pairs]) -> str:
    point, pairs = _farthest(own)
    return f"{when(point)} {_shown(pairs)}" + ("" if pairs.p is None else f", p {_p(pairs.p)}")


def _ordered(own: Mapping[Point, Pairs]) -> list[tuple[Point, Pairs]]:
    return sorted(own.items(), key=lambda item: (item[0].step, item[1].layers))


def _told(point: Point, pairs: Pairs) -> str:
    return f"{when(point)} {_shown(pairs)} ({pairs.state})"


def _shown(pairs: Pairs) -> str:
    difference = pairs.difference
    parts = [] if difference is None else [factor(difference)]
    if any(pairs.lost):
        parts.append(f"diverged {pairs.lost[0]} and {pairs.lost[1]} of {pairs.seeds}")
    return ", ".join(parts)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
