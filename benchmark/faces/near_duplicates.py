"""Near-duplicate pictures within a FaceSet: the same photograph saved again, rescaled, cropped by a pixel, or mirrored.

Pictures are compared by the perceptual hash of imagehash with 16 x 16 bits (`imagehash.phash(hash_size=16)`: for each low
frequency of a cosine transform, whether it is above their median). Its default of 8 x 8 bits can not tell aligned faces
apart. Two pictures are near duplicates if at most t of the 256 bits differ, where t is given by `threshold_for`. It is
`LARGEST`, or less if the unrelated pictures of the data set are so similar, or so many, that more than one picture in 1000
would be paired falsely. docs/audit.md has the figures behind this; `benchmark.faces.known_changes` measures them on any
data set.
"""

from collections.abc import Sequence
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmark.array_file import Pictures
from benchmark.faces.hash_pairs import Pairs, pair_blocks, words

SIDE = 16
BITS = SIDE * SIDE
LARGEST = 60  # in FER2013, changed copies differ by fewer bits than this, unrelated pictures by more (docs/audit.md)
UNCALIBRATED = 24  # threshold for data sets too small to estimate one: finds copies that were only saved again or brightened
FALSE_SHARE = 1e-3  # largest expected number of false pairs, as a fraction of the number of pictures
_SAMPLE = 4_000_000  # random pairs from which a threshold is estimated
_TAIL = (1e-4, 1e-3)  # quantiles of their distances; the slope of the tail is estimated between these two
_READ = 256  # pictures read at a time
_EDGES = 2_000_000  # pairs held in memory before they are merged into groups
Rows = Sequence[int] | NDArray[np.integer]  # row numbers of some pictures


class Threshold(NamedTuple):
    """bits: the largest distance of near duplicates. expected_false: expected number of unrelated pairs within that
    distance; None if it was not estimated."""

    bits: int
    expected_false: float | None


