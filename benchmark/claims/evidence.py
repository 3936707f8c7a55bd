"""The statistics behind the verdicts: the prediction for one cell, the test of two cells, and the Holm adjustment of a
family (rules: docs/reference/rules.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.records.image_variance import image_variance
from benchmark.records.intervals import Interval
from benchmark.records.joint_test import JointDifference, joint_difference
from benchmark.records.metrics import METRICS, SMALLEST_DIFFERENCE, defined
from benchmark.records.prediction_intervals import prediction_interval_new_run, prediction_interval_new_score
from benchmark.records.selection_metric import DIMENSIONS
from benchmark.records.statistics import holm

if TYPE_CHECKING:
    from benchmark.records.comparisons import ScoredRun

SPLIT = "test"
RMSE: dict[str, tuple[int, ...]] = {
    **{f"rmse_{name}": (column,) for column, name in enumerate(DIMENSIONS)},
    "rmse_mean": (0, 1),
}
PREDICTABLE = ("accuracy", *RMSE)  # metrics whose variance over test samples is known in closed form
FITTING = "train_loss"  # training loss of the last epoch; the only comparable number that uses no test images
COMPARABLE = (*(name for name in SMALLEST_DIFFERENCE if name != "recall"), FITTING)

# Identifies a comparison: role, protocol, a, b, metric, class, number of seeds, whether it is only shown beside a verdict.
Key = tuple[str, str, str, str, str, str | None, int, bool]


@dataclass(frozen=True)
class Compared:
    """Cell a compared with cell b, on the planned seeds that both finished.

    Attributes:
        joint: the difference a - b of the metric, with its tests; None if one cell trained in every seed and the other in
            none.
        favours_a: whether a is better than b in the metric; None if the mean difference is 0.
        p: two-sided p-value of the test for a difference, or of the exact test of who trains. None without a test.
        p_equivalent: p-value of the equivalence test. None without a test.
        holm, holm_equivalent: `p` and `p_equivalent` adjusted over the family, each kind separately. None without a test,
            and before `adjusted` was called.
        family: number of comparisons in the family.
    """

    joint: JointDifference | None
    favours_a: bool | None
    p: float | None
    p_equivalent: float | None = None
    holm: float | None = None
    holm_equivalent: float | None = None
    family: int = 0


def value(scores: Mapping[str, Json], metric: str, of_class: str | None) -> float | None:
    """A metric from a run's scores (`benchmark.records.metrics.categorical` or `dimensional`). With `of_class`: the entry of
    recall, precision or f1 for that class."""
    found: float | None
    found = scores[metric] if of_class is None else scores[metric][list(scores["classes"]).index(of_class)]
    return found


def compare(
    runs_a: "Mapping[int, ScoredRun]", runs_b: "Mapping[int, ScoredRun]", metric: str, of_class: str | None
) -> Compared | None:
    """The test for a difference between two cells and the equivalence test. None if the metric is not defined in a run.

    Args:
        runs_a, runs_b: seed -> finished `benchmark.records.comparisons.ScoredRun`, with the same seeds, of one Comparison.
        metric: one of `COMPARABLE`, or "recall" with `of_class`.

    Raises:
        BadInput: the seeds of a and b differ.
    """
    if not runs_a or set(runs_a) != set(runs_b):
        raise BadInput("comparison", f"seeds {sorted(runs_a)} and {sorted(runs_b)}", "the same seeds in both")
    of_seeds = [[runs[s] for s in sorted(runs_a)] for runs in (runs_a, runs_b)]
    values_a, values_b = (defined(measured_value(run, metric, of_class) for run in runs) for runs in of_seeds)
    if values_a is None or values_b is None:
        return None
    variance: float | None = 0.0
    if metric != FITTING:
        first = of_seeds[0][0].record
        outputs_a, outputs_b = ([run.record.outputs(SPLIT)[1] for run in runs] for runs in of_seeds)
        index = None if of_class is None else list(first["classes"]).index(of_class)
        variance = image_variance(metric, first.outputs(SPLIT)[0], outputs_a, outputs_b, index)
    joint = joint_difference(np.subtract(values_a, values_b), variance, SMALLEST_DIFFERENCE.get(metric))
    better = joint.mean * (-1 if metric == FITTING or (metric in METRICS and METRICS[metric].direction == "lower") else 1)
    return Compared(joint, None if better == 0 else better > 0, joint.p, joint.p_equivalent)


def measured_value(run: "ScoredRun", metric: str, of_class: str | None = None) -> float | None:
    """A run's metric on the test images, or its training loss in the last epoch; None if the metric is not defined."""
    if metric == FITTING:
        loss: float | None = run.record["history"][-1]["train_loss"]
        return loss
    return value(run.scores["none"], metric, of_class)


def who_trains(n_a: int, n_b: int, a_trains: bool) -> Compared:
    """Fisher's exact test for n_a runs of cell a and n_b runs of cell b, where all runs of one cell diverged and none of the
    other. `a_trains`: whether a is the cell that trains."""
    table = [[n_a, 0], [0, n_b]]  # the same p-value if it is b that trains
    return Compared(None, a_trains, float(stats.fisher_exact(table).pvalue))


def adjusted(family: Mapping[Key, Compared | None]) -> dict[Key, Compared | None]:
    """The comparisons of a family with their p-values adjusted by Holm. Tests for a difference and equivalence tests are
    adjusted separately.

    A planned comparison that is not complete yet (None), or that has no test, enters with p = 1. So the family has its
    final size from the start: when further runs come, an adjusted p-value can fall but never rise.
    """
    keys = list(family)
    found: dict[str, dict[Key, float | None]] = {}
    for kind in ("p", "p_equivalent"):
        own: list[float | None] = [None if family[key] is None else getattr(family[key], kind) for key in keys]
        all_adjusted = holm([1.0 if p is None else p for p in own])
        found[kind] = {key: None if p is None else new for key, p, new in zip(keys, own, all_adjusted, strict=True)}
    return {
        key: each and replace(each, holm=found["p"][key], holm_equivalent=found["p_equivalent"][key], family=len(keys))
        for key, each in family.items()
    }


def prediction(runs: "Sequence[ScoredRun]", metric: str) -> Interval | None:
    """Prediction interval for one more run on a new test sample of the same size. None if the metric is not defined.

    Args:
        runs: finished `benchmark.records.comparisons.ScoredRun`, one per seed.
        metric: one of `PREDICTABLE`.
    """
    values = defined(run.scores["none"][metric] for run in runs)
    if values is None:
        return None
    predictions = [run.record.outputs(SPLIT) for run in runs]
    if metric == "accuracy":
        return prediction_interval_new_run(values, len(predictions[0][0]))
    variance = float(np.mean([rmse_variance(targets, outputs, RMSE[metric]) for targets, outputs in predictions]))
    return prediction_interval_new_score(values, variance)


def rmse_variance(targets: np.ndarray, outputs: np.ndarray, columns: Sequence[int]) -> float:
    """Variance over test samples of the mean of the columns' RMSE, by the delta method, for independent images.

    An image with squared error e^2 changes the RMSE r of a column by (e^2 - r^2) / (2 r N).
    """
    squares = (np.asarray(outputs, np.float64) - np.asarray(targets, np.float64))[:, list(columns)] ** 2
    influence = (squares / (2 * np.sqrt(squares.mean(axis=0)))).mean(axis=1)
    return float(np.var(influence, ddof=1) / len(influence))
