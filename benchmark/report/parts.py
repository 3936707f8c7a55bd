"""What pages are made of: pictures, sections (one comparison each) and chapters (all of them)."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from benchmark.records.comparisons import Comparison
from benchmark.report.style import svg
from benchmark.report.tables import Table


class Drawing(NamedTuple):
    """A figure with the stem of its file and its caption."""

    name: str
    figure: Figure
    caption: str


class Picture(NamedTuple):
    """A figure of the pages.

    Attributes:
        file: path below the report's folder, "figures/NAME.svg" for one that the report draws itself.
        caption: one line without a full stop.
        content: the SVG text, as `benchmark.report.style.svg` makes it.
        description: what it shows in words, for who can not see it.
    """

    file: str
    caption: str
    content: bytes
    description: str = ""


@dataclass(frozen=True)
class Section:
    """What the page shows of one comparison; `details` are tables that open on a click."""

    comparison: Comparison
    tables: Sequence[Table]
    details: Sequence[Table]
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Chapter:
    """A part of both pages that is about no single protocol; a further one is one more module of `chapters`.

    Its tables and pictures are written to tables/ and figures/ with all others. Numbers in the tables link to their runs
    where a row has the entries "protocol" and "cell", or where `Entry.cells` names them.

    Attributes:
        title: heading; its letters make the link to it.
        intro: paragraphs of plain text, shown before the tables.
        links: (file beside the pages, words) of what says more.
    """

    title: str
    intro: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Contents:
    """What the pages show.

    Attributes:
        answer: to the title's question, one sentence.
        headline: the figure at the top.
        claims: the ledger's table.
        sections: one a comparison.
        chapters: what is said over all comparisons, in their order.
    """

    answer: str
    headline: Picture
    claims: Table
    sections: Sequence[Section]
    chapters: Sequence[Chapter]

    @property
    def pictures(self) -> list[Picture]:
        """All of them, the headline first."""
        return [self.headline, *(picture for part in (*self.sections, *self.chapters) for picture in part.pictures)]

    @property
    def tables(self) -> list[Table]:
        """All of them, the ledger's first."""
        of_sections = [table for section in self.sections for table in (*section.tables, *section.details)]
        return [self.claims, *of_sections, *(table for chapter in self.chapters for table in chapter.tables)]


def drawn(drawings: Iterable[Drawing]) -> list[Picture]:
    """Figures as pictures of figures/. Call it within `styled`."""
    return [Picture(f"figures/{each.name}.svg", each.caption, svg(each.figure)) for each in drawings]


def link(path: Path, out: Path) -> str:
    """`path` as seen from the page in `out`."""
    return Path(os.path.relpath(path, out)).as_posix()
