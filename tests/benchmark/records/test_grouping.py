"""Places in the grid and comparisons: what is sorted how, kept, named, and counted."""

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import load_protocol
from benchmark.protocol.turned import turned
from benchmark.records import axes
from benchmark.records.comparisons import Comparison, ScoredRun, frame, seeds_interval, summarise
from benchmark.records.grouping import cell_labels, identity_of, slugs_of, without_duplicates
from benchmark.records.importing import place_of
from benchmark.records.record import read_records, write_record
from benchmark.records.trust import level

# ---------------------------------------------------------------- the grid


def cell(name="net-fixed-frozen-plain", model="residual", loss="plain", **options):
    return {"name": name, "model": model, "options": options, "loss": loss}


def test_the_place_of_a_cell():
    own = axes.place(cell(units=3, shortcut="fixed", normalisation="frozen"))
    assert own[:1] + own[2:] == ("net", "fixed", "frozen", "plain")
    other = axes.place(cell("net-identity-working-mse", shortcut="identity", normalisation="working", loss="mse", units=3))
    assert (other.network, other.key) == ("net", own.key)  # the axes are no part of it
    assert axes.place(cell(units=4, shortcut="fixed", normalisation="frozen")).key != own.key
    assert axes.place(cell(model="other", units=3, shortcut="fixed", normalisation="frozen")).key != own.key
    assert axes.place(cell("odd", units=3, shortcut="fixed", normalisation="frozen")).network == "residual"
    assert axes.place(cell(shortcut="fixed")) is None and axes.place(cell(normalisation="frozen")) is None


def test_cells_are_sorted_by_network_loss_normalisation_and_shortcut():
    labels = {"alone": cell("alone")}
    for shortcut, normalisation, loss in itertools.product(
        ("own", "adaptive", "fixed", "identity"), ("frozen", "working"), ("mse", "weighted", "plain")
    ):
        name = f"net-{shortcut}-{normalisation}-{loss}"
        labels[name] = cell(name, shortcut=shortcut, normalisation=normalisation, loss=loss)
    first = "a-net-fixed-working-plain"
    labels[first] = cell(first, shortcut="fixed", normalisation="working")
    expected = [
        f"net-{shortcut}-{normalisation}-{loss}"
        for loss in ("plain", "weighted", "mse")
        for normalisation in ("working", "frozen")
        for shortcut in ("identity", "fixed", "adaptive", "own")
    ]
    found = sorted(labels, key=lambda label: axes.sort_key(label, labels[label]))
    assert found == [first, *expected, "alone"]


# ---------------------------------------------------------------- comparisons


def comparison(runs, name="fer2013-7", **changes):
    protocol = load_protocol(name).as_dict() | changes
    data = {"name": protocol["data"], "version": "1.0", "fingerprint": "ab" * 32}
    return Comparison("slug", protocol, "f" * 16, data, runs, np.zeros(1234))


def some_run(seed, diverged=False, trust="trained here", **scores):
    return ScoredRun(SimpleNamespace(seed=seed, diverged=diverged), scores, trust)


def test_what_a_comparison_tells_of_its_cells():
    runs = (
        some_run(0, none={"accuracy": 0.5}, flip={"accuracy": 0.6}),
        some_run(2, True),
        some_run(4, trust="predictions only", none={"accuracy": 0.7}),
    )
    found = comparison({"a": runs, "b": runs[1:2]})
    assert (found.diverged("a"), found.finished("a"), found.diverged("b"), found.finished("b")) == (1, 2, 1, 0)
    assert found.metric("a", "accuracy") == {0: 0.5, 4: 0.7} and found.metric("a", "accuracy", "flip") == {0: 0.6}
    assert found.values("a", lambda scores: 2 * scores["accuracy"], "flip") == {0: 1.2}
    assert found.trust("a") == "predictions only" and found.trust("b") == "trained here"
    assert (found.primary, found.selection_metric, found.task) == ("accuracy", "accuracy", "categorical")
    other = comparison({}, "synthetic-va")
    assert (other.primary, other.selection_metric, other.classes) == ("ccc_mean", "mean CCC", [])


def test_the_header_of_a_table():
    head = comparison({}).header
    assert head.startswith(f"Protocol fer2013-7 version 1.0 (hash {'f' * 16}); test split PrivateTest of fer2013 1.0 (")
    assert head.endswith("1,234 images; selection rule: best-validation (first epoch of the best validation accuracy)")
    assert comparison({}, selection="last").header.endswith("selection rule: last (the last epoch of the budget)")
    assert "number not known (every run diverged)" in dataclasses.replace(comparison({}), targets=None).header


def test_an_edition_is_named_where_editions_are_known():
    assert comparison({}, "affectnet-8").edition == ""
    assert comparison({}).edition == " (other bytes than the known editions)"


def test_an_interval_over_seeds_needs_a_value_in_each():
    assert seeds_interval({}) is None and seeds_interval({0: 0.5, 1: None}) is None
    low, high = stats.t.interval(0.95, 1, 0.6, 0.1)
    assert seeds_interval({0: 0.5, 4: 0.7}) == pytest.approx((0.6, low, high, 2))


