"""The chapters in their order, each with its heading, its page, and the names of what it writes."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.measures.subgroups.file import Split
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.report import boards
from benchmark.report.chapter_list import made_chapters
from benchmark.report.chapters import optimism, robustness
from benchmark.report.material import Data
from benchmark.report.parts import COSTS, RESULTS, Contents, Drawing, Picture, Section, drawn, link
from benchmark.report.sections import results, section

A = Cell("one-plain", "one", {}, "plain")
GROUPS = {"groups": 1, "conflicting": 1, "across_splits": 1}
AUDIT = {
    "name": "synthetic", "version": "1.0", "fingerprint": "1" * 64, "classes": ["a"], "counts": {"train": {"a": 1}},
    "exact_copies": GROUPS, "near_copies": None, "label_order": {"by": "x", "ok": True}, "findings": {"wrong": []},
}  # fmt: skip
MOMENT = {"step": 0, "loss": 1.0, "gradient": [1.0, 2.0], "deviation": [1.0, 2.0], "weights": [1.0, 2.0], "scalars": {}}
GRADIENTS = {"data": {"name": "synthetic"},
    "plan": "p", "images": 3, "protocol": {"name": "n", "version": "1.0", "input_size": 8, "recipe_name": "r"},
    "measurements": [{"network": "net", "layers": 4, "shortcut": "fixed", "normalisation": "working", "seed": 0,
                      "steps": [0], "status": "finished", "moments": [MOMENT]}],
}  # fmt: skip
SPREAD = {"median": 1, "lower_quartile": 1, "upper_quartile": 1}
SUITE = {"suite": {"train": SPREAD, "evaluate": SPREAD, "memory_bytes": 1}}
BENCH = {
    "device_type": "cpu", "instructions": "native", "environment": {"device": "chip", "threads": 3}, "batch": 19,
    "titles": {"suite": "this suite"}, "left_out": {},
    "growth": [{"axis": "batch", "value": 8, "contenders": SUITE}],
    "comparisons": [{"network": "net", "shortcut": "fixed", "size": 24, "contenders": SUITE, "ratios": {},
                     "floor": {"achieved": {"train": 1, "evaluate": 1}}}],
}  # fmt: skip
TRIAL = {"cell": "x", "recipe": {"learning_rate": 0.5}, "best": 0.4, "epochs": 9, "seed": 107, "protocol": "p"}
ROBUST = {
    "clean": {"accuracy": 0.9}, "corrupted": {"blur": [{"accuracy": 0.5}] * 5},
    "flip": {"accuracy": 0.8, "consistency": 0.7}, "transfer": {},
}  # fmt: skip
COUNTED = {
    "name": "net", "model": "other", "options": {}, "input": [1, 3, 8, 8], "outputs": 7,
    "parameters": {"trainable": 1, "total": 1}, "macs": 1, "flops": 1,
    "elementwise": {}, "skipped": {}, "uncounted": {},
}  # fmt: skip
TIMED = COUNTED | {
    "latency": {"median_ms": 1.0, "lower_quartile_ms": 1.0, "upper_quartile_ms": 1.0, "device": "d", "threads": 1}
}
BY_AGE = {
    "metrics": ["accuracy"], "by": {"age": {"unknown": 1, "groups": {"0 to 2": 40}}},
    "cells": [{"seeds": 1, "by": {"age": {"groups": {}, "gaps": {"accuracy": None}}}}],
}  # fmt: skip


@pytest.fixture
def material(run, comparison):
    def made(**changed):
        own = comparison(run(A, 0, {"none": {"accuracy": 0.5}}))
        parts = {
            "summary": Summary((own,)), "complexity": None, "latency": None, "claims": [], "anchors": {}, "sets": [],
            "people": {}, "gradients": [], "robustness": {}, "benches": [], "machines": {}, "searches": {}, "scalars": None,
            "release": "# The audit\n\nterms",
            "subgroups": [], "robustness_of_entries": [],
            "leaderboard": boards.leaderboard(Summary((own,)), None, {}, Path()),
        }  # fmt: skip
        return SimpleNamespace(**(parts | changed))

    return made


def shown(material):
    return [
        [each.title, each.page.html, *(t.name for t in each.tables), *(p.file for p in each.pictures), *each.links]
        for each in made_chapters(material)
    ]


def test_every_chapter_in_its_place(material, run, comparison, undrawn, monkeypatch):
    monkeypatch.setattr(robustness, "calibration", lambda record: None)
    everything = material(
        complexity={"networks": [COUNTED], "cells": {}}, latency={"networks": [TIMED], "cells": {}, "environment": {}},
        gradients=[GRADIENTS], benches=[BENCH],
        robustness={"synthetic-8": {A.name: [ROBUST]}}, searches={"s": [TRIAL]}, scalars=b"<svg/>",
        sets=[Data(AUDIT, {}, None)], subgroups=[Split(comparison(run(A, 0)), {}, BY_AGE, {A.name: BY_AGE["cells"][0]})],
    )  # fmt: skip
    plan = "gradients-p"
    assert shown(everything) == [
        ["Leaderboards", "index.html", "leaderboard-synthetic-8"],
        ["Robustness and calibration", "index.html", "synthetic-8-robustness", "figures/synthetic-8-robustness.svg"],
        ["Choosing by the test split", "index.html", "optimism"],
        ["Parameters and operations", "index.html", "networks", "complexity", "figures/shortcuts.svg"],
        ["Cost of the runs", "costs.html", "cost", "runs"],
        ["Latency of the networks", "costs.html", "network-latency", "latency", "figures/synthetic-8-latency.svg"],
        ["Speed of training", "costs.html", "speed", "figures/speed-growth-cpu.svg"],
        ["Machines", "costs.html", "environments"],
        ["Learning rates", "index.html", "s-learning-rates"],
        ["The data, audited", "index.html", "audits"],
        ["Results by subgroup", "index.html", "synthetic-8-by-age"],
        ["Gradients along the units", "index.html", plan, *(
            f"figures/{plan}-{kind}.svg" for kind in ("norm", "deviation", "depth"))],
        ["The release, audited", "index.html", "release/shortcut-scalars.svg",
         ("release-audit.md", "The audit, term by term")],
    ]  # fmt: skip
    pictures = {p.file: p for each in made_chapters(everything) for p in each.pictures}
    assert pictures["release/shortcut-scalars.svg"].content == b"<svg/>"
    assert pictures["figures/speed-growth-cpu.svg"].caption.startswith("chip: ")
    assert "around batch 19, 64x64" in pictures["figures/speed-growth-cpu.svg"].caption
    assert pictures["figures/synthetic-8-robustness.svg"].caption.startswith("synthetic-8: Accuracy at severities 1 to 5")
    assert pictures["figures/synthetic-8-latency.svg"].caption.endswith("epoch of the best validation accuracy); TTA: none")


def test_what_was_not_measured_has_no_chapter(material, undrawn):
    assert [each[:1] + each[2:] for each in shown(material())] == [
        ["Leaderboards", "leaderboard-synthetic-8"], ["Robustness and calibration"],
        ["Choosing by the test split", "optimism"], ["Parameters and operations", "complexity", "figures/shortcuts.svg"],
        ["Cost of the runs", "cost", "runs"], ["Latency of the networks", "latency", "figures/synthetic-8-latency.svg"],
        ["Machines", "environments"],
    ]  # fmt: skip


def test_the_tables_of_a_section_by_its_task(run, comparison):
    def names(cell, protocol):
        scores = dict.fromkeys(("accuracy", "ccc_mean"), 0.5)
        monkeypatch.setattr(results, "value_entry", lambda *given: optimism.text("x"))
        return [table.name for table in results.tables(comparison(run(cell, 0, {"none": scores}, protocol=protocol)))]

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(results, "per_class", lambda own: SimpleNamespace(name="classes"))
        monkeypatch.setattr(results, "videos", lambda own, blocks: SimpleNamespace(name=f"videos {len(blocks)}"))
        mse = Cell("one-mse", "one", {}, "mse")
        assert names(A, "synthetic-8") == ["synthetic-8-results", "classes", "synthetic-8-selection", "synthetic-8-tta"]
        assert names(mse, "synthetic-va") == [f"synthetic-va-{kind}" for kind in ("results", "selection", "tta")]
        assert names(mse, "affwild-va")[1] == "videos 3"


def test_a_page_shows_its_own_parts_in_their_order():
    """Headline and claims before the sections, those before the chapters; on the page of costs the chapters alone."""
    one, two = (
        SimpleNamespace(page=page, tables=[f"{page.html} t"], pictures=[f"{page.html} p"]) for page in (RESULTS, COSTS)
    )
    of = Section(None, ["table"], ["detail"], ["picture"])
    contents = Contents("answer", "headline", "narrow", "claims", [of], [two, one])
    assert contents.chapters_of(RESULTS) == [one] and contents.chapters_of(COSTS) == [two]
    assert contents.pictures(RESULTS) == ["headline", "narrow", "picture", "index.html p"]
    assert contents.tables(RESULTS) == ["claims", "table", "detail", "index.html t"]
    assert (contents.pictures(COSTS), contents.tables(COSTS)) == (["costs.html p"], ["costs.html t"])
    assert (tuple(RESULTS), tuple(COSTS)) == (("README.md", "index.html", ""), ("costs.md", "costs.html", "costs/"))


def test_a_drawing_becomes_a_picture_and_a_path_a_link(monkeypatch):
    monkeypatch.setattr("benchmark.report.parts.svg", lambda figure: f"svg of {figure}")
    assert drawn([Drawing("n", "figure", "caption", "words")]) == [
        Picture("figures/n.svg", "caption", "svg of figure", "words")
    ]
    assert link(Path("a/b/c.png"), Path("a/d/e")) == "../../b/c.png"


def test_captions_name_the_comparison(run, comparison, monkeypatch):
    """Which figures a section has is its task's; each caption says the protocol."""
    for kind, name in {"curves": "learning_curves", "circumplex": "circumplex", "reliability": "reliability"}.items():
        made = [Drawing(f"synthetic-va-{kind}", None, "", f"words of {kind}")]
        monkeypatch.setattr(section, name, lambda own, made=made: made)
    monkeypatch.setattr(section, "accuracy_against_cost", lambda *given: Drawing(given[3], None, "", "words of costs"))
    monkeypatch.setattr("benchmark.report.parts.svg", lambda figure: b"")
    monkeypatch.setattr(section.results, "tables", lambda *given: ["first"])
    monkeypatch.setattr(section.pairs, "table", lambda own, tests: None)
    monkeypatch.setattr(section.grid, "tables", lambda own, best: [])
    given = SimpleNamespace(anchors={}, people={}, complexity=None)
    own = comparison(run(Cell("one-mse", "one", {}, "mse"), 0, {"ccc_mean": 0.5}, protocol="synthetic-va"))
    made = section.section(own, given)
    assert [each.file for each in made.pictures] == [
        f"figures/synthetic-va-{k}.svg" for k in ("curves", "circumplex", "costs")
    ]
    assert (made.tables, made.details) == (["first"], [])
    for kind, each in zip(("curves", "circumplex", "costs"), made.pictures, strict=True):
        assert each.caption == f"synthetic-va: {section.CAPTIONS[kind]}. {own.header}; TTA: none"
    assert [each.description for each in made.pictures] == ["words of curves", "words of circumplex", "words of costs"]
    assert "up to 120 test faces" in section.CAPTIONS["circumplex"]
