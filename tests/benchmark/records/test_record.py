"""A record's digest, properties and contents, one by one, and what a record may not say."""

import hashlib
import json

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol
from benchmark.records import record as module
from benchmark.records.contents import joined, parsed, parted, protocol_of
from benchmark.records.record import Record, predictions_digest, read_record, read_records, record_folders, write_record


@pytest.fixture
def one(make, cell, tmp_path):
    return make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 3)


def kept(record):
    """Contents as write_record takes them."""
    return {name: value for name, value in record.contents.items() if name not in ("schema", "predictions_sha256")}


def test_the_digest_of_predictions_by_hand():
    """Names in their order, each with dtype, shape and bytes: what two arrays hold can not be exchanged."""
    arrays = {
        "test_outputs_none": np.array([[1.5, 2.0]], np.float32),
        "test_outputs_flip": np.array([[2.5, 0.0]], np.float32),
        "test_targets": np.array([1]),
    }
    total = hashlib.sha256()
    for name, kind, shape in (
        ("test_outputs_flip", "<f4", "(1, 2)"), ("test_outputs_none", "<f4", "(1, 2)"), ("test_targets", "<i8", "(1,)"),
    ):  # fmt: skip
        total.update(f"{name} {kind} {shape}\n".encode() + arrays[name].tobytes())
    assert predictions_digest(arrays) == total.hexdigest() == predictions_digest(dict(reversed(arrays.items())))
    none, flip = arrays["test_outputs_none"], arrays["test_outputs_flip"]
    others = [
        arrays | {"test_outputs_none": flip, "test_outputs_flip": none},
        {name.replace("flip", "ten-crop"): each for name, each in arrays.items()},
        arrays | {"test_outputs_none": none.reshape(2, 1)},
        arrays | {"test_targets": np.array([1], np.uint64)},
        arrays | {"test_outputs_none": np.asfortranarray(np.array([[1.5], [2.0]], np.float32)).T + 1},
    ]
    assert len({predictions_digest(arrays), *map(predictions_digest, others)}) == 6
    assert predictions_digest(arrays | {"test_outputs_none": np.asfortranarray(none)}) == predictions_digest(arrays)


def test_what_a_record_says_of_itself(one):
    assert (one.protocol, one.cell, one.seed) == ("synthetic-8", "net-identity-working-plain", 3)
    assert one.place.parts == ("synthetic-8", "net-identity-working-plain", "seed3")
    assert not one.diverged and one.folds is None and one.outside is None and not one.hard and one.tta == ("none", "flip")
    for split in ("validation", "test"):
        for tta in one.tta:
            targets, outputs = one.outputs(split, tta)
            assert targets is one.predictions[f"{split}_targets"] and outputs is one.predictions[f"{split}_outputs_{tta}"]
        assert one.outputs(split)[1] is one.predictions[f"{split}_outputs_none"]


@pytest.mark.parametrize(("outputs", "hard"), [("classes", True), ("probabilities", False), ("logits", False)])
def test_only_classes_are_hard(one, outputs, hard):
    record = Record(one.directory, {**one.contents, "outside": {"outputs": outputs}})
    assert record.hard == hard and record.outside == {"outputs": outputs}


def test_hidden_folders_are_unfinished_writes_wherever_the_root_lies(make, cell, tmp_path):
    own, root = cell("identity", "working", "plain"), tmp_path / ".cache" / "records"
    for name in ("b", "a", ".half", "c/.seed1.x.tmp", "d"):
        make(root / name, "synthetic-8", own, 1)
    found = [each.relative_to(root).as_posix() for each in record_folders(root)]
    assert found == [f"{name}/synthetic-8/{own.name}/seed1" for name in ("a", "b", "d")]
    assert [each.directory for each in read_records(root)] == record_folders(root)


