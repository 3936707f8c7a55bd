"""The time budget: what is estimated, that the limit is kept, and that a cut-off grid is balanced and loses nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.errors import Interrupted
from benchmark.protocol.cells import Cell, Run
from benchmark.records.record import read_record
from benchmark.runs.plan_file import write_plan
from benchmark.runs.runner import Site, run_all
from benchmark.runs.time_budget import CAUTION, TimeBudget, reserve, seconds_ahead, views

ROOT = Path(__file__).parents[3]
VARYING = ("cost", "environment")
# A network that takes its time without taking the processor's.
SLOW_NETWORK = """
    import time
    from torch import nn
    from ablations.network import residual
    from benchmark.runs.training import train as training

    training.CHECKPOINT_SECONDS = 0.3

    class Slow(nn.Module):
        def __init__(self, inner, step, evaluation):
            super().__init__()
            self.inner, self.seconds = inner, {True: step, False: evaluation}

        def forward(self, pictures):
            time.sleep(self.seconds[self.training])
            return self.inner(pictures)

    def timed(*, num_outputs, in_channels, input_size, shortcut, step, evaluation):
        sizes = {"num_outputs": num_outputs, "in_channels": in_channels, "input_size": input_size}
        return Slow(residual(**sizes, units=[1, 1, 1], widths=[4, 8], shortcut=shortcut), step, evaluation)
"""


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


def test_a_budget_keeps_something_back():
    assert TimeBudget.of(None).remaining() == float("inf") and TimeBudget.of(None).deadline is None
    assert reserve(5.0) == 1.0 and reserve(3600.0) == 2.0 and reserve(-1.0) == 0
    budget = TimeBudget.of(100.0)
    assert 97 < budget.remaining() <= 98 and budget.deadline == pytest.approx(time.time() + 100, abs=1)


def test_what_would_not_end_in_time_is_left_to_the_next_call(tmp_path, tiny_faces, tiny_protocol, monkeypatch, one_thread):
    """An epoch takes 1.2 s of evaluation and few steps, the record 3.6 s: the second epoch's do not fit into 4 s."""
    (tmp_path / "timed_network.py").write_text(textwrap.dedent(SLOW_NETWORK))
    monkeypatch.syspath_prepend(tmp_path)
    run = Run(tiny_protocol(epochs=2), timed("adaptive", 0.01, 0.6), 0)
    places = Site(tiny_faces.directory.parent, tmp_path / "cut", torch.device("cpu"))
    whole = Site(places.prepared, tmp_path / "whole", places.device)
    run_all([run], whole)  # first: what torch imports when it is first used is not part of what is timed below
    sessions = 0
    with pytest.raises(Interrupted, match="stopped in epoch 2; the next call resumes it"):
        start = time.monotonic()
        run_all([run], places, time_budget=4.0)
    assert 1.2 < time.monotonic() - start < 4.0
    while not (places.out / run.place).exists():
        sessions += 1
        assert sessions < 5, "no progress"
        with contextlib.suppress(Interrupted):
            run_all([run], places, time_budget=4.0)
    same(places.out / run.place, whole.out / run.place)


def kept(folder: Path) -> set:
    """What lies there of finished and begun runs, and since when."""
    found = set()
    for path in [*folder.rglob("*.checkpoint"), *folder.rglob("record.json")]:
        try:
            found.add((path, path.stat().st_mtime_ns))
        except FileNotFoundError:  # replaced in this moment
            continue
    return found


@pytest.mark.slow
def test_a_grid_cut_into_sessions_one_of_them_killed(tmp_path, tiny_faces, tiny_protocol):
    """Two cells and two seeds: every session ends within its budget, the cells stay balanced, and the records are those of
    one uninterrupted call. One session in between is killed with signal 9."""
    (tmp_path / "timed_network.py").write_text(textwrap.dedent(SLOW_NETWORK))
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "tiny").symlink_to(tiny_faces.directory)
    protocol = tiny_protocol(epochs=4)
    runs = [Run(protocol, timed(s, 0.15, 0.15), seed) for seed in (0, 1) for s in ("identity", "adaptive")]
    write_plan(runs, tmp_path / "plan.json")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmark", "run", "--plan", "plan.json", "--prepared", "prepared", "--jobs", "1"]
    given = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    cut, budget, statuses, killed = tmp_path / "cut", 10.0, [], False
    while not statuses or statuses[-1] == 3:
        assert len(statuses) < 20, "no end"
        if statuses and not killed:
            before = kept(cut)
            process = subprocess.Popen([*command, "--out", "cut"], **given)
            while kept(cut) == before:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed = True
        start = time.monotonic()
        done = subprocess.run([*command, "--out", "cut", "--time-budget", str(budget)], **given)
        assert time.monotonic() - start < budget, done.stdout
        assert done.returncode in (0, 3), done.stdout
        statuses.append(done.returncode)
        finished = Counter(path.parents[1].name for path in cut.rglob("record.json"))
        counts = [finished[run.cell.name] for run in runs]
        assert max(counts) - min(counts) <= 1
    assert killed and len(statuses) >= 3
    assert subprocess.run([*command, "--out", "whole"], **given).returncode == 0
    for run in runs:
        same(cut / run.place, tmp_path / "whole" / run.place)
    assert not list(cut.rglob("*.checkpoint"))
