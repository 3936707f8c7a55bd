"""Comparisons of two cells, sentence by sentence: whole reasons, with numbers worked out anew, and every branch of them."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.claims import comparing
from benchmark.claims.comparing import compare_cells, judged, key_of, levels, measured_difference, of_metric, register
from benchmark.claims.evidence import Compared
from benchmark.claims.finding import Planned, Scale, Undecided
from benchmark.claims.judge import judge
from benchmark.claims.ledger import Ledger
from benchmark.claims.load import load_claims
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.intervals import Interval
from benchmark.records.joint_test import JointDifference, joint_difference
from benchmark.records.record import read_records

P, VA, IMAGES = "synthetic-8", "synthetic-va", 90
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
# Cell -> of each seed how many images are right; None: the run diverged.
RIGHT = {
    "good": [70, 71, 73, 72, 70], "poor": [40, 42, 41], "gap": [40, None, 41], "none": [0, 0, 0], "naught": [0, 0, 0],
    "lost": [None] * 5, "gone": [None] * 3, "one": [60],
}  # fmt: skip
GOOD = RIGHT["good"][:3]
LOSSES = (0.25, 0.5, 1.0)  # of the last epoch, by seed, in the records of the cell "fitted"


@pytest.fixture(scope="module")
def summary(make, tmp_path_factory):
    """The records of RIGHT, of a cell with a learning rate and losses of its own, and two cells of valence and arousal."""
    root = tmp_path_factory.mktemp("records")
    short = {"protocol": {"tta": ["none"]}, "epochs": 2}
    for name, rights in RIGHT.items():
        for seed, n in enumerate(rights):
            own = {"diverged": True, "epochs": None} if n is None else {"right": np.arange(IMAGES) < n}
            make(root, P, Cell(name, "other", {"called": name}, "plain"), seed, **short | own)
    for seed, loss in enumerate(LOSSES):
        scores = {"validation": {"loss": 1.0, "accuracy": 0.5}, "test": {"loss": 1.0, "accuracy": 0.5}}
        history = [{"epoch": k, "learning_rate": 0.001, "train_loss": own} | scores for k, own in ((1, 3.0), (2, loss))]
        own = Cell("fitted", "other", {"called": "fitted"}, "plain", 0.001)
        make(root, P, own, seed, right=np.arange(IMAGES) < 71 + seed, history=history, parameters=99, **short)
        make(root, VA, Cell("near", "other", {"called": "near"}, "mse"), seed, quality=1.0, **short)
        make(root, VA, Cell("far", "other", {"called": "far"}, "mse"), seed, quality=0.5, **short)
    return summarise(read_records(root), root)


def pair(a, b, **changes):
    return {"rule": "compare_cells", "protocol": P, "a": a, "b": b, "metric": "accuracy", "needs": "faces"} | changes


@pytest.fixture
def find(summary):
    """The finding of the first test, the others being there as further tests of their own claims."""

    def found(*tests):
        claims = load_claims({"claims": {f"x{n}": TEXT | {"test": test} for n, test in enumerate(tests)}})
        return judge(claims, summary, None)[0].finding

    return found


def runs_of(summary, cell, protocol=P):
    (comparison,) = (c for c in summary.comparisons if c.protocol["name"] == protocol)
    return {run.record.seed: run for run in comparison.runs[cell]}


# ---------------------------------------------------------------- compare_cells


def test_a_whole_verdict(find, summary):
    found = find(pair("good", "poor", beside=["balanced_accuracy", "recall of happy", "train_loss"]))
    rows = runs_of(summary, "good")[0].record.predictions["test_targets"] == 1
    recalls = [[rows[:n].sum() / rows.sum() for n in RIGHT[cell][:3]] for cell in ("good", "poor")]
    recall = 100 * np.mean(np.subtract(*recalls))
    assert (found.verdict, found.detail, found.unit) == ("supported", "", "%")
    assert f"{100 * np.mean(np.subtract(GOOD, RIGHT['poor'])) / 90:+.2f}" == "+33.70" and f"{recall:+.2f}" == "+45.61"
    assert found.reason == (
        "+33.70 [+23.40, +44.01] points over 3 pairs of seeds; p 0.001, of equivalence within 1 point 0.999, Holm over 1; "
        "beside it, Holm over 3: better in Balanced accuracy (+17.15 [+7.72, +26.58] points, p 0.005), "
        "recall of happy (+45.61 [+22.17, +69.06] points, p 0.006); "
        "open in training loss of the last epoch (+0.0000, no test); one learning rate, 0.004"
    )
    assert [(r.cell, r.seed) for r in found.records] == [(cell, seed) for cell in ("good", "poor") for seed in range(3)]
    assert found.planned == [Planned(P, cell, 3, (0, 1, 2)) for cell in ("good", "poor")]
    of = {cell: np.mean(RIGHT[cell][:3]) / 90 for cell in ("good", "poor")}
    sizes, rates = dict.fromkeys(of, 1234), dict.fromkeys(of, 0.004)
    assert found.scale == Scale("good against poor", 32, 4, sizes, rates, pytest.approx(of), "%")


def test_the_other_way_round(find):
    found = find(pair("poor", "good", beside=["macro_f1"]))
    assert (found.verdict, found.measured.mean) == ("refuted", pytest.approx(-91 / 270))
    assert "; beside it, Holm over 1: worse in Macro F1 (-" in found.reason


def test_a_learning_rate_of_its_own_and_a_loss_that_is_lower(find, summary):
    found = find(pair("fitted", "poor", beside=["train_loss", "macro_f1"]))
    p = stats.ttest_1samp(np.subtract(LOSSES, 1), 0).pvalue
    low, high = stats.ttest_1samp(np.subtract(LOSSES, 1), 0).confidence_interval()
    assert (
        f"; open in training loss of the last epoch (-0.4167 [{low:.4f}, {high:+.4f}], p {p:.3f})"
        "; learning rates of their own, 0.001 (fitted) and 0.004 (poor)"
    ) in found.reason
    assert found.scale.parameters == {"fitted": 99, "poor": 1234} and found.scale.rates["fitted"] == 0.001


def test_the_loss_decides_where_it_is_asked_for(find):
    found = find(pair("fitted", "good", metric="train_loss"))
    assert (found.verdict, found.unit) == ("undetermined", "")
    low = stats.ttest_1samp(np.subtract(LOSSES, 1), 0).confidence_interval().low
    assert found.detail == f"the interval still allows {-low:.3g}"  # no point, and no largest possible value
    assert "of equivalence" not in found.reason and found.reason.startswith("-0.4167 [")


def test_valence_and_arousal_have_no_points(find, summary):
    found = find(pair("near", "far", protocol=VA, metric="rmse_mean"))
    means = [np.mean([run.scores["none"]["rmse_mean"] for run in runs_of(summary, c, VA).values()]) for c in ("near", "far")]
    assert found.verdict == "supported" and found.reason.startswith(f"{means[0] - means[1]:+.4f} [-0.")
    assert "] over 3 pairs of seeds; p 0.011, of equivalence within 0.01 0.993, Holm over 1; one" in found.reason
    assert found.unit == found.scale.level_unit == ""


def test_no_variance_no_test(find):
    found = find(pair("none", "naught", metric="recall", of_class="happy"))
    assert (found.verdict, found.detail) == ("undetermined", "")
    assert found.reason == (
        "+0.00 points over 3 pairs of seeds: neither seeds nor images leave a variance to test against; "
        "one learning rate, 0.004"
    )


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("lost", "gone", "every run of both cells diverged; lost diverged 3 of 3; gone diverged 3 of 3"),
        ("good", "gap", "2 planned seeds finished in both cells, fewer than 3; gap diverged 1 of 3"),
        ("lost", "gap", "0 planned seeds finished in both cells, fewer than 3; lost diverged 3 of 3; gap diverged 1 of 3"),
        ("lost", "good", "good finished 3 of 3, lost diverged 3 of 3; exact p 0.100, 0.100 after Holm over 1; "
         "3 seeds against 3 can not bring it lower"),
        ("good", "lost", "good finished 3 of 3, lost diverged 3 of 3; exact p 0.100, 0.100 after Holm over 1; "
         "3 seeds against 3 can not bring it lower"),
    ],
)  # fmt: skip
def test_why_there_is_no_test(find, a, b, reason):
    found = find(pair(a, b))
    assert (found.verdict, found.detail, found.reason, found.measured) == ("undetermined", "", reason, None)
    assert [(r.cell, r.seed) for r in found.records] == [(cell, seed) for cell in (a, b) for seed in range(3)]
    assert found.planned == [Planned(P, cell, 3, (0, 1, 2)) for cell in (a, b)]
    assert (found.scale.network, found.scale.levels["lost" if "lost" in (a, b) else "good"]) == (
        f"{a} against {b}",
        None if "lost" in (a, b) else pytest.approx(np.mean(GOOD) / 90),
    )


def test_a_metric_that_some_run_lacks(summary, find, monkeypatch):
    monkeypatch.setattr("benchmark.claims.evidence.measured_value", lambda *_: None)
    found = find(pair("good", "poor", metric="macro_f1", beside=["accuracy", "recall of sad"]))
    assert (found.verdict, found.reason) == ("undetermined", "macro_f1 is not defined in every run")
    ledger = Ledger(summary, None)
    key = key_of("deciding", P, "good", "poor", "accuracy", None, 3)
    ledger.compared[key] = Compared(joint_difference([0.1, 0.2, 0.4], 0.0, None), True, 0.04, None, 0.04, None, 1)
    beside = ["balanced_accuracy", "recall of sad"]
    reason = compare_cells(ledger, protocol=P, a="good", b="poor", metric="accuracy", needs="x", beside=beside).reason
    assert reason.endswith(
        "; beside it, Holm over 2: open in Balanced accuracy (not defined in every run), "
        "recall of sad (not defined in every run); one learning rate, 0.004"
    )


@pytest.mark.parametrize(
    ("turned", "verdict"), [(False, "trains, the other does not"), (True, "does not train, the other does")]
)
def test_who_trains(find, turned, verdict):
    a, b = ("lost", "good") if turned else ("good", "lost")
    found = find(pair(a, b, minimum_seeds=5))
    assert (found.verdict, found.detail, found.measured, found.unit) == (verdict, "", None, "")
    assert found.reason == "good finished 5 of 5, lost diverged 5 of 5; exact p 0.008, 0.008 after Holm over 1"
    assert len(found.records) == 10 and found.planned == [Planned(P, cell, 5, (0, 1, 2, 3, 4)) for cell in (a, b)]
    assert found.scale.levels == {"good": pytest.approx(356 / 450), "lost": None}


def test_who_trains_in_a_family_that_is_too_large(find):
    """As the level is not reached for the family's sake, more seeds are not called useless."""
    tests = [pair("good", "lost", minimum_seeds=n) for n in (5, *range(6, 12))]
    found = find(*tests)
    assert found.verdict == "undetermined"
    assert found.reason == "good finished 5 of 5, lost diverged 5 of 5; exact p 0.008, 0.056 after Holm over 7"


