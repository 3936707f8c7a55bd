"""Scores the weights of a cell's network on the validation and test faces of a protocol.

For weights that were not trained in a run here, such as converted ones (`benchmark.outside.release.conversion`); or to score
a run's `weights.pt` again. The result is not a Record, so no table, claim or comparison uses it. To give a model a row in
the report, use `benchmark.interface.evaluating`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import replacing_directory, write_json
from benchmark.outside.adapters.preprocessing import Preprocessing, Scores
from benchmark.outside.adapters.weights import load_into
from benchmark.outside.evaluate import predict_splits
from benchmark.outside.ready import with_recipe
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol
from benchmark.records import metrics
from benchmark.records.face_intervals import resampled_interval
from benchmark.runs import environment
from benchmark.runs.training.pixels import load_splits, standardiser
from benchmark.runs.training.trainer import EVALUATED, build_model

SCHEMA = 1
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
    """Predict the validation and test faces with every test-time augmentation of the protocol, and write `out` atomically.

    `out` gets two files. predictions.npz is as in a record, with outputs in the protocol's class order. evaluation.json says
    what was evaluated and on which faces; it has every metric by split and augmentation and, for the metrics in `SHOWN`, the
    95 % bootstrap interval over the test images.

    Args:
        weights: a state dict of the cell's network, a file of torch or safetensors.
        out: a folder that does not exist yet.
        input_recipe: prepare pictures as this recipe (a name in recipes.yaml) instead of the protocol's own.
        order: the classes in the order of the network's outputs, if this is not the protocol's order.

    Returns:
        the contents of evaluation.json.

    Raises:
        BadInput: `out` exists; a file that is not a state dict, or of another network; wrong class names in `order`; an
            unknown recipe; faces that do not fit the protocol; outputs that are not finite.
    """
    run = Run(protocol, cell, 0)
    if out.exists():
        raise BadInput(out, "something that exists", "a new folder")
    declared = Preprocessing(classes=tuple(order) if order else None).filled(protocol)
    if (columns := declared.columns(protocol)).missing:
        raise BadInput("order of the outputs", ", ".join(columns.declared), f"all of {', '.join(columns.names)}")
    model = build_model(run, torch.device("cpu"))
    digest, _ = load_into(model, weights, f"cell {cell.name}")
    own = with_recipe(protocol, input_recipe) if input_recipe else protocol
    splits = load_splits(faces, protocol, device)
    prepare = standardiser(own, splits["train"])
    scores = Scores(model.to(device), declared, protocol, weights)
    predictions = predict_splits(scores, {role: splits[role] for role in EVALUATED}, prepare, protocol, weights)
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
    """For the test split: augmentation -> metric -> {low, high}."""
    found: dict[str, dict] = {}
    for tta in protocol.tta:
        both = predictions["test_targets"], predictions[f"test_outputs_{tta}"]
        for name in SHOWN[protocol.task]:
            interval = resampled_interval(name, *both)
            found.setdefault(tta, {})[name] = {"low": interval.low, "high": interval.high}
    return found
