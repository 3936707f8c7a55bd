"""Figures: what they show, and that they are the same bytes each time."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from benchmark.records import read_records
from benchmark.report import figures
from benchmark.report.style import spread, styled, svg
from benchmark.report.summary import summarise


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
    comparison = summary.comparisons[0]
    figure = figures.confusion(comparison)
    label = "net-fixed-working-plain"
    (axis,) = [a for a in figure.axes if a.get_title(loc="left").startswith(label) or a.get_title().startswith(label)]
    expected = []
    for run in comparison.runs[label]:
        targets, scores = run.record.outputs("test")
        matrix = np.zeros((8, 8))
        np.add.at(matrix, (targets, scores.argmax(1)), 1)
        expected.append(matrix / matrix.sum(1, keepdims=True))
    drawn = np.asarray(axis.collections[0].get_array()).reshape(8, 8)
    assert drawn == pytest.approx(np.mean(expected, axis=0))
    assert not [t for t in words(figure) if t.startswith("net-adaptive-frozen")]  # every run of it diverged


def test_headline_names_every_pair_with_its_n(summary):
    text = words(figures.headline(summary))
    assert sum(t.endswith("n = 3") for t in text) == 3
    assert "synthetic-8" in text and "synthetic-va" in text


def test_nothing_to_compare_says_so(make, cell, tmp_path):
    make(tmp_path, "synthetic-8", cell("adaptive", "frozen", "plain"), 0, diverged=True)
    summary = summarise(read_records(tmp_path), tmp_path)
    assert "not tested" in " ".join(words(figures.headline(summary)))
    assert "every run diverged" in " ".join(words(figures.confusion(summary.comparisons[0])))
    assert "no cell" in " ".join(words(figures.accuracy_against_macs(summary.comparisons[0], None)))
    with styled():
        assert svg(figures.learning_curves(summary.comparisons[0]))


def test_accuracy_against_macs_draws_the_interval(summary):
    comparison = summary.comparisons[0]
    macs = {"net-fixed-working-plain": 1000, "other_net-plain": 100_000}
    cells = {f"synthetic-8/{label}": {"macs": value} for label, value in macs.items()}
    figure = figures.accuracy_against_macs(comparison, {"cells": cells})
    values = list(comparison.metric("net-fixed-working-plain", "accuracy").values())
    points = {float(line.get_xdata()[0]): float(line.get_ydata()[0]) for line in figure.axes[0].lines}
    assert points[1000.0] == pytest.approx(100 * np.mean(values))
    assert len(figure.axes[0].collections) == 1  # one seed alone has no bar
    assert len(points) == 2


def test_svg_is_well_formed_and_reproducible(summary):
    with styled():
        once, again = (svg(figures.headline(summary)) for _ in range(2))
    assert once == again
    ElementTree.fromstring(once)
    assert b"<dc:date>" not in once
