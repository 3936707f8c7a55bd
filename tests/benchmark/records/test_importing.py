"""Records: whole or absent, checked when read; what import refuses."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput
from benchmark.files import digest
from benchmark.protocol.cells import Run
from benchmark.records import importing
from benchmark.records.importing import COST, _check_course, import_records
from benchmark.records.record import Record, read_record, read_records
from benchmark.runs.training.train import train


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_faces, tiny_protocol, tiny_cell):
    """Two finished records of one cell, as a run folder."""
    root = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        run = Run(tiny_protocol(epochs=1), tiny_cell(), seed)
        train(run, tiny_faces, root / run.place, device=torch.device("cpu"))
    return root


@pytest.fixture
def runs(made, tmp_path, monkeypatch, tiny_protocol):
    """A copy of them, in a checkout that knows their protocol."""
    shutil.copytree(made, tmp_path / "runs")
    monkeypatch.setattr(importing, "load_protocol", lambda name: tiny_protocol(epochs=1))
    return tmp_path / "runs"


def edit(directory, function):
    path = directory / "record.json"
    contents = json.loads(path.read_text())
    function(contents)
    path.write_text(json.dumps(contents))


def test_import_takes_the_small_part(runs, tmp_path, tiny_faces):
    done = import_records(runs, tmp_path / "in", tiny_faces.directory.parent, replace=False, check_only=False)
    assert len(done.taken) == 2 and not done.replaced and not done.passed_over
    copied = read_records(tmp_path / "in")
    assert [r.directory.relative_to(tmp_path / "in").as_posix() for r in copied] == [
        "tiny-categorical/tiny/seed0",
        "tiny-categorical/tiny/seed1",
    ]
    assert sorted(p.name for p in copied[0].directory.iterdir()) == ["predictions.npz", "record.json"]


def places(records):
    return [f"{each.cell}/seed{each.seed}" for each in records]


def stamps(folder):
    """When each file below was last put there."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def repacked(directory):
    """The same predictions in other bytes: uncompressed, in another order; record.json in one line."""
    with np.load(directory / "predictions.npz") as stored:
        arrays = dict(stored)
    np.savez(directory / "predictions.npz", **dict(reversed(arrays.items())))
    edit(directory, lambda contents: None)


def test_identical_ones_are_passed_over_however_they_are_stored(runs, tmp_path):
    """What an import that was cut off has taken already is no reason to refuse; the rest is taken."""
    into = {"replace": False, "check_only": False}
    shutil.copytree(runs, tmp_path / "part")
    shutil.rmtree(tmp_path / "part" / "tiny-categorical" / "tiny" / "seed1")
    import_records(tmp_path / "part", tmp_path / "in", tmp_path, **into)
    before = stamps(tmp_path / "in")
    repacked(runs / "tiny-categorical" / "tiny" / "seed0")
    said = import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=True)
    assert places(said.taken) == ["tiny/seed1"] and places(said.passed_over) == ["tiny/seed0"]
    assert stamps(tmp_path / "in") == before, "a check wrote something"
    done = import_records(runs, tmp_path / "in", tmp_path, **into)
    assert places(done.taken) == ["tiny/seed1"] and places(done.passed_over) == ["tiny/seed0"]
    assert before.items() <= stamps(tmp_path / "in").items() and len(read_records(tmp_path / "in")) == 2
    again = import_records(runs, tmp_path / "in", tmp_path, replace=True, check_only=False)
    assert places(again.passed_over) == ["tiny/seed0", "tiny/seed1"] and not again.taken and not again.replaced


