"""Copies of pictures within and across the splits of a FaceSet: exact copies by SHA-256, near copies by perceptual hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, eye_array

from benchmark.faces.audit.searching import compare, hash_both, processes_for, read_all
from benchmark.faces.faceset import FaceSet
from benchmark.faces.hash_pairs import Pairs
from benchmark.faces.known_changes import calibration
from benchmark.faces.near_duplicates import (
    Threshold,
    distinct,
    in_order,
    random_distances,
    threshold_for,
)
from benchmark.files import Json

# Near copies are searched among at most this many distinct pictures. All pairs are compared twice (mirror images too), which
# takes about six minutes on one core.
NEAR_LIMIT = 400_000
SAMPLE = 1_000_000  # random pairs whose distances are shown
CALIBRATED = 300  # pictures used for `calibration`
# The distances of all pairs are counted up to this many bits, to show up to which distance there are copies.
WIDEST = 80
WIDE_LIMIT = 60_000  # with more distinct pictures, they are counted only up to the threshold, to save memory


@dataclass(frozen=True)
class NearCopies:
    """Near copies among the distinct pictures of a FaceSet, numbered as in `Copies.exact`.

    Attributes:
        pairs: pairs of distinct pictures within the threshold.
        mirrored: pairs within the threshold when the second picture is mirrored.
        threshold: the threshold for near copies.
        distances: int64 (WIDEST + 1,), number of pairs of distinct pictures at each distance.
        quantiles: of the distances of random pairs, and of random pairs with the same expression.
        calibration: result of `near_duplicates.calibration` on some pictures.
    """

    pairs: Pairs
    mirrored: Pairs
    threshold: Threshold
    distances: NDArray[np.int64]
    quantiles: Mapping[str, Mapping[str, float]]
    calibration: Mapping[str, Mapping[str, float]]

    def either(self) -> Pairs:
        """The pairs that are near or mirrored copies, each pair once, with the smaller of its two distances."""
        first, second, distance = (np.concatenate(columns) for columns in zip(self.pairs, self.mirrored, strict=True))
        order = np.lexsort((distance, second, first))
        first, second, distance = first[order], second[order], distance[order]
        new = np.ones(len(first), bool)
        new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        return Pairs(first[new], second[new], distance[new])


@dataclass(frozen=True)
class Copies:
    """Copies among the rows of a FaceSet.

    Attributes:
        exact: int64 (N,), the number of the distinct picture in each row; numbered from 0 in order of first appearance.
        first: int64 (D,), the first row of each distinct picture.
        blank: bool (N,), whether the picture in each row has the same value everywhere (in each channel).
        near: the near copies; None if they were not searched.
    """

    exact: NDArray[np.int64]
    first: NDArray[np.int64]
    blank: NDArray[np.bool_]
    near: NearCopies | None = None


def find_copies(faces: FaceSet, *, limit: int = NEAR_LIMIT, seed: int = 0) -> Copies:
    """The exact copies of a FaceSet, and the near copies. Near copies are not searched if there are more than `limit`
    distinct pictures that are not blank, or fewer than two."""
    first, exact = distinct(faces.sha256)
    empty = read_all(faces.pictures)
    number = np.flatnonzero(~empty[first])  # numbers of the distinct pictures that are not blank
    if not 2 <= len(number) <= limit:
        return Copies(exact, first, empty)
    rows, processes = first[number], processes_for(len(number))
    own, other = hash_both(faces.pictures, rows, processes)
    threshold = threshold_for(own, faces.group[rows])
    widest = max(WIDEST, threshold.bits) if len(rows) <= WIDE_LIMIT else threshold.bits
    wide, mirrored = compare(own, other, (widest, threshold.bits), faces.group[rows], processes)
    close = wide.distance <= threshold.bits
    rng = np.random.default_rng(seed)
    chosen = rng.choice(rows, size=min(CALIBRATED, len(rows)), replace=False)
    near = NearCopies(
        pairs=_numbered(Pairs(*(column[close] for column in wide)), number),
        mirrored=_numbered(mirrored, number),
        threshold=threshold,
        distances=np.bincount(wide.distance, minlength=WIDEST + 1)[: WIDEST + 1],
        quantiles=_quantiles(own, faces.expression[rows]),
        calibration=calibration(faces.pictures, chosen, threshold.bits),
    )
    return Copies(exact, first, empty, near)


def exact_account(faces: FaceSet, copies: Copies) -> dict[str, Json]:
    """The groups of exact copies in numbers.

    Returns:
        {groups: number of groups, pictures: rows in them, conflicting: groups whose members have different expressions,
        across_splits: groups in more than one split, spanning: split -> groups with members in it and in another split,
        largest: rows of the largest group}.
    """
    return _groups(faces, copies.exact)


def near_account(faces: FaceSet, copies: Copies) -> dict[str, Json] | None:
    """The near copies that are not exact copies, in numbers; None if they were not searched.

    Returns:
        {threshold: in bits, expected_false_pairs, pairs, mirrored_pairs, conflicting_pairs: pairs of either kind with
        different expressions, groups: as `exact_account`, for groups of near, mirrored and exact copies together,
        distances: bits -> number of pairs, unrelated: quantiles of random pairs, calibration}.
    """
    near = copies.near
    if near is None:
        return None
    label = faces.expression[copies.first]
    pairs = near.either()
    differ = (label[pairs.first] != label[pairs.second]) & (label[pairs.first] >= 0) & (label[pairs.second] >= 0)
    counted = {str(bits): int(n) for bits, n in enumerate(near.distances) if n}
    return {
        "threshold": near.threshold.bits,
        "expected_false_pairs": _rounded(near.threshold.expected_false),
        "pairs": len(near.pairs.first),
        "mirrored_pairs": len(near.mirrored.first),
        "conflicting_pairs": int(differ.sum()),
        "groups": _groups(faces, _near_groups(copies, pairs)),
        "distances": counted,
        "unrelated": near.quantiles,
        "calibration": near.calibration,
    }


def leaks(faces: FaceSet, copies: Copies) -> dict[str, dict[str, dict[str, list[str]]]]:
    """The pictures of a split that have a copy in another split.

    Only pairs within the threshold count as near copies, not two pictures that are connected through a third one.

    Returns:
        split -> other split -> {"exact": ids in the split with an exact copy in the other split, "near": further ids in the
        split with a near or mirrored copy in the other}. Pairs of splits without copies are left out.
    """
    n = len(copies.first)
    splits = list(dict.fromkeys(faces.split.tolist()))
    link = eye_array(n, dtype=np.int32, format="csr")
    if copies.near is not None:
        pairs = copies.near.either()
        link = link + coo_array((np.ones(len(pairs.first), np.int32), (pairs.first, pairs.second)), shape=(n, n)).tocsr()
        link = link + link.T
    there = {split: np.isin(np.arange(n), copies.exact[faces.split == split]) for split in splits}
    out: dict[str, dict[str, dict[str, list[str]]]] = {}
    for split, other in permutations(splits, 2):
        own = faces.split == split
        exact = own & there[other][copies.exact]
        close = own & (link @ there[other].astype(np.int32) > 0)[copies.exact] & ~exact
        if exact.any() or close.any():
            found = {"exact": faces.id[exact].tolist(), "near": faces.id[close].tolist()}
            out.setdefault(split, {})[other] = found
    return out


def worst_pairs(faces: FaceSet, copies: Copies, most: int = 30) -> list[tuple[int, int, int]]:
    """Near copies in two different splits: (row, row, bits that differ). Pairs with different labels come first; within each
    kind, the smallest distance comes first. At most `most` pairs."""
    if copies.near is None:
        return []
    pairs, found = copies.near.pairs, []
    members: dict[int, list[int]] = {}
    concerned = set(np.concatenate([pairs.first, pairs.second]).tolist())
    for row, number in enumerate(copies.exact.tolist()):
        if number in concerned:
            members.setdefault(number, []).append(row)
    for first, second, distance in zip(*(column.tolist() for column in pairs), strict=True):
        for a in members[first]:
            b = next((b for b in members[second] if faces.split[b] != faces.split[a]), None)
            if b is not None:
                found.append((bool(faces.expression[a] == faces.expression[b]), distance, a, b))
                break
    return [(a, b, distance) for _, distance, a, b in sorted(found)[:most]]


def _groups(faces: FaceSet, group: np.ndarray) -> dict[str, Json]:
    size = np.bincount(group)
    several = size > 1
    splits = list(dict.fromkeys(faces.split.tolist()))
    presence = {split: np.isin(np.arange(len(size)), group[faces.split == split]) for split in splits}
    number = sum(presence.values()) if presence else np.zeros(0, int)
    lowest, highest = np.full(len(size), np.iinfo(np.int64).max), np.full(len(size), -1)
    known = faces.expression >= 0
    np.minimum.at(lowest, group[known], faces.expression[known])
    np.maximum.at(highest, group[known], faces.expression[known])
    return {
        "groups": int(several.sum()),
        "pictures": int(size[several].sum()),
        "conflicting": int(np.sum(several & (lowest < highest))),
        "across_splits": int(np.sum(number > 1)),
        "spanning": {split: int(np.sum(there & (number > 1))) for split, there in presence.items()},
        "largest": int(size.max(initial=0)),
    }


def _near_groups(copies: Copies, pairs: Pairs) -> np.ndarray:
    from scipy.sparse.csgraph import connected_components

    n = len(copies.first)
    ends = coo_array((np.ones(len(pairs.first), bool), (pairs.first, pairs.second)), shape=(n, n))
    return in_order(connected_components(ends, directed=False)[1].astype(np.int64)[copies.exact])


def _numbered(pairs: Pairs, number: np.ndarray) -> Pairs:
    return Pairs(number[pairs.first], number[pairs.second], pairs.distance)


def _quantiles(own: np.ndarray, expression: np.ndarray) -> dict[str, dict[str, float]]:
    """Quantiles of the distances of random pairs, and of random pairs with the same expression. Apart from a few copies,
    these are pairs known to be unrelated."""
    samples = {"any two": random_distances(own, sample=SAMPLE)}
    same = [random_distances(own[expression == k], sample=SAMPLE, seed=k) for k in range(expression.max(initial=-1) + 1)]
    if sum(map(len, same)):
        samples["one class"] = np.concatenate(same)
    levels = {"q0.0001": 1e-4, "q0.001": 1e-3, "median": 0.5}
    return {
        name: {key: float(np.quantile(each, level)) for key, level in levels.items()}
        for name, each in samples.items()
        if len(each)
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
