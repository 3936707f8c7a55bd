"""Claims in few words: findings made up by hand, of every rule and verdict, and the suite's own claims without records."""

import pytest

from benchmark.claims.claim import Check, Claim
from benchmark.claims.finding import Finding, Planned, Scale
from benchmark.claims.judge import Judged, judge
from benchmark.claims.load import load_claims
from benchmark.records.comparisons import Summary
from benchmark.records.intervals import Interval
from benchmark.report.claim_words import amount, apart, compact, found_in_words, plain

A, B = "net-50-adaptive-working-plain", "net-50-identity-working-plain"
PAIR = {"protocol": "p", "a": A, "b": B, "metric": "accuracy", "needs": "FACES"}
NUMBER = {"protocol": "p", "cell": A, "metric": "accuracy", "value": 0.7153, "needs": "FACES"}
COUNT = {"protocol": "p", "cell": A, "quantity": "flops", "value": 15e6, "precision": 1e6}
GRADIENT = {"protocol": "p", "plan": "x", "a": "fixed", "b": "identity", "needs": "FACES"}
LEVELS = Scale("net", levels={A: 0.5861, B: 0.6031})


def claim(check, **texts):
    own = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "a", "would_test": "w"} | texts
    return Claim("x", **own, test=check)


def interval(mean, low, high, n=5):
    return Interval(mean, low, high, n)


@pytest.mark.parametrize(
    ("rule", "parameters", "finding", "words"),
    [
        ("numeric", NUMBER, Finding("not reproduced", "r", interval(0.651, 0.639, 0.662), "%"),
         "65.1 % [63.9, 66.2], 6.4 points below the claim"),
        ("numeric", NUMBER, Finding("exceeded", "r", interval(0.751, 0.74, 0.762), "%"),
         "75.1 % [74.0, 76.2], 3.6 points above the claim"),
        ("numeric", NUMBER | {"metric": "rmse_mean", "value": 0.2577}, Finding("compatible", "r", interval(0.26, 0.22, 0.3)),
         "0.260 [0.220, 0.300], 0.002 above the claim"),
        ("numeric", NUMBER, Finding("undetermined", "2 planned seeds finished, fewer than 3; net diverged 1 of 3"),
         "2 planned seeds finished, fewer than 3"),
        ("numeric", NUMBER, Finding("no verdict yet", "r", planned=[Planned("p", A, 3, (1,))]), "1 of 3 planned runs"),
        ("numeric", NUMBER, Finding("not testable here", "r"), "FACES is not here"),
        ("complexity_value", COUNT, Finding("not reproduced", "r", interval(3_577_743_327, None, None, 1), "count"),
         "3.58 GFLOPs, 239 times the claim"),
        ("complexity_value", COUNT, Finding("exceeded", "r", interval(7_500_000, None, None, 1), "count"),
         "7.5 MFLOPs, 0.5 times the claim"),
        ("complexity_value", COUNT | {"quantity": "parameters"},
         Finding("reproduced", "r", interval(15_004_000, None, None, 1), "count"),
         "15 M parameters, which rounds to the claim"),
        ("complexity_value", COUNT, Finding("undetermined", "missing: p/x in complexity.json"),
         "missing: p/x in complexity.json"),
        ("compare_cells", PAIR, Finding("refuted", "r", interval(-0.017, -0.029, -0.004), "%", scale=LEVELS),
         "adaptive 58.6 %, identity 60.3 %: -1.7 [-2.9, -0.4] points"),
        ("compare_cells", PAIR | {"metric": "ccc_mean"},
         Finding("supported", "r", interval(0.017, 0.004, 0.029), "", scale=Scale("net", levels={A: 0.6, B: 0.583})),
         "adaptive 0.600, identity 0.583: +0.017 [+0.004, +0.029]"),
        # The levels are of the main metric: beside another metric they would be taken for it.
        ("compare_cells", PAIR | {"metric": "recall", "of_class": "contempt"},
         Finding("equivalent", "r", interval(-0.017, -0.029, -0.004), "%", scale=LEVELS),
         "recall of contempt, adaptive minus identity: -1.7 [-2.9, -0.4] points"),
        ("compare_cells", PAIR, Finding("undetermined", "r", interval(0.1, None, None), "%"),
         "Accuracy, adaptive minus identity: +10.0 points"),
        ("compare_cells", PAIR, Finding("trains, the other does not", "r", planned=[Planned("p", A, 5, range(5))]),
         "adaptive trained, identity diverged in all 5 runs"),
        ("compare_cells", PAIR, Finding("does not train, the other does", "r", planned=[Planned("p", A, 5, range(5))]),
         "identity trained, adaptive diverged in all 5 runs"),
        ("better_and_cheaper", PAIR, Finding("refuted", "not cheaper in FLOPs: parameters 1 against 2 (0.5 times)"),
         "not cheaper in FLOPs"),
        ("gradient_ratio", GRADIENT, Finding("refuted", "r", interval(2.8746, 2.4, 3.2), "log10"),
         "fixed: gradient grows 749-fold, last to first unit; rule allows 10"),
        ("gradient_ratio", GRADIENT | {"margin": 3}, Finding("supported", "r", interval(-0.301, -0.4, -0.2), "log10"),
         "fixed: gradient shrinks 2-fold, last to first unit; rule allows 3"),
        ("gradient_ratio", GRADIENT, Finding("undetermined", "missing: net-12, fixed: 2 more seeds; net-30: 1 more seed"),
         "missing: net-12, fixed: 2 more seeds"),
        ("gradient_ratio", GRADIENT, Finding("undetermined", "missing: gradients of the plan x under p with seeds 1, 2, 3"),
         "missing: gradients of the plan x under p"),
        ("gradient_lessened", GRADIENT | {"normalisations": ["working", "frozen"]},
         Finding("conditional", "r", interval(1.2, 1.1, 1.3), "log10", detail="holds under a, fails under b"),
         "holds under a, fails under b"),
        ("gradient_lessened", GRADIENT | {"normalisations": ["working", "frozen"]},
         Finding("holds under one condition only", "r", interval(1.2, 1.1, 1.3), "log10", detail="frozen BatchNorm"),
         "under frozen BatchNorm"),
        ("gradient_lessened", GRADIENT | {"normalisations": ["working", "frozen"]},
         Finding("refuted", "r", interval(1.1946, 1.1, 1.3), "log10"),
         "fixed x 15.7 as far from 1 as identity (working BatchNorm)"),
        ("not_testable", {"missing": "the methods of 2019"}, Finding("not testable here", "missing: the methods of 2019"),
         "missing: the methods of 2019"),
    ],
)  # fmt: skip
def test_what_was_found(rule, parameters, finding, words):
    assert found_in_words(Check(rule, parameters), finding) == words
    assert len(words) <= 70


