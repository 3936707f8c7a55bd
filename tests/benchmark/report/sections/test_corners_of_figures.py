"""Figures with much or with little to show: long names, many networks, published figures, nothing at all."""

import numpy as np
import pytest

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.report.chapters import robustness
from benchmark.report.sections import circumplex as circular
from benchmark.report.sections import figures
from benchmark.report.sections import reliability as reliable
from benchmark.report.sections.circumplex import circumplex
from benchmark.report.sections.cost_figure import COUNTS, TIMES, accuracy_against_cost
from benchmark.report.sections.reliability import reliability
from benchmark.report.style import INK, ON_COLOUR

A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")
LONG = Cell("narrow16-50-adaptive-working-plain-and-more", "long", {}, "plain")


def history(*losses):
    return [
        {"epoch": k, "train_loss": loss, "validation": {"loss": 2 * loss}, "test": {"loss": 9.0}}
        for k, loss in enumerate(losses, 1)
    ]


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_nothing_to_show_is_said_for_each_protocol(run, comparison):
    own = comparison(run(A, 0, None))
    lost = "synthetic-8: every run diverged"
    assert [words(draw(own)) for draw in (figures.confusion, reliability, circumplex)] == [[lost]] * 3
    assert words(accuracy_against_cost(comparison(run(A, 0, {"accuracy": 0.5})), None, COUNTS)) == [
        "synthetic-8: no cell with both a result and a measured network"
    ]
    assert words(figures.headline(Summary((own,)))) == ["not tested: no two records differ in the shortcut alone"]


def test_a_long_name_is_broken_into_lines(run, comparison):
    """At hyphens, into lines of at most 30 letters; with the number of seeds, of at most 32."""
    binned = {name: [1.0] * 15 for name in ("count", "confidence", "correct")}
    counts = np.eye(8, dtype=int).tolist()
    scores = {"calibration": binned, "ece": 0.031, "confusion": counts}
    arrays = {"test_targets": np.zeros((2, 2), np.float32), "test_outputs_none": np.zeros((2, 2), np.float32)}
    own = comparison(run(LONG, 0, scores, history=history(1.0), arrays=arrays), targets=np.zeros((2, 2), np.float32))
    name = "narrow16-50-adaptive-working-\nplain-and-more"
    assert figures.learning_curves(own).axes[0].get_title() == name
    assert reliability(own).axes[0].get_title() == f"{name}\nECE 3.10 %"
    assert circumplex(own).axes[1].get_title() == name
    assert figures.confusion(own).axes[0].get_title() == f"{name} (n = 1)"


@pytest.mark.parametrize("module, name, columns", [
    (figures, "learning_curves", 4), (reliable, "reliability", 4), (circular, "circumplex", 4), (figures, "confusion", 3),
])  # fmt: skip
def test_panels_stand_four_in_a_row_and_confusion_three(run, comparison, monkeypatch, module, name, columns):
    """Of five cells; the circumplex has a panel for the labels besides."""
    asked = []
    monkeypatch.setattr(module, "fixed_panels", lambda *given, **room: asked.append(given[:2]) or 1 / 0)
    own = comparison(*(run(Cell(f"c{k}-plain", f"c{k}", {}, "plain"), 0, {}) for k in range(5)))
    with pytest.raises(ZeroDivisionError):
        getattr(module, name)(own)
    assert asked == [(5 + (name == "circumplex"), columns)]


def counted(name, macs, trainable):
    return {f"synthetic-8/{name}": {"macs": macs, "parameters": {"trainable": trainable, "total": 9}, "latency": {
        "median_ms": macs / 1000}}}  # fmt: skip


def test_published_figures_stand_on_the_right_with_hollow_diamonds(run, comparison):
    """Twelve lines of 0.27 inches and one for space, and one inch around them; lines are at least one apart."""
    own = comparison(run(A, 0, {"accuracy": 0.5}), run(B, 0, {"accuracy": 0.7}))
    cells = counted("one-plain", 1000, 10) | counted("two-plain", 4000, 10_000)
    anchors = [(f"a{k}", 0.6 + 0.001 * k) for k in range(12)]
    figure = accuracy_against_cost(own, {"cells": cells}, COUNTS, anchors)
    assert figure.get_size_inches().tolist() == pytest.approx([2 * 2.35 + 4.45, 0.27 * 13 + 1])
    macs, parameters, names = figure.axes
    assert names.get_title(loc="right") == "hollow diamonds: published, other protocols"
    diamonds = [line for line in names.get_lines() if line.get_marker() == "D"]
    assert [line.get_xydata()[0].tolist() for line in diamonds] == [[0.99, pytest.approx(60 + 0.1 * k)] for k in range(12)]
    shown = {text.get_text(): text.get_position() for text in names.texts}
    assert {text for text in shown if text.startswith("a")} == {f"a{k}  {60 + 0.1 * k:.2f}" for k in range(12)}
    heights = [shown[f"a{k}  {60 + 0.1 * k:.2f}"] for k in range(12)]
    assert {x for x, _ in heights} == {0.93 - 0.01}
    low, high = names.get_ylim()
    line = 0.27 * (high - low) / (0.27 * 13)
    assert np.diff([y for _, y in heights]) == pytest.approx([line] * 11)
    leads = [line.get_xydata().tolist() for line in names.get_lines() if line.get_xdata()[0] == 0.98]
    assert leads == [[[0.98, pytest.approx(60 + 0.1 * k)], [0.93, pytest.approx(heights[k][1])]] for k in range(12)]
    # A decade of multiply-adds at least, from 1000 / 4000 in the middle; three decades of parameters with a margin.
    middle = (1000 * 4000) ** 0.5
    assert macs.get_xlim() == pytest.approx((middle * 10**-0.55, middle * 10**0.55))
    assert parameters.get_xlim() == pytest.approx((10 ** (2.5 - 0.55 * 3), 10 ** (2.5 + 0.55 * 3)))
    for axis, first in ((macs, {1.0, 2.0, 5.0}), (parameters, {1.0})):
        low, high = axis.get_xlim()
        ticks = [tick for tick in axis.xaxis.get_majorticklocs() if low <= tick <= high]
        assert {round(tick / 10 ** np.floor(np.log10(tick) + 1e-9), 6) for tick in ticks} == first


