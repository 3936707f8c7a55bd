"""Outside entries: what is entered comes out, what is wrong is named, and no comparison of the runs notices."""

import dataclasses
import json

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.roles import role_rows
from benchmark.records import importing
from benchmark.records.aligning import aligned
from benchmark.records.checks.known import Known
from benchmark.records.doubts import noticed
from benchmark.records.importing import import_records
from benchmark.records.prepared import Prepared
from benchmark.records.record import read_record
from benchmark.records.seal import write_seal

from .entering import enter

CLASSES = 3
EPOCH = {"epoch": 1, "learning_rate": 0.1, "train_loss": 1.0, "validation": None, "test": None}
GIVEN = {"kind": "python", "source": "package:factory"}


@pytest.fixture(scope="module")
def protocol(tiny_protocol):
    return tiny_protocol()


@pytest.fixture(scope="module")
def test_part(tiny_faces):
    """Ids, labels and noisy but useful scores of the test faces, in an order of their own."""
    rows = np.random.default_rng(3).permutation(np.flatnonzero(tiny_faces.split == "test"))
    scores = np.random.default_rng(4).normal(0, 1, (len(rows), CLASSES))
    scores[np.arange(len(rows)), tiny_faces.expression[rows]] += 2
    return tiny_faces.id[rows], tiny_faces.expression[rows], scores


def entered(protocol, faces, part, out, **changes):
    arrays = {"test_ids": part[0], "test_outputs_none": part[2]}
    return enter(protocol, "mine", arrays, faces=faces, outside=GIVEN, out=out, **changes)


def test_rows_are_stored_in_the_order_of_the_faces(protocol, tiny_faces, test_part, tmp_path):
    record = entered(protocol, tiny_faces, test_part, tmp_path, parameters=7)
    assert record.directory == tmp_path / "tiny-categorical" / "mine" / "seed0"
    ids, labels, scores = test_part
    assert record.predictions["test_ids"].tolist() == tiny_faces.id[tiny_faces.split == "test"].tolist()
    by_id = dict(zip(ids.tolist(), scores.astype(np.float32), strict=True))
    for face, stored in zip(record.predictions["test_ids"].tolist(), record.outputs("test")[1], strict=True):
        assert np.array_equal(stored, by_id[face])
    assert np.mean(record.outputs("test")[1].argmax(1) == record.outputs("test")[0]) == np.mean(scores.argmax(1) == labels)
    assert record.outside["outputs"] == "logits" and record.outside["warnings"] == [] and record["parameters"] == 7
    assert not record.hard
    with pytest.raises(BadInput, match="an entry of this name"):
        entered(protocol, tiny_faces, test_part, tmp_path)
    entered(protocol, tiny_faces, test_part, tmp_path, replace=True)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda ids: ids[1:], r"test faces missing: tiny-\d+; expected one row for each of the 35 test faces"),
        (lambda ids: [*ids, ids[0]], r"tiny-\d+ more than once"),
        (lambda ids: [*ids, "tiny-0"], "predictions on the training split: tiny-0; expected ids of split test"),
        (lambda ids: [*ids, "stranger"], "unknown: stranger; expected ids of tiny such as tiny-125"),
        (lambda ids: [*ids, "tiny-100"], r"validation faces missing: tiny-101, tiny-102, tiny-103 and 21 more"),
    ],
)
def test_wrong_ids_are_named(protocol, tiny_faces, test_part, change, message):
    with pytest.raises(BadInput, match=message):
        aligned(change(test_part[0].tolist()), protocol, tiny_faces, "file")


