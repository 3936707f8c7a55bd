"""The decisions inside the two rules about gradients, each alone: which measurements count, where a test is made, what is
adjusted over what, and which number is shown."""

import math
from types import SimpleNamespace

import pytest
from scipy import stats

from benchmark.claims import gradient_pairs, gradient_rule
from benchmark.claims.gradient_pairs import BETTER, Pairs, judged, outcome
from benchmark.claims.gradient_rule import OPEN, OUTSIDE, WITHIN, Point, Sample, chosen, classified, log_ratio
from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from tests.benchmark.claims import test_gradient_pairs as pairs_made
from tests.benchmark.claims.test_gradient_rule import EXPLODES, FINE, VANISHES, find, measurement, plan

X, Y = Point("x", 0), Point("y", 0)


def test_the_constants_of_the_rules():
    """docs/reference/rules.md: a factor of 10 is the margin, a factor of 2 the smallest of interest."""
    assert (gradient_rule.MARGIN, gradient_pairs.OF_INTEREST) == (10.0, 2.0)


def test_ratios_of_the_smallest_gradients():
    assert log_ratio({"gradient": [1e-30, 1.0, 1e-35]}) == pytest.approx(5)
    assert log_ratio({"gradient": [0.0, 1.0, 2.0**-149]}) == pytest.approx(0)  # both as small as float32 can be
    assert log_ratio({"gradient": [2.0**-140, 1.0, 1.0]}) == pytest.approx(-140 * math.log10(2))


# ---------------------------------------------------------------- gradient_ratio


def test_a_point_is_outside_by_divergence_only_if_all_seeds_and_enough_of_them_are_lost():
    for ratios, lost, state in (
        ([], 3, OUTSIDE),
        ([], 4, OUTSIDE),
        ([], 2, OPEN),
        ([0.1], 3, OPEN),
        ([0.1, 0.2, 0.15], 1, OPEN),
    ):
        assert classified({X: Sample(12, ratios, lost)}, 10, 3)[X].state == state, (ratios, lost)


def test_within_is_adjusted_over_all_points_that_are_tested():
    near = [0.2, 0.6, 0.75]
    p = stats.ttest_1samp(near, 1, alternative="less").pvalue
    assert 0.025 < p < 0.05
    assert classified({X: Sample(12, near, 0)}, 10, 3)[X].state == WITHIN
    beside = {X: Sample(12, near, 0), Y: Sample(12, [0.5, 0.9, 1.3], 0)}
    assert [each.state for each in classified(beside, 10, 3).values()] == [OPEN, OPEN]
    lost = {X: Sample(12, near, 0), Y: Sample(12, [0.5], 2)}  # not tested, so no part of the family
    assert classified(lost, 10, 3)[X].state == WITHIN


def test_both_borders_count_for_within_and_either_for_outside():
    far = [-0.95, -1.05, -1.0]  # on the lower border: far below the upper one, not within
    assert classified({X: Sample(12, far, 0)}, 10, 3)[X].state == OPEN
    assert classified({X: Sample(12, [-1.5, -1.52, -1.48], 0)}, 10, 3)[X].state == OUTSIDE
    one_sided = [1.1, 1.2, 1.6]
    p = stats.ttest_1samp(one_sided, 1, alternative="greater").pvalue
    assert 0.025 < p < 0.1
    assert (classified({X: Sample(12, one_sided, 0)}, 10, 3)[X].state == OUTSIDE) == (2 * p < 0.05)


def test_only_the_named_seeds_count_whatever_their_numbers():
    measured = plan(identity_deep=EXPLODES)
    for each in measured["measurements"]:
        each["seed"] += 100
    assert find(measured, seeds=[100, 101, 102]).verdict == "supported"
    assert find(measured, seeds=[0, 1, 2]).reason.endswith("with seeds 0, 1, 2")
    assert "1 more seed" in find(measured, seeds=[102, 100]).reason


def test_of_a_seed_measured_twice_the_last_counts():
    measured = plan(identity_deep=EXPLODES)
    again = [measurement("deep", "identity", seed, (factor,), (0,), 110) for seed, factor in enumerate(FINE)]
    assert find(measured | {"measurements": [*measured["measurements"], *again]}).verdict == "no difference found"
    assert find(measured | {"measurements": [*again, *measured["measurements"]]}).verdict == "supported"


