"""Predictions made again from weights, of runs with folds and of valence and arousal; runs chosen to be trained again."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.cells import Run
from benchmark.records.checks.known import Known
from benchmark.records.examine import examine_all
from benchmark.records.importing import copy_record
from benchmark.records.record import read_record
from benchmark.records.seal import write_seal
from benchmark.runs.again import choose, choose_runs, outcomes, retrain
from benchmark.runs.runner import Site, Worker
from benchmark.runs.weights_again import Rerun

CPU = torch.device("cpu")
FOLDS = ("a", "b", "c")


@pytest.fixture(autouse=True)
def installed(monkeypatch, tiny_cell, one_thread):
    """The tiny cells are installed ones."""
    known = {"tiny": tiny_cell(), "tiny-mse": tiny_cell("mse")}
    known["tiny-mse"] = dataclasses.replace(known["tiny-mse"], name="tiny-mse")
    monkeypatch.setattr("benchmark.runs.parameters.installed_cells", lambda: known)
    return known


@pytest.fixture
def folded(tiny_faces, tmp_path):
    """`tiny_faces` in three folds whose faces alternate, so that their order in the record is not that of the folds."""
    return write_faceset(
        tmp_path / "prepared" / "tiny",
        np.array(tiny_faces.pictures),
        name="tiny",
        version="1.0",
        classes=tiny_faces.classes,
        id=tiny_faces.id,
        split=np.array(FOLDS)[np.arange(len(tiny_faces)) // 3 % 3],
        expression=tiny_faces.expression,
        valence=tiny_faces.valence,
        arousal=tiny_faces.arousal,
    )


def published(run, faces, tmp_path):
    """Train a run into runs/ and copy its record to records/imported."""
    Worker(Site(faces.directory.parent, tmp_path / "runs", CPU), lambda: False)(run)
    copy_record(read_record(tmp_path / "runs" / run.place), tmp_path / "records" / "imported" / run.place)
    return examine_all(tmp_path / "records", Known())


@pytest.mark.parametrize("task, cell", [("categorical", "tiny"), ("dimensional", "tiny-mse")])
def test_each_fold_predicts_with_its_own_weights(folded, tiny_protocol, installed, tmp_path, task, cell):
    protocol = tiny_protocol(task, folds=list(FOLDS), splits={}, epochs=2)
    (examined,) = published(Run(protocol, installed[cell], 0), folded, tmp_path)
    assert not examined.failures
    rerun = Rerun(tmp_path / "runs", lambda name: folded, CPU)
    found = rerun(examined)
    assert (found.outcome, found.why, found.largest) == ("bit-identical", "", 0.0)
    directory = tmp_path / "runs" / "/".join(examined.place.split("/")[1:])
    names = [directory / f"weights-{fold}.pt" for fold in FOLDS]
    names[0].rename(tmp_path / "kept")
    shutil.copy(names[1], names[0])
    write_seal(directory)
    found = rerun(examined)
    assert found.outcome == "different" and found.largest > 0


@pytest.mark.parametrize("task, cell", [("categorical", "tiny"), ("dimensional", "tiny-mse")])
def test_outcomes_without_folds(tiny_faces, tiny_protocol, installed, tmp_path, task, cell):
    (examined,) = published(Run(tiny_protocol(task, epochs=2), installed[cell], 0), tiny_faces, tmp_path)
    assert Rerun(tmp_path / "runs", lambda name: tiny_faces, CPU)(examined).outcome == "bit-identical"
    assert "not prepared here" in Rerun(tmp_path / "runs", lambda name: None, CPU)(examined).why
    installed.clear()
    found = Rerun(tmp_path / "runs", lambda name: tiny_faces, CPU)(examined)
    assert (found.outcome, found.why) == ("not checked", "its network is not installed here")


def test_weights_that_are_no_weights_are_one_line(tiny_faces, tiny_protocol, installed, tmp_path):
    run = Run(tiny_protocol(epochs=2), installed["tiny"], 0)
    (examined,) = published(run, tiny_faces, tmp_path)
    directory = tmp_path / "runs" / run.place
    for contents in (b"", b"PK\x03\x04", b"\x80\x04N.", (directory / "weights.pt").read_bytes()[:-9]):
        (directory / "weights.pt").write_bytes(contents)
        write_seal(directory)
        found = Rerun(tmp_path / "runs", lambda name: tiny_faces, CPU)(examined)
        assert found.outcome == "FAILED" and "weights.pt: found weights that do not load" in found.why


def test_an_imported_run_is_chosen_and_trained_again_with_its_threads(tiny_faces, tiny_protocol, installed, tmp_path):
    run = Run(tiny_protocol(epochs=2), installed["tiny"], 3)
    examined = published(run, tiny_faces, tmp_path)
    for pattern in ("tiny-categorical/tiny/3", "*/*/*", "tiny*/t?ny/seed3"):
        (chosen,) = choose(examined, [pattern, pattern])
        assert (chosen.place, chosen.run) == (f"imported/{run.place.as_posix()}", run)
    elsewhere = dataclasses.replace(examined[0], place="imported/tiny-base/tiny/seed3")  # by its base, or with a hash
    for pattern in ("tiny-categorical/tiny/3", "tiny-base/tiny/3"):
        assert choose([elsewhere], [pattern])[0].run == run
    assert choose_runs(examined, [run])[0].run == run
    for pattern in ("tiny-categorical/tiny/0", "tiny-categorical/tiny", "*", "a/b/c/d"):
        with pytest.raises(BadInput, match="--retrain"):
            choose(examined, [pattern])
    with pytest.raises(BadInput, match="no published record"):
        choose_runs(examined, [Run(run.protocol, run.cell, 4)])
    torch.set_num_threads(2)
    retrain([chosen], Site(tiny_faces.directory.parent, tmp_path / "again", CPU), jobs=1)
    ((_, sameness),) = outcomes([chosen], tmp_path / "again")
    assert sameness.outcome == "bit-identical"
    assert read_record(tmp_path / "again" / run.place)["environment"]["threads"] == 1 and torch.get_num_threads() == 2
    installed.clear()
    with pytest.raises(BadInput, match="a network that is installed here"):
        choose(examined, ["*/*/*"])


def test_another_recipe_is_different(tiny_faces, tiny_protocol, installed, tmp_path):
    """The runs folder has a run of other learning rate in the place of the published one."""
    run = Run(tiny_protocol(epochs=2), installed["tiny"], 0)
    (chosen,) = choose(published(run, tiny_faces, tmp_path), ["*/*/*"])
    other = Run(tiny_protocol(epochs=2, recipe={"learning_rate": 0.03}), installed["tiny"], 0)
    Worker(Site(tiny_faces.directory.parent, tmp_path / "again", CPU), lambda: False)(other)
    ((_, sameness),) = outcomes([chosen], tmp_path / "again")
    assert (sameness.outcome, sameness.how) == ("different", "another protocol, cell or seed")
