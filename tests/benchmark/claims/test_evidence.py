"""The statistics behind the verdicts, each from runs that are written out here."""

import math
from dataclasses import astuple
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.claims import evidence
from benchmark.claims.evidence import (
    Compared,
    adjusted,
    compare,
    measured_value,
    prediction,
    rmse_variance,
    value,
    who_trains,
)
from benchmark.errors import BadInput
from benchmark.records.image_variance import image_variance
from benchmark.records.joint_test import joint_difference
from benchmark.records.prediction_intervals import prediction_interval_new_run, prediction_interval_new_score

CLASSES = ["angry", "happy", "sad"]
TARGETS = np.array([0] * 5 + [1] * 8 + [2] * 7)


class Record(dict):
    """Twenty test images of three classes; of the validation images there are others, of other labels."""

    def outputs(self, split):
        right = self["right"] if split == "test" else self["right"][::-1]
        scores = np.eye(3)[np.where(right, TARGETS, (TARGETS + 1) % 3)]
        return (TARGETS, scores) if split == "test" else ((TARGETS + 1) % 3, scores)


def run(*wrong, loss=1.0, **scores):
    """A run that gets these images wrong, with the metrics that follow, and others as given."""
    right = ~np.isin(np.arange(20), wrong)
    own = {
        "classes": CLASSES,
        "accuracy": right.mean(),
        "recall": [right[k == TARGETS].mean() for k in range(3)],
        "precision": [0.1, 0.2, 0.3],
    }
    record = Record(classes=CLASSES, history=[{"train_loss": 9.0}, {"train_loss": loss}], right=right)
    return SimpleNamespace(record=record, scores={"none": own | scores, "flip": {"accuracy": 0.0}})


A = {2: run(0, 6, 7), 0: run(6, loss=0.5), 5: run(6, 19, loss=0.75)}
B = {0: run(0, 1, 2, 6), 2: run(0, 1, 6, 7, 13, loss=2.0), 5: run(1, 6, 13, 14)}


def outputs(runs):
    return [runs[seed].record.outputs("test")[1] for seed in (0, 2, 5)]


def test_names():
    assert (evidence.SPLIT, evidence.FITTING) == ("test", "train_loss")
    assert evidence.RMSE == {"rmse_valence": (0,), "rmse_arousal": (1,), "rmse_mean": (0, 1)}
    assert evidence.PREDICTABLE == ("accuracy", "rmse_valence", "rmse_arousal", "rmse_mean")
    both = [f"{name}_{of}" for name in ("ccc", "rmse") for of in ("valence", "arousal", "mean")]
    assert ("accuracy", "balanced_accuracy", "macro_f1", *both, "train_loss") == evidence.COMPARABLE
    assert value({"x": 1}, "x", None) == 1


def test_a_value_of_a_run():
    assert value(A[0].scores["none"], "accuracy", None) == 0.95
    assert [value(A[0].scores["none"], "precision", name) for name in CLASSES] == [0.1, 0.2, 0.3]
    assert (measured_value(A[0], "accuracy"), measured_value(A[0], "recall", "happy")) == (0.95, 0.875)
    assert measured_value(A[0], "train_loss") == measured_value(A[0], "train_loss", None) == 0.5


def test_two_cells_are_compared_seed_by_seed():
    found = compare(A, B, "accuracy", None)
    variance = image_variance("accuracy", TARGETS, outputs(A), outputs(B))
    expected = joint_difference([3 / 20, 2 / 20, 2 / 20], variance, 0.01)
    assert variance > 0 and found == Compared(found.joint, True, found.joint.p, found.joint.p_equivalent)
    assert astuple(found.joint) == pytest.approx(astuple(expected)) and (
        found.holm,
        found.holm_equivalent,
        found.family,
    ) == (None, None, 0)
    assert compare(B, A, "accuracy", None).favours_a is False and compare(A, A, "accuracy", None).favours_a is None


def test_the_recall_of_a_class_is_compared_on_its_own_images():
    found = compare(A, B, "recall", "sad")
    variance = image_variance("recall", TARGETS, outputs(A), outputs(B), 2)
    expected = joint_difference([0, 1 / 7, 1 / 7], variance, 0.05)
    assert astuple(found.joint) == pytest.approx(astuple(expected)) and found.favours_a


