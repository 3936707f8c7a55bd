"""Splits that a reader makes itself, so that exact copies of a picture are never on both sides."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmark.faces.faceset import Texts


def hold_out(id: Texts, digest: Texts, share: float, salt: str = "") -> NDArray[np.bool_]:
    """Which faces of a training part are held out for validation: bool (N,).

    Faces with equal digests are copies and decided together, by the SHA-256 of `salt` and the smallest id among them. So a
    face without a copy is decided by its own id alone, and a subset of the data has the same split wherever the copies that
    decide are in it. Nothing is random.

    Args:
        id: str (N,), unique.
        digest: str (N,), digests of the prepared pictures.
        share: expected fraction held out, 0..1.
        salt: text in front of the id, for a split that differs from another one's.
    """
    ids = [str(each) for each in id]
    keys = [str(each) for each in digest]
    leader: dict[str, str] = {}
    for name, key in zip(ids, keys, strict=True):
        leader[key] = min(name, leader.get(key, name))
    return np.array([_position(salt + leader[key]) < share for key in keys], dtype=bool)


def expected_parts(known: Mapping[str, int], held: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """(counts that the rest of a training part must have, counts of the held-out part), both by class: of the `known` counts
    of the whole part and those that the FaceSet has of the `held` one. How many are held out depends on the copies."""
    part = {name: held.get(name, 0) for name in known}
    return {name: number - part[name] for name, number in known.items()}, part


def _position(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
