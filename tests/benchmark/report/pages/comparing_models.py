"""Compares what a model's page repeats with what it repeats: rows of tables, entries of leaderboard.json. Those are compared
with the old report elsewhere."""

import re
from pathlib import Path

from tests.benchmark.report.pages.comparing_pages import facts
from tests.benchmark.report.pages.comparing_tables import Names, Report, counted, numbers, without_kind
from tests.benchmark.report.pages.reading_pages import Box, Grid, Node, grids


def same_models(pages: dict[str, Node], names: Names, boards: dict[str, list[dict]], report: Report) -> None:
    """Every list of numbers on a model's page: each table has a row of this cell with all of them, under this protocol."""
    tables: dict[str, list[Grid]] = {}
    for address, page in pages.items():
        if not address.startswith("pages/claims/"):
            for section in [*page.all("section", "table"), *page.all("section", "board")]:
                for grid in grids(section):
                    tables.setdefault(_title(grid, section), []).append(grid)
    for address, page in pages.items():
        if not address.startswith("pages/models/"):
            continue
        for section in page.all("section"):
            slug, said = section.attributes.get("id", ""), facts(section).get("Accuracy", "")
            if said.endswith("over test faces") and said not in _accuracies(boards.get(slug, []), Path(address).stem):
                report.differs(f"{address}, {slug}, Accuracy", "no such entry of leaderboard.json", said)
        for section in (each for each in page.all("section") if each.first("details", "more")):
            for details in section.all("details", "more"):
                summary = details.first("summary")
                title, name, slug = summary.text() if summary else "", Path(address).stem, section.attributes.get("id", "")
                for said in [*map(_list, details.all("dl")), *_rows(details)]:
                    report.counts["numbers repeated by pages of models"] += sum(len(numbers(each)) for each in said.values())
                    if title.startswith("All its metrics"):
                        missing = {} if said in _entries(boards.get(slug, []), name) else said
                    else:
                        missing = _missing(said, tables.get(title, []), (slug, name), names)
                    if missing:
                        report.differs(f"{address}, {slug}, {title}", "no such row of this cell", missing)


def _list(listing: Node) -> dict[str, str]:
    terms, values = ([each.text() for each in listing.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(terms, values, strict=True))


def _rows(details: Node) -> list[dict[str, str]]:
    return [{title: _shown(row[title]) for title in grid.titles} for grid in grids(details) for row in grid.rows]


def _title(grid: Grid, section: Node) -> str:
    name = section.attributes.get("id", "")
    if name.startswith("board-"):
        return f"{name.removeprefix('board-')}: leaderboard"
    return re.sub(r" \(part \d+ of \d+\)$", "", grid.caption)


def _missing(said: dict[str, str], blocks: list[Grid], of: tuple[str, str], names: Names) -> dict[str, str]:
    """What no row of the cell says. A row of a block counts if it says all that the block has columns for."""
    said = {term: counted(text) for term, text in said.items() if text}
    if blocks and any(term not in {*grid.titles, *grid.lifted} for grid in blocks for term in said):
        known = {title for grid in blocks for title in (*grid.titles, *grid.lifted)}
        said = {term if term in known else without_kind(term): text for term, text in said.items()}
    left = dict(said)
    for grid in blocks:
        terms = [term for term in said if term in grid.titles or term in grid.lifted]
        for row in grid.rows:
            if _is_of(row, of, names) and all(_shown(row[term]) == said[term] for term in terms):
                left = {term: value for term, value in left.items() if term not in terms}
                break
    return left


def _shown(box: Box) -> str:
    return f"{box.text} [{box.aside}]" if box.aside else counted(box.text)


def _is_of(row: dict[str, Box], of: tuple[str, str], names: Names) -> bool:
    slug, name = of
    if "Protocol" in row and row["Protocol"].text != slug:
        return False
    grid = "-".join(row[key].text for key in ("Network", "Shortcut", "Normalisation", "Loss") if key in row)
    return grid == name or name in {names.get(box.text, box.text) for box in row.values()}


def _entries(rows: list[dict], name: str) -> list[dict[str, str]]:
    """The metrics of a model's entries, as a page shows them."""
    return [{key: _of_file(value) for key, value in row["metrics"].items()} for row in rows if row["entry"] == name]


def _of_file(value: dict) -> str:
    if value["value"] is None:
        return "not defined"
    ends = "" if value["low"] is None else f" [{value['low']:.4f}, {value['high']:.4f}]"
    return f"{value['value']:.4f}{ends}"


def _accuracies(rows: list[dict], name: str) -> list[str]:
    """The accuracies of a model's entries, as the facts of its page show them."""
    own = [row["metrics"]["accuracy"] for row in rows if row["entry"] == name]
    shown = [[f"{100 * each[key]:.2f}" for key in ("value", "low", "high")] for each in own if each["low"] is not None]
    return [f"{value} % [{low}, {high}], interval over test faces" for value, low, high in shown]
