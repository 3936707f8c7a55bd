"""A study: the parts of a profile, one after the other. Each cell's learning rate is found before the cell's first run.

One call of `make` starts or resumes a study: runs that are finished and trials that are in the log are not made again.
`standing` reads from the same files how far the study is, and estimates the time left from the durations so far.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.progress import say
from benchmark.protocol.cells import Cell, Run
from benchmark.records.record import Record, read_record
from benchmark.runs.plan import parts, profile_entry, profile_names
from benchmark.runs.rate_search import RateSearch, load_rate_search, search_rates
from benchmark.runs.runner import Site, run_all
from benchmark.runs.time_budget import TimeBudget
from benchmark.runs.tuning_log import read_log


@dataclass(frozen=True)
class Study:
    """The runs of a study, part by part. `search` finds the learning rates of cells that have none."""

    name: str
    search: RateSearch
    parts: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True)
class Standing:
    """How far a part of a study is.

    Attributes:
        trials, runs: (made, planned).
        used: seconds of computing so far.
        left: seconds still needed in one process; None if no duration has been measured yet.
    """

    trials: tuple[int, int]
    runs: tuple[int, int]
    used: float
    left: float | None

    @property
    def finished(self) -> bool:
        return self.runs[0] == self.runs[1]


def load_study(profile: str) -> Study:
    """The study of a profile. BadInput if the profile has no key ``rates``, or if its runs and its search have different
    protocols."""
    entry = profile_entry(profile)
    if "rates" not in entry:
        studies = ", ".join(name for name in profile_names() if "rates" in profile_entry(name))
        expected = f"a study ({studies}); `ferbench run --profile {profile}` makes others"
        raise BadInput(f"profile {profile}", "no search of learning rates", expected)
    search, runs = load_rate_search(entry["rates"]), parts(profile)
    if odd := {run.protocol.name for part in runs for run in part if run.protocol.hash != search.protocol.hash}:
        raise BadInput(f"profile {profile}", f"runs under {', '.join(sorted(odd))}", f"protocol {search.protocol.name}")
    return Study(profile, search, tuple(map(tuple, runs)))


def make(study: Study, places: Site, trials: Path, log: Path, *, jobs: int = 1, time_budget: float | None = None) -> None:
    """Make what is missing, part by part: first the trials that find the cells' learning rates, then the runs.

    Args:
        places: its `out` is the folder of the runs.
        trials: folder of the trials' records and checkpoints.
        log: the log of the search. Lines are added to it, never removed or changed.
        jobs, time_budget: as in `benchmark.runs.runner.run_all`.

    Raises:
        BadInput, Interrupted: as `run_all`.
    """
    budget = TimeBudget.of(time_budget)

    def left() -> float | None:
        return None if math.isinf(budget.seconds) else budget.remaining()

    for number, part in enumerate(study.parts, 1):
        for line in told(study, standing(study, places.out, log), jobs):
            say(line)
        say(f"{study.name}: part {number} of {len(study.parts)}")
        cells = without_rate(part)
        rates = {}
        if cells:
            there = dataclasses.replace(places, out=trials)
            rates = search_rates(study.search, cells, there, log, jobs=jobs, time_budget=left())
        for name, rate in rates.items():
            say(f"learning rate of {name}: {rate:g}")
        run_all([rated(run, rates) for run in part], places, jobs=jobs, time_budget=left())


def without_rate(runs: Iterable[Run]) -> list[Cell]:
    """The cells of `runs` without a learning rate of their own, each once."""
    return list({run.cell.name: run.cell for run in runs if run.cell.learning_rate is None}.values())


def rated(run: Run, rates: Mapping[str, float]) -> Run:
    """The run with the learning rate that `rates` has for its cell; unchanged if `rates` has none."""
    if run.cell.name not in rates:
        return run
    return dataclasses.replace(run, cell=dataclasses.replace(run.cell, learning_rate=rates[run.cell.name]))


def standing(study: Study, out: Path, log: Path) -> list[Standing]:
    """How far each part is, read from the records in `out` and the log of the search."""
    lines = read_log(log)
    records = {run.place: read_record(out / run.place) for part in study.parts for run in part if _is_there(out / run.place)}
    paces = _paces(lines, records.values())
    found = []
    for part in study.parts:
        cells = without_rate(part)
        trials_left = {cell.name: study.search.trials_left(cell, lines) for cell in cells}
        planned = len(cells) * (len(study.search.rates) + 1)
        own = {cell.name for cell in cells}
        made = [record for run in part if (record := records.get(run.place)) is not None]
        used = sum(_seconds(record) for record in made)
        used += sum(line["train_seconds"] for line in lines if line["cell"] in own)
        epochs = {name: count * study.search.epochs for name, count in trials_left.items()}
        for run in part:
            if run.place not in records:
                epochs[run.cell.name] = epochs.get(run.cell.name, 0) + run.protocol.epochs
        left = sum(count * paces.get(name, paces.get("", math.nan)) for name, count in epochs.items())
        trials = planned - sum(trials_left.values()), planned
        found.append(Standing(trials, (len(made), len(part)), used, None if math.isnan(left) else left))
    return found


def told(study: Study, standings: Sequence[Standing], jobs: int) -> list[str]:
    """One line per part and one for the whole study. Hours are for `jobs` processes at once."""
    lines = []
    for number, part in enumerate(standings, 1):
        trials = f"{part.trials[0]} of {part.trials[1]} trials, " if part.trials[1] else ""
        lines.append(f"part {number}: {trials}{part.runs[0]} of {part.runs[1]} runs; {_hours(part.used, part.left, jobs)}")
    lefts = [part.left for part in standings if part.left is not None]
    left = sum(lefts) if len(lefts) == len(standings) else None
    lines.append(f"{study.name}: {_hours(sum(part.used for part in standings), left, jobs)}")
    return lines


def _hours(used: float, left: float | None, jobs: int) -> str:
    ahead = "no time measured yet" if left is None else f"about {left / jobs / 3600:.1f} left"
    return f"{used / jobs / 3600:.1f} h used, {ahead} ({jobs} at once)"


def _is_there(place: Path) -> bool:
    return (place / "record.json").is_file()


def _seconds(record: Record) -> float:
    seconds: float = record["cost"]["train_seconds"] + record["cost"]["evaluate_seconds"]
    return seconds


def _paces(lines: Sequence[Mapping[str, Json]], records: Iterable[Record]) -> dict[str, float]:
    """Cell -> seconds per epoch in one process, as last measured. The key "" has the mean, for cells not measured yet."""
    paces = {line["cell"]: line["train_seconds"] / max(1, len(line["train_loss"])) for line in lines}
    paces |= {record.cell: _seconds(record) / len(record["history"]) for record in records}
    return paces | ({"": sum(paces.values()) / len(paces)} if paces else {})
