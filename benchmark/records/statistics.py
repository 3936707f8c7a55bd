"""Intervals and tests behind the reports' figures (assumptions and simulated coverage: docs/metrics.md).

scipy and statsmodels do the work; nothing here is used while training. Everything runs on numbers alone:
metric values one a seed, or per-image results of one test split.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.errors import BadInput

ROUNDING = 1e-12  # values of order 1 that differ by less are equal: they leave no spread to estimate an interval from
BATCH = 50  # resamples drawn at a time: bounds the memory of their row numbers
DRAWN = 2_000_000  # row numbers drawn at a time where many columns share them
NEGLIGIBLE = 1e-40  # chances below are left out of a convolution

Values = Sequence[float] | np.ndarray  # one number a seed


class Interval(NamedTuple):
    """A mean (or estimate) with its interval in the same unit; low and high are None where there is no interval."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Difference(NamedTuple):
    """A mean difference a - b with its interval and two-sided p-value; None where the data does not allow one."""

    mean: float
    low: float | None
    high: float | None
    n: int
    p: float | None

    @property
    def interval(self) -> Interval:
        """The same without the p-value."""
        return Interval(self.mean, self.low, self.high, self.n)


class McNemar(NamedTuple):
    """p: two-sided exact p-value; b: rows only A has right; c: rows only B has right."""

    p: float
    b: int
    c: int


def t_interval(values: Values, confidence: float = 0.95) -> Interval:
    """Student t-interval of the mean over seeds: mean +- t(n-1) s / sqrt(n), s with ddof = 1.

    Args:
        values: float (n,), independent runs of one cell. A single value, or values that are all equal, leave low
            and high None: there is no spread to estimate from, and an interval of no width would claim certainty.
        confidence: in (0, 1).

    Raises:
        BadInput: no value, a value that is not finite, a confidence outside (0, 1).
    """
    checked = _values("values", values)
    n, mean = len(checked), float(np.mean(checked))
    quantile = _quantile_level(confidence)
    if _no_spread(checked):
        return Interval(mean, None, None, n)
    half = float(stats.t.ppf(quantile, n - 1) * stats.sem(checked))
    return Interval(mean, mean - half, mean + half, n)


