"""Records: whole or absent, checked when read; what import refuses."""

import json
import shutil

import numpy as np
import pytest
import torch

from benchmark import importing, protocol
from benchmark.cells import Run
from benchmark.errors import BadInput
from benchmark.importing import import_records
from benchmark.records import read_record, read_records
from benchmark.training import train


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
    taken = import_records(runs, tmp_path / "in", tiny_faces.directory.parent, replace=False, check_only=False)
    assert len(taken) == 2
    copied = read_records(tmp_path / "in")
    assert [r.directory.relative_to(tmp_path / "in").as_posix() for r in copied] == [
        "tiny-categorical/tiny/seed0",
        "tiny-categorical/tiny/seed1",
    ]
    assert sorted(p.name for p in copied[0].directory.iterdir()) == ["predictions.npz", "record.json"]
    with pytest.raises(BadInput, match="--replace"):
        import_records(runs, tmp_path / "in", tmp_path, replace=False, check_only=False)
    import_records(runs, tmp_path / "in", tmp_path, replace=True, check_only=False)


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
    ],
)
def test_one_bad_record_keeps_all_out(runs, tmp_path, tiny_faces, change, message):
    edit(runs / "tiny-categorical" / "tiny" / "seed1", change)
    with pytest.raises(BadInput, match=message):
        import_records(runs, tmp_path / "in", tiny_faces.directory.parent, replace=False, check_only=False)
    assert not (tmp_path / "in").exists()


def test_changed_protocol_of_the_same_version_is_refused(runs, tmp_path):
    """Hash and contents agree with each other, but not with this checkout's protocol of that name."""

    def other(c):
        c["protocol"]["epochs"] = 2
        c["protocol_hash"] = protocol.digest(c["protocol"])

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
