"""Which cells stand together in a panel, which panels in a figure, and how a cell is called there."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from benchmark.records.axes import Place, place
from benchmark.records.comparisons import Comparison
from benchmark.report.style import GREEN, ORANGE, PURPLE, SKY, Look, look

PANELS, LINES = 6, 4  # most panels of a figure, most cells of a panel that are not of the grid
Item = TypeVar("Item")


class Panel(NamedTuple):
    """Cells that share a panel: the shortcuts of one network, normalisation and loss; or networks outside the grid.

    Attributes:
        title: in words.
        loss: that the cells are trained with.
        cells: label -> (short name beside its line, look).
    """

    title: str
    loss: str
    cells: dict[str, tuple[str, Look]]


def look_of(comparison: Comparison, label: str) -> Look:
    """The look of a cell."""
    where = place(comparison.cell(label))
    return look(where.shortcut, where.normalisation) if where else look(None, None)


def panels_of(comparison: Comparison, labels: Iterable[str]) -> list[Panel]:
    """The panels for these cells, in their order; networks outside the grid come last, a few in a panel."""
    grid: dict[Place, Panel] = {}
    others: dict[str, list[Panel]] = {}
    for label in labels:
        cell = comparison.cell(label)
        rest, where, loss = label.removeprefix(cell["name"]), place(cell), cell["loss"]
        if where is not None:
            title = f"{where.network} · {where.normalisation} · {loss}{rest}"
            panel = grid.setdefault(where._replace(shortcut=rest), Panel(title, loss, {}))
            panel.cells[label] = where.shortcut, look(where.shortcut, where.normalisation)
            continue
        own = others.setdefault(loss, [])
        if not own or len(own[-1].cells) == LINES:
            own.append(Panel(f"other networks · {loss}", loss, {}))
        colour = (GREEN, ORANGE, PURPLE, SKY)[len(own[-1].cells)]
        own[-1].cells[label] = cell["name"].removesuffix(f"-{loss}") + rest, Look(colour, "o", colour, "-")
    return [*grid.values(), *(panel for own in others.values() for panel in own)]


def sheets(items: Sequence[Item], most: int = PANELS) -> list[Sequence[Item]]:
    """The items in groups of at most `most`, as even as possible: one group a figure."""
    count = -(-len(items) // most)
    size = -(-len(items) // count) if count else 1
    return [items[start : start + size] for start in range(0, len(items), size)]


def numbered(name: str, count: int) -> list[str]:
    """Names of `count` figures: NAME, NAME-2, NAME-3."""
    return [name if number == 1 else f"{name}-{number}" for number in range(1, count + 1)]
