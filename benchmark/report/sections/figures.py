"""Figures of the report: learning curves, confusion, shortcut functions, headline.

Others are in cost_figure.py (accuracy against cost), reliability.py, and circumplex.py (valence and arousal).
"""

import textwrap

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.faces.card import card
from benchmark.records.comparisons import Comparison, Summary
from benchmark.records.metrics import METRICS
from benchmark.records.written import bracketed, number
from benchmark.report.sections.grid import Pair, shortcut_pairs
from benchmark.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ON_COLOUR,
    ORANGE,
    OTHER_COLOUR,
    PALE,
    PAPER,
    PURPLE,
    SHORTCUT_COLOURS,
    VERMILION,
    fixed_panels,
    message,
    outer_labels,
    spread,
)

# From transparent to a strong colour, so that it fits any background.
SHARES = LinearSegmentedColormap.from_list("shares", [(0.13, 0.44, 0.71, 0.0), (0.13, 0.44, 0.71, 1.0)])


def learning_curves(comparison: Comparison) -> Figure:
    """Training and validation loss against epoch, one panel per cell. Thin lines: seeds; thick line: their mean."""
    curves = {label: _curves(comparison, label) for label in comparison.runs}
    figure, axes = fixed_panels(len(curves), 4, (2.1, 1.5), left=0.45, bottom=0.3, top=0.5)
    handles, epochs = {}, comparison.protocol["epochs"]
    first_of_loss = {}  # cells trained with the same loss share the vertical axis
    for axis, (label, own) in zip(axes, curves.items(), strict=True):
        loss = comparison.cell(label)["loss"]
        if first_of_loss.setdefault(loss, axis) is not axis:
            axis.sharey(first_of_loss[loss])
        same_loss = [c["validation"] for other, c in curves.items() if comparison.cell(other)["loss"] == loss]
        means = [values for x, values in (_mean(each, epochs) for each in same_loss) if len(values)]
        if len(means) > 1:
            axis.fill_between(range(1, epochs + 1), np.min(means, axis=0), np.max(means, axis=0), color=PALE, linewidth=0)
        for role, colour in (("training", BLUE), ("validation", VERMILION)):
            for curve in own[role]:
                axis.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=0.6, alpha=0.5)
            (handles[role],) = axis.plot(*_mean(own[role], epochs), color=colour, linewidth=1.8)
        axis.set_title("\n".join(textwrap.wrap(label, 30)), fontsize=9)
        if diverged := comparison.diverged(label):
            words = f"diverged {diverged} of {len(comparison.runs[label])}"
            axis.text(0.03, 0.06, words, transform=axis.transAxes, fontsize=9, color=GREY)
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes[0].legend(handles.values(), list(handles), loc="upper right", fontsize=8, handlelength=1.2)
    outer_labels(figure, "epoch", "loss")
    return figure


def confusion(comparison: Comparison) -> Figure:
    """Row-normalised confusion matrix on the test split, mean over seeds; one panel per cell with a finished run."""
    labels = [label for label in comparison.runs if comparison.finished(label)]
    if not labels:
        return message(f"{comparison.slug}: every run diverged")
    names = comparison.classes
    figure, axes = fixed_panels(len(labels), 3, (0.35 * len(names),) * 2, left=0.75, bottom=0.75)
    for axis, label in zip(axes, labels, strict=True):
        counts = np.array(list(comparison.values(label, lambda scores: scores["confusion"]).values()), float)
        support = counts.sum(axis=2, keepdims=True)
        share = np.divide(counts, support, out=np.full_like(counts, np.nan), where=support > 0).mean(axis=0)
        axis.pcolormesh(np.nan_to_num(share), cmap=SHARES, vmin=0, vmax=1, edgecolors=PAPER, linewidth=0.5)
        for (row, column), value in np.ndenumerate(share):
            shown = "" if np.isnan(value) else f"{100 * value:.0f}"
            colour = ON_COLOUR if value > 0.8 else INK
            axis.text(column + 0.5, row + 0.5, shown, ha="center", va="center", fontsize=8, color=colour)
        axis.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90, fontsize=8)
        axis.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)
        axis.tick_params(length=0)
        axis.invert_yaxis()
        axis.set_aspect("equal")
        axis.spines[:].set_visible(False)
        axis.set_title("\n".join(textwrap.wrap(f"{label} (n = {len(counts)})", 32)), fontsize=9)
    outer_labels(figure, "predicted class", "true class; a row adds up to 100 %")
    return figure


def bounded(x: np.ndarray, a: float, c: float) -> tuple[np.ndarray, np.ndarray]:
    """The bounded shortcut atan(a x / s) / (a s), s = sqrt(1 + c^2), and its slope 1 / (1 + c^2 + a^2 x^2)."""
    s = np.sqrt(1 + c**2)
    return np.arctan(a * x / s) / (a * s), 1 / (1 + c**2 + (a * x) ** 2)


