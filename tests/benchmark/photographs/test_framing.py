"""When faces are looked for, when a picture is taken as given, and what of a picture a network sees."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.photographs import finding
from benchmark.photographs.framing import cut_of, framed
from benchmark.photographs.reading import Picture


def picture(width, height):
    return Picture("p", np.zeros((height, width, 3), np.uint8))


@pytest.fixture
def finds(monkeypatch):
    """A function (boxes or None) that replaces the face finder; None: it is not installed."""

    def replace(boxes):
        looked = []
        monkeypatch.setattr(finding, "available", lambda: boxes is not None)
        monkeypatch.setattr(finding, "faces_in", lambda pixels: looked.append(pixels.shape) or boxes)
        return looked

    return replace


BOX = (40, 50, 100, 120)


@pytest.mark.parametrize(
    "size, boxes, crop, taken, looked, said",
    [
        ((48, 48), [BOX], "auto", "as given", 0, "taken as given: a face crop by its size, 48 x 48"),
        ((128, 103), [BOX], "auto", "as given", 0, "a face crop by its size, 128 x 103"),
        ((100, 80), [BOX], "auto", "as given", 0, "a face crop by its size, 100 x 80"),
        ((128, 102), [BOX], "auto", "faces found", 1, "1 face found"),
        ((129, 129), [BOX], "auto", "faces found", 1, "1 face found"),
        ((256, 256), [], "auto", "as given", 1, "no face was found in it, and it is small and about square, 256 x 256"),
        ((257, 257), [], "auto", "no face", 1, r"no face found; no answer \(--crop none takes"),
        ((256, 200), [], "auto", "no face", 1, "no face found"),
        ((640, 480), [BOX, BOX], "auto", "faces found", 1, "2 faces found, left to right"),
        ((640, 480), [BOX], "none", "as given", 0, "^taken as given, made square by stretching: as asked$"),
        ((500, 480), [BOX], "none", "as given", 0, "taken as given: as asked$"),
        ((500, 480), None, "auto", "as given", 0, "^taken as given: the face finder is not installed"),
        (
            (640, 480),
            None,
            "auto",
            "as given",
            0,
            r"^taken as given, made square by stretching: the face finder is not installed; "
            r"pip install 'ferbench\[predict\]' finds faces$",
        ),
    ],
)
def test_what_is_looked_at(finds, size, boxes, crop, taken, looked, said):
    looks = finds(boxes)
    found = framed(picture(*size), crop)
    assert found.taken == taken and len(looks) == looked
    assert re.search(said, found.said)
    if taken == "as given":
        assert [(face.box, face.cut) for face in found.faces] == [(None, (0, 0, *size))]
    else:
        assert [face.box for face in found.faces] == boxes


def test_the_cut_around_a_box_by_hand():
    """A box of 100 by 80 around (150, 140): 105 pixels, two hundredths of its height lower."""
    assert cut_of((100, 100, 200, 180), 400, 400) == (98, 89, 203, 194)
    assert cut_of((0, 0, 100, 100), 400, 400) == (0, 0, 105, 105)  # moved into the picture
    assert cut_of((300, 300, 400, 400), 400, 400) == (295, 295, 400, 400)
    assert cut_of((10, 0, 190, 60), 200, 60) == (70, 0, 130, 60)  # and made smaller


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.data())
def test_every_cut_is_a_square_in_the_picture(data):
    width, height = (data.draw(st.integers(16, 500)) for _ in "wh")
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    x1, y1, x2, y2 = cut_of((left, top, right, bottom), width, height)
    assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height and x2 - x1 == y2 - y1


def test_what_a_network_sees(finds):
    finds([BOX])
    pixels = np.arange(300 * 200 * 3).reshape(200, 300, 3).astype(np.uint8)
    (face,) = framed(Picture("p", pixels)).faces
    left, top, right, bottom = face.cut
    np.testing.assert_array_equal(face.of(pixels), pixels[top:bottom, left:right])
    assert right - left == round(1.05 * 70)
