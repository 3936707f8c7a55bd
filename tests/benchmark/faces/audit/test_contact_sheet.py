"""The contact sheet: rows, labels and the pixels it shows."""

import numpy as np
import pytest

from benchmark.faces.audit.contact_sheet import GAP, LABEL, contact_sheet
from benchmark.faces.faceset import write_faceset


@pytest.mark.parametrize("channels", [1, 3])
def test_every_row_shows_faces_of_its_class_alone(tmp_path, channels):
    labels = np.array([0, 1, 1, 2, 2, 2, 2, -1])
    images = np.zeros((8, 48, 48, channels), np.uint8) + (40 * (labels + 1)).astype(np.uint8)[:, None, None, None]
    faces = write_faceset(
        tmp_path / "set", images, name="t", version="1", classes=("a", "b", "c"),
        id=[str(k) for k in range(8)], split=["x"] * 8, expression=labels,
    )  # fmt: skip
    sheet = np.asarray(contact_sheet(faces, per_class=3))
    assert sheet.shape == (3 * (96 + GAP) + GAP, LABEL + 3 * (96 + GAP) + GAP, 3)
    for row, shown in enumerate((1, 2, 3)):  # class a has 1 face, b 2, c 4 of which 3 fit
        band = sheet[GAP + row * (96 + GAP) :][:96, LABEL + GAP :]
        for place in range(3):
            cell = band[:, place * (96 + GAP) :][:, :96]
            assert (cell == (40 * (row + 1) if place < shown else 255)).all()
        assert (sheet[GAP + row * (96 + GAP) :][:96, :LABEL] < 128).any(), "no label"


def test_the_seed_chooses_and_a_set_without_classes_has_one_row(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (30, 64, 64, 3), np.uint8)
    faces = write_faceset(
        tmp_path / "set", images, name="t", version="1", classes=(), id=[str(k) for k in range(30)],
        split=["x"] * 30, valence=np.zeros(30), arousal=np.zeros(30),
    )  # fmt: skip
    first, again, other = (np.asarray(contact_sheet(faces, 4, seed)) for seed in (0, 0, 1))
    assert first.shape[0] == 128 + 2 * GAP and (first == again).all() and (first != other).any()
