"""One run from start to Record: begun, resumed from its checkpoint, or found finished."""

import contextlib
import math
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import SELECTION_METRIC
from benchmark.records.record import Record, read_record
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.trainer import Trainer, configuration

CHECKPOINT_SECONDS = 30.0  # from one checkpoint to the next; the first is saved after the first step


def existing_record(
    run: Run, faces: FaceSet, directory: Path, device: torch.device, *, restart_stale: bool = False
) -> Record | None:
    """The finished record in `directory`, if it belongs to this run; None if there is no record.

    Raises:
        BadInput: the record has another `configuration`, or its predictions are missing or damaged. With `restart_stale` it
            is removed instead, and None returned.
    """
    if not directory.exists():
        return None
    try:
        return _matching_record(run, faces, directory, device)
    except BadInput as error:
        if not restart_stale:
            raise
        progress.say(f"{error}: replaced")
        shutil.rmtree(directory)
    return None


def _matching_record(run: Run, faces: FaceSet, directory: Path, device: torch.device) -> Record:
    record, wanted = read_record(directory), configuration(run, faces, device)
    found = {
        "protocol": record["protocol_hash"],
        "cell": record["cell_hash"],
        "seed": record.seed,
        "data": record["data"]["fingerprint"],
        "code": record["code"],
    }
    if odd := [key for key, value in found.items() if wanted[key] != value]:
        raise BadInput(
            directory,
            f"a record of another configuration ({', '.join(odd)} differ)",
            "this run's; move it away, or give --restart-stale to replace it",
        )
    if not record.diverged:
        record.predictions  # noqa: B018  # BadInput where they are missing or damaged: the run is not finished without them
    return record


def train(
    run: Run,
    faces: FaceSet,
    directory: Path,
    *,
    device: torch.device,
    restart_stale: bool = False,
    stop: Callable[[], bool] = lambda: False,
    enough: Callable[["Trainer"], bool] = lambda trainer: True,
    splits: dict[str, Split] | Callable[[], dict[str, Split]] | None = None,
    position: int = 0,
    path: str = EAGER,
) -> Record:
    """Train one run, or resume it, or return its finished record.

    Args:
        directory: the record's folder. The checkpoint lies beside it as ``<directory>.checkpoint``.
        restart_stale: if a record or checkpoint of another configuration is found, start again instead of raising BadInput.
        stop: called after every step. True: a checkpoint is saved and Interrupted is raised.
        enough: called after every step: is the time left enough for all that happens until the next call? False stops the
            run as `stop` does.
        splits: the protocol's faces on `device`, if the caller has already loaded them; or a function that loads them. It
            is called only if there is something to train.
        position: line of the progress bar on the terminal, when several processes each show one.
        path: how steps are computed (`benchmark.runs.training.paths`). Rounding differs between paths.

    Raises:
        BadInput: the data do not fit the protocol; the record or checkpoint has another configuration.
        Interrupted: `stop` returned True or `enough` returned False; the checkpoint is saved.
    """
    checkpoint = directory.with_name(directory.name + ".checkpoint")
    if (record := existing_record(run, faces, directory, device, restart_stale=restart_stale)) is not None:
        return record
    loaded = splits() if callable(splits) else splits or load_splits(faces, run.protocol, device, stop=stop)
    trainer = Trainer(run, faces, device, loaded, path=path)
    if checkpoint.exists():
        try:
            trainer.load(checkpoint)
            progress.say(f"{run}: resumed in epoch {trainer.epoch + 1}, step {trainer.step} of {trainer.steps_per_epoch}")
        except BadInput as error:
            if not restart_stale:
                raise
            progress.say(f"{error}: begun again")
            checkpoint.unlink()
            trainer = Trainer(run, faces, device, trainer.splits, path=path)
    saved = -math.inf  # so that a run that is killed in its first seconds has a checkpoint
    with progress.bar(
        total=trainer.steps * trainer.batch,
        initial=trainer.steps_done * trainer.batch,
        desc=str(run),
        unit="img",
        position=position,
    ) as bar:
        while not trainer.finished:
            order = trainer.order()
            while trainer.step < trainer.steps_per_epoch and not trainer.diverged:
                with _clock(trainer, "train"):
                    trainer.train_step(order)
                bar.update(trainer.batch)
                if stop() or not enough(trainer):
                    trainer.save(checkpoint)
                    raise Interrupted(f"{run}: stopped in epoch {trainer.epoch + 1}; the next call resumes it")
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    trainer.save(checkpoint)
                    saved = time.monotonic()
            with _clock(trainer, "evaluate"):
                trainer.finish_epoch()
            bar.set_postfix_str(_last_epoch(trainer))
    record = trainer.record(directory)
    checkpoint.unlink(missing_ok=True)
    return record


@contextlib.contextmanager
def _clock(trainer: Trainer, what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    trainer.seconds[what] += time.perf_counter() - start


def _last_epoch(trainer: Trainer) -> str:
    """The last epoch in a few words."""
    if trainer.diverged:
        return f"diverged in epoch {trainer.epoch}"
    last, metric = trainer.history[-1], SELECTION_METRIC[trainer.run.protocol.task]
    return f"loss {last['train_loss']:.3f}, validation {metric} {last['validation'][metric]:.3f}"
