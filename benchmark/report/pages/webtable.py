"""Prepares a Table for a page: the text of each cell, its value for sorting, its links; which columns say the same in every
row."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmark.report.pages.addresses import CELLS, Addresses
from benchmark.report.tables import Entry, Table

COUNT, NO_INTERVAL = "n = ", ", no interval"  # of `benchmark.report.tables.seeds`
_PLAIN = re.compile(r"[+-]?[\d,]+(\.\d+)?")
Words = Callable[[str, str], str]  # (protocol, label of a cell) -> the cell in words


class Box(NamedTuple):
    """One cell of a table.

    Attributes:
        text: what is shown.
        aside: its interval, shown separately.
        sort: number or text to sort by; None for a missing value, which always comes last.
        targets: (address, cell) for each cell behind it: its own cell first, then the one it is compared with.
        label: whether it is a label of the row.
        best: whether a test says that it is the best of its group.
        share: the number itself, if a page may shade it; else None.
        counts: whether it is the number of runs behind the row.
    """

    text: str
    aside: str = ""
    sort: float | str | None = None
    targets: Sequence[tuple[str, str]] = ()
    label: bool = False
    best: bool = False
    share: float | None = None
    counts: bool = False

    @property
    def hidden_number(self) -> str:
        """The number to sort by, where the text is not one that the page's script can read; else ""."""
        if not isinstance(self.sort, float) or _PLAIN.fullmatch(self.text):
            return ""
        return f"{self.sort:.10g}"


class Column(NamedTuple):
    """A column.

    Attributes:
        key: of the table's column.
        title: as shown.
        numeric: whether all its existing values are numbers.
        aside: whether a value has an interval, which then stands in a column of its own.
    """

    key: str
    title: str
    numeric: bool
    aside: bool


@dataclass(frozen=True)
class Block:
    """A part of a table that is shown as one (`Table.blocks`).

    Attributes:
        columns, rows: as shown.
        lifted: (title, text) of the columns left out because they say the same in every row.
        places: for each row, its place in the table.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Box]]
    lifted: Sequence[tuple[str, str]]
    places: Sequence[int]


def blocks(table: Table, addresses: Addresses, words: Words, slug: str = "") -> list[Block]:
    """The blocks of a table.

    Args:
        words: what a label of a cell is called.
        slug: protocol of the table, for rows that do not name a protocol.
    """
    others = [key for key in table.columns if key not in table.labels]
    found = []
    for block in table.blocks or (others,):
        keys = [*table.labels, *block]
        places = [at for at, row in enumerate(table.rows) if any(key in row for key in block)]
        if not places:
            continue
        rows = [table.rows[at] for at in places]
        boxes = {key: [_box(table, row, key, addresses, words, slug) for row in rows] for key in keys}
        lifted = [key for key in keys if len(rows) > 1 and _constant(key in table.labels, boxes[key])]
        if set(table.labels) <= set(lifted):  # a row has to be called something
            lifted.remove("cell" if "cell" in table.labels else table.labels[0])
        shown = [key for key in keys if key not in lifted]
        if {"protocol", "cell"} <= set(shown):  # the row's name is the frozen column, and its values stand beside it
            shown = [*(key for key in shown if key != "protocol"), "protocol"]
        columns = [_column(key, table.columns[key], boxes[key]) for key in shown]
        same = [(table.columns[key], boxes[key][0].text) for key in lifted]
        found.append(Block(columns, list(zip(*(boxes[key] for key in shown), strict=True)), same, places))
    return found


def sort_value(entry: Entry) -> float | str | None:
    """The value to sort an entry by: its first number, or its text in lower case; None if the entry only says why there is
    no value."""
    part, value = next(iter(entry.numbers.items()), ("note", None))
    if part == "note" or value is None:
        return None
    return value.lower() if isinstance(value, str) else float(value)


def _column(key: str, title: str, boxes: Sequence[Box]) -> Column:
    kinds = [type(box.sort) for box in boxes if box.sort is not None]
    return Column(key, title, bool(kinds) and str not in kinds, any(box.aside for box in boxes))


def _constant(label: bool, boxes: Sequence[Box]) -> bool:
    """Whether a column says the same in every row, so that it can be said once: labels and texts, numbers of runs; never a
    measured number."""
    first = boxes[0]
    plain = label or first.sort is None or isinstance(first.sort, str) or first.counts
    return plain and bool(first.text) and not first.aside and all(box.text == first.text for box in boxes)


def _box(table: Table, row: Mapping[str, Entry], key: str, addresses: Addresses, words: Words, slug: str) -> Box:
    label = key in table.labels
    if key not in row:
        return Box("", label=label)
    entry = row[key]
    targets = addresses.behind(table, row, key, slug)
    value = sort_value(entry)
    shown, bracket, interval = entry.text.partition(" [")
    if shown.startswith(COUNT):  # a column of numbers: what they count stands above it, an interval beside it or nowhere
        shown = shown.removeprefix(COUNT).replace(NO_INTERVAL, "")
    if value is None or isinstance(value, str):
        of = row["protocol"].text if "protocol" in row else slug
        text = words(of, entry.text) if key in CELLS and not entry.foreign else entry.text
        return Box(text, "", value, targets, label, entry.best)
    share = value if table.shaded and not label and key != "n" else None
    counts = entry.text.startswith(COUNT)
    return Box(shown, bracket.strip() + interval, value, targets, label, entry.best, share, counts)
