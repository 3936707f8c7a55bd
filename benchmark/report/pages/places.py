"""The link targets in reports/index.html: one for every run, and one for every cell under a protocol."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmark.records.comparisons import Summary
from benchmark.records.record import Record
from benchmark.report.tables import Table


def anchor(*parts: object) -> str:
    """The parts joined to the name of a link target: only letters, digits and .+-_."""
    return re.sub(r"[^\w.+-]+", "_", "-".join(map(str, parts)))


class Places:
    """The names of the link targets of runs and cells. They are always different, whatever names protocols and cells have.

    Args:
        summary: the runs and cells that get a link target.
    """

    def __init__(self, summary: Summary):
        self._cells: dict[tuple[str, str], str] = {}
        self._runs: dict[Path, str] = {}
        self._targets: dict[tuple[str, str], str] = {}
        used: set[str] = set()
        for comparison in summary.comparisons:
            for label, runs in comparison.runs.items():
                key = (comparison.slug, label)
                self._cells[key] = _unused(anchor("cell", *key), used)
                for run in runs:
                    name = anchor("run", *key, f"seed{run.record.seed}")
                    self._runs[run.record.directory] = _unused(name, used)
                self._targets[key] = self._runs[runs[0].record.directory] if len(runs) == 1 else self._cells[key]

    def cell(self, slug: str, label: str) -> str:
        """The link target of a cell; it shows the cell's runs."""
        return self._cells[slug, label]

    def run(self, record: Record) -> str:
        """The link target of a run."""
        return self._runs[record.directory]

    def behind(self, table: Table, row: Mapping, key: str, slug: str = "") -> list[tuple[str, str]]:
        """The link targets for the number `key` in a row of a table: (link target, cell) for every cell behind it that has
        records.

        The target is that of the cell; if the cell has only one run, that of the run.

        Args:
            slug: protocol of the table, for rows that do not name a protocol.
        """
        if key in table.labels or key not in row:
            return []
        pairs = row[key].cells or list(_labelled(row, slug))
        return [(self._targets[pair], pair[1]) for pair in pairs if pair in self._targets]


def _labelled(row: Mapping, slug: str) -> Iterator[tuple[str, str]]:
    """The pair (protocol, cell) in the labels of a row, if they name a cell."""
    if "cell" in row:
        yield (row["protocol"].text if "protocol" in row else slug, row["cell"].text)


def _unused(name: str, used: set[str]) -> str:
    number, chosen = 1, name
    while chosen in used:
        number += 1
        chosen = f"{name}_{number}"
    used.add(chosen)
    return chosen
