"""The addresses of the report's pages, and of the places within them that a link leads to."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from benchmark.records.comparisons import Summary
from benchmark.records.record import Record
from benchmark.report.tables import Table

FOLDER = "pages"  # of all pages but index.html, costs.html and the Markdown pages beside them, in the report's folder

CELLS = ("cell", "a", "b")  # columns whose texts are labels of cells


def anchor(*parts: object) -> str:
    """The parts joined to a name of a place in a page: only letters, digits and .+-_."""
    return re.sub(r"[^\w.+-]+", "_", "-".join(map(str, parts)))


def relative(target: str, page: str) -> str:
    """The link from a page to `target`, both relative to the report's folder. `target` may end with a place, "#NAME"."""
    path, mark, place = target.partition("#")
    if path == page and place:
        return f"#{place}"
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + mark + place


class Addresses:
    """The page of every protocol, model and run.

    No two are the same, whatever names protocols and cells have; not even where capital letters do not count.

    Args:
        summary: its comparisons, runs and outside models get pages.
    """

    def __init__(self, summary: Summary):
        self._protocols: dict[str, str] = {}
        self._models: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self._runs: dict[Path, str] = {}
        self._behind: dict[tuple[str, str], str] = {}
        used: set[str] = set()
        for comparison in summary.comparisons:
            slug = comparison.slug
            self._protocols[slug] = _unused("protocols", anchor(slug), used)
            for label, runs in comparison.runs.items():
                if label not in self._models:
                    self._models[label] = _unused("models", anchor(label), used)
                for run in runs:
                    name = f"{anchor(slug)}/{anchor(label)}-seed{run.record.seed}"
                    self._runs[run.record.directory] = _unused("runs", name, used)
                one = len(runs) == 1
                self._behind[slug, label] = self.run(runs[0].record) if one else self.cell(slug, label)
        for name in dict.fromkeys(run.record.cell for run in summary.outside):
            self._others[name] = _unused("models", anchor(name), used)

    @property
    def models(self) -> list[str]:
        """The labels of all cells that were trained here."""
        return list(self._models)

    @property
    def others(self) -> list[str]:
        """The names of all outside models; one may be the label of a cell as well, and has a page of its own."""
        return list(self._others)

    def protocol(self, slug: str) -> str:
        """The page of a protocol."""
        return self._protocols[slug]

    def model(self, name: str) -> str:
        """The page of a cell's label."""
        return self._models[name]

    def other(self, name: str) -> str:
        """The page of an outside model."""
        return self._others[name]

    def cell(self, slug: str, label: str) -> str:
        """Where a model's page shows what it did under a protocol."""
        return f"{self._models[label]}#{anchor(slug)}"

    def run(self, record: Record) -> str:
        """The page of a run."""
        return self._runs[record.directory]

    @staticmethod
    def claim(name: str) -> str:
        """The page of a claim."""
        return f"{FOLDER}/claims/{anchor(name)}.html"

    def behind(self, table: Table, row: Mapping, key: str, slug: str = "") -> list[tuple[str, str]]:
        """(address, cell) of the runs behind the entry `key` in a row: for an entry that names its cells, one for each of
        them; for a label that is a cell (`CELLS`), that of the cell. If a cell has a single run, the address is that of the
        run.

        Args:
            slug: protocol of the table, for rows that do not name a protocol.
        """
        if key not in row:
            return []
        if row[key].foreign:  # an outside model: its runs have no pages
            name, named = row[key].text, key == "cell" and row[key].text in self._others and "protocol" in row
            return [(f"{self._others[name]}#{anchor(row['protocol'].text)}", name)] if named else []
        named = [(row["protocol"].text if "protocol" in row else slug, row[key].text)] if key in CELLS else []
        pairs = list(row[key].cells) or named
        return [(self._behind[pair], pair[1]) for pair in pairs if pair in self._behind]


def _unused(kind: str, name: str, used: set[str]) -> str:
    number, chosen = 1, name
    while (address := f"{FOLDER}/{kind}/{chosen}.html").lower() in used:
        number += 1
        chosen = f"{name}_{number}"
    used.add(address.lower())
    return address
