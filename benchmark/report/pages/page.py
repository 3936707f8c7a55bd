"""Makes reports/README.md (all tables and figures in one page) and reports/claims.md, from jinja2 templates."""

from pathlib import Path

from benchmark.claims.finding import MINIMUM_SEEDS
from benchmark.report import rendering
from benchmark.report.chapters.optimism import optimism_table
from benchmark.report.material import Material
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes, counts, details, marks_in_words
from benchmark.report.parts import COSTS, RESULTS, Contents


def readme(material: Material, contents: Contents) -> str:
    """reports/README.md as Markdown."""
    summary = material.summary
    return render(
        "README.md.j2",
        summary=summary,
        answer=contents.answer,
        claims=contents.claims,
        headline=contents.headline,
        sections=contents.sections,
        chapters=contents.chapters_of(RESULTS),
        page=RESULTS,
        costs=COSTS,
        data=material.sets,
        records=material.records_link,
        runs=sum(len(runs) for c in summary.comparisons for runs in c.runs.values()),
    )


def claims_page(material: Material, contents: Contents) -> str:
    """reports/claims.md as Markdown."""
    judged = material.judged
    return render(
        "claims.md.j2",
        page=RESULTS,
        claims=contents.claims,
        optimism=optimism_table(material.summary),
        pages=details(judged, material.records, material.records_link),
        verdicts=", ".join(f"{n} {verdict}" for verdict, n in counts(judged).items()),
        anchors=material.anchors,
        marks=marks_in_words(),
        changes=changes(judged),
        rules=RULES_IN_WORDS,
        minimum=MINIMUM_SEEDS,
    )


def render(template: str, **values: object) -> str:
    """Render a file of the folder templates (`benchmark.report.rendering`)."""
    return rendering.render(Path(__file__).parent / "templates", template, values)
