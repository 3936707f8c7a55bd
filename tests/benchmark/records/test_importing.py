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
from benchmark.records.checks.history import COSTS, _check_course
from benchmark.records.checks.known import Known
from benchmark.records.importing import import_records
from benchmark.records.prepared import Prepared
from benchmark.records.record import read_record, read_records
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
    monkeypatch.setattr(importing, "protocol_names", lambda: ["tiny-categorical"])
    return tmp_path / "runs"


@pytest.fixture
def known(tiny_faces):
    """The FaceSet is prepared here."""
    here = Prepared(tiny_faces.directory.parent)
    return Known(here.rows, here.fingerprint)


def test_import_takes_the_small_part(runs, tmp_path, known):
    done = import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    assert len(done.taken) == 2 and not done.replaced and not done.passed_over
    copied = read_records(tmp_path / "in")
    assert [r.directory.relative_to(tmp_path / "in").as_posix() for r in copied] == [
        "tiny-categorical/tiny/seed0",
        "tiny-categorical/tiny/seed1",
    ]
    assert sorted(p.name for p in copied[0].directory.iterdir()) == [
        "machine.json",
        "predictions.npz",
        "record.json",
        "seal.json",
    ]
    assert all(record.sealed for record in copied)


def places(records):
    return [f"{each.cell}/seed{each.seed}" for each in records]


