"""The claim ledger: every verdict of every rule on fabricated records, and the entries of claims.yaml."""

import dataclasses
import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.claims import evidence
from benchmark.claims.finding import DECIDING, FURTHER, MACHINERY, ROLES, SCALED_DOWN, SEEN, network_of, seeds_in_words
from benchmark.claims.judge import judge
from benchmark.claims.load import load_anchors, load_claims
from benchmark.claims.rules import COMPARING, RULES
from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.files import read_yaml
from benchmark.protocol.cells import Cell, load_cells
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.comparisons import summarise
from benchmark.records.image_variance import image_variance
from benchmark.records.joint_test import joint_difference
from benchmark.records.optimism import selection_optimism
from benchmark.records.prediction_intervals import prediction_interval_new_run, prediction_interval_new_score
from benchmark.records.record import read_records
from benchmark.report.claim_words import plain
from benchmark.runs.plan import parts, waiting_for_rates

IMAGES = 90
P = "synthetic-8"
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
# The list of claims that the ledger has to hold: id -> (claimed value, rule).
CLAIMS = {
    "acc-affectnet": ("68.50 %", "numeric"),
    "acc-fer2013": ("71.53 %", "numeric"),
    "rmse-affectnet": ("0.2577", "numeric"),
    "rmse-affwild": ("0.2882", "numeric"),
    "params": ("3.1 M", "complexity_value"),
    "flops": ("15 MFLOPs", "complexity_value"),
    "beats-resnet": ("qualitative", "compare_cells"),
    "shallower": ("qualitative", "better_and_cheaper"),
    "trainable-helps": ("qualitative", "compare_cells"),
    "contempt": ("qualitative", "compare_cells"),
    "bounded-gradient": ("qualitative", "gradient_ratio"),
    "lessened-gradient": ("qualitative", "gradient_lessened"),
    "weighted-helps": ("qualitative", "compare_cells"),
    "bregnet-sota": ("qualitative, dated 2019", "not_testable"),
    "bregnet-shallower": ("qualitative", "compare_cells"),
    "affect-models": ("qualitative", "compare_cells"),
    "sota": ("qualitative, dated 2020", "not_testable"),
}
ADDED = {"lessened-gradient"}  # post hoc, in no paper
OF_GRADIENTS = {
    "gradient_ratio",
    "gradient_lessened",
}  # tests/benchmark/claims/test_gradient_rule.py, test_gradient_pairs.py
OF_BREGNET = ("bounded-gradient", "lessened-gradient", "weighted-helps", "bregnet-sota", "bregnet-shallower")
PAPERS_DATA = {"affectnet-8", "affectnet-va", "affwild-va", "fer2013-7", "fer2013-7-released"}
# The kinds of evidence and the protocols that may stand in each.
PROTOCOLS = {
    DECIDING: PAPERS_DATA,
    SCALED_DOWN: {"fer2013-7-small"},
    FURTHER: PAPERS_DATA | {"ferplus-8"},  # the paper's pictures with other labels
    SEEN: {"fer2013-7-quick"},
    MACHINERY: {"synthetic-8", "synthetic-va", "diffusionfer-va", "diffusionfer-va-quick", "diffusionfer-7-quick"},
}
# ResNets with the ImageNet stem: fewer FLOPs than BReG-NeXt-50 (test_count_rules.py), which needs no run.
COUNTED_ALONE = {("fer2013-7", f"resnet{depth}-plain") for depth in (18, 34, 50, 101)}
# The verdicts of reports/claims.md as it was committed before the rules of 2026-11-28.
EARLIER = {
    "acc-affectnet": "not testable here", "acc-fer2013": "undetermined", "rmse-affectnet": "not testable here",
    "rmse-affwild": "not testable here", "params": "reproduced", "flops": "not reproduced", "beats-resnet": "undetermined",
    "shallower": "undetermined", "trainable-helps": "undetermined", "contempt": "not testable here",
    "bounded-gradient": "refuted", "weighted-helps": "undetermined", "sota": "not testable here",
}  # fmt: skip


def cell(name, loss="plain"):
    return Cell(name, "other", {"called": name}, loss)


@cache
def own_claims():
    """The suite's claims: reading their YAML takes longer than most tests here."""
    return load_claims()


def answers(n):
    """The first n of the test images right."""
    return np.arange(IMAGES) < n


def pair(**changes):
    return {"rule": "compare_cells", "protocol": P, "a": "a", "b": "b", "metric": "accuracy", "needs": "faces"} | changes


def number(**changes):
    base = {"rule": "numeric", "protocol": P, "cell": "a", "metric": "accuracy", "value": 0.5, "needs": "faces"}
    return base | changes


def network(parameters, flops):
    return {"parameters": {"trainable": parameters}, "flops": flops}


def test_ledger_holds_exactly_the_claims_of_the_papers():
    found = {claim.id: (claim.value, claim.test.rule) for claim in own_claims()}
    assert found == CLAIMS
    for claim in own_claims():
        assert (claim.mark == "I" and "(post hoc)" in claim.sentence) if claim.id in ADDED else claim.mark == "V"
        assert claim.id in ADDED or claim.source.startswith("abstract")
        assert claim.paper == ("BReG-Net" if claim.id in OF_BREGNET else "BReG-NeXt")
        assert claim.paper == "BReG-NeXt" or claim.id in ADDED or (claim.quote and "1903.02110" in claim.source)
    assert {claim.id: each.verdict for claim in own_claims() for each in claim.earlier} == EARLIER
    values = {claim.id: claim.test.parameters["value"] for claim in own_claims() if "value" in claim.test.parameters}
    assert values == {
        "acc-affectnet": 0.685, "acc-fer2013": 0.7153, "rmse-affectnet": 0.2577, "rmse-affwild": 0.2882,
        "params": 3_100_000, "flops": 15_000_000,
    }  # fmt: skip


def leaves(claim, role):
    return [one for test in claim.tests(role) for one in test.conditions.values() or (test,)]


def test_entries_name_existing_cells_under_the_protocols_of_their_kind():
    known = load_cells()
    for claim in own_claims():
        for role in ROLES:
            for test in leaves(claim, role):
                p = test.parameters
                if "protocol" not in p:
                    continue
                of_role = PROTOCOLS[role] | ({"fer2013-7"} if test.rule in OF_GRADIENTS and role == SEEN else set())
                assert p["protocol"] in of_role, (claim.id, p)
                assert p["protocol"] in protocol_names() or re.match("affectnet|affwild|diffusionfer", p["protocol"])
                if test.rule in OF_GRADIENTS:
                    assert {p["a"], p["b"]} < {"identity", "fixed", "adaptive"}
                    continue
                assert {p[key] for key in ("cell", "a", "b") if key in p} <= set(known)
                classes = [p["of_class"]] if "of_class" in p else []
                classes += [each.removeprefix("recall of ") for each in p.get("beside", []) if each.startswith("recall of ")]
                if p["protocol"] in protocol_names():
                    assert set(classes) <= set(load_protocol(p["protocol"]).classes)
    for anchor in load_anchors().values():
        assert all({"name", "value", "source"} == set(figure) for figure in anchor["figures"])


