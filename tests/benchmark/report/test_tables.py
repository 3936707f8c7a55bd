"""Rendering: Markdown, CSV and LaTeX of one table."""

import csv
import dataclasses
import io
import re
import shutil
import subprocess

import pytest

from benchmark.escaping import latex
from benchmark.records.intervals import Interval
from benchmark.records.statistics import Difference
from benchmark.records.written import bracketed, number
from benchmark.report.tables import (
    CUT_NOTE,
    Entry,
    Table,
    differing,
    measured,
    metric_entry,
    not_tested,
    over_images,
    seeds,
    text,
)


def percent(value):
    return number(value, "%")


@pytest.fixture
def table():
    rows = [
        {"cell": text("a_b & 50% | x"), "n": seeds(3, 0), "m": measured(Interval(0.5, 0.4, 0.6, 3), percent)},
        {"cell": text("c"), "n": seeds(1, 2), "m": measured(Interval(0.25, None, None, 1), percent), "k": text("~^\\")},
        {"cell": text("d"), "n": seeds(0, 0), "k": not_tested("no record")},
    ]
    columns = {"cell": "Cell", "n": "Seeds", "m": "M, %", "k": "K"}
    return Table("name", "Title #1", ("note {x}", "n = 3"), columns, rows, ("cell", "n"), (("m",), ("k",)))


def test_numbers_as_shown():
    assert number(0.71534, "%") == "71.53" and number(0.25774, "") == "0.258"
    assert number(-0.00001, "%", signed=True) == "+0.00" and number(-0.0213, "%", signed=True) == "-2.13"
    assert bracketed(Interval(0.5, 0.4, 0.6, 3), percent) == "50.00 [40.00, 60.00]"
    assert bracketed(Interval(0.5, None, None, 1), percent) == "50.00"
    assert bracketed(Interval(0.5, None, None, 3), percent) == "50.00 (no spread)"
    assert differing(Difference(0.01, -0.01, 0.03, 3, 0.5), "%").text == "+1.00 [-1.00, +3.00]"
    assert over_images(Difference(0.01, -0.01, 0.03, 90, 0.5), "%") == differing(Difference(0.01, -0.01, 0.03, 90, 0.5), "%")
    assert over_images(Difference(0.01, None, None, 90, None), "%").text == "+1.00, no interval", "not that all are equal"
    assert measured(None, percent).text == "not defined"
    assert seeds(1, 2).text == "n = 1, no interval; diverged 2 of 3"


def test_a_cut_interval_is_noted_once_and_whole_in_the_csv():
    entry = metric_entry(Interval(0.971, 0.88, 1.06, 3), "accuracy")
    assert entry == Entry("97.10 [88.00, 100.00†]", {"mean": 0.971, "low": 0.88, "high": 1.06})
    assert metric_entry(Interval(0.5, -0.25, 0.6, 3), "nll").text == "0.500 [0.000†, 0.600]"
    assert metric_entry(None, "kappa").text == "not defined"
    assert differing(Difference(0.5, -1.2, 1.2, 3, 0.5), "%", (-1, 1)).text == "+50.00 [-100.00†, +100.00†]"
    table = Table("t", "T", ("n = 3",), {"cell": "Cell", "m": "M"}, [{"cell": text("a"), "m": entry}])
    assert list(table.notes) == ["n = 3", CUT_NOTE] == list(dataclasses.replace(table, title="U").notes)
    assert table.csv() == "cell,m_mean,m_low,m_high\na,0.971,0.88,1.06\n"
    assert f"n = 3. {CUT_NOTE}." in table.markdown() and "| 97.10 [88.00, 100.00†] |" in table.markdown()
    assert r"97.10 [88.00, 100.00\textdagger{}]" in table.latex() and "†" not in table.latex()
    foreign = Table("t", "T", ("n",), {"cell": "Cell"}, [{"cell": text("a name with †")}])
    assert list(foreign.notes) == ["n"], "a name may have the mark for reasons of its own"


def test_the_best_of_a_group_is_bold():
    best = Entry("a*b_c", {"": 1}, best=True)
    table = Table(
        "t", "T", ("n",), {"cell": "Cell", "m": "M"}, [{"cell": text("x"), "m": best}, {"cell": text("y"), "m": text("d")}]
    )
    assert "| x | **a*b_c** |\n| y | d |" in table.markdown()
    assert r"x & \textbf{a*b\_c} \\" in table.latex() and r"y & d \\" in table.latex()
    assert table.csv() == "cell,m\nx,1\ny,d\n" and table.shown()[0].to_numpy().tolist() == [["x", "a*b_c"], ["y", "d"]]


def test_csv_has_one_number_a_column(table):
    first, second, third = csv.DictReader(io.StringIO(table.csv()))
    assert list(first) == ["cell", "n", "n_diverged", "m_mean", "m_low", "m_high", "k", "k_note"]
    assert (first["cell"], first["m_mean"], first["m_low"], first["k"]) == ("a_b & 50% | x", "0.5", "0.4", "")
    assert (second["n"], second["n_diverged"], second["m_low"]) == ("1", "2", "")
    assert third["k_note"] == "not tested: no record"


