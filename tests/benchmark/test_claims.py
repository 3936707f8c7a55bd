"""The claim ledger: every verdict of every rule on fabricated records, and the entries of claims.yaml."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark import evidence
from benchmark.cells import Cell, load_cells
from benchmark.claim_list import load_anchors, load_claims, networks
from benchmark.claims import RULES, judge
from benchmark.errors import BadInput
from benchmark.protocol import load_protocol, protocol_names
from benchmark.records import read_records
from benchmark.report.summary import summarise
from benchmark.selection import selection_optimism
from benchmark.statistics import prediction_interval_new_run, prediction_interval_new_score

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
    "sota": ("qualitative, dated 2020", "not_testable"),
}
ADDED = {"lessened-gradient"}  # post hoc, in no paper
PAPERS_DATA = {"affectnet-8", "affectnet-va", "affwild-va", "fer2013-7", "fer2013-7-released", "fer2013-7-small"}
OF_GRADIENTS = {"gradient_ratio", "gradient_lessened"}  # tests/benchmark/test_gradient_claim.py, test_gradient_pairs.py


def cell(name, loss="plain"):
    return Cell(name, "other", {"called": name}, loss)


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


@pytest.fixture
def world(make, tmp_path):
    """Records and verdicts of one test: `add` writes runs by their numbers of right answers, `find` judges tests."""

    class World:
        summary = None  # of the records since the last `add`

        def add(self, name, rights, protocol=P, first=0, **changes):
            self.summary = None
            changes = {"protocol": {"tta": ["none"]}} | changes  # fewer metrics to compute
            for seed, n in enumerate(rights, first):
                own = {"diverged": True} if n is None else {"right": answers(n)}
                make(tmp_path, protocol, cell(name), seed, **own, **changes)

        def judged(self, claims, complexity=None):
            self.summary = self.summary or summarise(self.records(), tmp_path)
            return judge(claims, self.summary, complexity)

        def find(self, *tests, complexity=None):
            """The first test's finding, the others being there as further tests."""
            entry = TEXT | {"test": tests[0], "further": list(tests[1:])}
            return self.judged(load_claims({"claims": {"x": entry}}), complexity)[0].finding

        def records(self):
            return read_records(tmp_path)

    return World()


def test_ledger_holds_exactly_the_claims_of_the_papers():
    found = {claim.id: (claim.value, claim.test.rule) for claim in load_claims()}
    assert found == CLAIMS
    for claim in load_claims():
        assert (claim.mark == "I" and "(post hoc)" in claim.sentence) if claim.id in ADDED else claim.mark == "V"
        assert claim.id in ADDED or claim.source.startswith("abstract")
        of_bregnet = claim.id in ("bounded-gradient", "weighted-helps", *ADDED)
        assert claim.paper == ("BReG-Net" if of_bregnet else "BReG-NeXt")
    values = {claim.id: claim.test.parameters["value"] for claim in load_claims() if "value" in claim.test.parameters}
    assert values == {
        "acc-affectnet": 0.685, "acc-fer2013": 0.7153, "rmse-affectnet": 0.2577, "rmse-affwild": 0.2882,
        "params": 3_100_000, "flops": 15_000_000,
    }  # fmt: skip


def test_entries_name_existing_cells_and_keep_other_data_apart():
    known = load_cells()
    for claim in load_claims():
        for role in ("test", "further", "other_data"):
            for test in [claim.test] if role == "test" else getattr(claim, role):
                p = test.parameters
                if "protocol" not in p:
                    continue
                assert (p["protocol"] in PAPERS_DATA) == (role != "other_data"), (claim.id, p)
                assert p["protocol"] in protocol_names() or re.match("affectnet|affwild|diffusionfer", p["protocol"])
                if test.rule in OF_GRADIENTS:
                    assert {p["a"], p["b"]} < {"identity", "fixed", "adaptive"}
                    continue
                assert {p[key] for key in ("cell", "a", "b") if key in p} <= set(known)
                if p["protocol"] in protocol_names() and "of_class" in p:
                    assert p["of_class"] in load_protocol(p["protocol"]).classes
                if test.rule == "complexity_value":
                    assert (p["protocol"], p["cell"]) in networks()
    for anchor in load_anchors().values():
        assert all({"name", "value", "source"} == set(figure) for figure in anchor["figures"])


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.5, "reproduced"), (0.62, "reproduced"), (0.8, "not reproduced"), (0.2, "exceeded")]
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


