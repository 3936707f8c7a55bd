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
    if odd := [name for name in COSTS if not isinstance(record["cost"].get(name), int | float)]:
        raise BadInput(f"{where}, cost", f"no number for {', '.join(odd)}", f"numbers for {', '.join(COSTS)}")
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
    if record["selected_epoch"] is not None or record["train_counts"] is not None:
        raise BadInput(f"{where}, selected epoch", record["selected_epoch"], "none: each fold selects its own")
    if record.diverged:
        return None
    metric = SELECTION_METRIC[protocol.task]
    for role in EVALUATED:
        sizes = [fold["faces"][role] for fold in folds]
        if sum(sizes) != len(record.predictions[f"{role}_ids"]) or min(sizes) < 1:
            expected = f"{len(record.predictions[f'{role}_ids'])} together, as there are predictions"
            raise BadInput(f"{where}, folds, {role} faces", f"{sizes}", expected)
        for number, entry in enumerate(record["history"]):
            mean = np.average([fold["history"][number][role][metric] for fold in folds], weights=sizes)
            _compare(record, f"{role} {metric} of epoch {number + 1}", entry[role][metric], float(mean))
        if protocol.task == "categorical":
            selected = [fold["history"][fold["selected_epoch"] - 1][role][metric] for fold in folds]
            stated = float(np.average(selected, weights=sizes))
            _compare(record, f"{role} {metric} of the folds", stated, _score(protocol, *record.outputs(role)))
    if len(record["history"]) != protocol.epochs:
        raise BadInput(f"{where}, history", f"{len(record['history'])} epochs", f"{protocol.epochs}")
    return None if protocol.task == "categorical" else "scores of single folds can not be recomputed from pooled predictions"


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
