"""Seals: what they say, which bytes they refuse, and when two of them are equal."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.records.record import read_record, write_record
from benchmark.records.seal import read_bytes, read_seal, weights, write_seal


@pytest.fixture
def contents(make, cell, tmp_path):
    """Contents and predictions of a record, as write_record takes them."""
    record = make(tmp_path / "made", "synthetic-8", cell("identity", "working", "plain"), 0)
    kept = {name: value for name, value in record.contents.items() if name not in ("schema", "predictions_sha256")}
    return kept, dict(record.predictions)


@pytest.fixture
def sealed(contents, tmp_path):
    """A record with two weights files."""
    return write_record(tmp_path / "seed0", *contents, extra={"weights.pt": b"w" * 99, "weights-a.pt": b"a"}).directory


def test_a_seal_is_the_digests_of_result_and_weights(sealed):
    said = json.loads((sealed / "seal.json").read_text())
    names = ("record.json", "weights-a.pt", "weights.pt")
    assert said == {
        "schema": 1,
        "files": {name: hashlib.sha256((sealed / name).read_bytes()).hexdigest() for name in names},
    }
    assert read_record(sealed).sealed and read_seal(sealed) == said["files"]
    assert weights(sealed, "weights.pt") == b"w" * 99 and weights(sealed, "weights-a.pt") == b"a"


def test_any_flipped_bit_of_the_result_is_refused(sealed):
    path = sealed / "record.json"
    whole = path.read_bytes()
    for at in np.linspace(0, len(whole) - 1, 200).astype(int):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BadInput, match=r"record.json: found "):
            read_record(sealed)
    path.write_bytes(whole)
    read_record(sealed)


def test_any_altered_value_of_the_machine_is_refused(sealed):
    path = sealed / "machine.json"
    whole = json.loads(path.read_text())
    changes = [
        lambda m: m["cost"].update(train_seconds=1.0),
        lambda m: m["environment"].update(device="a better one"),
        lambda m: m["environment"]["versions"].update(cuda="12"),  # which would allow a GPU's tolerance
        lambda m: m.update(seal="0" * 16),
        lambda m: m.pop("seal"),
        lambda m: m.update(more=1),
    ]
    for change in changes:
        altered = json.loads(json.dumps(whole))
        change(altered)
        path.write_text(json.dumps(altered))
        with pytest.raises(BadInput, match="machine.json"):
            read_record(sealed)
    path.unlink()
    with pytest.raises(BadInput, match="machine.json: found no such file"):
        read_record(sealed)


def test_weights_that_are_altered_gone_or_not_sealed(sealed):
    path = sealed / "weights.pt"
    path.write_bytes(b"w" * 98 + b"v")
    with pytest.raises(BadInput, match=r"weights.pt: found SHA-256 .* as in seal.json beside it"):
        weights(sealed, "weights.pt")
    path.unlink()
    with pytest.raises(BadInput, match="weights.pt: found no such file; expected the weights that were sealed"):
        weights(sealed, "weights.pt")
    (sealed / "weights-b.pt").write_bytes(b"b")
    with pytest.raises(BadInput, match="weights-b.pt: found no seal for it"):
        weights(sealed, "weights-b.pt")
    (sealed / "seal.json").unlink()
    with pytest.raises(BadInput, match="weights-a.pt: found no seal for it"):
        weights(sealed, "weights-a.pt")
    assert not read_record(sealed).sealed


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "no JSON",
        '{"schema": 2, "files": {"record.json": "x"}}',
        '{"schema": 1, "files": {}}',
        '{"schema": 1, "files": {"weights.pt": "x"}}',
        '{"schema": 1, "files": {"record.json": 3}}',
        '{"schema": 1, "files": {"record.json": "x"}, "more": 1}',
        '{"schema": 1, "files": ["record.json"]}',
        # Of a right digest each: only the schema, the missing record, the strange file, the length are wrong.
        json.dumps({"schema": 2, "files": {"record.json": "a" * 64}}),
        json.dumps({"schema": 1, "files": {"weights.pt": "a" * 64}}),
        json.dumps({"schema": 1, "files": {"record.json": "a" * 64, "machine.json": "a" * 64}}),
        json.dumps({"schema": 1, "files": {"record.json": "a" * 65}}),
        json.dumps({"schema": 1, "files": {"record.json": "A" * 64}}),
    ],
)
def test_what_is_no_seal(sealed, text):
    (sealed / "seal.json").write_text(text)
    with pytest.raises(BadInput, match="seal.json: found") as error:
        read_record(sealed)
    assert "\n" not in str(error.value)


def test_a_file_may_have_as_many_bytes_as_are_allowed(tmp_path):
    path = tmp_path / "seal.json"
    path.write_bytes(b"x" * 11)
    assert read_bytes(path, 11) == b"x" * 11
    with pytest.raises(BadInput, match="11 bytes; expected 10 at most"):
        read_bytes(path, 10)
    with pytest.raises(BadInput, match="no such file"):
        read_bytes(tmp_path / "other", 10)
    with pytest.raises(BadInput, match="a folder or a special file"):
        read_bytes(tmp_path, 10)


def test_equal_results_have_equal_bytes_whatever_they_cost(contents, tmp_path):
    """A reproduction changes machine.json alone."""
    given, predictions = contents
    other = given | {"cost": given["cost"] | {"train_seconds": 99.5}, "environment": {"device": "another"}}
    one, two = (write_record(tmp_path / name / "seed0", each, predictions) for name, each in (("a", given), ("b", other)))
    for name in ("record.json", "seal.json", "predictions.npz"):
        assert (one.directory / name).read_bytes() == (two.directory / name).read_bytes(), name
    assert (one.directory / "machine.json").read_bytes() != (two.directory / "machine.json").read_bytes()
    assert (one["cost"]["train_seconds"], two["cost"]["train_seconds"]) == (10.0, 99.5)
    assert two["environment"] == {"device": "another"}
    assert not {"cost", "environment"} & set(json.loads((one.directory / "record.json").read_text()))
    third = write_record(tmp_path / "c" / "seed0", given | {"parameters": 1235}, predictions)
    assert read_seal(third.directory) != read_seal(one.directory)


def test_costs_of_folds_are_with_the_machine(contents, tmp_path):
    given, predictions = contents
    entry = {"fold": "a", "faces": {"train": 1, "validation": 1, "test": 1}, "history": given["history"]}
    entry |= {"selected_epoch": 1, "train_counts": None, "input": {}}
    folds = [entry | {"cost": {"train_seconds": 1.5}}, entry | {"cost": {"train_seconds": 2.5}}]
    record = write_record(tmp_path / "seed0", given | {"folds": folds}, predictions)
    assert record.folds == folds
    assert all("cost" not in fold for fold in json.loads((record.directory / "record.json").read_text())["folds"])
    free = write_record(tmp_path / "free", given | {"folds": [entry]}, predictions)
    assert free.folds[0]["cost"] == {}


def test_predictions_may_be_compressed_another_way(sealed):
    arrays = dict(read_record(sealed).predictions)
    np.savez(sealed / "predictions.npz", **dict(reversed(arrays.items())))
    assert read_record(sealed).predictions.keys() == arrays.keys()
    arrays["test_outputs_none"][0, 0] += 1e-6
    np.savez(sealed / "predictions.npz", **arrays)
    with pytest.raises(BadInput, match="predictions.npz: found SHA-256"):
        _ = read_record(sealed).predictions


def test_records_of_schema_1_stay_as_they_are(committed):
    """Environment and cost are in record.json; its seal is of these bytes."""
    record = committed("imported/fer2013-7-quick/narrow8-12-identity-working-plain/seed0")
    assert record["schema"] == 1 and record["cost"]["train_seconds"] > 0 and record["environment"]["versions"]
    assert record.sealed and not (record.directory / "machine.json").exists()
    before = (record.directory / "record.json").read_bytes()
    (record.directory / "seal.json").unlink()
    write_seal(record.directory)
    assert (record.directory / "record.json").read_bytes() == before and read_record(record.directory).sealed
    shutil.copytree(record.directory, record.directory.parent / "seed9")
    assert (
        read_record(record.directory.parent / "seed9").contents == record.contents
    )  # a schema-1 record needs no other file
