"""Pictures that do not fit into memory: resized once into a file, then read from it batch by batch during training."""

import contextlib
import hashlib
import math
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from benchmark import progress
from benchmark.array_file import DIGEST_BYTES, ArrayFile, header, with_digests
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import FaceSet
from benchmark.runs import sources
from benchmark.runs.training import resampling

CACHE = "FERBENCH_CACHE"
LOCK_POLL_SECONDS = 0.5


class Streamed:
    """The pictures of a Split, left in a file. Used as `Split.pictures` in place of a tensor.

    `streamed[rows]` has the same bytes as the tensor would have: uint8 (len(rows), C, S, S), contiguous, on the training
    device. A thread reads in the background the rows given to `prefetch`.

    Attributes:
        shape: (N, C, S, S).
        device: where row numbers must lie: the CPU, so that reading them never waits for a GPU.
    """

    device = torch.device("cpu")

    def __init__(self, source: ArrayFile, rows: np.ndarray, target: torch.device, *, channels_last: bool = False):
        """
        Args:
            source: (M, C, S, S), or (M, S, S, C) with `channels_last`.
            rows: for each picture of the split, its row in the source.
            target: the training device.
        """
        self._source, self._rows, self._target, self._channels_last = source, rows, target, channels_last
        height, width, depth = source.shape[1:] if channels_last else (*source.shape[2:], source.shape[1])
        self.shape = (len(rows), depth, height, width)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._ahead: tuple[np.ndarray, Future[Tensor]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | Tensor) -> Tensor:
        wanted, ahead, self._ahead = self._numbers(rows), self._ahead, None
        pictures = ahead[1].result() if ahead and np.array_equal(ahead[0], wanted) else self._read(wanted)
        return pictures.to(self._target, non_blocking=True)

    def prefetch(self, rows: slice | Tensor) -> None:
        """Start reading the rows that will be asked for next. If others are asked for, only the reading was wasted."""
        if len(wanted := self._numbers(rows)):
            self._ahead = wanted, self._reader.submit(self._read, wanted)

    def _numbers(self, rows: slice | Tensor) -> np.ndarray:
        return np.arange(len(self))[rows] if isinstance(rows, slice) else rows.cpu().numpy()

    def _read(self, rows: np.ndarray) -> Tensor:
        # Only numpy here: in this thread torch would start a second pool of threads beside the training's.
        pictures = self._source[self._rows[rows]]
        if self._channels_last:
            pictures = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        found = torch.from_numpy(pictures)
        return found.pin_memory() if self._target.type == "cuda" else found


def streamed(
    faces: FaceSet, rows: np.ndarray, size: int, channels: int, target: torch.device, stop: Callable[[], bool]
) -> Streamed:
    """The pictures `rows` of a FaceSet at `size` and `channels` (see `resampling.resized`), left on disk.

    If images.npy already has that size, they are read from it; else from `resized_file`. Raises what `resized_file` raises.
    """
    source = faces.pictures
    depth = resampling.kept_channels(source.shape[3], channels)
    if source.shape[1:] == (size, size, depth):
        return Streamed(source, rows, target, channels_last=True)
    return Streamed(resized_file(faces, size, channels, stop), rows, target)


def resized_file(faces: FaceSet, size: int, channels: int, stop: Callable[[], bool] = lambda: False) -> ArrayFile:
    """All pictures of a FaceSet, resized: uint8 (N, C, size, size), in a file that is written once.

    Behind the array, the file has the digest of each row; it is verified when the row is read.

    The file lies in the folder ``.resized`` beside the FaceSet, or in the folder that the environment variable
    FERBENCH_CACHE names. (The FaceSet itself must not change: it is the output of a DVC stage.) The file's name contains a
    digest of everything that its bytes depend on, so it is never stale and may be deleted at any time. If several
    processes want the same file, one writes it and the others wait. If the writing process is killed, the next call
    continues where it stopped.

    Args:
        stop: called before every chunk; True stops the writing.

    Raises:
        BadInput: not enough disk space, or no permission to write; a damaged file. When a row is read: it has changed.
        Interrupted: `stop` returned True; the next call continues.
    """
    source = faces.pictures
    shape = (len(source), resampling.kept_channels(source.shape[3], channels), size, size)
    folder = Path(os.environ.get(CACHE) or faces.directory.absolute().parent / ".resized")
    path = folder / f"{faces.directory.name}-{size}x{size}x{shape[1]}-{_key(faces, shape)}.npy"
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock"), stop):
                if not path.exists():
                    _write(path, faces, shape, size, channels, stop)
        except PermissionError as error:
            expected = f"some, for resized pictures; {CACHE} names another folder"
            raise BadInput(folder, "no right to write", expected) from error
    found = with_digests(path, "the resized picture that was written; delete the file")
    if found.shape != shape:
        raise BadInput(path, found.shape, f"{shape}; delete it")
    return found


def _key(faces: FaceSet, shape: tuple[int, ...]) -> str:
    """Digest of the pictures, their new shape, the code of `resampling` and the version of torch."""
    code = sources.digest([Path(resampling.__file__)])
    kind = "with digests"
    return hashlib.sha256(repr((faces.fingerprint, shape, torch.__version__, code, kind)).encode()).hexdigest()[:16]


def _write(path: Path, faces: FaceSet, shape: tuple[int, ...], size: int, channels: int, stop: Callable[[], bool]) -> None:
    """Write the pictures to one file and their digests to another, both in order; then append the digests to the pictures.
    Both files are kept if the work stops: a picture is done if both have it."""
    start_of_file, width, part, marks = header(shape), math.prod(shape[1:]), path.with_suffix(".part"), _digests_of(path)
    source = faces.pictures
    with open(part, "ab") as out, open(marks, "ab") as digests:
        if out.tell() < len(start_of_file):
            out.truncate(0)
            out.write(start_of_file)
        done = min((out.tell() - len(start_of_file)) // width, digests.tell() // DIGEST_BYTES)
        out.truncate(len(start_of_file) + done * width)
        digests.truncate(done * DIGEST_BYTES)
        due, free = (len(source) - done) * (width + 2 * DIGEST_BYTES), shutil.disk_usage(path.parent).free
        if due > free:
            expected = f"{due / 2**20:.0f} MiB for resized pictures; {CACHE} names another folder"
            raise BadInput(path.parent, f"{free / 2**20:.0f} MiB free", expected)
        chunk, name = resampling.chunk_rows(source), f"{faces.meta['name']} to {size}x{size}"
        with progress.bar(total=shape[0], initial=done, desc=name, unit="img") as bar:
            for start in range(done, shape[0], chunk):
                if stop():
                    raise Interrupted(f"{name}: stopped after {start} pictures; the next call goes on")
                rows = np.arange(start, min(start + chunk, shape[0]))
                pictures = resampling.resized(source, rows, size, channels).numpy()
                digests.write(b"".join(hashlib.sha256(picture).digest() for picture in pictures))
                out.write(pictures.data)
                for file in (digests, out):
                    file.flush()
                    os.fsync(file.fileno())  # then, even after a crash, the length of the file says how much is written
                bar.update(len(rows))
        out.write(marks.read_bytes())
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    marks.unlink()


def _digests_of(path: Path) -> Path:
    return path.with_suffix(".digests")


@contextlib.contextmanager
def _locked(path: Path, stop: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock file `path`. The system releases it when the process ends, even if it is killed."""
    lock = FileLock(path)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_POLL_SECONDS)
        except Timeout:
            if stop():
                raise Interrupted(f"stopped while another process made {path.with_suffix('.npy')}") from None
    try:
        yield
    finally:
        lock.release()
