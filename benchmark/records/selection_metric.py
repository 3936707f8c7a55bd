"""The metric that selects a run's epoch, and the checks of predictions that all metrics share.

This module is separate because the metric here decides which weights a run keeps: a change of it makes every run stale
(`benchmark.runs.sources`). The other metrics decide nothing, so `benchmark.records.metrics` can be extended without making
runs stale. It imports only numpy, because the training loop uses it.
"""

import numpy as np

from benchmark.errors import BadInput

DIMENSIONS = ("valence", "arousal")


def accuracy(labels: np.ndarray, scores: np.ndarray) -> float:
    """Fraction of rows whose class with the highest score (among ties the lowest index) is the label. Arguments as for
    `benchmark.records.metrics.categorical`."""
    labels, scores = checked_categorical(labels, scores)
    return float(np.mean(scores.argmax(axis=1) == labels))


def ccc(x: np.ndarray, y: np.ndarray, ddof: int = 0) -> float | None:
    """Concordance correlation coefficient, in [-1, 1] (Lin 1989): 2 cov / (var x + var y + (mean x - mean y)^2).

    Args:
        x, y: float (N,).
        ddof: 0: variances and covariance are divided by N (the population form, the default everywhere here).
            1: by N - 1 (as in torchmetrics).

    Returns:
        0 if exactly one of x and y is constant, or if both are constant with different values. None if both are constant
        and equal (0/0), or if N <= ddof.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) <= ddof:
        return None
    dx, dy, freedom = x - x.mean(), y - y.mean(), len(x) - ddof
    if np.ptp(x) == 0 or np.ptp(y) == 0:  # tested on the values: dx of constant values may differ from 0 by rounding
        return None if np.ptp(x) == np.ptp(y) and x[0] == y[0] else 0.0
    scale = (dx @ dx + dy @ dy) / freedom + (x.mean() - y.mean()) ** 2
    return finite_or_none(2 * (dx @ dy) / freedom / scale)


def ccc_mean(targets: np.ndarray, outputs: np.ndarray) -> float:
    """Mean of the CCC of valence and the CCC of arousal; one that is not defined counts as 0. Arguments as for
    `benchmark.records.metrics.dimensional`."""
    targets, outputs = checked_dimensional(targets, outputs)
    return float(np.mean([ccc(t, o) or 0.0 for t, o in zip(targets.T, outputs.T, strict=True)]))


def finite_or_none(value: float | None) -> float | None:
    """A finite number as float; None for None, NaN or infinity."""
    return float(value) if value is not None and np.isfinite(value) else None


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise BadInput(name, f"{bad.sum()} of {len(values)} rows not finite (first: row {bad.argmax()})", "all finite")
    return values.astype(np.float64)


def _real_matrix(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise BadInput(name, f"{values.dtype} {values.shape}", "real numbers of shape (N, columns)")
    if not len(values):
        raise BadInput(name, "0 rows", "at least one row in the split")
    return values


def checked_categorical(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as int64 (N,), scores as float64 (N, K).

    Raises:
        BadInput: an empty split, a wrong shape or dtype, labels out of range, scores that are not finite.
    """
    labels, scores = np.asarray(labels), _real_matrix("scores", scores)
    n, k = scores.shape
    if k < 2:
        raise BadInput("scores", f"{k} columns", "at least 2 classes")
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise BadInput("labels", f"{labels.dtype} {labels.shape}", f"integers of shape ({n},)")
    if labels.min() < 0 or labels.max() >= k:
        raise BadInput("labels", f"values {labels.min()}..{labels.max()}", f"0..{k - 1}")
    return labels.astype(np.int64), _finite("scores", scores)


def checked_dimensional(targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs as float64 (N, 2).

    Raises:
        BadInput: an empty split, a wrong shape, values that are not finite, targets outside [-1, 1].
    """
    targets, outputs = _real_matrix("targets", targets), _real_matrix("outputs", outputs)
    for name, values in (("targets", targets), ("outputs", outputs)):
        if values.shape != (len(targets), len(DIMENSIONS)):
            raise BadInput(name, f"shape {values.shape}", f"({len(targets)}, 2): {' and '.join(DIMENSIONS)}")
    targets, outputs = _finite("targets", targets), _finite("outputs", outputs)
    outside = np.abs(targets).max(axis=1) > 1
    if outside.any():  # AffectNet uses -2 for "no label"; such a row must never be scored
        raise BadInput("targets", f"{outside.sum()} of {len(targets)} rows outside the range", "values in [-1, 1]")
    return targets, outputs