@pytest.mark.parametrize("lacking", ["p", "holm"])
def test_who_trains_needs_both_p_values(lacking):
    compared = dataclasses.replace(Compared(None, True, 0.01, holm=0.02, family=2), **{lacking: None})
    with pytest.raises(ValueError, match="^a and b: no exact test, or one that is not adjusted over its family$"):
        comparing._who_trains(compared, "a", "b", 5, [], {"planned": (), "scale": Scale("x")})


def who(p, holm):
    fields = {"planned": (), "scale": Scale("x")}
    try:
        found = comparing._who_trains(Compared(None, True, p, holm=holm, family=2), "a", "b", 5, [], fields)
    except Undecided as undecided:
        found = undecided.finding
    return found.verdict, "can not bring it lower" in found.reason


def test_the_level_of_who_trains_itself_is_not_below_it():
    assert who(0.05, 0.05) == ("undetermined", True) and who(0.0499, 0.05) == ("undetermined", False)
    assert who(0.01, 0.0499) == ("trains, the other does not", False)


# ---------------------------------------------------------------- judged


def joint(mean=0.02, low=-0.01, high=0.05, n=4):
    return JointDifference(mean, low, high, n, 0.1, 0.1, 0.5, 0.01, 0.5, low, high)


TOLD = "+2.00 [-1.00, +5.00] points over 4 pairs of seeds; p {p}{equal}, Holm over 7"


