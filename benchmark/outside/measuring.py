"""Cost and speed of any model that the suite can open: a cell or another network given as code, a file, an object.

They depend on the network and the size of its input, not on its weights. So a network given as code may have random ones,
and nothing has to be declared of the pictures but their size.
"""

import contextlib
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.measures.complexity.measure import latency as measured_latency
from benchmark.measures.speed.inference import BATCHES, RUNS, Maker, Subject, measure_all, of_cell
from benchmark.outside.counting import counts_of, onnx_parameters
from benchmark.outside.entry_models import find_model
from benchmark.outside.ready import How, Model, Ready
from benchmark.outside.sized import Network, left_as_it_was, module_of, opened, tried
from benchmark.protocol.cells import find_cell, installed_cells
from benchmark.protocol.protocol import Protocol

SCHEMA = 1
SECONDS = 0.4  # limit of the time for a latency, as for the cells of the plan


def complexity(
    model: Model,
    protocol: Protocol,
    *,
    entries: Path | None = None,
    latency: bool = False,
    **how: Unpack[How],
) -> dict:
    """Parameters, multiply-adds and FLOPs of a model for one picture of its own input size.

    Args:
        model: as of `benchmark.outside.adapters.opening.open_model`; also the name of an outside entry whose network is
            found by its name.
        entries: folder of outside entries.
        latency: also measure it, with one thread of the CPU.
        how: see `How`. Of the preprocessing only sizes, layout and classes matter. Without one: what the model declares,
            else the protocol's.

    Returns:
        JSON-able: source, kind, what `benchmark.outside.counting.counts_of` finds, and perhaps latency. Parameters are None
        where they are not known (of an ONNX file: without the package onnx).

    Raises:
        BadInput: as of `open_model` and `find_model`; a model that fails on its input.
    """
    found = find_model(model, protocol, entries, "parameters and no MACs", how.get("preprocessing"))
    given: How = {**how, "preprocessing": found.preprocessing}
    with left_as_it_was(found.model):
        ready = opened(found.model, protocol, torch.device("cpu"), **given)
        tried(ready, torch.device("cpu"))
        counts: dict = {"source": ready.given.source, "kind": ready.given.kind, **counts_of(ready)}
        if ready.given.kind == "onnx" and counts["parameters"]["total"] is None:
            counts["parameters"]["total"] = onnx_parameters(Path(str(found.model)))
        if latency:
            before, own = torch.get_num_threads(), ready.declared
            torch.set_num_threads(1)
            try:
                counts["latency"] = measured_latency(Network(ready), own.channels, own.input_size, seconds=SECONDS)
            finally:
                torch.set_num_threads(before)
    return counts


def complexity_of_all(
    models: Sequence[Model], protocol: Protocol, *, stop: Callable[[], bool] = lambda: False, **options
) -> dict:
    """Several models: {schema, protocol, models: {name: result of `complexity`}}. Shows a bar.

    Args:
        options: as of `complexity`.
        stop: called before every model; True raises Interrupted.

    Raises:
        BadInput: as of `complexity`; two models of one name; weights or options for several models.
    """
    only_one(models, options)
    found = {}
    with progress.bar(total=len(models), desc="complexity", unit="network") as bar:
        for model in models:
            if stop():
                raise Interrupted("stopped; nothing was written")
            found[name_of(model, found)] = complexity(model, protocol, **options)
            bar.update()
    return {"schema": SCHEMA, "protocol": protocol.name, "models": found}


