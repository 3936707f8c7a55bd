"""Curves of the primary metric over the severities of corruptions, one figure per protocol or a few."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from benchmark.measures.robustness.file import Measured
from benchmark.records.comparisons import Comparison, Summary
from benchmark.records.metrics import METRICS
from benchmark.records.written import number
from benchmark.report.cell_words import called
from benchmark.report.extremes import comparable, held
from benchmark.report.parts import Drawing
from benchmark.report.sections.panels import LINES, numbered, panels_of
from benchmark.report.style import Look, fixed_panels, outer_labels, sentences

Own = Mapping[str, Sequence[Mapping]]  # cell label -> its measured seeds


def drawings(summary: Summary, found: Measured) -> list[Drawing]:
    """The figures of every protocol that was measured. Must be called inside `benchmark.report.style.styled`."""
    made = []
    for comparison in summary.comparisons:
        if own := found.get(comparison.slug):
            caption = (
                f"{comparison.slug}: {METRICS[comparison.primary].title} at severities 1 to 5 of each corruption, 0 = test "
                "faces as they are; mean over seeds that were measured; dashed: frozen normalisation"
            )
            sheets = _sheets(comparison, own)
            for name, looks in zip(numbered(f"{comparison.slug}-robustness", len(sheets)), sheets, strict=True):
                figure = severity_curves(comparison, own, looks)
                made.append(Drawing(name, figure, caption, _described(comparison, own, looks)))
    return made


def _sheets(comparison: Comparison, own: Own) -> list[dict[str, Look]]:
    """The cells of each figure with their looks: those of one network and loss together, so that colour and line tell them
    apart; the first figure also has the first few networks outside the grid."""
    grid: dict[tuple[str, str], dict[str, Look]] = {}
    others = []
    for panel in panels_of(comparison, own):
        if panel.title.startswith("other networks"):
            others.append({label: look for label, (_, look) in panel.cells.items()})
            continue
        network = panel.title.partition(" · ")[0]
        rest = panel.title.rpartition(panel.loss)[2]
        grid.setdefault((network + rest, panel.loss), {}).update({label: look for label, (_, look) in panel.cells.items()})
    sheets = list(grid.values())
    if sheets and others and len(others[0]) <= LINES:
        sheets[0] |= others.pop(0)
    return sheets + others


def severity_curves(comparison: Comparison, own: Own, looks: Mapping[str, Look]) -> Figure:
    """One panel per corruption, one line per cell; the last panel is the key."""
    kinds = list(next(iter(own.values()))[0]["corrupted"])
    figure, axes = fixed_panels(len(kinds) + 1, 4, (2.0, 1.5), left=0.35, bottom=0.3, top=0.35, right=0.45, grid=True)
    metric = METRICS[comparison.primary]
    scale = 100 if metric.unit == "%" else 1
    for axis, kind in zip(axes, kinds, strict=False):
        axis.set_title(kind, fontsize=9.5)
        if axis is not axes[0]:
            axis.sharey(axes[0])
        for label, look in looks.items():
            mean = scale * _means(comparison, own[label], kind)  # NaN, a gap in the line, where a value is not defined
            axis.plot(range(len(mean)), mean, look.line, color=look.colour, linewidth=1.5)
        axis.xaxis.set_major_locator(FixedLocator(range(6)))
        axis.yaxis.set_major_locator(MaxNLocator(4))
    key = axes[len(kinds)]
    key.set_axis_off()
    key.set(xlim=(0, 1), ylim=(max(6, len(looks)), 0))
    for row, (label, look) in enumerate(looks.items(), 1):
        key.plot([-0.2, -0.06], [row - 0.5] * 2, look.line, color=look.colour, linewidth=1.5, clip_on=False)
        key.text(-0.02, row - 0.5, called(comparison, label), va="center", fontsize=8)
    outer_labels(figure, "severity", metric.title + (", %" if scale == 100 else ""))
    return figure


def _means(comparison: Comparison, seeds: Sequence[Mapping], kind: str) -> np.ndarray:
    """float64 (severities + 1,): mean over the measured seeds, clean faces first."""
    metric = comparison.primary
    curves = [[each["clean"][metric], *(step[metric] for step in each["corrupted"][kind])] for each in seeds]
    return np.array(curves, float).mean(axis=0)


def _described(comparison: Comparison, own: Own, looks: Mapping[str, Look]) -> str:
    """The largest and the smallest loss, as changes: under a corruption a metric can rise as well."""
    metric, changes = METRICS[comparison.primary], []
    for label in comparable(comparison, looks):
        for kind in own[label][0]["corrupted"]:
            mean = _means(comparison, own[label], kind)
            if np.isfinite(mean[[0, -1]]).all():
                changes.append((float(mean[-1] - mean[0]), label, kind))
    said = []
    if changes:
        points = " points" if metric.unit == "%" else ""
        ends = [
            f"{number(change, metric.unit, signed=True)}{points} ({kind}, {called(comparison, label)})"
            for change, (label, kind) in {change: own for change, *own in (max(changes), min(changes))}.items()
        ]
        said = [f"{metric.title} from clean faces to the highest severity: {' to '.join(reversed(ends))}."]
    elif comparable(comparison, looks):
        said = [f"{metric.title} is not defined at the highest severity."]
    return sentences([*said, *held(comparison, looks)], "")
