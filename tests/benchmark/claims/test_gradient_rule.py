"""The rule gradient_ratio: every verdict on fabricated measurements, and flips when the numbers do."""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.claims import gradient_rule
from benchmark.claims.finding import JUDGING, ROLES
from benchmark.claims.gradient_rule import (
    MARGIN,
    MINIMUM_SEEDS,
    OPEN,
    OUTSIDE,
    WITHIN,
    Point,
    Sample,
    chosen,
    classified,
    log_ratio,
    when,
)
from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from benchmark.faces import fingerprints
from benchmark.files import read_yaml
from benchmark.measures.gradients.plan import load_plan
from benchmark.protocol.protocol import load_protocol
from benchmark.records.intervals import Interval

P = "synthetic-8"
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
RULE = {
    "rule": "gradient_ratio", "protocol": P, "plan": "x", "a": "fixed", "b": "identity", "normalisation": "working",
    "networks": ["shallow", "deep"], "trained": ["shallow"], "needs": "faces",
}  # fmt: skip
START, END = 0, 100
# Factors near 3 (within 10), 40 (exploding) and 1 / 40 (vanishing), one a seed.
FINE, EXPLODES, VANISHES = (3.0, 3.1, 2.9), (40.0, 41.0, 42.0), (1 / 40, 1 / 41, 1 / 42)
LOST = (None, None, None)


@cache
def known_editions():
    """Reading their YAML takes longer than most tests here."""
    return read_yaml(fingerprints.FILE)


def header(protocol):
    """Of a plan's file: the suite's own protocol, on its own data."""
    own = load_protocol(protocol)
    editions = known_editions().get(own.data, {"1.0": [{"fingerprint": "0" * 64}]})
    edition = {"name": own.data, "version": own.data_version, "fingerprint": editions["1.0"][0]["fingerprint"]}
    return {"plan": "x", "protocol": {"name": protocol}, "protocol_hash": own.hash, "data": edition}


def measurement(network, shortcut, seed, factors, steps, layers):
    """Gradient norms of a factor at each planned step; None = diverged there."""
    moments = []
    for step, factor in zip(steps, factors, strict=True):
        if factor is None:
            break
        moments.append({"step": step, "gradient": [factor * 0.5, 0.7, 0.5]})
    return {
        "network": network, "shortcut": shortcut, "normalisation": "working", "seed": seed, "steps": list(steps),
        "layers": layers, "moments": moments, "status": "finished" if len(moments) == len(steps) else "diverged",
    }  # fmt: skip


def plan(protocol=P, **points):
    """fixed_shallow, fixed_end, fixed_deep, identity_...: a factor for each seed; FINE where not given."""
    measurements = []
    for shortcut in ("fixed", "identity"):
        shallow, end, deep = (points.get(f"{shortcut}_{where}", FINE) for where in ("shallow", "end", "deep"))
        for seed, factors in enumerate(zip(shallow, end, strict=True)):
            measurements.append(measurement("shallow", shortcut, seed, factors, (START, END), 12))
        for seed, factor in enumerate(deep):
            measurements.append(measurement("deep", shortcut, seed, (factor,), (START,), 110))
    return header(protocol) | {"measurements": measurements}


def find(*plans, **changes):
    claims = load_claims({"claims": {"x": TEXT | {"test": RULE | changes}}})
    summary = SimpleNamespace(comparisons=[])
    return judge(claims, summary, None, plans)[0].finding


@pytest.mark.parametrize(
    ("points", "verdict", "words"),
    [
        ({"identity_deep": EXPLODES}, "supported", "deep at the start x 41"),
        ({"identity_deep": VANISHES}, "supported", "(vanishes)"),
        ({"identity_end": EXPLODES}, "supported", "shallow after 100 steps"),
        ({"identity_end": LOST}, "supported", "diverged 3 of 3"),
        ({}, "no difference found", "nothing to prevent"),
        ({"fixed_deep": EXPLODES}, "refuted", "of fixed's 1 point outside, 1 is farther out"),
        ({"fixed_deep": VANISHES}, "refuted", "(vanishes)"),
        ({"fixed_end": LOST}, "refuted", "diverged 3 of 3"),
        ({"fixed_deep": EXPLODES, "identity_deep": (9e5, 8e5, 7e5)}, "refuted", "1 point outside, 0 are farther out"),
        ({"fixed_deep": (9.0, 10.0, 11.0), "identity_deep": EXPLODES}, "undetermined", "(open)"),
        ({"identity_deep": (9.0, 10.0, 11.0)}, "undetermined", "too close to the margin"),
        ({"fixed_end": (3.0, None, 3.1), "identity_deep": EXPLODES}, "undetermined", "diverged 1 of 3 (open)"),
        ({"fixed_deep": (3.0, 3.0, 3.0), "identity_deep": EXPLODES}, "undetermined", "x 3 (open)"),
    ],
)  # fmt: skip
def test_verdicts(points, verdict, words):
    found = find(plan(**points))
    assert (found.verdict, words in found.reason) == (verdict, True), found


