"""Train a list of runs, one after the other or in several processes, within a time budget, stopping cleanly on signals."""

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import torch

from benchmark import progress
from benchmark.errors import Interrupted, StopRequest
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.leftovers import clear_below
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import SELECTION_METRIC, Protocol
from benchmark.protocol.roles import check_faces
from benchmark.records.record import Record
from benchmark.runs.data_check import check_classes, check_data
from benchmark.runs.order import Order
from benchmark.runs.space import check_space
from benchmark.runs.time_budget import TimeBudget, seconds_ahead
from benchmark.runs.training.crossvalidation import cross_validate, fold_run, selected_validation
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import Trainer
from benchmark.workers import Workers

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event


def default_jobs(device: torch.device) -> int:
    """Number of processes: one on a GPU; on a CPU as many as torch has threads."""
    return 1 if device.type == "cuda" else torch.get_num_threads()


@dataclass(frozen=True)
class Site:
    """Where and how runs are trained.

    Attributes:
        prepared: folder of the prepared FaceSets.
        out: folder of all runs.
        device: to train on.
        restart_stale, path: as of `benchmark.runs.training.train.train`.
    """

    prepared: Path
    out: Path
    device: torch.device
    restart_stale: bool = False
    path: str = EAGER


class _Given(TypedDict):
    """The arguments that `train` and `cross_validate` share."""

    device: torch.device
    restart_stale: bool
    path: str
    stop: Callable[[], bool]
    enough: Callable[[Trainer], bool]
    position: int


class Worker:
    """Trains runs one after the other. Between runs it keeps the last FaceSet open and the last protocol's pictures loaded.

    Args:
        places: where and how runs are trained.
        stop: as of `benchmark.runs.training.train.train`.
        position: line of the progress bar.
        jobs: processes that share the machine.
        remaining: seconds left of the time budget.
    """

    def __init__(
        self,
        places: Site,
        stop: Callable[[], bool],
        position: int = 0,
        jobs: int = 1,
        remaining: Callable[[], float] = lambda: math.inf,
    ):
        self.places, self.stop, self.position, self.jobs, self.remaining = places, stop, position, jobs, remaining
        self.preparing = 0.0  # the longest time so far from the start of a run to its first step, in seconds
        if places.device.type == "cpu":
            keep_freed()
        self.opened: tuple[str, FaceSet] | None = None  # (name of the data, its FaceSet)
        self.loaded: tuple[str, dict[str, Split]] | None = None  # (hash of the protocol, its faces)

    def __call__(self, run: Run) -> str:
        """Train one run and return a line that says how it ended. Raises what `train` raises."""
        places = self.places
        if self.stop() or self.preparing > self.remaining():
            raise Interrupted(f"stopped before {run}; the next call resumes there")
        if self.opened is None or self.opened[0] != run.protocol.data:
            self.opened = run.protocol.data, open_faceset(places.prepared / run.protocol.data)
        start, faces, directory = time.monotonic(), self.opened[1], places.out / run.place
        given: _Given = {
            "device": places.device,
            "restart_stale": places.restart_stale,
            "path": places.path,
            "stop": self.stop,
            "enough": self._enough(start, bool(run.protocol.folds)),
            "position": self.position,
        }
        if run.protocol.folds:
            record = cross_validate(run, faces, directory, **given)
        else:
            record = train(run, faces, directory, splits=lambda: self._splits(run.protocol, faces), **given)
            # A process that was killed just after it had written the record has left its checkpoint.
            directory.with_name(f"{directory.name}.checkpoint").unlink(missing_ok=True)
        return f"{run}: {summary(record)} ({time.monotonic() - start:.0f} s)"

    def _enough(self, start: float, folds: bool) -> Callable[[Trainer], bool]:
        """The argument `enough` of `train`, for a run that started at `start` (time.monotonic()).

        It tells whether the time left is enough for everything that the run does until it can next be stopped. With
        `folds`, that includes loading the next fold.
        """
        begun = False

        def enough(trainer: Trainer) -> bool:
            nonlocal begun
            if not begun:
                begun, self.preparing = True, max(self.preparing, time.monotonic() - start)
            return seconds_ahead(trainer) + folds * self.preparing < self.remaining()

        return enough

    def _splits(self, protocol: Protocol, faces: FaceSet) -> dict[str, Split]:
        if self.loaded is None or self.loaded[0] != protocol.hash:
            self.loaded = None  # frees the memory before the next pictures are loaded
            splits = load_splits(faces, protocol, self.places.device, jobs=self.jobs, stop=self.stop)
            self.loaded = protocol.hash, splits
        return self.loaded[1]