@pytest.mark.parametrize(
    ("holm", "equal", "favours_a", "margin", "verdict", "detail", "p", "told"),
    [
        (0.0499, 0.0499, True, 0.01, "equivalent", "within 1 point", "0.050", ", of equivalence within 1 point 0.050"),
        (0.0499, 0.05, True, 0.01, "supported", "", "0.050", ", of equivalence within 1 point 0.050"),
        (0.0004, 0.9, False, 0.05, "refuted", "", "< 0.001", ", of equivalence within 5 points 0.900"),
        (0.05, 0.0004, None, 0.02, "equivalent", "within 2 points", "0.050", ", of equivalence within 2 points < 0.001"),
        (0.05, 0.05, True, 0.01, "undetermined", "the interval still allows 5 points", "0.050",
         ", of equivalence within 1 point 0.050"),
        (0.001, 0.2, None, 0.01, "undetermined", "the interval still allows 5 points", "0.001",
         ", of equivalence within 1 point 0.200"),
        (0.01, None, True, 0.01, "supported", "", "0.010", ""),
        (0.01, 0.01, True, None, "supported", "", "0.010", ""),
        (0.3, 0.01, True, None, "undetermined", "the interval still allows 5 points", "0.300", ""),
        (0.3, None, True, None, "undetermined", "the interval still allows 5 points", "0.300", ""),
    ],
)  # fmt: skip
def test_the_adjusted_p_values_decide(holm, equal, favours_a, margin, verdict, detail, p, told):
    compared = Compared(joint(), favours_a, 0.9, 0.9, holm, equal, 7)
    assert judged(compared, joint(), "%", margin) == (verdict, detail, TOLD.format(p=p, equal=told))


