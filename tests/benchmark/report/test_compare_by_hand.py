"""`compare` from made-up runs, no two numbers of which are equal: the whole result, by hand; and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.records.statistics import Difference
from benchmark.report import compare as comparing


def made_up(run, comparison, monkeypatch, task="categorical"):
    """Rows one (seeds 0 and 1, 2 diverged), two (seeds 1 and 4) and theirs, an outside entry, of five faces of the classes
    0, 0, 1, 1, 2: the summary that `compare` reads, and what the test is given."""
    protocol = "synthetic-8" if task == "categorical" else "synthetic-va"
    loss = "plain" if task == "categorical" else "mse"
    metric = "accuracy" if task == "categorical" else "ccc_mean"
    targets = np.array([0, 0, 1, 1, 2])
    answers = {"one": {0: [0, 0, 1, 2, 2], 1: [0, 0, 1, 1, 0]}, "two": {1: [0, 3, 1, 2, 2], 4: [0, 3, 1, 2, 0]},
               "theirs": {0: [5, 0, 1, 1, 2]}}  # fmt: skip
    ids = np.array(list("vwxyz"))
    values = {"one": {0: 0.61, 1: 0.67}, "two": {1: 0.43, 4: 0.48}, "theirs": {0: 0.71}}

    def made(name, seed, **contents):
        outputs = (
            np.eye(8)[answers[name][seed]] if task == "categorical" else np.array(answers[name][seed])[:, None] * [0.1, 0]
        )
        arrays = {"test_ids": ids, "test_targets": targets, "test_outputs_none": outputs}
        cell = Cell(name, "outside" if name == "theirs" else name, {}, loss)
        return run(cell, seed, {metric: values[name][seed]}, protocol=protocol, arrays=arrays, **contents)

    runs = [made("one", 0, parameters=7001), made("one", 1, parameters=7001), run(Cell("one", "one", {}, loss), 2, None,
            protocol=protocol), made("two", 1, parameters=607), made("two", 4, parameters=607)]  # fmt: skip
    summary = Summary((comparison(*runs, targets=targets),), (), (made("theirs", 0, parameters=None),))
    monkeypatch.setattr(comparing, "gather", lambda folder, known: SimpleNamespace(records=folder, apart="apart"))
    monkeypatch.setattr(
        comparing, "summarise", lambda *given, without_runs: summary if given == ("r", "r", "apart") else None
    )
    monkeypatch.setattr(comparing, "resample", lambda runs, task: [(run.record.cell, run.record.seed, task) for run in runs])
    seen = []

    def tested(*given):
        seen.append(given)
        return SimpleNamespace(over_images=Difference(0.1, 0.2, 0.3, 5, 0.4), over_seeds=Difference(0.6, 0.7, 0.8, 2, 0.9),
                               discordant=(1.5, 2.5) if task == "categorical" else None)  # fmt: skip

    monkeypatch.setattr(comparing, "tested", tested)
    return summary, seen


def test_a_whole_comparison(run, comparison, monkeypatch, tmp_path):
    """Seed 1 alone is common. Right are v, w, x, y in A and v, x, z in B: the sign test of 2 against 1 has p 1."""
    summary, seen = made_up(run, comparison, monkeypatch)
    (own,) = summary.comparisons
    (tmp_path / "c.json").write_text('{"schema": 2, "cells": {"synthetic-8/one": {"macs": 503}}}')
    (tmp_path / "l.json").write_text('{"schema": 1, "cells": {"synthetic-8/two": {"latency": {"median_ms": 2.5}}}}')
    files = {"complexity": tmp_path / "c.json", "latency": tmp_path / "l.json"}
    assert comparing.compare("r", "one", "two", **files) == {
        "schema": 1, "protocol": "synthetic-8", "protocol_hash": own.protocol_hash, "data": own.data, "metric": "accuracy",
        "a": {"name": "one", "outside": False, "seen": "no", "value": 0.67, "parameters": 7001, "macs": 503,
              "latency_ms": None},
        "b": {"name": "two", "outside": False, "seen": "no", "value": 0.43, "parameters": 607, "macs": None,
              "latency_ms": 2.5},
        "pairs": [[1, 1]],
        "images": {"mean": 0.1, "low": 0.2, "high": 0.3, "n": 5, "p": 0.4},
        "seeds": {"mean": 0.6, "low": 0.7, "high": 0.8, "n": 2, "p": 0.9},
        "discordant": [1.5, 2.5],
        "mcnemar": [{"seed_a": 1, "seed_b": 1, "p": 1.0, "only_a": 2, "only_b": 1}],
        "classes": [
            {"class": "neutral", "n": 2, "difference": 0.5, "p": 1.0, "p_holm": 1.0},
            {"class": "happy", "n": 2, "difference": 0.5, "p": 1.0, "p_holm": 1.0},
            {"class": "sad", "n": 1, "difference": -1.0, "p": 1.0, "p_holm": 1.0},
        ],
        "test_images": 5, "disagree": ["w", "y", "z"],
    }  # fmt: skip
    ((of_a, of_b, drawn_a, drawn_b, task),) = seen
    assert [(r.record.cell, r.record.seed) for r in (*of_a, *of_b)] == [("one", 1), ("two", 1)]
    assert (drawn_a, drawn_b, task) == ([("one", 1, "categorical")], [("two", 1, "categorical")], "categorical")


def test_an_outside_entry_on_either_side_and_on_both(run, comparison, monkeypatch):
    made_up(run, comparison, monkeypatch)
    left, right, both = (comparing.compare("r", *names) for names in (("theirs", "two"), ("two", "theirs"), ("theirs",) * 2))
    assert (left["pairs"], right["pairs"], both["pairs"]) == ([[0, 1], [0, 4]], [[1, 0], [4, 0]], [[0, 0]])
    assert left["a"] == right["b"] == both["a"] == {
        "name": "theirs", "outside": True, "seen": "unknown", "value": 0.71, "parameters": None, "macs": None,
        "latency_ms": None,
    }  # fmt: skip
    assert left["b"]["value"] == pytest.approx(0.455)
    # Face v: two of two pairs; w: both; y: both; z: only with seed 4. Those that are disputed most come first.
    assert left["disagree"] == ["v", "w", "y", "z"]


def test_a_comparison_of_valence_and_arousal_has_no_classes(run, comparison, monkeypatch):
    _, seen = made_up(run, comparison, monkeypatch, "dimensional")
    found = comparing.compare("r", "one", "two", "synthetic-va")
    assert (found["metric"], found["mcnemar"], found["classes"], found["discordant"]) == ("ccc_mean", [], [], None)
    assert (found["a"]["value"], found["test_images"], found["disagree"]) == (0.67, 5, ["w"])
    assert seen[0][-1] == "dimensional"


def test_what_can_not_be_compared_is_said(run, comparison, monkeypatch):
    summary, _ = made_up(run, comparison, monkeypatch)
    (own,) = summary.comparisons

    def refusal(a, b, protocol=None):
        with pytest.raises(BadInput) as error:
            comparing.compare("r", a, b, protocol)
        return str(error.value)

    names = [*own.runs, *(each.record.cell for each in summary.outside)]
    assert refusal("one", "nobody") == f"r, 'nobody': found no record of that name; expected one of {', '.join(names)}"
    assert refusal("one", names[0] + "x").endswith(f"; did you mean {names[0]}?")
    elsewhere = "expected another protocol, or a finished run"
    assert refusal("one", "two", "other") == f"r, 'one' under protocol other: found no record of that name; {elsewhere}"
    own.runs["lost"] = (run(Cell("lost", "lost", {}, "plain"), 0, None),)
    assert refusal("lost", "two") == f"r, 'lost': found only diverged runs; {elsewhere}"
    own.runs["late"] = (run(Cell("late", "late", {}, "plain"), 9, {"accuracy": 0.5}),)
    assert refusal("one", "late") == "one and late: found seeds [0, 1] and [9]; expected a seed that both finished"
    first, second = own.runs["one"][1].record, own.runs["two"][0].record
    second.predictions["test_targets"] = first.predictions["test_targets"] + 1
    assert refusal("one", "two") == "nowhere, test_targets: found other values; expected those of nowhere"
    second.predictions["test_targets"] = first.predictions["test_targets"]
    second.predictions["test_ids"] = first.predictions["test_ids"][::-1]
    assert refusal("one", "two") == "nowhere, test_ids: found other values; expected those of nowhere"
    second.predictions["test_ids"] = first.predictions["test_ids"]
    own.runs["two"][0].scores["none"]["accuracy"] = None
    assert refusal("one", "two") == "nowhere: found accuracy that is not defined; expected a number for every run"
    other = comparison(*(run(Cell(n, n, {}, "plain"), 1, {"accuracy": 0.5}, protocol="fer2013-7") for n in ("one", "two")))
    both = Summary((own, other))
    monkeypatch.setattr(comparing, "summarise", lambda *given, without_runs: both)
    assert refusal("one", "two") == (
        "one and two: found several comparisons: synthetic-8, fer2013-7; expected one; choose it by --protocol"
    )
    monkeypatch.setattr(comparing, "summarise", lambda *given, without_runs: Summary((own,), (), (run(
        Cell("far", "outside", {}, "outside"), 0, {"accuracy": 0.5}, protocol="fer2013-7"),)))  # fmt: skip
    assert refusal("one", "far") == (
        "one and far: found no protocol and data that both have finished runs on; expected one in common"
    )


def test_pictures_are_refused_in_words(tmp_path):
    faces = SimpleNamespace(meta={"name": "fer2013"}, fingerprint="f" * 64, directory="folder")
    found = {"data": {"fingerprint": "e" * 64}, "disagree": []}

    def refusal():
        with pytest.raises(BadInput) as error:
            comparing.picture(found, faces, tmp_path / "p.jpg")
        assert not (tmp_path / "p.jpg").exists()
        return str(error.value)

    assert refusal() == (
        "pictures of fer2013: found terms that do not allow showing them; expected a card with may_be_shown"
    )
    faces.meta["name"] = "synthetic"
    assert refusal() == f"folder: found fingerprint {'f' * 16}; expected {'e' * 16}"
    faces.fingerprint = "e" * 64
    assert refusal() == "faces where they disagree: found none; expected some"
