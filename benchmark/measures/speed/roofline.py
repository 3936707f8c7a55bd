"""The least time that a training step can take on a machine: operations and bytes counted, ceilings measured.

Operations: 2 x multiply-adds of the convolutions and matrix products of one step as direct sums, forward and backward, by
torch.utils.flop_counter. Bytes: what these operators must read and write once each, in their own precision, and the
optimiser's pass over parameters, gradients and two moments; everything elementwise is taken to happen on the way, at no
cost. No implementation with these products is faster than that; Winograd's, which takes fewer, can be.
"""

import time

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmark.runs.environment import synchronise

_PRODUCTS = {"convolution", "convolution_backward", "addmm", "mm", "bmm", "baddbmm"}
_COPY_BYTES, _SIDE = 2**28, 2048  # of the measured ceilings
_PICTURES, _CHANNELS, _SIZE = 32, 512, 16  # of the large convolution


class _Traffic(TorchDispatchMode):
    """Adds up the bytes of all tensors that go into and come out of products."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, overload, types, args=(), kwargs=None):
        result = overload(*args, **(kwargs or {}))
        if overload.overloadpacket.__name__ in _PRODUCTS:
            self.bytes += sum(t.nbytes for t in tree_leaves((args, result)) if isinstance(t, Tensor))
        return result


def count_step(network: nn.Module, batch: int, channels: int, size: int, outputs: int) -> dict:
    """{operations, bytes} of one training step of cross-entropy with Adam in float32, and of one forward pass:
    {evaluation_operations, evaluation_bytes}.

    Args:
        network: on the CPU, float (N, channels, size, size) to (N, outputs); its gradients are cleared.
    """
    pictures, labels = torch.zeros(batch, channels, size, size), torch.zeros(batch, dtype=torch.int64)
    found = {}
    for prefix, training in (("", True), ("evaluation_", False)):
        operations, traffic = FlopCounterMode(display=False), _Traffic()
        was = network.training
        network.eval()  # the running statistics are not ours to change
        with torch.set_grad_enabled(training), operations, traffic:
            out = network(pictures)
            if training:
                functional.cross_entropy(out, labels).backward()
        network.train(was)
        found |= {f"{prefix}operations": operations.get_total_flops(), f"{prefix}bytes": traffic.bytes}
    # Parameters and both moments are read and written, the gradient is written and read.
    found["bytes"] += 8 * sum(p.nbytes for p in network.parameters() if p.requires_grad)
    network.zero_grad(set_to_none=True)
    return found


class Ceilings:
    """Bandwidth of a large copy and speed of large float32 products on a device: a matrix product and a 3x3 convolution
    (torch's libraries for the two differ by a factor of two on some processors)."""

    def __init__(self, device: torch.device):
        self.device = device
        self.source = torch.ones(_COPY_BYTES // 4, device=device)
        self.target = torch.empty_like(self.source)
        self.matrix = torch.randn(_SIDE, _SIDE, device=device)
        shapes = (_PICTURES, _CHANNELS, _SIZE, _SIZE), (_CHANNELS, _CHANNELS, 3, 3)
        self.pictures, self.filters = (
            torch.randn(shape, device=device).contiguous(memory_format=torch.channels_last) for shape in shapes
        )

    @torch.inference_mode()
    def measure(self) -> dict:
        """{bytes_per_second (read and written), operations_per_second (of the faster product)}, each the better of two."""
        copy = min(self._seconds(lambda: self.target.copy_(self.source)) for _ in range(2))
        product = min(self._seconds(lambda: self.matrix @ self.matrix) for _ in range(2))
        convolution = min(self._seconds(lambda: functional.conv2d(self.pictures, self.filters, padding=1)) for _ in range(2))
        inside = _PICTURES * (3 * _SIZE - 2) ** 2 * _CHANNELS**2  # multiply-adds less those with the zeros around
        return {
            "bytes_per_second": 2 * _COPY_BYTES / copy,
            "operations_per_second": 2 * max(_SIDE**3 / product, inside / convolution),
        }

    def _seconds(self, work) -> float:
        synchronise(self.device)
        start = time.perf_counter()
        work()
        synchronise(self.device)
        return time.perf_counter() - start


def floor_seconds(operations: int, moved: int, ceilings: dict) -> float:
    """The larger of the two least times."""
    return max(operations / ceilings["operations_per_second"], moved / ceilings["bytes_per_second"])
