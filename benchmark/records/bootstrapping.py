"""Bootstrap over test images."""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.errors import BadInput
from benchmark.records.intervals import Interval, quantile_level

BATCH = 50  # resamples drawn at a time; limits the memory of their row numbers
DRAWN = 2_000_000  # row numbers drawn at a time in `resampled_means`


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


def resampled_means(columns: np.ndarray, n: int = 2000, *, seed: int) -> NDArray[np.float64]:
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


def changes_without_rows(
    columns: np.ndarray, kept: np.ndarray, n: int = 2000, *, seed: int, confidence: float = 0.95
) -> list[Interval]:
    """Percentile bootstrap intervals of the mean over the kept rows minus the mean over all rows, for many columns at once.

    For each column, `paired_bootstrap` gives the same interval, of the same resamples, in a hundred times the time.

    Args:
        columns: (N, M), one row per image, such as whether each of M models is right; N >= 2.
        kept: bool (N,), at least one True.
        n: number of resamples, each of N rows.
        seed: equal seeds and equal N give the same resampled rows.

    Returns:
        M intervals. low, high: None if a resample has no kept row; n: number of rows.

    Raises:
        BadInput: fewer than 2 rows; other flags than described; a confidence outside (0, 1).
    """
    upper, columns, kept = quantile_level(confidence), np.asarray(columns, np.float64), np.asarray(kept)
    rows = len(columns)
    if columns.ndim != 2 or rows < 2 or kept.dtype != bool or kept.shape != (rows,) or not kept.any():
        found = f"shape {columns.shape}, {kept.dtype} {kept.shape}, {np.count_nonzero(kept)} of them kept"
        raise BadInput("changes without rows", found, "(N, M) with N >= 2, and bool (N,) with at least one True")
    flags, width = kept[:, None].astype(np.float64), columns.shape[1]
    means = resampled_means(np.concatenate([columns, columns * flags, flags], axis=1), n, seed=seed)
    with np.errstate(invalid="ignore"):  # 0/0 in a resample without a kept row
        drawn = means[:, width:-1] / means[:, -1:] - means[:, :width]
    estimates = [float(np.average(each, weights=kept) - each.mean()) for each in columns.T.copy()]
    if not np.isfinite(drawn).all():
        return [Interval(estimate, None, None, rows) for estimate in estimates]
    lows, highs = np.quantile(drawn, [1 - upper, upper], axis=0).tolist()
    return [Interval(*ends, rows) for ends in zip(estimates, lows, highs, strict=True)]


def _bootstrap(
    where: str, statistic: Callable[[np.ndarray], float | None], rows: int, n: int, seed: int, confidence: float
) -> Interval:
    """Percentile interval of `statistic`(row numbers) over n resamples of the rows."""
    quantile_level(confidence)

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
