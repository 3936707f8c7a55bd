"""The tests of a difference between two cells, and Holm's adjustment.

Assumptions and simulated coverage: docs/reference/statistics.md.

scipy and statsmodels do most of the work. The inputs are plain numbers: one metric value per seed, or results per image of
one test split.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmark.errors import BadInput
from benchmark.records.intervals import Interval, Values, checked_values, no_spread, quantile_level, t_interval

NEGLIGIBLE = 1e-40  # smaller probabilities are left out of a convolution


class Difference(NamedTuple):
    """A mean difference a - b with its interval and two-sided p-value. Each of these is None if the data do not allow it."""

    mean: float
    low: float | None
    high: float | None
    n: int
    p: float | None

    @property
    def interval(self) -> Interval:
        """The mean difference with its interval, without the p-value."""
        return Interval(self.mean, self.low, self.high, self.n)


class McNemar(NamedTuple):
    """p: two-sided exact p-value. b: number of rows that only A gets right. c: number of rows that only B gets right."""

    p: float
    b: int
    c: int


def mcnemar_exact(correct_a: np.ndarray, correct_b: np.ndarray) -> McNemar:
    """Exact McNemar test of two models on the same images (McNemar 1947; binomial(b + c, 1/2); statsmodels).

    Args:
        correct_a, correct_b: bool (N,), whether each model classifies each image correctly, in the same order.

    Returns:
        p = 1 if the models never differ.

    Raises:
        BadInput: arrays that are not bool, have different shapes or no row.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.dtype != bool or b.dtype != bool or a.shape != b.shape or a.ndim != 1 or not len(a):
        found = f"{a.dtype} {a.shape} and {b.dtype} {b.shape}"
        raise BadInput("McNemar", found, "two bool arrays of one shape (N,), N >= 1")
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    table = [[int(np.sum(a & b)), only_a], [only_b, int(np.sum(~a & ~b))]]
    return McNemar(float(mcnemar(table, exact=True).pvalue), only_a, only_b)


def sign_flip_exact(differences: np.ndarray) -> float:
    """Exact two-sided sign-flip test over images (Fisher 1935): the probability of a sum of differences at least this far
    from 0.

    Under the null hypothesis, the sign of each image's difference is positive or negative with equal probability,
    independently of the other images, and its size is fixed. All sign patterns are counted, by convolution of binomial
    distributions. If all differences are -1, 0 or 1, the test equals `mcnemar_exact`.

    Args:
        differences: int (N,), for instance the number of A's networks that classify an image correctly, minus that of B's.

    Returns:
        p in [0, 1]; 1 if every difference is 0. A p below 1e-30 may be returned as 0.

    Raises:
        BadInput: values that are not integers, or no row.
    """
    differences = np.asarray(differences)
    if differences.dtype.kind != "i" or differences.ndim != 1 or not len(differences):
        raise BadInput("sign-flip test", f"{differences.dtype} {differences.shape}", "integers of shape (N,), N >= 1")
    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    chances, least = np.ones(1), 0  # chances[i]: probability that the positive differences sum to least + i
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        each = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        kept = np.flatnonzero(each > NEGLIGIBLE)
        own = np.zeros(size * (kept[-1] - kept[0]) + 1)
        own[::size] = each[kept[0] : kept[-1] + 1]
        chances, least = np.convolve(chances, own), least + size * int(kept[0])
    total = int(np.abs(differences).sum())
    sums = 2 * (least + np.arange(len(chances))) - total
    return float(min(1.0, chances[np.abs(sums) >= abs(int(differences.sum()))].sum()))


def holm(p_values: Values) -> list[float]:
    """Holm's step-down adjusted p-values (Holm 1979), in the given order; an empty list for an empty list.

    Written here because `multipletests` of statsmodels runs the garbage collector at every call, which takes 0.9 s with a
    report in memory.

    Raises:
        BadInput: a value outside [0, 1] or NaN (comparisons without a test must be left out).
    """
    p = np.asarray(p_values, np.float64)
    bad = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(bad):
        raise BadInput(f"p-value {bad[0]}", p[bad[0]], "a number in [0, 1]")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    found: list[float] = adjusted.tolist()
    return found


def paired_t_over_seeds(a: Values, b: Values, confidence: float = 0.95) -> Difference:
    """Mean of a - b over the common seeds of two cells, with its t-interval and paired t-test (scipy `ttest_rel`).

    Pairing helps if runs with equal seeds share something that affects the result (the data order, the held-out part).

    Args:
        a, b: float (n,), metric values; entry i of both is from the same seed. For a single pair, or if all differences are
            equal, low, high and p are None.

    Raises:
        BadInput: unequal numbers of values, no value, or one that is not finite.
    """
    of_a, of_b = checked_values("seeds of a", a), checked_values("seeds of b", b)
    if len(of_a) != len(of_b):
        raise BadInput("paired seeds", f"{len(of_a)} and {len(of_b)} values", "the same seeds in both")
    interval = t_interval(of_a - of_b, confidence)
    p = None if no_spread(of_a - of_b) else float(stats.ttest_rel(of_a, of_b).pvalue)
    return Difference(*interval, p)


def difference_interval(a: Values, b: Values, confidence: float = 0.95) -> Difference:
    """Mean of a minus mean of b over independent seeds. The numbers of seeds and the variances may differ (Welch 1947;
    scipy).

    Args:
        a, b: float (n_a,), (n_b,), metric values, one per seed.

    Returns:
        n = n_a + n_b; low, high and p are None if a or b has a single seed, or if neither has any spread.

    Raises:
        BadInput: no value, or one that is not finite.
    """
    quantile_level(confidence)
    of_a, of_b = checked_values("seeds of a", a), checked_values("seeds of b", b)
    mean, n = float(of_a.mean() - of_b.mean()), len(of_a) + len(of_b)
    if min(len(of_a), len(of_b)) == 1 or (no_spread(of_a) and no_spread(of_b)):
        return Difference(mean, None, None, n, None)
    test = stats.ttest_ind(of_a, of_b, equal_var=False)
    low, high = test.confidence_interval(confidence)
    return Difference(mean, float(low), float(high), n, float(test.pvalue))
