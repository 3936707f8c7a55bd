"""Learning curves: training and validation loss against epoch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.records.comparisons import Comparison
from benchmark.report.extremes import at_end, comparable, held, named
from benchmark.report.parts import Drawing
from benchmark.report.sections.panels import Panel, numbered, panels_of, sheets
from benchmark.report.style import beside, fixed_panels, outer_labels, sentences

FEW = 3  # seeds of a cell whose single curves are drawn


def learning_curves(comparison: Comparison) -> list[Drawing]:
    """One panel per network, normalisation and loss, one colour per shortcut. Thick: validation, mean over the seeds that
    reach the last epoch; thin and faint: training; faintest: validation of single seeds."""
    curves = {label: _curves(comparison, label) for label in comparison.runs}
    found = sheets(panels_of(comparison, comparison.runs))
    return [
        Drawing(name, _sheet(comparison, sheet, curves), "", _described(comparison, sheet, curves))
        for name, sheet in zip(numbered(f"{comparison.slug}-curves", len(found)), found, strict=True)
    ]


def _sheet(comparison: Comparison, sheet, curves) -> Figure:
    figure, axes = fixed_panels(len(sheet), 3, (2.1, 1.7), left=0.4, bottom=0.3, top=0.35, right=0.95, grid=True)
    first_of_loss: dict[str, Axes] = {}  # cells trained with the same loss share the vertical axis
    for axis, panel in zip(axes, sheet, strict=True):
        if first_of_loss.setdefault(panel.loss, axis) is not axis:
            axis.sharey(first_of_loss[panel.loss])
        _lines(axis, comparison, panel, curves)
        axis.set_title(panel.title, fontsize=9.5)
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(4))
    for axis, panel in zip(axes, sheet, strict=True):  # when the shared limits are known
        ends = []
        for label, (short, look) in panel.cells.items():
            drawn = _mean(curves[label]["validation"], comparison.protocol["epochs"])[1]
            last = drawn if len(drawn) else next((c for c in curves[label]["validation"] if c), [])
            lost = comparison.diverged(label)
            words = short + (f"\n{lost} of {len(comparison.runs[label])} diverged" if lost else "")
            if len(last):
                ends.append((words, float(last[-1]), look.colour))
            elif lost:
                ends.append((words, axis.get_ylim()[1], look.colour))
        beside(axis, ends)
    outer_labels(figure, "epoch", "loss")
    return figure


def _lines(axis: Axes, comparison: Comparison, panel: Panel, curves) -> None:
    epochs = comparison.protocol["epochs"]
    for label, (_, look) in panel.cells.items():
        own = curves[label]
        if len(own["validation"]) <= FEW:
            for curve in own["validation"]:
                axis.plot(range(1, len(curve) + 1), curve, look.line, color=look.colour, linewidth=0.6, alpha=0.35)
        axis.plot(*_mean(own["training"], epochs), look.line, color=look.colour, linewidth=0.9, alpha=0.6)
        axis.plot(*_mean(own["validation"], epochs), look.line, color=look.colour, linewidth=2)


def _described(comparison: Comparison, sheet, curves) -> str:
    """The lowest mean of each loss, and in which epoch."""
    epochs, shown = comparison.protocol["epochs"], [label for panel in sheet for label in panel.cells]
    means = {label: own for label in shown if len(own := _mean(curves[label]["validation"], epochs)[1])}
    if not means:
        return "No cell here has a run that reached its last epoch."
    lowest: dict[str, dict[str, float]] = {}  # of each loss
    for label in comparable(comparison, means):
        lowest.setdefault(comparison.cell(label)["loss"], {})[label] = float(means[label].min())
    said = []
    for loss, own in lowest.items():
        labels = at_end(own, "{:.3f}".format, highest=False)
        n = sum(len(curve) == epochs for curve in curves[labels[0]]["validation"])
        where = f"in epoch {int(means[labels[0]].argmin()) + 1} of {epochs} (n = {n})"
        of = f" ({loss})" if len(lowest) > 1 else ""
        said.append(f"Lowest validation loss{of}: {own[labels[0]]:.3f}, {named(comparison, labels)}, {where}.")
    return sentences([*said, *held(comparison, means)], "And {} more sentences.")


def _curves(comparison: Comparison, label: str) -> dict[str, list[list[float]]]:
    """Role -> one loss curve per seed, up to the epoch in which the run diverged."""
    curves: dict[str, list[list[float]]] = {"training": [], "validation": []}
    for run in comparison.runs[label]:
        entries = [entry for entry in run.record["history"] if entry["train_loss"] is not None]
        curves["training"].append([entry["train_loss"] for entry in entries])
        curves["validation"].append([entry["validation"]["loss"] for entry in entries])
    return curves


def _mean(curves: list[list[float]], epochs: int) -> tuple[range, np.ndarray]:
    """(epochs, mean over the curves that reach the last epoch); both empty if no curve does."""
    full = [curve for curve in curves if len(curve) == epochs]
    return (range(1, epochs + 1), np.mean(full, axis=0)) if full else (range(0), np.empty(0))
