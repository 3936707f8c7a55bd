"""Rows of a large .npy file, read on demand without a memory map, and verified against their digests."""

import hashlib
import io
import math
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

    Args:
        path: of the file.
        appended: bytes for each row that follow behind the array (see `with_digests`).

    Attributes:
        path: of the file.
        shape: of the whole array; the first dimension is the rows.
        row_bytes: bytes per row.

    Raises:
        BadInput: not a .npy file of uint8 in C order, or one of another length. Nothing is unpickled.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path | str, *, appended: int = 0):
        self.path = Path(path)
        self._file = open(self.path, "rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        try:
            version = np.lib.format.read_magic(self._file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            self.shape, fortran, dtype = read(self._file)
        except Exception as error:  # numpy parses the header as Python, and lets several kinds of error through
            found = f"no .npy header ({' '.join(str(error).split())[:80]})"
            raise BadInput(self.path, found, "a .npy file of uint8") from error
        if dtype != self.dtype or fortran or not self.shape:
            raise BadInput(self.path, f"{dtype} {self.shape}{' in Fortran order' * fortran}", "rows of uint8 in C order")
        self._start = self._file.tell()
        self._file.seek(0)
        if min(self.shape) < 0 or _text(self._file.read(self._start)) != _text(header(self.shape)):
            raise BadInput(self.path, "a header that numpy does not write", f"the one of uint8 {self.shape}")
        self.row_bytes = math.prod(self.shape[1:])
        size, due = os.fstat(self._file.fileno()).st_size, self._start + self.shape[0] * (self.row_bytes + appended)
        if size != due:
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
        return self._rows(self._numbers(rows))

    def _numbers(self, rows: slice | NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.int64]:
        if isinstance(rows, slice) or rows.dtype == bool:
            rows = np.arange(len(self))[rows]
        return np.asarray(rows, dtype=np.int64)

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
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


class VerifiedArrayFile(ArrayFile):
    """An ArrayFile whose rows are compared with their digests each time they are read, in whatever way and order.

    Args:
        path: of the file.
        digests: ASCII bytes ("S64") (N,), hexadecimal SHA-256 of each row's bytes. It is not copied.
        names: str (N,), what the rows are called in messages; None: by number only.
        expected: what an error message says was expected of a row.
        appended: as for `ArrayFile`.

    Raises:
        BadInput: also another number of digests than rows. When a row is read: its bytes are not those of its digest.
    """

    def __init__(
        self,
        path: Path | str,
        digests: NDArray[np.bytes_],
        names: NDArray[np.str_] | None = None,
        *,
        expected: str,
        appended: int = 0,
    ):
        super().__init__(path, appended=appended)
        if digests.shape != (len(self),) or digests.dtype != "S64":
            raise BadInput(self.path, f"{len(self)} rows", f"{len(digests)}, one for each SHA-256")
        self._digests, self._names, self._expected = np.ascontiguousarray(digests).view(np.uint8).data, names, expected

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        found = super()._rows(rows)
        flat, width, digests, sha256 = found.reshape(-1).data, self.row_bytes, self._digests, hashlib.sha256
        for place, row in enumerate(rows.tolist()):
            digest = sha256(flat[place * width : (place + 1) * width]).hexdigest().encode()
            if digest != digests[64 * row : 64 * row + 64]:
                name = "" if self._names is None else f" ({self._names[row]})"
                raise BadInput(f"{self.path} row {row}{name}", "other pixels", self._expected)
        return found


DIGEST_BYTES = 32  # of a SHA-256


def with_digests(path: Path, expected: str) -> VerifiedArrayFile:
    """A file in which, behind the array, the SHA-256 of each row follows (32 bytes each, in the order of the rows).

    Raises:
        BadInput: as `VerifiedArrayFile`.
    """
    plain = ArrayFile(path, appended=DIGEST_BYTES)
    with open(path, "rb") as stream:
        stream.seek(-DIGEST_BYTES * len(plain), os.SEEK_END)
        text = stream.read(DIGEST_BYTES * len(plain)).hex().encode()
    digests = np.frombuffer(text, "S64") if text else np.empty(0, "S64")
    return VerifiedArrayFile(path, digests, expected=expected, appended=DIGEST_BYTES)


def header(shape: tuple[int, ...]) -> bytes:
    """The first bytes of a .npy file of uint8 (shape) in C order."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return out.getvalue()


def _text(start: bytes) -> bytes:
    """The dictionary in the header of a .npy file, without the padding, whose length depends on numpy's version."""
    return start.partition(b"{")[2].rstrip(b" \n")


Pictures = NDArray[np.uint8] | ArrayFile  # uint8 (N, H, W, C), indexed by row