def test_flips_with_the_margin_and_with_the_roles():
    measured = plan(identity_deep=EXPLODES)
    assert find(measured).verdict == "supported"
    assert find(measured, a="identity", b="fixed").verdict == "refuted"
    assert find(measured, margin=100.0).verdict == "no difference found"
    assert find(measured, margin=2.0).verdict == "refuted"  # now 3 is exploding too


def test_numbers_of_the_reason():
    found = find(plan(identity_deep=EXPLODES))
    logs = [math.log10(x) for x in EXPLODES]
    low, high = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert f"deep at the start x 41 [{10**low:.3g}, {10**high:.3g}] (explodes)" in found.reason
    assert "margin a factor of 10" in found.reason and "n = 3 seeds" in found.reason


def test_missing_measurements_are_named():
    assert find().reason == f"missing: gradients of the plan x under {P}" and find().verdict == "undetermined"
    assert find(plan(protocol="fer2013-7")).reason == f"missing: gradients of the plan x under {P}"
    measured = plan(identity_deep=EXPLODES[:2])
    found = find(measured)
    assert (found.verdict, found.reason) == ("undetermined", "missing: deep, identity, working BatchNorm: 1 more seed")
    assert find(measured, trained=["shallow", "deep"]).reason.endswith(
        "deep, identity, working BatchNorm, trained: 3 more seeds"
    )
    assert find(protocol="affectnet-8", needs="AffectNet").verdict == "not testable here"
    assert find(plan(), normalisation="frozen").verdict == "undetermined"


def test_a_plan_of_the_start_alone_leaves_the_end_missing_and_another_plan_changes_nothing():
    whole = plan(identity_deep=EXPLODES)
    start = whole | {"measurements": [m for m in whole["measurements"] if m["network"] == "deep"]}
    assert "shallow, fixed, working BatchNorm, trained: 3 more seeds" in find(start).reason
    other = plan(fixed_deep=EXPLODES) | {"plan": "y"}
    for files in ((whole, other), (other, whole)):  # the same seeds and points, the opposite finding
        assert find(*files).verdict == "supported" and find(*files, plan="y").verdict == "refuted"
    more = other | {"measurements": other["measurements"] + [m | {"seed": 9} for m in other["measurements"]]}
    assert find(whole, more).verdict == "supported"


def test_states_against_scipy_and_holm():
    """Two samples: the smaller p is doubled, the larger kept (Holm); `outside` doubles once more for its two sides."""
    samples = {Point("x", 0): Sample(12, [1.13, 1.17, 1.15], 0), Point("y", 0): Sample(12, [1.02, 1.3, 1.1], 0)}
    ps = [2 * stats.ttest_1samp(s.ratios, 1, alternative="greater").pvalue for s in samples.values()]
    assert 2 * ps[0] < 0.05 < ps[1]
    states = [s.state for s in classified(samples, MARGIN, 3).values()]
    assert states == [OUTSIDE, OPEN]
    alone = {Point("x", 0): Sample(12, [1.1, 1.2, 1.15], 0)}
    p = 2 * stats.ttest_1samp(alone[Point("x", 0)].ratios, 1, alternative="greater").pvalue
    assert 0.025 < p < 0.05
    assert classified(alone, MARGIN, 3)[Point("x", 0)].state == OUTSIDE
    beside = alone | {Point("y", 0): Sample(12, [0.1, 0.2, 0.15], 0)}
    states = [s.state for s in classified(beside, MARGIN, 3).values()]
    assert states == [OPEN, WITHIN]  # the same p, Holm over two
    assert classified({Point("x", 0): Sample(12, [0.1, 0.2], 0)}, MARGIN, 3)[Point("x", 0)].state == OPEN


