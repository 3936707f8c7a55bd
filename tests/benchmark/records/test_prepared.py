"""The faces of protocols in prepared FaceSets: roles, folds, counts."""

import dataclasses
from types import SimpleNamespace

import numpy as np

from benchmark.protocol.protocol import load_protocol
from benchmark.records import prepared


def test_training_counts_of_a_split_and_of_folds():
    """Fold k tests, the next one validates, the others train."""
    split = np.array(["a", "a", "b", "b", "c", "d", "d", "x"])
    expression = np.array([0, 1, 1, 2, 2, 0, -1, 1])
    own = load_protocol("fer2013-7")
    meta = {"name": "fer2013", "version": "1.0", "how": {}}
    faces = SimpleNamespace(split=split, expression=expression, meta=meta, classes=own.classes, directory="d")
    faces.rows = lambda name: np.flatnonzero(split == name)
    folded = dataclasses.replace(own, splits={}, folds=("a", "b", "c", "d"))
    assert prepared._train_counts(folded, faces) == [
        [1, 0, 1, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0, 0], [1, 2, 1, 0, 0, 0, 0], [0, 1, 2, 0, 0, 0, 0],
    ]  # fmt: skip
    plain = dataclasses.replace(own, splits={"train": "b", "validation": "a", "test": "c"})
    assert prepared._train_counts(plain, faces) == [0, 1, 1, 0, 0, 0, 0]
    assert prepared._train_counts(dataclasses.replace(plain, task="dimensional", classes=()), faces) is None


def test_each_protocol_has_its_own_faces_on_one_set(tiny_faces, tiny_protocol):
    here = prepared.Prepared(tiny_faces.directory.parent)
    one, other = tiny_protocol(), tiny_protocol(splits={"train": "test", "validation": "train", "test": "validation"})
    rows = [here.rows(each, tiny_faces.fingerprint) for each in (one, other, one)]
    assert rows[0] is rows[2] and rows[1] is not rows[0]
    for protocol, own in zip((one, other), rows, strict=False):
        for role in ("validation", "test"):
            assert own.ids[role].tolist() == tiny_faces.id[tiny_faces.split == protocol.splits[role]].tolist()
    folded = tiny_protocol(splits={}, folds=["train", "validation", "test"])
    own = here.rows(folded, tiny_faces.fingerprint)
    assert own.ids["validation"].tolist() == own.ids["test"].tolist() == tiny_faces.id.tolist()
    assert here.rows(one, "0" * 64) is None and here.fingerprint("tiny") == tiny_faces.fingerprint
