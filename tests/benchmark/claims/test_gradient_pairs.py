"""The rule gradient_lessened: every outcome on fabricated measurements, and the committed file's figures recomputed."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.claims import gradient_pairs
from benchmark.claims.gradient_pairs import BETTER, EQUIVALENT, OPEN, WORSE, Pairs, judged, outcome
from benchmark.claims.gradient_rule import Point
from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from tests.benchmark.claims.test_gradient_rule import header

P = "synthetic-8"
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
RULE = {
    "rule": "gradient_lessened", "protocol": P, "plan": "x", "a": "fixed", "b": "identity",
    "normalisations": ["working", "frozen"], "networks": ["shallow", "deep"], "trained": ["shallow"], "needs": "faces",
}  # fmt: skip
START, END, LAYERS = 0, 100, {"shallow": 12, "deep": 110}
COMMITTED = Path(__file__).parents[3] / "reports" / "gradients" / "fer2013-cpu.json"
# The identity network's gradient ratio, one a seed; its spread is not that of the differences, since pairs share seeds.
IDENTITY = (100.0, 400.0, 50.0)
# Factors of fixed over identity, one a seed: far nearer to 1, far farther, the same, and of no clear sign.
NEARER, FARTHER, ALIKE, UNCLEAR = (0.02, 0.021, 0.019), (20.0, 21.0, 19.0), (1.0, 1.01, 0.99), (0.2, 8.0, 1.5)
LOST = (None, None, None)


def measurement(network, shortcut, normalisation, seed, ratios, steps):
    moments = []
    for step, ratio in zip(steps, ratios, strict=True):
        if ratio is None:
            break
        moments.append({"step": step, "gradient": [ratio * 0.5, 0.7, 0.5]})
    return {
        "network": network, "shortcut": shortcut, "normalisation": normalisation, "seed": seed, "steps": list(steps),
        "layers": LAYERS[network], "moments": moments,
    }  # fmt: skip


def plan(protocol=P, first=0, identity=IDENTITY, lost=(), **factors):
    """working_shallow, working_end, working_deep, frozen_...: factors of fixed over identity by seed; ALIKE if not given.

    Args:
        lost: (normalisation, where, shortcut) at which every seed diverged.
    """
    found = []
    for normalisation in ("working", "frozen"):
        of = {where: factors.get(f"{normalisation}_{where}", ALIKE) for where in ("shallow", "end", "deep")}
        for seed, base in enumerate(identity):
            for shortcut in ("fixed", "identity"):
                factor = {where: of[where][seed] if shortcut == "fixed" else 1.0 for where in of}
                factor |= {where: None for where in of if (normalisation, where, shortcut) in lost}
                ratio = {where: None if each is None else base * each for where, each in factor.items()}
                own = (shortcut, normalisation, first + seed)
                found.append(measurement("shallow", *own, (ratio["shallow"], ratio["end"]), (START, END)))
                found.append(measurement("deep", *own, (ratio["deep"],), (START,)))
    return header(protocol) | {"measurements": found}


def find(*plans, **changes):
    claims = load_claims({"claims": {"x": TEXT | {"test": RULE | changes}}})
    return judge(claims, SimpleNamespace(comparisons=[]), None, plans)[0].finding


@pytest.mark.parametrize(
    ("factors", "verdict", "words"),
    [
        ({"working_deep": FARTHER, "frozen_deep": NEARER},
         "conditional: holds under frozen BatchNorm, fails under working BatchNorm",
         ("working BatchNorm: worse, deep at the start x 20", "frozen BatchNorm: better, deep at the start x 0.02")),
        ({"working_deep": NEARER, "frozen_end": NEARER}, "supported",
         ("working BatchNorm: better", "frozen BatchNorm: better, shallow after 100 steps x 0.02")),
        ({"working_deep": FARTHER, "frozen_deep": FARTHER}, "refuted",
         ("working BatchNorm: worse", "frozen BatchNorm: worse")),
        ({}, "no difference found", ("working BatchNorm: equivalent", "frozen BatchNorm: equivalent")),
        ({"working_deep": UNCLEAR, "frozen_deep": UNCLEAR}, "undetermined",
         ("working BatchNorm: open", "deep at the start x 1.34", "(open)")),
        ({"working_deep": NEARER, "working_shallow": FARTHER}, "conditional", ("working BatchNorm: better and worse",)),
        ({"frozen_deep": NEARER}, "holds under one condition only: frozen BatchNorm", ("working BatchNorm: equivalent",)),
        ({"working_deep": FARTHER}, "fails under one condition only: working BatchNorm", ("frozen BatchNorm: equivalent",)),
        ({"frozen_deep": NEARER, "working_end": UNCLEAR}, "holds under one condition, the other open: frozen BatchNorm",
         ("working BatchNorm: open",)),
        ({"working_deep": FARTHER, "frozen_end": UNCLEAR}, "fails under one condition, the other open: working BatchNorm",
         ("frozen BatchNorm: open",)),
        ({"working_deep": UNCLEAR}, "undetermined", ("working BatchNorm: open", "frozen BatchNorm: equivalent")),
    ],
)  # fmt: skip
def test_verdicts(factors, verdict, words):
    found = find(plan(**factors))
    assert ": ".join(filter(None, (found.verdict, found.detail))) == verdict, found
    assert all(each in found.reason for each in words), found.reason


def test_points_lost_to_divergence():
    """Every seed of one network lost and none of the other's: Fisher's exact test, which three seeds can not pass."""
    lost = [("frozen", where, "identity") for where in ("end",)]
    eight = (100.0, 400.0, 50.0, 80.0, 120.0, 90.0, 70.0, 60.0)
    places = [f"{n}_{w}" for n in ("working", "frozen") for w in ("shallow", "end", "deep")]
    alike = dict.fromkeys(places, (1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0, 1.02))
    found = find(plan(identity=eight, lost=lost, **alike))
    assert stats.fisher_exact([[0, 8], [8, 0]]).pvalue * 6 < 0.001
    assert "frozen BatchNorm: better, shallow after 100 steps diverged 0 and 8 of 8, p < 0.001" in found.reason
    assert found.verdict == "holds under one condition only"
    worse = find(plan(identity=eight, lost=[("frozen", "end", "fixed")], **alike))
    assert "frozen BatchNorm: worse, shallow after 100 steps diverged 8 and 0 of 8" in worse.reason
    few = find(plan(lost=lost))
    assert few.verdict == "undetermined" and "shallow after 100 steps diverged 0 and 3 of 3 (open)" in few.reason
    some = find(plan(working_deep=(0.02, None, 0.021), frozen_deep=NEARER))
    assert "deep at the start x 0.0205" in some.reason and "diverged 1 and 0 of 3 (open)" in some.reason
    both = find(plan(lost=[("frozen", "end", "identity"), ("frozen", "end", "fixed")]))
    assert "diverged 3 and 3 of 3 (open)" in both.reason


def test_both_kinds_of_ratio_count_by_their_distance_from_1():
    """1 / 100 and 100 are equally far; a network that vanishes by as much as the other explodes is not nearer to 1."""
    mirrored = find(plan(working_deep=tuple(1.01 / x**2 for x in IDENTITY), frozen_deep=NEARER))
    assert "working: shallow at the start x 1 " in mirrored.reason
    assert "deep at the start x 0.99 (open)" in mirrored.reason  # the same in every seed: no test


def test_numbers_of_the_reason_and_holm_over_depths_and_conditions():
    factors = {"working_deep": (3.0, 4.0, 3.4), "frozen_deep": NEARER, "frozen_end": (0.5, 0.8, 0.9)}
    found = find(plan(**factors))
    logs = np.log10([3.0, 4.0, 3.4])
    low, high = stats.ttest_1samp(logs, 0).confidence_interval()
    assert f"deep at the start x {10 ** logs.mean():.3g} [{10**low:.3g}, {10**high:.3g}], p " in found.reason
    assert (found.measured.mean, found.measured.low, found.unit) == (pytest.approx(logs.mean()), pytest.approx(low), "log10")
    ps = sorted(stats.ttest_1samp(np.log10(f), 0).pvalue for f in [*factors.values(), ALIKE, ALIKE, ALIKE])
    place = ps.index(stats.ttest_1samp(logs, 0).pvalue)
    adjusted = max(p * (6 - k) for k, p in enumerate(ps[: place + 1]))  # Holm by hand over six
    assert f"], p {adjusted:.3f}; frozen" in found.reason and "Holm over 6" in found.reason and "n = 3 seeds" in found.reason


def test_states_against_scipy_and_holm():
    """p 0.0267 alone is below 0.05 and beside another test is not; equivalence by two one-sided tests likewise."""

    def pairs(differences):
        return Pairs(12, [1 + d for d in differences], [1.0] * len(differences), (0, 0), len(differences))

    differs, same = (0.3, 0.5, 0.55), (0.0, 0.08, 0.1)
    p = stats.ttest_1samp(differs, 0).pvalue
    limit = math.log10(2)
    p_equal = max(
        stats.ttest_1samp(same, limit, alternative="less").pvalue,
        stats.ttest_1samp(same, -limit, alternative="greater").pvalue,
    )
    assert 0.025 < p < 0.05 and p_equal < 0.05
    alone = {("working", Point("x", 0)): pairs(differs)}
    judged(alone, 2, 3)
    assert alone["working", Point("x", 0)].state == WORSE
    two = {("working", Point("x", 0)): pairs(differs), ("frozen", Point("x", 0)): pairs((-0.5, 0.3, 0.1))}
    judged(two, 2, 3)
    assert [each.state for each in two.values()] == [OPEN, OPEN]
    assert two["working", Point("x", 0)].p == pytest.approx(2 * p)
    for of_interest, state in ((2, EQUIVALENT), (1.3, OPEN)):
        equal = {("working", Point("x", 0)): pairs(same)}
        judged(equal, of_interest, 3)
        assert equal["working", Point("x", 0)].state == state
    nearer = {("working", Point("x", 0)): pairs([-d for d in differs])}
    judged(nearer, 2, 3)
    assert nearer["working", Point("x", 0)].state == BETTER


def test_pairs_are_made_by_seed():
    several = plan(working_deep=FARTHER, frozen_deep=NEARER)
    several["measurements"] = [m for m in several["measurements"] if not (m["seed"] == 2 and m["shortcut"] == "fixed")]
    found = find(several)
    assert found.verdict == "undetermined"
    assert found.reason.startswith("missing: shallow, fixed and identity, working BatchNorm: 1 more seed; ")
    shuffled = plan(working_deep=FARTHER, frozen_deep=NEARER)
    shuffled["measurements"].reverse()
    more = plan(first=100, identity=(9.0, 8.0, 7.0, 6.0), **{
        f"{n}_{w}": (1.0, 1.1, 0.9, 1.0) for n in ("working", "frozen") for w in ("shallow", "end", "deep")})  # fmt: skip
    assert find(shuffled).verdict == "conditional"
    assert "n = 4 seeds" in find(more).reason and find(more).verdict == "no difference found"
    assert find(shuffled, more | {"plan": "y"}).verdict == "conditional"
    both = shuffled | {"measurements": shuffled["measurements"] + more["measurements"]}
    assert find(both, seeds=[0, 1, 2]).verdict == "conditional" and "n = 7 seeds" in find(both).reason
    found = find(shuffled, seeds=[100, 101, 102])
    assert found.reason == f"missing: gradients of the plan x under {P} with seeds 100, 101, 102"
    assert "shallow, fixed and identity, working BatchNorm: 1 more seed" in find(shuffled, minimum_seeds=4).reason


def test_missing_measurements_are_named():
    assert find().reason == f"missing: gradients of the plan x under {P}" and find().verdict == "undetermined"
    found = find(plan(), trained=["shallow", "deep"])
    assert found.reason == (
        "missing: deep, fixed and identity, working BatchNorm, trained: 3 more seeds; "
        "deep, fixed and identity, frozen BatchNorm, trained: 3 more seeds"
    )
    assert find(protocol="affectnet-8", needs="AffectNet").verdict == "not testable here"


def committed():
    """log10 of the gradient's norm before the first unit over that behind the last, straight from the committed file."""
    found = {}
    for m in json.loads(COMMITTED.read_text())["measurements"]:
        for moment in m["moments"]:
            key = m["network"], m["shortcut"], m["normalisation"], m["seed"], moment["step"]
            found[key] = np.log10(moment["gradient"][0] / moment["gradient"][-1])
    return found


