"""`ferbench bench`: the speed of the suite's training and evaluation, compared with other ways to train the same network
(`ways`) and with timm's ResNets in the suite.

Ratios are computed per round. The machine's ceilings are measured in the same rounds. The pictures are noise, because only
time and memory matter.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.files import rounded, write_json
from benchmark.measures.speed.contenders import STEPS, plain_network, protocol_of
from benchmark.measures.speed.file import SCHEMA
from benchmark.measures.speed.finding import find_ways
from benchmark.measures.speed.instructions import ENVIRONMENTS, NATIVE
from benchmark.measures.speed.roofline import count_step, floor_seconds
from benchmark.measures.speed.turns import SUITE, Setting, take_turns
from benchmark.protocol.cells import Cell, Run, cell_from, find_cell
from benchmark.runs import environment
from benchmark.runs.training.paths import IMPLEMENTATIONS, check_path
from benchmark.runs.training.trainer import build_model

SHORTCUTS, SIZES, TIMM = ("identity", "fixed", "adaptive"), (64, 48), ("timm:resnet18", "timm:resnet50")
NETWORKS = ("bregnext-50",)
LARGEST_BATCH = 1024


def bench(
    out: Path,
    *,
    device: torch.device,
    networks: Sequence[str] = NETWORKS,
    shortcuts: Sequence[str] = SHORTCUTS,
    sizes: Sequence[int] = SIZES,
    batch: int = 32,
    steps: int = 1,
    rounds: int = 5,
    ways: Sequence[str] | None = None,
    others: Sequence[str] = TIMM,
    growth: bool = False,
    paths: Sequence[str] = (),
    instructions: str = NATIVE,
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Measure all contenders and write `out`.

    Args:
        networks: grids of cells, as `bregnext-50`, whose cells NETWORK-SHORTCUT-working-plain are measured at all `sizes`;
            or NETWORK@SIZE, at this size alone.
        steps: training steps of one contender in one round.
        ways: names of the modules of `ways`; None: all. One that lacks a package is left out, and a line says so.
        others: further networks that are trained by the suite's code, "timm:NAME".
        paths: also measure the suite on these (`benchmark.runs.training.paths`).
        growth: also measure how the suite's time and memory grow with batch size, input size and depth.
        instructions: of the CPU, a name of `instructions.ENVIRONMENTS`.
        stop: called between blocks.

    Returns:
        The contents of `out`: {schema, environment, device_type, instructions, batch, pictures (of an evaluation), rounds,
        steps, titles: {contender: words}, left_out: {way: reason}, comparisons: results of `_compared`, growth: [...]}.

    Raises:
        BadInput: sizes that are not multiples of 4, an unknown shortcut, network, way or instruction set, fewer than two
            rounds, a path that is not there. Nothing was written.
        Interrupted: `stop` returned True. Nothing was written.
    """
    if bad := [name for name in shortcuts if name not in SHORTCUTS]:
        raise BadInput("bench, shortcuts", ", ".join(bad), f"some of {', '.join(SHORTCUTS)}")
    if rounds < 2 or steps < 1 or not 1 <= batch <= LARGEST_BATCH:
        expected = f"2, 1 or more; batch 1 to {LARGEST_BATCH}"
        raise BadInput("bench", f"{rounds} rounds, {steps} steps, batch {batch}", expected)
    if instructions not in ENVIRONMENTS or (instructions != NATIVE and device.type != "cpu"):
        raise BadInput("bench, instructions", f"'{instructions}' on {device}", f"on a CPU, one of {', '.join(ENVIRONMENTS)}")
    plan = [
        (network, size, shortcut, find_cell(f"{network}-{shortcut}-working-plain"))
        for network, size in _sized(networks, sizes)
        for shortcut in shortcuts
    ]
    for path in paths:
        check_path(path, device.type, "--paths")
    for cell in {cell.name: cell for *_, cell in plan}.values():
        plain_network(cell, 8, batch)  # raises BadInput for a network that no plain one equals
    titles, left_out = find_ways(ways)
    for name, reason in left_out.items():
        progress.say(f"{name} is left out: {reason}")
    found = {"schema": SCHEMA, "environment": environment.describe(device), "device_type": device.type}
    found |= {"instructions": instructions, "batch": batch, "pictures": STEPS * batch, "rounds": rounds, "steps": steps}
    found |= {"titles": titles | _titles(paths) | {name: f"{name} in this suite" for name in others}, "left_out": left_out}
    found |= {"comparisons": [], "growth": []}
    for network, size, shortcut, own in plan:
        setting = Setting(size, batch, steps, rounds, device, instructions)
        contenders = dict.fromkeys((*(name for name in titles if name not in left_out), SUITE), own)
        contenders |= dict.fromkeys(paths, own) | {name: _cell(name) for name in others}
        measured = take_turns(contenders, setting, stop)
        left_out |= measured["left_out"]
        compared = {"network": network, "shortcut": shortcut, "size": size} | _compared(measured, own, setting)
        found["comparisons"].append(compared)
        for name, ratio in compared["ratios"].items():
            ratios = ", ".join(f"{what} {_ratio(ratio[what])}" for what in ("train", "evaluate"))
            progress.say(f"{network}, {shortcut}, {size}x{size}, suite / {name}: {ratios}")
    for axis, value, cell, size, many in _growing(batch) if growth else ():
        setting = Setting(size, many, steps, rounds, device, instructions)
        entry = _compared(take_turns({SUITE: cell}, setting, stop), cell, setting)
        found["growth"].append({"axis": axis, "value": value, "size": size, "batch": many} | entry)
        progress.say(f"growth: {axis} {value}")
    found = rounded(found)
    write_json(out, found)
    return found


