"""Loads weights for a network that is given as code: safetensors, or a checkpoint of torch. No code in the file is run."""

import hashlib
from pathlib import Path

from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.state_dicts import fitting
from benchmark.outside.adapters.torch_file import read_contents
from benchmark.records import seal


def read_state(path: Path) -> tuple[object, list[str], str]:
    """(contents of the file with tensors on the CPU, classes whose objects are left out, SHA-256 of the file).

    Weights that lie in the folder of a record, and that its seal lists, are compared with the seal first.

    Raises:
        BadInput: no such file; weights of a record that are not as sealed; and as of
            `benchmark.outside.adapters.torch_file.read_contents`.
    """
    if not path.is_file():
        raise BadInput(path, "no such file", "weights of a network: safetensors, or a file of torch")
    data = path.read_bytes()
    sealed = seal.read_seal(path.parent) if (path.parent / seal.RECORD).is_file() else None
    if sealed is not None and path.name in sealed:
        seal.check_bytes(path.parent, path.name, data, sealed)
    contents, left_out = read_contents(path, data)
    return contents, left_out, hashlib.sha256(data).hexdigest()


def load_into(model: nn.Module, path: Path, whose: str) -> tuple[str, tuple[str, ...]]:
    """Load the tensors of a file into `model`. Returns (the file's SHA-256, sentences on what was done for it: a key, a
    prefix, another kind of number; none for a plain state dict).

    Args:
        whose: description of the network for error messages.

    Raises:
        BadInput: as `read_state` and `benchmark.outside.adapters.state_dicts.fitting`.
    """
    contents, left_out, digest = read_state(path)
    state, said = fitting(contents, model, path, whose)
    try:
        model.load_state_dict(state, strict=False)  # `fitting` is stricter, except for the counters of BatchNorm
    except Exception as error:  # a tensor without plain numbers (sparse, quantised, without memory); a module's own loading
        found = f"tensors that the network can not take ({type(error).__name__})"
        raise BadInput(path, found, f"plain ones, as in {whose}") from error
    if left_out:
        said.append(f"objects of {', '.join(left_out)} left out")
    return digest, (f"weights: {', '.join(said)}",) if said else ()
