"""Faces that are not prepared, and classes that can not be learnt, are said before the first run is trained, not when their
run comes."""

import dataclasses

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.cells import Run
from benchmark.runs import runner
from benchmark.runs.data_check import check_classes, check_data
from benchmark.runs.runner import Site, run_all, try_steps


@pytest.fixture
def refused(tiny_faces, tmp_path, monkeypatch):
    """A function (protocols, time budget) -> the refusal of a run under each of them; nothing may be trained."""
    monkeypatch.setattr(runner, "Worker", lambda *given, **options: pytest.fail("a run was begun"))

    def refusal(cell, *protocols, time_budget=None):
        site = Site(tiny_faces.directory.parent, tmp_path / "runs", torch.device("cpu"))
        with pytest.raises(BadInput) as error:
            run_all([Run(protocol, cell, 0) for protocol in protocols], site, time_budget=time_budget)
        assert not list(tmp_path.iterdir())
        return str(error.value)

    return refusal


@pytest.mark.parametrize("time_budget", [None, 0.001])
def test_a_data_set_that_only_a_later_run_needs(refused, tiny_faces, tiny_protocol, tiny_cell, time_budget):
    """With a budget that is over before it too: it would look like a stop from which the same command goes on."""
    other = dataclasses.replace(tiny_protocol(), name="later", data="elsewhere")
    assert refused(tiny_cell(), tiny_protocol(), other, time_budget=time_budget) == (
        f"{tiny_faces.directory.parent / 'elsewhere'}: found no meta.json; expected a prepared FaceSet "
        "(run `ferbench prepare NAME` or `dvc repro` first)"
    )


def test_another_version_of_the_data(refused, tiny_faces, tiny_protocol, tiny_cell):
    other = dataclasses.replace(tiny_protocol(), name="later", data_version="9.9")
    found = f"{tiny_faces.directory}, version: found {tiny_faces.meta['version']}; expected 9.9 for protocol later"
    assert refused(tiny_cell(), tiny_protocol(), other) == found


def test_a_run_that_has_its_record_is_not_asked_about(tiny_protocol, tiny_cell, tmp_path):
    run, out = Run(tiny_protocol(), tiny_cell(), 0), tmp_path / "runs"
    (out / run.place).mkdir(parents=True)
    (out / run.place / "record.json").touch()
    check_data([run], tmp_path / "nowhere", out)
    with pytest.raises(BadInput, match=r"nowhere.tiny: found no meta.json"):
        check_data([run, Run(run.protocol, run.cell, 1)], tmp_path / "nowhere", out)


CLASSES = ("neutral", "happy", "neural", "sad")


@pytest.fixture
def faces_of(tmp_path):
    """A function (split -> labels of its faces) -> a FaceSet called tiny. A label is a place in CLASSES, or -1: none."""

    def make(labels):
        rows = [(split, label) for split, own in labels.items() for label in own]
        return write_faceset(
            tmp_path / "prepared" / "tiny",
            np.arange(len(rows) * 192, dtype=np.uint32).astype(np.uint8).reshape(-1, 8, 8, 3),
            name="tiny",
            version="1.0",
            classes=CLASSES,
            id=[str(row) for row in range(len(rows))],
            split=[split for split, _ in rows],
            expression=[label for _, label in rows],
            valence=[0.1] * len(rows),
            arousal=[0.2] * len(rows),
        )

    return make


LOST = {"train": [0] * 5 + [1] * 4 + [-1], "validation": [0, 1], "test": [0, 1, 2, 2, 2]}


@pytest.fixture
def refusal(tiny_protocol, tiny_cell, tmp_path, monkeypatch):
    """What a run and a trial say of it: the same. Nothing may be trained."""
    monkeypatch.setattr(runner, "Worker", lambda *given, **options: pytest.fail("a run was begun"))
    monkeypatch.setattr(runner, "Trainer", lambda *given, **options: pytest.fail("a step was made"))

    def said(faces, **changes):
        run = Run(tiny_protocol(classes=list(CLASSES), **changes), tiny_cell(), 0)
        with pytest.raises(BadInput) as of_run:
            run_all([run], Site(faces.directory.parent, tmp_path / "runs", torch.device("cpu")))
        with pytest.raises(BadInput) as of_trial:
            next(try_steps(run, faces, 1, torch.device("cpu")))
        assert str(of_run.value) == str(of_trial.value) and not (tmp_path / "runs").exists()
        return str(of_run.value).removeprefix(f"{faces.directory}: ")

    return said


def test_a_class_that_is_tested_and_never_trained(faces_of, refusal):
    assert refusal(faces_of(LOST)) == (
        "found no face of neural in split train, but 3 in split test (neural: perhaps neutral, which has 5 in split train); "
        "expected training faces of every class that protocol tiny-categorical tests"
    )


def test_a_class_that_one_fold_alone_has(faces_of, refusal):
    """In "c" and "d": where c is tested, d validates. Where d is tested, c is for training."""
    folds = {"a": [0, 1, 2], "b": [0, 1, 2], "c": [0, 1, 3, 3], "d": [0, 1, 2, 3]}
    assert refusal(faces_of(folds), splits={}, folds=list(folds)) == (
        "found no face of sad in the folds besides c and d, but 2 in c; "
        "expected training faces of every class that protocol tiny-categorical tests"
    )


def test_what_can_be_learnt_is_trained(faces_of, tiny_protocol):
    """Valence and arousal need no classes; every class may be absent from validation, and from the test: that is told."""
    lost = faces_of(LOST)
    assert check_classes(tiny_protocol("dimensional"), lost) == []
    protocol = tiny_protocol(classes=list(CLASSES))
    assert check_classes(protocol, faces_of({"train": [0, 1, 2, 3], "validation": [0], "test": [0, 1, 2, 3]})) == []
    folds = {"a": [0, 1, 2], "b": [0, 1, 2], "c": [0, 1], "d": [0, 1, 2]}
    folded = tiny_protocol(classes=list(CLASSES), splits={}, folds=list(folds))
    where = f"{lost.directory}: no face of"
    assert check_classes(folded, faces_of(folds)) == [f"{where} sad in any fold: the test says nothing about these classes"]


def test_classes_without_a_test_face_are_told_once(faces_of, tiny_protocol, tiny_cell, tmp_path, capsys):
    faces = faces_of({"train": [0, 1, 2, 3], "validation": [0, 1], "test": [1, 2, -1]})
    protocols = [tiny_protocol(classes=list(CLASSES), name=name) for name in ("one", "two")]
    check_data([Run(protocol, tiny_cell(), 0) for protocol in protocols], faces.directory.parent, tmp_path / "runs")
    said = f"{faces.directory}: no face of neutral, sad in split test: the test says nothing about these classes\n"
    assert capsys.readouterr().out == said
