"""The variance over test samples of a mean difference: how much it would vary with other test images and the same networks.

Images are assumed to be independent. `benchmark.records.joint_test` adds this variance to the variance over seeds.
docs/reference/statistics.md, "The combined test", says which part of the variance belongs to which of the two.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.records.bootstrapping import resampled_means
from benchmark.records.selection_metric import DIMENSIONS

SEED = 0  # of the resamples of test images; fixed, so that the report is the same each time it is made
RESAMPLES = 2000
OF_CONFUSION = ("balanced_accuracy", "macro_f1")
OF_MOMENTS = tuple(f"{name}_{of}" for name in ("ccc", "rmse") for of in (*DIMENSIONS, "mean"))


def image_variance(
    metric: str,
    targets: np.ndarray,
    outputs_a: Sequence[np.ndarray],
    outputs_b: Sequence[np.ndarray],
    of_class: int | None = None,
) -> float | None:
    """Variance over test samples of the mean over seeds of metric(a) - metric(b), without the part that differs by seed.

    It is the mean, over pairs of different seeds, of the covariance of their differences over test samples. So it contains
    the effect of the test sample that is common to all seeds. The effect of images that are classified differently by
    different seeds is already part of the variance between seeds. Accuracy and the recall of a class are computed in closed
    form, the other metrics from 2000 resamples of the images, the same for all seeds.

    Args:
        metric: "accuracy", "recall" (with `of_class`), or one of `OF_CONFUSION` and `OF_MOMENTS`.
        targets: labels int (N,) or targets float (N, 2).
        outputs_a, outputs_b: n arrays (N, K) each; entry i of both is from the same seed; all on the same images.
        of_class: index of the class, only for "recall": the sample is then the images of that class.

    Returns:
        a number >= 0 (a negative estimate is set to 0); None for a single seed, fewer than 2 images, or a metric that is
        not defined in every resample.

    Raises:
        BadInput: an unknown metric; a class given for another metric than "recall", or missing for it; unequal numbers of
            seeds.
    """
    closed = {"accuracy": False, "recall": True}  # metrics with a closed form -> whether they need a class
    if metric not in closed and metric not in OF_CONFUSION + OF_MOMENTS:
        raise BadInput("image variance, metric", f"'{metric}'", f"one of {', '.join((*closed, *OF_CONFUSION, *OF_MOMENTS))}")
    if (of_class is not None) != closed.get(metric, False):
        raise BadInput("image variance, class", of_class, "a class for recall, none for any other metric")
    if len(outputs_a) != len(outputs_b) or not len(outputs_a):
        raise BadInput("image variance", f"{len(outputs_a)} and {len(outputs_b)} runs", "the same seeds in both")
    if metric in closed:
        rows = np.ones(len(targets), bool) if of_class is None else targets == of_class
        right = (np.stack([own.argmax(axis=1)[rows] == targets[rows] for own in of]) for of in (outputs_a, outputs_b))
        a, b = (each.astype(np.float64) for each in right)
        return shared_variance(a - b, a.shape[1])
    columns = moments if metric in OF_MOMENTS else confusion_columns
    own = [columns(targets, outputs) for outputs in (*outputs_a, *outputs_b)]
    means = resampled_means(np.concatenate(own, axis=1), RESAMPLES, seed=SEED)
    values = [metric_of_means(metric, each) for each in np.split(means, len(own), axis=1)]
    drawn = np.stack(values[: len(outputs_a)]) - np.stack(values[len(outputs_a) :])
    return shared_variance(drawn, 1) if np.isfinite(drawn).all() else None


def shared_variance(differences: NDArray[np.float64], n: int) -> float | None:
    """The mean covariance (ddof = 1) over all pairs of different rows, divided by n; a negative value is set to 0. None for
    fewer than 2 rows or columns.

    Args:
        differences: float (seeds, images), the difference of each image for each seed, with n = number of images; or float
            (seeds, resamples), the difference of each resample for each seed, with n = 1.
    """
    seeds, columns = differences.shape
    if seeds < 2 or columns < 2:
        return None
    mean = np.var(differences.mean(axis=0), ddof=1)
    own = np.var(differences, axis=1, ddof=1).mean()
    return max(0.0, float((seeds * mean - own) / (seeds - 1) / n))


def confusion_columns(targets: np.ndarray, outputs: np.ndarray) -> NDArray[np.float64]:
    """float64 (N, K^2): one-hot rows. Each marks the entry of the flattened confusion matrix (rows true, columns predicted)
    to which that image belongs."""
    k = outputs.shape[1]
    columns: NDArray[np.float64] = np.eye(k * k)[targets * k + outputs.argmax(axis=1)]
    return columns


def moments(targets: np.ndarray, outputs: np.ndarray) -> NDArray[np.float64]:
    """float64 (N, 10): the columns x, y, x^2, y^2, x y (x target, y output), first for valence, then for arousal."""
    targets, outputs = (np.asarray(each, np.float64) for each in (targets, outputs))
    own = [(x, y, x**2, y**2, x * y) for x, y in zip(targets.T, outputs.T, strict=True)]
    return np.stack([column for group in own for column in group], axis=1)


def metric_of_means(metric: str, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """A metric of `OF_CONFUSION` or `OF_MOMENTS` for each of n resamples; NaN where it is not defined.

    Args:
        means: means over each resample of the columns of `confusion_columns`, float (n, K^2), or of `moments`, (n, 10).

    Returns:
        float (n,).
    """
    if metric in OF_CONFUSION:
        k = round(np.sqrt(means.shape[1]))
        cells = means.reshape(-1, k, k)
        right, true, predicted = (cells.diagonal(axis1=1, axis2=2), cells.sum(axis=2), cells.sum(axis=1))
        parts = right / _positive(true) if metric == "balanced_accuracy" else 2 * right / _positive(true + predicted)
        mean: NDArray[np.float64] = np.where(true > 0, parts, np.nan).mean(axis=1, where=true > 0)
        return mean
    x, y, xx, yy, xy = (means[:, place::5] for place in range(5))
    values: NDArray[np.float64]
    with np.errstate(invalid="ignore"):  # 0/0 where targets and outputs are constant and equal
        if metric.startswith("ccc"):
            values = 2 * (xy - x * y) / ((xx - x**2) + (yy - y**2) + (x - y) ** 2)
        else:
            values = np.sqrt(np.maximum(xx - 2 * xy + yy, 0))
    of = metric.rsplit("_", 1)[1]
    return values.mean(axis=1) if of == "mean" else values[:, DIMENSIONS.index(of)]


def _positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, 1)