def accuracy_interval(correct: int, n: int, confidence: float = 0.95, method: str = "wilson") -> Interval:
    """Interval of one model's accuracy for the sampling of its n test images (binomial; scipy `proportion_ci`).

    Args:
        correct: right answers, 0..n.
        n: test images, independent of each other, >= 1.
        method: "wilson" (Wilson 1927; mean coverage near the nominal one) or "exact" (Clopper and Pearson 1934;
            coverage never below the nominal one).

    Raises:
        BadInput: counts that do not fit, another method, a confidence outside (0, 1).
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
        correct_a, correct_b: bool (N,), whether each model has each image right, same order.

    Returns:
        p = 1 where the models never differ.

    Raises:
        BadInput: not bool, other shapes, no row.
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
    """Percentile interval of metric(A) - metric(B) over resampled test images, the same rows for both (Efron 1979).

    `scipy.stats.bootstrap` resamples the row numbers, so any metric of (labels, scores) will do, for instance
    `benchmark.records.metrics.metric_function("macro_f1")`. It covers the sampling of test images, not of seeds.

    Args:
        metric: (labels, scores) -> float, None where it is not defined.
        labels: (N,) or (N, 2); scores_a, scores_b: (N, ...), same rows, N >= 2.
        n: resamples.
        seed: equal seeds give equal intervals.

    Returns:
        mean: the difference on the rows as they are; low, high: None if any resample leaves the metric undefined;
        n: rows.

    Raises:
        BadInput: rows that do not match, fewer than 2, a metric not defined on the rows as they are.
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
    """Percentile interval of one model's metric over resampled test images (Efron 1979); as `paired_bootstrap`."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    if len(labels) != len(scores) or len(labels) < 2:
        raise BadInput("bootstrap", f"{len(labels)} labels, {len(scores)} scores", "equal numbers of rows, at least 2")
    return _bootstrap("bootstrap", lambda index: metric(labels[index], scores[index]), len(labels), n, seed, confidence)


def resampled_means(columns: np.ndarray, n: int = 2000, *, seed: int) -> NDArray[np.float64]:
    """Means of columns over resampled rows, the same rows for all columns: the bootstrap of many models at once.

    Whatever is a function of means of per-image numbers can be bootstrapped with it: accuracy, and a CCC by its moments.

    Args:
        columns: (N, M), one row an image.
        n: resamples of N rows.
        seed: equal seeds and equal N give equal rows.

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
    """Exact two-sided sign-flip test over images (Fisher 1935): p of a sum of differences at least this far from 0.

    Under the null hypothesis each image's difference is as likely positive as negative, independently of the others;
    its size is held. All sign patterns are counted, by convolution of binomials. For differences of -1, 0 and 1 this is
    `mcnemar_exact`.

    Args:
        differences: int (N,), for instance how many of A's networks have an image right minus how many of B's.

    Returns:
        p in [0, 1]; 1 where every difference is 0. Below 1e-30 it may come out as 0.

    Raises:
        BadInput: no integers, no row.
    """
    differences = np.asarray(differences)
    if differences.dtype.kind != "i" or differences.ndim != 1 or not len(differences):
        raise BadInput("sign-flip test", f"{differences.dtype} {differences.shape}", "integers of shape (N,), N >= 1")
    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    chances, least = np.ones(1), 0  # of the sum of the positive differences, from `least` on
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
    """Holm's step-down adjusted p-values (Holm 1979), in the order given; [] for none.

    Written out, because statsmodels' `multipletests` collects garbage at every call: 0.9 s with a report in memory.

    Raises:
        BadInput: a value outside [0, 1] or NaN (leave comparisons that were not tested out).
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
    """Mean of a - b over seeds that both cells ran, t-interval and paired t-test (scipy `ttest_rel`).

    Pairing pays where equal seeds share something that moves the result (the data order, the held-out part).

    Args:
        a, b: float (n,), metric values, row i of both from the same seed. A single pair, or differences that are
            all equal, leave low, high and p None.

    Raises:
        BadInput: unequal numbers of values, none, or not finite.
    """
    of_a, of_b = _values("seeds of a", a), _values("seeds of b", b)
    if len(of_a) != len(of_b):
        raise BadInput("paired seeds", f"{len(of_a)} and {len(of_b)} values", "the same seeds in both")
    interval = t_interval(of_a - of_b, confidence)
    p = None if _no_spread(of_a - of_b) else float(stats.ttest_rel(of_a, of_b).pvalue)
    return Difference(*interval, p)


def difference_interval(a: Values, b: Values, confidence: float = 0.95) -> Difference:
    """Mean a minus mean b over independent seeds, whose numbers and spreads may differ (Welch 1947; scipy).

    Args:
        a, b: float (n_a,), (n_b,), metric values, one a seed.

    Returns:
        n = n_a + n_b; low, high and p None where either has a single seed or neither has any spread.

    Raises:
        BadInput: no value, or not finite.
    """
    _quantile_level(confidence)
    of_a, of_b = _values("seeds of a", a), _values("seeds of b", b)
    mean, n = float(of_a.mean() - of_b.mean()), len(of_a) + len(of_b)
    if min(len(of_a), len(of_b)) == 1 or (_no_spread(of_a) and _no_spread(of_b)):
        return Difference(mean, None, None, n, None)
    test = stats.ttest_ind(of_a, of_b, equal_var=False)
    low, high = test.confidence_interval(confidence)
    return Difference(mean, float(low), float(high), n, float(test.pvalue))


def prediction_interval_new_run(values: Values, n_test: int | None, confidence: float = 0.95) -> Interval:
    """Where the accuracy of one more run (a new seed) is expected, on a new test sample or on the same one.

    Derivation: run i scores a_i = p + T + e_i: T is the luck of this test sample, shared by all m runs; e_i is the
    seed's, with variance s^2 (ddof = 1) estimated between them. A new run on a new sample of equal size scores
    p + T' + e', so its distance from the mean of the a_i has variance

        s^2 (1 + 1/m) + 2 p (1 - p) / n_test

    with p estimated as (n_test mean + 2) / (n_test + 4) (Agresti and Coull 1998), which keeps a variance at 0 and 1.
    The binomial variance is that of a single run's score, of which images that change sides between seeds are a
    part already counted in s^2: the interval is conservative. Only the first term's variance is estimated, so it takes
    the t quantile and the second the normal one: half-width^2 = t(m-1)^2 first + z^2 second. Satterthwaite's degrees of
    freedom would cover only 92.2 % at m = 3 (docs/metrics.md).
    On the same test sample T cancels: mean +- t(m-1) s sqrt(1 + 1/m).

    Args:
        values: float (m,), accuracies in [0, 1] of m seeds on one test sample. m = 1 leaves low and high None.
        n_test: images of a test sample; None for a new run on the *same* test sample (low and high are then None
            where all values are equal).

    Returns:
        the interval cut to [0, 1]; n = m.

    Raises:
        BadInput: accuracies outside [0, 1], n_test < 1, a confidence outside (0, 1).
    """
    checked, quantile = _values("accuracies", values), _quantile_level(confidence)
    m, mean = len(checked), float(np.mean(checked))
    if checked.min() < 0 or checked.max() > 1:
        raise BadInput("accuracies", f"{checked.min()}..{checked.max()}", "fractions in [0, 1]")
    if n_test is not None and n_test < 1:
        raise BadInput("test images", n_test, "at least 1, or None for the same test sample")
    if m == 1 or (n_test is None and _no_spread(checked)):
        return Interval(mean, None, None, m)
    test = 0.0
    if n_test is not None:
        p = (n_test * mean + 2) / (n_test + 4)
        test = p * (1 - p) / n_test
    low, high = _new_run(checked, test, quantile)
    return Interval(mean, max(low, 0.0), min(high, 1.0), m)


def prediction_interval_new_score(values: Values, test_variance: float, confidence: float = 0.95) -> Interval:
    """`prediction_interval_new_run` on a new test sample for a metric that is no fraction of images (an RMSE).

    Args:
        values: float (m,), the metric of m seeds on one test sample. m = 1 leaves low and high None.
        test_variance: of one run's metric over test samples of that size, > 0; takes the place of p (1 - p) / n_test.

    Returns:
        the interval, not cut; n = m.

    Raises:
        BadInput: values that are not finite, a variance that is not above 0, a confidence outside (0, 1).
    """
    checked, quantile = _values("values", values), _quantile_level(confidence)
    if not 0 < test_variance < np.inf:
        raise BadInput("test variance", test_variance, "a number above 0")
    m, mean = len(checked), float(np.mean(checked))
    if m == 1:
        return Interval(mean, None, None, m)
    return Interval(mean, *_new_run(checked, test_variance, quantile), m)


def _new_run(values: NDArray[np.float64], test_variance: float, quantile: float) -> tuple[float, float]:
    """Ends of the interval; both samples, the seeds' and the new run's, have their own luck, hence 2."""
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


def _values(name: str, values: Values) -> NDArray[np.float64]:
    checked = np.asarray(values, np.float64)
    bad = int(np.sum(~np.isfinite(checked)))
    if checked.ndim != 1 or not len(checked) or bad:
        raise BadInput(name, f"shape {checked.shape}, {bad} not finite", "one row of finite numbers")
    return checked


def _no_spread(values: NDArray[np.float64]) -> bool:
    return bool(np.ptp(values) < ROUNDING)


def _quantile_level(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise BadInput("confidence", confidence, "a number between 0 and 1, such as 0.95")
    return (1 + confidence) / 2
