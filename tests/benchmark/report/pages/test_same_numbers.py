"""The comparison of an old page with the pages of a site, on pages made by hand: what it reports, and what it accepts."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark.report.pages.comparing_back import audit_of_the_release, new_tables, same_sentences
from tests.benchmark.report.pages.comparing_files import same_markdown, same_tables, true_confusion
from tests.benchmark.report.pages.comparing_pages import same_claims, same_runs, words_of_cells
from tests.benchmark.report.pages.comparing_rest import same_headline, same_rest
from tests.benchmark.report.pages.comparing_tables import Report, same_table
from tests.benchmark.report.pages.following_links import links_lead
from tests.benchmark.report.pages.reading_pages import parse

OLD = """<section class="table" id="table-x"><table><caption>x</caption><thead><tr>
<th>Cell</th><th class="number">Seeds</th><th class="number">Accuracy, %</th>
<th class="number">Kappa</th></tr></thead><tbody>
<tr><th data-sort="n-a">n-<wbr>a</th><td class="number" data-sort="3">n = 3</td><td class="number" data-sort="0.981">
<a href="#cell-s-n-a">98.10</a><span class="aside"> [95.20, 101.00]</span></td>
<td class="number" data-sort="0.5">0.500</td></tr>
<tr><th data-sort="n-b">n-<wbr>b</th><td class="number" data-sort="3">n = 3</td><td class="number" data-sort="0.6">
<a href="#cell-s-n-b">60.00</a><span class="aside"> [59.00, 61.00]</span></td>
<td class="number" data-sort="0.4">0.400</td></tr>
</tbody></table></section>"""
NEW = """<section class="table" id="table-x"><p class="lifted">In every row: Seeds <b>n = 3</b>.</p>
<div class="scroll"><table><caption>x</caption><thead><tr><th data-key="cell">Cell</th>
<th data-key="accuracy" colspan="2">Accuracy, %</th>
<th data-key="kappa">Kappa</th></tr></thead><tbody>
<tr><th class="cell"><a href="../models/n-a.html#s">n · a</a></th><td class="number">98.10</td>
<td class="aside">[95.20, 100.00†]</td><td class="number">0.500</td></tr>
<tr><th class="cell"><a href="../models/n-b.html#s">n · b</a></th><td class="number">60.00</td>
<td class="aside">[59.00, 61.00]</td>
<td class="number">0.400</td></tr></tbody></table></div></section>"""
NAMES = {"n · a": "n-a", "n · b": "n-b"}
CSV = [
    {"cell": "n-a", "accuracy_mean": "0.981", "accuracy_low": "0.952", "accuracy_high": "1.01"},
    {"cell": "n-b", "accuracy_mean": "0.6", "accuracy_low": "0.59", "accuracy_high": "0.61"},
]
CELL_B = "table x, block 1, row n-b, column"


def table(new: str, csv: list | None = None) -> Report:
    """The comparison of the table above with another."""
    report = Report()
    same_table("x", parse(OLD), parse(new), NAMES, CSV if csv is None else csv, report)
    return report


def test_a_table_that_says_the_same_in_another_form_is_accepted() -> None:
    report = table(NEW)
    assert report.deviations == []
    assert {reason: len(places) for reason, places in report.accepted.items()} == {
        "column said once for all rows of a block": 1,
        "name of a cell in words, mapped back": 2,
        "interval cut at what is possible, marked": 1,
    }
    assert report.counts["cells"] == 8
    assert report.counts["links"] == 2


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (">60.00<", ">60.01<", f"{CELL_B} Accuracy, %: old '60.00', new '60.01'"),
        (">60.00<", "><", f"{CELL_B} Accuracy, %: old '60.00', new ''"),
        ("[59.00, 61.00]", "[59.00, 61.10]", f"{CELL_B} Accuracy, %, interval: old '59.00, 61.00', new '59.00, 61.10'"),
        ("[59.00, 61.00]", "[59.00, 100.00†]", f"{CELL_B} Accuracy, %, interval: old"),
        ("100.00†", "100.00", "table x, block 1, row n-a, column Accuracy, %, interval"),
        ("100.00†", "99.00†", "table x, block 1, row n-a, column Accuracy, %, interval"),
        ("95.20, 100", "95.30, 100", "table x, block 1, row n-a, column Accuracy, %, interval"),
        ("<b>n = 3</b>", "<b>n = 5</b>", "column Seeds: old 'n = 3', new 'n = 5'"),
        ("Kappa</th>", "MCC</th>", "table x, block 1, columns"),
        ("n-b.html#s", "n-a.html#s", "table x, block 1, row n-b, links"),
        ("n · b", "n · c", "table x, block 1, row ('n-b',)"),
    ],
)
def test_a_changed_or_a_missing_number_is_reported_by_its_place(old: str, new: str, where: str) -> None:
    assert old in NEW
    found = table(NEW.replace(old, new)).deviations
    assert found
    assert any(where in each for each in found)


def test_swapped_numbers_are_reported_both() -> None:
    swapped = NEW.replace("0.500", "X").replace("0.400", "0.500").replace("X", "0.400")
    assert table(swapped).deviations == [
        "table x, block 1, row n-a, column Kappa: old '0.500', new '0.400'",
        "table x, block 1, row n-b, column Kappa: old '0.400', new '0.500'",
    ]


def test_rows_in_another_order_are_told() -> None:
    body, _, end = NEW.partition("</tbody>")
    head, first, second = body.split("<tr><th class")
    report = table(f"{head}<tr><th class{second}<tr><th class{first}</tbody>{end}")
    assert report.deviations == []
    assert len(report.accepted["rows in another order"]) == 1


def test_a_cut_interval_has_to_be_whole_in_the_csv() -> None:
    cut = [{**CSV[0], "accuracy_high": "1.0"}]
    assert "interval in the CSV" in table(NEW, cut).deviations[0]


CLAIM = """<li id="claim-c"><details><summary>
<span class="verdict"><span class="chip"><i aria-hidden="">?</i> open</span></span>
<span class="what"><strong>It has 3 units</strong><span class="found">1 of 3, no verdict</span></span>
<span class="claimed"><span>P claims</span> 71.53 %</span></summary>
<div class="evidence"><p>131 against 2.06 [X].</p>
<div class="test"><p><b>Deciding:</b>
<span class="chip"><i aria-hidden="">?</i> open</span> net, 64x64</p>
<p>Accuracy 50.30.</p>
<p class="small">Runs: <a href="#run-s-n-a-seed0">n-a, seed 0</a>.</p></div></div></details></li>"""
CLAIM_PAGE = """<main><h1>It has 3 units: 71.53 %</h1>
<p class="verdict-line"><span class="chip"><i aria-hidden="">?</i> open</span>
<span>1 of 3, no verdict.</span></p>
<dl class="pair"><dt>Claimed</dt><dd>71.53 %</dd></dl><p>131 against 2.06 [X].</p>
<section class="test"><h3>Deciding <span class="chip"><i aria-hidden="">?</i> open</span></h3>
<p>net, 64x64</p><p>Accuracy 50.30.</p>
<details><summary>The 1 runs behind it</summary><ul class="runs">
<li><a href="../runs/s/n-a-seed0.html">n · a, seed 0</a></li></ul></details></section></main>"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</i> open</span>\n", "</i> refuted</span>\n"),
        ("<dd>71.53 %", "<dd>71.35 %"),
        ("1 of 3, no", "2 of 3, no"),
        ("131 against", "13 against"),
        ("Accuracy 50.30", "Accuracy 50.31"),
        ("<p>net, 64x64</p>", ""),
        ("n-a-seed0", "n-a-seed1"),
        ("The 1 runs", "The 2 runs"),
        ("It has 3 units", "It has 4 units"),
    ],
)
def test_a_claim_is_compared_with_its_page(old: str, new: str) -> None:
    assert old in CLAIM_PAGE
    same, other = Report(), Report()
    same_claims(parse(CLAIM), {"pages/claims/c.html": parse(CLAIM_PAGE)}, same)
    same_claims(parse(CLAIM), {"pages/claims/c.html": parse(CLAIM_PAGE.replace(old, new))}, other)
    assert same.deviations == []
    assert other.deviations


