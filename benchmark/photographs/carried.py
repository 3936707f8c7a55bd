"""The networks that the package carries: what is known of them, and how they are opened. `carrying` made their files."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load
from torch import nn

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml_once
from benchmark.photographs.networks import Member, Network
from benchmark.protocol.cells import Run, named_cell
from benchmark.protocol.protocol import load_protocol
from benchmark.runs.training.pixels import Standardiser
from benchmark.runs.training.trainer import build_model

FOLDER = Path(__file__).with_name("carried")
KINDS = ("expression", "affect")
CARD = "docs/reference/carried.md"


def facts(kind: str, folder: Path = FOLDER) -> Mapping[str, Json]:
    """What is known of a carried network, as `benchmark.photographs.carrying` wrote it.

    Args:
        kind: one of `KINDS`.
    """
    return read_yaml_once(folder / f"{kind}.yaml")


def carried_network(kind: str, folder: Path = FOLDER) -> Network:
    """A carried network, on the CPU. BadInput for a file of weights that is missing or not the one that was described."""
    known = facts(kind, folder)
    run = Run(load_protocol(known["protocol"]), named_cell(known["cell"], folder), known["seed"])
    states = weights_of(known, folder)
    members = tuple(_member(run, state, own) for state, own in zip(states, known["input"], strict=True))
    what = run.cell.name if len(members) == 1 else f"{run.cell.name}, the mean of {len(members)} folds"
    title = f"{what}, trained by ferbench under {run.protocol.name} (seed {run.seed}) and carried by this package"
    return Network(title, CARD, run.protocol, members)


def weights_of(known: Mapping[str, Json], folder: Path = FOLDER) -> list[dict[str, torch.Tensor]]:
    """The state dicts of a carried network, one for each of its members. BadInput as of `carried_network`."""
    path = folder / known["weights"]["file"]
    contents = path.read_bytes() if path.is_file() else b""
    if (found := hashlib.sha256(contents).hexdigest()) != known["weights"]["sha256"]:
        expected = f"SHA-256 {known['weights']['sha256']}; install the package again"
        raise BadInput(path, f"SHA-256 {found}" if contents else "no such file", expected)
    return parted(load(contents), len(known["input"]))


def joined(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """State dicts as one: the names of the second begin with "1." and so on."""
    parts = enumerate(states)
    return {f"{place}.{name}": tensor.contiguous() for place, state in parts for name, tensor in state.items()}


def parted(tensors: Mapping[str, torch.Tensor], number: int) -> list[dict[str, torch.Tensor]]:
    """What `joined` made one, as it was."""
    found: list[dict[str, torch.Tensor]] = [{} for _ in range(number)]
    for name, tensor in tensors.items():
        place, _, own = name.partition(".")
        found[int(place)][own] = tensor
    return found


def _member(run: Run, state: Mapping[str, torch.Tensor], own: Mapping[str, Json]) -> Member:
    model: nn.Module = build_model(run, torch.device("cpu"))
    model.load_state_dict(state)
    prepare = Standardiser(tuple(own["mean"]), tuple(own["deviation"]))
    return Member(model.eval(), prepare, run.protocol.input_size, run.protocol.channels)