def recomputed(normalisation, network="narrow8-110", step=0, seeds=(0, 1, 2)):
    """Ratio of the two gradient ratios, fixed over identity, of each seed: geometric mean, ends of its t-interval, p."""
    logs = committed()
    d = [logs[network, "fixed", normalisation, s, step] - logs[network, "identity", normalisation, s, step] for s in seeds]
    half = stats.t.ppf(0.975, len(d) - 1) * np.std(d, ddof=1) / np.sqrt(len(d))
    t = np.mean(d) / (np.std(d, ddof=1) / np.sqrt(len(d)))
    return *10 ** np.array([np.mean(d), np.mean(d) - half, np.mean(d) + half]), 2 * stats.t.sf(abs(t), len(d) - 1)


def test_committed_figures_equal_an_independent_recomputation():
    """110 narrow layers, FER2013, 3 seeds: with working BatchNorm the bounded shortcut is farther from 1, frozen nearer."""
    working, frozen = recomputed("working"), recomputed("frozen")
    assert [float(f"{x:.3g}") for x in working[:3]] == [15.2, 12.8, 18.1]
    assert [float(f"{x:.1g}") for x in frozen[:3]] == [2e-5, 1e-6, 4e-4]
    (claim,) = [each for each in load_claims() if each.id == "lessened-gradient"]
    (judged_claim,) = judge([claim], SimpleNamespace(comparisons=[]), None, [json.loads(COMMITTED.read_text())])
    finding = judged_claim.seen[0]  # decided by seeds that had not been seen; these had
    for name, (mean, low, high, _), word in (("working", working, "worse"), ("frozen", frozen, "better")):
        words = f"{name} BatchNorm: {word}, narrow8-110 at the start x {mean:.3g} [{low:.3g}, {high:.3g}], p "
        assert words in finding.reason
    assert finding.verdict == "measured, no verdict"
    assert 10 ** np.array(finding.measured[:3]) == pytest.approx(working[:3])
    # Holm over six depths and moments under two conditions: the smallest p times 12, the next times 11.
    depths = ("narrow8-12", "narrow8-32", "narrow8-56", "narrow8-110")
    points = [*((n, 0) for n in depths), *((n, 100) for n in depths[:2])]
    ps = sorted(recomputed(n, *point)[3] for n in ("working", "frozen") for point in points)
    assert ps[:2] == [working[3], frozen[3]] and "Holm over 12" in finding.reason
    assert f"p {12 * ps[0]:.3f}; frozen" in finding.reason and f"p {11 * ps[1]:.3f}; fixed over" in finding.reason
    # No ratio is below 1, so the distance from 1 is the ratio itself.
    assert min(committed().values()) > 0