def test_the_planned_seeds_are_those_that_a_profile_plans():
    planned = {}
    for profile in ("fer2013", "ferplus", "affectnet", "affwild", "fer2013-study"):
        for run in (run for part in parts(profile) for run in part):
            planned.setdefault((run.protocol.name, run.cell.name), set()).add(run.seed)
    checked = 0
    for claim in own_claims():
        for role in (DECIDING, SCALED_DOWN, FURTHER):
            for test in leaves(claim, role):
                if test.rule in (*COMPARING, "numeric"):
                    p = test.parameters
                    if (p["protocol"], p.get("b")) in COUNTED_ALONE:
                        assert (
                            role == FURTHER and test.rule == "better_and_cheaper"
                        )  # refuted by counting; no run is planned
                        continue
                    seeds = [planned[p["protocol"], p[key]] for key in ("cell", "a", "b") if key in p]
                    both = set.intersection(*seeds)
                    assert both == set(range(p.get("minimum_seeds", 3))), (claim.id, role, p)
                    checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.5, "compatible"), (0.62, "compatible"), (0.8, "not reproduced"), (0.2, "exceeded")]
)
def test_numeric(world, value, verdict):
    world.add("a", [45, 46, 44])
    found = world.find(number(value=value))
    assert found.verdict == verdict and len(found.records) == 3
    scores = np.array([45, 46, 44]) / 90
    seeds, p = scores.var(ddof=1) * 4 / 3, (90 * 0.5 + 2) / 94
    test = 2 * p * (1 - p) / 90  # of both samples
    half = np.sqrt(stats.t.ppf(0.975, 2) ** 2 * seeds + stats.norm.ppf(0.975) ** 2 * test)
    assert found.measured[:3] == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    assert found.detail == (f"within {100 * half:.2f} points" if verdict == "compatible" else "")


@pytest.mark.parametrize(("spread", "verdict"), [(0.001, "reproduced"), (0.01, "compatible")])
def test_a_number_is_reproduced_only_where_the_interval_is_narrow(world, make, monkeypatch, spread, verdict):
    """20,000 test images leave 1 point of half-width; the seeds' spread decides on which side of 2.5 points it lies."""
    n = 20_000
    monkeypatch.setitem(make.__globals__, "IMAGES", n)
    monkeypatch.setitem(globals(), "IMAGES", n)
    world.add("a", [int(n * (0.5 + spread * k)) for k in (-1, 0, 1)])
    found = world.find(number(value=0.5))
    half = np.sqrt(stats.t.ppf(0.975, 2) ** 2 * spread**2 * 4 / 3 + stats.norm.ppf(0.975) ** 2 * 2 * 0.25 / n)
    assert (half <= 0.025) == (verdict == "reproduced")
    assert found.verdict == verdict and found.shown == f"{verdict}, within {100 * half:.2f} points"


def test_numeric_flips_with_the_numbers(world):
    world.add("a", [20, 21, 22])
    assert world.find(number(value=0.7)).verdict == "not reproduced"
    world.add("a", [62, 63, 64])  # the same runs, better
    assert world.find(number(value=0.7)).verdict == "compatible"


@pytest.mark.parametrize(("value", "verdict"), [(0.2, "compatible"), (0.05, "not reproduced"), (0.9, "exceeded")])
def test_rmse_is_better_when_lower_and_takes_the_most_favourable_reading(world, make, tmp_path, value, verdict):
    for seed in (0, 1, 2):
        make(tmp_path, "synthetic-va", cell("a", "mse"), seed)
    found = world.find(number(protocol="synthetic-va", metric=["rmse_mean", "rmse_valence", "rmse_arousal"], value=value))
    assert found.verdict == verdict and found.reason.count("expected of one more run") == 3
    alone = [
        world.find(number(protocol="synthetic-va", metric=f"rmse_{name}", value=0.16)).verdict
        for name in ("valence", "arousal")
    ]
    together = world.find(number(protocol="synthetic-va", metric=["rmse_valence", "rmse_arousal"], value=0.16)).verdict
    assert together == ("compatible" if "compatible" in alone else "not reproduced")


def test_test_variance_of_rmse_against_resampling():
    rng = np.random.default_rng(0)
    targets, outputs = rng.uniform(-0.5, 0.5, (400, 2)), np.zeros((400, 2))
    outputs[:, 1] = targets[:, 1] + rng.normal(0, 0.3, 400)
    rows = rng.integers(0, 400, (4000, 400))
    for columns in ((0,), (1,), (0, 1)):
        squares = (targets - outputs)[:, list(columns)] ** 2
        drawn = np.sqrt(squares[rows].mean(axis=1)).mean(axis=1)
        assert evidence.rmse_variance(targets, outputs, columns) == pytest.approx(drawn.var(), rel=0.1)


def test_prediction_of_any_score_is_that_of_accuracy_where_both_apply():
    values, p = [0.7, 0.72, 0.69], (500 * 0.7033333333333333 + 2) / 504
    assert prediction_interval_new_score(values, p * (1 - p) / 500) == pytest.approx(
        prediction_interval_new_run(values, 500)
    )
    with pytest.raises(BadInput, match="test variance"):
        prediction_interval_new_score(values, 0)


def test_compare_supports_refutes_and_flips(world):
    world.add("a", [70, 71, 73])
    world.add("b", [40, 42, 41])
    found = world.find(pair())
    assert found.verdict == "supported" and len(found.records) == 6
    assert found.measured.mean == pytest.approx((70 + 71 + 73 - 40 - 42 - 41) / 3 / 90)
    assert world.find(pair(a="b", b="a")).verdict == "refuted"
    world.add("a", [20, 21, 23])
    assert world.find(pair()).verdict == "refuted"


def test_compare_is_open_and_says_what_the_interval_allows(world):
    world.add("a", [50, 53, 49])
    world.add("b", [51, 50, 50])
    for test in (pair(), pair(a="b", b="a")):
        found = world.find(test)
        assert found.verdict == "undetermined" and found.measured.low < 0 < found.measured.high
        allowed = 100 * max(-found.measured.low, found.measured.high)
        assert found.detail == f"the interval still allows {allowed:.2f}".rstrip("0").rstrip(".") + " points"


