"""Differences between two cells, or two rows of a table, on the same test images, and their tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.records.bootstrapping import resampled_means
from benchmark.records.comparisons import SPLIT, Comparison, ScoredRun
from benchmark.records.image_variance import metric_of_means, moments
from benchmark.records.intervals import Interval
from benchmark.records.metrics import PRIMARY
from benchmark.records.statistics import Difference, paired_t_over_seeds, sign_flip_exact

SEED = 0  # of the resamples of test images; the same for every pair, and fixed, so that the report is always the same


class Pair(NamedTuple):
    """The labels of two cells, a and b, and the one thing in which they differ (`question`)."""

    question: str
    a: str
    b: str


@dataclass(frozen=True)
class Tested:
    """The difference A minus B of two cells in the primary metric, over their common seeds.

    Attributes:
        over_images: mean difference, its bootstrap interval over test images, n = test images, p over images.
        over_seeds: the same mean difference, with interval and p of a paired t-test, n = common seeds.
        discordant: mean over the pairs of networks of the number of images that only A gets right, and that only B gets
            right; None for valence and arousal.
    """

    over_images: Difference
    over_seeds: Difference
    discordant: tuple[float, float] | None


def tested(
    a: Sequence[ScoredRun],
    b: Sequence[ScoredRun],
    resampled_a: Sequence[NDArray[np.float64]],
    resampled_b: Sequence[NDArray[np.float64]],
    task: str,
) -> Tested:
    """A minus B in the primary metric. Run i of `a` is paired with run i of `b`.

    Args:
        a, b: finished runs; the primary metric must be defined for each of them.
        resampled_a, resampled_b: for each run, its result of one call of `resample` for all runs together.
    """
    scores_a, scores_b = ([run.scores["none"][PRIMARY[task]] for run in runs] for runs in (a, b))
    over_seeds = paired_t_over_seeds(scores_a, scores_b)
    drawn = np.mean([x - y for x, y in zip(resampled_a, resampled_b, strict=True)], axis=0)
    interval = Interval(over_seeds.mean, None, None, len(a[0].record.outputs(SPLIT)[0]))
    if np.isfinite(drawn).all():
        low, high = np.quantile(drawn, [0.025, 0.975])
        interval = interval._replace(low=float(low), high=float(high))
    if task == "dimensional":
        return Tested(Difference(*interval, _normal_p(interval)), over_seeds, None)
    right_a, right_b = (np.stack([right(run) for run in runs]) for runs in (a, b))
    p = sign_flip_exact(right_a.sum(axis=0) - right_b.sum(axis=0))
    only_a, only_b = (float((x & ~y).sum(axis=1).mean()) for x, y in ((right_a, right_b), (right_b, right_a)))
    return Tested(Difference(*interval, p), over_seeds, (only_a, only_b))


def right(run: ScoredRun) -> NDArray[np.bool_]:
    """bool (N,): which test images a run classifies correctly."""
    targets, outputs = run.record.outputs(SPLIT)
    rows: NDArray[np.bool_] = outputs.argmax(axis=1) == targets
    return rows


def resampled(comparison: Comparison) -> dict[tuple[str, int], NDArray[np.float64]]:
    """(cell, seed) -> the primary metric on each resample of the test images, float (2000,). All runs use the same
    resamples."""
    runs = {(label, seed): run for label in comparison.runs for seed, run in finished_by_seed(comparison, label).items()}
    return dict(zip(runs, resample(list(runs.values()), comparison.task), strict=True))


def resample(runs: Sequence[ScoredRun], task: str) -> list[NDArray[np.float64]]:
    """For each of the given finished runs on the same test images: the primary metric on each resample, float (2000,)."""
    if not runs:
        return []
    if task == "dimensional":
        columns = [moments(*run.record.outputs(SPLIT)) for run in runs]
        value = partial(metric_of_means, PRIMARY[task])
    else:
        columns = [_accuracy_column(run) for run in runs]
        value = partial(np.squeeze, axis=1)
    means = resampled_means(np.concatenate(columns, axis=1), seed=SEED)
    width = columns[0].shape[1]
    return [value(means[:, width * place : width * (place + 1)]) for place in range(len(runs))]


def _accuracy_column(run: ScoredRun) -> NDArray[np.float64]:
    return right(run)[:, None].astype(np.float64)


def _normal_p(interval: Interval) -> float | None:
    if interval.low is None or interval.high is None:
        return None
    if interval.high == interval.low:
        return 1.0
    deviation = (interval.high - interval.low) / (2 * stats.norm.ppf(0.975))
    return float(2 * stats.norm.sf(abs(interval.mean) / deviation))


def finished_by_seed(comparison: Comparison, label: str) -> dict[int, ScoredRun]:
    """The runs of a cell that did not diverge, by seed."""
    return {run.record.seed: run for run in comparison.runs[label] if not run.record.diverged}