def complexity_table(contents: Mapping) -> list[str]:
    """The result of `complexity_of_all` as lines of a Markdown table, and below it what could not be counted and why."""
    timed = any("latency" in each for each in contents["models"].values())
    heads = ("model", "input", "parameters", "MACs", "FLOPs", "torch's count / 2", "skipped by fvcore")
    heads += ("ms, one thread",) * timed
    lines, notes = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)], []
    for name, each in contents["models"].items():
        check = None if each["torch_flops"] is None else each["torch_flops"] // 2
        skipped = ", ".join(f"{operator} ({n})" for operator, n in (each["skipped"] or {}).items())
        numbers = (each["parameters"]["total"], each["macs"], each["flops"], check)
        row = [name, "x".join(map(str, each["input"][1:])), *("not known" if n is None else f"{n:,}" for n in numbers)]
        row += [skipped or "-", *([f"{each['latency']['median_ms']:.2f}"] if timed else [])]
        lines.append("| " + " | ".join(row) + " |")
        notes += [f"{name}: {each['note']}"] * bool(each["note"])
    return [*lines, *notes]


def name_of(model: Model, taken: Container[str]) -> str:
    """The name of a model in a table: as given; for an object, that of its class or function. BadInput if it is taken."""
    name = str(model) if isinstance(model, str | Path) else getattr(model, "__name__", type(model).__name__)
    if name in taken:
        raise BadInput("models", f"{name} twice", "models whose names differ")
    return name


def speed(
    models: Model | Sequence[Model],
    protocol: Protocol,
    *,
    device: torch.device,
    batches: Sequence[int] = BATCHES,
    runs: int = RUNS,
    entries: Path | None = None,
    out: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    **how: Unpack[How],
) -> dict:
    """Latency, throughput and memory of models: `benchmark.measures.speed.inference.measure_all`, with a row for each.

    What is given by name is opened in the fresh process that measures it. An object is measured in this process.

    Args:
        models: one or more; each, `entries` and `how` as of `complexity`.
        device, batches, runs, out, stop: as of `measure_all`.

    Raises:
        BadInput: as of `complexity` and `measure_all`; two models of one name; an ONNX file on a GPU.
    """
    each = list(models) if isinstance(models, list | tuple) else [models]
    only_one(each, how)
    makers: dict[str, Maker] = {}
    here = set()
    with contextlib.ExitStack() as stack:
        for model in each:
            stack.enter_context(left_as_it_was(model))
            name = name_of(model, makers)
            found = find_model(model, protocol, entries, "speed", how.get("preprocessing"))
            own: How = {**how, "preprocessing": found.preprocessing}
            if not isinstance(found.model, str):
                here.add(name)
            if name is model and name in installed_cells() and not any(own.values()):
                makers[name] = of_cell(protocol, find_cell(name))
            else:
                makers[name] = Opening(found.model, protocol, own)
                tried(makers[name].ready(device), device)
        return measure_all(makers, protocol, out, device=device, batches=batches, runs=runs, here=here, stop=stop)


def only_one(models: Sequence[Model], how: How) -> None:
    """Raise BadInput for no model, and for weights or options that are given for more than one."""
    if not models:
        raise BadInput("models", "none", "one or more")
    if len(models) > 1 and (how.get("weights") is not None or how.get("options")):
        raise BadInput("weights or options", f"them for {len(models)} models", "one model")


@dataclass(frozen=True)
class Opening:
    """Opens a model on a device, in whichever process. Attributes as the arguments of `speed`."""

    model: Model
    protocol: Protocol
    how: How

    def ready(self, device: torch.device) -> Ready:
        """As of `opened`. BadInput for an ONNX file on a GPU."""
        ready = opened(self.model, self.protocol, device, **self.how)
        if ready.given.kind == "onnx" and device.type != "cpu":
            raise BadInput(f"{self.model}, device", device, "cpu: onnxruntime runs ONNX files there")
        return ready

    def __call__(self, device: torch.device) -> Subject:
        ready = self.ready(device)
        own, side, module = ready.declared, ready.declared.input_size, module_of(ready)
        picture = (side, side, own.channels) if own.layout == "NHWC" else (own.channels, side, side)
        if module is None:
            return Subject(ready.given.model, picture, ready.given.parameters, torch.contiguous_format)
        parameters = sum(each.numel() for each in module.parameters() if each.requires_grad)
        called = ready.given.model if own.batch else module.to(device).eval()  # the former gives it so many at a time
        return Subject(called, picture, parameters, torch.contiguous_format)
