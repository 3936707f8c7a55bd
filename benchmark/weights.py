"""Weights made elsewhere, scored under a protocol: what the network says of its validation and test faces.

For weights without a training history here: converted ones (`benchmark.release.conversion`), or a run's own `weights.pt`
once more. What comes out is no Record: no run of the protocol made it, so no table, claim or comparison counts it.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import sklearn
import torch
from torch import nn

from benchmark import environment, metrics
from benchmark.atomic import replacing_directory, write_json
from benchmark.cells import Cell, Run
from benchmark.errors import BadInput
from benchmark.evaluation import predict
from benchmark.faces import FaceSet
from benchmark.pixels import Split, Standardiser, load_splits, standardiser
from benchmark.protocol import HERE, Protocol, protocol_from, read_yaml
from benchmark.statistics import bootstrap
from benchmark.training import EVALUATED, build_model

SCHEMA = 1
RESAMPLES = 2000
SHOWN = {"categorical": ("accuracy", "balanced_accuracy", "macro_f1"), "dimensional": ("ccc_mean", "rmse_mean")}


def evaluate_weights(
    protocol: Protocol,
    cell: Cell,
    weights: Path,
    faces: FaceSet,
    out: Path,
    *,
    device: torch.device,
    input_recipe: str | None = None,
    order: Sequence[str] | None = None,
) -> dict:
    """Predict for validation and test with every test-time augmentation of the protocol; write `out` whole or not at all.

    `out` gets predictions.npz, as in a record (the outputs in the protocol's class order), and evaluation.json: what was
    evaluated, on which faces, every metric by split and augmentation, and for those in `SHOWN` the 95 % bootstrap
    interval over the test images.

    Args:
        weights: state dict of the cell's network, a file of torch.
        out: a folder that does not exist yet.
        input_recipe: prepare the pictures as this recipe says (a name of recipes.yaml) instead of the protocol's own.
        order: the classes in the order of the network's outputs where that is not the protocol's.

    Returns:
        the contents of evaluation.json.

    Raises:
        BadInput: `out` exists; a file that is no state dict or another network's; other class names in `order`, or one
            for valence and arousal; an unknown recipe; faces that do not fit the protocol; outputs that are not finite.
    """
    run = Run(protocol, cell, 0)
    if out.exists():
        raise BadInput(out, "something that exists", "a new folder")
    columns = _columns(protocol, order)
    model, digest = _network(run, weights)
    own = _with_input(protocol, input_recipe)
    splits = load_splits(faces, protocol, device)
    prepare = standardiser(own, splits["train"])
    model.to(device)
    predictions = _predictions(model, splits, prepare, protocol, columns)
    if bad := [name for name, array in predictions.items() if "_outputs_" in name and not np.isfinite(array).all()]:
        raise BadInput(f"{weights}, {bad[0]}", "outputs that are not finite", "finite ones")
    contents = {
        "schema": SCHEMA,
        "weights": {"file": weights.name, "sha256": digest},
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
        "cell": cell.as_dict(),
        "data": {"name": faces.meta["name"], "version": faces.meta["version"], "fingerprint": faces.fingerprint},
        "input": {"recipe": input_recipe, "mean": list(prepare.mean), "deviation": list(prepare.deviation)},
        "order": list(order) if order else None,
        "metrics": _metrics(protocol, predictions),
        "intervals": _intervals(protocol, predictions),
        "environment": environment.describe(device),
    }
    with replacing_directory(out) as temporary:
        write_json(temporary / "evaluation.json", contents)
        np.savez_compressed(temporary / "predictions.npz", **predictions)
    return contents


def _columns(protocol: Protocol, order: Sequence[str] | None) -> list[int]:
    """For each class of the protocol the output that stands for it."""
    if order is None:
        return list(range(protocol.outputs))
    if sorted(order) != sorted(protocol.classes):
        found, expected = ", ".join(order), ", ".join(protocol.classes) or "none: valence and arousal have no classes"
        raise BadInput("order of the outputs", found, f"each class of {protocol.name} once: {expected}")
    return [list(order).index(name) for name in protocol.classes]


def _network(run: Run, path: Path) -> tuple[nn.Module, str]:
    """The cell's network with the weights of `path`, and the file's SHA-256."""
    if not path.is_file():
        raise BadInput(path, "no such file", "weights of a network, a file of torch")
    data = path.read_bytes()
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for files that are none of its own
        raise BadInput(path, f"a file that torch does not load ({type(error).__name__})", "a state dict") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise BadInput(path, f"a {type(state).__name__} of other things than tensors", "a state dict: name -> tensor")
    model = build_model(run, torch.device("cpu"))
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in sorted(expected | found):
        if expected.get(name) != found.get(name):
            shapes = [f"shape {each[name]}" if name in each else "no such tensor" for each in (found, expected)]
            raise BadInput(f"{path}, {name}", shapes[0], f"{shapes[1]}, as in cell {run.cell.name}")
    model.load_state_dict(state)
    return model, hashlib.sha256(data).hexdigest()


def _with_input(protocol: Protocol, recipe: str | None) -> Protocol:
    if recipe is None:
        return protocol
    recipes = read_yaml(HERE / "recipes.yaml")
    if recipe not in recipes:
        raise BadInput("recipe of the input", f"'{recipe}'", f"one of {', '.join(recipes)}")
    contents = {key: value for key, value in protocol.as_dict().items() if key not in ("recipe", "recipe_name")}
    return protocol_from(contents | {"recipe": recipe}, f"protocol {protocol.name}")


def _predictions(
    model: nn.Module, splits: Mapping[str, Split], prepare: Standardiser, protocol: Protocol, columns: list[int]
) -> dict[str, np.ndarray]:
    found = {}
    for role in EVALUATED:
        found |= {f"{role}_ids": splits[role].ids, f"{role}_targets": splits[role].targets.cpu().numpy()}
        for tta in protocol.tta:
            categorical = protocol.task == "categorical"
            outputs = predict(model, splits[role], prepare, categorical=categorical, tta=tta)
            found[f"{role}_outputs_{tta}"] = outputs[:, columns]
    return found


def _metrics(protocol: Protocol, predictions: Mapping[str, np.ndarray]) -> dict:
    found: dict[str, dict] = {}
    for role in EVALUATED:
        for tta in protocol.tta:
            targets, outputs = predictions[f"{role}_targets"], predictions[f"{role}_outputs_{tta}"]
            if protocol.task == "categorical":
                own = metrics.categorical(targets, outputs, protocol.classes)
            else:
                own = metrics.dimensional(targets, outputs)
            found.setdefault(role, {})[tta] = own
    return found


def _intervals(protocol: Protocol, predictions: Mapping[str, np.ndarray]) -> dict:
    """Of the test split: augmentation -> metric -> low and high."""
    found: dict[str, dict] = {}
    for tta in protocol.tta:
        both = predictions["test_targets"], predictions[f"test_outputs_{tta}"]
        for name in SHOWN[protocol.task]:
            # benchmark.metrics has checked its arguments by then; scikit-learn's own checks take longer than the rest.
            with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
                interval = bootstrap(metrics.metric_function(name), *both, RESAMPLES, seed=0)
            found.setdefault(tta, {})[name] = {"low": interval.low, "high": interval.high}
    return found
