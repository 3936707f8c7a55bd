"""What a person gave: which protocol is meant, and whether something is predictions. Loads no torch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.outside.suffixes import PREDICTIONS, suffix_of
from benchmark.protocol.protocol import Protocol, load_protocol


def protocol_of(given: str | Path | Protocol) -> Protocol:
    """A protocol, given by its name or file, or itself. BadInput as of `load_protocol`."""
    if isinstance(given, Protocol):
        return given
    if not isinstance(given, str | Path):
        raise BadInput("protocol", _a(given), "its name, a file of one's own, or a Protocol")
    return load_protocol(str(given))


def weights_of(given: str | Path | None) -> Path | None:
    """The file of weights. BadInput for what is no file's name, such as a state dict."""
    if given is None or isinstance(given, str | Path):
        return None if given is None else Path(given)
    raise BadInput("weights", _a(given), "a file; or as the model, the network itself with its weights loaded")


def code_of(given: str) -> str:
    """The name of what is to be trained. BadInput for a network itself."""
    if not isinstance(given, str):
        expected = "a name: a cell, a registered model, timm:NAME or package.module:factory, so that its record tells how"
        raise BadInput("train", _a(given), f"{expected} to make it again")
    return given


def _a(given: object) -> str:
    return f"an object of {type(given).__qualname__}"


def is_predictions(model: object) -> bool:
    """Whether `model` is a file or object of predictions, not a model."""
    if isinstance(model, str | Path):
        return suffix_of(model) in PREDICTIONS
    if isinstance(model, Mapping | np.ndarray | list | tuple) or hasattr(model, "columns"):  # the latter: a DataFrame
        return True
    return hasattr(model, "__array__") and not callable(model)  # a tensor, a Series
