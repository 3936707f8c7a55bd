"""One run of a protocol with folds: one network per fold, and one Record with the out-of-fold predictions.

For fold k, the split ``folds[k]`` is the test split. The next one, ``folds[k + 1]`` (after the last, the first), is the
validation split and selects the epoch. The others are for training. Every fold uses the run's seed. So each face is tested
exactly once, by a network that was trained neither on it nor on its group. The Record's test predictions cover the whole
data set: methods that pair runs by equal test images work as on a fixed test split. The scores of different folds come
from different networks.

The field `folds` of the Record has one entry per fold (`FOLD_FIELDS`). These fields of the Record differ
from those of a run without folds:

* ``history``: per epoch, the mean over the folds, weighted by the number of faces behind each value. The test accuracy of
  an epoch is therefore the accuracy of the pooled predictions of that epoch.
* ``selected_epoch`` and ``train_counts``: None; ``input``: empty. Each fold has its own.
* ``cost``: seconds summed over the folds, images per second over all folds, the largest memory of a fold.

If one fold diverges, the run counts as diverged, and its later folds are not trained.
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
from benchmark.records import seal
from benchmark.records.record import Record, write_record
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.train import existing_record, train
from benchmark.runs.training.trainer import EVALUATED, Trainer, configuration

# Fields of a fold's entry: its name, its number of faces in each role, and fields of a Record with this fold's values.
FOLD_FIELDS = ("fold", "faces", "history", "selected_epoch", "train_counts", "input", "cost")


def folds_of(protocol: Protocol) -> tuple[str, ...]:
    """The folds of the protocol. BadInput for a protocol without folds."""
    if protocol.folds is None:
        raise BadInput(f"protocol {protocol.name}", "no folds", "folds for a cross-validation")
    return protocol.folds


def fold_protocol(protocol: Protocol, number: int) -> Protocol:
    """The protocol of the single fold `number` (from 0): it has `splits` (one per role) instead of `folds`."""
    folds = folds_of(protocol)
    test, validation = folds[number], folds[(number + 1) % len(folds)]
    training = "+".join(fold for fold in folds if fold not in (test, validation))
    splits = dict(zip(ROLES, (training, validation, test), strict=True))
    return dataclasses.replace(protocol, name=f"{protocol.name}.{test}", splits=splits, folds=None)


def fold_faces(faces: FaceSet, protocol: Protocol, number: int) -> FaceSet:
    """The same faces; the splits that are for training in fold `number` get the name of the training split of
    `fold_protocol`."""
    splits = fold_protocol(protocol, number).splits
    held_out = np.isin(faces.split, (splits["validation"], splits["test"]))
    of_a_fold = np.isin(faces.split, folds_of(protocol))
    return dataclasses.replace(faces, split=np.where(of_a_fold & ~held_out, splits["train"], faces.split))


def fold_run(run: Run, faces: FaceSet, number: int) -> tuple[Run, FaceSet]:
    """The run and the faces of fold `number`, as arguments for `benchmark.runs.training.train.train`."""
    return dataclasses.replace(run, protocol=fold_protocol(run.protocol, number)), fold_faces(faces, run.protocol, number)


def check_groups(faces: FaceSet, protocol: Protocol) -> None:
    """Raise BadInput if a group (a subject, or near duplicates) has faces in two folds."""
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
    path: str = EAGER,
) -> Record:
    """Train every fold of a run, or resume the training, or return the finished record.

    The record of a finished fold lies beside the run's record as ``<directory>.fold<k>``; the fold in training has its
    checkpoint in the same place. All of them are removed once the run's record is written. For arguments and errors see
    `benchmark.runs.training.train.train`.

    Raises:
        BadInput: also a protocol without folds, a fold without faces, a group in two folds.
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
                    position=position, path=path,
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
    """Contents, predictions and further files of the run's record, made from the records of its folds (see the module).

    Args:
        records: one per fold, in order; only the last one may have diverged.
        sizes: one per fold: role -> number of faces.
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
        f"weights-{fold}.pt": seal.weights(record.directory, "weights.pt")
        for fold, record in zip(folds_of(run.protocol), records, strict=True)
    }
    return contents, pooled_predictions(faces, records), weights


def pooled_predictions(faces: FaceSet, records: Sequence[Record]) -> dict[str, np.ndarray]:
    """The predictions of all folds together, in the order of the FaceSet's rows."""
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
    """Per epoch, the mean over the folds. Each value is weighted by its fold's number of faces in the value's role. None
    where a fold diverged."""

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
    """The validation metric at the epoch that each fold selected: mean over the folds, weighted by their validation faces.

    Raises:
        BadInput: the record has no folds.
    """
    if (folds := record.folds) is None:
        raise BadInput(record.directory, "no folds", "the record of a cross-validation")
    metric = SELECTION_METRIC[record["protocol"]["task"]]
    values = [fold["history"][fold["selected_epoch"] - 1]["validation"][metric] for fold in folds]
    return float(np.average(values, weights=[fold["faces"]["validation"] for fold in folds]))


def summed_cost(costs: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """The cost of a run from the costs of its folds."""
    seconds = {name: round(sum(cost[name] for cost in costs), 3) for name in ("train_seconds", "evaluate_seconds")}
    images = sum(cost["images_per_second"] * cost["train_seconds"] for cost in costs)
    memory = [cost["peak_memory_bytes"] for cost in costs]
    return {
        "device": costs[-1]["device"],
        **seconds,
        "images_per_second": round(images / max(seconds["train_seconds"], 1e-9), 2),
        "peak_memory_bytes": None if None in memory else max(memory),
    }