def run_all(
    runs: Sequence[Run],
    places: Site,
    *,
    jobs: int = 1,
    time_budget: float | None = None,
    ended: Callable[[], None] = lambda: None,
) -> None:
    """Train every run that has no finished record in `places.out`/<protocol>/<cell>/seed<k>.

    Args:
        runs: trained in this order; in several processes as `benchmark.runs.order` says.
        jobs: processes, each with an equal part of the CPU's threads. For small networks, two processes with one thread
            each are faster than one process with two. A run with one thread gives the same bits on any number of cores.
        time_budget: seconds after which everything is saved and this function has returned. Nothing is started that, by
            the durations measured so far, would not end in time (`benchmark.runs.time_budget`). None: no limit.
        ended: called whenever a run has ended, after its line was printed.

    Raises:
        BadInput: faces that are not prepared (`benchmark.runs.data_check`) and a network that can not be built, before
            anything is trained; what `train` raises.
        Interrupted: by signal or time budget. Everything finished so far is kept.
        SystemSaysNo: too little room on the disk for the runs, before anything is trained.
    """
    budget = TimeBudget.of(time_budget)
    check_data(runs, places.prepared, places.out)
    check_space(runs, places.prepared, places.out, jobs)
    clear_below(*sorted({(places.out / run.place).parent for run in runs}))
    jobs = min(jobs, len(runs))
    with StopRequest(budget.deadline) as stop:
        if jobs > 1:
            lines = _in_processes(runs, places, stop, jobs, budget)
        else:
            lines = map(Worker(places, stop, remaining=budget.remaining), runs)
        for number, line in enumerate(lines, 1):
            progress.say(f"[{number}/{len(runs)}] {line}")
            ended()


def _in_processes(runs: Sequence[Run], places: Site, stop: StopRequest, jobs: int, budget: TimeBudget) -> Iterator[str]:
    """A line for each run as it ends. After a stop request or an error, the runs in progress save their checkpoints before
    Interrupted or the error is raised."""
    context = multiprocessing.get_context("spawn")
    halt, positions = context.Event(), context.Value("i", 0)
    threads = max(1, torch.get_num_threads() // jobs)
    setup = (places, halt, positions, threads, jobs, os.getpid(), budget)
    with Workers(jobs, _start, *setup, finish=True) as pool:
        order = Order(runs)
        started: dict[Future[str], tuple[Run, float]] = {}  # when each began, by time.monotonic()
        try:
            while order or started:
                while order and len(started) < jobs:
                    run = order.next()
                    started[pool.submit(_work, run)] = run, time.monotonic()
                done, _ = wait(started, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    run, begun = started.pop(future)
                    line = future.result()
                    order.took(run, time.monotonic() - begun)
                    yield line
                if stop():
                    halt.set()
        finally:
            halt.set()


_worker: Worker  # in each process of the pool, made by its initialiser


def _start(
    places: Site, halt: "Event", positions: "Synchronized[int]", threads: int, jobs: int, parent: int, budget: TimeBudget
) -> None:
    global _worker
    torch.set_num_threads(threads)
    with positions.get_lock():
        position, positions.value = positions.value, positions.value + 1
    # A parent that was killed can not set `halt`. Its workers notice because their parent process has changed, and save.
    _worker = Worker(places, lambda: halt.is_set() or os.getppid() != parent, position, jobs, budget.remaining)


def _work(run: Run) -> str:
    return _worker(run)


def try_steps(run: Run, faces: FaceSet, steps: int, device: torch.device) -> Iterator[float]:
    """The training loss at each of the first `steps` steps of a run (of its first fold), before the weights are updated.

    Raises:
        BadInput: faces that are not the protocol's; as `benchmark.runs.data_check.check_classes`, whose lines are printed.
    """
    check_faces(run.protocol, faces)
    for line in check_classes(run.protocol, faces):
        progress.say(line)
    if run.protocol.folds:
        run, faces = fold_run(run, faces, 0)
    trainer = Trainer(run, faces, device, load_splits(faces, run.protocol, device))
    order = trainer.order()
    for _ in range(min(steps, trainer.steps_per_epoch)):
        trainer.loss_sum.zero_()
        trainer.train_step(order)
        yield trainer.loss_sum.item()


def summary(record: Record) -> str:
    """A few words on how a run ended, without its test score: only the report shows that."""
    if record.diverged:
        return f"diverged in epoch {len(record['history'])}"
    metric = SELECTION_METRIC[record["protocol"]["task"]]
    if record.folds:
        return f"validation {metric} {selected_validation(record):.4f}, mean over {len(record.folds)} folds"
    chosen = record["history"][record["selected_epoch"] - 1]
    return f"validation {metric} {chosen['validation'][metric]:.4f} in epoch {record['selected_epoch']}"
