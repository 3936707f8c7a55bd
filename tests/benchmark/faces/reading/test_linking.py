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


@pytest.mark.parametrize(
    "present, found, what",
    [
        (["fer2013new.csv"], "fer2013new.csv", "{raw}/fer2013new.csv"),
        (["a.csv", "b.csv", "c.csv", "d.csv"], "a.csv, b.csv, c.csv", "what is in {raw}"),
    ],
)
def test_what_is_to_be_removed_is_said(folder, tmp_path, present, found, what):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in present:
        (raw / name).write_text("x")
    with pytest.raises(BadInput) as error:
        write_pointer(raw, folder)
    expected = f"nothing, or a source.yaml; to read {folder} in its place, remove {what.format(raw=raw)} first"
    assert str(error.value) == f"{raw}: found {found}; expected {expected}"
    for name in present:
        (raw / name).unlink()
    assert resolve(write_pointer(raw, folder).parent) == folder


def test_nothing_is_to_be_removed_behind_a_link(folder, tmp_path):
    (tmp_path / "raw").symlink_to(folder)
    for place in (tmp_path / "raw", folder):
        with pytest.raises(BadInput) as error:
            write_pointer(place, folder)
        expected = "no such folder, or one with a source.yaml"
        assert str(error.value) == f"{place}: found a link or the folder itself; expected {expected}"
