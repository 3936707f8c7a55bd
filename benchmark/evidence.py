"""What a cell's runs say about a number, and two cells' runs about each other (rules: docs/protocol.md, "Verdicts")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from benchmark.errors import BadInput
from benchmark.metrics import DIMENSIONS, METRICS, metric_function
from benchmark.statistics import (
    Difference,
    Interval,
    holm,
    mcnemar_exact,
    paired_bootstrap,
    paired_t_over_seeds,
    prediction_interval_new_run,
    prediction_interval_new_score,
)

SPLIT = "test"
RMSE = {**{f"rmse_{name}": (column,) for column, name in enumerate(DIMENSIONS)}, "rmse_mean": (0, 1)}
PREDICTABLE = ("accuracy", *RMSE)  # metrics whose spread over test samples is known in closed form


@dataclass(frozen=True)
class Compared:
    """Cell a against cell b on the seeds that both finished.

    Attributes:
        difference: a - b of the metric, t-interval and p over seeds.
        favours_a: whether the mean difference is on the better side of the metric for a; None where it is 0.
        pairs: seed -> two-sided p of that pair over test images.
        p_images: twice the median of `pairs` (pairs against the mean difference entering as 1), at most 1.
        holm_images, holm_seeds: adjusted over the family; None before `adjusted`, or without a test.
    """

    difference: Difference
    favours_a: bool | None
    pairs: Mapping[int, float]
    p_images: float
    holm_images: float | None = None
    holm_seeds: float | None = None
    family: int = 0


def value(scores: Mapping, metric: str, of_class: str | None) -> float | None:
    """A metric of `benchmark.metrics`' dictionary; with `of_class` one entry of recall, precision or f1."""
    return scores[metric] if of_class is None else scores[metric][list(scores["classes"]).index(of_class)]


def compare(
    runs_a: Mapping[int, object], runs_b: Mapping[int, object], metric: str, of_class: str | None
) -> Compared | None:
    """Both tests of two cells; None where the metric is not defined in a run.

    Args:
        runs_a, runs_b: seed -> `benchmark.report.summary.Run` that finished, same seeds, of one comparison.
        metric: a name of `METRICS`, or "recall" with `of_class`.

    Raises:
        BadInput: other seeds in a than in b.
    """
    if not runs_a or set(runs_a) != set(runs_b):
        raise BadInput("comparison", f"seeds {sorted(runs_a)} and {sorted(runs_b)}", "the same seeds in both")
    values = [[value(runs[s].scores["none"], metric, of_class) for s in sorted(runs_a)] for runs in (runs_a, runs_b)]
    if None in values[0] + values[1]:
        return None
    difference = paired_t_over_seeds(*values)
    pairs = {s: _over_images(runs_a[s].record, runs_b[s].record, metric, of_class, s) for s in sorted(runs_a)}
    better = difference.mean * (-1 if metric in METRICS and METRICS[metric].direction == "lower" else 1)
    return Compared(
        difference, None if better == 0 else better > 0, pairs, combined(list(pairs.values()), np.subtract(*values))
    )


def combined(p_values: Sequence[float], differences: Sequence[float]) -> float:
    """One p over test images from those of the seed pairs, which share their images: twice the median, at most 1.

    Args:
        p_values: two-sided, one a pair.
        differences: the pairs' a - b; a pair against the mean of them enters as 1.
    """
    mean = float(np.mean(differences))
    entering = [1.0 if own * mean <= 0 else p for p, own in zip(p_values, differences, strict=True)]
    return min(1.0, 2 * float(np.median(entering)))


def adjusted(family: Mapping[object, Compared]) -> dict[object, Compared]:
    """The comparisons with Holm's p-values, over images and over seeds each by themselves."""
    keys = list(family)
    images = dict(zip(keys, holm([family[key].p_images for key in keys]), strict=True))
    tested = [key for key in keys if family[key].difference.p is not None]
    seeds = dict(zip(tested, holm([family[key].difference.p for key in tested]), strict=True))
    return {k: replace(family[k], holm_images=images[k], holm_seeds=seeds.get(k), family=len(keys)) for k in keys}


def prediction(runs: Sequence[object], metric: str) -> Interval | None:
    """Where one more run on a new test sample of the same size is expected; None where the metric is not defined.

    Args:
        runs: `benchmark.report.summary.Run` that finished, one a seed.
        metric: one of `PREDICTABLE`.
    """
    values = [run.scores["none"][metric] for run in runs]
    if None in values:
        return None
    predictions = [run.record.outputs(SPLIT) for run in runs]
    if metric == "accuracy":
        return prediction_interval_new_run(values, len(predictions[0][0]))
    variance = float(np.mean([rmse_variance(*each, RMSE[metric]) for each in predictions]))
    return prediction_interval_new_score(values, variance)


def rmse_variance(targets: np.ndarray, outputs: np.ndarray, columns: Sequence[int]) -> float:
    """Variance over test samples of the mean of the columns' RMSE, by the delta method: images independent.

    An image with squared error e^2 moves a column's root r by (e^2 - r^2) / (2 r N).
    """
    squares = (np.asarray(outputs, np.float64) - np.asarray(targets, np.float64))[:, list(columns)] ** 2
    influence = (squares / (2 * np.sqrt(squares.mean(axis=0)))).mean(axis=1)
    return float(np.var(influence, ddof=1) / len(influence))


def _over_images(a, b, metric: str, of_class: str | None, seed: int) -> float:
    (targets, outputs_a), (_, outputs_b) = a.outputs(SPLIT), b.outputs(SPLIT)
    if metric == "accuracy" or of_class is not None:
        rows = np.ones(len(targets), bool) if of_class is None else targets == list(a["classes"]).index(of_class)
        right = [outputs.argmax(axis=1)[rows] == targets[rows] for outputs in (outputs_a, outputs_b)]
        return mcnemar_exact(*right).p
    interval = paired_bootstrap(metric_function(metric), targets, outputs_a, outputs_b, seed=seed)
    if interval.low is None or interval.high == interval.low:
        return 1.0
    deviation = (interval.high - interval.low) / (2 * stats.norm.ppf(0.975))
    return float(2 * stats.norm.sf(abs(interval.mean) / deviation))
