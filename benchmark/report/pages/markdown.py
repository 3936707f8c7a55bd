"""The pages as Markdown: a short README.md, claims.md, costs.md, and a page for each protocol and chapter, the data sets."""

from collections.abc import Mapping

from benchmark.claims.finding import MINIMUM_SEEDS
from benchmark.report import rendering
from benchmark.report.cell_words import data_kind
from benchmark.report.chapters.optimism import optimism_table
from benchmark.report.claim_words import compact
from benchmark.report.material import Material
from benchmark.report.pages.addresses import FOLDER, relative
from benchmark.report.pages.site import TEMPLATES, Site
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes, counts, details, marks_in_words
from benchmark.report.parts import COSTS, RESULTS, Contents

CLAIMS, DATA = "claims.md", f"{FOLDER}/data.md"


def markdown_pages(site: Site) -> Mapping[str, str]:
    """Path in the report's folder -> text."""
    material, contents = site.material, site.contents
    slugs = [section.comparison.slug for section in site.sections]
    of_protocol = {slug: _markdown(site.addresses.protocol(slug)) for slug in slugs}
    of_chapter = {chapter.name: f"{FOLDER}/{chapter.name}.md" for chapter in contents.chapters_of(RESULTS)}
    pages = {
        RESULTS.markdown: _rendered(
            "README.md.j2",
            RESULTS.markdown,
            material=material,
            contents=contents,
            claims=[(each.claim, compact(each)) for each in material.judged],
            sections=site.sections,
            of_protocol=of_protocol,
            of_chapter=of_chapter,
            data_kind=data_kind,
            records=material.records_link,
            runs=sum(len(runs) for c in material.summary.comparisons for runs in c.runs.values()),
        ),
        CLAIMS: _claims(material, contents),
        COSTS.markdown: _rendered(
            "costs.md.j2", COSTS.markdown, page=COSTS, results=RESULTS, chapters=contents.chapters_of(COSTS)
        ),
        DATA: _rendered("data.md.j2", DATA, data=material.sets),
    }
    for section in site.sections:
        address = of_protocol[section.comparison.slug]
        pages[address] = _rendered("protocol.md.j2", address, section=section)
    for chapter in contents.chapters_of(RESULTS):
        pages[of_chapter[chapter.name]] = _rendered("chapter.md.j2", of_chapter[chapter.name], chapter=chapter)
    return pages


def _claims(material: Material, contents: Contents) -> str:
    judged = material.judged
    return _rendered(
        "claims.md.j2",
        CLAIMS,
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


def _markdown(address: str) -> str:
    return address.removesuffix(".html") + ".md"


def _rendered(template: str, address: str, **values: object) -> str:
    common = {"page": RESULTS, "costs": COSTS, "to": lambda target: relative(target, address)}
    return rendering.render(TEMPLATES, template, common | values)
