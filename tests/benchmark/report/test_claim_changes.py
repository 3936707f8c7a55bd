"""What would change a verdict: for every rule and every verdict that it can give, from findings made up by hand."""

import pytest

from benchmark.claims.claim import Check, Claim
from benchmark.claims.finding import Finding, Planned
from benchmark.claims.judge import Judged
from benchmark.claims.rules import RULES
from benchmark.records.intervals import Interval
from benchmark.report.claim_changes import would_change

A, B = "net-50-adaptive-working-plain", "net-50-identity-working-plain"
PAIR = {"protocol": "p", "a": A, "b": B, "metric": "accuracy", "needs": "FACES"}
GRADIENT = {"protocol": "p", "plan": "x", "a": "fixed", "b": "identity", "needs": "FACES"}
PARAMETERS = {
    "numeric": {"protocol": "p", "cell": A, "metric": "accuracy", "value": 0.7153, "needs": "FACES"},
    "complexity_value": {"protocol": "p", "cell": A, "quantity": "flops", "value": 15e6, "precision": 1e6},
    "compare_cells": PAIR,
    "better_and_cheaper": PAIR,
    "gradient_ratio": GRADIENT | {"normalisation": "working"},
    "gradient_lessened": GRADIENT | {"normalisations": ["working", "frozen"]},
    "not_testable": {"missing": "the methods of 2019"},
}
NUMERIC = ("reproduced", "compatible", "exceeded", "not reproduced")
COMPARED = ("supported", "refuted", "equivalent", "undetermined")
RATIO = ("supported", "refuted", "no difference found", "undetermined")
TRAINS = ("trains, the other does not", "does not train, the other does")
ALONE = (
    "holds under one condition only",
    "fails under one condition only",
    "holds under one condition, the other open",
    "fails under one condition, the other open",
)
# Rule -> the verdicts that it gives from numbers.
DECIDED = {
    "numeric": NUMERIC, "complexity_value": NUMERIC[:1] + NUMERIC[2:], "compare_cells": COMPARED,
    "better_and_cheaper": COMPARED, "gradient_ratio": RATIO, "gradient_lessened": (*RATIO, "conditional", *ALONE),
}  # fmt: skip
MEASURED = {
    "numeric": (Interval(0.651, 0.639, 0.662, 5), "%"), "complexity_value": (Interval(3.6e9, None, None, 1), "count"),
    "compare_cells": (Interval(-0.017, -0.029, -0.004, 5), "%"), "better_and_cheaper": (Interval(0.1, 0.0, 0.2, 3), "%"),
    "gradient_ratio": (Interval(2.0, 1.0, 3.0, 3), "log10"), "gradient_lessened": (Interval(1.0, 0.0, 2.0, 8), "log10"),
}  # fmt: skip
ACCURACY = (
    "Reproduced if the prediction interval of one more run holds 71.53 % and is at most 2.5 points wide to each side.",
    "Compatible if the prediction interval holds 71.53 % and is wider than 2.5 points to each side.",
    "Exceeded if the prediction interval is above 71.53 % as a whole.",
    "Not reproduced if the prediction interval is below 71.53 % as a whole.",
)
BETTER = (
    "Supported if adaptive is better than identity in Accuracy (p below 0.05, Holm-adjusted).",
    "Refuted if identity is better than adaptive in Accuracy (p below 0.05, Holm-adjusted).",
    "Equivalent if the difference is shown to lie within 1 point of 0 (p below 0.05, Holm-adjusted), which is tested first.",
    "Undetermined if none of these is shown, or if the better one diverged more often.",
)
WHO = "Who trains decides if every run of one finishes and every run of the other diverges."


def changes(rule, finding, **parameters):
    check = Check(rule, PARAMETERS[rule] | parameters)
    return of_check(check, finding)


def of_check(check, finding):
    texts = ("sentence", "paper", "value", "mark", "source", "would_test")
    found = would_change(Judged(Claim("x", *texts, test=check), finding))
    assert found and len(set(found)) == len(found)
    assert all(each.endswith(".") and not each.endswith("..") and each[0].isupper() for each in found)
    return found


def test_every_rule_that_decides_is_here():
    shown_only = {"measured", "measured_difference"}
    assert set(PARAMETERS) == set(RULES) - shown_only and set(DECIDED) == set(PARAMETERS) - {"not_testable"}


