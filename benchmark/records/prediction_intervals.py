"""Where one more run is expected: prediction intervals."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.errors import BadInput
from benchmark.records.intervals import Interval, Values, checked_values, no_spread, quantile_level


def prediction_interval_new_run(values: Values, n_test: int | None, confidence: float = 0.95) -> Interval:
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
    m = 3 (docs/reference/statistics.md).
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
    checked, quantile = checked_values("accuracies", values), quantile_level(confidence)
    m, mean = len(checked), float(np.mean(checked))
    if checked.min() < 0 or checked.max() > 1:
        raise BadInput("accuracies", f"{checked.min()}..{checked.max()}", "fractions in [0, 1]")
    if n_test is not None and n_test < 1:
        raise BadInput("test images", n_test, "at least 1, or None for the same test sample")
    if m == 1 or (n_test is None and no_spread(checked)):
        return Interval(mean, None, None, m)
    test = 0.0
    if n_test is not None:
        p = (n_test * mean + 2) / (n_test + 4)
        test = p * (1 - p) / n_test
    low, high = _new_run(checked, test, quantile)
    return Interval(mean, max(low, 0.0), min(high, 1.0), m)


def prediction_interval_new_score(values: Values, test_variance: float, confidence: float = 0.95) -> Interval:
    """As `prediction_interval_new_run` on a new test sample, for a metric that is not a fraction of images (an RMSE).

    Args:
        values: float (m,), the metric of m seeds on one test sample. For m = 1, low and high are None.
        test_variance: > 0, variance of one run's metric over test samples of that size; used in place of p (1 - p) / n_test.

    Returns:
        the interval, not clipped; n = m.

    Raises:
        BadInput: values that are not finite, a variance that is not above 0, a confidence outside (0, 1).
    """
    checked, quantile = checked_values("values", values), quantile_level(confidence)
    if not 0 < test_variance < np.inf:
        raise BadInput("test variance", test_variance, "a number above 0")
    m, mean = len(checked), float(np.mean(checked))
    if m == 1:
        return Interval(mean, None, None, m)
    return Interval(mean, *_new_run(checked, test_variance, quantile), m)


def _new_run(values: NDArray[np.float64], test_variance: float, quantile: float) -> tuple[float, float]:
    """Low and high end of the interval. The test variance counts twice: the sample of the given runs and the sample of the
    new run both vary."""
    m, mean = len(values), float(np.mean(values))
    seeds, test = float(np.var(values, ddof=1)) * (1 + 1 / m), 2 * test_variance
    half = float(np.sqrt(stats.t.ppf(quantile, m - 1) ** 2 * seeds + stats.norm.ppf(quantile) ** 2 * test))
    return mean - half, mean + half
