"""Decodes raw pictures into a FaceSet: in parallel, with little memory, and resumable after a stop.

Worker processes write finished pictures directly into a file in the folder ``.NAME.partial`` beside the target. A journal
there gets a line for each finished batch. After a kill at any moment, a later call with the same columns, batches and
options continues from the journal; any other call starts again.
"""

import hashlib
import inspect
import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, NotRequired, TypedDict, TypeVar, Unpack

import numpy as np
from numpy.typing import NDArray

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import PICTURES_A_PART, FaceSet, Integers, Reals, Texts, write_faceset
from benchmark.faces.reading.pictures import DAMAGED, RESAMPLING, Unreadable
from benchmark.files import Json
from benchmark.room import check_room
from benchmark.workers import Workers

LISTED = 1000  # most unreadable pictures that meta.json names; it counts all of them
Source = TypeVar("Source")
Load = Callable[[Source], Iterable[np.ndarray | Unreadable]]
Shape = tuple[int, int, int]
SplitOf = Callable[[NDArray[np.intp], NDArray[np.str_]], Texts]
Lost = list[tuple[int, str]]  # rows of a batch that have no picture, and why


@dataclass(frozen=True)
class Batch(Generic[Source]):
    """Some rows of the FaceSet, and the argument from which `load` makes their pictures.

    Attributes:
        rows: contiguous; the batches of a call together cover 0..N-1 in order.
        source: argument of `load`; must be picklable.
    """

    rows: range
    source: Source


class Columns(TypedDict):
    """The arguments of `write_faceset` other than the pictures and `how`."""

    name: str
    version: str
    classes: Sequence[str]
    id: Texts
    expression: NotRequired[Integers | None]
    valence: NotRequired[Reals | None]
    arousal: NotRequired[Reals | None]
    votes: NotRequired[NDArray[np.integer] | None]
    vote_columns: NotRequired[Sequence[str]]
    group: NotRequired[Texts | None]
    flag: NotRequired[Texts | None]
    attributes: NotRequired[Mapping[str, Texts] | None]


def write_decoded(
    directory: Path,
    batches: Sequence[Batch[Source]],
    load: Load[Source],
    *,
    size: int,
    channels: int,
    where: Sequence[str],
    split: Texts | SplitOf,
    allow_unreadable: float = 0.001,
    processes: int | None = None,
    how: Mapping[str, Json] | None = None,
    **columns: Unpack[Columns],
) -> FaceSet:
    """Decode every picture and write the FaceSet atomically.

    Args:
        load: a function at the top level of a module. From the source of a batch it makes, for each row in order, a picture
            uint8 (size, size, channels), or an Unreadable that says why there is none. It may be a generator.
        where: for each row, the name of its raw picture in messages.
        split: str (N,), or a function for splits that depend on which pictures are copies. It gets the rows that are kept,
            int64 (K,), and the digests of their pictures, str (K,), as in faces.csv, and returns their splits, str (K,).
        allow_unreadable: largest fraction of the rows, 0..1, that may be unreadable. They are left out of the FaceSet, and
            counted and named in ``meta["how"]["unreadable"]``.
        processes: number of worker processes; None: one per core.
        columns, how: as for `faces.write_faceset`.

    Raises:
        BadInput: more unreadable pictures than allowed (decoded pictures are kept, so a call that allows more is fast);
            whatever `write_faceset` refuses.
        Interrupted: Ctrl-C; the next call continues.
        SystemSaysNo: too little room on the disk; nothing was decoded.
    """
    directory, rows = Path(directory), len(where)
    partial = directory.with_name(f".{directory.name}.partial")
    shape = (size, size, channels)
    if not partial.exists():  # the decoded pictures, and their copy in the FaceSet
        check_room(directory, 2 * rows * int(np.prod(shape)), f"{rows} pictures of {size} x {size}")
    splits = {} if callable(split) else {"split": split}  # a function changes no decoded picture
    journal = _Journal(partial, _digest(batches, load, shape, {**columns, **splits}), rows * int(np.prod(shape)))
    todo = [number for number in range(len(batches)) if number not in journal.done]
    processes = min(processes or os.cpu_count() or 1, len(todo))
    with progress.bar(total=rows, initial=journal.rows_done(batches), desc=directory.name, unit="face") as bar:
        try:
            for number, without in _results(batches, todo, load, shape, journal.pictures, processes):
                journal.add(number, without)
                bar.update(len(batches[number].rows))
        except (KeyboardInterrupt, BrokenProcessPool):
            raise Interrupted(f"{directory.name}: stopped (or a worker was killed); the same command goes on") from None
    lost = {row: reason for reasons in journal.done.values() for row, reason in reasons}
    if len(lost) > allow_unreadable * rows:
        first = "; ".join(f"{where[row]}: {lost[row]}" for row in sorted(lost)[:3])
        found = f"{len(lost)} of {rows} pictures that can not be read ({first})"
        raise BadInput(directory, found, f"at most {100 * allow_unreadable:g} %; {DAMAGED}")
    kept = np.setdiff1d(np.arange(rows), sorted(lost))
    account = {
        "resampling": RESAMPLING,
        "unreadable": {"count": len(lost), "first": {where[row]: lost[row] for row in sorted(lost)[:LISTED]}},
    }
    by_row = columns.copy()
    for name in _BY_ROW:
        if (values := columns.get(name)) is not None:
            by_row[name] = np.asarray(values)[kept]
    by_row["attributes"] = {name: np.asarray(each)[kept] for name, each in (columns.get("attributes") or {}).items()}
    pictures = _Kept(journal.pictures, kept, shape)
    own = split(kept, _digests(pictures)) if callable(split) else np.asarray(split)[kept]
    faces = write_faceset(directory, pictures, split=own, how={**(how or {}), **account}, **by_row)
    shutil.rmtree(partial)
    return faces


