"""What a time budget leaves to the next call. Time is a clock of the test's own, which only a network's passes move: no test
waits, and a loaded machine changes nothing."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.errors import Interrupted, StopRequest
from benchmark.protocol.cells import Cell, Run
from benchmark.records.record import read_record
from benchmark.runs.cluster import Watch
from benchmark.runs.plan_file import write_plan
from benchmark.runs.runner import Site, run_all
from benchmark.runs.time_budget import CAUTION, TimeBudget, reserve, seconds_ahead, views
from benchmark.runs.training import train as training

ROOT = Path(__file__).parents[3]
VARYING = ("cost", "environment")
# A network whose every pass moves the clock, and a process that ends itself at a pass, as signal 9 from outside would.
TIMED_NETWORK = """
    import os
    import signal
    import time
    from torch import nn
    from ablations.network import residual
    from benchmark.runs.training import train as training

    class Clock:
        now, passes = 1000.0, 0

        def __call__(self):
            return self.now

    clock = Clock()

    def install():
        time.monotonic = time.perf_counter = clock
        training.CHECKPOINT_SECONDS = 0.3

    class Timed(nn.Module):
        def __init__(self, inner, step, evaluation):
            super().__init__()
            self.inner, self.seconds = inner, {True: step, False: evaluation}

        def forward(self, pictures):
            clock.now += self.seconds[self.training]
            clock.passes += 1
            if clock.passes == int(os.environ.get("KILLED_AT_PASS", 0)):
                os.kill(os.getpid(), signal.SIGKILL)
            return self.inner(pictures)

    def timed(*, num_outputs, in_channels, input_size, shortcut, step, evaluation):
        sizes = {"num_outputs": num_outputs, "in_channels": in_channels, "input_size": input_size}
        return Timed(residual(**sizes, units=[1, 1, 1], widths=[4, 8], shortcut=shortcut), step, evaluation)
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> ModuleType:
    """The module timed_network, which other processes find through PYTHONPATH."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "timed_network.py").write_text(textwrap.dedent(TIMED_NETWORK))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("timed_network")
        del sys.modules["timed_network"]


@pytest.fixture
def clock(network, monkeypatch):
    for name in ("monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, network.clock)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.3)
    return network.clock


def timed(shortcut: str, step: float, evaluation: float) -> Cell:
    options = {"shortcut": shortcut, "step": step, "evaluation": evaluation}
    return Cell(f"timed-{shortcut}", "timed_network:timed", options, "plain")


def same(first: Path, second: Path) -> None:
    one, two = read_record(first), read_record(second)
    assert {k: v for k, v in one.contents.items() if k not in VARYING} == {
        k: v for k, v in two.contents.items() if k not in VARYING
    }
    for name, array in one.predictions.items():
        np.testing.assert_array_equal(array, two.predictions[name])


def test_what_is_ahead():
    """By hand: steps of 0.1 s at 16 faces each, evaluations of 2 s, test-time augmentation of 1 + 2 + 10 views."""
    assert [views(name) for name in ("none", "flip", "ten-crop")] == [1, 2, 10]
    trainer = SimpleNamespace(
        seconds={"train": 3.0, "evaluate": 4.0}, batch=16, images=480, steps_per_epoch=15, epoch=2, step=3, diverged=False
    )
    trainer.run = SimpleNamespace(protocol=SimpleNamespace(epochs=4, tta=("none", "flip", "ten-crop")))
    trainer.splits = {"validation": range(64), "test": range(96)}
    assert seconds_ahead(trainer) == pytest.approx(CAUTION * 0.1)
    trainer.step = 15
    assert seconds_ahead(trainer) == pytest.approx(CAUTION * (2 + 0.1))
    trainer.run.protocol.epochs = 3
    assert seconds_ahead(trainer) == pytest.approx(CAUTION * (2 + 13 * 2 + 0.1))
    trainer.run.protocol.epochs, trainer.epoch = 4, 0  # nothing evaluated yet: 160 faces at the cost of training on them
    assert seconds_ahead(trainer) == pytest.approx(CAUTION * (160 / 16 * 0.1 + 0.1))
    trainer.diverged = True  # then nothing is evaluated
    assert seconds_ahead(trainer) == pytest.approx(CAUTION * 0.1)


def test_a_budget_keeps_something_back(clock):
    assert TimeBudget.of(None).remaining() == float("inf") and TimeBudget.of(None).deadline is None
    assert reserve(5.0) == 1.0 and reserve(3600.0) == 2.0 and reserve(-1.0) == 0
    begin, budget = clock.now, TimeBudget.of(100.0)
    assert budget.remaining() == 98 and budget.deadline == begin + 100
    clock.now += 90
    assert budget.remaining() == 8


def test_the_systems_time_may_be_set_while_a_budget_runs(clock, monkeypatch):
    """Summer time, a clock that is put right: neither ends a budget nor lengthens it, here or on a cluster's driver."""
    budget = TimeBudget.of(100.0)
    watch = Watch(budget.deadline)
    with StopRequest(budget.deadline) as stop:
        for jump in (-3600, 3600):
            monkeypatch.setattr(time, "time", lambda jump=jump: 1.7e9 + jump)
            assert not stop() and budget.remaining() == 98 and watch.left() == 100
        clock.now += 100
        assert stop() and budget.remaining() == -2 and watch.left() == 0


