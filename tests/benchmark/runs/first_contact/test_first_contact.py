"""The first contact rehearsed on a CPU, as on a machine with torch and numpy alone; resumed, packed, imported."""

import importlib.util
import json
from pathlib import Path

import pytest

from benchmark.protocol.cells import Run
from benchmark.records.checks.known import Known
from benchmark.records.importing import import_records
from benchmark.runs.plan_file import write_plan

spec = importlib.util.spec_from_file_location("bare_machine", Path(__file__).parents[1] / "test_plan_file.py")
bare_machine = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bare_machine)


@pytest.mark.slow
def test_rehearsal(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    """Eager and compiled, one and two at once; a call whose seconds are too short goes on in the next."""
    from benchmark.records import importing

    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "tiny").symlink_to(tiny_faces.directory)
    protocol = tiny_protocol(epochs=2)
    runs = [Run(protocol, tiny_cell(), seed) for seed in (0, 1)]
    write_plan(runs, tmp_path / "plan.json")
    common = ["first-contact", "--plan", "plan.json", "--prepared", "prepared", "--out", "home", "--device", "cpu"]
    common += ["--at-once", "1", "2", "--timed", "1"]
    short = bare_machine.bare(tmp_path, [*common, "--seconds", "3"])
    assert short.returncode == 3, short.stdout + short.stderr  # no time to find out: nothing is trained
    assert "too few seconds" in short.stderr and not list((tmp_path / "runs").rglob("record.json"))
    done = bare_machine.bare(tmp_path, [*common, "--seconds", "500"])
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "home" / "first-contact.json").read_text())
    assert found == json.loads((tmp_path / "runs" / "first-contact.json").read_text())
    checks = {each["path"]: each for each in found["checks"]}
    assert checks["eager"]["agrees"] and set(checks) == {"eager", "compiled", "step"}
    rates = {(each["path"], each["jobs"]): each for each in found["rates"]}
    assert rates["eager", 1]["images_per_second"] > 0 and len(rates["eager", 2]["each"]) == 2
    for path in ("compiled", "step"):
        assert checks[path]["agrees"] == ((path, 1) in rates), checks[path]
    assert found["chosen"]["path"] in ("eager", "compiled", "step") and found["machine"]["device"]
    again = bare_machine.bare(tmp_path, [*common, "--seconds", "60"])
    assert again.returncode == 0 and "chosen in an earlier call" in again.stdout and "against the CPU" not in again.stdout
    monkeypatch.setattr(importing, "load_protocol", lambda name: protocol)
    taken = import_records(tmp_path / "home", tmp_path / "in", Known(), replace=False, check_only=False).taken
    assert [record.seed for record in taken] == [0, 1]
