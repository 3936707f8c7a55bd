"""The list of protocols and the page of each: what a reader takes from them without opening a table."""

import csv
import html
import json
import re

import pytest

from benchmark.claims.load import load_claims
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.record import read_records

SLUGS = ("fer2013-7", "fer2013-7-small", "synthetic-8", "synthetic-va", "mine")


def rows_of(source: str) -> list[list[str]]:
    """The rows of a table: texts of their cells."""
    body = source[source.index("<tbody>") : source.index("</tbody>")]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)]
    return [[html.unescape(re.sub("<[^>]+>", "", cell)) for cell in row] for row in rows]


@pytest.fixture(scope="module")
def records(whole):
    """Protocol -> the records of its runs."""
    found = {}
    for record in read_records(whole / "records"):
        if record.outside is None:
            found.setdefault(record["protocol"]["name"], []).append(record)
    return found


def test_the_list_says_what_each_protocol_is(site, records):
    rows = {row[0]: row[1:] for row in rows_of(site["pages/protocols.html"].source)}
    assert [*rows] == list(SLUGS)
    for name, own in records.items():
        protocol = own[0]["protocol"]
        cells = {record.cell for record in own}
        wanted = [f"{protocol['input_size']}\N{MULTIPLICATION SIGN}{protocol['input_size']}", str(protocol["epochs"])]
        assert rows[name][1:6] == ["90", *wanted, str(len(cells)), str(len(own))], name
    kinds = {name: row[0].split(":")[0] for name, row in rows.items()}
    assert kinds["fer2013-7"] == "photographs" and kinds["synthetic-8"] == kinds["synthetic-va"] == "drawn faces"
    text = site["pages/protocols.html"].text
    without = text.partition("without a run yet: ")[2].partition(". Models")[0].split(", ")
    assert set(without) == set(protocol_names()) - set(records)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_protocol_is_evidence_for_the_claims_whose_tests_name_it(site, slug):
    source = site[f"pages/protocols/{slug}.html"].source
    said = {}
    for role, links in re.findall(r'<p class="hint">Evidence \((.*?)\) for (.*?)</p>', source):
        said[role] = set(re.findall(r'href="../claims/([\w-]+)\.html"', links))
    wanted = {}
    for claim in load_claims():
        if any(each.parameters.get("protocol") == slug for each in claim.test.conditions.values() or (claim.test,)):
            wanted.setdefault("Deciding", set()).add(claim.id)
    assert said.get("Deciding", set()) == wanted.get("Deciding", set())
    assert bool(said) == (slug != "mine")
    count = "; ".join(f"{len(ids)} {'claim' if len(ids) == 1 else 'claims'} ({role})" for role, ids in said.items())
    rows = {row[0]: row[-1] for row in rows_of(site["pages/protocols.html"].source)}
    assert rows[slug] == (count or "no claim")


@pytest.mark.parametrize("slug", SLUGS)
def test_the_page_of_a_protocol_says_its_rules_and_what_its_runs_found(site, whole, records, slug):
    page, protocol = site[f"pages/protocols/{slug}.html"], records[slug][0]["protocol"]
    facts = dict(zip((dt["text"] for dt in page.all("dt")), (dd["text"] for dd in page.all("dd")), strict=True))
    assert facts["Budget"] == f"{protocol['epochs']} epochs" and facts["Selection rule"] == protocol["selection"]
    assert facts["Recipe"].startswith(f"{protocol['recipe_name']}: ") and facts["TTA"] == ", ".join(protocol["tta"])
    assert records[slug][0]["protocol_hash"] in facts["Name, version, hash"]
    own = "comparable only with itself" in page.text
    assert own == (slug == "mine") and "another version of the protocol" not in page.text
    metric = "accuracy" if protocol["task"] == "categorical" else "ccc_mean"
    with open(whole / "tables" / f"{slug}-results.csv", newline="") as stream:
        means = [float(row[f"{metric}_mean"]) for row in csv.DictReader(stream) if row[f"{metric}_mean"] and row["n"]]
    best = f"{100 * max(means):.2f}" if metric == "accuracy" else f"{max(means):.3f}"
    waiting = {"fer2013-7-small": "compared with no other yet"}  # no run of a study is compared before the last planned one
    if slug in waiting:
        assert waiting[slug] in page.text and "Highest" not in page.text
    else:
        which, of = ("Highest test", " of this suite's cells") if len(means) > 1 else ("Test", "")
        assert re.search(rf"{which} (accuracy|CCC mean){of}: {re.escape(best)} ", page.text), best


def test_runs_of_another_version_are_said_to_be_so(make, cell, tmp_path, read_page):
    from benchmark.report.build import build

    make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    record = make(tmp_path / "records", "synthetic-va", cell("identity", "working", "mse"), 0)
    path = record.directory / "record.json"
    assert load_protocol("synthetic-va").hash == json.loads(path.read_text())["protocol_hash"]
    patch = pytest.MonkeyPatch()
    with patch.context() as changed:
        changed.setattr("benchmark.report.pages.run_list.load_protocol", lambda name: load_protocol("synthetic-8"))
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    for slug, other in (("synthetic-8", False), ("synthetic-va", True)):
        pages = [tmp_path / "pages/protocols" / f"{slug}.html", *(tmp_path / "pages/runs" / slug).iterdir()]
        assert len(pages) == 2
        for page in pages:
            assert ("under another version of the protocol" in read_page(page).text) == other, page
