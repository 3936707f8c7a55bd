"""The history, against the protocol and the predictions."""

import dataclasses
import json

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.records.checks import history
from benchmark.records.checks.known import Known
from benchmark.records.examine import NOT_CHECKED
from benchmark.records.record import read_record

PLACE = "synthetic-8/narrow8-12-identity-working-plain/seed0"
VA = "synthetic-va/narrow8-12-identity-working-mse/seed0"
FOLDS = "imported/diffusionfer-7-quick/narrow8-12-adaptive-working-plain/seed0"
FOLDS_VA = "imported/diffusionfer-va-quick/narrow8-12-adaptive-working-mse/seed0"
FER2013 = "imported/fer2013-7-quick/narrow8-12-identity-working-plain/seed0"


def labels(role):
    """Outputs set to the labels."""

    def change(arrays):
        own = 9 * np.eye(8)[arrays[f"{role}_targets"]]
        own += np.random.default_rng(0).normal(size=own.shape)  # equal rows would be caught by the check of the faces
        arrays[f"{role}_outputs_none"] = own.astype(np.float32)

    return change


@pytest.mark.parametrize("role", ["validation", "test"])
def test_outputs_set_to_the_labels(committed, faults, role):
    record = committed(PLACE)
    targets, outputs = record.outputs(role)
    stated = np.mean(outputs.argmax(1) == targets)
    found = faults(committed(PLACE, arrays=labels(role)))
    assert set(found) == {"history"}
    assert f"{role} accuracy of epoch 4: found {stated}; expected 1, that of the predictions" in found["history"]


def test_scores_of_the_same_answers_with_other_certainty(committed, faults):
    """The accuracy stays; the loss tells."""

    def sharper(arrays):
        arrays["test_outputs_none"] *= 1.1

    found = faults(committed(PLACE, arrays=sharper))
    assert set(found) == {"history"} and "test loss of epoch 4: found" in found["history"]


def test_valence_and_arousal(committed, faults, passes):
    assert passes(committed(VA), "history")

    def nearer(arrays):
        arrays["test_outputs_none"] = 0.5 * (arrays["test_outputs_none"] + arrays["test_targets"])

    found = faults(committed(VA, arrays=nearer))
    assert set(found) == {"history"} and "test mean CCC of epoch 4: found" in found["history"]


def cut(contents):
    contents["history"].pop()


def cut_at_the_front(contents):
    contents["history"].pop(0)


def moved(contents):
    contents["selected_epoch"] = 2


def better(contents):
    contents["history"][3]["test"]["accuracy"] += 0.1


def best_elsewhere(contents):
    contents["history"][1]["validation"]["accuracy"] = 0.999


def no_loss(contents):
    contents["history"][2]["train_loss"] = None


def another_metric(contents):
    contents["history"][0]["test"]["kappa"] = 0.5


def folds_invented(contents):
    contents["folds"] = []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (cut, "history: found 3 epochs; expected 4, the budget of the protocol"),
        (cut_at_the_front, "history: found epochs [2, 3, 4]; expected one entry for each epoch from 1, 4 at most"),
        (moved, "selected epoch: found 2; expected epoch 4, by the rule best-validation"),
        (better, "test accuracy of epoch 4"),
        (best_elsewhere, "selected epoch: found 4; expected epoch 2, by the rule best-validation"),
        (no_loss, "history, epoch 3: found no number for each; expected train_loss"),
        (another_metric, "history, epoch 1: found no number for each"),
        (lambda c: c.update(parameters=0), "parameters: found 0; expected a number above 0"),
    ],
)
def test_a_history_that_is_not_that_of_the_run(committed, faults, change, sentence):
    found = faults(committed(PLACE, change))
    assert set(found) == {"history"} and sentence in found["history"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (folds_invented, "folds: found no folds; expected folds exactly if the protocol has them"),
        (lambda c: c["cost"].pop("train_seconds"), "cost: found no number for train_seconds"),
    ],
)
def test_a_record_of_schema_1(committed, faults, change, sentence):
    """Its record.json has the costs too."""
    found = faults(committed(FER2013, change))
    assert set(found) == {"history"} and sentence in found["history"]


def a_face_more(contents):
    """The test accuracy of one more face, of 3,589."""
    contents["history"][3]["test"]["accuracy"] += 1 / 3589


def on_a_gpu(contents):
    a_face_more(contents)
    contents["environment"]["versions"]["cuda"] = "12.8"


def far_on_a_gpu(contents):
    on_a_gpu(contents)
    contents["history"][3]["test"]["accuracy"] += 8 / 3589


def test_a_gpu_may_answer_a_face_on_the_border_another_way(committed, faults, passes):
    """A CPU may not; and eight faces of 3,589 are more than rounding."""
    assert passes(committed(FER2013), "history")
    assert passes(committed(FER2013, on_a_gpu), "history")
    for change in (a_face_more, far_on_a_gpu):
        found = faults(committed(FER2013, change))
        assert set(found) == {"history"} and "test accuracy of epoch 4" in found["history"]


def fold(number, **changes):
    return lambda contents: contents["folds"][number].update(changes)


def fold_dropped(contents):
    contents["folds"].pop()


def folds_swapped(contents):
    contents["folds"][:2] = contents["folds"][1::-1]


def sizes(number, **changes):
    return lambda contents: contents["folds"][number]["faces"].update(changes)


def one_selected(contents):
    contents["selected_epoch"] = 14


def fold_history_cut(contents):
    contents["folds"][2]["history"].pop()


