"""The list of protocols and a page for each: results, grid, pairs, classes, figures, faces, the protocol itself."""

from collections.abc import Iterator

from benchmark.claims.finding import ROLES
from benchmark.faces.card import card
from benchmark.protocol.protocol import protocol_names
from benchmark.report.cell_words import data_kind
from benchmark.report.pages.findings import of_section
from benchmark.report.pages.run_list import present_version
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.pages.verdicts import ROLES_IN_WORDS
from benchmark.report.parts import Section, link


def protocol_pages(site: Site) -> Iterator[Leaf]:
    """The list, then the pages: photographs first, then generated faces, then drawn ones."""
    run_under = {section.comparison.protocol["name"] for section in site.sections}
    kinds: dict[str, list[Section]] = {}
    for section in site.sections:
        kinds.setdefault(_kind(section), []).append(section)
    yield site.leaf(
        "protocols.html.j2",
        BAR["Protocols"],
        "Protocols",
        "Protocols with runs",
        f"{len(site.sections)} protocols: photographs first, then generated, then drawn faces",
        kinds=kinds,
        roles=lambda section: roles_of(site, section),
        without=[name for name in protocol_names() if name not in run_under],
    )
    faces = {each.slug: each for each in site.material.faces}
    for section in site.sections:
        comparison = section.comparison
        kind = data_kind(comparison.data["name"])
        tested = "" if comparison.targets is None else f", {len(comparison.targets):,} test faces"
        yield site.leaf(
            "protocol.html.j2",
            site.addresses.protocol(comparison.slug),
            "Protocols",
            comparison.slug,
            f"{comparison.data['name']}, {kind}{tested}: {len(comparison.runs)} cells, "
            f"{sum(map(len, comparison.runs.values()))} runs",
            search=" ".join(
                [
                    *comparison.runs,
                    *comparison.protocol["classes"],
                    *(table.title for table in (*section.tables, *section.details)),
                ]
            ),
            section=section,
            comparison=comparison,
            protocol=comparison.protocol,
            card=card(comparison.data["name"]),
            findings=of_section(section, site.words, site.material.judged),
            faces_kind=kind,
            roles=roles_of(site, section),
            shown=faces.get(comparison.slug),
            face_picture=link(faces[comparison.slug].picture, site.material.out) if comparison.slug in faces else "",
            present=comparison.own or present_version(comparison),
        )


def roles_of(site: Site, section: Section) -> dict[str, list]:
    """Kind of evidence in words -> the claims for which this protocol's runs are such evidence."""
    found: dict[str, list] = {}
    if section.comparison.own:
        return found
    for role in ROLES:
        for each in site.material.judged:
            tests = [one for test, _ in each.of(role) for one in (test.conditions.values() or (test,))]
            if any(test.parameters.get("protocol") == section.comparison.protocol["name"] for test in tests):
                found.setdefault(ROLES_IN_WORDS[role], []).append(each.claim)
    return found


def _kind(section: Section) -> str:
    if section.comparison.own:
        return "protocols that the suite does not have"
    return data_kind(section.comparison.data["name"])
