"""The list of claims and a page for each: the evidence, the rule, the runs, what would change the verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from benchmark.claims.claim import INFERRED, MARKS, Claim
from benchmark.claims.finding import DECIDING, FURTHER, NO_VERDICT_YET, NOT_TESTABLE, SCALED_DOWN, UNDETERMINED
from benchmark.claims.judge import Judged
from benchmark.records.record import Record
from benchmark.report.claim_changes import would_change
from benchmark.report.claim_words import Compact, compact
from benchmark.report.pages import prose
from benchmark.report.pages.addresses import anchor, relative
from benchmark.report.pages.chapter_pages import address_of
from benchmark.report.pages.linking import papers
from benchmark.report.pages.looks import LOOKS
from benchmark.report.pages.missing import missing_runs
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.pages.verdicts import RULES_IN_WORDS, changes, counts, details
from benchmark.report.parts import RESULTS, Picture
from benchmark.report.tables import Table


def by_state(judged: Sequence[Judged]) -> dict[str, list[tuple[Claim, Compact]]]:
    """The claims in the order in which a reader wants them: what is decided, what waits, what can not be tested."""
    found: dict[str, list[tuple[Claim, Compact]]] = {"Decided": [], "Waiting for runs": [], "Not testable here": []}
    for each in judged:
        waits = each.finding.verdict in (NO_VERDICT_YET, UNDETERMINED)
        state = "Not testable here" if each.finding.verdict == NOT_TESTABLE else "Waiting for runs" if waits else "Decided"
        found[state].append((each.claim, compact(each)))
    return found


def claim_pages(site: Site) -> Iterator[Leaf]:
    """The list, then the pages in its order."""
    judged = site.material.judged
    yield site.leaf(
        "claims.html.j2",
        BAR["Claims"],
        "Claims",
        "What was claimed and what was found",
        f"{len(judged)} claims of the two papers' abstracts, or inferred from them, each with its verdict",
        claims=by_state(judged),
        verdicts=sorted(counts(judged).items(), key=lambda pair: list(LOOKS).index(pair[0])),
        lead=prose.verdict_sentences(judged),
        table=site.contents.claims,
    )
    runs = {
        run.record.directory: c.slug for c in site.material.summary.comparisons for own in c.runs.values() for run in own
    }
    for each, found in zip(judged, details(judged, site.material.records, site.material.records_link), strict=True):
        claim, own = each.claim, compact(each)
        yield site.leaf(
            "claim.html.j2",
            site.addresses.claim(claim.id),
            "Claims",
            own.sentence,
            f"{claim.paper}; {each.finding.verdict}: {own.found}",
            search=f"{claim.id} {claim.quote}",
            claim=claim,
            own=own,
            found=found,
            would_change=would_change(each),
            inferred=INFERRED,
            marks=MARKS,
            papers=papers(),
            others=_others(site, claim),
            rules=RULES_IN_WORDS,
            missing=lambda finding: missing_runs(finding.planned),
            behind=behind,
            slug_of=runs,
            pairs=list(_pairs(site, each)),
            pictures=list(_pictures(site, each)),
            anchors=site.material.anchors,
            changes=[change for change in changes(judged) if change["claim"] == claim.id],
        )


def behind(records: Sequence[Record]) -> str:
    """The title of the list of a test's runs."""
    return f"The {len(records)} runs behind it" if len(records) != 1 else "The run behind it"


def _others(site: Site, claim: Claim) -> dict[str, str]:
    """What a claim's text may name -> where it is, seen from its page: the other claims and the tables of chapters."""
    page, named = site.addresses.claim(claim.id), {}
    for chapter in site.contents.chapters_of(RESULTS):
        named |= {table.title: f"{address_of(chapter)}#{anchor('table', table.name)}" for table in chapter.tables}
    ids = {each.claim.id for each in site.material.judged} - {claim.id}
    # A name of one word, as "contempt", is a word of the text as well.
    named |= {name: site.addresses.claim(name) for name in ids if "-" in name}
    return {name: relative(target, page) for name, target in named.items()}


def _pictures(site: Site, judged: Judged) -> Iterator[Picture]:
    """The figures of the gradients behind a claim about gradients: their ratio against depth, and through training."""
    of = {test.parameters["protocol"] for test, _ in judged.of(DECIDING) if test.rule.startswith("gradient")}
    stems = [f"gradients-{each['plan']}-{kind}" for each in site.material.gradients for kind in ("depth", "training")
             if each["protocol"]["name"] in of]  # fmt: skip
    for chapter in site.contents.chapters:
        yield from (picture for picture in chapter.pictures if PurePosixPath(picture.file).stem in stems)


def _pairs(site: Site, judged: Judged) -> Iterator[tuple[Table, str]]:
    """The paired differences of the very cells that a claim's tests compare: (rows of the table of pairs, protocol)."""
    compared: dict[object, list[set[object]]] = {}
    for test, _ in (pair for role in (DECIDING, SCALED_DOWN, FURTHER) for pair in judged.of(role)):
        for one in test.conditions.values() or (test,):
            if {"a", "b"} <= set(one.parameters) and not test.rule.startswith("gradient"):
                compared.setdefault(one.parameters["protocol"], []).append({one.parameters["a"], one.parameters["b"]})
    for section in site.contents.sections:
        slug = section.comparison.slug
        wanted = [] if section.comparison.own else compared.get(section.comparison.protocol["name"], [])
        for table in (table for table in section.details if table.name == f"{slug}-pairs"):
            if rows := [row for row in table.rows if {row["a"].text, row["b"].text} in wanted]:
                yield replace(table, rows=rows), slug
