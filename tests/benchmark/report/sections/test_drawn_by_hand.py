"""What the figures of a protocol draw, from made-up runs no two numbers of which are equal: lines, bars, dots and texts, by
value."""

import csv
import dataclasses
import io

import numpy as np
import pytest
from matplotlib.text import Text

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.report.parts import Drawing
from benchmark.report.sections import figures, headline
from benchmark.report.sections.circumplex import circumplex
from benchmark.report.sections.confusion import confusion
from benchmark.report.sections.cost_figure import COUNTS, TIMES, accuracy_against_cost
from benchmark.report.sections.curves import learning_curves
from benchmark.report.sections.reliability import reliability
from benchmark.report.style import GREEN, ORANGE, OTHER_COLOUR, PAPER, SHORTCUT_COLOURS, fixed_panels, styled, svg
from benchmark.report.tables import CUT_NOTE

HALF = 12.70620473617471 / 2  # of the 95 % t-interval of two values, in units of their difference
A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-focal", "two", {}, "focal")
C = Cell("three-plain", "three", {}, "plain")


def net(shortcut, normalisation="working", loss="plain"):
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def panel(figure, title):
    return next(axis for axis in figure.axes if (axis.get_title() or axis.get_title(loc="left")).startswith(title))


def losses(training, validation):
    test = [value + 100 for value in validation]
    return [
        {"epoch": k, "train_loss": t, "validation": {"loss": v}, "test": {"loss": u}}
        for k, (t, v, u) in enumerate(zip(training, validation, test, strict=True), 1)
    ]


def drawn(axis, colour):
    return [line for line in axis.get_lines() if line.get_color() == colour]


def test_learning_curves_are_the_losses_of_training_and_validation(run, comparison, dressed):
    """Four epochs; the third run ended in its second, so it is in no mean. Thin: each run, thick: the mean."""
    lost = [*losses([31.0, 37.0], [41.0, 43.0]),
            {"epoch": 3, "train_loss": None, "validation": None, "test": None}]  # fmt: skip
    runs = [
        run(A, 0, {}, history=losses([2.0, 1.9, 1.7, 1.3], [3.0, 2.8, 2.4, 2.3])),
        run(A, 1, {}, history=losses([1.0, 0.7, 0.3, 0.1], [2.0, 1.0, 1.2, 1.1])),
        run(A, 2, None, history=lost),
        run(C, 0, {}, history=losses([0.6, 0.5, 0.4, 0.2], [0.5, 2.5, 0.9, 5.0])),
        run(B, 0, {}, history=losses([7.0, 6.0, 5.0, 4.0], [8.0, 8.5, 8.25, 8.75])),
    ]
    (made,) = learning_curves(comparison(*runs))
    plain, focal = made.figure.axes
    assert [axis.get_title() for axis in made.figure.axes] == ["other networks · plain", "other networks · focal"]
    one = [line.get_xydata().tolist() for line in drawn(plain, GREEN)]
    assert one == [
        [[1, 3.0], [2, 2.8], [3, 2.4], [4, 2.3]], [[1, 2.0], [2, 1.0], [3, 1.2], [4, 1.1]], [[1, 41.0], [2, 43.0]],
        [[1, 1.5], [2, pytest.approx(1.3)], [3, pytest.approx(1.0)], [4, pytest.approx(0.7)]],
        [[1, 2.5], [2, pytest.approx(1.9)], [3, pytest.approx(1.8)], [4, pytest.approx(1.7)]],
    ]  # fmt: skip
    widths = [line.get_linewidth() for line in drawn(plain, GREEN)]
    assert widths[-1] > widths[-2] > widths[0] == widths[1] == widths[2], "validation is boldest, single seeds are thinnest"
    assert drawn(plain, ORANGE)[-1].get_ydata().tolist() == [0.5, 2.5, 0.9, 5.0]
    assert drawn(focal, GREEN)[-1].get_ydata().tolist() == [8.0, 8.5, 8.25, 8.75]
    words = {text.get_text(): text.get_color() for text in plain.texts}
    assert words == {"one\n1 of 3 diverged": GREEN, "three": ORANGE}
    assert made.description == (
        "Lowest validation loss (plain): 0.500, three-plain, in epoch 1 of 4 (n = 1). "
        "Lowest validation loss (focal): 8.000, two-focal, in epoch 1 of 4 (n = 1)."
    )
    assert dressed(made.figure) == CURVES