def stamps(folder):
    """When each file below was last put there."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def repacked(directory):
    """The same predictions in other bytes: uncompressed, in another order."""
    with np.load(directory / "predictions.npz") as stored:
        arrays = dict(stored)
    np.savez(directory / "predictions.npz", **dict(reversed(arrays.items())))


def test_identical_ones_are_passed_over_however_they_are_stored(runs, tmp_path):
    """What an import that was cut off has taken already is no reason to refuse; the rest is taken."""
    into = {"replace": False, "check_only": False}
    shutil.copytree(runs, tmp_path / "part")
    shutil.rmtree(tmp_path / "part" / "tiny-categorical" / "tiny" / "seed1")
    import_records(tmp_path / "part", tmp_path / "in", Known(), **into)
    before = stamps(tmp_path / "in")
    repacked(runs / "tiny-categorical" / "tiny" / "seed0")
    said = import_records(runs, tmp_path / "in", Known(), replace=False, check_only=True)
    assert places(said.taken) == ["tiny/seed1"] and places(said.passed_over) == ["tiny/seed0"]
    assert stamps(tmp_path / "in") == before, "a check wrote something"
    done = import_records(runs, tmp_path / "in", Known(), **into)
    assert places(done.taken) == ["tiny/seed1"] and places(done.passed_over) == ["tiny/seed0"]
    assert before.items() <= stamps(tmp_path / "in").items() and len(read_records(tmp_path / "in")) == 2
    again = import_records(runs, tmp_path / "in", Known(), replace=True, check_only=False)
    assert places(again.passed_over) == ["tiny/seed0", "tiny/seed1"] and not again.taken and not again.replaced


@pytest.mark.parametrize("check_only", [False, True])
def test_different_ones_are_refused_by_name_and_keep_all_out(runs, tmp_path, forge, check_only):
    """Another cost is another record; --replace takes it, and passes over the identical one."""
    shutil.copytree(runs, tmp_path / "first")
    shutil.rmtree(tmp_path / "first" / "tiny-categorical" / "tiny" / "seed1")
    import_records(tmp_path / "first", tmp_path / "in", Known(), replace=False, check_only=False)
    before = stamps(tmp_path / "in")
    forge(runs / "tiny-categorical" / "tiny" / "seed0", machine=lambda m: m["cost"].update(train_seconds=99.0))
    with pytest.raises(BadInput, match="differ from those to import: tiny-categorical/tiny/seed0; .*--replace"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=check_only)
    assert stamps(tmp_path / "in") == before
    done = import_records(runs, tmp_path / "in", Known(), replace=True, check_only=check_only)
    assert (places(done.taken), places(done.replaced)) == (["tiny/seed1"], ["tiny/seed0"])
    if check_only:
        assert stamps(tmp_path / "in") == before
    else:
        cost = read_record(tmp_path / "in" / "tiny-categorical" / "tiny" / "seed0")["cost"]
        assert cost["train_seconds"] == 99.0


def test_a_damaged_one_at_home_is_different(runs, tmp_path):
    import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    predictions = tmp_path / "in" / "tiny-categorical" / "tiny" / "seed1" / "predictions.npz"
    predictions.write_bytes(predictions.read_bytes()[:-1])
    with pytest.raises(BadInput, match="tiny/seed1;"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    import_records(runs, tmp_path / "in", Known(), replace=True, check_only=False)
    assert all(record.predictions for record in read_records(tmp_path / "in"))


def test_what_a_stopped_copy_or_deletion_left_is_no_different_record(runs, tmp_path):
    """Whichever of the files are there, the same call completes them. Anything else in the folder is not overwritten."""
    import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    place = tmp_path / "in" / "tiny-categorical" / "tiny" / "seed1"
    whole = stamps(place).keys()
    for gone in (["predictions.npz"], ["record.json"], ["record.json", "machine.json", "predictions.npz"], sorted(whole)):
        for name in gone:
            (place / name).unlink()
        said = import_records(runs, tmp_path / "in", Known(), replace=False, check_only=True)
        done = import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
        assert places(said.taken) == places(done.taken) == ["tiny/seed1"] and not done.replaced
        assert stamps(place).keys() == whole and read_record(place).predictions
    (place / "record.json").unlink()
    (place / "notes.txt").write_text("somebody's own")
    with pytest.raises(BadInput, match="tiny/seed1;"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    assert (place / "notes.txt").exists() and not (place / "record.json").exists()


def test_the_same_run_twice(runs, tmp_path, forge):
    """Twice the same record is one; two different ones of a run are refused."""
    shutil.copytree(runs / "tiny-categorical", runs / "second" / "tiny-categorical")
    done = import_records(runs, tmp_path / "in", Known(), replace=False, check_only=True)
    assert len(done.taken) == len(done.passed_over) == 2
    forge(runs / "second" / "tiny-categorical" / "tiny" / "seed0", machine=lambda m: m["cost"].update(train_seconds=99.0))
    with pytest.raises(BadInput, match="with other contents; expected each run once"):
        import_records(runs, tmp_path / "in", Known(), replace=True, check_only=True)


@pytest.mark.parametrize("damage", ["missing", "cut off", "no archive"])
def test_predictions_that_can_not_be_read_are_one_line(runs, tmp_path, damage):
    path = runs / "tiny-categorical" / "tiny" / "seed0" / "predictions.npz"
    contents = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(contents[: len(contents) // 2] if damage == "cut off" else b"nothing")
    with pytest.raises(BadInput, match="predictions.npz: found nothing to read"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c["protocol"].update(epochs=2), "protocol_hash"),
        (lambda c: c["cell"].update(loss="weighted"), "cell_hash"),
        (lambda c: c.update(seed=5), "folder named seed5"),
        (lambda c: c["data"].update(fingerprint="0" * 64), "data fingerprint"),
        (lambda c: c.update(schema=99), "schema: found 99"),
        (lambda c: c.pop("history"), "missing or unknown: 'history'"),
        (lambda c: c.update(status="great"), "status: found great"),
        (lambda c: c.update(predictions_sha256="0" * 64), "predictions.npz: found SHA-256"),
        (lambda c: c.update(status="diverged"), "predictions"),
        (lambda c: c["cell"].update(name="../../elsewhere"), "cell: found name '../../elsewhere'; expected .* letters"),
        (lambda c: c["cell"].update(name=3), "cell, name: found 3; expected text"),
        (lambda c: c["data"].pop("fingerprint"), "data: found missing or unknown: 'fingerprint'"),
        (lambda c: c["data"].update(name="synthetic"), "data: found synthetic 1.0; expected tiny 1.0"),
        (lambda c: c["classes"].reverse(), "classes: found"),
        (lambda c: c.update(parameters=-5), "parameters: found -5"),
        (lambda c: c.update(history=[]), "history: found epochs \\[\\]"),
        (lambda c: c.update(history=[1]), "history, entry 1: found 1; expected an object"),
        (lambda c: c["history"].append(c["history"][0] | {"epoch": 2}), "history: found epochs \\[1, 2\\]; .* 1 at most"),
        (lambda c: c.update(selected_epoch=9), "selected epoch: found 9; expected epoch 1, by the rule best-validation"),
        (lambda c: c["history"][0].update(train_loss=None), "history, epoch 1: found no number"),
        (lambda c: c["history"][0].update(test=None), "history, epoch 1: found no number"),
        (lambda c: c["history"][0].update(train_loss=float("nan")), "record.json: found NaN, which JSON does not have"),
    ],
)
def test_one_bad_record_keeps_all_out(runs, tmp_path, known, forge, change, message):
    """Its seal fits, so what it says must be found wrong."""
    forge(runs / "tiny-categorical" / "tiny" / "seed1", change)
    with pytest.raises(BadInput, match=message):
        import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    assert not (tmp_path / "in").exists() and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("missing", COSTS)
def test_a_run_without_its_cost_is_refused(runs, tmp_path, known, forge, missing):
    forge(runs / "tiny-categorical" / "tiny" / "seed1", machine=lambda m: m["cost"].pop(missing))
    with pytest.raises(BadInput, match=f"cost: found no number for {missing};"):
        import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    assert not (tmp_path / "in").exists()


def course(accuracies):
    """Entries of a history, one per validation accuracy."""
    return [
        {"epoch": n, "train_loss": 1.0, **{role: {"loss": 1.0, "accuracy": value} for role in ("validation", "test")}}
        for n, value in enumerate(accuracies, 1)
    ]


@pytest.mark.parametrize(
    ("accuracies", "selected", "diverged", "message"),
    [
        ((0.5, 0.7, 0.7), 2, False, None),
        ((0.5,), 1, False, "found 1 epochs; expected 3, the budget of the protocol"),
        ((0.5, 0.7, 0.7), 3, False, "selected epoch: found 3; expected epoch 2"),
        ((0.5, 0.7, 0.7), None, False, "selected epoch: found None; expected epoch 2"),
        ((0.5, 0.7, 0.6), None, True, None),  # after its last epoch, in the predictions under augmentation
        ((0.5, 0.7), None, True, "a run that did not diverge"),
        ((0.5, 0.7, 0.6), 2, True, "a run that did not diverge"),
    ],
)
def test_how_long_a_course_has_to_be(accuracies, selected, diverged, message):
    """Whole where the run finished, with the epoch that the rule selects: the first of the best."""
    protocol = SimpleNamespace(epochs=3, task="categorical", selection="best-validation")
    if message is None:
        return _check_course(course(accuracies), selected, diverged, protocol, "record")
    with pytest.raises(BadInput, match=message):
        _check_course(course(accuracies), selected, diverged, protocol, "record")


def test_a_course_ends_without_numbers_where_it_diverged():
    protocol = SimpleNamespace(epochs=3, task="categorical", selection="last")
    end = {"epoch": 2, "train_loss": None, "validation": None, "test": None}
    _check_course([*course([0.5]), end], None, True, protocol, "record")
    with pytest.raises(BadInput, match="history, epoch 2: found no number"):
        _check_course([*course([0.5]), end], None, False, protocol, "record")


def test_the_last_epoch_where_the_rule_says_so():
    protocol = SimpleNamespace(epochs=3, task="categorical", selection="last")
    _check_course(course([0.9, 0.5, 0.4]), 3, False, protocol, "record")
    with pytest.raises(BadInput, match="selected epoch: found 1; expected epoch 3, by the rule last"):
        _check_course(course([0.9, 0.5, 0.4]), 1, False, protocol, "record")


def test_a_record_that_is_no_text_is_one_line(runs, tmp_path):
    place = runs / "tiny-categorical" / "tiny" / "seed0"
    (place / "record.json").write_bytes(b"\xff\xfe")
    (place / "seal.json").unlink()
    with pytest.raises(BadInput, match="record.json: found .*utf-8.*; expected valid JSON"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)


def test_changed_protocol_of_the_same_version_is_refused(runs, tmp_path, forge):
    """Hash and contents agree with each other, but not with this checkout's protocol of that name."""

    def other(c):
        c["protocol"]["recipe"]["learning_rate"] = 0.5
        c["protocol_hash"] = digest(c["protocol"])

    forge(runs / "tiny-categorical" / "tiny" / "seed0", other)
    with pytest.raises(BadInput, match="protocol tiny-categorical"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=True)


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
    with pytest.raises(BadInput, match="found no record.json below it; expected records$"):
        import_records(tmp_path, tmp_path / "in", Known(), replace=False, check_only=False)


