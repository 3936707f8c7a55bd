"""Two records of one run: bit-identical, the same, or different, and what differs."""

import json

import numpy as np
import pytest

from benchmark.files import read_object
from benchmark.records import sameness, seal
from benchmark.records.record import read_record, write_record
from benchmark.records.sameness import DIFFERENT, IDENTICAL, SAME, agreement, compare, counted, result_of, worst


@pytest.fixture
def published(make, cell, tmp_path):
    return make(tmp_path / "published", "synthetic-8", cell("identity", "working", "plain"), 0, quality=3.0)


def again(record, folder, *, outputs=None, weights=None, **changes):
    """The record written once more, with changes; `outputs` changes each array of outputs."""
    contents = {key: value for key, value in record.contents.items() if key not in ("schema", "predictions_sha256")}
    arrays = {} if changes.get("status") == "diverged" else dict(record.predictions)
    for name in arrays if outputs else ():
        if "_outputs_" in name:
            arrays[name] = outputs(arrays[name].copy())
    return write_record(folder, contents | changes, arrays, weights and {"weights.pt": weights})


def swapped(rows):
    """A function that gives the first `rows` faces the answer of another class."""

    def change(outputs):
        for row in range(rows):
            best = outputs[row].argmax()
            outputs[row, best], outputs[row, (best + 1) % outputs.shape[1]] = -50, 50
        return outputs

    return change


def test_another_machine_and_other_timings_leave_it_bit_identical(published, tmp_path):
    made = again(published, tmp_path / "a", environment={"device": "other", "threads": 9}, cost={"train_seconds": 1.0})
    assert compare(made, published).outcome == IDENTICAL and compare(made, published).told == "bit-identical"
    assert read_object(made.directory / "seal.json") == read_object(published.directory / "seal.json")


def test_a_record_of_the_older_schema_is_compared_by_its_result(published, tmp_path):
    """Its record.json has environment and cost in it, so that its bytes and its seal are others."""
    made = again(published, tmp_path / "a")
    old = {**published.contents, "schema": 1}
    (made.directory / "record.json").write_text(json.dumps(old))
    (made.directory / "machine.json").unlink()
    seal.write_seal(made.directory)
    assert compare(read_record(made.directory), published).outcome == IDENTICAL


def test_weights_count_if_both_seals_list_them(published, tmp_path):
    one, other = (again(published, tmp_path / name, weights=name.encode()) for name in "ab")
    found = compare(one, other)
    assert (found.outcome, found.how) == (SAME, "equal predictions, but other weights")
    assert compare(one, published).outcome == compare(published, one).outcome == IDENTICAL
    assert compare(one, again(published, tmp_path / "c", weights=b"a")).outcome == IDENTICAL


def test_small_differences_are_the_same_and_larger_ones_different(published, tmp_path):
    """90 test faces: none answered differently is within 1 %, one is 1.11 % and is not."""
    n = len(published.predictions["test_ids"])
    assert n == 90
    close = compare(again(published, tmp_path / "a", outputs=lambda o: o + np.float32(0.25)), published)
    assert close.outcome == SAME and close.how.startswith("0.00 % of test faces answered differently")
    assert close.how.endswith("outputs differ by at most 0.25")
    far = compare(again(published, tmp_path / "b", outputs=swapped(1)), published)
    assert far.outcome == DIFFERENT and far.how.startswith("1.11 % of test faces answered differently")
    assert far.told.endswith("nothing of data, code, versions and processor differs")


def test_valence_and_arousal_are_the_same_within_a_hundredth(make, cell, tmp_path):
    record = make(tmp_path / "p", "synthetic-va", cell("identity", "working", "mse"), 0)
    near = again(record, tmp_path / "a", outputs=lambda o: o + np.float32(0.009))
    far = again(record, tmp_path / "b", outputs=lambda o: o + np.float32(0.011))
    assert compare(near, record).outcome == SAME and compare(far, record).outcome == DIFFERENT
    assert compare(far, record).how.startswith("100.00 % of test faces more than 0.01 off")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"selected_epoch": 2}, "epoch 2 selected, published 1"),
        ({"seed": 5}, "another protocol, cell or seed"),
        ({"cell_hash": "0" * 16}, "another protocol, cell or seed"),
        ({"status": "diverged", "selected_epoch": None}, "diverged, published: finished"),
    ],
)
def test_another_epoch_definition_or_end_is_different(published, tmp_path, changes, words):
    found = compare(again(published, tmp_path / "a", **changes), published)
    assert (found.outcome, found.how) == (DIFFERENT, words)


