"""The parts of the search for copies that take long, each with a bar: reading all pictures, hashing them and comparing all
pairs of hashes. The last two are shared among processes."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmark import progress
from benchmark.array_file import Pictures
from benchmark.faces.hash_pairs import Pairs, Words, pair_blocks, words
from benchmark.faces.near_duplicates import BITS, blank, hashes
from benchmark.workers import Workers

ALONE = 50_000  # fewer pictures are faster without workers, which take seconds to start
PICTURES = 256  # hashed in one task
ROWS = 1024  # hashes that one task compares with all later ones
WAITING = 3  # tasks of each worker that are waiting or whose results are not taken yet

Bits = NDArray[np.bool_]
Result = TypeVar("Result")


def processes_for(pictures: int) -> int:
    """How many processes a search among that many pictures takes: one for each processor, or only this one."""
    return 1 if pictures <= ALONE else os.cpu_count() or 1


def read_all(pictures: Pictures) -> NDArray[np.bool_]:
    """Read every picture, which verifies it, and return which are blank (`near_duplicates.blank`): bool (N,)."""
    empty = np.empty(len(pictures), bool)
    with progress.bar(total=len(pictures), desc="reading", unit="picture") as bar:
        for start in range(0, len(pictures), PICTURES):
            rows = np.arange(start, min(start + PICTURES, len(pictures)))
            empty[rows] = blank(pictures, rows)
            bar.update(len(rows))
    return empty


def hash_both(pictures: Pictures, rows: NDArray[np.intp], processes: int) -> tuple[Bits, Bits]:
    """The perceptual hashes of some pictures, and those of their mirror images: each bool (rows, 256).

    Args:
        pictures: uint8 (N, H, W, 1 or 3). Each is read once, by this process.
    """
    own, mirrored = np.empty((len(rows), BITS), bool), np.empty((len(rows), BITS), bool)
    parts = [slice(start, start + PICTURES) for start in range(0, len(rows), PICTURES)]
    with progress.bar(total=len(rows), desc="hashes", unit="picture") as bar:
        if processes == 1:
            results: Iterator[tuple[Bits, Bits]] = (_both(pictures[rows[part]]) for part in parts)
            _fill(results, parts, own, mirrored, bar)
        else:
            with Workers(processes) as pool:
                tasks = ((pictures[rows[part]],) for part in parts)
                _fill(_in_order(pool, _both, tasks, WAITING * processes), parts, own, mirrored, bar)
    return own, mirrored


def compare(own: Bits, mirrored: Bits, bits: Sequence[int], group: NDArray[np.str_], processes: int) -> list[Pairs]:
    """The near pairs among hashes, and those between a hash and one of a mirror image, without pairs inside one group:
    neighbouring frames of a video make many near pairs, but are always in the same split.

    Args:
        own, mirrored: bool (N, 256).
        bits: for the near pairs and for the mirrored ones, the most bits that differ.
        group: str (N,), as `FaceSet.group`.
    """
    n, given = len(own), (words(own), words(mirrored))
    parts = [range(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]
    tasks = [(way, most, part) for way, most in enumerate(bits) for part in parts]
    found: list[list[Pairs]] = [[Pairs(*(np.empty(0, np.int64),) * 3)] for _ in bits]
    with progress.bar(total=len(bits) * n * (n - 1) // 2, desc="comparing", unit="pair") as bar:

        def collect(results: Iterator[Pairs]) -> None:
            for (way, _, part), pairs in zip(tasks, results, strict=True):
                apart = (group[pairs.first] != group[pairs.second]) | (group[pairs.first] == "")
                found[way].append(Pairs(*(column[apart] for column in pairs)))
                bar.update(sum(n - 1 - row for row in part))

        if processes == 1:
            collect(_near(given, *task) for task in tasks)
        else:
            with Workers(processes, _take, given) as pool:
                collect(_in_order(pool, _near_taken, tasks, WAITING * processes))
    return [Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) for parts in found]


def _both(pixels: NDArray[np.uint8]) -> tuple[Bits, Bits]:
    return hashes(pixels), hashes(pixels, mirrored=True)


def _fill(
    results: Iterator[tuple[Bits, Bits]], parts: Sequence[slice], own: Bits, mirrored: Bits, bar: progress.Bar
) -> None:
    for part, found in zip(parts, results, strict=True):
        own[part], mirrored[part] = found
        bar.update(len(found[0]))


def _near(given: Sequence[Words], way: int, most: int, rows: range) -> Pairs:
    """The near pairs whose first row is one of `rows`; `way`: 0 as they are, 1 with the second picture mirrored."""
    blocks = [Pairs(*(np.empty(0, np.int64),) * 3), *pair_blocks(given[0], most, given[way], rows)]
    return Pairs(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))


_taken: Sequence[Words] = ()  # in a worker: the hashes that it compares, sent once


def _take(given: Sequence[Words]) -> None:
    global _taken
    _taken = given


def _near_taken(way: int, most: int, rows: range) -> Pairs:
    return _near(_taken, way, most, rows)


def _in_order(
    pool: Workers,
    function: Callable[..., Result],
    tasks: Iterable[tuple[object, ...]],
    most: int,
) -> Iterator[Result]:
    """The results of `function` for the arguments in each task, in their order. At most `most` tasks are in work or waiting,
    so that their arguments and results take little memory."""
    waiting: deque[Future[Result]] = deque()
    for task in tasks:
        waiting.append(pool.submit(function, *task))
        if len(waiting) == most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
