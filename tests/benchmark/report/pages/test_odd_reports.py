"""Reports in which something is missing, or two things have one name."""

import numpy as np
import pytest

from benchmark.protocol.cells import Cell
from benchmark.report.boards import RUN
from benchmark.report.build import build
from benchmark.report.chapters.leaderboard import value_entry
from benchmark.report.tables import CUT_NOTE

pytestmark = pytest.mark.usefixtures("undrawn")
OUTSIDE = {
    "kind": "onnx", "source": "net.onnx", "sha256": "0" * 64, "stated": {"accuracy": 0.66, "source": "their README"},
    "extra_training_data": "AffectNet", "warnings": [], "outputs": "logits", "seen": "no",
}  # fmt: skip
ACCURACY, CCC = {"name": "accuracy", "shown_in": "%"}, {"name": "ccc_mean", "shown_in": None}


@pytest.fixture
def built(tmp_path, read_site):
    """A function (function that fills the folder of records) -> address -> page."""

    def made(fill):
        fill(tmp_path / "records")
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
        return read_site(tmp_path)

    return made


def test_the_chief_board_may_have_no_finished_run(built, make, cell):
    """A protocol on photographs, where nobody knows how many test faces there are."""
    own = cell("identity", "working", "plain")
    site = built(lambda records: [make(records, "fer2013-7", own, seed, diverged=True) for seed in (0, 1)])
    index = site["index.html"]
    assert "Leaderboard: fer2013-7" in index.text and "test faces;" not in index.text
    assert [cell["text"] for cell in index.all("td")][:4] == ["", "diverged", "", "0; diverged 2 of 2"]


def test_a_model_page_with_a_cut_interval_says_what_the_mark_means(built, make, cell):
    own, right = cell("identity", "working", "plain"), np.arange(90) < 89
    site = built(
        lambda records: [
            make(records, protocol, own, seed, right=right if seed else right & (np.arange(90) > high))
            for protocol, high in (("synthetic-8", 20), ("diffusionfer-7", 88))
            for seed in (0, 1)
        ]
    )
    page = site[f"pages/models/{own.name}.html"]
    assert "100.00†] %" in page.text and f"{CUT_NOTE}." in page.text
    board = site["pages/leaderboards.html"]
    assert "100.00†]" in board.text and f'<p class="small">{CUT_NOTE}.</p>' in board.source
    assert "100.00†] %" in site["pages/models.html"].text and f"{CUT_NOTE}." in site["pages/models.html"].text


def test_an_outside_model_with_the_name_of_a_cell_has_a_page_and_numbers_of_its_own(built, make, cell, broken, tmp_path):
    """Two of them under one protocol, from two files, beside one that was trained here."""
    own = cell("identity", "working", "plain")
    other = Cell(own.name, "outside", {}, "outside")
    empty = {"history": [], "selected_epoch": None, "train_counts": None, "parameters": None}

    def fill(records):
        make(records, "synthetic-8", own, 0, right=np.arange(90) < 45)
        for at, seen in enumerate(("no", "yes")):
            given = OUTSIDE | {"source": f"{at}.onnx", "seen": seen}
            right = np.arange(90) < 72 + 9 * at
            make(records / f"outside{at}", "synthetic-8", other, 0, right=right, outside=given, **empty)

    site = built(fill)
    mine, theirs = (site[f"pages/models/{own.name}{end}.html"] for end in ("", "_2"))
    assert "Accuracy, %50.00" in mine.text.replace("\n", "") and "80.00" not in mine.text and "90.00" not in mine.text
    assert "80.00 [" in theirs.text and "90.00 [" in theirs.text and "50.00" not in theirs.text
    assert theirs.values("id").count("synthetic-8") == theirs.values("id").count("synthetic-8-2") == 1
    leads = {link["href"].rpartition("/")[2] for link in site["pages/leaderboards.html"].all("a") if "net" in link["href"]}
    assert leads == {f"{own.name}-seed0.html", f"{own.name}_2.html#synthetic-8"}
    assert broken(tmp_path)[0] == []


@pytest.mark.parametrize(
    ("metric", "row", "shown"),
    [
        (ACCURACY, (0.97, 0.93, 1.01, 3), ("97.00", "[93.00, 100.00†]")),
        (ACCURACY, (0.5, 0.4, 0.6, 3), ("50.00", "[40.00, 60.00]")),
        (ACCURACY, (0.5, None, None, 1), ("50.00", "")),
        (ACCURACY, (None, None, None, 0), ("diverged", "")),
        (CCC, (None, None, None, 2), ("not defined", "")),
        (CCC, (0.5, -1.5, 2.5, 2), ("0.500", "[-1.000†, 1.000†]")),
    ],
)
def test_an_interval_is_cut_at_what_is_possible(metric, row, shown):
    of_run = {"kind": RUN} | dict(zip(("value", "low", "high", "seeds"), row, strict=True))
    assert value_entry(of_run, metric["name"]).text == " ".join(filter(None, shown))
