"""Near-duplicate pairs, groups and thresholds against plain counting, imagehash's own distance and scipy's binomial."""

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.stats import binom

from benchmark.faces import hash_pairs, near_duplicates
from benchmark.faces.hash_pairs import pair_blocks, words
from benchmark.faces.known_changes import CHANGES, calibration
from benchmark.faces.near_duplicates import (
    BITS,
    blank,
    hashes,
    near_groups,
    near_pairs,
    picture,
    threshold_for,
)


def photographs(n: int, side: int = 64, seed: int = 0) -> np.ndarray:
    """Smooth random grey pictures with structure at several scales, uint8 (n, side, side, 1)."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        pixels = np.zeros((side, side))
        for radius in (1, 2, 4):
            noise = Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8))
            layer = np.asarray(noise.filter(ImageFilter.GaussianBlur(radius)), float)
            pixels += radius * (layer - layer.mean()) / layer.std()
        out.append((110 + 14 * pixels).clip(0, 255))
    return np.array(out, np.uint8)[..., None]


def changed(image: np.ndarray, change: str) -> np.ndarray:
    return np.asarray(CHANGES[change](picture(image)))[..., None]


@pytest.mark.parametrize("rows, columns", [(7, 5), (32, 4096), (1, 1)])
def test_pairs_are_those_of_imagehash(monkeypatch, rows, columns):
    monkeypatch.setattr(hash_pairs, "ROWS", rows)
    monkeypatch.setattr(hash_pairs, "COLUMNS", columns)
    images = photographs(40)
    images[30:] = [changed(image, "cropped by 2/48 on every side") for image in images[:10]]
    own = [imagehash.phash(Image.fromarray(image[..., 0]), hash_size=16) for image in images]
    expected = {(i, j): own[i] - own[j] for i in range(40) for j in range(i + 1, 40)}
    for threshold in (0, 90, 110):
        found = near_pairs(hashes(images), threshold)
        pairs = dict(
            zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.distance.tolist(), strict=True)
        )
        assert pairs == {pair: distance for pair, distance in expected.items() if distance <= threshold}
    assert len(pairs) >= 10


def test_every_distance_from_none_to_all_bits():
    """A hash, then one that differs from it in the first k bits for each k: 256 different bits are not 0."""
    own = np.tri(BITS + 1, BITS, -1, dtype=bool)
    for threshold in (0, 1, 63, 64, 128, 255, 256):
        found = [pair for block in pair_blocks(words(own), threshold) for pair in zip(*map(list, block), strict=True)]
        expected = [(i, j, j - i) for i in range(BITS + 1) for j in range(i + 1, BITS + 1) if j - i <= threshold]
        assert sorted(found) == expected


def test_pairs_by_parts_of_the_first_rows_and_with_other_hashes():
    rng = np.random.default_rng(1)
    own, other = rng.integers(0, 2, (2, 70, BITS)).astype(bool)
    other[50:] = own[:20] ^ (rng.random((20, BITS)) < 0.1)
    expected = {(i, j): np.sum(own[i] != other[j]) for i in range(70) for j in range(i + 1, 70)}
    expected = {pair: distance for pair, distance in expected.items() if distance <= 50}
    parts = [range(33), range(33, 34), range(34, 70)]
    blocks = [block for part in parts for block in pair_blocks(words(own), 50, words(other), part)]
    found = {(i, j): d for block in blocks for i, j, d in zip(*map(list, block), strict=True)}
    assert found == expected and len(found) == 20


@pytest.mark.parametrize("edges", [1, 10**6])
def test_groups(monkeypatch, edges):
    monkeypatch.setattr(near_duplicates, "_EDGES", edges)
    base = photographs(30)
    rows = [*base]
    rows += [changed(base[3], "JPEG, quality 30"), changed(base[3], "grey levels x 1.2 + 12")]  # 30, 31
    rows += [base[7], base[8][:, ::-1]]  # 32 an exact copy, 33 a mirror image
    rows += [np.full_like(base[0], 9), np.full_like(base[0], 9), np.zeros_like(base[0])]  # 34, 35 copies, 36 alone
    rows += [changed(base[3], "cropped by 1/48 on every side")]  # 37
    images = np.array(rows)
    names = np.array([image.tobytes().hex() for image in images])
    joined = [{3, 30, 31, 37}, {7, 32}, {34, 35}]
    for mirrors in (False, True):
        group = near_groups(images, names, threshold=60, mirrors=mirrors)
        several = [set(np.flatnonzero(group == g).tolist()) for g in np.unique(group) if np.sum(group == g) > 1]
        assert several == joined + [{8, 33}] * mirrors or several == [joined[0], joined[1], {8, 33}, joined[2]]
        assert mirrors == ({8, 33} in several)
        first_seen = list(dict.fromkeys(group.tolist()))
        assert first_seen == list(range(len(first_seen)))
    without_digests = near_groups(images, threshold=60)
    assert without_digests[32] == without_digests[7], "an exact copy is a near one too"


def test_chain_is_one_group():
    base = photographs(25)
    a, b, c = base[0], np.roll(base[0], 1, axis=1), np.roll(base[0], 2, axis=1)
    images = np.array([a, c, b, *base[1:]])
    own = hashes(images)
    near, far = np.sum(own[0] != own[2]), np.sum(own[0] != own[1])
    threshold = int(max(near, np.sum(own[1] != own[2])))
    assert threshold < far
    group = near_groups(images, threshold=threshold)
    assert group[0] == group[1] == group[2]
    assert len(set(group.tolist())) == 25


def test_blank():
    images = np.zeros((4, 5, 5, 3), np.uint8)
    images[1] = (1, 2, 3)  # one colour
    images[2, 4, 4, 2] = 1
    images[3] = 255
    assert blank(images).tolist() == [True, True, False, True]
    assert blank(images, [2, 0]).tolist() == [False, True]


def test_threshold_is_on_the_safe_side_of_the_binomial():
    """Bits that are independent coins: the distance of unrelated pictures is binomial, so the right answer is known."""
    n = 3000
    own = np.random.default_rng(3).integers(0, 2, (n, BITS)).astype(bool)
    pairs = n * (n - 1) / 2
    levels = np.arange(BITS + 1)
    allowed = int(levels[pairs * binom.cdf(levels, BITS, 0.5) <= n / 1000].max())
    found = threshold_for(own, largest=BITS)
    assert allowed - 8 <= found.bits <= allowed
    assert pairs * binom.cdf(found.bits, BITS, 0.5) <= found.expected_false <= n / 1000
    assert threshold_for(own, largest=60).bits == 60


def test_threshold_leaves_pairs_of_one_group_out():
    """Groups of ten near copies: without the groups, their pairs pass for unrelated ones and the threshold shrinks."""
    rng = np.random.default_rng(4)
    people = rng.integers(0, 2, (300, BITS)).astype(bool)
    own = np.repeat(people, 10, axis=0) ^ (rng.random((3000, BITS)) < 0.05)
    group = np.repeat(np.arange(300).astype(str), 10)
    assert threshold_for(own, group).bits == 60
    assert threshold_for(own).bits < 30


def test_small_sets_take_the_careful_threshold():
    assert threshold_for(hashes(photographs(20))) == (24, None)
    assert threshold_for(np.zeros((0, BITS), bool)) == (24, None)
    assert len(near_groups(photographs(0).reshape(0, 8, 8, 1))) == 0


def test_calibration_finds_mild_changes_and_no_others():
    found = calibration(photographs(25), range(25), 60)
    assert found["JPEG, quality 75"]["found"] == 1
    assert found["JPEG, quality 75"]["median"] <= found["JPEG, quality 30"]["median"] < 60
    assert found["shifted by 2/48 down and right"]["found"] < 1
    for values in found.values():
        assert 0 <= values["median"] <= values["q95"] <= BITS