def test_the_shortcuts_of_a_network_share_a_panel_and_frozen_normalisation_is_dashed(run, comparison):
    cells = [net(s, n) for n in ("working", "frozen") for s in ("identity", "fixed", "adaptive")]
    runs = [run(cell, 0, {}, history=losses([k + 1.0] * 4, [k + 2.0] * 4)) for k, cell in enumerate(cells)]
    (made,) = learning_curves(comparison(*runs))
    working, frozen = made.figure.axes
    assert [working.get_title(), frozen.get_title()] == ["net · working · plain", "net · frozen · plain"]
    for axis, style, first in ((working, "-", 2), (frozen, "--", 5)):
        assert {line.get_linestyle() for line in axis.get_lines()} == {style}
        bold = [line for line in axis.get_lines() if line.get_linewidth() == 2]
        assert [(line.get_color(), line.get_ydata()[0]) for line in bold] == [
            (SHORTCUT_COLOURS[name], first + k) for k, name in enumerate(("identity", "fixed", "adaptive"))
        ]
        assert [text.get_text() for text in axis.texts] == ["identity", "fixed", "adaptive"]


def test_confusion_is_in_percent_of_the_true_class_averaged_over_seeds(run, comparison):
    """Rows: of 4 true faces 1 and of 8 true faces 6 are answered otherwise: 25 and 75 %, mean 50 %."""

    def counts(off, support):
        found = np.zeros((8, 8), int)
        found[0, 0], found[0, 5] = support - off, off
        found[1, 1], found[2, 2] = 3, 0
        return {"confusion": found.tolist()}

    runs = [run(A, 0, counts(1, 4)), run(A, 1, counts(6, 8)), run(A, 2, None), run(C, 0, counts(19, 20))]
    with np.errstate(all="raise"):  # a class without a face divides nothing by nothing
        table = confusion(comparison(*runs))
    names = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"]
    assert list(table.columns.values()) == ["Cell", "True class", "Seeds", *names]
    rows = {(row["cell"].text, row["true"].text): row for row in table.rows}
    assert list(rows) == [(cell, name) for cell in ("one-plain", "three-plain") for name in names]
    neutral = rows["one-plain", "neutral"]
    assert (neutral["predicted_neutral"].text, neutral["predicted_disgust"].text, neutral["n"].text) == ("50", "50", "2")
    assert rows["one-plain", "happy"]["predicted_happy"].numbers == {"": 1.0}
    assert (
        rows["one-plain", "sad"]["predicted_sad"].text == "no face" and not rows["one-plain", "sad"]["predicted_sad"].cells
    )
    other = rows["three-plain", "neutral"]
    assert [other[f"predicted_{name}"].text for name in names] == ["5", "0", "0", "0", "0", "95", "0", "0"]
    first = next(csv.DictReader(io.StringIO(table.csv())))
    assert [first[key] for key in ("cell", "true", "n")] == ["one-plain", "neutral", "2"]
    assert [first[f"predicted_{name}"] for name in names] == ["0.5", "0", "0", "0", "0", "0.5", "0", "0"]