def test_csv_has_ten_digits():
    table = Table("t", "T", ("n",), {"m": "M"}, [{"m": differing(Difference(1 / 3, 2 / 3, 0.7, 3, 0.5), "%")}], ("m",))
    assert table.csv() == "m_mean,m_low,m_high\n0.3333333333,0.6666666667,0.7\n"


def test_markdown_blocks(table):
    markdown = table.markdown()
    assert markdown.startswith("**Title #1.** note {x}. n = 3.\n")
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    # A row without an entry in a block is left out of it: d of the first, a_b of the second.
    assert len(lines) == 2 * 4
    assert "| a_b & 50% \\| x | n = 3 | 50.00 [40.00, 60.00] |" in lines
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}


def test_a_whole_table_in_markdown():
    rows = [{"cell": text("x|y"), "a": text(1), "b": text(2)}, {"cell": text("z"), "b": text(3)}]
    table = Table("t", "T", ("n = 3", "TTA: none"), {"cell": "Cell", "a": "A", "b": "B"}, rows, ("cell",), (("a",), ("b",)))
    assert table.markdown() == (
        "**T.** n = 3. TTA: none.\n\n| Cell | A |\n| --- | --- |\n| x\\|y | 1 |\n\n"
        "| Cell | B |\n| --- | --- |\n| x\\|y | 2 |\n| z | 3 |\n"
    )
    assert [list(frame.columns) for frame in table.shown()] == [["Cell", "A"], ["Cell", "B"]]
    assert (
        Table("t", "T", ("n",), {"cell": "Cell", "a": "A"}, rows)
        .markdown()
        .endswith("| Cell | A |\n| --- | --- |\n| x\\|y | 1 |\n")
    )


def check_latex(source):
    """Braces and environments balance; every row of a tabular has as many cells as it has columns."""
    plain = re.sub(r"\\[&%$#_{}]", "", source)
    depth = 0
    for c in re.sub(r"%.*", "", plain):
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    assert plain.count("$") % 2 == 0 and "~" not in plain and "^" not in plain
    for environment in ("table", "tabular"):
        assert plain.count(rf"\begin{{{environment}}}") == plain.count(rf"\end{{{environment}}}")
    for columns, body in re.findall(r"\\begin\{tabular\}\{(l+)\}(.*?)\\end\{tabular\}", plain, re.DOTALL):
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) >= 2 and {row.count("&") for row in rows} == {len(columns) - 1}
        assert [body.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]


def test_latex_is_well_formed(table):
    source = table.latex()
    check_latex(source)
    assert source.count(r"\label{") == len(set(re.findall(r"\\label\{.*?\}", source))) == 2
    assert r"a\_b \& 50\% | x" in source and "(part 1 of 2)" in source


def test_latex():
    assert latex("a_b & 5 % -0.5 [-1.0, +2] pre-trained 3-4 < x^2") == (
        r"a\_b \& 5 \% $-$0.5 [$-$1.0, +2] pre-trained 3-4 $<$ x\textasciicircum{}2"
    )


def test_latex_of_every_table_of_a_report(built):
    sources = sorted((built / "tables").glob("*.tex"))
    assert {path.stem for path in sources} == {path.stem for path in (built / "tables").glob("*.md")} and sources
    for path in sources:
        check_latex(path.read_text())


def test_a_whole_table_in_latex():
    table = Table("t", "T", ("n = 3", "TTA: none"), {"cell": "Cell", "a": "A", "b": "B"},
                  [{"cell": text("x"), "a": text(1), "b": text(2)}], ("cell",), (("a",), ("b",)))  # fmt: skip

    def part(number, column, value):
        return [
            r"\begin{table}[htbp]", r"\centering\footnotesize", rf"\caption{{T (part {number} of 2). n = 3. TTA: none.}}",
            rf"\label{{tab:t-{number}}}", r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            r"\begin{tabular}{ll}", r"\toprule", rf"Cell & {column} \\", r"\midrule", rf"x & {value} \\", r"\bottomrule",
            r"\end{tabular}}", r"\end{table}",
        ]  # fmt: skip

    lines = ["% needs \\usepackage{booktabs,graphicx}", *part(1, "A", "1"), *part(2, "B", "2")]
    assert table.latex() == "\n".join(lines) + "\n"
    one = Table("t", "T", ("n",), {"cell": "Cell"}, [{"cell": text("x")}], ()).latex()
    assert r"\caption{T. n.}" in one and r"\label{tab:t}" in one and r"\begin{tabular}{l}" in one


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(built, tmp_path):
    inputs = "".join(rf"\input{{{path}}}\clearpage" for path in sorted((built / "tables").glob("*.tex")))
    document = rf"\documentclass{{article}}\usepackage{{booktabs,graphicx}}\begin{{document}}{inputs}\end{{document}}"
    (tmp_path / "all.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_an_entry_without_numbers_leaves_no_column():
    table = Table("t", "T", ("n",), {"cell": "Cell", "m": "M"}, [{"cell": text("a"), "m": Entry("x", {})}])
    assert table.csv() == "cell\na\n"
