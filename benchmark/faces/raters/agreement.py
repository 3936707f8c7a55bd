"""Agreement of human raters with each other, in numbers that can be compared with the metrics of a network.

"The score of a human" can mean two things. *Leave one out*: a rater compared with the mean or majority of the others; the
target is as good as the label of a data set. *Pairwise*: a rater compared with one other rater; the target is as noisy as a
single annotation. Both are averaged, over raters or over pairs. The agreement of a panel is not an upper bound for a
network: a network that predicts the panel's majority can score better than a single rater.
"""

from collections.abc import Callable, Mapping, Sequence

import krippendorff
import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa

RESAMPLES = 1000
DIMENSIONAL = ("rmse", "corr", "ccc", "sagr")


def leave_one_out(ratings: np.ndarray) -> dict[str, float]:
    """RMSE, CORR, CCC and SAGR of each rater against the mean of the others, averaged over raters.

    Args:
        ratings: float (N, R), the value of each of R >= 2 raters for each of N pictures.
    """
    others = (ratings.sum(axis=1, keepdims=True) - ratings) / (ratings.shape[1] - 1)
    others = np.where(np.abs(others) < 1e-12, 0.0, others)  # a sum of 0 must not get a sign from rounding
    x, y = ratings - ratings.mean(axis=0), others - others.mean(axis=0)
    covariance, vx, vy = (x * y).mean(axis=0), (x**2).mean(axis=0), (y**2).mean(axis=0)
    apart = (ratings.mean(axis=0) - others.mean(axis=0)) ** 2
    each = {
        "rmse": np.sqrt(((ratings - others) ** 2).mean(axis=0)),
        "corr": covariance / np.sqrt(vx * vy),
        "ccc": 2 * covariance / (vx + vy + apart),
        "sagr": (np.sign(ratings) == np.sign(others)).mean(axis=0),
    }
    return {name: float(values.mean()) for name, values in each.items()}


def pairwise(ratings: np.ndarray) -> dict[str, float]:
    """RMSE, CORR, CCC and SAGR between two raters, averaged over all pairs of raters. Argument as of `leave_one_out`."""
    n, raters = ratings.shape
    mean = ratings.mean(axis=0)
    centred = ratings - mean
    covariance = centred.T @ centred / n
    variance = np.diag(covariance)
    total, apart = variance[:, None] + variance, (mean[:, None] - mean) ** 2
    signs = [np.sign(ratings) == sign for sign in (-1, 0, 1)]
    each = {
        "rmse": np.sqrt(np.maximum(total - 2 * covariance + apart, 0)),
        "corr": covariance / np.sqrt(np.outer(variance, variance)),
        "ccc": 2 * covariance / (total + apart),
        "sagr": sum(s.astype(float).T @ s for s in signs) / n,
    }
    pairs = np.triu_indices(raters, 1)
    return {name: float(values[pairs].mean()) for name, values in each.items()}


def vote_accuracy(counts: np.ndarray) -> np.ndarray:
    """For each picture, the probability that a rater's vote equals the majority vote of the other raters, averaged over the
    raters.

    If several answers have equally many votes of the others, each is the majority with equal probability.

    Args:
        counts: int (N, K), number of votes for each answer; at least two votes per picture.

    Returns:
        float (N,) in [0, 1].
    """
    n, answers = counts.shape
    total, right = counts.sum(axis=1), np.zeros(n)
    for k in range(answers):
        others = counts.copy()
        others[:, k] -= 1
        leading = others == others.max(axis=1, keepdims=True)
        right += np.where(counts[:, k] > 0, counts[:, k] / total * leading[:, k] / leading.sum(axis=1), 0)
    return right


def nominal(counts: np.ndarray) -> dict[str, float]:
    """Fleiss' kappa (statsmodels) and Krippendorff's nominal alpha (krippendorff). `counts`: int (N, K), votes for each
    answer; every picture must have equally many votes."""
    return {
        "fleiss_kappa": float(fleiss_kappa(counts)),
        "krippendorff_alpha": float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")),
    }


def retest(confusions: np.ndarray) -> dict[str, float]:
    """Accuracy and Cohen's kappa between two labels of the same picture. `confusions`: int (G, K, K), for each group of
    pictures the number of pairs by first and second label. Kappa is NaN if every label is the same."""
    pairs = confusions.sum(axis=0)
    total = pairs.sum()
    agreed = float(np.trace(pairs) / total)
    by_chance = float(pairs.sum(axis=1) @ pairs.sum(axis=0) / total**2)
    return {"accuracy": agreed, "kappa": (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")}


def bootstrap(
    measure: Callable[[Sequence[np.ndarray]], Mapping[str, float]], parts: Sequence[np.ndarray], *, seed: int = 0
) -> dict[str, dict[str, float]]:
    """`measure(parts)` with 95 % percentile intervals over resampled pictures (Efron 1979).

    Args:
        measure: function of parts that returns name -> value.
        parts: arrays whose rows are pictures; each array is resampled separately.

    Returns:
        name -> {mean (the value on the original rows), low, high}.
    """
    rng = np.random.default_rng(seed)
    found = measure(parts)
    drawn = [measure([part[rng.integers(0, len(part), len(part))] for part in parts]) for _ in range(RESAMPLES)]
    out = {}
    for name, value in found.items():
        low, high = np.quantile([each[name] for each in drawn], [0.025, 0.975])
        out[name] = {"mean": value, "low": float(low), "high": float(high)}
    return out