def test_the_headline_draws_each_difference_beside_its_words(run, comparison, dressed):
    """Fixed minus identity: 0.07 and 0.09; adaptive minus identity, frozen, one seed: -0.03."""
    values = {net("identity"): (0.5, 0.54), net("fixed"): (0.57, 0.63), net("identity", "frozen"): (0.4,),
              net("adaptive", "frozen"): (0.37,)}  # fmt: skip
    runs = [run(cell, seed, {"accuracy": v}) for cell, own in values.items() for seed, v in enumerate(own)]
    found = headline.groups(Summary((comparison(*runs),)))
    (axis,) = headline.headline(found).axes
    dots = [line for line in axis.get_lines() if line.get_marker() in "os"]
    assert [line.get_xydata().tolist() for line in dots] == [[[pytest.approx(8), 0]], [[pytest.approx(-3), 1]]]
    assert [line.get_color() for line in dots] == [SHORTCUT_COLOURS["fixed"], SHORTCUT_COLOURS["adaptive"]]
    looks = [(line.get_marker(), line.get_markerfacecolor()) for line in dots]
    assert looks == [("o", SHORTCUT_COLOURS["fixed"]), ("s", PAPER)], "an open square: frozen"
    (bar,) = axis.collections
    assert bar.get_segments()[0].tolist() == [
        [pytest.approx(8 - 2 * HALF), 0], [pytest.approx(8 + 2 * HALF), 0],
    ]  # fmt: skip
    ends = 2 * HALF
    texts = [text.get_text() for text in axis.texts]
    assert texts == [
        "net · fixed · working · plain", f"+8.00 [{8 - ends:+.2f}, {8 + ends:+.2f}], n = 2",
        "net · adaptive · frozen · plain", "-3.00, n = 1, no interval",
    ]  # fmt: skip
    assert axis.get_xlabel() == "Accuracy, points; right of 0: better than identity"
    (narrow,) = headline.headline_narrow(found).axes
    assert [text.get_text() for text in narrow.texts] == texts
    assert [line.get_xydata().tolist() for line in narrow.get_lines()] == [line.get_xydata().tolist() for line in dots]
    sizes = [text.get_fontsize() for text in narrow.figure.findobj(Text) if text.get_text()]
    assert min(sizes) * 4 / 3 >= 11 and narrow.figure.get_figwidth() * 96 == 360
    assert not headline.cuts(found)
    assert headline.description(found) == (
        f"synthetic-8, net · fixed · working · plain minus identity: {texts[1].replace('], n', '] points, n')}. "
        f"synthetic-8, net · adaptive · frozen · plain minus identity: {texts[3].replace(',', ' points,', 1)}."
    )
    assert dressed(axis.figure) == HEADLINE


def test_shortcut_functions_have_the_coefficients_that_their_names_say(dressed):
    functions, slopes = figures.shortcut_functions().axes
    expected = [None, (1, 1), (0.5, 1), (2, 1), (1, 0), (1, 2)]
    names = {text.get_color(): text.get_text() for text in functions.texts}
    for line, slope, own in zip(functions.get_lines(), slopes.get_lines(), expected, strict=True):
        x = line.get_xdata()
        if own is None:
            assert (line.get_ydata() == x).all() and (slope.get_ydata() == 1).all()
            continue
        a, c = own
        name = names[line.get_color()]
        assert name == ("fixed: a = c = 1" if own == (1, 1) else f"a = {a:g}, c = {c:g}")
        s = (1 + c**2) ** 0.5
        assert line.get_ydata() == pytest.approx(np.arctan(a * x / s) / (a * s))
        assert slope.get_ydata() == pytest.approx(1 / (1 + c**2 + a**2 * x**2)) and slope.get_color() == line.get_color()
    ends = {text.get_text(): text.get_position()[1] for text in functions.texts}
    assert ends["a = 0.5, c = 1"] > ends["a = 2, c = 1"] > 0, "a name stands beside the end of its line"
    assert dressed(functions.figure) == SHORTCUTS


def test_circumplex_draws_the_first_finished_seed_with_valence_to_the_right(run, comparison, dressed):
    cell = Cell("net-identity-working-mse", "residual", dict(net("identity").options), "mse")
    targets = np.array([[0.1, 0.9], [-0.3, 0.7]], np.float32)

    def arrays(shift):
        return {"test_targets": targets, "test_outputs_none": targets + np.float32(shift)}

    runs = [run(cell, 0, None, protocol="synthetic-va")]
    runs += [
        run(cell, 1 + k, {"ccc_mean": 0.5 + 0.1 * k}, protocol="synthetic-va", arrays=arrays(shift))
        for k, shift in enumerate((-0.1, 0.05))
    ]
    (made,) = circumplex(comparison(*runs, targets=targets))
    figure = made.figure
    labels, own = (axis.get_lines()[-1] for axis in figure.axes)
    assert labels.get_xydata() == pytest.approx(targets) and own.get_xydata() == pytest.approx(targets - 0.1)
    assert own.get_color() == SHORTCUT_COLOURS["identity"]
    texts = {text.get_text(): text.get_position() for text in figure.texts}
    assert texts["valence"][1] < 0.1 < texts["valence"][0] and texts["arousal"][0] < 0.1 < texts["arousal"][1]
    assert made.description.startswith("net · identity · working · mse: CCC mean 0.550 [")
    assert dressed(figure) == CIRCUMPLEX