def test_log_ratio():
    assert log_ratio({"gradient": [200.0, 5.0, 2.0]}) == pytest.approx(2)
    assert log_ratio({"gradient": [0.0, 1.0, 2.0]}) == pytest.approx(math.log10(2.0**-150))
    assert log_ratio({"gradient": [1.0, 0.0]}) is None


def test_the_claim_asks_for_what_the_plans_measure():
    (claim,) = [each for each in load_claims() if each.id == "bounded-gradient"]
    p = claim.test.parameters
    assert (p["protocol"], p["a"], p["b"], p["normalisation"]) == ("fer2013-7", "fixed", "identity", "working")
    assert "margin" not in p and MARGIN == 10
    of_claims = [check for each in load_claims() for role in ROLES for check in each.tests(role)]
    asking = [check.parameters for check in of_claims if check.rule.startswith("gradient_")]
    assert len(asking) > 25
    for own in asking:
        settings = load_plan(own["plan"])
        assert {s.run.protocol.name for s in settings} == {own["protocol"]}
        steps = {s.network: s.steps for s in settings}
        assert set(own["networks"]) | set(own["trained"]) <= set(steps)
        assert all(steps[network][-1] > 0 for network in own["trained"])
        assert set(own.get("seeds", [0])) <= {s.run.seed for s in settings}


