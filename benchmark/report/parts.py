"""What the report is made of: two parts, with pictures, sections (about one comparison each) and chapters (about all)."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from benchmark.records.comparisons import Comparison
from benchmark.report.style import svg
from benchmark.report.tables import Table


class Page(NamedTuple):
    """A part of the report: its first page, and where its files are.

    Attributes:
        markdown, html: file names of that page's two forms, in the report's folder.
        folder: where its tables/ and figures/ are, relative to the report's folder: "" or "NAME/".
    """

    markdown: str
    html: str
    folder: str


RESULTS = Page("README.md", "index.html", "")
# All that measures time, rate or memory, or describes a machine. Nothing of RESULTS does: its pages and files stay as they
# are, byte for byte, when the same runs are made again.
COSTS = Page("costs.md", "costs.html", "costs/")
PAGES = (RESULTS, COSTS)


class Drawing(NamedTuple):
    """A matplotlib figure with its file name (without suffix), its caption, and what it shows in words."""

    name: str
    figure: Figure
    caption: str
    description: str


class Picture(NamedTuple):
    """A figure.

    Attributes:
        file: path relative to the folder of its part; "figures/NAME.svg" for a figure that the report itself draws.
        caption: one line without a full stop.
        content: the SVG text from `benchmark.report.style.svg`.
        description: what the figure shows, in one or two sentences with their numbers, for readers who can not see it.
    """

    file: str
    caption: str
    content: bytes
    description: str = ""


@dataclass(frozen=True)
class Section:
    """What the page of one comparison shows. `details`: tables below the figures."""

    comparison: Comparison
    tables: Sequence[Table]
    details: Sequence[Table]
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Chapter:
    """What is not about a single protocol: a page of its own, or a section of the page of costs. Each module of `chapters`
    makes one.

    Its tables and pictures are written to tables/ and figures/ in the folder of its part. A number in a table links to its
    runs if its row has the entries "protocol" and "cell", or if `Entry.cells` names the cells.

    Attributes:
        title: heading.
        intro: paragraphs of plain text, shown before the tables.
        links: (file in the report's folder, link text) for further reading.
        page: the part it belongs to.
        name: of its own page: that of its module, which `chapter_list` adds.
        text: Markdown, shown on its own page below the rest.
    """

    title: str
    intro: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    links: Sequence[tuple[str, str]] = ()
    page: Page = RESULTS
    name: str = ""
    text: str = ""


@dataclass(frozen=True)
class Contents:
    """What the pages show.

    Attributes:
        answer: one sentence, the answer to the title's question.
        headline, headline_narrow: the figure of the first page, and the same for a narrow screen.
        claims: the table of all claims.
        sections: one per comparison.
        chapters: of both parts, in their order.
    """

    answer: str
    headline: Picture
    headline_narrow: Picture
    claims: Table
    sections: Sequence[Section]
    chapters: Sequence[Chapter]

    def chapters_of(self, page: Page) -> list[Chapter]:
        """The chapters of a part, in their order."""
        return [chapter for chapter in self.chapters if chapter.page == page]

    def pictures(self, page: Page) -> list[Picture]:
        """All pictures of a part; of the results the headline first, then those of the sections."""
        of_sections = [picture for section in self.sections for picture in section.pictures]
        before = [self.headline, self.headline_narrow, *of_sections] if page == RESULTS else []
        return [*before, *(picture for chapter in self.chapters_of(page) for picture in chapter.pictures)]

    def tables(self, page: Page) -> list[Table]:
        """All tables of a part; of the results the claims first, then those of the sections."""
        of_sections = [table for section in self.sections for table in (*section.tables, *section.details)]
        before = [self.claims, *of_sections] if page == RESULTS else []
        return [*before, *(table for chapter in self.chapters_of(page) for table in chapter.tables)]


def drawn(drawings: Iterable[Drawing]) -> list[Picture]:
    """The drawings as pictures in figures/. Must be called inside `benchmark.report.style.styled`."""
    return [Picture(f"figures/{each.name}.svg", each.caption, svg(each.figure), each.description) for each in drawings]


def link(path: Path, out: Path) -> str:
    """The link to `path` from a page in the folder `out`."""
    return Path(os.path.relpath(path, out)).as_posix()
