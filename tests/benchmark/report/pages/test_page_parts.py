"""What the pages are made of: tables, inlined figures, small curves, sentences."""

import re
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from benchmark.claims.claim import Check
from benchmark.claims.finding import (
    CONDITIONAL,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SUPPORTED,
    UNDETERMINED,
    Finding,
    Planned,
)
from benchmark.claims.judge import Judged
from benchmark.records.comparisons import summarise
from benchmark.records.intervals import Interval
from benchmark.records.record import read_records
from benchmark.records.statistics import Difference
from benchmark.records.written import number
from benchmark.report import rendering
from benchmark.report.pages import prose
from benchmark.report.pages.breaking import breakable
from benchmark.report.pages.inline import inline
from benchmark.report.pages.site import TEMPLATES, Site
from benchmark.report.pages.sparkline import HEIGHT, MARGIN, WIDTH, sparkline
from benchmark.report.pages.webtable import Box, blocks, sort_value
from benchmark.report.style import BLUE, PAPER, styled, svg
from benchmark.report.tables import Entry, Table, differing, measured, not_tested, seeds, text


class Nowhere:
    """Addresses of a report without runs."""

    def behind(self, *given):
        return []


def test_sort_values():
    percent = lambda value: number(value, "%")  # noqa: E731
    assert sort_value(measured(Interval(0.5, 0.4, 0.6, 3), percent)) == 0.5
    assert sort_value(differing(Difference(-0.01, -0.03, 0.01, 3, 0.5), "%")) == -0.01
    assert sort_value(seeds(3, 1)) == 3 and sort_value(text("Abc")) == "abc" and sort_value(text(1_000)) == 1000
    assert sort_value(not_tested("x")) is None and sort_value(measured(None, percent)) is None
    assert sort_value(Entry("diverged", {"note": "diverged"})) is None and sort_value(Entry("", {})) is None


def test_blocks_tell_numbers_from_texts_and_set_intervals_apart():
    rows = [
        {"cell": text("a [x]"), "m": measured(Interval(0.5, 0.4, 0.6, 3), lambda v: f"{v:.1f}"), "k": text("z [1]")},
        {"cell": text("b"), "m": not_tested("no record"), "k": text("3")},
        {"cell": text("c"), "k": text("y")},
    ]
    table = Table("t", "T", ("n",), {"cell": "Cell", "m": "M", "k": "K"}, rows, ("cell",), (("m",), ("k",)))
    first, second = blocks(table, Nowhere(), lambda slug, label: label)
    assert [c.numeric for c in first.columns] == [False, True] and [c.numeric for c in second.columns] == [False, False]
    assert len(first.rows) == 2 and len(second.rows) == 3
    assert first.rows[0][0].text == "a [x]" and first.rows[0][0].label
    assert (first.rows[0][1].text, first.rows[0][1].aside, first.rows[0][1].sort) == ("0.5", "[0.4, 0.6]", 0.5)
    assert (first.rows[1][1].text, first.rows[1][1].sort) == ("not tested: no record", None)
    assert second.rows[0][1].text == "z [1]"


def test_what_is_the_same_in_every_row_is_said_once_but_no_measured_number():
    def row(name, n, m):
        return {"cell": text(name), "n": seeds(n, 0), "m": m, "k": text("same"), "x": Entry("0.5", {"": 0.5})}

    one = measured(Interval(0.5, None, None, 1), str)
    rows = [row("a", 1, one), row("b", 1, one)]
    columns = dict(zip(("cell", "n", "m", "k", "x"), ("Cell", "Seeds", "M", "K", "X"), strict=True))
    (block,) = blocks(Table("t", "T", ("n",), columns, rows), Nowhere(), lambda slug, label: label)
    assert block.lifted == [("Seeds", "1"), ("K", "same")] and [c.key for c in block.columns] == ["cell", "m", "x"]
    assert [box.share for box in block.rows[0]] == [None] * 3
    (shaded,) = blocks(Table("t", "T", ("n",), columns, rows, shaded=True), Nowhere(), lambda slug, label: label)
    assert [box.share for box in shaded.rows[0]] == [None, 0.5, 0.5]
    (other,) = blocks(Table("t", "T", ("n",), columns, [*rows, row("c", 3, one)]), Nowhere(), lambda slug, label: label)
    assert [line[1].text for line in other.rows] == ["1", "1", "3"] and [line[1].sort for line in other.rows] == [1, 1, 3]


