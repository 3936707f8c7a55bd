"""The face finder on drawn faces in scenes of any size, and on pictures without a face."""

import numpy as np
import pytest

from benchmark.photographs import finding

pytest.importorskip(finding.PACKAGE)


def near(box, left, top, side):
    """Whether a box covers a face: most of its centre, in pixels of the picture."""
    x, y = (box[0] + box[2]) / 2 - left, (box[1] + box[3]) / 2 - top
    return 0.3 * side < x < 0.7 * side and 0.3 * side < y < 0.7 * side and 0.4 < (box[3] - box[1]) / side < 1.2


@pytest.mark.parametrize("scale", [1, 4])
def test_two_faces_from_left_to_right(drawn, scene, scale):
    placed = [(drawn[0], 500 * scale, 120 * scale, 160 * scale), (drawn[1], 90 * scale, 200 * scale, 200 * scale)]
    found = finding.faces_in(scene(800 * scale, 600 * scale, placed))
    assert len(found) == 2
    assert near(found[0], *placed[1][1:]) and near(found[1], *placed[0][1:])


def test_a_face_at_the_border_stays_in_the_picture(drawn, scene):
    (box,) = finding.faces_in(scene(300, 200, [(drawn[0], 150, 40, 160)]))
    assert 0 <= box[0] < box[2] <= 300 and 0 <= box[1] < box[3] <= 200


@pytest.mark.parametrize("kind", ["smooth", "noise", "black", "stripes"])
def test_no_face(scene, kind):
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    stripes = np.where(np.arange(400)[None, :, None] // 20 % 2, 255, 0) * np.ones((300, 1, 3))
    pictures = {"smooth": scene(400, 300), "noise": noise, "black": 0 * noise, "stripes": stripes.astype(np.uint8)}
    assert finding.faces_in(pictures[kind]) == []


def test_it_is_told_when_it_is_missing(monkeypatch):
    assert finding.available()
    monkeypatch.setattr(finding, "PACKAGE", "no_such_package")
    assert not finding.available()
