"""What the networks of a plan cost, in one file for the report."""

from collections.abc import Sequence
from pathlib import Path

import torch

from benchmark import environment, progress, registry
from benchmark.atomic import write_json
from benchmark.cells import Run
from benchmark.complexity import measure
from benchmark.protocol import digest

SCHEMA = 1


def measure_plan(runs: Sequence[Run], out: Path) -> dict:
    """Write `out`: {schema, environment, cells: {"<protocol>/<cell>": complexity.measure(...)}}, atomically.

    Cells that differ only in their loss share one measurement; networks are on the CPU and use one thread.
    """
    torch.set_num_threads(1)  # latency of one picture: the figure that depends least on what else the machine does
    measured, cells = {}, {}
    places = {str(run.place.parent): run for run in runs}
    with progress.bar(total=len(places), desc="complexity", unit="network") as bar:
        for place, run in places.items():
            protocol = run.protocol
            sizes = {
                "num_outputs": protocol.outputs,
                "in_channels": protocol.channels,
                "input_size": protocol.input_size,
            }
            network = digest([run.cell.model, dict(run.cell.options), sizes])
            if network not in measured:
                torch.manual_seed(0)
                model = registry.create(run.cell.model, **sizes, **run.cell.options)
                measured[network] = measure(model, protocol.channels, protocol.input_size)
            cells[place] = measured[network]
            bar.update()
    contents = {"schema": SCHEMA, "environment": environment.describe(torch.device("cpu")), "cells": cells}
    write_json(out, contents)
    return contents
