"""What the comparisons of the report say, from made-up findings no two numbers of which are equal: every number, by hand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmark.claims.finding import Finding, Scale
from benchmark.protocol.cells import Cell
from benchmark.records.examine import FAILED, PASSED, Examined, Result
from benchmark.records.sameness import DIFFERENT, IDENTICAL, SAME, Sameness
from benchmark.report import compare as comparing
from benchmark.report import reproduction as reproducing
from benchmark.report import stated as stating
from benchmark.report import values
from benchmark.report.reproduction import Reproduction
from benchmark.report.scale import accuracy_level, levels_in_words, scale_in_words

FOUND = {
    "protocol": "p", "protocol_hash": "abc", "metric": "accuracy", "test_images": 1009,
    "a": {"name": "x", "seen": "no", "value": 0.61237, "parameters": 7001, "macs": 5_000_011, "latency_ms": 2.5},
    "b": {"name": "y", "seen": "unknown", "value": 0.57113, "parameters": 3511, "macs": None, "latency_ms": 7.919},
    "pairs": [[0, 3], [1, 1]],
    "images": {"mean": 0.04124, "low": -0.01317, "high": 0.08839, "n": 1009, "p": 0.0432},
    "seeds": {"mean": 0.03719, "low": -0.30103, "high": 0.47712, "n": 2, "p": 0.0004},
    "mcnemar": [{"seed_a": 0, "seed_b": 3, "p": 0.211, "only_a": 53, "only_b": 41},
                {"seed_a": 1, "seed_b": 1, "p": 0.0001, "only_a": 37, "only_b": 19}],
    "classes": [{"class": "sad", "n": 83, "difference": -0.1273, "p": 0.011, "p_holm": 0.067}],
    "disagree": ["f"] * 1003,
}  # fmt: skip


def test_every_number_of_a_comparison_is_said_beside_its_name():
    assert comparing.sentences(FOUND) == [
        "p (hash abc), 1,009 test images, Accuracy, no TTA",
        "A x: 61.237; B y: 57.113; 2 pairs of networks",
        "A minus B over test images: +4.124 points 95 % [-1.317, +8.839], p 0.043 (these networks)",
        "A minus B over seeds: +3.719 points 95 % [-30.103, +47.712], p < 0.001 (n = 2)",
        "McNemar, seeds 0 and 3: right in A alone 53, in B alone 41, p 0.211",
        "McNemar, seed 1: right in A alone 37, in B alone 19, p < 0.001",
        "recall of sad (n = 83): -12.73 points, p 0.067 (Holm)",
        "parameters: 7,001 against 3,511 (A / B = 1.99)",
        "MACs: 5,000,011 against not known",
        "CPU latency, ms: 2.50 against 7.92 (A / B = 0.316)",
        "y may have seen these faces in training",
        "they disagree on 1,003 of 1,009 faces",
    ]
    other = FOUND | {"metric": "ccc_mean", "seeds": {"mean": 0.1, "low": None, "high": None, "n": 1, "p": None}}
    said = comparing.sentences(other)
    assert said[1] == "A x: 0.612; B y: 0.571; 2 pairs of networks"
    other["a"] = FOUND["a"] | {"seen": "yes"}
    assert comparing.sentences(other)[-3] == "x has seen these faces in training"
    assert said[3] == "A minus B over seeds: +0.100 no interval, p not defined (n = 1)"


def test_a_side_is_the_mean_of_its_own_runs_with_its_own_costs(run):
    cell = Cell("one-plain", "one", {}, "plain")
    runs = [run(cell, 0, {"accuracy": 0.5}), run(cell, 1, {"accuracy": 0.8})]
    row = comparing.Row("one-plain", dict(enumerate(runs)), False)
    counts = {"cells": {"synthetic-8/one-plain": {"macs": 503, "flops": 1013}}}
    times = {"cells": {"synthetic-8/one-plain": {"latency": {"median_ms": 2.5, "upper_quartile_ms": 3.5}}}}
    assert comparing._side(row, runs, "categorical", counts, times) == {
        "name": "one-plain", "outside": False, "seen": "no", "value": pytest.approx(0.65), "parameters": 1234, "macs": 503,
        "latency_ms": 2.5,
    }  # fmt: skip


def test_faces_are_disputed_by_distance_in_the_plane(run):
    """Distances 0.25 (no more than the limit), 0.26, 0.5 and 0.3; two of them are below the limit along each axis."""
    a = np.array([[0.15, 0.2], [0.26, 0.0], [0.3, 0.4], [0.18, 0.24]]) + 0.1

    def one(outputs, seed):
        arrays = {"test_ids": np.array(list("abcd")), "test_targets": a, "test_outputs_none": outputs}
        return run(Cell("c-mse", "c", {}, "mse"), seed, {}, protocol="synthetic-va", arrays=arrays)

    b = np.full((4, 2), 0.1)
    ids, rows = comparing._disagree([one(a, 0)], [one(b, 1)], "dimensional")
    assert ids[rows].tolist() == ["c", "d", "b"]


def test_rows_of_another_protocol_are_not_found(run, comparison):
    cell = Cell("one-plain", "one", {}, "plain")
    others = [comparison(run(cell, 0, {}, protocol=name)) for name in ("synthetic-8", "fer2013-7")]
    theirs = [run(Cell("theirs", "outside", {}, "outside"), 0, {}, protocol=name) for name in ("synthetic-8", "fer2013-7")]
    summary = SimpleNamespace(comparisons=others, outside=theirs)
    for name in ("one-plain", "theirs"):
        assert len(comparing.find(summary, Path(), name, None)) == 2
        (row,) = comparing.find(summary, Path(), name, "fer2013-7")
        assert row.identity[0] == "fer2013-7" and row.outside == (name == "theirs")


def test_the_most_disputed_faces_fill_rows_from_the_left(tmp_path):
    """Faces 12 to 1, each of one grey value: the first row has ten of them."""
    pictures = (np.arange(1, 13, dtype=np.uint8) * 20)[:, None, None, None].repeat(8, 1).repeat(8, 2)
    names = np.array([f"f{k:02d}" for k in range(1, 13)])
    faces = SimpleNamespace(meta={"name": "synthetic"}, fingerprint="f", id=names, pictures=pictures)
    found = {"data": {"fingerprint": "f"}, "disagree": names[::-1].tolist()}
    comparing.picture(found, faces, tmp_path / "p.jpg")
    with Image.open(tmp_path / "p.jpg") as sheet:
        shown = np.asarray(sheet.convert("L"), float)
    assert shown.shape == (16, 80)
    means = shown.reshape(2, 8, 10, 8)[:, 2:6, :, 2:6].mean(axis=(1, 3))
    assert means[0] == pytest.approx([20 * k for k in range(12, 2, -1)], abs=6)
    assert means[1, :2] == pytest.approx([40, 20], abs=6) and means[1, 2:] == pytest.approx([255] * 8, abs=6)


def test_the_largest_of_several_deviations_is_said():
    one, other = b"a,b,c,d\n1.5,2.25,x,7\n", b"a,b,c,d\n1.25,3.0,y,7\n"
    found = values.compare({"t.csv": one}, {"t.csv": other})
    assert found.told == "3 of 4 table values differ by at most 0.75, 1 in words or missing"
    assert [each.size for each in found.deviations] == [0.25, 0.75, None]
    assert [(each.found, each.expected) for each in found.deviations] == [("1.5", "1.25"), ("2.25", "3.0"), ("x", "y")]
    words = values.compare({"t.csv": b"a\nx\n"}, {"t.csv": b"a\ny\n"})
    assert words.told == "1 of 1 table values differ, 1 in words or missing"


def test_small_numbers_are_compared_relatively():
    assert values.compare({"t.csv": b"p\n1e-12\n"}, {"t.csv": b"p\n2e-12\n"}).deviations
    assert not values.compare({"t.csv": b"p\n1.000000001e-12\n"}, {"t.csv": b"p\n1e-12\n"}).deviations


def test_a_scale_in_words():
    scale = Scale("net", 48, 13, {"a": 3_072_567, "b": 768_001, "c": 3_072_001, "d": 0}, levels={"a": 0.47019, "b": None})
    assert scale_in_words(scale) == "net, 3.07 against 0.77 M parameters, 48x48 pixels, 13 epochs"
    # One network of two has a record: its count is not that of both.
    assert scale_in_words(Scale("a against b", 48, 13, {"a": 768_001})) == (
        "a against b, 0.77 M parameters (a), 48x48 pixels, 13 epochs"
    )
    assert "3.07 against 0.77 M" in scale_in_words(Scale("a against b", parameters={"a": 3_072_567, "b": 768_001}))
    assert scale_in_words(Scale("net", epochs=1)) == "net, 1 epoch"
    assert scale_in_words(Scale("net")) == "net" and scale_in_words(None) == ""
    assert levels_in_words(scale) == "47.0 % against none"
    assert levels_in_words(Scale("net", levels={"a": None, "b": 0.5513, "c": 0.471})) == "none against 55.1 against 47.1 %"
    assert levels_in_words(Scale("net", levels={"a": 0.4137, "b": 0.51}, level_unit="")) == "0.414 against 0.510"
    assert levels_in_words(Scale("net", levels={"a": None})) == ""
    parts = {"one": Finding("v", "r", scale=scale), "two": Finding("v", "r"),
             "three": Finding("v", "r", scale=Scale("n", levels={"a": 0.1}))}  # fmt: skip
    assert accuracy_level(Finding("v", "r", parts=parts)) == "47.0 % against none (one), 10.0 % (three)"


EQUAL = values.Comparison(19, ())
APART = values.Comparison(19, (values.Deviation("t.csv, row 1, a", "1", "2"),))


def test_a_reproduction_is_in_order_where_values_differ_only_because_runs_do():
    same, other = Sameness(SAME, "a little"), Sameness(DIFFERENT, "much")
    for runs, faults, tables, expected in (
        ([Sameness(IDENTICAL)], [], EQUAL, True), ([Sameness(IDENTICAL)], [], APART, False), ([same], [], APART, True),
        ([same], [], EQUAL, True), ([other], [], EQUAL, False), ([same], ["damaged"], EQUAL, False), ([], [], APART, False),
    ):  # fmt: skip
        found = Reproduction(tuple((f"p{k}", s) for k, s in enumerate(runs)), (), (), tuple(faults), tables)
        assert found.in_order == expected, (runs, faults, tables)
    assert Reproduction((), (), ("p/c/seed0",), (), APART).in_order  # runs that are not published change tables


def test_what_is_said_of_a_reproduction():
    runs = (("p/a", Sameness(IDENTICAL)), ("p/b", Sameness(SAME, "a little", (("code", "code x"),))),
            ("p/c", Sameness(DIFFERENT, "much")))  # fmt: skip
    found = Reproduction(runs, ("m/1", "m/2"), ("u/1",), ("broken",), APART)
    assert found.lines == [
        "p/b: the same: a little; code x",
        "p/c: different: much; nothing of data, code, versions and processor differs",
        "u/1: made here, not published", "2 planned runs not made here, such as m/1", "broken",
    ]  # fmt: skip
    assert found.answer == (
        "1 of 3 runs bit-identical to the published ones, 1 the same (other code), 1 different; "
        "1 of 19 table values differ by at most 1"
    )
    assert found.as_json["values"] == 19 and found.as_json["missing"] == ("m/1", "m/2")


def test_runs_made_here_are_compared_with_the_published_ones(tmp_path, monkeypatch):
    """Seed 0 in its place, seed 1 imported, seed 2 not published, seed 3 not made, seed 4 of another protocol."""
    runs = [SimpleNamespace(place=Path("p", "c", f"seed{k}")) for k in range(5)]
    for folder in ("made/p/c/seed0", "made/p/c/seed1", "made/p/c/seed2", "made/p/c/seed4", "published/records/p/c/seed0",
                   "published/records/imported/p/c/seed1", "published/records/p/c/seed4"):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "record.json").write_text("{}")
    for folder, value in (("report", 1), ("published", 2)):
        (tmp_path / folder / "tables").mkdir(parents=True)
        (tmp_path / folder / "tables" / "t.csv").write_text(f"a\n{value}\n")

    def read(folder):
        place = folder.relative_to(tmp_path).as_posix()
        return {"place": place, "protocol_hash": "turned" if place == "made/p/c/seed4" else "p"}

    monkeypatch.setattr(reproducing, "read_record", read)
    monkeypatch.setattr(reproducing, "compare", lambda made, published: (made["place"], published["place"]))
    found = reproducing.reproduction(runs, tmp_path / "made", tmp_path / "report", tmp_path / "published")
    assert found.runs == (
        ("p/c/seed0", ("made/p/c/seed0", "published/records/p/c/seed0")),
        ("p/c/seed1", ("made/p/c/seed1", "published/records/imported/p/c/seed1")),
    )
    assert (found.unpublished, found.missing) == (("p/c/seed2", "p/c/seed4"), ("p/c/seed3",))
    (deviation,) = found.tables.deviations
    assert (deviation.found, deviation.expected) == ("1", "2")


def test_stated_scores_are_compared_with_those_of_records_in_order(tmp_path, monkeypatch):
    """A record with a failed check and one that can not be read state nothing; a metrics file without a record is a
    deviation, another table is not looked at."""
    good, bad = {"read": Result(PASSED)}, {"read": Result(PASSED), "data": Result(FAILED)}
    examined = [Examined("a", tmp_path, "A", good), Examined("b", tmp_path, "B", bad), Examined("c", tmp_path, None, bad)]
    seen = []
    monkeypatch.setattr(stating, "read_verification", lambda path: path)
    monkeypatch.setattr(stating, "summarise", lambda *given: seen.append(given) or "summary")
    fresh = {"tables/runs.csv": b"a\n2\n", "metrics/p/c.json": b'{"x": 3}'}
    monkeypatch.setattr(stating, "score_files", lambda *given: seen.append(given) or fresh)
    files = {"tables/runs.csv": "a\n1\n", "tables/other.csv": "a\n7\n"}
    files |= {"metrics/p/c.json": '{"x": 3}', "metrics/p/d.json": '{"y": 4}'}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = stating.stated(examined, tmp_path / "records", tmp_path)
    made = (["A"], tmp_path / "records", {}, tmp_path / "verification.json")
    assert seen == [made, ("summary", tmp_path / "records", None)] and found.values == 3
    assert [(d.where, d.found, d.expected) for d in found.deviations] == [
        ("metrics/p/d.json, y", "4", None), ("tables/runs.csv, row 1, a", "1", "2"),
    ]  # fmt: skip
    (tmp_path / "tables/runs.csv").write_text("a,record\n1,x\n1,y\n")
    fresh["tables/runs.csv"] = b"a,record\n1,w\n1,y\n1,z\n"
    (line,) = map(str, stating.stated(examined, tmp_path / "records", tmp_path).deviations)
    assert line == (
        "tables/runs.csv: '2 records, 1 of them not here', expected '3: 2 are not in it yet (ferbench report makes it)'"
    )
