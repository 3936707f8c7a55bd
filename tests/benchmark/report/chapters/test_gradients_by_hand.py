"""Table and figures of the gradients from made-up moments, no two numbers of which are equal, by hand. Values are powers of
ten, so that geometric means can be read; the 95 % t-interval of two values is their mean +- 12.7062 / 2 times their
difference."""

import matplotlib.colors
import pytest

from benchmark.claims.gradient_rule import MARGIN
from benchmark.report.chapters import gradients
from benchmark.report.sections import gradient_figures
from benchmark.report.style import SHORTCUT_COLOURS

HALF = 12.70620473617471 / 2  # the quantile 0.975 of t with one degree of freedom: tan(0.475 pi)


def moment(step, first, last, weights, loss, deviation, scalars=None):
    return {
        "step": step, "gradient": [first, 7.0, last], "weights": weights, "loss": loss, "deviation": deviation,
        "scalars": scalars or {},
    }  # fmt: skip


def measured(shortcut, normalisation, seed, moments, *, network="net", layers=9, status="finished", steps=(0, 5)):
    return {
        "network": network, "layers": layers, "shortcut": shortcut, "normalisation": normalisation, "seed": seed,
        "steps": list(steps), "status": status, "moments": moments,
    }  # fmt: skip


@pytest.fixture
def contents():
    """Seed 1 of identity diverged before step 5."""
    found = [
        measured("identity", "frozen", 0, [moment(0, 100.0, 10.0, [8.0, 5.0, 2.0], 1.0, [3.0, 1.0, 10.0]),
                                           moment(5, 9000.0, 3.0, [6.0, 9.0, 3.0], 2.5, [4.0, 1.0, 40.0])]),
        measured("identity", "frozen", 1, [moment(0, 1000.0, 1.0, [8.0, 5.0, 0.5], 100.0, [30.0, 1.0, 1000.0])],
                 status="diverged"),
        measured("adaptive", "frozen", 0, [moment(0, 2.0, 5.0, [1.0, 2.0, 4.0], 3.0, [5.0, 6.0, 7.0],
                                                  {"a": [1.0, 1.0], "c": [1.0, 1.0]}),
                                           moment(5, 3.0, 6.0, [1.0, 2.0, 5.0], 3.5, [5.0, 6.0, 8.0],
                                                  {"a": [1.2, 0.9], "c": [2.0, 0.5]})]),
        measured("adaptive", "frozen", 1, [moment(0, 8.0, 5.0, [4.0, 2.0, 4.0], 12.0, [5.0, 6.0, 28.0],
                                                  {"a": [1.0, 1.0], "c": [1.0, 1.0]}),
                                           moment(5, 12.0, 6.0, [1.0, 2.0, 6.0], 14.0, [5.0, 6.0, 9.0],
                                                  {"a": [1.6, 0.7], "c": [3.0, 0.0]})]),
        measured("fixed", "working", 0, [moment(0, 2.0, 8.0, [3.0, 1.0, 7.0], 1.5, [0.5, 2.0, 13.0])], steps=(0,),
                 network="other", layers=5),
    ]  # fmt: skip
    protocol = {"name": "p", "version": "1.0", "input_size": 32, "recipe_name": "quick"}
    return {"plan": "x", "protocol": protocol, "images": 17, "measurements": found}


def factor(*values):
    """The entry of two seeds' values, powers of ten: 10 to the mean logarithm and to the ends of its interval."""
    mean, half = sum(values) / 2, HALF * abs(values[0] - values[1])
    return pytest.approx({"mean": 10**mean, "low": 10 ** (mean - half), "high": 10 ** (mean + half)})


