"""Figure of the primary metric against the cost of a network, with published figures for the same data."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS, possible
from benchmark.records.written import number
from benchmark.report.cell_words import called
from benchmark.report.extremes import at_end, comparable, held, named
from benchmark.report.parts import Drawing
from benchmark.report.sections.panels import look_of
from benchmark.report.style import GREY, PALE, PAPER, Look, capped, message, sentences, spread
from benchmark.report.wording import count

Costs: TypeAlias = Mapping[str, Callable[[Mapping], float]]  # axis label -> the number, from an entry

COUNTS: Costs = {  # of complexity.json
    "multiply-adds": lambda entry: entry["macs"],
    "trainable parameters": lambda entry: entry["parameters"]["trainable"],
}
TIMES: Costs = {"CPU latency, ms": lambda entry: entry["latency"]["median_ms"]}  # of latency.json
PANEL, LEFT, SIDE = 2.0, 0.65, 0.25  # inches: width of a panel, and room beside it
LABELS, QUOTED = 3.6, 3.0  # inches for the labels of cells, and for those of published figures
HEIGHT, BOTTOM, TOP = 0.23, 0.5, 0.35  # inches: a label, and room below and above
CUT = "; an arrow: the interval goes on, but no such value is possible"


class Point(NamedTuple):
    """A cell that has both a result and a measured network. `costs`: in the order of the panels."""

    label: str
    interval: Interval
    costs: Sequence[float]
    look: Look


def accuracy_against_cost(
    comparison: Comparison,
    measured: Mapping | None,
    costs: Costs,
    name: str,
    anchors: Sequence[tuple[str, float]] = (),
) -> Drawing:
    """One panel per cost (logarithmic) with the primary metric and its t-interval over seeds; all share the vertical axis.

    Args:
        measured: contents of the file with `costs`: complexity.json or latency.json; or None.
        costs: the panels.
        name: of the figure's file.
        anchors: published figures for the same data and metric: (name, value as a fraction). Their cost is not known, so
            they are shown in a separate panel.
    """
    points = _points(comparison, measured, costs)
    if not points:
        nothing = f"{comparison.slug}: no cell with both a result and a measured network"
        return Drawing(name, message(nothing), "", f"{nothing}.")
    return Drawing(name, _figure(comparison, points, costs, anchors), "", _described(comparison, points, costs))


def _figure(comparison: Comparison, points: Sequence[Point], costs: Costs, anchors: Sequence[tuple[str, float]]) -> Figure:
    metric = METRICS[comparison.primary]
    scale = 100 if metric.unit == "%" else 1
    tall = max(2.4, HEIGHT * (max(len(points), len(anchors)) + 1))
    labels = LABELS + (QUOTED if anchors else 0)
    width, height = LEFT + len(costs) * (PANEL + SIDE) + labels, tall + BOTTOM + TOP
    figure = Figure(figsize=(width, height))
    widths = [*[PANEL] * len(costs), labels - 0.1]
    axes: list[Axes] = []
    for at, own in enumerate(widths):
        box = (LEFT + at * (PANEL + SIDE)) / width, BOTTOM / height, own / width, tall / height
        axes.append(figure.add_axes(box, sharey=axes[0] if axes else None))
    for at, (axis, what) in enumerate(zip(axes, costs, strict=False)):
        _panel(axis, [(point, point.costs[at]) for point in points], scale, possible(comparison.primary))
        axis.set_xlabel(what)
        axis.tick_params(labelleft=at == 0)
    axes[0].set_ylabel(f"test {metric.title}" + (f", {metric.unit}" if metric.unit else ""))
    axes[0].yaxis.set_major_locator(MaxNLocator(6))
    names = axes[-1]
    names.set_axis_off()
    for _, value in anchors:  # before the limits are read
        names.plot(0.99, scale * value, "D", color=GREY, markerfacecolor=PAPER, markersize=5, clip_on=False)
    names.set_xlim(0, 1)
    bottom, top = names.get_ylim()
    line = HEIGHT * (top - bottom) / tall
    own_words = [
        (f"{called(comparison, p.label)}: {number(p.interval.mean, metric.unit)}", scale * p.interval.mean) for p in points
    ]
    for point, y in zip(points, _labels(names, own_words, 0.0, 0.06, "left", line), strict=True):
        names.plot(0.075, y, point.look.marker, color=point.look.colour, markerfacecolor=point.look.face, markersize=4.5)
    if anchors:
        names.set_title("hollow diamonds: published, other protocols", fontsize=9, color=GREY, loc="right")
        shown = [(f"{who}: {number(value, metric.unit)}", scale * value) for who, value in anchors]
        _labels(names, shown, 0.98, 0.93, "right", line)
    return figure


def cuts(comparison: Comparison) -> bool:
    """Whether an interval of the figure is cut at the end of what is possible."""
    intervals = (seeds_interval(comparison.metric(label, comparison.primary)) for label in comparison.runs)
    ends = possible(comparison.primary)
    return any(any(capped(i.low, i.high, ends)[2:]) for i in intervals if i and i.low is not None and i.high is not None)


def _described(comparison: Comparison, points: Sequence[Point], costs: Costs) -> str:
    """The highest mean, and what the networks reach that cost least."""
    unit, what = METRICS[comparison.primary].unit, METRICS[comparison.primary].title
    end, labels = " %" if unit == "%" else "", [point.label for point in points]
    own = {point.label: point for point in points if point.label in comparable(comparison, labels)}
    if not own:
        return sentences(held(comparison, labels), "")
    show = partial(number, unit=unit)
    best = at_end({label: point.interval.mean for label, point in own.items()}, show, highest=True)
    first = own[best[0]]
    spent = ", ".join(f"{value:,.4g} {name}" for name, value in zip(costs, first.costs, strict=True))
    score = f"{what} {number(first.interval.mean, unit)}{end}"
    which = f"Highest {what}: " if len(own) > 1 else ""
    said = [f"{which}{named(comparison, best)}, {score}, {spent} (n = {first.interval.n})."]
    if len(own) > 1:
        least = at_end({label: point.costs[0] for label, point in own.items()}, "{:,.4g}".format, highest=False)
        means = sorted(own[label].interval.mean for label in least)
        reached = " to ".join(dict.fromkeys(map(show, (means[0], means[-1]))))
        cells = called(comparison, least[0]) if len(least) == 1 else count(len(least), "cell")
        said.append(f"Cheapest by {next(iter(costs))} ({own[least[0]].costs[0]:,.4g}): {cells}, {what} {reached}{end}.")
    return sentences([*said, *held(comparison, labels)], "")


def _points(comparison: Comparison, measured: Mapping | None, costs: Costs) -> list[Point]:
    points = []
    for label in comparison.runs:
        network = measured_network(measured, comparison, label)
        interval = seeds_interval(comparison.metric(label, comparison.primary))
        if network is not None and interval is not None:
            spent = [cost(network) for cost in costs.values()]
            points.append(Point(label, interval, spent, look_of(comparison, label)))
    return points


def _panel(axis: Axes, points: Sequence[tuple[Point, float]], scale: float, ends: tuple[float | None, float | None]) -> None:
    axis.set_xscale("log")
    values = [cost for _, cost in points]
    span = max(np.log10(max(values) / min(values)), 1)  # at least a decade, so that small differences look small
    middle = np.log10(max(values) * min(values)) / 2
    axis.set_xlim(10 ** (middle - 0.55 * span), 10 ** (middle + 0.55 * span))
    least, most = axis.get_xlim()
    steps = (1, 2, 5) if span < 1.5 else (1,)
    ticks = [step * 10.0**k for k in range(int(np.floor(np.log10(least))), int(np.log10(most)) + 1) for step in steps]
    axis.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if least <= tick <= most]))
    axis.xaxis.set_minor_locator(NullLocator())
    thousands = EngFormatter(sep="")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value) if value >= 1 else f"{value:g}"))
    # Networks of equal cost are drawn side by side, within a tenth of the axis.
    for value in sorted(set(values)):
        same = [point for point, cost in points if cost == value]
        shifts = min(0.02, 0.1 / len(same)) * span * (np.arange(len(same)) - (len(same) - 1) / 2)
        for point, shift in zip(same, shifts, strict=True):
            x, interval = value * 10**shift, point.interval
            colour, style = point.look.colour, {"color": point.look.colour, "markerfacecolor": point.look.face}
            if interval.low is not None and interval.high is not None:
                low, high, cut_low, cut_high = capped(interval.low, interval.high, ends)
                axis.vlines(x, scale * low, scale * high, color=colour, linewidth=1.2)
                for end, marker in [(low, "v")] * cut_low + [(high, "^")] * cut_high:
                    axis.plot(x, scale * end, marker, color=colour, markersize=5, clip_on=False)
            axis.plot(x, scale * interval.mean, point.look.marker, markersize=6, **style)
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
