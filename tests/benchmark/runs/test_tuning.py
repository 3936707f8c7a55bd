"""Tuning: what is tried, on what, and what is logged."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.protocol import load_protocol
from benchmark.records.record import read_record
from benchmark.runs import tuning
from benchmark.runs.runner import Site
from benchmark.runs.tuning import Search, load_search, table, trial_protocol, tune
from benchmark.runs.tuning_log import read_log

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def without_test(tmp_path_factory, tiny_faces):
    """The FaceSet `tiny` without any row of its test split."""
    kept = tiny_faces.split != "test"
    return write_faceset(
        tmp_path_factory.mktemp("prepared") / "tiny",
        np.array(tiny_faces.pictures)[kept],
        name="tiny",
        version="1.0",
        classes=tiny_faces.classes,
        id=tiny_faces.id[kept].tolist(),
        split=tiny_faces.split[kept].tolist(),
        expression=tiny_faces.expression[kept],
        valence=tiny_faces.valence[kept],
        arousal=tiny_faces.arousal[kept],
    )


@pytest.fixture
def search(tiny_protocol, tiny_cell):
    cells = tuple(dataclasses.replace(tiny_cell(shortcut=s), name=s) for s in ("identity", "adaptive"))
    return Search("tiny", tiny_protocol(), cells, (0,), 2, ({}, {"learning_rate": 0.01}))


def test_the_test_split_is_not_needed_and_every_trial_is_logged_once(tmp_path, without_test, search):
    """Trained on faces of which none is a test face; stopped before the first; made again without a change."""
    places = Site(without_test.directory.parent, tmp_path / "out", CPU)
    log = tmp_path / "tiny.jsonl"
    with pytest.raises(Interrupted):
        tune(search, places, log, time_budget=0.0)
    assert read_log(log) == []
    lines = tune(search, places, log)
    assert lines == read_log(log) and len(lines) == 4
    effort = {(line["cell"], json.dumps(line["changes"])): (line["seed"], len(line["validation"])) for line in lines}
    assert len(effort) == 4 and set(effort.values()) == {(0, 2)}  # two cells, two trials, the same seed and epochs
    for line, (changes, run) in zip(lines, search.runs(), strict=True):
        record = read_record(places.out / run.place)
        labels, outputs = record.outputs("validation")
        assert line["changes"] == changes and line["best"] == np.mean(outputs.argmax(1) == labels)  # of the chosen weights
        assert line["best_epoch"] == record["selected_epoch"]
        assert line["recipe"]["learning_rate"] == changes.get("learning_rate", search.protocol.recipe.learning_rate)
        validation = without_test.id[without_test.split == "validation"]
        assert set(record.predictions["test_ids"]) == set(validation)
    before = log.read_bytes()
    tune(search, places, log)
    assert log.read_bytes() == before


def test_lines_are_only_added(tmp_path, without_test, search):
    places, log = Site(without_test.directory.parent, tmp_path / "out", CPU), tmp_path / "tiny.jsonl"
    first = tune(dataclasses.replace(search, trials=({},)), places, log)
    assert tune(search, places, log)[: len(first)] == first and len(read_log(log)) == 4
    log.write_text(log.read_text() + "{}\n")
    before = log.read_bytes()
    with pytest.raises(BadInput, match="line 5: found missing or of another type: trial, cell_hash, .*; expected a trial"):
        tune(search, places, log)
    assert log.read_bytes() == before


A_TRIAL = {
    "trial": "t", "cell_hash": "h", "seed": 100, "code": "c", "fingerprint": "f", "device_type": "cpu", "protocol": "p",
    "cell": "one", "status": "finished", "metric": "accuracy", "epochs": 4, "changes": {},
    "recipe": {"learning_rate": 0.001}, "train_loss": [1.0], "train_seconds": 2.0, "best": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"cell": None}, "of another type: cell"),
        ({"recipe": "small"}, "of another type: recipe"),
        ({"recipe": {}}, "learning_rate of the recipe"),
        ({"recipe": {"learning_rate": -1.0}}, "learning_rate of the recipe"),
        ({"train_seconds": None}, "of another type: train_seconds"),
        ({"train_seconds": float("inf")}, "train_seconds: found inf"),
        ({"best": "0.5"}, "of another type: best"),
        ({"best": float("nan")}, "best: found nan"),
        ({"best": None}, "best: found None; expected what goes with status finished"),
        ({"status": "diverged"}, "best: found 0.5; expected what goes with status diverged"),
    ],
)
def test_a_line_that_is_no_trial_is_named(tmp_path, changes, found):
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(A_TRIAL) + "\n")
    assert read_log(log) == [A_TRIAL] and read_log(tmp_path / "nothing.jsonl") == []
    log.write_text(json.dumps(A_TRIAL) + "\n" + json.dumps(A_TRIAL | changes) + "\n")
    with pytest.raises(BadInput, match=f"log.jsonl, line 2.*{found}"):
        read_log(log)


def test_a_log_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("log.jsonl", "folder.jsonl"):
        with pytest.raises(BadInput, match=f"{name}: found nothing to read"):
            read_log(tmp_path / name)


def test_what_is_refused_leaves_no_log(tmp_path, search):
    with pytest.raises(BadInput, match="no meta.json"):
        tune(search, Site(tmp_path / "nowhere", tmp_path / "out", CPU), tmp_path / "tiny.jsonl")
    assert not (tmp_path / "tiny.jsonl").exists()


def test_a_trial_changes_what_it_says_and_nothing_else():
    protocol = load_protocol("fer2013-7")
    trial = trial_protocol(protocol, {"weight_decay": 0.2}, 7, "s").as_dict()
    changed = {key for key, value in protocol.as_dict().items() if trial[key] != value}
    assert changed == {"name", "splits", "recipe", "epochs", "tta"}
    assert trial["splits"] == {"train": "Training", "validation": "PublicTest", "test": "PublicTest"}
    assert trial["recipe"] == protocol.as_dict()["recipe"] | {"weight_decay": 0.2}
    with pytest.raises(BadInput, match="momentum"):
        trial_protocol(protocol, {"momentum": 0.9}, 7, "s")


def test_the_committed_searches(tmp_path):
    """Both shortcuts of the claim with equal effort; the same from the file for machines without pyyaml."""
    for name in ("synthetic", "fer2013"):
        search = load_search(name)
        assert {cell.options.get("shortcut") for cell in search.cells} == {"identity", "adaptive"}
        runs = search.runs()
        assert len(runs) == len(search.trials) * len(search.cells) * len(search.seeds)
        tuning.write_search(search, tmp_path / "search.json")
        assert load_search(str(tmp_path / "search.json")).as_dict() == search.as_dict()
    with pytest.raises(BadInput, match="search: found 'nothing'"):
        load_search("nothing")
    with pytest.raises(BadInput, match="a trial, a cell or a seed twice"):
        tuning._checked(dataclasses.replace(search, trials=({}, {})))
    with pytest.raises(BadInput, match="folds"):
        tuning._checked(dataclasses.replace(search, protocol=load_protocol("diffusionfer-7")))


def test_table():
    """By hand: means over seeds, a diverged run never averaged in, the last line of a trial made again."""

    def line(trial, cell, seed, best, changes):
        return {
            "trial": trial,
            "cell": cell,
            "seed": seed,
            "best": best,
            "changes": changes,
            "epochs": 5,
            "metric": "accuracy",
        }

    lines = [
        line("a", "one", 0, 0.9, {}),
        line("a", "one", 0, 0.5, {}),
        line("a", "one", 1, 0.6, {}),
        line("a", "two", 0, 0.7, {}),
        line("b", "one", 0, 0.8, {"learning_rate": 0.01}),
        line("b", "two", 0, None, {"learning_rate": 0.01}),
    ]
    assert table(lines)[2:] == [
        "| as it is, 5 epochs | 55.0 (2) | 70.0 (1) | 62.5 |",
        "| learning_rate 0.01, 5 epochs | 80.0 (1) | 1 diverged |  |",
    ]