@pytest.mark.parametrize(("rule", "verdict"), [(rule, verdict) for rule, own in DECIDED.items() for verdict in own])
def test_every_other_verdict_is_offered_and_the_present_one_is_not(rule, verdict):
    found = [each.lower() for each in changes(rule, Finding(verdict, "r", *MEASURED[rule]))]
    words = {*NUMERIC, *COMPARED, *RATIO, "conditional"}
    offered = {word for word in words if any(each.startswith(f"{word} if ") for each in found)}
    others = set(DECIDED[rule]) - {verdict, *ALONE}
    assert offered == others
    assert any(each.startswith("true of one condition alone if") for each in found) == (rule == "gradient_lessened")


@pytest.mark.parametrize(
    ("verdict", "places"), [("reproduced", (1, 2, 3)), ("exceeded", (0, 1, 3)), ("not reproduced", (0, 1, 2))]
)
def test_where_the_prediction_interval_would_have_to_be(verdict, places):
    found = changes("numeric", Finding(verdict, "r", *MEASURED["numeric"]))
    today = "Today the prediction interval of one more run is 65.10 [63.90, 66.20] %."
    assert found == [today, *(ACCURACY[place] for place in places)]


def test_an_error_is_exceeded_from_below_and_the_best_reading_counts():
    names = ["rmse_mean", "rmse_valence"]
    measured = Interval(0.2, 0.1, 0.3, 3)
    assert changes("numeric", Finding("compatible", "r", measured), metric=names, value=0.2577) == [
        "Today the prediction interval of one more run is 0.2000 [0.1000, 0.3000].",
        "The most favourable of RMSE mean and RMSE valence counts.",
        "Reproduced if the prediction interval of one more run holds 0.2577 and is at most 0.015 wide to each side.",
        "Exceeded if the prediction interval is below 0.2577 as a whole.",
        "Not reproduced if the prediction interval is above 0.2577 as a whole.",
    ]


def test_a_count_changes_only_with_the_network_or_the_way_of_counting():
    only = "Only another network or another way of counting would change a count."
    measured = MEASURED["complexity_value"]
    assert changes("complexity_value", Finding("not reproduced", "r", *measured)) == [
        only, "Reproduced if the count rounds to 15 MFLOPs at a precision of 1 MFLOPs.",
        "Exceeded if the count is less than that.",
    ]  # fmt: skip
    assert changes("complexity_value", Finding("reproduced", "r", *measured)) == [
        only, "Exceeded if the count rounds to less than 15 MFLOPs.", "Not reproduced if it rounds to more.",
    ]  # fmt: skip


def test_planned_runs_that_are_missing():
    planned = [Planned("p", A, 5, (0, 1)), Planned("p", B, 5, (0, 1)), Planned("p", "c", 5, (0, 1, 2, 3, 4))]
    found = changes("compare_cells", Finding("no verdict yet", "r", planned=planned))
    assert found == [f"First, planned runs are missing: seeds 2 to 4 of {A} and {B} under p.", *BETTER, WHO]
    found = changes("numeric", Finding("no verdict yet", "r", planned=[Planned("p", A, 3, (0, 2))]))
    fewer = "Undetermined if fewer than 3 of them finish."
    assert found == [f"First, planned runs are missing: seed 1 of {A} under p.", *ACCURACY, fewer]


def test_today_and_what_a_comparison_takes():
    found = changes("compare_cells", Finding("refuted", "r", *MEASURED["compare_cells"]))
    today = "Today adaptive minus identity is -1.70 [-2.90, -0.40] points over 5 pairs of seeds."
    assert found == [today, BETTER[0], *BETTER[2:]]
    recall = changes(
        "compare_cells", Finding("supported", "r", *MEASURED["compare_cells"]), metric="recall", of_class="contempt"
    )
    assert "within 5 points of 0" in recall[2] and "in recall of contempt" in recall[1]
    loss = changes("compare_cells", Finding("supported", "r", Interval(-1.0, -2.0, -0.5, 3)), metric="train_loss")
    assert not any("Equivalent" in each for each in loss), "a loss has no smallest difference of interest"
    ccc = changes("compare_cells", Finding("supported", "r", Interval(0.1, 0.05, 0.2, 3)), metric="ccc_mean")
    assert "within 0.01 of 0" in ccc[2]


@pytest.mark.parametrize(
    ("verdict", "trained", "lost"), [(TRAINS[0], "adaptive", "identity"), (TRAINS[1], "identity", "adaptive")]
)
def test_who_trains(verdict, trained, lost):
    assert changes("compare_cells", Finding(verdict, "r")) == [
        f"One run of {lost} that finishes, or one of {trained} that diverges, would: then Accuracy is compared, over 3 "
        "seeds or more that both finished."
    ]