def test_each_row_has_its_own_moment_and_each_column_its_quantity(contents):
    table = gradients.table(contents)
    names = ("network", "layers", "shortcut", "normalisation", "step", "n")
    assert [tuple(row[name].text for name in names) for row in table.rows] == [
        ("other", "5", "fixed", "working", "0", "n = 1, no interval"),
        ("net", "9", "identity", "frozen", "0", "n = 2"),
        ("net", "9", "identity", "frozen", "5", "n = 1, no interval; diverged 1 of 2"),
        ("net", "9", "adaptive", "frozen", "0", "n = 2"),
        ("net", "9", "adaptive", "frozen", "5", "n = 2"),
    ]
    other, start, end, *_ = table.rows
    assert start["ratio"].numbers == factor(1, 3) and start["loss"].numbers == factor(0, 2)
    assert start["deviation"].numbers == factor(1, 3)
    assert start["weights"].numbers["mean"] == pytest.approx(8)  # of 4 and 16
    assert {key: end[key].text for key in ("ratio", "weights", "loss", "deviation")} == {
        "ratio": "3e+03", "weights": "2", "loss": "2.5", "deviation": "40",
    }  # fmt: skip
    assert {key: other[key].text for key in ("ratio", "weights", "loss", "deviation")} == {
        "ratio": "0.25", "weights": "0.429", "loss": "1.5", "deviation": "13",
    }  # fmt: skip
    assert "probe of 17 pictures" in table.notes[0] and "p 1.0, 32 pixels, recipe quick" in table.notes[0]


def test_a_seed_without_a_number_leaves_the_row_without_one(contents):
    contents["measurements"][0]["moments"][0]["gradient"][-1] = 0.0
    row = gradients.table(contents).rows[1]
    assert row["ratio"].text == "not defined" and row["loss"].text != "not defined"
    for end in (0, -1):
        contents["measurements"][0]["moments"][0]["weights"][end] = 0.0
        assert gradients.table(contents).rows[1]["weights"].text == "not defined"
        contents["measurements"][0]["moments"][0]["weights"][end] = 1.0


def panel(figure, title):
    return next(axis for axis in figure.axes if axis.get_title(loc="left") == title or axis.get_title() == title)


def test_lines_along_the_units_are_geometric_means_relative_to_the_last(contents, dressed):
    own = gradients.groups(contents)
    norm = panel(gradient_figures.along_units(own, "gradient", ""), "identity, frozen BatchNorm").get_lines()
    # Seeds (100, 7, 10) / 10 and (1000, 7, 1) / 1.
    assert [line.get_xdata().tolist() for line in norm] == [[0, 0.5, 1]]
    assert norm[0].get_ydata() == pytest.approx([100, (0.7 * 7) ** 0.5, 1])
    drawn = {each.name: each.figure for each, _ in zip(gradients.drawings(contents), range(2), strict=False)}
    deviation = panel(drawn["gradients-x-deviation"], "identity, frozen BatchNorm").get_lines()
    assert deviation[0].get_ydata() == pytest.approx([(3 * 30) ** 0.5, 1, 100])
    assert dressed(drawn["gradients-x-norm"]) == ALONG


def said_of(found):
    return next(gradients.drawings(found)).description


def test_the_deepest_network_says_on_which_side_of_identity_the_bounded_shortcuts_are(contents, dressed):
    """Identity 10 and 1000, so 100; adaptive 2/5 and 8/5, so 0.8. Of the network with fewer layers nothing is said."""
    said = "working BatchNorm" not in said_of(contents) and said_of(contents)
    assert "net: frozen BatchNorm identity 100, adaptive 0.8. With frozen" in said
    assert said.endswith("With frozen BatchNorm it is lower with bounded shortcuts than with identity.")
    contents["measurements"].append(measured("fixed", "frozen", 0, [moment(0, 500.0, 1.0, [1.0], 1.0, [1.0])], steps=(0,)))
    assert said_of(contents).endswith("adaptive 0.8."), "fixed is above identity, adaptive below"
    contents["measurements"][2:4] = []
    assert said_of(contents).endswith(
        "fixed 500. With frozen BatchNorm it is higher with bounded shortcuts than with identity."
    )


