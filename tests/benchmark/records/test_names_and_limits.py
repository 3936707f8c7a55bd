"""The names that files and tables have, and the limits that decide, one by one."""

from pathlib import Path

from benchmark.records import (
    aligning,
    axes,
    bootstrapping,
    calibration,
    check_table,
    comparisons,
    contents,
    doubts_of_affect,
    doubts_of_order,
    examine,
    image_variance,
    importing,
    intervals,
    joint_test,
    metrics,
    outside_record,
    packing,
    pairs,
    predictions,
    published,
    record,
    sameness,
    seal,
    selection_metric,
    shape,
    statistics,
    trust,
)
from benchmark.records.checks import faces, history

BOTH = ("ccc_valence", "ccc_arousal", "ccc_mean", "rmse_valence", "rmse_arousal", "rmse_mean")


def test_of_files():
    assert (contents.SCHEMA, contents.OLD_SCHEMA, contents.STATUSES) == (2, 1, ("finished", "diverged"))
    assert set(contents.MACHINE) == {"environment", "cost"}
    assert {name for name in contents.RESULT if name.endswith("?")} == {"folds?", "outside?"}
    assert set(contents.RESULT["cell"]) == {"name", "model", "options", "loss", "learning_rate?"}
    assert set(contents.RESULT["data"]) == {"name", "version", "fingerprint"}
    assert set(contents.FOLD) == {"fold", "faces", "history", "selected_epoch", "train_counts", "input"}
    assert set(contents.FOLD["faces"]) == {"train", "validation", "test"}
    assert set(contents.HISTORY[0]) == {"epoch", "learning_rate", "train_loss", "validation", "test"}
    assert record.FILES == ("record.json", "machine.json", "predictions.npz", "seal.json")
    assert (seal.FILE, seal.RECORD, seal.SCHEMA, trust.FILE, trust.SCHEMA) == (
        "seal.json", "record.json", 1, "verification.json", 1,
    )  # fmt: skip
    good = ("weights.pt", "weights-fold0.pt", f"weights-{'a' * 100}.pt", "weights-a_+-.pt")
    bad = (
        "weights.pt ",
        "weights-.pt",
        "weights-_a.pt",
        f"weights-{'a' * 101}.pt",
        "weight.pt",
        "weightsxpt",
        "weights-a.b.pt",
    )
    assert all(map(seal.WEIGHTS.fullmatch, good)) and not any(map(seal.WEIGHTS.fullmatch, bad))
    assert seal.SHA256.fullmatch("0123456789abcdef" * 4)
    assert not any(map(seal.SHA256.fullmatch, ("0" * 63, "0" * 65, "A" * 64, "g" * 64)))
    assert Path(published.__file__).parents[1] / "faces" / "published.yaml" == published.FILE and published.FILE.is_file()
    assert (published.PARTS, published.EVALUATED) == (("train_counts", "validation", "test"), ("validation", "test"))
    assert packing.NAME.format(3) == "records-3.tar"


def test_of_sizes():
    assert (seal.LARGEST, record.LARGEST_JSON, record.LARGEST) == (1 << 20, 1 << 24, 1 << 31)
    assert (packing.LIMIT, packing.LARGEST) == (15_000_000, 1 << 30)
    assert (shape.LARGEST, shape.DEEPEST) == (1 << 63, 30)
    assert (aligning.SHOWN, importing.NAMED) == (3, 10)


def test_of_statistics():
    assert (intervals.ROUNDING, joint_test.SMALLEST_P, statistics.NEGLIGIBLE) == (1e-12, 1e-290, 1e-40)
    assert (image_variance.SEED, image_variance.RESAMPLES, pairs.SEED) == (0, 2000, 0)
    assert (bootstrapping.BATCH, bootstrapping.DRAWN) == (50, 2_000_000)  # they limit the memory
    assert (image_variance.OF_CONFUSION, image_variance.OF_MOMENTS) == (("balanced_accuracy", "macro_f1"), BOTH)
    assert (calibration.HOTTEST, calibration.METRICS, predictions.ECE_BINS) == (1000.0, ("ece", "nll"), 15)
    order = doubts_of_order
    assert (order.LEVEL, order.RECALL_GAIN, order.SKILL, order.BETTER) == (0.001, 0.05, 0.25, 0.02)
    assert (order.PERMUTED_GAIN, order.MOVED_GAIN, order.MOVED_LEVEL) == (0.1, 0.2, 0.01)
    affect = doubts_of_affect
    assert (affect.GAIN, affect.GOOD, affect.GOOD_EACH, affect.LEVEL) == (0.1, 0.4, 0.2, 0.001)
    assert (affect.WITHIN, affect.BEYOND, affect.BEYOND_SHARE, affect.FOLLOWS) == (0.95, 1.5, 0.05, 0.8)
    assert (comparisons.SPLIT, metrics.PRIMARY) == ("test", {"categorical": "accuracy", "dimensional": "ccc_mean"})
    of_classes = {"accuracy": 0.01, "balanced_accuracy": 0.01, "macro_f1": 0.01, "recall": 0.05}
    assert of_classes | dict.fromkeys(BOTH, 0.01) == metrics.SMALLEST_DIFFERENCE
    assert selection_metric.DIMENSIONS == ("valence", "arousal") and metrics.SCORES == "scores"


