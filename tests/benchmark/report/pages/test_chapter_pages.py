"""The pages of chapters, of data and of methods, the faces of a protocol and the answer: what is shown is what was read."""

import html
import json
import re
import shutil

import pytest

from benchmark.records.metrics import METRICS
from benchmark.report.answer import answer
from benchmark.report.build import build
from benchmark.report.pages.chapter_pages import by_table
from benchmark.report.parts import Chapter, Picture
from benchmark.report.tables import Table


def test_the_first_page_begins_with_the_answer(site, material):
    own, text = answer(material.judged), site["index.html"].text
    for words in (own.short, own.scale_words, own.lacking):
        assert words and f"{words}." in text
    assert text.index(own.short) < text.index(own.scale_words) < text.index("Leaderboard: ")


def test_every_figure_is_on_a_page_of_its_part(site, whole):
    for folder, address in (("figures", None), ("costs/figures", "costs.html")):
        shown = {
            link.rpartition("/")[2]
            for where, page in site.items()
            if address in (None, where)
            for link in page.values("src")
            if f"{folder}/" in link
        }
        names = {path.name for path in (whole / folder).iterdir()}
        assert names - shown == ({"headline.svg", "headline-narrow.svg"} if address is None else set())


def test_a_figure_goes_with_the_table_whose_name_it_has():
    tables = [Table(name, name, (), {}, []) for name in ("robust", "robust-all", "robustness")]
    stems = ("robust", "robust-2", "robust-all-2", "robustness", "else", "robusts-1")
    chapter = Chapter("C", tables=tables, pictures=[Picture(f"figures/{stem}.svg", stem, b"") for stem in stems])
    assert {name: [p.caption for p in own] for name, own in by_table(chapter).items()} == {
        "robust": ["robust", "robust-2"], "robust-all": ["robust-all-2"], "robustness": ["robustness"],
        "": ["else", "robusts-1"],
    }  # fmt: skip


def test_a_figure_stands_before_its_table(site):
    source = site["pages/gradients.html"].source
    assert 0 < source.index("gradients-default-depth.svg") < source.index("<table>")


def test_a_figure_has_the_size_of_its_drawing(site, whole):
    """A point, of which an SVG of matplotlib counts its size, is 4/3 of a pixel."""
    for image in site["pages/gradients.html"].all("img"):
        text = (whole / "pages" / image["src"]).read_text()
        for key in ("width", "height"):
            assert abs(float(re.search(rf'{key}="([\d.]+)pt"', text)[1]) * 4 / 3 - int(image[key])) <= 0.5


def test_the_page_of_data_shows_the_audit(make, cell, tmp_path, site, whole, undrawn, read_page):
    shutil.copytree(whole / "data", tmp_path / "data")
    path = tmp_path / "data" / "synthetic" / "audit.json"
    audit = json.loads(path.read_text())
    audit["exact_copies"] |= {"groups": 1516, "across_splits": 557}
    audit["flags"], audit["findings"]["wrong"] = {"black": 12}, ["a finding < another"]
    path.write_text(json.dumps(audit))
    make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    page = read_page(tmp_path / "pages" / "data.html")
    for words in ("Exact copies: 1,516 groups, 557 of them across splits.", 'Flagged "black": 12 faces.', "Drawn faces. "):
        assert words in page.text
    assert f"Fingerprint {audit['fingerprint']}" in page.text and "a finding < another" in page.text
    for split, of in audit["counts"].items():
        numbers = [f"{of.get(name, 0):,}" for name in audit["classes"]]
        row = "".join(f'<td class="number">{number}</td>' for number in (*numbers, f"{sum(of.values()):,}"))
        assert f'<tr><th scope="row">{split}</th>{row}</tr>' in page.source


def test_each_face_is_where_the_picture_has_it(site, whole):
    known = json.loads((whole / "faces" / "synthetic" / "faces.json").read_text())["protocols"]
    for entry in known:
        page = site[f"pages/protocols/{entry['protocol']}.html"]
        part = page.source[page.source.index('<figure class="faces">') :]
        wanted = []
        for group in entry["groups"]:
            for side in ("easiest", "hardest"):
                for face in group[side]:
                    x, y = face["at"] % entry["columns"], face["at"] // entry["columns"]
                    wanted.append((face["answer"], f"Test face {face['id']}, {group['class']}: ", f"-{x}", f"-{y}"))
        found = re.findall(r'<span class="face" role="img" title="(.*?)" aria-label="(.*?: )[^"]*" style="(.*?)"', part)
        where = [re.findall(r"\* (-\d+)", style) for _, _, style in found]
        assert [(html.unescape(a), html.unescape(b), *at) for (a, b, _), at in zip(found, where, strict=True)] == wanted
        assert entry["picture"] in part


def test_metrics_are_described_as_they_are_defined(site):
    part = site["pages/methods.html"].source.partition('<section id="metrics">')[2].partition("</section>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in part.split("<tr>")[2:]]
    said = {html.unescape(row[0]): (html.unescape(row[1]), row[2]) for row in rows}
    assert said == {metric.title: (metric.unit or "none", metric.direction) for metric in METRICS.values()}


@pytest.mark.parametrize("address", ["index.html", "pages/claims.html"])
def test_what_was_claimed_stands_beside_what_was_found(site, material, address):
    source = site[address].source
    for each in material.judged:
        line = source[source.index(f'claims/{each.claim.id}.html"') :]
        line = html.unescape(line[: line.index("</li>")])
        value = each.claim.value
        assert (f"{value} <span" in line) != value.startswith("qualitative"), each.claim.id
