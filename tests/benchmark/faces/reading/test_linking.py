"""A pointer to a folder: what of the folder it holds to."""

import hashlib

import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading.linking import listing, resolve, write_pointer


@pytest.fixture
def folder(tmp_path):
    for name in ("sad/1.png", "happy/2.png"):
        file = tmp_path / "mine" / "train" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(b"pixels")
    return tmp_path / "mine"


def test_the_digest_is_that_of_the_paths_and_sizes(folder):
    text = "train/happy/2.png\t6\ntrain/sad/1.png\t6\n"
    assert listing(folder) == {"files": 2, "bytes": 12, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def test_a_picture_moved_to_another_class_is_refused(folder, tmp_path):
    write_pointer(tmp_path / "raw", folder)
    assert resolve(tmp_path / "raw") == folder
    (folder / "train/sad/1.png").rename(folder / "train/happy/1.png")
    with pytest.raises(BadInput, match="mine: found 2 files of 12 bytes; expected 2 files of 12 bytes under the names"):
        resolve(tmp_path / "raw")
