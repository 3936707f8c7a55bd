"""First contact with a device in one call: find the path to take, train the plan on it, pack what is finished."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmark import progress
from benchmark.errors import Interrupted, StopRequest
from benchmark.protocol.cells import Run
from benchmark.runs.first_contact.path_choice import Contact
from benchmark.runs.first_contact.plan_progress import Progress, packed
from benchmark.runs.runner import Site, run_all

SHARE = 0.5  # of the seconds given, for finding out
KEPT = 0.2  # of these, for checking the plan's other networks on the path chosen


def first_contact(
    runs: Sequence[Run],
    prepared: Path,
    folder: Path,
    device: torch.device,
    out: Path,
    *,
    seconds: float,
    jobs: Sequence[int] = (1, 2, 3),
    timed: float = 4.0,
    restart_stale: bool = False,
) -> None:
    """Find out, train the plan for the seconds that are left, and pack what is finished into `out` as it comes.

    Args:
        runs: the plan; its first run's network is the one measured, all networks are checked on the path chosen.
        folder: of runs.
        seconds: for everything; at most `SHARE` of them for finding out.
        jobs: numbers of runs at once to be tried.
        timed: seconds of training of each.

    Raises:
        Findings: no path is correct.
        Interrupted: by signal or when the seconds are over; everything is kept.
    """
    begin = time.time()
    try:
        with StopRequest(begin + seconds) as stop:

            def left() -> float:
                return begin + SHARE * seconds - time.time()

            numbers = [number for number in jobs if number <= len(runs)]
            chosen = Contact(runs, prepared, folder, device, numbers, timed, left, stop, KEPT * left()).decide()
            if stop():
                raise Interrupted("stopped before the first run; the same command goes on")
        progressing = Progress(runs, prepared, folder, out)
        progressing.begin(chosen, begin + seconds - time.time())
        places = Site(prepared, folder, device, restart_stale, chosen["path"] == "compiled")
        remaining = begin + seconds - time.time()
        run_all(runs, places, jobs=chosen["jobs"], time_budget=remaining, ended=progressing.ended)
    finally:
        progress.say(packed(folder, out))
