"""Verbs on a disk that is full or read-only: one line and status 4, and the same command ends once there is room.

They need the right to mount a file system in memory (root, on Linux), and are left out where there is none.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from benchmark.files import read_yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PARAMS = """\
seeds: [0, 1]
data: {synthetic: {options: {faces: 480, size: 32}}}
runs: {a: {protocol: few.yaml, data: synthetic, package: ablations, cell: a, model: residual,
  options: {units: [1, 1, 1], widths: [4, 8], shortcut: adaptive}, loss: plain}}
"""
FEW = 4  # epochs
PREPARE, RUN = ["prepare", "synthetic", "--params"], ["run", "--params", "a", "--jobs", "2"]
PLENTY = 400 * 2**20


def project(here: Path) -> None:
    """Lay out a project whose runs are short."""
    (here / "params.yaml").write_text(PARAMS)
    contents = read_yaml(ROOT / "benchmark" / "protocol" / "protocols" / "synthetic-8.yaml")
    (here / "few.yaml").write_text(yaml.safe_dump(contents | {"name": "few", "epochs": FEW, "input_size": 32}))


def mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True).returncode


@pytest.fixture
def disk(tmp_path):
    """A disk of its own, and a function that gives it another size in bytes or makes it read-only ("ro")."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or mount("-t", "tmpfs", "-o", f"size={PLENTY}", "tmpfs", str(place)):
        pytest.skip("no right to mount a file system")

    def again(how: int | str) -> None:
        option = f"rw,size={how}" if isinstance(how, int) else how
        assert mount("-o", f"remount,{option}", str(place)) == 0

    yield place, again
    subprocess.run(["umount", "-l", str(place)], check=True)


def ferbench(here: Path, argv: list[str]) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *argv], cwd=here, env=environment, capture_output=True, text=True
    )


def refused(done: subprocess.CompletedProcess, words: str) -> None:
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("ferbench: ") and words in done.stderr


def used(place: Path) -> int:
    return shutil.disk_usage(place).used


def test_too_little_room_is_said_before_the_work(disk):
    here, again = disk
    project(here)
    for argv in (PREPARE, RUN):
        again(used(here) + 2**20)
        before = sorted(here.rglob("*"))
        refused(ferbench(here, argv), "too little for")
        assert sorted(here.rglob("*")) == before
        again("ro")
        refused(ferbench(here, argv), "read-only file system; name a folder that can be written to")
        again(PLENTY)
        done = ferbench(here, argv)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("left", [0, 20_000])
def test_a_disk_that_fills_up_during_the_work(disk, left):
    """Somebody else fills it: the check before the work has passed."""
    here, again = disk
    project(here)
    assert ferbench(here, PREPARE).returncode == 0
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "benchmark", *RUN], cwd=here, env=environment, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    while not list(here.glob("runs/*/*/*.checkpoint")) and process.poll() is None:
        time.sleep(0.01)
    while mount("-o", f"remount,rw,size={used(here) + left}", str(here)) and process.poll() is None:
        pass  # more was written meanwhile, and a disk does not become smaller than its contents
    _, error = process.communicate()
    refused(subprocess.CompletedProcess([], process.returncode, "", error), "no space left on device")
    again(PLENTY)
    done = ferbench(here, RUN)
    assert done.returncode == 0, done.stderr
    assert len(list(here.glob("runs/*/*/*/record.json"))) == 2
    assert not list(here.rglob("*.checkpoint"))
