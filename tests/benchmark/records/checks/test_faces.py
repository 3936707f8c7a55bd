"""Ids, targets and training counts, against published digests and against the faces themselves."""

import numpy as np
import pytest

from benchmark.records.checks.known import Known, Rows
from benchmark.records.examine import NOT_CHECKED
from benchmark.records.published import rows_digest

PLACE = "synthetic-8/resnet18-plain/seed0"
FOLDS = "imported/diffusionfer-7-quick/narrow8-12-adaptive-working-plain/seed0"
VA = "synthetic-va/narrow8-12-identity-working-mse/seed0"
OUTSIDE = "outside/fer2013-7/fer-mini-xception/seed0"


def own(arrays, role):
    return [name for name in arrays if name.startswith(role)]


def targets_are_the_answers(arrays):
    arrays["test_targets"] = arrays["test_outputs_none"].argmax(1).astype(np.int64)


def wrong_faces_dropped(arrays):
    right = arrays["test_outputs_none"].argmax(1) == arrays["test_targets"]
    for name in own(arrays, "test"):
        arrays[name] = arrays[name][right]


def ids_invented(arrays):
    arrays["test_ids"] = np.array([f"face-{k}" for k in range(len(arrays["test_ids"]))])


def order_changed(arrays):
    for name in own(arrays, "test"):
        arrays[name] = np.roll(arrays[name], 1, axis=0)


def one_label_changed(arrays):
    arrays["validation_targets"][7] = (arrays["validation_targets"][7] + 1) % 8


FORGERIES = {
    targets_are_the_answers: "test faces",
    wrong_faces_dropped: "test faces",
    ids_invented: "test faces",
    order_changed: "test faces",
    one_label_changed: "validation faces",
}


@pytest.mark.parametrize("change", FORGERIES)
def test_other_faces_are_found_without_the_data(committed, faults, change):
    found = faults(committed(PLACE, arrays=change))
    assert set(found) == {"faces"}
    assert f"{FORGERIES[change]}: found other faces, another order or other targets" in found["faces"]
    assert "those of the published digests (benchmark/faces/published.yaml)" in found["faces"]


def there(record, counts=None):
    """The faces of a record as those of a FaceSet."""
    ids, targets = ({role: record.predictions[f"{role}_{part}"] for role in ("validation", "test")} for part in PARTS)
    digests = {role: rows_digest(ids[role], targets[role]) for role in ids}
    rows = Rows("the FaceSet here", counts or record["train_counts"], digests, ids, targets)
    return Known(rows=lambda protocol, fingerprint: rows)


PARTS = ("ids", "targets")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (wrong_faces_dropped, "test faces: found {wrong} faces missing and 0 unknown; expected those of the FaceSet here"),
        (ids_invented, "test faces: found {n} faces missing and {n} unknown"),
        (order_changed, "test faces: found another order"),
        (one_label_changed, "validation faces: found other targets for 1 faces"),
        (targets_are_the_answers, "test faces: found other targets for {wrong} faces"),
    ],
)
def test_with_the_data_it_says_how_they_differ(committed, faults, passes, change, sentence):
    good = committed(PLACE)
    targets, outputs = good.outputs("test")
    known, wrong = there(good), int(np.sum(outputs.argmax(1) != targets))
    assert 0 < wrong < len(targets) and passes(good, "faces", known)
    found = faults(committed(PLACE, arrays=change), known)
    assert set(found) == {"faces"} and sentence.format(wrong=wrong, n=len(targets)) in found["faces"]


def test_valence_and_arousal_too(committed, faults, passes):
    assert passes(committed(VA), "faces")

    def nearer(arrays):
        arrays["test_targets"] = arrays["test_outputs_none"].clip(-1, 1)

    assert set(faults(committed(VA, arrays=nearer))) == {"faces"}


def test_train_counts(committed, faults, passes):
    found = faults(committed(PLACE, lambda c: c["train_counts"].reverse()))
    assert set(found) == {"faces"}
    assert "train_counts: found [39, 254, 39, 65, 144, 260, 1374, 765]; expected [765, 1374, 260, " in found["faces"]
    assert passes(committed(FOLDS), "faces")
    found = faults(committed(FOLDS, lambda c: c["folds"][3].update(train_counts=[1] * 7)))
    assert set(found) == {"faces"} and "train_counts: found [[246, 202" in found["faces"]


def doubled(arrays):
    arrays["test_ids"][1] = arrays["test_ids"][0]


def no_class(arrays):
    arrays["test_targets"][1] = 8


@pytest.mark.parametrize(
    ("place", "change", "sentence"),
    [
        (PLACE, doubled, "expected different texts, one a face"),
        (PLACE, no_class, "test_targets: found 0 to 8; expected 0 to 7"),
        (PLACE, lambda a: a.update(test_targets=a["test_targets"].astype(np.int32)), "found int32"),
        (VA, lambda a: a["test_targets"].__setitem__((0, 0), 1.5), "to 1.5; expected -1 to 1"),
        (VA, lambda a: a["test_targets"].__setitem__((0, 0), np.nan), "found nan to nan; expected -1 to 1"),
    ],
)
def test_without_anything_known_what_can_not_be_is_still_refused(committed, faults, place, change, sentence):
    found = faults(committed(place, arrays=change), Known(rows=lambda *_: None))
    assert set(found) == {"faces"} and sentence in found["faces"]


def test_unknown_faces_are_not_checked(committed, outcome, passes):
    found = outcome(committed(PLACE, arrays=ids_invented), "faces", Known(rows=lambda *_: None))
    assert found == (NOT_CHECKED, "neither the FaceSet nor published digests of this protocol on these bytes")


def test_an_entry_without_validation_faces_passes(committed, passes, faults):
    def test_alone(arrays):
        for name in own(arrays, "validation"):
            del arrays[name]

    assert passes(committed(OUTSIDE, arrays=test_alone), "faces")
    assert set(faults(committed(PLACE, arrays=test_alone))) == {"outputs"}  # a run has both