def picture(pixels: np.ndarray) -> Image.Image:
    """One face, uint8 (H, W, 1 or 3), as a Pillow image of mode L or RGB."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def hashes(pictures: Pictures, *, mirrored: bool = False, rows: Rows | None = None) -> np.ndarray:
    """The perceptual hash of each picture.

    Args:
        pictures: uint8 (N, H, W, 1 or 3); may be in a file, since one picture is read at a time.
        mirrored: hash the mirror image of each picture (left and right exchanged) instead.
        rows: hash only these rows, in this order; None: all.

    Returns:
        bool (N, 256).
    """
    chosen = range(len(pictures)) if rows is None else rows
    out = np.empty((len(chosen), BITS), bool)
    for place, row in enumerate(chosen):
        pixels = np.asarray(pictures[row])
        out[place] = imagehash.phash(picture(pixels[:, ::-1] if mirrored else pixels), hash_size=SIDE).hash.ravel()
    return out


def random_distances(
    own: np.ndarray, group: np.ndarray | None = None, *, sample: int = _SAMPLE, seed: int = 0
) -> np.ndarray:
    """The distances of up to `sample` random pairs of different rows. Pairs within one group are left out.

    Args:
        own: bool (N, 256).
        group: str (N,), as `FaceSet.group` ("" for none).

    Returns:
        int64 (P,), empty for fewer than two rows.
    """
    if len(own) < 2:
        return np.empty(0, np.int64)
    packed = np.packbits(own, axis=1)
    first, second = np.random.default_rng(seed).integers(0, len(own), (2, min(sample, 4 * len(own) ** 2)))
    kept = first != second
    if group is not None:
        kept &= (group[first] != group[second]) | (group[first] == "")
    out = np.empty(int(kept.sum()), np.int64)
    first, second = first[kept], second[kept]
    for start in range(0, len(out), 1 << 18):
        part = slice(start, start + (1 << 18))
        out[part] = np.bitwise_count(packed[first[part]] ^ packed[second[part]]).sum(axis=1)
    return out


def threshold_for(own: np.ndarray, group: np.ndarray | None = None, *, largest: int = LARGEST) -> Threshold:
    """The largest distance, at most `largest`, at which unrelated pictures are hardly ever paired.

    The number of unrelated pairs within t bits is extrapolated as an exponential function of t. It is fitted to the tail of
    random pairs, between their quantiles 0.0001 and 0.001, where there are too few copies to matter. The true tail falls
    faster. So the number is overestimated, and the threshold errs on the safe side.

    Args:
        own: bool (N, 256), hashes of distinct pictures that are not blank.
        group: str (N,), as `FaceSet.group`; pictures of one group (frames of a video, a person) do not count as unrelated.
    """
    n = len(own)
    pairs = n * (n - 1) / 2
    distances = random_distances(own, group)
    if pairs * _TAIL[0] < 1 or len(distances) * _TAIL[0] < 10:
        return Threshold(min(UNCALIBRATED, largest), None)
    low, high = np.quantile(distances, _TAIL, method="higher")
    share = [float(np.mean(distances <= level)) for level in (low, high)]
    slope = (np.log(share[1] / share[0]) / (high - low)) if high > low else np.inf
    within = low + np.log(FALSE_SHARE * n / (pairs * share[0])) / slope
    bits = int(np.clip(np.floor(within), 0, largest))
    return Threshold(bits, float(pairs * share[0] * np.exp(slope * (bits - low))) if np.isfinite(slope) else None)


def near_pairs(own: np.ndarray, threshold: int, other: np.ndarray | None = None) -> Pairs:
    """The pairs of all `pair_blocks` together, sorted by first, then second. Video frames may have too many pairs for that:
    use `near_groups` for them."""
    blocks = list(pair_blocks(words(own), threshold, None if other is None else words(other)))
    first, second, distance = (
        np.concatenate([block[k] for block in blocks]) if blocks else np.empty(0, np.int64) for k in range(3)
    )
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], distance[order])


def near_groups(
    pictures: Pictures, sha256: np.ndarray | None = None, *, threshold: int | None = None, mirrors: bool = False
) -> np.ndarray:
    """The group number of each picture. A group has all pictures that are connected by near-duplicate pairs.

    A chain of pairs a-b, b-c is one group, even if a and c differ by more than the threshold, because a and c must not be in
    different splits. Exact copies are in one group. Blank pictures (one value everywhere) can not be compared: each distinct
    blank picture is a group of its own.

    Args:
        pictures: uint8 (N, H, W, 1 or 3).
        sha256: str (N,), digest of each picture (`FaceSet.sha256`). If given, exact copies are hashed only once.
        threshold: in bits; None: from `threshold_for`.
        mirrors: also pair a picture with near duplicates of its mirror image.

    Returns:
        int64 (N,), numbered from 0 in order of first appearance.
    """
    n = len(pictures)
    if not n:
        return np.empty(0, np.int64)
    first, copy_of = distinct(sha256) if sha256 is not None else (np.arange(n), np.arange(n))
    rows = first[~blank(pictures, first)]
    own = hashes(pictures, rows=rows)
    threshold = threshold_for(own).bits if threshold is None else threshold
    passes = [None, *([hashes(pictures, rows=rows, mirrored=True)] if mirrors else [])]
    group = np.arange(len(rows))
    edges: list[np.ndarray] = []
    held = 0
    for other in passes:
        for block in pair_blocks(words(own), threshold, None if other is None else words(other)):
            edges.append(np.stack([block.first, block.second]))
            held += len(block.first)
            if held > _EDGES:
                group, edges, held = _joined(group, edges), [], 0
    group = _joined(group, edges)
    of_distinct = np.arange(len(first))
    place = np.searchsorted(first, rows)
    leader = np.full(group.max() + 1 if len(group) else 0, -1)
    leader[group[::-1]] = place[::-1]  # the first member of each group
    of_distinct[place] = leader[group]
    return in_order(of_distinct[copy_of])


def distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(D rows at which a key first appears, ascending; for each row, the position of its key in that list). int64 (D,) and
    int64 (N,)."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


def in_order(group: np.ndarray) -> np.ndarray:
    """The same groups, numbered from 0 in order of first appearance: int64 (N,)."""
    return distinct(group)[1]


def blank(pictures: Pictures, rows: Rows | None = None) -> np.ndarray:
    """Whether each picture is blank, that is, has the same value everywhere (in each channel): bool (N,)."""
    chosen = np.arange(len(pictures)) if rows is None else np.asarray(rows)
    found = np.empty(len(chosen), bool)
    for start in range(0, len(chosen), _READ):
        pixels = np.asarray(pictures[chosen[start : start + _READ]])
        found[start : start + _READ] = (pixels == pixels[:, :1, :1]).all(axis=(1, 2, 3))
    return found


def _joined(group: NDArray[np.int64], edges: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Group numbers after the groups of the two ends of every edge (a pair of rows) were merged."""
    if not edges:
        return group
    first, second = np.concatenate(edges, axis=1)
    ends = coo_array((np.ones(len(first), bool), (group[first], group[second])), shape=(len(group),) * 2)
    joined: NDArray[np.int32] = connected_components(ends, directed=False)[1]
    return joined[group].astype(np.int64)