# ---------------------------------------------------------------- whole findings, and each decision alone


def in_words(factors):
    """The geometric mean of factors with its t-interval."""
    logs = np.log10(factors)
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
    mean, low, high = 10 ** (logs.mean() + np.array([0, -half, half]))
    return f"x {mean:.3g} [{low:.3g}, {high:.3g}]"


def test_a_whole_finding():
    nearer, farther = (0.05, 0.052, 0.048), (3.0, 3.1, 2.9)
    found = find(
        plan(
            working_deep=UNCLEAR,
            frozen_deep=nearer,
            frozen_shallow=farther,
            frozen_end=(0.5, None, 0.52),
        )
    )
    alike, lost = in_words(ALIKE), f"{in_words((0.5, 0.52))}, diverged 1 and 0 of 3"
    p = [stats.ttest_1samp(np.log10(x), 0).pvalue for x in (nearer, farther, UNCLEAR)]
    assert 5 * p[0] < 0.001 and 4 * p[1] < 0.05 < p[2]  # of five tests; at the lost point there is none
    assert found.reason == (
        f"working BatchNorm: open, deep at the start {in_words(UNCLEAR)}, p 1.000; "
        f"frozen BatchNorm: better and worse, deep at the start {in_words(nearer)}, p < 0.001; "
        "fixed over identity, below 1 = fixed nearer to 1, paired by seed, n = 3 seeds, Holm over 6; all: "
        f"working: shallow at the start {alike} (equivalent), deep at the start {in_words(UNCLEAR)} (open), "
        f"shallow after 100 steps {alike} (equivalent); "
        f"frozen: shallow at the start {in_words(farther)} (worse), deep at the start {in_words(nearer)} (better), "
        f"shallow after 100 steps {lost} (open)"
    )
    assert (found.verdict, found.detail, found.unit) == ("conditional", "", "log10")
    assert found.measured.mean == pytest.approx(np.log10(UNCLEAR).mean()) and found.measured.n == 3