def test_numeric_flips_with_the_numbers(world):
    world.add("a", [20, 21, 22])
    assert world.find(number(value=0.7)).verdict == "not reproduced"
    world.add("a", [62, 63, 64])  # the same runs, better
    assert world.find(number(value=0.7)).verdict == "reproduced"


@pytest.mark.parametrize(("value", "verdict"), [(0.2, "reproduced"), (0.05, "not reproduced"), (0.9, "exceeded")])
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
    assert together == ("reproduced" if "reproduced" in alone else "not reproduced")


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


def test_compare_finds_no_difference_and_says_how_large_it_may_be(world):
    world.add("a", [50, 53, 49])
    world.add("b", [51, 50, 50])
    low, high = stats.ttest_rel([50, 53, 49], [51, 50, 50]).confidence_interval()
    assert high > -low
    for test in (pair(), pair(a="b", b="a")):
        found = world.find(test)
        assert found.verdict == "no difference found" and "disagree" not in found.reason
        assert f"at most {100 * high / 90:.2f} points" in found.reason


@pytest.mark.parametrize(
    ("of_a", "words"), [([50, 60, 80], "another seed may turn it"), ([43, 43, 44], "other test images may turn it")]
)
def test_one_test_alone_finds_no_difference(world, of_a, words):
    world.add("a", of_a)
    world.add("b", [40, 40, 40])
    found = world.find(pair())
    assert found.verdict == "no difference found" and words in found.reason


def test_equal_differences_leave_it_undetermined(world):
    world.add("a", [70, 71, 72])
    world.add("b", [40, 41, 42])
    found = world.find(pair())
    assert found.verdict == "undetermined" and "no test over seeds" in found.reason


def test_p_values_against_scipy_and_holm(world, tmp_path):
    a, b = [52, 53, 30], [40, 44, 41]
    world.add("a", a)
    world.add("b", b)
    world.add("c", [40, 43, 41])
    summary = summarise(world.records(), tmp_path)
    runs = [{run.record.seed: run for run in summary.comparisons[0].runs[name]} for name in "abc"]
    found = evidence.compare(runs[0], runs[1], "accuracy", None)
    exact = [stats.binomtest(max(x - y, 0), abs(x - y)).pvalue for x, y in zip(a, b, strict=True)]
    assert list(found.pairs.values()) == pytest.approx(exact)
    assert found.p_images == pytest.approx(
        min(1, 2 * sorted([exact[0], exact[1], 1.0])[1])
    )  # the third points the other way
    assert found.difference.p == pytest.approx(stats.ttest_rel(a, b).pvalue) and found.favours_a
    family = {"ab": found, "bc": evidence.compare(runs[1], runs[2], "accuracy", None)}
    adjusted = evidence.adjusted(family)
    smaller, larger = sorted(family, key=lambda key: family[key].difference.p)
    assert adjusted[smaller].holm_seeds == pytest.approx(min(1, 2 * family[smaller].difference.p))
    assert adjusted[larger].holm_seeds == pytest.approx(max(adjusted[smaller].holm_seeds, family[larger].difference.p))


def test_the_family_of_a_protocol_weakens_a_claim(world):
    world.add("a", [49, 53, 56])
    world.add("b", [40, 41, 41])
    world.add("c", [41, 40, 41])
    assert world.find(pair()).verdict == "supported"
    others = [pair(a="b", b="c"), pair(a="c", b="b"), pair(a="c", b="b", metric="recall", of_class="happy")]
    found = world.find(pair(), *others)
    assert found.verdict == "no difference found" and "Holm over 4" in found.reason
    assert world.find(pair(), pair()).verdict == "supported"  # the same comparison twice counts once


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