# Nine seeds of which one has one image of 90 more right: a difference of a tenth of a point.
SAME, NEARLY_SAME = [70] * 9, [70] * 8 + [71]


def test_equivalence_is_its_own_verdict_and_needs_the_smallest_difference(world):
    world.add("a", NEARLY_SAME)
    world.add("b", SAME)
    found = world.find(pair(minimum_seeds=9))
    assert (found.verdict, found.detail) == (
        "equivalent",
        "within 1 point",
    ) and "of equivalence within 1 point" in found.reason
    world.add("b", [69] * 9)  # one image less in every seed: 1.2 points are more than the smallest of interest
    assert world.find(pair(minimum_seeds=9)).verdict == "undetermined"


def test_a_difference_that_is_there_and_smaller_than_of_interest_is_equivalent(world, make, monkeypatch):
    n = 20_000
    monkeypatch.setitem(make.__globals__, "IMAGES", n)
    monkeypatch.setitem(globals(), "IMAGES", n)
    world.add("a", [10_100, 10_101, 10_102])
    world.add("b", [10_000, 10_000, 10_000])
    found = world.find(pair())  # half a point in every seed
    assert found.verdict == "equivalent" and re.search(r"p < 0.001, of equivalence within 1 point < 0.001", found.reason)


def test_p_values_against_the_test_itself_and_holm(world, tmp_path):
    a, b = [52, 53, 30], [40, 44, 41]
    world.add("a", a)
    world.add("b", b)
    world.add("c", [40, 43, 41])
    summary = summarise(world.records(), tmp_path)
    runs = [{run.record.seed: run for run in summary.comparisons[0].runs[name]} for name in "abc"]
    found = evidence.compare(runs[0], runs[1], "accuracy", None)
    outputs = [[run.record.outputs("test")[1] for run in own.values()] for own in runs[:2]]
    variance = image_variance("accuracy", runs[0][0].record.outputs("test")[0], *outputs)
    assert found.joint == joint_difference(np.array(a) / 90 - np.array(b) / 90, variance, 0.01) and found.favours_a
    family = {"ab": found, "bc": evidence.compare(runs[1], runs[2], "accuracy", None), "not there": None}
    adjusted = evidence.adjusted(family)
    for kind, of in (("p", "holm"), ("p_equivalent", "holm_equivalent")):
        smaller, larger = sorted(("ab", "bc"), key=lambda key: getattr(family[key], kind))
        first = min(1, 3 * getattr(family[smaller], kind))  # the missing one counts in the family
        assert getattr(adjusted[smaller], of) == pytest.approx(first)
        assert getattr(adjusted[larger], of) == pytest.approx(max(first, min(1, 2 * getattr(family[larger], kind))))
    assert adjusted["not there"] is None and adjusted["ab"].family == 3


def claims_of(**tests):
    """One claim a test; a list is the claim's tests by role: deciding, then scaled down."""
    entries = {}
    for name, test in tests.items():
        entries[name] = TEXT | (test if "test" in test else {"test": test})
    return load_claims({"claims": entries})


def family_of(finding):
    return int(re.search(r"Holm over (\d+)", finding.reason).group(1))


def test_the_deciding_tests_of_a_protocol_are_a_family_of_their_own(world):
    world.add("a", [49, 53, 56])
    world.add("b", [40, 41, 41])
    world.add("c", [41, 40, 41])
    alone = world.find(pair())
    assert alone.verdict == "supported" and family_of(alone) == 1
    others = {f"x{k}": pair(a="b", b="c", minimum_seeds=k) for k in range(3, 12)}  # planned; those above 3 seeds are missing
    found = world.judged(claims_of(x=pair(), **others))[0].finding
    assert found.verdict == "undetermined" and family_of(found) == 10
    assert family_of(world.judged(claims_of(x=pair(), y=pair()))[0].finding) == 1  # the same comparison twice counts once
    shown = {"test": pair(), "scaled_down": [pair(a="b", b="c"), pair(a="c", b="b")], "further": [pair(a="c", b="a")]}
    judged = world.judged(claims_of(x=shown))[0]
    assert family_of(judged.finding) == 1 and judged.finding.reason == alone.reason
    assert [family_of(each) for each in judged.scaled_down] == [2, 2] and family_of(judged.further[0]) == 1
    shown["scaled_down"].append(pair())  # the deciding comparison itself, in the other family there
    judged = world.judged(claims_of(x=shown))[0]
    assert family_of(judged.finding) == 1 and [family_of(each) for each in judged.scaled_down] == [3, 3, 3]


def test_what_counting_refutes_is_in_no_family(world):
    world.add("a", GOOD)
    world.add("b", POOR)
    claims = claims_of(x=pair(), y=pair(rule="better_and_cheaper", b="c"))
    dear = {"cells": {f"{P}/a": network(3, 3), f"{P}/c": network(2, 2)}}
    assert family_of(world.judged(claims, dear)[0].finding) == 1
    dear["cells"][f"{P}/c"] = network(4, 4)  # cheaper then, and its runs are waited for
    assert family_of(world.judged(claims, dear)[0].finding) == 2


def test_a_verdict_does_not_get_lost_when_the_rest_of_its_family_comes(world):
    """The family counts what is planned, so that a later run can not raise an adjusted p-value."""
    world.add("a", [52, 56, 59])
    world.add("b", [40, 41, 41])
    claims = claims_of(x=pair(), y=pair(a="c", b="b"))
    before = world.judged(claims)
    assert before[1].finding.verdict == "no verdict yet" and family_of(before[0].finding) == 2
    world.add("c", [41, 40, 41])
    after = world.judged(claims)
    adjusted = [float(re.search(r"; p (0\.\d+)", each[0].finding.reason).group(1)) for each in (before, after)]
    assert after[1].finding.verdict != "no verdict yet" and adjusted[1] <= adjusted[0] < 0.05
    assert after[0].finding.verdict == before[0].finding.verdict == "supported"


