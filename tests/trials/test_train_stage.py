"""The stage `train` in a `dvc repro`: it makes all runs, and each stage of a cell finds its own; it goes on after a kill; a
changed cell is trained alone; a cell can be made without the others."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLAN = """
trial:
  seeds: [0, 1]
  data:
    synthetic: {faces: 240}
  runs:
    synthetic-8: [trial-one, trial-two, mini-xception-plain]
"""
CELL = "  trial-%s: {model: residual, options: {units: [1, 1, 1], widths: [4, %d], shortcut: %s}, loss: plain}\n"
KEPT = ("prepare", "sources", "plan", "train", "run")
ONE, TWO, THIRD = (f"synthetic-8_{name}" for name in ("trial-one", "trial-two", "mini-xception-plain"))

pytestmark = pytest.mark.slow


def define(folder: Path, width: int) -> None:
    """Define the plan's own cells, of which `trial-two` has this width, and select the plan."""
    original = (ROOT / "ablations/cells.yaml").read_text()
    own = "cells:\n" + CELL % ("one", 8, "identity") + CELL % ("two", width, "fixed")
    assert "\ncells:" not in f"\n{original}"
    (folder / "ablations/cells.yaml").write_text(original.rstrip() + "\n" + own)
    subprocess.run([sys.executable, "-m", "benchmark", "profile", "trial"], cwd=folder, env=environment(folder), check=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A clone with six short runs and the stages that make them."""
    folder = tmp_path_factory.mktemp("train") / "clone"
    subprocess.run(["git", "clone", "-q", "--local", ROOT, folder], check=True)
    with open(folder / "benchmark/runs/profiles.yaml", "a") as profiles:
        profiles.write(PLAN)
    pipeline = yaml.safe_load((folder / "dvc.yaml").read_text())
    pipeline = {"stages": {name: pipeline["stages"][name] for name in KEPT}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    (folder / "dvc.lock").unlink()
    define(folder, 8)
    return folder


def environment(folder: Path) -> dict[str, str]:
    own = {"OMP_NUM_THREADS": "2", "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder.with_suffix(".site"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own | {"PATH": path}


def repro(folder: Path, *targets: str) -> dict[str, str]:
    """Stage -> what it said, of those that `dvc repro` ran, in order."""
    command = [sys.executable, "-m", "dvc", "repro", *targets]
    done = subprocess.run(command, cwd=folder, env=environment(folder), text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = re.split(r"^Running stage '(.*)':\n", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def records(folder: Path) -> dict[str, int]:
    """Folder of a finished run -> when it was made. Not those that are being written."""
    found = (folder / "runs").glob("*/*/seed*/record.json")
    return {path.parent.as_posix(): path.stat().st_mtime_ns for path in found}


def test_a_whole_plan_a_kill_and_a_changed_cell(project):
    said = repro(project, f"run@{ONE}")
    assert f"run@{ONE}" in said and len(records(project)) == 2, "a stage `run` made alone trains its own cell"

    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], cwd=project, env=environment(project), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while len(records(project)) < 3 and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = records(project)
    assert 3 <= len(before) < 6

    said = repro(project)
    keys = yaml.safe_load((project / "params.yaml").read_text())["runs"]
    made = [name for name in said if name.startswith(("train", "run"))]  # in the order of dvc.yaml, on which all this rests
    assert made == ["train@synthetic", *(f"run@{key}" for key in keys if key != ONE)]
    after = records(project)
    assert len(after) == 6 and before.items() <= after.items(), "finished runs are not made again"
    assert all("2 of 2 runs were finished before" in told for name, told in said.items() if name.startswith("run@"))
    assert repro(project) == {}

    define(project, 12)
    said = repro(project)
    changed = {place for place, made in records(project).items() if after.get(place) != made}
    assert changed == {(project / f"runs/synthetic-8/trial-two/seed{seed}").as_posix() for seed in (0, 1)}
    sources = ["sources@ablations", "sources@baselines"]  # both have cells.yaml among their files, and write what they wrote
    assert list(said) == [*sources, "plan", "train@synthetic", f"run@{TWO}"]
    assert "2 of 2 runs were finished before" in said[f"run@{TWO}"] and THIRD not in "".join(said)


def test_a_deleted_run_is_made_again_by_its_own_stage(project):
    """The stage `train` is not stale for it, and DVC does not take its small file for the training."""
    for seed in ("seed0", "seed1"):
        subprocess.run(["rm", "-r", project / "runs/synthetic-8/trial-two" / seed], check=True)
    before = records(project)
    said = repro(project)
    assert f"run@{TWO}" in said and before.items() < records(project).items() and len(records(project)) == 6
    subprocess.run(["rm", "-r", project / "runs"], check=True)
    said = repro(project)
    assert "train@synthetic" in said and len(records(project)) == 6
    assert all("finished before" in told for name, told in said.items() if name.startswith("run@"))


def test_a_lock_that_is_written_once(project):
    """The commands of docs/experiments.md: no stage `run` is left, and it is the lock that the stages themselves write."""
    stages, own = project / "dvc.lock", re.compile(r"^  run@.*:\n(?:    .*\n)+", re.MULTILINE)
    before, kept = own.findall(stages.read_text()), records(project)
    assert len(before) == 3
    stages.unlink()
    subprocess.run(["rm", "-r", project / "reports/records"], check=True)
    assert "train@synthetic" in repro(project, "train")
    command = [sys.executable, "-m", "dvc", "commit", "-f", "run"]
    subprocess.run(command, cwd=project, env=environment(project), check=True)
    assert sorted(own.findall(stages.read_text())) == sorted(before)
    assert repro(project) == {} and records(project) == kept
