"""The learning rate of each cell of a study: the best one on the validation split, found with equal effort for every cell.

Every cell is tried with the same list of rates. Then one more rate is tried, a factor of 2 away from the cell's best one:
above or below the list if the best rate is the highest or the lowest of the list, else towards the better of its two
neighbours. The cell gets the rate with the best validation metric of all its trials; among equally good rates the lowest.
A diverged trial scores 1 / classes, as guessing would. Trials are those of `benchmark.runs.tuning`: the test split is
never loaded, and each trial is a line of a log.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs.runner import Site
from benchmark.runs.tuning import Search, check_search, make_trials
from benchmark.runs.tuning_log import SEARCHES, read_log

FIELDS = ("protocol", "seeds", "epochs", "rates")
RATES = "three or more numbers above 0, from the highest to the lowest"
STEP = 2.0  # factor between the best rate and the rate of the last trial


@dataclass(frozen=True)
class RateSearch:
    """The learning rates (from the highest to the lowest) that are tried for each cell, each for `epochs` epochs with one
    seed."""

    name: str
    protocol: Protocol
    seed: int
    epochs: int
    rates: tuple[float, ...]

    def search(self, cells: Sequence[Cell], rates: Sequence[float]) -> Search:
        """The trials of `rates` for `cells`."""
        trials = tuple({"learning_rate": rate} for rate in rates)
        return Search(self.name, self.protocol, tuple(cells), (self.seed,), self.epochs, trials)

    def scores(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> dict[float, float]:
        """Learning rate -> best validation metric (a fraction) over the epochs of this search's trial of `cell`.

        A diverged trial scores 1 / classes. If a trial was repeated (with other code or on another device), its last line
        in the log counts.

        Args:
            lines: of the log.
        """
        found = {}
        for line in lines:
            rate = line["recipe"]["learning_rate"]
            ((_, run),) = self.search([cell], [rate]).runs()
            if (line["cell_hash"], line["seed"], line["trial"]) == (run.cell.hash, run.seed, run.protocol.hash):
                found[rate] = 1 / self.protocol.outputs if line["best"] is None else line["best"]
        return found

    def last_rate(self, scores: Mapping[float, float]) -> float:
        """The rate of the last trial, which follows from the scores of all `rates`."""
        best = best_rate({rate: scores[rate] for rate in self.rates})
        place = self.rates.index(best)
        if place == 0:
            return best * STEP
        if place == len(self.rates) - 1:
            return best / STEP
        higher, lower = self.rates[place - 1], self.rates[place + 1]
        return best * STEP if scores[higher] > scores[lower] else best / STEP

    def missing(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> list[float]:
        """Rates that are still to be tried for `cell`. While some of `rates` are missing, only these: the last trial's rate
        follows from their scores."""
        scores = self.scores(cell, lines)
        if first := [rate for rate in self.rates if rate not in scores]:
            return first
        last = self.last_rate(scores)
        return [] if last in scores else [last]

    def trials_left(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> int:
        """How many trials of `cell` are still to be made, including the last one."""
        scores = self.scores(cell, lines)
        first = sum(rate not in scores for rate in self.rates)
        return first + 1 if first else len(self.missing(cell, lines))

    def found(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> float | None:
        """The learning rate found for `cell`; None while trials are missing."""
        if self.missing(cell, lines):
            return None
        scores = self.scores(cell, lines)
        return best_rate({rate: scores[rate] for rate in (*self.rates, self.last_rate(scores))})


def best_rate(scores: Mapping[float, float]) -> float:
    """The rate with the highest score; among several, the lowest rate."""
    return max(sorted(scores), key=lambda rate: scores[rate])


def load_rate_search(name: str) -> RateSearch:
    """A search of learning rates, from tuning.yaml.

    Raises:
        BadInput: an unknown name; missing or unknown keys; more than one seed; fewer than three rates, or rates not in
            falling order; a protocol with folds or with valence and arousal.
    """
    entry: Json = read_yaml(SEARCHES).get(name)
    where = f"search {name}"
    check_search(entry, FIELDS, where)
    rates, protocol = tuple(entry["rates"]), load_protocol(entry["protocol"])
    if len(rates) < 3 or any(type(rate) is not float or not 0 < rate < math.inf for rate in rates):
        raise BadInput(f"{where}, rates", f"{entry['rates']!r}"[:200], RATES)
    if any(higher <= lower for higher, lower in itertools.pairwise(rates)):
        raise BadInput(f"{where}, rates", entry["rates"], RATES)
    if len(entry["seeds"]) != 1:
        raise BadInput(f"{where}, seeds", entry["seeds"], "one")
    if protocol.folds or protocol.task != "categorical":
        raise BadInput(f"{where}, protocol", protocol.name, "one of classes with a test split to leave alone")
    return RateSearch(name, protocol, entry["seeds"][0], entry["epochs"], rates)


def search_rates(
    search: RateSearch,
    cells: Sequence[Cell],
    places: Site,
    log: Path,
    *,
    jobs: int = 1,
    time_budget: float | None = None,
) -> dict[str, float]:
    """Make the missing trials of `cells` and add them to `log`.

    Arguments and errors as of `benchmark.runs.tuning.tune`.

    Returns:
        cell name -> its learning rate.
    """
    lines = read_log(log)
    while any(search.missing(cell, lines) for cell in cells):
        # One rate for all cells, then the next rate: wherever work stops, cells have equally many trials, give or take one.
        rounds = sorted({rate for cell in cells for rate in search.missing(cell, lines)}, reverse=True)
        trials = [
            trial
            for rate in rounds
            for cell in cells
            if rate in search.missing(cell, lines)
            for trial in search.search([cell], [rate]).runs()
        ]
        lines = make_trials(search, trials, places, log, jobs=jobs, time_budget=time_budget)
    return {cell.name: rate for cell in cells if (rate := search.found(cell, lines)) is not None}
