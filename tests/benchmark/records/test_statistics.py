"""Intervals and tests against second implementations (statsmodels, plain formulas), and their simulated coverage.

The coverage tests print what they measure (`pytest -s -m slow`); docs/reference/statistics.md quotes those figures.
"""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from scipy import special

from benchmark.claims.evidence import rmse_variance
from benchmark.errors import BadInput
from benchmark.records.bootstrapping import bootstrap, changes_without_rows, paired_bootstrap, resampled_means
from benchmark.records.intervals import Interval, accuracy_interval, t_interval
from benchmark.records.metrics import metric_function
from benchmark.records.prediction_intervals import prediction_interval_new_run, prediction_interval_new_score
from benchmark.records.selection_metric import accuracy
from benchmark.records.statistics import (
    Difference,
    difference_interval,
    holm,
    mcnemar_exact,
    paired_t_over_seeds,
    sign_flip_exact,
)

# ---------------------------------------------------------------- values


def test_t_interval_by_table():
    """1..5: s^2 = 2.5; the 97.5 % quantile of t with 4 degrees of freedom is 2.776 in every table."""
    mean, low, high, n = t_interval([1, 2, 3, 4, 5])
    half = 2.776445 * math.sqrt(2.5 / 5)
    assert (mean, n) == (3, 5) and (low, high) == pytest.approx((3 - half, 3 + half), abs=1e-5)
    assert t_interval([1, 2, 3, 4, 5], 0.5).high < high


def test_a_small_spread_is_one():
    """One image of ten billion is no rounding."""
    assert t_interval([0.7, 0.7 + 1e-10]).high > 0.7 > t_interval([0.7, 0.7 + 1e-10]).low


