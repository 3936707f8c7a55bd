"""Valence and arousal on the circumplex: the labels of test faces, and the predictions of each network."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from benchmark.records.comparisons import SPLIT, Comparison, seeds_interval
from benchmark.records.metrics import possible
from benchmark.records.record import Record
from benchmark.records.written import bracketed, number
from benchmark.report.cell_words import called
from benchmark.report.parts import Drawing
from benchmark.report.sections.panels import PANELS, look_of, numbered, sheets
from benchmark.report.style import GREY, PALE, Look, fixed_panels, message, outer_labels, sentences

SHOWN = 120  # largest number of test faces that are drawn, evenly spaced in the split; metrics use all faces
LABELS = Look(GREY, "o", GREY, "-")


def shown_rows(images: int) -> np.ndarray:
    """int64, ascending: row numbers of the test faces that are drawn."""
    return np.unique(np.linspace(0, images - 1, min(SHOWN, images)).round().astype(np.int64))


def circumplex(comparison: Comparison) -> list[Drawing]:
    """Targets in the first panel, then the predictions of each cell's first finished seed for the same faces."""
    name = f"{comparison.slug}-circumplex"
    firsts = {
        label: run
        for label, runs in comparison.runs.items()
        if (run := next((run.record for run in runs if not run.record.diverged), None)) is not None
    }
    if not firsts:
        lost = f"{comparison.slug}: every run diverged"
        return [Drawing(name, message(lost), "", f"{lost}.")]
    found = sheets(list(firsts), PANELS - 1)
    return [
        Drawing(own, _sheet(comparison, {label: firsts[label] for label in labels}), "", _described(comparison, labels))
        for own, labels in zip(numbered(name, len(found)), found, strict=True)
    ]


def _sheet(comparison: Comparison, firsts: Mapping[str, Record]) -> Figure:
    columns = 3 if len(firsts) != 3 else 4
    figure, axes = fixed_panels(len(firsts) + 1, columns, (2.2, 2.2), left=0.3, bottom=0.3, top=0.35, right=0.4)
    assert comparison.targets is not None
    rows = shown_rows(len(comparison.targets))
    _panel(axes[0], comparison.targets[rows], LABELS, "the labels")
    for axis, (label, record) in zip(axes[1:], firsts.items(), strict=True):
        _panel(axis, record.outputs(SPLIT)[1][rows], look_of(comparison, label), called(comparison, label))
    outer_labels(figure, "valence", "arousal")
    return figure


def _panel(axis: Axes, points: np.ndarray, look: Look, title: str) -> None:
    axis.add_patch(Circle((0, 0), 1, fill=False, edgecolor=PALE, linewidth=1))
    axis.axhline(0, color=PALE, linewidth=0.8)
    axis.axvline(0, color=PALE, linewidth=0.8)
    style = {"color": look.colour, "markerfacecolor": look.face, "markeredgewidth": 0.7 if look.marker == "s" else 0}
    axis.plot(*points.T, look.marker, markersize=3, alpha=0.6, **style)
    axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    axis.set_title(title, fontsize=9)


def _described(comparison: Comparison, labels: Sequence[str]) -> str:
    shown, within = partial(number, unit=""), possible(comparison.primary)
    found = [(label, seeds_interval(comparison.metric(label, comparison.primary))) for label in labels]
    said = [
        f"{called(comparison, label)}: CCC mean {bracketed(interval, shown, within)}, n = {interval.n}."
        for label, interval in found
        if interval is not None
    ]
    return sentences(said or ["CCC is not defined for any cell here."], "And {} more cells.")
