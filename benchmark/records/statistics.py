"""The confidence intervals and tests of the reports (assumptions and simulated coverage: docs/metrics.md).

scipy and statsmodels do most of the work; training uses nothing of this module. The inputs are plain numbers: one metric
value per seed, or results per image of one test split.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmark.errors import BadInput

ROUNDING = 1e-12  # values of order 1 that differ by less count as equal: no interval can be estimated from them
BATCH = 50  # resamples drawn at a time; limits the memory of their row numbers
DRAWN = 2_000_000  # row numbers drawn at a time in `resampled_means`
NEGLIGIBLE = 1e-40  # smaller probabilities are left out of a convolution


class Interval(NamedTuple):
    """A mean (or other estimate) with its interval, in the same unit. `low` and `high` are None if there is no interval."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Difference(NamedTuple):
    """A mean difference a - b with its interval and two-sided p-value. Each of these is None if the data do not allow it."""

    mean: float
    low: float | None
    high: float | None
    n: int
    p: float | None


class McNemar(NamedTuple):
    """p: two-sided exact p-value. b: number of rows that only A gets right. c: number of rows that only B gets right."""

    p: float
    b: int
    c: int


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Student t-interval of the mean over seeds: mean +- t(n-1) s / sqrt(n), s with ddof = 1.

    Args:
        values: float (n,), from independent runs of one cell. For a single value, or if all values are equal, low and high
            are None: there is no spread to estimate from, and an interval of width 0 would claim certainty.
        confidence: in (0, 1).

    Raises:
        BadInput: no value, a value that is not finite, a confidence outside (0, 1).
    """
    values = _values("values", values)
    n, mean = len(values), float(np.mean(values))
    quantile = _quantile_level(confidence)
    if _no_spread(values):
        return Interval(mean, None, None, n)
    half = float(stats.t.ppf(quantile, n - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half, n)


def accuracy_interval(correct: int, n: int, confidence: float = 0.95, method: str = "wilson") -> Interval:
    """Confidence interval of one model's accuracy, for the sampling of its n test images (binomial; scipy `proportion_ci`).

    Args:
        correct: number of correctly classified images, 0..n.
        n: test images, independent of each other, >= 1.
        method: "wilson" (Wilson 1927; mean coverage near the nominal one) or "exact" (Clopper and Pearson 1934;
            coverage never below the nominal one).

    Raises:
        BadInput: impossible counts, an unknown method, a confidence outside (0, 1).
    """
    _quantile_level(confidence)
    if method not in ("wilson", "exact"):
        raise BadInput("accuracy interval, method", f"'{method}'", "'wilson' or 'exact'")
    if n < 1 or not 0 <= correct <= n:
        raise BadInput("accuracy interval", f"{correct} correct of {n}", "0 <= correct <= n, n >= 1")
    low, high = stats.binomtest(int(correct), int(n)).proportion_ci(confidence, method)
    return Interval(correct / n, float(low), float(high), int(n))


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


def paired_bootstrap(
    metric: Callable[[np.ndarray, np.ndarray], float | None],
    labels: np.ndarray,
    scores_a: np.ndarray,
    scores_b: np.ndarray,
    n: int = 2000,
    *,
    seed: int,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of metric(A) - metric(B). Test images are resampled, the same for both (Efron 1979).

    `scipy.stats.bootstrap` resamples the row numbers, so any metric of (labels, scores) can be used, for instance
    `benchmark.records.metrics.metric_function("macro_f1")`. The interval is for the sampling of test images, not of seeds.

    Args:
        metric: (labels, scores) -> float, or None where it is not defined.
        labels: (N,) or (N, 2); scores_a, scores_b: (N, ...), same rows, N >= 2.
        n: number of resamples.
        seed: equal seeds give equal intervals.

    Returns:
        mean: the difference on the original rows; low, high: None if the metric is not defined in some resample;
        n: number of rows.

    Raises:
        BadInput: numbers of rows that differ or are below 2; a metric that is not defined on the original rows.
    """
    labels, scores_a, scores_b = np.asarray(labels), np.asarray(scores_a), np.asarray(scores_b)
    rows = len(labels)
    if not rows == len(scores_a) == len(scores_b) or rows < 2:
        found = f"{rows} labels, {len(scores_a)} and {len(scores_b)} scores"
        raise BadInput("paired bootstrap", found, "equal numbers of rows, at least 2")

    def difference(index: np.ndarray) -> float | None:
        a, b = metric(labels[index], scores_a[index]), metric(labels[index], scores_b[index])
        return None if a is None or b is None else a - b

    return _bootstrap("paired bootstrap", difference, rows, n, seed, confidence)