RUN = """<details class="run" id="run-s-n-a-seed0"><summary><span class="score">60.00 %</span></summary><pre>run s</pre>
<dl><dt>Macro F1</dt><dd>38.94 %</dd></dl><table><thead><tr><th>Epoch</th><th>Loss</th></tr></thead>
<tbody><tr><th>1</th><td>1.858</td></tr><tr class="selected"><th>2</th><td>1.474</td></tr></tbody></table></details>"""
RUN_PAGE = """<p class="lead"><b>60.00 %</b></p><pre>run s</pre><dl><dt>Macro F1</dt><dd>38.94 %</dd></dl>
<table><thead><tr><th>Epoch</th><th>Loss</th></tr></thead><tbody><tr><th>1</th><td>1.858</td></tr>
<tr><th>2 (selected)</th><td>1.474</td></tr></tbody></table>"""


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("60.00", "60.10", "run-s-n-a-seed0, score"),
        ("38.94", "38.49", "run-s-n-a-seed0, Macro F1"),
        ("run s", "run t", "run-s-n-a-seed0, command"),
        ("1.858", "1.474", "run-s-n-a-seed0, history, row 1, column Loss"),
        ("<th>1</th>", "<th>1 (selected)</th>", "run-s-n-a-seed0, history, row"),
    ],
)
def test_a_run_is_compared_with_its_page(old: str, new: str, where: str) -> None:
    address, same, other = "pages/runs/s/n-a-seed0.html", Report(), Report()
    same_runs(parse(RUN), {address: parse(RUN_PAGE)}, same)
    same_runs(parse(RUN), {address: parse(RUN_PAGE.replace(old, new))}, other)
    assert same.deviations == []
    assert other.deviations
    assert all(each.startswith(where) for each in other.deviations)
    missing = Report()
    same_runs(parse(RUN), {}, missing)
    assert missing.deviations == ["run-s-n-a-seed0: old 'there', new 'no page'"]


