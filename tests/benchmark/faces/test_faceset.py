"""FaceSet: written whole, read back equal, refused when damaged."""

import hashlib
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import BadInput, SystemSaysNo
from benchmark.faces.faceset import open_faceset, write_faceset

N = 6


def write(directory, **changes):
    rng = np.random.default_rng(0)
    columns = {
        "name": "small",
        "version": "1.0",
        "classes": ("a", "b"),
        "id": [f"face, {k}" for k in range(N)],  # a comma, to be quoted
        "split": ["train"] * 4 + ["test"] * 2,
        "expression": [0, 1, 1, -1, 0, 1],
        "valence": [0.1, -1, 1, 0.25, np.nan, 0.3333333],
        "votes": np.arange(2 * N).reshape(N, 2),
        "vote_columns": ("a", "b"),
        "flag": ["", "black", "", "", "", ""],
    }
    return write_faceset(directory, rng.integers(0, 256, (N, 4, 5, 1), dtype=np.uint8), **(columns | changes))


def test_round_trip_against_pandas(tmp_path):
    faces = write(tmp_path / "small")
    again = open_faceset(tmp_path / "small", verify=True)
    table = pd.read_csv(tmp_path / "small" / "faces.csv")
    images = np.load(tmp_path / "small" / "images.npy")
    assert table["id"].tolist() == again.id.tolist() == faces.id.tolist()
    np.testing.assert_array_equal(table["expression"].fillna(-1), again.expression)
    np.testing.assert_allclose(table["valence"], again.valence, atol=1e-6)
    assert np.isnan(again.arousal).all() and again.votes.tolist() == np.arange(12).reshape(6, 2).tolist()
    assert table["sha256"].tolist() == [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    assert again.fingerprint == hashlib.sha256((tmp_path / "small" / "faces.csv").read_bytes()).hexdigest()
    assert again.meta["counts"] == {"train": {"a": 1, "b": 2, "none": 1}, "test": {"a": 1, "b": 1}}
    assert again.rows("test").tolist() == [4, 5]
    np.testing.assert_array_equal(again.pictures, images)
    np.testing.assert_array_equal(again.pictures[3], images[3])
    np.testing.assert_array_equal(again.pictures[again.split == "test"], images[4:])
    with pytest.raises(IndexError):
        again.pictures[6]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"id": ["x"] * N}, "id x: found 6 times"),
        ({"expression": [0, 1, 2, 0, 0, 0]}, "labels 0..2; expected -1..1"),
        ({"valence": [0, 0, 1.01, 0, 0, 0]}, "valence of face, 2"),
        ({"split": ["train"]}, r"column split: found shape \(1,\)"),
        ({"vote_columns": ("a", "b", "c")}, "votes"),
    ],
)
def test_bad_columns_write_nothing(tmp_path, changes, message):
    with pytest.raises(BadInput, match=message):
        write(tmp_path / "small", **changes)
    assert list(tmp_path.iterdir()) == []


def test_replaces_whole(tmp_path):
    write(tmp_path / "small")
    assert write(tmp_path / "small", version="1.1").meta["version"] == "1.1"
    assert [p.name for p in tmp_path.iterdir()] == ["small"]


def test_damage_is_named(tmp_path):
    write(tmp_path / "small")
    table = tmp_path / "small" / "faces.csv"
    table.write_text(table.read_text().replace("train", "trial", 1))
    with pytest.raises(BadInput, match="faces.csv: found SHA-256"):
        open_faceset(tmp_path / "small")


def test_other_pixels_are_found(tmp_path):
    write(tmp_path / "small")
    images = np.load(tmp_path / "small" / "images.npy")
    images[3] ^= 1
    np.save(tmp_path / "small" / "images.npy", images)
    open_faceset(tmp_path / "small")
    with pytest.raises(BadInput, match="row 3 .face, 3.: found other pixels"):
        open_faceset(tmp_path / "small", verify=True)


def test_pickled_pictures_are_refused(tmp_path):
    write(tmp_path / "small")
    np.save(tmp_path / "small" / "images.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match=r"images.npy: found object \(1,\)"):
        open_faceset(tmp_path / "small")


def test_missing_and_old(tmp_path):
    with pytest.raises(BadInput, match="no meta.json"):
        open_faceset(tmp_path)
    write(tmp_path / "small")
    meta = json.loads((tmp_path / "small" / "meta.json").read_text())
    (tmp_path / "small" / "meta.json").write_text(json.dumps(meta | {"format": 0}))
    with pytest.raises(BadInput, match="format 0"):
        open_faceset(tmp_path / "small")
    with pytest.raises(BadInput, match="no row of split 'dev'"):
        write(tmp_path / "small").rows("dev")


def test_whoever_writes_a_faceset_too_little_room_is_said_before(tmp_path, monkeypatch):
    """Not only those readers that ask before they decode."""
    from benchmark.room import SPARE

    pictures, free = np.zeros((3, 5, 4, 3), np.uint8), SPARE + 3 * 5 * 4 * 3
    write = {"name": "x", "version": "1", "classes": (), "id": ["a", "b", "c"], "split": ["s"] * 3}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free - 1))
    with pytest.raises(SystemSaysNo, match="too little for 3 pictures of 5 x 4"):
        write_faceset(tmp_path / "set", pictures, **write)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    assert len(write_faceset(tmp_path / "set", pictures, **write)) == 3
