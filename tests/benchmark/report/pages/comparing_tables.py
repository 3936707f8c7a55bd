"""Compares the tables of two reports cell by cell, each by its place: table, block, row, column."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.benchmark.report.pages.reading_pages import Box, Grid, Node, grids

CUT, COUNT = "\N{DAGGER}", "n = "
NUMBER = re.compile(r"(?<![\w.])[-+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
# What a column's title has -> what is possible; the first that fits. The best choice by the test split is never below
# another.
LIMITS = {
    "^Oracle minus best|^Best on test minus best": (0.0, None),
    r"points\)?$|^Gain|minus|[Dd]ifference|[Cc]hange": (-100.0, 100.0),
    "%": (0.0, 100.0),
}
BARE = ((0.0, 1.0), (-1.0, 1.0), (-2.0, 2.0), (0.0, None), (-1.0, None))  # what is possible without a unit

Names = Mapping[str, str]
Csv = Sequence[Mapping[str, str]]


@dataclass
class Report:
    """What a comparison found: places that differ, what was accepted and why, how many were compared."""

    deviations: list[str] = field(default_factory=list)
    accepted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)

    def same(self, where: str, old: str, new: str | None) -> bool:
        """Whether two texts are equal; a deviation if not."""
        self.counts["texts"] += 1
        self.counts["numbers"] += len(numbers(old))
        if old == new:
            return True
        self.differs(where, old, new)
        return False

    def differs(self, where: str, old: object, new: object) -> None:
        """Add a deviation."""
        self.deviations.append(f"{where}: old {old!r}, new {new!r}")

    def accept(self, reason: str, where: str) -> None:
        """Add an exception."""
        self.accepted[reason].append(where)


def numbers(text: str) -> list[str]:
    """The numbers of a text, in its order."""
    return NUMBER.findall(text)


def key_titles(grid: Grid) -> list[str]:
    """The titles of the columns that say what a row is: all before the first with numbers, at least one."""
    found = []
    for title in grid.titles:
        if any(row[title].numeric for row in grid.rows) and found:
            break
        found.append(title)
    return found


def same_table(name: str, old: Node, new: Node, names: Names, csv: Csv, report: Report) -> None:
    """Compare the blocks of a table with those of the new one, in order.

    Args:
        names: cell in words -> its name.
        csv: the rows of the table's CSV, which has every interval uncut.
    """
    before, after = grids(old), grids(new)
    report.counts["tables"] += 1
    if len(before) != len(after):
        report.differs(f"table {name}", f"{len(before)} blocks", f"{len(after)} blocks")
    for at, (one, other) in enumerate(zip(before, after, strict=False), 1):
        if new.attributes.get("id", "").startswith("board-"):
            _without_kind(f"table {name}, block {at}", one, other, report)
        elif other.caption.startswith(f"{one.caption}: "):
            report.accept("caption of a table that says more", f"{other.caption!r}, was {one.caption!r}")
        else:
            report.same(f"table {name}, block {at}, caption", one.caption, other.caption)
        same_grid(f"table {name}, block {at}", one, other, names, csv, report)


def same_grid(where: str, old: Grid, new: Grid, names: Names, csv: Csv, report: Report, key: bool = False) -> None:
    """Compare two blocks: the same titles in the same order, the same rows, and each row's cells. `key`: the first column
    alone says what a row is."""
    shown = [title for title in old.titles if title not in new.lifted]
    if shown != new.titles:
        report.differs(f"{where}, columns", shown, new.titles)
        return
    if missing := [title for title in new.lifted if title not in old.titles]:
        report.differs(f"{where}, lifted columns", "none of this name", missing)
    if new.lifted:
        report.accept("column said once for all rows of a block", f"{where}: {', '.join(sorted(new.lifted))}")
    report.counts["blocks"] += 1
    keys = old.titles[:1] if key else key_titles(old)
    theirs = _keyed(new.rows, keys, names)
    ours = _keyed(old.rows, keys, {})
    for key in ours.keys() | theirs.keys():
        if len(ours.get(key, [])) != len(theirs.get(key, [])):
            report.differs(f"{where}, row {key}", len(ours.get(key, [])), f"{len(theirs.get(key, []))} rows")
    order = [tuple(_named(row[title], names) for title in keys) for row in new.rows]
    if order != [tuple(row[title].text for title in keys) for row in old.rows] and ours.keys() == theirs.keys():
        report.accept("rows in another order", where)
    for key, rows in ours.items():
        for at, (row, other) in enumerate(zip(rows, theirs.get(key, []), strict=False), 1):
            place = f"{where}, row {' / '.join(key)}" + (f" ({at})" if len(rows) > 1 else "")
            for title in old.titles:
                column = f"{place}, column {title}"
                same_box(column, row[title], other[title], names, report)
                if row[title].aside != other[title].aside:
                    same_interval(column, row[title], other[title], Column(title, new.keys.get(title, ""), csv), report)
            _same_links(place, row.values(), other.values(), report)


def same_box(where: str, old: Box, new: Box, names: Names, report: Report) -> None:
    """Compare two cells: text, the value for sorting where the new page has it."""
    report.counts["cells"] += 1
    report.counts["numbers"] += len(numbers(old.text)) + len(numbers(old.aside))
    if old.text != new.text:
        if old.text.startswith(COUNT) and counted(old.text) == new.text:
            report.accept("number of runs without 'n =', no interval beside it", where)
        elif _named(new, names) == old.text:
            report.accept("name of a cell in words, mapped back", f"{where}: {new.text}")
        else:
            report.differs(where, old.text, new.text)
    if new.sort is not None and old.sort is not None and new.sort != old.sort:
        report.differs(f"{where}, sorted by", old.sort, new.sort)


def counted(text: str) -> str:
    """A number of runs without "n =" and "no interval"."""
    return text.removeprefix(COUNT).replace(", no interval", "") if text.startswith(COUNT) else text


def without_kind(title: str) -> str:
    """The title of a leaderboard's column without whose value it is: "Trained by this suite: Accuracy, %"."""
    return title.rpartition(": ")[2]