def test_metrics_beside_it_say_what_gains_and_what_loses_and_do_not_enter_the_verdict(world, make, tmp_path):
    """a has every image of the rare classes right and few others: less accuracy, more of the rare class."""
    make(tmp_path, P, cell("z"), 0)
    targets = world.records()[0].predictions["test_targets"]
    counts = np.bincount(targets)
    rare = int(counts.argmin())
    name = load_protocol(P).classes[rare]
    common = np.flatnonzero(targets == counts.argmax())
    for seed in range(3):
        make(tmp_path, P, cell("a"), seed, right=np.isin(targets, np.flatnonzero(counts <= 2)))
        make(tmp_path, P, cell("b"), seed, right=np.isin(np.arange(IMAGES), common[seed:]))
    beside = ["balanced_accuracy", f"recall of {name}", "train_loss"]
    found = world.find(pair(beside=beside))
    assert found.verdict == world.find(pair()).verdict and found.measured == world.find(pair()).measured
    words = found.reason.partition("beside it, ")[2]
    assert (
        words.startswith("Holm over 3")
        and "balanced accuracy" in words.lower()
        and "training loss of the last epoch" in words
    )
    assert f"better in Balanced accuracy ({100 * found_difference(world, 'balanced_accuracy'):+.2f}" in words
    assert family_of(found) == 1  # that of accuracy, which comes first


def found_difference(world, metric):
    runs = world.summary.comparisons[0].runs
    return np.mean(
        [np.mean([run.scores["none"][metric] for run in runs[name]]) * sign for name, sign in (("a", 2), ("b", -2))]
    )


def test_fitting_is_the_last_training_loss_and_lower_is_better(world, make, tmp_path):
    def history(last):
        one = {"learning_rate": 0.001, "validation": {"loss": 1.0, "accuracy": 0.5}, "test": {"loss": 1.0, "accuracy": 0.5}}
        return [{"epoch": k, "train_loss": loss} | one for k, loss in enumerate((3.0, last), 1)]

    for seed, n in enumerate(GOOD):
        make(tmp_path, P, cell("a"), seed, right=answers(n), history=history(0.5 + seed / 10))
        make(tmp_path, P, cell("b"), seed, right=answers(n), history=history(1.0))
    found = world.find(pair(beside=["train_loss"]))
    assert "better in training loss of the last epoch (-0.4000" in found.reason
    expected = stats.ttest_rel([0.5, 0.6, 0.7], [1.0] * 3).pvalue
    assert f"p {expected:.3f}" in found.reason.partition("beside it")[2]
    assert "worse in training loss" in world.find(pair(a="b", b="a", beside=["train_loss"])).reason


def test_learning_rates_are_stated(world, make, tmp_path):
    world.add("a", GOOD)
    world.add("b", POOR)
    assert "one learning rate, 0.004" in world.find(pair()).reason
    own = Cell("c", "other", {"called": "c"}, "plain", 0.001)
    for seed, n in enumerate(POOR):
        make(tmp_path, P, own, seed, right=answers(n))
    world.summary = None
    assert "learning rates of their own, 0.004 (a) and 0.001 (c)" in world.find(pair(b="c")).reason


def test_class_recall_sees_the_images_of_that_class_alone(world, make, tmp_path):
    world.add("c", [0, 0, 0])
    targets = world.records()[0].predictions["test_targets"]
    rows, others = np.flatnonzero(targets == 1), np.flatnonzero(targets != 1)
    for seed in (0, 1, 2):
        make(tmp_path, P, cell("a"), seed, right=np.isin(np.arange(IMAGES), rows[seed:]))
        make(tmp_path, P, cell("b"), seed, right=np.isin(np.arange(IMAGES), others[: len(rows) - seed]))  # as many in all
    found = world.find(pair(metric="recall", of_class="happy"))
    assert found.verdict == "supported"
    assert found.measured.mean == pytest.approx(np.mean([(len(rows) - k) / len(rows) for k in range(3)]))
    assert world.find(pair(b="c", metric="recall", of_class="sad")).verdict == "undetermined"  # both 0 everywhere


def test_what_was_seen_and_drawn_faces_give_figures_and_no_verdict(world):
    from benchmark.report.pages.verdicts import claims_table

    world.add("a", GOOD)
    world.add("b", POOR)
    shown = {"rule": "measured_difference", **{k: v for k, v in pair().items() if k != "rule"}}
    (judged,) = world.judged(claims_of(x={"test": pair(b="c"), "seen": [shown], "machinery": [shown]}))
    for found in (*judged.seen, *judged.machinery):
        assert found.verdict == "measured, no verdict" and " p " not in found.reason
        assert "79.26 against 45.56 %, +33.70" in found.reason
        assert found.measured[:3] == pytest.approx(interval_of(GOOD, POOR))
    (row,) = claims_table([judged]).rows
    assert row["verdict"].text == "no verdict yet, 0 of 3" and row["verdict"].numbers[""] == "no verdict yet"
    assert row["machinery"].text.startswith(f"{P} (faces): Accuracy 79.26")
    assert row["scaled_down"].text.startswith("seen before the rules, ")


def test_a_rule_that_decides_elsewhere_loses_its_verdict_among_what_is_shown(world):
    world.add("a", GOOD)
    complexity = {"cells": {f"{P}/a": network(104, 1)}}
    (judged,) = world.judged(claims_of(x={"test": count(), "machinery": [count()]}), complexity)
    assert judged.finding.verdict == "reproduced"
    assert judged.machinery[0].verdict == "measured, no verdict" and judged.machinery[0].reason == judged.finding.reason


def interval_of(a, b):
    own = stats.ttest_rel(np.array(a) / 90, np.array(b) / 90).confidence_interval()
    return np.mean(np.subtract(a, b)) / 90, own.low, own.high


def test_other_metrics_are_bootstrapped_and_lower_may_be_better(world, make, tmp_path):
    for seed in (0, 1, 2):
        make(tmp_path, "synthetic-va", cell("a", "mse"), seed, quality=1.0)
        make(tmp_path, "synthetic-va", cell("b", "mse"), seed, quality=0.1)
    assert world.find(pair(protocol="synthetic-va", metric="ccc_mean")).verdict == "supported"
    assert world.find(pair(protocol="synthetic-va", metric="rmse_mean")).verdict == "supported"


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_before_the_planned_number_there_is_a_count_and_no_number(world, n):
    world.add("a", [90, 89, 88, 87, 86][:n])
    world.add("b", [0, 1, 3, 2, 1])
    complexity = {"cells": {f"{P}/a": network(1, 1), f"{P}/b": network(2, 2)}}
    plan = {"minimum_seeds": 5}
    for test in (number(value=0.1) | plan, pair() | plan, pair(a="b", b="a") | plan, pair(rule="better_and_cheaper") | plan):
        found = world.find(test, complexity=complexity)
        counts = "; cheaper: parameters 1 against 2 (0.5 times); FLOPs 1 against 2 (0.5 times)" * ("better" in test["rule"])
        assert found.verdict == "no verdict yet" and found.shown == f"no verdict yet, {n} of 5"
        lacking = seeds_in_words(range(n, 5))
        assert found.reason == f"{n} of 5, no verdict; missing: synthetic-8 / a, {lacking}" + counts
        assert found.measured is None and not found.scale.levels