def test_other_texts_and_names_and_links(tmp_path: Path) -> None:
    pages = {"pages/models/n-a.html": parse('<h1>n · a</h1><p>12 faces.</p><a href="n-a.html#b">x</a><a href="#y">y</a>')}
    report = Report()
    same_rest(parse("<p>12 faces. 13 faces.</p>"), pages, report)
    assert report.deviations == ["text of p: old '13 faces.', new 'on no page'"]
    assert words_of_cells(pages) == {"n · a": "n-a"}
    followed = Report()
    links_lead(pages, tmp_path, followed)
    assert followed.deviations[0].endswith("'2 lead nowhere, the first n-a.html#b'")


@pytest.mark.parametrize(("numbers", "fits"), [("+0.36 [-3.53, +4.26]", True), ("+0.29 [-3.53, +4.26]", False)])
def test_the_figure_at_the_top_has_the_numbers_of_the_table(tmp_path: Path, numbers: str, fits: bool) -> None:
    row = dict(zip(("network", "shortcut", "normalisation", "loss"), ["n", "fixed", "working", "plain"], strict=True))
    row |= {"difference_mean": "0.00363", "difference_low": "-0.03534", "difference_high": "0.0426", "pairs_n": "3"}
    texts = [("s, 4 epochs", 0, 1), (f"{numbers} points, n = 3", 9, 2), ("n · fixed · working · plain", 1, 2)]
    drawn = "".join(f'<text x="{x}" y="{y}">{text}</text>' for text, x, y in texts)
    (tmp_path / "f.svg").write_text(f"<svg>{drawn}</svg>")
    report = Report()
    same_headline({"s-shortcuts": [row]}, tmp_path / "f.svg", report)
    assert (report.deviations == []) is fits


