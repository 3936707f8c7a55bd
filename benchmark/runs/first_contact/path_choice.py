"""Chooses the path for a plan on a device: the fastest path whose training step agrees with the CPU's.

A path is one of `benchmark.runs.training.paths`, with one or more runs at once. All that the device has are checked, then
measured with the smallest number of runs at once; larger numbers first of those that are the fastest so far, then, as far as
time allows, of the others. Results are written to ``first-contact.json`` in
the folder of runs after every step. So a stopped call can be continued, and a later call measures nothing again. The file is
valid for one machine, plan and version of the code; for another one, everything is measured again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import Findings, Interrupted
from benchmark.files import Json, read_object, write_json
from benchmark.protocol.cells import Run
from benchmark.runs import environment, sources
from benchmark.runs.first_contact.machine import machine
from benchmark.runs.first_contact.path_speed import speeds
from benchmark.runs.first_contact.path_words import plain, said, table, verdict
from benchmark.runs.first_contact.side_process import Failed, SideProcess
from benchmark.runs.first_contact.step_check import BF16_TOLERANCES, TOLERANCES, beyond, check, expect
from benchmark.runs.training.paths import PATHS, possible

FILE = "first-contact.json"
SCHEMA = 1
# The order in which paths are tried: those that are quickly checked, then those most likely to be fast.
TRIED = (
    "eager",
    "graph",
    "graph+triton",
    "compiled",
    "compiled+graph",
    "step+graph",
    "compiled+graph+triton",
    "step+graph+triton",
    "step",
    "triton",
    "compiled+triton",
    "step+triton",
)
CLOSE = 0.02  # fewer runs at once, or a path earlier in PATHS, are preferred if slower by at most this fraction
PATIENCE = 300.0  # longest time for one answer of a process in seconds, including compilation


def choose(rates: Sequence[Mapping[str, Json]], correct: Callable[[str], bool]) -> Mapping[str, Json] | None:
    """The fastest correct path; None if there is none.

    Args:
        rates: measurements, {path, jobs, images_per_second} or {path, jobs, failed}.
        correct: function that tells whether a path gives the same training step as the CPU.
    """
    usable = [rate for rate in rates if "failed" not in rate and correct(rate["path"])]
    if not usable:
        return None
    best = max(rate["images_per_second"] for rate in usable)
    close = [rate for rate in usable if rate["images_per_second"] >= (1 - CLOSE) * best]
    return min(close, key=lambda rate: (rate["jobs"], PATHS.index(rate["path"])))


def networks(runs: Sequence[Run]) -> list[Run]:
    """The first run of each network of the plan, that is, of each pair of protocol and cell."""
    first: dict[tuple[str, str], Run] = {}
    for run in runs:
        first.setdefault((run.protocol.hash, run.cell.hash), run)
    return list(first.values())


@dataclass
class Contact:
    """Checks and measures the paths on a device, and keeps the results so far.

    Attributes:
        runs: of the plan.
        prepared: folder of FaceSets.
        folder: of runs; the file is written there.
        device: the new device.
        jobs: numbers of simultaneous runs, ascending.
        seconds: of training for each measurement.
        left: function that returns the seconds left for choosing a path.
        stop: called while waiting. When it returns True, Interrupted is raised; the results so far are on disk.
        kept: seconds reserved for checking the plan's other networks on the chosen path.
        found: contents of the file.
    """

    runs: Sequence[Run]
    prepared: Path
    folder: Path
    device: torch.device
    jobs: Sequence[int]
    seconds: float
    left: Callable[[], float]
    stop: Callable[[], bool]
    kept: float = 0.0
    found: dict[str, Json] = field(init=False)

    def __post_init__(self) -> None:
        path, new = self.folder / FILE, {"schema": SCHEMA, "machine": machine(self.device), "plan": digest(self.runs)}
        new |= {"device_type": self.device.type, "environment": environment.describe(self.device)}
        new |= {"tolerances": TOLERANCES, "network": str(self.runs[0]), "seconds_timed": self.seconds}
        new |= {"checks": [], "rates": [], "chosen": None}
        self.found = new
        if path.is_file():
            old = read_object(path)
            if all(old.get(key) == new[key] for key in ("schema", "machine", "plan", "device_type", "tolerances")):
                self.found = old
            else:
                progress.say(f"{path} is of another machine, plan or version of the code: choosing the path again")

    def decide(self) -> Mapping[str, Json]:
        """The chosen path: read from the file, or chosen now.

        Raises:
            Findings: no path is correct; the file says why.
            Interrupted: `stop` returned True, or there was not enough time.
        """
        earlier: Mapping[str, Json] | None = self.found["chosen"]
        if earlier is not None:
            progress.say(f"chosen in an earlier call: {said(earlier)} ({self.folder / FILE})")
            return earlier
        here = [path for path in TRIED if possible(path, self.device.type)]
        for path in here:
            if self._checked(self.runs[0], path) and self.correct(path):
                self._measure(path, every=False)
        for path in sorted(filter(self.correct, here), key=self._first_rate, reverse=True):
            self._measure(path, every=True)
        self.kept = 0.0
        while True:
            best = choose(self.found["rates"], self.correct)
            if best is None:
                self._save()
                if self._left() <= 0:
                    raise Interrupted("too few seconds to find out a path; the same call goes on with what was found")
                why = self.folder / FILE
                raise Findings(f"no path is both correct and measured, so nothing was trained; {why} says why")
            if all(self._checked(run, best["path"]) for run in networks(self.runs)) or self.correct(best["path"]):
                break
        checked = sum(each["path"] == best["path"] for each in self.found["checks"])
        self.found["chosen"] = chosen = {**best, "networks_checked": checked}
        self._save()
        for line in table(self.found["checks"], self.found["rates"]):
            progress.say(line)
        progress.say(f"chosen: {said(best)}, the fastest correct path; written to {self.folder / FILE}")
        return chosen

    def correct(self, path: str) -> bool:
        """Whether a path has been checked, and every checked network agreed on it."""
        verdicts = [each["agrees"] for each in self.found["checks"] if each["path"] == path]
        return bool(verdicts) and all(verdicts)

    def _checked(self, run: Run, path: str) -> bool:
        """Check a network on a path, unless that was done already. Returns whether it agrees; False also if there is no time
        left."""
        name = f"{run.protocol.name} / {run.cell.name}"
        for each in self.found["checks"]:
            if (each["network"], each["path"]) == (name, path):
                return bool(each["agrees"])
        if self._left() <= 0:
            progress.say(f"{name}, {path}: not checked, no time left for it")
            return False
        progress.say(f"{name}, {path}: one training step against the CPU's ... ({self._left():.0f} s left to find out)")
        agrees = False
        entry: dict[str, Json] = {"network": name, "path": path, "agrees": agrees}
        try:
            with SideProcess() as process:
                process.ask(self._limit(), self.stop, expect, run, self.prepared)
                for precision in ("float32", "bf16"):
                    found, _ = process.ask(self._limit(), self.stop, check, self.device, precision, path)
                    entry[precision] = found
                    if precision == "float32":
                        entry["beyond"] = beyond(found)
                    else:
                        entry["beyond"] += [f"{name} in bf16" for name in beyond(found, BF16_TOLERANCES)]
                    entry["agrees"] = agrees = not entry["beyond"]
        except Failed as error:
            if self._left() <= 0:  # it failed because time ran out, which says nothing about the path
                progress.say("  no time left for it")
                return False
            entry |= {"failed": str(error), "agrees": False}
            agrees = False
        self.found["checks"].append(plain(entry))
        self._save()
        progress.say("  " + verdict(entry))
        return agrees

    def _measure(self, path: str, *, every: bool) -> None:
        """Measure the images per second of a path for each number of simultaneous runs that was not measured yet; without
        `every`, only as long as it is the fastest path so far with that number."""
        known = {each["jobs"]: each for each in self.found["rates"] if each["path"] == path}
        if any("failed" in each or not (every or self._leads(each)) for each in known.values()):
            return
        jobs = [number for number in self.jobs if number not in known]
        if not jobs or self._left() <= 0:
            return
        progress.say(f"{self.runs[0]}, {path}: images a second, {', '.join(map(str, jobs))} at once ...")
        rates = speeds(
            self.runs[0],
            self.prepared,
            self.device,
            path=path,
            jobs=jobs,
            seconds=self.seconds,
            limit=self._limit,
            stop=self.stop,
        )
        for rate in rates:
            if "failed" in rate and self._left() <= 0:
                progress.say(f"  {rate['jobs']} at once: no time left for it")
                return
            entry = {"path": path, **rate}
            self.found["rates"].append(entry)
            self._save()
            progress.say(f"  {said(entry)} ({self._left():.0f} s left to find out)")
            if self._left() <= 0 or not (every or self._leads(entry)):
                return

    def _leads(self, rate: Mapping[str, Json]) -> bool:
        """Whether no correct path has been measured to be faster with the same number of runs at once."""
        same = [each for each in self.found["rates"] if each["jobs"] == rate["jobs"] and "failed" not in each]
        best = max((each["images_per_second"] for each in same if self.correct(each["path"])), default=0.0)
        return "failed" not in rate and bool(rate["images_per_second"] >= best)

    def _first_rate(self, path: str) -> float:
        """The images per second of a path with the smallest number of runs at once; 0 if there are none."""
        rates = [each for each in self.found["rates"] if each["path"] == path and "failed" not in each]
        return float(min(rates, key=lambda each: each["jobs"])["images_per_second"]) if rates else 0.0

    def _left(self) -> float:
        return self.left() - self.kept

    def _limit(self) -> float:
        return max(1.0, min(PATIENCE, self._left()))

    def _save(self) -> None:
        write_json(self.folder / FILE, self.found)


def digest(runs: Sequence[Run]) -> str:
    """SHA-256 over the plan's networks: their protocols, cells, and the sources that decide their numbers."""
    each = sorted([run.protocol.hash, run.cell.hash, sources.code_digest(run.cell.model)] for run in networks(runs))
    return hashlib.sha256(json.dumps(each).encode()).hexdigest()