def test_ratio_against_depth_has_its_mean_and_interval_beside_each_other(contents, dressed):
    frozen = panel(gradient_figures.against_depth(gradients.groups(contents)), "frozen BatchNorm")
    dots = {tuple(matplotlib.colors.to_rgb(line.get_color())): line.get_xydata().tolist() for line in frozen.get_lines()}
    colour = {name: matplotlib.colors.to_rgb(own) for name, own in SHORTCUT_COLOURS.items()}
    assert dots[colour["identity"]] == [[8, pytest.approx(100)]]  # of 10 and 1000; nine layers, drawn to the left
    assert dots[colour["adaptive"]] == [[10, pytest.approx(0.8)]]  # of 0.4 and 1.6; to the right
    bars = {bar.get_segments()[0][0][0]: bar.get_segments()[0][:, 1] for bar in frozen.collections}
    # The interval, 10^-10.7 to 10^14.7, is cut two powers of ten beyond the means of the figure, 0.25 and 100.
    assert 2 - 2 * HALF < -10 and bars[8] == pytest.approx([0.0025, 10_000])
    cut = [(line.get_marker(), *line.get_xydata()[0].tolist()) for line in frozen.get_lines() if line.get_marker() in "v^"]
    low = pytest.approx(0.0025)  # also the end of adaptive's, 10^-3.9
    assert cut == [("v", 8, low), ("^", 8, pytest.approx(10_000)), ("v", 10, low)]
    (band,) = frozen.patches
    assert sorted({band.get_y(), band.get_y() + band.get_height()}) == pytest.approx([1 / MARGIN, MARGIN])
    assert dressed(frozen.figure) == DEPTH


def test_ratio_through_training_by_seed_and_as_geometric_mean_of_whole_steps(contents, dressed):
    """Identity has one seed at step 5: its mean ends at the start."""
    trained = [group for group in gradients.groups(contents) if group.steps[-1]]
    axis = panel(gradient_figures.through_training(trained), "net, frozen BatchNorm")
    lines = [line.get_xydata().tolist() for line in axis.get_lines()]
    expected = [
        [[0, 10], [5, 3000]], [[0, 1000]], [[0, 100]],
        [[0, 0.4], [5, 0.5]], [[0, 1.6], [5, 2]], [[0, 0.8], [5, 1]],
    ]  # fmt: skip
    assert [[pytest.approx(point) for point in line] for line in expected] == lines
    assert [text.get_text() for text in axis.texts] == ["identity: diverged 1 of 2", "adaptive"]
    assert dressed(axis.figure) == TRAINING


def test_scalars_are_means_over_seeds_with_the_whole_way_of_each_unit(contents, dressed):
    adaptive = [group for group in gradients.groups(contents) if group.shortcut == "adaptive"]
    ways, scalars, slope = gradient_figures.learned_scalars(adaptive).axes
    paths = [line.get_xydata().tolist() for line in ways.get_lines() if len(line.get_xdata()) == 2]
    assert paths == [[[1, 1], pytest.approx([1.4, 2.5])], [[1, 1], pytest.approx([0.8, 0.25])]]
    ends = [line.get_xydata()[0].tolist() for line in ways.get_lines() if line.get_marker() == "o"]
    assert ends == [pytest.approx([1.4, 2.5]), pytest.approx([0.8, 0.25])]
    assert [text.get_text() for text in ways.texts] == ["unit 1", "unit 2"]
    a, c = scalars.get_lines()[:2]
    assert a.get_ydata() == pytest.approx([1.4, 0.8]) and c.get_ydata() == pytest.approx([2.5, 0.25])
    assert {text.get_text(): text.get_color() for text in scalars.texts} == {"a": a.get_color(), "c": c.get_color()}
    start, end = slope.get_lines()
    assert start.get_ydata() == pytest.approx([0.5, 0.5])
    assert end.get_ydata() == pytest.approx([(1 / 5 + 1 / 10) / 2, (1 / 1.25 + 1) / 2])
    assert dressed(slope.figure) == SCALARS


