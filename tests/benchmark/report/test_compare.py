"""`ferbench compare`: tests against statsmodels and scipy, pairing with an outside entry, faces, refusals."""

import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.cells import Cell
from benchmark.records.record import read_record
from benchmark.report import compare as comparing
from benchmark.report.compare import compare, picture, sentences

OUTSIDE = {
    "kind": "predictions", "source": "theirs.csv", "sha256": None, "stated": None, "extra_training_data": None,
    "warnings": [], "outputs": "logits",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory, make, cell):
    root = tmp_path_factory.mktemp("records")
    for seed in (0, 1, 2):
        make(root, "synthetic-8", cell("fixed", "working", "plain"), seed, quality=2.2)
        make(root, "synthetic-va", cell("fixed", "working", "mse"), seed)
        make(root, "synthetic-va", cell("identity", "working", "mse"), seed, quality=0.6)
    for seed in (1, 2, 3):
        make(root, "synthetic-8", cell("identity", "working", "plain"), seed, quality=0.6)
    make(root, "synthetic-8", cell("identity", "frozen", "plain"), 2, quality=0.6)
    make(root, "synthetic-8", cell("adaptive", "working", "plain"), 0, diverged=True)
    theirs = Cell("theirs", "outside", {}, "outside")
    make(root / "outside", "synthetic-8", theirs, 0, quality=1.0, outside=OUTSIDE, history=[], parameters=None)
    return root


A, B = "net-fixed-working-plain", "net-identity-working-plain"


def predicted(root, cell, seed):
    record = read_record(root / "synthetic-8" / cell / f"seed{seed}")
    labels, scores = record.outputs("test")
    return labels, scores.argmax(1)


