"""Opens a model that was trained elsewhere. There is one module per kind of model; each returns a `Given`.

`open_model` recognises the kind by what the user gives: an object of Python; a file by its suffix; any other text is code.
To add a kind, add its suffix to `benchmark.outside.suffixes`, a module and a branch here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters import exported, onnx
from benchmark.outside.adapters.given import Calling, Given
from benchmark.outside.adapters.objects import open_object
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.adapters.python import open_python
from benchmark.outside.adapters.torch_file import is_torchscript
from benchmark.outside.suffixes import MODELS, ONNX, PREDICTIONS, WEIGHTS, suffix_of
from benchmark.protocol.protocol import Protocol

KERAS, TENSORFLOW = "a model of Keras", "a model of TensorFlow"
OTHERS = {".h5": KERAS, ".hdf5": KERAS, ".keras": KERAS, ".pb": TENSORFLOW, ".tflite": TENSORFLOW}
OTHERS |= {".pickle": "a pickle, which may hold code", ".joblib": "a pickle, which may hold code"}
OTHERS |= {".caffemodel": "a model of Caffe", ".mlmodel": "a model of Core ML", ".engine": "a program of TensorRT"}


def open_model(
    model: str | Path | nn.Module | Callable,
    protocol: Protocol,
    device: torch.device,
    *,
    file: Path | None = None,
    options: Mapping | None = None,
    preprocessing: Preprocessing | None = None,
    trust: bool = False,
    trained: bool = True,
) -> Given:
    """The model that `model` names or is, on `device` if its kind allows it.

    Args:
        model: an ONNX or exported file; code: a cell, a registered model, ``timm:NAME``, ``package.module:factory``; or an
            object (`benchmark.outside.adapters.objects`), which stays on its own device.
        file: weights for a model given as code.
        options: keyword arguments for the factory of a model given as code.
        preprocessing: used instead of what the model itself declares.
        trust: see `benchmark.outside.adapters.exported`.
        trained: False: a network given as code may have random parameters, because only its cost is of interest.

    Raises:
        BadInput: as the function of the kind; also weights or options for a model file or an object, weights without the
            network's code, or a file of another kind.
    """
    if not isinstance(model, str | Path):
        if file is not None or options:
            raise BadInput(
                "the model", "weights or options for an object", "an object that has its weights, and none of them"
            )
        return open_object(model, protocol, preprocessing)
    path, suffix = Path(model), suffix_of(model)
    is_file = path.is_file() or "/" in str(model)
    if suffix in WEIGHTS and is_file:
        if path.is_file() and is_torchscript(path):
            raise BadInput(model, "a program of TorchScript", "its name to end in .torchscript, and --trust")
        raise BadInput(model, "weights without their network", "MODEL --weights FILE, MODEL being the network's code")
    if suffix in OTHERS and is_file:
        raise BadInput(model, OTHERS[suffix], "ONNX; or its predictions, for ferbench score; or in Python, a callable")
    if suffix not in MODELS and ":" not in str(model) and ("/" in str(model) or (suffix and path.exists())):
        expected = f"a model: {', '.join(MODELS)}; predictions: {', '.join(PREDICTIONS)}; or code by its name"
        raise BadInput(path, "a file or folder of another kind" if path.exists() else "no such file", expected)
    if suffix not in MODELS:
        named = {"weights": file, "options": options or {}, "preprocessing": preprocessing}
        given = open_python(str(model), protocol, **named, trained=trained)
        given.model.to(device)
        batch = given.preprocessing.batch if given.preprocessing else None
        if batch is None:
            return given
        return dataclasses.replace(given, model=Calling(given.model.eval(), batch, given.source))
    if not path.is_file():
        raise BadInput(path, "no such file", f"a model: {', '.join(MODELS)}")
    if file is not None or options:
        raise BadInput(path, "weights or options for a file that holds its own", "none of them")
    if suffix in ONNX:
        return onnx.open_onnx(path, preprocessing, protocol)
    return exported.open_exported(path, device, preprocessing, trust=trust)
