"""How figures look, and their SVG text: the same bytes for the same numbers."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with every common colour vision.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#767676", "#D9D9D9"
SHORTCUT_COLOURS = {"identity": BLACK, "fixed": VERMILION, "adaptive": BLUE}
OTHER_COLOUR = GREEN
INK, PAPER = BLACK, "#ffffff"  # in a page they follow its text and its ground ...
ON_COLOUR = "#fffffe"  # ... and this white, for writing on a strong colour, does not
# Colour of a figure -> what stands for it in a page (the variables are set in templates/page/style.css).
THEMED = {INK: "currentColor", PAPER: "var(--paper)"} | {
    colour.lower(): f"var(--fig-{name})"
    for name, colour in {
        "orange": ORANGE, "sky": SKY, "green": GREEN, "blue": BLUE, "vermilion": VERMILION, "purple": PURPLE,
        "grey": GREY, "pale": PALE,
    }.items()
}  # fmt: skip

_SETTINGS = {
    "svg.hashsalt": "ferbench",  # otherwise element names are random
    "svg.fonttype": "path",  # looks alike wherever it is shown
    "font.family": "DejaVu Sans",  # comes with matplotlib
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
    """Within: the settings above, and none of the user's."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def svg(figure: Figure) -> bytes:
    """The figure as SVG without date or program version. Call it within `styled`."""
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels of width x height inches in rows of at most `columns`."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(columns * width, rows * height + 0.7), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in axes[count:]:
        unused.remove()
    return figure, axes[:count]


def message(text: str) -> Figure:
    """A figure that says why there is nothing to show."""
    figure = Figure(figsize=(7, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
    return figure


def spread(positions: Sequence[float], gap: float) -> np.ndarray:
    """Positions moved as little as needed to lie at least `gap` apart, in the same order, around their middle."""
    positions = np.asarray(positions, float)
    order = np.argsort(positions, kind="stable")
    groups: list[list[float]] = []  # [sum of wanted first places, members]: pooled while they would overlap
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
