"""AffectNet's splits belong to their faces, also where pictures before them can not be read."""

import hashlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.faces.readers.affectnet import reader as affectnet


@pytest.fixture(scope="module")
def faces():
    return layouts.some_faces(200, 150, drawn=True)


def reference(id):
    """The rule of the page, for a set without copies: the first 64 bits of the SHA-256, as a fraction, below 0.05."""
    if id.startswith("val_set/"):
        return "test"
    return "validation" if int(hashlib.sha256(id.encode()).hexdigest()[:16], 16) / 2**64 < 0.05 else "train"


@pytest.mark.parametrize("broken", [[0], [0, 1, 77], [149], [0, 149, 150], []], ids=str)
def test_splits_after_unreadable_pictures(tmp_path, faces, broken):
    """Faces are sorted by part and number, so that a shifted split would be another face's."""
    folder = layouts.write_named(tmp_path / "raw" / "affectnet", faces)
    lost = set()
    for row in broken:
        part, number = ("train_set", row) if row < faces.training else ("val_set", row - faces.training)
        (picture,) = (folder / part / "images").glob(f"{number:07d}s*.png")
        picture.write_bytes(b"no picture")
        lost.add(f"{part}/{number:07d}")
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=8, processes=1, allow_unreadable=0.1)
    every = [f"{part}_set/{number:07d}" for part, number, _ in faces.parts()]
    wanted = {id: reference(id) for id in every if id not in lost}
    assert dict(zip(found.id.tolist(), found.split.tolist(), strict=True)) == wanted
    assert set(wanted.values()) == {"train", "validation", "test"}
