"""Figures with much or with little to show: long names, many networks, published figures, nothing at all."""

import numpy as np
import pytest

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.report.sections import headline, severities
from benchmark.report.sections.circumplex import circumplex
from benchmark.report.sections.cost_figure import COUNTS, TIMES, accuracy_against_cost, cuts
from benchmark.report.sections.curves import learning_curves
from benchmark.report.sections.reliability import reliability
from benchmark.report.style import SHORTCUT_COLOURS

A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")


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
    assert [words(draw(own)[0].figure) for draw in (reliability, circumplex)] == [[lost]] * 2
    nothing = accuracy_against_cost(comparison(run(A, 0, {"accuracy": 0.5})), None, COUNTS, "x")
    assert words(nothing.figure) == ["synthetic-8: no cell with both a result and a measured network"]
    assert words(headline.headline(headline.groups(Summary((own,))))) == [
        "not tested: no two records differ in the shortcut alone"
    ]
    assert learning_curves(own)[0].description == "No cell here has a run that reached its last epoch."


@pytest.mark.parametrize("draw, panels, columns", [(learning_curves, [5, 4], 3), (reliability, [5, 4], 3),
                         (circumplex, [6, 5], 3)])  # fmt: skip
def test_many_cells_stand_in_several_figures_of_at_most_six_panels(run, comparison, draw, panels, columns):
    """Nine networks, one cell each; the circumplex has a panel for the labels besides, in each figure."""
    binned = {name: [1.0] * 15 for name in ("count", "confidence", "correct")}
    arrays = {"test_targets": np.zeros((2, 2), np.float32), "test_outputs_none": np.zeros((2, 2), np.float32)}
    options = {"units": [1, 1, 1], "shortcut": "fixed", "normalisation": "working"}
    cells = [Cell(f"n{k}-fixed-working-plain", "m", options | {"width": k}, "plain") for k in range(9)]
    scores = {"calibration": binned, "ece": 0.031, "ccc_mean": 0.5, "accuracy": 0.5}
    runs = [run(cell, 0, scores, history=history(1.0), arrays=arrays) for cell in cells]
    made = draw(comparison(*runs, targets=np.zeros((2, 2), np.float32)))
    assert [len(each.figure.axes) for each in made] == panels
    assert [each.name.partition("synthetic-8-")[2].partition("-")[2] for each in made] == ["", "2"]
    left = {round(axis.get_position().x0, 6) for axis in made[0].figure.axes}
    assert len(left) == columns
    titles = [axis.get_title() for each in made for axis in each.figure.axes if axis.get_title() != "the labels"]
    assert [title.partition(" ")[0] for title in titles] == [f"n{k}" for k in range(9)]


def test_networks_outside_the_grid_share_a_panel_four_at_a_time(run, comparison):
    cells = [Cell(f"c{k}-plain", f"c{k}", {}, "plain") for k in range(5)]
    own = comparison(*(run(cell, 0, {}, history=history(*[1.0 + k] * 4)) for k, cell in enumerate(cells)))
    (made,) = learning_curves(own)
    assert [[text.get_text() for text in axis.texts] for axis in made.figure.axes] == [["c0", "c1", "c2", "c3"], ["c4"]]
    assert len({line.get_color() for line in made.figure.axes[0].get_lines()}) == 4


def test_an_interval_ends_where_no_value_is_possible_and_is_marked(run, comparison):
    """Accuracies 0.02 and 0.9 of two seeds; the interval of their mean reaches beyond 0 and 1."""
    own = comparison(run(A, 0, {"accuracy": 0.02}), run(A, 1, {"accuracy": 0.9}))
    made = accuracy_against_cost(own, {"cells": counted("one-plain", 1000, 10)}, TIMES, "x")
    axis = made.figure.axes[0]
    assert axis.collections[0].get_segments()[0][:, 1].tolist() == [0, 100]
    assert {line.get_marker(): line.get_ydata()[0] for line in axis.get_lines()} == {"v": 0, "^": 100, "o": 46}
    assert cuts(own) and not cuts(comparison(run(A, 0, {"accuracy": 0.5}), run(A, 1, {"accuracy": 0.51})))


def test_a_difference_ends_at_what_is_possible(run, comparison):
    options = {"units": [1, 1, 1], "normalisation": "working"}
    first, other = (
        Cell(f"net-{s}-working-plain", "residual", options | {"shortcut": s}, "plain") for s in ("identity", "fixed")
    )
    values = {first: (0.9, 0.1), other: (0.2, 0.9)}
    own = comparison(*(run(c, seed, {"accuracy": v}) for c, of in values.items() for seed, v in enumerate(of)))
    found = headline.groups(Summary((own,)))
    (axis,) = headline.headline(found).axes
    assert axis.collections[0].get_segments()[0][:, 0].tolist() == [-100, 100]
    assert {"<", ">"} <= {line.get_marker() for line in axis.get_lines()} and headline.cuts(found)


def counted(name, macs, trainable):
    return {f"synthetic-8/{name}": {"macs": macs, "parameters": {"trainable": trainable, "total": 9}, "latency": {
        "median_ms": macs / 1000}}}  # fmt: skip