def test_networks_of_equal_cost_stand_side_by_side(run, comparison):
    """Ten of them: a tenth of the axis's decade together, in the order of the cells."""
    cells = [Cell(f"c{k}-plain", f"c{k}", {}, "plain") for k in range(10)]
    own = comparison(*(run(cell, 0, {"accuracy": 0.5 + 0.01 * k}) for k, cell in enumerate(cells)))
    found = {}
    for cell in cells:
        found |= counted(cell.name, 1000, 10)
    axis = accuracy_against_cost(own, {"cells": found}, TIMES).axes[0]
    x = np.log10([line.get_xdata()[0] for line in sorted(axis.get_lines(), key=lambda line: line.get_ydata()[0])])
    assert x == pytest.approx(0.01 * (np.arange(10) - 4.5))
    two = comparison(*(run(cell, 0, {"accuracy": 0.5 + 0.01 * k}) for k, cell in enumerate(cells[:2])))
    axis = accuracy_against_cost(two, {"cells": found}, TIMES).axes[0]
    assert np.log10([line.get_xdata()[0] for line in axis.get_lines()]) == pytest.approx([-0.01, 0.01])


def test_more_cells_than_colours_have_other_lines(run, comparison):
    """Seven colours: the eighth cell has the first colour, dashed; the fifteenth dotted; the twenty-second as the first."""
    cells = [Cell(f"c{k}-plain", f"c{k}", {}, "plain") for k in range(22)]
    one = {"clean": {"accuracy": 0.9}, "corrupted": {"blur": [{"accuracy": 0.5}] * 5}}
    own = comparison(*(run(cell, 0, {}) for cell in cells))
    lines = robustness.severity_curves(own, {cell.name: [one] for cell in cells}).axes[0].get_lines()
    assert len({line.get_color() for line in lines[:7]}) == 7
    for first, places, style in ((0, range(7), "-"), (7, range(7, 14), "--"), (14, range(14, 21), ":"), (21, [21], "-")):
        assert [lines[k].get_color() for k in places] == [lines[k - first].get_color() for k in places]
        assert {lines[k].get_linestyle() for k in places} == {style}
    va = comparison(run(Cell("one-mse", "one", {}, "mse"), 0, {}, protocol="synthetic-va"))
    one = {"clean": {"ccc_mean": 0.9}, "corrupted": {"blur": [{"ccc_mean": None}] + [{"ccc_mean": 0.5}] * 4}}
    figure = robustness.severity_curves(va, {"one-mse": [one]})
    assert figure.axes[0].get_lines()[0].get_ydata() == pytest.approx([0.9, np.nan, 0.5, 0.5, 0.5, 0.5], nan_ok=True)
    assert figure.get_supylabel() == "CCC mean"


def test_valence_and_arousal_are_drawn_as_they_are(run, comparison):
    """No percent: the axis has the metric's name alone, and the numbers are not multiplied."""
    options = {"units": [1, 1, 1], "normalisation": "working"}
    cells = [Cell(f"net-{s}-working-mse", "residual", options | {"shortcut": s}, "mse") for s in ("identity", "fixed")]
    runs = [
        run(cell, 0, {"ccc_mean": value}, protocol="synthetic-va") for cell, value in zip(cells, (0.31, 0.42), strict=True)
    ]
    own = comparison(*runs)
    (axis,) = figures.headline(Summary((own,))).axes
    (dot,) = [line for line in axis.get_lines() if line.get_marker() == "o"]
    assert dot.get_xydata().tolist() == [[pytest.approx(0.11), 0]]
    assert axis.get_xlabel().startswith("test CCC mean; right of 0")
    assert [text.get_text() for text in axis.texts] == ["+0.110, n = 1, no interval"]
    found = {f"synthetic-va/{cell.name}": {"macs": 10, "parameters": {"trainable": 1}} for cell in cells}
    first = accuracy_against_cost(own, {"cells": found}, COUNTS).axes[0]
    assert first.get_ylabel() == "test CCC mean"
    assert sorted(line.get_ydata()[0] for line in first.get_lines()) == pytest.approx([0.31, 0.42])


def test_a_share_above_four_fifths_is_written_in_white(run, comparison):
    confused = np.zeros((8, 8), int)
    confused[0, :2], confused[1, 1:3] = (80, 20), (81, 19)
    (axis,) = figures.confusion(comparison(run(A, 0, {"confusion": confused.tolist()}))).axes
    colours = {text.get_text(): text.get_color() for text in axis.texts if text.get_text() in ("80", "81", "20")}
    assert colours == {"80": INK, "81": ON_COLOUR, "20": INK}
