"""Valence and arousal on the circumplex: the labels of test faces, and the predictions of each network."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from benchmark.records.axes import place
from benchmark.records.comparisons import SPLIT, Comparison
from benchmark.report.style import BLUE, GREY, OTHER_COLOUR, PALE, SHORTCUT_COLOURS, fixed_panels, message, outer_labels

SHOWN = 250  # largest number of test faces that are drawn, evenly spaced in the split; metrics use all faces


def shown_rows(images: int) -> np.ndarray:
    """int64, ascending: row numbers of the test faces that are drawn."""
    return np.unique(np.linspace(0, images - 1, min(SHOWN, images)).round().astype(np.int64))


def circumplex(comparison: Comparison) -> Figure:
    """Targets in the first panel, then the predictions of each cell's first finished seed for the same faces."""
    firsts = {
        label: run
        for label, runs in comparison.runs.items()
        if (run := next((run.record for run in runs if not run.record.diverged), None)) is not None
    }
    if not firsts:
        return message(f"{comparison.slug}: every run diverged")
    figure, axes = fixed_panels(len(firsts) + 1, 4, (2.1, 2.1), left=0.3, bottom=0.3)
    rows = shown_rows(len(comparison.targets))
    _panel(axes[0], comparison.targets[rows], GREY, "the labels")
    for axis, (label, record) in zip(axes[1:], firsts.items(), strict=True):
        where = place(comparison.cell(label))
        colour = SHORTCUT_COLOURS.get(where.shortcut, OTHER_COLOUR) if where else BLUE
        _panel(axis, record.outputs(SPLIT)[1][rows], colour, label)
    outer_labels(figure, "valence", "arousal")
    return figure


def _panel(axis: Axes, points: np.ndarray, colour: str, title: str) -> None:
    axis.add_patch(Circle((0, 0), 1, fill=False, edgecolor=PALE, linewidth=1))
    axis.axhline(0, color=PALE, linewidth=0.8)
    axis.axvline(0, color=PALE, linewidth=0.8)
    axis.plot(*points.T, "o", color=colour, markersize=2.6, alpha=0.55, markeredgewidth=0)
    axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), xticks=(-1, 0, 1), yticks=(-1, 0, 1), aspect="equal")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, labelsize=8)
    axis.set_title("\n".join(textwrap.wrap(title, 30)), fontsize=9)