def test_other_data_point_one_way_and_refute_nothing():
    """In the table a verdict's word stands for the deciding test alone."""
    from types import SimpleNamespace

    from benchmark.claim_list import Check
    from benchmark.ledger import Finding
    from benchmark.report.verdicts import claims_table

    check = Check("compare_cells", {"protocol": P, "needs": "drawn faces"})
    for verdict, word in (("supported", "points to it"), ("refuted", "points against it"), ("undetermined", "undetermined")):
        fields = dict.fromkeys(("id", "sentence", "paper", "value", "mark"), "x") | {"other_data": (check,)}
        judged = SimpleNamespace(
            claim=SimpleNamespace(**fields), finding=Finding("refuted", "r"), other_data=(Finding(verdict, "r"),)
        )
        (row,) = claims_table([judged]).rows
        assert row["other"].text == f"{P} (drawn faces): {word}" and row["verdict"].text == "refuted"


def test_other_metrics_are_bootstrapped_and_lower_may_be_better(world, make, tmp_path):
    for seed in (0, 1, 2):
        make(tmp_path, "synthetic-va", cell("a", "mse"), seed, quality=1.0)
        make(tmp_path, "synthetic-va", cell("b", "mse"), seed, quality=0.1)
    assert world.find(pair(protocol="synthetic-va", metric="ccc_mean")).verdict == "supported"
    assert world.find(pair(protocol="synthetic-va", metric="rmse_mean")).verdict == "supported"


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_seeds_never_decide(world, n):
    world.add("a", [90, 89, 88][:n])
    world.add("b", [0, 1, 3])
    short = 3 - n
    words = f"missing: synthetic-8 / a, {short} more seed{'s' * (short > 1)}"
    complexity = {"cells": {f"{P}/a": network(1, 1), f"{P}/b": network(2, 2)}}
    for test in (number(value=0.1), pair(), pair(a="b", b="a"), pair(rule="better_and_cheaper")):
        found = world.find(test, complexity=complexity)
        assert found.verdict == "undetermined" and found.reason == words


def test_more_seeds_can_be_asked_for_and_pairs_need_the_same_ones(world):
    world.add("a", [70, 71, 73])
    world.add("b", [40, 42, 41], first=1)
    assert world.find(number(minimum_seeds=5)).reason == "missing: synthetic-8 / a, 2 more seeds"
    found = world.find(pair())
    assert found.verdict == "undetermined"
    assert found.reason == "missing: synthetic-8 / a, 1 more seed; missing: synthetic-8 / b, 1 more seed"


def test_diverged_runs(world):
    world.add("a", [70, None, 73])
    world.add("b", [40, 42, 41])
    assert world.find(pair()).reason == "missing: synthetic-8 / a, 1 more seed (1 of 3 diverged)"
    world.add("a", [74], first=3)
    world.add("b", [43], first=3)
    assert "better cell diverged more often" in world.find(pair()).reason and world.find(pair()).verdict == "undetermined"
    found = world.find(number(value=0.8))
    assert found.verdict == "reproduced" and "a diverged 1 of 4" in found.reason and found.measured.n == 3
    world.add("b", [None], first=4)
    world.add("b", [None], first=5)
    found = world.find(pair())
    assert found.verdict == "supported" and "a diverged 1 of 4; b diverged 2 of 6" in found.reason
    world.add("c", [None, None, None])
    found = world.find(pair(b="c"))
    assert found.verdict == "undetermined" and found.reason.startswith("every run of synthetic-8 / c diverged (3 of 3)")


def test_data_that_is_not_here(world):
    world.add("b", [40, 42, 41])
    away = number(protocol="affectnet-8", needs="AffectNet")
    assert world.find(away).verdict == "not testable here" and "missing: AffectNet" in world.find(away).reason
    assert world.find(number(protocol="fer2013-7")).reason == "missing: fer2013-7 / a, 3 more seeds"
    assert world.find({"rule": "not_testable", "missing": "norms"}).reason == "missing: norms"


def test_records_of_a_protocol_that_is_not_in_the_suite_decide(world, make, tmp_path):
    for seed, n in enumerate((45, 46, 44)):
        make(tmp_path, P, cell("a"), seed, right=answers(n), protocol={"name": "affectnet-8"})
    assert world.find(number(protocol="affectnet-8", needs="AffectNet")).verdict == "reproduced"


