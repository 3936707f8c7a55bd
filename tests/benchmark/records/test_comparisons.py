"""Records -> comparisons: what may stand in one table, and the metrics of each run."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from benchmark.errors import BadInput
from benchmark.records.comparisons import frame, summarise
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
        with pytest.raises(BadInput, match="protocol: found name '.*'; expected at most 100 letters"):
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
