"""Compares every other text with a number of an old page with the texts of the new pages, and the figure at the top with the
CSVs behind it."""

import re
from pathlib import Path

from tests.benchmark.report.pages.comparing_files import Rows
from tests.benchmark.report.pages.comparing_tables import Report, numbers
from tests.benchmark.report.pages.reading_pages import Node, parse

TEXTS = ("p", "li", "dt", "dd", "figcaption", "summary", "h1", "h2", "h3", "h4", "pre", "blockquote")
COMPARED = ("evidence", "run", "cell")  # classes of what is compared by its own place


def texts_of(page: Node) -> list[Node]:
    """The innermost elements with text, outside of tables."""
    found = []
    for node in page.walk():
        if node.tag in TEXTS and not any(below.tag in TEXTS for below in node.walk()):
            found.append(node)
    return found


def _compared(node: Node) -> bool:
    at: Node | None = node
    while at is not None:
        if at.has("evidence") or at.has("run") or at.tag == "table" or at.attributes.get("id", "").startswith("claim-"):
            return True
        if at.attributes.get("id") == "data" or (at.tag == "p" and at.above is not None and at.above.has("cell")):
            return True
        at = at.above
    return False


def same_rest(old: Node, pages: dict[str, Node], report: Report) -> None:
    """Every text with a number that no other comparison has seen stands on a page, word for word. Notes of a table stand as a
    list now: each of their sentences is looked for."""
    theirs = "\n".join(re.sub(r"\s+", " ", page.text()) for page in pages.values())
    for node in texts_of(old):
        text = node.text(("files",)).strip()
        if not numbers(text) or _compared(node):
            continue
        report.counts["other texts"] += 1
        report.counts["numbers"] += len(numbers(text))
        if text in theirs:
            continue
        missing = [part for part in re.split(r"(?<=[.;:]) ", text) if numbers(part) and part.strip(" .;:") not in theirs]
        if missing:
            for part in missing:
                report.differs(f"text of {node.tag}", part, "on no page")
        else:
            report.accept("text in another arrangement, its sentences word for word", text[:120])


def same_headline(tables: dict[str, Rows], figure: Path, report: Report) -> None:
    """The numbers beside every interval of the figure at the top are those of the tables of shortcuts, in its order."""
    drawn = [each.text() for each in parse(figure.read_text("utf-8")).walk() if each.tag == "text"]
    shown = [(drawn[at - 1], each) for at, each in enumerate(drawn) if ", n = " in each]
    expected = []
    for name, rows in tables.items():
        if name.endswith("-shortcuts"):
            expected += [_row(row) for row in rows if row.get("difference_mean")]
    report.counts["differences of the figure at the top"] += len(shown)
    for one in expected:
        if one not in shown:
            report.differs("figure at the top", one, "not drawn")
    for one in shown:
        if one not in expected:
            report.differs("figure at the top", "no such row in a table", one)
    if len(shown) != len(expected):
        report.differs("figure at the top, rows", len(expected), len(shown))


def _row(row: dict[str, str]) -> tuple[str, str]:
    name = " \N{MIDDLE DOT} ".join(row[key] for key in ("network", "shortcut", "normalisation", "loss"))
    share = row["loss"] in ("plain", "weighted", "focal")  # a loss of classes: accuracy, in points
    scale, digits = (100, 2) if share else (1, 3)
    mean, *ends = (f"{scale * float(row[f'difference_{k}']):+.{digits}f}" for k in ("mean", "low", "high") if row.get(f"difference_{k}"))
    n = row["pairs_n"]
    shown = mean + (f" [{', '.join(ends)}]" if ends else "") + (" points" if share else "") + f", n = {n}"
    return name, shown + (", no interval" if n == "1" else "")
