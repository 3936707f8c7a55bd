"""What decides the runs of each cell of params.yaml, in a small file for each, on which the cell's stages depend.

A file changes if its own cell, protocol (with its recipe) or seeds change, and only then. So a changed value makes only its
own stages stale, and DVC need not read all of params.yaml again for every stage, which in a plan of many cells takes longer
than the stage itself.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import Json, digest, replacing_directory, write_text
from benchmark.protocol.cells import Run
from benchmark.runs.params import runs_by_key

CELLS, NETWORKS = "cells", "networks.txt"


def write_planned(params: Mapping[str, Json], out: Path) -> int:
    """Write ``cells``/<key of ``runs``>.txt and ``networks.txt`` into `out`. Returns the number of cells.

    ``networks.txt`` has a line for each cell: what decides its network and the size of its input, without how it is trained.

    Raises:
        BadInput: as `benchmark.runs.checked_params.check_params`; nothing is written then.
    """
    by_key = runs_by_key(params)
    out.mkdir(parents=True, exist_ok=True)
    with replacing_directory(out / CELLS) as temporary:
        for key, runs in by_key.items():
            (temporary / f"{key}.txt").write_text(cell_text(runs), encoding="utf-8")
    write_text(out / NETWORKS, "".join(sorted({network_line(runs[0]) for runs in by_key.values()})))
    return len(by_key)


def cell_text(runs: list[Run]) -> str:
    """Three lines: protocol and cell with their digests, and the seeds."""
    protocol, cell = runs[0].protocol, runs[0].cell
    seeds = " ".join(str(run.seed) for run in runs)
    return f"protocol {protocol.name} {protocol.hash}\ncell {cell.name} {cell.hash}\nseeds {seeds}\n"


def network_line(run: Run) -> str:
    """Protocol, cell and a digest of the network that it gets."""
    cell, of = run.cell, run.protocol
    network = digest([cell.model, dict(cell.options), of.outputs, of.channels, of.input_size])
    return f"{of.name} {cell.name} {network}\n"
