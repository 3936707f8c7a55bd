"""A list of runs, one after the other: data loaded once, signals and the time budget heeded, results said."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from benchmark import progress
from benchmark.cells import Run
from benchmark.errors import Interrupted
from benchmark.faces import FaceSet, open_faceset
from benchmark.pixels import load_splits
from benchmark.protocol import SELECTION_METRIC
from benchmark.records import Record
from benchmark.training import Trainer, train


def pick_device(name: str) -> torch.device:
    """ "auto" is the first GPU where there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class StopRequest:
    """True once SIGINT or SIGTERM has come or the time budget is spent; a second SIGINT kills at once."""

    def __init__(self, seconds: float | None):
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.signalled = False

    def __enter__(self):
        self.previous = {number: signal.signal(number, self._heed) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_):
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _heed(self, number, _frame):
        if self.signalled and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signalled = True
        progress.say("stopping after this step; progress is being saved (Ctrl-C again to stop at once)")

    def __call__(self) -> bool:
        return self.signalled or (self.deadline is not None and time.monotonic() >= self.deadline)


def run_all(
    runs: Sequence[Run],
    *,
    prepared: Path,
    out: Path,
    device: torch.device,
    time_budget: float | None = None,
    restart_stale: bool = False,
    each: Callable[[Record], None] = lambda record: None,
) -> None:
    """Train every run that has no finished record in `out`/<protocol>/<cell>/seed<k>.

    Args:
        runs: in this order.
        prepared: folder of the prepared FaceSets.
        time_budget: seconds after which the run in hand is saved and the rest left; None = no limit.
        each: called with every finished record.

    Raises:
        Interrupted: by signal or time budget, everything so far kept.
    """
    loaded: tuple = (None, None, None)
    with StopRequest(time_budget) as stop:
        for number, run in enumerate(runs, 1):
            if stop():
                raise Interrupted(f"stopped before {run}; {number - 1} of {len(runs)} runs are done")
            if loaded[0] != run.protocol.hash:
                faces = open_faceset(prepared / run.protocol.data)
                loaded = (run.protocol.hash, faces, load_splits(faces, run.protocol, device))
            start = time.monotonic()
            record = train(
                run,
                loaded[1],
                out / run.place,
                device=device,
                restart_stale=restart_stale,
                stop=stop,
                splits=loaded[2],
            )
            progress.say(f"[{number}/{len(runs)}] {run}: {summary(record)} ({time.monotonic() - start:.0f} s)")
            each(record)


def try_steps(run: Run, faces: FaceSet, steps: int, device: torch.device) -> Iterator[float]:
    """Training loss of each of the first `steps` steps of a run, before the step's update."""
    trainer = Trainer(run, faces, device, load_splits(faces, run.protocol, device))
    order = trainer.order()
    for _ in range(min(steps, trainer.steps_per_epoch)):
        trainer.loss_sum.zero_()
        trainer.train_step(order)
        yield trainer.loss_sum.item()


def summary(record: Record) -> str:
    """A few words on how a run ended; the test number belongs to the report, not here."""
    if record.diverged:
        return f"diverged in epoch {len(record['history'])}"
    metric = SELECTION_METRIC[record["protocol"]["task"]]
    chosen = record["history"][record["selected_epoch"] - 1]
    return f"validation {metric} {chosen['validation'][metric]:.4f} in epoch {record['selected_epoch']}"