def test_other_test_faces_are_different(published, tmp_path):
    contents = {key: value for key, value in published.contents.items() if key not in ("schema", "predictions_sha256")}
    arrays = dict(published.predictions) | {"test_ids": np.array([f"other-{i}" for i in range(90)])}
    found = compare(write_record(tmp_path / "a", contents, arrays), published)
    assert (found.outcome, found.how) == (DIFFERENT, "other test faces or targets")


def test_runs_that_diverged_are_the_same_if_they_did_in_the_same_epoch(make, cell, tmp_path):
    record = make(tmp_path / "p", "synthetic-8", cell("identity", "working", "plain"), 0, diverged=True)
    later = [*record["history"][:2], record["history"][0], record["history"][2]]
    assert compare(again(record, tmp_path / "a", status="diverged", code="other"), record).outcome == SAME
    found = compare(again(record, tmp_path / "b", status="diverged", history=later), record)
    assert (found.outcome, found.how) == (DIFFERENT, "diverged in epoch 4, published: in epoch 3")


def test_all_that_differs_is_said(published, tmp_path):
    environment = {"versions": {"python": "3.12", "torch": "2.6"}, "device": "other device", "threads": 2}
    data = dict(published["data"]) | {"fingerprint": "f" * 64}
    made = again(published, tmp_path / "a", outputs=swapped(3), environment=environment, data=data, code="fedcba9876543210")
    found = compare(made, published)
    assert found.kinds == ("data", "code", "versions", "processor", "threads")
    words = [
        "code fedcba9876543210 instead of 0123456789abcdef", "python 3.12 instead of 3.11",
        "torch 2.6 instead of not stated", "processor other device instead of test device",
        "threads 2 instead of not stated", f"data {data['name']} {data['version']} (ffffffffffffffff) instead of",
    ]  # fmt: skip
    assert all(each in found.told for each in words)
    assert found.as_json["outcome"] == DIFFERENT and len(found.as_json["differs"]) == 6


def test_outputs_that_are_no_numbers_agree_with_none():
    one = np.eye(4, dtype=np.float32)
    other = one.copy()
    other[2, 0] = np.nan
    for task in ("categorical", "dimensional"):
        assert agreement(other, one, task).share == agreement(one, other, task).share == 0.25
        assert agreement(one, one, task) == agreement(one, one.copy(), task)


def test_the_one_line(published, tmp_path):
    equal = compare(published, published)
    made = again(published, tmp_path / "a", outputs=lambda o: o + np.float32(0.25), environment={"device": "x"})
    far = again(published, tmp_path / "b", outputs=swapped(5))
    same, different = compare(made, published), compare(far, published)
    assert counted([equal] * 39) == "39 of 39 runs bit-identical to the published ones"
    line = "1 of 3 runs bit-identical to the published ones, 1 the same (other versions, processor), 1 different"
    assert counted([equal, same, different]) == line


def test_the_limits_are_those_that_were_fixed():
    assert (sameness.SHARE, sameness.CLOSE) == (0.01, 0.01)
    assert {
        "device": "processor",
        **{n: n for n in ("threads", "precision", "implementation", "system")},
    } == sameness.MACHINERY


def test_exactly_one_in_a_hundred_is_still_the_same(make, cell, tmp_path, monkeypatch):
    monkeypatch.setitem(make.__globals__, "IMAGES", 100)
    record = make(tmp_path / "p", "synthetic-8", cell("identity", "working", "plain"), 0, quality=3.0)
    one, two = (compare(again(record, tmp_path / str(n), outputs=swapped(n)), record) for n in (1, 2))
    assert (one.outcome, two.outcome) == (SAME, DIFFERENT) and one.how.startswith("1.00 % of test faces")


