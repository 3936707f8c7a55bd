"""One run of a protocol with folds: a network for each fold, and one Record of the predictions out of fold.

Under fold k the split ``folds[k]`` is tested, the next one (``folds[k + 1]``, the first after the last) validates and
selects, the others train; every fold uses the run's seed. So each face is tested exactly once, by a network that has
seen neither it nor its group, and the Record's test predictions stand for the whole data set: whatever pairs runs by
equal test images works on them as on a fixed test split. The scores of different folds come from different networks.

The Record's `folds` has one entry a fold (`FOLD_FIELDS`). Above them:

* ``history``: mean over the folds of each epoch, weighted by the faces that each number is of (so the test accuracy is
  that of the pooled predictions of that epoch);
* ``selected_epoch``, ``train_counts``: None, and ``input``: empty; they are each fold's own;
* ``cost``: seconds summed, images a second over all folds, the largest memory.

A run of which one fold diverged is a diverged run; its later folds are not trained.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import ROLES, SELECTION_METRIC, Protocol
from benchmark.records.record import Record, write_record
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.trainer import EVALUATED, Trainer, configuration, existing_record, train

# Of a fold: its name, faces of each role, and what a Record has, of that fold alone.
FOLD_FIELDS = ("fold", "faces", "history", "selected_epoch", "train_counts", "input", "cost")


def folds_of(protocol: Protocol) -> tuple[str, ...]:
    """The protocol's folds. BadInput for a protocol without any."""
    if protocol.folds is None:
        raise BadInput(f"protocol {protocol.name}", "no folds", "folds for a cross-validation")
    return protocol.folds


def fold_protocol(protocol: Protocol, number: int) -> Protocol:
    """The protocol of fold `number` (from 0) by itself: roles instead of folds."""
    folds = folds_of(protocol)
    test, validation = folds[number], folds[(number + 1) % len(folds)]
    training = "+".join(fold for fold in folds if fold not in (test, validation))
    splits = dict(zip(ROLES, (training, validation, test), strict=True))
    return dataclasses.replace(protocol, name=f"{protocol.name}.{test}", splits=splits, folds=None)


def fold_faces(faces: FaceSet, protocol: Protocol, number: int) -> FaceSet:
    """The same faces, the splits that train in fold `number` renamed to the training split of `fold_protocol`."""
    splits = fold_protocol(protocol, number).splits
    held_out = np.isin(faces.split, (splits["validation"], splits["test"]))
    of_a_fold = np.isin(faces.split, folds_of(protocol))
    return dataclasses.replace(faces, split=np.where(of_a_fold & ~held_out, splits["train"], faces.split))


def fold_run(run: Run, faces: FaceSet, number: int) -> tuple[Run, FaceSet]:
    """Run and faces of fold `number`, as `benchmark.runs.training.trainer.train` takes them."""
    return dataclasses.replace(run, protocol=fold_protocol(run.protocol, number)), fold_faces(faces, run.protocol, number)


def check_groups(faces: FaceSet, protocol: Protocol) -> None:
    """BadInput when a group (subject, near duplicates) has faces in two folds."""
    rows = np.flatnonzero(np.isin(faces.split, folds_of(protocol)) & (faces.group != ""))
    folds: dict[str, str] = {}
    for group, fold in zip(faces.group[rows].tolist(), faces.split[rows].tolist(), strict=True):
        if folds.setdefault(group, fold) != fold:
            raise BadInput(f"{faces.directory}, group {group}", f"faces in {folds[group]} and {fold}", "all in one fold")


def cross_validate(
    run: Run,
    faces: FaceSet,
    directory: Path,
    *,
    device: torch.device,
    restart_stale: bool = False,
    stop: Callable[[], bool] = lambda: False,
    enough: Callable[[Trainer], bool] = lambda trainer: True,
    position: int = 0,
    compile: bool = False,
) -> Record:
    """Train every fold of a run, or resume, or return its finished record.

    Finished folds lie beside the record as ``<directory>.fold<k>``, the fold in hand has its checkpoint there; all are
    removed once the record is written. Arguments and errors as of `benchmark.runs.training.trainer.train`, and:

    Raises:
        BadInput: a protocol without folds, a fold without faces, a group in two folds.
    """
    folds = folds_of(run.protocol)
    places = [directory.with_name(f"{directory.name}.fold{k}") for k in range(len(folds))]
    record = existing_record(run, faces, directory, device, restart_stale=restart_stale)
    if record is None:
        check_groups(faces, run.protocol)
        records, sizes = [], []
        for number, place in enumerate(places):
            fold, own = fold_run(run, faces, number)
            splits = load_splits(own, fold.protocol, device, stop=stop)
            sizes.append({role: len(splits[role]) for role in ROLES})
            records.append(
                train(
                    fold, own, place, device=device, restart_stale=restart_stale, stop=stop, enough=enough, splits=splits,
                    position=position, compile=compile,
                )
            )  # fmt: skip
            if records[-1].diverged:
                progress.say(f"{run}: diverged in fold {folds[number]}; the run ends here")
                break
        record = write_record(directory, *pooled(run, faces, device, records, sizes))
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
        place.with_name(place.name + ".checkpoint").unlink(missing_ok=True)
    return record


