"""The places of reports/index.html that numbers link to: one for every run, and one for every cell under a protocol."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmark.records.comparisons import Summary
from benchmark.records.record import Record
from benchmark.report.tables import Table


def anchor(*parts: object) -> str:
    """The parts as the name of a place in the page: letters, digits and .+-_ only."""
    return re.sub(r"[^\w.+-]+", "_", "-".join(map(str, parts)))


class Places:
    """Names of the runs' and the cells' places; no two are the same, whatever protocols and cells are called.

    Args:
        summary: whose runs have a place.
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
        """Place of a cell, which lists its runs."""
        return self._cells[slug, label]

    def run(self, record: Record) -> str:
        """Place of a run."""
        return self._runs[record.directory]

    def behind(self, table: Table, row: Mapping, key: str, slug: str = "") -> list[tuple[str, str]]:
        """Where the number `key` of a table's row leads: (place, cell) of every cell behind it that has records.

        The place is the cell's, which lists its runs, or the run's where there is one alone.

        Args:
            slug: protocol of the table, for rows that do not name theirs.
        """
        if key in table.labels or key not in row:
            return []
        pairs = row[key].cells or list(_labelled(row, slug))
        return [(self._targets[pair], pair[1]) for pair in pairs if pair in self._targets]


def _labelled(row: Mapping, slug: str) -> Iterator[tuple[str, str]]:
    """The pair (protocol, cell) that the labels of a row name, if they do."""
    if "cell" in row:
        yield (row["protocol"].text if "protocol" in row else slug, row["cell"].text)


def _unused(name: str, used: set[str]) -> str:
    number, chosen = 1, name
    while chosen in used:
        number += 1
        chosen = f"{name}_{number}"
    used.add(chosen)
    return chosen