def shortcut_functions() -> Figure:
    """The shortcut functions and their slopes, computed from their formulas."""
    x = np.linspace(-6, 6, 481)
    lines = [("identity", SHORTCUT_COLOURS["identity"], "-", x, np.ones_like(x))]
    for a, c, name, colour, style in (
        (1.0, 1.0, "fixed: a = c = 1", VERMILION, "-"),
        (0.5, 1.0, "a = 0.5, c = 1", BLUE, "-"),
        (2.0, 1.0, "a = 2, c = 1", GREEN, "-"),
        (1.0, 0.0, "a = 1, c = 0", PURPLE, "--"),
        (1.0, 2.0, "a = 1, c = 2", ORANGE, "--"),
    ):
        lines.append((name, colour, style, *bounded(x, a, c)))
    figure = Figure(figsize=(10.5, 4.0), layout="constrained")
    functions, slopes = figure.subplots(1, 2)
    for _, colour, style, function, slope in lines:
        functions.plot(x, function, style, color=colour, linewidth=1.8)
        slopes.plot(x, slope, style, color=colour, linewidth=1.8)
    functions.set(xlim=(-6, 6), ylim=(-2.2, 2.2), xlabel="x", title="shortcut H(x)")
    slopes.set(xlim=(-6, 6), ylim=(0, 1.08), xlabel="x", title="slope H'(x)")
    functions.text(1.7, 1.9, lines[0][0], ha="right", fontsize=9)
    bounded_lines = lines[1:]
    heights = spread([function[-1] for *_, function, _ in bounded_lines], 0.21)
    for (name, colour, *_), height in zip(bounded_lines, heights, strict=True):
        functions.text(6.2, height, name, color=colour, va="center", fontsize=9)
    return figure


def headline(summary: Summary) -> Figure:
    """The difference between every bounded shortcut and identity at equal normalisation and loss, in the primary metric of
    each protocol of the suite."""
    groups = [(comparison, [p for p in shortcut_pairs(comparison) if p.difference]) for comparison in summary.of_suite]
    groups = [(comparison, pairs) for comparison, pairs in groups if pairs]
    if not groups:
        return message("not tested: no two records differ in the shortcut alone")
    heights = [len(pairs) + 1.6 for _, pairs in groups]
    figure = Figure(figsize=(9.5, 0.3 * sum(heights) + 0.9), layout="constrained")
    figure.suptitle(
        "What a bounded shortcut changes against identity (same network, normalisation, loss and seeds)",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    axes = figure.subplots(len(groups), squeeze=False, height_ratios=heights)[:, 0]
    for axis, (comparison, pairs) in zip(axes, groups, strict=True):
        _forest(axis, comparison, pairs)
    return figure


def _forest(axis, comparison: Comparison, pairs: list[Pair]) -> None:
    metric = METRICS[comparison.primary]
    scale = 100 if metric.unit == "%" else 1
    axis.axvline(0, color=GREY, linewidth=0.8)
    for row, pair in enumerate(pairs):
        colour, difference = SHORTCUT_COLOURS.get(pair.place.shortcut, OTHER_COLOUR), pair.difference
        if difference.low is not None:
            axis.hlines(row, scale * difference.low, scale * difference.high, color=colour, linewidth=1.8)
        axis.plot(scale * difference.mean, row, "o", color=colour, markerfacecolor=colour if difference.n > 1 else PAPER)
        shown = bracketed(difference, lambda v: number(v, metric.unit, signed=True))
        n = f"n = {difference.n}" + (", no interval" if difference.n == 1 else "")
        axis.text(1.02, row, f"{shown}, {n}", transform=axis.get_yaxis_transform(), va="center", fontsize=9)
    names = [f"{p.place.network}: {p.place.shortcut}, {p.place.normalisation} normalisation, {p.place.loss}" for p in pairs]
    axis.set_yticks(range(len(pairs)), names, fontsize=9)
    axis.set_ylim(len(pairs) - 0.4, -0.6)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    unit = f"test {metric.title}" + (", percentage points" if metric.unit == "%" else "")
    axis.xaxis.set_major_locator(MaxNLocator(6))
    bars = "bars: 95 % paired t-interval over seeds, unadjusted"
    axis.set_xlabel(f"{unit}; right of 0: better than identity; {bars}", fontsize=9)
    faces = card(comparison.protocol["data"]).kind
    axis.set_title(f"{comparison.slug}: {faces}, {comparison.protocol['epochs']} epochs", fontsize=10, fontweight="bold")


def _curves(comparison: Comparison, label: str) -> dict[str, list[list[float]]]:
    """Role -> one loss curve per seed, up to the epoch in which the run diverged."""
    curves = {"training": [], "validation": []}
    for run in comparison.runs[label]:
        entries = [entry for entry in run.record["history"] if entry["train_loss"] is not None]
        curves["training"].append([entry["train_loss"] for entry in entries])
        curves["validation"].append([entry["validation"]["loss"] for entry in entries])
    return curves


def _mean(curves: list[list[float]], epochs: int) -> tuple[range, np.ndarray]:
    """(epochs, mean over the curves that reach the last epoch); both empty if no curve does."""
    full = [curve for curve in curves if len(curve) == epochs]
    return (range(1, epochs + 1), np.mean(full, axis=0)) if full else (range(0), np.empty(0))