def test_numbers_of_seeds_that_differ_between_points_are_a_range():
    made = plan()
    extra = [m | {"seed": 7} for m in made["measurements"] if m["network"] == "deep" and m["seed"] == 0]
    assert "paired by seed, n = 3 to 4 seeds, Holm" in find(made | {"measurements": [*made["measurements"], *extra]}).reason


def test_each_thing_that_is_missing():
    made = plan()
    made["measurements"] = [m for m in made["measurements"] if (m["network"], m["seed"]) != ("deep", 1)]
    found = find(made, networks=["shallow", "deep", "none"], trained=["deep"])
    lacking = [
        f"deep, fixed and identity, {n} BatchNorm: 1 more seed; none, fixed and identity, {n} BatchNorm: 3 more seeds; "
        f"deep, fixed and identity, {n} BatchNorm, trained: 3 more seeds"
        for n in ("working", "frozen")
    ]
    assert (found.verdict, found.reason) == ("undetermined", f"missing: {lacking[0]}; {lacking[1]}")
    assert "deep, fixed and identity, working BatchNorm: 2 more seeds;" in find(made, minimum_seeds=4).reason


def of(*states, differences=(0.1,), layers=12, **more):
    return [Pairs(layers, [1 + d for d in differences], [1.0] * len(differences), (0, 0), 3, s, **more) for s in states]


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ((BETTER, WORSE), "better and worse"), ((WORSE, BETTER, OPEN), "better and worse"), ((BETTER,), BETTER),
        ((WORSE, EQUIVALENT), WORSE), ((EQUIVALENT,), EQUIVALENT), ((EQUIVALENT, OPEN), OPEN), ((OPEN,), OPEN), ((), OPEN),
    ],
)  # fmt: skip
def test_the_outcome_of_all_points(states, together):
    assert outcome(of(*states)) == together