def test_of_errors_and_losses_the_lower_is_better():
    lower = {seed: run(rmse_mean=0.1 + seed / 100) for seed in A}
    higher = {seed: run(rmse_mean=0.3 + seed / 50) for seed in A}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "image_variance", lambda *_: 0.0)
        assert (
            compare(lower, higher, "rmse_mean", None).favours_a and not compare(higher, lower, "rmse_mean", None).favours_a
        )
    found = compare(A, B, "train_loss", None)
    assert found.joint == joint_difference([0.5 - 1, 1 - 2, 0.75 - 1], 0.0, None)
    assert found.favours_a and found.p_equivalent is None and not compare(B, A, "train_loss", None).favours_a


def test_no_comparison_without_a_metric_or_with_other_seeds():
    lacking = {seed: run(macro_f1=None) for seed in A}
    full = {seed: run(macro_f1=0.5) for seed in A}
    assert compare(lacking, full, "macro_f1", None) is None and compare(full, lacking, "macro_f1", None) is None
    for runs_a, runs_b, found in (({}, {}, "[] and []"), (A, {2: B[2], 0: B[0]}, "[0, 2, 5] and [0, 2]")):
        with pytest.raises(BadInput) as error:
            compare(runs_a, runs_b, "accuracy", None)
        assert str(error.value) == f"comparison: found seeds {found}; expected the same seeds in both"


def test_who_trains():
    for n, p in ((3, 2 / 20), (5, 2 / 252)):
        found = who_trains(n, n, True)
        assert found == Compared(None, True, pytest.approx(p)) and who_trains(n, n, False).favours_a is False
    assert who_trains(3, 5, False).p == pytest.approx(1 / math.comb(8, 3))


def test_each_kind_of_p_value_is_adjusted_over_the_whole_family():
    joint = joint_difference([0.1, 0.2, 0.4], 0.0, None)
    family = {
        "x": Compared(joint, True, 0.01, 0.3), "y": Compared(joint, True, 0.02, None), "z": None,
        "w": Compared(joint, None, None, 0.1),
    }  # fmt: skip
    found = adjusted(family)
    assert list(found) == ["x", "y", "z", "w"] and found["z"] is None
    assert [(found[k].holm, found[k].holm_equivalent) for k in "xyw"] == [
        (pytest.approx(0.04), pytest.approx(0.9)), (pytest.approx(0.06), None), (None, pytest.approx(0.4)),
    ]  # fmt: skip
    assert all((each.joint, each.family) == (joint, 4) for each in found.values() if each)
    assert (found["x"].p, found["x"].p_equivalent, found["x"].favours_a) == (0.01, 0.3, True) and adjusted({}) == {}


def test_what_is_predicted_of_one_more_run():
    runs = [A[0], A[2], A[5]]
    assert prediction(runs, "accuracy") == prediction_interval_new_run([19 / 20, 17 / 20, 18 / 20], 20)
    assert prediction([*runs, run(accuracy=None)], "accuracy") is None
    targets, rng = np.zeros((50, 2)), np.random.default_rng(3)
    errors = [rng.normal(0, [0.1 * k, 0.4], (50, 2)) for k in (1, 2, 3)]
    runs = [
        SimpleNamespace(
            record=SimpleNamespace(outputs=lambda split, error=error: (targets, targets + error if split == "test" else 0)),
            scores={"none": {"rmse_valence": float(np.sqrt((error[:, 0] ** 2).mean()))}},
        )
        for error in errors
    ]
    values = [each.scores["none"]["rmse_valence"] for each in runs]
    variance = np.mean([rmse_variance(targets, error, (0,)) for error in errors])
    assert prediction(runs, "rmse_valence") == prediction_interval_new_score(values, variance)


def test_the_variance_of_an_rmse_by_hand():
    """Squared errors 1, 4, 16 of valence and 4, 4, 4 of arousal: r = sqrt(7) and 2; influence e^2 / (2 r)."""
    errors = np.array([[1, -2], [-2, 2], [4, 2]], np.float64)
    own = np.array([1, 4, 16]) / (2 * math.sqrt(7))
    assert rmse_variance(np.zeros((3, 2)), errors, (0,)) == pytest.approx(own.var(ddof=1) / 3)
    assert rmse_variance(errors, np.zeros((3, 2)), (1,)) == 0
    assert rmse_variance(np.ones((3, 2)), 1 - errors, (0, 1)) == pytest.approx((own / 2).var(ddof=1) / 3)