def test_under_several_conditions():
    check = Check("compare_cells", {}, {"working": Check("compare_cells", PAIR), "frozen": Check("compare_cells", PAIR)})
    done = Finding("refuted", "r", interval(-0.017, -0.029, -0.004), "%", scale=LEVELS)
    waits = Finding("no verdict yet", "r", planned=[Planned("p", A, 3, (1,)), Planned("p", B, 3, ())])
    part = {"working": done, "frozen": waits}
    found = Finding("fails under one condition, the other open", "r", parts=part, planned=waits.planned)
    assert found_in_words(check, found) == (
        "working: adaptive 58.6 %, identity 60.3 %: -1.7 [-2.9, -0.4] points; frozen: 1 of 6 planned runs"
    )
    assert found_in_words(check, Finding("no verdict yet", "r", parts=part, planned=waits.planned)) == "1 of 6 planned runs"


def test_data_that_are_missing_under_some_conditions():
    needs = {"a": "AffectNet", "b": "AffectNet with valence and arousal", "c": "FER2013", "d": "Aff-Wild"}
    check = Check("compare_cells", {}, {k: Check("compare_cells", PAIR | {"needs": v}) for k, v in needs.items()})
    parts = {k: Finding("no verdict yet" if k == "c" else "not testable here", "r") for k in needs}
    assert found_in_words(check, Finding("not testable here", "r", parts=parts)) == "AffectNet and Aff-Wild are not here"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (3_072_567, "3.07 M parameters"), (999_499, "999 k parameters"), (999_500, "1 M parameters"), (12, "12 parameters"),
        (2.5e12, "2.5e+03 G parameters"), (1234, "1.23 k parameters"),
    ],
)  # fmt: skip
def test_an_amount_has_three_digits(count, words):
    assert amount(count, "parameters") == words


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (A, B, ("adaptive", "identity")),
        ("net-50-fixed-plain", "resnet18-plain", ("net-50-fixed", "resnet18")),
        ("net-plain", "net-wide-plain", ("net-plain", "net-wide-plain")),
        ("x", "x", ("x", "x")),
    ],
)
def test_the_words_that_tell_two_cells_apart(a, b, words):
    assert apart(a, b) == words


@pytest.mark.parametrize(
    ("sentence", "value", "words"),
    [
        ("N reaches this accuracy on F", "71.53 %", "N reaches an accuracy of 71.53 % on F"),
        ("N reaches this RMSE on F", "0.25", "N reaches an RMSE of 0.25 on F"),
        ("N needs this many FLOPs", "15 MFLOPs", "N needs 15 MFLOPs"),
        ("N has this many training parameters", "3.1 M", "N has 3.1 M training parameters"),
        ("N beats M", "qualitative", "N beats M"),
    ],
)
def test_a_sentence_that_is_read_alone(sentence, value, words):
    made = claim(Check("not_testable", {"missing": "m"}), sentence=sentence, value=value)
    assert plain(made) == words
    found = compact(Judged(made, Finding("not testable here", "missing: m", detail="d")))
    assert found == ("not testable here", words, value, "missing: m")


def test_every_claim_of_the_suite_is_readable_alone():
    """Without a record: what is counted is not counted, what is planned is not made, what is missing is named."""
    judged = judge(load_claims(), Summary(()), None)
    found = [compact(each) for each in judged]
    assert len(found) > 15
    for each in found:
        assert "this" not in each.sentence.split() and "does so" not in each.sentence
        assert 0 < len(each.found) <= 80 and not each.found.endswith(".")
