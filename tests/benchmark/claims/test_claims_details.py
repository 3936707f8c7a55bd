"""The decisions inside the rules that a verdict alone does not show: whose family, whose divergence, which reading, which
unit, which variance. Every number is worked out anew here, and columns that could be mistaken for each other differ."""

import dataclasses
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.claims import evidence, finding, rules
from benchmark.claims.comparing import p_in_words, shown
from benchmark.claims.count_rules import complexity_value
from benchmark.claims.finding import MACHINERY, SEEN, Finding, Planned
from benchmark.claims.ledger import Ledger, plan_of
from benchmark.claims.load import load_claims, published
from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.image_variance import image_variance
from benchmark.records.intervals import Interval
from benchmark.records.joint_test import joint_difference
from benchmark.records.prediction_intervals import prediction_interval_new_score

P, IMAGES = "synthetic-8", 90
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
GOOD, POOR = [70, 71, 73], [40, 42, 41]


def pair(**changes):
    return {"rule": "compare_cells", "protocol": P, "a": "a", "b": "b", "metric": "accuracy", "needs": "faces"} | changes


def claims_of(**tests):
    return load_claims({"claims": {name: TEXT | test for name, test in tests.items()}})


def family_of(finding):
    return int(re.search(r"Holm over (\d+)", finding.reason).group(1))


def test_the_constants_of_the_verdicts():
    """docs/reference/rules.md."""
    assert (finding.ALPHA, finding.MINIMUM_SEEDS) == (0.05, 3)
    assert finding.ROLES == ("deciding", "scaled_down", "further", "seen", "machinery")
    assert finding.JUDGING == ("deciding", "scaled_down", "further") and rules.SHOWN_ALONE == ("seen", "machinery")
    assert rules.NARROW == {"%": 0.025, "": 0.015}  # 2.5 points; 0.015 of an RMSE
    assert set(evidence.COMPARABLE) == {
        "accuracy", "balanced_accuracy", "macro_f1", "train_loss",
        *(f"{name}_{of}" for name in ("ccc", "rmse") for of in ("valence", "arousal", "mean")),
    }  # fmt: skip


def test_the_better_cell_may_be_either_and_its_own_divergence_counts(world):
    """a is far better and lost a run, b none: the verdict is open, whichever of the two stands first."""
    world.add("a", [70, None, 73, 74])
    world.add("b", [40, 42, 41, 43])
    for test in (pair(minimum_seeds=4), pair(a="b", b="a", minimum_seeds=4)):
        found = world.find(test)
        assert found.verdict == "undetermined" and "the better cell diverged more often" in found.reason
    world.add("b", [None, 42, 41, 43])  # as often: 2 pairs are left of 4
    world.add("c", [40, 42, 41, None, 43])
    world.add("d", [70, 71, 73, 70, None])
    for test, verdict in ((pair(a="d", b="c"), "supported"), (pair(a="c", b="d"), "refuted")):
        found = world.find(test | {"minimum_seeds": 5})
        assert found.verdict == verdict and "more often" not in found.reason


def test_an_adjusted_p_decides_about_equivalence(world, monkeypatch):
    """The same comparison, its adjusted p-value moved over the level; the one before the adjustment stays."""
    world.add("a", [70] * 8 + [71])
    world.add("b", [70] * 9)
    adjusted = evidence.adjusted
    for holm, verdict in ((0.049, "equivalent"), (0.051, "undetermined")):

        def moved(family, holm=holm):
            own = adjusted(family)
            return {key: dataclasses.replace(each, holm_equivalent=holm) for key, each in own.items()}

        monkeypatch.setattr(evidence, "adjusted", moved)
        assert world.find(pair(minimum_seeds=9)).verdict == verdict