def test_files_are_compared_field_by_field(tmp_path: Path) -> None:
    report, old = Report(), {"claims": [{"sentence": "it has 3", "value": "1"}], "x": [{"a": "1"}]}
    same_tables(old, {"claims": [{"sentence": "3 it has", "value": "2"}], "x": [{"a": "1"}], "y": []}, report)
    assert report.deviations == ["claims.csv, row 1, value: old '1', new '2'"]
    assert set(report.accepted) == {"sentence of a claim said otherwise", "new table"}
    run = tmp_path / "s" / "n-a" / "seed0"
    run.mkdir(parents=True)
    record = {"protocol": {"name": "s"}, "cell": {"name": "n-a"}, "classes": ["p", "q"]}
    (run / "record.json").write_text(json.dumps(record))
    outputs = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    np.savez(run / "predictions.npz", test_targets=np.array([0, 0, 1]), test_outputs_none=outputs)
    rows = [{"cell": "n-a", "true": "p", "n": "1", "predicted_p": "0.5", "predicted_q": "0.4"}]
    counted = Report()
    true_confusion("s-confusion", rows, tmp_path, counted)
    assert counted.deviations == ["s-confusion.csv, n-a, p as q: old '0.4', new np.float64(0.5)"]


@pytest.mark.parametrize(("shown", "found"), [("50", 0), ("51", 1)])
def test_what_is_new_is_compared_with_what_it_comes_from(tmp_path: Path, shown: str, found: int) -> None:
    table_ = (
        '<section class="table" id="table-s-confusion"><table><thead><tr><th data-key="cell">Cell</th>'
        '<th data-key="true">True</th><th data-key="predicted_p">p</th></tr></thead><tbody><tr><th>n · a</th><td>p</td>'
        f"<td>{shown}</td></tr></tbody></table></section>"
    )
    rows = {"s-confusion": [{"cell": "n-a", "true": "p", "predicted_p": "0.502"}]}
    report = Report()
    new_tables({"pages/protocols/s.html": parse(table_)}, set(), rows, NAMES, report)
    assert len(report.deviations) == found
    (tmp_path / "release-audit.md").write_text("| a | b |\n| --- | --- |\n| `w` | 50 |\n")
    release = f"<table><tr><th>a</th><th>b</th></tr><tr><td><code>w</code></td><td>{shown}</td></tr></table>"
    audited = Report()
    audit_of_the_release(tmp_path, {"pages/release.html": parse(release)}, audited)
    assert len(audited.deviations) == found
    said = Report()
    sentence = "<p>There are {} faces of people in the test split.</p>"
    same_sentences([parse(sentence.format(50))], {"index.html": parse(sentence.format(shown))}, said)
    assert len(said.deviations) == found


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ("| n | **0.42** [+0.00†, +2.22] |\nFiles: c", 0),
        ("| n | 0.42 [+0.00†, +2.23] |\nFiles: c", 1),
        ("| n | 0.43 [+0.00†, +2.22] |\nFiles: c", 1),
        ("| n | 0.42 [-2.00†, +2.22] |\nFiles: c", 1),
        ("| n | 0.42 [-1.38, +2.22] |\nFiles: 3", 0),
        ("| n | 0.42 [-1.38, +2.22] |", 1),
    ],
)
def test_markdown_is_compared_line_by_line(tmp_path: Path, new: str, found: int) -> None:
    for name, text in (("old", "| n | 0.42 [-1.38, +2.22] |\nFiles: c"), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "claims.md").write_text(text)
    report = Report()
    same_markdown(tmp_path / "old", tmp_path / "new", report)
    assert len(report.deviations) == found
