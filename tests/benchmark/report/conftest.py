"""Fixtures of the report's tests: its pages read without a browser, and runs whose every number a test chooses."""

import re
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import numpy as np
import pytest
from markdown_it import MarkdownIt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.comparisons import Comparison, ScoredRun
from benchmark.records.record import Record
from benchmark.records.trust import HERE

VOID = {"meta", "link", "img", "br", "wbr", "hr", "input", "source"}
# What a browser closes an open <p> at, so that its end tag would be one too many (HTML, "The p element").
ENDS_P = {"p", "div", "ul", "ol", "dl", "table", "section", "nav", "main", "header", "footer", "figure", "details", "form"}
ENDS_P |= {"pre", "blockquote", "fieldset", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6"}
# Element -> those of which one has to stand directly around it.
INSIDE = {"li": {"ul", "ol"}, "dt": {"dl"}, "dd": {"dl"}, "tr": {"thead", "tbody"}, "td": {"tr"}, "th": {"tr"}}
INSIDE |= {"thead": {"table"}, "tbody": {"table"}, "caption": {"table"}, "summary": {"details"}, "figcaption": {"figure"}}


class Page(HTMLParser):
    """An HTML page as a plain list: every start tag as (tag, attributes), and the text below each.

    Tags that do not close in order, that a browser would close elsewhere, or that stand in a wrong one, and an attribute
    that is given twice, are an AssertionError.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict]] = []
        self.texts: dict[int, str] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        names, place = [tag for tag, _ in self._open], f"<{tag}> at line {self.getpos()[0]} of {self.path}"
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {place}"
        assert not ({"p", "button"} & {*names} and tag in ENDS_P), f"in a paragraph or button: {place}"
        assert not (tag == "a" and "a" in names), f"in a link: {place}"
        assert tag not in INSIDE or names[-1] in INSIDE[tag], f"in <{names[-1]}>: {place}"
        self.elements.append((tag, dict(attrs)))
        self.texts[len(self.elements) - 1] = ""
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at line {self.getpos()[0]} of {self.path}"

    def handle_data(self, data):
        for _, at in self._open:
            self.texts[at] += data

    def all(self, tag: str) -> list[dict]:
        """Attributes of every element `tag`, in order, with its text under the key "text"."""
        return [a | {"text": self.texts.get(at, "")} for at, (name, a) in enumerate(self.elements) if name == tag]

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]

    @cached_property
    def text(self) -> str:
        """All text that a reader sees, and that of scripts and styles."""
        return self.texts[0]

    @cached_property
    def source(self) -> str:
        """The page as it is written."""
        return self.path.read_text(encoding="utf-8")


def pages_of(folder: Path) -> dict[str, Page]:
    """Address in the report's folder -> every HTML page that the report has written there."""
    paths = [folder / "index.html", folder / "costs.html", *sorted((folder / "pages").rglob("*.html"))]
    return {path.relative_to(folder).as_posix(): Page(path) for path in paths}


def leads_to(page: str, link: str) -> tuple[str, str]:
    """(file in the report's folder, place in it) of a link on a page."""
    path, _, place = link.partition("#")
    return (normpath(f"{page}/../{unquote(path)}") if path else page), unquote(place)


def html_faults(folder: Path, pages: dict[str, Page]) -> tuple[list[str], int]:
    """The links of HTML pages that lead to no file or no place; how many were followed."""
    places = {address: set(page.values("id")) for address, page in pages.items()}
    found, followed = [], 0
    for address, page in pages.items():
        links = [link for key in ("href", "src", "action") for link in page.values(key)]
        links += re.findall(r"url\(([^)]*)\)", page.source)
        for link in links:
            if link.startswith(("data:", "https://", "http://")):
                continue
            file, place = leads_to(address, link)
            here = not file.startswith(("..", "/")) and (folder / file).exists()
            there = not place or "=" in place or file not in places or place in places[file]
            found += [] if here and there else [f"{link} on {address}"]
            followed += 1
    return found, followed


def markdown_faults(folder: Path) -> tuple[list[str], int]:
    """The same of the Markdown pages: files and headings."""
    reader, found, followed = MarkdownIt("commonmark").enable("table"), [], 0
    for path in [*(folder / name for name in ("README.md", "claims.md", "costs.md")), *(folder / "pages").rglob("*.md")]:
        address = path.relative_to(folder).as_posix()
        for link in _links_of(reader.parse(path.read_text(encoding="utf-8"))):
            if link.startswith(("http://", "https://")):
                continue
            file, place = leads_to(address, link)
            here = not file.startswith("..") and (folder / file).exists()
            there = not place or (here and place in _headings((folder / file).read_text(encoding="utf-8")))
            found += [] if here and there else [f"{link} in {address}"]
            followed += 1
    return found, followed


def _links_of(blocks) -> list[str]:
    """The targets of links and pictures in parsed Markdown, those of its HTML too."""
    found = []
    for token in (*blocks, *(child for block in blocks for child in block.children or ())):
        found += [str(token.attrs[key]) for key in ("href", "src") if key in token.attrs]
        if token.type in ("html_block", "html_inline"):
            found += re.findall(r'(?:src|srcset|href)="([^"]*)"', token.content)
    return found


def _headings(markdown: str) -> set[str]:
    """Places of a Markdown page's headings, as GitHub names them."""
    found = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", words).lower().replace(" ", "-") for words in found}


@pytest.fixture(scope="session")
def follow():
    """The function that says where a link on a page leads."""
    return leads_to


@pytest.fixture(scope="session")
def broken():
    """A function: folder of a report -> the links of its HTML and its Markdown pages that lead nowhere, and how many
    there were on each."""

    def links(folder: Path) -> tuple[list[str], int, int]:
        pages = pages_of(folder)
        (html, many), (markdown, more) = html_faults(folder, pages), markdown_faults(folder)
        return [*html, *markdown], many, more

    return links


@pytest.fixture(scope="session")
def read_page():
    """The class that reads a page from its path."""
    return Page


@pytest.fixture(scope="session")
def read_site():
    """The function that reads all HTML pages of a report."""
    return pages_of


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
        for module in ("build", "parts", "chapters.networks"):
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


def around_the_data(figure) -> str:
    """What stands around the data of a figure, as text: its size, its panels, titles, scales, limits, ticks, legends; the
    texts in its panels where they are few, and lines of one or two points."""

    def few(values):
        return " ".join(f"{round(float(value), 3) + 0.0:g}" for value in values)

    def entries(legend):
        names = [text.get_text() for text in legend.get_texts()]
        looks = [(to_hex(h.get_color()), h.get_linestyle(), h.get_marker()) for h in legend.legend_handles]
        return "; ".join(" ".join([name, *map(str, look)]) for name, look in zip(names, looks, strict=True))

    lines = [f"{few(figure.get_size_inches())} inches"]
    lines += [f"{text.get_text()} | at {few(text.get_position())}" for text in figure.texts]
    lines += [f"legend: {entries(legend)} | {legend._ncols} columns" for legend in figure.legends]
    for number, axis in enumerate(figure.axes):
        title = axis.get_title() or axis.get_title(loc="left") or axis.get_title(loc="right")
        box = axis.get_position()
        lines.append(
            f"panel {number} at {few((box.x0, box.y0, box.width, box.height))}: {' / '.join(title.splitlines()) or '-'}"
        )
        for name, one in (("x", axis.xaxis), ("y", axis.yaxis)):
            low, high = one.get_view_interval()
            ticks = [tick for tick in one.get_majorticklocs() if min(low, high) <= tick <= max(low, high)]
            shared = getattr(axis, f"get_shared_{name}_axes")().get_siblings(axis)
            others = [n for n, other in enumerate(figure.axes) if other in shared and other is not axis]
            parts = [one.get_label_text() or "-", one.get_scale(), few(sorted((low, high))), f"ticks {few(ticks)}"]
            parts += ["down"] * bool(one.get_inverted()) + ([f"shared with {few(others)}"] if others else [])
            lines.append(f"  {name}: " + ", ".join(parts))
        if len(axis.texts) < 20:
            lines += [f"  text: {' / '.join(t.get_text().splitlines())} | at {few(t.get_position())}" for t in axis.texts]
        lines += [f"  line: {few(x)} | {few(y)}" for x, y in map(Line2D.get_data, axis.lines) if len(np.atleast_1d(x)) < 3]
        for patch in axis.patches if len(axis.patches) < 5 else ():
            extents = patch.get_extents().transformed(axis.transData.inverted()).extents
            lines.append(f"  {type(patch).__name__}: {few(extents)}")
        hidden = [name for name, spine in axis.spines.items() if not spine.get_visible()]
        words = ["no axes"] * (not axis.axison) + ([f"no line {', '.join(hidden)}"] if hidden else [])
        words += [f"aspect {axis.get_aspect()}"] * (axis.get_aspect() != "auto")
        words += [f"legend: {entries(axis.get_legend())}"] if axis.get_legend() else []
        lines += [f"  {'; '.join(words)}"] if words else []
    return "\n".join(lines)


@pytest.fixture(scope="session")
def dressed():
    """The function that says in words what stands around the data of a figure."""
    return around_the_data