@pytest.mark.parametrize(
    ("one", "two", "verdict"),
    [
        (BETTER, BETTER, ("supported", "")), (WORSE, WORSE, ("refuted", "")),
        (EQUIVALENT, EQUIVALENT, ("no difference found", "")),
        (OPEN, EQUIVALENT, ("undetermined", "")), (OPEN, OPEN, ("undetermined", "")),
        (BETTER, WORSE, ("conditional", "holds under x BatchNorm, fails under y BatchNorm")),
        (WORSE, BETTER, ("conditional", "holds under y BatchNorm, fails under x BatchNorm")),
        ("better and worse", BETTER, ("conditional", "")), (OPEN, "better and worse", ("conditional", "")),
        (BETTER, EQUIVALENT, ("holds under one condition only", "x BatchNorm")),
        (EQUIVALENT, WORSE, ("fails under one condition only", "y BatchNorm")),
        (BETTER, OPEN, ("holds under one condition, the other open", "x BatchNorm")),
        (OPEN, WORSE, ("fails under one condition, the other open", "y BatchNorm")),
    ],
)  # fmt: skip
def test_the_verdict_over_two_conditions(one, two, verdict):
    assert gradient_pairs._verdict({"x": one, "y": two}) == verdict


def test_three_conditions_name_each():
    verdict = gradient_pairs._verdict({"x": BETTER, "y": EQUIVALENT, "z": BETTER})
    assert verdict == ("holds under one condition only", "x BatchNorm and z BatchNorm")


def test_the_levels_themselves_are_not_below_them(monkeypatch):
    differs, same = (0.3, 0.5, 0.55), (0.0, 0.08, 0.1)
    p = stats.ttest_1samp(differs, 0).pvalue
    p_equal = stats.ttest_1samp(same, math.log10(2), alternative="less").pvalue
    for differences, level, state in ((differs, p, WORSE), (same, p_equal, EQUIVALENT)):
        for alpha, expected in ((level * (1 - 1e-9), OPEN), (level * (1 + 1e-9), state)):
            monkeypatch.setattr(gradient_pairs, "ALPHA", alpha)
            (own,) = of(OPEN, differences=differences)
            judged({("n", Point("x", 0)): own}, 2.0, 3)
            assert own.state == expected
        (own,) = of(OPEN, differences=differences)
        judged({("n", Point("x", 0)): own}, 2.0, 3)
        monkeypatch.setattr(gradient_pairs, "ALPHA", own.p if state == WORSE else own.p_equal)
        (own,) = of(OPEN, differences=differences)
        judged({("n", Point("x", 0)): own}, 2.0, 3)
        assert own.state == OPEN


def test_a_significant_difference_counts_before_equivalence():
    (own,) = of(OPEN, differences=(0.1, 0.1001, 0.1002))
    judged({("n", Point("x", 0)): own}, 2.0, 3)
    assert own.state == WORSE and own.p < 0.05 and own.p_equal < 0.05


