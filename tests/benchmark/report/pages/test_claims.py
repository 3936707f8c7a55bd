"""The list of claims and the page of each: verdict, rule, runs, missing commands; no paper claims what was inferred."""

import csv
import html
import json
import re
from collections import Counter
from types import SimpleNamespace

import pytest

from benchmark.claims.claim import Check
from benchmark.claims.finding import Planned, Undecided
from benchmark.claims.ledger import Ledger
from benchmark.claims.load import load_claims
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.claim_changes import would_change
from benchmark.report.claim_words import plain
from benchmark.report.pages.claims import _pictures, behind
from benchmark.report.pages.missing import missing_runs
from benchmark.report.pages.verdicts import RULES_IN_WORDS
from benchmark.report.parts import Chapter, Picture

CHIP = re.compile(r'<span class="chip \w+"><span aria-hidden="true">(.)</span> ([^<]+)</span>')


@pytest.fixture(scope="module")
def claims(whole):
    """The rows of tables/claims.csv."""
    with open(whole / "tables" / "claims.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_claim_has_a_page_with_its_verdict(site, claims):
    assert {f"pages/claims/{claim['claim']}.html" for claim in claims} == {a for a in site if a.startswith("pages/claims/")}
    for claim in claims:
        page = site[f"pages/claims/{claim['claim']}.html"]
        line = page.source[page.source.index('<p class="verdict-line">') :]
        assert CHIP.search(line)[2] == claim["verdict"], claim["claim"]
    found = re.findall(r"<b>(\d+)</b> (<span class=\"chip.*?</span> [^<]+</span>)", site["pages/claims.html"].source)
    tally = {CHIP.search(chip)[2]: int(number) for number, chip in found}
    assert tally == Counter(claim["verdict"] for claim in claims)


@pytest.mark.parametrize(("address", "prefix"), [("index.html", "pages/claims/"), ("pages/claims.html", "claims/")])
def test_both_lists_lead_to_every_claim_with_its_verdict(site, claims, address, prefix):
    listed = re.findall(rf'<a href="{prefix}([\w-]+)\.html">\s*<span class="verdict">(.*?)</span>\n', site[address].source)
    assert {name: CHIP.search(chip)[2] for name, chip in listed} == {claim["claim"]: claim["verdict"] for claim in claims}
    assert len(listed) == len(claims)


def test_no_paper_is_said_to_claim_what_was_inferred(site):
    """The claim that this project inferred from a sentence of the paper; every other one is printed there."""
    who = {}
    for claim in load_claims():
        page = site[f"pages/claims/{claim.id}.html"]
        (about,) = [each["content"] for each in page.all("meta") if each.get("name") == "description"]
        said = re.findall(r"(Claimed by|Inferred from) (BReG-Net|BReG-NeXt)", f"{about} {page.text}")
        assert said and len(set(said)) == 1, claim.id
        who[claim.id] = " ".join(said[0])
        assert f"{claim.paper} claims" not in f"{about} {page.text}"
    assert who.pop("lessened-gradient") == "Inferred from BReG-Net"
    assert set(who.values()) == {"Claimed by BReG-Net", "Claimed by BReG-NeXt"}
    for address in ("index.html", "pages/claims.html"):
        said = {
            re.search(r'href="[^"]*claims/([\w-]+)\.html"', part)[1]
            for part in site[address].source.split("<li>")
            if re.search(r'<span class="who">[^<]*\binferred\b', part)
        }
        assert said == {"lessened-gradient"}, address


def test_the_page_of_a_claim_has_quote_rules_runs_and_missing_commands(site, material, whole):
    """Beside what was judged, read from the records anew."""
    runs = commands = 0
    for each in material.judged:
        claim, page = each.claim, site[f"pages/claims/{each.claim.id}.html"]
        assert plain(claim) in page.text and claim.source in page.text, claim.id
        assert claim.value in page.text or claim.value.startswith("qualitative")
        assert not claim.quote or claim.quote in page.text
        for role in ("deciding", "scaled_down", "further", "seen", "machinery"):
            for check, finding in each.of(role):
                assert RULES_IN_WORDS[check.rule] in page.text, (claim.id, check.rule)
                wanted = [f"../runs/{r['protocol']['name']}/{r['cell']['name']}-seed{r.seed}.html" for r in finding.records]
                assert set(wanted) <= set(page.values("href")), claim.id
                runs += len(wanted)
                wanted = missing_runs(finding.planned)
                assert [command for command in wanted if command not in page.text] == [], claim.id
                commands += len(wanted)
    assert runs > 10 and commands > 10
    for claim in load_claims():
        (terms,) = [term for term in site["pages/methods.html"].values("id") if term == f"rule-{claim.test.rule}"]
        assert terms in site[f"pages/claims/{claim.id}.html"].source


def test_missing_runs_are_the_planned_ones(make, cell, tmp_path):
    own, other = cell("identity", "working", "plain"), cell("adaptive", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0, diverged=True)  # is a run, and is not replaced
    make(tmp_path, "synthetic-8", own, 2)
    for seed in (0, 1, 2):
        make(tmp_path, "synthetic-8", other, seed)
    ledger = Ledger(summarise(read_records(tmp_path), tmp_path), None)
    with pytest.raises(Undecided) as error:
        ledger.planned("synthetic-8", (own.name, other.name), "drawn faces", 3)
    assert missing_runs(error.value.finding.planned) == [f"python -m benchmark run synthetic-8 {own.name} --seeds 1"]
    assert missing_runs([Planned("of-others", "x", 3, ())]) == []  # no protocol here, so no command
    of_study = [Planned("fer2013-7-small", cell, 3, ()) for cell in ("a", "b")]
    assert missing_runs(of_study) == ["python -m benchmark study fer2013-study"]


def test_the_first_page_cites_the_version_and_the_day_of_the_records(site, whole):
    from importlib.metadata import version

    day = json.loads((whole / "newest.json").read_text())["since"]
    page = site["index.html"].text
    assert f"version = {{{version('ferbench')}}}" in page and page.count(f"records as of {day}") == 2
    assert len(site["index.html"].source.encode()) < 500_000


def test_a_list_of_claims_says_what_is_decided_what_waits_and_what_can_not_be_tested(site, claims):
    waiting = ("no verdict yet", "undetermined")
    parts = re.split(r"<h[23]>", site["pages/claims.html"].source)
    of = {"Not testable here": lambda v: v == "not testable here", "Waiting for runs": lambda v: v in waiting}
    of["Decided"] = lambda v: v not in (*waiting, "not testable here")
    for words, belongs in of.items():
        wanted = {claim["claim"] for claim in claims if belongs(claim["verdict"])}
        (part,) = [part for part in parts if part.startswith(f"{words} (")]
        assert part.startswith(f"{words} ({len(wanted)})</h") and wanted
        assert set(re.findall(r'<a href="claims/([\w-]+)\.html">', part)) == wanted


def test_the_page_of_a_claim_has_each_test_with_its_own_verdict(site, material):
    """The chip of a test and of each of its conditions, the rule's parameters, what would change the verdict, and the
    verdicts before."""
    different = earlier = 0
    for each in material.judged:
        page = site[f"pages/claims/{each.claim.id}.html"]
        tests = re.findall(r'<section class="test">(.*?)</section>', page.source, re.DOTALL)
        pairs = [pair for role in ("deciding", "scaled_down", "further", "seen", "machinery") for pair in each.of(role)]
        assert len(tests) == len(pairs), each.claim.id
        for source, (check, finding) in zip(tests, pairs, strict=True):
            parts = finding.parts.values()
            wanted = [finding.verdict, *(part.verdict for part in parts)]
            assert [words for _, words in CHIP.findall(source)] == wanted, each.claim.id
            different += finding.verdict != each.finding.verdict
            for one in check.conditions.values() or (check,):
                assert "protocol" not in one.parameters or f"protocol {one.parameters['protocol']}" in source
            assert missing_runs(finding.planned) == _commands(source)
        for words in would_change(each):
            assert words in page.text, each.claim.id
        before = page.text.partition("Earlier verdicts")[2]
        assert all(one.until in before and one.verdict in before for one in each.claim.earlier)
        assert before.count(" until ") == len(each.claim.earlier), each.claim.id
        earlier += len(each.claim.earlier)
    assert different > 5 and earlier > 5


def _commands(source: str) -> list[str]:
    found = re.search(r"<pre[^>]*><code>(.*?)</code>", source, re.DOTALL)
    return html.unescape(found[1]).split("\n") if found else []


def test_a_claim_shows_the_differences_of_the_very_cells_that_its_tests_compare(site, material):
    shown = {}
    for claim in load_claims():
        source = site[f"pages/claims/{claim.id}.html"].source
        shown[claim.id] = set(re.findall(r'id="table-(.*?)-pairs"', source))
        for own in re.findall(r'id="table-.*?-pairs".*?</section>', source, re.DOTALL):
            tests = [test for role in ("deciding", "scaled_down", "further") for test in claim.tests(role)]
            checks = [one.parameters for test in tests for one in test.conditions.values() or (test,)]
            wanted = {frozenset((p["a"], p["b"])) for p in checks if {"a", "b"} <= set(p)}
            rows = re.findall(r"<tr>(.*?)</tr>", own.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
            found = {frozenset(re.findall(r"/([\w-]+?)(?:-seed\d+)?\.html", row)[:2]) for row in rows}
            assert rows and found <= wanted, claim.id
    assert shown["beats-resnet"] == {"fer2013-7-small"}
    for name in ("params", "acc-fer2013", "acc-affectnet", "bounded-gradient", "lessened-gradient"):  # compare no runs
        assert not shown[name], name


def test_a_claim_about_gradients_shows_the_figures_of_the_protocol_that_decides_it(site):
    """Two of a plan's figures; those of another protocol, as in this report, on no page of a claim."""
    plans = [{"plan": plan, "protocol": {"name": name}} for plan, name in (("here", "p"), ("there", "q"))]
    names = [f"figures/gradients-{plan}-{kind}.svg" for plan in ("here", "there") for kind in ("norm", "depth", "training")]
    own = SimpleNamespace(
        material=SimpleNamespace(gradients=plans),
        contents=SimpleNamespace(chapters=[Chapter("G", pictures=[Picture(name, "", b"") for name in names])]),
    )
    for rule, wanted in (("gradient_ratio", ["gradients-here-depth", "gradients-here-training"]), ("compare_cells", [])):
        judged = SimpleNamespace(of=lambda role, rule=rule: [(Check(rule, {"protocol": "p"}), None)] * (role == "deciding"))
        assert [f"figures/{name}.svg" for name in wanted] == [picture.file for picture in _pictures(own, judged)]
    assert not any(
        "figures/" in source for claim in load_claims() for source in site[f"pages/claims/{claim.id}.html"].values("src")
    )


def test_what_a_claim_names_is_a_link(site):
    """Another claim, and the table of another page; a claim named by a word of the language is none."""
    for claim in load_claims():
        page = site[f"pages/claims/{claim.id}.html"]
        others = {each.id for each in load_claims() if "-" in each.id} - {claim.id}
        for other in others & set(re.findall(r"[\w-]+", f"{claim.note} {claim.source}")):
            assert f"{other}.html" in page.values("href"), (claim.id, other)
        assert not re.search(r"\bsentence (above|below)\b", page.text), (
            claim.id
        )  # it stood so where all claims were on a page
    assert "../optimism.html#table-optimism" in site["pages/claims/acc-fer2013.html"].values("href")
    assert "shallower.html" not in site["pages/claims/bregnet-shallower.html"].values("href")


def test_no_page_with_numbers_of_notes_says_that_none_is_typed_in(site):
    """A claim's note has measured numbers, typed into claims.yaml with a mark."""
    assert "15,356,569" in site["pages/claims/flops.html"].text
    for address, page in site.items():
        assert "no measured number is typed in" not in page.text, address


def test_a_test_counts_the_runs_behind_it(site, material):
    assert behind([1]) == "The run behind it" and behind([1, 2]) == "The 2 runs behind it"
    for each in material.judged:
        page = site[f"pages/claims/{each.claim.id}.html"]
        for role in ("deciding", "scaled_down", "further", "seen", "machinery"):
            assert all(behind(found.records) in page.text for _, found in each.of(role) if found.records), each.claim.id
