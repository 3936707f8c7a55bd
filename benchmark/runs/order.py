"""In which order several processes train runs: as given, but among runs that are equally far in their cells the longest
first."""

import math
from collections import Counter
from collections.abc import Sequence

from benchmark.protocol.cells import Run

FINISHED = 1.0  # seconds; a shorter run was finished before, and says nothing of how long its cell trains


class Order:
    """Runs that wait for a process.

    A plan has the first run of every cell, then the second of every cell, and so on (`benchmark.runs.plan.balanced`). Such a
    round comes as a whole before the next. Within it come first the cells of unknown duration, as given, then the longest,
    as `took` said of their earlier runs. So the processes end at about the same time.

    Args:
        runs: as they are given.
    """

    def __init__(self, runs: Sequence[Run]):
        self._seconds: dict[tuple[str, str], float] = {}
        self._waiting: list[tuple[int, Run]] = []  # (number of its round, run)
        before: Counter[tuple[str, str]] = Counter()
        number, last = -1, None
        for run in runs:
            place = before[_cell(run)]  # in its cell
            number += place != last
            last = place
            before[_cell(run)] += 1
            self._waiting.append((number, run))

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self) -> Run:
        """The run that comes next; it waits no longer."""
        chosen = min(self._waiting, key=lambda each: (each[0], -self._seconds.get(_cell(each[1]), math.inf)))
        self._waiting.remove(chosen)
        return chosen[1]

    def took(self, run: Run, seconds: float) -> None:
        """Say how long a run took, in seconds."""
        if seconds >= FINISHED:
            self._seconds[_cell(run)] = seconds


def _cell(run: Run) -> tuple[str, str]:
    return run.protocol.hash, run.cell.name
