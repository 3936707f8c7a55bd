"""A model from outside, opened and ready to predict under a protocol: its declared input, and its outputs brought into the
protocol's form. What evaluates or measures such a model begins here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import read_yaml
from benchmark.outside.adapters.given import Given
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores, preprocessing_from
from benchmark.protocol.protocol import RECIPES, Protocol, protocol_from
from benchmark.runs.training.pixels import load_splits, standardiser

Model = str | nn.Module | Callable
Declaration = str | Path | Mapping | Preprocessing


class How(TypedDict, total=False):
    """How a model is given, beside its name, file or object.

    Keys:
        weights: file of the weights of a model given as code.
        options: keyword arguments for the factory of a model given as code.
        preprocessing: the declared input, as of `read_preprocessing`.
        trust: load a file although that may run code in it (`benchmark.outside.adapters.exported`).
    """

    weights: Path | None
    options: Mapping | None
    preprocessing: Declaration | None
    trust: bool


@dataclass(frozen=True)
class Ready:
    """A model under a protocol.

    Attributes:
        given: the opened model and the facts about it.
        declared: its input and the order of its outputs, after `Preprocessing.filled`.
        scores: a module from the model's input to float32 (N, K) in the protocol's order.
        prepare: makes the model's input from uint8 pictures, as `benchmark.runs.training.evaluation.predict` wants it.
    """

    given: Given
    declared: Preprocessing
    scores: Scores
    prepare: Input

    @property
    def said(self) -> tuple[str, ...]:
        """What was understood of the model's declaration, a sentence each."""
        return (*self.given.said, *self.scores.said)


def made_ready(
    model: Model,
    protocol: Protocol,
    faces: FaceSet,
    device: torch.device,
    **how: Unpack[How],
) -> Ready:
    """Open a model and bring it into the form of a protocol.

    Args:
        model: as of `benchmark.outside.adapters.opening.open_model`.
        how: see `How`. Without a preprocessing: what the model declares; for weights of a model that declares nothing, the
            protocol's.

    Raises:
        BadInput: as of `open_model` and `read_preprocessing`; also a model without a declared input.
    """
    chosen = read_preprocessing(how.get("preprocessing"), protocol, faces)
    given = open_as(model, protocol, device, chosen, how)
    declared = _declared(given, protocol, faces).filled(protocol)
    return Ready(given, declared, Scores(given.model, declared, protocol, given.source), Input(declared))


def open_as(
    model: Model, protocol: Protocol, device: torch.device, chosen: Preprocessing | None, how: How, *, trained: bool = True
) -> Given:
    """`benchmark.outside.adapters.opening.open_model` with the input that was chosen from the declaration of `how`."""
    options, trust = how.get("options"), how.get("trust", False)
    if options is not None and not isinstance(options, Mapping):
        raise BadInput("options", repr(options), "a mapping: keyword arguments of the model's factory")
    if not isinstance(trust, bool):  # a text would be true, whatever it says
        raise BadInput("trust", repr(trust), "True or False")
    given = {"file": how.get("weights"), "options": options, "trust": trust}
    return open_model(model, protocol, device, preprocessing=chosen, trained=trained, **given)


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
        raise BadInput(
            f"preprocessing by {protocol.name}", "folds, each with its own mean and deviation", "mean and deviation declared"
        )
    if "training" in (recipe.input_mean, recipe.input_deviation):
        found = standardiser(protocol, load_splits(faces, protocol, torch.device("cpu"))["train"])
        return Preprocessing(mean=found.mean, deviation=found.deviation)
    return Preprocessing(mean=recipe.input_mean, deviation=recipe.input_deviation)


def read_preprocessing(given: Declaration | None, protocol: Protocol, faces: FaceSet) -> Preprocessing | None:
    """The preprocessing that a person declares: a mapping or a `Preprocessing`; a YAML file; the name of a recipe; or
    "protocol" for the protocol's own recipe. None for None. BadInput as of `preprocessing_from` and `with_recipe`."""
    if given is None:
        return None
    recipe = recipe_or_declared(given, protocol)
    return of_recipe(recipe, faces) if isinstance(recipe, Protocol) else recipe


def recipe_or_declared(given: Declaration, protocol: Protocol) -> Protocol | Preprocessing:
    """A declaration that is written out; or, where it is the name of a recipe, the protocol with that recipe. Errors as of
    `read_preprocessing`."""
    if not isinstance(given, str | Path):
        return preprocessing_from(given, "the model")
    text = str(given)
    if text.endswith((".yaml", ".yml")):
        return preprocessing_from(read_yaml(Path(text)), text)
    return protocol if text == "protocol" else with_recipe(protocol, text)


def _declared(given: Given, protocol: Protocol, faces: FaceSet) -> Preprocessing:
    if given.preprocessing is not None:
        return given.preprocessing
    if given.kind == "weights":
        return of_recipe(protocol, faces)
    expected = (
        "--preprocessing FILE.yaml (docs/model-files.md; in Python a mapping), a recipe's name, or 'protocol' for its recipe"
    )
    raise BadInput(f"{given.source}, preprocessing", "none declared", expected)