# What stands around the data of each figure (conftest.py).
ALONG = """\
10.25 5.25 inches
place in the stack: 0 before the first unit, 1 behind the last | at 0.517 0.019
gradient norm, 1 behind the last unit | at 0.01 0.533
panel 0 at 0.073 0.59 0.263 0.343: identity, working BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
panel 1 at 0.395 0.59 0.263 0.343: fixed, working BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
  text: other | at 0.31 0.25
panel 2 at 0.717 0.59 0.263 0.343: adaptive, working BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
panel 3 at 0.073 0.124 0.263 0.343: identity, frozen BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
  text: net | at 0.31 100
panel 4 at 0.395 0.124 0.263 0.343: fixed, frozen BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
panel 5 at 0.717 0.124 0.263 0.343: adaptive, frozen BatchNorm
  x: -, linear, -0.5 1, ticks 0 0.5 1
  y: -, log, 0.185 134.928, ticks 1 10 100
  text: net | at 0.31 0.8"""
DEPTH = """\
9.75 3.4 inches
weight layers (the three shortcuts of a network stand side by side) | at 0.518 0.029
gradient, first / last unit | at 0.01 0.551
panel 0 at 0.082 0.191 0.359 0.706: working BatchNorm
  x: -, linear, 4.725 5.275, ticks 4.8 4.9 5 5.1 5.2
  y: -, log, 0.001 21384.7, ticks 0.01 1 100 10000
  text: fixed | at 1.02 0.25
  line: 5 | 0.25
  Rectangle: 4.725 0.1 5.275 10
panel 1 at 0.564 0.191 0.359 0.706: frozen BatchNorm
  x: -, linear, 7.9 10.1, ticks 8 9 10
  y: -, log, 0.001 21384.7, ticks 0.01 1 100 10000
  text: identity | at 1.02 100
  text: adaptive | at 1.02 0.8
  line: 8 | 0.002
  line: 8 | 10000
  line: 8 | 100
  line: 10 | 0.002
  line: 10 | 0.8
  Rectangle: 7.9 0.1 10.1 10"""
TRAINING = """\
5.3 2.9 inches
optimiser steps | at 0.533 0.034
gradient, first / last unit | at 0.019 0.56
panel 0 at 0.151 0.224 0.547 0.655: net, frozen BatchNorm
  x: -, symlog, -0.25 5.25, ticks 0 5
  y: -, log, 0.06 5023.16, ticks 0.1 1 10 100 1000
  text: identity: diverged 1 of 2 | at 1.02 100
  text: adaptive | at 1.02 1
  line: 0 5 | 10 3000
  line: 0 | 1000
  line: 0 | 100
  line: 0 5 | 0.4 0.5
  line: 0 5 | 1.6 2
  line: 0 5 | 0.8 1
  Rectangle: -0.25 0.1 5.25 10"""
SCALARS = """\
10.25 3.4 inches
panel 0 at 0.078 0.25 0.244 0.647: net, frozen: steps 0 to 5
  x: a, linear, 0.77 1.43, ticks 0.8 1 1.2 1.4
  y: c, linear, 0.138 2.612, ticks 0.8 1.6 2.4
  text: unit 1 | at 4 3
  text: unit 2 | at 4 3
  line: 1 1.4 | 1 2.5
  line: 1.4 | 2.5
  line: 1 0.8 | 1 0.25
  line: 0.8 | 0.25
  line: 1 | 1
panel 1 at 0.4 0.25 0.244 0.647: a and c at step 5
  x: unit, linear, 0.95 2.05, ticks 1 2
  y: -, linear, 0.138 2.612, ticks 0.8 1.6 2.4
  text: a | at 1.02 0.8
  text: c | at 1.02 0.25
  line: 1 2 | 1.4 0.8
  line: 1 2 | 2.5 0.25
  line: 0 1 | 1 1
panel 2 at 0.722 0.25 0.244 0.647: slope at 0
  x: unit, linear, 0.95 2.05, ticks 1 2
  y: -, linear, 0.113 0.938, ticks 0.25 0.5 0.75
  line: 1 2 | 0.5 0.5
  line: 1 2 | 0.15 0.9"""