def test_against_statsmodels_and_scipy(records):
    found = compare(records, A, B)
    assert found["pairs"] == [[1, 1], [2, 2]] and found["metric"] == "accuracy" and found["test_images"] == 90
    differences, per_class = [], []
    for each, seed in zip(found["mcnemar"], (1, 2), strict=True):
        labels, a = predicted(records, A, seed)
        _, b = predicted(records, B, seed)
        table = [[np.sum((a == labels) & (b == labels)), np.sum((a == labels) & (b != labels))],
                 [np.sum((a != labels) & (b == labels)), np.sum((a != labels) & (b != labels))]]  # fmt: skip
        assert each["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert (each["only_a"], each["only_b"]) == (table[0][1], table[1][0])
        differences.append(np.mean(a == labels) - np.mean(b == labels))
        per_class.append([np.mean((a == labels)[labels == k]) - np.mean((b == labels)[labels == k]) for k in range(8)])
    assert found["images"]["mean"] == found["seeds"]["mean"] == pytest.approx(np.mean(differences))
    assert found["images"]["low"] < np.mean(differences) < found["images"]["high"]
    for side, name in (("a", A), ("b", B)):
        rates = [np.mean(np.equal(*predicted(records, name, seed))) for seed in (1, 2)]
        assert found[side]["value"] == pytest.approx(np.mean(rates))
    assert found["seeds"]["p"] == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    assert [c["difference"] for c in found["classes"]] == pytest.approx(np.mean(per_class, axis=0).tolist())
    adjusted = multipletests([c["p"] for c in found["classes"]], method="holm")[1]
    assert [c["p_holm"] for c in found["classes"]] == pytest.approx(adjusted.tolist())
    assert sum(c["n"] for c in found["classes"]) == 90


def test_a_single_pair_has_classes_and_no_interval_over_seeds(records):
    found = compare(records, A, "net-identity-frozen-plain")
    (labels, a), (_, b) = predicted(records, A, 2), predicted(records, "net-identity-frozen-plain", 2)
    assert found["pairs"] == [[2, 2]] and found["seeds"]["p"] is None
    apart = (a == labels).astype(int) - (b == labels)
    assert [c["difference"] for c in found["classes"]] == pytest.approx([apart[labels == k].mean() for k in range(8)])


def test_an_outside_entry_stands_beside_every_seed(records):
    found = compare(records, "theirs", A)
    assert len(found["mcnemar"]) == 3
    root = records / "outside" / "synthetic-8" / "theirs" / "seed0"
    labels, scores = read_record(root).outputs("test")
    rates = [np.mean(scores.argmax(1) == labels) - np.mean(np.equal(*predicted(records, A, seed))) for seed in (0, 1, 2)]
    # Three seeds beside one network: the one-sample t-test of their differences.
    assert found["pairs"] == [[0, 0], [0, 1], [0, 2]] and found["a"]["outside"] and not found["b"]["outside"]
    assert found["seeds"]["p"] == pytest.approx(stats.ttest_1samp(rates, 0).pvalue)
    assert found["a"]["parameters"] is None and found["b"]["parameters"] == 1234


def test_turning_the_sides_turns_the_signs(records):
    found, turned = compare(records, A, "theirs"), compare(records, "theirs", A)
    assert found["images"]["p"] == turned["images"]["p"]
    assert found["images"]["mean"] == -turned["images"]["mean"]
    assert found["images"]["low"] == pytest.approx(-turned["images"]["high"])
    assert found["disagree"] == turned["disagree"]


def test_faces_where_they_disagree_most_disputed_first(records):
    found = compare(records, A, B)
    apart = np.zeros(90)
    for seed in (1, 2):
        apart += predicted(records, A, seed)[1] != predicted(records, B, seed)[1]
    assert set(found["disagree"]) == {f"test-{i}" for i in np.flatnonzero(apart)}
    order = [apart[int(name.split("-")[1])] for name in found["disagree"]]
    assert order == sorted(order, reverse=True) and order[0] == 2 and order[-1] == 1


def test_valence_and_arousal(records):
    found = compare(records, "net-fixed-working-mse", "net-identity-working-mse")
    assert found["metric"] == "ccc_mean" and found["mcnemar"] == found["classes"] == [] and found["discordant"] is None
    assert found["images"]["p"] < 0.05 < found["images"]["mean"]


def test_cost_from_complexity(records, tmp_path):
    entries = {"complexity": {"macs": 4000}, "latency": {"latency": {"median_ms": 1.5}}}
    for schema, name in ((2, "complexity"), (1, "latency")):
        contents = {"schema": schema, "cells": {f"synthetic-8/{A}": entries[name]}}
        (tmp_path / f"{name}.json").write_text(json.dumps(contents))
    counted = compare(records, A, B, complexity=tmp_path / "complexity.json")
    assert (counted["a"]["macs"], counted["a"]["latency_ms"]) == (4000, None)
    found = compare(records, A, B, **{name: tmp_path / f"{name}.json" for name in entries})
    assert (found["a"]["macs"], found["a"]["latency_ms"]) == (4000, 1.5)
    assert found["b"]["macs"] is None and found["b"]["parameters"] == 1234
    text = "\n".join(sentences(found))
    assert "MACs: 4,000 against not known" in text and "parameters: 1,234 against 1,234 (A / B = 1)" in text


@pytest.mark.parametrize(
    "a, b, message",
    [
        (A, "nobody", "'nobody': found no record of that name"),
        (A, "net-adaptive-working-plain", "found only diverged runs"),
        (A, "net-fixed-working-mse", "no protocol and data that both have"),
    ],
)
def test_refusals(records, a, b, message):
    with pytest.raises(BadInput, match=message):
        compare(records, a, b)


def test_no_common_seed(tmp_path, make, cell):
    make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), 0)
    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 1)
    with pytest.raises(BadInput, match=r"seeds \[0\] and \[1\]; expected a seed that both finished"):
        compare(tmp_path, A, B)


def test_picture_only_where_terms_allow(records, tmp_path):
    found = compare(records, A, B)
    arrays = np.random.default_rng(0).integers(0, 255, (90, 8, 8, 3), dtype=np.uint8)
    given = {"version": "1.0", "classes": ("a", "b"), "id": [f"test-{i}" for i in range(90)], "split": ["test"] * 90}
    shown = write_faceset(tmp_path / "synthetic", arrays, name="synthetic", **given)
    with pytest.raises(BadInput, match="fingerprint"):
        picture(found, shown, tmp_path / "faces.jpg")
    assert not (tmp_path / "faces.jpg").exists()
    found["data"]["fingerprint"] = shown.fingerprint
    picture(found, shown, tmp_path / "faces.jpg")
    from PIL import Image

    lines = -(-min(comparing.FACES, len(found["disagree"])) // comparing.COLUMNS)
    assert Image.open(tmp_path / "faces.jpg").size == (80, 8 * lines)
    hidden = write_faceset(tmp_path / "fer2013", arrays, name="fer2013", **given)
    with pytest.raises(BadInput, match="terms that do not allow"):
        picture(found, hidden, tmp_path / "no.jpg")


def test_the_verb(records, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "records").symlink_to(records)
    assert main(["compare", A, "theirs"]) == 0
    assert "McNemar, seeds 1 and 0: right in A alone" in capsys.readouterr().out
    assert main(["compare", A, "theirs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == [[0, 0], [1, 0], [2, 0]]
    assert main(["compare", A, "nobody"]) == 2