@pytest.mark.parametrize("values", [[0.7], [0.7, 0.7, 0.7], [0.1 + 0.2, 0.3]])
def test_no_spread_no_interval(values):
    assert t_interval(values) == Interval(pytest.approx(values[0]), None, None, len(values))


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (1, 10), (72, 100), (2567, 3589), (10, 10)])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_accuracy_interval(correct, n, confidence):
    z, p = special.ndtri((1 + confidence) / 2), correct / n
    centre, scale = (p + z**2 / (2 * n)) / (1 + z**2 / n), z / (1 + z**2 / n)
    half = scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    found = accuracy_interval(correct, n, confidence)
    assert found == pytest.approx((p, centre - half, centre + half, n), abs=1e-12)
    tail = (1 - confidence) / 2
    low = special.betaincinv(correct, n - correct + 1, tail) if correct else 0
    high = special.betaincinv(correct + 1, n - correct, 1 - tail) if correct < n else 1
    assert accuracy_interval(correct, n, confidence, "exact") == pytest.approx((p, low, high, n), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_mcnemar_against_binomial_sum(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random(60) < 0.8, rng.random(60) < 0.6
    p, only_a, only_b = mcnemar_exact(a, b)
    assert only_a == sum(x and not y for x, y in zip(a, b, strict=True))
    assert only_b == sum(y and not x for x, y in zip(a, b, strict=True))
    n, k = only_a + only_b, min(only_a, only_b)
    assert p == pytest.approx(min(1, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n))
    assert mcnemar_exact(b, a) == (p, only_b, only_a)


def test_mcnemar_without_a_difference():
    right = np.array([True, False, True])
    assert mcnemar_exact(right, right) == (1, 0, 0)


def test_holm_by_hand():
    """Sorted .01 .02 .03 .04 times 4 3 2 1 gives .04 .06 .06 .04, made monotone: .04 .06 .06 .06."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1]) and holm([]) == [] and holm([0.2]) == [0.2]


@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_holm_against_statsmodels(size):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(size)
    for p in (rng.random(size), rng.random(size) ** 4, np.round(rng.random(size), 1), np.zeros(size)):
        assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1].tolist(), rel=1e-12)


def test_paired_t_against_one_sample_formula():
    a, b = np.array([0.70, 0.72, 0.69, 0.74]), np.array([0.68, 0.71, 0.69, 0.70])
    found = paired_t_over_seeds(a, b)
    d = a - b
    error = d.std(ddof=1) / 2
    assert found[:4] == t_interval(d) and found.mean == pytest.approx(0.0175)
    assert found.high - found.mean == pytest.approx(3.182446 * error, rel=1e-5)  # t(3), 97.5 %
    assert found.p == pytest.approx(2 * special.stdtr(3, -found.mean / error))
    edge = paired_t_over_seeds(a, b, 1 - found.p)
    assert edge.low == pytest.approx(0, abs=1e-12)  # interval and test agree


@pytest.mark.parametrize(("a", "b"), [([0.7], [0.6]), ([0.7, 0.8], [0.6, 0.7])])
def test_paired_t_without_spread(a, b):
    assert paired_t_over_seeds(a, b) == Difference(pytest.approx(0.1), None, None, len(a), None)


def test_welch_against_statsmodels():
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.7, 0.03, 5), rng.normal(0.68, 0.01, 8)
    compare = weightstats.CompareMeans(weightstats.DescrStatsW(a), weightstats.DescrStatsW(b))
    low, high = compare.tconfint_diff(usevar="unequal")
    found = difference_interval(a, b)
    assert found == pytest.approx((a.mean() - b.mean(), low, high, 13, compare.ttest_ind(usevar="unequal")[1]))


def test_welch_where_one_cell_alone_has_a_spread_and_at_another_level():
    """Against the interval by hand: with a constant b it is that of a's mean, n_a - 1 degrees of freedom."""
    a, b = [0.70, 0.72, 0.77], [0.6, 0.6]
    for confidence, quantile in ((0.95, 4.302653), (0.8, 1.885618)):  # t(2) by table
        half = quantile * np.std(a, ddof=1) / math.sqrt(3)
        found = difference_interval(a, b, confidence)
        assert (found.low, found.high) == pytest.approx((0.13 - half, 0.13 + half), abs=1e-6) and found.p < 0.05
    assert difference_interval(b, a).high == pytest.approx(-difference_interval(a, b).low)


@pytest.mark.parametrize(("a", "b"), [([0.7], [0.6, 0.65]), ([0.7, 0.7], [0.6, 0.6])])
def test_welch_without_spread(a, b):
    found = difference_interval(a, b)
    assert found.mean == pytest.approx(np.mean(a) - np.mean(b)) and found[1:] == (None, None, len(a) + len(b), None)


def paired_models(rng, n, k=4, skill=(1.6, 1.3), shared=0.8):
    """Labels and logits of two models whose errors are correlated because the images are hard for both."""
    labels = rng.choice(k, n, p=np.array([0.5, 0.25, 0.15, 0.1]))
    noise = rng.normal(size=(n, k))
    own = [np.sqrt(shared) * noise + np.sqrt(1 - shared) * rng.normal(size=(n, k)) for _ in range(2)]
    return labels, *(s * np.eye(k)[labels] + noise for s, noise in zip(skill, own, strict=True))


def hit_rate(labels, scores):
    return np.mean(scores.argmax(axis=1) == labels)


def test_paired_bootstrap_of_accuracy_against_normal_theory():
    labels, a, b = paired_models(np.random.default_rng(0), 1500)
    difference = (a.argmax(1) == labels).astype(float) - (b.argmax(1) == labels)
    mean, low, high, n = paired_bootstrap(accuracy, labels, a, b, seed=1)
    half = 1.959964 * difference.std() / math.sqrt(1500)
    assert (mean, n) == (pytest.approx(difference.mean()), 1500)
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.1 * half)
    # An unpaired interval would be far wider: the pairing must show.
    rates = [hit_rate(labels, s) for s in (a, b)]
    unpaired = 1.959964 * math.sqrt(sum(r * (1 - r) for r in rates) / 1500)
    assert (high - low) / 2 < 0.8 * unpaired


def test_paired_bootstrap_against_plain_loop():
    labels, a, b = paired_models(np.random.default_rng(3), 200)
    metric = metric_function("brier")
    found = paired_bootstrap(metric, labels, a, b, n=300, seed=0)
    rng = np.random.default_rng(99)
    loop = []
    for _ in range(300):
        rows = rng.integers(0, 200, 200)
        loop.append(metric(labels[rows], a[rows]) - metric(labels[rows], b[rows]))
    low, high = np.quantile(loop, [0.025, 0.975])
    width = high - low
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.15 * width)
    assert found.mean == metric(labels, a) - metric(labels, b)
    assert found == paired_bootstrap(metric, labels, a, b, n=300, seed=0)
    assert found != paired_bootstrap(metric, labels, a, b, n=300, seed=1)


