"""Opens an exported program of torch (.pt2) or a TorchScript file. Loading either of them may run code in the file."""

import contextlib
import hashlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling, Given, check_batch
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.adapters.torch_file import check_whole
from benchmark.outside.suffixes import SCRIPTS, suffix_of


def open_exported(path: Path, device: torch.device, preprocessing: Preprocessing | None, *, trust: bool) -> Given:
    """The model of the file on `device`.

    Args:
        trust: the user confirms that the file comes from a trusted source. torch.export.load uses pickle, and TorchScript
            files are programs (see torch's documentation and security policy).

    Raises:
        BadInput: `trust` is False; a file that torch can not load; a program whose input is not one batch of pictures.
    """
    if not trust:
        raise BadInput(
            path, "a file whose loading may run code of its own", "--trust (trust=True), if you trust its makers; or ONNX"
        )
    data = path.read_bytes()
    check_whole(path, data, "an exported model")
    digest, batch = hashlib.sha256(data).hexdigest(), preprocessing.batch if preprocessing else None
    try:  # from the bytes that the digest is of, not from a file that may be another one by now
        if suffix_of(path) in SCRIPTS:
            script = torch.jit.load(io.BytesIO(data), map_location=device).eval()
            parameters = sum(parameter.numel() for parameter in script.parameters())
            return Given("exported", path.name, digest, Calling(script, batch, path.name), preprocessing, parameters)
        with _quiet():
            program = torch.export.load(io.BytesIO(data))
    except Exception as error:  # torch's readers raise many kinds of error
        raise BadInput(path, f"a file that torch does not load ({type(error).__name__})", "an exported model") from error
    names = program.graph_signature.user_inputs
    shapes = [node.meta["val"].shape for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
    if len(shapes) != 1 or len(shapes[0]) != 4:
        raise BadInput(path, f"inputs of shapes {[tuple(shape) for shape in shapes]}", "one batch of pictures")
    fixed = shapes[0][0] if isinstance(shapes[0][0], int) else None
    check_batch(path, fixed, preprocessing)
    model = Calling(program.module().to(device), fixed or batch, path.name)
    parameters = sum(parameter.numel() for parameter in program.parameters())
    return Given("exported", path.name, digest, model, preprocessing, parameters)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A context in which torch does not log the traceback of an error that is told in one line."""
    logger = logging.getLogger("torch.export")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