def only(record, folder, part):
    """The record once more with five other answers in one of its arrays."""
    contents = {key: value for key, value in record.contents.items() if key not in ("schema", "predictions_sha256")}
    arrays = dict(record.predictions)
    return write_record(folder, contents, arrays | {part: swapped(5)(arrays[part].copy())})


def test_the_worst_augmentation_of_the_test_faces_decides(published, tmp_path):
    assert published.tta == ("none", "flip")
    for part, outcome in (
        ("test_outputs_none", DIFFERENT), ("test_outputs_flip", DIFFERENT), ("validation_outputs_none", SAME),
    ):  # fmt: skip
        found = compare(only(published, tmp_path / part, part), published)
        assert found.outcome == outcome, part
        assert found.how.startswith("5.56 %" if outcome == DIFFERENT else "0.00 %")


def test_agreements_by_hand():
    """Differences of either sign; the largest share and the largest difference may be of different augmentations."""
    zero, other = np.zeros((4, 2)), np.array([[0, 0], [0, -0.5], [0.01, 0], [0.0101, 0]])
    for one, two in ((zero, other), (other, zero)):
        found = agreement(one, two, "dimensional")
        assert (found.share, found.largest) == (0.5, 0.5)  # exactly 0.01 is not more than 0.01
    found = agreement(np.eye(4), np.eye(4)[[0, 1, 3, 2]] * 3, "categorical")
    assert (found.share, found.largest) == (0.5, 3)
    assert worst([sameness.Agreement(0.1, 2.0), sameness.Agreement(0.3, 1.0)]) == sameness.Agreement(0.3, 2.0)
    nothing = np.full((4, 2), np.inf)
    assert agreement(nothing, zero, "dimensional") == sameness.Agreement(1.0, np.inf)


def test_what_else_makes_a_result_another_one(published, tmp_path):
    other = again(published, tmp_path / "a", protocol_hash="0" * 16)
    assert compare(other, published).how == "another protocol, cell or seed"
    contents = again(published, tmp_path / "b", train_counts=[11] * 8)
    found = compare(contents, published)
    assert (found.outcome, found.how) == (SAME, "equal predictions, but other contents")
    kept = {key: value for key, value in published.contents.items() if key not in ("schema", "predictions_sha256")}
    arrays = dict(published.predictions)
    targets = write_record(tmp_path / "c", kept, arrays | {"test_targets": np.roll(arrays["test_targets"], 1)})
    assert compare(targets, published).how == "other test faces or targets"
    diverged = again(published, tmp_path / "d", status="diverged", selected_epoch=None)
    assert compare(published, diverged).how == "finished, published: diverged"


def test_folds_are_compared_by_their_epochs_and_not_by_their_costs(published, tmp_path):
    entry = {"fold": "a", "faces": {"train": 1, "validation": 1, "test": 1}, "history": published["history"]}
    entry |= {"train_counts": None, "input": {}}
    folds = [entry | {"selected_epoch": epoch, "cost": {"train_seconds": 1.5}} for epoch in (1, 3)]
    one = again(published, tmp_path / "a", folds=folds, selected_epoch=None)
    dearer = again(published, tmp_path / "b", folds=[each | {"cost": {"train_seconds": 9.0}} for each in folds],
                   selected_epoch=None)  # fmt: skip
    assert compare(one, dearer).outcome == IDENTICAL and "cost" not in result_of(one)["folds"][0]
    other = again(published, tmp_path / "c", folds=[folds[0], folds[1] | {"selected_epoch": 2}], selected_epoch=None)
    found = compare(one, other)
    assert (found.outcome, found.how) == (DIFFERENT, "epoch 1, 3 selected, published 1, 2")


def test_only_what_is_the_same_is_explained_by_what_was_other():
    same, different = (
        sameness.Sameness(outcome, "x", ((kind, kind),)) for outcome, kind in ((SAME, "code"), (DIFFERENT, "data"))
    )
    assert counted([same, different, different]) == (
        "0 of 3 runs bit-identical to the published ones, 1 the same (other code), 2 different"
    )
