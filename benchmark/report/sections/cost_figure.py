"""Figure of the primary metric against the cost of a network, with published figures for the same data."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullFormatter

from benchmark.measures.complexity.file import measured_network
from benchmark.records.axes import place
from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS
from benchmark.records.written import number
from benchmark.report.style import GREY, OTHER_COLOUR, PALE, PAPER, SHORTCUT_COLOURS, message, spread

Costs: TypeAlias = Mapping[str, Callable[[Mapping], float]]  # axis label -> the number, from an entry

COUNTS: Costs = {  # of complexity.json
    "multiply-adds": lambda entry: entry["macs"],
    "trainable parameters": lambda entry: entry["parameters"]["trainable"],
}
TIMES: Costs = {"CPU latency, ms": lambda entry: entry["latency"]["median_ms"]}  # of latency.json
PANEL, LABELS = 2.35, 4.45  # inches: width of a panel, and of the labels beside the last one
HEIGHT = 0.27  # inches per label, with space around it


class Point(NamedTuple):
    """A cell that has both a result and a measured network. `costs`: in the order of the panels. `face`: fill colour of its
    marker."""

    label: str
    interval: Interval
    costs: Sequence[float]
    colour: str
    face: str


def accuracy_against_cost(
    comparison: Comparison, measured: Mapping | None, costs: Costs, anchors: Sequence[tuple[str, float]] = ()
) -> Figure:
    """One panel per cost (logarithmic) with the primary metric and its t-interval over seeds; all share the vertical axis.

    Args:
        measured: contents of the file with `costs`: complexity.json or latency.json; or None.
        costs: the panels.
        anchors: published figures for the same data and metric: (name, value as a fraction). Their cost is not known, so
            they are shown in a separate panel.
    """
    points = _points(comparison, measured, costs)
    if not points:
        return message(f"{comparison.slug}: no cell with both a result and a measured network")
    metric = METRICS[comparison.primary]
    scale = 100 if metric.unit == "%" else 1
    figure = Figure(
        figsize=(PANEL * len(costs) + LABELS, max(3.6, HEIGHT * (max(len(points), len(anchors)) + 1) + 1)),
        layout="constrained",
    )
    axes = figure.subplots(1, len(costs) + 1, sharey=True, width_ratios=[1] * len(costs) + [1.9])
    for at, (axis, name) in enumerate(zip(axes, costs, strict=False)):
        _panel(axis, [(point, point.costs[at]) for point in points], scale)
        axis.set_xlabel(name)
    axes[0].set_ylabel(f"test {metric.title}" + (f", {metric.unit}" if metric.unit else ""))
    axes[0].set_title("hollow: frozen normalisation; bars: 95 % t-interval over seeds", fontsize=9, color=GREY)
    names = axes[-1]
    names.set_axis_off()
    for _, value in anchors:  # before the limits are read
        names.plot(0.99, scale * value, "D", color=GREY, markerfacecolor=PAPER, markersize=5, clip_on=False)
    names.set_xlim(0, 1)
    bottom, top = names.get_ylim()
    line = HEIGHT * (top - bottom) / (figure.get_figheight() - 1)
    own = [(f"{p.label}  {number(p.interval.mean, metric.unit)}", scale * p.interval.mean) for p in points]
    for point, height in zip(points, _labels(names, own, 0.0, 0.06, "left", line), strict=True):
        names.plot(0.075, height, "o", color=point.colour, markerfacecolor=point.face, markersize=4.5)
    if anchors:
        names.set_title("hollow diamonds: published, other protocols", fontsize=9, color=GREY, loc="right")
        shown = [(f"{name}  {number(value, metric.unit)}", scale * value) for name, value in anchors]
        _labels(names, shown, 0.98, 0.93, "right", line)
    return figure


def _points(comparison: Comparison, measured: Mapping | None, costs: Costs) -> list[Point]:
    points = []
    for label in comparison.runs:
        network = measured_network(measured, comparison, label)
        interval = seeds_interval(comparison.metric(label, comparison.primary))
        if network is not None and interval is not None:
            where = place(comparison.cell(label))
            colour = SHORTCUT_COLOURS.get(where.shortcut, OTHER_COLOUR) if where else OTHER_COLOUR
            face = PAPER if where and where.normalisation == "frozen" else colour
            points.append(Point(label, interval, [cost(network) for cost in costs.values()], colour, face))
    return points


def _panel(axis: Axes, points: Sequence[tuple[Point, float]], scale: float) -> None:
    axis.set_xscale("log")
    values = [cost for _, cost in points]
    span = max(np.log10(max(values) / min(values)), 1)  # at least a decade, so that small differences look small
    middle = np.log10(max(values) * min(values)) / 2
    axis.set_xlim(10 ** (middle - 0.55 * span), 10 ** (middle + 0.55 * span))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 1.5 else (1,)))
    thousands = EngFormatter(sep="")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value) if value >= 1 else f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    # Networks of equal cost are drawn side by side, within a tenth of the axis.
    for value in sorted(set(values)):
        same = [point for point, cost in points if cost == value]
        shifts = min(0.02, 0.1 / len(same)) * span * (np.arange(len(same)) - (len(same) - 1) / 2)
        for point, shift in zip(same, shifts, strict=True):
            x, interval = value * 10**shift, point.interval
            if interval.low is not None:
                axis.vlines(x, scale * interval.low, scale * interval.high, color=point.colour, linewidth=1.2)
            axis.plot(x, scale * interval.mean, "o", color=point.colour, markerfacecolor=point.face, markersize=6)
    axis.grid(axis="y", color=PALE, linewidth=0.5)


def _labels(
    axis: Axes, labels: Sequence[tuple[str, float]], start: float, end: float, side: str, line: float
) -> Sequence[float]:
    """Write labels beside their values, at least one line apart, with a thin line from (start, value) to each label. Returns
    the heights of the labels."""
    heights = spread([value for _, value in labels], line)
    for (shown, value), height in zip(labels, heights, strict=True):
        axis.plot([start, end], [value, height], color=PALE, linewidth=0.7, clip_on=False, zorder=0)
        offset = 0.03 if side == "left" else -0.01
        axis.text(end + offset, height, shown, ha=side, va="center", fontsize=8.5)
    return heights