def test_accuracy_against_cost_has_each_cost_and_each_interval(run, comparison, dressed):
    """Two networks of equal cost stand beside each other; a hollow dot has frozen normalisation."""
    values = {net("identity"): (0.61, 0.65), net("fixed", "frozen"): (0.72, 0.7), A: (0.45, 0.47)}
    runs = [run(cell, seed, {"accuracy": v}) for cell, own in values.items() for seed, v in enumerate(own)]
    own = comparison(*runs)
    entries = [(1100, 203, 311, 2.5), (1100, 307, 401, 3.5), (70_000, 907, 1009, 11.5)]
    cells = {
        f"synthetic-8/{cell.name}": {
            "macs": macs, "parameters": {"trainable": trainable, "total": total},
            "latency": {"median_ms": ms, "lower_quartile_ms": ms / 2, "upper_quartile_ms": 2 * ms},
        }
        for cell, (macs, trainable, total, ms) in zip(values, entries, strict=True)
    }  # fmt: skip
    made = accuracy_against_cost(own, {"cells": cells}, COUNTS | TIMES, "x")
    figure = made.figure
    assert made.description == (
        "Highest Accuracy: net · fixed · frozen · plain, Accuracy 71.00 %, 1,100 multiply-adds, 307 trainable parameters, "
        "3.5 CPU latency, ms (n = 2). Cheapest by multiply-adds (1,100): two cells, Accuracy 63.00 to 71.00 %."
    )
    means = [63, 71, 46]
    colours = [SHORTCUT_COLOURS["identity"], SHORTCUT_COLOURS["fixed"], OTHER_COLOUR]
    for axis, at, title in zip(figure.axes, (0, 1, 3), ("multiply-adds", "trainable parameters", "CPU latency, ms"),
                               strict=False):  # fmt: skip
        assert axis.get_xlabel() == title
        dots = {round(float(line.get_ydata()[0]), 6): line for line in axis.get_lines()}
        assert set(dots) == set(map(float, means))
        for mean, entry, colour in zip(means, entries, colours, strict=True):
            assert dots[mean].get_xdata()[0] == pytest.approx(entry[at], rel=0.1) and dots[mean].get_color() == colour
            if at:
                assert dots[mean].get_xdata()[0] == pytest.approx(entry[at])
            assert dots[mean].get_markerfacecolor() == (PAPER if mean == 71 else colour)
            assert dots[mean].get_marker() == ("s" if mean == 71 else "o")
        bars = {tuple(np.round(bar.get_segments()[0][:, 1], 4)) for bar in axis.collections}
        spreads = (4, 2, 2)
        assert bars == {(round(m - s * HALF, 4), round(m + s * HALF, 4)) for m, s in zip(means, spreads, strict=True)}
        assert all(bar.get_segments()[0][0][0] in [line.get_xdata()[0] for line in dots.values()]
                   for bar in axis.collections)  # fmt: skip
    macs = {float(line.get_ydata()[0]): line.get_xdata()[0] for line in figure.axes[0].get_lines()}
    assert macs[63] < 1100 < macs[71]
    show = figure.axes[0].xaxis.get_major_formatter()
    assert (show(1000), show(0.5), show(2_000_000)) == ("1k", "0.5", "2M")
    labels = figure.axes[-1]
    markers = [line for line in labels.get_lines() if line.get_marker() in "os"]
    assert [line.get_color() for line in markers] == colours
    assert [line.get_markerfacecolor() for line in markers] == [colours[0], PAPER, colours[2]]
    words = {text.get_text(): text.get_position()[1] for text in labels.texts}
    named = ["net · identity · working · plain: 63.00", "net · fixed · frozen · plain: 71.00", "one-plain: 46.00"]
    assert list(words) == named and [line.get_ydata()[0] for line in markers] == [words[name] for name in named]
    assert dressed(figure) == COSTS


