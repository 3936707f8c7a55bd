"""Published runs trained again, in a folder of their own, and compared with their records."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.protocol.cells import Run
from benchmark.records.examine import Examined
from benchmark.records.record import Record, read_record
from benchmark.records.sameness import Sameness, compare
from benchmark.runs.runner import Site, run_all
from benchmark.runs.time_budget import TimeBudget
from benchmark.runs.weights_again import run_of, stated_threads


@dataclass(frozen=True)
class Chosen:
    """A published record and its run. `place`: of the record, relative to the folder of records."""

    place: str
    record: Record
    run: Run


def choose(examined: Iterable[Examined], patterns: Sequence[str]) -> list[Chosen]:
    """The published runs that match a pattern PROTOCOL/CELL/SEED (``*`` for any; the seed as a number or as ``seed0``), each
    once. Of two records of one run, the one that the pipeline made is taken.

    Raises:
        BadInput: a pattern that matches none; a chosen record that is not in order, was not trained, or whose network is not
            installed.
    """
    asked = {pattern: _parts(pattern) for pattern in patterns}
    found: dict[str, Examined] = {}
    matched: set[str] = set()
    for each in sorted(examined, key=lambda own: own.place.count("/")):  # the pipeline's are less deep than imported ones
        parts = each.place.split("/")[-3:]
        if each.place.startswith("outside/"):
            continue
        # The folder of a run has the protocol's name, or another one: of what it is based on, or with its hash.
        names = {parts[0]} if each.record is None else {parts[0], each.record.protocol}
        ways = [(name, *parts[1:]) for name in names] if len(parts) == 3 else []
        hits = {p for p, own in asked.items() if any(all(map(fnmatch.fnmatchcase, way, own)) for way in ways)}
        key = "/".join(parts)
        matched |= hits
        if hits:
            found.setdefault(key, each)
    if missed := [pattern for pattern in patterns if pattern not in matched]:
        raise BadInput("--retrain", f"'{missed[0]}'", "PROTOCOL/CELL/SEED of a published run, with * for any, or all")
    return [_chosen(found[key]) for key in sorted(found)]


def choose_runs(examined: Iterable[Examined], runs: Sequence[Run]) -> list[Chosen]:
    """The published records of `runs`, in their order. BadInput for a run without one; also as of `choose`."""
    by_place = {each.place: each for each in examined}
    found = []
    for run in runs:
        places = (run.place.as_posix(), f"imported/{run.place.as_posix()}")
        place = next((each for each in places if each in by_place), None)
        if place is None:
            raise BadInput("--retrain all", f"no published record of {run}", "one of each run of params.yaml")
        found.append(_chosen(by_place[place]))
    return found


def retrain(chosen: Sequence[Chosen], places: Site, *, jobs: int | None = None, time_budget: float | None = None) -> None:
    """Train the chosen runs that are not finished in `places.out`. On a CPU each has as many threads as its record states,
    since that decides the order of floating-point sums.

    Args:
        jobs: processes; None: as many as there are threads for.
        time_budget: as of `benchmark.runs.runner.run_all`.

    Raises:
        BadInput, Interrupted: as `run_all`.
    """
    budget, before = TimeBudget.of(time_budget), torch.get_num_threads()
    groups: dict[int, list[Run]] = {}
    for each in chosen:
        groups.setdefault(stated_threads(each.record, places.device) or before, []).append(each.run)
    try:
        for threads, runs in groups.items():
            at_once = min(jobs or (1 if places.device.type == "cuda" else max(1, before // threads)), len(runs))
            torch.set_num_threads(threads * at_once)  # `run_all` divides them among its processes
            left = None if time_budget is None else budget.remaining()
            run_all(runs, places, jobs=at_once, time_budget=left)
    finally:
        torch.set_num_threads(before)


def outcomes(chosen: Sequence[Chosen], out: Path) -> list[tuple[Chosen, Sameness]]:
    """The comparison of each run in `out` with its published record; runs that are not finished there are left out."""
    there = [each for each in chosen if (out / each.run.place / "record.json").is_file()]
    return [(each, compare(read_record(out / each.run.place), each.record)) for each in there]


def _chosen(each: Examined) -> Chosen:
    for result in each.failures.values():
        raise BadInput(each.folder, f"a record with faults ({result.why})", "one that is in order")
    assert each.record is not None  # what can not be read is a failure
    run = run_of(each.record)
    if run is None:
        raise BadInput(each.folder, f"the model {each.record['cell']['model']}", "a network that is installed here")
    return Chosen(each.place, each.record, run)


def _parts(pattern: str) -> list[str]:
    """The patterns of protocol, cell and folder of the seed. BadInput for another form."""
    parts = pattern.split("/")
    if len(parts) != 3 or not all(parts):
        raise BadInput("--retrain", f"'{pattern}'", "PROTOCOL/CELL/SEED, with * for any, or all")
    return [*parts[:2], f"seed{parts[2].removeprefix('seed')}"]
