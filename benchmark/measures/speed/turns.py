"""The turns of `ferbench bench`: every contender in its own fresh process, one block of steps each, in an order that is
reversed from round to round, so that other load of the machine affects all of them equally."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import NamedTuple

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.measures.speed.contenders import STEPS, Suite, noise, plain_network
from benchmark.measures.speed.finding import known_ways, load_way
from benchmark.measures.speed.inference import CudaMemory, ProcessMemory
from benchmark.measures.speed.instructions import ENVIRONMENTS, limited
from benchmark.measures.speed.left_out import LeftOut
from benchmark.measures.speed.roofline import Ceilings
from benchmark.protocol.cells import Cell
from benchmark.runs.environment import synchronise
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.paths import EAGER, PATHS
from benchmark.workers import Workers

SUITE, MACHINE = "suite", "machine"


class Setting(NamedTuple):
    """What is the same for all contenders of a comparison.

    Attributes:
        size: side of the pictures.
        batch, steps: of a training step; of one contender in one round.
        instructions: a name of `instructions.ENVIRONMENTS`.
    """

    size: int
    batch: int
    steps: int
    rounds: int
    device: torch.device
    instructions: str


# The state of a contender's process; set by `_begin`.
_here: dict = {}


def _begin(kind: str, cell: Cell | None, setting: Setting, threads: int) -> None:
    torch.set_num_threads(threads)
    device = _here["device"] = setting.device
    _check_instructions(setting.instructions)
    if kind == MACHINE:
        _here["ceilings"] = Ceilings(device)
        return
    way = load_way(kind) if kind in known_ways() else None  # before memory is measured: it imports packages
    _load_optimizer()
    _here["memory"] = CudaMemory(device) if device.type == "cuda" else ProcessMemory()
    if way is not None:
        network = plain_network(cell, setting.size, setting.batch)
        pictures = noise(setting.size, network.output.out_features, STEPS * setting.batch)
        _here["loop"] = way.Loop(network, *pictures, setting.batch, device)
    else:
        if device.type == "cpu":
            keep_freed()
        _here["loop"] = Suite(cell, setting.size, setting.batch, device, path=kind if kind in PATHS else EAGER)


def _load_optimizer() -> None:
    """Make one step of AdamW: with its first step torch imports more of itself, about 75 MiB, which some ways did before."""
    parameter = torch.zeros(1, requires_grad=True)
    parameter.sum().backward()
    optimizer = torch.optim.AdamW([parameter])
    optimizer.step()
    optimizer.zero_grad()


def _check_instructions(name: str) -> None:
    wanted = ENVIRONMENTS[name].get("ATEN_CPU_CAPABILITY")
    found = torch.backends.cpu.get_cpu_capability()
    if wanted is not None and found.lower() != wanted:
        raise BadInput("bench, instructions", f"'{name}', and torch uses {found}", "a processor that has them")


def _ceilings() -> dict:
    return _here["ceilings"].measure()


def _train(steps: int) -> float:
    took: list[float | None] = []
    seconds = _timed(lambda: took.append(_here["loop"].train(steps)))
    return seconds if took[0] is None else took[0]


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


def take_turns(contenders: Mapping[str, Cell], setting: Setting, stop: Callable[[], bool]) -> dict:
    """The measurements of all contenders.

    Args:
        contenders: name -> its cell. SUITE, the names of paths and timm:NAME are trained by the suite, the others are ways.
        stop: called between blocks; True raises Interrupted.

    Returns:
        {train and evaluate: {name: [seconds of each block]}, memory: {name: bytes or None}, ceilings: [...], left_out:
        {name: reason}}. Who is left out is nowhere else.
    """
    found: dict = {"train": {}, "evaluate": {}, "memory": {}, "ceilings": [], "left_out": {}}
    turns, size = 2 * setting.rounds * len(contenders), setting.size
    with ExitStack() as open_processes, progress.bar(total=turns, desc=f"bench {size}x{size}", unit="turn") as bar:
        open_processes.enter_context(limited(setting.instructions))

        def go_on() -> None:
            if stop():
                raise Interrupted("stopped; nothing was written")

        def ask(name: str, work: Callable, *arguments):
            go_on()
            return processes[name].submit(work, *arguments).result()

        processes = {name: open_processes.enter_context(Workers(1)) for name in (MACHINE, *contenders)}
        go_on()
        begun = {  # side by side: nothing is timed yet, and to import and compile takes long
            name: process.submit(_begin, name, contenders.get(name), setting, torch.get_num_threads())
            for name, process in processes.items()
        }
        for name, future in begun.items():
            try:
                future.result()
            except LeftOut as error:
                found["left_out"][name] = str(error)
                progress.say(f"{name} is left out: {error}")
        here = [name for name in contenders if name not in found["left_out"]]
        for what, work, arguments in (("train", _train, (setting.steps,)), ("evaluate", _evaluate, ())):
            for name in here:
                ask(name, work, *arguments)  # warm-up
                found[what][name] = []
            for number in range(setting.rounds):
                for name in sorted(here, reverse=number % 2 == 1):
                    found[what][name].append(ask(name, work, *arguments))
                    bar.update()
                found["ceilings"].append(ask(MACHINE, _ceilings))
            if what == "train":
                found["memory"] = {name: ask(name, _memory) for name in here}
    return found
