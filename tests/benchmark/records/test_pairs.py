"""Pairs of cells against plain recomputations: which runs, which resamples, which side is which."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.records import pairs
from benchmark.records.bootstrapping import resampled_means
from benchmark.records.comparisons import ScoredRun
from benchmark.records.image_variance import metric_of_means, moments
from benchmark.records.metrics import metric_function
from benchmark.records.statistics import paired_t_over_seeds, sign_flip_exact


def scored(outputs, targets, metric, seed=0):
    """A run of these test outputs, with its score; those of validation are others."""
    of = {"test": (targets, outputs)}
    other = np.zeros_like(targets), np.zeros_like(outputs)
    record = SimpleNamespace(seed=seed, diverged=False, outputs=lambda split, tta="none": of.get(split, other))
    return ScoredRun(record, {"none": {metric: metric_function(metric)(targets, outputs)}, "flip": {metric: -9.0}})


@pytest.fixture(scope="module")
def classified():
    """Labels, and three runs each of two cells."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 60)
    hard, cells = rng.normal(size=(60, 4)), []
    for skill in (2.0, 1.4):
        outputs = [skill * np.eye(4)[labels] + hard + rng.normal(0, 0.8, (60, 4)) for _ in range(3)]
        cells.append([scored(each, labels, "accuracy", seed) for seed, each in enumerate(outputs)])
    return labels, cells


def test_a_pair_of_cells_by_hand(classified):
    labels, (a, b) = classified
    resampled = [pairs.resample(own, "categorical") for own in (a, b)]
    found = pairs.tested(a, b, *resampled, "categorical")
    right = [np.array([run.record.outputs("test")[1].argmax(1) == labels for run in own]) for own in (a, b)]
    accuracies = [own.mean(axis=1) for own in right]
    assert found.over_seeds == paired_t_over_seeds(*accuracies) and found.over_seeds.mean > 0
    drawn = resampled_means((right[0].mean(axis=0) - right[1].mean(axis=0))[:, None], 2000, seed=0)[:, 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    mean = (accuracies[0] - accuracies[1]).mean()
    assert found.over_images[:4] == pytest.approx((mean, low, high, 60))
    assert found.over_images.p == sign_flip_exact(right[0].sum(0) - right[1].sum(0))
    both = (right, right[::-1])
    only = [[sum(x[k] and not y[k] for k in range(60)) for x, y in zip(*own, strict=True)] for own in both]
    assert found.discordant == (np.mean(only[0]), np.mean(only[1])) and only[0] != only[1]
    turned = pairs.tested(b, a, *resampled[::-1], "categorical")
    assert turned.over_images[:3] == pytest.approx((-mean, -high, -low)) and turned.discordant == found.discordant[::-1]


def test_a_pair_of_valence_and_arousal_by_hand():
    rng, cells = np.random.default_rng(1), []
    targets = rng.uniform(-1, 1, (50, 2))
    for size in (0.9, 0.7):
        cells.append([scored(size * targets + rng.normal(0, 0.4, (50, 2)), targets, "ccc_mean") for _ in range(2)])
    resampled = [pairs.resample(own, "dimensional") for own in cells]
    alone = resampled_means(moments(*cells[1][1].record.outputs("test")), 2000, seed=0)
    assert resampled[1][1] == pytest.approx(metric_of_means("ccc_mean", alone))
    found = pairs.tested(*cells, *resampled, "dimensional")
    drawn = np.mean([x - y for x, y in zip(*resampled, strict=True)], axis=0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.over_images[1:4] == pytest.approx((low, high, 50)) and found.discordant is None
    error = (high - low) / (2 * 1.959963985)
    assert found.over_images.p == pytest.approx(2 * stats.norm.sf(abs(found.over_images.mean) / error))
    assert pairs.resample([], "categorical") == []


def test_runs_that_diverged_are_in_no_pair(classified):
    labels, (a, b) = classified
    lost = ScoredRun(SimpleNamespace(seed=7, diverged=True), {})
    comparison = SimpleNamespace(runs={"a": (*a, lost), "b": tuple(b)}, task="categorical")
    assert list(pairs.finished_by_seed(comparison, "a")) == [0, 1, 2]
    found = pairs.resampled(comparison)
    assert list(found) == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    right = (b[2].record.outputs("test")[1].argmax(1) == labels).astype(float)
    assert found["b", 2] == pytest.approx(resampled_means(right[:, None], 2000, seed=0)[:, 0])
