"""Compares backwards: what the new pages have that had no place on the old page, with what it comes from."""

import re
from pathlib import Path

from tests.benchmark.report.pages.comparing_files import Rows
from tests.benchmark.report.pages.comparing_rest import FEWER_DOTS
from tests.benchmark.report.pages.comparing_tables import NUMBER, Names, Report, numbers
from tests.benchmark.report.pages.reading_pages import Node, grids

LONG = 25  # letters from which a sentence with other numbers is taken for the same sentence


def new_tables(pages: dict[str, Node], old: set[str], tables: dict[str, Rows], names: Names, report: Report) -> None:
    """A table that the old page had not is, row by row, its CSV: shares in whole percent."""
    for address, page in pages.items():
        for section in page.all("section", "table"):
            name = section.attributes.get("id", "").removeprefix("table-")
            rows = tables.get(name, [])
            if f"table-{name}" in old or not name.endswith("-confusion"):
                continue
            for grid in grids(section):
                report.counts["rows of new tables"] += len(grid.rows)
                if len(grid.rows) != len(rows):
                    report.differs(f"{name} on {address}", f"{len(rows)} rows", len(grid.rows))
                for row, values in zip(grid.rows, rows, strict=False):
                    for title, key in grid.keys.items():
                        shown, value = row[title].text, values[key]
                        if key.startswith("predicted_"):
                            value = f"{100 * float(value):.0f}"
                        place = f"{name} on {address}, {values['cell']}, {values['true']}, {title}"
                        report.same(place, value, names.get(shown, shown))


def audit_of_the_release(old: Path, pages: dict[str, Node], report: Report) -> None:
    """The tables of the page about the release are those of release-audit.md, cell by cell."""
    file, page = old / "release-audit.md", pages.get("pages/release.html")
    if page is None or not file.exists():
        return
    expected: list[list[str]] = []
    lines = file.read_text("utf-8").splitlines()
    for line in lines:
        if line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line):
            expected.append([_plain(cell) for cell in line.strip("|").split("|")])
    found = [
        [_plain(cell.text()) for cell in [*line.all("th"), *line.all("td")]]
        for table in page.all("table")
        if table.above is None or not any(table.inside(each) for each in page.all("section", "table"))
        for line in table.all("tr")
    ]
    report.counts["rows of the release's tables"] += len(expected)
    for at, was in enumerate(expected):
        report.same(f"release-audit.md, row {at + 1}", " | ".join(was), " | ".join(found[at]) if at < len(found) else None)


def _plain(text: str) -> str:
    return re.sub(r"[\\`*]", "", text).strip()


def same_sentences(old: list[Node], pages: dict[str, Node], report: Report) -> None:
    """No sentence of a new page is one of the old page with other numbers."""
    known: dict[str, set[str]] = {}
    whole = "\n".join(page.text().lower() for page in old).replace(*FEWER_DOTS)
    for page in old:
        for sentence in _sentences(page):
            known.setdefault(_skeleton(sentence), set()).add(sentence)
    for address, page in pages.items():
        for sentence in _sentences(page):
            skeleton = _skeleton(sentence)
            if len(re.sub(r"\W", "", skeleton)) < LONG or skeleton not in known:
                continue
            report.counts["sentences compared backwards"] += 1
            if sentence not in known[skeleton] and sentence not in whole:
                report.differs(f"{address}, sentence", sorted(known[skeleton])[:3], sentence)


def _sentences(page: Node) -> list[str]:
    found = []
    for node in page.walk():
        if node.tag in ("p", "li", "dd", "caption", "figcaption", "span") and not any(
            n.tag in ("p", "li") for n in node.walk()
        ):
            for part in re.split(r"(?<=[.;:]) ", node.text(("files", "chip"))):
                if numbers(part):
                    found.append(part.strip(" .;:").lower())
    return found


def _skeleton(sentence: str) -> str:
    return NUMBER.sub("#", sentence)
