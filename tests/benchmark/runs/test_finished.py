"""What is told finished without torch is what the training takes for finished."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.leftovers import _machine
from benchmark.protocol.cells import Run
from benchmark.runs import sources
from benchmark.runs.finished import all_finished
from benchmark.runs.runner import Site, run_all
from benchmark.runs.training.train import existing_record

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made(tiny_faces, tiny_protocol, tiny_cell, tmp_path_factory):
    """(run, folder of runs, folder of FaceSets), trained once."""
    run, out = Run(tiny_protocol(epochs=1, tta=["none"]), tiny_cell(), 0), tmp_path_factory.mktemp("runs")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    run_all([run], Site(tiny_faces.directory.parent, out, CPU))
    torch.set_num_threads(before)
    return run, out, tiny_faces.directory.parent


@pytest.fixture
def there(made, tmp_path):
    """The same, in copies that may be changed."""
    run, out, prepared = made
    shutil.copytree(out, tmp_path / "runs")
    shutil.copytree(prepared, tmp_path / "prepared")
    return run, tmp_path / "runs", tmp_path / "prepared"


def trains(run: Run, out: Path, prepared: Path) -> bool:
    """Whether the training finds something to do, or stops because of what is there."""
    try:
        return existing_record(run, open_faceset(prepared / "tiny"), out / run.place, CPU) is None
    except BadInput:
        return True


def recoded(path: Path, **changes: object) -> None:
    contents = json.loads(path.read_text())
    path.write_text(json.dumps(contents | changes))


def other_label(prepared: Path) -> None:
    """The same pictures with another label of the last face."""
    faces = open_faceset(prepared / "tiny")
    label = faces.expression.copy()
    label[-1] = (label[-1] + 1) % 3
    write_faceset(
        prepared / "tiny", faces.pictures[:], name="tiny", version="1.0", classes=faces.classes, id=list(faces.id),
        split=list(faces.split), expression=label, valence=faces.valence, arousal=faces.arousal,
    )  # fmt: skip


CHANGES = {
    "nothing": lambda record, prepared: None,
    "no record": lambda record, prepared: shutil.rmtree(record),
    "no record.json": lambda record, prepared: (record / "record.json").unlink(),
    "an altered record.json": lambda record, prepared: recoded(record / "record.json", seed=1),
    "an altered machine.json": lambda record, prepared: recoded(record / "machine.json", seal="0"),
    "no predictions": lambda record, prepared: (record / "predictions.npz").unlink(),
    "damaged predictions": lambda record, prepared: (record / "predictions.npz").write_bytes(b"PK"),
    "no weights": lambda record, prepared: (record / "weights.pt").unlink(),
    "no FaceSet": lambda record, prepared: shutil.rmtree(prepared / "tiny"),
    "altered faces": lambda record, prepared: (prepared / "tiny" / "faces.csv").write_text("id\n"),
    "other labels": lambda record, prepared: other_label(prepared),
}


@pytest.mark.parametrize("change", CHANGES)
def test_both_ways_agree_on_what_lies_there(there, change):
    run, out, prepared = there
    CHANGES[change](out / run.place, prepared)
    assert all_finished([run], prepared, out) == (not trains(*there))
    assert all_finished([run], prepared, out) == (change in ("nothing", "no weights"))


@pytest.mark.parametrize("what", ["protocol", "cell", "seed"])
def test_both_ways_agree_on_another_run_in_the_same_folder(there, tiny_protocol, tiny_cell, what):
    run, out, prepared = there
    other = {"protocol": tiny_protocol(epochs=2, tta=["none"]), "cell": tiny_cell("weighted"), "seed": 1}
    changed = dataclasses.replace(run, **{what: other[what]})
    if what == "seed":
        (out / run.place).rename(out / changed.place)
    assert changed.place == run.place or what == "seed"
    assert trains(changed, out, prepared) and not all_finished([changed], prepared, out)


def test_both_ways_agree_on_other_code(there, monkeypatch):
    assert all_finished([there[0]], there[2], there[1])
    monkeypatch.setattr(sources, "code_digest", lambda model: "0123456789abcdef")
    run, out, prepared = there
    assert trains(*there) and not all_finished([run], prepared, out)


def test_one_run_that_is_left_is_enough(there):
    run, out, prepared = there
    assert not all_finished([run, dataclasses.replace(run, seed=1)], prepared, out)


def test_a_diverged_run_is_finished_without_predictions(tiny_faces, tiny_protocol, tiny_cell, tmp_path, one_thread):
    recipe = {"learning_rate": 1e18, "optimizer": "adam", "weight_decay": 0.0, "gradient_clip": 0.0, "warmup": 0.0}
    run = Run(tiny_protocol(epochs=1, tta=["none"], recipe=recipe), tiny_cell(), 0)
    run_all([run], Site(tiny_faces.directory.parent, tmp_path, CPU))
    assert not (tmp_path / run.place / "predictions.npz").exists()
    assert all_finished([run], tiny_faces.directory.parent, tmp_path)


def test_what_killed_calls_have_left_beside_it_goes(there):
    run, out, prepared = there
    folder = (out / run.place).parent
    (folder / "seed0.checkpoint").write_bytes(b"of the last step")
    (folder / f".seed0.{_machine()}-01234567.tmp").mkdir()
    assert all_finished([run], prepared, out)
    assert [path.name for path in folder.iterdir()] == ["seed0"]