def test_families_are_of_one_protocol_and_metrics_beside_of_one_pair(world, make, tmp_path):
    world.add("a", GOOD)
    world.add("b", POOR)
    world.add("c", [41, 40, 41])
    beside = ["balanced_accuracy", "macro_f1"]
    one, other = pair(beside=beside), pair(b="c", beside=beside[:1])
    away = pair(protocol="synthetic-va", metric="ccc_mean")
    for seed in range(3):
        make(tmp_path, "synthetic-va", Cell("a", "other", {"called": "a"}, "mse"), seed, quality=1.0)
        make(tmp_path, "synthetic-va", Cell("b", "other", {"called": "b"}, "mse"), seed, quality=0.1)
    world.summary = None
    judged = world.judged(claims_of(x={"test": one}, y={"test": other}, z={"test": away}))
    assert [family_of(each.finding) for each in judged] == [2, 2, 1]
    counts = [int(re.search(r"beside it, Holm over (\d+)", each.finding.reason).group(1)) for each in judged[:2]]
    assert counts == [2, 1]
    # Adjusted over its own pair's family alone: that of y is of one test, so its p-value is the plain one.
    compared = ledger_of(world, tmp_path).compared_values("a", "c", "balanced_accuracy")
    assert f", p {p_in_words(compared.p)})" in judged[1].finding.reason.partition("beside it")[2]


def ledger_of(world, root):
    summary = summarise(world.records(), root)

    def compared_values(a, b, metric, of_class=None):
        runs = next(c.runs for c in summary.comparisons if c.protocol["name"] == P)
        of = [{run.record.seed: run for run in runs[name]} for name in (a, b)]
        return evidence.compare(*of, metric, of_class)

    return SimpleNamespace(compared_values=compared_values, summary=summary)


def test_who_trains_is_adjusted_over_the_family(world):
    """1 of 252 ways alone (p 0.008); beside nine other planned comparisons that is not enough."""
    world.add("a", [70, 71, 73, 72, 70])
    world.add("b", [None] * 5)
    others = {f"x{k}": {"test": pair(a="a", b="c", minimum_seeds=k)} for k in range(3, 12)}
    test = pair(minimum_seeds=5)
    assert world.find(test).verdict == "trains, the other does not"
    found = world.judged(claims_of(x={"test": test}, **others))[0].finding
    assert found.verdict == "undetermined" and "exact p 0.008, 0.079 after Holm over 10" in found.reason
    assert "can not bring it lower" not in found.reason


def test_recall_of_a_class_has_its_own_margin_and_its_own_images(world, make, tmp_path):
    """5 points, and the variance over the images of that class alone."""
    world.add("z", [0])
    targets = world.records()[0].predictions["test_targets"]
    k = int(np.bincount(targets).argmax())
    rows, name = np.flatnonzero(targets == k), load_name(k)
    assert len(rows) > 15 and k > 0
    for seed in range(3):
        make(
            tmp_path,
            P,
            Cell("a", "other", {"called": "a"}, "plain"),
            seed,
            right=np.isin(np.arange(IMAGES), rows[: 9 - seed]),
        )
        make(tmp_path, P, Cell("b", "other", {"called": "b"}, "plain"), seed, right=np.isin(np.arange(IMAGES), rows[4:10]))
    world.summary = None
    found = world.find(pair(metric="recall", of_class=name))
    assert "of equivalence within 5 points" in found.reason
    runs = ledger_of(world, tmp_path)
    compared = runs.compared_values("a", "b", "recall", name)
    per_seed = (np.array([9, 8, 7]) - 6) / len(rows)
    outputs = [[r.predictions["test_outputs_none"] for r in world.records() if r.cell == cell] for cell in ("a", "b")]
    variance = image_variance("recall", targets, *outputs, k)
    assert variance > 0 and compared.joint == joint_difference(per_seed, variance, 0.05)
    assert found.unit == "%" and found.measured == compared.joint.interval


def load_name(k):
    from benchmark.protocol.protocol import load_protocol

    return load_protocol(P).classes[k]


def test_an_interval_beyond_all_numbers_allows_all_points(world):
    world.add("a", [0, 90, 45])
    world.add("b", [45, 0, 90])
    found = world.find(pair())
    assert found.measured.high > 1 and found.detail == "the interval still allows 100 points"


