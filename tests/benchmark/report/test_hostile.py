"""A report over records and files whose every text is a stranger's: it is built, and no format takes a part of it for
markup, a link, a formula or a command."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from benchmark.errors import BadInput, visible
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import PROTOCOLS
from benchmark.records.record import read_records
from benchmark.report.build import build
from benchmark.report.material import read_scalars
from benchmark.report.pages.inline import inline
from benchmark.report.style import message, styled, svg
from benchmark.report.tables import Table, not_tested, text


@pytest.fixture(scope="module")
def report(make, cell, tmp_path_factory, hostile):
    """The folder of a report in which every text of `hostile.TEXTS` is a device, a version, a source, a warning, a folder of
    a record and a finding of an audit, and those that may be are names of classes."""
    out = tmp_path_factory.mktemp("hostile")
    records, own, other = out / "records", cell("identity", "working", "plain"), cell("adaptive", "working", "plain")
    shipped = (PROTOCOLS / "synthetic-8.yaml").read_text()
    for at in range(0, len(hostile.CLASSES) - 7, 7):
        protocol = out / f"mine-{at}.yaml"
        classes = f"classes: {json.dumps(hostile.CLASSES[at : at + 8])}"
        lines = [classes if line.startswith("classes:") else line for line in shipped.splitlines()]
        protocol.write_text("\n".join(lines).replace("name: synthetic-8", f"name: mine-{at}"))
        for each in (own, other):
            make(records, str(protocol), each, 0)
    for seed, (name, evil) in enumerate(hostile.TEXTS.items()):
        environment = {"versions": {"python": evil, evil[:50]: "1"}, "device": evil, "commit": None}
        make(records, "synthetic-8", own, seed, environment=environment, cost={"device": evil})
        folder = evil.replace("/", "-").replace("\x00", "")[:200]
        make(records / "imported" / folder, "synthetic-8", own, seed)
        given = {"kind": "onnx", "source": evil, "sha256": None, "stated": {"accuracy": 0.5, "source": evil},
                 "extra_training_data": evil, "warnings": [evil], "outputs": "logits"}  # fmt: skip
        empty = {"history": [], "selected_epoch": None, "train_counts": None, "parameters": None}
        make(records / "outside", "synthetic-8", Cell(name, "outside", {}, "outside"), 0, outside=given, **empty)
    audits = out / "data" / "synthetic"
    audits.mkdir(parents=True)
    texts = list(hostile.TEXTS.values())
    audit = {"name": "synthetic", "version": "1.0", "fingerprint": "`f`", "classes": list(hostile.CLASSES),
             "counts": {split: dict.fromkeys(hostile.CLASSES, 1) for split in hostile.CLASSES},
             "findings": {"wrong": texts, "note": texts}, "flags": dict.fromkeys(texts, 1)}  # fmt: skip
    (audits / "audit.json").write_text(json.dumps(audit))
    build(records, out / "complexity.json", out / "data", out)
    return out


def test_every_page_and_table_of_a_hostile_report_is_harmless(report, hostile):
    assert hostile.faults_of_folder(report) == {}
    written = {path.suffix for path in report.rglob("*") if path.is_file()}
    assert set(hostile.OF_SUFFIX) | {".svg", ".json"} <= written


PLACES = ("pages/data.html", "costs.html", "pages/models/script.html", "pages/protocols/mine-0.html", "pages/methods.html")


def test_it_still_says_what_was_written(report):
    """Every page that shows a stranger's text."""
    for name in PLACES:
        assert "&lt;script&gt;evil()" in (report / name).read_text(), name
    data = (report / "pages" / "data.html").read_text()
    for shown in ("{{7*7}}", "\\u202eevil", "$evil^$", "\\x1b[31mevil"):
        assert shown in data, shown
    markdown = (report / "pages" / "data.md").read_text()
    assert "&lt;script>evil()&lt;/script>" in markdown and "\\$evil^\\$" in markdown and "evil]\\(javascript:" in markdown
    assert "'=HYPERLINK" in (report / "tables" / "leaderboard-synthetic-8.csv").read_text()


def test_every_link_leads_somewhere(report, broken):
    faults, html, markdown = broken(report)
    assert faults == [] and html > 2000 and markdown > 100