@pytest.mark.parametrize(
    ("low", "high", "unit", "allowed"),
    [
        (-0.01, 0.05, "%", "5 points"), (-0.125, 0.05, "%", "12.5 points"), (-0.01, 0.01, "%", "1 point"),
        (-1.5, 0.2, "%", "100 points"), (0.2, 1.0, "%", "100 points"), (-0.2, 0.9999, "%", "99.99 points"),
        (-1.5, 0.2, "", "1.5"), (-0.02, 0.012345, "", "0.02"), (-0.1, 1.0, "", "1"), (None, 0.3, "%", "30 points"),
    ],
)  # fmt: skip
def test_what_the_interval_still_allows(low, high, unit, allowed):
    own = joint(low=low, high=high)
    verdict, detail, reason = judged(Compared(own, True, 0.5, None, 0.5, None, 1), own, unit, None)
    assert (verdict, detail) == ("undetermined", f"the interval still allows {allowed}")
    assert (" points over" in reason) == (unit == "%")


def test_no_adjusted_p_value_no_test():
    compared = Compared(joint(), True, 0.01, 0.01, None, 0.01, 7)
    assert judged(compared, joint(), "%", 0.01) == (
        "undetermined",
        "",
        "+2.00 [-1.00, +5.00] points over 4 pairs of seeds: neither seeds nor images leave a variance to test against",
    )


def test_the_better_cell_that_diverged_as_often_is_supported(summary):
    """The shares of both cells' own runs are compared, not the numbers of those that finished."""
    ledger = Ledger(summary, None)
    for a, b, favours_a, verdict in (
        ("gap", "good", True, "undetermined"), ("gap", "good", False, "refuted"), ("good", "gap", False, "undetermined"),
        ("good", "gap", True, "supported"), ("gap", "gap", True, "supported"),
    ):  # fmt: skip
        key = key_of("deciding", P, a, b, "accuracy", None, 3)
        ledger.compared[key] = Compared(joint(), favours_a, 0.01, 0.9, 0.01, 0.9, 1)
        found = compare_cells(ledger, protocol=P, a=a, b=b, metric="accuracy", needs="x")
        assert (found.verdict, "; the better cell diverged more often" in found.reason) == (
            verdict,
            verdict == "undetermined",
        )
    ledger.compared[key_of("deciding", P, "gap", "good", "accuracy", None, 3)] = Compared(
        joint(), True, 0.01, 0.01, 0.01, 0.01, 1
    )
    found = compare_cells(ledger, protocol=P, a="gap", b="good", metric="accuracy", needs="x")
    assert found.verdict == "equivalent" and "more often" not in found.reason