def bootstrap(
    metric: Callable[[np.ndarray, np.ndarray], float | None],
    labels: np.ndarray,
    scores: np.ndarray,
    n: int = 2000,
    *,
    seed: int,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of one model's metric over resampled test images (Efron 1979). Arguments, result and
    errors as of `paired_bootstrap`."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    if len(labels) != len(scores) or len(labels) < 2:
        raise BadInput("bootstrap", f"{len(labels)} labels, {len(scores)} scores", "equal numbers of rows, at least 2")
    return _bootstrap("bootstrap", lambda index: metric(labels[index], scores[index]), len(labels), n, seed, confidence)


def resampled_means(columns: np.ndarray, n: int = 2000, *, seed: int) -> np.ndarray:
    """Means of columns over resampled rows, the same rows for all columns. This bootstraps many models at once.

    It works for every metric that is a function of means of per-image numbers, such as the accuracy, or the CCC as a
    function of moments.

    Args:
        columns: (N, M), one row per image.
        n: number of resamples, each of N rows.
        seed: equal seeds and equal N give the same resampled rows.

    Returns:
        float64 (n, M).

    Raises:
        BadInput: no rows.
    """
    columns = np.asarray(columns, np.float64)
    if columns.ndim != 2 or not len(columns):
        raise BadInput("resampled means", f"shape {columns.shape}", "(N, M) with N >= 1")
    rng, rows, means = np.random.default_rng(seed), len(columns), []
    batch = max(1, DRAWN // rows)
    for start in range(0, n, batch):
        drawn = rng.integers(0, rows, (min(batch, n - start), rows))
        times = np.stack([np.bincount(each, minlength=rows) for each in drawn])  # how often each row was drawn
        means.append(times.astype(np.float64) @ columns / rows)
    return np.concatenate(means)


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


def holm(p_values: Sequence[float]) -> list[float]:
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
    return adjusted.tolist()


def paired_t_over_seeds(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Difference:
    """Mean of a - b over the common seeds of two cells, with its t-interval and paired t-test (scipy `ttest_rel`).

    Pairing helps if runs with equal seeds share something that affects the result (the data order, the held-out part).

    Args:
        a, b: float (n,), metric values; entry i of both is from the same seed. For a single pair, or if all differences are
            equal, low, high and p are None.

    Raises:
        BadInput: unequal numbers of values, no value, or one that is not finite.
    """
    a, b = _values("seeds of a", a), _values("seeds of b", b)
    if len(a) != len(b):
        raise BadInput("paired seeds", f"{len(a)} and {len(b)} values", "the same seeds in both")
    interval = t_interval(a - b, confidence)
    p = None if _no_spread(a - b) else float(stats.ttest_rel(a, b).pvalue)
    return Difference(*interval, p)


def difference_interval(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Difference:
    """Mean of a minus mean of b over independent seeds. The numbers of seeds and the variances may differ (Welch 1947;
    scipy).

    Args:
        a, b: float (n_a,), (n_b,), metric values, one per seed.

    Returns:
        n = n_a + n_b; low, high and p are None if a or b has a single seed, or if neither has any spread.

    Raises:
        BadInput: no value, or one that is not finite.
    """
    _quantile_level(confidence)
    a, b = _values("seeds of a", a), _values("seeds of b", b)
    mean, n = float(a.mean() - b.mean()), len(a) + len(b)
    if min(len(a), len(b)) == 1 or (_no_spread(a) and _no_spread(b)):
        return Difference(mean, None, None, n, None)
    test = stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(confidence)
    return Difference(mean, float(low), float(high), n, float(test.pvalue))


def prediction_interval_new_run(values: Sequence[float], n_test: int | None, confidence: float = 0.95) -> Interval:
    """Prediction interval for the accuracy of one more run (a new seed), on a new test sample or on the same one.

    Derivation: run i scores a_i = p + T + e_i. T is the random effect of this test sample, common to all m runs. e_i is the
    random effect of the seed; its variance s^2 (ddof = 1) is estimated between the runs. A new run on a new sample of equal
    size scores p + T' + e'. So its distance from the mean of the a_i has the variance

        s^2 (1 + 1/m) + 2 p (1 - p) / n_test

    with p estimated as (n_test mean + 2) / (n_test + 4) (Agresti and Coull 1998), so that the variance is above 0 even if
    all or no images are right. The binomial variance is that of one run's score. It includes the effect of images that are
    classified differently by different seeds, which is already part of s^2: the interval is conservative. Only the variance
    of the first term is estimated. So the first term takes the t quantile and the second the normal quantile:
    half-width^2 = t(m-1)^2 first + z^2 second. With Satterthwaite's degrees of freedom the coverage would be only 92.2 % at
    m = 3 (docs/metrics.md).
    On the same test sample T cancels: mean +- t(m-1) s sqrt(1 + 1/m).

    Args:
        values: float (m,), accuracies in [0, 1] of m seeds on one test sample. For m = 1, low and high are None.
        n_test: number of images of a test sample; None for a new run on the *same* test sample (low and high are then None
            if all values are equal).

    Returns:
        the interval, clipped to [0, 1]; n = m.

    Raises:
        BadInput: accuracies outside [0, 1], n_test < 1, a confidence outside (0, 1).
    """
    values, quantile = _values("accuracies", values), _quantile_level(confidence)
    m, mean = len(values), float(np.mean(values))
    if values.min() < 0 or values.max() > 1:
        raise BadInput("accuracies", f"{values.min()}..{values.max()}", "fractions in [0, 1]")
    if n_test is not None and n_test < 1:
        raise BadInput("test images", n_test, "at least 1, or None for the same test sample")
    if m == 1 or (n_test is None and _no_spread(values)):
        return Interval(mean, None, None, m)
    test = 0.0
    if n_test is not None:
        p = (n_test * mean + 2) / (n_test + 4)
        test = p * (1 - p) / n_test
    low, high = _new_run(values, test, quantile)
    return Interval(mean, max(low, 0.0), min(high, 1.0), m)


def prediction_interval_new_score(values: Sequence[float], test_variance: float, confidence: float = 0.95) -> Interval:
    """As `prediction_interval_new_run` on a new test sample, for a metric that is not a fraction of images (an RMSE).

    Args:
        values: float (m,), the metric of m seeds on one test sample. For m = 1, low and high are None.
        test_variance: > 0, variance of one run's metric over test samples of that size; used in place of p (1 - p) / n_test.

    Returns:
        the interval, not clipped; n = m.

    Raises:
        BadInput: values that are not finite, a variance that is not above 0, a confidence outside (0, 1).
    """
    values, quantile = _values("values", values), _quantile_level(confidence)
    if not 0 < test_variance < np.inf:
        raise BadInput("test variance", test_variance, "a number above 0")
    m, mean = len(values), float(np.mean(values))
    if m == 1:
        return Interval(mean, None, None, m)
    return Interval(mean, *_new_run(values, test_variance, quantile), m)


def _new_run(values: np.ndarray, test_variance: float, quantile: float) -> tuple[float, float]:
    """Low and high end of the interval. The test variance counts twice: the sample of the given runs and the sample of the
    new run both vary."""
    m, mean = len(values), float(np.mean(values))
    seeds, test = float(np.var(values, ddof=1)) * (1 + 1 / m), 2 * test_variance
    half = float(np.sqrt(stats.t.ppf(quantile, m - 1) ** 2 * seeds + stats.norm.ppf(quantile) ** 2 * test))
    return mean - half, mean + half


def _bootstrap(
    where: str, statistic: Callable[[np.ndarray], float | None], rows: int, n: int, seed: int, confidence: float
) -> Interval:
    """Percentile interval of `statistic`(row numbers) over n resamples of the rows."""
    _quantile_level(confidence)

    def number(index: np.ndarray) -> float:
        value = statistic(index)
        return np.nan if value is None else value

    estimate = float(number(np.arange(rows)))
    if not np.isfinite(estimate):
        raise BadInput(where, "a metric that is not defined for these rows", "a number for every model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # answered below
        result = stats.bootstrap(
            (np.arange(rows),),
            number,
            n_resamples=n,
            batch=BATCH,
            vectorized=False,
            method="percentile",
            confidence_level=confidence,
            rng=np.random.default_rng(seed),
        )
    if not np.isfinite(result.bootstrap_distribution).all():
        return Interval(estimate, None, None, rows)
    return Interval(estimate, float(result.confidence_interval.low), float(result.confidence_interval.high), rows)


def _values(name: str, values: Sequence[float]) -> np.ndarray:
    values = np.asarray(values, np.float64)
    bad = int(np.sum(~np.isfinite(values)))
    if values.ndim != 1 or not len(values) or bad:
        raise BadInput(name, f"shape {values.shape}, {bad} not finite", "one row of finite numbers")
    return values


def _no_spread(values: np.ndarray) -> bool:
    return bool(np.ptp(values) < ROUNDING)


def _quantile_level(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise BadInput("confidence", confidence, "a number between 0 and 1, such as 0.95")
    return (1 + confidence) / 2
