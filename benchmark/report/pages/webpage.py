"""Makes reports/index.html: one self-contained file with the same tables and pictures as README.md."""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape
from PIL import Image

from benchmark.claims.claim import INFERRED, MARKS
from benchmark.claims.finding import (
    ALPHA,
    COMPATIBLE,
    CONDITIONAL,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    EXCEEDED,
    FAILS_ONLY,
    FAILS_REST_OPEN,
    HOLDS_ONLY,
    HOLDS_REST_OPEN,
    MINIMUM_SEEDS,
    NO_DIFFERENCE,
    NO_VERDICT,
    NO_VERDICT_YET,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
    Planned,
)
from benchmark.errors import BadInput, visible
from benchmark.protocol.protocol import protocol_names
from benchmark.report.material import Material
from benchmark.report.pages import prose, run_list, webtable
from benchmark.report.pages.inline import inline
from benchmark.report.pages.page import render
from benchmark.report.pages.places import Places, anchor
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes, counts, details
from benchmark.report.parts import COSTS, RESULTS, Contents, Page
from benchmark.runs.plan import studies

WIDTH, QUALITY = 960, 80  # of JPEG pictures in the page; limited because otherwise they would be most of its bytes


class Look(NamedTuple):
    """How a verdict is marked: by a sign, which can be read without colour, and by a kind, which has a colour."""

    sign: str
    kind: str


LOOKS = {
    REPRODUCED: Look("✓", "good"),
    COMPATIBLE: Look("≈", "flat"),
    EXCEEDED: Look("▲", "good"),
    SUPPORTED: Look("✓", "good"),
    TRAINS: Look("✓", "good"),
    HOLDS_ONLY: Look("✓", "flat"),
    HOLDS_REST_OPEN: Look("✓", "open"),
    CONDITIONAL: Look("±", "flat"),
    NOT_REPRODUCED: Look("✕", "bad"),
    REFUTED: Look("✕", "bad"),
    DOES_NOT_TRAIN: Look("✕", "bad"),
    FAILS_ONLY: Look("✕", "flat"),
    FAILS_REST_OPEN: Look("✕", "open"),
    EQUIVALENT: Look("≈", "flat"),
    NO_DIFFERENCE: Look("≈", "flat"),
    UNDETERMINED: Look("?", "open"),
    NO_VERDICT_YET: Look("…", "open"),
    NOT_TESTABLE: Look("\N{EN DASH}", "shut"),
    NO_VERDICT: Look("·", "flat"),
}


def webpage(material: Material, contents: Contents) -> str:
    """The page as HTML. The table of claims is shown as a list; test faces are shown in the section of their protocol."""
    summary, judged, sections = material.summary, material.judged, contents.sections
    places, root = Places(summary), material.records_link
    shortcuts = {
        s.comparison.slug: t
        for s in sections
        for t in s.tables
        if t.name == f"{s.comparison.slug}-shortcuts" and not s.comparison.own
    }
    return render(
        "index.html.j2",
        **showing(RESULTS, places),
        costs=COSTS,
        summary=summary,
        sections=contents.sections,
        chapters=contents.chapters_of(RESULTS),
        claims=contents.claims,
        ledger=details(judged, material.records, root),
        verdicts=sorted(counts(judged).items(), key=lambda pair: list(LOOKS).index(pair[0])),
        rules=RULES_IN_WORDS,
        marks=MARKS,
        inferred=INFERRED,
        alpha=ALPHA,
        minimum=MINIMUM_SEEDS,
        anchors=material.anchors,
        headline=contents.headline,
        data=material.sets,
        picture_data=picture_data,
        faces={each.slug: each for each in material.faces},
        records=root,
        answer=contents.answer,
        lead=prose.verdict_sentences(judged),
        changes=changes(judged),
        reach=[*prose.run_sentences(summary), *prose.shortcut_sentences(shortcuts, judged)],
        places=places,
        cells=lambda comparison: run_list.cells_of(comparison, places, root, material.records),
        present_version=run_list.present_version,
        missing=lambda finding: missing_runs(finding.planned),
        runs=sum(len(own) for c in summary.comparisons for own in c.runs.values()),
    )


def showing(page: Page, places: Places, *, runs_page: str = "") -> dict[str, object]:
    """What the templates of tables, figures and chapters need, on any page.

    Args:
        runs_page: file of the page with the runs that numbers lead to; "" for the same page.
    """
    return {
        "page": page,
        "runs_page": runs_page,
        "looks": LOOKS,
        "soft": breakable,
        "anchor": anchor,
        "blocks": lambda table, slug="": webtable.blocks(table, places, slug),
        "figure": lambda picture: inline(
            picture.content, anchor("fig", Path(picture.file).stem).replace(".", "_"), picture.caption, picture.description
        ),
    }


def missing_runs(planned: Sequence[Planned]) -> list[str]:
    """The commands that make the missing planned runs; empty if no command can.

    All missing runs of a study have one command, because the study finds the learning rates of its cells first.
    """
    known = studies()
    commands = [
        f"python -m benchmark study {known[run.protocol]}"
        if run.protocol in known
        else run_list.command(run.protocol, run.cell, run.missing)
        for run in planned
        if run.missing and run.protocol in protocol_names()
    ]
    return list(dict.fromkeys(commands))


def breakable(text: str) -> Markup:
    """Escaped text with allowed line breaks after - / and _, which are needed for long names of cells."""
    return Markup(re.sub(r"([-/_])(?=\w)", r"\1<wbr>", str(escape(visible(text)))))  # noqa: S704  # escaped first


def picture_data(path: Path) -> str:
    """A picture as a data URL with a JPEG. A JPEG file is used unchanged; others are reduced to at most `WIDTH` pixels.

    Raises:
        BadInput: a file that is not a picture.
    """
    content = path.read_bytes()
    if path.suffix != ".jpg":
        buffer = io.BytesIO()
        try:
            with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:  # a PostScript file would start a program
                shown = picture.convert("RGB")
        except (OSError, SyntaxError) as error:  # another file; cut short; damaged
            raise BadInput(path, f"{len(content)} bytes that are no picture", "a PNG file") from error
        shown.thumbnail((WIDTH, 10 * WIDTH))
        shown.save(buffer, "JPEG", quality=QUALITY, optimize=True)
        content = buffer.getvalue()
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()
