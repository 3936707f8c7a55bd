"""Makes the report from records and other measurements. Everything is made in memory first, then written."""

import contextlib
import gc
import json
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.files import replacing_directory, replacing_file
from benchmark.leftovers import clear_below
from benchmark.report import newest
from benchmark.report.answer import answer
from benchmark.report.boards import FILE
from benchmark.report.chapter_list import made_chapters
from benchmark.report.material import Material, read_material
from benchmark.report.pages.addresses import FOLDER
from benchmark.report.pages.all_pages import all_pages
from benchmark.report.pages.markdown import markdown_pages
from benchmark.report.pages.site import Site
from benchmark.report.pages.verdicts import claims_table
from benchmark.report.parts import PAGES, Contents, Picture
from benchmark.report.scores import csv_bytes, score_files
from benchmark.report.sections import headline, plots
from benchmark.report.sections.section import section
from benchmark.report.style import styled, svg

FOLDERS = (FOLDER, "tables", "figures", "metrics", "plots", "costs")  # of `out`, each replaced as a whole
HEADLINE = (
    "What a bounded shortcut changes against the identity shortcut in the runs that are there; drawn and generated "
    "faces are evidence for no claim. Dots: working BatchNorm, open squares: frozen; bars: 95 % "
    "paired t-interval over seeds, not adjusted for their number"
)
CUT = "; an arrow or \N{DAGGER}: the interval goes on, but no such difference is possible"


def build(
    records: Path = Path("reports/records"),
    complexity: Path = Path("reports/complexity.json"),
    data: Path = Path("reports/data"),
    out: Path = Path("reports"),
    planned: Container[str] | None = None,
) -> None:
    """Write the pages, their tables and figures, metrics and plots into `out`. The same input gives the same bytes.

    Everything is written under temporary names first and then put in place, one folder or page after the other. If the
    process is killed between two of these, some are new and some old, each complete; the next call makes all of them new.
    Leftovers of killed processes anywhere in `out` are removed.

    What measures time or describes a machine goes to the part `benchmark.report.parts.COSTS`, its page and its folder.

    Args:
        records: folder of records, at any depth; see `benchmark.records.record`.
        complexity: complexity.json (`benchmark.measures.complexity.file`); without the file its columns say
            "not tested".
        data: folder with <name>/audit.json and <name>/contact-sheet.png of prepared data sets; may be missing.
        out: folder of the report. Its folders `FOLDERS` are replaced as a whole. If they exist, newest.json (of the last
            report), latency.json (from `ferbench complexity`), release-audit.md (from `audit-release`) and these folders
            in it are read: humans (from `ceilings`), faces, gradients, robustness and bench (from the commands of these
            names), tuning (from `tune` and `study`) and release (from `audit-release`).
        planned: of which runs metrics/ tells (`benchmark.report.summaries.summaries`); None: all that the pipeline made.

    Raises:
        BadInput: no record, or a damaged one; records of the same data with different test images; a complexity.json or
            audit.json, or a file in one of the folders above, that can not be read. Nothing has been written then.
    """
    clear_below(Path(out))
    with _uncollected():
        material = read_material(*(Path(path) for path in (records, complexity, data, out)))
        contents, out = made_contents(material), material.out
        site = Site(material, contents)
        texts = {**all_pages(site), **markdown_pages(site)}
        texts |= {FILE: _json(material.leaderboard), newest.FILE: _json(material.newest)}
        files = made_files(material, contents, planned) | {name: t.encode() for name, t in texts.items() if "/" in name}
    pages = {name: text for name, text in texts.items() if "/" not in name}
    for name in files:
        if ".." in PurePosixPath(name).parts or "\\" in name or not name.isprintable():
            raise BadInput(f"file of the report {name!r}", "a name that leads elsewhere", "a plain name")
    with contextlib.ExitStack() as stack:  # ends in the opposite order: folders first, then the pages that show them
        for name, text in reversed(pages.items()):
            stack.enter_context(replacing_file(out / name)).write_text(text, encoding="utf-8")
        for folder in FOLDERS:
            temporary = stack.enter_context(replacing_directory(out / folder))
            for name, content in files.items():
                if name.startswith(f"{folder}/"):
                    path = temporary / name.removeprefix(f"{folder}/")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """A context without the collection of garbage: going through a million objects that stay takes a tenth of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _json(contents: object) -> str:
    return json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def made_contents(material: Material) -> Contents:
    """Make what the pages show from the material."""
    compared = headline.groups(material.summary, material.claims)
    caption = HEADLINE + (CUT if headline.cuts(compared) else "")
    words = headline.description(compared)
    with styled():
        return Contents(
            answer=answer(material.judged).sentence,
            headline=Picture("figures/headline.svg", caption, svg(headline.headline(compared)), words),
            headline_narrow=Picture("figures/headline-narrow.svg", caption, svg(headline.headline_narrow(compared)), words),
            claims=claims_table(material.judged),
            sections=[section(comparison, material) for comparison in material.summary.comparisons],
            chapters=made_chapters(material),
        )


def made_files(material: Material, contents: Contents, planned: Container[str] | None = None) -> dict[str, bytes]:
    """Path relative to the report's folder -> contents, for all tables, figures, plots and metrics."""
    summary = material.summary
    files = {}
    for page in PAGES:
        files |= {f"{page.folder}{picture.file}": picture.content for picture in contents.pictures(page)}
        for table in contents.tables(page):
            rendered = {"md": table.markdown(), "csv": table.csv(), "tex": table.latex()}
            own = {f"{page.folder}tables/{table.name}.{kind}": content.encode() for kind, content in rendered.items()}
            files |= own
    files |= score_files(summary, material.records, planned)
    files["plots/history.csv"] = csv_bytes(plots.history(summary))
    files |= {f"plots/learning/{name}.csv": csv_bytes(curve) for name, curve in plots.learning(summary).items()}
    for comparison in summary.comparisons:
        files[f"plots/costs/{comparison.slug}.csv"] = csv_bytes(plots.costs(comparison, material.complexity))
        if comparison.task == "categorical":
            for label, predicted in plots.confusion(comparison).items():
                files[f"plots/confusion/{comparison.slug}/{label}.csv"] = csv_bytes(predicted)
    return files
