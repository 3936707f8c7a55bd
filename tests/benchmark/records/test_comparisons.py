"""Records -> comparisons: what may stand in one table, and the metrics of each run."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.files import read_yaml
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.comparisons import Comparison, ScoredRun, Summary, frame, seeds_interval, summarise
from benchmark.records.metrics import METRICS
from benchmark.records.record import read_records, write_record
from benchmark.report.sections.results import selection


def summary_of(root):
    return summarise(read_records(root), root)


def test_rows_are_the_metrics_of_the_predictions(make, cell, tmp_path):
    record = make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 3)
    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 4, diverged=True)
    table = frame(summary_of(tmp_path), tmp_path)
    assert list(zip(table["seed"], table["tta"].fillna("-"), strict=True)) == [(3, "none"), (3, "flip"), (4, "-")]
    for tta, row in table[:2].set_index("tta").iterrows():
        targets, scores = record.predictions["test_targets"], record.predictions[f"test_outputs_{tta}"]
        assert row["accuracy"] == pytest.approx(sk.accuracy_score(targets, scores.argmax(1)))
        assert row["kappa"] == pytest.approx(sk.cohen_kappa_score(targets, scores.argmax(1)))
        assert row["record"] == "synthetic-8/net-identity-working-plain/seed3"
    assert np.isnan(table["accuracy"][2]) and table["status"][2] == "diverged"


def test_cells_come_in_the_order_of_the_grid(make, cell, tmp_path):
    for axes in (
        ("adaptive", "working", "plain"),
        ("identity", "frozen", "plain"),
        ("identity", "working", "weighted"),
    ):
        make(tmp_path, "synthetic-8", cell(*axes), 0)
    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0)
    (comparison,) = summary_of(tmp_path).comparisons
    endings = [label.removeprefix("net-") for label in comparison.runs]
    assert endings == [
        "identity-working-plain",
        "adaptive-working-plain",
        "identity-frozen-plain",
        "identity-working-weighted",
    ]


def test_a_cross_validated_record_is_named_as_such(make, cell, tmp_path):
    """The header says that the test predictions are out of fold; the selection table averages what the folds picked."""

    def entry(epoch, validation, test):
        numbers = {"loss": 1.0, "accuracy": validation}, {"loss": 1.0, "accuracy": test}
        return {"epoch": epoch, "learning_rate": 0.1, "train_loss": 1.0, "validation": numbers[0], "test": numbers[1]}

    folds = [
        {"faces": {"test": 1}, "history": [entry(1, 0.5, 0.2), entry(2, 0.4, 0.6)]},  # picks epoch 1
        {"faces": {"test": 3}, "history": [entry(1, 0.1, 0.9), entry(2, 0.3, 0.4)]},  # picks epoch 2
    ]
    for number, fold in enumerate(folds, 1):
        fold["faces"] |= {"train": 5, "validation": 1}
        fold |= {"fold": str(number), "selected_epoch": number, "train_counts": None, "input": {}}
    make(
        tmp_path,
        "diffusionfer-7",
        cell("identity", "working", "plain"),
        0,
        folds=folds,
        selected_epoch=None,
        train_counts=None,
        input={},
    )
    (comparison,) = summary_of(tmp_path).comparisons
    assert "test: every face of diffusionfer 1.0 once, out of fold (5 folds)" in comparison.header
    assert "90 images" in comparison.header
    (row,) = selection(comparison).rows
    assert row["best_validation"].numbers["mean"] == pytest.approx((1 * 0.2 + 3 * 0.4) / 4)
    assert row["oracle"].numbers["mean"] == pytest.approx((1 * 0.6 + 3 * 0.9) / 4)
    assert row["last"].numbers["mean"] == pytest.approx((1 * 0.6 + 3 * 0.4) / 4)
    assert frame(summary_of(tmp_path), tmp_path)["selected_epoch"].isna().all()


@pytest.mark.parametrize(
    ("changes", "slugs", "word"),
    [
        ({"protocol_hash": "f" * 16}, {"synthetic-8-ffffffff"}, "protocol hash"),
        ({"protocol": {"version": "1.1"}}, {"synthetic-8-1.0", "synthetic-8-1.1"}, "version"),
        (
            {"data": {"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32}},
            {"synthetic-8-19987ea2", "synthetic-8-cdcdcdcd-other-bytes"},
            "data fingerprint",
        ),
    ],
)
def test_what_differs_under_one_protocol_name_is_kept_apart_and_named(make, cell, tmp_path, changes, slugs, word):
    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0)
    make(tmp_path, "synthetic-8", own, 1, **changes)
    summary = summary_of(tmp_path)
    assert slugs <= {comparison.slug for comparison in summary.comparisons}
    assert [len(comparison.runs[own.name]) for comparison in summary.comparisons] == [1, 1]
    assert word in " ".join(summary.remarks)


def test_an_imported_record_of_the_same_run_is_left_out_and_named(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0, imported=True, code="imported code")
    make(tmp_path, "synthetic-8", own, 0)
    make(tmp_path, "synthetic-8", own, 1, imported=True)
    summary = summary_of(tmp_path)
    kept = [run.record["code"] for run in summary.comparisons[0].runs[own.name]]
    assert kept == ["0123456789abcdef"] * 2
    assert [r for r in summary.remarks if f"imported/synthetic-8/{own.name}/seed0: left out" in r]


def test_two_cells_of_one_name_are_shown_with_their_hashes(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0)
    make(tmp_path, "synthetic-8", own, 1, cell_hash="e" * 16)
    summary = summary_of(tmp_path)
    assert set(summary.comparisons[0].runs) == {f"{own.name} [{own.hash[:8]}]", f"{own.name} [eeeeeeee]"}
    assert own.name in summary.remarks[0]


def test_a_protocol_name_can_not_leave_the_folder(make, cell, tmp_path):
    record = make(tmp_path / "good", "synthetic-8", cell("identity", "working", "plain"), 0)
    contents = json.loads(json.dumps(dict(record.contents)))
    for name in ("../../x/y", "/x", "a/b", "..", "."):
        contents["protocol"]["name"] = name
        with pytest.raises(BadInput, match="protocol, name: found name '.*'; expected at most 100 letters"):
            write_record(tmp_path / "bad", contents, record.predictions)
    assert not (tmp_path / "bad").exists()


def test_other_test_images_under_the_same_fingerprint_are_refused(make, cell, tmp_path):
    from benchmark.records.record import write_record

    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0)
    record = make(tmp_path, "synthetic-8", own, 1)
    contents = {k: v for k, v in record.contents.items() if k not in ("schema", "predictions_sha256")}
    ids = np.roll(record.predictions["test_ids"], 1)
    write_record(record.directory, contents, dict(record.predictions) | {"test_ids": ids})
    with pytest.raises(BadInput, match="test_ids"):
        summary_of(tmp_path)


def test_no_record_at_all_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no record"):
        summary_of(tmp_path)


def test_outside_entries_stand_in_no_comparison(make, cell, tmp_path):
    """The same runs with and without an entry: equal rows; the entry is scored beside them, hard labels without areas."""
    for seed in (0, 1):
        make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), seed)
    alone = summary_of(tmp_path)
    run = alone.comparisons[0].runs["net-identity-working-plain"][0].record
    answers = {name: values for name, values in run.predictions.items() if not name.endswith("_flip")}
    for split in ("validation", "test"):
        outputs = answers[f"{split}_outputs_none"]
        answers[f"{split}_outputs_none"] = np.eye(outputs.shape[1], dtype=np.float32)[outputs.argmax(1)]
    outside = {"kind": "predictions", "source": "p.csv", "outputs": "classes", "warnings": []}
    contents = {name: value for name, value in run.contents.items() if name not in ("schema", "predictions_sha256")}
    # The very cell and seed of a run, the hardest case to keep apart.
    write_record(tmp_path / "outside" / "mine" / "seed0", contents | {"outside": outside, "parameters": None}, answers)
    summary = summary_of(tmp_path)
    assert summary.remarks == alone.remarks
    assert frame(summary, tmp_path).equals(frame(alone, tmp_path))
    (entry,) = summary.outside
    targets, scores = run.outputs("test")
    assert entry.scores["none"]["accuracy"] == pytest.approx(sk.accuracy_score(targets, scores.argmax(1)))
    assert entry.scores["none"]["roc_auc"] is None and list(entry.scores) == ["none"]


# ---------------------------------------------------------------- a comparison written out here


class Recorded(dict):
    """What a table takes of a record."""

    def __init__(self, place, seed, **contents):
        own = {"status": "finished", "selected_epoch": 3, "code": "c" * 16, "predictions_sha256": "d" * 64}
        super().__init__(own | contents)
        self.directory, self.seed, self.diverged = Path("root", place), seed, contents.get("status") == "diverged"


def compared(protocol="fer2013-7", fingerprint="0" * 64, targets=4000, runs=None, **changes):
    own = load_protocol(protocol)
    contents, data = own.as_dict() | changes, {"name": own.data, "version": "1.0", "fingerprint": fingerprint}
    targets = None if targets is None else np.zeros(targets)
    return Comparison("slug", contents, "h" * 16, data, runs or {}, targets)


def scored(place, seed, scores, trust="predictions only", **contents):
    return ScoredRun(Recorded(place, seed, **contents), scores, trust)


def test_the_header_of_a_comparison():
    known = read_yaml(fingerprints.FILE)["fer2013"]["1.0"][0]
    by = "selection rule: best-validation (first epoch of the best validation accuracy)"
    assert compared(fingerprint=known["fingerprint"]).header == (
        f"Protocol fer2013-7 version 1.0 (hash {'h' * 16}); test split PrivateTest of fer2013 1.0 ({known['what']}), "
        f"4,000 images; {by}"
    )
    assert compared(selection="last").header.endswith(
        "of fer2013 1.0 (other bytes than the known editions), 4,000 images; "
        "selection rule: last (the last epoch of the budget)"
    )
    folded = compared("diffusionfer-va", targets=None).header
    assert ("; test: every face of diffusionfer 1.0 once, out of fold (5 folds)" in folded) and folded.endswith(
        ", number not known (every run diverged); "
        "selection rule: best-validation (first epoch of the best validation mean CCC)"
    )
    assert compared("affwild-va").edition == ""  # no edition of it is known


def test_what_a_comparison_says_of_its_cells():
    lost = {"status": "diverged"}
    runs = {
        "a": (
            scored("x", 1, {"none": {"accuracy": 0.5}, "flip": {"accuracy": 0.6}}, "trained here"),
            scored("y", 2, {}, **lost),
        ),
        "b": (scored("z", 1, {"none": {"accuracy": None}}),),
    }
    runs["a"][0].record["cell"], runs["b"][0].record["cell"] = {"name": "of a"}, {"name": "of b"}
    one = compared(runs=runs)
    assert (one.task, one.primary, one.selection_metric) == ("categorical", "accuracy", "accuracy")
    assert one.classes == list(load_protocol("fer2013-7").classes) and compared("affwild-va").selection_metric == "mean CCC"
    assert (one.trust("a"), one.trust("b")) == ("predictions only",) * 2 and one.cell("b") == {"name": "of b"}
    assert [(one.diverged(label), one.finished(label)) for label in "ab"] == [(1, 1), (0, 1)]
    assert one.metric("a", "accuracy") == {1: 0.5} and one.metric("a", "accuracy", "flip") == {1: 0.6}
    assert one.metric("b", "accuracy") == {1: None} and one.metric("b", "accuracy", "flip") == {}
    assert one.values("a", lambda scores: scores["accuracy"] + 1, "flip") == {1: 1.6}
    waiting = dataclasses.replace(one, unfinished={"b": "1 of 3 seeds", "c": "none"})
    assert waiting.waits("a", "b") == "b: 1 of 3 seeds" and waiting.waits("c", "b") == "c: none; b: 1 of 3 seeds"
    assert waiting.waits("a") == one.waits("a", "b") == "" and one.unfinished == {}
    assert ScoredRun(None, {}).trust == "predictions only"
    assert seeds_interval({1: 0.5, 2: 0.7}).mean == pytest.approx(0.6)
    assert seeds_interval({1: 0.5, 2: None}) is seeds_interval({}) is None


def test_the_columns_and_cells_of_the_table_of_runs():
    of_classes = {name: 0.25 + k / 100 for k, name in enumerate(n for n, m in METRICS.items() if m.task == "categorical")}
    runs = {
        "b": (scored("p/b/seed4", 4, {"none": of_classes, "flip": {"accuracy": 0.5}}, "trained here"),),
        "a": (scored("p/a/seed0", 0, {}, status="diverged", selected_epoch=None, predictions_sha256=None),),
    }
    table = frame(Summary((compared(runs=runs),)), Path("root"))
    last = ["trust", "selected_epoch", "code", "predictions_sha256", "record"]
    assert list(table.columns) == ["protocol", "cell", "seed", "status", "tta", *of_classes, *last]
    first, flip, lost = (row.to_dict() for _, row in table.iterrows())
    own = {"protocol": "slug", "cell": "b", "seed": 4, "status": "finished", "tta": "none", "trust": "trained here"}
    own |= {"selected_epoch": 3, "code": "c" * 16, "predictions_sha256": "d" * 64, "record": "p/b/seed4"}
    assert first == own | of_classes
    assert flip["tta"] == "flip" and flip["accuracy"] == 0.5 and np.isnan(flip["macro_f1"])
    assert (lost["cell"], lost["seed"], lost["status"], lost["trust"], lost["record"]) == (
        "a", 0, "diverged", "predictions only", "p/a/seed0",
    )  # fmt: skip
    assert {name for name, value in lost.items() if pd.isna(value)} == {
        *of_classes, "tta", "selected_epoch", "predictions_sha256",
    }  # fmt: skip
    assert table["selected_epoch"].isna().tolist() == [False, False, True] and table["selected_epoch"].dtype == "Int64"
    assert (Summary(()).remarks, Summary(()).outside) == ((), ())


def test_remarks_word_by_word(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0, data={"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32})
    make(
        tmp_path,
        "synthetic-8",
        own,
        0,
        imported=True,
        data={"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32},
    )
    summary = summarise(read_records(tmp_path), tmp_path, {tmp_path / "x" / "seed1": ["one", "two"]})
    place = f"synthetic-8/{own.name}/seed0"
    assert summary.remarks == (
        "x/seed1: set apart: one; two.",
        f"imported/{place}: left out, since {place} is a record of the same run.",
        "synthetic-8-other-bytes: these records were made on other bytes of synthetic 1.0 than the known ones of "
        "benchmark/faces/fingerprints.yaml (fingerprint cdcdcdcdcdcdcdcd), so they stand in tables of their own.",
    )
    for apart, found in (
        ({}, "no record"), ({tmp_path / "x": ["bad"]}, "no record that is in order; x: set apart: bad."),
    ):  # fmt: skip
        with pytest.raises(BadInput) as error:
            summarise([], tmp_path, apart)
        expected = "at least one run's record (ferbench run, or ferbench import)"
        assert str(error.value) == f"{tmp_path}: found {found}; expected {expected}"
    with pytest.raises(BadInput) as error:
        summarise([], tmp_path)
    assert "found no record; expected" in str(error.value)


def test_entries_alone_are_enough_where_no_run_is_wanted(make, tmp_path):
    about = {"kind": "predictions", "source": "p.csv", "outputs": "logits", "warnings": []}
    made = make(tmp_path, "synthetic-8", Cell("theirs", "outside", {}, "outside"), 0, outside=about, parameters=None)
    with pytest.raises(BadInput, match="found no record; expected at least one run's record"):
        summary_of(tmp_path)
    found = summarise(read_records(tmp_path), tmp_path, without_runs=True)
    targets, scores = made.outputs("test")
    assert found.comparisons == () and [run.record.cell for run in found.outside] == ["theirs"]
    assert found.outside[0].scores["none"]["accuracy"] == pytest.approx(sk.accuracy_score(targets, scores.argmax(1)))
    with pytest.raises(BadInput, match="found no record; expected at least one run's record"):
        summarise([], tmp_path, without_runs=True)