def test_paired_bootstrap_of_two_dimensional_targets():
    rng = np.random.default_rng(0)
    targets = rng.uniform(-1, 1, (150, 2))
    good, poor = (targets + rng.normal(0, s, (150, 2)) for s in (0.2, 0.5))
    found = paired_bootstrap(metric_function("ccc_mean"), targets, good, poor, n=200, seed=0)
    assert 0 < found.low < found.mean < found.high


def test_paired_bootstrap_of_equal_models_is_zero():
    labels, a, _ = paired_models(np.random.default_rng(0), 50)
    assert paired_bootstrap(accuracy, labels, a, a, n=50, seed=0) == (0, 0, 0, 50)


def test_paired_bootstrap_where_a_resample_is_undefined():
    """With two rows, a resample that repeats one has a single class: ROC-AUC is None there, so is the interval."""
    labels, scores = np.array([0, 1]), np.eye(2)
    assert paired_bootstrap(metric_function("roc_auc"), labels, scores, -scores, n=50, seed=0) == (1, None, None, 2)


@pytest.mark.parametrize(("confidence", "seed"), [(0.95, 0), (0.8, 5)])
def test_changes_without_rows_are_those_of_the_paired_bootstrap(confidence, seed):
    """Against scipy's bootstrap of the same statistic, a column and a resample at a time."""
    rng = np.random.default_rng(1)
    columns, kept = rng.integers(0, 4, (130, 3)) / 3, rng.random(130) < 0.4
    found = changes_without_rows(columns, kept, 230, seed=seed, confidence=confidence)

    def mean(_, rows):
        return float(np.average(rows[:, 0], weights=rows[:, 1]))

    for own, column in zip(found, columns.T, strict=True):
        some, every = (np.stack([column, weight], axis=1) for weight in (kept, np.ones(130)))
        assert own == pytest.approx(
            paired_bootstrap(mean, column, some, every, 230, seed=seed, confidence=confidence), rel=1e-12
        )
    assert len({own.low for own in found}) == 3


def test_changes_without_rows_where_a_resample_has_none_of_them():
    columns, kept = np.array([[1.0, 0.0], [0.0, 0.5]]), np.array([True, False])
    assert changes_without_rows(columns, kept, 50, seed=0) == [(0.5, None, None, 2), (-0.25, None, None, 2)]


def test_bootstrap_of_one_model_against_normal_theory():
    labels, scores, _ = paired_models(np.random.default_rng(0), 800)
    right = scores.argmax(1) == labels
    half = 1.959964 * math.sqrt(right.mean() * (1 - right.mean()) / 800)
    found = bootstrap(accuracy, labels, scores, seed=1)
    assert (found.mean, found.n) == (pytest.approx(right.mean()), 800)
    assert (found.low, found.high) == pytest.approx((right.mean() - half, right.mean() + half), abs=0.1 * half)
    assert bootstrap(metric_function("roc_auc"), np.array([0, 1]), np.eye(2), n=50, seed=0) == (1, None, None, 2)


def test_bootstrap_is_the_percentile_one_over_as_many_resamples_as_asked():
    """No resample has a larger maximum than the sample: a percentile interval ends there, a basic one begins there."""
    scores, calls = np.random.default_rng(0).exponential(size=60), []

    def largest(_, own):
        calls.append(len(own))
        return own.max()

    found = bootstrap(largest, np.zeros(60, int), scores, n=70, seed=0)
    assert found.high == found.mean == scores.max() > found.low
    assert calls == [60] * 71  # the sample itself, and 70 resamples of its size
    narrow, wide = (bootstrap(lambda _, s: s.mean(), scores, scores, 400, seed=0, confidence=c) for c in (0.5, 0.95))
    assert (narrow.high - narrow.low) / (wide.high - wide.low) == pytest.approx(0.674490 / 1.959964, rel=0.15)


def test_resampled_means_are_means_of_every_row_alike():
    found = resampled_means(np.eye(6), 900, seed=3)
    assert found.mean(axis=0) == pytest.approx(np.full(6, 1 / 6), abs=4 * math.sqrt(5 / 36 / 6 / 900))
    assert found.sum(axis=1) == pytest.approx(1) and set(np.unique(np.round(found * 6))) <= set(range(7))


