"""Measures the cost of the networks in complexity.yaml and in the plan, and writes two files for the report."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.files import digest, read_yaml, write_json
from benchmark.measures.complexity.file import LATENCY_SCHEMA, SCHEMA
from benchmark.measures.complexity.measure import measure
from benchmark.protocol.building import create
from benchmark.protocol.cells import Cell, Run, load_cells
from benchmark.runs import environment

LIST = Path(__file__).with_name("complexity.yaml")
# Limit of the time per network: enough for a stable median of a small network; 80 networks take about a minute.
SECONDS = 0.4


@dataclass(frozen=True)
class Network:
    """A model with its options and sizes; the arguments of `create`."""

    name: str
    model: str
    options: dict
    outputs: int
    channels: int
    input_size: int

    @property
    def digest(self) -> str:
        """Digest of everything but the name: equal for equal networks."""
        return digest([self.model, self.options, self.outputs, self.channels, self.input_size])


def listed(path: Path = LIST) -> list[Network]:
    """The networks of a complexity.yaml (default: the suite's own), in its order; within an entry by cell, then by size.

    Raises:
        BadInput: an entry with missing or unknown keys; a size that is not a positive whole number; a pattern that matches
            no cell.
    """
    cells, found = load_cells(), {}
    for title, entry in read_yaml(path).items():
        where = f"{path}, {title}"
        if not isinstance(entry, dict) or set(entry) != {"sizes", "outputs", "channels", "cells"}:
            raise BadInput(where, entry, "sizes, outputs, channels and cells")
        for value in (*entry["sizes"], entry["outputs"], entry["channels"]):
            if type(value) is not int or value < 1:
                raise BadInput(where, value, "a whole number of at least 1")
        for pattern in entry["cells"]:
            if not (names := fnmatch.filter(cells, pattern)):
                raise BadInput(where, f"'{pattern}', which no cell matches", "a cell")
            for cell, size in ((cells[name], size) for name in names for size in entry["sizes"]):
                network = _network(cell, entry["outputs"], entry["channels"], size)
                found.setdefault(network.digest, network)
    return list(found.values())


def measure_all(
    runs: Sequence[Run], networks: Sequence[Network], out: Path, latency: Path, *, seconds: float = SECONDS
) -> tuple[dict, dict]:
    """Measure all networks and write the counts to `out` and the times to `latency`, each atomically.
    `benchmark.measures.complexity.file` describes their contents, which are returned.

    Networks that differ only in loss or name are measured once. They run on the CPU, with one thread.

    Args:
        runs: of the plan.
        networks: from `listed`.
        seconds: as for `benchmark.measures.complexity.measure.latency`.
    """
    torch.set_num_threads(1)  # one thread: the latency then depends least on other processes
    of_plan = {  # by the protocol's name, not by its folder: a turned input size is no other protocol's
        f"{run.protocol.name}/{run.cell.name}": _network(
            run.cell, run.protocol.outputs, run.protocol.channels, run.protocol.input_size
        )
        for run in runs
    }
    wanted = {each.digest: each for each in (*networks, *of_plan.values())}
    measured = {}
    with progress.bar(total=len(wanted), desc="complexity", unit="network") as bar:
        for key, network in wanted.items():
            measured[key] = _measured(network, seconds)
            bar.update()
    counts = {key: {name: value for name, value in each.items() if name != "latency"} for key, each in measured.items()}
    times = {key: {name: each[name] for name in ("input", "latency")} for key, each in measured.items()}

    def entries(found: dict[str, dict]) -> dict:
        return {
            "cells": {place: found[network.digest] for place, network in of_plan.items()},
            "networks": [
                {"name": each.name, "model": each.model, "options": each.options, "outputs": each.outputs}
                | found[each.digest]
                for each in networks
            ],
        }

    counted = {"schema": SCHEMA} | entries(counts)
    timed = {"schema": LATENCY_SCHEMA, "environment": environment.describe(torch.device("cpu"))} | entries(times)
    write_json(out, counted)
    write_json(latency, timed)
    return counted, timed


def _network(cell: Cell, outputs: int, channels: int, size: int) -> Network:
    """The network of a cell. Its name is the cell's name without the loss."""
    return Network(cell.name.removesuffix(f"-{cell.loss}"), cell.model, dict(cell.options), outputs, channels, size)


def _measured(network: Network, seconds: float) -> dict:
    torch.manual_seed(0)
    sizes = {"num_outputs": network.outputs, "in_channels": network.channels, "input_size": network.input_size}
    model = create(network.model, **sizes, **network.options)
    return measure(model, network.channels, network.input_size, seconds=seconds)
