"""Rows of a large .npy file, read on demand without a memory map."""

import os
import threading
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from benchmark.errors import BadInput


class ArrayFile:
    """A uint8 .npy file whose rows are read on demand: `file[rows]` is a new array, `file[row]` is one row.

    Unlike a memory map, it needs no address space (`ulimit -v`) and no resident memory, except for the rows that were read.
    The system may keep pages of the file in its cache, but can drop them at any time. Safe to use from several threads.

    Attributes:
        path: of the file.
        shape: of the whole array; the first dimension is the rows.
        row_bytes: bytes per row.

    Raises:
        BadInput: not a .npy file of uint8 in C order, or a truncated one. Nothing is unpickled.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._file = open(self.path, "rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        try:
            version = np.lib.format.read_magic(self._file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            self.shape, fortran, dtype = read(self._file)
        except (ValueError, KeyError) as error:
            raise BadInput(self.path, f"no .npy header ({error})", "a .npy file of uint8") from error
        if dtype != self.dtype or fortran or not self.shape:
            raise BadInput(self.path, f"{dtype} {self.shape}{' in Fortran order' * fortran}", "rows of uint8 in C order")
        self._start = self._file.tell()
        self.row_bytes = int(np.prod(self.shape[1:], dtype=np.int64))
        size, due = os.fstat(self._file.fileno()).st_size, self._start + self.shape[0] * self.row_bytes
        if size < due:
            raise BadInput(self.path, f"{size} bytes", f"{due} for shape {self.shape}")
        if hasattr(os, "posix_fadvise"):  # rows are read in random order: reading ahead would only waste time
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """The whole array, for `numpy.asarray`."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def __getitem__(self, rows: int | slice | NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.uint8]:
        """uint8 (len(rows), ...), in the given order; for a single row number, that row without the first dimension.

        The file is read in its own order, adjacent rows together.

        Args:
            rows: a row number, an array of row numbers (integers in [0, N)), a slice, or a mask (bool (N,)).

        Raises:
            IndexError: a row number outside [0, N), or a mask of another length.
        """
        if isinstance(rows, int | np.integer):
            row: NDArray[np.uint8] = self[np.array([rows])][0]
            return row
        if isinstance(rows, slice) or rows.dtype == bool:
            rows = np.arange(len(self))[rows]
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"rows {rows.min()}..{rows.max()} of {len(self)} in {self.path}")
        out = np.empty((len(rows), *self.shape[1:]), np.uint8)
        flat = out.reshape(-1).data
        order = np.argsort(rows, kind="stable")
        # Rows are read together if they are adjacent in the file and also in the result.
        breaks = np.flatnonzero((np.diff(rows[order]) != 1) | (np.diff(order) != 1)) + 1
        width = self.row_bytes
        for part in np.split(order, breaks) if len(rows) else ():
            first = int(part[0])
            self._read_into(flat[first * width : (first + len(part)) * width], self._start + int(rows[first]) * width)
        return out

    def _read_into(self, view: memoryview, offset: int) -> None:
        with self._lock:
            self._file.seek(offset)
            done = 0
            while done < len(view):  # one read returns at most 2 GiB
                count = self._file.readinto(view[done:])
                if not count:
                    raise BadInput(self.path, f"an end at byte {offset + done}", f"{len(view) - done} bytes more")
                done += count


Pictures = NDArray[np.uint8] | ArrayFile  # uint8 (N, H, W, C), indexed by row
