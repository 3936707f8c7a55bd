"""Memory for the tensors of the kernels: a freed tensor's block is kept, and given to the next tensor of about its size.

A training step allocates and frees hundreds of megabytes. The C library's heap is bad at it: torch wants an address that is
a multiple of 64, for which glibc looks for a chunk larger than the tensor, so that the place of a freed tensor does not do
for another one of the same size. And the next tensor often lies where the processor's cache does not know the memory.
"""

import threading
from collections import deque
from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor

SMALLEST = 2**17  # bytes; smaller tensors are left to torch
LARGEST_KEPT = 2**31  # bytes of free blocks
_ALIGNMENT = 64


_returned: deque[np.ndarray] = deque()  # by tensors that ended, at any moment and in any thread
_free: dict[int, list[np.ndarray]] = {}  # the others that no tensor uses, by their size
_lock = threading.Lock()  # of _free


class _Lent(np.ndarray):
    """A block in use. Only a tensor's storage refers to it, so that it ends with the tensor."""

    block: np.ndarray | None = None

    def __del__(self, give_back=_returned.append):
        if self.block is not None:
            give_back(self.block)


def _take(size: int) -> np.ndarray:
    """A block, uint8, of at least `size` bytes, at an address that is a multiple of 64; one that was free has at most twice
    as many."""
    with _lock:
        kept = sum(own * len(blocks) for own, blocks in _free.items())
        while _returned:
            block = _returned.popleft()
            if kept + block.nbytes <= LARGEST_KEPT:
                kept += block.nbytes
                _free.setdefault(block.nbytes, []).append(block)
        found = min((own for own, blocks in _free.items() if size <= own <= 2 * size and blocks), default=None)
        if found is not None:
            return _free[found].pop()
    whole = np.empty(size + _ALIGNMENT, dtype=np.uint8)
    begin = -whole.ctypes.data % _ALIGNMENT
    return whole[begin : begin + size]


def empty(shape: Sequence[int]) -> Tensor:
    """A float32 tensor on the CPU, with whatever numbers are there; channels_last if it has four dimensions."""
    size = 4 * prod(shape)
    if size < SMALLEST:
        return torch.empty(tuple(shape), memory_format=torch.channels_last if len(shape) == 4 else torch.contiguous_format)
    block = _take(size)
    lent = block.view(_Lent)
    lent.block = block
    storage = torch.from_numpy(lent).untyped_storage()
    # Not a view of another tensor: autograd does not let all of them be changed in place.
    return torch.empty(0).set_(storage, 0, tuple(shape), _steps(shape))


def _steps(shape):
    """Of memory, from one number to the next of each dimension."""
    if len(shape) == 4:
        _, channels, height, width = shape
        return height * width * channels, 1, width * channels, channels
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))
