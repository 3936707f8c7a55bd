"""Ways in for a model that was trained elsewhere: one module a kind, each giving a `Given`.

`open_model` tells the kinds apart by what the user names: a file by its ending, anything else is code. A new kind is a
module with `SUFFIXES` and a branch here.
"""

from collections.abc import Mapping
from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.outside.adapters import exported, onnx, weights
from benchmark.outside.adapters.given import Given
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.adapters.python import open_python
from benchmark.protocol.protocol import Protocol

FILES = (*onnx.SUFFIXES, *exported.SUFFIXES)


def open_model(
    model: str,
    protocol: Protocol,
    device: torch.device,
    *,
    file: Path | None = None,
    options: Mapping | None = None,
    preprocessing: Preprocessing | None = None,
    trust: bool = False,
) -> Given:
    """The model that `model` names, on `device` where its kind can be.

    Args:
        model: an ONNX or exported file; or a cell, a registered model, ``timm:NAME``, ``package.module:factory``.
        file: weights for a model given as code.
        options: of the factory of a model given as code.
        preprocessing: instead of what the model declares itself.
        trust: see `benchmark.outside.adapters.exported`.

    Raises:
        BadInput: as the kind's own function; weights or options for a file; weights without the network's code.
    """
    path = Path(model)
    if path.suffix in weights.SUFFIXES and (path.is_file() or "/" in model):
        raise BadInput(model, "weights without their network", "MODEL --weights FILE, MODEL being the network's code")
    if path.suffix not in FILES:
        given = open_python(model, protocol, weights=file, options=options or {}, preprocessing=preprocessing)
        given.model.to(device)
        return given
    if not path.is_file():
        raise BadInput(path, "no such file", f"a model: {', '.join(FILES)}")
    if file is not None or options:
        raise BadInput(path, "weights or options for a file that holds its own", "none of them")
    if path.suffix in onnx.SUFFIXES:
        return onnx.open_onnx(path, preprocessing)
    return exported.open_exported(path, device, preprocessing, trust=trust)