def _titles(paths: Sequence[str]) -> dict[str, str]:
    """The suite and its paths in words."""
    words = {path: [IMPLEMENTATIONS.get(word, word) for word in path.split("+")] for path in paths}
    return {SUITE: "this suite"} | {path: f"this suite, {', '.join(each)}" for path, each in words.items()}


def _sized(networks: Sequence[str], sizes: Sequence[int]) -> list[tuple[str, int]]:
    """Each network with each of its sizes."""
    pairs = []
    for given in networks:
        name, _, own = given.partition("@")
        if own and not own.isdecimal():
            raise BadInput("bench, networks", f"'{given}'", "NETWORK or NETWORK@SIZE")
        pairs += [(name, size) for size in ([int(own)] if own else sizes)]
    if bad := [size for _, size in pairs if size % 4 or size < 8]:
        raise BadInput("bench, sizes", bad, "multiples of 4, at least 8")
    return list(dict.fromkeys(pairs))


def _compared(measured: Mapping, own: Cell, setting: Setting) -> dict:
    """Summary of the measurements: {contenders, ratios, ceilings, floor}.

    contenders: name -> {train and evaluate: `_spread` of images per second, memory_bytes}. ratios: name -> {train and
    evaluate: `_spread` of the suite's images per second divided by this contender's; memory: the suite's divided by this
    contender's}. ceilings: medians. floor: the counts of `count_step`, the lower bounds in seconds, and the fraction of
    them that the suite achieves.
    """
    size, batch = setting.size, setting.batch
    images = {"train": setting.steps * batch, "evaluate": STEPS * batch}
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
        "| network | shortcut | size | contender | training, images/s | evaluation, images/s | memory, MiB | "
        "suite / it: training | evaluation | memory |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in contents["comparisons"]:
        for name, own in each["contenders"].items():
            memory = "not known" if own["memory_bytes"] is None else f"{own['memory_bytes'] / 2**20:,.0f}"
            row = [each["network"], each["shortcut"], each["size"], contents["titles"][name]]
            row += [*(f"{own[what]['median']:.1f}" for what in ("train", "evaluate")), memory]
            ratio = each["ratios"].get(name)
            row += [_ratio(ratio[what]) if ratio else "-" for what in ("train", "evaluate")]
            row.append("-" if not ratio or ratio["memory"] is None else f"{ratio['memory']:.2f}")
            lines.append("| " + " | ".join(map(str, row)) + " |")
    return lines


def _ratio(spread: Mapping) -> str:
    return "{median:.2f} [{lower_quartile:.2f}, {upper_quartile:.2f}]".format(**spread)
