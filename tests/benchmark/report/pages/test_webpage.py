"""reports/index.html without a browser: it is well-formed, closed in itself, escaped, and says what the tables say."""

import base64
import csv
import io
import json
import re
from collections import Counter

import numpy as np
import pytest
from benchmark.report.pages.webpage import missing_runs, picture_data
from PIL import Image

from benchmark.claims.finding import Planned, Undecided
from benchmark.claims.ledger import Ledger
from benchmark.claims.load import load_claims
from benchmark.errors import BadInput
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.build import build


@pytest.fixture(scope="module")
def page(built, read_page):
    return read_page(built / "index.html")


def test_names_are_unique_and_every_link_leads_somewhere(page, built):
    names = Counter(page.values("id"))
    assert [name for name, times in names.items() if times > 1] == []
    links = page.values("href")
    assert len([link for link in links if link.startswith("#")]) > 300
    for link in links:
        if link.startswith("#"):
            assert link[1:] in names, link
        elif not link.startswith("data:"):
            assert (built / link).exists(), link
    for words in (value.split() for key in ("aria-labelledby", "aria-describedby") for value in page.values(key)):
        assert set(words) <= set(names)


def test_the_page_of_costs_is_well_formed_and_leads_to_the_runs(page, built, read_page):
    costs = read_page(built / "costs.html")
    names = costs.values("id")
    assert len(set(names)) == len(names) and costs.elements[0] == ("html", {"lang": "en"})
    links, runs = costs.values("href"), set(page.values("id"))
    assert len([link for link in links if link.startswith("index.html#cell-")]) > 20
    for link in links:
        file, _, place = link.partition("#")
        if not link.startswith("data:"):
            assert (built / file).exists() if file else place in names, link
            assert file != "index.html" or not place or place in runs, link
    assert "costs.html" in page.values("href")


def test_nothing_is_fetched(page, built):
    text = (built / "index.html").read_text()
    assert not re.search(r"@import|//[\w.-]+\.\w+/|\bfetch\(|XMLHttpRequest", re.sub(r'xmlns="[^"]+"', "", text))
    for attribute in ("src", "srcset", "data"):
        assert all(value.startswith("data:") for value in page.values(attribute))
    assert all(value.startswith(("#", "data:")) for value in re.findall(r"url\(([^)]+)\)", text))


