"""The search for near copies in one process and in several, against comparing all pairs plainly."""

import itertools

import numpy as np
import pytest

from benchmark.faces.audit import searching
from benchmark.faces.near_duplicates import hashes
from tests.benchmark.faces.test_near_duplicates import photographs


def test_blank_pictures_are_found_in_every_part(monkeypatch):
    monkeypatch.setattr(searching, "PICTURES", 3)
    images = photographs(8, side=16)
    images[0], images[4], images[7] = 9, 0, 255
    assert np.flatnonzero(searching.read_all(images)).tolist() == [0, 4, 7]


@pytest.mark.parametrize("processes", [1, 2])
def test_hashes_are_those_of_each_picture_and_of_its_mirror_image(monkeypatch, processes):
    monkeypatch.setattr(searching, "PICTURES", 7)
    images, rows = photographs(40, side=32), np.array([3, 39, *range(10, 30)])
    own, mirrored = searching.hash_both(images, rows, processes)
    np.testing.assert_array_equal(own, hashes(images[rows]))
    np.testing.assert_array_equal(mirrored, hashes(images[rows][:, :, ::-1]))
    assert (own != mirrored).any()


@pytest.mark.parametrize("processes, rows", [(1, 1024), (1, 9), (2, 9)])
def test_all_pairs_within_the_bits_and_not_within_a_group(monkeypatch, processes, rows):
    monkeypatch.setattr(searching, "ROWS", rows)
    rng = np.random.default_rng(2)
    own, mirrored = rng.integers(0, 2, (2, 60, 256)).astype(bool)
    own[40:] = own[:20] ^ (rng.random((20, 256)) < 0.12)
    mirrored[30:40] = own[10:20] ^ (rng.random((10, 256)) < 0.1)
    group = np.where(np.arange(60) % 40 < 5, "one", np.where(np.arange(60) % 2, "", "two"))
    found = searching.compare(own, mirrored, (45, 30), group, processes)
    for pairs, other, bits in zip(found, (own, mirrored), (45, 30), strict=True):
        expected = [
            (i, j, int(np.sum(own[i] != other[j])))
            for i, j in itertools.combinations(range(60), 2)
            if np.sum(own[i] != other[j]) <= bits and (group[i] != group[j] or group[i] == "")
        ]
        assert [*zip(*(column.tolist() for column in pairs), strict=True)] == expected
        assert len(expected) >= 3


def test_few_pictures_take_no_workers(monkeypatch):
    monkeypatch.setattr(searching.os, "cpu_count", lambda: 9)
    assert [searching.processes_for(n) for n in (2, searching.ALONE, searching.ALONE + 1)] == [1, 1, 9]
