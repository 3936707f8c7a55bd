"""Whether the scores that a report states come from its records."""

import csv
import io
from collections.abc import Container, Iterable
from pathlib import Path

from benchmark.records.comparisons import summarise
from benchmark.records.examine import Examined
from benchmark.records.trust import FILE, read_verification
from benchmark.report import values
from benchmark.report.scores import score_files

RUNS = "tables/runs.csv"


def stated(
    examined: Iterable[Examined], records: Path, report: Path, planned: Container[str] | None = None
) -> values.Comparison:
    """Compare tables/runs.csv and metrics/ in the folder `report` with the scores of the records in order, computed anew.
    `planned`: as of `score_files`. BadInput as of `summarise`."""
    good = [each.record for each in examined if each.record is not None and not each.failures]
    fresh = score_files(summarise(good, records, {}, read_verification(report / FILE)), records, planned)
    files = values.files_in(report)
    own, made = (_records(each.get(RUNS, b"")) for each in (files, fresh))
    if own != made:  # an import, for instance: every row after the first new one would differ
        found = f"{len(own)} records, {len(own - made)} of them not here"
        expected = f"{len(made)}: {len(made - own)} are not in it yet (ferbench report makes it)"
        return values.Comparison(len(made), (values.Deviation(RUNS, found, expected),))
    return values.compare({name: files[name] for name in files if name in fresh or name.startswith("metrics/")}, fresh)


def _records(table: bytes) -> set[str]:
    """The records that a table of runs names."""
    return {row.get("record", "") for row in csv.DictReader(io.StringIO(table.decode(errors="replace")))}
