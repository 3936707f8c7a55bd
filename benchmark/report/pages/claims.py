"""The list of claims and a page for each: the evidence, the rule, the runs, what would change the verdict."""

from collections.abc import Iterator

from benchmark.claims.claim import INFERRED, MARKS
from benchmark.claims.finding import MINIMUM_SEEDS
from benchmark.report.claim_changes import would_change
from benchmark.report.claim_words import compact
from benchmark.report.pages import prose
from benchmark.report.pages.looks import LOOKS
from benchmark.report.pages.missing import missing_runs
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes, counts, details

PAPERS = {"BReG-Net": "https://arxiv.org/abs/1903.02110", "BReG-NeXt": "https://arxiv.org/abs/2004.08495"}


def claim_pages(site: Site) -> Iterator[Leaf]:
    """The list, then the pages in its order."""
    judged = site.material.judged
    yield site.leaf(
        "claims.html.j2",
        BAR["Claims"],
        "Claims",
        "What was claimed and what was found",
        f"The {len(judged)} claims of the two papers, each with its verdict",
        claims=[(each.claim, compact(each)) for each in judged],
        verdicts=sorted(counts(judged).items(), key=lambda pair: list(LOOKS).index(pair[0])),
        lead=prose.verdict_sentences(judged),
        table=site.contents.claims,
        marks=MARKS,
        papers=PAPERS,
        anchors=site.material.anchors,
    )
    runs = {
        run.record.directory: c.slug for c in site.material.summary.comparisons for own in c.runs.values() for run in own
    }
    for each, found in zip(judged, details(judged, site.material.records, site.material.records_link), strict=True):
        claim = each.claim
        yield site.leaf(
            "claim.html.j2",
            site.addresses.claim(claim.id),
            "Claims",
            f"{claim.sentence}: {claim.value}",
            f"{claim.paper} claims it; verdict: {each.finding.shown}",
            search=f"{claim.id} {claim.quote}",
            claim=claim,
            own=compact(each),
            found=found,
            would_change=would_change(each),
            inferred=INFERRED,
            marks=MARKS,
            papers=PAPERS,
            rules=RULES_IN_WORDS,
            minimum=MINIMUM_SEEDS,
            missing=lambda finding: missing_runs(finding.planned),
            slug_of=runs,
            pairs=list(_pairs(site, each)),
            anchors=site.material.anchors,
            changes=[change for change in changes(judged) if change["claim"] == claim.id],
        )


def _pairs(site: Site, judged) -> Iterator:
    """The tables of paired differences under the protocols of a claim's tests: (table, protocol)."""
    names = {
        one.parameters.get("protocol")
        for role in ("deciding", "scaled_down", "further")
        for test, _ in judged.of(role)
        for one in (test.conditions.values() or (test,))
        if {"a", "b"} <= set(one.parameters)
    }
    for section in site.contents.sections:
        if section.comparison.protocol["name"] in names and not section.comparison.own:
            slug = section.comparison.slug
            yield from ((table, slug) for table in section.tables if table.name == f"{slug}-shortcuts")