def test_resampled_means_are_means_of_equally_drawn_rows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(70, 2))
    columns = np.column_stack([values, values.sum(axis=1), np.ones(70)])
    found = resampled_means(columns, 330, seed=4)
    assert found.shape == (330, 4) and found[:, 3] == pytest.approx(1)
    assert found[:, 2] == pytest.approx(found[:, 0] + found[:, 1])  # the same rows for every column
    error = values.std(axis=0) / math.sqrt(70)
    assert found[:, :2].std(axis=0) == pytest.approx(error, rel=0.15)
    assert found[:, :2].mean(axis=0) == pytest.approx(values.mean(axis=0), abs=4 * error.max() / math.sqrt(330))
    assert np.array_equal(found, resampled_means(columns, 330, seed=4))
    assert not np.array_equal(found, resampled_means(columns, 330, seed=5))


@pytest.mark.parametrize("seed", range(6))
def test_sign_flips_against_their_enumeration(seed):
    d = np.random.default_rng(seed).integers(-4, 5, 11)
    sums = [np.dot(signs, d) for signs in itertools.product((-1, 1), repeat=len(d))]
    assert sign_flip_exact(d) == pytest.approx(np.mean(np.abs(sums) >= abs(d.sum())))
    assert sign_flip_exact(-d) == sign_flip_exact(d) == sign_flip_exact(np.append(d, [0, 0]))


@pytest.mark.parametrize("n", [60, 3589])
def test_sign_flips_of_two_networks_are_mcnemar(n):
    rng = np.random.default_rng(n)
    a, b = rng.random(n) < 0.8, rng.random(n) < 0.76
    assert sign_flip_exact(a.astype(int) - b) == pytest.approx(mcnemar_exact(a, b).p, rel=1e-9)


def test_sign_flips_of_many_images_against_normal_theory():
    d = np.random.default_rng(0).binomial(5, 0.7, 100_000) - np.random.default_rng(1).binomial(5, 0.698, 100_000)
    z = abs(d.sum()) / math.sqrt((d**2).sum())
    assert 1 < z < 5 and sign_flip_exact(d) == pytest.approx(2 * special.ndtr(-z), rel=0.02)
    assert sign_flip_exact(np.zeros(3, int)) == 1 and sign_flip_exact(np.full(5000, 2)) < 1e-30


def test_prediction_interval_by_hand():
    values, n_test = [0.70, 0.72, 0.74], 1000
    seeds = 0.0004 * (1 + 1 / 3)
    same = prediction_interval_new_run(values, None)
    assert same.high - same.mean == pytest.approx(4.302653 * math.sqrt(seeds), rel=1e-6)  # t(2), 97.5 %
    p = 722 / 1004
    test = 2 * p * (1 - p) / n_test
    new = prediction_interval_new_run(values, n_test)
    assert new.high - new.mean == pytest.approx(math.sqrt(4.302653**2 * seeds + 1.959964**2 * test), rel=1e-6)
    assert new.mean == pytest.approx(0.72) and new.n == 3 and new.mean - new.low == pytest.approx(new.high - new.mean)


