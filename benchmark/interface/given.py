"""What a person gave: which protocol is meant, and whether something is predictions. Loads no torch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.outside.suffixes import PREDICTIONS, suffix_of
from benchmark.protocol.protocol import Protocol, load_protocol


def protocol_of(given: str | Path | Protocol) -> Protocol:
    """A protocol, given by its name or file, or itself. BadInput as of `load_protocol`."""
    return given if isinstance(given, Protocol) else load_protocol(str(given))


def is_predictions(model: object) -> bool:
    """Whether `model` is a file or object of predictions, not a model."""
    if isinstance(model, str | Path):
        return suffix_of(model) in PREDICTIONS
    if isinstance(model, Mapping | np.ndarray | list | tuple) or hasattr(model, "columns"):  # the latter: a DataFrame
        return True
    return hasattr(model, "__array__") and not callable(model)  # a tensor, a Series
