"""All pairs of hashes that differ in few bits, found by comparing every one with every other.

Sixty-four bits are one number. The number of bits in which two hashes differ is the number of ones in the exclusive or of
their numbers, which processors count in one step: about 2 ns for a pair on one core.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 32, 4096  # hashes that are compared at a time: the numbers of such a block stay in the processor's cache
Words = NDArray[np.uint64]  # (W, N): the bits of N hashes, 64 in each number


class Pairs(NamedTuple):
    """P pairs of rows, each pair once. first, second: int64 (P,), first < second. distance: int64 (P,), number of bits that
    differ."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.int64]


def words(bits: NDArray[np.bool_]) -> Words:
    """Hashes, bool (N, 64 W), as numbers: uint64 (W, N)."""
    return np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64).T)


def pair_blocks(own: Words, threshold: int, other: Words | None = None, rows: range | None = None) -> Iterator[Pairs]:
    """All pairs of hashes that differ in at most `threshold` bits, block by block, in the order of their first rows. The
    search is exhaustive, and its time grows with the square of the number of hashes.

    Args:
        own: uint64 (W, N), W at most 4.
        other: uint64 (W, N), the hashes used for the second picture of a pair (for instance, those of the mirror images);
            None: the same as `own`.
        rows: contiguous rows; only pairs whose first row is one of them; None: all.
    """
    other = own if other is None else other
    rows = range(own.shape[1]) if rows is None else rows
    for top in range(rows.start, rows.stop, ROWS):
        a = own[:, top : min(top + ROWS, rows.stop), None]
        for left in range(top, own.shape[1], COLUMNS):
            b = other[:, None, left : left + COLUMNS]
            close = _differing(a, b) <= min(threshold, 255)
            if not close.any():
                continue
            first, second = np.nonzero(close)
            first, second = first + top, second + left
            # 256 bits that differ are 0 in eight bits, so the few pairs that were found are counted again.
            distance = np.bitwise_count(own[:, first] ^ other[:, second]).sum(axis=0, dtype=np.int64)
            kept = (second > first) & (distance <= threshold)
            if kept.any():
                yield Pairs(first[kept], second[kept], distance[kept])


def _differing(a: Words, b: Words) -> NDArray[np.uint8]:
    """The number of bits in which the numbers a[:, ...] and b[:, ...] differ, modulo 256."""
    total: NDArray[np.uint8] = np.bitwise_count(a[0] ^ b[0])
    for k in range(1, len(a)):
        total += np.bitwise_count(a[k] ^ b[k])
    return total
