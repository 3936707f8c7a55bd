"""A test of the difference between two cells, and an equivalence test, both valid for new seeds and new test images.

Method, proof and simulated coverage: docs/reference/statistics.md, "The combined test". The variance over test images comes
from `benchmark.records.image_variance`. The smallest differences of interest are in
`benchmark.records.metrics.SMALLEST_DIFFERENCE`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from benchmark.errors import BadInput
from benchmark.records.intervals import ROUNDING, Interval, Values

SMALLEST_P = 1e-290  # a smaller p-value is reported as 0, because its t quantile would overflow


@dataclass(frozen=True)
class JointDifference:
    """The mean difference a - b of two cells over their common seeds, with tests for new seeds and new test images.

    All values are in the unit of the metric (a fraction, a CCC). Intervals and p-values are None if there is only one pair
    of seeds, or no variance.

    Attributes:
        mean: of the differences.
        low, high: its confidence interval, by default 95 %.
        n: pairs of seeds.
        seed_variance: variance of the mean over seeds, s^2 / n with ddof = 1; None for one pair.
        image_variance: variance of the mean over test samples, as given.
        p: two-sided p-value of the test for a difference.
        margin: the smallest difference of interest, as given.
        p_equivalent: p-value of the equivalence test (two one-sided tests, Schuirmann 1987): the larger of the two
            one-sided p-values, against a mean of at most -margin and against a mean of at least margin. None without a
            margin.
        low90, high90: the confidence interval that belongs to the equivalence test. It lies within (-margin, margin)
            exactly if p_equivalent is at most 1 - level. Its level is 1 - 2 (1 - level): 90 % if `level` is 95 %.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    seed_variance: float | None
    image_variance: float | None
    p: float | None
    margin: float | None
    p_equivalent: float | None
    low90: float | None
    high90: float | None

    @property
    def interval(self) -> Interval:
        """The mean with its interval at the given confidence level."""
        return Interval(self.mean, self.low, self.high, self.n)


def joint_difference(
    differences: Values, image_variance: float | None, margin: float | None, level: float = 0.95
) -> JointDifference:
    """Confidence interval, test and equivalence test of the mean difference over seeds
    (docs/reference/statistics.md, "The combined test").

    The half-width of the interval with two-sided level 1 - 2 q is sqrt(t(q, n - 1)^2 s^2 / n + z(q)^2 V), with the same
    quantiles as in `prediction_interval_new_run`. A one-sided p-value is the q at which an end of the interval equals the
    tested value. The coverage is never below the level if both parts are normal and V is known (Banerjee 1960).

    Args:
        differences: float (n,), metric of a minus metric of b, one per seed, on the same test images.
        image_variance: V >= 0, the variance of the mean difference over test samples, without the part that is already in
            the variance over seeds (`benchmark.records.image_variance.image_variance`). With V = 0 the test is the t-test
            over seeds; if all differences are equal, it is the z-test over images. None: V is not known; no test is made.
        margin: smallest difference of interest, > 0, in the metric's unit; None: no equivalence test.
        level: of the interval, in (0.5, 1).

    Raises:
        BadInput: no difference; one that is not finite; a variance below 0; a margin that is not above 0; a level outside
            (0.5, 1).
    """
    checked = np.asarray(differences, np.float64)
    if checked.ndim != 1 or not len(checked) or not np.isfinite(checked).all():
        bad = int(np.sum(~np.isfinite(checked)))
        raise BadInput("differences", f"shape {checked.shape}, {bad} not finite", "one row of finite numbers")
    if image_variance is not None and not 0 <= image_variance < np.inf:
        raise BadInput("image variance", image_variance, "a number of at least 0, or None")
    if margin is not None and not 0 < margin < np.inf:
        raise BadInput("margin", margin, "a number above 0, or None")
    if not 0.5 < level < 1:
        raise BadInput("level", level, "a number between 0.5 and 1, such as 0.95")
    n, mean = len(checked), float(np.mean(checked))
    spread = 0.0 if np.ptp(checked) < ROUNDING else float(np.var(checked, ddof=1) / n)
    seed_variance = None if n == 1 else spread
    if n == 1 or image_variance is None or spread + image_variance == 0:
        nothing = dict.fromkeys(("low", "high", "p", "p_equivalent", "low90", "high90"))
        return JointDifference(
            mean=mean, n=n, seed_variance=seed_variance, image_variance=image_variance, margin=margin, **nothing
        )
    variances = (spread, float(image_variance), n)
    half, half90 = (float(half_width(*variances, tail)) for tail in ((1 - level) / 2, 1 - level))
    inside = None if margin is None else margin - abs(mean)  # distance to the nearer margin, negative if outside
    return JointDifference(
        mean=mean,
        low=mean - half,
        high=mean + half,
        n=n,
        seed_variance=spread,
        image_variance=float(image_variance),
        p=min(1.0, 2 * tail_probability(abs(mean), *variances)),
        margin=margin,
        p_equivalent=None if inside is None else _one_sided(inside, *variances),
        low90=mean - half90,
        high90=mean + half90,
    )


def half_width(
    seed_variance: float | NDArray[np.float64], image_variance: float | NDArray[np.float64], n: int, tail: float
) -> float | NDArray[np.float64]:
    """Half-width of the interval with probability `tail` outside it on each side. Arrays of variances give an array.

    Args:
        seed_variance: s^2 / n, of the mean over n seeds, n >= 2.
        image_variance: V, see `joint_difference`.
        tail: in (0, 0.5].
    """
    width: float | NDArray[np.float64] = np.sqrt(
        stats.t.isf(tail, n - 1) ** 2 * seed_variance + stats.norm.isf(tail) ** 2 * image_variance
    )
    return width


def tail_probability(distance: float, seed_variance: float, image_variance: float, n: int) -> float:
    """The tail at which `half_width` equals `distance` >= 0. It is the one-sided p-value of a mean at that distance from the
    tested value.

    The root is searched between two bounds: below, the larger of the two p-values that either variance gives alone; above,
    the p-value of t with the sum of both variances.
    """
    if image_variance == 0:
        return float(stats.t.sf(distance / np.sqrt(seed_variance), n - 1))
    if seed_variance == 0:
        return float(stats.norm.sf(distance / np.sqrt(image_variance)))
    if distance == 0:
        return 0.5
    alone = stats.t.sf(distance / np.sqrt(seed_variance), n - 1), stats.norm.sf(distance / np.sqrt(image_variance))
    least, most = max(*alone, SMALLEST_P), stats.t.sf(distance / np.sqrt(seed_variance + image_variance), n - 1)

    def excess(logarithm: float) -> float:
        return float(half_width(seed_variance, image_variance, n, np.exp(logarithm)) / distance - 1)

    low, high = np.log(least), np.log(max(most, SMALLEST_P))
    if excess(low) <= 0:  # the root is below SMALLEST_P, or it is the lower bound itself, up to rounding
        return 0.0 if least == SMALLEST_P else float(least)
    if excess(high) >= 0:
        return float(most)
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-12)))


def _one_sided(distance: float, seed_variance: float, image_variance: float, n: int) -> float:
    """One-sided p-value of a mean at `distance` from the tested value; a negative distance is on the side of the null
    hypothesis."""
    tail = tail_probability(abs(distance), seed_variance, image_variance, n)
    return tail if distance >= 0 else 1 - tail