def test_seeds_beyond_the_planned_number_are_not_looked_at(world):
    world.add("a", GOOD)
    world.add("b", POOR)
    before = world.find(pair())
    world.add("a", [1, 2, 3, 4], first=3)  # would turn it around
    world.add("b", [90, 90, 90, 90], first=3)
    assert world.find(pair()).reason == before.reason and world.find(number(value=0.8)).measured.n == 3


def test_planned_seeds_go_by_number(world):
    world.add("a", [70, 71, 73])
    world.add("b", [40, 42, 41], first=1)
    assert world.find(pair()).reason == "2 of 3, no verdict; missing: synthetic-8 / b, seed 0"


def test_diverged_runs_are_runs_and_are_not_replaced(world):
    world.add("a", [70, None, 73, 74])
    world.add("b", [40, 42, 41, 43])
    assert world.find(pair()).reason.startswith("2 planned seeds finished in both cells, fewer than 3; a diverged 1 of 3")
    found = world.find(pair(minimum_seeds=4))
    assert found.verdict == "undetermined" and "better cell diverged more often" in found.reason
    found = world.find(number(value=0.8, minimum_seeds=4))
    assert found.verdict == "compatible" and "a diverged 1 of 4" in found.reason and found.measured.n == 3
    few = world.find(number(value=0.8))
    assert few.verdict == "undetermined" and "2 planned seeds finished" in few.reason
    world.add("c", [40, None, None, 41, 43, 40])
    world.add("d", [70, 71, 73, None, 70, 72])
    found = world.find(pair(a="d", b="c", minimum_seeds=6))
    assert found.verdict == "supported" and "d diverged 1 of 6; c diverged 2 of 6" in found.reason
    world.add("e", [None] * 6)
    found = world.find(pair(a="d", b="e", minimum_seeds=6))
    assert found.verdict == "undetermined" and "0 planned seeds finished in both" in found.reason


@pytest.mark.parametrize(("n", "p"), [(3, 0.1), (5, 0.008)])
def test_who_trains_is_an_exact_test(world, n, p):
    world.add("a", [70, 71, 73, 72, 70][:n])
    world.add("b", [None] * n)
    found, turned = world.find(pair(minimum_seeds=n)), world.find(pair(a="b", b="a", minimum_seeds=n))
    assert f"a finished {n} of {n}, b diverged {n} of {n}; exact p {p:.3f}" in found.reason
    if n == 3:  # 1 of 20 ways to draw 3 of 6, on either side
        assert {found.verdict, turned.verdict} == {
            "undetermined"
        } and "3 seeds against 3 can not bring it lower" in found.reason
    else:
        assert (found.verdict, turned.verdict) == ("trains, the other does not", "does not train, the other does")


def test_data_that_is_not_here(world):
    world.add("b", [40, 42, 41])
    away = number(protocol="affectnet-8", needs="AffectNet")
    assert world.find(away).verdict == "not testable here" and "missing: AffectNet" in world.find(away).reason
    assert world.find(number(protocol="fer2013-7")).reason == "0 of 3, no verdict; missing: fer2013-7 / a, seeds 0 to 2"
    assert world.find({"rule": "not_testable", "missing": "norms"}).reason == "missing: norms"


def test_records_of_a_protocol_that_is_not_in_the_suite_decide(world, make, tmp_path):
    for seed, n in enumerate((45, 46, 44)):
        make(tmp_path, "affectnet-8", cell("a"), seed, right=answers(n))
    assert world.find(number(protocol="affectnet-8", needs="AffectNet")).verdict == "compatible"


def test_records_that_are_not_comparable_do_not_decide(world):
    world.add("a", [45, 46, 44], protocol="affectnet-8")  # no bytes of AffectNet are known, so any may be its own
    other = {"name": "affectnet", "version": "1.1", "fingerprint": "cd" * 32}
    world.add("b", [45, 46, 44], protocol="affectnet-8", data=other)
    found = world.find(number(protocol="affectnet-8"))
    assert found.verdict == "undetermined" and "not comparable" in found.reason
    assert found.planned[0].missing == (0, 1, 2) and found.measured is None


DRAWN = read_yaml(fingerprints.FILE)["synthetic"]["1.0"][0]["fingerprint"]
NOT_THE_PAPERS = [
    {"protocol_hash": "f" * 16, "protocol": {"tta": ["none"], "epochs": 4}},
    {"data": {"name": "fer2013", "version": "1.0", "fingerprint": "cd" * 32}},
    {"data": {"name": "fer2013", "version": "9.9", "fingerprint": "cd" * 32}},
    {"data": {"name": "synthetic", "version": "1.0", "fingerprint": DRAWN}},
    {"contents": "narrow16-50"},
    {"rate": 1e-4},
]


@pytest.mark.parametrize("changes", NOT_THE_PAPERS)
@pytest.mark.parametrize("beside_true_ones", [False, True])
def test_a_name_alone_never_decides(make, tmp_path, changes, beside_true_ones):
    """Other protocol file, bytes, network or learning rate under the names of the deciding test."""
    cells, changes = load_cells(), dict(changes)
    network, rate = changes.pop("contents", "bregnext-50"), changes.pop("rate", None)
    for shortcut, numbers in (("adaptive", TRAINED), ("identity", [40, 42, 41, 41, 43])):
        name, true = f"bregnext-50-{shortcut}-working-plain", cells[f"{network}-{shortcut}-working-plain"]
        other = Cell(name, true.model, true.options, true.loss, rate)  # that of the name, unless a parameter says otherwise
        for seed, n in enumerate(numbers):
            own = {"protocol": {"tta": ["none"]}, "epochs": 2} | changes
            make(tmp_path / "other", "fer2013-7", other, seed, right=answers(n), **own)
            if beside_true_ones:
                own = {"right": answers(75 - n), "protocol": {"tta": ["none"]}, "epochs": 2}
                make(tmp_path, "fer2013-7", cells[name], seed, **own)
    entry = [claim for claim in own_claims() if claim.id == "beats-resnet"]
    found = judge(entry, summarise(read_records(tmp_path), tmp_path), None)[0].finding.parts["working BatchNorm"]
    if beside_true_ones:
        assert found.verdict == "refuted" and not any("other" in str(record.directory) for record in found.records)
    else:
        assert (found.verdict, found.detail, found.measured) == ("no verdict yet", "0 of 5", None)
        assert "not counted: 10 records of that name with another protocol file" in found.reason