def test_units_of_valence_and_arousal(world, make, tmp_path):
    for seed in range(3):
        make(tmp_path, "synthetic-va", Cell("a", "other", {"called": "a"}, "mse"), seed, quality=1.0)
        make(tmp_path, "synthetic-va", Cell("b", "other", {"called": "b"}, "mse"), seed, quality=0.1)
    one = pair(protocol="synthetic-va", metric="rmse_mean")
    found = world.find(one)
    assert found.unit == "" and found.scale.level_unit == "" and " points" not in found.reason.split(" over ")[0]
    levels = {cell: np.mean([s["ccc_mean"] for s in scores(world, tmp_path, cell)]) for cell in "ab"}
    assert found.scale.levels == pytest.approx(levels)  # the main metric, not the one compared
    shown_alone = {"rule": "measured", "protocol": "synthetic-va", "cell": "b", "metric": "rmse_mean", "needs": "x"}
    difference = {"rule": "measured_difference"} | {k: v for k, v in one.items() if k != "rule"}
    claims = claims_of(
        x={"test": {"rule": "not_testable", "missing": "x"}, "seen": [shown_alone], "machinery": [difference]}
    )
    (judged,) = world.judged(claims)
    mean = np.mean([s["rmse_mean"] for s in scores(world, tmp_path, "b")])
    assert judged.seen[0].unit == "" and judged.seen[0].reason.startswith(f"RMSE mean {mean:.4f} [")
    assert judged.machinery[0].unit == "" and " against " in judged.machinery[0].reason
    assert judged.of(SEEN)[0][0].rule == "measured" and judged.of(MACHINERY)[0][0].rule == "measured_difference"


def scores(world, root, cell):
    summary = summarise(world.records(), root)
    return [
        run.scores["none"] for c in summary.comparisons for own in c.runs.values() for run in own if run.record.cell == cell
    ]


def test_among_readings_one_that_exceeds_counts_before_one_that_does_not_reach():
    """The paper's figure lies above the valence's interval and below the arousal's: of an RMSE, lower is better."""
    interval = Interval(0.2, 0.19, 0.21, 3), Interval(0.4, 0.39, 0.41, 3)
    summary = SimpleNamespace(comparisons=[])
    runs = {seed: SimpleNamespace(record=Recorded(seed)) for seed in range(3)}

    class Here(Ledger):
        def planned(self, protocol, cells, needs, seeds):
            return {"a": runs}

        def scale(self, *_):
            return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "levels", lambda _: {})
        patch.setattr(evidence, "prediction", lambda _, metric: interval[metric == "rmse_arousal"])
        found = {
            value: rules.numeric(Here(summary, None), protocol=P, cell="a", metric=metrics, value=value, needs="faces")
            for value, metrics in ((0.3, ["rmse_arousal", "rmse_valence"]), (0.195, ["rmse_valence"]))
        }
    assert (found[0.3].verdict, found[0.3].measured, found[0.3].detail) == ("exceeded", interval[0], "")
    assert "(not reproduced if the paper means it)" in found[0.3].reason
    assert found[0.3].reason.index("RMSE arousal 0.4000 [0.3900, 0.4100]") < found[0.3].reason.index("RMSE valence 0.2000")
    assert found[0.195].verdict == "reproduced" and found[0.195].detail == "within 0.0100"  # half the interval's width
    assert "if the paper means it" not in found[0.195].reason and "3 seeds, 17 test images" in found[0.195].reason


class Recorded:
    """A finished record of 17 test images and 5 validation images."""

    diverged = False

    def __init__(self, seed):
        self.seed = seed

    def outputs(self, split):
        return (np.zeros(17 if split == "test" else 5),) * 2


