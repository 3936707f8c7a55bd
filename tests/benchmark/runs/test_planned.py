"""The files on which the stages of a cell depend: each changes with what decides its cell, and with nothing else."""

import copy
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.runs.params import all_runs
from benchmark.runs.planned import write_planned

ROOT = Path(__file__).parents[3]
ONE, OTHER = "synthetic-8_resnet18-plain", "synthetic-va_narrow8-12-identity-working-mse"


@pytest.fixture(scope="module")
def params(tmp_path_factory) -> dict:
    from benchmark.runs.params import write_params

    return write_params("default", tmp_path_factory.mktemp("plan") / "params.yaml")


def written(params: dict, folder: Path) -> dict[str, str]:
    write_planned(params, folder)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.txt")}


def changed(params: dict, tmp_path: Path, change) -> set[str]:
    """Files that a change of params.yaml changes."""
    other = copy.deepcopy(params)
    change(other)
    before, after = written(params, tmp_path), written(other, tmp_path)
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def test_a_file_has_the_hashes_that_records_have(params, tmp_path):
    runs = [run for run in all_runs(params) if f"{run.protocol.name}_{run.cell.name}" == ONE]
    assert written(params, tmp_path)[f"cells/{ONE}.txt"] == (
        f"protocol synthetic-8 {runs[0].protocol.hash}\ncell resnet18-plain {runs[0].cell.hash}\nseeds 0 1 2\n"
    )
    assert len(runs) == 3


def test_of_all_values_only_those_that_decide_a_cell_change_its_file(params, tmp_path):
    of = {protocol: {f"cells/{key}.txt" for key in params["runs"] if key.startswith(f"{protocol}_")}
          for protocol in params["protocols"]}  # fmt: skip
    assert changed(params, tmp_path, lambda p: None) == set()
    assert changed(params, tmp_path, lambda p: p["data"]["synthetic"]["options"].update(faces=300)) == set()
    assert changed(params, tmp_path, lambda p: p["runs"][ONE].update(seeds=[0, 1])) == {f"cells/{ONE}.txt"}
    assert changed(params, tmp_path, lambda p: p.update(seeds=[0, 1])) == of["synthetic-8"] | of["synthetic-va"]
    for value in ({"epochs": 2}, {"learning_rate": 0.002}, {"batch_size": 16}, {"augmentation": "standard"}):
        found = changed(params, tmp_path, lambda p, value=value: p["protocols"]["synthetic-va"].update(value))
        assert found == of["synthetic-va"] | {"networks.txt"}  # which names the turned protocol
    resized = changed(params, tmp_path, lambda p: p["protocols"]["synthetic-8"].update(input_size=24))
    assert resized == of["synthetic-8"] | {"networks.txt"}


def test_another_definition_of_a_cell_changes_its_file_alone(params, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.runs.checked_params.check_installed", lambda *arguments: None)
    assert changed(params, tmp_path, lambda p: p["runs"][OTHER].update(loss="ccc")) == {f"cells/{OTHER}.txt"}
    found = changed(params, tmp_path, lambda p: p["runs"][OTHER]["options"].update(widths=[8, 16, 33]))
    assert found == {f"cells/{OTHER}.txt", "networks.txt"}


def test_files_of_cells_that_left_the_plan_go(params, tmp_path):
    written(params, tmp_path)
    fewer = params | {"runs": {ONE: params["runs"][ONE]}, "protocols": {"synthetic-8": params["protocols"]["synthetic-8"]}}
    assert set(written(fewer, tmp_path)) == {f"cells/{ONE}.txt", "networks.txt"}
    assert (tmp_path / "networks.txt").read_text().count("\n") == 1


def test_what_is_refused_changes_nothing(params, tmp_path):
    before = written(params, tmp_path)
    lying = copy.deepcopy(params)
    lying["runs"][ONE]["loss"] = "focal"
    with pytest.raises(BadInput, match="loss: found focal; expected plain"):
        write_planned(lying, tmp_path)
    assert {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.txt")} == before


def test_the_committed_files_are_those_of_the_committed_plan(tmp_path):
    found = written(read_yaml(ROOT / "params.yaml"), tmp_path)
    committed = ROOT / "reports" / "plan"
    assert {path.relative_to(committed).as_posix(): path.read_text() for path in committed.rglob("*.txt")} == found
