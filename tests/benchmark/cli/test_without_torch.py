"""Where nothing is left to train, the stages of a cell do not import torch, which takes seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli.main import main

from .conftest import CELL

KEY = f"tiny_{CELL}"
RECORD = Path("runs/tiny", CELL, "seed1")
ROOT = Path(__file__).parents[3]


def loaded(*command: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that its process has imported at the end."""
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from benchmark.cli.main import main; status = main(sys.argv[1:])\n"
        "print(*sys.modules); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *lines, modules = done.stdout.splitlines()
    return "\n".join(lines), set(modules.split())


HEAVY = {"torch", "timm", "pandas", "sklearn", "matplotlib", "scipy"}


@pytest.fixture
def counted(project):
    """The project after the stage `train`."""
    assert main(["run", "--params", "all", "--data", "tiny"]) == 0
    return project


def test_a_finished_cell_is_only_checked(project):
    kept = {path: path.stat().st_mtime_ns for path in RECORD.iterdir()}
    said, modules = loaded("run", "--params", KEY, "--restart-stale")
    assert said == "2 of 2 runs were finished before\nrecords in runs" and not modules & HEAVY
    assert {path: path.stat().st_mtime_ns for path in RECORD.iterdir()} == kept


def test_torch_is_there_where_something_is_left(project):
    (RECORD / "record.json").unlink()
    said, modules = loaded("run", "--params", KEY, "--restart-stale", "--jobs", "1")
    assert "[2/2] tiny / " in said and "torch" in modules and (RECORD / "record.json").is_file()


def test_a_collected_cell_is_compared_with_networks_that_the_training_counted(counted, capsys):
    """42,000-odd parameters are counted by torch in the stage `train`, once; and a forged number is found all the same."""
    (number,) = json.loads(Path("runs/networks/tiny.json").read_text()).values()
    assert number == json.loads((RECORD / "record.json").read_text())["parameters"]
    said, modules = loaded("run", "--params", "all", "--data", "tiny")
    assert "finished before" in said and not modules & HEAVY
    assert not loaded("collect", "--params", KEY)[1] & HEAVY
    said, modules = loaded("run", "--params", KEY, "--restart-stale", "--collect")  # the stage `run`
    assert said == "2 of 2 runs were finished before\nrecords in runs" and not modules & HEAVY
    Path("runs/networks/tiny.json").unlink()
    assert "torch" in loaded("collect", "--params", KEY)[1]


@pytest.mark.parametrize("contents", ["", "{", "[]", '{"0123456789abcdef": 5}'])
def test_a_file_of_counts_that_is_no_help_changes_nothing(counted, contents, monkeypatch):
    """The network is built again, as without the file. (That this imports torch is shown above.)"""
    from benchmark.runs import parameters

    count, built = parameters._count, []
    monkeypatch.setattr(parameters, "_count", lambda network: built.append(network[0]) or count(network))
    assert main(["collect", "--params", KEY]) == 0 and built == []
    Path("runs/networks/tiny.json").write_text(contents)
    assert main(["collect", "--params", KEY]) == 0 and set(built) == {"mini-xception"}


def test_a_forged_number_is_found_without_torch(counted, forge, capsys):
    forge(RECORD, lambda contents: contents.update(parameters=123))
    assert main(["collect", "--params", KEY]) == 2
    assert "seed1, parameters: found 123; expected" in capsys.readouterr().err


def test_counts_of_other_code_do_not_count(counted, monkeypatch):
    from benchmark.runs import parameters

    counts = parameters.read_counts(Path("runs/networks/tiny.json"))
    network = ("mini-xception", 3, 3, 16, "{}")
    assert parameters._key(network) in counts
    parameters._key.cache_clear()
    monkeypatch.setattr("benchmark.runs.sources.code_digest", lambda model: "0123456789abcdef")
    assert parameters._key(network) not in counts
    parameters._key.cache_clear()


@pytest.mark.parametrize("name", ["fer2013", "."])
def test_a_data_set_that_is_not_in_the_plan(project, name, capsys):
    assert main(["run", "--params", "all", "--data", name]) == 2
    assert f"--data: found '{name}'; expected a data set of params.yaml" in capsys.readouterr().err


def test_data_alone_is_refused(project, capsys):
    assert main(["run", "--params", KEY, "--data", "tiny"]) == 2
    assert "ferbench run: found --data without --params all" in capsys.readouterr().err
