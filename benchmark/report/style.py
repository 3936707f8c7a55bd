"""The style of figures, and their SVG text. The same numbers give the same bytes."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from benchmark.escaping import drawn

# The palette of Okabe and Ito, whose colours can be distinguished with all common kinds of colour vision.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#767676", "#D9D9D9"
OUTER = 0.35  # inches for the common labels of all panels
SHORTCUT_COLOURS = {"identity": BLACK, "fixed": VERMILION, "adaptive": BLUE}
OTHER_COLOUR = GREEN
INK, PAPER = BLACK, "#ffffff"  # replaced in a page by the colours of its text and its background
ON_COLOUR = "#fffffe"  # white for text on a strong colour; not replaced
# Colour of a figure -> its replacement in a page (the variables are set in templates/page/style.css).
THEMED = {INK: "currentColor", PAPER: "var(--paper)"} | {
    colour.lower(): f"var(--fig-{name})"
    for name, colour in {
        "orange": ORANGE, "sky": SKY, "green": GREEN, "blue": BLUE, "vermilion": VERMILION, "purple": PURPLE,
        "grey": GREY, "pale": PALE,
    }.items()
}  # fmt: skip

_SETTINGS = {
    "svg.hashsalt": "ferbench",  # otherwise element names are random
    "svg.fonttype": "path",  # looks the same everywhere
    "font.family": "DejaVu Sans",  # part of matplotlib
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "legend.frameon": False,
    "figure.facecolor": "white",
}


@contextmanager
def styled() -> Iterator[None]:
    """A context in which matplotlib has the settings above, and none of the user's own."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def svg(figure: Figure) -> bytes:
    """The figure as SVG, without date and program version. Its texts are drawn as they stand, none as a formula. Must be
    called inside `styled`."""
    _without_formulas(figure)
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


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


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels of width x height inches, at most `columns` per row."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(columns * width, rows * height + 0.7), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in axes[count:]:
        unused.remove()
    return figure, axes[:count]


def fixed_panels(
    count: int, columns: int, size: tuple[float, float], left: float, bottom: float, top: float = 0.45
) -> tuple[Figure, list[Axes]]:
    """As `panels`, but with axes at fixed positions, so that no layout has to be computed. For many panels this takes half
    the time. There is room for `outer_labels`.

    Args:
        size: (width, height) of each axes in inches.
        left, bottom, top: inches around each axes for its tick labels and its title.
    """
    columns = min(columns, count)
    rows, gap = -(-count // columns), 0.15
    step = (size[0] + left + gap, size[1] + bottom + top)
    width, height = columns * step[0] + OUTER, rows * step[1] + OUTER
    figure, axes = Figure(figsize=(width, height)), []
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


def message(text: str) -> Figure:
    """A figure with a text that says why there is nothing to show."""
    figure = Figure(figsize=(7, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
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
