"""The style of figures, and their SVG text. The same numbers give the same bytes."""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator

from benchmark.escaping import drawn
from benchmark.report.svg_text import (
    BLACK,
    BLUE,
    DEPTHS,
    FONTS,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PAPER,
    PURPLE,
    SKY,
    THEMED,
    VERMILION,
    slim,
)

__all__ = [
    "BLACK", "BLUE", "DEPTHS", "FONTS", "GREEN", "GREY", "ORANGE", "PALE", "PAPER", "PURPLE", "SKY", "THEMED", "VERMILION",
]  # fmt: skip

OUTER = 0.35  # inches for the common labels of all panels
SHORTCUT_COLOURS = {"identity": BLACK, "fixed": VERMILION, "adaptive": BLUE}
OTHER_COLOUR = GREEN
SMALL = 8.5  # points of the words in a panel
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_SETTINGS = {
    "svg.hashsalt": "ferbench",  # otherwise element names are random
    "svg.fonttype": "none",  # text stays text
    "font.family": "DejaVu Sans",  # part of matplotlib
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # a fixed place: matplotlib need not look for one
    "axes.titlepad": 5,
    "axes.linewidth": 0.7,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "axes.grid.axis": "y",
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "figure.facecolor": "none",
}


@contextmanager
def styled() -> Iterator[None]:
    """A context in which matplotlib has the settings above, and none of the user's own."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def svg(figure: Figure) -> bytes:
    """The figure as SVG with its texts as texts, each as it stands and none as a formula; dark where the reader's system
    is (`benchmark.report.svg_text`). Must be called inside `styled`."""
    _without_formulas(figure)
    for ground in (figure, *figure.axes):
        ground.patch.set_visible(False)  # nothing is painted; `slim` adds the ground
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return slim(buffer.getvalue().decode()).encode()


def _without_formulas(figure: Figure) -> None:
    """Escape every text of a figure, but for the numbers at the ticks, which matplotlib writes as formulas itself."""
    for own in _texts(figure):
        if (text := drawn(own.get_text())) != own.get_text():
            own.set_text(text)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            named = axis.get_major_formatter()
            if isinstance(named, FixedFormatter | FuncFormatter):  # of `set_xticks` with names
                axis.set_major_formatter(lambda value, place, named=named: drawn(named(value, place)))


def _texts(artist: Artist) -> Iterator[Text]:
    """Every text of a figure but those at the ticks: matplotlib writes them when it draws, and making them here takes up to
    a third of the time of drawing."""
    for child in artist.get_children():
        if isinstance(child, Axis):
            yield child.label
            continue
        if isinstance(child, Text):
            yield child
        yield from _texts(child)


def fixed_panels(
    count: int,
    columns: int,
    size: tuple[float, float],
    left: float,
    bottom: float,
    top: float = 0.45,
    right: float = 0.15,
    grid: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, at most `columns` per row, at fixed positions, so that no layout has to be computed.
    There is room for `outer_labels`.

    Args:
        size: (width, height) of each axes in inches.
        left, bottom, top, right: inches around each axes for its tick labels, its title, and words beside its lines.
        grid: whether there is a pale line at each tick of the vertical axes.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    step = (size[0] + left + right, size[1] + bottom + top)
    width, height = columns * step[0] + OUTER, rows * step[1] + OUTER
    figure, axes = Figure(figsize=(width, height)), []
    with matplotlib.rc_context({"axes.grid": grid}):  # `Axes.grid` would make every tick anew
        for place in range(count):
            row, column = divmod(place, columns)
            x, y = OUTER + column * step[0] + left, height - (row + 1) * step[1] + bottom
            axes.append(figure.add_axes((x / width, y / height, size[0] / width, size[1] / height)))
    return figure, axes


def outer_labels(figure: Figure, below: str, beside: str) -> None:
    """Common labels for all axes of `fixed_panels`: one below, one on the left."""
    width, height = figure.get_size_inches()
    figure.text((width + OUTER) / 2 / width, 0.1 / height, below, ha="center", va="bottom")
    figure.text(0.1 / width, (height + OUTER) / 2 / height, beside, ha="left", va="center", rotation=90)


def message(text: str, width: float = 7) -> Figure:
    """A figure with a text that says why there is nothing to show. `width`: in inches."""
    figure = Figure(figsize=(width, 1.2))
    figure.text(0.5, 0.5, textwrap.fill(text, int(11 * width)), ha="center", va="center", color=GREY)
    return figure


def spread(positions: Sequence[float], gap: float) -> np.ndarray:
    """The positions, moved as little as necessary so that they are at least `gap` apart. Their order stays the same."""
    positions = np.asarray(positions, float)
    order = np.argsort(positions, kind="stable")
    # Groups of neighbours that would overlap are merged: [sum of wanted positions of the first member, members].
    groups: list[list[float]] = []
    for rank, index in enumerate(order):
        groups.append([positions[index] - rank * gap, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, members = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += members
    starts = np.concatenate([[total / members] * members for total, members in groups])
    placed = np.empty(len(positions))
    placed[order] = starts + gap * np.arange(len(positions))
    return placed


class Look(NamedTuple):
    """How a cell is drawn: colour by shortcut; shape, fill and line by normalisation."""

    colour: str
    marker: str
    face: str
    line: str


def look(shortcut: str | None, normalisation: str | None) -> Look:
    """Identity black, fixed vermilion, adaptive blue, others green. Working BatchNorm, and other networks: a filled dot
    and a solid line. Frozen: an open square and a dashed line."""
    colour = SHORTCUT_COLOURS.get(shortcut or "", OTHER_COLOUR)
    return Look(colour, "s", PAPER, "--") if normalisation == "frozen" else Look(colour, "o", colour, "-")


def beside(axis: Axes, labels: Sequence[tuple[str, float, str]], *, x: float = 1.02, side: str = "left") -> None:
    """Write (words, height in data, colour) beside the ends of lines, so that no two overlap. The limits of the axis must be
    final. `x`: a fraction of its width."""
    if not labels:
        return
    low, high = axis.get_ylim()  # this also scales the axis to its lines
    across = axis.get_yaxis_transform()
    heights = spread(axis.transData.transform([(1, y) for _, y, _ in labels])[:, 1], line := 1.15 * SMALL * _dots(axis))
    least, most = axis.transData.transform([(1, low), (1, high)])[:, 1]
    for rank, index in enumerate(np.argsort(heights, kind="stable")):  # within the panel as far as there is room
        heights[index] = max(heights[index], min(least, most) + (rank + 0.5) * line)
    placed = axis.transData.inverted().transform([(0, y) for y in heights])
    for (words, _, colour), (_, y) in zip(labels, placed, strict=True):
        axis.text(x, y, words, color=colour, transform=across, ha=side, va="center", fontsize=SMALL)


def _dots(axis: Axes) -> float:
    figure = axis.get_figure()
    assert figure is not None
    return float(figure.dpi) / 72


def powers(axis: Axis, low: float, high: float, most: int = 5) -> None:
    """Ticks of a logarithmic axis at powers of ten between two values, at most `most`, and none between."""
    first, last = int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9))
    exponents = range(first, last + 1, max(1, -(-(last - first + 1) // most)))
    axis.set_major_locator(FixedLocator([10.0**k for k in exponents]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_locator(NullLocator())


def power(value: float) -> str:
    """A power of ten as it is written at an axis: 0.01, 100, 10⁶."""
    exponent = round(np.log10(value))
    if -3 <= exponent <= 4:
        return f"{value:g}"
    return "10" + str(exponent).translate(_RAISED)


def sentences(found: Iterable[str], more: str, most: int = 400) -> str:
    """As many of the sentences as fit into `most` characters; `more` (with {} for a number) tells how many are left."""
    kept, left = "", list(found)
    while left and len(kept) + len(left[0]) + 1 <= most - (len(more) + 5 if len(left) > 1 else 0):
        kept += (" " if kept else "") + left.pop(0)
    return f"{kept} {more.format(len(left))}".strip() if left else kept


def capped(low: float, high: float, ends: tuple[float | None, float | None]) -> tuple[float, float, bool, bool]:
    """An interval within a possible range: (low, high, low end is cut, high end is cut)."""
    least, most = ends
    cut_low, cut_high = least is not None and low < least, most is not None and high > most
    return (least if cut_low else low), (most if cut_high else high), cut_low, cut_high