def test_scaled_down_the_registered_learning_rate_alone_counts(make, tmp_path, monkeypatch, cells):
    def found(waiting=()):
        entry = [claim for claim in own_claims() if claim.id == "beats-resnet"]
        judged = judge(entry, summarise(read_records(tmp_path), tmp_path), None, waiting=waiting)
        return judged[0].scaled_down[0].parts["working BatchNorm"]

    of_recipe = {}
    for shortcut, numbers in (("adaptive", TRAINED), ("identity", [40, 42, 41, 41, 43])):
        rated = cells[f"narrow16-50-{shortcut}-working-plain"]
        of_recipe[rated.name] = Cell(rated.name, rated.model, rated.options, rated.loss)
        for seed, n in enumerate(numbers):
            own = {"protocol": {"tta": ["none"]}, "epochs": 2}
            make(tmp_path, "fer2013-7-small", rated, seed, right=answers(n), **own)
            other = of_recipe[rated.name]
            make(tmp_path / "other", "fer2013-7-small", other, seed, right=answers(9), **own)
    assert found().verdict == "supported"
    # Before the rates are registered neither those runs count nor the ones at the recipe's rate, which bear the same names.
    monkeypatch.setattr("benchmark.claims.ledger.installed_cells", lambda: cells | of_recipe)
    before = found({("fer2013-7-small", name) for name in of_recipe})
    assert before.verdict == "no verdict yet" and "not counted: 20 records" in before.reason


def test_a_cell_waits_until_its_rate_is_registered(monkeypatch):
    one = "narrow16-50-fixed-working-plain"
    rated = {name: dataclasses.replace(cell, learning_rate=5e-4) for name, cell in load_cells().items()}
    unrated = rated | {one: dataclasses.replace(rated[one], learning_rate=None)}
    for registered, expected in ((rated, set()), (unrated, {("fer2013-7-small", one)})):
        monkeypatch.setattr("benchmark.runs.plan.installed_cells", lambda registered=registered: registered)
        assert waiting_for_rates() == expected


def test_only_the_deciding_test_counts(world, make, tmp_path, cells):
    networks_of = {"fer2013-7-small": "narrow16-50", "ferplus-8": "bregnext-50", P: "narrow8-12"}
    for protocol, name in networks_of.items():
        for seed in range(5):
            make(tmp_path, protocol, cells[f"{name}-adaptive-working-plain"], seed, right=answers(85 - seed))
            make(tmp_path, protocol, cells[f"{name}-identity-working-plain"], seed, right=answers(5 + seed**2))
    judged = {each.claim.id: each for each in world.judged(own_claims())}
    shown = judged["beats-resnet"]
    assert shown.scaled_down[0].verdict == "holds under one condition, the other open"
    assert shown.scaled_down[0].detail == "working BatchNorm"
    assert shown.scaled_down[0].parts["frozen BatchNorm"].verdict == "no verdict yet"
    assert {t.parameters["protocol"]: f.verdict for t, f in shown.of(FURTHER)}["ferplus-8"] == "supported"
    drawn = {t.parameters["a"]: f for t, f in shown.of(MACHINERY) if t.parameters["protocol"] == P}
    assert drawn["narrow8-12-adaptive-working-plain"].verdict == "measured, no verdict"
    assert shown.finding.verdict == "no verdict yet" and judged["contempt"].finding.verdict == "not testable here"
    waiting = {"no verdict yet", "not testable here", "undetermined"}
    assert {each.finding.verdict for each in judged.values()} == waiting
    assert not any(each.finding.records for each in judged.values())


def test_scale_of_a_test(world, make, tmp_path, cells):
    from benchmark.report.scale import levels_in_words, scale_in_words

    for shortcut, numbers in (("adaptive", [44, 45, 46, 45, 45]), ("identity", [60, 61, 62, 63, 64])):
        for seed, n in enumerate(numbers):
            make(tmp_path, "fer2013-7-small", cells[f"narrow16-50-{shortcut}-working-plain"], seed, right=answers(n))
    judged = {each.claim.id: each for each in world.judged(own_claims())}
    found = judged["beats-resnet"].scaled_down[0].parts["working BatchNorm"]
    assert found.verdict == "refuted" and levels_in_words(found.scale) == "50.0 against 68.9 %"
    assert scale_in_words(found.scale) == "narrow16-50, 0.00 M parameters, 48x48 pixels, 12 epochs"  # 1234, fabricated


def test_names_of_networks_and_seeds():
    assert network_of(["narrow16-50-adaptive-working-plain", "narrow16-50-identity-working-plain"]) == "narrow16-50"
    assert network_of(["narrow16-20-fixed-plain", "narrow16-50-identity-plain"]) == (
        "narrow16-20-fixed-plain against narrow16-50-identity-plain"
    )
    assert network_of(["a"]) == "a"
    assert [seeds_in_words(s) for s in ([3], [0, 1], [0, 1, 2], [1, 2, 4])] == [
        "seed 3", "seeds 0, 1", "seeds 0 to 2", "seeds 1, 2, 4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "count", "verdict"),
    [
        ("params", 3_072_696, "reproduced"),
        ("params", 3_050_001, "reproduced"),
        ("params", 3_149_999, "reproduced"),
        ("params", 3_150_001, "not reproduced"),
        ("params", 3_049_999, "exceeded"),
        ("flops", 3_560_000_000, "not reproduced"),
        ("flops", 15_356_569, "reproduced"),
        ("flops", 14_000_000, "exceeded"),
    ],
)
def test_counts(world, claim, count, verdict):
    world.add("a", [1])
    claims = [each for each in own_claims() if each.id == claim]
    own = network(*((count, 1) if claim == "params" else (1, count)))
    complexity = {"cells": {"fer2013-7-released/bregnext-50-adaptive-frozen-plain": own}}
    assert world.judged(claims, complexity)[0].finding.verdict == verdict
    missing = world.judged(claims, {"cells": {}})[0].finding
    assert missing.verdict == "undetermined" and "in complexity.json" in missing.reason


def test_better_and_cheaper(world):
    world.add("a", [70, 71, 73])
    world.add("b", [40, 42, 41])
    test = pair(rule="better_and_cheaper")

    def found(of_a, of_b, **changes):
        return world.find(test | changes, complexity={"cells": {f"{P}/a": network(*of_a), f"{P}/b": network(*of_b)}})

    assert found((1, 1), (2, 2)).verdict == "supported"
    assert found((3, 1), (2, 2)).verdict == "refuted" and found((1, 2), (2, 2)).verdict == "refuted"
    assert found((2, 2), (1, 1), a="b", b="a").verdict == "refuted"
    assert world.find(test, complexity=None).verdict == "undetermined"