def pooled(
    run: Run, faces: FaceSet, device: torch.device, records: Sequence[Record], sizes: Sequence[dict[str, int]]
) -> tuple[dict[str, Json], dict[str, np.ndarray], dict[str, bytes]]:
    """Contents, predictions and further files of the run's record, from those of its folds (see the module).

    Args:
        records: of the folds in order; only the last may have diverged.
        sizes: faces of each role, fold by fold.
    """
    diverged, last = records[-1].diverged, records[-1].contents
    folds = [
        {"fold": fold, "faces": size} | {name: record[name] for name in FOLD_FIELDS[2:]}
        for fold, size, record in zip(folds_of(run.protocol), sizes, records, strict=False)
    ]
    contents = {
        "status": last["status"],
        "protocol": run.protocol.as_dict(),
        "protocol_hash": run.protocol.hash,
        "cell": run.cell.as_dict(),
        "cell_hash": run.cell.hash,
        "seed": run.seed,
        "data": last["data"],
        "classes": list(run.protocol.classes),
        "history": mean_history(folds, SELECTION_METRIC[run.protocol.task]),
        "selected_epoch": None,
        "train_counts": None,
        "input": {},
        "parameters": last["parameters"],
        "environment": last["environment"],
        "code": configuration(run, faces, device)["code"],
        "cost": summed_cost([record["cost"] for record in records]),
        "folds": folds,
    }
    if diverged:
        return contents, {}, {}
    weights = {
        f"weights-{fold}.pt": (record.directory / "weights.pt").read_bytes()
        for fold, record in zip(folds_of(run.protocol), records, strict=True)
    }
    return contents, pooled_predictions(faces, records), weights


def pooled_predictions(faces: FaceSet, records: Sequence[Record]) -> dict[str, np.ndarray]:
    """The folds' predictions one after the other, put into the order of the faces."""
    row = {name: number for number, name in enumerate(faces.id.tolist())}
    pool = {}
    for role in EVALUATED:
        ids = np.concatenate([record.predictions[f"{role}_ids"] for record in records])
        order = np.argsort([row[name] for name in ids.tolist()])
        for name in records[0].predictions:
            if name.startswith(f"{role}_"):
                pool[name] = np.concatenate([record.predictions[name] for record in records])[order]
    return pool


def mean_history(folds: Sequence[dict[str, Json]], metric: str) -> list[dict[str, Json]]:
    """Per epoch, the mean over the folds, weighted by the faces of each number's role; None where a fold diverged."""

    def mean(values: Iterable[float | None], role: str) -> float | None:
        found = list(values)
        numbers = [value for value in found if value is not None]
        if len(numbers) < len(found):
            return None
        return float(np.average(numbers, weights=[fold["faces"][role] for fold in folds]))

    history = []
    for entries in zip(*(fold["history"] for fold in folds), strict=False):
        entry = {
            "epoch": entries[0]["epoch"],
            "learning_rate": mean((e["learning_rate"] for e in entries), "train"),
            "train_loss": mean((e["train_loss"] for e in entries), "train"),
        }
        for role in EVALUATED:
            whole = all(e[role] is not None for e in entries)
            numbers = {key: mean((e[role][key] for e in entries), role) for key in ("loss", metric)} if whole else None
            entry[role] = numbers
        history.append(entry)
    return history


def selected_validation(record: Record) -> float:
    """Validation metric of the epochs that the folds selected, mean over the validated faces. BadInput: no folds."""
    if (folds := record.folds) is None:
        raise BadInput(record.directory, "no folds", "the record of a cross-validation")
    metric = SELECTION_METRIC[record["protocol"]["task"]]
    values = [fold["history"][fold["selected_epoch"] - 1]["validation"][metric] for fold in folds]
    return float(np.average(values, weights=[fold["faces"]["validation"] for fold in folds]))


def summed_cost(costs: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """Cost of a run from those of its folds."""
    seconds = {name: round(sum(cost[name] for cost in costs), 3) for name in ("train_seconds", "evaluate_seconds")}
    images = sum(cost["images_per_second"] * cost["train_seconds"] for cost in costs)
    memory = [cost["peak_memory_bytes"] for cost in costs]
    return {
        "device": costs[-1]["device"],
        **seconds,
        "images_per_second": round(images / max(seconds["train_seconds"], 1e-9), 2),
        "peak_memory_bytes": None if None in memory else max(memory),
    }