def test_wrong_arrays_are_refused_before_anything_is_written(protocol, tiny_faces, test_part, tmp_path):
    ids, _, scores = test_part
    holed = scores.copy()
    holed[3, 1] = np.nan
    cases = [
        ({"test_ids": ids, "test_outputs_none": holed}, "1 of 35 rows with NaN or infinity"),
        ({"test_ids": ids, "test_outputs_none": scores[:, :2]}, r"shape \(35, 3\)"),
        ({"test_ids": ids, "test_outputs_none": scores * 1e300}, "NaN or infinity"),
        ({"test_ids": ids, "test_outputs_none": scores, "test_outputs_crop": scores}, "unknown: test_outputs_crop"),
        ({"test_ids": ids}, "test_outputs_none"),
        ({"test_ids": ids, "test_outputs_none": scores, "test_targets": np.zeros(35, np.int64)}, "test_targets"),
    ]
    for arrays, message in cases:
        with pytest.raises(BadInput, match=message):
            enter(protocol, "mine", arrays, faces=tiny_faces, outside=GIVEN, out=tmp_path)
    for name, outside, message in (
        ("a/b", GIVEN, "letters, digits"),
        ("mine", GIVEN | {"kind": "magic"}, "kind: found magic"),
        ("mine", GIVEN | {"stated": {"accuracy": 66, "source": "x"}}, "a fraction from 0 to 1"),
        ("mine", GIVEN | {"more": 1}, "unknown: more"),
    ):
        with pytest.raises(BadInput, match=message):
            arrays = {"test_ids": ids, "test_outputs_none": scores}
            enter(protocol, name, arrays, faces=tiny_faces, outside=outside, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def seven(protocol, n=700, seed=0, strength=1.5):
    """A protocol of seven classes, labels and scores that are right more often than not."""
    wide = dataclasses.replace(protocol, classes=tuple("abcdefg"))
    rng = np.random.default_rng(seed)
    labels = rng.choice(7, n, p=[0.3, 0.02, 0.1, 0.2, 0.1, 0.13, 0.15])
    return wide, labels, rng.normal(size=(n, 7)) + strength * np.eye(7)[labels]


def test_permuted_columns_are_named(protocol):
    wide, labels, scores = seven(protocol)
    assert noticed(wide, labels, scores) is None
    sentence = noticed(wide, labels, scores[:, [3, 1, 2, 0, 4, 5, 6]]).sentence
    right = np.mean(scores.argmax(1) == labels)
    assert f"to {right:.4f}" in sentence and "swapping 'a' and 'd' raises accuracy on" in sentence
    sentence = noticed(wide, labels, scores[:, [6, 0, 1, 2, 3, 4, 5]]).sentence
    assert all(f"'{column}' holds '{held}'" in sentence for column, held in zip("abcdefg", "gabcdef", strict=True))


def test_no_doubt_about_models_that_are_only_bad(protocol):
    """Chance, one class for every face, and few faces: a permutation always fits those a little better."""
    for seed in range(30):
        wide, labels, scores = seven(protocol, n=40, seed=seed, strength=0)
        assert noticed(wide, labels, scores) is None
    wide, labels, _ = seven(protocol)
    assert noticed(wide, labels, np.eye(7)[np.full(len(labels), 1)]) is None  # a's share would be 28 points more


def test_swapped_dimensions_are_doubted(tiny_protocol):
    rng = np.random.default_rng(2)
    targets = np.stack([rng.uniform(-1, 1, 200), rng.uniform(-0.3, 0.9, 200)], 1)
    outputs = targets + rng.normal(0, 0.1, targets.shape)
    protocol = tiny_protocol("dimensional")
    assert noticed(protocol, targets, outputs) is None
    assert "swapped" in noticed(protocol, targets, outputs[:, ::-1]).sentence


def test_folds_test_every_face(tiny_protocol, tiny_faces):
    protocol = tiny_protocol(splits={}, folds=["train", "validation", "test"])
    assert len(role_rows(protocol, tiny_faces, "test")) == 160
    assert set(aligned(tiny_faces.id, protocol, tiny_faces, "file")) == {"test"}


def test_import_checks_entries_and_puts_them_beside_the_runs(protocol, tiny_faces, test_part, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "load_protocol", lambda name: protocol)
    record = entered(protocol, tiny_faces, test_part, tmp_path / "theirs")
    here, places = Prepared(tiny_faces.directory.parent), {"outside": tmp_path / "outside"}
    known = Known(here.rows, here.fingerprint)
    import_records(tmp_path / "theirs", tmp_path / "in", known, replace=False, check_only=False, **places)
    assert not (tmp_path / "in").exists()
    assert read_record(tmp_path / "outside" / "tiny-categorical" / "mine" / "seed0")["outside"] == record["outside"]

    good = json.loads((record.directory / "record.json").read_text())
    for change, message in (
        (lambda c: c["outside"].pop("kind"), "missing or unknown: kind"),
        (lambda c: c["outside"].update(outputs="classes"), "one-hot rows"),
        (lambda c: c["cell"].update(loss="plain"), "cell: found"),
        (lambda c: c.update(history=[EPOCH]), "evaluated, not trained"),
        (lambda c: c["data"].update(fingerprint="0" * 64), "data fingerprint"),
        (lambda c: (c.pop("outside"), c.update(parameters=1)), "loss: found outside"),
        (lambda c: c.pop("outside"), "only an outside entry may leave it open"),
    ):
        bad = json.loads(json.dumps(good))
        change(bad)
        (record.directory / "record.json").write_text(json.dumps(bad))
        write_seal(record.directory)
        with pytest.raises(BadInput, match=message):
            import_records(tmp_path / "theirs", tmp_path / "in", known, replace=True, check_only=True, **places)