def test_arrays_that_are_too_large_or_no_arrays(one, monkeypatch):
    size = sum(array.nbytes for array in one.predictions.values())
    monkeypatch.setattr(module, "LARGEST", size)  # the headers come on top
    with pytest.raises(BadInput, match="bytes of arrays; expected"):
        _ = read_record(one.directory).predictions
    monkeypatch.setattr(module, "LARGEST", size + 20_000)
    assert read_record(one.directory).predictions.keys() == one.predictions.keys()
    np.savez(one.directory / "predictions.npz", **dict(one.predictions), more=np.array([{}], object))
    with pytest.raises(BadInput, match="nothing to read .*allow_pickle"):
        _ = read_record(one.directory).predictions
    np.savez(one.directory / "predictions.npz", **dict(one.predictions), more=np.array([True]))
    with pytest.raises(BadInput, match="more: found neither text nor numbers"):
        _ = read_record(one.directory).predictions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed: found -1; expected a number from 0"),
        ({"status": "stopped"}, "status: found stopped; expected one of finished, diverged"),
        ({"status": "diverged"}, "predictions: found none or unexpected ones"),
        ({"parameters": None}, "parameters: found null"),
        ({"data": {"name": "../x", "version": "1.0", "fingerprint": "0"}}, "data: found name '../x'"),
        ({"cell": {"name": "a/b", "model": "m", "options": {}, "loss": "plain"}}, "cell: found name 'a/b'"),
        ({"protocol_hash": 5}, "protocol_hash: found 5"),
        ({"history": [{"epoch": 1}]}, "history, entry 1: found missing or unknown"),
    ],
)
def test_one_wrong_value_of_a_record(one, tmp_path, change, message):
    write_record(tmp_path / "copy", kept(one), one.predictions)
    with pytest.raises(BadInput, match=message):
        write_record(tmp_path / "bad", kept(one) | change, one.predictions)
    assert not (tmp_path / "bad").exists()


def test_a_finished_run_has_predictions_and_a_seed_may_be_0(one, tmp_path):
    with pytest.raises(BadInput, match="predictions: found none or unexpected ones"):
        write_record(tmp_path / "bad", kept(one), {})
    assert write_record(tmp_path / "first", kept(one) | {"seed": 0}, one.predictions).seed == 0


@pytest.mark.parametrize("schema", [0, 3, True, "2", None])
def test_another_schema(one, schema):
    path = one.directory / "record.json"
    (one.directory / "seal.json").unlink()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": schema}))
    with pytest.raises(BadInput, match="schema|missing or unknown"):
        read_record(one.directory)
    assert one["schema"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": NaN}', "NaN, which JSON does not have"),
        ('{"a": [-Infinity]}', "-Infinity, which JSON does not have"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "an object with one name twice"),
        ("[1]", "a JSON list"),
        ('{"a": 1', "expected valid JSON"),
        ("\xff", "expected valid JSON"),
    ],
)
def test_what_is_no_object_of_json(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        parsed(text.encode("latin-1"), tmp_path / "record.json")


def test_no_number_is_none_is_written(one):
    with pytest.raises(ValueError, match="JSON compliant"):
        parted(kept(one) | {"seed": float("nan")})


def test_every_fold_has_one_cost(one):
    folds = [{"fold": name} for name in "ab"]
    result, machine = parted(kept(one) | {"predictions_sha256": "x", "folds": [folds[0] | {"cost": {"x": 1.0}}, folds[1]]})
    assert machine["fold_costs"] == [{"x": 1.0}, {}] and result["folds"] == folds
    whole = joined(result, machine, "folder")
    assert whole["folds"] == [folds[0] | {"cost": {"x": 1.0}}, folds[1] | {"cost": {}}]
    for costs in ([{}], [{}, {}, {}]):
        with pytest.raises(BadInput, match=f"fold_costs: found {len(costs)} costs; expected one for each fold"):
            joined(result, machine | {"fold_costs": costs}, "folder")


def protocol_contents(**changes):
    return {"protocol": load_protocol("fer2013-7").as_dict() | changes}


def test_a_trial_stands_under_its_own_name_with_one_split_for_both():
    trial = {"train": "Training", "validation": "PublicTest", "test": "PublicTest"}
    found = protocol_of(protocol_contents(name="fer2013-7.tuning-0123", splits=trial), "where")
    assert (found.name, dict(found.splits)) == ("fer2013-7.tuning-0123", trial)
    for name in ("fer2013-7", "fer2013-7.fold0"):  # of anything else, test faces are not those of validation
        with pytest.raises(BadInput, match="three different splits"):
            protocol_of(protocol_contents(name=name, splits=trial), "where")
    own = load_protocol("fer2013-7")
    assert protocol_of(protocol_contents(), "where") == own
    seen = protocol_of(protocol_contents(name="fer2013-7.tuning-0123"), "where")
    assert dict(seen.splits) == dict(own.splits) and seen.name == "fer2013-7.tuning-0123"
    for name in ("fer2013-7.", "fer2013-7.a/b", "../x"):
        with pytest.raises(BadInput, match="found name"):
            protocol_of(protocol_contents(name=name), "where")