def test_what_a_screen_reader_needs(page):
    assert page.elements[0] == ("html", {"lang": "en"})
    assert [tag for tag, _ in page.elements if tag in ("header", "nav", "main", "footer")] == [
        "header",
        "nav",
        "main",
        "footer",
    ]
    assert page.all("a")[0]["href"] == "#main"
    assert len(page.all("caption")) == len(page.all("table")) > 20
    assert all(caption["text"].strip() for caption in page.all("caption"))
    assert all(head["scope"] in ("row", "col") for head in page.all("th"))
    for drawing in page.all("svg"):
        assert drawing["role"] == "img" and (drawing.get("aria-label") or drawing.get("aria-labelledby"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and levels[0] == 1


def test_every_claim_has_its_verdict(page, built):
    with open(built / "tables" / "claims.csv") as stream:
        claims = list(csv.DictReader(stream))
    text = (built / "index.html").read_text()
    for claim in claims:
        part = text[text.index(f'<li id="claim-{claim["claim"]}">') :]
        chip = re.search(r'<span class="chip \w+"><span aria-hidden="true">(.)</span> ([^<]+)</span>', part)
        assert chip.group(2) == claim["verdict"]
    tally = dict(re.findall(r'<b>(\d+)</b> <span class="chip \w+"><span aria-hidden="true">.</span> ([^<]+)<', text))
    assert {verdict: int(n) for n, verdict in tally.items()} == Counter(claim["verdict"] for claim in claims)


def test_no_paper_is_said_to_claim_what_was_inferred(built):
    """The claim that this project inferred from a sentence of the paper; every other one is printed there."""
    text = (built / "index.html").read_text()
    said = {claim.id: text[text.index(f'<li id="claim-{claim.id}">') :] for claim in load_claims()}
    who = {name: re.search(r'<span class="claimed"><span>([^<]+)</span>', part).group(1) for name, part in said.items()}
    assert who.pop("lessened-gradient") == "inferred from BReG-Net"
    assert set(who.values()) == {"BReG-Net claims", "BReG-NeXt claims"}


def test_cells_of_a_table_hold_the_numbers_of_its_csv(built):
    with open(built / "tables" / "synthetic-8-results.csv") as stream:
        rows = {row["cell"]: row for row in csv.DictReader(stream)}
    text = (built / "index.html").read_text()
    part = text[text.index('id="table-synthetic-8-results"') :]
    body = part[part.index("<tbody>") : part.index("</tbody>")]
    found = 0
    for line in re.findall(r"<tr>(.*?)</tr>", body):
        label = re.sub(r"<wbr>|<[^>]+>", "", re.search(r"<th.*?</th>", line).group())
        values = re.findall(r"<td([^>]*)>(.*?)</td>", line)
        attributes, content = values[1]  # after the number of seeds: accuracy
        mean = rows[label]["accuracy_mean"]
        if not mean:
            assert "data-sort" not in attributes and "diverged" in content
            continue
        assert float(re.search('data-sort="([^"]+)"', attributes).group(1)) == pytest.approx(float(mean))
        assert f"{100 * float(mean):.2f}" in content
        if not label.startswith("constant"):
            one = rows[label]["n"] == "1"
            place = "run-synthetic-8-other_net-plain-seed0" if one else f"cell-synthetic-8-{label}"
            assert f'href="#{place}"' in content
        found += 1
    assert found == len(rows) - 1


def test_a_difference_leads_to_both_cells(built):
    text = (built / "index.html").read_text()
    part = text[text.index('id="table-synthetic-8-shortcuts"') :]
    line = re.search(r"<tr><th.*?</tr>", part[part.index("<tbody>") :]).group()
    assert 'href="#cell-synthetic-8-net-fixed-working-plain"' in line
    assert 'href="#cell-synthetic-8-net-identity-working-plain" aria-label="against net-identity-working-plain"' in line


def test_every_run_is_there_with_its_history_and_command(page, built):
    text = (built / "index.html").read_text()
    paths = sorted((built / "records").rglob("record.json"))
    assert len(paths) == 22
    for path in paths:
        record = json.loads(path.read_text())
        protocol, cell, seed = record["protocol"]["name"], record["cell"]["name"], record["seed"]
        part = text[text.index(f'id="run-{protocol}-{cell}-seed{seed}"') :]
        part = part[: part.index("</details>")]
        assert f"python -m benchmark run {protocol} {cell} --seeds {seed}</code>" in part
        assert f'href="{path.relative_to(built).as_posix()}"' in part
        assert part.count("<tr") == 1 + len(record["history"])
        assert record["data"]["fingerprint"] in part
        last = record["history"][-1]
        assert ("not finite" if last["train_loss"] is None else f"<td>{last['train_loss']:.4g}</td>") in part
        assert ("diverged" in part) == (record["status"] == "diverged")


def test_words_from_outside_are_escaped(make, cell, tmp_path, read_page):
    make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0, environment={"device": "<script>x"})
    folder = tmp_path / "data" / "one"
    folder.mkdir(parents=True)
    audit = {"name": "one", "version": "<img src=x>", "fingerprint": "f", "classes": ["a&b"], "counts": {"t": {"a&b": 1}}}
    (folder / "audit.json").write_text(json.dumps(audit))
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path / "out")
    found = read_page(tmp_path / "out" / "index.html")
    assert len(found.all("script")) == 1 and not found.all("img")
    text = (tmp_path / "out" / "index.html").read_text()
    assert "a&amp;b" in text and "script&gt;x" not in text
    assert len(read_page(tmp_path / "out" / "costs.html").all("script")) == 1
    assert "&lt;script&gt;x" in (tmp_path / "out" / "costs.html").read_text()


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


def test_pictures_are_held_in_the_page_and_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (400, 2000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "sheet.png")
    held = picture_data(tmp_path / "sheet.png")
    kind, content = held.split(";base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == "data:image/jpeg" and picture.size == (960, 192)
    assert len(held) < (tmp_path / "sheet.png").stat().st_size / 4
    (tmp_path / "faces.jpg").write_bytes(b"as it is")
    assert base64.b64decode(picture_data(tmp_path / "faces.jpg").split(",")[1]) == b"as it is"
    whole = (tmp_path / "sheet.png").read_bytes()
    # The third would let Pillow start a program for PostScript.
    for contents in (b"", whole[:5000], b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"):
        (tmp_path / "odd.png").write_bytes(contents)
        with pytest.raises(BadInput, match="no picture"):
            picture_data(tmp_path / "odd.png")
