"""Figures: what they show, and that they are the same bytes each time."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from scipy.special import softmax

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.cell_words import called
from benchmark.report.sections import figures, headline
from benchmark.report.sections.circumplex import circumplex, shown_rows
from benchmark.report.sections.confusion import confusion
from benchmark.report.sections.cost_figure import COUNTS, TIMES, accuracy_against_cost
from benchmark.report.sections.curves import learning_curves
from benchmark.report.sections.reliability import calibration, reliability
from benchmark.report.style import PAPER, SHORTCUT_COLOURS, spread, styled, svg


@pytest.fixture(scope="module")
def summary(built):
    return summarise(read_records(built / "records"), built / "records")


def words(figure):
    import matplotlib.text

    return [t.get_text() for t in figure.findobj(matplotlib.text.Text)]


def test_bounded_shortcut_and_slope():
    x = np.linspace(-5, 5, 2001)
    for a, c in ((1.0, 1.0), (0.5, 1.0), (2.0, 0.0), (-1.5, 3.0)):
        value, slope = figures.bounded(x, a, c)
        assert np.gradient(value, x)[1:-1] == pytest.approx(slope[1:-1], rel=1e-3)
        assert slope.max() == pytest.approx(1 / (1 + c**2), rel=1e-4)
    assert figures.bounded(x, 1, 1)[0] == pytest.approx(np.arctan(x / np.sqrt(2)) / np.sqrt(2))


@pytest.mark.parametrize("positions", [[3.0, 1.0, 1.1, 1.2, 9.0], [0.0, 0.0, 0.0], [5.0], [1.0, 2.0]])
def test_spread_keeps_order_and_gaps(positions):
    placed = spread(positions, 1.0)
    order = np.argsort(positions, kind="stable")
    assert (np.diff(placed[order]) >= 1 - 1e-9).all()
    assert placed.mean() == pytest.approx(np.mean(positions))


def test_spread_leaves_what_fits():
    assert spread([4.0, 1.0, 9.0], 1.0).tolist() == [4.0, 1.0, 9.0]


def test_confusion_is_the_mean_of_row_normalised_matrices(summary):
    comparison, label = summary.comparisons[0], "net-fixed-working-plain"
    table, expected = confusion(comparison), []
    for run in comparison.runs[label]:
        targets, scores = run.record.outputs("test")
        matrix = np.zeros((8, 8))
        np.add.at(matrix, (targets, scores.argmax(1)), 1)
        expected.append(matrix / matrix.sum(1, keepdims=True))
    rows = [row for row in table.rows if row["cell"].text == label]
    assert [row["true"].text for row in rows] == comparison.classes and {row["n"].numbers[""] for row in rows} == {3}
    shown = [[row[f"predicted_{name}"].numbers[""] for name in comparison.classes] for row in rows]
    assert np.array(shown) == pytest.approx(np.mean(expected, axis=0))
    assert "net-adaptive-frozen-plain" not in {row["cell"].text for row in table.rows}  # every run of it diverged
    assert table.shaded and table.name == "synthetic-8-confusion" and confusion(summary.comparisons[1]) is None


def test_headline_names_every_pair_with_its_n(summary):
    found = headline.groups(summary)
    for draw in (headline.headline, headline.headline_narrow):
        text = words(draw(found))
        assert sum(t.endswith("n = 3") for t in text) == 3 and text.count("Drawn faces") == 1
        assert [t for t in text if t.startswith(("synthetic-8", "synthetic-va"))] == [
            f"{comparison.slug}, {comparison.protocol['epochs']} epochs" for comparison in summary.comparisons
        ]


def test_nothing_to_compare_says_so(make, cell, tmp_path):
    make(tmp_path, "synthetic-8", cell("adaptive", "frozen", "plain"), 0, diverged=True)
    summary = summarise(read_records(tmp_path), tmp_path)
    own = summary.comparisons[0]
    assert "not tested" in " ".join(words(headline.headline(headline.groups(summary))))
    assert confusion(own) is None
    for made in (accuracy_against_cost(own, None, COUNTS, "x"), *reliability(own)):
        assert "synthetic-8: " in words(made.figure)[0] and made.description.startswith("synthetic-8: ")
    with styled():
        assert all(svg(made.figure) for made in learning_curves(own))


def test_accuracy_against_cost_draws_the_interval_and_what_others_published(summary):
    comparison = summary.comparisons[0]
    costs = {"net-fixed-working-plain": (1000, 77, 2.5), "other_net-plain": (100_000, 7_700, 40.0)}
    cells = {
        f"synthetic-8/{label}": {"macs": macs, "parameters": {"trainable": n}, "latency": {"median_ms": ms}}
        for label, (macs, n, ms) in costs.items()
    }
    figure = accuracy_against_cost(
        comparison, {"cells": cells}, COUNTS | TIMES, "x", [("Elsewhere", 0.9), ("Other", 0.91)]
    ).figure
    mean = 100 * np.mean(list(comparison.metric("net-fixed-working-plain", "accuracy").values()))
    for axis, wanted in zip(figure.axes, zip(*costs.values(), strict=True), strict=False):
        points = {float(line.get_xdata()[0]): float(line.get_ydata()[0]) for line in axis.lines}
        assert set(points) == set(wanted)
        assert points[wanted[0]] == pytest.approx(mean)
        assert len(axis.collections) == 1  # one seed alone has no bar
    assert {"Elsewhere: 90.00", "Other: 91.00", f"net · fixed · working · plain: {mean:.2f}"} <= set(words(figure))
    hollow = [line for line in figure.axes[-1].lines if line.get_marker() == "D"]
    assert [float(line.get_ydata()[0]) for line in hollow] == [90, 91]
    assert {line.get_markerfacecolor() for line in hollow} == {PAPER}


def test_reliability_bins_are_those_of_the_scores(summary):
    comparison, label = summary.comparisons[0], "net-fixed-working-plain"
    found = calibration(comparison, label)
    confidence, right = [], []
    for run in comparison.runs[label]:
        targets, scores = run.record.outputs("test")
        probability = softmax(scores.astype(np.float64), axis=1)
        confidence += probability.max(axis=1).tolist()
        right += (probability.argmax(axis=1) == targets).tolist()
    bins = np.ceil(15 * np.array(confidence)).astype(int) - 1
    for k in range(15):
        own = bins == k
        assert found["share"][k] == pytest.approx(own.mean())
        if own.any():
            assert found["confidence"][k] == pytest.approx(np.array(confidence)[own].mean())
            assert found["accuracy"][k] == pytest.approx(np.array(right)[own].mean())
        else:
            assert np.isnan(found["accuracy"][k])
    panel = next(a for a in reliability(comparison)[0].figure.axes if "net · working" in a.get_title())
    (line,) = [line for line in panel.lines if line.get_color() == SHORTCUT_COLOURS["fixed"]]
    assert np.isfinite(found["accuracy"]).sum() == len(line.get_xdata())


def test_circumplex_draws_labels_and_first_finished_seed(summary):
    comparison = summary.comparisons[1]
    figure = circumplex(comparison)[0].figure
    assert [a.get_title() for a in figure.axes] == ["the labels", *(called(comparison, label) for label in comparison.runs)]
    targets, outputs = comparison.runs["net-adaptive-working-mse"][0].record.outputs("test")
    drawn = {a.get_title(): np.stack(a.lines[-1].get_data(), axis=1) for a in figure.axes}
    assert drawn["the labels"] == pytest.approx(targets)  # fewer than are shown at most
    assert drawn["net · adaptive · working · mse"] == pytest.approx(outputs)
    assert len(shown_rows(10_000)) == 120 and shown_rows(3).tolist() == [0, 1, 2]


def test_svg_is_well_formed_and_reproducible(summary):
    with styled():
        once, again = (svg(headline.headline(headline.groups(summary))) for _ in range(2))
    assert once == again
    ElementTree.fromstring(once)
    assert b"<dc:date>" not in once
