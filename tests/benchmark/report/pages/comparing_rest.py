"""Compares the captions of figures and every other text with a number of an old page with those of the new pages, and the
figure at the top with the CSVs behind it."""

import re
from collections import Counter
from pathlib import Path

from tests.benchmark.report.pages.comparing_files import Rows
from tests.benchmark.report.pages.comparing_tables import Report, numbers
from tests.benchmark.report.pages.reading_pages import Box, Node, grids, parse

TEXTS = ("p", "li", "dt", "dd", "figcaption", "summary", "h1", "h2", "h3", "h4", "pre", "blockquote")
# Sentence of the old page -> what says it now, on which page.
REWORDED = {
    "101 records, each with what made it and the command that makes it again.": ("index.html", "101 runs under 7 protocols"),
}
SAID = re.compile(r"(\S+(?: \N{MIDDLE DOT} [\w-]+)+)[,:] (Accuracy|ECE|CCC mean) ([-\d.]+\d)")  # "cell, Accuracy 65.37 %"
FEWER_DOTS = ("up to 250 test faces", "up to 120 test faces")  # in the figures of valence and arousal


def _compared(node: Node) -> bool:
    """Whether another comparison has seen it."""
    at: Node | None = node
    while at is not None:
        if at.has("evidence") or at.has("run") or at.tag == "table" or at.attributes.get("id", "").startswith("claim-"):
            return True
        if at.attributes.get("id") == "data" or (at.tag == "p" and at.above is not None and at.above.has("cell")):
            return True
        if at.tag == "figcaption" and _file(at):
            return True
        at = at.above
    return False


def _file(caption: Node) -> str:
    """The figure that a caption leads to; empty for none."""
    links = [a.attributes.get("href", "") for a in caption.all("a")]
    return next((link.removeprefix("../").removeprefix("../") for link in links if link.endswith(".svg")), "")


def same_captions(old: Node, pages: dict[str, Node], tables: dict[str, Rows], report: Report) -> None:
    """The caption of every figure: the same subject, and each number that it had. A figure of confusion may have become a
    table."""
    theirs: dict[str, list[str]] = {}
    for page in pages.values():
        for each in page.all("figcaption"):
            theirs.setdefault(_file(each), []).append(each.text(("finding",)))
    for each in old.all("figcaption"):
        file, text = _file(each), each.text()
        if not file:
            continue
        report.counts["figures"] += 1
        report.counts["numbers"] += len(numbers(text))
        if file not in theirs:
            if Path(file).stem in tables:
                report.accept("figure that became a table", file)
            else:
                report.differs(f"figure {file}", "there", "on no page")
        for now in theirs.get(file, []):
            if now == text:
                continue
            was = text
            if FEWER_DOTS[0] in was and FEWER_DOTS[1] in now and "circumplex" in file:
                report.accept(f"{FEWER_DOTS[0]} drawn before, {FEWER_DOTS[1]} now", file)
                was = was.replace(*FEWER_DOTS)
            header = was.partition(". Protocol ")[0]
            lost = Counter(numbers(header if len(now) < len(was) else was)) - Counter(numbers(now))
            if lost or _subject(was) != _subject(now):
                report.differs(f"figure {file}, caption", text, now)
            else:
                report.accept("caption of a figure said otherwise, with every number", file)


def same_findings(pages: dict[str, Node], report: Report) -> None:
    """What the captions of figures say in words is what the tables of the protocol say."""
    for page in pages.values():
        for caption in page.all("figcaption"):
            of = [
                a
                for a in pages
                if a.startswith("pages/protocols/") and Path(_file(caption)).stem.startswith(Path(a).stem + "-")
            ]
            if caption.first("span", "finding") and of:
                _finding(caption, pages[max(of, key=len)], report)


def _finding(caption: Node, page: Node, report: Report) -> None:
    finding = caption.first("span", "finding")
    rows = [row for section in page.all("section", "table") for grid in grids(section) for row in grid.rows]
    for words, metric, value in SAID.findall(finding.text() if finding else ""):
        known = {
            box.text for row in rows for title, box in row.items() if title.partition(",")[0] == metric and _of(row, words)
        }
        report.counts["numbers in the findings of figures"] += 1
        if value not in known:
            report.differs(f"figure {_file(caption)}, {words}", sorted(known), f"{metric} {value}")