def test_trained_networks_are_measured_at_the_end_of_the_longest_window():
    short = [measurement("shallow", "fixed", seed, (3.0, 3.1), (0, 50), 12) for seed in (7, 8)]
    start = [measurement("shallow", "fixed", seed, (3.0,), (0,), 12) for seed in (0, 1)]
    measured = plan(identity_deep=EXPLODES)
    found = find(measured | {"measurements": [*measured["measurements"], *short]})
    assert "fixed: shallow at the start" in found.reason and "shallow after 100 steps" in found.reason
    assert "after 50 steps" not in found.reason
    of = chosen([*measured["measurements"], *start], "shallow", "fixed", "working", trained=True)
    assert [each["steps"] for each in of] == [[0, 100]] * 3  # the start alone is no end
    of = chosen([*measured["measurements"], *start], "shallow", "fixed", "working", trained=False)
    assert sorted(each["steps"] for each in of) == [[0], [0], [0, 100]]


def test_the_number_shown_is_of_the_first_shortcut_where_it_is_farthest_from_1():
    found = find(plan(fixed_deep=VANISHES, fixed_end=(5.0, 5.1, 5.2), identity_deep=EXPLODES))
    logs = [math.log10(x) for x in VANISHES]
    assert found.measured.mean == pytest.approx(sum(logs) / 3) and found.unit == "log10"


def test_farther_out_is_farther_from_1_on_either_side():
    """At its point outside, fixed vanishes by 40: more than identity explodes, less than identity vanishes."""
    for identity, many in (((5.0, 5.1, 4.9), "1 is"), ((90.0, 91.0, 92.0), "0 are"), ((1 / 90, 1 / 91, 1 / 92), "0 are")):
        found = find(plan(fixed_deep=VANISHES, identity_deep=identity))
        assert f"of fixed's 1 point outside, {many} farther out than identity's mean" in found.reason


def test_a_shortcut_that_is_open_neither_supports_nor_shows_no_difference():
    on_the_border = (9.0, 10.0, 11.0)
    assert find(plan(fixed_deep=on_the_border, identity_deep=EXPLODES)).verdict == "undetermined"
    assert find(plan(fixed_deep=on_the_border)).verdict == "undetermined"
    assert find(plan(fixed_deep=EXPLODES, identity_deep=on_the_border)).verdict == "refuted"


def test_numbers_of_seeds_that_differ_are_a_range():
    more = plan(identity_deep=(*EXPLODES, 43.0))
    assert "n = 3 to 4 seeds" in find(more).reason
    lost = plan(identity_deep=EXPLODES, identity_end=(3.0, None, 3.1))
    assert "diverged 1 of 3" in find(lost).reason and "n = 3 seeds" in find(lost).reason


# ---------------------------------------------------------------- gradient_lessened


def pairs(differences, lost=(0, 0), seeds=None):
    return Pairs(12, [2 + d for d in differences], [2.0] * len(differences), lost, seeds or len(differences))


def of_one(own, of_interest=2.0, minimum=3):
    judged({("working", X): own}, of_interest, minimum)
    return own


def test_equivalence_needs_both_sides_and_the_level():
    limit = math.log10(2)
    for differences in ((-0.5, -0.52, -0.48), (0.5, 0.52, 0.48)):  # far on one side: no equivalence whatever the spread
        assert of_one(pairs(differences)).p_equal > 0.9
    close = (0.0, 0.16, 0.21)
    p = stats.ttest_1samp(close, limit, alternative="less").pvalue
    assert 0.05 < p < 0.1
    found = of_one(pairs(close))
    assert found.p_equal == pytest.approx(p) and found.state == OPEN


def test_equivalence_is_adjusted_over_the_whole_family():
    same = (0.0, 0.08, 0.1)
    alone = of_one(pairs(same))
    two = {("working", X): pairs(same), ("frozen", X): pairs((-0.5, 0.3, 0.1))}
    judged(two, 2.0, 3)
    assert alone.state == "equivalent" and two["working", X].p_equal == pytest.approx(2 * alone.p_equal)
    assert two["working", X].state == ("equivalent" if 2 * alone.p_equal < 0.05 else OPEN)


