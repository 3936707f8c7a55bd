"""Chapter: the measurements of `ferbench gradients`, as a table and figures for each plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.claims.gradient_rule import MARGIN, log_ratio
from benchmark.records.axes import NORMALISATIONS, SHORTCUTS, rank
from benchmark.records.intervals import Interval, t_interval
from benchmark.report.material import Material
from benchmark.report.parts import Chapter, Drawing, drawn
from benchmark.report.style import GREY, PALE, SHORTCUT_COLOURS, panels
from benchmark.report.tables import Entry, Table, seeds, text

PLACE = 80


def chapter(material: Material) -> Chapter | None:
    """Signal and gradient along the units, one table per plan; None if nothing was measured."""
    if not material.gradients:
        return None
    along = [drawing for contents in material.gradients for drawing in drawings(contents)]
    return Chapter("Gradients along the units", tables=[table(c) for c in material.gradients], pictures=drawn(along))


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


def groups(contents: Mapping) -> list[Group]:
    """The measurements grouped by network, normalisation and shortcut. Networks with fewer layers come first."""
    found: dict[tuple, list[Mapping]] = {}
    for each in contents["measurements"]:
        found.setdefault((each["layers"], each["network"], each["normalisation"], each["shortcut"]), []).append(each)
    order = sorted(found, key=lambda k: (k[0], k[1], rank("normalisation", k[2]), rank("shortcut", k[3])))
    return [Group(network, layers, shortcut, norm, found[layers, network, norm, shortcut])
            for layers, network, norm, shortcut in order]  # fmt: skip


def table(contents: Mapping) -> Table:
    """Ratio, loss and deviation at initialisation and at the end of training; one row per group and moment."""
    columns = {
        "network": "Network",
        "layers": "Layers",
        "shortcut": "Shortcut",
        "normalisation": "BatchNorm",
        "step": "Step",
        "n": "Seeds",
        "ratio": "Gradient, first to last unit",
        "weights": "Weights' gradient, first to last unit",
        "loss": "Loss",
        "deviation": "Deviation behind the last unit",
    }
    rows = []
    for group in groups(contents):
        for step in dict.fromkeys((0, group.steps[-1])):
            moments = group.moments(step)
            row = {key: text(getattr(group, key)) for key in ("network", "layers", "shortcut", "normalisation")}
            row |= {"step": text(step), "n": seeds(len(moments), len(group.seeds) - len(moments))}
            row["ratio"] = _factor([log_ratio(moment) for moment in moments])
            row["weights"] = _factor([_log10(m["weights"][0], m["weights"][-1]) for m in moments])
            row["loss"] = _factor([_log10(moment["loss"], 1) for moment in moments])
            row["deviation"] = _factor([_log10(moment["deviation"][-1], 1) for moment in moments])
            rows.append(row)
    notes = (
        f"{_where(contents)}; probe of {contents['images']} pictures, training mode",
        "Gradient: norm at the first unit's input over that behind the last unit",
        "Geometric mean over seeds [95 % t-interval over seeds of the logarithm]: these numbers are positive and vary by "
        "factors; diverged runs are in no mean",
        "Step: optimiser steps done; the loss is that of the probe",
    )
    labels = ("network", "layers", "shortcut", "normalisation", "step", "n")
    return Table(f"gradients-{contents['plan']}", "Gradient and signal along the units", notes, columns, rows, labels)


def drawings(contents: Mapping) -> Iterator[Drawing]:
    """The figures of a plan. Figures about training are made only if the plan has training steps. Must be called inside
    `benchmark.report.style.styled`."""
    own, stem, where = groups(contents), f"gradients-{contents['plan']}", _where(contents)
    yield Drawing(
        f"{stem}-norm", along_units(own, "gradient", "gradient norm, 1 behind the last unit"),
        f"{where}: gradient norm along the residual stream at initialisation, relative to that behind the last unit. "
        "Rows: BatchNorm, columns: shortcut, lines: mean over seeds, one a network",
    )  # fmt: skip
    yield Drawing(
        f"{stem}-deviation", along_units(own, "deviation", "standard deviation of the stream"),
        f"{where}: deviation of the residual stream at initialisation. "
        "Rows: BatchNorm, columns: shortcut, lines: mean over seeds, one a network",
    )  # fmt: skip
    yield Drawing(
        f"{stem}-depth", against_depth(own),
        f"{where}: gradient norm at the first unit over that behind the last, at initialisation, against depth; dots: "
        f"networks, bars: 95 % t-interval over seeds, grey: the margin of the claim's rule, a factor of {MARGIN:g}",
    )  # fmt: skip
    trained = [group for group in own if group.steps[-1] > 0]
    if trained:
        yield Drawing(
            f"{stem}-training", through_training(trained),
            f"{where}: gradient norm at the first unit over that behind the last, through the first steps of training; "
            "thin: seeds, thick: their geometric mean",
        )  # fmt: skip
    adaptive = [group for group in trained if group.seeds[0]["moments"] and {"a", "c"} <= set(_scalars(group))]
    if adaptive:
        yield Drawing(
            f"{stem}-scalars", learned_scalars(adaptive),
            f"{where}: the adaptive shortcut's a, c and slope at 0, 1 / (1 + c^2), of each unit; mean over seeds, one line "
            "a step, the darker the later; dashed: the start",
        )  # fmt: skip


def along_units(own: Sequence[Group], quantity: str, label: str) -> Figure:
    """A quantity (logarithmic) against the relative position in the network; one panel per BatchNorm and shortcut."""
    figure, axes = panels(len(NORMALISATIONS) * len(SHORTCUTS), len(SHORTCUTS), 3.2, 2.5)
    names = list(dict.fromkeys(group.network for group in own))
    colours = dict(zip(names, colormaps["viridis"](np.linspace(0, 0.85, len(names))), strict=True))
    handles = {}
    places = [(norm, shortcut) for norm in NORMALISATIONS for shortcut in SHORTCUTS]
    for axis, (norm, shortcut) in zip(axes, places, strict=True):
        axis.set_yscale("log")
        axis.sharey(axes[0]) if axis is not axes[0] else None
        axis.set_title(f"{shortcut}, {norm} BatchNorm", fontsize=9)
        for group in own:
            moments = group.moments(0)
            if (group.normalisation, group.shortcut) != (norm, shortcut) or not moments:
                continue
            values = np.array([moment[quantity] for moment in moments])
            if quantity == "gradient":
                values = values / values[:, -1:]
            middle = 10 ** np.log10(values).mean(axis=0)
            (line,) = axis.plot(np.linspace(0, 1, len(middle)), middle, color=colours[group.network], linewidth=1.6)
            handles[group.network] = line
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=6, handlelength=1.5)
    figure.supxlabel("place in the stack: 0 before the first unit, 1 behind the last")
    figure.supylabel(label)
    return figure


def against_depth(own: Sequence[Group]) -> Figure:
    """First-to-last ratio with its interval against the number of layers; one panel per BatchNorm."""
    figure, axes = panels(len(NORMALISATIONS), len(NORMALISATIONS), 4.8, 3.2)
    handles = {}
    for axis, norm in zip(axes, NORMALISATIONS, strict=True):
        axis.set(yscale="log", title=f"{norm} BatchNorm")
        axis.axhspan(1 / MARGIN, MARGIN, color=PALE, linewidth=0, alpha=0.6)
        for shift, shortcut in zip((-1, 0, 1), SHORTCUTS, strict=True):
            points = [(g.layers, _interval([log_ratio(m) for m in g.moments(0)])) for g in own
                      if (g.normalisation, g.shortcut) == (norm, shortcut)]  # fmt: skip
            points = [(layers, interval) for layers, interval in points if interval]
            if not points:
                continue
            x, colour = [layers + shift for layers, _ in points], SHORTCUT_COLOURS[shortcut]
            for place, (_, interval) in zip(x, points, strict=True):
                if interval.low is not None:
                    axis.vlines(place, 10**interval.low, 10**interval.high, color=colour, linewidth=1.2)
            (handles[shortcut],) = axis.plot(x, [10**i.mean for _, i in points], "o", color=colour, markersize=5)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    figure.supxlabel("weight layers (the three shortcuts of a network stand side by side)")
    figure.supylabel("gradient, first / last unit")
    return figure


def through_training(trained: Sequence[Group]) -> Figure:
    """First-to-last ratio against steps; one panel per network and BatchNorm. The line of a run ends where it diverged."""
    keys = list(dict.fromkeys((group.network, group.normalisation) for group in trained))
    figure, axes = panels(len(keys), 4, 3.0, 2.8)
    handles = {}
    for axis, key in zip(axes, keys, strict=True):
        axis.set_yscale("log")
        axis.set_xscale("symlog", linthresh=10)
        axis.axhspan(1 / MARGIN, MARGIN, color=PALE, linewidth=0, alpha=0.6)
        axis.set_title(f"{key[0]}, {key[1]} BatchNorm", fontsize=9)
        axis.sharey(axes[0]) if axis is not axes[0] else None
        for group in trained:
            if (group.network, group.normalisation) != key:
                continue
            colour = SHORTCUT_COLOURS[group.shortcut]
            for each in group.seeds:
                ratios = [10 ** log_ratio(moment) for moment in each["moments"]]
                axis.plot([moment["step"] for moment in each["moments"]], ratios, color=colour, linewidth=0.6, alpha=0.5)
            full = [step for step in group.steps if len(group.moments(step)) == len(group.seeds)]
            means = [10 ** np.mean([log_ratio(moment) for moment in group.moments(step)]) for step in full]
            style = "--" if group.shortcut == "adaptive" else "-"  # dashed, so that the similar line of fixed is visible
            (handles[group.shortcut],) = axis.plot(full, means, style, color=colour, linewidth=1.8)
            if lost := sum(each["status"] == "diverged" for each in group.seeds):
                height = 0.94 - 0.09 * SHORTCUTS.index(group.shortcut)
                words = f"{group.shortcut}: diverged {lost} of {len(group.seeds)}"
                axis.text(0.97, height, words, transform=axis.transAxes, ha="right", va="top", fontsize=8, color=colour)
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    figure.supxlabel("optimiser steps")
    figure.supylabel("gradient, first / last unit")
    return figure


def learned_scalars(adaptive: Sequence[Group]) -> Figure:
    """a, c and the slope at 0 against the number of the unit; one row per network and BatchNorm, one line per step."""
    quantities = {"a": lambda s: s["a"], "c": lambda s: s["c"], "slope at 0": lambda s: 1 / (1 + s["c"] ** 2)}
    figure, axes = panels(3 * len(adaptive), 3, 3.4, 2.2)
    for row, group in enumerate(adaptive):
        for axis, (name, value) in zip(axes[3 * row :], quantities.items(), strict=False):
            axis.set_title(f"{group.network}, {group.normalisation}: {name}", fontsize=9)
            for rise, step in enumerate(group.steps):
                found = [{k: np.array(v, float) for k, v in m["scalars"].items()} for m in group.moments(step)]
                if not found:
                    continue
                mean = np.mean([value(each) for each in found], axis=0)
                colour = colormaps["Blues"](0.35 + 0.6 * rise / max(1, len(group.steps) - 1))
                style = {"color": GREY, "linestyle": "--"} if step == 0 else {"color": colour, "marker": "o"}
                axis.plot(range(1, len(mean) + 1), mean, linewidth=1.2, markersize=2.5, label=f"step {step}", **style)
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    figure.supxlabel("unit")
    return figure


def _where(contents: Mapping) -> str:
    protocol = contents["protocol"]
    return f"{protocol['name']} {protocol['version']}, {protocol['input_size']} pixels, recipe {protocol['recipe_name']}"


def _scalars(group: Group) -> Mapping:
    return group.seeds[0]["moments"][0]["scalars"]


def _log10(first: float, last: float) -> float | None:
    return float(np.log10(first / last)) if first > 0 and last > 0 else None


def _interval(values: Sequence[float | None]) -> Interval | None:
    return t_interval(values) if values and None not in values else None


def _factor(logs: Sequence[float | None]) -> Entry:
    """The entry for a positive number, from its decimal logarithms, one per seed."""
    interval = _interval(logs)
    if interval is None:
        words = "not defined" if logs else "diverged"
        return Entry(words, {"note": words})
    mean, low, high = (None if value is None else 10**value for value in interval[:3])
    shown = f"{mean:.3g}" + ("" if low is None else f" [{low:.3g}, {high:.3g}]")
    return Entry(shown, {"mean": mean, "low": low, "high": high})
