"""Training speed of a run on one path, with one or more processes on the device at the same time."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict

import torch

from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import Json
from benchmark.protocol.cells import Run
from benchmark.runs.environment import synchronise
from benchmark.runs.first_contact.side_process import Failed, SideProcess
from benchmark.runs.first_contact.step_check import NotPossible
from benchmark.runs.training.crossvalidation import fold_run
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.trainer import Trainer

WARM_UP = 3  # steps
LOOK = 0.2  # seconds of steps between two readings of the clock
APART = 0.5  # seconds from sending the question to the common start of all processes


def speeds(
    run: Run,
    prepared: Path,
    device: torch.device,
    *,
    path: str,
    jobs: Sequence[int],
    seconds: float,
    limit: Callable[[], float],
    stop: Callable[[], bool],
) -> Iterator[dict[str, Json]]:
    """For each number of processes in `jobs` (ascending): {jobs, images_per_second: of all processes together, each: [...]},
    or {jobs, failed}.

    Processes are added from one number to the next. So a process that does not get enough memory does not affect the earlier
    measurements. After a failure no larger number is tried. Threads are divided as in `benchmark.runs.runner`.

    Args:
        path: one of `benchmark.runs.training.paths`.
        seconds: of timed training, after warm-up, in all processes at the same time.
        limit: function that returns how many seconds the next answer may take.
        stop: called while waiting; when it returns True, Interrupted is raised.
    """
    threads = torch.get_num_threads()
    with ExitStack() as open_processes:
        every = [open_processes.enter_context(SideProcess()) for _ in range(max(jobs, default=0))]
        for process in every:
            process.send(load, run, prepared, device, len(every))
        ready = 0
        for number in jobs:
            try:
                for process in every[ready:number]:
                    process.answer(limit(), stop)
                    process.ask(limit(), stop, build, path, max(1, threads // number))
                ready, working = number, every[:number]
                for process in working:
                    process.send(warm_up, max(1, threads // number))
                for process in working:
                    process.answer(limit(), stop)
                start = time.monotonic() + APART
                for process in working:
                    process.send(timed, start, seconds)
                each: list[float] = [process.answer(limit() + seconds, stop)[0] for process in working]
            except Failed as error:
                yield {"jobs": number, "failed": str(error)}
                return
            yield {"jobs": number, "images_per_second": round(sum(each), 1), "each": [round(rate, 1) for rate in each]}


class _Held(TypedDict, total=False):
    """The state of a measured process between two questions."""

    run: Run
    faces: FaceSet
    device: torch.device
    splits: dict[str, Split]
    trainer: Trainer
    order: torch.Tensor
    steps: int


_here: _Held = {}


def load(run: Run, prepared: Path, device: torch.device, jobs: int) -> None:
    """Open the run's faces (with folds: those of the first fold) and load them for training."""
    if device.type == "cpu":
        keep_freed()
    faces = open_faceset(prepared / run.protocol.data)
    if run.protocol.folds:
        run, faces = fold_run(run, faces, 0)
    _here["run"], _here["faces"], _here["device"] = run, faces, device
    _here["splits"] = load_splits(faces, run.protocol, device, jobs=jobs)


def build(path: str, threads: int) -> None:
    """Make the network and a step, with which a CUDA graph is captured. If a part of the path fails, its reason is printed
    and NotPossible raised."""
    torch.set_num_threads(threads)
    trainer = Trainer(_here["run"], _here["faces"], _here["device"], _here["splits"], path=path)
    _here["trainer"], _here["order"] = trainer, trainer.order()
    _train(1)
    if not trainer.uses(path):
        raise NotPossible(f"computed on the path {trainer.path} instead")


def warm_up(threads: int) -> None:
    """Make a few steps with `threads` threads, and set the number of steps between two readings of the clock."""
    torch.set_num_threads(threads)
    _train(WARM_UP)
    start = time.perf_counter()
    _train(WARM_UP)
    _here["steps"] = max(1, math.ceil(LOOK * WARM_UP / (time.perf_counter() - start)))


def timed(start: float, seconds: float) -> float:
    """Train from `start` (time.monotonic()) for `seconds`. Returns images per second."""
    time.sleep(max(0.0, start - time.monotonic()))
    images, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        images += _train(_here["steps"])
    return images / (time.perf_counter() - begin)


def _train(steps: int) -> int:
    """Make `steps` steps and wait until the device has finished them. Returns the number of images."""
    trainer = _here["trainer"]
    for _ in range(steps):
        trainer.step %= trainer.steps_per_epoch
        trainer.train_step(_here["order"])
    synchronise(trainer.device)
    return steps * trainer.batch
