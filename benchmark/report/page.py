"""reports/README.md, all tables and figures in one page, and reports/claims.md, by the jinja2 templates beside this file."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jinja2

from benchmark.claim_list import MARKS
from benchmark.claims import ALPHA, MINIMUM_SEEDS, Judged
from benchmark.errors import BadInput
from benchmark.report.summary import Comparison, Summary
from benchmark.report.tables import Table
from benchmark.report.verdicts import counts, details


class Picture(NamedTuple):
    """A figure of the page: its file below the report's folder, and the caption."""

    file: str
    caption: str


@dataclass(frozen=True)
class Section:
    """What the page shows of one comparison; `details` are tables that open on a click."""

    comparison: Comparison
    tables: Sequence[Table]
    details: Sequence[Table]
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Data:
    """A prepared data set: contents of its audit.json, and its contact sheet as a link from the page, if it has one."""

    audit: Mapping
    contact_sheet: str | None

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
        try:
            audit = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise BadInput(path, error, "valid JSON") from error
        if missing := {"name", "version", "counts", "fingerprint", "classes"} - set(audit):
            raise BadInput(path, f"no {', '.join(sorted(missing))}", "the audit of a data set")
        sheet = path.parent / "contact-sheet.png"
        found.append(Data(audit, link(sheet, out) if sheet.is_file() else None))
    return found


def link(path: Path, out: Path) -> str:
    """`path` as seen from the page in `out`."""
    return Path(os.path.relpath(path, out)).as_posix()


def environments(summary: Summary) -> list[tuple[str, list[str]]]:
    """Each distinct environment as one line, and the protocols that ran in it with their numbers of runs."""
    found: dict[str, dict[str, int]] = {}
    for comparison in summary.comparisons:
        for runs in comparison.runs.values():
            for run in runs:
                own = found.setdefault("; ".join(_flat(run.record["environment"])), {})
                own[comparison.slug] = own.get(comparison.slug, 0) + 1
    return [(line, [f"{slug}: {n} runs" for slug, n in own.items()]) for line, own in sorted(found.items())]


def readme(
    summary: Summary,
    sections: Sequence[Section],
    claims: Table,
    optimism: Table,
    general: Sequence[Table],
    pictures: Mapping[str, Picture],
    data: Sequence[Data],
    records: str,
    along: Sequence[Table] = (),
    along_pictures: Sequence[Picture] = (),
) -> str:
    """The page as Markdown.

    Args:
        claims, optimism: the ledger's tables.
        general: tables over all protocols.
        pictures: those of no one protocol, by name.
        records: link from the page to the folder of the records.
        along, along_pictures: gradients along the units.
    """
    return render(
        "README.md.j2",
        along=along,
        along_pictures=along_pictures,
        summary=summary,
        claims=claims,
        optimism=optimism,
        sections=sections,
        general=general,
        pictures=pictures,
        data=data,
        records=records,
        environments=environments(summary),
        runs=sum(len(runs) for c in summary.comparisons for runs in c.runs.values()),
    )


def claims_page(
    claims: Table, optimism: Table, judged: Sequence[Judged], anchors: Mapping[str, Mapping], root: Path, records: str
) -> str:
    """reports/claims.md as Markdown.

    Args:
        anchors: `benchmark.claim_list.load_anchors`.
        root, records: the folder of the records, and the link to it from the page.
    """
    return render(
        "claims.md.j2",
        claims=claims,
        optimism=optimism,
        pages=details(judged, root, records),
        verdicts=", ".join(f"{n} {verdict}" for verdict, n in counts(judged).items()),
        anchors=anchors,
        marks=MARKS,
        alpha=ALPHA,
        minimum=MINIMUM_SEEDS,
    )


def render(template: str, **values: object) -> str:
    """A template of the folder beside this file; a value that it lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(**values)


def _flat(value: Mapping, prefix: str = "") -> list[str]:
    lines = []
    for key, entry in value.items():
        lines += (
            _flat(entry, f"{prefix}{key} ")
            if isinstance(entry, Mapping)
            else [f"{prefix}{key} {'not recorded' if entry is None else entry}"]
        )
    return lines
