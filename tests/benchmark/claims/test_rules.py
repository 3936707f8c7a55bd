"""Every rule's whole finding, on runs and counts written out here: its reason, its number, its records and its detail."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.claims import evidence, rules
from benchmark.claims.finding import Finding, Planned, Scale, Undecided
from benchmark.claims.ledger import Ledger
from benchmark.claims.rules import better_and_cheaper, measured, not_testable, numeric
from benchmark.protocol.protocol import load_protocol
from benchmark.records.intervals import Interval, t_interval
from benchmark.records.prediction_intervals import prediction_interval_new_run

P, N = "synthetic-8", 5000
OWN = load_protocol(P).as_dict()


class Record(dict):
    """Of a run with N test images, of which `right` are answered rightly, or of one that diverged."""

    def __init__(self, cell, seed, right):
        super().__init__(protocol=OWN, parameters=7, cell={"name": cell})
        self.protocol, self.cell, self.seed, self.diverged, self.right = P, cell, seed, right is None, right

    def outputs(self, split):
        return (np.zeros(N if split == "test" else 5),) * 2


class Known(Ledger):
    """A ledger whose cells are those given: name -> numbers of right answers by seed."""

    def __init__(self, complexity=None, scores=(), **cells):
        super().__init__(SimpleNamespace(comparisons=[]), complexity)
        self.own = {
            name: tuple(
                SimpleNamespace(
                    record=Record(name, seed, n),
                    scores={}
                    if n is None
                    else {"none": {"accuracy": n / N, "macro_f1": None, "rmse_mean": n / N} | dict(scores)},
                )
                for seed, n in enumerate(rights)
            )
            for name, rights in cells.items()
        }

    def runs(self, protocol, cell, needs):
        assert (protocol, needs) == (P, "faces")
        return self.own.get(cell, ())


def found(rule, ledger, **parameters):
    try:
        return rule(ledger, protocol=P, needs="faces", **parameters)
    except Undecided as undecided:
        return undecided.finding


RIGHT = [2500, 2510, 2490]
SPREAD = prediction_interval_new_run([n / N for n in RIGHT], N)
HALF = (SPREAD.high - SPREAD.low) / 2
LOW, HIGH, WIDTH = (f"{100 * value:.2f}" for value in (SPREAD.low, SPREAD.high, HALF))


# ---------------------------------------------------------------- numeric


def test_a_number_that_is_reproduced():
    assert 0.02 < HALF < 0.025
    finding = found(numeric, Known(a=[*RIGHT, 1, 1]), cell="a", metric="accuracy", value=0.51)
    assert finding == Finding(
        "reproduced",
        f"Accuracy 50.00 [{LOW}, {HIGH}] % expected of one more run; paper 51.00 %; 3 seeds, 5,000 test images",
        SPREAD,
        "%",
        finding.records,
        f"within {WIDTH} points",
        [Planned(P, "a", 3, (0, 1, 2))],
        Scale("a", 32, 4, {"a": 7}, {"a": OWN["recipe"]["learning_rate"]}, {"a": pytest.approx(0.5)}, "%"),
    )
    assert [record.seed for record in finding.records] == [0, 1, 2]


def test_the_ends_of_the_interval_belong_to_it():
    for value, verdict in (
        (SPREAD.low, "reproduced"), (SPREAD.high, "reproduced"), (np.nextafter(SPREAD.low, 0), "exceeded"),
        (np.nextafter(SPREAD.high, 1), "not reproduced"),
    ):  # fmt: skip
        finding = found(numeric, Known(a=RIGHT), cell="a", metric="accuracy", value=value)
        assert (finding.verdict, finding.detail) == (verdict, f"within {WIDTH} points" if verdict == "reproduced" else "")
        assert finding.measured == SPREAD and finding.unit == "%"


@pytest.mark.parametrize(
    ("metric", "half", "verdict"),
    [
        ("accuracy", 0.025, "reproduced"), ("accuracy", 0.0251, "compatible"), ("rmse_mean", 0.015, "reproduced"),
        ("rmse_mean", 0.0151, "compatible"),
    ],
)  # fmt: skip
def test_how_narrow_an_interval_reproduces(monkeypatch, metric, half, verdict):
    monkeypatch.setattr(evidence, "prediction", lambda *_: Interval(0.0, -half, half, 3))
    assert rules._reading({}, metric, 0.001)[0] == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.05, "not reproduced"), (0.6, "exceeded")])
def test_of_an_error_the_lower_is_better(monkeypatch, value, verdict):
    interval = Interval(0.3, 0.2, 0.4, 3)
    monkeypatch.setattr(evidence, "prediction", lambda *_: interval)
    assert rules._reading({}, "rmse_mean", value) == (verdict, interval, "")


def test_the_most_favourable_reading_counts(monkeypatch):
    """Of four readings by four verdicts, in any order, the best that is there."""
    of = {
        "rmse_mean": Interval(0.300, 0.295, 0.305, 3), "rmse_valence": Interval(0.3, 0.25, 0.35, 3),
        "rmse_arousal": Interval(0.2, 0.15, 0.25, 3), "accuracy": Interval(0.2, 0.15, 0.25, 3),
    }  # fmt: skip
    monkeypatch.setattr(evidence, "prediction", lambda runs, metric: of[metric])
    words = {
        "rmse_mean": "reproduced",
        "rmse_valence": "compatible",
        "rmse_arousal": "exceeded",
        "accuracy": "not reproduced",
    }
    for first in range(4):
        names = list(words)[first:]
        finding = found(numeric, Known(a=RIGHT), cell="a", metric=names[::-1], value=0.3)
        assert (finding.verdict, finding.measured) == (words[names[0]], of[names[0]])
        assert finding.detail == {0: "within 0.0050", 1: "within 0.0500"}.get(first, "")
        assert all(f"({words[name]} if the paper means it)" in finding.reason for name in names) == (len(names) > 1)
    finding = found(numeric, Known(a=RIGHT), cell="a", metric=["rmse_arousal", "rmse_mean"], value=0.3)
    assert finding.reason == (
        "RMSE arousal 0.2000 [0.1500, 0.2500] expected of one more run (exceeded if the paper means it); "
        "RMSE mean 0.3000 [0.2950, 0.3050] expected of one more run (reproduced if the paper means it); "
        "paper 0.3000; 3 seeds, 5,000 test images"
    )


def test_a_number_that_can_not_be_told():
    few = found(numeric, Known(a=[2000, None, 1990]), cell="a", metric="accuracy", value=0.5)
    assert (few.verdict, few.reason) == ("undetermined", "2 planned seeds finished, fewer than 3; a diverged 1 of 3")
    assert (len(few.records), few.planned, few.scale.network) == (3, [Planned(P, "a", 3, (0, 1, 2))], "a")
    four = found(numeric, Known(a=[2500, None, 2490, 2510]), cell="a", metric="accuracy", value=0.5, minimum_seeds=4)
    assert four.reason.endswith("; paper 50.00 %; 3 seeds, 5,000 test images; a diverged 1 of 4")
    assert four.planned == [Planned(P, "a", 4, (0, 1, 2, 3))] and len(four.records) == 4
    lacking = found(numeric, Known(a=RIGHT), cell="a", metric="macro_f1", value=0.5)
    assert (lacking.verdict, lacking.reason) == ("undetermined", "macro_f1 is not defined in every run")


@pytest.mark.parametrize("interval", [Interval(0.25, None, 0.3, 1), Interval(0.25, 0.2, None, 1)])
def test_an_interval_without_ends(interval):
    with pytest.raises(ValueError, match=r"^no interval about 0\.25 \(1 seeds\)$"):
        rules._half_width(interval)


# ---------------------------------------------------------------- measured


def test_a_measured_mean():
    finding = found(measured, Known(a=[2000, None, 2100]), cell="a", metric="accuracy")
    interval = t_interval([0.4, 0.42])
    low, high = (f"{100 * value:.2f}" for value in interval[1:3])
    reason = f"Accuracy 41.00 [{low}, {high}] % (2 seeds; a diverged 1 of 3)"
    assert finding == Finding("measured, no verdict", reason, interval, "%", finding.records)
    assert [record.seed for record in finding.records] == [0, 1, 2]
    error = found(measured, Known(a=[2000]), cell="a", metric="rmse_mean")
    assert (error.reason, error.unit) == ("RMSE mean 0.4000 (1 seeds)", "")


@pytest.mark.parametrize(
    ("rights", "metric", "reason"),
    [
        ([None, None], "accuracy", f"no finished run of {P} / a; a diverged 2 of 2"),
        ([], "accuracy", f"no finished run of {P} / a"), ([2000, 2100], "macro_f1", "macro_f1 is not defined in every run"),
    ],
)  # fmt: skip
def test_nothing_measured(rights, metric, reason):
    finding = found(measured, Known(a=rights), cell="a", metric=metric)
    assert (finding.verdict, finding.reason, len(finding.records)) == ("undetermined", reason, len(rights))


def test_nothing_can_test_it():
    assert not_testable(Known(), missing="norms of 2019") == Finding("not testable here", "missing: norms of 2019")


# ---------------------------------------------------------------- better_and_cheaper


def counts(a, b):
    return {"cells": {f"{P}/{name}": {"parameters": {"trainable": p}, "flops": f} for name, (p, f) in (("a", a), ("b", b))}}


@pytest.fixture
def compared(monkeypatch):
    """What the comparison found, whatever the runs are; its parameters are kept in `given`."""
    given = []

    def set_to(result):
        def compare_cells(ledger, **parameters):
            given.append(parameters)
            if isinstance(result, Undecided):
                raise result
            return result

        monkeypatch.setattr(rules, "compare_cells", compare_cells)
        return given

    return set_to


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ((4000, 6), (2000, 6), "not cheaper in parameters and FLOPs: parameters 4,000 against 2,000 (2 times); "
         "FLOPs 6 against 6 (1 times)"),
        ((1, 5000), (3, 1000), "not cheaper in FLOPs: parameters 1 against 3 (0.33 times); "
         "FLOPs 5,000 against 1,000 (5 times)"),
        ((3, 1), (3, 2), "not cheaper in parameters: parameters 3 against 3 (1 times); FLOPs 1 against 2 (0.5 times)"),
    ],
)  # fmt: skip
def test_what_is_not_cheaper_is_refuted_without_a_run(compared, a, b, reason):
    given = compared(None)
    finding = better_and_cheaper(Known(counts(a, b)), protocol=P, a="a", b="b", metric="accuracy", needs="faces")
    assert finding == Finding("refuted", reason) and given == []


CHEAPER = "parameters 1 against 2 (0.5 times); FLOPs 3 against 4 (0.75 times)"


def test_what_is_cheaper_is_as_the_comparison_found(compared):
    result = Finding("equivalent", "because", Interval(0.1, 0.0, 0.2, 3), "%", (1, 2), "within 1 point")
    given = compared(result)
    ledger = Known(counts((1, 3), (2, 4)))
    finding = better_and_cheaper(ledger, protocol=P, a="a", b="b", metric="accuracy", needs="faces", minimum_seeds=4)
    assert finding == Finding("equivalent", f"because; cheaper: {CHEAPER}", result.measured, "%", (1, 2), "within 1 point")
    assert given == [{"protocol": P, "a": "a", "b": "b", "metric": "accuracy", "needs": "faces", "minimum_seeds": 4}]
    compared(Undecided("no verdict yet", "0 of 3", detail="0 of 3"))
    finding = better_and_cheaper(ledger, protocol=P, a="a", b="b")
    assert finding == Finding("no verdict yet", f"0 of 3; cheaper: {CHEAPER}", detail="0 of 3")


def test_what_was_not_counted_is_open(compared):
    compared(Finding("equivalent", "because", None, "%", (1,), "within 1 point"))
    finding = better_and_cheaper(Known(), protocol=P, a="a", b="b")
    assert finding == Finding("undetermined", f"because; missing: {P}/a in complexity.json", None, "%", (1,), "")
    compared(Undecided("no verdict yet", "0 of 3", detail="0 of 3"))
    finding = better_and_cheaper(Known(), protocol=P, a="a", b="b")
    assert finding == Finding("no verdict yet", f"0 of 3; missing: {P}/a in complexity.json", detail="0 of 3")


def test_the_rules_and_which_may_stand_where():
    not_testable(Known(), missing="x")
    names = ["numeric", "compare_cells", "better_and_cheaper", "complexity_value", "gradient_ratio", "gradient_lessened"]
    assert list(rules.RULES) == [*names, "measured", "measured_difference", "not_testable"]
    assert all(rule.__name__ == name for name, rule in rules.RULES.items())
    assert rules.COMPARING == ("compare_cells", "better_and_cheaper") and rules.SHOWN_ALONE == ("seen", "machinery")
    shown = ("measured", "measured_difference", "gradient_ratio", "gradient_lessened", "complexity_value")
    assert shown == rules.SHOWING and rules.NARROW == {"%": 0.025, "": 0.015}
