"""reports/README.md, all tables and figures in one page, and reports/claims.md, by the jinja2 templates beside this file."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jinja2

from benchmark.claims.comparing import MINIMUM_SEEDS
from benchmark.claims.judge import Judged
from benchmark.errors import BadInput
from benchmark.files import read_object
from benchmark.records.comparisons import Comparison, Summary
from benchmark.report.chapters.verdicts import RULES_IN_WORDS, changes, counts, details, marks_in_words
from benchmark.report.pages.run_list import environments
from benchmark.report.tables import Table


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
    """A part of both pages that is about no single protocol; a further one is one more entry of `build.chapters`.

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
class Data:
    """A prepared data set: contents of its audit.json; its contact sheet, if it has one, as the page's link and as file."""

    audit: Mapping
    contact_sheet: str | None
    picture: Path | None = None

    @property
    def counts(self) -> list[list[str]]:
        """Rows of the table split x class, with a header."""
        counts, classes = self.audit["counts"], self.audit["classes"]
        names = [*classes, *sorted({name for split in counts.values() for name in split} - set(classes))]
        rows = [["split", *names, "all"]]
        for split, of in counts.items():
            rows.append([split, *(f"{of.get(name, 0):,}" for name in names), f"{sum(of.values()):,}"])
        return rows


def read_data(folder: Path, out: Path) -> list[Data]:
    """The prepared data sets below `folder`, by name. BadInput for an audit.json that is no JSON."""
    found = []
    for path in sorted(folder.glob("*/audit.json")):
        audit = read_object(path)
        if missing := {"name", "version", "counts", "fingerprint", "classes"} - set(audit):
            raise BadInput(path, f"no {', '.join(sorted(missing))}", "the audit of a data set")
        sheet = path.parent / "contact-sheet.png"
        found.append(Data(audit, link(sheet, out), sheet) if sheet.is_file() else Data(audit, None))
    return found


def link(path: Path, out: Path) -> str:
    """`path` as seen from the page in `out`."""
    return Path(os.path.relpath(path, out)).as_posix()


def readme(
    summary: Summary,
    sections: Sequence[Section],
    chapters: Sequence[Chapter],
    claims: Table,
    headline: Picture,
    data: Sequence[Data],
    records: str,
    answer: str,
    along: Sequence[Table] = (),
    along_pictures: Sequence[Picture] = (),
) -> str:
    """The page as Markdown.

    Args:
        claims: the ledger's table.
        headline: the figure at the top.
        records: link from the page to the folder of the records.
        answer: to the title's question, one sentence.
        along, along_pictures: gradients along the units.
    """
    return render(
        "README.md.j2",
        along=along,
        along_pictures=along_pictures,
        summary=summary,
        answer=answer,
        claims=claims,
        headline=headline,
        sections=sections,
        chapters=chapters,
        data=data,
        records=records,
        environments=[
            (line, [f"{slug}: {n} runs" for slug, n in own.items()]) for line, own in environments(summary).items()
        ],
        runs=sum(len(runs) for c in summary.comparisons for runs in c.runs.values()),
    )


def claims_page(
    claims: Table, optimism: Table, judged: Sequence[Judged], anchors: Mapping[str, Mapping], root: Path, records: str
) -> str:
    """reports/claims.md as Markdown.

    Args:
        anchors: `benchmark.claims.load.load_anchors`.
        root, records: the folder of the records, and the link to it from the page.
    """
    return render(
        "claims.md.j2",
        claims=claims,
        optimism=optimism,
        pages=details(judged, root, records),
        verdicts=", ".join(f"{n} {verdict}" for verdict, n in counts(judged).items()),
        anchors=anchors,
        marks=marks_in_words(),
        changes=changes(judged),
        rules=RULES_IN_WORDS,
        minimum=MINIMUM_SEEDS,
    )


def render(template: str, **values: object) -> str:
    """A template of the folder beside this file; a value that it lacks is an error. HTML is escaped, Markdown is not."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
    )
    return environment.get_template(template).render(**values)
