"""Opens an ONNX file; onnxruntime runs it on the CPU. Its graph can only use known operators: no code in the file is run."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling, Given
from benchmark.outside.adapters.preprocessing import Preprocessing

SUFFIXES = (".onnx",)


def open_onnx(path: Path, preprocessing: Preprocessing | None) -> Given:
    """The model in the file. It must have one input with four dimensions and one output.

    Raises:
        BadInput: onnxruntime is not installed; a file that it can not read; other inputs or outputs; a declared size, number
            of channels or layout that contradicts the input shape in the file.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise BadInput(path, "package onnxruntime is missing", "it installed: pip install 'ferbench[onnx]'") from error
    data = path.read_bytes()
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        # Loaded from bytes, so that the digest covers the whole model and no path in it can open another file.
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        found = f"a file that onnxruntime does not load ({type(error).__name__})"
        raise BadInput(path, found, "an ONNX model with its weights in this one file") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        names = [f"{each.name} {each.type} {each.shape}" for each in (*inputs, *outputs)]
        raise BadInput(path, "; ".join(names), "one input of float pictures in four dimensions, and one output")
    shape = [size if isinstance(size, int) else None for size in inputs[0].shape]
    _check_shape(path, shape, preprocessing)

    def run(images: Tensor) -> Tensor:
        (found,) = session.run(None, {inputs[0].name: images.cpu().numpy()})
        return torch.from_numpy(found).to(images.device)

    model = Calling(run, batch=shape[0])
    return Given("onnx", path.name, hashlib.sha256(data).hexdigest(), model, preprocessing, None)


def _check_shape(path: Path, shape: list[int | None], preprocessing: Preprocessing | None) -> None:
    if preprocessing is None:
        return
    own = preprocessing
    pixels, channels = (shape[1:3], shape[3]) if own.layout == "NHWC" else (shape[2:], shape[1])
    for key, found, declared in (
        ("channels", channels, own.channels),
        ("input_size", pixels[0], own.input_size),
        ("input_size", pixels[1], own.input_size),
    ):
        if found is not None and declared is not None and found != declared:
            raise BadInput(f"{path}, {key}", f"{found} in the file ({own.layout})", f"{declared} as declared")