def test_reliability_draws_accuracy_against_confidence_and_the_share_of_answers(run, comparison, dressed):
    """Of 20 answers 5 are in the third bin (mean confidence 0.17, 3 right) and 15 in the last (0.98, 12 right)."""

    def binned(places):
        found = {name: np.zeros(15) for name in ("count", "confidence", "correct")}
        for place, values in places.items():
            for name, value in zip(found, values, strict=True):
                found[name][place] = value
        return {"calibration": {name: own.tolist() for name, own in found.items()}}

    one = binned({2: (2, 0.35, 2), 14: (8, 7.8, 7)}) | {"ece": 0.031, "brier": 0.5}
    other = binned({2: (3, 0.5, 1), 14: (7, 6.9, 5)}) | {"ece": 0.047, "brier": 0.6}
    runs = [run(A, 0, one), run(A, 1, other), run(A, 2, None)]
    (made,) = reliability(comparison(*runs))
    (axis,) = made.figure.axes
    line = axis.get_lines()[1]
    assert line.get_xydata().tolist() == [pytest.approx([0.17, 0.6]), pytest.approx([0.98, 0.8])]
    bars = {round(bar.get_x() * 15, 6): bar.get_height() for bar in axis.patches}
    assert {place: height for place, height in bars.items() if height} == {2: 0.25, 14: 0.75}
    assert all(bar.get_width() == pytest.approx(1 / 15) for bar in axis.patches)
    half = 1.6 * HALF
    ece = f"ECE 3.90 [0.00†, {3.9 + half:.2f}] %"  # 3.90 - 10.16 is below what is possible
    assert [text.get_text() for text in axis.texts] == [f"one: {ece}"] and axis.get_title() == "other networks · plain"
    assert made.description == f"one-plain: {ece}."
    assert dressed(axis.figure) == RELIABILITY


def test_no_text_wherever_it_stands_is_a_formula():
    """Asked of matplotlib: every text of a drawn figure, those at the ticks as well."""
    with styled():
        figure, (left, right) = fixed_panels(2, 2, (3, 2), left=0.5, bottom=0.5)
        for axis in (left, right):
            axis.plot([1, 100], [1, 2], label="legend $a$")
            axis.set(title="title $a$", xlabel="below $a$", ylabel="beside $a$")
            axis.text(1, 1, "text $a$")
            axis.legend()
        left.set_xticks([1, 100], ["tick $a$", "other"])
        right.set_xscale("log")
        figure.legend(["common $a$"])
        figure.suptitle("top $a$")
        figure.supxlabel("all below $a$")
        figure.supylabel("all beside $a$")
        figure.text(0.5, 0.5, "free $a$")
        svg(figure)
    found = {text.get_text() for text in figure.findobj(Text)}
    names = ("legend", "title", "below", "beside", "text", "tick", "common", "top", "all below", "all beside", "free")
    assert {f"{name} \\$a\\$" for name in names} == {text for text in found if "a" in text and "mathdefault" not in text}
    assert any("mathdefault" in text for text in found), "powers of ten are written as formulas by matplotlib itself"