OTHER = [
    {"protocol_hash": "f" * 16},
    {"data": {"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32}},
    {"data": header("fer2013-7")["data"]},
    {"data": header(P)["data"] | {"version": "9.9", "fingerprint": "cd" * 32}},
]


@pytest.mark.parametrize("changes", OTHER)
def test_a_name_alone_never_decides(changes):
    """Measured under another protocol file of that name, on other bytes or on other data."""
    measured = plan(identity_deep=EXPLODES)
    assert find(measured).verdict == "supported"
    found = find(measured | changes)
    assert (found.verdict, found.reason) == ("undetermined", f"missing: gradients of the plan x under {P}")
    assert find(plan(fixed_deep=EXPLODES), measured | changes).verdict == "refuted"


def test_a_seed_that_is_there_twice_counts_once():
    measured = plan(identity_deep=EXPLODES)
    once = find(measured)
    measured["measurements"] *= 2
    assert find(measured) == once and "n = 3 seeds" in once.reason
    two = {"identity_deep": EXPLODES[:2], "fixed_deep": FINE[:2]}
    few = plan(**two)
    few["measurements"] *= 2
    assert "1 more seed" in find(few).reason


def test_no_seed_can_be_added_after_a_look():
    """Every test of measured gradients names as many seeds as it needs."""
    of_claims = [check for claim in load_claims() for role in JUDGING for check in claim.tests(role)]
    checks = [check.parameters for check in of_claims if check.rule in ("gradient_ratio", "gradient_lessened")]
    assert len(checks) > 20
    assert all(len(each["seeds"]) == each.get("minimum_seeds", MINIMUM_SEEDS) for each in checks)


def interval_of(factors):
    """Mean and ends of the t-interval of the decimal logarithms."""
    logs = [math.log10(x) for x in factors]
    mean, half = np.mean(logs), stats.t.ppf(0.975, len(logs) - 1) * np.std(logs, ddof=1) / math.sqrt(len(logs))
    return mean, mean - half, mean + half


def in_words(factors):
    mean, low, high = (10**x for x in interval_of(factors))
    return f"x {mean:.3g} [{low:.3g}, {high:.3g}]"


NEAR, BORDER, FARTHER, FARTHEST = (5.0, 5.1, 5.2), (9.0, 10.0, 11.0), (43.0, 44.0, 45.0), (90.0, 91.0, 92.0)


@pytest.mark.parametrize(
    ("points", "verdict", "of_fixed", "of_identity", "seeds", "end", "shown"),
    [
        ({"identity_deep": EXPLODES, "fixed_end": NEAR}, "supported",
         ((FINE, "within"), (FINE, "within"), (NEAR, "within")),
         ((FINE, "within"), (EXPLODES, "explodes"), (FINE, "within")),
         "3", "", NEAR),
        ({"fixed_end": NEAR, "identity_end": VANISHES, "fixed_deep": BORDER, "identity_deep": (*EXPLODES, 43.0)},
         "undetermined",
         ((FINE, "within"), (BORDER, "open"), (NEAR, "within")),
         ((FINE, "within"), ((*EXPLODES, 43.0), "explodes"), (VANISHES, "vanishes")),
         "3 to 4", "; too close to the margin, or too few seeds that finished", BORDER),
        ({"fixed_deep": NEAR}, "no difference found",
         ((FINE, "within"), (NEAR, "within"), (FINE, "within")), ((FINE, "within"),) * 3,
         "3", "; nothing to prevent", NEAR),
        ({"fixed_deep": (*VANISHES, 1 / 41), "fixed_end": FARTHER, "identity_deep": NEAR, "identity_end": FARTHEST},
         "refuted",
         ((FINE, "within"), ((*VANISHES, 1 / 41), "vanishes"), (FARTHER, "explodes")),
         ((FINE, "within"), (NEAR, "within"), (FARTHEST, "explodes")),
         "3 to 4", "; of fixed's 2 points outside, 1 is farther out than identity's mean", FARTHER),
    ],
)  # fmt: skip
def test_a_whole_finding(points, verdict, of_fixed, of_identity, seeds, end, shown):
    """Points in the order of their steps, then of the depths; the number is fixed's, where it is farthest from 1."""
    found = find(plan(**points))
    places = ("shallow at the start", "deep at the start", "shallow after 100 steps")
    told = [
        f"{name}: " + ", ".join(f"{place} {in_words(f)} ({state})" for place, (f, state) in zip(places, own, strict=True))
        for name, own in (("fixed", of_fixed), ("identity", of_identity))
    ]
    assert found.reason == f"{told[0]}; {told[1]}; margin a factor of 10; n = {seeds} seeds{end}"
    assert (found.verdict, found.detail, found.unit, found.records) == (verdict, "", "log10", ())
    assert found.measured[:3] == pytest.approx(interval_of(shown)) and found.measured.n == len(shown)


def test_no_seed_of_the_first_shortcut_leaves_no_number():
    found = find(plan(fixed_shallow=LOST, fixed_end=LOST, fixed_deep=LOST, identity_deep=(5.0, None, 5.1, 5.0)))
    assert (found.verdict, found.measured, found.unit) == ("refuted", None, "log10")
    assert found.reason.startswith(
        "fixed: shallow at the start diverged 3 of 3 (diverged), deep at the start diverged 3 of 3 (diverged), "
        "shallow after 100 steps diverged 3 of 3 (diverged); identity: shallow at the start x 3 "
    )
    assert f", deep at the start {in_words((5.0, 5.1, 5.0))}, diverged 1 of 4 (open), " in found.reason
    assert found.reason.endswith("; n = 3 to 4 seeds; of fixed's 3 points outside, 0 are farther out than identity's mean")


def test_a_point_that_the_other_shortcut_lacks_is_not_compared():
    own = {Point("x", 0): Sample(3, [2.0, 2.1], 0, OUTSIDE), Point("y", 0): Sample(3, [2.0, 2.1], 0, OUTSIDE)}
    other = {Point("x", 0): Sample(3, [-1.0, -1.1], 0, WITHIN), Point("z", 0): Sample(3, [1.0, 1.1], 0, WITHIN)}
    words = "of a's 2 points outside, 1 is farther out than b's mean"
    assert gradient_rule._beside("a", own, "b", other) == words
    alike = {Point("x", 0): Sample(3, [-2.0, -2.1], 0, OUTSIDE)}  # as far, to the other side
    assert gradient_rule._beside("a", own, "b", alike).startswith("of a's 2 points outside, 0 are")


def test_each_thing_that_is_missing():
    found = find(plan(identity_deep=EXPLODES[:2]), networks=["shallow", "deep", "none"], minimum_seeds=4, trained=["deep"])
    assert found.reason == (
        "missing: shallow, fixed, working BatchNorm: 1 more seed; deep, fixed, working BatchNorm: 1 more seed; "
        "none, fixed, working BatchNorm: 4 more seeds; deep, fixed, working BatchNorm, trained: 4 more seeds; "
        "shallow, identity, working BatchNorm: 1 more seed; deep, identity, working BatchNorm: 2 more seeds; "
        "none, identity, working BatchNorm: 4 more seeds; deep, identity, working BatchNorm, trained: 4 more seeds"
    )
    assert (found.verdict, found.measured, found.unit) == ("undetermined", None, "")


def test_one_step_is_a_training_and_its_last_step_is_the_end():
    short = [measurement("x", "fixed", seed, (3.0, 5.0), (0, 1), 12) for seed in (0, 1)]
    start = [measurement("x", "fixed", 2, (3.0,), (0,), 12)]
    assert chosen([*short, *start], "x", "fixed", "working", trained=True) == short
    assert chosen([*short, *start], "x", "fixed", "working", trained=False) == [*short, *start]
    for other in ({"network": "y"}, {"shortcut": "identity"}, {"normalisation": "frozen"}):
        assert chosen([m | other for m in short], "x", "fixed", "working", trained=True) == []
    samples, missing = gradient_rule._samples(short, "fixed", "working", ["x"], ["x"], 2)
    assert missing == [] and list(samples) == [("x", 0), ("x", 1)]
    assert [list(s.ratios) for s in samples.values()] == [pytest.approx([math.log10(f)] * 2) for f in (3, 5)]
    assert [(s.layers, s.diverged, s.state) for s in samples.values()] == [(12, 0, "open")] * 2


def test_the_level_itself_is_not_below_it(monkeypatch):
    ratios = [1.1, 1.2, 1.6]
    p = min(1.0, 2 * stats.ttest_1samp(ratios, 1, alternative="greater").pvalue)
    within = [0.2, 0.6, 0.75]
    p_within = stats.ttest_1samp(within, 1, alternative="less").pvalue
    for own, level, state in ((ratios, p, OUTSIDE), (within, p_within, WITHIN)):
        for alpha, expected in ((level, OPEN), (np.nextafter(level, 1), state)):
            monkeypatch.setattr(gradient_rule, "ALPHA", alpha)
            assert classified({Point("x", 0): Sample(12, own, 0)}, 10, 3)[Point("x", 0)].state == expected


def test_samples_that_can_not_be_tested_are_open():
    for ratios, minimum in (([0.1, 0.1, 0.1], 3), ([0.1, 0.2], 3), ([0.1, 0.2, 0.15], 4)):
        assert classified({Point("x", 0): Sample(12, ratios, 0)}, 10, minimum)[Point("x", 0)].state == OPEN
    assert classified({Point("x", 0): Sample(12, [0.1, 0.2, 0.15], 0)}, 10, 3)[Point("x", 0)].state == WITHIN
    assert classified({}, 10, 3) == {}


def test_points_and_factors_in_words():
    assert [when(Point("x", step)) for step in (0, 1, 100)] == ["x at the start", "x after 1 steps", "x after 100 steps"]
    assert gradient_rule.factor(Interval(2.0, 1.0, 3.0, 3)) == "x 100 [10, 1e+03]"
    assert [gradient_rule.factor(Interval(0.0, *ends, 1)) for ends in ((None, None), (None, 1.0), (0.0, None))] == [
        "x 1"
    ] * 3
    assert Sample(3, [], 2).interval is None and Sample(3, [0.5], 0).interval == Interval(0.5, None, None, 1)
    states = [([1.0], OUTSIDE), ([-1.0], OUTSIDE), ([], OUTSIDE), ([1.0], WITHIN), ([1.0], OPEN)]
    words = [gradient_rule._word(Sample(3, ratios, 0, state)) for ratios, state in states]
    assert words == ["explodes", "vanishes", "diverged", "within", "open"]
    assert (OUTSIDE, WITHIN, OPEN, Sample(3, [], 0).state) == ("outside", "within", "open", "open")


def test_the_smallest_gradient_that_a_number_can_have():
    assert log_ratio({"gradient": [2.0**-149, 3.0, 2.0**-149]}) == 0 == log_ratio({"gradient": [0.0, 3.0, 2.0**-149]})
    assert log_ratio({"gradient": [2.0**-148, 3.0, 2.0**-149]}) == pytest.approx(math.log10(2))
    assert log_ratio({"gradient": [1.0, 3.0, 0.0]}) is None and log_ratio({"gradient": [10.0, 0.0, 0.1]}) == pytest.approx(2)
