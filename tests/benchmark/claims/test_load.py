"""What of an entry of claims.yaml goes where, what it may lack, and whom a refusal names."""

import pytest

from benchmark.claims import load
from benchmark.claims.claim import Check
from benchmark.claims.load import load_claims, published
from benchmark.errors import BadInput

TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
NUMBER = {"rule": "numeric", "protocol": "mars", "cell": "a", "metric": "accuracy", "value": 0.5, "needs": "faces"}
PAIR = {"rule": "compare_cells", "protocol": "mars", "a": "a", "b": "b", "metric": "accuracy", "needs": "faces"}
MEASURED = {"rule": "measured", "protocol": "mars", "cell": "a", "metric": "ece", "needs": "faces"}
DIFFERENCE = {"rule": "measured_difference", "protocol": "mars", "a": "a", "b": "b", "metric": "ece", "needs": "faces"}
NOTHING = {"rule": "not_testable", "missing": "norms"}


def one(**changes):
    (claim,) = load_claims({"claims": {"x": TEXT | {"test": NOTHING} | changes}})
    return claim


def refused(**changes):
    with pytest.raises(BadInput) as error:
        one(**changes)
    where, _, rest = str(error.value).partition(", x")
    assert where == str(load.CLAIMS)
    return rest


def without(entry, *names):
    return {key: value for key, value in entry.items() if key not in names}


def test_each_test_goes_to_its_role():
    claim = one(scaled_down=[NUMBER, PAIR], further=[PAIR], seen=[DIFFERENCE], machinery=[MEASURED, DIFFERENCE])
    assert claim.test == Check("not_testable", {"missing": "norms"})
    rules = {role: [test.rule for test in claim.tests(role)] for role in ("scaled_down", "further", "seen", "machinery")}
    assert rules == {
        "scaled_down": ["numeric", "compare_cells"], "further": ["compare_cells"], "seen": ["measured_difference"],
        "machinery": ["measured", "measured_difference"],
    }  # fmt: skip
    assert claim.scaled_down[0] == Check("numeric", without(NUMBER, "rule"))


def test_claims_stand_in_the_order_of_the_file():
    claims = load_claims({"claims": {name: TEXT | {"test": NOTHING, "note": name} for name in ("z", "a", "m")}})
    assert [(claim.id, claim.note, claim.quote, claim.anchors, claim.earlier) for claim in claims] == [
        (name, name, "", "", []) for name in ("z", "a", "m")
    ]


def test_published_figures_are_single_numbers():
    figures = [
        {"name": n, "value": v} for n, v in (("a", "70"), ("b", "70.25"), ("c", "7.0x"), ("d", "about 7"), ("e", "7."))
    ]
    assert published("d", {"d": {"figures": figures}}) == [("a", 0.7), ("b", 0.7025)]
    assert published("d", {"d": {}}) == published("d", {}) == []


@pytest.mark.parametrize("name", [*TEXT, "test"])
def test_every_entry_that_is_needed(name):
    entry = without(TEXT | {"test": NOTHING}, name)
    with pytest.raises(BadInput) as error:
        load_claims({"claims": {"x": entry}}, "here")
    expected = "sentence, paper, value, mark, source, would_test and test"
    assert str(error.value) == f"here, x: found missing or unknown: {name}; expected {expected}"


