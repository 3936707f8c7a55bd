"""Opens a model that was trained elsewhere. There is one module per kind of model; each returns a `Given`.

`open_model` recognises the kind by what the user names: a file by its suffix; anything else is code. To add a kind, add a
module with `SUFFIXES` and a branch here.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters import exported, onnx, weights
from benchmark.outside.adapters.given import Given
from benchmark.outside.adapters.objects import open_object
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.adapters.python import open_python
from benchmark.protocol.protocol import Protocol

FILES = (*onnx.SUFFIXES, *exported.SUFFIXES)


def open_model(
    model: str | nn.Module | Callable,
    protocol: Protocol,
    device: torch.device,
    *,
    file: Path | None = None,
    options: Mapping | None = None,
    preprocessing: Preprocessing | None = None,
    trust: bool = False,
    trained: bool = True,
) -> Given:
    """The model that `model` names, on `device` if its kind allows it.

    Args:
        model: an ONNX or exported file; or code: a cell, a registered model, ``timm:NAME``, ``package.module:factory``;
            or an object (`benchmark.outside.adapters.objects`).
        file: weights for a model given as code.
        options: keyword arguments for the factory of a model given as code.
        preprocessing: used instead of what the model itself declares.
        trust: see `benchmark.outside.adapters.exported`.
        trained: False: a network given as code may have random parameters, because only its cost is of interest.

    Raises:
        BadInput: as the function of the kind; also weights or options for a model file, or weights without the network's
            code.
    """
    if not isinstance(model, str):
        if file is not None or options:
            raise BadInput("model", "weights or options for an object", "none of them: it holds its own")
        return open_object(model, device, preprocessing)
    path = Path(model)
    if path.suffix in weights.SUFFIXES and (path.is_file() or "/" in model):
        raise BadInput(model, "weights without their network", "MODEL --weights FILE, MODEL being the network's code")
    if path.suffix not in FILES:
        named = {"weights": file, "options": options or {}, "preprocessing": preprocessing}
        given = open_python(model, protocol, **named, trained=trained)
        given.model.to(device)
        return given
    if not path.is_file():
        raise BadInput(path, "no such file", f"a model: {', '.join(FILES)}")
    if file is not None or options:
        raise BadInput(path, "weights or options for a file that holds its own", "none of them")
    if path.suffix in onnx.SUFFIXES:
        return onnx.open_onnx(path, preprocessing)
    return exported.open_exported(path, device, preprocessing, trust=trust)
