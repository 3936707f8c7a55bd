"""The list of models, a page for each (all its numbers under every protocol, its cost, its runs, how to run it), and a page
for each run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import Comparison, ScoredRun
from benchmark.records.grouping import folder_of
from benchmark.records.outside_record import UNKNOWN, YES, seen_in
from benchmark.report.chapters.leaderboard import SEEN_WORDS, value_entry
from benchmark.report.pages.addresses import anchor
from benchmark.report.pages.findings import primary_in_words, shown_value
from benchmark.report.pages.run_list import CellView, cells_of, present_version
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.parts import RESULTS
from benchmark.report.tables import Table
from benchmark.report.wording import listed


@dataclass(frozen=True)
class Numbers:
    """What one table says of a model. `rows`: for each of its rows, (column title, text) of every column with a text."""

    table: Table
    rows: Sequence[Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Under:
    """A model under one protocol.

    Attributes:
        comparison: the comparison with its runs.
        cell: its cell, with its runs.
        words: the cell in words.
        metric: the primary metric in words.
        value: its mean over seeds, as shown.
        macs: multiply-adds of one picture; None if they were not counted.
        numbers: what the tables say of it.
    """

    comparison: Comparison
    cell: CellView
    words: str
    metric: str
    value: str
    macs: int | None
    numbers: Sequence[Numbers]


def model_pages(site: Site) -> Iterator[Leaf]:
    """The list, the page of every cell and outside model, and the page of every run."""
    under = _under(site)
    outside: dict[str, list[ScoredRun]] = {}
    for run in site.material.summary.outside:
        outside.setdefault(run.record.cell, []).append(run)
    yield site.leaf(
        "models.html.j2",
        BAR["Models"],
        "Models",
        "Models and cells",
        f"{len(under)} cells trained by this suite and {len(outside)} models of others, each with all its numbers",
        under=under,
        outside=outside,
    )
    for name in site.addresses.models:
        own = under[name]
        where = ", ".join(each.comparison.slug for each in own)
        about = f"Trained by this suite, tested under {where}"
        address, title = site.addresses.model(name), own[0].words
        values = {"name": name, "own": own, "outside": [], "saw": []}
        yield site.leaf("model.html.j2", address, "Models", title, about, search=name, **values)
    for name in site.addresses.others:
        entries = _entries(site, outside[name])
        where = ", ".join(dict.fromkeys(run.record["protocol"]["name"] for run in outside[name]))
        about, address = f"Model of others, tested under {where}", site.addresses.other(name)
        title = f"{name}, a model of others" if name in site.addresses.models else name
        values = {"name": name, "own": [], "outside": entries, "saw": _saw(outside[name])}
        yield site.leaf("model.html.j2", address, "Models", title, about, search=name, **values)
    for name, each in ((name, each) for name, own in under.items() for each in own):
        yield from _runs(site, name, each)


def _saw(outside: Sequence[ScoredRun]) -> list[str]:
    """Sentences on the protocols whose test faces an outside model has seen, or may have."""
    by: dict[str, list[str]] = {}
    for run in outside:
        assert run.record.outside is not None
        by.setdefault(seen_in(run.record.outside), []).append(run.record["protocol"]["name"])
    helped = "trained or chosen with the help of the test faces of {}."
    said = {YES: f"It was {helped}", UNKNOWN: f"Nobody says whether it was {helped}"}
    return [words.format(listed(dict.fromkeys(by[seen]))) for seen, words in said.items() if seen in by]


def _runs(site: Site, name: str, under: Under) -> Iterator[Leaf]:
    for run in under.cell.runs:
        slug = under.comparison.slug
        yield site.leaf(
            "run.html.j2",
            run.address,
            "Runs",
            f"{under.words}, seed {run.record.seed}",
            f"Under {slug}: {run.score}",
            search=f"seed{run.record.seed}",  # its title and its line say the rest
            run=run,
            name=name,
            under=under,
            comparison=under.comparison,
            present=present_version(under.comparison),
        )


def _under(site: Site) -> dict[str, list[Under]]:
    """Label -> what its cell is under each protocol."""
    material, found = site.material, {}
    numbers = _numbers(site)
    for comparison in material.summary.comparisons:
        for cell in cells_of(comparison, site.addresses, material.records_link, material.records):
            key = (comparison.slug, cell.label)
            network = measured_network(material.complexity, comparison, cell.label)
            macs = None if network is None else network["macs"]
            shown = primary_in_words(comparison), shown_value(comparison, cell.label)
            own = Under(comparison, cell, site.words(*key), *shown, macs, numbers.get(key, ()))
            found.setdefault(cell.label, []).append(own)
    return found


def _numbers(site: Site) -> dict[tuple[str, str], list[Numbers]]:
    """(protocol, label) -> what the tables say of that cell, in the order of the tables."""
    found: dict[tuple[str, str], list[Numbers]] = {}
    for table, slug in _tables(site):
        own: dict[tuple[str, str], list] = {}
        for row in table.rows:
            if not ("cell" in row and row["cell"].foreign) and (key := _cell_of(table, row, slug)):
                labels = ("cell", "protocol", "version")
                said = [
                    (table.columns[k], row[k].text) for k in table.columns if k in row and k not in labels and row[k].text
                ]
                own.setdefault(key, []).append(said)
        for key, rows in own.items():
            found.setdefault(key, []).append(Numbers(table, rows))
    return found


def _tables(site: Site) -> Iterator[tuple[Table, str]]:
    """Every table of results that has rows of cells, with its protocol; "" for tables of all protocols."""
    for section in site.contents.sections:
        for table in (*section.tables, *section.details):
            yield table, section.comparison.slug
    for chapter in site.contents.chapters_of(RESULTS):
        for table in chapter.tables:
            yield table, site.protocol_of(table)


def _cell_of(table: Table, row: Mapping, slug: str) -> tuple[str, str] | None:
    """The cell that a row is about."""
    if "cell" in row:
        return (row["protocol"].text if "protocol" in row else slug), row["cell"].text
    first = next((entry.cells[0] for entry in row.values() if entry.cells), None)
    return first or None


def _entries(site: Site, runs: Sequence[ScoredRun]) -> list[dict[str, Any]]:
    """What a page says of each; `place`: its name in the page. Two may stand on one board, from two files."""
    found = [_entry(site, run) for run in runs]
    used: Counter[str] = Counter()
    for each in found:
        place = anchor(each["board"]["name"])
        used[place] += 1
        each["place"] = place if used[place] == 1 else f"{place}-{used[place]}"
    return found


def _entry(site: Site, run: ScoredRun) -> dict[str, Any]:
    """What an outside model's page says of one record. `rows`: those of leaderboard.json, each with its value in words."""
    record, outside = run.record, run.record.outside
    assert outside is not None
    folder = folder_of(record, site.material.records)
    board = next(
        board
        for board in site.material.leaderboard["boards"]
        if (board["protocol"]["hash"], board["data"]["fingerprint"])
        == (record["protocol_hash"], record["data"]["fingerprint"])
    )
    return {
        "board": board,
        "rows": [(row, _in_words(row, board["metric"])) for row in board["rows"] if row["records"] == [folder]],
        "seen": SEEN_WORDS[seen_in(outside)],
        "outside": outside,
        "trust": run.trust,
        "parameters": record["parameters"],
        "record": folder,
    }


def _in_words(row: Mapping, metric: Mapping) -> str:
    unit = " %" if metric["shown_in"] == "%" and row["value"] is not None else ""
    return value_entry(row, metric["name"]).text + unit
