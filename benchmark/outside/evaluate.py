"""Evaluates a model that was trained elsewhere: prepares pictures as the model declares, probes this declaration, predicts,
and writes an outside entry."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import read_yaml
from benchmark.outside import entry as outside
from benchmark.outside.adapters.given import Given
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import (
    Input,
    Preprocessing,
    Scores,
    looks_like_probabilities,
    preprocessing_from,
)
from benchmark.outside.probes import probe
from benchmark.protocol.protocol import RECIPES, Protocol, protocol_from
from benchmark.records.outside_record import check_name
from benchmark.records.record import Record
from benchmark.runs import environment
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split, Standardiser, load_splits, standardiser


def with_recipe(protocol: Protocol, recipe: str) -> Protocol:
    """The protocol with another recipe, to prepare pictures as that recipe does. BadInput for an unknown recipe."""
    recipes = read_yaml(RECIPES)
    if recipe not in recipes:
        raise BadInput("recipe of the input", f"'{recipe}'", f"one of {', '.join(recipes)}")
    contents = {key: value for key, value in protocol.as_dict().items() if key not in ("recipe", "recipe_name")}
    return protocol_from(contents | {"recipe": recipe}, f"protocol {protocol.name}")


def of_recipe(protocol: Protocol, faces: FaceSet) -> Preprocessing:
    """The preprocessing of networks that are trained by the protocol's recipe: its mean and deviation, or those measured on
    the training split.

    Raises:
        BadInput: a protocol with folds whose recipe measures them, because each fold has its own.
    """
    recipe = protocol.recipe
    if "training" in (recipe.input_mean, recipe.input_deviation) and protocol.folds:
        raise BadInput(f"preprocessing by {protocol.name}", "a mean for each fold", "a file with the numbers of one")
    if "training" in (recipe.input_mean, recipe.input_deviation):
        found = standardiser(protocol, load_splits(faces, protocol, torch.device("cpu"))["train"])
        return Preprocessing(mean=found.mean, deviation=found.deviation)
    return Preprocessing(mean=recipe.input_mean, deviation=recipe.input_deviation)


def read_preprocessing(text: str | None, protocol: Protocol, faces: FaceSet) -> Preprocessing | None:
    """The preprocessing named on the command line: a YAML file, the name of a recipe, or "protocol" for the protocol's own
    recipe. None for None."""
    if text is None:
        return None
    if text.endswith((".yaml", ".yml")):
        return preprocessing_from(read_yaml(Path(text)), text)
    return of_recipe(protocol if text == "protocol" else with_recipe(protocol, text), faces)


def evaluated_splits(
    faces: FaceSet, protocol: Protocol, preprocessing: Preprocessing, device: torch.device
) -> dict[str, Split]:
    """The validation and test faces at the model's input size. For a protocol with folds only "test", with the faces of all
    folds."""
    if protocol.folds:
        faces = dataclasses.replace(faces, split=np.where(np.isin(faces.split, protocol.folds), "test", faces.split))
        roles = {"test": "test"}
    else:
        roles = {role: protocol.splits[role] for role in ("validation", "test")}
    # The training split is not needed and may be large, so the smallest of the other splits is loaded in its place.
    stand_in = min(roles.values(), key=lambda split: int((faces.split == split).sum()))
    own = dataclasses.replace(
        protocol,
        splits={"train": stand_in, "validation": stand_in, **roles},
        folds=None,
        input_size=preprocessing.input_size,
        channels=preprocessing.channels,
    )
    splits = load_splits(faces, own, device)
    return {role: splits[role] for role in roles}


def predict_splits(
    model: Scores, splits: Mapping[str, Split], prepare: Input | Standardiser, protocol: Protocol, where: object
) -> dict[str, np.ndarray]:
    """The arrays of a record (`benchmark.records.record`) for every given split and every augmentation of the protocol.

    Raises:
        BadInput: outputs that are not finite. The message names `where` and the first such array.
    """
    found: dict[str, np.ndarray] = {}
    for role, split in splits.items():
        found |= {f"{role}_ids": split.ids, f"{role}_targets": split.targets.cpu().numpy()}
        for tta in protocol.tta:
            outputs = predict(model, split, prepare, categorical=protocol.task == "categorical", tta=tta)
            if not np.isfinite(outputs).all():
                raise BadInput(f"{where}, {role}_outputs_{tta}", "outputs that are not finite", "finite ones")
            found[f"{role}_outputs_{tta}"] = outputs
    return found


def evaluate(
    model: str,
    protocol: Protocol,
    name: str,
    faces: FaceSet,
    out: Path,
    *,
    device: torch.device,
    weights: Path | None = None,
    options: Mapping | None = None,
    preprocessing: str | None = None,
    trust: bool = False,
    stated: Mapping | None = None,
    extra_training_data: str | None = None,
    replace: bool = False,
) -> Record:
    """Evaluate a model under `protocol` and write it as the outside entry `name` (`benchmark.outside.entry.enter`).

    Args:
        model, weights, options, trust: see `benchmark.outside.adapters.opening.open_model`; `weights` is its `file`.
        preprocessing: see `read_preprocessing`. None: what the model declares; for `weights` of a model that declares
            nothing, the protocol's.
        stated: {"accuracy": fraction, "source": text}, the accuracy that the model's authors publish.
        extra_training_data, replace: see `enter`.

    Raises:
        BadInput: as `open_model` and `enter`; also a model without a declared input.
    """
    if stated is not None and protocol.task != "categorical":
        raise BadInput("stated accuracy", f"one for {protocol.name}", "none: valence and arousal have no accuracy")
    if (out / protocol.name / check_name(name)).exists() and not replace:
        raise BadInput(out / protocol.name / name, "an entry of this name", "another name, or --replace")
    chosen = read_preprocessing(preprocessing, protocol, faces)
    given = open_model(model, protocol, device, file=weights, options=options, preprocessing=chosen, trust=trust)
    declared = _declared(given, protocol, faces).filled(protocol)
    splits = evaluated_splits(faces, protocol, declared, device)
    scores, prepare = Scores(given.model, declared, protocol, given.source), Input(declared)
    start = time.perf_counter()
    arrays = predict_splits(scores, splits, prepare, protocol, given.source)
    seconds = time.perf_counter() - start
    found, warnings = None, []
    if "validation" in splits:
        found, warnings = probe(scores, splits["validation"], declared, protocol)
        if protocol.classes and declared.outputs == "scores":
            if looks_like_probabilities(torch.from_numpy(arrays["validation_outputs_none"])):
                warnings.append("outputs: they are probabilities; declare outputs: probabilities for a right calibration")
    else:
        warnings.append("input: not probed, as the protocol has no validation split of its own")
    if left := [each for each in declared.classes if each not in (protocol.classes or declared.classes)]:
        warnings.append(f"outputs: {', '.join(left)} left out, which {protocol.name} has not")
    return outside.enter(
        protocol,
        name,
        arrays,
        faces=faces,
        outside={
            "kind": given.kind,
            "source": given.source,
            "sha256": given.sha256,
            "stated": dict(stated) if stated else None,
            "extra_training_data": extra_training_data,
            "warnings": warnings,
            "outputs": _kind_of_outputs(declared, protocol),
        },
        input=declared.as_dict() | ({"probes": found} if found else {}),
        parameters=given.parameters,
        cost={"device": environment.device_name(device), "evaluate_seconds": round(seconds, 3)},
        out=out,
        replace=replace,
    )


def _kind_of_outputs(declared: Preprocessing, protocol: Protocol) -> str:
    if not protocol.classes:
        return "valence and arousal"
    return "logits" if declared.outputs == "scores" else "probabilities"


def _declared(given: Given, protocol: Protocol, faces: FaceSet) -> Preprocessing:
    if given.preprocessing is not None:
        return given.preprocessing
    if given.kind == "weights":
        return of_recipe(protocol, faces)
    expected = "--preprocessing FILE.yaml (docs/model-files.md), a recipe's name, or 'protocol' for this protocol's"
    raise BadInput(f"{given.source}, preprocessing", "none declared", expected)
