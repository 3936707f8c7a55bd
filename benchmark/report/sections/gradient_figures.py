"""Figures of the measurements of `ferbench gradients`."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from benchmark.claims.gradient_rule import MARGIN, log_ratio
from benchmark.records.axes import NORMALISATIONS, SHORTCUTS
from benchmark.records.intervals import Interval, t_interval
from benchmark.report.style import DEPTHS, GREY, PALE, beside, capped, fixed_panels, look, outer_labels, powers

FAR = 2.0  # decimal logarithms by which a drawn interval may go beyond the smallest and the largest mean


class Group(NamedTuple):
    """The seeds of one network with one shortcut and one normalisation."""

    network: str
    layers: int
    shortcut: str
    normalisation: str
    seeds: Sequence[Mapping]

    def moments(self, step: int) -> list[Mapping]:
        """The measurement after `step` steps, for every seed that reached this step."""
        return [moment for each in self.seeds for moment in each["moments"] if moment["step"] == step]

    @property
    def steps(self) -> list[int]:
        """The planned steps."""
        return self.seeds[0]["steps"]


def along_units(own: Sequence[Group], quantity: str, label: str) -> Figure:
    """A quantity (logarithmic) against the relative position in the network; one panel per BatchNorm and shortcut. The
    deeper the network, the darker its line; its name stands at the end that tells networks apart."""
    figure, axes = fixed_panels(6, 3, (2.7, 1.8), left=0.4, bottom=0.3, top=0.35, right=0.2, grid=True)
    shades = ramp(list(dict.fromkeys(group.network for group in own)))
    places = [(norm, shortcut) for norm in NORMALISATIONS for shortcut in SHORTCUTS]
    ends: list[list[tuple[str, float, str]]] = []
    values: list[float] = []
    for axis, (norm, shortcut) in zip(axes, places, strict=True):
        axis.set_title(f"{shortcut}, {norm} BatchNorm", fontsize=9.5)
        ends.append([])
        for group in own:
            moments = group.moments(0)
            if (group.normalisation, group.shortcut) != (norm, shortcut) or not moments:
                continue
            found = np.array([moment[quantity] for moment in moments])
            if quantity == "gradient":
                found = found / found[:, -1:]
            middle = 10 ** np.log10(found).mean(axis=0)
            colour = shades[group.network]
            axis.plot(np.linspace(0, 1, len(middle)), middle, color=colour, linewidth=1.6)
            ends[-1].append((group.network, float(middle[0 if quantity == "gradient" else -1]), colour))
            values += [float(middle.min()), float(middle.max())]
    _log(axes, values)
    for axis, words in zip(axes, ends, strict=True):
        axis.set_xlim((-0.5, 1) if quantity == "gradient" else (0, 1.5))
        axis.xaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
        beside(axis, words, x=0.31 if quantity == "gradient" else 0.69, side="right" if quantity == "gradient" else "left")
    outer_labels(figure, "place in the stack: 0 before the first unit, 1 behind the last", label)
    return figure


def against_depth(own: Sequence[Group]) -> Figure:
    """First-to-last ratio with its interval against the number of layers; one panel per BatchNorm."""
    figure, axes = fixed_panels(len(NORMALISATIONS), 2, (3.5, 2.4), left=0.45, bottom=0.3, top=0.35, right=0.75, grid=True)
    found = {
        (norm, shortcut): [
            (g.layers, interval)
            for g in own
            if (g.normalisation, g.shortcut) == (norm, shortcut)
            and (interval := interval_of([log_ratio(m) for m in g.moments(0)]))
        ]
        for norm in NORMALISATIONS
        for shortcut in SHORTCUTS
    }
    means = [0.0, *(interval.mean for points in found.values() for _, interval in points)]
    edges = min(means) - FAR, max(means) + FAR  # of decimal logarithms; longer intervals would leave no room for the means
    values, ends = [1 / MARGIN, MARGIN], []
    for axis, norm in zip(axes, NORMALISATIONS, strict=True):
        axis.set_title(f"{norm} BatchNorm", fontsize=9.5)
        axis.axhspan(1 / MARGIN, MARGIN, color=PALE, linewidth=0, alpha=0.6)
        ends.append([])
        for shift, shortcut in zip((-1, 0, 1), SHORTCUTS, strict=True):
            points, style = found[norm, shortcut], look(shortcut, norm)
            if not points:
                continue
            x, y = [layers + shift for layers, _ in points], [10**interval.mean for _, interval in points]
            for place, (_, interval) in zip(x, points, strict=True):
                if interval.low is not None and interval.high is not None:
                    low, high, cut_low, cut_high = capped(interval.low, interval.high, edges)
                    axis.vlines(place, 10**low, 10**high, color=style.colour, linewidth=1.2)
                    for end, marker in [(low, "v")] * cut_low + [(high, "^")] * cut_high:
                        axis.plot(place, 10**end, marker, color=style.colour, markersize=4, clip_on=False)
                    values += [10**low, 10**high]
            axis.plot(x, y, style.marker, color=style.colour, markerfacecolor=style.face, markersize=5)
            values += y
            ends[-1].append((shortcut, y[int(np.argmax(x))], style.colour))
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _log(axes, values)
    for axis, words in zip(axes, ends, strict=True):
        beside(axis, words)
    below = "weight layers (the three shortcuts of a network stand side by side)"
    outer_labels(figure, below, "gradient, first / last unit")
    return figure


def through_training(trained: Sequence[Group]) -> Figure:
    """First-to-last ratio against steps; one panel per network and BatchNorm. The line of a run ends where it diverged."""
    keys = list(dict.fromkeys((group.network, group.normalisation) for group in trained))
    figure, axes = fixed_panels(len(keys), 2, (2.9, 1.9), left=0.45, bottom=0.3, top=0.35, right=1.6, grid=True)
    values, ends = [1 / MARGIN, MARGIN], []
    for axis, key in zip(axes, keys, strict=True):
        axis.axhspan(1 / MARGIN, MARGIN, color=PALE, linewidth=0, alpha=0.6)
        axis.set_title(f"{key[0]}, {key[1]} BatchNorm", fontsize=9.5)
        ends.append([])
        for group in trained:
            if (group.network, group.normalisation) != key:
                continue
            own = look(group.shortcut, group.normalisation)
            for each in group.seeds:
                ratios = [10 ** log_ratio(moment) for moment in each["moments"]]
                steps = [moment["step"] for moment in each["moments"]]
                axis.plot(steps, ratios, own.line, color=own.colour, linewidth=0.6, alpha=0.4)
                values += ratios
            full = [step for step in group.steps if len(group.moments(step)) == len(group.seeds)]
            means = [10 ** np.mean([log_ratio(moment) for moment in group.moments(step)]) for step in full]
            width = 1.2 if group.shortcut == "adaptive" else 2.2  # so that the similar line of fixed is seen below it
            axis.plot(full, means, own.line, color=own.colour, linewidth=width)
            lost = sum(each["status"] == "diverged" for each in group.seeds)
            words = group.shortcut + (f": diverged {lost} of {len(group.seeds)}" if lost else "")
            ends[-1].append((words, float(means[-1]) if means else MARGIN, own.colour))
        steps = trained[0].steps
        axis.set_xscale("symlog", linthresh=10)
        axis.xaxis.set_major_locator(FixedLocator(steps))
        axis.xaxis.set_major_formatter(FixedFormatter([f"{step}" for step in steps]))
        axis.xaxis.set_minor_locator(NullLocator())
    _log(axes, values)
    for axis, words in zip(axes, ends, strict=True):
        beside(axis, words)
    outer_labels(figure, "optimiser steps", "gradient, first / last unit")
    return figure


def learned_scalars(adaptive: Sequence[Group]) -> Figure:
    """One row per network and BatchNorm. Left: the way of every unit's (a, c) from its start through the measured steps,
    mean over seeds; the deeper the unit, the darker. Middle: a and c of every unit at the last step. Right: the slope at 0,
    1 / (1 + c^2), at the start (dashed) and at the last step."""
    figure, axes = fixed_panels(3 * len(adaptive), 3, (2.5, 2.2), left=0.45, bottom=0.5, top=0.35, right=0.35)
    for row, group in enumerate(adaptive):
        plane, scalars, slopes = axes[3 * row : 3 * row + 3]
        title = f"{group.network}, {group.normalisation}"
        a, c, slope = (_means(group, what) for what in (lambda s: s["a"], lambda s: s["c"], lambda s: 1 / (1 + s["c"] ** 2)))
        _ways(plane, a, c)
        plane.set_title(f"{title}: steps {group.steps[0]} to {group.steps[len(a) - 1]}", fontsize=9.5)
        plane.set(xlabel="a", ylabel="c")
        units = range(1, a.shape[1] + 1)
        last = (("a", a[-1], DEPTHS[1]), ("c", c[-1], DEPTHS[4]))
        for _, values, colour in last:
            scalars.plot(units, values, "o-", color=colour, linewidth=1.2, markersize=3)
        beside(scalars, [(name, float(values[-1]), colour) for name, values, colour in last])
        scalars.axhline(1, color=GREY, linestyle="--", linewidth=0.8)
        scalars.set_title(f"a and c at step {group.steps[len(a) - 1]}", fontsize=9.5)
        slopes.plot(units, slope[0], "--", color=GREY, linewidth=0.8)
        slopes.plot(units, slope[-1], "o-", color=DEPTHS[3], linewidth=1.2, markersize=3)
        slopes.set_title("slope at 0", fontsize=9.5)
        for axis in (scalars, slopes):
            axis.set_xlabel("unit")
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for axis in (plane, scalars, slopes):
            axis.yaxis.set_major_locator(MaxNLocator(4))
        plane.xaxis.set_major_locator(MaxNLocator(4))
    return figure


def _ways(axis: Axes, a: np.ndarray, c: np.ndarray) -> None:
    shades = list(ramp(list(map(str, range(a.shape[1])))).values())
    for unit, colour in enumerate(shades):
        axis.plot(a[:, unit], c[:, unit], ".-", color=colour, linewidth=1, markersize=2.5)
        axis.plot(a[-1, unit], c[-1, unit], "o", color=colour, markersize=3.5)
    axis.plot(a[0, 0], c[0, 0], "x", color=GREY, markersize=6)
    for unit in dict.fromkeys((0, a.shape[1] - 1)):
        at, colour = (a[-1, unit], c[-1, unit]), shades[unit]
        axis.annotate(f"unit {unit + 1}", at, (4, 3), textcoords="offset points", fontsize=8.5, color=colour)


def _means(group: Group, value: Callable[[Mapping[str, np.ndarray]], np.ndarray]) -> np.ndarray:
    """float64 (steps, units): mean over the seeds that reached a step; as many steps as a seed reached."""
    found = []
    for step in group.steps:
        own = [{k: np.array(v, float) for k, v in m["scalars"].items()} for m in group.moments(step)]
        if own:
            found.append(np.mean([value(each) for each in own], axis=0))
    return np.array(found)


def ramp(names: Sequence[str]) -> dict[str, str]:
    """Name -> a colour from light to dark."""
    last = max(1, len(names) - 1)
    return {name: DEPTHS[round(place * (len(DEPTHS) - 1) / last)] for place, name in enumerate(names)}


def interval_of(values: Sequence[float | None]) -> Interval | None:
    """The t-interval of these values; None if there is none, or one of them is not defined."""
    defined = [value for value in values if value is not None]
    return t_interval(defined) if defined and len(defined) == len(values) else None


def _log(axes: Sequence[Axes], values: Sequence[float]) -> None:
    """The same logarithmic vertical axis for all panels, from below the least to above the largest of these values."""
    low, high = (min(values), max(values)) if values else (0.1, 10)
    margin = (high / low) ** 0.05
    low, high = min(low / margin, 0.9 * high), high * margin
    if np.floor(np.log10(high)) < np.ceil(np.log10(low)):  # no power of ten within
        low, high = 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high))
    for axis in axes:
        axis.set_yscale("log")
        axis.set_ylim(low, high)
        powers(axis.yaxis, low, high)
