"""Chapter: the measurements of `ferbench gradients`, as a table and figures for each plan."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from benchmark.claims.gradient_rule import MARGIN, log_ratio
from benchmark.records.axes import rank
from benchmark.records.intervals import Interval
from benchmark.report.cell_words import kind_rank
from benchmark.report.material import Material
from benchmark.report.parts import Chapter, Drawing, drawn
from benchmark.report.sections.gradient_figures import (
    Group,
    against_depth,
    along_units,
    interval_of,
    learned_scalars,
    through_training,
)
from benchmark.report.sections.panels import numbered, sheets
from benchmark.report.style import sentences
from benchmark.report.tables import Entry, Table, seeds, text

PLACE = 80


def chapter(material: Material) -> Chapter | None:
    """Signal and gradient along the units, one table per plan, photographs first; None if nothing was measured."""
    if not material.gradients:
        return None
    plans = sorted(material.gradients, key=lambda contents: kind_rank(contents["data"]["name"]))
    along = [drawing for contents in plans for drawing in drawings(contents)]
    return Chapter("Gradients along the units", tables=[table(contents) for contents in plans], pictures=drawn(along))


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
    title = f"Gradient and signal along the units: plan {contents['plan']}, {contents['protocol']['name']}"
    return Table(f"gradients-{contents['plan']}", title, notes, columns, rows, labels)


def drawings(contents: Mapping) -> Iterator[Drawing]:
    """The figures of a plan. Figures about training are made only if the plan has training steps. Must be called inside
    `benchmark.report.style.styled`."""
    own, stem, where = groups(contents), f"gradients-{contents['plan']}", _where(contents)
    ratios, deviations = _start(own, log_ratio), _start(own, lambda m: _log10(m["deviation"][-1], 1))
    rows = "Rows: BatchNorm, columns: shortcut, lines: mean over seeds, one a network, the darker the deeper"
    yield Drawing(
        f"{stem}-norm", along_units(own, "gradient", "gradient norm, 1 behind the last unit"),
        f"{where}: gradient norm along the residual stream at initialisation, relative to that behind the last unit. {rows}",
        " ".join(
            [_deepest("Gradient at the first unit over that behind the last, at initialisation", ratios), *_against(ratios)]
        ),
    )  # fmt: skip
    yield Drawing(
        f"{stem}-deviation", along_units(own, "deviation", "standard deviation of the stream"),
        f"{where}: deviation of the residual stream at initialisation. {rows}",
        _extremes("Deviation of the stream behind the last unit, at initialisation", deviations),
    )  # fmt: skip
    outside = [group for group, interval in ratios if abs(interval.mean) > np.log10(MARGIN)]
    yield Drawing(
        f"{stem}-depth", against_depth(own),
        f"{where}: gradient norm at the first unit over that behind the last, at initialisation, against depth; dots: "
        f"networks, open squares: frozen normalisation, bars: 95 % t-interval over seeds, with an arrow where "
        f"they go on, grey: the margin of the claim's "
        f"rule, a factor of {MARGIN:g}",
        f"{len(outside)} of {len(ratios)} means are beyond the margin, a factor of {MARGIN:g} between first and last unit. "
        + _extremes("Ratio", ratios),
    )  # fmt: skip
    trained = [group for group in own if group.steps[-1] > 0]
    keys = list(dict.fromkeys((group.network, group.normalisation) for group in trained))
    found = sheets(keys)
    for name, part in zip(numbered(f"{stem}-training", len(found)), found, strict=True):
        shown = [group for group in trained if (group.network, group.normalisation) in part]
        yield Drawing(
            name, through_training(shown),
            f"{where}: gradient norm at the first unit over that behind the last, through the first steps of training; "
            "thin: seeds, thick: their geometric mean; dashed: frozen normalisation",
            _extremes(f"The same ratio at step {shown[0].steps[-1]}", _at(shown, shown[0].steps[-1], log_ratio)),
        )  # fmt: skip
    adaptive = [group for group in trained if group.seeds[0]["moments"] and {"a", "c"} <= set(_scalars(group))]
    pairs = sheets(adaptive, 2)
    for name, part in zip(numbered(f"{stem}-scalars", len(pairs)), pairs, strict=True):
        yield Drawing(
            name, learned_scalars(part),
            f"{where}: the adaptive shortcut's a and c, mean over seeds. Left: the way of each unit from its start (cross) "
            "through the measured steps to the last (dot), the darker the later the unit; then a and c at the last step, "
            "and the slope at 0, 1 / (1 + c^2); dashed: the start",
            sentences(map(_moved, part), ""),
        )  # fmt: skip


def _deepest(what: str, found: Sequence[tuple[Group, Interval]]) -> str:
    """A sentence with the means of the deepest network, by normalisation and shortcut."""
    if not found:
        return _extremes(what, found)
    most = max(group.layers for group, _ in found)
    own = [(group, interval) for group, interval in found if group.layers == most]
    parts = []
    for norm in dict.fromkeys(group.normalisation for group, _ in own):
        shown = [f"{group.shortcut} {10**interval.mean:.3g}" for group, interval in own if group.normalisation == norm]
        parts.append(f"{norm} BatchNorm {', '.join(shown)}")
    return f"{what}, in the deepest network, {own[0][0].network}: {'; '.join(parts)}."


def _against(found: Sequence[tuple[Group, Interval]]) -> list[str]:
    """A sentence a normalisation in which, in the deepest network, every bounded shortcut's mean is higher, or every one is
    lower, than that of identity."""
    most = max((group.layers for group, _ in found), default=0)
    said = []
    for norm in dict.fromkeys(group.normalisation for group, _ in found):
        of = {g.shortcut: i.mean for g, i in found if g.layers == most and g.normalisation == norm}
        bounded = [mean for shortcut, mean in of.items() if shortcut != "identity"]
        if "identity" in of and bounded and not min(bounded) <= of["identity"] <= max(bounded):
            way = "higher" if min(bounded) > of["identity"] else "lower"
            said.append(f"With {norm} BatchNorm it is {way} with bounded shortcuts than with identity.")
    return said


def _at(own: Sequence[Group], step: int, value: Callable[[Mapping], float | None]) -> list[tuple[Group, Interval]]:
    found = [(group, interval_of([value(moment) for moment in group.moments(step)])) for group in own]
    return [(group, interval) for group, interval in found if interval is not None]


def _start(own: Sequence[Group], value: Callable[[Mapping], float | None]) -> list[tuple[Group, Interval]]:
    return _at(own, 0, value)


def _extremes(what: str, found: Sequence[tuple[Group, Interval]]) -> str:
    """The smallest and the largest of these numbers, from their decimal logarithms."""
    if not found:
        return f"{what}: not defined."
    ends = min(found, key=lambda one: one[1].mean), max(found, key=lambda one: one[1].mean)
    said = [
        f"{10**interval.mean:.3g} ({group.network}, {group.shortcut}, {group.normalisation}, n = {interval.n})"
        for group, interval in ends
    ]
    return f"{what}: from {said[0]} to {said[1]}."


def _moved(group: Group) -> str:
    """How far the scalars of a group went, in words."""
    step = max(step for step in group.steps if group.moments(step))
    spans = []
    for name in "ac":
        mean = np.mean([moment["scalars"][name] for moment in group.moments(step)], axis=0)
        spans.append(f"{name} {mean.min():.3f} to {mean.max():.3f}")
    return f"{group.network}, {group.normalisation}, at step {step}: {' and '.join(spans)}."


def _where(contents: Mapping) -> str:
    protocol = contents["protocol"]
    return f"{protocol['name']} {protocol['version']}, {protocol['input_size']} pixels, recipe {protocol['recipe_name']}"


def _scalars(group: Group) -> Mapping:
    return group.seeds[0]["moments"][0]["scalars"]


def _log10(first: float, last: float) -> float | None:
    return float(np.log10(first / last)) if first > 0 and last > 0 else None


def _factor(logs: Sequence[float | None]) -> Entry:
    """The entry for a positive number, from its decimal logarithms, one per seed."""
    interval = interval_of(logs)
    if interval is None:
        words = "not defined" if logs else "diverged"
        return Entry(words, {"note": words})
    mean, low, high = (None if value is None else 10**value for value in interval[:3])
    shown = f"{mean:.3g}" + ("" if low is None else f" [{low:.3g}, {high:.3g}]")
    return Entry(shown, {"mean": mean, "low": low, "high": high})
