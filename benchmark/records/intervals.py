"""Intervals of a mean over seeds and of a proportion."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.errors import BadInput

Values = Sequence[float] | np.ndarray  # one number a seed
ROUNDING = 1e-12  # values of order 1 that differ by less count as equal: no interval can be estimated from them


class Interval(NamedTuple):
    """A mean (or other estimate) with its interval, in the same unit. `low` and `high` are None if there is no interval."""

    mean: float
    low: float | None
    high: float | None
    n: int


def t_interval(values: Values, confidence: float = 0.95) -> Interval:
    """Student t-interval of the mean over seeds: mean +- t(n-1) s / sqrt(n), s with ddof = 1.

    Args:
        values: float (n,), from independent runs of one cell. For a single value, or if all values are equal, low and high
            are None: there is no spread to estimate from, and an interval of width 0 would claim certainty.
        confidence: in (0, 1).

    Raises:
        BadInput: no value, a value that is not finite, a confidence outside (0, 1).
    """
    checked = checked_values("values", values)
    n, mean = len(checked), float(np.mean(checked))
    quantile = quantile_level(confidence)
    if no_spread(checked):
        return Interval(mean, None, None, n)
    half = t_quantile(quantile, n - 1) * float(np.std(checked, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


@cache
def t_quantile(level: float, freedom: int) -> float:
    """The quantile of Student's t (scipy). Kept, because a report asks thousands of times for a few."""
    return float(stats.t.ppf(level, freedom))


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
    quantile_level(confidence)
    if method not in ("wilson", "exact"):
        raise BadInput("accuracy interval, method", f"'{method}'", "'wilson' or 'exact'")
    if n < 1 or not 0 <= correct <= n:
        raise BadInput("accuracy interval", f"{correct} correct of {n}", "0 <= correct <= n, n >= 1")
    low, high = stats.binomtest(int(correct), int(n)).proportion_ci(confidence, method)
    return Interval(correct / n, float(low), float(high), int(n))


def checked_values(name: str, values: Values) -> NDArray[np.float64]:
    """float64 (n,). BadInput, which names `name`, for anything but one row of finite numbers."""
    checked = np.asarray(values, np.float64)
    bad = int(np.sum(~np.isfinite(checked)))
    if checked.ndim != 1 or not len(checked) or bad:
        raise BadInput(name, f"shape {checked.shape}, {bad} not finite", "one row of finite numbers")
    return checked


def no_spread(values: NDArray[np.float64]) -> bool:
    """Whether all values are equal, up to rounding."""
    return bool(np.ptp(values) < ROUNDING)


def quantile_level(confidence: float) -> float:
    """The level of the upper end of a two-sided interval, 0.975 for 0.95. BadInput: a confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise BadInput("confidence", confidence, "a number between 0 and 1, such as 0.95")
    return (1 + confidence) / 2
