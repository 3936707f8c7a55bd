"""Measures a plan of gradients.yaml in several processes and writes one file for the report. Finished work is kept."""

import functools
import itertools
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted, StopRequest
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import digest, read_yaml, write_json, write_text
from benchmark.measures import machine
from benchmark.measures.gradients import measure as gradients
from benchmark.measures.gradients.file import SCHEMA
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs import environment, sources
from benchmark.runs.training.memory import keep_freed
from benchmark.runs.training.pixels import load_splits, standardiser
from benchmark.workers import Workers

PLANS = Path(__file__).with_name("gradients.yaml")

LOSS = "plain"  # the loss of the training; `gradients.measure` uses plain cross-entropy too


@dataclass(frozen=True)
class Setting:
    """One network with its options and seed, and the steps after which it is measured.

    Attributes:
        network: its name in gradients.yaml.
        run: protocol, cell and seed.
        axes: axis -> value, for instance shortcut and normalisation.
        images: number of pictures of the probe.
        steps: optimiser steps after which it is measured, starting with 0.
    """

    network: str
    run: Run
    axes: Mapping[str, str]
    images: int
    steps: tuple[int, ...]

    @property
    def name(self) -> str:
        """File name without suffix, unique in a plan."""
        return f"{self.run.cell.name}-seed{self.run.seed}"

    def digest(self, faces: FaceSet, device: torch.device) -> str:
        """Digest of everything that decides the numbers."""
        run = self.run
        code = sources.code_digest(run.cell.model) + sources.digest([Path(gradients.__file__)])
        parts = [run.protocol.hash, run.cell.hash, run.seed, faces.fingerprint, device.type, code, self.images, self.steps]
        return digest(parts)


def load_plan(name: str, contents: Mapping | None = None, where: object = PLANS) -> list[Setting]:
    """The settings of a plan: all of the first seed, then all of the second, and so on.

    Raises:
        BadInput: an unknown plan, network or protocol; missing or unknown keys; a network that is named twice; steps that do
            not start at 0 or do not rise; a protocol without classes.
    """
    contents = read_yaml(PLANS) if contents is None else contents
    _keys(contents, ("networks", "axes", "plans"), where)
    if name not in contents["plans"]:
        raise BadInput("gradients, plan", f"'{name}'", f"one of {', '.join(contents['plans'])}")
    where, entry = f"{where}, plan {name}", contents["plans"][name]
    _keys(entry, ("protocol", "images", "seeds", "initialisation", "training"), where)
    _keys(entry["training"], ("networks", "steps"), f"{where}, training")
    protocol, steps = load_protocol(entry["protocol"]), tuple(entry["training"]["steps"])
    if protocol.task != "categorical":
        raise BadInput(f"{where}, protocol", entry["protocol"], "one with classes")
    if steps[:1] != (0,) or any(a >= b for a, b in itertools.pairwise(steps)):
        raise BadInput(f"{where}, steps", list(steps), "whole numbers that rise from 0")
    chosen = [(n, (0,)) for n in entry["initialisation"]] + [(n, steps) for n in entry["training"]["networks"]]
    names = [n for n, _ in chosen]
    if odd := [n for n in names if n not in contents["networks"] or names.count(n) > 1]:
        raise BadInput(f"{where}, networks", ", ".join(odd), f"each once, of {', '.join(contents['networks'])}")
    settings = []
    for seed, (network, own), values in itertools.product(
        entry["seeds"], chosen, itertools.product(*contents["axes"].values())
    ):
        axes, built = dict(zip(contents["axes"], values, strict=True)), contents["networks"][network]
        cell = Cell("-".join([network, *values, LOSS]), built["model"], dict(built["options"]) | axes, LOSS)
        settings.append(Setting(network, Run(protocol, cell, seed), axes, entry["images"], own))
    return settings


def measure_plan(name: str, prepared: Path, work: Path, out: Path, device: torch.device, *, jobs: int = 1) -> dict:
    """Measure a plan and write `out` atomically, and beside it what it was measured on (`benchmark.measures.machine`).
    Settings that are already finished in `work` are not measured again.

    Args:
        prepared: folder of FaceSets.
        work: folder of the finished settings, one JSON file each. It is kept.
        jobs: processes. Each has one thread, so that any number of processes gives the same bits.

    Returns:
        Contents of `out`: {schema, plan, protocol, protocol_hash, data: {name, version, fingerprint}, images, measurements:
        a list of {network, axes..., seed, steps (planned), cell, code} | result of `gradients.follow`}.

    Raises:
        BadInput: as `load_plan` and `gradients.follow`; also a FaceSet that is not prepared or not the protocol's.
        Interrupted: by a signal; finished settings are kept.
    """
    settings = load_plan(name)
    protocol = settings[0].run.protocol
    faces = open_faceset(prepared / protocol.data)
    digests = [setting.digest(faces, device) for setting in settings]
    found = {i: kept for i, s in enumerate(settings) if (kept := _kept(work / f"{s.name}.json", digests[i])) is not None}
    left = [i for i in range(len(settings)) if i not in found]
    clock = Clock([settings[i] for i in left])
    with StopRequest(None) as stop, progress.bar(total=len(settings), desc="gradients", unit="", initial=len(found)) as bar:
        for i, measured in _measured(left, settings, faces.directory, device, stop, min(jobs, len(left))):
            found[i] = measured
            write_json(work / f"{settings[i].name}.json", {"digest": digests[i], "measured": measured})
            bar.update()
            left_now = clock.told(settings[i])
            progress.say(f"[{len(found)}/{len(settings)}] {settings[i].name}: {measured['status']}, {left_now}")
    torch.set_num_threads(1)
    contents = {
        "schema": SCHEMA,
        "plan": name,
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
        "data": {key: faces.meta[key] for key in ("name", "version")} | {"fingerprint": faces.fingerprint},
        "images": settings[0].images,
        "measurements": [_labelled(setting) | found[i] for i, setting in enumerate(settings)],
    }
    machine.write(out, environment.describe(device))
    write_text(out, _one_line_a_moment(contents))
    return contents