@pytest.mark.parametrize("check_only", [False, True])
def test_different_ones_are_refused_by_name_and_keep_all_out(runs, tmp_path, check_only):
    """Another cost is another record; --replace takes it, and passes over the identical one."""
    shutil.copytree(runs, tmp_path / "first")
    shutil.rmtree(tmp_path / "first" / "tiny-categorical" / "tiny" / "seed1")
    import_records(tmp_path / "first", tmp_path / "in", tmp_path, replace=False, check_only=False)
    before = stamps(tmp_path / "in")
    edit(runs / "tiny-categorical" / "tiny" / "seed0", lambda c: c["cost"].update(train_seconds=99.0))
    with pytest.raises(BadInput, match="differ from those to import: tiny-categorical/tiny/seed0; .*--replace"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=check_only)
    assert stamps(tmp_path / "in") == before
    done = import_records(runs, tmp_path / "in", tmp_path, replace=True, check_only=check_only)
    assert (places(done.taken), places(done.replaced)) == (["tiny/seed1"], ["tiny/seed0"])
    if check_only:
        assert stamps(tmp_path / "in") == before
    else:
        cost = read_record(tmp_path / "in" / "tiny-categorical" / "tiny" / "seed0")["cost"]
        assert cost["train_seconds"] == 99.0


def test_a_damaged_one_at_home_is_different(runs, tmp_path):
    import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=False)
    (tmp_path / "in" / "tiny-categorical" / "tiny" / "seed1" / "predictions.npz").unlink()
    with pytest.raises(BadInput, match="tiny/seed1;"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=False)
    import_records(runs, tmp_path / "in", tmp_path, replace=True, check_only=False)
    assert all(record.predictions for record in read_records(tmp_path / "in"))


def test_the_same_run_twice(runs, tmp_path):
    """Twice the same record is one; two different ones of a run are refused."""
    shutil.copytree(runs / "tiny-categorical", runs / "second" / "tiny-categorical")
    done = import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=True)
    assert len(done.taken) == len(done.passed_over) == 2
    edit(runs / "second" / "tiny-categorical" / "tiny" / "seed0", lambda c: c["cost"].update(train_seconds=99.0))
    with pytest.raises(BadInput, match="with other contents; expected each run once"):
        import_records(runs, tmp_path / "in", tmp_path, replace=True, check_only=True)


