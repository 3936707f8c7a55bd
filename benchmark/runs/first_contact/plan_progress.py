"""The progress of a plan: prints how far it is and how much time is left, and packs finished records from time to time."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark import progress
from benchmark.faces.faceset import open_faceset
from benchmark.files import Json
from benchmark.protocol.cells import Run
from benchmark.records.packing import pack
from benchmark.runs.first_contact.path_choice import FILE

PACK_SECONDS = 30.0  # shortest time between two packings while runs are in progress


def images(run: Run, prepared: Path) -> int:
    """Number of training images that a run sees, over all epochs (and over all folds)."""
    faces = open_faceset(prepared / run.protocol.data)
    if run.protocol.folds:
        return run.protocol.epochs * (len(run.protocol.folds) - 1) * len(faces.id)
    return run.protocol.epochs * len(faces.rows(run.protocol.splits["train"]))


class Progress:
    """Prints after every run how many are finished, at what rate, and how long the rest takes at this rate."""

    def __init__(self, runs: Sequence[Run], prepared: Path, folder: Path, out: Path):
        each = {run.protocol.hash: images(run, prepared) for run in {run.protocol.hash: run for run in runs}.values()}
        self.folder, self.out = folder, out
        self.images = {folder / run.place: each[run.protocol.hash] for run in runs}
        self.start = self.packed = time.monotonic()
        self.before = self._left()

    def begin(self, chosen: Mapping[str, Json], seconds: float) -> None:
        """Print what is about to start: the chosen path, what is left of the plan, and how many seconds there are."""
        expected = self._left() / chosen["images_per_second"]
        progress.say(
            f"{self._finished()} of {len(self.images)} runs are finished; training on the path {chosen['path']}, "
            f"{chosen['jobs']} at once, for {max(0, seconds):.0f} s; the rest of the plan takes about {duration(expected)} "
            f"by the measured rate; records in {self.folder}, archives in {self.out}"
        )

    def ended(self) -> None:
        """Must be called whenever a run has ended."""
        passed, left = time.monotonic() - self.start, self._left()
        if done := self.before - left:
            rate = done / max(passed, 1e-9)
            progress.say(
                f"  {self._finished()} of {len(self.images)} runs finished; {rate:,.0f} images/s with loading and "
                f"evaluation; about {duration(left / rate)} left"
            )
        if time.monotonic() - self.packed > PACK_SECONDS:
            packed(self.folder, self.out)
            self.packed = time.monotonic()

    def _finished(self) -> int:
        return sum((place / "record.json").is_file() for place in self.images)

    def _left(self) -> int:
        return sum(many for place, many in self.images.items() if not (place / "record.json").is_file())


def packed(folder: Path, out: Path) -> str:
    """Pack finished records and copy the choice of path into `out`. Returns a line that says what was done."""
    done = pack(folder, out)
    if (folder / FILE).is_file():
        shutil.copyfile(folder / FILE, out / FILE)
    for line in done.left_out:
        progress.say(f"not packed: {line}")
    return f"{done.records} finished records in {len(done.archives)} archives in {out}; at home: ferbench import {out}"


def duration(seconds: float) -> str:
    """Seconds in words, such as "2 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
