"""What IPython and help show of the interface, and results as HTML."""

import pydoc
import re

import numpy as np
import pytest

import benchmark
from benchmark import ROOMS
from benchmark.interface import html


@pytest.mark.parametrize("name", ROOMS)
def test_help_of_a_room_is_that_of_its_function(name):
    function = benchmark._function(name)
    shown = pydoc.render_doc(getattr(benchmark, name), renderer=pydoc.plaintext)
    first = " ".join(function.__doc__.split("\n\n")[0].split())
    assert first in " ".join(shown.split())
    assert "The package of the same name: " in shown and "PACKAGE CONTENTS" in shown


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize(
    "line, wanted",
    [
        ("benchmark.ev", ".evaluate"),
        ("benchmark.evaluate(net, 'synthetic-8', preproc", "preprocessing="),
        ("benchmark.faces('synthetic-8', spl", "split="),
        ("benchmark.faces.facese", ".faceset"),
    ],
)
def test_ipython_completes(line, wanted):
    completer = pytest.importorskip("IPython.core.completer")
    one = completer.IPCompleter(shell=None, namespace={"benchmark": benchmark, "net": None}, use_jedi=False)
    assert wanted in one.complete(line_buffer=line, cursor_pos=len(line))[1]


def cells(shown):
    """(background's opacity, number, whether it is bold) of the cells of a confusion matrix."""
    found = re.findall(r"background:rgba\(86,180,233,([\d.]+)\)\">(<b>)?([\d,]+)", shown)
    return [(float(opacity), int(count.replace(",", "")), bool(bold)) for opacity, bold, count in found]


class Given:
    """What the table of a confusion matrix reads of a result."""

    def __init__(self, counts, names):
        import pandas as pd

        self.confusion = pd.DataFrame(counts, index=names, columns=names)


def test_a_confusion_matrix_is_shaded_by_row_and_never_so_dark_that_its_numbers_vanish():
    counts = np.array([[1200, 0, 0], [50, 50, 0], [0, 0, 0]])
    shown = cells(html._confusion(Given(counts, ["a", "<b>", "c"])))
    assert [count for _, count, _ in shown] == counts.ravel().tolist()
    assert [opacity for opacity, _, _ in shown] == [0.5, 0, 0, 0.25, 0.25, 0, 0, 0, 0]
    assert [bold for *_, bold in shown] == np.eye(3, dtype=bool).ravel().tolist()
    assert "&lt;b&gt;" in html._confusion(Given(counts, ["a", "<b>", "c"]))


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page, text", [((255, 255, 255), (0, 0, 0)), ((17, 17, 17), (232, 232, 232))])
def test_the_darkest_cell_has_the_contrast_of_wcag_aa(page, text):
    hue = [int(part) for part in html.HUE.split(",")]
    cell = [html.DENSEST * own + (1 - html.DENSEST) * below for own, below in zip(hue, page, strict=True)]
    light, dark = sorted((luminance(cell), luminance(text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