@pytest.mark.parametrize(
    ("shown", "value", "hidden"),
    [("1,234", 1234.0, ""), ("-0.50", -0.5, ""), ("+1.25", 0.0125, ""), ("< 0.001", 0.0004, "0.0004"), ("n/a", "n/a", ""),
     ("0.7\N{DAGGER}", 0.7, "0.7"), ("x 3.2", 0.505, "0.505"), ("none", None, "")],
)  # fmt: skip
def test_a_number_that_its_text_does_not_say_is_kept_for_sorting(shown, value, hidden):
    assert Box(shown, sort=value).hidden_number == hidden


def test_a_table_marks_the_best_and_says_what_the_mark_means(material):
    rows = [{"cell": text("a"), "m": Entry("< 1 & 2", {"": 0.5}, best=True)}, {"cell": text("b"), "m": text(0.25)}]
    notes = ("How it was made", "Bold: best of two")
    table = Table("t", "a <title>", notes, {"cell": "Cell", "m": "M"}, rows)
    call = '{% from "parts.html.j2" import table_of with context %}{{ table_of(table) }}'
    values = Site(material, None)._common("pages/x.html") | {"table": table}
    shown = rendering._environment(TEMPLATES, True).from_string(call).render(**values)
    assert re.findall(r'<b class="best"[^>]*>(.*?)</b>', shown) == ["&lt; 1 &amp; 2"]
    assert 'data-sort="0.5"' in shown and shown.count("data-sort") == 1 and "a &lt;title&gt;</h3>" in shown
    assert shown.count("Bold: best of two.") == 2 and shown.count("How it was made.") == 1
    assert 'href="../tables/t.csv"' in shown


def test_a_table_belongs_to_the_protocol_with_the_longest_name_that_begins_its_own(material):
    site = Site(material, None)
    for name, slug in (("fer2013-7-small-pairs", "fer2013-7-small"), ("fer2013-7-smaller", "fer2013-7"), ("cost", "")):
        assert site.protocol_of(Table(name, "T", (), {}, [])) == slug


def test_inlined_figures_share_nothing_and_follow_the_theme():
    with styled():
        figure = Figure(figsize=(3, 2))
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], "o-", color=BLUE, markerfacecolor=PAPER, clip_on=True)
        axis.text(0.5, 0.5, "a < b", color=BLUE)
        content = svg(figure)
    both = [inline(content, name, "A < title", "in words") for name in ("one", "two")]
    names = [re.findall(r'\bid="([^"]+)"', text) for text in both]
    assert not set(names[0]) & set(names[1])
    for text_, own, name in zip(both, names, ("one", "two"), strict=True):
        root = ElementTree.fromstring(text_)
        assert len(own) == len(set(own))
        referred = re.findall(r'href="#([^"]+)"', text_) + re.findall(r"url\(#([^)]+)\)", text_)
        assert set(referred) | {f"{name}-title", f"{name}-desc"} == set(own) and len(referred) > 10
        assert "<style" not in text_ and "metadata" not in text_ and "DOCTYPE" not in text_
        assert root.find("{*}title").text == "A < title" and root.find("{*}desc").text == "in words"
        assert root.get("viewBox") == "0 0 216 144" and root.get("role") == "img"
    text_ = both[0]
    assert "var(--fig-blue, #0072b2)" in text_ and "var(--paper)" in text_ and ">a &lt; b</text>" in text_
    assert not re.search(r"#(ffffff|000000)\b", text_) and text_.count("#0072b2") == text_.count("var(--fig-blue, #0072b2)")
    assert b'class="ground"' in content and "ground" not in text_


def test_sparkline_spans_its_frame():
    drawn = ElementTree.fromstring(sparkline([0.2, 0.6, 0.4], 'a "word"', 1))
    points = [tuple(map(float, pair.split(","))) for pair in drawn.find("polyline").get("points").split()]
    assert points == [(MARGIN, HEIGHT - MARGIN), (WIDTH / 2, MARGIN), (WIDTH - MARGIN, HEIGHT / 2)]
    dot = drawn.find("circle")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == points[1] and drawn.get("aria-label") == 'a "word"'
    level = ElementTree.fromstring(sparkline([0.5, 0.5], "w"))
    assert level.find("circle") is None and "nan" not in level.find("polyline").get("points")


def test_names_may_be_broken_and_stay_escaped():
    assert breakable("a-b/c_d <b> -1 - x") == "a-<wbr>b/<wbr>c_<wbr>d &lt;b&gt; -<wbr>1 - x"


def judged(*claims):
    """A stand-in for a judged ledger: (verdict, rule, whether there are runs behind it, planned runs) each."""
    return [
        Judged(
            SimpleNamespace(test=SimpleNamespace(rule=rule), id=verdict, mark="I" if verdict == CONDITIONAL else "V"),
            Finding(verdict, "", records=("record",) * runs, planned=planned),
        )
        for verdict, rule, runs, planned in claims
    ]


