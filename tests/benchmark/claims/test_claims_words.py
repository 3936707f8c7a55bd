"""Refusals of claims.yaml and of the rules, word by word: where, what was found, what was expected; and numbers in words."""

import pytest

from benchmark.claims import comparing, evidence
from benchmark.claims.claim import MARKS, Earlier
from benchmark.claims.finding import Finding, network_of
from benchmark.claims.load import load_claims
from benchmark.errors import BadInput

TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
NUMBER = {"rule": "numeric", "protocol": "synthetic-8", "cell": "a", "metric": "accuracy", "value": 0.5, "needs": "faces"}
PAIR = {"rule": "compare_cells", "protocol": "synthetic-8", "a": "a", "b": "b", "metric": "accuracy", "needs": "faces"}
OF_BOTH = "ccc_valence, ccc_arousal, ccc_mean, rmse_valence, rmse_arousal, rmse_mean"
COMPARABLE = f"accuracy, balanced_accuracy, macro_f1, {OF_BOTH}"
PARAMETERS = "protocol, a, b, metric, needs, of_class, beside, minimum_seeds"
RULES = "numeric, compare_cells, better_and_cheaper, complexity_value, gradient_ratio, gradient_lessened, measured"
SHOWING = "measured, measured_difference, gradient_ratio, gradient_lessened, complexity_value"
ONE = {key: value for key, value in PAIR.items() if key != "b"} | {"conditions": {"one": {"b": "b"}}}


def loaded(**changes):
    return load_claims({"claims": {"x": TEXT | {"test": NUMBER} | changes}, "anchors": {"venus": {}, "earth": {}}}, "file")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": NUMBER | {"minimum_seeds": 2}}, ", minimum_seeds: found 2; expected at least 3"),
        ({"test": NUMBER | {"metric": ["kappa", "accuracy"]}},
         ", metric: found kappa; expected some of accuracy, rmse_valence, rmse_arousal, rmse_mean"),
        ({"test": {"rule": "guess"}},
         f", rule: found guess; expected one of {RULES}, measured_difference, not_testable"),
        ({"test": PAIR | {"c": 1}},
         f", compare_cells: found missing or unknown: c; expected {PARAMETERS}"),
        ({"test": {"rule": "measured", "protocol": "p", "cell": "a", "metric": "accuracy", "needs": "x"}},
         ", test: found rule measured, which gives no verdict; expected a rule that decides"),
        ({"mark": "Q"}, ", mark: found Q; expected one of V, X, I, M"),
        ({"seen": [PAIR]}, f", seen: found rule compare_cells, which judges; expected one of {SHOWING}"),
        ({"machinery": [NUMBER]}, f", machinery: found rule numeric, which judges; expected one of {SHOWING}"),
        ({"test": PAIR | {"metric": "kappa"}},
         f", metric: found kappa; expected some of {COMPARABLE}, train_loss, or recall of a class"),
        ({"test": PAIR | {"beside": ["recall of happy", "ece"]}},
         f", metric: found ece; expected some of {COMPARABLE}, train_loss, or recall of a class"),
        ({"test": ONE},
         ", conditions: found {'one': {'b': 'b'}}; expected two or more, each a name with its own parameters"),
        ({"test": NUMBER | {"conditions": {"one": {}, "two": {}}}},
         ", conditions: found rule numeric; expected one of compare_cells, better_and_cheaper"),
        ({"earlier": [{"verdict": "x"}]}, ", earlier: found verdict; expected until, verdict, perhaps because"),
        ({"earlier": [{"verdict": "x", "until": "y", "more": 1}]},
         ", earlier: found verdict, until, more; expected until, verdict, perhaps because"),
        ({"extra": 1},
         ": found missing or unknown: extra; expected sentence, paper, value, mark, source, would_test and test"),
        ({"anchors": "mars"}, ", anchors: found mars; expected one of venus, earth"),
    ],
)  # fmt: skip
def test_a_bad_entry_word_by_word(changes, message):
    with pytest.raises(BadInput) as error:
        loaded(**changes)
    assert str(error.value) == f"file, x{message}"


def test_what_an_entry_becomes():
    earlier = [{"until": 2026, "verdict": "a"}, {"until": "b", "verdict": "c", "because": "d"}]
    (claim,) = loaded(note="n", quote="q", anchors="venus", earlier=earlier)
    assert (claim.id, claim.sentence, claim.paper, claim.value, claim.mark) == ("x", "s", "p", "v", "V")
    assert (claim.source, claim.would_test, claim.note, claim.quote, claim.anchors) == ("abstract", "w", "n", "q", "venus")
    assert claim.earlier == [Earlier("2026", "a"), Earlier("b", "c", "d")]
    assert claim.test.rule == "numeric" and claim.test.parameters == {k: v for k, v in NUMBER.items() if k != "rule"}
    assert MARKS == {"V": "read in the source", "X": "measured for this project", "I": "inferred", "M": "from memory"}


def test_other_seeds_and_no_cells():
    with pytest.raises(BadInput) as error:
        evidence.compare({0: None, 2: None}, {1: None}, "accuracy", None)
    assert str(error.value) == "comparison: found seeds [0, 2] and [1]; expected the same seeds in both"
    nothing = Finding("undetermined", "because")
    assert (nothing.detail, nothing.unit, nothing.measured, nothing.records, nothing.planned) == ("", "", None, (), ())
    with pytest.raises(BadInput) as error:
        network_of([])
    assert str(error.value) == "cells of a test: found none; expected at least one"


def test_amounts_and_titles():
    amounts = [(0.01, "1 point"), (0.001, "0.1 points"), (0.1, "10 points"), (1.0, "100 points"), (0.0125, "1.25 points")]
    assert [comparing._amount(value, "%") for value, _ in amounts] == [words for _, words in amounts]
    assert [comparing._amount(value, "") for value in (0.01, 0.12345)] == ["0.01", "0.123"]
    assert comparing.title("recall", "happy") == "recall of happy" and comparing.title("ccc_mean") == "CCC mean"
    assert comparing.title("train_loss") == "training loss of the last epoch"
    assert comparing.of_metric("recall of happy") == ("recall", "happy") and comparing.of_metric("ece") == ("ece", None)


def test_metrics_beside_a_verdict_are_named_with_their_class(world):
    world.add("a", [70, 71, 73])
    world.add("b", [40, 42, 41])
    reason = world.find(PAIR | {"beside": ["recall of happy", "macro_f1"]}).reason
    beside = reason.partition("beside it, Holm over 2: ")[2].partition("; one learning rate")[0]
    assert "recall of happy (" in beside and "Macro F1 (" in beside and " points, p " in beside
    assert "recall of happy" not in reason.partition("beside it")[0]