@pytest.mark.parametrize("damage", ["missing", "cut off", "no archive"])
def test_predictions_that_can_not_be_read_are_one_line(runs, tmp_path, damage):
    path = runs / "tiny-categorical" / "tiny" / "seed0" / "predictions.npz"
    contents = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(contents[: len(contents) // 2] if damage == "cut off" else b"nothing")
    with pytest.raises(BadInput, match="predictions.npz: found nothing to read"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=False)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c["protocol"].update(epochs=2), "protocol_hash"),
        (lambda c: c["cell"].update(loss="weighted"), "cell_hash"),
        (lambda c: c.update(seed=5), "folder named seed5"),
        (lambda c: c["data"].update(fingerprint="0" * 64), "data fingerprint"),
        (lambda c: c.update(schema=99), "schema: found 99"),
        (lambda c: c.pop("history"), "missing or unknown: history"),
        (lambda c: c.update(status="great"), "status: found great"),
        (lambda c: c.update(predictions_sha256="0" * 64), "predictions.npz: found SHA-256"),
        (lambda c: c.update(status="diverged"), "predictions"),
        (lambda c: c["cell"].update(name="../../elsewhere"), "cell: found name '../../elsewhere'; expected letters"),
        (lambda c: c["cell"].update(name=3), "cell: found name 3"),
        (lambda c: c["data"].pop("fingerprint"), "data: found no fingerprint"),
        (lambda c: c["data"].update(name="synthetic"), "data: found synthetic 1.0; expected tiny 1.0"),
        (lambda c: c["classes"].reverse(), "classes: found"),
        (lambda c: c.update(parameters=-5), "parameters: found -5"),
        (lambda c: c.update(cost={}), "cost: found no number for train_seconds, images_per_second"),
        (lambda c: c.update(history=[]), "history: found epochs \\[\\]"),
        (lambda c: c.update(history=[1]), "history: found epochs \\[None\\]"),
        (lambda c: c["history"].append(c["history"][0] | {"epoch": 2}), "history: found epochs \\[1, 2\\]; .* 1 at most"),
        (lambda c: c.update(selected_epoch=9), "history: found 1 epochs, epoch 9 selected"),
        (lambda c: c["history"][0].update(train_loss=None), "history, epoch 1: found no number"),
        (lambda c: c["history"][0].update(test=None), "history, epoch 1: found no number"),
        (lambda c: c["history"][0].update(train_loss=float("nan")), "record.json: found NaN, which JSON does not have"),
    ],
)
def test_one_bad_record_keeps_all_out(runs, tmp_path, tiny_faces, change, message):
    edit(runs / "tiny-categorical" / "tiny" / "seed1", change)
    with pytest.raises(BadInput, match=message):
        import_records(runs, tmp_path / "in", tiny_faces.directory.parent, replace=False, check_only=False)
    assert not (tmp_path / "in").exists() and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selected_epoch": 1}, "found 1 epochs, epoch 1 selected; expected 3 epochs, one of them selected"),
        ({"history": [1, 2, 3], "selected_epoch": None}, "found 3 epochs, epoch None selected"),
        ({"status": "diverged", "selected_epoch": None}, None),
        ({"folds": True, "history": [1, 2, 3], "selected_epoch": None}, None),
        ({"folds": True, "history": [1, 2, 3], "selected_epoch": 2}, "expected 3 epochs, none selected"),
    ],
)
def test_how_long_a_course_has_to_be(tmp_path, changes, message):
    """Whole where the run finished, with one epoch selected, or none where each fold selects its own."""
    protocol = SimpleNamespace(classes=("a", "b"), epochs=3, task="categorical", folds=changes.get("folds"))
    entries = [
        {"epoch": n, "train_loss": 1.0, "validation": {"accuracy": 0.5}, "test": {"accuracy": 0.5}}
        for n in changes.get("history", [1])
    ]
    contents = {"classes": ["a", "b"], "parameters": 5, "cost": dict.fromkeys(COST, 1.0), "status": "finished"}
    record = Record(tmp_path, contents | changes | {"history": entries})
    if message is None:
        return _check_course(record, protocol)
    with pytest.raises(BadInput, match=message):
        _check_course(record, protocol)


def test_a_record_that_is_no_text_is_one_line(runs, tmp_path):
    (runs / "tiny-categorical" / "tiny" / "seed0" / "record.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="record.json: found .*utf-8.*; expected valid JSON"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=False)


def test_changed_protocol_of_the_same_version_is_refused(runs, tmp_path):
    """Hash and contents agree with each other, but not with this checkout's protocol of that name."""

    def other(c):
        c["protocol"]["epochs"] = 2
        c["protocol_hash"] = digest(c["protocol"])

    edit(runs / "tiny-categorical" / "tiny" / "seed0", other)
    with pytest.raises(BadInput, match="protocol tiny-categorical"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=True)


def test_changed_predictions_are_found(runs):
    directory = runs / "tiny-categorical" / "tiny" / "seed0"
    with np.load(directory / "predictions.npz") as stored:
        arrays = dict(stored)
    arrays["test_outputs_none"] = arrays["test_outputs_none"] + 1e-6
    np.savez_compressed(directory / "predictions.npz", **arrays)
    with pytest.raises(BadInput, match="SHA-256"):
        _ = read_record(directory).predictions


def test_unfinished_writes_are_not_records(runs):
    shutil.copytree(runs / "tiny-categorical" / "tiny" / "seed0", runs / "tiny-categorical" / "tiny" / ".seed2.x.tmp")
    assert len(read_records(runs)) == 2


def test_nothing_to_import(tmp_path):
    with pytest.raises(BadInput, match="no record.json"):
        import_records(tmp_path, tmp_path / "in", tmp_path, replace=False, check_only=False)


def test_no_json(runs):
    (runs / "tiny-categorical" / "tiny" / "seed0" / "record.json").write_text("{")
    with pytest.raises(BadInput, match="valid JSON"):
        read_records(runs)
