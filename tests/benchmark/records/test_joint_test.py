"""The combined test against scipy and statsmodels where one variance vanishes, and worked by hand where both are there."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.records.bootstrapping import resampled_means
from benchmark.records.image_variance import moments
from benchmark.records.intervals import t_interval
from benchmark.records.joint_test import half_width, joint_difference, tail_probability
from benchmark.records.metrics import METRICS, SMALLEST_DIFFERENCE

DIFFERENCES = [0.004, 0.011, -0.002, 0.009, 0.006]
NO_TEST = (None,) * 6


def outcome(found):
    return found.low, found.high, found.p, found.p_equivalent, found.low90, found.high90


@pytest.mark.parametrize("differences", [DIFFERENCES, [-0.02, -0.021, -0.0195], [0.3, -0.1]])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_without_image_variance_it_is_the_t_test(differences, level):
    found, test = joint_difference(differences, 0, 0.01, level), stats.ttest_1samp(differences, 0)
    interval, wider = (test.confidence_interval(each) for each in (level, 1 - 2 * (1 - level)))
    assert found.p == pytest.approx(test.pvalue, rel=1e-12) and found.mean == pytest.approx(np.mean(differences))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert (found.low90, found.high90) == pytest.approx((wider.low, wider.high), rel=1e-12)
    assert found.seed_variance == pytest.approx(stats.sem(differences) ** 2) and found.n == len(differences)


@pytest.mark.parametrize("differences", [DIFFERENCES, [-0.02, -0.021, -0.0195], [0.3, -0.1]])
@pytest.mark.parametrize("margin", [0.001, 0.01, 0.05])
def test_without_image_variance_equivalence_is_that_of_statsmodels(differences, margin):
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    p, *_ = weightstats.DescrStatsW(np.array(differences)).ttost_mean(-margin, margin)
    assert joint_difference(differences, 0, margin).p_equivalent == pytest.approx(p, rel=1e-10)


@pytest.mark.parametrize(("mean", "margin"), [(0.004, 0.01), (-0.004, 0.01), (0.012, 0.01), (0.0, 0.01)])
def test_without_a_spread_of_seeds_it_is_the_z_test(mean, margin):
    error = 0.003
    found, normal = joint_difference([mean] * 3, error**2, margin), stats.norm(0, error)
    assert found.p == pytest.approx(2 * normal.sf(abs(mean)), rel=1e-12) and found.seed_variance == 0
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, mean, error), rel=1e-12)
    assert (found.low90, found.high90) == pytest.approx(stats.norm.interval(0.9, mean, error), rel=1e-12)
    expected = max(normal.sf(mean + margin), normal.cdf(mean - margin))
    assert found.p_equivalent == pytest.approx(expected, rel=1e-9)


def test_both_variances_by_hand():
    """Differences 1, 2, 3 points: mean 2, s^2 = 1, s^2 / 3 = 1/3; V = 0.25. Quantiles from the tables of t(2) and z.

    97.5 %: 4.30265^2 / 3 + 1.95996^2 / 4 = 6.17094 + 0.96036 = 7.13130, root 2.67045.
    95 %: 2.91999^2 / 3 + 1.64485^2 / 4 = 2.84210 + 0.67639 = 3.51849, root 1.87576.
    """
    found = joint_difference([0.01, 0.02, 0.03], 0.25e-4, 0.04)
    assert (found.low, found.high) == pytest.approx((0.02 - 0.0267045, 0.02 + 0.0267045), abs=1e-7)
    assert (found.low90, found.high90) == pytest.approx((0.02 - 0.0187576, 0.02 + 0.0187576), abs=1e-7)
    assert (found.seed_variance, found.image_variance, found.n) == (pytest.approx(1e-4 / 3), 0.25e-4, 3)
    # The 90 % interval ends at 0.0387576: a margin just there has p_equivalent 0.05, and a mean of 1.87576 has p 0.10.
    edge = joint_difference([0.01, 0.02, 0.03], 0.25e-4, 0.0387576)
    assert edge.p_equivalent == pytest.approx(0.05, abs=1e-5) and found.p_equivalent < 0.05
    moved = np.array([0.01, 0.02, 0.03]) - 0.02 + 0.0187576
    assert joint_difference(moved, 0.25e-4, None).p == pytest.approx(0.1, abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_p_values_invert_the_intervals(seed):
    """p <= 1 - level exactly where the interval leaves 0 out; equivalent exactly where the other is within the margins."""
    rng = np.random.default_rng(seed)
    m, margin, level = int(rng.integers(2, 12)), 0.01, rng.uniform(0.6, 0.99)
    differences = rng.normal(rng.normal(0, 0.008), 0.006 * rng.random(), m)
    variance = (0.006 * rng.random()) ** 2
    found = joint_difference(differences, variance, margin, level)
    assert (found.p <= 1 - level) == (found.low > 0 or found.high < 0)
    assert (found.p_equivalent <= 1 - level) == (found.low90 >= -margin and found.high90 <= margin)
    for tail, value in ((found.p / 2, 0.0), (found.p_equivalent, math.copysign(margin, found.mean))):
        if tail < 0.5:  # there the interval ends at the value tested
            half = half_width(found.seed_variance, found.image_variance, m, tail)
            assert min(abs(found.mean - half - value), abs(found.mean + half - value)) < 1e-9


@pytest.mark.parametrize("n", [2, 3, 5, 20])
@pytest.mark.parametrize("share", [1e-12, 1e-3, 0.5, 0.999, 1 - 1e-12])
def test_tails_from_the_middle_to_the_far_ends(n, share):
    """The half-width at the tail found is the distance again; more distance, less tail."""
    before = 0.5
    for distance in np.geomspace(1e-3, 30, 40):
        tail = tail_probability(distance, share, 1 - share, n)
        assert half_width(share, 1 - share, n, tail) == pytest.approx(distance, rel=1e-6)
        assert tail <= before
        before = tail
    assert tail_probability(0, share, 1 - share, n) == 0.5
    assert 0 <= tail_probability(1e6, 1e-9, 1e-9, 100) < 1e-200


def test_either_variance_moves_the_verdict():
    """What is significant over images is not where the seeds are unsteady, and the other way round."""
    steady, unsteady = [0.02, 0.0201, 0.0199], [0.05, 0.03, -0.02]
    assert joint_difference(steady, 1e-6, 0.01).p < 0.001 < 0.05 < joint_difference(unsteady, 1e-6, 0.01).p
    assert joint_difference(steady, 4e-4, 0.01).p > 0.3


def test_a_small_spread_of_seeds_is_one():
    found = joint_difference([0.01, 0.01 + 1e-9], 0, None)
    assert found.seed_variance == pytest.approx(0.25e-18, rel=1e-3) and found.p < 1e-3


def test_what_has_no_test():
    one, equal = joint_difference([0.01], 1e-6, 0.01), joint_difference([0.1 + 0.2, 0.3], 0, 0.01)
    unknown = joint_difference(DIFFERENCES, None, 0.01)
    assert outcome(one) == outcome(equal) == outcome(unknown) == NO_TEST
    assert (one.n, one.seed_variance, equal.seed_variance) == (1, None, 0)
    assert unknown.image_variance is None and unknown.seed_variance > 0 and unknown.mean == pytest.approx(0.0056)
    without = joint_difference(DIFFERENCES, 1e-6, None)
    assert without.p_equivalent is None and without.p == joint_difference(DIFFERENCES, 1e-6, 0.01).p


def test_smallest_differences_are_of_known_metrics():
    assert set(SMALLEST_DIFFERENCE) - set(METRICS) == {"recall"}
    assert SMALLEST_DIFFERENCE["recall"] == 0.05
    assert {value for name, value in SMALLEST_DIFFERENCE.items() if name != "recall"} == {0.01}
    assert {"accuracy", "balanced_accuracy", "macro_f1", "ccc_mean", "rmse_valence"} < set(SMALLEST_DIFFERENCE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.1, 0.1), r"differences: found shape \(0,\)"),
        (([[0.1]], 0.1, 0.1), r"shape \(1, 1\)"),
        (([0.1, math.nan], 0.1, 0.1), "1 not finite"),
        (([0.1, 0.2], -1e-9, 0.1), "image variance: found -1e-09"),
        (([0.1, 0.2], math.nan, 0.1), "image variance: found nan"),
        (([0.1, 0.2], 0.1, 0), "margin: found 0"),
        (([0.1, 0.2], 0.1, 0.1, 0.5), "level: found 0.5"),
        (([0.1, 0.2], 0.1, 0.1, 95), "level: found 95"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(BadInput, match=message):
        joint_difference(*arguments)


def test_numbers_of_single_precision_are_computed_in_double():
    """0.1 + 0.2 + 0.4 of float32, rounded again at each step, would be another mean."""
    values = np.array([0.1, 0.2, 0.4], np.float32)
    mean = sum(float(value) for value in values) / 3
    assert joint_difference(values, 0.1, 0.01).mean == pytest.approx(mean, rel=1e-14)
    assert joint_difference(values, 0.1, 0.01) == joint_difference(values.astype(np.float64), 0.1, 0.01)
    assert t_interval(values) == t_interval(values.astype(np.float64))
    assert t_interval(values).mean == pytest.approx(mean, rel=1e-14)
    column = values[:, None]
    assert np.array_equal(resampled_means(column, 5, seed=1), resampled_means(column.astype(np.float64), 5, seed=1))
    assert np.array_equal(moments(column, column), moments(*[column.astype(np.float64)] * 2))