def test_runs_are_sorted_by_seed_and_rows_tell_the_selected_epoch(make, tmp_path):
    own = Cell("net-plain", "residual", {}, "plain")
    for seed in (10, 2, 0):
        make(tmp_path, "synthetic-8", own, seed)
    summary = summarise(read_records(tmp_path), tmp_path)
    (found,) = summary.comparisons
    assert [run.record.seed for run in found.runs["net-plain"]] == [0, 2, 10]
    table = frame(summary, tmp_path)
    assert table["selected_epoch"].tolist() == [1] * 6 and table["tta"].tolist() == ["none", "flip"] * 3
    assert table["seed"].tolist() == [0, 0, 2, 2, 10, 10] and len(set(table["accuracy"])) > 3
    record = found.runs["net-plain"][2].record
    contents = {k: v for k, v in record.contents.items() if k not in ("schema", "predictions_sha256")}
    targets = np.roll(record.predictions["test_targets"], 1)
    write_record(record.directory, contents, dict(record.predictions) | {"test_targets": targets})
    with pytest.raises(BadInput, match="seed10.*test_targets: found other values"):
        summarise(read_records(tmp_path), tmp_path)


def test_outside_entries_are_sorted_by_protocol_and_name(make, tmp_path):
    outside = {"kind": "predictions", "source": "p", "outputs": "logits", "warnings": []}
    for protocol, name in (("synthetic-8", "a"), ("fer2013-7", "b"), ("fer2013-7", "a")):
        make(tmp_path, protocol, Cell(name, "outside", {}, "outside"), 0, outside=outside, epochs=1)
    make(tmp_path, "synthetic-8", Cell("run", "m", {}, "plain"), 0)
    found = summarise(read_records(tmp_path), tmp_path).outside
    expected = [("fer2013-7", "a"), ("fer2013-7", "b"), ("synthetic-8", "a")]
    assert [(each.record.protocol, each.record.cell) for each in found] == expected


def test_one_run_is_kept_and_another_cell_of_its_name_too(make, tmp_path):
    one, other = Cell("net", "m", {"x": 1}, "plain"), Cell("net", "m", {"x": 2}, "plain")
    make(tmp_path / "a", "synthetic-8", one, 0)
    make(tmp_path / "b", "synthetic-8", other, 0)
    make(tmp_path, "synthetic-8", one, 0)
    records, remarks = read_records(tmp_path), []
    kept = without_duplicates(records, tmp_path, remarks)
    places = [record.directory.relative_to(tmp_path).as_posix() for record in kept]
    assert len(records) == 3 and places == ["synthetic-8/net/seed0", "b/synthetic-8/net/seed0"]
    assert remarks[0] == "a/synthetic-8/net/seed0: left out, since synthetic-8/net/seed0 is a record of the same run."
    labels = cell_labels("slug", kept, remarks := [])
    assert labels == {("net", each.hash): f"net [{each.hash[:8]}]" for each in (one, other)}
    assert remarks == ["slug: 2 different cells are named net; each is shown with its hash."]
    nothing = []
    assert cell_labels("slug", kept[:1], nothing) == {("net", one.hash): "net"}
    assert nothing == []


def test_slugs_name_only_what_differs():
    own = load_protocol("synthetic-8").hash
    of = [("synthetic-8", "1.0", own, "a" * 64, ""), ("synthetic-8", "1.0", own, "b" * 64, "other-bytes")]
    remarks = []
    assert slugs_of(of, remarks) == {of[0]: f"synthetic-8-{'a' * 8}", of[1]: f"synthetic-8-{'b' * 8}-other-bytes"}
    assert len(remarks) == 1 and "differ in data fingerprint; their 2 groups" in remarks[0]
    assert slugs_of(of[:1], remarks := []) == {of[0]: "synthetic-8"} and not remarks
    other = ("synthetic-8", "0.9", "f" * 16, "a" * 64, "")
    assert slugs_of([other], remarks := []) == {other: f"synthetic-8-0.9-{'f' * 8}"}
    assert "hash ffffffffffffffff, is not the protocol of this name that is installed" in remarks[0]
    altered = ("synthetic-8", "1.0", "f" * 16, "a" * 64, "")  # of the installed version, and yet another one
    assert slugs_of([altered], []) == {altered: f"synthetic-8-1.0-{'f' * 8}"}
    mine = ("mine", "1.0", "e" * 16, "a" * 64, "")
    assert (
        slugs_of([mine], remarks := []) == {mine: "mine"} and "mine: a protocol that the suite does not have" in remarks[0]
    )


def test_the_identity_of_a_record(make, tmp_path):
    record = make(tmp_path, "synthetic-8", Cell("net", "m", {}, "plain"), 0)
    known = record["data"]["fingerprint"]
    assert identity_of(record) == ("synthetic-8", "1.0", load_protocol("synthetic-8").hash, known, "")


def test_of_one_run_of_a_turned_protocol_that_of_the_pipeline_is_kept(tmp_path, make):
    """It lies in the folder of the protocol that it is based on; a copy was imported."""
    new, own = turned("synthetic-8", {"epochs": 2}, "x"), Cell("net", "m", {}, "plain")
    for folder in (tmp_path / "imported" / "a", tmp_path):
        make(folder, "synthetic-8", own, 0, protocol=new.as_dict(), protocol_hash=new.hash)
    records = read_records(tmp_path)
    assert {record.place.as_posix() for record in records} == {"synthetic-8/net/seed0"}
    (kept,) = without_duplicates(records, tmp_path, [])
    assert kept.directory == tmp_path / "synthetic-8" / "net" / "seed0"
    assert level(kept, "synthetic-8/net/seed0", {}) == "trained here"
    assert place_of(kept).as_posix() == f"{new.name}-{new.hash[:8]}/net/seed0"