def test_a_wide_rmse_is_compatible_and_a_narrow_one_reproduced():
    """0.015 on either side of the paper's figure, for numbers without a unit."""
    for half, verdict in ((0.0149, "reproduced"), (0.0151, "compatible")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(evidence, "prediction", lambda *_, half=half: Interval(0.3, 0.3 - half, 0.3 + half, 3))
            assert rules._reading({}, "rmse_mean", 0.31)[0] == verdict
            assert rules._reading({}, "accuracy", 0.31)[0] == "reproduced"  # 2.5 points there


def test_prediction_of_an_rmse_takes_its_own_column_and_the_mean_variance():
    """Valence errors far larger than arousal's; one seed with larger errors than the others."""
    rng = np.random.default_rng(0)
    targets = rng.uniform(-0.5, 0.5, (200, 2))
    errors = [rng.normal(0, [0.3 * size, 0.05 * size], (200, 2)) for size in (1.0, 1.1, 2.0)]
    runs = []
    for error in errors:
        rmse = np.sqrt((error**2).mean(0))
        own = {"rmse_valence": rmse[0], "rmse_arousal": rmse[1], "rmse_mean": rmse.mean()}
        record = SimpleNamespace(outputs=lambda split, error=error: (targets, targets + error))
        runs.append(SimpleNamespace(scores={"none": own}, record=record))
    for metric, columns in (("rmse_valence", (0,)), ("rmse_arousal", (1,)), ("rmse_mean", (0, 1))):
        variances = [evidence.rmse_variance(targets, targets + error, columns) for error in errors]
        values = [run.scores["none"][metric] for run in runs]
        assert evidence.prediction(runs, metric) == prediction_interval_new_score(values, np.mean(variances))
    assert evidence.rmse_variance(targets, targets + errors[0], (0,)) > 20 * evidence.rmse_variance(
        targets, targets + errors[0], (1,)
    )


def test_numbers_in_words():
    assert [p_in_words(p) for p in (0.0009, 0.001, 0.0099, 0.05)] == ["< 0.001", "0.001", "0.010", "0.050"]
    assert shown(Interval(0.5, 0.4, 0.62, 3), "%") == "50.00 [40.00, 62.00] %"
    assert shown(Interval(-0.5, -0.6, 0.0, 3), "%", signed=True) == "-50.00 [-60.00, +0.00] points"
    assert shown(Interval(0.5, None, None, 1), "") == "0.5000"
    given = (
        Finding("conditional", "because", detail="holds under x"),
        Finding("equivalent", "because", detail="within 1 point"),
    )
    assert [each.shown for each in given] == ["conditional: holds under x", "equivalent, within 1 point"]
    assert [each.told for each in given] == ["holds under x. because", "within 1 point. because"]
    waiting = Finding("no verdict yet", "2 of 3, no verdict", detail="2 of 3")
    assert (waiting.shown, waiting.told) == ("no verdict yet, 2 of 3", "2 of 3, no verdict")


def test_a_count_is_told_as_so_many_times_the_papers():
    complexity = {"cells": {f"{P}/a": {"parameters": {"trainable": 130}, "flops": 1}}}
    ledger = Ledger(SimpleNamespace(comparisons=[]), complexity)
    found = complexity_value(ledger, protocol=P, cell="a", quantity="parameters", value=100, precision=10)
    assert found.reason == f"130 parameters counted ({P} / a), paper 100: 1.3 times" and found.measured.mean == 130


def test_what_is_shown_alone_keeps_no_detail_and_its_own_order(world):
    world.add("a", GOOD)
    world.add("b", POOR)
    first, second = ({"rule": "measured", "protocol": P, "cell": c, "metric": "accuracy", "needs": "x"} for c in "ab")
    lost = {"rule": "measured_difference"} | {k: v for k, v in pair().items() if k != "rule"}
    claims = claims_of(x={"test": pair(b="c"), "seen": [first, second], "machinery": [second, lost]})
    (judged,) = world.judged(claims)
    means = [(f.measured.mean, f.detail) for f in (*judged.seen, judged.machinery[0])]
    assert means == [(pytest.approx(np.mean(own) / 90), "") for own in (GOOD, POOR, POOR)]


def test_divergence_is_told_where_only_numbers_are_shown(world):
    world.add("a", [70, 71, None, 72])
    world.add("b", POOR)
    lost = {"rule": "measured_difference"} | {k: v for k, v in pair().items() if k != "rule"}
    (judged,) = world.judged(claims_of(x={"test": {"rule": "not_testable", "missing": "x"}, "seen": [lost]}))
    assert judged.seen[0].reason.endswith("over 2 pairs of seeds; a diverged 1 of 4")
    assert judged.seen[0].measured.mean == pytest.approx((70 + 71 - 40 - 42) / 2 / 90)  # seeds 0 and 1, which both finished


def test_the_scale_before_any_run_is_the_protocols():
    ledger = Ledger(SimpleNamespace(comparisons=[]), None)
    scale = ledger.scale({"narrow16-50-x-plain": {}, "narrow16-50-y-plain": {}}, protocol="fer2013-7-small")
    assert (scale.network, scale.input_size, scale.epochs) == ("narrow16-50", 48, 12)
    assert ledger.scale({"a": {}}, protocol="mars").input_size is None


def test_the_plan_of_a_test():
    assert Planned(P, "a", 4, (0, 2)).missing == (1, 3) and Planned(P, "a", 3, (0, 1, 2)).missing == ()
    assert plan_of({"a": {2: 0, 0: 0}}, P, 4) == [Planned(P, "a", 4, (0, 2))]


def test_one_record_of_another_kind_is_one_record(world):
    """Its name is that of the missing run, its learning rate is not."""
    cell = Cell("resnet18-plain", "resnet18", {}, "plain", 1e-4)
    world.add("a", GOOD)
    summary = summarise(world.records(), world.records()[0].directory.parents[2])
    run = SimpleNamespace(record=SimpleNamespace(protocol=P, cell=cell.name, seed=1))
    summary = SimpleNamespace(comparisons=[*summary.comparisons, SimpleNamespace(runs={"x": (run,)})])
    ledger = Ledger(summary, None)
    assert "; not counted: 1 record of that name with" in ledger._passed_over([Planned(P, cell.name, 3, (0,))])
    assert ledger._passed_over([Planned(P, cell.name, 3, (0, 1))]) == ""  # that run is there


def test_published_figures_are_fractions_of_single_numbers():
    figures = [{"name": "x", "value": "73.28"}, {"name": "y", "value": "58"}, {"name": "z", "value": "65.16 to 69.49"}]
    assert published("d", {"d": {"figures": figures}}) == [("x", pytest.approx(0.7328)), ("y", pytest.approx(0.58))]
    assert published("other", {"d": {"figures": figures}}) == []


def test_recall_needs_its_class():
    with pytest.raises(BadInput, match="metric: found recall"):
        claims_of(x={"test": pair(metric="recall")})
    with pytest.raises(BadInput, match="metric: found accuracy"):
        claims_of(x={"test": pair(of_class="happy")})


def test_a_condition_overrides_what_is_shared():
    test = pair(minimum_seeds=3, conditions={"one": {"minimum_seeds": 5}, "two": {"b": "c"}})
    (claim,) = claims_of(x={"test": test})
    of = {name: one.parameters for name, one in claim.test.conditions.items()}
    assert (of["one"]["minimum_seeds"], of["two"]["minimum_seeds"]) == (5, 3) and (of["one"]["b"], of["two"]["b"]) == (
        "b",
        "c",
    )


def test_who_trains_by_hand():
    """Of the ways to draw n of 2 n runs, one is this far to either side."""
    for n in (3, 5, 8):
        p = 2 / math.comb(2 * n, n)
        found = evidence.who_trains(n, n, True), evidence.who_trains(n, n, False)
        assert [each.p for each in found] == [pytest.approx(p)] * 2 and [each.favours_a for each in found] == [True, False]
    assert evidence.who_trains(3, 5, True).p == pytest.approx(stats.fisher_exact([[3, 0], [0, 5]]).pvalue)


def test_combined_conditions_show_the_first_ones_number(world):
    world.add("a", GOOD)
    world.add("b", POOR)
    world.add("c", [41, 40, 42])
    test = pair(conditions={"one": {"b": "b"}, "two": {"a": "b", "b": "c"}})
    (judged,) = world.judged(claims_of(x={"test": test}))
    found, parts = judged.finding, judged.finding.parts
    assert found.measured == parts["one"].measured != parts["two"].measured and found.unit == "%"
    assert found.scale == parts["one"].scale and [plan.cell for plan in found.planned] == ["a", "b", "c"]
    assert found.verdict == "holds under one condition, the other open" and found.detail == "one"
    world.add("d", [41, 47, 39])
    for other, alike in (({"a": "c", "b": "b"}, True), ({"a": "c", "b": "d"}, False)):
        test = pair(conditions={"one": {"a": "b", "b": "c"}, "two": other})
        (judged,) = world.judged(claims_of(x={"test": test}))
        one, two = (part.detail for part in judged.finding.parts.values())
        assert judged.finding.verdict == "undetermined" and (one == two) == alike
        assert judged.finding.detail == (one if alike else "")