# ---------------------------------------------------------------- measured_difference


@pytest.fixture
def difference(summary):
    def found(a, b, metric="accuracy", protocol=P, of_class=None):
        given = {"protocol": protocol, "a": a, "b": b, "metric": metric, "needs": "faces", "of_class": of_class}
        try:
            return measured_difference(Ledger(summary, None), **given)
        except Undecided as undecided:
            return undecided.finding

    return found


def test_a_measured_difference(difference):
    found = difference("good", "poor")
    low, high = stats.ttest_rel(np.divide(GOOD, 90), np.divide(RIGHT["poor"], 90)).confidence_interval()
    assert (found.verdict, found.detail, found.unit, found.planned) == ("measured, no verdict", "", "%", ())
    assert found.measured == Interval(pytest.approx(91 / 270), pytest.approx(low), pytest.approx(high), 3)
    assert found.reason == (
        f"Accuracy 79.26 against 45.56 %, +33.70 [{100 * low:+.2f}, {100 * high:+.2f}] points over 3 pairs of seeds"
    )
    assert found.scale.network == "good against poor" and found.scale.parameters == {"good": 1234, "poor": 1234}
    assert [(r.cell, r.seed) for r in found.records] == [*(("good", n) for n in range(5)), *(("poor", n) for n in range(3))]


def test_one_pair_and_runs_that_diverged(difference):
    assert difference("good", "one").reason == "Accuracy 77.78 against 66.67 %, +11.11 points over 1 pair of seeds"
    reason = difference("gap", "good").reason
    assert reason.startswith("Accuracy 45.00 against 79.44 %, -34.44 [") and reason.endswith(
        "] points over 2 pairs of seeds; gap diverged 1 of 3"
    )


def test_a_measured_difference_without_a_unit(difference):
    assert difference("fitted", "poor", "train_loss").reason.startswith(
        "training loss of the last epoch 0.5833 against 1.0000, -0.4167 ["
    )
    assert difference("fitted", "poor", "train_loss").unit == ""
    found = difference("good", "poor", "recall", of_class="happy")
    assert found.unit == "%" and found.reason.startswith("recall of happy 71.93 against 26.32 %, +45.61 [")
    assert difference("near", "far", "rmse_mean", VA).reason.endswith("] over 3 pairs of seeds")


def test_no_measured_difference(difference, monkeypatch):
    found = difference("good", "lost")
    assert (found.verdict, found.reason) == ("undetermined", f"no seed that good and lost both finished under {P}")
    assert len(found.records) == 10
    monkeypatch.setattr("benchmark.claims.evidence.measured_value", lambda *_: None)
    found = difference("good", "poor", "macro_f1")
    assert (found.verdict, found.reason, len(found.records)) == ("undetermined", "macro_f1 is not defined in every run", 8)


def test_a_metric_that_only_one_of_both_has(difference, monkeypatch):
    for lacking in ("good", "poor"):
        value = lambda run, *_, lacking=lacking: None if run.record.cell == lacking else 0.5  # noqa: E731
        monkeypatch.setattr("benchmark.claims.evidence.measured_value", value)
        assert difference("good", "poor").reason == "accuracy is not defined in every run"


# ---------------------------------------------------------------- families


