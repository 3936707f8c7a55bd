"""Latency, throughput and memory of inference: on a CPU with one and with all threads, or on a GPU; for one picture and for
batches.

Networks have random weights, because training does not affect these numbers. The latency by which the report compares cells
(one thread, one picture) is measured by `benchmark.measures.complexity.measure`. This module tells a user what to expect of
a model on a machine.
"""

import statistics
import time
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.files import write_json
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol
from benchmark.runs import environment
from benchmark.runs.training.trainer import build_model
from benchmark.workers import Workers

SCHEMA = 1
BATCHES = (1, 64)
RUNS = 20
WARM_UP = 5
NOTE = "measured in the process that holds it, where the memory of its passes can not be told from other memory"


class Subject(NamedTuple):
    """A network to be timed.

    Attributes:
        model: on its device, in evaluation mode.
        picture: shape of one picture, (C, S, S) or (S, S, C).
        parameters: its number; None if it is not known.
        memory: of the batch that the network is given.
    """

    model: nn.Module
    picture: tuple[int, int, int]
    parameters: int | None
    memory: torch.memory_format = torch.channels_last


Maker = Callable[[torch.device], Subject]


def measure_cells(protocol: Protocol, cells: Sequence[Cell], out: Path, *, device: torch.device, **options) -> dict:
    """Measure cells: `measure_all` for their networks, with random weights.

    Raises:
        BadInput: a cell whose loss does not fit the protocol; as of `measure_all`.
    """
    return measure_all({cell.name: of_cell(protocol, cell) for cell in cells}, protocol, out, device=device, **options)


def of_cell(protocol: Protocol, cell: Cell) -> Maker:
    """What makes the network of a cell. BadInput for a cell whose loss does not fit the protocol."""
    Run(protocol, cell, 0)  # raises BadInput if the loss is for the other task
    return partial(_of_cell, protocol, cell)