CHEAPER = {"cells": {f"{P}/a": network(1, 1), f"{P}/b": network(2, 2)}}
DEARER = {"cells": {f"{P}/a": network(3, 1), f"{P}/b": network(2, 2)}}
GOOD, POOR = [70, 71, 73], [40, 42, 41]
ALIKE = [70, 72, 71]


def count(**changes):
    base = {"rule": "complexity_value", "protocol": P, "cell": "a", "quantity": "parameters", "value": 100, "precision": 10}
    return base | changes


def score(**changes):
    return {"rule": "measured", "protocol": P, "cell": "a", "metric": "accuracy", "needs": "faces"} | changes


# What stands in the records of cells a and b, complexity.json, the test -> its verdict and words of its reason.
NINE = {"minimum_seeds": 9}
FIVE = {"minimum_seeds": 5}
TRAINED, LOST = [70, 71, 73, 72, 70], [None] * 5
VERDICTS = [
    (GOOD, [], None, number(value=0.75), "compatible", "paper 75.00"),
    (POOR, [], None, number(value=0.75), "not reproduced", "paper 75.00"),
    (GOOD, [], None, number(value=0.3), "exceeded", "paper 30.00"),
    (GOOD[:2], [], None, number(value=0.75), "no verdict yet", "2 of 3, no verdict; missing: synthetic-8 / a, seed 2"),
    ([70, None, 73], [], None, number(value=0.75), "undetermined", "2 planned seeds finished"),
    (GOOD, [], None, number(protocol="affectnet-8"), "not testable here", "missing: faces"),
    (GOOD, POOR, None, pair(), "supported", "+33.70"),
    (POOR, GOOD, None, pair(), "refuted", "-33.70"),
    (NEARLY_SAME, SAME, None, pair(**NINE), "equivalent", "of equivalence within 1 point"),
    (GOOD, ALIKE, None, pair(), "undetermined", "the interval still allows"),
    (TRAINED, LOST, None, pair(**FIVE), "trains, the other does not", "exact p 0.008"),
    (LOST, TRAINED, None, pair(**FIVE), "does not train, the other does", "exact p 0.008"),
    (GOOD, POOR[:2], None, pair(), "no verdict yet", "missing: synthetic-8 / b, seed 2"),
    (GOOD, POOR, None, pair(protocol="affectnet-8"), "not testable here", "missing: faces"),
    (GOOD, POOR, CHEAPER, pair(rule="better_and_cheaper"), "supported", "parameters 1 against 2"),
    (POOR, GOOD, CHEAPER, pair(rule="better_and_cheaper"), "refuted", "-33.70"),
    (GOOD, POOR, DEARER, pair(rule="better_and_cheaper"), "refuted", "not cheaper"),
    (NEARLY_SAME, SAME, CHEAPER, pair(rule="better_and_cheaper", **NINE), "equivalent", "parameters 1 against 2"),
    (GOOD, ALIKE, CHEAPER, pair(rule="better_and_cheaper"), "undetermined", "the interval still allows"),
    (TRAINED, LOST, CHEAPER, pair(rule="better_and_cheaper", **FIVE), "trains, the other does not", "exact p 0.008"),
    (LOST, TRAINED, CHEAPER, pair(rule="better_and_cheaper", **FIVE), "does not train, the other does", "exact p 0.008"),
    (GOOD, POOR, None, pair(rule="better_and_cheaper"), "undetermined", "in complexity.json"),
    (GOOD, [], CHEAPER, pair(rule="better_and_cheaper"), "no verdict yet", "b, seeds 0 to 2"),
    (GOOD, POOR, CHEAPER, pair(rule="better_and_cheaper", protocol="affectnet-8"), "not testable here", "missing: faces"),
    ([1], [], {"cells": {f"{P}/a": network(104, 1)}}, count(), "reproduced", "104 parameters"),
    ([1], [], {"cells": {f"{P}/a": network(94, 1)}}, count(), "exceeded", "94 parameters"),
    ([1], [], {"cells": {f"{P}/a": network(106, 1)}}, count(), "not reproduced", "106 parameters"),
    ([1], [], None, count(), "undetermined", "in complexity.json"),
    (GOOD, [], None, score(), "measured, no verdict", "79.26"),
    ([None], [], None, score(), "undetermined", "no finished run of synthetic-8 / a; a diverged 1 of 1"),
    (GOOD, [], None, score(protocol="affectnet-8"), "not testable here", "missing: faces"),
    (GOOD, POOR, None, pair(rule="measured_difference"), "measured, no verdict", "+33.70"),
    (GOOD, [None], None, pair(rule="measured_difference"), "undetermined", "no seed that a and b both finished"),
    (GOOD, POOR, None, pair(rule="measured_difference", protocol="affectnet-8"), "not testable here", "missing: faces"),
    ([1], [], None, {"rule": "not_testable", "missing": "norms"}, "not testable here", "norms"),
]


@pytest.mark.parametrize(("of_a", "of_b", "complexity", "test", "verdict", "words"), VERDICTS)
def test_every_verdict_of_every_rule(world, of_a, of_b, complexity, test, verdict, words):
    world.add("a", of_a)
    world.add("b", of_b)
    only_shown = test["rule"].startswith("measured")
    claim = {"rule": "not_testable", "missing": "x"} if only_shown else test
    entry = TEXT | {"test": claim, "further": [test]}
    found = world.judged(load_claims({"claims": {"x": entry}}), complexity)[0].further[0]
    assert found.verdict == verdict and words in found.told


def test_the_verdicts_above_are_all_there_are():
    reached = {}
    for *_, test, verdict, _ in VERDICTS:
        reached.setdefault(test["rule"], set()).add(verdict)
    undecided = {"undetermined", "no verdict yet", "not testable here"}
    compared = {"supported", "refuted", "equivalent", "trains, the other does not", "does not train, the other does"}
    # Those of gradients are in tests of their own, "reproduced" of a number is above, conditions in test_conditions.py.
    assert set(reached) == set(RULES) - OF_GRADIENTS
    assert reached == {
        "numeric": {"compatible", "exceeded", "not reproduced"} | undecided,
        "compare_cells": compared | undecided,
        "better_and_cheaper": compared | undecided,
        "complexity_value": {"reproduced", "exceeded", "not reproduced", "undetermined"},
        "measured": {"measured, no verdict", "undetermined", "not testable here"},
        "measured_difference": {"measured, no verdict", "undetermined", "not testable here"},
        "not_testable": {"not testable here"},
    }


def test_better_and_cheaper_flips_with_the_runs_and_with_the_counts(world):
    test = pair(rule="better_and_cheaper")
    world.add("a", GOOD)
    world.add("b", POOR)
    assert world.find(test, complexity=CHEAPER).verdict == "supported"
    assert world.find(test, complexity=DEARER).verdict == "refuted"
    world.add("a", [20, 21, 23])
    assert world.find(test, complexity=CHEAPER).verdict == "refuted"
    world.add("a", [40, 43, 40])
    assert world.find(test, complexity=CHEAPER).verdict == "undetermined"


