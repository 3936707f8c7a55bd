"""`ferbench bench`: the speed of the suite's training and evaluation, compared with a plain loop and with timm's ResNets.

Every contender runs in its own fresh process, so that its memory can be measured. The contenders take turns, one block of
steps each, in an order that is reversed from round to round, so that other load of the machine affects all of them equally.
Ratios are computed per round. The machine's ceilings are measured in the same rounds. The pictures are noise, because only
time and memory matter.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.files import write_json
from benchmark.measures.speed import plain
from benchmark.measures.speed.file import SCHEMA
from benchmark.measures.speed.inference import CudaMemory, ProcessMemory
from benchmark.measures.speed.roofline import Ceilings, count_step, floor_seconds
from benchmark.protocol.cells import Cell, Run, cell_from
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs import environment
from benchmark.runs.environment import synchronise
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.paths import EAGER, PATHS, check_path
from benchmark.runs.training.pixels import Split
from benchmark.runs.training.trainer import Trainer, build_model
from benchmark.workers import Workers

SHORTCUTS, SIZES, TIMM = ("identity", "fixed", "adaptive"), (64, 48), ("timm:resnet18", "timm:resnet50")
PLAIN, SUITE, MACHINE = "plain", "suite", "machine"
PROTOCOL = "fer2013-7-quick"  # for classes and recipe; input size and batch size are set here
PICTURES = 256


def bench(
    out: Path,
    *,
    device: torch.device,
    shortcuts: Sequence[str] = SHORTCUTS,
    sizes: Sequence[int] = SIZES,
    batch: int = 32,
    steps: int = 1,
    rounds: int = 5,
    others: Sequence[str] = TIMM,
    growth: bool = False,
    paths: Sequence[str] = (),
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Measure all contenders and write `out`.

    Args:
        steps: training steps of one contender in one round.
        others: further networks that are trained by the suite's code, "timm:NAME".
        paths: also measure the suite on these (`benchmark.runs.training.paths`).
        growth: also measure how the suite's time and memory grow with batch size, input size and depth.
        stop: called between blocks.

    Returns:
        The contents of `out`: {schema, environment, device_type, batch, rounds, steps, comparisons: results of `_compared`,
        growth: [...]}.

    Raises:
        BadInput: sizes that are not multiples of 4, an unknown shortcut, fewer than two rounds, a path that is not
            there. Nothing was written.
        Interrupted: `stop` returned True. Nothing was written.
    """
    if bad := [size for size in sizes if size % 4 or size < 8]:
        raise BadInput("bench, sizes", bad, "multiples of 4, at least 8")
    if bad := [name for name in shortcuts if name not in SHORTCUTS]:
        raise BadInput("bench, shortcuts", ", ".join(bad), f"some of {', '.join(SHORTCUTS)}")
    if rounds < 2 or steps < 1 or not 1 <= batch <= PICTURES:
        raise BadInput("bench", f"{rounds} rounds, {steps} steps, batch {batch}", f"2, 1 or more; batch 1 to {PICTURES}")
    for path in paths:
        check_path(path, device.type, "--paths")
    found = {"schema": SCHEMA, "environment": environment.describe(device), "device_type": device.type}
    found |= {"batch": batch, "rounds": rounds, "steps": steps, "comparisons": [], "growth": []}
    for size in sizes:
        for shortcut in shortcuts:
            own = _cell("bregnext-50", shortcut=shortcut, normalisation="working")
            contenders = {PLAIN: own, SUITE: own} | dict.fromkeys(paths, own)
            contenders |= {name: _cell(name) for name in others}
            measured = _rounds(contenders, size, batch, steps, rounds, device, stop)
            compared = {"shortcut": shortcut, "size": size} | _compared(measured, own, size, batch, steps)
            found["comparisons"].append(compared)
            ratios = ", ".join(f"{what} {_ratio(compared['ratios'][PLAIN][what])}" for what in ("train", "evaluate"))
            progress.say(f"{shortcut}, {size}x{size}, suite / plain loop: {ratios}")
    for axis, value, cell, size, many in _growing(batch) if growth else ():
        measured = _rounds({SUITE: cell}, size, many, steps, rounds, device, stop)
        entry = _compared(measured, cell, size, many, steps)
        found["growth"].append({"axis": axis, "value": value, "size": size, "batch": many} | entry)
        progress.say(f"growth: {axis} {value}")
    write_json(out, found)
    return found