def test_better_and_cheaper_by_counts_alone_and_with_runs():
    assert changes("better_and_cheaper", Finding("refuted", "not cheaper in FLOPs: parameters 1 against 2")) == [
        "Only other counts would: adaptive needs fewer parameters and fewer FLOPs than identity, and then runs decide."
    ]
    found = changes(
        "better_and_cheaper", Finding("undetermined", "r; missing: p/x in complexity.json", *MEASURED["numeric"])
    )
    assert found[1:4] == [
        "First, both networks have to be counted (complexity.json).",
        BETTER[0][:-1] + " with fewer parameters and fewer FLOPs.",
        BETTER[1][:-1] + ", or if adaptive does not have fewer parameters and fewer FLOPs.",
    ]
    assert "counted" not in " ".join(changes("better_and_cheaper", Finding("equivalent", "r", *MEASURED["numeric"])))


@pytest.mark.parametrize("rule", DECIDED)
def test_what_is_open_without_a_number_names_what_is_in_the_way(rule):
    there = "Open until this is there: net in complexity.json."
    assert changes(rule, Finding("undetermined", "missing: net in complexity.json")) == [there]
    holds = "Open as long as this holds: records of p that are not comparable: p-1, p-2."
    assert changes(rule, Finding("undetermined", "records of p that are not comparable: p-1, p-2")) == [holds]


def test_gradients_of_networks_that_all_diverged():
    found = changes("gradient_lessened", Finding("undetermined", "working BatchNorm: open, net diverged 8 and 8 of 8"))
    assert found[0].startswith("Supported if fixed is nearer to 1 than identity") and "today" not in " ".join(found).lower()
    found = changes("gradient_ratio", Finding("refuted", "fixed: diverged 3 of 3"))
    assert found[0].startswith("Supported if fixed stays within a factor of 10 from the first to the last unit")


def test_the_margin_of_a_gradient_and_its_farthest_ratio():
    found = changes("gradient_ratio", Finding("refuted", "r", *MEASURED["gradient_ratio"]), margin=3)
    assert found[0] == "Today the ratio of fixed that is farthest from 1 is x 100 [10, 1e+03]."
    assert "within a factor of 3" in found[1] and found[1].endswith(
        "at every depth and moment, and identity does not at one."
    )
    found = changes("gradient_lessened", Finding("conditional", "r", *MEASURED["gradient_lessened"]), of_interest=1.5)
    assert found[0] == (
        "Today the largest difference under working BatchNorm is x 10 [1, 100] (fixed over identity, below 1: fixed is "
        "nearer)."
    )
    assert any("equal within a factor of 1.5 everywhere" in each for each in found)
    alone = changes(
        "gradient_lessened", Finding("supported", "r", *MEASURED["gradient_lessened"]), normalisations=["frozen"]
    )
    assert "somewhere under frozen BatchNorm" in alone[1] and not any("condition alone" in each for each in alone)


def test_what_a_claim_would_need_that_can_not_be_tested():
    assert changes("numeric", Finding("not testable here", "r")) == [
        "FACES is missing here: runs under p would test the claim."
    ]
    assert changes("gradient_ratio", Finding("not testable here", "r")) == [
        "FACES is missing here: gradients under p would test the claim."
    ]
    assert changes("not_testable", Finding("not testable here", "r")) == [
        "A test needs what is missing here: the methods of 2019."
    ]


def test_conditions_say_once_what_is_true_of_all():
    check = Check("compare_cells", {}, {"working": Check("compare_cells", PAIR), "frozen": Check("compare_cells", PAIR)})
    waits = [Finding("no verdict yet", "r", planned=[Planned("p", A, 3, done)]) for done in ((0,), (1,))]
    together = (
        "One condition that holds beside one that fails makes the claim conditional; it is supported or refuted only if "
        "every condition says so."
    )
    parts = dict(zip(("working", "frozen"), waits, strict=True))
    assert of_check(check, Finding("no verdict yet", "r", parts=parts)) == [
        f"Working: first, planned runs are missing: seeds 1, 2 of {A} under p.",
        f"Frozen: first, planned runs are missing: seeds 0, 2 of {A} under p.",
        *(f"Each condition: {each[0].lower()}{each[1:]}" for each in (*BETTER, WHO)), together,
    ]  # fmt: skip
    parts["frozen"] = Finding("refuted", "r", *MEASURED["compare_cells"])
    found = of_check(check, Finding("fails under one condition, the other open", "r", parts=parts))
    assert f"Working: {BETTER[1][0].lower()}{BETTER[1][1:]}" in found and found[-1] == together
    assert f"Each condition: {BETTER[0][0].lower()}{BETTER[0][1:]}" in found