def test_claims_of_the_papers_flip_with_the_records(make, tmp_path):
    """Entries of claims.yaml as they stand, on records of the papers' own protocols."""
    cells, entries = load_cells(), {claim.id: claim for claim in own_claims()}

    def verdict(claim, **rights):
        parameters = leaves(entries[claim], DECIDING)[0].parameters
        for role, numbers in rights.items():
            for seed, n in enumerate(numbers):
                own = {"right": answers(n), "protocol": {"tta": ["none"]}, "epochs": 2}
                make(tmp_path / claim, parameters["protocol"], cells[parameters[role]], seed, **own)
        records = read_records(tmp_path / claim)  # of one claim at a time: they are scored anew for every verdict
        return judge([entries[claim]], summarise(records, tmp_path / claim), None)[0].finding.verdict

    for claim in ("acc-affectnet", "acc-fer2013"):
        assert verdict(claim, cell=[62, 64, 63]) == "compatible"
        assert verdict(claim, cell=[30, 31, 29]) == "not reproduced"
    better, worse = [80, 81, 83, 80, 82], [30, 32, 31, 30, 29]
    for claim in ("trainable-helps", "weighted-helps"):
        assert verdict(claim, a=better, b=worse) == "supported"
        assert verdict(claim, a=worse, b=better) == "refuted"
    assert verdict("beats-resnet", a=better, b=worse) == "holds under one condition, the other open"
    assert verdict("beats-resnet", a=worse, b=better) == "fails under one condition, the other open"


def test_measured_gives_no_verdict(world):
    world.add("a", [45])
    own = {"rule": "measured", "protocol": P, "cell": "a", "metric": "accuracy", "needs": "faces"}
    entry = TEXT | {"test": {"rule": "not_testable", "missing": "x"}, "machinery": [own]}
    (judged,) = world.judged(load_claims({"claims": {"x": entry}}))
    assert judged.machinery[0].verdict == "measured, no verdict" and judged.machinery[0].measured.mean == 0.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test": number(minimum_seeds=2)}, "minimum_seeds: found 2; expected at least 3"),
        ({"test": number(metric="kappa")}, "metric: found kappa"),
        ({"test": {"rule": "guess"}}, "rule: found guess"),
        ({"test": pair() | {"c": 1}}, "compare_cells: found missing or unknown: c"),
        ({"test": {"rule": "measured", "protocol": P, "cell": "a", "metric": "accuracy", "needs": "x"}}, "no verdict"),
        ({"mark": "Q"}, "mark: found Q"),
        ({"test": pair(rule="measured_difference")}, "no verdict"),
        ({"seen": [pair()]}, "seen: found rule compare_cells, which judges"),
        ({"machinery": [number()]}, "machinery: found rule numeric, which judges"),
        ({"test": pair(metric="kappa")}, "metric: found kappa"),
        ({"test": pair(beside=["recall of happy", "ece"])}, "metric: found ece"),
        ({"test": {k: v for k, v in pair().items() if k != "b"} | {"conditions": {"one": {"b": "b"}}}}, "two or more"),
        ({"test": number(conditions={"one": {}, "two": {}})}, "conditions: found rule numeric"),
        ({"test": pair(conditions={"one": {}, "two": {"c": 1}})}, "x, two, compare_cells: found missing or unknown: c"),
        ({"earlier": [{"verdict": "x"}]}, "earlier: found verdict"),
        ({"other_data": [pair()]}, "missing or unknown: other_data"),
        ({"extra": 1}, "missing or unknown: extra"),
        ({"anchors": "mars"}, "anchors: found mars"),
    ],
)
def test_bad_entries_are_named(changes, words):
    with pytest.raises(BadInput, match=words):
        load_claims({"claims": {"x": TEXT | {"test": number()} | changes}})


def test_selection_optimism_against_a_plain_recomputation(world, make, tmp_path):
    for seed in range(4):
        make(tmp_path, "fer2013-7", cell("a"), seed, diverged=seed == 3)
    found = selection_optimism(world.records())
    gains = []
    for path in sorted(tmp_path.rglob("record.json"))[:3]:
        table = pd.DataFrame(json.loads(path.read_text())["history"])
        test = table["test"].map(lambda scores: scores["accuracy"])
        gains.append(test.max() - test[table["validation"].map(lambda scores: scores["accuracy"]).idxmax()])
    assert min(gains) >= 0 and max(gains) > 0
    expected = stats.t.interval(0.95, 2, np.mean(gains), stats.sem(gains))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(gains), *expected))
    assert found.n == 3 and found.looks == (60,)
    one = selection_optimism(world.records()[:1])
    assert one.n == 1 and one.low is None
    assert selection_optimism(world.records()[3:]) is None
    world.add("b", [4], protocol="fer2013-7")
    with pytest.raises(BadInput, match="several cells"):
        selection_optimism(world.records())


def test_pages_and_tables(built):
    page, readme = (built / "claims.md").read_text(), (built / "README.md").read_text()
    table = pd.read_csv(built / "tables" / "claims.csv").set_index("claim")
    assert list(table.index) == list(CLAIMS)
    of = {claim.id: claim for claim in load_claims()}
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if not link.startswith("http")]
    assert [link for link in links if not (built / link).exists()] == [] and len(links) > 6
    for name, row in table.iterrows():
        assert f"### {name}: {row['verdict']}" in page and row["sentence"] in page
        assert f"| {plain(of[name])} ({row['paper']}) | {row['value']} | {row['verdict']} |" in readme
        assert row["verdict"] in ("undetermined", "no verdict yet", "not testable here")
        if name in EARLIER:
            assert f"| {name} | 2026-11-28 | {EARLIER[name]} | {row['verdict_shown']} |" in page
    assert "seeds 0 to 2" in table.loc["acc-fer2013", "found"] and "AffectNet" in table.loc["acc-affectnet", "found"]
    assert "(claims.md)" in readme and readme.index("What was claimed") < readme.index("How to read it")
    for anchor in load_anchors().values():
        for figure in anchor["figures"]:
            assert f"| {figure['name']} | {figure['value']} | {figure['source']} |" in page
    optimism = pd.read_csv(built / "tables" / "optimism.csv").set_index(["protocol", "cell"])
    assert optimism.loc[("synthetic-8", "net-fixed-working-plain"), "looks"] == 4
    assert set(RULES) >= {rule for _, rule in CLAIMS.values()}
