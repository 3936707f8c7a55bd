"""A page for every chapter of results but the leaderboards; the page of costs; the pages of data and of methods."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from benchmark.claims.claim import MARKS
from benchmark.claims.finding import MINIMUM_SEEDS
from benchmark.faces.card import card
from benchmark.records.metrics import METRICS
from benchmark.report.cell_words import data_kind, kind_rank
from benchmark.report.pages import prose
from benchmark.report.pages.addresses import FOLDER
from benchmark.report.pages.findings import shortcut_tables
from benchmark.report.pages.formatted import formatted
from benchmark.report.pages.glossary import GLOSSARY
from benchmark.report.pages.looks import LOOKS
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes
from benchmark.report.parts import COSTS, RESULTS, Chapter, Picture
from benchmark.report.wording import count, listed

BOARDS = "leaderboard"  # the chapter that has a page of another kind (`board_page`)


def address_of(chapter: Chapter) -> str:
    """The page of a chapter of results."""
    return BAR["Leaderboards"] if chapter.name == BOARDS else f"{FOLDER}/{chapter.name}.html"


def chapter_pages(site: Site) -> Iterator[Leaf]:
    """A page for each chapter of results."""
    for chapter in site.contents.chapters_of(RESULTS):
        if chapter.name == BOARDS:
            continue
        yield site.leaf(
            "chapter.html.j2",
            address_of(chapter),
            "Measurements",
            chapter.title,
            _about(chapter),
            search=" ".join(table.title for table in chapter.tables),
            chapter=chapter,
            pictures=by_table(chapter),
            short=short_titles(chapter),
            cells=any("cell" in table.columns for table in chapter.tables),
            text=formatted(chapter.text, address_of(chapter), chapter.title),
        )


def short_titles(chapter: Chapter) -> dict[str, str]:
    """Name of a table -> its title, without the beginning that all titles of the chapter share up to a colon."""
    begins = {table.title.partition(": ")[0] for table in chapter.tables}
    shared = len(begins) == 1 and all(": " in table.title for table in chapter.tables)
    return {table.name: table.title.partition(": ")[2] if shared else table.title for table in chapter.tables}


def by_table(chapter: Chapter) -> dict[str, list[Picture]]:
    """Name of a table -> the pictures that go with it, whose names begin with the table's; "": those that go with none."""
    found: dict[str, list[Picture]] = {"": [], **{table.name: [] for table in chapter.tables}}
    for picture in chapter.pictures:
        stem = PurePosixPath(picture.file).stem
        own = [table.name for table in chapter.tables if f"{stem}-".startswith(f"{table.name}-")]
        found[max(own, key=len, default="")].append(picture)
    return found


def costs_page(site: Site) -> Leaf:
    """The page of all that measures time or memory, or describes a machine."""
    return site.leaf(
        "costs.html.j2",
        COSTS.html,
        "Measurements",
        "Time, memory, machines",
        "What the runs and networks took, and on which machines",
        chapters=site.contents.chapters_of(COSTS),
        page=COSTS,
    )


def data_page(site: Site) -> Leaf:
    """The prepared data sets and their audits."""
    return site.leaf(
        "data.html.j2",
        BAR["Data"],
        "Data",
        "Data sets",
        f"{len(site.material.sets)} prepared data sets, audited: counts, copies, findings, sheets of faces",
        search=" ".join(each.audit["name"] for each in site.material.sets),
        sets=sorted(site.material.sets, key=lambda each: kind_rank(each.audit["name"])),
        card=card,
        kind_of=data_kind,
        audits=[chapter for chapter in site.contents.chapters if chapter.name == "audits"],
    )


def methods_page(site: Site) -> Leaf:
    """How to read the tables, how a verdict comes about, marks, words, published figures."""
    summary, judged = site.material.summary, site.material.judged
    return site.leaf(
        "methods.html.j2",
        BAR["Methods"],
        "Methods",
        "Methods and words",
        "How to read a table, how a verdict comes about, what each word and mark means",
        search=" ".join([*(metric.title for metric in METRICS.values()), *LOOKS, *RULES_IN_WORDS.values(), *GLOSSARY]),
        reach=[*prose.run_sentences(summary), *prose.shortcut_sentences(shortcut_tables(site.contents), judged)],
        rules=RULES_IN_WORDS,
        minimum=MINIMUM_SEEDS,
        marks=MARKS,
        metrics=METRICS,
        explained=GLOSSARY,
        changes=changes(judged),
        remarks=summary.remarks,
        anchors=site.material.anchors,
    )


def _about(chapter: Chapter) -> str:
    parts = [count(len(chapter.tables), "table")] if chapter.tables else []
    parts += [count(len(chapter.pictures), "figure")] if chapter.pictures else []
    return listed(parts).capitalize() if parts else chapter.title