def test_no_json(runs):
    (runs / "tiny-categorical" / "tiny" / "seed0" / "record.json").write_text("{")
    with pytest.raises(BadInput, match="valid JSON"):
        read_records(runs)


def test_a_record_that_was_altered_after_it_was_sealed_is_refused(runs, tmp_path):
    """Whatever was altered: the result or the machine, even by one space."""
    place = runs / "tiny-categorical" / "tiny" / "seed0"
    whole = (place / "record.json").read_text()
    (place / "record.json").write_text(whole.replace("{", "{ ", 1))
    with pytest.raises(BadInput, match=r"record.json: found SHA-256 [0-9a-f]{64}; expected [0-9a-f]{64} as in seal.json"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    (place / "record.json").write_text(whole)
    machine = json.loads((place / "machine.json").read_text())
    machine["cost"]["train_seconds"] /= 2
    (place / "machine.json").write_text(json.dumps(machine))
    with pytest.raises(BadInput, match="machine.json, seal: found .*, the digest of the rest"):
        import_records(runs, tmp_path / "in", Known(), replace=False, check_only=False)
    assert not (tmp_path / "in").exists()


def test_an_unsealed_one_is_sealed_and_keeps_its_bytes(runs, tmp_path, known):
    places = [runs / "tiny-categorical" / "tiny" / f"seed{seed}" for seed in (0, 1)]
    for place in places:
        (place / "seal.json").unlink()
    import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    for place in places:
        assert not (place / "seal.json").exists(), "the source was written to"
        there = tmp_path / "in" / place.relative_to(runs)
        assert read_record(there).sealed
        for name in ("record.json", "machine.json", "predictions.npz"):
            assert (there / name).read_bytes() == (place / name).read_bytes()


def test_an_unsealed_one_at_home_is_sealed_by_importing_it_again(runs, tmp_path, known):
    import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    home = tmp_path / "in" / "tiny-categorical" / "tiny" / "seed0"
    (home / "seal.json").unlink()
    done = import_records(runs, tmp_path / "in", known, replace=False, check_only=False)
    assert places(done.taken) == ["tiny/seed0"] and places(done.passed_over) == ["tiny/seed1"]
    assert read_record(home).sealed


def test_what_is_a_part_of_a_record(make, cell, tmp_path):
    """Some of its files, or none; not a file, a link, another file among them, other bytes, or all of it."""
    record = make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    names = ("record.json", "machine.json", "predictions.npz", "seal.json")
    places = {name: tmp_path / name for name in ("none", "some", "all", "more", "other", "file", "link", "folder", "sealed")}
    for name in ("none", "some", "all", "more", "other", "folder", "sealed"):
        places[name].mkdir()
    for place, files in (("some", names[:2]), ("all", names), ("more", names[:1]), ("sealed", names[3:])):
        for name in files:
            shutil.copy(record.directory / name, places[place] / name)
    (places["more"] / "notes.txt").touch()
    (places["other"] / names[1]).write_text("other")
    places["file"].touch()
    places["link"].symlink_to(places["none"])
    (places["folder"] / names[0]).mkdir()
    found = {name for name, place in places.items() if importing._is_part(place, record)}
    assert found == {"none", "some", "sealed"} and not importing._is_part(tmp_path / "nothing", record)