def _without_kind(where: str, old: Grid, new: Grid, report: Report) -> None:
    for at, title in enumerate(old.titles):
        short = without_kind(title)
        if title not in new.titles and short in new.titles:
            report.accept("kind said above a leaderboard, not in the title of its column", f"{where}: {title}")
            old.titles[at] = short
            for row in old.rows:
                row[short] = row.pop(title)


class Column(NamedTuple):
    """A column of a table: its title, its key in the CSV, and the rows of the CSV."""

    title: str
    key: str
    csv: Csv


def same_interval(where: str, old: Box, new: Box, column: Column, report: Report) -> None:
    """An interval that is not written as before: each end is as before, or marked, beyond what is possible, and cut there.
    The CSV has to have the ends as they were."""
    ours, theirs = old.aside.split(", "), new.aside.split(", ")
    if len(ours) != 2 or len(theirs) != 2:
        report.differs(f"{where}, interval", old.aside, new.aside)
        return
    for side, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one != other and not (other.endswith(CUT) and _cut(one, other.removesuffix(CUT), side, column.title)):
            report.differs(f"{where}, interval", old.aside, new.aside)
            return
    if not _uncut(old, ours, column):
        report.differs(f"{where}, interval in the CSV", old.aside, "no row with this value and these ends")
        return
    report.accept("interval cut at what is possible, marked", f"{where}: [{old.aside}] as [{new.aside}]")


def _cut(old: str, new: str, side: int, title: str) -> bool:
    """Whether an end is one of what is possible in the column, and the old one lies beyond it."""
    unit = next((limits for word, limits in LIMITS.items() if re.search(word, title)), None)
    for limits in [unit] if unit else BARE:
        end = limits[side]
        if end is not None and _value(new) == end and (_value(old) < end if side == 0 else _value(old) > end):
            return True
    return False


def _uncut(old: Box, ends: Sequence[str], column: Column) -> bool:
    """Whether a row of the CSV has the old value to all digits, and the old ends to the digits shown."""
    for row in column.csv:
        if row.get(f"{column.key}_mean", row.get(column.key)) == old.sort:
            found = [row.get(f"{column.key}_{end}") or "nan" for end in ("low", "high")]
            for scale in (1, 100):
                shown = [
                    f"{scale * float(has):.{len(end.partition('.')[2])}f}" for has, end in zip(found, ends, strict=True)
                ]
                if [float(each) for each in shown] == [_value(each) for each in ends]:
                    return True
    return False


def _value(shown: str) -> float:
    return float(shown.replace(",", ""))


def _named(box: Box, names: Names) -> str:
    return names.get(box.text, box.text)


def _keyed(rows: Sequence[dict[str, Box]], keys: Sequence[str], names: Names) -> dict[tuple, list[dict[str, Box]]]:
    found = defaultdict(list)
    for row in rows:
        found[tuple(_named(row[title], names) for title in keys)].append(row)
    return found


def _same_links(where: str, old: Iterable[Box], new: Iterable[Box], report: Report) -> None:
    """Every cell or run that a row led to has to be one that it leads to."""
    before, after = ({link for box in boxes for link in box.links if link.startswith("#")} for boxes in (old, new))
    report.counts["links"] += len(before)
    if gone := before - after:
        report.differs(f"{where}, links", sorted(gone), sorted(after))
