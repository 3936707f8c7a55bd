"""Fixtures of the report's tests: reports/index.html read without a browser, and runs whose every number a test chooses."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.comparisons import Comparison, ScoredRun
from benchmark.records.record import Record
from benchmark.records.trust import HERE

VOID = {"meta", "link", "img", "br", "wbr", "hr", "input"}


class Page(HTMLParser):
    """An HTML page as a plain list: every start tag as (tag, attributes), and the text below each.

    Tags that do not close in order are an AssertionError.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: dict[int, str] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts[len(self.elements) - 1] = ""
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at line {self.getpos()[0]}"

    def handle_data(self, data):
        for _, at in self._open:
            self.texts[at] += data

    def all(self, tag: str) -> list[dict]:
        """Attributes of every element `tag`, in order, with its text under the key "text"."""
        return [a | {"text": self.texts.get(at, "")} for at, (name, a) in enumerate(self.elements) if name == tag]

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


@pytest.fixture(scope="session")
def read_page():
    """The class that reads a page from its path."""
    return Page


def made_up_run(
    cell: Cell, seed: int, scores=None, *, protocol="synthetic-8", trust=HERE, arrays=None, **contents
) -> ScoredRun:
    """A run that was never made and is in no file: its metrics are `scores` (test-time augmentation -> name -> value), those
    without test-time augmentation if the names are given alone; None: it diverged. `arrays`: of its predictions."""
    rules = load_protocol(protocol)
    known = {
        "status": "diverged" if scores is None else "finished", "protocol": rules.as_dict(), "protocol_hash": rules.hash,
        "cell": cell.as_dict(), "cell_hash": cell.hash, "seed": seed, "classes": list(rules.classes), "history": [],
        "data": {"name": rules.data, "version": rules.data_version, "fingerprint": "0" * 64}, "parameters": 1234,
        "cost": {}, "environment": {"device": "d"},
    }  # fmt: skip
    record = Record(Path("nowhere"), known | contents)
    vars(record)["predictions"] = arrays or {}
    by_tta = {} if scores is None else scores if "none" in scores else {"none": scores}
    return ScoredRun(record, by_tta, trust)


def made_up_comparison(*runs: ScoredRun, targets=None) -> Comparison:
    """The comparison of such runs: cells in the order in which they are given."""
    first, cells = runs[0].record, {}
    for run in runs:
        cells.setdefault(run.record.cell, []).append(run)
    of = {label: tuple(own) for label, own in cells.items()}
    return Comparison(first.protocol, first["protocol"], first["protocol_hash"], first["data"], of, targets)


BLANK = b'<svg xmlns="http://www.w3.org/2000/svg" width="10pt" height="10pt" viewBox="0 0 10 10"><path d="M0 0"/></svg>'


@pytest.fixture(scope="module")
def undrawn():
    """For tests that look at no figure: figures are made, but their SVG is blank. It takes half of a report's time."""

    def blank(figure):
        assert isinstance(figure, Figure)
        return BLANK

    with pytest.MonkeyPatch.context() as patch:
        for module in ("build", "parts", "chapters.networks", "sections.section"):
            patch.setattr(f"benchmark.report.{module}.svg", blank)
        yield


@pytest.fixture(scope="session")
def run():
    """The function that makes up a run."""
    return made_up_run


@pytest.fixture(scope="session")
def comparison():
    """The function that makes up a comparison of runs."""
    return made_up_comparison