def mean_altered(contents):
    contents["history"][6]["test"]["accuracy"] += 1e-6


def fold_score(role):
    def change(contents):
        """A score of a fold and the mean over the folds, altered together: only the predictions contradict."""
        own = contents["folds"][0]
        for entry in (own["history"][own["selected_epoch"] - 1], contents["history"][own["selected_epoch"] - 1]):
            entry[role]["accuracy"] += 0.1 / (1 if entry is own["history"][own["selected_epoch"] - 1] else 5)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (fold_dropped, "folds: found fold0, fold1, fold2, fold3; expected fold0, fold1, fold2, fold3, fold4"),
        (folds_swapped, "folds: found fold1, fold0, fold2, fold3, fold4; expected"),
        (fold(1, fold="other"), "folds: found fold0, other, "),
        (fold(1, selected_epoch=3), "fold fold1, selected epoch: found 3; expected epoch 11, by the rule best-validation"),
        (fold_history_cut, "fold fold2, history: found 14 epochs; expected 15"),
        (sizes(0, test=256), "history, epoch 1, test loss: found"),
        (sizes(0, validation=0), "folds, validation faces: found [0.0, "),
        (one_selected, "selected epoch, training counts and input: found 14, None, {}; expected none: each fold has"),
        (mean_altered, "history, epoch 7, test accuracy: found"),
        (fold_score("test"), "test accuracy of the folds: found"),
        (lambda c: c.pop("folds"), "folds: found no folds; expected folds exactly if the protocol has them"),
        (lambda c: c["history"].pop(), "history: found 14 epochs; expected 1 to 15, those that all folds have"),
    ],
)
def test_folds(committed, faults, change, sentence):
    """Without known faces, whose training counts would tell of some of these too."""
    found = faults(committed(FOLDS, change), Known(rows=lambda *_: None))
    assert set(found) == {"history"} and sentence in found["history"]


def test_pooled_accuracy_is_that_of_the_predictions(committed, faults, passes):
    assert passes(committed(FOLDS), "history")

    def one_right(arrays):
        wrong = np.flatnonzero(arrays["test_outputs_none"].argmax(1) != arrays["test_targets"])[0]
        arrays["test_outputs_none"][wrong] = 9 * np.eye(7)[arrays["test_targets"][wrong]]

    found = faults(committed(FOLDS, arrays=one_right))
    assert set(found) == {"history"} and "test accuracy of the folds" in found["history"]


def test_scores_of_folds_of_valence_and_arousal_are_not_checked(committed, outcome):
    found = outcome(committed(FOLDS_VA), "history")
    assert found == (NOT_CHECKED, "scores of single folds can not be recomputed from pooled predictions")


def diverged(record, history):
    """The record as that of a run which diverged, with this history."""
    path = record.directory / "record.json"
    contents = json.loads(path.read_text())
    contents.update(status="diverged", predictions_sha256=None, selected_epoch=None, history=history(contents["history"]))
    path.write_text(json.dumps(contents))
    (record.directory / "predictions.npz").unlink()
    return contents


END = {"epoch": 3, "learning_rate": 0.001, "train_loss": None, "validation": None, "test": None}


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (lambda entries: [*entries[:2], END], None),
        (lambda entries: entries, None),  # after its last epoch, in the predictions
        (lambda entries: entries[:3], "history: found a run that did not diverge; expected an end without a training loss"),
        (lambda entries: [END | {"epoch": 1}, *entries[1:]], "history, epoch 1: found no number for each"),
        (lambda entries: [], "history: found epochs []"),
    ],
)
def test_a_diverged_run_ends_where_it_diverged(committed, forge, faults, passes, ending, sentence):
    record = committed(PLACE)
    diverged(record, ending)
    forge(record.directory)
    record = read_record(record.directory)
    if sentence is None:
        assert passes(record, "history") and not faults(record)
    else:
        found = faults(record)
        assert set(found) == {"history"} and sentence in found["history"]


def test_a_diverged_run_has_selected_nothing(committed, forge, faults):
    record = committed(PLACE)
    contents = diverged(record, lambda entries: [*entries[:2], END])
    (record.directory / "record.json").write_text(json.dumps(contents | {"selected_epoch": 2}))
    forge(record.directory)
    found = faults(read_record(record.directory))
    assert set(found) == {"history"} and "a run that did not diverge" in found["history"]


def test_an_entry_has_no_history(committed, passes):
    assert passes(committed("outside/fer2013-7/fer-mini-xception/seed0"), "history")


def test_the_loss_is_the_trainers(committed):
    """Of plain cross-entropy with the recipe's label smoothing and of mean squared error, as torch computes them."""
    import torch
    from torch.nn import functional

    for place in (PLACE, VA):
        record = committed(place)
        protocol = history.own_protocol(record)
        protocol = dataclasses.replace(protocol, recipe=dataclasses.replace(protocol.recipe, label_smoothing=0.2))
        targets, outputs = map(torch.from_numpy, record.outputs("test"))
        if place == VA:
            wanted = functional.mse_loss(outputs, targets)
        else:
            wanted = functional.cross_entropy(outputs, targets, label_smoothing=protocol.recipe.label_smoothing)
        found = history._loss(record["cell"]["loss"], protocol, *record.outputs("test"))
        assert found == pytest.approx(float(wanted), rel=1e-6)


def test_the_check_raises_bad_input(committed):
    with pytest.raises(BadInput, match=r"seed0, selected epoch: found 2"):
        history.check(committed(PLACE, moved), Known())
