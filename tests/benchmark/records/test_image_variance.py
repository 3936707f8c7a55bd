"""The variance over test images: by definition (pairs of seeds), by the metrics on drawn rows, by what was put in."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from benchmark.errors import BadInput
from benchmark.records.bootstrapping import resampled_means
from benchmark.records.image_variance import confusion_columns, image_variance, metric_of_means, moments, shared_variance
from benchmark.records.metrics import metric_function


def networks(rng, labels, k, seeds, skill, hard):
    """Scores of a cell's networks: `hard` is shared by all seeds, each adds its own noise."""
    return [skill * np.eye(k)[labels] + hard + 0.7 * rng.normal(size=hard.shape) for _ in range(seeds)]


def two_cells(seed=0, n=700, seeds=3, k=4):
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, n, p=[0.4, 0.3, 0.2, 0.1])
    hard = [rng.normal(size=(n, k)) for _ in range(3)]
    a, b = (networks(rng, labels, k, seeds, skill, hard[0] + own) for skill, own in ((2.0, hard[1]), (1.8, hard[2])))
    return labels, a, b


def by_pairs(differences):
    """The definition: the covariance of two seeds' differences over the columns, averaged over all pairs of seeds."""
    pairs = itertools.combinations(differences, 2)
    return np.mean([np.cov(x, y)[0, 1] for x, y in pairs])


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_accuracy_and_recall_by_definition(seeds):
    labels, a, b = two_cells(seeds=seeds)
    d = np.array([(x.argmax(1) == labels) * 1.0 - (y.argmax(1) == labels) for x, y in zip(a, b, strict=True)])
    assert image_variance("accuracy", labels, a, b) == pytest.approx(by_pairs(d) / 700, rel=1e-12)
    own = d[:, labels == 2]
    assert image_variance("recall", labels, a, b, 2) == pytest.approx(by_pairs(own) / own.shape[1], rel=1e-12)


def test_what_is_put_in_comes_out():
    """Seeds share sd 0.3 an image, each adds 0.8 of its own and a constant: 0.09 / n remains and nothing else."""
    rng, n, seeds = np.random.default_rng(0), 50_000, 4
    d = rng.normal(0, 0.3, n) + rng.normal(0, 0.8, (seeds, n)) + np.arange(seeds)[:, None]
    assert shared_variance(d, n) == pytest.approx(0.09 / n, rel=0.05)
    assert np.var(d.mean(axis=0), ddof=1) / n == pytest.approx((0.09 + 0.64 / seeds) / n, rel=0.05)  # with the seeds' part
    assert shared_variance(d - d.mean(axis=0), n) == 0  # nothing shared: the estimate is below 0
    assert shared_variance(d[:1], n) is None and shared_variance(d[:, :1], 1) is None


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_confusion_metrics_of_means_are_those_of_the_rows(metric):
    labels, (scores,), _ = two_cells(seeds=1, n=40)
    rng, of_rows = np.random.default_rng(1), metric_function(metric)
    rows = [rng.integers(0, 40, size) for size in (40, 40, 3, 2, 1)]  # the last ones lack classes
    rows.append(np.flatnonzero(scores.argmax(1) != labels)[:1])  # one image alone, for which another class is predicted
    means = np.stack([confusion_columns(labels, scores)[own].mean(axis=0) for own in rows])
    assert metric_of_means(metric, means) == pytest.approx([of_rows(labels[own], scores[own]) for own in rows], rel=1e-12)


