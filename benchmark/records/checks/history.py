"""Whether the history of a record is that of a run under its protocol, and agrees with the predictions."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.protocol.protocol import SELECTION_METRIC, Protocol
from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.published import EVALUATED
from benchmark.records.record import Record
from benchmark.records.selection_metric import accuracy, ccc_mean

COSTS = ("train_seconds", "images_per_second")  # the entries of `cost` that the report reads; every run has them
# How far a score may be from the one recomputed from the predictions. A CPU computes both alike; a GPU may round another
# way from one call to the next, which can change the answer for a face on the border of two classes.
EXACT, ON_GPU = 1e-9, 2e-3
LOSS = 1e-3  # the same for a loss, relative: it is summed in float32


def check(record: Record, _known: Known) -> str | None:
    """Check epochs, selection and the scores of the selected epoch against the predictions.

    Returns:
        None; or a sentence for a dimensional cross-validation, whose scores come from folds that can not be told apart here.

    Raises:
        BadInput: naming the epoch and what does not agree.
    """
    if record.outside is not None:
        return None
    protocol, where = own_protocol(record), record.directory
    if record["parameters"] < 1:
        raise BadInput(f"{where}, parameters", record["parameters"], "a number above 0")
    costs = {name: record["cost"].get(name) for name in COSTS}
    if odd := [name for name, value in costs.items() if not isinstance(value, int | float) or value < 0]:
        raise BadInput(f"{where}, cost", f"no number for {', '.join(odd)}", f"numbers from 0 for {', '.join(COSTS)}")
    if not isinstance(record["environment"].get("versions", {}), Mapping):
        raise BadInput(f"{where}, environment, versions", record["environment"]["versions"], "package names and versions")
    if (record.folds is not None) != (protocol.folds is not None):
        raise BadInput(f"{where}, folds", "folds" if record.folds else "no folds", "folds exactly if the protocol has them")
    if record.folds is None:
        _check_course(record["history"], record["selected_epoch"], record.diverged, protocol, str(where))
        if not record.diverged:
            _check_scores(record, protocol)
        return None
    return _check_folds(record, record.folds, protocol)


def _check_course(
    history: Sequence[Mapping[str, Json]], selected: int | None, diverged: bool, protocol: Protocol, where: str
) -> None:
    """Every epoch of the budget, a number for everything, and the epoch that the selection rule selects."""
    epochs = [entry["epoch"] for entry in history]
    if not epochs or epochs != list(range(1, len(epochs) + 1)) or len(epochs) > protocol.epochs:
        expected = f"one entry for each epoch from 1, {protocol.epochs} at most"
        raise BadInput(f"{where}, history", f"epochs {str(epochs)[:100]}", expected)
    metric = SELECTION_METRIC[protocol.task]
    for entry in history:
        splits = [entry[role] for role in EVALUATED]
        if diverged and entry is history[-1] and entry["train_loss"] is None and splits == [None, None]:
            continue
        numbers = [entry["train_loss"], *(each and each.get(name) for each in splits for name in ("loss", metric))]
        if None in numbers or any(set(each) != {"loss", metric} for each in splits):
            expected = f"train_loss, and loss and {metric} of validation and test"
            raise BadInput(f"{where}, history, epoch {entry['epoch']}", "no number for each", expected)
        _check_ranges(entry, protocol, f"{where}, history, epoch {entry['epoch']}")
    if diverged:
        # A run can also diverge after its last epoch, in the predictions under augmentation.
        if selected is not None or (history[-1]["train_loss"] is not None and len(epochs) < protocol.epochs):
            raise BadInput(f"{where}, history", "a run that did not diverge", "an end without a training loss")
        return
    if len(epochs) < protocol.epochs:
        raise BadInput(f"{where}, history", f"{len(epochs)} epochs", f"{protocol.epochs}, the budget of the protocol")
    values = [entry["validation"][metric] for entry in history]
    wanted = len(epochs) if protocol.selection == "last" else 1 + int(np.argmax(values))
    if selected != wanted:
        expected = f"epoch {wanted}, by the rule {protocol.selection}"
        raise BadInput(f"{where}, selected epoch", selected, expected)


def _check_ranges(entry: Mapping[str, Json], protocol: Protocol, where: str) -> None:
    """No loss is below 0 (all are cross-entropies, squares, or 1 - CCC), no score outside its range."""
    metric, lowest = SELECTION_METRIC[protocol.task], 0 if protocol.task == "categorical" else -1
    values = {f"{role} {metric}": entry[role][metric] for role in EVALUATED}
    if odd := [f"{name} {value}" for name, value in values.items() if not lowest <= value <= 1]:
        raise BadInput(where, ", ".join(odd), f"from {lowest} to 1")
    values = {"train_loss": entry["train_loss"], "learning_rate": entry.get("learning_rate", 0)}
    values |= {f"{role} loss": entry[role]["loss"] for role in EVALUATED}
    if odd := [f"{name} {value}" for name, value in values.items() if value < 0]:
        raise BadInput(where, ", ".join(odd), "numbers from 0")


def _check_scores(record: Record, protocol: Protocol) -> None:
    """The scores of the selected epoch are those of the predictions."""
    entry, metric = record["history"][record["selected_epoch"] - 1], SELECTION_METRIC[protocol.task]
    for role in EVALUATED:
        targets, outputs = record.outputs(role)
        found, stated = _score(protocol, targets, outputs), entry[role][metric]
        _compare(record, f"{role} {metric} of epoch {entry['epoch']}", stated, found)
        loss = _loss(record["cell"]["loss"], protocol, targets, outputs)
        if loss is not None and abs(loss - entry[role]["loss"]) > LOSS * max(1.0, abs(loss)):
            expected = f"{loss:.6g}, that of the predictions"
            raise BadInput(f"{record.directory}, {role} loss of epoch {entry['epoch']}", entry[role]["loss"], expected)


def _check_folds(record: Record, folds: Sequence[Mapping[str, Json]], protocol: Protocol) -> str | None:
    """The same for the folds of a cross-validation, whose weighted means are the history of the record."""
    where, names = record.directory, list(protocol.folds or ())
    found = [fold["fold"] for fold in folds]
    if found != names[: len(found)] or (not record.diverged and len(found) != len(names)) or not found:
        raise BadInput(f"{where}, folds", ", ".join(found), ", ".join(names))
    for fold in folds:
        diverged = record.diverged and fold is folds[-1]
        _check_course(fold["history"], fold["selected_epoch"], diverged, protocol, f"{where}, fold {fold['fold']}")
    if record["selected_epoch"] is not None or record["train_counts"] is not None or record["input"]:
        own = f"{record['selected_epoch']}, {record['train_counts']}, {record['input']}"
        raise BadInput(f"{where}, selected epoch, training counts and input", own, "none: each fold has its own")
    _check_mean(record, folds, SELECTION_METRIC[protocol.task])
    if record.diverged:
        return None
    _check_sizes(record, folds)
    metric = SELECTION_METRIC[protocol.task]
    for role in EVALUATED if protocol.task == "categorical" else ():
        selected = [fold["history"][fold["selected_epoch"] - 1][role][metric] for fold in folds]
        stated = float(np.average(selected, weights=[fold["faces"][role] for fold in folds]))
        _compare(record, f"{role} {metric} of the folds", stated, _score(protocol, *record.outputs(role)))
    return None if protocol.task == "categorical" else "scores of single folds can not be recomputed from pooled predictions"


def _check_sizes(record: Record, folds: Sequence[Mapping[str, Json]]) -> None:
    """Each fold tests its own part of the faces, is validated on the next one, and is trained on the rest."""
    total = len(record.predictions["test_ids"])
    tested = [fold["faces"]["test"] for fold in folds]
    if sum(tested) != total or min(tested) < 1 or len(record.predictions["validation_ids"]) != total:
        raise BadInput(f"{record.directory}, folds, test faces", tested, f"{total} together, as there are predictions")
    for fold, test, validation in zip(folds, tested, [*tested[1:], tested[0]], strict=True):
        wanted = {"train": total - test - validation, "validation": validation, "test": test}
        counts = fold["train_counts"]
        if fold["faces"] != wanted or (counts is not None and sum(counts) != wanted["train"]):
            raise BadInput(f"{record.directory}, fold {fold['fold']}, faces", fold["faces"], wanted)


def _check_mean(record: Record, folds: Sequence[Mapping[str, Json]], metric: str) -> None:
    """The history of a cross-validation is the mean of those of its folds, weighted by the faces of each."""
    where, history = f"{record.directory}, history", record["history"]
    epochs = min(len(fold["history"]) for fold in folds)
    if [entry["epoch"] for entry in history] != list(range(1, epochs + 1)):
        raise BadInput(where, f"{len(history)} epochs", f"1 to {epochs}, those that all folds have")
    places = [("learning_rate",), ("train_loss",), *((role, name) for role in EVALUATED for name in ("loss", metric))]
    for number, entry in enumerate(history):
        for place in places:
            role = place[0] if place[0] in EVALUATED else "train"
            sizes = [float(fold["faces"][role]) for fold in folds]
            values = [_at(fold["history"][number], place) for fold in folds]
            if min(sizes) < 1:
                raise BadInput(f"{record.directory}, folds, {role} faces", sizes, "at least 1 in each fold")
            numbers = [value for value in values if value is not None]
            wanted = None if len(numbers) < len(values) else float(np.average(numbers, weights=sizes))
            found = _at(entry, place)
            if found is wanted or (found is not None and wanted is not None and np.isclose(found, wanted, rtol=EXACT)):
                continue
            raise BadInput(f"{where}, epoch {number + 1}, {' '.join(place)}", found, f"{wanted}, the mean of the folds")
        if any(entry[role] is not None and set(entry[role]) != {"loss", metric} for role in EVALUATED):
            raise BadInput(f"{where}, epoch {number + 1}", "other scores", f"loss and {metric}")


def _at(entry: Mapping[str, Json], place: Sequence[str]) -> float | None:
    last: Json = entry
    for name in place:
        last = None if last is None else last.get(name)
    found: float | None = last
    return found


def _compare(record: Record, what: str, stated: Json, found: float) -> None:
    on_gpu = "cuda" in record["environment"].get("versions", {})
    if not isinstance(stated, int | float) or abs(stated - found) > (ON_GPU if on_gpu else EXACT):
        raise BadInput(f"{record.directory}, {what}", stated, f"{found:.6g}, that of the predictions")


def _score(protocol: Protocol, targets: np.ndarray, outputs: np.ndarray) -> float:
    return (accuracy if protocol.task == "categorical" else ccc_mean)(targets, outputs)


def _loss(name: str, protocol: Protocol, targets: np.ndarray, outputs: np.ndarray) -> float | None:
    """The loss of predictions, where it needs nothing but them: plain cross-entropy and mean squared error. Else None."""
    if name == "mse":
        return float(np.mean((outputs.astype(np.float64) - targets) ** 2))
    if name != "plain":
        return None
    scores = outputs.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    smoothing = protocol.recipe.label_smoothing
    right = logs[np.arange(len(targets)), targets]
    return float(-np.mean((1 - smoothing) * right + smoothing * logs.mean(axis=1)))
