"""Opens an ONNX file; onnxruntime runs it on the CPU. Its graph can only use known operators: no code in the file is run."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling, Given, check_batch
from benchmark.outside.adapters.preprocessing import Preprocessing, output_names
from benchmark.outside.adapters.torch_file import check_whole
from benchmark.protocol.protocol import Protocol

OUTSIDE = ("external data", "cannot get file size")  # in onnxruntime's errors about weights in another file
NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


def open_onnx(path: Path, preprocessing: Preprocessing | None, protocol: Protocol) -> Given:
    """The model in the file. It must have one input with four dimensions, and one output, or one with as many numbers for a
    picture as there are classes.

    Raises:
        BadInput: onnxruntime is not installed; a file that it can not read; other inputs or outputs; a declared size, number
            of channels, layout, range or batch that contradicts the input in the file.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise BadInput(path, "package onnxruntime is missing", "it installed: pip install 'ferbench[onnx]'") from error
    data = path.read_bytes()
    check_whole(path, data, "an ONNX model")
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # what it reports comes back as an exception
        # Loaded from bytes, and other files are looked for in an empty folder (else in the current one, where the weights
        # may lie): the digest covers the whole model.
        with tempfile.TemporaryDirectory() as nowhere:
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", nowhere)
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        found, expected = f"a file that onnxruntime does not load ({type(error).__name__})", "an ONNX model"
        if any(words in str(error).lower() for words in OUTSIDE):  # as torch's exporter writes it if it is not told
            found, expected = "weights in another file", "them in this one: torch.onnx.export(..., external_data=False)"
        raise BadInput(path, found, expected) from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in NUMBERS:
        names = [f"{each.name} {each.type} {each.shape}" for each in (*inputs, *outputs)]
        raise BadInput(path, "; ".join(names), "one input of float pictures in four dimensions, and one output")
    shape = [size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape]
    _check_shape(path, shape, preprocessing)
    check_batch(path, shape[0], preprocessing)
    number = NUMBERS[inputs[0].type]
    if number is np.uint8:
        _check_pixels(path, preprocessing)
    names = preprocessing.classes if preprocessing and preprocessing.classes else output_names(protocol)
    output = _scores(path, outputs, len(names))
    said = [f"output '{output.name}' taken, of {', '.join(each.name for each in outputs)}"] if len(outputs) > 1 else []
    if number is not np.float32:
        said.append(f"input: given as {np.dtype(number).name}, as the file wants it")

    def run(images: Tensor) -> Tensor:
        array = images.cpu().numpy()
        own = array.round().astype(number) if number is np.uint8 else array.astype(number, copy=False)
        (found,) = session.run([output.name], {inputs[0].name: own})
        return torch.from_numpy(found)

    model = Calling(run, shape[0] or (preprocessing.batch if preprocessing else None), path.name)
    return Given("onnx", path.name, hashlib.sha256(data).hexdigest(), model, preprocessing, None, tuple(said))


def _scores(path: Path, outputs: Sequence[Any], classes: int) -> Any:
    """The only output; of several, the only one of shape (N, classes)."""
    fit = [each for each in outputs if len(each.shape) == 2 and each.shape[1] == classes]
    if len(outputs) == 1 or len(fit) == 1:
        return (fit or outputs)[0]
    names = "; ".join(f"{each.name} {each.shape}" for each in outputs)
    found = f"{len(fit) or 'no'} outputs of shape (N, {classes}) among {names}"
    raise BadInput(path, found, "one, the scores: export the model with them as its only output")


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


def _check_pixels(path: Path, preprocessing: Preprocessing | None) -> None:
    """BadInput unless the declared values are the pixels themselves, as an input of whole numbers can have no others."""
    own = preprocessing
    if own and (own.range != (0.0, 255.0) or set(own.mean) != {0.0} or set(own.deviation) != {1.0}):
        found = "an input of uint8, and declared values that are not 0..255"
        raise BadInput(path, found, "`range: [0, 255]`, without mean and deviation")
