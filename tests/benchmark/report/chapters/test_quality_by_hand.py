"""Robustness, calibration, audits and leaderboards from made-up measurements, no two numbers of which are equal: each
column, by hand. The 95 % t-interval of two values is their mean +- 12.7062 / 2 times their difference."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.records.trust import AGAIN, HERE, PREDICTIONS
from benchmark.report import boards
from benchmark.report.chapters import audits, leaderboard, robustness
from benchmark.report.material import Data
from benchmark.report.sections import severities
from benchmark.report.tables import TRUST_NOTE

A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")
HALF = 12.70620473617471 / 2  # the quantile 0.975 of t with one degree of freedom: tan(0.475 pi)


def shown(row):
    return {key: entry.text for key, entry in row.items()}


def around(one, other):
    """The entry of a fraction as percent, from its values of two seeds: no end below 0 or above 100."""
    mean, half = 50 * (one + other), 100 * HALF * abs(one - other)
    low, high = "0.00†" if mean < half else f"{mean - half:.2f}", f"{mean + half:.2f}"
    return f"{mean:.2f} [{low}, {'100.00†' if mean + half > 100 else high}]"


def measured(clean, blur, jpeg, flip, consistency, **transfer):
    def scores(values):
        return [{"accuracy": value, "balanced_accuracy": 0.0} for value in values]

    return {
        "clean": {"accuracy": clean}, "corrupted": {"blur": scores(blur), "jpeg": scores(jpeg)},
        "flip": {"accuracy": flip, "consistency": consistency}, "transfer": transfer,
    }  # fmt: skip


FAR = {"n": 9, "classes": ["a"], "balanced_accuracy": 0.5}
MEASURED = {
    A.name: [
        measured(0.91, [0.9, 0.8, 0.7, 0.6, 0.1], [0.5, 0.4, 0.3, 0.2, 0.16], 0.87, 0.953, far=FAR | {"accuracy": 0.43}),
        measured(0.94, [0.92, 0.83, 0.71, 0.65, 0.19], [0.57, 0.43, 0.31, 0.23, 0.11], 0.89, 0.961,
                 far=FAR | {"accuracy": 0.47}, late={"note": "late is not prepared"}),
    ],
    B.name: [measured(0.7101, [0.5, 0.4, 0.3, 0.2, 0.11], [0.6] * 5, 0.6907, 0.8803, near=FAR | {"accuracy": 0.3301})],
}  # fmt: skip


@pytest.fixture
def measured_runs(run, comparison):
    return comparison(*(run(A, seed, {}) for seed in (0, 1, 2)), run(B, 0, {}))


def test_each_corruption_their_mean_and_mirrored_faces(measured_runs):
    """Mean of blur 0.62 and 0.66, of jpeg 0.312 and 0.33, of both 0.466 and 0.495."""
    (table,) = [t for t in robustness.tables(Summary((measured_runs,)), {"synthetic-8": MEASURED}) if "robust" in t.name]
    first, second = map(shown, table.rows)
    assert first == {
        "cell": "one-plain", "n": "n = 2", "clean": around(0.91, 0.94), "corrupted": around(0.466, 0.495),
        "blur": around(0.62, 0.66), "jpeg": around(0.312, 0.33), "flip": around(0.87, 0.89),
        "consistency": around(0.953, 0.961), "to_far": around(0.43, 0.47), "to_near": "not tested: not measured",
        "to_late": "not tested: not measured",
    }  # fmt: skip
    assert second == {
        "cell": "two-plain", "n": "n = 1", "clean": "71.01", "corrupted": "45.10", "blur": "30.20", "jpeg": "60.00",
        "flip": "69.07", "consistency": "88.03",
        "to_far": "not tested: not measured", "to_near": "33.01", "to_late": "not tested: not measured",
    }  # fmt: skip
    numbers = table.rows[0]["corrupted"].numbers
    assert numbers == pytest.approx({"mean": 0.4805, "low": 0.4805 - 0.029 * HALF, "high": 0.4805 + 0.029 * HALF})


def test_outside_entries_that_were_measured_have_a_table_of_their_own(run, measured_runs):
    """One network: no interval, and in no table with runs."""
    given = {"kind": "onnx", "source": "net.onnx", "stated": None, "warnings": [], "extra_training_data": None}
    theirs, other = (
        run(Cell(name, "outside", {}, "outside"), 0, {}, outside=given | seen)
        for name, seen in (("zebra", {}), ("ant", {"seen": "yes"}))
    )
    late = run(Cell("late", "outside", {}, "outside"), 0, {}, outside=given)
    summary = Summary((measured_runs,), (), (theirs, late, other))
    files = [(theirs, MEASURED[B.name][0]), (other, MEASURED[A.name][0])]
    (table,) = robustness.tables_of_entries(summary, files)
    assert (table.name, table.columns["n"]) == ("synthetic-8-robustness-outside", "Networks")
    ant, zebra = map(shown, table.rows)
    assert list(table.columns)[:4] == ["cell", "saw", "trust", "n"] and table.blocks[0][:3] == ("saw", "trust", "n")
    assert (ant["cell"], ant["clean"], ant["blur"], ant["to_far"]) == ("ant", "91.00", "62.00", "43.00")
    assert (ant["saw"], table.columns["cell"], table.notes[-1]) == ("yes", "Cell", TRUST_NOTE)
    assert zebra == {
        "cell": "zebra", "saw": "may have", "trust": "trained here", "n": "n = 1",
        "clean": "71.01", "corrupted": "45.10", "blur": "30.20", "jpeg": "60.00",
        "flip": "69.07", "consistency": "88.03", "to_far": "not tested: not measured", "to_near": "33.01",
    }  # fmt: skip
    assert not any("theirs" in str(row) or "interval" in str(row) for row in table.rows)
    assert robustness.tables_of_entries(summary, []) == []


def test_valence_and_arousal_are_in_no_percent(run, comparison):
    def scores(value):
        return {"ccc_mean": value, "rmse_mean": 9.0}

    own = {"clean": scores(0.4137), "corrupted": {"blur": [scores(0.1 * k) for k in range(1, 6)]}}
    own |= {"flip": scores(0.3551) | {"consistency": 0.0127}, "transfer": {}}
    cell = Cell("one-mse", "one", {}, "mse")
    summary = Summary((comparison(run(cell, 0, {}, protocol="synthetic-va")),))
    (table,) = robustness.tables(summary, {"synthetic-va": {cell.name: [own]}})
    (row,) = map(shown, table.rows)
    assert row == {
        "cell": "one-mse", "n": "n = 1", "clean": "0.414", "corrupted": "0.300", "blur": "0.300", "flip": "0.355",
        "consistency": "0.013",
    }  # fmt: skip
    assert table.columns["consistency"] == "Change when mirrored"


def test_curves_are_means_over_seeds_in_percent_one_panel_a_corruption(measured_runs, dressed):
    (made,) = severities.drawings(Summary((measured_runs,)), {"synthetic-8": MEASURED})
    blur, jpeg, _ = made.figure.axes
    assert [axis.get_title() for axis in (blur, jpeg)] == ["blur", "jpeg"]
    first, second = blur.get_lines()
    assert first.get_xdata().tolist() == [0, 1, 2, 3, 4, 5]
    assert first.get_ydata() == pytest.approx([92.5, 91, 81.5, 70.5, 62.5, 14.5])
    assert second.get_ydata() == pytest.approx([71.01, 50, 40, 30, 20, 11])
    assert jpeg.get_lines()[0].get_ydata() == pytest.approx([92.5, 53.5, 41.5, 30.5, 21.5, 13.5])
    assert dressed(blur.figure) == SEVERITIES


def test_calibration_before_and_after_each_in_its_own_column(run, comparison, monkeypatch):
    found = {
        0: {"temperature": 1.25, "before": {"ece": 0.111, "nll": 1.3}, "after": {"ece": 0.052, "nll": 0.9}},
        1: {"temperature": 1.75, "before": {"ece": 0.134, "nll": 1.7}, "after": {"ece": 0.057, "nll": 1.1}},
        5: {"temperature": None, "before": {"ece": 0.0301, "nll": 0.2013}, "after": None},
        6: {"temperature": 2.0, "before": {"ece": 0.0301, "nll": 0.2013}, "after": {"ece": 0.01, "nll": 0.1}},
    }
    monkeypatch.setattr(robustness, "calibration", lambda record: found.get(record.seed))
    lost = Cell("lost-plain", "lost", {}, "plain")
    runs = [run(A, 0, {}), run(A, 1, {}), run(A, 2, None), run(B, 5, {}), run(B, 6, {}), run(lost, 7, None)]
    table = robustness.calibration_table(comparison(*runs))
    first, second, third = map(shown, table.rows)
    assert first == {
        "cell": "one-plain", "n": "n = 2; diverged 1 of 3", "temperature": "1.500 [0.000†, 4.677]",
        "ece_before": around(0.111, 0.134), "ece_after": around(0.052, 0.057),
        "nll_before": "1.500 [0.000†, 4.041]", "nll_after": "1.000 [0.000†, 2.271]",
    }  # fmt: skip
    assert second == {
        "cell": "two-plain", "n": "n = 2",
        "temperature": "not tested: no temperature is best (validation answered without an error)",
        "ece_before": "3.01 (no spread)", "nll_before": "0.201 (no spread)",
    }  # fmt: skip
    assert third == {"cell": "lost-plain", "n": "n = 0; diverged 1 of 1", "temperature": "diverged"}
    assert table.columns["ece_after"] == "ECE after, %" and table.columns["nll_before"] == "NLL before, nats"


AUDIT = {
    "name": "fer2013", "version": "1.0", "fingerprint": "0" * 64, "classes": ["a", "b"],
    "counts": {"train": {"a": 1003, "b": 17}, "test": {"b": 5, "odd": 2}},
    "exact_copies": {"groups": 11, "conflicting": 3, "across_splits": 7},
    "near_copies": {"threshold": 60, "pairs": 83, "mirrored_pairs": 19,
                    "groups": {"groups": 47, "conflicting": 13, "across_splits": 29}},
    "label_order": {"by": "x", "ok": True}, "findings": {"wrong": ["1", "2"], "note": ["3", "4", "5"]},
}  # fmt: skip


def test_every_number_of_an_audit_stands_in_its_column():
    other = {"near_copies": None, "label_order": {"by": "y", "ok": False}, "findings": {"wrong": [], "note": [1]}}
    table = audits.copies_table({"one": AUDIT, "two": AUDIT | other})
    first, second = map(shown, table.rows)
    assert first == {
        "data": "one", "pictures": "1027", "exact_groups": "11", "exact_conflicting": "3", "exact_across": "7",
        "threshold": "60", "near_pairs": "83", "mirrored": "19", "near_groups": "47", "near_conflicting": "13",
        "near_across": "29", "order": "as named (by x)", "wrong": "2",
    }  # fmt: skip
    assert second == {
        "data": "two", "pictures": "1027", "exact_groups": "11", "exact_conflicting": "3", "exact_across": "7",
        **dict.fromkeys(("threshold", "near_pairs", "mirrored", "near_groups", "near_conflicting", "near_across"),
                        "not tested: near copies not searched"),
        "order": "doubtful (by y)", "wrong": "0",
    }  # fmt: skip
    assert sum(map(len, table.blocks)) == len(table.columns) - 1
    undecided = AUDIT | {"label_order": {"by": "nothing", "ok": None}}
    assert audits.copies_table({"x": undecided}).rows[0]["order"].text == "not tested (by nothing)"


def test_counts_of_a_data_set_by_split_and_class():
    assert Data(AUDIT, None, None).counts == [
        ["split", "a", "b", "odd", "all"], ["train", "1,003", "17", "0", "1,020"], ["test", "0", "5", "2", "7"],
    ]  # fmt: skip


def answers(right):
    """Predictions of which `right` says which are right: class 1 is true, and the first column is the wrong answer."""
    right = np.array(right, bool)
    ids = np.array([f"test-{k}" for k in range(len(right))])
    outputs = np.stack([~right, right], axis=1).astype(np.float32)
    return {"test_ids": ids, "test_targets": np.ones(len(right), np.int64), "test_outputs_none": outputs}


def test_accuracy_without_copies_by_counting(run, comparison):
    """Ten faces: the first two are exact copies (the first of them near as well), the third and fourth near ones. Right are
    7 and 6 of all, 5 and 4 of the eight without exact copies, 3 and 3 of the six without any."""
    arrays = [answers([1, 1, 1, 1, 1, 1, 1, 0, 0, 0]), answers([1, 1, 0, 1, 1, 1, 1, 0, 0, 0])]
    runs = [run(A, seed, {}, protocol="fer2013-7", arrays=own) for seed, own in enumerate(arrays)]
    runs.append(run(A, 2, None, protocol="fer2013-7"))
    leaked = {
        "PrivateTest": {"Training": {"exact": ["test-0", "test-1"], "near": ["test-0", "test-2", "test-3"]}},
        "PublicTest": {"Training": {"exact": ["a"] * 1001, "near": ["b"] * 3}},
        "Training": {"PrivateTest": {"exact": ["test-9"], "near": []}},
    }
    table = audits.leaks_table(comparison(*runs, targets=np.ones(10, np.int64)), leaked)
    (row,) = table.rows
    assert row["n"].text == "n = 2; diverged 1 of 3"
    assert row["all"].text == around(0.7, 0.6) and row["exact"].text == around(5 / 8, 4 / 8)
    assert row["near"].text == "50.00 (no spread)"
    assert row["exact_change"].numbers["mean"] == pytest.approx(4.5 / 8 - 0.65)
    assert row["near_change"].numbers["mean"] == pytest.approx(3 / 6 - 0.65)
    for key in ("exact_change", "near_change"):
        numbers = row[key].numbers
        assert numbers["low"] < numbers["mean"] < numbers["high"]
        assert row[key].text.startswith(f"{100 * numbers['mean']:+.2f} [{100 * numbers['low']:+.2f}, ")
    assert table.notes[2] == (
        "Of 10 test images 2 are exact copies of training images and 2 more are near copies; of the validation images "
        "1,001 and 3"
    )
    only_near = {"PrivateTest": {"Training": {"exact": [], "near": [f"test-{k}" for k in range(10)]}}}
    (row,) = audits.leaks_table(comparison(*runs, targets=np.ones(10, np.int64)), only_near).rows
    assert row["exact_change"].text == "no such image" and row["near_change"].text == "no other image"
    assert row["near"].text == "not defined"


def test_no_table_of_leaks_without_a_leak_or_without_a_finished_run(run, comparison):
    leaked = {"PrivateTest": {"Training": {"exact": ["test-0"], "near": []}}}
    good, lost = run(A, 0, {}, protocol="fer2013-7", arrays=answers([1, 0])), run(B, 0, None, protocol="fer2013-7")
    targets = np.ones(2, np.int64)
    assert len(audits.leaks_table(comparison(good, lost, targets=targets), leaked).rows) == 2
    assert audits.leaks_table(comparison(lost, targets=targets), leaked) is None
    for other in ({}, {"PrivateTest": {}}, {"PublicTest": leaked["PrivateTest"]}, {"PrivateTest": {"PublicTest": {}}}):
        assert audits.leaks_table(comparison(good, targets=targets), other) is None


def test_a_change_that_some_resample_does_not_have_is_without_an_interval():
    """One of two faces is kept: about a quarter of all resamples have none of it."""
    (change,) = audits._changes([np.array([1.0, 0.0])], np.array([True, False]))
    assert (change.text, change.numbers) == ("+50.00, no interval", {"mean": 0.5, "low": None, "high": None})


def test_leaks_are_counted_for_classes_alone(run, comparison):
    cell, data = Cell("one-mse", "one", {}, "mse"), Data(AUDIT | {"name": "synthetic"}, {}, None)
    runs = [run(cell, 0, {}, protocol="synthetic-va", arrays=answers([1, 0]))]
    leaked = {"test": {"train": {"exact": ["test-0"], "near": []}}}
    summary = Summary((comparison(*runs),))
    assert [t.name for t in audits.tables(summary, [dataclasses.replace(data, leaks=leaked)])] == ["audits"]


@pytest.mark.parametrize(
    "own, block, told, saw",
    [
        ({"seen": "no"}, "outside", "not known", "no"),
        ({"macs": None}, "seen", "not known", "may have"),
        ({"macs": 12_345_678, "seen": "yes"}, "seen", "12,345,678", "yes"),
    ],
)
def test_every_column_of_a_leaderboard(run, comparison, own, block, told, saw):
    def scores(value, best):
        return {"none": {"accuracy": value}, "flip": {"accuracy": best}}

    runs = [
        run(A, 0, scores(0.51, 0.62), trust=AGAIN, parameters=7001), run(A, 1, scores(0.53, 0.67), parameters=7001),
        run(A, 2, None, parameters=7001),
        run(B, 0, scores(0.5253, 0.3107), trust=PREDICTIONS, parameters=607),
    ]  # fmt: skip
    given = {
        "kind": "onnx", "source": "net.onnx", "stated": {"accuracy": 0.6613, "source": "page"}, "warnings": [],
        "extra_training_data": "more faces",
    }  # fmt: skip
    theirs = Cell("theirs", "outside", {}, "outside")
    both = {"none": {"accuracy": 0.65, "n": 40}, "flip": {"accuracy": 0.7, "n": 40}}
    outside = [run(theirs, 0, both, outside=given | own, parameters=809, trust="weights re-run here")]
    compared = dataclasses.replace(comparison(*runs), slug="synthetic-8-other")
    counted = {"cells": {"synthetic-8/one-plain": {"macs": 5_003}}}
    table = leaderboard.tables(boards.leaderboard(Summary((compared,), (), tuple(outside)), counted, {}, Path()))[0]
    rows = [{key: text for key, text in shown(row).items() if key not in ("protocol", "version")} for row in table.rows]
    assert {row["protocol"].text for row in table.rows} == {"synthetic-8-other"}
    about = {"own_selection": "best-validation", "own_extra": "none", "own_saw": "no"}
    one = about | {"cell": "one-plain", "own_n": "n = 2; diverged 1 of 3", "own_parameters": "7,001", "own_macs": "5,003"}
    two = about | {"cell": "two-plain", "own_n": "n = 1, no interval", "own_parameters": "607"}
    two |= {"own_macs": "not tested: not counted", "own_trust": "predictions only"}
    them = {
        "kind": "onnx (net.onnx)", "stated": "66.13", "where": "page", "selection": "its authors'", "extra": "more faces",
        "parameters": "809", "macs": told, "trust": "weights re-run here", "saw": saw,
    }  # fmt: skip
    entered = [
        them | {"tta": "none", "value": "65.00 [49.51, 77.87]"},
        them | {"tta": "flip", "value": "70.00 [54.57, 81.93]"},
    ]
    if block == "outside":  # ranked, the higher first; each is the only one with its test-time augmentation
        entered = [row | {"rank": "1"} for row in reversed(entered)]
    # Wilson's interval: (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), z = 1.959964.
    assert rows == [
        one | {"own_trust": HERE, "own_tta": "flip", "own_value": around(0.62, 0.67), "own_rank": "1"},
        two | {"own_tta": "none", "own_value": "52.53", "own_rank": "1"},
        one | {"own_trust": HERE, "own_tta": "none", "own_value": around(0.51, 0.53), "own_rank": "2"},
        two | {"own_tta": "flip", "own_value": "31.07", "own_rank": "2"},
        *({"cell": "theirs"} | {f"{block}_{key}": text for key, text in row.items()} for row in entered),
    ]
    assert table.rows[-1][f"{block}_stated"].numbers == {"": 0.6613}


# What stands around the data of each figure (conftest.py).
SEVERITIES = """\
8.75 2.5 inches
severity | at 0.52 0.04
Accuracy, % | at 0.011 0.57
panel 0 at 0.08 0.26 0.229 0.6: blur
  x: -, linear, -0.25 5.25, ticks 0 1 2 3 4 5
  y: -, linear, 6.925 96.575, ticks 25 50 75, shared with 1
panel 1 at 0.4 0.26 0.229 0.6: jpeg
  x: -, linear, -0.25 5.25, ticks 0 1 2 3 4 5
  y: -, linear, 6.925 96.575, ticks 25 50 75, shared with 0
panel 2 at 0.72 0.26 0.229 0.6: -
  x: -, linear, 0 1, ticks 0 0.25 0.5 0.75 1
  y: -, linear, 0 6, ticks 0 2 4 6, down
  text: one-plain | at -0.02 0.5
  text: two-plain | at -0.02 1.5
  line: -0.2 -0.06 | 0.5 0.5
  line: -0.2 -0.06 | 1.5 1.5
  no axes"""