def protocol_of(size: int, batch: int) -> Protocol:
    """The protocol under which the suite is measured. Pixel statistics are set to constants, so that they need not be
    computed."""
    base = load_protocol(PROTOCOL)
    given = {"batch_size": batch, "input_mean": (0.5,) * 3, "input_deviation": (0.25,) * 3}
    return dataclasses.replace(base, input_size=size, channels=3, recipe=dataclasses.replace(base.recipe, **given))


def noise(size: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """N = PICTURES random pictures, uint8 (N, size, size, 3), and their labels, int64 (N,)."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)
    return pictures, np.arange(PICTURES) % outputs


class Suite:
    """The suite's own training loop and evaluation on `noise`, with the same two methods as `plain.Loop`."""

    def __init__(self, cell: Cell, size: int, batch: int, device: torch.device, *, path: str = EAGER):
        protocol = protocol_of(size, batch)
        pictures, labels = noise(size, protocol.outputs)
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().to(device)
        split = Split(np.arange(PICTURES).astype(str), images, torch.from_numpy(labels).to(device))
        faces = SimpleNamespace(fingerprint="noise")
        self.trainer = Trainer(Run(protocol, cell, 0), faces, device, {"train": split}, path=path)
        self.order = self.trainer.order()

    def train(self, steps: int) -> None:
        """Make `steps` optimiser steps."""
        for _ in range(steps):
            self.trainer.step %= self.trainer.steps_per_epoch
            self.trainer.train_step(self.order)

    def evaluate(self) -> None:
        """Compute the outputs for every picture."""
        trainer = self.trainer
        split = trainer.splits["train"]
        predict(trainer.model, split, trainer.prepare, categorical=True, precision=trainer.precision)


# The state of a contender's process; set by `_begin`.
_here: dict = {}


def _begin(kind: str, cell: Cell | None, size: int, batch: int, device: torch.device, threads: int) -> None:
    torch.set_num_threads(threads)
    _here["device"] = device
    if kind == MACHINE:
        _here["ceilings"] = Ceilings(device)
        return
    _here["memory"] = CudaMemory(device) if device.type == "cuda" else ProcessMemory()
    if kind == PLAIN:
        outputs = protocol_of(size, batch).outputs
        network = plain.Network(outputs, 3, cell.options["shortcut"])
        _here["loop"] = plain.Loop(network, *noise(size, outputs), batch, device)
    else:
        if device.type == "cpu":
            keep_freed()
        _here["loop"] = Suite(cell, size, batch, device, path=kind if kind in PATHS else EAGER)


def _ceilings() -> dict:
    return _here["ceilings"].measure()


def _train(steps: int) -> float:
    return _timed(lambda: _here["loop"].train(steps))


def _evaluate() -> float:
    return _timed(_here["loop"].evaluate)


def _memory() -> int | None:
    return _here["memory"].grown()


def _timed(work: Callable[[], object]) -> float:
    synchronise(_here["device"])
    start = time.perf_counter()
    work()
    synchronise(_here["device"])
    return time.perf_counter() - start


def _rounds(
    contenders: Mapping[str, Cell],
    size: int,
    batch: int,
    steps: int,
    rounds: int,
    device: torch.device,
    stop: Callable[[], bool],
) -> dict:
    """The measurements of all contenders: {train and evaluate: {name: [seconds of each block]}, memory: {name: bytes},
    ceilings: [...]}."""
    found: dict = {"train": {}, "evaluate": {}, "memory": {}, "ceilings": []}
    turns = 2 * rounds * len(contenders)
    with ExitStack() as open_processes, progress.bar(total=turns, desc=f"bench {size}x{size}", unit="turn") as bar:

        def ask(name: str, work: Callable, *arguments):
            if stop():
                raise Interrupted("stopped; nothing was written")
            return processes[name].submit(work, *arguments).result()

        processes = {name: open_processes.enter_context(Workers(1)) for name in (MACHINE, *contenders)}
        for name in processes:
            ask(name, _begin, name, contenders.get(name), size, batch, device, torch.get_num_threads())
        for what, work, arguments in (("train", _train, (steps,)), ("evaluate", _evaluate, ())):
            for name in contenders:
                ask(name, work, *arguments)  # warm-up
                found[what][name] = []
            for number in range(rounds):
                for name in sorted(contenders, reverse=number % 2 == 1):
                    found[what][name].append(ask(name, work, *arguments))
                    bar.update()
                found["ceilings"].append(ask(MACHINE, _ceilings))
            if what == "train":
                found["memory"] = {name: ask(name, _memory) for name in contenders}
    return found


def _compared(measured: Mapping, own: Cell, size: int, batch: int, steps: int) -> dict:
    """Summary of the measurements: {contenders, ratios, ceilings, floor}.

    contenders: name -> {train and evaluate: `_spread` of images per second, memory_bytes}. ratios: name -> {train and
    evaluate: `_spread` of the suite's images per second divided by this contender's; memory: the suite's divided by this
    contender's}. ceilings: medians. floor: the counts of `count_step`, the lower bounds in seconds, and the fraction of
    them that the suite achieves.
    """
    images = {"train": steps * batch, "evaluate": PICTURES}
    contenders, ratios = {}, {}
    for name in measured["train"]:
        contenders[name] = {"memory_bytes": measured["memory"][name]}
        for what, many in images.items():
            contenders[name][what] = _spread([many / seconds for seconds in measured[what][name]])
        if name == SUITE:
            continue
        memory = measured["memory"][SUITE], measured["memory"][name]
        ratios[name] = {"memory": memory[0] / memory[1] if all(memory) else None}
        for what in images:
            pairs = zip(measured[what][name], measured[what][SUITE], strict=True)
            ratios[name][what] = _spread([other / own_ for other, own_ in pairs])
    ceilings = {
        key: statistics.median(each[key] for each in measured["ceilings"])
        for key in ("bytes_per_second", "operations_per_second")
    }
    protocol = protocol_of(size, batch)
    network = build_model(Run(protocol, own, 0), torch.device("cpu"))
    counted = count_step(network, batch, 3, size, protocol.outputs)
    floor = floor_seconds(counted["operations"], counted["bytes"], ceilings)
    passing = floor_seconds(counted["evaluation_operations"], counted["evaluation_bytes"], ceilings)
    reached = {
        "train": floor * contenders[SUITE]["train"]["median"] / batch,
        "evaluate": passing * contenders[SUITE]["evaluate"]["median"] / batch,
    }
    roofline = counted | {"train_seconds": floor, "evaluate_seconds": passing, "achieved": reached}
    return {"contenders": contenders, "ratios": ratios, "ceilings": ceilings, "floor": roofline}


def _spread(values: Sequence[float]) -> dict:
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper, "values": list(values)}


