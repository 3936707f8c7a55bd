"""The learning rate of each cell of a study: its own best on the validation split, found with equal effort for every cell.

Every cell gets the same rates, and then one more beside its best: a factor of 2 away from it, towards the better side
(outwards where the best is the highest or the lowest, else towards the better of its two neighbours). The best of all of
them by the validation metric is the cell's; of equally good ones the lowest; a run that diverged counts as the guess among
the classes. Trials are those of `benchmark.runs.tuning`: the test split is never loaded, each trial is a line of a log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs.runner import Site
from benchmark.runs.tuning import Search, make_trials
from benchmark.runs.tuning_log import SEARCHES, read_log

FIELDS = ("protocol", "seeds", "epochs", "rates")
STEP = 2.0  # how far from the best rate the last trial lies


@dataclass(frozen=True)
class RateSearch:
    """Rates (from the highest to the lowest) that are tried for a cell, each for `epochs` epochs with one seed."""

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
        """Rate -> best validation metric of this search's trials of `cell` in a log, a fraction; a diverged one counts
        as 1 / classes. A trial made again (another code or device) counts with its last line."""
        found = {}
        for line in lines:
            rate = line["recipe"]["learning_rate"]
            ((_, run),) = self.search([cell], [rate]).runs()
            if (line["cell_hash"], line["seed"], line["trial"]) == (run.cell.hash, run.seed, run.protocol.hash):
                found[rate] = 1 / self.protocol.outputs if line["best"] is None else line["best"]
        return found

    def last_rate(self, scores: Mapping[float, float]) -> float:
        """The rate of the last trial, from the scores of `rates`."""
        best = best_rate({rate: scores[rate] for rate in self.rates})
        place = self.rates.index(best)
        if place == 0:
            return best * STEP
        if place == len(self.rates) - 1:
            return best / STEP
        higher, lower = self.rates[place - 1], self.rates[place + 1]
        return best * STEP if scores[higher] > scores[lower] else best / STEP

    def missing(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> list[float]:
        """Rates still to be tried for `cell`, as far as known: the last one follows from the first ones."""
        scores = self.scores(cell, lines)
        if first := [rate for rate in self.rates if rate not in scores]:
            return first
        last = self.last_rate(scores)
        return [] if last in scores else [last]

    def trials_left(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> int:
        """How many trials of `cell` are still to be made, the last one among them."""
        scores = self.scores(cell, lines)
        first = sum(rate not in scores for rate in self.rates)
        return first + 1 if first else len(self.missing(cell, lines))

    def found(self, cell: Cell, lines: Sequence[Mapping[str, Json]]) -> float | None:
        """The rate of `cell`; None while trials are missing."""
        if self.missing(cell, lines):
            return None
        scores = self.scores(cell, lines)
        return best_rate({rate: scores[rate] for rate in (*self.rates, self.last_rate(scores))})


def best_rate(scores: Mapping[float, float]) -> float:
    """The rate of the highest score, of several the lowest."""
    return max(sorted(scores), key=lambda rate: scores[rate])


def load_rate_search(name: str) -> RateSearch:
    """A search of tuning.yaml that has rates.

    Raises:
        BadInput: an unknown name; missing or unknown keys; more than one seed; fewer than three rates, or rates that do not
            fall; a protocol with folds or with valence and arousal.
    """
    entry, where = read_yaml(SEARCHES).get(name), f"search {name}"
    if entry is None or set(entry) != set(FIELDS):
        raise BadInput(where, "nothing" if entry is None else ", ".join(entry), f"exactly {', '.join(FIELDS)}")
    rates, protocol = tuple(entry["rates"]), load_protocol(entry["protocol"])
    if len(rates) < 3 or any(type(rate) is not float or rate <= 0 for rate in rates) or sorted(rates)[::-1] != list(rates):
        raise BadInput(f"{where}, rates", entry["rates"], "three or more numbers above 0, from the highest to the lowest")
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
    """Make the trials that `cells` lack, add them to `log`; cell name -> its rate. Parameters and errors as of
    `benchmark.runs.tuning.tune`."""
    lines = read_log(log)
    while any(search.missing(cell, lines) for cell in cells):
        # Rates outermost: cut short anywhere, every cell has had as many trials, give or take one.
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
