"""Twenty random kills of one `dvc repro` of a small plan: the same command goes on, and ends in what an undisturbed one
makes. The counts are printed (`pytest -m slow -s`)."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
KILLS = 20
PLAN = """
trial:
  seeds: [0, 1]
  data:
    synthetic: {faces: 240}
  runs:
    synthetic-8: [narrow8-12-identity-working-plain]
"""
# What time and machine decide: the costs, and what contains or counts them.
VARYING = ("machine.json", "reports/costs", "dvc.lock")

pytestmark = pytest.mark.slow


def project(folder: Path) -> Path:
    """A clone of this checkout with a plan of two short runs, without the measurements of networks, which take minutes."""
    subprocess.run(["git", "clone", "-q", "--local", ROOT, folder], check=True)
    with open(folder / "benchmark/runs/profiles.yaml", "a") as profiles:
        profiles.write(PLAN)
    subprocess.run(["git", "rm", "-rq", "reports/records"], cwd=folder, check=True)
    pipeline = yaml.safe_load((folder / "dvc.yaml").read_text())
    del pipeline["stages"]["complexity"]
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    subprocess.run([sys.executable, "-m", "benchmark", "profile", "trial"], cwd=folder, env=environment(folder), check=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    own = {"OMP_NUM_THREADS": "1", "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder.with_suffix(".site"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own | {"PATH": path}


def repro(folder: Path, seconds: float | None = None) -> int:
    """Exit status of `dvc repro`, whose processes are all killed after some seconds (None: never)."""
    with open(folder.with_suffix(".log"), "a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro"], cwd=folder, env=environment(folder), stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def not_committed(folder: Path) -> list[str]:
    asked = ["git", "status", "--porcelain", "--ignored", "--untracked-files=all"]
    lines = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if "__pycache__" not in line and ".dvc/" not in line]


def unfinished(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob(".*") if path.name.endswith((".tmp", ".partial"))]


def test_twenty_kills_of_a_whole_pipeline(tmp_path, killed):
    whole, hit = project(tmp_path / "whole"), project(tmp_path / "hit")
    begun = time.monotonic()
    assert repro(whole) == 0, whole.with_suffix(".log").read_text()[-2000:]
    seconds = time.monotonic() - begun
    draw, found = random.Random(15), Counter()
    for _ in range(KILLS):
        status = repro(hit, draw.uniform(0, seconds / 4))
        found["killed" if status == -signal.SIGKILL else f"status {status}"] += 1
        found["leftovers"] += bool(unfinished(hit))
    found["last status"] = repro(hit)
    made = [killed.contents(folder / "data/prepared", folder / "runs", folder / "reports") for folder in (whole, hit)]
    same = [{name: value for name, value in each.items() if not any(word in name for word in VARYING)} for each in made]
    odd = sorted(name for name in same[0].keys() | same[1].keys() if same[0].get(name) != same[1].get(name))
    found["leftovers at the end"] = len(unfinished(hit))
    compared = f"{len(same[0])} files and folders compared, other: {odd}"
    print(f"\nundisturbed {seconds:.0f} s; {KILLS} kills: {dict(found)}; {compared}")
    assert found["last status"] == 0, hit.with_suffix(".log").read_text()[-2000:]
    assert set(found) <= {"killed", "status 0", "leftovers", "last status", "leftovers at the end"}
    assert not found["leftovers at the end"] and not_committed(hit) == not_committed(whole)
    for name in [name for name in odd if name.endswith("predictions.npz")]:  # an archive that states the time
        one, other = (np.load(folder / name) for folder in (whole, hit))
        assert one.files == other.files and all(np.array_equal(one[array], other[array]) for array in one.files)
    assert [name for name in odd if not name.endswith("predictions.npz")] == []
    listed = [path.read_text() for path in (hit / ".dvc/cache").rglob("*.dir")]
    assert listed and not any(".tmp" in text for text in listed)


def test_from_an_archive_without_git(tmp_path):
    """As the README says: after one command, the pipeline runs as in a clone, and its records state no commit."""
    (said,) = re.findall(r"<!-- archive -->\n```sh\n(dvc config .*) && dvc repro\n```", (ROOT / "README.md").read_text())
    folder = project(tmp_path / "archive")
    shutil.rmtree(folder / ".git")
    subprocess.run([sys.executable, "-m", *said.split()], cwd=folder, env=environment(folder), check=True)
    assert repro(folder) == 0, folder.with_suffix(".log").read_text()[-2000:]
    machines = [json.loads(path.read_text()) for path in (folder / "reports/records").rglob("machine.json")]
    assert len(machines) == 2 and all("commit" not in each for each in machines)