def test_a_section_shows_its_own_comparison_with_counts_and_what_others_published(run, comparison, monkeypatch):
    """What is handed to each figure and table; they have tests of their own."""
    from benchmark.report.sections import section as module

    seen = {}
    own = dataclasses.replace(comparison(run(A, 0, {}, protocol="fer2013-7")), slug="fer2013-7-x")

    def spy(name):
        return lambda *arguments: seen.update({name: arguments})

    made = {"curves": "learning_curves", "reliability": "reliability"}
    for kind, name in made.items():
        drawing = Drawing(f"{own.slug}-{kind}", None, "", f"words of {kind}")
        monkeypatch.setattr(module, name, lambda given, drawing=drawing, name=name: seen.update({name: given}) or [drawing])
    monkeypatch.setattr(module, "confusion", lambda given: seen.update(confusion=given) or "confusion")
    costs = Drawing(f"{own.slug}-costs", None, "", "words of costs")
    monkeypatch.setattr(module, "accuracy_against_cost", lambda *arguments: seen.update(costs=arguments) or costs)
    monkeypatch.setattr(module, "cuts", lambda given: True)
    monkeypatch.setattr(module, "cuts_ece", lambda given: True)
    monkeypatch.setattr("benchmark.report.parts.svg", lambda figure: b"")
    monkeypatch.setattr(module.humans, "references", spy("references"))
    monkeypatch.setattr(module.results, "tables", lambda *arguments: seen.update(tables=arguments) or ["first", "second"])
    monkeypatch.setattr(module.pairs, "tests_of", lambda c: ("tests", c.slug))
    monkeypatch.setattr(module, "best_of", lambda c, tests: ("best", tests))
    monkeypatch.setattr(module.pairs, "table", lambda *arguments: seen.update(pairs=arguments) or "pairs")
    monkeypatch.setattr(module.grid, "tables", lambda *arguments: seen.update(grid=arguments) or ["grid"])
    monkeypatch.setattr(module, "published", lambda name, anchors: [(name, anchors)])
    material = type("M", (), {"complexity": "counted", "latency": "timed", "anchors": "quoted", "people": "people"})
    made = module.section(own, material)
    assert seen["costs"] == (own, "counted", COUNTS, "fer2013-7-x-costs", [("fer2013", "quoted")])
    assert seen["references"] == ("fer2013", "categorical", "people")
    assert all(seen[name] is own for name in ("learning_curves", "confusion", "reliability"))
    tests = ("tests", "fer2013-7-x")
    assert seen["pairs"] == (own, tests) and seen["grid"] == (own, ("best", tests))
    assert seen["tables"] == (own, None, ("best", tests))
    assert (made.tables, made.details) == (["first", "grid"], ["second", "confusion", "pairs"]) and made.comparison is own
    assert [(picture.file, picture.description) for picture in made.pictures] == [
        (f"figures/fer2013-7-x-{kind}.svg", f"words of {kind}") for kind in ("curves", "reliability", "costs")
    ]
    assert ["an arrow:" in picture.caption for picture in made.pictures] == [False, False, True]
    assert [CUT_NOTE in picture.caption for picture in made.pictures] == [False, True, False]


# What stands around the data of each figure (conftest.py).
CURVES = """\
7.25 2.7 inches
epoch | at 0.524 0.037
loss | at 0.014 0.565
panel 0 at 0.103 0.241 0.29 0.63: other networks · plain
  x: -, linear, 0.85 4.15, ticks 1 2 3 4
  y: -, linear, -1.94 45.14, ticks 0 15 30 45
  text: one / 1 of 3 diverged | at 1.02 1.47
  text: three | at 1.02 5.23
  line: 1 2 | 41 43
panel 1 at 0.579 0.241 0.29 0.63: other networks · focal
  x: -, linear, 0.85 4.15, ticks 1 2 3 4
  y: -, linear, 3.763 8.988, ticks 4.5 6 7.5
  text: two | at 1.02 8.75"""
HEADLINE = """\
6.45 1.56 inches
Drawn faces | at 0.019 0.846
synthetic-8, 4 epochs | at 0.019 0.686
panel 0 at 0.426 0.372 0.233 0.269: -
  x: Accuracy, points; right of 0: better than identity, linear, -5.977 21.977, ticks 0 8 16
  y: -, linear, -0.5 1.5, ticks , down
  text: net · fixed · working · plain | at -0.02 0
  text: +8.00 [-4.71, +20.71], n = 2 | at 1.02 0
  text: net · adaptive · frozen · plain | at -0.02 1
  text: -3.00, n = 1, no interval | at 1.02 1
  line: 0 0 | 0 1
  line: 8 | 0
  line: -3 | 1
  no line left"""