def _cell(model: str, **options) -> Cell:
    return cell_from("bench", {"model": model, "options": options, "loss": "plain"}, f"bench, model {model}")


def _growing(batch: int):
    """(axis, its value, cell, input size, batch size): one axis varies at a time, starting from the adaptive network at
    64x64."""
    adaptive = {"shortcut": "adaptive", "normalisation": "working"}
    whole = _cell("bregnext-50", **adaptive)
    for many in (8, 16, 32, 64):
        yield "batch", many, whole, 64, many
    for size in (32, 48, 64, 96):
        yield "size", size, whole, size, batch
    for units in ([1, 1, 1, 1, 1], [3, 1, 4, 1, 3], [7, 1, 8, 1, 7]):
        cell = _cell("residual", units=units, widths=[32, 64, 128], **adaptive)
        yield "weight layers", 2 * sum(units) + 2, cell, 64, batch


def table(contents: Mapping) -> list[str]:
    """The comparisons as lines of a Markdown table: medians, and the ratios of the suite to each contender with
    quartiles."""
    lines = [
        "| shortcut | size | contender | training, images/s | evaluation, images/s | memory, MiB | suite / it: training | "
        "evaluation | memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in contents["comparisons"]:
        for name, own in each["contenders"].items():
            memory = "not known" if own["memory_bytes"] is None else f"{own['memory_bytes'] / 2**20:,.0f}"
            row = [each["shortcut"], each["size"], name, f"{own['train']['median']:.1f}", f"{own['evaluate']['median']:.1f}"]
            ratio = each["ratios"].get(name)
            row += [memory, *(_ratio(ratio[what]) if ratio else "-" for what in ("train", "evaluate"))]
            row.append("-" if not ratio or ratio["memory"] is None else f"{ratio['memory']:.2f}")
            lines.append("| " + " | ".join(map(str, row)) + " |")
    return lines


def _ratio(spread: Mapping) -> str:
    return "{median:.2f} [{lower_quartile:.2f}, {upper_quartile:.2f}]".format(**spread)
