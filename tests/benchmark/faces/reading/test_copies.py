"""Validation parts that are held out by groups of exact copies."""

import hashlib

import numpy as np

from benchmark.faces.reading.copies import expected_parts, hold_out


def position(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) / 16**16


def test_a_face_without_a_copy_is_decided_by_its_own_id():
    ids = [f"{k}.jpg" for k in range(2000)]
    held = hold_out(ids, [f"d{k}" for k in range(2000)], 0.1)
    assert held.tolist() == [position(id) < 0.1 for id in ids]
    assert 150 < held.sum() < 250


def test_copies_stay_together_and_follow_the_smallest_id():
    ids = [f"{k:04d}" for k in range(3000)]
    digest = [f"d{k % 1000}" for k in range(3000)]  # three copies of each
    held = hold_out(ids, digest, 0.3)
    assert np.array_equal(held[:1000], held[1000:2000])
    assert np.array_equal(held[:1000], held[2000:])
    assert held[:1000].tolist() == [position(id) < 0.3 for id in ids[:1000]]
    order = np.random.default_rng(0).permutation(3000)
    assert np.array_equal(hold_out([ids[k] for k in order], [digest[k] for k in order], 0.3), held[order])


def test_a_salt_makes_another_choice():
    ids = [str(k) for k in range(1000)]
    assert hold_out(ids, ids, 0.5, "a ").tolist() == [position(f"a {id}") < 0.5 for id in ids]


def test_known_counts_are_divided_as_the_held_out_part_is():
    whole = {"happy": 10, "sad": 4, "fear": 1}
    assert expected_parts(whole, {"happy": 3, "sad": 4, "calm": 9}) == (
        {"happy": 7, "sad": 0, "fear": 1},
        {"happy": 3, "sad": 4, "fear": 0},
    )
