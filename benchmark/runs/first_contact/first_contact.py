"""First contact with a device, in one call: choose a path and how many runs at once, train the plan, and pack finished
records."""

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

SHARE = 0.5  # largest fraction of the given seconds that is used for choosing a path
KEPT = 0.2  # fraction of these that is reserved for checking the plan's other networks on the chosen path


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
    """Choose a path, train the plan for the rest of the time, and pack finished records into `out` from time to time.

    Args:
        runs: the plan. The speed is measured with the network of its first run. All networks are checked on the chosen
            path.
        prepared: folder of FaceSets.
        folder: of runs.
        out: folder of the archives.
        seconds: for everything; at most the fraction `SHARE` is used for choosing a path.
        jobs: numbers of simultaneous runs that are tried.
        timed: seconds of training for each measurement.

    Raises:
        Findings: no path is correct.
        Interrupted: by a signal, or when the time is over. Everything is kept.
    """
    begin = time.monotonic()
    try:
        with StopRequest(begin + seconds) as stop:

            def left() -> float:
                return begin + SHARE * seconds - time.monotonic()

            numbers = [number for number in jobs if number <= len(runs)]
            chosen = Contact(runs, prepared, folder, device, numbers, timed, left, stop, KEPT * left()).decide()
            if stop():
                raise Interrupted("stopped before the first run; the same command goes on")
        progressing = Progress(runs, prepared, folder, out)
        progressing.begin(chosen, begin + seconds - time.monotonic())
        places = Site(prepared, folder, device, restart_stale, chosen["path"])
        remaining = begin + seconds - time.monotonic()
        run_all(runs, places, jobs=chosen["jobs"], time_budget=remaining, ended=progressing.ended)
    finally:
        progress.say(packed(folder, out))