@pytest.mark.parametrize("name", ["scaled_down", "further", "seen", "machinery", "earlier"])
def test_every_entry_that_may_be_there(name):
    assert getattr(one(**{name: []}), name) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mark": "Q", "z": 1, "b": 2},
         ": found missing or unknown: b, z; expected sentence, paper, value, mark, source, would_test and test"),
        ({"anchors": "mars"}, ", anchors: found mars; expected one of "),
        ({"test": DIFFERENCE},
         ", test: found rule measured_difference, which gives no verdict; expected a rule that decides"),
        ({"test": MEASURED}, ", test: found rule measured, which gives no verdict; expected a rule that decides"),
        ({"earlier": [{"until": 1}]}, ", earlier: found until; expected until, verdict, perhaps because"),
        ({"earlier": [{"until": 1, "verdict": 1, "a": 1}]},
         ", earlier: found until, verdict, a; expected until, verdict, perhaps because"),
        ({"test": PAIR | {"conditions": {"one": {}}}},
         ", conditions: found {'one': {}}; expected two or more, each a name with its own parameters"),
        ({"test": PAIR | {"conditions": [1, 2]}},
         ", conditions: found [1, 2]; expected two or more, each a name with its own parameters"),
        ({"test": {"conditions": {"one": NUMBER, "two": PAIR, "three": NOTHING}}},
         ", conditions: found rule not_testable, numeric; expected one of compare_cells, better_and_cheaper"),
        ({"test": PAIR | {"conditions": {"one": {}, "two": {"metric": "ece"}}}},
         ", two, metric: found ece; expected some of accuracy, balanced_accuracy, macro_f1, ccc_valence, ccc_arousal, "
         "ccc_mean, rmse_valence, rmse_arousal, rmse_mean, train_loss, or recall of a class"),
        ({"test": {}}, ", rule: found None; expected one of numeric, compare_cells, better_and_cheaper, complexity_value, "
         "gradient_ratio, gradient_lessened, measured, measured_difference, not_testable"),
        ({"test": without(NUMBER, "value", "cell") | {"x": 1}},
         ", numeric: found missing or unknown: cell, value, x; "
         "expected protocol, cell, metric, value, needs, minimum_seeds"),
        ({"test": PAIR | {"rule": "better_and_cheaper", "x": 1}},
         ", better_and_cheaper: found missing or unknown: x; "
         "expected protocol, a, b, metric, needs, of_class, beside, minimum_seeds"),
        ({"test": NUMBER | {"metric": ["ece", "accuracy", "macro_f1"]}},
         ", metric: found ece, macro_f1; expected some of accuracy, rmse_valence, rmse_arousal, rmse_mean"),
        ({"test": NUMBER | {"metric": "ece"}},
         ", metric: found ece; expected some of accuracy, rmse_valence, rmse_arousal, rmse_mean"),
        ({"test": NUMBER | {"minimum_seeds": 2}}, ", minimum_seeds: found 2; expected at least 3"),
        ({"scaled_down": [{"rule": "guess"}]}, ", rule: found guess; expected one of numeric, compare_cells, "
         "better_and_cheaper, complexity_value, gradient_ratio, gradient_lessened, measured, measured_difference, "
         "not_testable"),
        ({"machinery": [MEASURED | {"x": 1}]},
         ", measured: found missing or unknown: x; expected protocol, cell, metric, needs"),
        ({"seen": [NUMBER]}, ", seen: found rule numeric, which judges; expected one of measured, measured_difference, "
         "gradient_ratio, gradient_lessened, complexity_value"),
        ({"machinery": [MEASURED, PAIR | {"conditions": {"one": {}, "two": {"b": "c"}}}]},
         ", machinery: found rule compare_cells, which judges; expected one of measured, measured_difference, "
         "gradient_ratio, gradient_lessened, complexity_value"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_place_what_was_found_and_what_was_expected(changes, message):
    assert refused(**changes) == message


def test_the_smallest_number_of_seeds_is_taken():
    assert one(test=NUMBER | {"minimum_seeds": 3}).test.parameters["minimum_seeds"] == 3
    assert one(test=PAIR | {"minimum_seeds": 9}).test.parameters["minimum_seeds"] == 9


def test_what_may_be_compared_beside_a_recall():
    test = PAIR | {"metric": "recall", "of_class": "happy", "beside": ["train_loss", "recall of sad", "accuracy"]}
    assert one(test=test).test.parameters["beside"] == test["beside"]
    found = ": found recall; expected some of accuracy, balanced_accuracy"
    assert found in refused(test=PAIR | {"beside": ["recall"]}) and found in refused(test=PAIR | {"metric": "recall"})
    assert ", metric: found accuracy, ece; expected" in refused(test=PAIR | {"of_class": "sad", "beside": ["ece"]})


def test_conditions_share_what_they_do_not_say_themselves():
    test = without(PAIR, "b", "rule") | {
        "conditions": {
            "one": {"b": "b", "rule": "better_and_cheaper"},
            "two": {"b": "c", "a": "d", "rule": "compare_cells"},
        },
    }
    found = one(test=test).test
    assert found.rule == "better_and_cheaper" and found.parameters == without(PAIR, "b", "rule")
    assert found.conditions == {
        "one": Check("better_and_cheaper", without(PAIR, "rule")),
        "two": Check("compare_cells", without(PAIR, "rule") | {"b": "c", "a": "d"}),
    }
    shared = one(test=PAIR | {"conditions": {"one": {"rule": "better_and_cheaper"}, "two": {}}}).test
    assert shared.rule == "compare_cells" and [c.rule for c in shared.conditions.values()] == [
        "better_and_cheaper", "compare_cells",
    ]  # fmt: skip