def test_published_figures_stand_on_the_right_with_hollow_diamonds(run, comparison):
    """Twelve lines of 0.23 inches and one for space, and room around them; lines are at least one apart."""
    own = comparison(run(A, 0, {"accuracy": 0.5}), run(B, 0, {"accuracy": 0.7}))
    cells = counted("one-plain", 1000, 10) | counted("two-plain", 4000, 10_000)
    anchors = [(f"a{k}", 0.6 + 0.001 * k) for k in range(12)]
    figure = accuracy_against_cost(own, {"cells": cells}, COUNTS, "x", anchors).figure
    assert figure.get_size_inches().tolist() == pytest.approx([0.65 + 2 * 2.25 + 6.6, 0.23 * 13 + 0.85])
    macs, parameters, names = figure.axes
    assert names.get_title(loc="right") == "hollow diamonds: published, other protocols"
    diamonds = [line for line in names.get_lines() if line.get_marker() == "D"]
    assert [line.get_xydata()[0].tolist() for line in diamonds] == [[0.99, pytest.approx(60 + 0.1 * k)] for k in range(12)]
    shown = {text.get_text(): text.get_position() for text in names.texts}
    assert {text for text in shown if text.startswith("a")} == {f"a{k}: {60 + 0.1 * k:.2f}" for k in range(12)}
    heights = [shown[f"a{k}: {60 + 0.1 * k:.2f}"] for k in range(12)]
    assert {x for x, _ in heights} == {0.93 - 0.01}
    low, high = names.get_ylim()
    line = (high - low) / 13
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
    axis = accuracy_against_cost(own, {"cells": found}, TIMES, "x").figure.axes[0]
    x = np.log10([line.get_xdata()[0] for line in sorted(axis.get_lines(), key=lambda line: line.get_ydata()[0])])
    assert x == pytest.approx(0.01 * (np.arange(10) - 4.5))
    two = comparison(*(run(cell, 0, {"accuracy": 0.5 + 0.01 * k}) for k, cell in enumerate(cells[:2])))
    axis = accuracy_against_cost(two, {"cells": found}, TIMES, "x").figure.axes[0]
    assert np.log10([line.get_xdata()[0] for line in axis.get_lines()]) == pytest.approx([-0.01, 0.01])


def test_severities_have_one_line_a_cell_and_one_key(run, comparison):
    """One figure a network and loss; the first four others stand in the first figure."""
    options = {"units": [1, 1, 1], "shortcut": "fixed", "normalisation": "frozen"}
    cells = [Cell(f"n{k}-fixed-frozen-plain", "m", options | {"width": k}, "plain") for k in range(2)]
    cells += [Cell(f"c{k}-plain", f"c{k}", {}, "plain") for k in range(5)]
    one = {"clean": {"accuracy": 0.9}, "corrupted": {"blur": [{"accuracy": 0.5}] * 4 + [{"accuracy": 0.4}]}}
    own = comparison(*(run(cell, 0, {}) for cell in cells))
    made = severities.drawings(Summary((own,)), {"synthetic-8": {cell.name: [one] for cell in cells}})
    assert [each.name for each in made] == [f"synthetic-8-robustness{end}" for end in ("", "-2", "-3")]
    keys = [[text.get_text() for text in each.figure.axes[-1].texts] for each in made]
    others = [f"c{k}-plain" for k in range(5)]
    assert keys == [["n0 · fixed · frozen · plain", *others[:4]], ["n1 · fixed · frozen · plain"], others[4:]]
    for each, key in zip(made, keys, strict=True):
        blur, explained = (axis.get_lines() for axis in each.figure.axes)
        looks = [[(line.get_color(), line.get_linestyle()) for line in lines] for lines in (blur, explained)]
        assert looks[0] == looks[1] and len(set(looks[0])) == len(key)
    first = made[0].figure.axes[0].get_lines()[0]
    assert (first.get_color(), first.get_linestyle()) == (SHORTCUT_COLOURS["fixed"], "--")
    assert "highest severity: -50.00 points (blur, " in made[0].description
    va = comparison(run(Cell("one-mse", "one", {}, "mse"), 0, {}, protocol="synthetic-va"))
    one = {"clean": {"ccc_mean": 0.9}, "corrupted": {"blur": [{"ccc_mean": None}] + [{"ccc_mean": 0.5}] * 4}}
    (made,) = severities.drawings(Summary((va,)), {"synthetic-va": {"one-mse": [one]}})
    shown = made.figure.axes[0].get_lines()[0].get_ydata()
    assert shown == pytest.approx([0.9, np.nan, 0.5, 0.5, 0.5, 0.5], nan_ok=True)
    assert "CCC mean" in words(made.figure)


def test_valence_and_arousal_are_drawn_as_they_are(run, comparison):
    """No percent: the axis has the metric's name alone, and the numbers are not multiplied."""
    options = {"units": [1, 1, 1], "normalisation": "working"}
    cells = [Cell(f"net-{s}-working-mse", "residual", options | {"shortcut": s}, "mse") for s in ("identity", "fixed")]
    runs = [
        run(cell, 0, {"ccc_mean": value}, protocol="synthetic-va") for cell, value in zip(cells, (0.31, 0.42), strict=True)
    ]
    own = comparison(*runs)
    (axis,) = headline.headline(headline.groups(Summary((own,)))).axes
    (dot,) = [line for line in axis.get_lines() if line.get_marker() == "o"]
    assert dot.get_xydata().tolist() == [[pytest.approx(0.11), 0]]
    assert axis.get_xlabel().startswith("CCC mean; right of 0")
    assert axis.texts[-1].get_text() == "+0.110, n = 1, no interval"
    found = {f"synthetic-va/{cell.name}": {"macs": 10, "parameters": {"trainable": 1}} for cell in cells}
    first = accuracy_against_cost(own, {"cells": found}, COUNTS, "x").figure.axes[0]
    assert first.get_ylabel() == "test CCC mean"
    assert sorted(line.get_ydata()[0] for line in first.get_lines()) == pytest.approx([0.31, 0.42])