def test_nothing_is_written_outside_of_the_report(report):
    assert {path.name for path in report.iterdir() if not path.name.startswith("mine-")} == {
        "records", "data", "tables", "figures", "metrics", "plots", "README.md", "claims.md", "index.html",
        "leaderboard.json", "newest.json", "costs", "costs.md", "costs.html", "pages",
    }  # fmt: skip
    parts = ("tables", "figures", "metrics", "plots", "costs", "pages")
    names = [path.name for part in parts for path in (report / part).rglob("*")]
    assert names and all(name.isprintable() and "evil" not in name for name in names)


@pytest.mark.parametrize("part", ["name of a cell", "title", "note", "column", "value", "reason"])
def test_each_part_of_a_table(part, hostile):
    for evil in hostile.TEXTS.values():
        parts = dict.fromkeys(("name of a cell", "title", "note", "column", "value", "reason"), "plain") | {part: evil}
        rows = [
            {"cell": text(parts["name of a cell"]), "a": text(parts["value"])},
            {"cell": text(-0.5), "a": not_tested(parts["reason"])},
        ]
        columns = {"cell": parts["column"], "a": "A"}
        table = Table("t", parts["title"], (parts["note"], "second"), columns, rows)
        assert hostile.faults_of_markdown(table.markdown()) == [], evil
        assert hostile.faults_of_csv(table.csv()) == [] and "\n-0.5," in table.csv(), evil
        assert hostile.faults_of_latex(table.latex()) == [], evil
        assert len({line.count("|") - line.count("\\|") for line in table.markdown().splitlines() if "|" in line[:1]}) == 1


def test_a_figure_shows_every_text_as_it_stands(hostile):
    from matplotlib.figure import Figure

    with styled():
        for evil in hostile.TEXTS.values():
            svg(message(evil))
            figure = Figure()
            axes = figure.subplots()
            axes.set(title=evil, xlabel=evil, yscale="log", ylim=(1, 1000))
            axes.set_xticks([0, 1], [evil, evil])
            axes.plot([0, 1], [1, 100], label=evil)
            axes.legend()
            figure.suptitle(evil)
            drawn = svg(figure).decode()
            assert drawn.count("<tspan") > 3  # the numbers at a logarithmic axis are still set by matplotlib
            root = ElementTree.fromstring(drawn)
            shown = [" ".join("".join(text.itertext()).split()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
            if "\n" not in evil:  # otherwise each line is a text
                assert sum(" ".join(visible(evil).split()) == text for text in shown) >= 4, evil
            inline(drawn.encode(), "fig", "title", evil)
        with_dollars, without = (svg(message(word)) for word in ("$a$", "a"))
    assert b">$a$</text>" in with_dollars and b">a</text>" in without  # three characters, no formula


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="1pt" height="1pt">{}</svg>'


@pytest.mark.parametrize(
    "inside",
    [
        "<script>evil()</script>", '<g onclick="evil()"/>', '<use x:href="http://evil.example/x.svg#a"/>', "<image/>",
        '<g href="javascript:evil()"/>', '<g style="fill: url(http://evil.example)"/>', "<foreignObject/>", "<a/>", "<g>",
        '<g style="fill: u\\72l(http://evil.example)"/>', '<animate attributeName="href"/>',
    ],
)  # fmt: skip
def test_a_figure_from_a_file_is_a_drawing_or_refused(inside):
    with pytest.raises(BadInput, match='^the figure "Title": found'):
        inline(DRAWING.format(inside).encode(), "fig", "Title")
    assert inline(DRAWING.format('<g id="a"/><use href="#a"/>').encode(), "fig", "Title").startswith("<svg")
    bomb = b'<!DOCTYPE svg [<!ENTITY a "b">]>' + DRAWING.format("&a;").encode()
    with pytest.raises(BadInput, match="entities"):
        inline(bomb, "fig", "Title")


def test_records_are_read_with_their_texts(report):
    """That the other tests test something: the texts were there."""
    found = "".join(path.read_text() for path in (report / "records").rglob("record.json"))
    assert found.count("evil") > 100 and len(read_records(report / "records")) > 50


@pytest.mark.parametrize("inside", ["<script>evil()</script>", '<g onload="evil()"/>', "<g>", "<g/>" * 2_000_001])
def test_the_figure_of_the_release_is_a_drawing_or_refused(inside, tmp_path):
    """A page links to it: opened, it would run."""
    (tmp_path / "shortcut-scalars.svg").write_text(DRAWING.format(inside))
    with pytest.raises(BadInput, match=r"shortcut-scalars\.svg: found"):
        read_scalars(tmp_path)
    (tmp_path / "shortcut-scalars.svg").write_text(DRAWING.format("<g/>"))
    assert read_scalars(tmp_path) is not None and read_scalars(tmp_path / "none") is None
