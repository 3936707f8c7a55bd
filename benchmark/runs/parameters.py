"""The number of parameters of a record's network, from the network itself. It is built without memory for its weights."""

import json
from functools import cache

import torch

from benchmark.protocol.building import create
from benchmark.protocol.cells import installed_cells
from benchmark.protocol.registry import TIMM, models
from benchmark.records.checks.known import own_protocol
from benchmark.records.record import Record


def parameters_of(record: Record) -> int | None:
    """The number of trainable parameters of the network of a run's record.

    A record can name any function of any package, with any options. So only these networks are built: those of installed
    cells, and registered models and networks of timm without options. None for every other.

    Raises:
        BadInput: a model that is not installed, or that can not be built.
    """
    contents, protocol = record["cell"], own_protocol(record)
    installed = installed_cells().get(record.cell)
    known = installed is not None and installed.hash == record["cell_hash"]
    plain = not contents["options"] and (contents["model"] in models() or contents["model"].startswith(TIMM))
    if not known and not plain:
        return None
    options = json.dumps(contents["options"])
    return _count(contents["model"], protocol.outputs, protocol.channels, protocol.input_size, options)


@cache
def _count(model: str, outputs: int, channels: int, size: int, options: str) -> int:
    with torch.device("meta"):
        network = create(model, num_outputs=outputs, in_channels=channels, input_size=size, **json.loads(options))
    return sum(each.numel() for each in network.parameters() if each.requires_grad)