def test_prediction_interval_at_the_edges():
    assert prediction_interval_new_run([0.7], 100) == Interval(0.7, None, None, 1)
    assert prediction_interval_new_run([0.7, 0.7], None) == Interval(0.7, None, None, 2)
    perfect = prediction_interval_new_run([1.0, 1.0, 1.0], 100)  # no spread between seeds: the test part remains
    p = 102 / 104
    assert perfect == pytest.approx((1, 1 - 1.959964 * math.sqrt(2 * p * (1 - p) / 100), 1, 3), rel=1e-6)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: t_interval([]), r"values: found shape \(0,\)"),
        (lambda: t_interval([0.1, math.nan]), "1 not finite"),
        (lambda: t_interval([[0.1, 0.2]]), r"shape \(1, 2\)"),
        (lambda: t_interval([0.1, 0.2], 95), "confidence: found 95"),
        (lambda: accuracy_interval(5, 4), "5 correct of 4"),
        (lambda: accuracy_interval(0, 0), "0 correct of 0"),
        (lambda: accuracy_interval(1, 2, method="wald"), "'wald'"),
        (lambda: accuracy_interval(1, 2, 1.0), "confidence"),
        (lambda: accuracy_interval(1, 2, 0), "confidence: found 0"),
        (lambda: mcnemar_exact(np.array([1, 0]), np.array([1, 1])), "int64"),
        (lambda: mcnemar_exact(np.array([True]), np.array([True, False])), r"bool \(1,\) and bool \(2,\)"),
        (lambda: mcnemar_exact(np.zeros(0, bool), np.zeros(0, bool)), r"\(0,\)"),
        (lambda: sign_flip_exact(np.ones(3)), r"float64 \(3,\)"),
        (lambda: sign_flip_exact(np.zeros(0, int)), r"\(0,\)"),
        (lambda: resampled_means(np.zeros((0, 2)), seed=0), r"shape \(0, 2\)"),
        (lambda: bootstrap(accuracy, np.zeros(2, int), np.eye(3), seed=0), "2 labels, 3 scores"),
        (lambda: changes_without_rows(np.eye(3), np.ones(2, bool), seed=0), r"shape \(3, 3\), bool \(2,\), 2 of them"),
        (lambda: changes_without_rows(np.eye(3), np.zeros(3, bool), seed=0), "0 of them kept"),
        (lambda: changes_without_rows(np.eye(3), np.arange(3), seed=0), r"int64 \(3,\)"),
        (lambda: changes_without_rows(np.ones((1, 2)), np.ones(1, bool), seed=0), r"shape \(1, 2\)"),
        (lambda: changes_without_rows(np.eye(3), np.ones(3, bool), seed=0, confidence=1), "confidence: found 1"),
        (lambda: holm([0.1, math.nan]), "p-value 1: found nan"),
        (lambda: holm([1.1]), "p-value 0: found 1.1"),
        (lambda: paired_t_over_seeds([0.1, 0.2], [0.1]), "2 and 1 values"),
        (lambda: paired_t_over_seeds([], []), "seeds of a"),
        (lambda: difference_interval([0.1], []), "seeds of b"),
        (lambda: prediction_interval_new_run([71.5, 70.0], 100), "70.0..71.5; expected fractions"),
        (lambda: prediction_interval_new_run([0.7, 0.8], 0), "test images: found 0"),
        (
            lambda: paired_bootstrap(accuracy, np.zeros(2, int), np.eye(2), np.eye(3), seed=0),
            "2 labels, 2 and 3 scores",
        ),
        (lambda: paired_bootstrap(accuracy, np.zeros(1, int), np.zeros((1, 2)), np.zeros((1, 2)), seed=0), "1 labels"),
        (
            lambda: paired_bootstrap(metric_function("roc_auc"), np.zeros(2, int), np.eye(2), np.eye(2), seed=0),
            "not defined",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(BadInput, match=message):
        call()


# ---------------------------------------------------------------- coverage by simulation
# Each returns the share of simulated studies whose interval holds the truth (or, for tests, the share of p <= .05).


def covers(interval, truth):
    return interval.low <= truth <= interval.high


def coverage_t(rng, studies, n):
    return np.mean([covers(t_interval(rng.normal(0.7, 0.01, n)), 0.7) for _ in range(studies)])


def coverage_accuracy(rng, studies, n, method):
    truth = rng.uniform(0.5, 0.9, studies)
    draws = rng.binomial(n, truth)
    return np.mean([covers(accuracy_interval(x, n, method=method), p) for x, p in zip(draws, truth, strict=True)])


def coverage_paired_t(rng, studies, n):
    """Seeds share a common effect three times as large as their own noise."""
    hits = []
    for _ in range(studies):
        common = rng.normal(0, 0.03, n)
        a, b = 0.72 + common + rng.normal(0, 0.01, n), 0.70 + common + rng.normal(0, 0.01, n)
        hits.append(covers(paired_t_over_seeds(a, b), 0.02))
    return np.mean(hits)


def coverage_welch(rng, studies, n_a, n_b):
    intervals = [difference_interval(rng.normal(0.72, 0.01, n_a), rng.normal(0.7, 0.03, n_b)) for _ in range(studies)]
    return np.mean([covers(i, 0.02) for i in intervals])


def coverage_bootstrap(rng, studies, metric, n, resamples):
    truth = np.diff([metric(*case) for case in _population()])[0] * -1
    found = (paired_bootstrap(metric, *paired_models(rng, n), n=resamples, seed=i) for i in range(studies))
    return np.mean([covers(interval, truth) for interval in found])


@cache
def _population():
    labels, a, b = paired_models(np.random.default_rng(12345), 1_000_000)
    return (labels, a), (labels, b)


def coverage_new_run(rng, studies, m, n_test, same, seed_effect):
    """Images differ in how often a trained network has them right; seeds add noise per image and a common effect."""
    hits = []

    def sample():
        return rng.normal(1.0, 1.5, n_test)  # logit of each image's chance to be answered right

    def run(images):
        return np.mean(rng.random(n_test) < special.expit(images + rng.normal(0, seed_effect)))

    for _ in range(studies):
        images = sample()
        interval = prediction_interval_new_run([run(images) for _ in range(m)], None if same else n_test)
        hits.append(interval.low is not None and covers(interval, run(images if same else sample())))
    return np.mean(hits)


def rejections_mcnemar(rng, studies, n):
    """Two models of equal accuracy: p <= .05 must not come more often than in 5 % of the studies."""
    pairs = (rng.random((2, n)) < 0.7 for _ in range(studies))
    return np.mean([mcnemar_exact(*pair).p <= 0.05 for pair in pairs])


def rejections_holm(rng, studies, tests):
    """No true difference anywhere: any adjusted p <= .05 is an error of the whole table."""
    return np.mean([min(holm(rng.random(tests))) <= 0.05 for _ in range(studies)])


def coverage_of_one_model(rng, studies, n, resamples):
    truth = hit_rate(*_population()[0])
    found = (bootstrap(hit_rate, *paired_models(rng, n)[:2], n=resamples, seed=i) for i in range(studies))
    return np.mean([covers(interval, truth) for interval in found])


def coverage_resampled(rng, studies, n, seeds):
    """Mean accuracy of A's networks minus B's, these networks held: the resamples of all images at once (report/pairs)."""
    hits = []
    for _ in range(studies):
        truth, right = networks_of_a_study(rng, n, seeds, gap=0.4)
        drawn = resampled_means((right[0].mean(0) - right[1].mean(0))[:, None], 1000, seed=int(rng.integers(2**31)))[:, 0]
        low, high = np.quantile(drawn, [0.025, 0.975])
        hits.append(low <= truth <= high)
    return np.mean(hits)


def networks_of_a_study(rng, n, seeds, gap=0.0, own=1.0):
    """Mean accuracy difference of two cells' networks over all images, and whether each network has each of n right.

    Images are hard or easy for all; a cell has images that suit it more (deviation `own` of the logit). Returns the mean of
    the difference, and bool (2, seeds, n).
    """
    hard = rng.normal(0.8, 1.5, n)
    logits = hard + rng.normal(0, own, (2, n)) + np.array([[gap], [0.0]])
    chances = special.expit(logits)
    # The images' own mean difference: that of E[expit], by Gauss-Hermite quadrature over hard + own.
    means = [_mean_chance(0.8 + g, math.hypot(1.5, own)) for g in (gap, 0.0)]
    return means[0] - means[1], rng.random((2, seeds, n)) < chances[:, None, :]


@cache
def _mean_chance(mean, deviation):
    x, w = np.polynomial.hermite_e.hermegauss(80)
    return np.sum(w * special.expit(mean + deviation * x)) / np.sum(w)


def coverage_new_rmse(rng, studies, m, n_test, scale=0.0, bias=0.0):
    """RMSE of one more network on new images; errors differ in size from image to image, networks in `scale` (log) and in a
    common `bias`, which moves the RMSE to one side alone."""
    hits = []

    def errors(seeds):
        spread = np.abs(rng.normal(0.3, 0.1, n_test))  # of the images: the same for all seeds
        own = spread * rng.normal(size=n_test) + rng.normal(0, 0.1, (seeds, n_test))
        return rng.normal(0, bias, (seeds, 1)) + own * np.exp(rng.normal(0, scale, (seeds, 1)))

    for _ in range(studies):
        found = errors(m)
        variance = np.mean([rmse_variance(np.zeros((n_test, 1)), each[:, None], (0,)) for each in found])
        interval = prediction_interval_new_score(np.sqrt((found**2).mean(axis=1)), variance)
        hits.append(covers(interval, np.sqrt((errors(1) ** 2).mean())))
    return np.mean(hits)


def coverage_new_score(rng, studies, m, share):
    """Normal scores; `share` of a difference's variance is the seeds', the rest that of the two test samples, known."""
    seeds, test = math.sqrt(share / (1 + 1 / m)), math.sqrt((1 - share) / 2)
    hits = []
    for _ in range(studies):
        values = rng.normal(0, test) + rng.normal(0, seeds, m)
        interval = prediction_interval_new_score(values, test**2)
        hits.append(covers(interval, rng.normal(0, test) + rng.normal(0, seeds)))
    return np.mean(hits)


def rejections_sign_flip(rng, studies, n, seeds, own):
    """Cells of equal mean accuracy on all images; with `own` each has its own hard images, so signs are not symmetric."""
    found = []
    for _ in range(studies):
        _, right = networks_of_a_study(rng, n, seeds, own=own)
        found.append(sign_flip_exact(right[0].sum(0) - right[1].sum(0)) <= 0.05)
    return np.mean(found)


def rejections_median(rng, studies, n, seeds):
    """The claim ledger's test over images until 2026-11-28: twice the median of the seeds' p-values, which share their
    images; a pair against the mean difference enters as 1."""
    found = []
    for _ in range(studies):
        _, right = networks_of_a_study(rng, n, seeds)
        p = np.array([mcnemar_exact(x, y).p for x, y in zip(*right, strict=True)])
        own = right[0].mean(axis=1) - right[1].mean(axis=1)
        found.append(2 * np.median(np.where(own * own.mean() <= 0, 1, p)) <= 0.05)
    return np.mean(found)


def rejections_t(rng, studies, test, n):
    """`paired_t_over_seeds` or `difference_interval` without a difference, spreads 1 and 3 points."""
    return np.mean([test(rng.normal(0.7, 0.01, n), rng.normal(0.7, 0.03, n)).p <= 0.05 for _ in range(studies)])


def rejections_family(rng, studies, cells, different, seeds):
    """Cells against one reference, as in a table: any rejection among those that are no different from it."""
    errors, power = [], []
    for _ in range(studies):
        reference, gain = rng.normal(0.7, 0.01, seeds), np.where(np.arange(cells) < different, 0.05, 0.0)
        p = holm([paired_t_over_seeds(rng.normal(0.7 + g, 0.01, seeds), reference).p for g in gain])
        errors.append(min(p[different:]) <= 0.05)
        power.append(np.mean(np.array(p[:different]) <= 0.05) if different else 0)
    return np.mean(errors), np.mean(power)


def study(name, share, low, high):
    print(f"{name}: {share:.4f}")
    assert low <= share <= high, name


def test_satterthwaite_undercovers_where_the_interval_does_not():
    """Why `prediction_interval_new_score` adds squares: seeds make nine tenths of the variance, all at once by numpy."""
    rng, studies, share = np.random.default_rng(3), 200_000, 0.9
    for m, expected in ((3, 0.922), (5, 0.941)):
        seeds, test = share * rng.chisquare(m - 1, studies) / (m - 1), 1 - share
        distance = np.abs(rng.normal(size=studies))
        freedom = (m - 1) * ((seeds + test) / seeds) ** 2
        satterthwaite = distance <= special.stdtrit(freedom, 0.975) * np.sqrt(seeds + test)
        added = distance <= np.sqrt(special.stdtrit(m - 1, 0.975) ** 2 * seeds + special.ndtri(0.975) ** 2 * test)
        assert satterthwaite.mean() == pytest.approx(expected, abs=0.003) and 0.95 < added.mean() < 0.965


def test_coverage_quick():
    """Bounds are 4 standard errors of the simulation, wider where the method is conservative."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        study(f"t, n={n}", coverage_t(rng, 2000, n), 0.93, 0.97)
    study("Wilson", coverage_accuracy(rng, 1000, 200, "wilson"), 0.922, 0.975)
    study("exact", coverage_accuracy(rng, 500, 200, "exact"), 0.925, 0.99)
    study("paired t", coverage_paired_t(rng, 1000, 4), 0.922, 0.978)
    study("Welch", coverage_welch(rng, 1000, 5, 5), 0.915, 0.978)
    study("bootstrap", coverage_bootstrap(rng, 100, hit_rate, 200, 200), 0.86, 1)
    study("new run, same test", coverage_new_run(rng, 1000, 4, 300, True, 0.05), 0.922, 0.978)
    study("new run, new test", coverage_new_run(rng, 1000, 4, 300, False, 0.05), 0.94, 0.999)
    study("bootstrap, one model", coverage_of_one_model(rng, 100, 200, 200), 0.86, 1)
    study("resampled means", coverage_resampled(rng, 200, 200, 3), 0.885, 1)
    study("new RMSE", coverage_new_rmse(rng, 300, 4, 300, 0.03), 0.91, 1)
    study("new score", coverage_new_score(rng, 4000, 3, 0.9), 0.946, 0.975)
    study("McNemar", rejections_mcnemar(rng, 400, 200), 0.005, 0.09)
    study("sign flips", rejections_sign_flip(rng, 500, 200, 3, 1.0), 0.01, 0.09)
    study("median rule", rejections_median(rng, 200, 200, 3), 0, 0.05)
    study("paired t rejects", rejections_t(rng, 1000, paired_t_over_seeds, 4), 0.022, 0.078)
    study("Holm", rejections_holm(rng, 1000, 6), 0.022, 0.078)


@pytest.mark.slow
def test_coverage_full():
    """The figures of docs/reference/statistics.md."""
    rng = np.random.default_rng(1)
    for n in (2, 3, 5, 10):
        study(f"t, n={n}", coverage_t(rng, 20000, n), 0.943, 0.957)
    for n in (200, 3589):
        study(f"Wilson, {n} images", coverage_accuracy(rng, 10000, n, "wilson"), 0.94, 0.96)
        study(f"exact, {n} images", coverage_accuracy(rng, 10000, n, "exact"), 0.945, 0.975)
    for n in (3, 5):
        study(f"paired t, n={n}", coverage_paired_t(rng, 10000, n), 0.94, 0.96)
    for n_a, n_b in ((3, 3), (5, 5), (3, 10)):
        study(f"Welch, n={n_a}+{n_b}", coverage_welch(rng, 10000, n_a, n_b), 0.93, 0.975)
    for n in (200, 1000):
        study(f"bootstrap, accuracy, {n} images", coverage_bootstrap(rng, 600, hit_rate, n, 500), 0.915, 0.985)
    macro_f1 = metric_function("macro_f1")
    study("bootstrap, macro F1, 500 images", coverage_bootstrap(rng, 150, macro_f1, 500, 200), 0.87, 0.995)
    for m in (3, 5, 10):
        for effect in (0, 0.1):
            label = f"m={m}, 1000 images, seed effect {effect}"
            study(f"new run, same test, {label}", coverage_new_run(rng, 3000, m, 1000, True, effect), 0.93, 0.97)
            study(f"new run, new test, {label}", coverage_new_run(rng, 3000, m, 1000, False, effect), 0.94, 1)
    study("McNemar, 200 images", rejections_mcnemar(rng, 4000, 200), 0.02, 0.055)
    study("Holm, 6 tests", rejections_holm(rng, 10000, 6), 0.04, 0.058)
    study("bootstrap, one model, 200 images", coverage_of_one_model(rng, 600, 200, 500), 0.915, 0.985)
    for n in (200, 1000):
        study(f"resampled means, 3 seeds, {n} images", coverage_resampled(rng, 2000, n, 3), 0.93, 0.97)
    for m in (3, 5, 10):
        for share in (0.1, 0.5, 0.9):
            label = f"m={m}, seeds' share of the variance {share}"
            study(f"new score, {label}", coverage_new_score(rng, 10000, m, share), 0.943, 0.983)
        for scale in (0, 0.05):
            label = f"m={m}, 1000 images, spread of seeds {scale}"
            study(f"new RMSE, {label}", coverage_new_rmse(rng, 3000, m, 1000, scale), 0.935, 0.99)
        label = f"m={m}, 1000 images, seeds skewed"
        study(f"new RMSE, {label}", coverage_new_rmse(rng, 3000, m, 1000, bias=0.1), 0.89, 0.99)
    for own in (0, 1.0):
        for seeds in (1, 3, 5):
            label = f"{seeds} seeds, images of its own {own}, 1000 images"
            study(f"sign flips, {label}", rejections_sign_flip(rng, 4000, 1000, seeds, own), 0.03, 0.064)
    for seeds in (3, 5):
        study(f"median rule, {seeds} seeds", rejections_median(rng, 2000, 1000, seeds), 0, 0.05)
    for n in (3, 5):
        study(f"paired t rejects, n={n}", rejections_t(rng, 10000, paired_t_over_seeds, n), 0.041, 0.059)
        study(f"Welch rejects, n={n}+{n}", rejections_t(rng, 10000, difference_interval, n), 0.035, 0.06)
    for different in (0, 3):
        errors, power = rejections_family(rng, 4000, 6, different, 5)
        study(f"Holm, 6 cells against one, {different} differ, any false rejection", errors, 0.01, 0.062)
        print(f"  found of those that differ: {power:.3f}")


@pytest.mark.parametrize("correct", [0, 1])
def test_accuracy_of_a_single_image(correct):
    """Wilson (1927) by hand: centre and half width of the score interval for n = 1."""
    z = special.ndtri(0.975)
    middle, half = (correct + z**2 / 2) / (1 + z**2), z / (1 + z**2) * math.sqrt(z**2 / 4)
    found = accuracy_interval(correct, 1)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-12)
    assert (found.mean, found.n) == (correct, 1)
