"""The addresses of pages, and of the places in them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.report.pages.addresses import Addresses, anchor, relative
from benchmark.report.rendering import _target
from benchmark.report.tables import Entry, Table, text


def summary_of(*cells):
    """A stand-in for a Summary: (slug, label, seeds) each."""
    comparisons = {}
    for slug, label, own in cells:
        runs = [SimpleNamespace(record=SimpleNamespace(seed=s, directory=Path(slug, label, f"seed{s}"))) for s in own]
        comparisons.setdefault(slug, SimpleNamespace(slug=slug, runs={})).runs[label] = runs
    return SimpleNamespace(comparisons=list(comparisons.values()), outside=())


def test_addresses_differ_whatever_the_names_are_and_also_ignoring_case():
    cells = [("a", "b-c", (0,)), ("a-b", "c", (0, 1)), ("a", "x y", (0,)), ("a", "x&y", (0,)), ("A", "B-C", (0,))]
    cells += [("a", "b-c-seed0", (0,)), ("a", "X_y", (0,)), ("a", "x_y_2", (0,)), ("ä", "..", (0,))]
    cells += [("P", "Z", (0,)), ("p", "z", (0,))]  # the capital one first
    summary = summary_of(*cells)
    places = Addresses(summary)
    runs = [run.record for c in summary.comparisons for own in c.runs.values() for run in own]
    names = [places.run(record) for record in runs]
    names += [places.model(label) for label in {label for _, label, _ in cells}]
    names += [places.protocol(slug) for slug in {slug for slug, _, _ in cells}]
    assert len({name.lower() for name in names}) == len(names) == 12 + 11 + 6
    assert places.run(runs[0]) == "pages/runs/a/b-c-seed0.html"
    for name in names:
        assert re.fullmatch(r"pages/(runs|models|protocols)(/[\w.+-]+){1,2}\.html", name) and "/../" not in name
    assert anchor("one", 'two" onclick=x') == "one-two_onclick_x"


def test_numbers_lead_to_the_run_or_to_the_model_that_lists_the_runs():
    places = Addresses(summary_of(("p", "one", (4,)), ("p", "three", (0, 1, 2))))
    rows = [
        {"cell": text("one"), "m": text(1)},
        {"cell": text("three"), "m": text(1)},
        {"cell": text("constant"), "m": text(1)},
        {"m": Entry("", {}, [("p", "three"), ("p", "one"), ("p", "gone")])},
    ]
    table = Table("t", "T", ("n",), {"cell": "Cell", "m": "M"}, rows)
    run, model = ("pages/runs/p/one-seed4.html", "one"), ("pages/models/three.html#p", "three")
    assert places.behind(table, rows[0], "cell", "p") == [run]
    assert places.behind(table, rows[1], "cell", "p") == [model]
    assert places.behind(table, rows[2], "cell", "p") == []
    assert places.behind(table, rows[3], "m") == [model, run]
    assert places.behind(table, rows[0], "m", "p") == []  # the row's label leads there
    assert places.behind(table, rows[3], "cell", "p") == []
    assert places.behind(table, {"protocol": text("p")} | rows[0], "cell", "other") == [run]


@pytest.mark.parametrize(
    ("target", "page", "link"),
    [
        ("pages/a/x.html", "index.html", "pages/a/x.html"),
        ("index.html", "pages/a/x.html", "../../index.html"),
        ("pages/a/x.html#y", "pages/b/z.html", "../a/x.html#y"),
        ("pages/b/z.html#y", "pages/b/z.html", "#y"),
        ("../records", "pages/data.html", "../../records"),
    ],
)
def test_links_between_pages(target, page, link):
    assert relative(target, page) == link


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("a/x.html#y-1", "a/x.html#y-1"),
        ("#y", "#y"),
        ("b.html#protocol=p.q", "b.html#protocol=p.q"),
        ("records/a#b/record.json", "records/a%23b/record.json"),
        ('x.html#"onclick=evil()', "x.html%23%22onclick%3Devil%28%29"),
        ("javascript:evil()#x", "javascript%3Aevil%28%29%23x"),
        ("https://example.org/a#b", "https://example.org/a#b"),
    ],
)
def test_the_target_of_a_link_keeps_its_place_and_nothing_else(address, target):
    assert str(_target(address)) == target
