"""Loads weights for a network that is given as code: safetensors, or a state dict of torch read with weights_only."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.records import seal

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


def read_state(path: Path) -> tuple[dict[str, Tensor], str]:
    """(name -> tensor on the CPU, SHA-256 of the file). No code in the file is run.

    Weights that lie in the folder of a record, and that its seal lists, are compared with the seal first.

    Raises:
        BadInput: no such file, a file that is not a state dict, or weights of a record that are not as sealed.
    """
    if not path.is_file():
        raise BadInput(path, "no such file", "weights of a network: safetensors, or a file of torch")
    data = path.read_bytes()
    sealed = seal.read_seal(path.parent) if (path.parent / seal.RECORD).is_file() else None
    if sealed is not None and path.name in sealed:
        seal.check_bytes(path.parent, path.name, data, sealed)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load

            state = load(data)
        else:
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # both libraries raise many kinds of error for files of other formats
        reader = "safetensors" if path.suffix == ".safetensors" else "torch"
        raise BadInput(path, f"a file that {reader} does not load ({type(error).__name__})", "a state dict") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BadInput(path, f"a {type(state).__name__} of other things than tensors", "a state dict: name -> tensor")
    return dict(state), hashlib.sha256(data).hexdigest()


def load_into(model: nn.Module, path: Path, whose: str) -> str:
    """Load the tensors of a file into `model`. The file must have exactly the tensors of the model. Returns the file's
    SHA-256.

    Args:
        whose: description of the network for error messages.

    Raises:
        BadInput: as `read_state`; also a tensor with another shape, a missing or a surplus one, by name.
    """
    state, digest = read_state(path)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in sorted(expected | found):
        if expected.get(name) != found.get(name):
            shapes = [f"shape {each[name]}" if name in each else "no such tensor" for each in (found, expected)]
            raise BadInput(f"{path}, {name}", shapes[0], f"{shapes[1]}, as in {whose}")
    model.load_state_dict(state)
    return digest
