"""What every page of the site is made with, and what a page is."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from benchmark.records.written import CUT
from benchmark.report import rendering
from benchmark.report.cell_words import by_kind, called
from benchmark.report.material import Material
from benchmark.report.pages import webtable
from benchmark.report.pages.addresses import FOLDER, Addresses, anchor, relative
from benchmark.report.pages.breaking import breakable
from benchmark.report.pages.figures import figure_size
from benchmark.report.pages.linking import home_of, linked
from benchmark.report.pages.looks import LOOKS
from benchmark.report.parts import COSTS, RESULTS, Contents, Section
from benchmark.report.tables import CUT_NOTE, Table
from benchmark.report.wording import counted

TEMPLATES = Path(__file__).parent / "templates"
# The bar at the top of every page: words, address.
BAR = {
    "Claims": f"{FOLDER}/claims.html",
    "Leaderboards": f"{FOLDER}/leaderboards.html",
    "Protocols": f"{FOLDER}/protocols.html",
    "Models": f"{FOLDER}/models.html",
    "Data": f"{FOLDER}/data.html",
    "Methods": f"{FOLDER}/methods.html",
    "All pages": f"{FOLDER}/contents.html",
}

LONGEST = 40  # rows of a table that is open from the beginning


class Leaf(NamedTuple):
    """A page of the site.

    Attributes:
        address: of its file, in the report's folder.
        kind: what it is a page of, as a heading in the list of all pages.
        title: its heading.
        about: one line, without a full stop: what a reader finds there.
        html: its text.
        words: what a search finds it by, beside title and line.
    """

    address: str
    kind: str
    title: str
    about: str
    html: str
    words: str = ""


@dataclass(frozen=True)
class Site:
    """What the pages are made from."""

    material: Material
    contents: Contents

    @cached_property
    def addresses(self) -> Addresses:
        """Where the page of each protocol, model and run is."""
        return Addresses(self.material.summary)

    @cached_property
    def sections(self) -> list[Section]:
        """The section of every protocol: photographs first, then generated, then drawn faces."""
        of = {section.comparison.slug: section for section in self.contents.sections}
        return [of[comparison.slug] for comparison in by_kind(self.material.summary.comparisons)]

    @cached_property
    def _cells(self) -> dict[tuple[str, str], str]:
        return {(c.slug, label): called(c, label) for c in self.material.summary.comparisons for label in c.runs}

    def words(self, slug: str, label: str) -> str:
        """A cell in words; the label of something else as it is."""
        return self._cells.get((slug, label), label)

    def leaf(
        self, template: str, address: str, kind: str, title: str, about: str, *, search: str = "", **values: object
    ) -> Leaf:
        """A page from a template.

        Args:
            search: what a search finds it by, beside title and line.
            values: for the template, beside those that every page has.
        """
        html = rendering.render(TEMPLATES, template, self._common(address) | {"title": title, "about": about} | values)
        return Leaf(address, kind, title, about, html, search)

    def _common(self, address: str) -> dict[str, object]:
        def link(target: str) -> str:
            return relative(target, address)

        return {
            "address": address,
            "to": link,
            "page": RESULTS,
            "costs": COSTS,
            "bar": BAR,
            "at": self.addresses,
            "looks": LOOKS,
            "soft": breakable,
            "linked": linked,
            "home_of": home_of,
            "anchor": anchor,
            "words": self.words,
            "counted": counted,
            "records": self.material.records_link,
            "blocks": self.blocks,
            "size": figure_size,
            "asset": asset,
            "longest": LONGEST,
            "cut": CUT,
            "cut_note": CUT_NOTE,
        }

    def blocks(self, table: Table, slug: str = "") -> list[webtable.Block]:
        """The blocks of a table, for a page."""
        return webtable.blocks(table, self.addresses, self.words, slug or self.protocol_of(table))

    def protocol_of(self, table: Table) -> str:
        """The protocol that a table's name begins with; "" for a table of all protocols."""
        slugs = [comparison.slug for comparison in self.material.summary.comparisons]
        return max((slug for slug in slugs if table.name.startswith(f"{slug}-")), key=len, default="")


def asset(name: str) -> Markup:
    """The text of a style sheet or script of the pages, which is HTML already."""
    return Markup((TEMPLATES / "page" / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of this package
