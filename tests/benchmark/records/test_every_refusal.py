"""Every refusal of this room as a person reads it: where, what was found, what was expected; checks/ has those of the
checks of a record."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol
from benchmark.records import (
    calibration,
    contents,
    grouping,
    importing,
    metrics,
    optimism,
    outside_record,
    packing,
    per_video,
    published,
    record,
    revision,
    seal,
    selection_metric,
    shape,
    trust,
)
from benchmark.records.aligning import aligned, as_stored
from benchmark.records.bootstrapping import bootstrap, paired_bootstrap, resampled_means
from benchmark.records.image_variance import image_variance
from benchmark.records.intervals import accuracy_interval, t_interval
from benchmark.records.joint_test import joint_difference
from benchmark.records.prediction_intervals import prediction_interval_new_run, prediction_interval_new_score
from benchmark.records.predictions import Predictions
from benchmark.records.statistics import difference_interval, holm, mcnemar_exact, paired_t_over_seeds, sign_flip_exact

YES, ONE = np.array([True, False]), np.ones((3, 2))
CLASSES = np.array([0, 1, 1])
ACCURACY = metrics.metric_function("accuracy")


def refusal(call, *arguments, **more):
    with pytest.raises(BadInput) as error:
        call(*arguments, **more)
    return str(error.value)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: mcnemar_exact(YES, YES[:1]),
         "McNemar: found bool (2,) and bool (1,); expected two bool arrays of one shape (N,), N >= 1"),
        (lambda: mcnemar_exact(YES, np.array([1, 0])),
         "McNemar: found bool (2,) and int64 (2,); expected two bool arrays of one shape (N,), N >= 1"),
        (lambda: mcnemar_exact(YES[:0], YES[:0]),
         "McNemar: found bool (0,) and bool (0,); expected two bool arrays of one shape (N,), N >= 1"),
        (lambda: mcnemar_exact(YES[None], YES[None]),
         "McNemar: found bool (1, 2) and bool (1, 2); expected two bool arrays of one shape (N,), N >= 1"),
        (lambda: sign_flip_exact(np.ones(3)),
         "sign-flip test: found float64 (3,); expected integers of shape (N,), N >= 1"),
        (lambda: sign_flip_exact(np.ones((1, 2), int)),
         "sign-flip test: found int64 (1, 2); expected integers of shape (N,), N >= 1"),
        (lambda: sign_flip_exact(np.ones(0, int)),
         "sign-flip test: found int64 (0,); expected integers of shape (N,), N >= 1"),
        (lambda: holm([0.1, 1.2, -1]), "p-value 1: found 1.2; expected a number in [0, 1]"),
        (lambda: holm([-0.1]), "p-value 0: found -0.1; expected a number in [0, 1]"),
        (lambda: holm([0.5, np.nan]), "p-value 1: found nan; expected a number in [0, 1]"),
        (lambda: paired_t_over_seeds([1, 2], [1]), "paired seeds: found 2 and 1 values; expected the same seeds in both"),
        (lambda: paired_t_over_seeds([], [1]),
         "seeds of a: found shape (0,), 0 not finite; expected one row of finite numbers"),
        (lambda: paired_t_over_seeds([1, 2], [1, np.nan]),
         "seeds of b: found shape (2,), 1 not finite; expected one row of finite numbers"),
        (lambda: difference_interval([np.inf, np.nan, 1], [1]),
         "seeds of a: found shape (3,), 2 not finite; expected one row of finite numbers"),
        (lambda: difference_interval([1, 2], [[1, 2]]),
         "seeds of b: found shape (1, 2), 0 not finite; expected one row of finite numbers"),
        (lambda: difference_interval([1, 2], [1, 2], 1),
         "confidence: found 1; expected a number between 0 and 1, such as 0.95"),
        (lambda: t_interval([1, 2], 0), "confidence: found 0; expected a number between 0 and 1, such as 0.95"),
        (lambda: t_interval([[1.0]]), "values: found shape (1, 1), 0 not finite; expected one row of finite numbers"),
        (lambda: accuracy_interval(3, 2), "accuracy interval: found 3 correct of 2; expected 0 <= correct <= n, n >= 1"),
        (lambda: accuracy_interval(-1, 2), "accuracy interval: found -1 correct of 2; expected 0 <= correct <= n, n >= 1"),
        (lambda: accuracy_interval(0, 0), "accuracy interval: found 0 correct of 0; expected 0 <= correct <= n, n >= 1"),
        (lambda: accuracy_interval(1, 2, method="wald"),
         "accuracy interval, method: found 'wald'; expected 'wilson' or 'exact'"),
        (lambda: accuracy_interval(1, 2, 1.5), "confidence: found 1.5; expected a number between 0 and 1, such as 0.95"),
        (lambda: joint_difference([], 0.1, None),
         "differences: found shape (0,), 0 not finite; expected one row of finite numbers"),
        (lambda: joint_difference([1, np.nan], 0.1, None),
         "differences: found shape (2,), 1 not finite; expected one row of finite numbers"),
        (lambda: joint_difference([[1.0]], 0.1, None),
         "differences: found shape (1, 1), 0 not finite; expected one row of finite numbers"),
        (lambda: joint_difference([1, 2], -0.1, None),
         "image variance: found -0.1; expected a number of at least 0, or None"),
        (lambda: joint_difference([1, 2], np.inf, None),
         "image variance: found inf; expected a number of at least 0, or None"),
        (lambda: joint_difference([1, 2], 0.1, 0), "margin: found 0; expected a number above 0, or None"),
        (lambda: joint_difference([1, 2], 0.1, np.inf), "margin: found inf; expected a number above 0, or None"),
        (lambda: joint_difference([1, 2], 0.1, None, 0.5),
         "level: found 0.5; expected a number between 0.5 and 1, such as 0.95"),
        (lambda: joint_difference([1, 2], 0.1, None, 1),
         "level: found 1; expected a number between 0.5 and 1, such as 0.95"),
        (lambda: prediction_interval_new_score([0.5, 0.6], 0), "test variance: found 0; expected a number above 0"),
        (lambda: prediction_interval_new_score([0.5, 0.6], np.inf), "test variance: found inf; expected a number above 0"),
        (lambda: prediction_interval_new_score([], 1),
         "values: found shape (0,), 0 not finite; expected one row of finite numbers"),
        (lambda: prediction_interval_new_run([0.5], 10, 0),
         "confidence: found 0; expected a number between 0 and 1, such as 0.95"),
        (lambda: paired_bootstrap(ACCURACY, CLASSES, ONE, ONE[:2], seed=0),
         "paired bootstrap: found 3 labels, 3 and 2 scores; expected equal numbers of rows, at least 2"),
        (lambda: paired_bootstrap(ACCURACY, CLASSES[:1], ONE[:1], ONE[:1], seed=0),
         "paired bootstrap: found 1 labels, 1 and 1 scores; expected equal numbers of rows, at least 2"),
        (lambda: paired_bootstrap(lambda *_: None, CLASSES, ONE, ONE, seed=0),
         "paired bootstrap: found a metric that is not defined for these rows; expected a number for every model"),
        (lambda: bootstrap(lambda *_: None, CLASSES, ONE, seed=0),
         "bootstrap: found a metric that is not defined for these rows; expected a number for every model"),
        (lambda: bootstrap(ACCURACY, CLASSES, ONE[:2], seed=0),
         "bootstrap: found 3 labels, 2 scores; expected equal numbers of rows, at least 2"),
        (lambda: bootstrap(ACCURACY, CLASSES[:1], ONE[:1], seed=0),
         "bootstrap: found 1 labels, 1 scores; expected equal numbers of rows, at least 2"),
        (lambda: bootstrap(ACCURACY, CLASSES, ONE, seed=0, confidence=2),
         "confidence: found 2; expected a number between 0 and 1, such as 0.95"),
        (lambda: resampled_means(np.ones(3), seed=0), "resampled means: found shape (3,); expected (N, M) with N >= 1"),
        (lambda: resampled_means(np.ones((0, 2)), seed=0),
         "resampled means: found shape (0, 2); expected (N, M) with N >= 1"),
        (lambda: image_variance("kappa", CLASSES, [ONE], [ONE]),
         "image variance, metric: found 'kappa'; expected one of accuracy, recall, balanced_accuracy, macro_f1, "
         "ccc_valence, ccc_arousal, ccc_mean, rmse_valence, rmse_arousal, rmse_mean"),
        (lambda: image_variance("recall", CLASSES, [ONE], [ONE]),
         "image variance, class: found None; expected a class for recall, none for any other metric"),
        (lambda: image_variance("macro_f1", CLASSES, [ONE], [ONE], 0),
         "image variance, class: found 0; expected a class for recall, none for any other metric"),
        (lambda: image_variance("accuracy", CLASSES, [ONE], [ONE, ONE]),
         "image variance: found 1 and 2 runs; expected the same seeds in both"),
        (lambda: image_variance("accuracy", CLASSES, [], []),
         "image variance: found 0 and 0 runs; expected the same seeds in both"),
        (lambda: metrics.metric_function("f2"), f"metric: found 'f2'; expected one of {', '.join(metrics.METRICS)}"),
        (lambda: metrics.categorical(CLASSES, ONE, ["a"]),
         "class names: found 1; expected 2, one for each column of the scores"),
        (lambda: Predictions(CLASSES, ONE[:, :1]), "scores: found 1 columns; expected at least 2 classes"),
        (lambda: Predictions(CLASSES[:2], ONE), "labels: found int64 (2,); expected integers of shape (3,)"),
        (lambda: Predictions(CLASSES.astype(float), ONE), "labels: found float64 (3,); expected integers of shape (3,)"),
        (lambda: Predictions(CLASSES + 1, ONE), "labels: found values 1..2; expected 0..1"),
        (lambda: Predictions(CLASSES - 1, ONE), "labels: found values -1..0; expected 0..1"),
        (lambda: Predictions(CLASSES[:0], ONE[:0]), "scores: found 0 rows; expected at least one row in the split"),
        (lambda: Predictions(CLASSES, CLASSES), "scores: found int64 (3,); expected real numbers of shape (N, columns)"),
        (lambda: Predictions(CLASSES, ONE.astype(bool)),
         "scores: found bool (3, 2); expected real numbers of shape (N, columns)"),
        (lambda: Predictions(CLASSES, np.where([[0], [1], [1]], np.nan, ONE)),
         "scores: found 2 of 3 rows not finite (first: row 1); expected all finite"),
        (lambda: metrics.dimensional(ONE, np.ones((2, 2))),
         "outputs: found shape (2, 2); expected (3, 2): valence and arousal"),
        (lambda: metrics.dimensional(np.ones((3, 3)), ONE),
         "targets: found shape (3, 3); expected (3, 2): valence and arousal"),
        (lambda: metrics.dimensional(-2 * ONE, ONE),
         "targets: found 3 of 3 rows outside the range; expected values in [-1, 1]"),
        (lambda: metrics.dimensional(ONE * np.nan, ONE),
         "targets: found 3 of 3 rows not finite (first: row 0); expected all finite"),
        (lambda: selection_metric.ccc_mean(ONE, ONE * np.inf),
         "outputs: found 3 of 3 rows not finite (first: row 0); expected all finite"),
        (lambda: per_video.per_video(ONE, ONE, np.array(["a/1"])), "ids of frames: found 1; expected 3, one per row"),
        (lambda: per_video.video_of(np.array(["a/1", "b", "c"])), "ids of frames: found 'b'; expected <video>/<frame>"),
        (lambda: per_video.video_of(np.array(["/1"]), "here"), "here: found '/1'; expected <video>/<frame>"),
        (lambda: optimism.selection_optimism([{"protocol_hash": "p", "cell_hash": c} for c in "ab"]),
         "selection optimism: found records of several cells or protocols; expected those of one cell under one protocol"),
    ],
)  # fmt: skip
def test_numbers_that_can_not_be_taken(call, line):
    assert refusal(call) == line


# ---------------------------------------------------------------- ids and outputs from elsewhere


@pytest.fixture
def given(tiny_faces):
    """Predictions of both roles, as they are to be."""
    arrays = {}
    for role in ("validation", "test"):
        rows = np.flatnonzero(tiny_faces.split == role)
        arrays |= {f"{role}_ids": tiny_faces.id[rows], f"{role}_outputs_none": np.ones((len(rows), 3), np.float32)}
    return arrays


def test_predictions_that_do_not_fit_the_faces(tiny_faces, tiny_protocol, given):
    protocol = tiny_protocol()
    train, validation, test = (tiny_faces.id[tiny_faces.split == s] for s in ("train", "validation", "test"))
    every = [*validation, *test]

    def ids(chosen, faces=tiny_faces):
        return refusal(aligned, chosen, protocol, faces, "file").removeprefix("file, ids: ")

    assert ids([*every, test[1], test[0], test[2], test[3]]) == (
        f"found {test[0]}, {test[1]}, {test[2]} and 1 more more than once; expected each id once"
    )
    assert ids([*every, test[1]]) == f"found {test[1]} more than once; expected each id once"
    assert ids([*every, *train[:5]]) == (
        f"found predictions on the training split: {train[0]}, {train[1]}, {train[2]} and 2 more; "
        "expected ids of split test, validation ones beside them"
    )
    assert ids([*every, "x", "a"]) == f"found unknown: a, x; expected ids of tiny such as {test[0]}"
    assert ids(every[:-3]) == (
        f"found test faces missing: {', '.join(test[-3:])}; expected one row for each of the {len(test)} test faces of "
        "tiny-categorical"
    )
    assert ids(every[1:]) == (
        f"found validation faces missing: {validation[0]}; expected one row for each of the {len(validation)} validation "
        "faces of tiny-categorical"
    )
    assert ids(validation).startswith(
        f"found test faces missing: {test[0]}, {test[1]}, {test[2]} and {len(test) - 3} more; "
    )
    assert list(aligned(test, protocol, tiny_faces, "file")) == ["test"]
    assert {role: own.tolist() for role, own in aligned(every[::-1], protocol, tiny_faces, "file").items()} == {
        "test": list(range(len(test)))[::-1],
        "validation": list(range(len(test), len(every)))[::-1],
    }


def test_arrays_that_do_not_fit_the_protocol(tiny_faces, tiny_protocol, given):
    def said(**changes):
        return refusal(as_stored, tiny_protocol(), given | changes, tiny_faces, "file")

    needed = "test_ids, test_outputs_none, validation_ids, validation_outputs_none"
    assert said(more=1, test_outputs_ten=1) == (
        f"file: found arrays missing or unknown: more, test_outputs_ten; expected {needed} and perhaps more"
    )
    alone = {name: values for name, values in given.items() if name == "test_outputs_none"}
    assert refusal(as_stored, tiny_protocol(), alone, tiny_faces, "file") == (
        "file: found arrays missing or unknown: test_ids; expected test_ids, test_outputs_none and perhaps more"
    )
    n = len(given["test_ids"])
    wrong = {"test_targets": np.full(n, 9)}
    assert said(**wrong) == f"file, test_targets: found other values; expected those of {tiny_faces.directory}"
    ids = {"validation_ids": given["test_ids"], "test_ids": given["validation_ids"]}
    swapped = {**ids, "validation_outputs_none": np.ones((n, 3)), "test_outputs_none": np.ones((25, 3))}
    assert said(**swapped) == "file, test_ids: found ids of another split than test; expected those of test alone"
    assert said(test_outputs_none=np.ones((n, 2))) == (
        f"file, test_outputs_none: found float64 ({n}, 2); expected numbers of shape ({n}, 3)"
    )
    assert said(test_outputs_none=np.ones((n, 3), bool)) == (
        f"file, test_outputs_none: found bool ({n}, 3); expected numbers of shape ({n}, 3)"
    )
    bad = np.ones((n, 3))
    bad[2, 1], bad[5] = 1e300, np.nan
    assert (
        said(test_outputs_none=bad)
        == f"file, test_outputs_none: found 2 of {n} rows with NaN or infinity; expected finite numbers"
    )


# ---------------------------------------------------------------- files of a record


@pytest.fixture
def one(make, cell, tmp_path):
    return make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 3)


def rewritten(one, **changes):
    path = one.directory / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    (one.directory / seal.FILE).unlink(missing_ok=True)
    return one.directory


def test_a_record_that_can_not_be_read(one, tmp_path):
    folder = one.directory
    where = folder / "record.json"
    nothing = tmp_path / "nothing"
    assert refusal(record.read_record, nothing) == f"{nothing}: found no record.json; expected a record"
    for changes, line in (
        ({"schema": 3}, ", schema: found 3; expected 2 or 1"),
        ({"status": "stopped"}, ", status: found stopped; expected one of finished, diverged"),
        ({"predictions_sha256": None},
         ", predictions: found none or unexpected ones; expected predictions exactly when the run "
         "finished"),
        ({"parameters": None}, ", parameters: found null; expected a number; only an outside entry may leave it open"),
        ({"seed": -1}, ", seed: found -1; expected a number from 0"),
        ({"protocol": {"name": "x"}},
         ", protocol: found no name or no recipe; expected a protocol with its name and recipe"),
        ({"protocol": {"recipe": {}}},
         ", protocol: found no name or no recipe; expected a protocol with its name and recipe"),
    ):  # fmt: skip
        kept = where.read_bytes()
        assert refusal(record.read_record, rewritten(one, **changes)) == f"{where}{line}"
        where.write_bytes(kept)
    machine = folder / "machine.json"
    stated = json.loads(machine.read_text())
    machine.write_text(json.dumps(stated | {"seal": "0" * 16}))
    assert refusal(record.read_record, folder) == (
        f"{machine}, seal: found '{'0' * 16}'; expected {stated['seal']}, the digest of the rest"
    )
    machine.write_text("[1]")
    assert refusal(record.read_record, folder) == f"{machine}: found a JSON list; expected an object"
    machine.unlink()
    assert refusal(record.read_record, folder) == f"{machine}: found no such file; expected a part of the record"
    machine.mkdir()
    assert refusal(record.read_record, folder) == (
        f"{machine}: found a folder or a special file; expected a part of the record"
    )
    where.write_text('{"a": NaN}')
    assert refusal(record.read_record, folder) == f"{where}: found NaN, which JSON does not have; expected valid JSON"
    where.write_text('{"a": 1, "a": 2}')
    assert refusal(record.read_record, folder) == f"{where}: found an object with one name twice; expected valid JSON"


def test_predictions_that_can_not_be_read(one, monkeypatch):
    path = one.directory / "predictions.npz"

    def said():
        return refusal(lambda: record.read_record(one.directory).predictions).removeprefix(str(path))

    arrays = dict(one.predictions)
    np.savez(path, **arrays | {"more": np.zeros(1)})
    found = record.predictions_digest(arrays | {"more": np.zeros(1)})
    assert said() == f": found SHA-256 {found}; expected {one['predictions_sha256']} as in record.json"
    np.savez(path, **arrays | {"more": np.array([True])})
    assert said() == ", more: found neither text nor numbers; expected arrays of text and of numbers"
    size = sum(member.nbytes for member in arrays.values())
    monkeypatch.setattr(record, "LARGEST", 100)
    assert re.fullmatch(r": found [\d,]+ bytes of arrays; expected 100 at most", said())
    assert int(re.sub(r"\D", "", said().partition("bytes")[0])) > size > 1000 and "," in said().partition("bytes")[0]
    path.write_bytes(b"PK")
    assert said() == ": found nothing to read (File is not a zip file); expected the predictions of record.json beside it"
    path.unlink()
    os.mkfifo(path)
    assert said() == ": found a folder or a special file; expected the predictions of record.json beside it"


def test_seals_and_weights(one, tmp_path):
    path = one.directory / seal.FILE
    digest = json.loads(path.read_text())["files"]["record.json"]
    expected = "expected a SHA-256 for record.json and for weights, and for no other file"
    for contents_of, line in (
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1); expected valid JSON"),
        ("[]", "other contents; expected schema 1 and files"),
        ({"schema": 2, "files": {"record.json": digest}}, "other contents; expected schema 1 and files"),
        ({"schema": 1, "files": []}, "other contents; expected schema 1 and files"),
        ({"schema": 1, "files": {}, "more": 1}, "other contents; expected schema 1 and files"),
        ({"schema": 1, "files": {"weights.pt": digest}}, f"other contents; {expected}"),
        ({"schema": 1, "files": {"record.json": digest, "x.pt": digest}}, f"other contents; {expected}"),
        ({"schema": 1, "files": {"record.json": digest.upper()}}, f"other contents; {expected}"),
    ):  # fmt: skip
        path.write_text(contents_of if isinstance(contents_of, str) else json.dumps(contents_of))
        assert refusal(seal.read_seal, one.directory) == f"{path}: found {line}"
    sealed = {"schema": 1, "files": {"record.json": "0" * 64, "weights.pt": "1" * 64}}
    path.write_text(json.dumps(sealed))
    assert refusal(record.read_record, one.directory) == (
        f"{one.directory / 'record.json'}: found SHA-256 {digest}; expected {'0' * 64} as in seal.json beside it"
    )
    weights = one.directory / "weights.pt"
    assert refusal(seal.weights, one.directory, "weights.pt") == (
        f"{weights}: found no such file; expected the weights that were sealed"
    )
    weights.write_bytes(b"")
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes
    assert refusal(seal.weights, one.directory, "weights.pt") == (
        f"{weights}: found SHA-256 {nothing}; expected {'1' * 64} as in seal.json beside it"
    )
    other = one.directory / "weights-a.pt"
    assert refusal(seal.weights, one.directory, "weights-a.pt") == (
        f"{other}: found no seal for it; expected its SHA-256 in seal.json beside it"
    )
    assert refusal(seal.check_bytes, one.directory, "weights-a.pt", b"", {}) == (
        f"{other}: found SHA-256 {nothing}; expected none as in seal.json beside it"
    )
    assert seal.read_seal(tmp_path) is None


def test_costs_of_folds():
    machine = {"environment": {}, "cost": {}, "fold_costs": [{}]}
    where = Path("here", "machine.json")
    assert refusal(contents.joined, {"folds": [{}, {}]}, machine, "here") == (
        f"{where}, fold_costs: found 1 costs; expected one for each fold of record.json"
    )
    assert refusal(contents.joined, {}, machine, "here") == f"{where}, fold_costs: found a list; expected null"
    assert refusal(contents.joined, {}, {"environment": {}}, "here") == (
        f"{where}: found missing or unknown: 'cost'; expected exactly environment, cost"
    )


# ---------------------------------------------------------------- the rest


OUTSIDE = {"kind": "python", "source": "m:f", "sha256": None, "stated": None, "extra_training_data": None,
           "warnings": [], "outputs": "logits"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"more": 1},
         ": found missing or unknown: more; expected exactly kind, source, sha256, stated, extra_training_data, "
         "warnings, outputs, perhaps macs, seen"),
        ({"kind": 3}, ", kind: found int; expected <class 'str'>"),
        ({"sha256": 3}, ", sha256: found int; expected (<class 'str'>, <class 'NoneType'>)"),
        ({"kind": "magic"}, ", kind: found magic; expected one of predictions, python, onnx, exported, weights"),
        ({"outputs": "valence and arousal"},
         ", outputs: found valence and arousal; expected one of logits, probabilities, classes"),
        ({"warnings": ["a", 3]}, ", warnings: found ['a', 3]; expected sentences"),
        ({"stated": {"accuracy": 1, "source": ""}},
         ", stated: found {'accuracy': 1, 'source': ''}; expected an accuracy or the authors' words, and the source"),
        ({"stated": {"accuracy": 1, "source": 1}},
         ", stated: found {'accuracy': 1, 'source': 1}; expected an accuracy or the authors' words, and the source"),
        ({"stated": {"source": "x"}},
         ", stated: found {'source': 'x'}; expected an accuracy or the authors' words, and the source"),
        ({"stated": {"words": " ", "source": "x"}},
         ", stated: found {'words': ' ', 'source': 'x'}; expected an accuracy or the authors' words, and the source"),
        ({"stated": {"words": "good"}},
         ", stated: found {'words': 'good'}; expected an accuracy or the authors' words, and the source"),
        ({"stated": {"words": "good", "source": "x", "by": "y"}},
         ", stated: found {'words': 'good', 'source': 'x', 'by': 'y'}; expected an accuracy or the authors' words, and the "
         "source"),
        ({"seen": "perhaps"}, ", seen: found 'perhaps'; expected one of no, unknown, yes"),
        ({"seen": True}, ", seen: found bool; expected <class 'str'>"),
        ({"stated": {"accuracy": 1.01, "source": "x"}}, ", stated accuracy: found 1.01; expected a fraction from 0 to 1"),
        ({"stated": {"accuracy": True, "source": "x"}}, ", stated accuracy: found True; expected a fraction from 0 to 1"),
        ({"stated": {"accuracy": -0.1, "source": "x"}}, ", stated accuracy: found -0.1; expected a fraction from 0 to 1"),
        ({"source": "x" * 2001}, ", source: found 2,001 characters; expected at most 2,000"),
        ({"extra_training_data": "x" * 2001}, ", extra_training_data: found 2,001 characters; expected at most 2,000"),
        ({"warnings": ["x", "x" * 3000]}, ", warnings: found 3,000 characters; expected at most 2,000"),
        ({"stated": {"words": "x" * 2001, "source": "x"}}, ", stated words: found 2,001 characters; expected at most 2,000"),
        ({"stated": {"words": "x", "source": "x" * 2001}},
         ", stated source: found 2,001 characters; expected at most 2,000"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_model_from_elsewhere(changes, line):
    assert refusal(outside_record.check_fields, OUTSIDE | changes, True, "here") == f"here{line}"


def test_models_from_elsewhere_and_their_defaults():
    for own in ({"outputs": "probabilities"}, {"outputs": "classes"}, {"stated": {"accuracy": 0, "source": "x"}},
                {"stated": {"accuracy": 1, "source": "x"}}, {"stated": {"words": "good", "source": "x"}},
                {"stated": {"accuracy": 1, "words": "good", "source": "x"}}, {"seen": "no"}, {"seen": "yes"},
                {"sha256": "0"}, {"extra_training_data": "x"}):  # fmt: skip
        outside_record.check_fields(OUTSIDE | own, True, "here")
    affect = OUTSIDE | {"outputs": "valence and arousal"}
    outside_record.check_fields(affect | {"stated": {"words": "x" * 2000, "source": "x"}}, False, "here")
    assert refusal(outside_record.check_fields, affect | {"stated": {"accuracy": 0.5, "source": "x"}}, False, "here") == (
        "here, stated: found an accuracy; expected words: valence and arousal have no accuracy"
    )
    assert refusal(outside_record.check_fields, OUTSIDE, False, "here") == (
        "here, outputs: found logits; expected one of valence and arousal"
    )
    said = {"kind": "python", "source": "m:f"}
    assert outside_record.filled_in(load_protocol("synthetic-8"), said, "here") == OUTSIDE | {"seen": "unknown"}
    va = outside_record.filled_in(load_protocol("synthetic-va"), said | {"warnings": ("a",)}, "here")
    assert outside_record.seen_in(OUTSIDE) == "unknown" and outside_record.seen_in(OUTSIDE | {"seen": "no"}) == "no"
    assert va == OUTSIDE | {"seen": "unknown", "outputs": "valence and arousal", "warnings": ["a"]}
    own = outside_record.outside_cell("x")
    assert own.as_dict() == {"name": "x", "model": "outside", "options": {}, "loss": "outside"}
    assert outside_record.check_name("x") == "x"
    assert refusal(outside_record.check_name, "a/b").startswith("outside entry, name: found name 'a/b'; expected ")


def test_verifications(tmp_path):
    path = tmp_path / trust.FILE
    expected = "expected a record's digest, and weights or again with an outcome (bit-identical, the same, different)"
    good = {"record": "0", "weights": {"outcome": "the same"}}
    for entry in (
        {"weights": good["weights"]}, good | {"record": 1}, good | {"more": 1}, good | {"again": {"outcome": "x"}},
        good | {"again": "x"}, [],
    ):  # fmt: skip
        path.write_text(json.dumps({"schema": 1, "records": {"a": good, "p/c/seed0": entry}}))
        assert refusal(trust.read_verification, path) == f"{path}, p/c/seed0: found something else; {expected}"
    path.write_text(json.dumps({"schema": 1, "records": []}))
    assert refusal(trust.read_verification, path) == f"{path}, records: found something else; {expected}"
    assert trust.read_verification(tmp_path / "none.json") == {}
    path.write_text(json.dumps({"schema": 1, "records": {"a": {"record": "0"}, "b": good}}))
    assert trust.read_verification(path) == {"a": {"record": "0"}, "b": good}


def test_names_that_are_one_file_name(monkeypatch):
    identities = [(name, "1", "f" * 16, "a" * 64, "") for name in ("a b", "a_b")]
    assert refusal(grouping.slugs_of, identities, []) == (
        "protocol names: found a_b, a_b; expected names that differ in letters, digits or .+-"
    )


def test_published_entries(monkeypatch):
    published._table.cache_clear()
    table = {"p": {"h": {"f": {"train_counts": 1, "test": 2}}}}
    try:
        monkeypatch.setattr(published, "read_yaml", lambda path: table if path == published.FILE else None)
        assert refusal(published._table) == (
            f"{published.FILE}, p h: found train_counts, test; expected exactly train_counts, validation, test"
        )
        table["p"] = {1: {2: dict.fromkeys(("test", "validation", "train_counts"), 0)}}
        assert published._table() == {("p", "1", "2"): table["p"][1][2]}
    finally:
        published._table.cache_clear()


def test_imports(one, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    known = importing.Known()
    line = refusal(importing.import_records, empty, tmp_path / "to", known, replace=False, check_only=True)
    assert line == f"{empty}: found no record.json below it; expected records"


def test_revisions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    line = refusal(revision.commit_of, "HEAD")
    assert line.startswith("git rev-parse HEAD: found fatal: not a git repository") and line.endswith(
        "; expected a revision of the git repository here"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(revision.commit_of, "HEAD") == "git: found no such program; expected git, to read a revision"


def test_archives(tmp_path):
    import io
    import tarfile

    def archive(*names):
        with tarfile.open(tmp_path / "records-0.tar", "w") as file:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 1
                file.addfile(info, io.BytesIO(b"x"))
        return tmp_path / "records-0.tar"

    path = archive("a/record.json", "a/other.txt", "a/record.json")
    with pytest.raises(BadInput) as error, packing.unpacked(path):
        pass
    assert str(error.value) == f"{path}: a/record.json: found a second file of this name; expected each once"
    path = archive("record.json", "record.json/seal.json")
    with pytest.raises(BadInput) as error, packing.unpacked(path):
        pass
    assert re.fullmatch(
        re.escape(f"{path}: record.json/seal.json: found a path that can not be made (")
        + ".*"
        + re.escape("); expected PATH/FILE"),
        str(error.value),
    )


def test_what_temperatures_are_made_of():
    assert calibration.METRICS == ("ece", "nll") and shape.DEEPEST == 30
    assert refusal(calibration.temperature, CLASSES, ONE[:2]).startswith("labels: found int64 (3,)")