def _of(row: dict[str, Box], words: str) -> bool:
    return any(box.text.lower() == words.lower() for box in row.values())


def _subject(caption: str) -> str:
    return re.split("[:;.]", caption)[0]


def same_rest(old: Node, pages: dict[str, Node], report: Report) -> None:
    """Every text with a number that no other comparison has seen stands on a page, word for word. Notes of a table stand as
    a list now: each of their sentences is looked for. A first letter may be large now."""
    theirs = {address: _small(re.sub(r"\s+", " ", page.text())) for address, page in pages.items()}
    whole = "\n".join(theirs.values())
    for node in old.walk():
        if node.tag not in TEXTS or any(below.tag in TEXTS for below in node.walk()):
            continue
        text = node.text(("files",)).strip()
        if not numbers(text) or _compared(node):
            continue
        report.counts["other texts"] += 1
        report.counts["numbers"] += len(numbers(text))
        if _small(text) in whole:
            continue
        for part in filter(numbers, re.split(r"(?<=[.;:]) ", text)):
            if all(_small(piece).strip(" .;:") in whole for piece in re.split("[()]", part)):
                report.accept("sentence of a text that is arranged otherwise, word for word", part)
            elif part in REWORDED and _small(REWORDED[part][1]) in theirs[REWORDED[part][0]]:
                report.accept("sentence said otherwise", f"{part!r}: {REWORDED[part][1]!r} on {REWORDED[part][0]}")
            else:
                report.differs(f"text of {node.tag}", part, "on no page")


def _small(text: str) -> str:
    return text.lower()


def same_headline(tables: dict[str, Rows], figure: Path, report: Report) -> None:
    """Under each protocol of the figure at the top, from top to bottom: the rows of its table of shortcuts. The figure may
    have columns; the unit is that of its axis."""
    drawn = [
        (float(each.attributes["y"]), float(each.attributes["x"]), each.text())
        for each in parse(figure.read_text("utf-8")).walk()
        if each.tag == "text"
    ]
    found: dict[str, list[tuple[str, str]]] = {}
    for y, x, text in sorted(each for each in drawn if ", n = " in each[2]):
        above = [each for each in drawn if each[0] < y and each[1] < x + 1 and re.fullmatch(r"\S+, \d+ epochs?", each[2])]
        column = max((each[1] for each in above), default=0.0)
        slug = max((each for each in above if each[1] > column - 1), default=(0, 0, "no protocol"))[2].partition(",")[0]
        names = [
            each for each in drawn if " \N{MIDDLE DOT} " in each[2] and column - 1 < each[1] < x + 1 and each[0] < y + 1
        ]
        found.setdefault(slug, []).append((max(names, default=(0, 0, ""))[2], text.replace(" points", "")))
    expected = {}
    for name, rows in tables.items():
        if name.endswith("-shortcuts") and (own := [_row(row) for row in rows if row.get("difference_mean")]):
            expected[name.removesuffix("-shortcuts")] = own
    report.counts["differences in the figures at the top"] += sum(map(len, found.values()))
    for name in dict.fromkeys([*expected, *found]):
        if expected.get(name) != found.get(name):
            report.differs(f"{figure.name}, {name}", expected.get(name), found.get(name))


def _row(row: dict[str, str]) -> tuple[str, str]:
    name = " \N{MIDDLE DOT} ".join(row[key] for key in ("network", "shortcut", "normalisation", "loss"))
    share = row["loss"] in ("plain", "weighted", "focal")  # a loss of classes: accuracy, in points
    scale, digits = (100, 2) if share else (1, 3)
    parts = [row.get(f"difference_{key}") for key in ("mean", "low", "high")]
    mean, *ends = (f"{scale * float(each):+.{digits}f}" for each in parts if each)
    n = row["pairs_n"]
    shown = mean + (f" [{', '.join(ends)}]" if ends else "") + f", n = {n}"
    return name, shown + (", no interval" if n == "1" else "")
