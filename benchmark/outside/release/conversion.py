"""Converts the authors' TensorFlow checkpoint into weights for the network `bregnext-50`, without TensorFlow.

A checkpoint consists of PREFIX.index (see `checkpoint_index`) and PREFIX.data-00000-of-00001, which has the bytes of all
variables one after the other. Weights of convolutions (3, 3, inputs, outputs) become (outputs, inputs, 3, 3); the output
layer (inputs, outputs) becomes (outputs, inputs). Nothing else has to be changed: the network here has the same SAME
padding, zero padding of channels, average pooling, ELU and BatchNorm eps = 1e-5 (tflearn 0.3.2) as the authors' graph.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.files import replacing_file
from benchmark.outside.release.checkpoint_index import Entry, read_index
from benchmark.outside.release.crc32c import crc32c
from benchmark.outside.release.findings import expected_entry, find_index
from benchmark.outside.release.layers import Network, numbered, units, variables
from benchmark.protocol.building import create

MODEL, OPTIONS = "bregnext-50", {"shortcut": "adaptive", "normalisation": "frozen"}
STATISTICS = {"moving_mean": 0.0, "moving_variance": 1.0}  # moving statistics -> their values before the first update
SIZE = 64  # side of the authors' pictures; the weights can be used with any size


class Converted(NamedTuple):
    """What `convert` wrote: numbers of trained parameters, of outputs, of BatchNorm layers, and of BatchNorm layers whose
    statistics were never updated."""

    parameters: int
    outputs: int
    normalisations: int
    untouched: int


def convert(checkpoint: Path, out: Path) -> Converted:
    """Write `out`: a float32 state dict of `MODEL` with `OPTIONS`, which torch can load with weights_only=True.

    Moving means and variances are copied unchanged: the frozen network normalises by them. The number of outputs is that of
    the checkpoint.

    Args:
        checkpoint: an index file with its data file in the same folder, or a folder with one such index file below it.

    Raises:
        BadInput: no index or data file, or a damaged one (the checksum of every tensor is verified); a checkpoint of another
            network; values that are not finite; `out` without the suffix .pt. Nothing has been written then.
    """
    if out.suffix != ".pt":
        raise BadInput(out, f"ending '{out.suffix}'", ".pt, a file of torch")
    index = find_index(checkpoint)
    entries = read_index(index)
    network = Network(classes=_outputs(index, entries))
    shapes = {name: variable.shape for name, variable in variables(network).items()}
    for name in [name for name in shapes if name.endswith("/gamma")]:
        shapes |= {name.replace("gamma", kind): shapes[name] for kind in STATISTICS}
    tensors = read_tensors(index, {name: expected_entry(index, entries, name, shape) for name, shape in shapes.items()})
    for name, values in tensors.items():
        if bad := int(np.sum(~np.isfinite(values))):
            raise BadInput(f"{index}, {name}", f"{bad} values that are not finite", "finite weights")
    state = state_dict(tensors, network)
    model = create(MODEL, num_outputs=network.classes, in_channels=3, input_size=SIZE, **OPTIONS)
    model.load_state_dict(state)  # checks that names and shapes are those of the network
    with replacing_file(out) as temporary:
        torch.save(state, temporary)
    scopes = [name.removesuffix("gamma") for name in shapes if name.endswith("/gamma")]
    untouched = sum(all((tensors[s + kind] == value).all() for kind, value in STATISTICS.items()) for s in scopes)
    parameters = sum(tensor.numel() for tensor in model.parameters())
    return Converted(parameters, network.classes, len(scopes), untouched)


def read_tensors(index: Path, entries: Mapping[str, Entry]) -> dict[str, np.ndarray]:
    """Name -> float32 tensor for the given entries of the index file, read from the data files in its folder. Checksums are
    verified.

    Raises:
        BadInput: a data file that is missing or too short; a tensor with a wrong checksum.
    """
    tensors = {}
    for shard in sorted({entry.shard for entry in entries.values()}):
        path = _data_file(index, shard)
        size = path.stat().st_size
        with open(path, "rb") as stream:
            for name, entry in sorted(entries.items(), key=lambda item: item[1].offset):
                if entry.shard != shard:
                    continue
                if entry.offset + entry.size > size:
                    raise BadInput(path, f"{size} bytes", f"{entry.offset + entry.size} or more: {name} ends there")
                stream.seek(entry.offset)
                data = stream.read(entry.size)
                if (found := crc32c(data)) != entry.crc:
                    raise BadInput(f"{path}, {name}", f"checksum {found:#010x}", f"{entry.crc:#010x} as in {index.name}")
                tensors[name] = np.frombuffer(data, "<f4").reshape(entry.shape).astype(np.float32)
    return tensors


def state_dict(tensors: Mapping[str, np.ndarray], network: Network) -> dict[str, torch.Tensor]:
    """The tensors with the names and the layout of the network here.

    Args:
        tensors: name in the checkpoint -> float32: those of `layers.variables`, and the moving statistics.
    """
    state: dict[str, torch.Tensor] = {}

    def put(name: str, values: np.ndarray) -> None:
        state[name] = torch.from_numpy(np.array(values, np.float32, order="C"))

    def weighted(name: str, scope: str) -> None:
        weight = tensors[f"{scope}/W"]
        put(f"{name}.weight", weight.transpose(3, 2, 0, 1) if weight.ndim == 4 else weight.T)
        put(f"{name}.bias", tensors[f"{scope}/b"])

    def normalised(name: str, scope: str) -> None:
        own = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        for ours, theirs in own.items():
            put(f"{name}.{ours}", tensors[f"{scope}/{theirs}"])
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)

    weighted("stem", "Conv2D")
    for number, unit in enumerate(units(network)):
        ours = f"units.{number}"
        for half in (0, 1):  # a unit is twice: normalisation, ELU, convolution
            place = 2 * unit.place + half
            normalised(f"{ours}.residual.{3 * half}", f"{unit.scope}/{numbered('BatchNormalization', place)}")
            weighted(f"{ours}.residual.{3 * half + 2}", f"{unit.scope}/{numbered('Conv2D', place)}")
        for scalar in "ac":
            put(f"{ours}.shortcut.{scalar}", tensors[f"{unit.scope}/{numbered('shortcut_mod', unit.place)}/{scalar}"])
    normalised("head.0", "BatchNormalization")
    weighted("output", "FullyConnected")
    return state


def _outputs(index: Path, entries: Mapping[str, Entry]) -> int:
    bias = entries.get("FullyConnected/b")
    if bias is None or len(bias.shape) != 1 or not 1 <= bias.shape[0] <= 1000:
        found = "no such variable" if bias is None else f"shape {bias.shape}"
        raise BadInput(f"{index}, FullyConnected/b", found, "one number a class, as in BReG-NeXt-50")
    return bias.shape[0]


def _data_file(index: Path, shard: int) -> Path:
    pattern = f"{index.name.removesuffix('.index')}.data-{shard:05d}-of-"
    found = sorted(path for path in index.parent.iterdir() if path.name.startswith(pattern))
    if len(found) != 1:
        raise BadInput(index.parent, f"{len(found)} files {pattern}*", f"one, the values that belong to {index.name}")
    return found[0]