def test_the_families_of_a_comparison(summary):
    families = {}
    ledger = Ledger(summary, None, role="further")
    register(
        ledger, families, protocol=P, a="good", b="poor", metric="accuracy", needs="x", beside=["recall of sad", "macro_f1"]
    )
    register(ledger, families, protocol=P, a="good", b="poor", metric="recall", needs="x", of_class="sad", minimum_seeds=3)
    register(ledger, families, protocol=P, a="good", b="poor", metric="accuracy", needs="x", minimum_seeds=4)
    own, beside = ("further", P), ("further", P, "good", "poor")
    assert {name: list(entries) for name, entries in families.items()} == {
        own: [
            (*own, "good", "poor", "accuracy", None, 3, False),
            (*own, "good", "poor", "recall", "sad", 3, False),
            (*own, "good", "poor", "accuracy", None, 4, False),
        ],
        beside: [(*own, "good", "poor", "recall", "sad", 3, True), (*own, "good", "poor", "macro_f1", None, 3, True)],
    }
    first, _, missing = families[own].values()
    assert missing is None and first.favours_a and first.joint.mean == pytest.approx(91 / 270) and first.family == 0
    kept = dict(families[own])
    register(ledger, families, protocol=P, a="good", b="poor", metric="accuracy", needs="x")
    assert families[own] == kept and all(families[own][key] is kept[key] for key in kept)


def test_levels_are_of_the_runs_that_finished(summary):
    runs = {cell: runs_of(summary, cell) for cell in ("gap", "lost")}
    assert levels(runs) == {"gap": pytest.approx(0.45), "lost": None}
    lacking = SimpleNamespace(record=runs["gap"][0].record, scores={"none": {"accuracy": None}})
    assert levels({"gap": runs["gap"] | {0: lacking}}) == {"gap": None}
    near = runs_of(summary, "near", VA)
    assert levels({"near": near})["near"] == pytest.approx(
        np.mean([run.scores["none"]["ccc_mean"] for run in near.values()])
    )


# ---------------------------------------------------------------- words


def test_learning_rates_in_words():
    def words(**rates):
        return comparing.rates_in_words(Scale("net", rates=rates))

    assert words(a=0.0005, b=0.0005) == "one learning rate, 0.0005"
    assert words(a=0.0005, b=0.1, c=0.1) == "learning rates of their own, 0.0005 (a) and 0.1 (b) and 0.1 (c)"


def test_intervals_in_words():
    interval, alone = Interval(0.123456, -0.1, 0.25, 3), Interval(0.123456, None, None, 1)
    half = [Interval(0.5, None, 0.6, 2), Interval(0.5, 0.4, None, 2)]
    shown = comparing.shown
    assert [shown(interval, "%"), shown(interval, "%", True)] == [
        "12.35 [-10.00, 25.00] %", "+12.35 [-10.00, +25.00] points",
    ]  # fmt: skip
    assert [shown(interval, ""), shown(interval, "", True)] == ["0.1235 [-0.1000, 0.2500]", "+0.1235 [-0.1000, +0.2500]"]
    assert [shown(alone, "%"), shown(alone, "%", True), shown(alone, "")] == ["12.35 %", "+12.35 points", "0.1235"]
    assert [shown(each, "%") for each in half] == ["50.00 %", "50.00 %"]


def test_amounts_and_p_values_in_words():
    amounts = [(0.01, "1 point"), (0.1, "10 points"), (0.0125, "1.25 points"), (0.015, "1.5 points"), (0.0, "0 points")]
    assert [comparing._amount(value, "%") for value, _ in amounts] == [words for _, words in amounts]
    assert [comparing._amount(value, "") for value in (0.01, 1.0, 0.12345, 10.0)] == ["0.01", "1", "0.123", "10"]
    assert [comparing.p_in_words(p) for p in (0.00099, 0.001, 0.0494, 1.0)] == ["< 0.001", "0.001", "0.049", "1.000"]


def test_metrics_in_words_and_their_units():
    words = [comparing.title(*each) for each in (("recall", "sad"), ("accuracy",), ("rmse_valence",), ("train_loss",))]
    assert words == ["recall of sad", "Accuracy", "RMSE valence", "training loss of the last epoch"]
    metrics = (("recall", "sad"), ("accuracy", None), ("rmse_mean", None), ("train_loss", None))
    assert [comparing._unit(*each) for each in metrics] == ["%", "%", "", ""]
    assert [comparing._margin(*each) for each in metrics] == [0.05, 0.01, 0.01, None]
    assert of_metric("recall of happy") == ("recall", "happy") and of_metric("macro_f1") == ("macro_f1", None)
