"""Corruptions against references written plainly and properties that they must have."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.measures.robustness.corruptions import CORRUPTIONS, SEVERITIES, corrupt, parameters

SIDE = 32


@pytest.fixture(scope="module")
def images():
    """Eight pictures of smooth blobs with some texture, uint8 (8, 3, 32, 32)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = [[np.sin(6 * (a * x + b * y) + c) for a, b, c in rng.uniform(-2, 2, (3, 3))] for _ in range(8)]
    return (120 + 60 * np.array(waves) + rng.normal(0, 8, (8, 3, SIDE, SIDE))).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def ids():
    return [f"face{row}" for row in range(8)]


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_severity_0_changes_nothing_and_each_further_one_more(images, ids, name, channels):
    images = images[:, :channels]
    assert np.array_equal(corrupt(images, ids, name, 0), images)
    errors = []
    for severity in SEVERITIES:
        made = corrupt(images, ids, name, severity)
        assert made.dtype == np.uint8 and made.shape == images.shape
        errors.append(np.abs(made.astype(float) - images).mean())
    assert errors[0] > 0 and errors == sorted(errors)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_face_is_corrupted_alike_in_any_company(images, ids, name):
    together = corrupt(images, ids, name, 3)
    alone = [corrupt(images[[row]], [ids[row]], name, 3)[0] for row in (5, 2)]
    assert np.array_equal(together[[5, 2]], alone)
    if name in ("gaussian-noise", "occlusion"):  # drawn by the id
        assert not np.array_equal(corrupt(images, ids[::-1], name, 3), together)


def test_the_input_is_left_as_it_was(images, ids):
    before = images.copy()
    for name in CORRUPTIONS:
        corrupt(images, ids, name, 5)
    assert np.array_equal(images, before)


def test_blur_against_a_convolution_written_out(images, ids):
    deviation = parameters()["gaussian-blur"][4] * SIDE
    reach = int(4 * deviation + 0.5)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * deviation**2))
    kernel /= kernel.sum()
    padded = np.pad(images[0, 0].astype(float), reach, mode="symmetric")
    rows = np.apply_along_axis(np.convolve, 0, padded, kernel, "valid")
    both = np.apply_along_axis(np.convolve, 1, rows, kernel, "valid")
    assert np.abs(corrupt(images, ids, "gaussian-blur", 5)[0, 0] - both).max() <= 0.51  # rounding


def test_noise_has_its_deviation_and_mean():
    grey = np.full((40, 1, SIDE, SIDE), 128, np.uint8)
    made = corrupt(grey, [str(i) for i in range(40)], "gaussian-noise", 2) / 255
    assert made.std() == pytest.approx(parameters()["gaussian-noise"][1], rel=0.02)
    assert made.mean() == pytest.approx(128 / 255, abs=0.002)


def test_brightness_and_contrast_by_hand():
    images = np.array([0, 100, 200, 250], np.uint8).reshape(1, 1, 2, 2)
    added, kept = parameters()["brightness"][0], parameters()["contrast"][1]
    assert (added, kept) == (0.1, 0.5)
    assert corrupt(images, ["a"], "brightness", 1).ravel().tolist() == [26, 126, 226, 255]  # 25.5 and 225.5 to even
    assert corrupt(images, ["a"], "contrast", 2).ravel().tolist() == [69, 119, 169, 194]  # towards 137.5, halves to even


def test_jpeg_is_what_a_file_of_that_quality_gives(images, ids):
    buffer = io.BytesIO()
    Image.fromarray(images[3].transpose(1, 2, 0)).save(buffer, "JPEG", quality=parameters()["jpeg"][2], subsampling=2)
    expected = np.asarray(Image.open(io.BytesIO(buffer.getvalue()))).transpose(2, 0, 1)
    assert np.array_equal(corrupt(images, ids, "jpeg", 3)[3], expected)


def test_low_resolution_leaves_a_flat_picture_and_kills_a_chequerboard(ids):
    flat = np.full((1, 1, SIDE, SIDE), 77, np.uint8)
    assert np.array_equal(corrupt(flat, ids[:1], "low-resolution", 5), flat)
    board = np.uint8(255 * (np.indices((SIDE, SIDE)).sum(0) % 2))[None, None]
    assert corrupt(board, ids[:1], "low-resolution", 5).std() < 0.1 * board.std()


def test_occlusion_covers_a_square_of_its_size(ids):
    white = np.full((200, 1, 100, 100), 255, np.uint8)
    for severity, share in zip(SEVERITIES, parameters()["occlusion"], strict=True):
        covered = corrupt(white, [f"w{i}" for i in range(200)], "occlusion", severity) != 255
        heights = covered.any(axis=3).sum(axis=(1, 2))
        assert heights.max() == pytest.approx(100 * share, abs=1)  # of those that the edge does not cut
        # A centre anywhere in the side s: the mean covered length is l - l^2 / 4s.
        assert heights.mean() == pytest.approx(100 * share * (1 - share / 4), rel=0.08)


def test_unknown_names_are_refused(images, ids):
    with pytest.raises(BadInput, match="one of gaussian-blur"):
        corrupt(images, ids, "fog", 1)
    with pytest.raises(BadInput, match="0 to 5"):
        corrupt(images, ids, "jpeg", 6)
