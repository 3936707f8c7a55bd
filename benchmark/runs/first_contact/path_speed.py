"""Images a second in training of a run on one path (eager or compiled), with several processes on the device at once."""

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
from benchmark.runs.first_contact.step_check import NotCompiled
from benchmark.runs.training.crossvalidation import fold_run
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.trainer import Trainer

WARM_UP = 3  # steps
LOOK = 0.2  # seconds of steps between looks at the clock
APART = 0.5  # seconds from the question to the common start


def speeds(
    run: Run,
    prepared: Path,
    device: torch.device,
    *,
    compile: bool,
    jobs: Sequence[int],
    seconds: float,
    limit: Callable[[], float],
    stop: Callable[[], bool],
) -> Iterator[dict[str, Json]]:
    """For each number of `jobs` (ascending), {jobs, images_per_second, each: [...]} over all processes, or {jobs, failed}.

    A process more joins for each number, so that one that finds no memory does not harm what was measured before; after a
    failure no larger number is tried. Threads are shared out as `benchmark.runs.runner` does.

    Args:
        seconds: of training that are timed, after warm-up, together.
        limit: asked for the seconds that the next answer may take.
        stop: asked meanwhile; Interrupted then.
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
                    process.ask(limit(), stop, build, compile, max(1, threads // number))
                ready, working = number, every[:number]
                for process in working:
                    process.send(warm_up, max(1, threads // number))
                for process in working:
                    process.answer(limit(), stop)
                start = time.time() + APART
                for process in working:
                    process.send(timed, start, seconds)
                each: list[float] = [process.answer(limit() + seconds, stop)[0] for process in working]
            except Failed as error:
                yield {"jobs": number, "failed": str(error)}
                return
            yield {"jobs": number, "images_per_second": round(sum(each), 1), "each": [round(rate, 1) for rate in each]}


class _Held(TypedDict, total=False):
    """What a process that is measured holds between the questions."""

    run: Run
    faces: FaceSet
    device: torch.device
    splits: dict[str, Split]
    trainer: Trainer
    order: torch.Tensor
    steps: int


_here: _Held = {}


def load(run: Run, prepared: Path, device: torch.device, jobs: int) -> None:
    """Open the run's faces (of its first fold) and put them where it trains."""
    if device.type == "cpu":
        keep_freed()
    faces = open_faceset(prepared / run.protocol.data)
    if run.protocol.folds:
        run, faces = fold_run(run, faces, 0)
    _here["run"], _here["faces"], _here["device"] = run, faces, device
    _here["splits"] = load_splits(faces, run.protocol, device, jobs=jobs)


def build(compile: bool, threads: int) -> None:
    """Make the network. NotCompiled, with the compiler's reason printed, where compilation fails."""
    torch.set_num_threads(threads)
    trainer = Trainer(_here["run"], _here["faces"], _here["device"], _here["splits"], compile=compile)
    if compile and trainer.forward is trainer.model:
        raise NotCompiled("torch.compile gave the eager network back")
    _here["trainer"], _here["order"] = trainer, trainer.order()


def warm_up(threads: int) -> None:
    """A few steps with so many threads, and how long one takes."""
    torch.set_num_threads(threads)
    _train(WARM_UP)
    start = time.perf_counter()
    _train(WARM_UP)
    _here["steps"] = max(1, math.ceil(LOOK * WARM_UP / (time.perf_counter() - start)))


def timed(start: float, seconds: float) -> float:
    """Images a second, trained from `start` (time.time()) for `seconds`."""
    time.sleep(max(0.0, start - time.time()))
    images, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        images += _train(_here["steps"])
    return images / (time.perf_counter() - begin)


def _train(steps: int) -> int:
    """So many steps, waited for; returns the images seen."""
    trainer = _here["trainer"]
    for _ in range(steps):
        trainer.step %= trainer.steps_per_epoch
        trainer.train_step(_here["order"])
    synchronise(trainer.device)
    return steps * trainer.batch