def test_what_would_not_end_in_time_is_left_to_the_next_call(tmp_path, tiny_faces, tiny_protocol, clock, one_thread):
    """An epoch takes 6 steps of 0.01 s and 1.2 s of evaluation, the record 3.6 s: the second epoch's do not fit into 4 s."""
    run = Run(tiny_protocol(epochs=2), timed("adaptive", 0.01, 0.6), 0)
    places = Site(tiny_faces.directory.parent, tmp_path / "cut", torch.device("cpu"))
    whole = Site(places.prepared, tmp_path / "whole", places.device)
    run_all([run], whole)
    start = clock.now
    with pytest.raises(Interrupted, match="stopped in epoch 2; the next call resumes it"):
        run_all([run], places, time_budget=4.0)
    assert clock.now - start == pytest.approx(1.2 + 0.12)
    sessions = 0
    while not (places.out / run.place).exists():
        sessions += 1
        assert sessions < 5, "no progress"
        with contextlib.suppress(Interrupted):
            run_all([run], places, time_budget=4.0)
    same(places.out / run.place, whole.out / run.place)


KILLED = """
    import sys
    import timed_network
    from benchmark.cli.main import main

    timed_network.install()
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_grid_cut_into_sessions(killed, tmp_path, tiny_faces, tiny_protocol, network, clock, one_thread):
    """Two cells and two seeds: every session ends within its budget, the cells stay balanced, and the records are those of
    one uninterrupted call; also when one session in between was killed with signal 9."""
    protocol, device, budget = tiny_protocol(epochs=4), torch.device("cpu"), 10.0
    runs = [Run(protocol, timed(s, 0.15, 0.15), seed) for seed in (0, 1) for s in ("identity", "adaptive")]
    cut = Site(tiny_faces.directory.parent, tmp_path / "cut", device)
    sessions, ended = [], False
    while not ended:
        assert len(sessions) < 20, "no end"
        if killed and len(sessions) == 1:
            before = checkpoints(cut.out)
            write_plan(runs, tmp_path / "plan.json")
            environment = os.environ | {"OMP_NUM_THREADS": "1", "KILLED_AT_PASS": "9"}
            environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(network.__file__).parent)])
            command = ["run", "--plan", "plan.json", "--prepared", str(cut.prepared), "--jobs", "1", "--out", "cut"]
            done = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(KILLED), *command], cwd=tmp_path, env=environment, check=False
            )
            assert done.returncode == -signal.SIGKILL
            assert checkpoints(cut.out) != before, "the killed session saved nothing"
        start = clock.now
        try:
            run_all(runs, cut, time_budget=budget)
            ended = True
        except Interrupted:
            pass
        sessions.append(clock.now - start)
        finished = Counter(path.parents[1].name for path in cut.out.rglob("record.json"))
        counts = [finished[run.cell.name] for run in runs]
        assert max(counts) - min(counts) <= 1
    assert max(sessions) <= budget - reserve(budget)
    assert len(sessions) >= 3 and min(sessions[:-1]) > budget / 2  # what is left unused is less than an epoch's end may take
    whole = Site(cut.prepared, tmp_path / "whole", device)
    run_all(runs, whole)
    for run in runs:
        same(cut.out / run.place, whole.out / run.place)
    assert not checkpoints(cut.out)


def checkpoints(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.checkpoint")}
