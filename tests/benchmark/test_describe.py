"""Counts, duplicates and flags of a FaceSet against a plain count."""

import json

import numpy as np

from benchmark.describe import describe
from benchmark.faces import write_faceset


def test_counts_duplicates_flags(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 1), dtype=np.uint8)
    images[3] = images[0]  # within train
    images[6] = images[1]  # train and test
    faces = write_faceset(
        tmp_path / "set",
        images,
        name="set",
        version="1.0",
        classes=("a", "b"),
        id=[str(k) for k in range(7)],
        split=["train"] * 5 + ["test"] * 2,
        expression=[0, 1, 0, 0, -1, 1, 1],
        flag=["", "", "black", "", "", "black", ""],
    )
    found = describe(faces, tmp_path / "out")
    assert found == json.loads((tmp_path / "out" / "audit.json").read_text())
    assert found["counts"] == {"train": {"a": 3, "b": 1, "none": 1}, "test": {"a": 0, "b": 2}}
    assert found["duplicates"] == {"groups": 2, "groups_across_splits": 1}
    assert found["flags"] == {"black": 2}
    assert not (tmp_path / "out" / "contact-sheet.png").exists(), "pictures of a set whose terms do not allow it"
