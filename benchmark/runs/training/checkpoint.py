"""The file of a stopped run: written sealed, verified before it is loaded, and checked value by value."""

import io
import math
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.runs.training.batches import Batches
from benchmark.sealed_file import read_sealed, sealing

KIND = "checkpoint"
REMEDY = "delete it, or give --restart-stale to begin again"
# The entries of a checkpoint -> their types.
ENTRIES: dict[str, type] = {
    "configuration": dict,
    "epoch": int,
    "step": int,
    "loss_sum": Tensor,
    "model": dict,
    "optimizer": dict,
    "history": list,
    "best": dict,
    "diverged": bool,
    "seconds": dict,
    "images": int,
}
CHANGING = ("lr", "eps")  # what the training sets in the optimizer's groups before every step


def write(path: Path, state: Mapping[str, Json]) -> None:
    """Write a checkpoint atomically, with its seal. It can be loaded with weights_only=True."""
    with sealing(path, KIND) as stream:
        torch.save(dict(state), stream)


def read(path: Path, device: torch.device) -> dict[str, Json]:
    """The entries of a checkpoint, all there and of the types in `ENTRIES`.

    Raises:
        BadInput: not a checkpoint of this version; a damaged one; an entry that is missing, unknown or of another type.
    """
    data = read_sealed(path, KIND, REMEDY)
    try:
        state = torch.load(io.BytesIO(data), map_location=device, weights_only=True)
    except Exception as error:  # sealed, and yet not made by `write`
        raise BadInput(path, f"a damaged checkpoint ({type(error).__name__})", f"one that loads; {REMEDY}") from error
    found = set(state) if isinstance(state, dict) else set()
    odd = [name for name in ENTRIES if name not in found or not _is(state[name], ENTRIES[name])] + sorted(
        found - set(ENTRIES), key=str
    )
    if odd:
        raise BadInput(path, f"missing, unknown or of another type: {', '.join(map(str, odd))}", f"a checkpoint; {REMEDY}")
    checked: dict[str, Json] = state
    return checked


def check(
    path: Path,
    state: Mapping[str, Json],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    evaluated: Collection[str],
) -> None:
    """Compare the entries of a checkpoint, as from `read`, with the run that is to go on from it.

    Args:
        model, optimizer, batches: the run's own.
        evaluated: keys of an entry of the history that hold numbers, or None where the run diverged.

    Raises:
        BadInput: a value that does not fit the run.
    """

    def need(fits: bool, what: str) -> None:
        if not fits:
            raise BadInput(path, f"{what} that does not fit this run", f"the state of this run; {REMEDY}")

    epoch, history, best, seconds = (state[name] for name in ("epoch", "history", "best", "seconds"))
    need(0 <= epoch <= batches.epochs, "an epoch")
    most = batches.steps_before(epoch + 1) - batches.steps_before(epoch) if epoch < batches.epochs else 0
    need(0 <= state["step"] <= most and state["images"] >= 0, "a number of steps or images")
    need(state["loss_sum"].shape == () and state["loss_sum"].dtype == torch.float32, "a loss")
    keys = {"epoch", "learning_rate", "train_loss", *evaluated}
    need(len(history) == epoch, "a history")
    for number, entry in enumerate(history, 1):
        need(isinstance(entry, dict) and set(entry) == keys and entry["epoch"] == number, "a history")
        need(all(_number_or_none(entry[key]) for key in ("learning_rate", "train_loss")), "a history")
        need(all(entry[key] is None or _numbers(entry[key]) for key in evaluated), "a history")
    need(set(seconds) == {"train", "evaluate"} and _numbers(seconds) and min(seconds.values()) >= 0, "times")
    weights = model.state_dict()
    need(_same_tensors(state["model"], weights), "weights")
    need(set(best) == {"epoch", "value", "state"} and isinstance(best["value"], float), "a selected epoch")
    if best["epoch"] is None:
        need(best["state"] is None, "a selected epoch")
    else:
        need(_is(best["epoch"], int) and 1 <= best["epoch"] <= epoch, "a selected epoch")
        need(isinstance(best["state"], dict) and _same_tensors(best["state"], weights), "weights of the selected epoch")
    need(_fits_optimizer(state["optimizer"], optimizer), "a state of the optimizer")


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _number_or_none(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _numbers(values: object) -> bool:
    return isinstance(values, dict) and all(value is not None and _number_or_none(value) for value in values.values())


def _same_tensors(found: Mapping[str, Json], own: Mapping[str, Tensor]) -> bool:
    """Whether names, shapes and types are the same."""
    return list(found) == list(own) and all(
        isinstance(found[name], Tensor) and found[name].shape == each.shape and found[name].dtype == each.dtype
        for name, each in own.items()
    )


def _fits_optimizer(found: Mapping[str, Json], optimizer: torch.optim.Optimizer) -> bool:
    """Whether the groups are the same except for what changes, and each tensor of a parameter's state is a scalar or has the
    parameter's shape."""
    own = optimizer.state_dict()
    if set(found) != set(own) or not isinstance(found["param_groups"], list) or not isinstance(found["state"], dict):
        return False
    if len(found["param_groups"]) != len(own["param_groups"]):
        return False
    for group, mine in zip(found["param_groups"], own["param_groups"], strict=True):
        if not isinstance(group, dict) or set(group) != set(mine):
            return False
        if any(type(group[key]) is not type(mine[key]) or group[key] != mine[key] for key in mine if key not in CHANGING):
            return False
        if not all(isinstance(group[key], int | float) and math.isfinite(group[key]) for key in CHANGING if key in mine):
            return False
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, values in found["state"].items():
        if not (_is(number, int) and 0 <= number < len(parameters) and isinstance(values, dict)):
            return False
        shapes = ((), tuple(parameters[number].shape))
        if not all(isinstance(value, Tensor) and tuple(value.shape) in shapes for value in values.values()):
            return False
    return True