SHORTCUTS = """\
10.75 4.1 inches
panel 0 at 0.056 0.146 0.353 0.756: shortcut H(x)
  x: x, linear, -6 6, ticks -6 -4 -2 0 2 4 6
  y: -, linear, -2.2 2.2, ticks -2 -1.5 -1 -0.5 0 0.5 1 1.5 2
  text: identity | at 1.7 1.9
  text: fixed: a = c = 1 | at 6.2 0.947
  text: a = 0.5, c = 1 | at 6.2 1.607
  text: a = 2, c = 1 | at 6.2 0.423
  text: a = 1, c = 0 | at 6.2 1.397
  text: a = 1, c = 2 | at 6.2 0.633
panel 1 at 0.54 0.146 0.353 0.756: slope H'(x)
  x: x, linear, -6 6, ticks -6 -4 -2 0 2 4 6
  y: -, linear, 0 1.08, ticks 0 0.2 0.4 0.6 0.8 1"""
CIRCUMPLEX = """\
6.15 3.2 inches
valence | at 0.528 0.031
arousal | at 0.016 0.555
panel 0 at 0.106 0.203 0.358 0.688: the labels
  x: -, linear, -1.15 1.15, ticks -1 0 1
  y: -, linear, -1.15 1.15, ticks -1 0 1
  line: 0 1 | 0 0
  line: 0 0 | 0 1
  line: 0.1 -0.3 | 0.9 0.7
  Circle: -1 -1 1 1
  no line left, right, bottom, top
panel 1 at 0.577 0.203 0.358 0.688: net · identity · working · mse
  x: -, linear, -1.15 1.15, ticks -1 0 1
  y: -, linear, -1.15 1.15, ticks -1 0 1
  line: 0 1 | 0 0
  line: 0 0 | 0 1
  line: 0 -0.4 | 0.8 0.6
  Circle: -1 -1 1 1
  no line left, right, bottom, top"""
COSTS = """\
11 3.25 inches
panel 0 at 0.059 0.154 0.182 0.738: -
  x: multiply-adds, log, 893.732 86155.6, ticks 1000 10000
  y: test Accuracy, %, linear, 30.538 91.168, ticks 45 60 75 90, shared with 1 2 3
  line: 1055.25 | 63
  line: 1146.65 | 71
  line: 70000 | 46
panel 1 at 0.264 0.154 0.182 0.738: -
  x: trainable parameters, log, 120.935 1522.48, ticks 200 500 1000
  y: -, linear, 30.538 91.168, ticks 45 60 75 90, shared with 0 2 3
  line: 203 | 63
  line: 307 | 71
  line: 907 | 46
panel 2 at 0.468 0.154 0.182 0.738: -
  x: CPU latency, ms, log, 1.511 19.025, ticks 2 5 10
  y: -, linear, 30.538 91.168, ticks 45 60 75 90, shared with 0 1 3
  line: 2.5 | 63
  line: 3.5 | 71
  line: 11.5 | 46
panel 3 at 0.673 0.154 0.318 0.738: -
  x: -, linear, 0 1, ticks 0 0.2 0.4 0.6 0.8 1
  y: -, linear, 30.538 91.168, ticks 45 60 75 90, shared with 0 1 2
  text: net · identity · working · plain: 63.00 | at 0.09 63
  text: net · fixed · frozen · plain: 71.00 | at 0.09 71
  text: one-plain: 46.00 | at 0.09 46
  line: 0 0.06 | 63 63
  line: 0 0.06 | 71 71
  line: 0 0.06 | 46 46
  line: 0.075 | 63
  line: 0.075 | 71
  line: 0.075 | 46
  no axes"""
RELIABILITY = """\
3.4 3.41 inches
confidence: probability of the answer given | at 0.551 0.029
accuracy | at 0.029 0.551
panel 0 at 0.221 0.191 0.676 0.674: other networks · plain
  x: -, linear, 0 1, ticks 0 0.5 1
  y: -, linear, 0 1, ticks 0 0.5 1
  text: one: ECE 3.90 [0.00†, 14.06] % | at 0 1.042
  line: 0 1 | 0 1
  line: 0.17 0.98 | 0.6 0.8
  Rectangle: 0.133 0 0.2 0.25
  Rectangle: 0.933 0 1 0.75"""
