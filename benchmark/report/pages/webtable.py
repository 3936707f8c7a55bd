"""Prepares a Table for reports/index.html: the text of each cell, the values for sorting, and the links of its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmark.report.pages.places import Places
from benchmark.report.tables import Entry, Table


class Box(NamedTuple):
    """One cell of a table.

    Attributes:
        text: what is shown.
        aside: its interval, shown separately.
        sort: number or text to sort by; None for a missing value, which always comes last.
        targets: (link target, cell) for each cell behind the number: its own cell first, then the one it is compared with.
        label: whether it is a label of the row.
    """

    text: str
    aside: str = ""
    sort: float | str | None = None
    targets: Sequence[tuple[str, str]] = ()
    label: bool = False


class Column(NamedTuple):
    """A column. `numeric`: whether all its existing values are numbers."""

    title: str
    numeric: bool


@dataclass(frozen=True)
class Block:
    """A part of a table that is shown as one; see `Table.blocks`."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Box]]


def blocks(table: Table, places: Places, slug: str = "") -> list[Block]:
    """The blocks of a table.

    Args:
        slug: protocol of the table, for rows that do not name a protocol.
    """
    others = [key for key in table.columns if key not in table.labels]
    found = []
    for block in table.blocks or (others,):
        keys = [*table.labels, *block]
        rows = [
            [_box(table, row, key, places.behind(table, row, key, slug)) for key in keys]
            for row in table.rows
            if any(key in row for key in block)
        ]
        if rows:
            kinds = [[type(row[at].sort) for row in rows if row[at].sort is not None] for at in range(len(keys))]
            columns = [Column(table.columns[k], bool(own) and str not in own) for k, own in zip(keys, kinds, strict=True)]
            found.append(Block(columns, rows))
    return found


def sort_value(entry: Entry) -> float | str | None:
    """The value to sort an entry by: its first number, or its text in lower case; None if the entry only says why there is
    no value."""
    part, value = next(iter(entry.numbers.items()), ("note", None))
    if part == "note" or value is None:
        return None
    return value.lower() if isinstance(value, str) else float(value)


def _box(table: Table, row: Mapping[str, Entry], key: str, targets: Sequence[tuple[str, str]]) -> Box:
    label = key in table.labels
    if key not in row:
        return Box("", label=label)
    entry = row[key]
    value = sort_value(entry)
    shown, bracket, interval = entry.text.partition(" [")
    if value is None or isinstance(value, str):
        return Box(entry.text, "", value, (), label)
    return Box(shown, bracket + interval, value, targets, label)
