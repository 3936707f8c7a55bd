"""Predictions that are missing, of a wrong shape or no numbers."""

import numpy as np
import pytest

from benchmark.records.checks.known import Known
from benchmark.records.examine import NOT_CHECKED, examine

PLACE = "synthetic-8/resnet18-plain/seed0"
OUTSIDE = "outside/fer2013-7/fer-mini-xception/seed0"


def holed(arrays):
    arrays["test_outputs_flip"][[3, 5], 1] = [np.nan, np.inf]


def narrower(arrays):
    arrays["validation_outputs_none"] = arrays["validation_outputs_none"][:, :7]


def shorter(arrays):
    arrays["test_outputs_none"] = arrays["test_outputs_none"][1:]


def wider_numbers(arrays):
    arrays["test_outputs_none"] = arrays["test_outputs_none"].astype(np.float64)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (holed, r"test_outputs_flip: found 2 of 735 rows with NaN or infinity; expected finite numbers"),
        (narrower, "validation_outputs_none: found float32 (315, 7); expected float32 (315, 8)"),
        (shorter, "test_outputs_none: found float32 (734, 8); expected float32 (735, 8)"),
        (wider_numbers, "test_outputs_none: found float64 (735, 8); expected float32"),
        (lambda a: a.pop("test_outputs_flip"), "predictions: found missing or unknown: test_outputs_flip; expected"),
        (lambda a: a.pop("validation_ids"), "predictions: found missing or unknown: validation_ids"),
        (lambda a: a.update(train_ids=a["test_ids"]), "predictions: found missing or unknown: train_ids"),
    ],
)
def test_what_is_no_prediction_is_named(committed, faults, change, sentence):
    record = committed(PLACE)
    n = {role: len(record.predictions[f"{role}_ids"]) for role in ("validation", "test")}
    sentence = (
        sentence.replace("735", str(n["test"])).replace("734", str(n["test"] - 1)).replace("315", str(n["validation"]))
    )
    found = faults(committed(PLACE, arrays=change))
    assert set(found) == {"outputs"} and sentence in found["outputs"]


def test_hard_labels_are_one_hot(committed, faults, passes):
    def hardened(arrays):
        for name in [name for name in arrays if "_outputs_" in name]:
            arrays[name] = np.eye(7, dtype=np.float32)[arrays[name].argmax(1)]

    def softened(arrays):
        hardened(arrays)
        arrays["test_outputs_none"][4] = 1 / 7

    assert passes(committed(OUTSIDE, lambda c: c["outside"].update(outputs="classes"), hardened), "outputs")
    found = faults(committed(OUTSIDE, lambda c: c["outside"].update(outputs="classes"), softened))
    assert set(found) == {"outputs"} and "other rows than one-hot ones" in found["outputs"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["outside"].pop("kind"), "outside: found missing or unknown: kind"),
        (lambda c: c["outside"].update(macs=0), "outside, macs: found 0; expected a number from 1, or null"),
        (lambda c: c["outside"].update(macs=True), "outside, macs: found True; expected a number from 1, or null"),
        (
            lambda c: c["outside"].update(macs=1.5),
            "outside, macs: found float; expected (<class 'int'>, <class 'NoneType'>)",
        ),
        (lambda c: c["outside"]["stated"].update(accuracy=66), "stated accuracy: found 66; expected a fraction from 0 to 1"),
        (lambda c: c.update(selected_epoch=None, history=[EPOCH]), "expected an entry that was evaluated, not trained"),
    ],
)
def test_an_outside_entry_says_where_it_is_from(committed, faults, change, sentence):
    found = faults(committed(OUTSIDE, change))
    assert set(found) == {"outputs"} and sentence in found["outputs"]


@pytest.mark.parametrize("macs", [1, None])
def test_an_outside_entry_may_have_macs(committed, passes, macs):
    assert passes(committed(OUTSIDE), "outputs")  # a record from before they were counted
    assert passes(committed(OUTSIDE, lambda c: c["outside"].update(macs=macs)), "outputs")


EPOCH = {"epoch": 1, "learning_rate": 0.1, "train_loss": 1.0, "validation": None, "test": None}


def test_what_passes_and_what_is_not_checked(committed, passes):
    assert passes(committed(PLACE), "outputs") and passes(committed(OUTSIDE), "outputs")
    record = committed(PLACE, lambda c: c.update(cell_hash="0" * 16))
    found = examine(record, Known())["outputs"]
    assert (found.outcome, found.why) == (NOT_CHECKED, "since definition failed")
