"""Reads complexity.json and latency.json, and finds the entry for the network of a cell. Needs no torch.

A network is defined by its model, the model's options, the size and channels of the input, and the number of outputs.
Protocol, loss and recipe do not matter. Both files contain {schema, cells, networks}. cells: "<protocol>/<cell>" -> entry,
for the runs of the plan. networks: a list of {name, model, options, outputs} | entry, for the networks of complexity.yaml.

* complexity.json holds counts, which are equal on every machine. An entry is the result of
  `benchmark.measures.complexity.measure.count`.
* latency.json holds times, and `environment`: what they were measured on. An entry is {input, latency}; latency is the
  result of `benchmark.measures.complexity.measure.latency`.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import Json, read_made
from benchmark.protocol.cells import installed_cells
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.comparisons import Comparison
from benchmark.records.record import Record

SCHEMA = 2  # of complexity.json
LATENCY_SCHEMA = 1


def of_cell(
    complexity: Mapping[str, Json] | None, protocol: Mapping[str, Json], cell: Mapping[str, Json]
) -> Mapping[str, Json] | None:
    """The entry for a cell under a protocol; None if its network was not counted.

    Args:
        complexity: contents of complexity.json or latency.json, or None.
        protocol, cell: as in a record.
    """
    if not complexity:
        return None
    own: Mapping[str, Json] | None = complexity["cells"].get(f"{protocol['name']}/{cell['name']}")
    return own if own is not None else _alike(complexity, protocol, cell)


def of_names(complexity: Mapping[str, Json] | None, protocol: str, cell: str) -> Mapping[str, Json] | None:
    """As `of_cell`, for a protocol and a cell given by their names."""
    if not complexity:
        return None
    own: Mapping[str, Json] | None = complexity["cells"].get(f"{protocol}/{cell}")
    if own is not None or protocol not in protocol_names() or cell not in (cells := installed_cells()):
        return own
    return _alike(complexity, load_protocol(protocol).as_dict(), cells[cell].as_dict())


def _alike(
    complexity: Mapping[str, Json], protocol: Mapping[str, Json], cell: Mapping[str, Json]
) -> Mapping[str, Json] | None:
    outputs = len(protocol["classes"]) if protocol["task"] == "categorical" else 2
    picture = [1, protocol["channels"], protocol["input_size"], protocol["input_size"]]
    wanted = (cell["model"], cell["options"], outputs, picture)
    same = (e for e in complexity.get("networks", ()) if (e["model"], e["options"], e["outputs"], e["input"]) == wanted)
    return next(same, None)


def read_complexity(path: Path | None) -> Mapping[str, Json] | None:
    """Contents of complexity.json; None if there is no file. BadInput for a damaged file or another schema."""
    return read_made(path, SCHEMA, "cells", "complexity") if path is not None and path.is_file() else None


def counted_parameters(complexity: Mapping[str, Json] | None, record: Record) -> int | None:
    """The number of trainable parameters that were counted for the network of a record; None if it was not counted."""
    entry = of_cell(complexity, record["protocol"], record["cell"])
    return None if entry is None else int(entry["parameters"]["trainable"])


def read_latency(path: Path | None) -> Mapping[str, Json] | None:
    """Contents of latency.json; None if there is no file. BadInput for a damaged file or another schema."""
    return read_made(path, LATENCY_SCHEMA, "cells", "complexity") if path is not None and path.is_file() else None


def measured_network(complexity: Mapping[str, Json] | None, comparison: Comparison, label: str) -> Mapping[str, Json] | None:
    """The entry of complexity.json or latency.json for a cell of a comparison; None if there is none."""
    return of_cell(complexity, comparison.protocol, comparison.cell(label))