@pytest.mark.parametrize("metric", [f"{name}_{of}" for name in ("ccc", "rmse") for of in ("valence", "arousal", "mean")])
def test_dimensional_metrics_of_means_are_those_of_the_rows(metric):
    rng = np.random.default_rng(0)
    targets, outputs = rng.uniform(-1, 1, (30, 2)), rng.normal(0, 0.5, (30, 2))
    rows = [rng.integers(0, 30, 30) for _ in range(4)]
    means = np.stack([moments(targets, outputs)[own].mean(axis=0) for own in rows])
    expected = [metric_function(metric)(targets[own], outputs[own]) for own in rows]
    assert metric_of_means(metric, means) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_confusion_metrics_against_resampling_with_scikit_learn(metric):
    """A plain loop with rows of its own, by formulas that agree with scikit-learn on some of them; balanced accuracy also in
    closed form, its classes' recalls being independent."""
    labels, a, b = two_cells(n=300)
    found, rng = image_variance(metric, labels, a, b), np.random.default_rng(9)
    drawn = [rng.integers(0, 300, 300) for _ in range(400)]

    def of_rows(own, scores):
        counts = np.bincount(4 * labels[own] + scores[own].argmax(1), minlength=16).reshape(4, 4)
        right, true = counts.diagonal(), counts.sum(1)
        return np.mean(right / true if metric == "balanced_accuracy" else 2 * right / (true + counts.sum(0)))

    theirs = {"balanced_accuracy": recall_score, "macro_f1": f1_score}[metric]
    for own in drawn[:20]:
        assert of_rows(own, a[0]) == pytest.approx(theirs(labels[own], a[0][own].argmax(1), average="macro"))
    pairs = zip(a, b, strict=True)
    d = [[of_rows(own, x) - of_rows(own, y) for own in drawn] for x, y in pairs]
    assert found == pytest.approx(by_pairs(np.array(d)), rel=0.35)
    if metric == "balanced_accuracy":
        parts = [image_variance("recall", labels, a, b, place) for place in range(4)]
        assert min(parts) > 0 and found == pytest.approx(sum(parts) / 16, rel=0.15)


def test_ccc_and_rmse_against_resampling():
    rng = np.random.default_rng(3)
    targets = rng.uniform(-1, 1, (250, 2))
    hard = rng.normal(0, 0.3, (3, 250, 2))
    a, b = (
        [scale * targets + hard[0] + hard[own] + rng.normal(0, 0.1, (250, 2)) for _ in range(3)]
        for own, scale in ((1, 0.8), (2, 0.5))
    )
    drawn = [rng.integers(0, 250, 250) for _ in range(500)]
    for metric in ("ccc_mean", "ccc_arousal", "rmse_mean", "rmse_valence"):
        of_rows = metric_function(metric)
        pairs = zip(a, b, strict=True)
        d = [[of_rows(targets[own], x[own]) - of_rows(targets[own], y[own]) for own in drawn] for x, y in pairs]
        assert image_variance(metric, targets, a, b) == pytest.approx(by_pairs(np.array(d)), rel=0.3), metric


@pytest.mark.parametrize("metric", ["macro_f1", "rmse_mean"])
def test_resamples_are_the_same_2000_each_time(metric):
    """As docs/reference/statistics.md says; another number or seed would move every p-value of the reports."""
    labels, a, b = two_cells(n=60)
    if metric == "rmse_mean":
        rng = np.random.default_rng(0)
        labels, a, b = rng.uniform(-1, 1, (60, 2)), [*rng.normal(size=(3, 60, 2))], [*rng.normal(size=(3, 60, 2))]
    columns = moments if metric == "rmse_mean" else confusion_columns
    of = [metric_of_means(metric, resampled_means(columns(labels, each), 2000, seed=0)) for each in (*a, *b)]
    assert image_variance(metric, labels, a, b) == pytest.approx(by_pairs(np.array(of[:3]) - np.array(of[3:])), rel=1e-9)


def test_equal_networks_have_none():
    labels, a, _ = two_cells()
    for metric in ("accuracy", "macro_f1"):
        assert image_variance(metric, labels, a, a) == 0


def test_undefined():
    labels, a, b = two_cells()
    assert image_variance("accuracy", labels, a[:1], b[:1]) is None
    assert image_variance("recall", np.zeros(700, int), a, b, 3) is None  # no image of that class
    targets = np.zeros((20, 2))
    assert image_variance("ccc_mean", targets, [targets] * 2, [targets] * 2) is None  # constant and equal: 0/0
    three = np.array([[0.0, 0], [0, 0], [0.5, 0.5]])
    assert image_variance("ccc_mean", three, [three] * 2, [three] * 2) is None  # so in some resamples, not in all


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda y, a, b: image_variance("kappa", y, a, b),
            "metric: found 'kappa'; expected one of accuracy, recall, balanced",
        ),
        (lambda y, a, b: image_variance("recall", y, a, b), "class: found None"),
        (lambda y, a, b: image_variance("accuracy", y, a, b, 1), "class: found 1"),
        (lambda y, a, b: image_variance("accuracy", y, a, b[:2]), "3 and 2 runs"),
        (lambda y, a, b: image_variance("accuracy", y, [], []), "0 and 0 runs"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(BadInput, match=message):
        call(*two_cells(n=20))
