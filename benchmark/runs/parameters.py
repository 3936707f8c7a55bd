"""The number of parameters of a record's network, from the network itself. It is built without memory for its weights.

Building it needs torch, which takes seconds to import. So what trains runs also counts their networks into a file, and a
number in that file is taken instead, as long as the code that built the network is the present code.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import digest, read_object, write_json
from benchmark.protocol.building import create
from benchmark.protocol.cells import Run, installed_cells
from benchmark.protocol.registry import TIMM, models
from benchmark.records.checks.known import own_protocol
from benchmark.records.record import Record
from benchmark.runs import sources

Network = tuple[str, int, int, int, str]  # model, outputs, channels, input size, options as JSON


def parameters_of(record: Record, counted: Mapping[str, int] | None = None) -> int | None:
    """The number of trainable parameters of the network of a run's record.

    A record can name any function of any package, with any options. So only these networks are built: those of installed
    cells, and registered models and networks of timm without options. None for every other.

    Args:
        counted: networks that need not be built (`read_counts`).

    Raises:
        BadInput: a model that is not installed, or that can not be built.
    """
    contents, protocol = record["cell"], own_protocol(record)
    installed = installed_cells().get(record.cell)
    known = installed is not None and installed.hash == record["cell_hash"]
    plain = not contents["options"] and (contents["model"] in models() or contents["model"].startswith(TIMM))
    if not known and not plain:
        return None
    options = json.dumps(contents["options"], sort_keys=True)
    network = contents["model"], protocol.outputs, protocol.channels, protocol.input_size, options
    if counted and (found := counted.get(_key(network))) is not None:
        return found
    return _count(network)


def write_counts(runs: Iterable[Run], path: Path) -> None:
    """Write the numbers of trainable parameters of the networks of `runs` to a JSON file, for `read_counts`. Those that are
    there already are not built again. A network whose factory raises an error is left out."""
    known, found = read_counts(path), {}
    for run in runs:
        protocol, options = run.protocol, json.dumps(run.cell.options, sort_keys=True)
        network = run.cell.model, protocol.outputs, protocol.channels, protocol.input_size, options
        key = _key(network)
        try:
            found[key] = known[key] if key in known else _count(network)
        except Exception:  # noqa: BLE001, S112  # anyone's factory: whoever asks for the number learns why there is none
            continue
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, dict(sorted(found.items())))


def read_counts(*paths: Path) -> dict[str, int]:
    """What `write_counts` has written to these files: key of a network -> its number of trainable parameters. A file that is
    missing or damaged counts for nothing: the networks are then built."""
    found: dict[str, int] = {}
    for path in paths:
        try:
            found |= {key: value for key, value in read_object(path).items() if type(value) is int}
        except (BadInput, OSError):
            continue
    return found


@cache
def _key(network: Network) -> str:
    """Equal for equal networks, built by the same code."""
    return digest([*network, sources.code_digest(network[0])])


@cache
def _count(network: Network) -> int:
    import torch

    model, outputs, channels, size, options = network
    with torch.device("meta"):
        built = create(model, num_outputs=outputs, in_channels=channels, input_size=size, **json.loads(options))
    return sum(each.numel() for each in built.parameters() if each.requires_grad)