class _Kept:
    """The decoded pictures of some rows, in the form that `write_faceset` needs. Parts are read on demand, without a memory
    map."""

    dtype, ndim = np.dtype(np.uint8), 4

    def __init__(self, path: Path, rows: NDArray[np.intp], shape: Shape):
        self.path, self.rows, self.shape = path, rows, (len(rows), *shape)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice, /) -> NDArray[np.uint8]:
        rows, length = self.rows[part], int(np.prod(self.shape[1:]))
        first, last = int(rows[0]), int(rows[-1])
        pixels = np.fromfile(self.path, np.uint8, (last + 1 - first) * length, offset=first * length)
        return pixels.reshape(-1, *self.shape[1:])[rows - first]


def _digests(pictures: _Kept) -> NDArray[np.str_]:
    parts = (pictures[start : start + PICTURES_A_PART] for start in range(0, len(pictures), PICTURES_A_PART))
    return np.array([hashlib.sha256(picture).hexdigest() for part in parts for picture in part], dtype="U64")


_ByRow = Literal["id", "expression", "valence", "arousal", "votes", "group", "flag"]
_BY_ROW: tuple[_ByRow, ...] = ("id", "expression", "valence", "arousal", "votes", "group", "flag")


class _Journal:
    """The folder of unfinished work. It has two files: ``pictures-DIGEST`` (raw bytes) and ``journal``. The journal's first
    line is the digest of the call; each further line is the number of a finished batch and its unreadable rows.

    The name of the first file keeps a worker of a killed call, which lives for another second, from writing into the
    pictures of a different call.
    """

    def __init__(self, folder: Path, digest: str, length: int):
        self.pictures, self.path = folder / f"pictures-{digest[:16]}", folder / "journal"
        self.done: dict[int, Lost] = {}
        contents = self.path.read_bytes() if self.path.is_file() else b""
        whole = contents[: contents.rfind(b"\n") + 1]  # the last line is incomplete if the process was killed
        try:
            begin, *lines = whole.decode().splitlines()
            self.done = {number: [(row, reason) for row, reason in lost] for number, lost in map(json.loads, lines)}
        except (ValueError, TypeError):  # empty, or damaged
            begin = ""
        if begin != digest or not self.pictures.is_file() or self.pictures.stat().st_size != length:
            self.done = {}
            # The journal goes first and comes last: it never speaks of other pictures than those beside it.
            self.path.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            with open(self.pictures, "wb") as stream:
                stream.truncate(length)
            self.path.write_text(f"{digest}\n")
            return
        os.truncate(self.path, len(whole))

    def rows_done(self, batches: Sequence[Batch[Source]]) -> int:
        return sum(len(batches[number].rows) for number in self.done)

    def add(self, number: int, lost: Lost) -> None:
        self.done[number] = lost
        with open(self.path, "a") as stream:
            stream.write(json.dumps([number, lost]) + "\n")


def _digest(batches: Sequence[Batch[Source]], load: Load[Source], shape: Shape, columns: Mapping[str, object]) -> str:
    total = hashlib.sha256(repr((shape, inspect.getsource(sys.modules[load.__module__]))).encode())
    for batch in batches:
        total.update(pickle.dumps((batch.rows, batch.source), protocol=5))
    for name in sorted(columns):
        total.update(pickle.dumps((name, np.asarray(columns[name]).tolist()), protocol=5))
    return total.hexdigest()


def _results(
    batches: Sequence[Batch[Source]], todo: Sequence[int], load: Load[Source], shape: Shape, pictures: Path, processes: int
) -> Iterator[tuple[int, Lost]]:
    """(number of a batch, its unreadable rows with reasons), in the order in which batches end."""
    if processes <= 1:
        yield from ((number, _decode(batches[number], load, shape, pictures)) for number in todo)
        return
    waiting: dict[Future[Lost], int] = {}
    left = iter(todo)
    with Workers(processes) as pool:  # one that is ended has its batch not in the journal, so it will be decoded again
        while True:
            while len(waiting) < 3 * processes and (number := next(left, None)) is not None:
                waiting[pool.submit(_decode, batches[number], load, shape, pictures)] = number
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


def _decode(batch: Batch[Source], load: Load[Source], shape: Shape, pictures: Path) -> Lost:
    lost: Lost = []
    with open(pictures, "r+b") as stream:
        stream.seek(batch.rows.start * int(np.prod(shape)))
        for row, picture in zip(batch.rows, load(batch.source), strict=True):
            if isinstance(picture, Unreadable):
                lost.append((row, str(picture)))
                stream.seek(int(np.prod(shape)), os.SEEK_CUR)
            elif picture.shape != shape or picture.dtype != np.uint8:
                raise AssertionError(f"{load.__module__}.{load.__name__} gave {picture.dtype} {picture.shape}")
            else:
                stream.write(np.ascontiguousarray(picture).tobytes())
    return lost