def measure_all(
    makers: Mapping[str, Maker],
    protocol: Protocol,
    out: Path | None,
    *,
    device: torch.device,
    batches: Sequence[int] = BATCHES,
    runs: int = RUNS,
    here: Container[str] = (),
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Measure networks and write `out`: {schema, environment, protocol, input, cells: {name: {parameters, input,
    measurements: results of `passes`}}}. The input of a network is that of the protocol unless it needs another.

    Args:
        makers: name -> what makes the network on a device. It is called in a fresh process, so it must be picklable.
        out: None: nothing is written.
        device: a CPU, measured with one and with all threads; or a GPU.
        batches: batch sizes.
        runs: timed passes per measurement.
        here: names of networks that are measured in this process, because they can not be sent to another one. What they
            need of memory is then not known, and their entry has a `note`.
        stop: called before every measurement; True raises Interrupted, and nothing is written.

    Raises:
        BadInput: no batch size or one below 1; fewer than two runs.
    """
    if not batches or min(batches) < 1 or runs < 2:
        raise BadInput("speed", f"batches {list(batches)}, {runs} runs", "batches of 1 or more, at least 2 runs")
    threads = [None] if device.type == "cuda" else sorted({1, torch.get_num_threads()})
    found: dict[str, dict] = {name: {"parameters": None, "input": None, "measurements": []} for name in makers}
    tasks = [(name, number, batch) for name in makers for number in threads for batch in sorted(batches)]
    with progress.bar(total=len(tasks), desc="speed", unit="measurement") as bar:
        for name, number, batch in tasks:
            if stop():
                raise Interrupted("stopped; nothing was written")
            given = makers[name], device, number, batch, runs
            if name in here:
                told, measured = _in_this_process(*given)
                told |= {"note": NOTE}
            else:
                with Workers(1) as process:
                    told, measured = process.submit(_alone, *given).result()
            found[name] |= told
            found[name]["measurements"].append(measured)
            bar.update()
    contents = {
        "schema": SCHEMA,
        "environment": environment.describe(device),
        "protocol": protocol.name,
        "input": [protocol.channels, protocol.input_size, protocol.input_size],
        "cells": found,
    }
    if out is not None:
        write_json(out, contents)
    return contents


def _of_cell(protocol: Protocol, cell: Cell, device: torch.device) -> Subject:
    model = build_model(Run(protocol, cell, 0), device).eval()
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Subject(model, (protocol.channels, protocol.input_size, protocol.input_size), parameters)


def _alone(maker: Maker, device: torch.device, threads: int | None, batch: int, runs: int) -> tuple[dict, dict]:
    """(parameters and input of a network, result of `passes`). It is called in a fresh process, so that the measured memory
    is that of the network."""
    if threads is not None:
        torch.set_num_threads(threads)
    own = maker(device)
    measured = passes(own.model, (batch, *own.picture), device, runs=runs, memory=own.memory)
    return {"parameters": own.parameters, "input": list(own.picture)}, measured


def _in_this_process(maker: Maker, device: torch.device, threads: int | None, *given: int) -> tuple[dict, dict]:
    before = torch.get_num_threads()
    try:
        told, measured = _alone(maker, device, threads, *given)
    finally:
        torch.set_num_threads(before)
    return told, measured | {"peak_memory_bytes": None}


def passes(
    model: nn.Module,
    shape: Sequence[int],
    device: torch.device,
    *,
    runs: int,
    warm_up: int = WARM_UP,
    memory: torch.memory_format = torch.channels_last,
) -> dict:
    """Time and memory of forward passes on `device`, for float32 noise of `shape` (N, C, S, S), laid out as `memory`.
    `model` must be in evaluation mode.

    Returns:
        {device, threads (None on a GPU), batch, runs, warm_up, median_ms, lower_quartile_ms, upper_quartile_ms (of one
        pass, without warm-up), images_per_second (batch divided by median), peak_memory_bytes}. The memory is what the
        passes need in addition to network and input. On a GPU it is counted by torch. On a CPU it is the growth of the
        process; this needs a fresh process, because memory that was freed before is used again and not counted. None if
        the system does not tell it.
    """
    pictures = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(device, memory_format=memory)
    cuda, times = device.type == "cuda", []
    growth = CudaMemory(device) if cuda else ProcessMemory()
    with torch.inference_mode():
        for run in range(warm_up + runs):
            start = time.perf_counter()
            model(pictures)
            if cuda:
                torch.cuda.synchronize(device)
            if run >= warm_up:
                times.append(1000 * (time.perf_counter() - start))
    lower, median, upper = statistics.quantiles(times, n=4, method="inclusive")
    return {
        "device": environment.device_name(device),
        "threads": None if cuda else torch.get_num_threads(),
        "batch": shape[0],
        "runs": runs,
        "warm_up": warm_up,
        "median_ms": median,
        "lower_quartile_ms": lower,
        "upper_quartile_ms": upper,
        "images_per_second": 1000 * shape[0] / median,
        "peak_memory_bytes": growth.grown(),
    }


def table(contents: dict) -> list[str]:
    """The measurements as lines of a Markdown table."""
    lines = [
        "| model | input | device | threads | batch | pass, ms [quartiles] | images/s | memory, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, entry in contents["cells"].items():
        shape = "x".join(map(str, entry["input"]))
        for each in entry["measurements"]:
            times = "{median_ms:.2f} [{lower_quartile_ms:.2f}, {upper_quartile_ms:.2f}]".format(**each)
            memory = "not known" if each["peak_memory_bytes"] is None else f"{each['peak_memory_bytes'] / 2**20:.1f}"
            threads = "-" if each["threads"] is None else each["threads"]
            row = (name, shape, each["device"], threads, each["batch"], times, f"{each['images_per_second']:,.0f}", memory)
            lines.append("| " + " | ".join(map(str, row)) + " |")
    return lines


class CudaMemory:
    """Growth of torch's memory on a GPU, in bytes: from the creation of this object to the peak since then."""

    def __init__(self, device: torch.device):
        self.device = device
        torch.cuda.reset_peak_memory_stats(device)
        self.before = torch.cuda.memory_allocated(device)

    def grown(self) -> int:
        return torch.cuda.max_memory_allocated(self.device) - self.before


class ProcessMemory:
    """Growth of this process's resident memory, in bytes: from the creation of this object to the peak since then. Only
    Linux lets a process reset its peak."""

    STATUS, MARK = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def __init__(self):
        try:
            self.MARK.write_text("5")  # resets the peak to the current resident memory (proc(5))
            self.before = self._kib("VmRSS")
        except OSError:
            self.before = None

    def grown(self) -> int | None:
        return None if self.before is None else max(0, 1024 * (self._kib("VmHWM") - self.before))

    def _kib(self, field: str) -> int:
        lines = self.STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
