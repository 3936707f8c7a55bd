"""What was made here, compared with what is published: the runs with their records, and every value of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.records.sameness import DIFFERENT, IDENTICAL, Sameness, compare, counted
from benchmark.report import values

COMPARED = ("records", "tables", "metrics", "claims.md")  # of a report's folder


@dataclass(frozen=True)
class Reproduction:
    """The comparison.

    Attributes:
        runs: (place, outcome) of every run that was made here and is published.
        missing: places of runs that were not made here.
        unpublished: places of runs that were made here and are not published, or published there under another protocol.
        faults: a line for each record that can not be read.
        tables: of the report made here and the published one.
    """

    runs: tuple[tuple[str, Sameness], ...]
    missing: tuple[str, ...]
    unpublished: tuple[str, ...]
    faults: tuple[str, ...]
    tables: values.Comparison

    @property
    def lines(self) -> list[str]:
        """A line for each run that is not bit-identical, and for each fault."""
        lines = [f"{place}: {sameness.told}" for place, sameness in self.runs if sameness.outcome != IDENTICAL]
        lines += [f"{place}: made here, not published" for place in self.unpublished]
        if self.missing:
            lines.append(f"{len(self.missing)} planned runs not made here, such as {self.missing[0]}")
        return [*lines, *self.faults]

    @property
    def answer(self) -> str:
        """The last line: how many runs and table values are as published."""
        runs = counted([sameness for _, sameness in self.runs]) if self.runs else "no published run made here"
        return f"{runs}; {self.tables.told}"

    @property
    def as_json(self) -> dict[str, object]:
        """For `verify --json`."""
        return {
            "runs": {place: sameness.as_json for place, sameness in self.runs},
            "missing": self.missing,
            "unpublished": self.unpublished,
            "faults": self.faults,
            "values": self.tables.values,
            "deviations": [vars(each) for each in self.tables.deviations],
            "answer": self.answer,
        }

    @property
    def in_order(self) -> bool:
        """Whether nothing is wrong: no run is different, every record can be read, and table values differ at most where
        runs do, or where there are runs that are not published."""
        outcomes = {sameness.outcome for _, sameness in self.runs}
        follows = not self.tables.deviations or bool(outcomes - {IDENTICAL}) or bool(self.unpublished)
        return DIFFERENT not in outcomes and not self.faults and follows


def reproduction(runs: Sequence[Run], made: Path, report: Path, published: Path) -> Reproduction:
    """Compare `runs` below `made` and the files in `report` with the published report's folder, `published`."""
    compared, missing, unpublished, faults = [], [], [], []
    for run in runs:
        place = run.place.as_posix()
        here = made / place
        if not (here / "record.json").is_file():
            missing.append(place)
            continue
        folders = (published / "records" / place, published / "records" / "imported" / place)
        there = next((folder for folder in folders if (folder / "record.json").is_file()), None)
        if there is None:
            unpublished.append(place)
            continue
        try:
            own, other = read_record(here), read_record(there)
            if own["protocol_hash"] == other["protocol_hash"]:
                compared.append((place, compare(own, other)))
            else:  # a turned protocol has the folder of its base
                unpublished.append(place)
        except BadInput as error:
            faults.append(str(error))
    tables = values.compare(values.files_in(report), values.files_in(published))
    return Reproduction(tuple(compared), tuple(missing), tuple(unpublished), tuple(faults), tables)