def test_of_metrics():
    of_classes = {
        "accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "macro_f1": "Macro F1",
        "weighted_f1": "Weighted F1", "macro_ppv": "Macro PPV",
        "kappa": "Cohen's kappa", "alpha": "Krippendorff's alpha", "mcc": "MCC",
        "roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "nll": "NLL", "ece": "ECE", "brier": "Brier score",
    }  # fmt: skip
    parts = [(name, of) for name in ("rmse", "mae", "corr", "ccc", "sagr") for of in ("valence", "arousal", "mean")]
    of_levels = {f"{name}_{of}": f"{name.upper()} {of}" for name, of in parts}
    assert {name: metric.title for name, metric in metrics.METRICS.items()} == of_classes | of_levels
    assert {name for name, metric in metrics.METRICS.items() if metric.task == "dimensional"} == set(of_levels)
    assert {metrics.METRICS[f"corr_{of}"].source for of in ("valence", "arousal", "mean")} == {"Pearson"}


def test_of_checks():
    names = ("seal", "definition", "data", "outputs", "faces", "history", "parameters", "warnings")
    assert ("read", *names) == check_table.COLUMNS and tuple(examine.CHECKS) == names
    assert (examine.READ, examine.PASSED, examine.FAILED, examine.NOT_CHECKED) == ("read", "ok", "FAILED", "not checked")
    assert (faces.COPIED, history.EXACT, history.ON_GPU, history.LOSS) == (0.1, 1e-9, 2e-3, 1e-3)
    assert history.COSTS == ("train_seconds", "images_per_second")


def test_of_trust_and_sameness():
    assert trust.LEVELS == (
        "trained here and verified again", "trained here", "weights re-run here", "predictions only",
    )  # fmt: skip
    assert (trust.AGAIN, trust.HERE, trust.WEIGHTS, trust.PREDICTIONS) == trust.LEVELS and trust.DONE == ("weights", "again")
    assert (sameness.IDENTICAL, sameness.SAME, sameness.DIFFERENT) == ("bit-identical", "the same", "different")
    assert (sameness.SHARE, sameness.CLOSE) == (0.01, 0.01)
    assert sameness.MACHINERY == {
        "device": "processor", "threads": "threads", "precision": "precision", "implementation": "implementation",
        "system": "system",
    }  # fmt: skip
    assert outside_record.KINDS == ("predictions", "python", "onnx", "exported", "weights")
    assert outside_record.OUTPUTS == ("logits", "probabilities", "classes", "valence and arousal")
    assert {name for name, kind in outside_record.FIELDS.items() if isinstance(None, kind)} == {
        "sha256", "stated", "extra_training_data",
    }  # fmt: skip


def test_of_the_grid():
    assert (axes.SHORTCUTS, axes.NORMALISATIONS) == (("identity", "fixed", "adaptive"), ("working", "frozen"))
    losses = ("plain", "weighted", "focal", "mse", "ccc", "mse+ccc")
    assert {"shortcut": axes.SHORTCUTS, "normalisation": axes.NORMALISATIONS, "loss": losses} == axes.ORDER
    assert [axes.rank("shortcut", name) for name in ("adaptive", "own", "identity")] == [
        (2, "adaptive"), (3, "own"), (0, "identity"),
    ]  # fmt: skip
    cell = {"name": "net-fixed-frozen-plain", "model": "m", "options": {"shortcut": "fixed", "normalisation": "frozen"}}
    own = axes.place(cell | {"loss": "plain"})
    assert (own.network, own.shortcut, own.normalisation, own.loss) == ("net", "fixed", "frozen", "plain")
    assert axes.place(cell | {"name": "x", "loss": "plain"}).network == "m"
    assert axes.place(cell | {"loss": "plain", "options": {"shortcut": "fixed"}}) is None
    assert axes.sort_key("label", cell | {"loss": "plain"}) == (
        0,
        "net",
        own.key,
        (0, "plain"),
        (1, "frozen"),
        (1, "fixed"),
        "label",
    )
    assert axes.sort_key("label", cell | {"loss": "plain", "options": {}}) == (1, "label")
