"""Reliability diagrams: the accuracy of a cell against its confidence."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.intervals import Interval
from benchmark.records.metrics import possible
from benchmark.records.predictions import ECE_BINS
from benchmark.records.written import CUT, bracketed, number
from benchmark.report.cell_words import called
from benchmark.report.extremes import at_end, comparable, held, named
from benchmark.report.parts import Drawing
from benchmark.report.sections.panels import Panel, numbered, panels_of, sheets
from benchmark.report.style import GREY, PALE, SMALL, fixed_panels, message, outer_labels, sentences


def calibration(comparison: Comparison, *labels: str) -> dict[str, np.ndarray]:
    """For each bin of confidence, over all finished seeds of these cells: the fraction of all predictions, and their mean
    confidence and accuracy.

    The bins are those of the metric ECE. Each is float64 (15,). Confidence and accuracy are NaN in an empty bin.
    """
    runs = [run for label in labels for run in comparison.values(label, lambda scores: scores["calibration"]).values()]
    count, confidence, correct = (
        np.sum([run[name] for run in runs], axis=0, dtype=np.float64) for name in ("count", "confidence", "correct")
    )

    def mean(total: np.ndarray) -> np.ndarray:
        return np.divide(total, count, out=np.full(ECE_BINS, np.nan), where=count > 0)

    return {"share": count / count.sum(), "confidence": mean(confidence), "accuracy": mean(correct)}


def reliability(comparison: Comparison) -> list[Drawing]:
    """Accuracy against confidence in 15 bins, one panel per network, normalisation and loss. Grey bars: the fraction of the
    panel's predictions in each bin. Cells without a finished run are left out."""
    labels, name = [label for label in comparison.runs if comparison.finished(label)], f"{comparison.slug}-reliability"
    if not labels:
        lost = f"{comparison.slug}: every run diverged"
        return [Drawing(name, message(lost), "", f"{lost}.")]
    found = sheets(panels_of(comparison, labels))
    return [
        Drawing(
            own, _sheet(comparison, sheet), "", _described(comparison, [label for panel in sheet for label in panel.cells])
        )
        for own, sheet in zip(numbered(name, len(found)), found, strict=True)
    ]


def _sheet(comparison: Comparison, sheet: Sequence[Panel]) -> Figure:
    lines = max(len(panel.cells) for panel in sheet)
    figure, axes = fixed_panels(len(sheet), 3, (2.3, 2.3), left=0.4, bottom=0.3, top=0.3 + 0.16 * lines, right=0.35)
    for axis, panel in zip(axes, sheet, strict=True):
        _panel(axis, comparison, panel)
    outer_labels(figure, "confidence: probability of the answer given", "accuracy")
    return figure


def _panel(axis: Axes, comparison: Comparison, panel: Panel) -> None:
    share = calibration(comparison, *panel.cells)["share"]
    full = share > 0
    axis.bar(np.arange(ECE_BINS)[full] / ECE_BINS, share[full], 1 / ECE_BINS, align="edge", color=PALE, linewidth=0)
    axis.plot([0, 1], [0, 1], "-", color=GREY, linewidth=0.6)
    height = 16 / 2.3  # hundredths of the axis for a line of words
    for row, (label, (short, look)) in enumerate(panel.cells.items()):
        bins = calibration(comparison, label)
        there = bins["share"] > 0
        style = {"color": look.colour, "markerfacecolor": look.face, "linewidth": 1.2, "markersize": 3.5}
        axis.plot(bins["confidence"][there], bins["accuracy"][there], look.marker + look.line, **style)
        interval = seeds_interval(comparison.metric(label, "ece"))
        words = f"{short}: {_ece(interval)}" if interval is not None else short
        above = 1 + (0.6 + len(panel.cells) - 1 - row) * height / 100
        axis.text(0, above, words, transform=axis.transAxes, fontsize=SMALL, color=look.colour)
    axis.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axis.set_title(panel.title, fontsize=9.5, y=1 + (len(panel.cells) + 0.2) * height / 100)


def _described(comparison: Comparison, labels: Sequence[str]) -> str:
    intervals = {label: seeds_interval(comparison.metric(label, "ece")) for label in labels}
    found = {label: i for label, i in intervals.items() if i is not None}
    if not found:
        return "ECE is not defined for any cell here."
    own = {label: found[label].mean for label in comparable(comparison, found)}
    said = []
    if len(own) == 1:
        said = [f"{called(comparison, label)}: {_ece(found[label])}." for label in own]
    elif own:
        for which in ("lowest", "highest"):
            labels = at_end(own, partial(number, unit="%"), highest=which == "highest")
            said.append(f"{which.capitalize()} {_ece(found[labels[0]])}, {named(comparison, labels)}.")
    return sentences([*said, *held(comparison, found)], "")


def cuts_ece(comparison: Comparison) -> bool:
    """Whether an interval of the metric is cut at the end of what is possible."""
    found = (seeds_interval(comparison.metric(label, "ece")) for label in comparison.runs if comparison.finished(label))
    return any(CUT in _ece(interval) for interval in found if interval)


def _ece(interval: Interval) -> str:
    """The metric with its interval, cut where the tables cut it."""
    return f"ECE {bracketed(interval, partial(number, unit='%'), possible('ece'))} %"