@pytest.mark.parametrize(
    ("lost", "seeds", "minimum", "tested"),
    [
        ((0, 8), 8, 3, True), ((8, 0), 8, 3, True), ((8, 8), 8, 3, False), ((0, 7), 8, 3, False), ((1, 8), 8, 3, False),
        ((0, 2), 2, 3, False), ((0, 3), 3, 3, True),
    ],
)  # fmt: skip
def test_divergence_is_tested_where_all_of_one_and_none_of_the_other_are_lost(lost, seeds, minimum, tested):
    found = of_one(pairs([], lost, seeds), minimum=minimum)
    expected = stats.fisher_exact([[0, seeds], [seeds, 0]]).pvalue if tested else None
    assert found.p == (pytest.approx(expected) if tested else None) and found.p_equal is None
    significant = tested and expected < 0.05
    assert found.state == (("better" if lost[0] == 0 else "worse") if significant else OPEN)


def test_outcomes_over_depths():
    def states(*words):
        return outcome([Pairs(12, [], [], (0, 0), 3, state) for state in words])

    assert states("better", "worse", "equivalent") == "better and worse"
    assert states("better", "equivalent") == states("better", OPEN) == "better"
    assert states("worse", OPEN) == "worse" and states("equivalent", OPEN) == OPEN
    assert states("equivalent", "equivalent") == "equivalent"


def test_the_headline_is_the_largest_significant_difference_of_either_sign():
    """Shallow is worse by a factor of 2.2, deep better by one of 20, and trained of no clear sign, by about 460."""
    worse, better, unclear = (2.2, 2.21, 2.19), (0.05, 0.0525, 0.0475), (1e3, 1.0, 1e5)
    made = pairs_made.plan(working_shallow=worse, working_deep=better, working_end=unclear)
    found = pairs_made.find(made)
    assert "working BatchNorm: better and worse, deep at the start x 0.05 " in found.reason
    assert found.measured.mean == pytest.approx(math.log10(0.05 * 0.0525 * 0.0475) / 3, abs=1e-9)
    alone = pairs_made.find(pairs_made.plan(working_shallow=worse, working_end=unclear))
    assert "working BatchNorm: worse, shallow at the start x 2.2 " in alone.reason


@pytest.mark.parametrize("shortcut", ["fixed", "identity"])
def test_a_seed_that_one_shortcut_lacks_makes_no_pair(shortcut):
    made = pairs_made.plan()
    made["measurements"] = [m for m in made["measurements"] if (m["seed"], m["shortcut"]) != (2, shortcut)]
    assert pairs_made.find(made).reason.startswith("missing: shallow, fixed and identity, working BatchNorm: 1 more seed; ")


def test_the_end_is_that_of_the_longest_window():
    made = pairs_made.plan(frozen_end=pairs_made.NEARER)
    for each in made["measurements"]:
        if each["network"] == "shallow" and each["seed"] == 2:
            each["steps"] = [0, 50]
            each["moments"] = [m | {"step": min(m["step"], 50)} for m in each["moments"]]
    found = pairs_made.find(made)
    assert "shallow after 100 steps" in found.reason and "after 50 steps" not in found.reason


def test_what_is_shown_alone_keeps_no_condition():
    """The detail of a verdict goes with it. There, too, a file of another protocol or plan is another file."""
    made = pairs_made.plan(frozen_deep=pairs_made.NEARER)
    nothing = {"rule": "not_testable", "missing": "x"}
    entry = pairs_made.TEXT | {"test": nothing, "seen": [pairs_made.RULE], "further": [pairs_made.RULE]}
    (found,) = judge(load_claims({"claims": {"x": entry}}), SimpleNamespace(comparisons=[]), None, [made])
    assert (found.further[0].verdict, found.further[0].detail) == ("holds under one condition only", "frozen BatchNorm")
    assert (found.seen[0].verdict, found.seen[0].detail) == ("measured, no verdict", "")
    assert found.seen[0].reason == found.further[0].reason and BETTER in found.seen[0].reason
    for other in (pairs_made.plan(protocol="fer2013-7"), made | {"plan": "y"}):
        (missing,) = judge(load_claims({"claims": {"x": entry}}), SimpleNamespace(comparisons=[]), None, [other])
        assert missing.seen[0].reason == "missing: gradients of the plan x under synthetic-8"