def test_records_that_are_not_comparable_do_not_decide(world):
    world.add("a", [45, 46, 44])
    world.add("a", [45, 46, 44], first=3, data={"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32})
    found = world.find(number())
    assert found.verdict == "undetermined" and "not comparable" in found.reason


def test_other_data_never_count(world, make, tmp_path):
    cells = load_cells()
    for protocol, names in {
        "ferplus-8": ("bregnext-50-adaptive-working-plain", "bregnext-50-identity-working-plain"),
        P: ("narrow8-12-adaptive-working-plain", "narrow8-12-identity-working-plain"),
    }.items():
        for seed in (0, 1, 2):
            make(tmp_path, protocol, cells[names[0]], seed, right=answers(85 - seed))
            make(tmp_path, protocol, cells[names[1]], seed, right=answers(5 + seed**2))
    judged = {each.claim.id: each for each in world.judged(load_claims())}
    shown = judged["beats-resnet"]
    protocols = [test.parameters["protocol"] for test in shown.claim.other_data]
    first = {p: shown.other_data[protocols.index(p)].verdict for p in ("ferplus-8", P)}
    assert first == {"ferplus-8": "supported", P: "supported"}
    assert judged["beats-resnet"].finding.verdict == "undetermined"
    assert judged["contempt"].finding.verdict == "not testable here"
    assert {each.finding.verdict for each in judged.values()} == {"undetermined", "not testable here"}
    assert not any(each.finding.records for each in judged.values())


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
    claims = [each for each in load_claims() if each.id == claim]
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
VERDICTS = [
    (GOOD, [], None, number(value=0.75), "reproduced", "paper 75.00"),
    (POOR, [], None, number(value=0.75), "not reproduced", "paper 75.00"),
    (GOOD, [], None, number(value=0.3), "exceeded", "paper 30.00"),
    (GOOD[:2], [], None, number(value=0.75), "undetermined", "1 more seed"),
    (GOOD, [], None, number(protocol="affectnet-8"), "not testable here", "missing: faces"),
    (GOOD, POOR, None, pair(), "supported", "+33.70"),
    (POOR, GOOD, None, pair(), "refuted", "-33.70"),
    (GOOD, ALIKE, None, pair(), "no difference found", "points in either direction"),
    (GOOD, POOR[:2], None, pair(), "undetermined", "b, 1 more seed"),
    (GOOD, POOR, None, pair(protocol="affectnet-8"), "not testable here", "missing: faces"),
    (GOOD, POOR, CHEAPER, pair(rule="better_and_cheaper"), "supported", "parameters 1 against 2"),
    (POOR, GOOD, CHEAPER, pair(rule="better_and_cheaper"), "refuted", "-33.70"),
    (GOOD, POOR, DEARER, pair(rule="better_and_cheaper"), "refuted", "not cheaper"),
    (GOOD, ALIKE, CHEAPER, pair(rule="better_and_cheaper"), "no difference found", "points in either direction"),
    (GOOD, POOR, None, pair(rule="better_and_cheaper"), "undetermined", "in complexity.json"),
    (GOOD, [], CHEAPER, pair(rule="better_and_cheaper"), "undetermined", "b, 3 more seeds"),
    (GOOD, POOR, CHEAPER, pair(rule="better_and_cheaper", protocol="affectnet-8"), "not testable here", "missing: faces"),
    ([1], [], {"cells": {f"{P}/a": network(104, 1)}}, count(), "reproduced", "104 parameters"),
    ([1], [], {"cells": {f"{P}/a": network(94, 1)}}, count(), "exceeded", "94 parameters"),
    ([1], [], {"cells": {f"{P}/a": network(106, 1)}}, count(), "not reproduced", "106 parameters"),
    ([1], [], None, count(), "undetermined", "in complexity.json"),
    (GOOD, [], None, score(), "measured, no verdict", "79.26"),
    ([None], [], None, score(), "undetermined", "every run of synthetic-8 / a diverged"),
    (GOOD, [], None, score(protocol="affectnet-8"), "not testable here", "missing: faces"),
    ([1], [], None, {"rule": "not_testable", "missing": "norms"}, "not testable here", "norms"),
]


@pytest.mark.parametrize(("of_a", "of_b", "complexity", "test", "verdict", "words"), VERDICTS)
def test_every_verdict_of_every_rule(world, of_a, of_b, complexity, test, verdict, words):
    world.add("a", of_a)
    world.add("b", of_b)
    claim = {"rule": "not_testable", "missing": "x"} if test["rule"] == "measured" else test
    entry = TEXT | {"test": claim, "further": [test]}
    found = world.judged(load_claims({"claims": {"x": entry}}), complexity)[0].further[0]
    assert found.verdict == verdict and words in found.reason


def test_the_verdicts_above_are_all_there_are():
    reached = {}
    for *_, test, verdict, _ in VERDICTS:
        reached.setdefault(test["rule"], set()).add(verdict)
    undecided = {"undetermined", "not testable here"}
    assert set(reached) == set(RULES) - OF_GRADIENTS
    assert reached == {
        "numeric": {"reproduced", "exceeded", "not reproduced"} | undecided,
        "compare_cells": {"supported", "refuted", "no difference found"} | undecided,
        "better_and_cheaper": {"supported", "refuted", "no difference found"} | undecided,
        "complexity_value": {"reproduced", "exceeded", "not reproduced", "undetermined"},
        "measured": {"measured, no verdict"} | undecided,
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
    assert world.find(test, complexity=CHEAPER).verdict == "no difference found"


def test_claims_of_the_papers_flip_with_the_records(world, make, tmp_path):
    """Entries of claims.yaml as they stand, on records that bear the name of the papers' own protocol."""
    cells, entries = load_cells(), {claim.id: claim for claim in load_claims()}

    def verdict(claim, **rights):
        parameters = entries[claim].test.parameters
        for role, numbers in rights.items():
            for seed, n in enumerate(numbers):
                protocol = {"name": parameters["protocol"], "tta": ["none"]}
                make(tmp_path, P, cells[parameters[role]], seed, right=answers(n), protocol=protocol)
        world.summary = None
        return world.judged([entries[claim]])[0].finding.verdict

    for claim in ("acc-affectnet", "acc-fer2013"):
        assert verdict(claim, cell=[62, 64, 63]) == "reproduced"
        assert verdict(claim, cell=[30, 31, 29]) == "not reproduced"
    for claim in ("beats-resnet", "trainable-helps", "weighted-helps"):
        assert verdict(claim, a=[80, 81, 83], b=[30, 32, 31]) == "supported"
        assert verdict(claim, a=[30, 31, 33], b=[80, 82, 81]) == "refuted"


def test_measured_gives_no_verdict(world):
    world.add("a", [45])
    own = {"rule": "measured", "protocol": P, "cell": "a", "metric": "accuracy", "needs": "faces"}
    entry = TEXT | {"test": {"rule": "not_testable", "missing": "x"}, "other_data": [own]}
    (judged,) = world.judged(load_claims({"claims": {"x": entry}}))
    assert judged.other_data[0].verdict == "measured, no verdict" and judged.other_data[0].measured.mean == 0.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test": number(minimum_seeds=2)}, "minimum_seeds: found 2; expected at least 3"),
        ({"test": number(metric="kappa")}, "metric: found kappa"),
        ({"test": {"rule": "guess"}}, "rule: found guess"),
        ({"test": pair() | {"c": 1}}, "compare_cells: found missing or unknown: c"),
        ({"test": {"rule": "measured", "protocol": P, "cell": "a", "metric": "accuracy", "needs": "x"}}, "no verdict"),
        ({"mark": "Q"}, "mark: found Q"),
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
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if not link.startswith("http")]
    assert [link for link in links if not (built / link).exists()] == [] and len(links) > 6
    for name, row in table.iterrows():
        assert f"### {name}: {row['verdict']}" in page and row["sentence"] in readme
        assert row["verdict"] in ("undetermined", "not testable here")
    assert "3 more seeds" in table.loc["acc-fer2013", "found"] and "AffectNet" in table.loc["acc-affectnet", "found"]
    assert "(claims.md)" in readme and readme.index("What was claimed") < readme.index("How to read it")
    for anchor in load_anchors().values():
        for figure in anchor["figures"]:
            assert f"| {figure['name']} | {figure['value']} | {figure['source']} |" in page
    optimism = pd.read_csv(built / "tables" / "optimism.csv").set_index(["protocol", "cell"])
    assert optimism.loc[("synthetic-8", "net-fixed-working-plain"), "looks"] == 4
    assert set(RULES) >= {rule for _, rule in CLAIMS.values()}