def test_which_is_favoured():
    favours = gradient_pairs._favours_a
    assert [favours(Pairs(3, [0.1], [1.0], lost, 8)) for lost in ((0, 8), (8, 0), (3, 3))] == [True, False, False]
    assert [favours(Pairs(3, [a], [1.0], (0, 0), 1)) for a in (0.9, 1.0, 1.1)] == [True, False, False]
    assert favours(Pairs(3, [], [], (0, 0), 1)) is False


def test_the_point_that_is_shown():
    points = [Point(name, 0) for name in "abcd"]

    def shown(*own):
        return gradient_pairs._farthest(dict(zip(points, own, strict=False)))[0].network

    small, large, vague = (
        *of(WORSE, differences=(0.1, 0.11)),
        *of(BETTER, differences=(-0.5, -0.6)),
        *of(OPEN, differences=(3.0,)),
    )
    lost = Pairs(12, [], [], (0, 8), 8, BETTER)
    assert shown(small, large, vague) == shown(vague, large, small) == "b"
    assert shown(small, large, lost) == "c"  # no number is as far as none
    assert shown(vague, *of(OPEN, differences=(-4.0,)), *of(EQUIVALENT)) == "b"
    assert shown(vague, small) == "b"


def test_points_in_words():
    point = Point("x", 5)
    told = gradient_pairs._told
    assert told(point, of(BETTER, differences=(0.0, 0.0))[0]) == "x after 5 steps x 1 (better)"
    assert told(point, Pairs(3, [], [], (0, 8), 8)) == "x after 5 steps diverged 0 and 8 of 8 (open)"
    assert told(point, Pairs(3, [2.0], [1.0], (0, 1), 2)) == "x after 5 steps x 10, diverged 0 and 1 of 2 (open)"
    headline = gradient_pairs._headline
    assert headline({point: of(OPEN, p=0.0009)[0]}) == f"x after 5 steps x {10**0.1:.3g}, p < 0.001"
    assert headline({point: of(OPEN, p=0.001)[0]}).endswith(", p 0.001") and ", p" not in headline({point: of(OPEN)[0]})
    deep, shallow = *of(OPEN, layers=110), *of(OPEN, layers=12)
    own = {Point("late", 9): shallow, Point("deep", 0): deep, Point("shallow", 0): shallow}
    assert [p.network for p, _ in gradient_pairs._ordered(own)] == ["shallow", "deep", "late"]


def test_the_size_of_a_measured_ratio():
    moments = [
        {"step": 0, "gradient": [100.0, 1.0]},
        {"step": 5, "gradient": [0.01, 1.0]},
        {"step": 9, "gradient": [1.0, 0.0]},
    ]
    sizes = [gradient_pairs._size({"moments": moments}, step) for step in (0, 5, 9, 10)]
    assert sizes == [pytest.approx(2), pytest.approx(2), None, None]
    bare = Pairs(3, [0.1], [0.2], (0, 0), 1)
    assert (bare.state, bare.p, bare.p_equal) == ("open", None, None) and bare.difference.mean == pytest.approx(-0.1)
    assert Pairs(3, [], [], (0, 0), 1).difference is None


def test_the_words_of_the_outcomes():
    assert (BETTER, WORSE, EQUIVALENT, OPEN) == ("better", "worse", "equivalent", "open") and outcome([]) == "open"
    assert (gradient_pairs.OPPOSITE, gradient_pairs.OF_INTEREST) == ("better and worse", 2.0)


def test_one_step_is_a_training_and_the_longest_window_its_end():
    made = [
        measurement("deep", shortcut, "working", seed, (10.0, 100.0 * k), (0, 1 + (seed == 2)))
        for seed in (0, 2) for k, shortcut in enumerate(("fixed", "identity"), 1)
    ]  # fmt: skip
    point, pairs = gradient_pairs._pairs(made, "deep", "working", ("fixed", "identity"), at_end=True)
    assert point == ("deep", 2) and pairs.lost == (1, 1) and pairs.seeds == 2 and pairs.layers == 110
    assert (list(pairs.a), list(pairs.b)) == ([pytest.approx(2)], [pytest.approx(math.log10(200))])
    point, pairs = gradient_pairs._pairs(made, "deep", "working", ("fixed", "identity"), at_end=False)
    assert point == ("deep", 0) and list(pairs.a) == list(pairs.b) == [1.0, 1.0]
    assert gradient_pairs._pairs(made, "deep", "frozen", ("fixed", "identity"), at_end=False) == 0
    one = [m for m in made if m["seed"] == 0]
    assert gradient_pairs._pairs(one, "deep", "working", ("fixed", "identity"), at_end=True)[0].step == 1
