"""The rule for the claim about vanishing and exploding gradients. Described in docs/reference/rules.md, "A gradient"."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.claims.finding import (
    ALPHA,
    MINIMUM_SEEDS,
    NO_DIFFERENCE,
    REFUTED,
    SUPPORTED,
    UNDETERMINED,
    Finding,
    Undecided,
)
from benchmark.claims.ledger import Ledger
from benchmark.files import Json
from benchmark.records.intervals import Interval, t_interval
from benchmark.records.statistics import Difference, holm

MARGIN = 10.0
OUTSIDE, WITHIN, OPEN = "outside", "within", "open"


class Point(NamedTuple):
    """A network at a moment of training: `step` = number of finished optimiser steps."""

    network: str
    step: int


@dataclass
class Sample:
    """The measurements of one network with one shortcut at one moment.

    Attributes:
        layers: of the network.
        ratios: R = log10(gradient norm at the input of the first unit / at the output of the last unit), one per seed.
        diverged: number of seeds that diverged before this moment.
        state: `OUTSIDE`, `WITHIN` or `OPEN`, with respect to the margin.
    """

    layers: int
    ratios: Sequence[float]
    diverged: int
    state: str = OPEN

    @property
    def interval(self) -> Interval | None:
        """t-interval of R; None if no seed reached this moment."""
        return t_interval(self.ratios) if len(self.ratios) else None


def log_ratio(moment: Mapping[str, Json]) -> float | None:
    """R of a measured moment. None if the gradient at the output of the last unit is 0. A gradient of 0 at the first unit
    (too small for float32) counts as the smallest positive number of float32."""
    first, last = moment["gradient"][0], moment["gradient"][-1]
    return math.log10(max(first, 2.0**-149) / last) if last > 0 else None


def gradient_ratio(
    ledger: Ledger,
    *,
    protocol: str,
    plan: str,
    a: str,
    b: str,
    normalisation: str,
    networks: Sequence[str],
    trained: Sequence[str],
    needs: str,
    margin: float = MARGIN,
    minimum_seeds: int = MINIMUM_SEEDS,
    seeds: Sequence[int] | None = None,
) -> Finding:
    """Whether shortcut a keeps the gradient ratio within `margin` at every depth while shortcut b does not.

    Args:
        plan: name of a plan in gradients.yaml; the file of its measurements is read.
        networks: names in gradients.yaml, judged at initialisation.
        trained: names of those judged also at the end of their training window.
        margin: the largest factor, above 1, by which the norms may differ.
        seeds: only these seeds count; None: all.

    Raises:
        Undecided: measurements are missing.
    """
    found = measured_under(ledger, protocol, plan, needs, seeds)
    samples = {name: _samples(found, name, normalisation, networks, trained, minimum_seeds) for name in (a, b)}
    if missing := [words for name in (a, b) for words in samples[name][1]]:
        raise Undecided(UNDETERMINED, f"missing: {'; '.join(missing)}")
    of_a, of_b = (classified(samples[name][0], margin, minimum_seeds) for name in (a, b))
    reason = f"{_told(a, of_a)}; {_told(b, of_b)}; margin a factor of {margin:g}; n = {_seeds(of_a, of_b)} seeds"
    intervals = [interval for sample in of_a.values() if (interval := sample.interval) is not None]
    measured = max(intervals, key=lambda interval: abs(interval.mean), default=None)  # the one farthest from a ratio of 1
    states_a, states_b = ({sample.state for sample in of.values()} for of in (of_a, of_b))
    if OUTSIDE in states_a:
        return Finding(REFUTED, f"{reason}; {_beside(a, of_a, b, of_b)}", measured, "log10")
    if states_a == {WITHIN} and OUTSIDE in states_b:
        return Finding(SUPPORTED, reason, measured, "log10")
    if states_a == states_b == {WITHIN}:
        return Finding(NO_DIFFERENCE, f"{reason}; nothing to prevent", measured, "log10")
    return Finding(UNDETERMINED, f"{reason}; too close to the margin, or too few seeds that finished", measured, "log10")


def measured_under(
    ledger: Ledger, protocol: str, plan: str, needs: str, seeds: Sequence[int] | None
) -> list[Mapping[str, Json]]:
    """The measurements of a plan under a protocol; if `seeds` is given, only those of these seeds.

    A file that was made under a different protocol of the same name, or on other data, does not count (`Ledger.counts`).

    Raises:
        Undecided: there is no measurement.
    """
    files = [each for each in ledger.gradients if (each["protocol"]["name"], each["plan"]) == (protocol, plan)]
    files = [each for each in files if ledger.counts(protocol, each["protocol_hash"], each["data"])]
    found = [m for each in files for m in each["measurements"] if seeds is None or m["seed"] in seeds]
    if not found:
        ledger.comparison(protocol, needs)  # raises where there is no such protocol
        of_seeds = "" if seeds is None else f" with seeds {', '.join(map(str, seeds))}"
        raise Undecided(UNDETERMINED, f"missing: gradients of the plan {plan} under {protocol}{of_seeds}")
    return found


def classified(samples: Mapping[Point, Sample], margin: float, minimum_seeds: int) -> dict[Point, Sample]:
    """The samples with their states set: outside, within or open. The tests for "outside" and the tests for "within" are
    adjusted separately, each by Holm over all samples.

    Args:
        margin: factor, above 1.
    """
    from scipy import stats

    limit = math.log10(margin)
    testable: list[Point] = []
    for point, sample in samples.items():
        if sample.diverged:
            lost_all = not sample.ratios and sample.diverged >= minimum_seeds
            sample.state = OUTSIDE if lost_all else OPEN
        elif len(sample.ratios) >= minimum_seeds and np.ptp(sample.ratios) > 0:
            testable.append(point)

    def p(point: Point, border: float, side: str) -> float:
        return float(stats.ttest_1samp(samples[point].ratios, border, alternative=side).pvalue)

    outside = [min(1.0, 2 * min(p(each, limit, "greater"), p(each, -limit, "less"))) for each in testable]
    within = [max(p(each, limit, "less"), p(each, -limit, "greater")) for each in testable]
    for point, p_outside, p_within in zip(testable, holm(outside), holm(within), strict=True):
        samples[point].state = OUTSIDE if p_outside < ALPHA else WITHIN if p_within < ALPHA else OPEN
    return dict(samples)


def _samples(
    found: Sequence[Mapping[str, Json]],
    shortcut: str,
    normalisation: str,
    networks: Sequence[str],
    trained: Sequence[str],
    minimum: int,
) -> tuple[dict[Point, Sample], list[str]]:
    """(point -> sample, a text for each thing that is missing)."""
    samples: dict[Point, Sample] = {}
    missing: list[str] = []
    for network, wants_end in [*((n, False) for n in networks), *((n, True) for n in trained)]:
        own = chosen(found, network, shortcut, normalisation, wants_end)
        where = f"{network}, {shortcut}, {normalisation} BatchNorm" + (", trained" if wants_end else "")
        if len(own) < minimum:
            missing.append(f"{where}: {minimum - len(own)} more seed{'s' * (minimum - len(own) > 1)}")
            continue
        end = max(m["steps"][-1] for m in own) if wants_end else 0
        at = [moment for m in own for moment in m["moments"] if moment["step"] == end]
        ratios = [ratio for moment in at if (ratio := log_ratio(moment)) is not None]
        samples[Point(network, end)] = Sample(own[0]["layers"], ratios, len(own) - len(ratios))
    return samples, missing


def chosen(
    measurements: Sequence[Mapping[str, Json]], network: str, shortcut: str, normalisation: str, trained: bool
) -> list[Mapping[str, Json]]:
    """The measurements of one network with one shortcut and one normalisation, one per seed. If a seed was measured twice,
    the last measurement counts. With `trained`: only measurements whose plan included training steps."""
    wanted = {"network": network, "shortcut": shortcut, "normalisation": normalisation}
    found = [m for m in measurements if all(m.get(key) == value for key, value in wanted.items())]
    found = [m for m in found if m["steps"][-1] > 0] if trained else found
    return list({m["seed"]: m for m in found}.values())


def when(point: Point) -> str:
    """A point in words."""
    return f"{point.network} " + ("at the start" if point.step == 0 else f"after {point.step} steps")


def _told(name: str, samples: Mapping[Point, Sample]) -> str:
    parts = []
    for point, sample in sorted(samples.items(), key=lambda item: (item[0].step, item[1].layers)):
        parts.append(f"{when(point)} {_shown(sample)} ({_word(sample)})")
    return f"{name}: {', '.join(parts)}"


def _shown(sample: Sample) -> str:
    interval = sample.interval
    lost = f"diverged {sample.diverged} of {sample.diverged + len(sample.ratios)}" if sample.diverged else ""
    if interval is None:
        return lost
    return factor(interval) + (f", {lost}" if lost else "")


def factor(logs: Interval | Difference) -> str:
    """A factor with its interval as text, from the interval of its decimal logarithm."""
    shown = [f"{10**value:.3g}" for value in (logs.mean, logs.low, logs.high) if value is not None]
    return f"x {shown[0]}" + (f" [{shown[1]}, {shown[2]}]" if len(shown) == 3 else "")


def _word(sample: Sample) -> str:
    if sample.state != OUTSIDE:
        return sample.state
    interval = sample.interval
    return "diverged" if interval is None else "explodes" if interval.mean > 0 else "vanishes"


def _seeds(*groups: Mapping[Point, Sample]) -> str:
    counts = sorted({len(sample.ratios) + sample.diverged for group in groups for sample in group.values()})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _beside(a: str, of_a: Mapping[Point, Sample], b: str, of_b: Mapping[Point, Sample]) -> str:
    """How a compares with b at the points where a is outside. It is only information: that comparison is another claim."""
    farther = [
        p.network
        for p, s in of_a.items()
        if s.state == OUTSIDE and p in of_b and (own := s.interval) and (other := of_b[p].interval)
        and abs(own.mean) > abs(other.mean)
    ]  # fmt: skip
    outside = sum(s.state == OUTSIDE for s in of_a.values())
    points, are = "point" if outside == 1 else "points", "is" if len(farther) == 1 else "are"
    return f"of {a}'s {outside} {points} outside, {len(farther)} {are} farther out than {b}'s mean"
