"""Runs over a Ray cluster: two nodes of processes on this machine, one of them killed with signal 9 in mid-run."""

import json
import os
import secrets
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli.main import main
from benchmark.protocol.cells import Cell, Run
from benchmark.records.record import read_record
from benchmark.runs import cluster
from benchmark.runs.plan_file import write_plan

ROOT = Path(__file__).parents[3]
VARYING = ("cost", "environment")
# A network that takes its time without taking the processor's, and saves its progress often. Its bits are those of the
# network that it wraps.
SLOW_NETWORK = """
    import time
    from torch import nn
    from ablations.network import residual
    from benchmark.runs.training import train as training

    training.CHECKPOINT_SECONDS = 0.3

    class Slow(nn.Module):
        def __init__(self, inner, seconds):
            super().__init__()
            self.inner, self.seconds = inner, seconds

        def forward(self, pictures):
            time.sleep(self.seconds)
            return self.inner(pictures)

    def slow(*, num_outputs, in_channels, input_size, seconds, shortcut):
        sizes = {"num_outputs": num_outputs, "in_channels": in_channels, "input_size": input_size}
        return Slow(residual(**sizes, units=[1, 1, 1], widths=[4, 8], shortcut=shortcut), seconds)
"""


def test_without_ray_it_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["run", "synthetic-8", "narrow8-12-fixed-working-plain", "--engine", "ray"]) == 2
    assert "--engine ray: found no package ray; expected it installed: pip install" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class Nodes:
    """What `cluster` asks of Ray, with given machines."""

    def __init__(self, *resources):
        self.found = [{"Alive": True, "Resources": each} for each in resources]
        self.found.append({"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}})

    def nodes(self):
        return self.found


def test_shares_of_machines():
    """Counted by hand: 8 cores and 2 GPUs, 4 cores and 1 GPU; a lost machine counts for nothing."""
    ray = Nodes({"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0, "GPU": 1.0})
    assert cluster._gpus(ray, cluster.Share()) == 1
    assert cluster._slots(ray, cluster.Share(gpus=1.0)) == 3
    assert cluster._slots(ray, cluster.Share(gpus=0.25)) == 8 + 4
    assert cluster._slots(ray, cluster.Share(gpus=0.25, cpus=2)) == 4 + 2
    assert cluster._gpus(Nodes({"CPU": 2.0}), cluster.Share()) == 0
    assert cluster._slots(Nodes({"CPU": 2.0}, {"CPU": 3.0}), cluster.Share(gpus=0.0)) == 5
    with pytest.raises(cluster.BadInput, match="2 cores and 0 GPUs; expected a machine with 1 cores and 0.5 GPUs"):
        cluster._gpus(Nodes({"CPU": 2.0}), cluster.Share(gpus=0.5))
    with pytest.raises(cluster.BadInput, match="a machine with 16 cores"):
        cluster._gpus(ray, cluster.Share(cpus=16))


@pytest.fixture
def place(tmp_path, tiny_faces, tiny_protocol, monkeypatch) -> Path:
    """A folder with a slow network, the FaceSet, and a plan of two cells and two seeds; Ray with a token of its own."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    (tmp_path / "slow_network.py").write_text(textwrap.dedent(SLOW_NETWORK))
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "tiny").symlink_to(tiny_faces.directory)
    protocol = tiny_protocol(epochs=6)
    runs = [
        Run(protocol, Cell(f"slow-{shortcut}", "slow_network:slow", {"seconds": 0.4, "shortcut": shortcut}, "plain"), seed)
        for seed in (0, 1)
        for shortcut in ("identity", "adaptive")
    ]
    write_plan(runs, tmp_path / "plan.json")
    return tmp_path


def command(place: Path, out: str, *more: str) -> dict:
    path = os.pathsep.join([str(ROOT), str(place)])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "benchmark", "run", "--plan", "plan.json", "--prepared", "prepared", "--out", out, *more]
    given = {"cwd": place, "env": environment, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return {"args": line} | given


def children(pid: int) -> list[int]:
    """All processes below one."""
    own = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return own + [below for each in own for below in children(each)]


def same_records(first: Path, second: Path) -> None:
    found = {path.parent.relative_to(first) for path in first.rglob("record.json")}
    assert len(found) == 4 and found == {path.parent.relative_to(second) for path in second.rglob("record.json")}
    for each in found:
        one, two = read_record(first / each), read_record(second / each)
        assert {k: v for k, v in one.contents.items() if k not in VARYING} == {
            k: v for k, v in two.contents.items() if k not in VARYING
        }
        for name, array in one.predictions.items():
            np.testing.assert_array_equal(array, two.predictions[name])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a node in /proc")
def test_a_node_killed_in_mid_run_costs_only_its_running_epochs(place):
    pytest.importorskip("ray", reason="needs the extra `cluster`: pip install 'ferbench[cluster]'")
    from ray.cluster_utils import Cluster

    whole = subprocess.run(**command(place, "here", "--jobs", "2"))
    assert whole.returncode == 0, whole.stdout
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        lost = machines.add_node(num_cpus=1)
        machines.wait_for_nodes()
        driver = subprocess.Popen(**command(place, "ray", "--engine", "ray", "--address", machines.address))
        deadline = time.time() + 120
        while len(list((place / "ray").rglob("*.checkpoint"))) < 2:  # one run on each node, both well under way
            assert driver.poll() is None and time.time() < deadline, driver.communicate()[0]
            time.sleep(0.05)
        raylet = lost.all_processes["raylet"][0].process.pid
        for pid in [raylet, *children(raylet)]:
            os.kill(pid, signal.SIGKILL)
        assert len(list((place / "ray").rglob("record.json"))) == 0, "a run had finished before the node was killed"
        output, _ = driver.communicate(timeout=300)
        assert driver.returncode == 0, output
    finally:
        machines.shutdown()
    assert "[4/4]" in output and "resumed in epoch" in output
    same_records(place / "here", place / "ray")
    assert not list((place / "ray").rglob("*.checkpoint")) and not list((place / "ray").glob(".*"))


@pytest.mark.slow
def test_a_time_budget_and_storage_that_is_not_shared(place):
    """Stopped by its budget and resumed; then the same with records sent back, as where a task sees other storage."""
    pytest.importorskip("ray", reason="needs the extra `cluster`: pip install 'ferbench[cluster]'")
    start = time.time()
    first = subprocess.run(**command(place, "ray", "--engine", "ray", "--time-budget", "25"))
    assert first.returncode == 3 and "the next call resumes" in first.stdout
    assert time.time() - start < 25
    assert list((place / "ray").rglob("*.checkpoint"))
    assert subprocess.run(**command(place, "ray", "--engine", "ray")).returncode == 0
    wrong = subprocess.run(**command(place, "wrong", "--engine", "ray", "--prepared", "nowhere"))
    assert wrong.returncode == 2 and "nowhere/tiny: found no meta.json" in wrong.stdout.splitlines()[-1]
    assert list((place / "wrong").iterdir()) == []
    assert subprocess.run(**command(place, "here", "--jobs", "2")).returncode == 0
    same_records(place / "here", place / "ray")
    # What a task sends, and what the driver makes of it.
    run = json.loads((place / "plan.json").read_text())["runs"][0]
    made = place / "here" / run[0] / run[1] / f"seed{run[2]}"
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    cluster._keep(files, place / "sent" / "seed0")
    assert read_record(place / "sent" / "seed0").contents == read_record(made).contents
