"""One of each, as CONTRIBUTING.md says: a data set, a metric and a chapter, from a folder of one's own, seen in the
report."""

import textwrap

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces import card as cards
from benchmark.faces import data_sets, readers
from benchmark.faces.audit.audit import audit
from benchmark.faces.card import card
from benchmark.records.metrics import METRICS, Metric
from benchmark.report import chapters
from benchmark.report.build import build

READER = '''
    """Squares, bright or dark."""

    import numpy as np

    from benchmark.faces.faceset import write_faceset

    VERSION, CLASSES, RAW = "1.0", ("dark", "bright"), ()


    def prepare(directory, *, raw=None, squares=12):
        label = np.arange(squares) % 2
        images = np.random.default_rng(0).integers(0, 100, (squares, 16, 16, 1)) + 150 * label[:, None, None, None]
        split = [("train", "validation", "test")[k % 3] for k in range(squares)]
        return write_faceset(directory, images.astype(np.uint8), name="squares", version=VERSION, classes=CLASSES,
                             id=[f"square-{k}" for k in range(squares)], split=split, expression=label)
'''
CARD = """
    description: Squares that are no faces.
    license: https://spdx.org/licenses/CC0-1.0.html
    may_be_shown: true
"""
CHAPTER = '''
    """How many comparisons there are."""

    from benchmark.report.parts import Chapter

    PLACE = 5


    def chapter(material):
        return Chapter("A chapter of my own", [f"There are {len(material.summary.comparisons)} comparisons."])
'''


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with a reader, its card and a chapter, found beside the suite's."""
    for name, contents in (("readers/squares.py", READER), ("cards/squares.yaml", CARD), ("chapters/mine.py", CHAPTER)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(textwrap.dedent(contents).lstrip())
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path / "readers")])
    monkeypatch.setattr(chapters, "__path__", [*chapters.__path__, str(tmp_path / "chapters")])
    monkeypatch.setattr(cards, "CARDS", tmp_path / "cards")
    card.cache_clear()
    yield tmp_path
    card.cache_clear()


def test_one_of_each_is_found(own, make, cell, monkeypatch):
    wrong = Metric("Share of wrong answers", "%", "lower", "1 - accuracy", "categorical", share_of_wrong, "recognition")
    monkeypatch.setitem(METRICS, "wrong_answers", wrong)
    assert "squares" in data_sets.names()
    out = own / "reports"
    faces = data_sets.reader("squares").prepare(own / "prepared" / "squares")
    found = audit(faces, out / "data" / "squares", own / "private")
    assert found["name"] == "squares" and (out / "data" / "squares" / "contact-sheet.png").is_file()  # its card allows it
    for seed in range(3):
        make(out / "records", "synthetic-8", cell("identity", "working", "plain"), seed)
    build(out / "records", out / "complexity.json", out / "data", out)
    readme, contents = ((out / name).read_text() for name in ("README.md", "pages/contents.html"))
    for shown in (readme, contents):  # linked from the lists of pages
        assert "A chapter of my own" in shown and "pages/mine.md" in readme and 'href="mine.html"' in contents
    assert readme.index("A chapter of my own") < readme.index("Leaderboards")
    for name in ("pages/mine.html", "pages/mine.md"):
        assert "A chapter of my own" in (out / name).read_text() and "There are 1 comparisons." in (out / name).read_text()
    for name in ("pages/data.html", "pages/data.md"):
        assert "squares" in (out / name).read_text()
    assert "Squares that are no faces." in (out / "pages/data.html").read_text()
    assert (out / "pages/data.html").read_text().count("contact-sheet.png") == 1
    table = (out / "tables" / "synthetic-8-results.md").read_text()
    header = next(line for line in table.splitlines() if "Balanced accuracy" in line)
    assert "Share of wrong answers" in header  # in the block of its own choice


@pytest.mark.usefixtures("undrawn")
def test_a_chapter_never_takes_the_page_of_another(own, make, cell):
    (own / "chapters" / "mine.py").rename(own / "chapters" / "methods.py")
    make(own / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    with pytest.raises(BadInput, match=r"pages/methods\.html: .*the address of another page"):
        build(own / "records", own / "complexity.json", own / "data", own / "out")
    assert not (own / "out").exists()


def share_of_wrong(predictions) -> float:
    return float(np.mean(predictions.predicted != predictions.labels))