COUNTED, COMPARED = (REPRODUCED, "complexity_value", 0, ()), (SUPPORTED, "compare_cells", 1, ())
GRADIENT = (REFUTED, "gradient_ratio", 0, ())
WAITING = (NO_VERDICT_YET, "compare_cells", 0, (Planned("p-8", "a", 3, (0,)), Planned("q-8", "b", 1, (0,))))


@pytest.mark.parametrize(
    ("claims", "sentences"),
    [
        (
            [COUNTED, GRADIENT, WAITING, WAITING],
            [
                "Two claims of 4 are decided: one reproduced and one refuted (one by counting and one by measured "
                "gradients).",
                "Two claims wait for planned runs under p-8.",
            ],
        ),
        (
            [COMPARED, COUNTED, (UNDETERMINED, "compare_cells", 1, ())],
            [
                "Two claims of 3 are decided: one supported and one reproduced (one by training runs and one by counting).",
                "One claim is undetermined by what has been measured.",
            ],
        ),
        (
            [COUNTED, (CONDITIONAL, "gradient_lessened", 0, ())],
            [
                "Two claims of 2 are decided: one reproduced and one conditional (one by counting and one by measured "
                "gradients).",
                "One claim is inferred and printed in no paper: conditional (conditional).",
            ],
        ),
        (
            [(NOT_TESTABLE, "not_testable", 0, ())],
            ["No claims of 1 are decided.", "One claim can not be tested with the data and records that are here."],
        ),
    ],
)
def test_verdict_sentences(claims, sentences):
    assert prose.verdict_sentences(judged(*claims)) == sentences


def test_run_sentences_count_what_is_there(built):
    found = prose.run_sentences(summarise(read_records(built / "records"), built / "records"))
    assert found[0] == (
        "22 training runs of eight cells (networks with options and loss): synthetic-8 (6 x 1 to 3 seeds, 90 test faces) "
        "and synthetic-va (2 x 3 seeds, 90 test faces)."
    )
    assert found[1] == "Drawn faces show that the machinery works; they say nothing about real ones."
    assert found[2] == "Four runs diverged, which is a result of its own and in no mean." and len(found) == 3


def test_few_seeds_are_said(make, cell, tmp_path):
    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0)
    found = prose.run_sentences(summarise(read_records(tmp_path), tmp_path))
    assert found[0].startswith("One training run of one cell (networks with options and loss): synthetic-8 (1 x 1 seed, 90")
    assert (
        "No network under synthetic-8 has the three seeds that a verdict needs at least; one seed has no interval." in found
    )


def test_shortcut_sentences_count_sides_below_alpha():
    def row(mean, p):
        return {"difference": Entry("", {"mean": mean}), "holm": Entry("", {"p": p})}

    rows = [row(0.1, 0.01), row(0.2, 0.04), row(-0.1, 0.001), row(0.3, 0.2), {"holm": not_tested("one pair of seeds")}]
    tables = {"p": Table("t", "T", (), {}, rows), "q": Table("t", "T", (), {}, rows[3:4]), "r": Table("t", "T", (), {}, [])}
    assert prose.shortcut_sentences(tables, [claim("p", "q")]) == [
        "Five comparisons over seeds of a bounded shortcut with identity, all else equal: four under p and one under q; "
        "after Holm within each protocol better: two under p; worse: one under p."
    ]
    assert prose.shortcut_sentences({"q": tables["q"]}, [claim("q")]) == [
        "One comparison over seeds of a bounded shortcut with identity, all else equal: one under q; after Holm no "
        "difference is significant."
    ]
    assert prose.shortcut_sentences({"r": tables["r"]}, []) == []


def test_comparisons_that_enter_no_verdict_are_named():
    rows = [{"difference": Entry("", {"mean": 0.1}), "holm": Entry("", {"p": 0.5})}]
    tables = {slug: Table("t", "T", (), {}, rows) for slug in ("p", "q", "seen", "drawn")}
    _, aside = prose.shortcut_sentences(tables, [claim("p", "q", seen="seen", machinery="drawn")])
    assert aside == "Comparisons under seen and drawn are evidence for no claim."
    assert prose.without_claim(["drawn", "p"], [claim("p", seen="seen", machinery="drawn")]) == ["drawn"]


def claim(*conditions, **shown):
    """A claim judged under the protocols `conditions`, with others in the roles that give no verdict."""
    tests = {str(k): Check("compare_cells", {"protocol": name}) for k, name in enumerate(conditions)}
    listed = {"scaled_down": Check("compare_cells", {}, tests)} | {
        role: Check("compare_cells", {"protocol": name}) for role, name in shown.items()
    }
    return SimpleNamespace(of=lambda role: [(listed[role], None)] if role in listed else [])