class Clock:
    """Estimates the time left of a plan from the time that finished settings took. The work of a setting is its number of
    steps, plus 1 for the measurement."""

    def __init__(self, settings: Sequence[Setting]):
        self.begin, self.done, self.total = time.monotonic(), 0, sum(map(self._work, settings))

    def told(self, setting: Setting) -> str:
        """Count a finished setting, and return the time left in words."""
        self.done += self._work(setting)
        seconds = (time.monotonic() - self.begin) * (self.total - self.done) / self.done
        return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"

    @staticmethod
    def _work(setting: Setting) -> int:
        return setting.steps[-1] + 1


class Measurer:
    """Measures settings one after the other. The faces are loaded only once."""

    def __init__(self, protocol: Protocol, faces: Path, device: torch.device, stop: Callable[[], bool]):
        self.faces, self.device, self.stop = open_faceset(faces), device, stop
        self.splits = load_splits(self.faces, protocol, device)
        self.prepare = standardiser(protocol, self.splits["train"])

    def __call__(self, setting: Setting) -> dict:
        """The result of `gradients.follow` for a setting."""
        if self.stop():
            raise Interrupted(f"stopped before {setting.name}")
        return gradients.follow(
            setting.run, self.faces, self.splits, self.prepare, self.device,
            images=setting.images, steps=setting.steps, stop=self.stop,
        )  # fmt: skip


def _measured(left, settings, faces, device, stop, jobs) -> Iterator[tuple[int, dict]]:
    """(index, measurement), in the order in which they end. Even a single job has its own process, so that the number of
    threads, and with it the bits, are always the same."""
    if not left:
        return
    halt = multiprocessing.get_context("spawn").Event()
    setup = (settings[0].run.protocol, faces, device, halt)
    with Workers(jobs, _start, *setup) as pool:  # which end with this process: nothing is lost, only it writes files
        # The longest settings first, so that the processes end at about the same time.
        order = sorted(left, key=lambda i: (-settings[i].steps[-1], i))
        waiting = {pool.submit(_work, settings[i]): i for i in order}
        try:
            while waiting:
                done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
                if stop():
                    halt.set()
                    raise Interrupted("gradients stopped; the next call goes on with what is left")
        finally:
            halt.set()


def _start(protocol: Protocol, faces: Path, device: torch.device, halt) -> None:
    global _worker
    torch.set_num_threads(1)
    if device.type == "cpu":
        keep_freed()

    @functools.cache
    def worker() -> Measurer:
        return Measurer(protocol, faces, device, halt.is_set)

    # Made when the first setting is measured, not here: the message of an error in an initialiser would be lost.
    _worker = worker


def _work(setting: Setting) -> dict:
    return _worker()(setting)


def _kept(path: Path, wanted: str) -> dict | None:
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # absent or damaged: measured again
    return contents.get("measured") if contents.get("digest") == wanted else None


def _labelled(setting: Setting) -> dict:
    run = setting.run
    label = {"network": setting.network, **setting.axes, "seed": run.seed, "steps": list(setting.steps)}
    return label | {"cell": run.cell.as_dict(), "code": sources.code_digest(run.cell.model)}


def _one_line_a_moment(contents: Mapping) -> str:
    """JSON text in which each moment is on one line."""
    lines: list[str] = []

    def outlined(measurement: Mapping) -> Mapping:
        kept = []
        for moment in measurement["moments"]:
            kept.append(f"@{len(lines)}@")
            lines.append(json.dumps(moment, allow_nan=False))
        return {**measurement, "moments": kept}

    shown = {**contents, "measurements": [outlined(each) for each in contents["measurements"]]}
    parts = json.dumps(shown, indent=1, ensure_ascii=False, allow_nan=False).split('"@')
    tails = (part.partition('@"') for part in parts[1:])
    return parts[0] + "".join(lines[int(number)] + rest for number, _, rest in tails) + "\n"


def _keys(entry: Mapping, expected: Sequence[str], where: object) -> None:
    if set(entry) != set(expected):
        raise BadInput(where, ", ".join(map(str, entry)), f"exactly {', '.join(expected)}")
