"""A lower bound of the time of a training step (roofline model): operations and bytes are counted, ceilings are measured.

Operations: 2 x the multiply-adds of the convolutions and matrix products of one step, forward and backward, computed as
direct sums; counted by torch.utils.flop_counter. Bytes: what these operators must read and write once, in their own
precision, and what the optimiser reads and writes of parameters, gradients and two moments. Elementwise operations are
assumed to cost nothing. No implementation with direct sums can be faster than this bound. Winograd's algorithm can, because
it needs fewer multiplications.
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
_COPY_BYTES, _SIDE = 2**28, 2048  # sizes of the copy and of the matrices with which the ceilings are measured
_PICTURES, _CHANNELS, _SIZE = 32, 512, 16  # size of the convolution with which they are measured


class _Traffic(TorchDispatchMode):
    """Sums the bytes of all inputs and outputs of convolutions and matrix products."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, overload, types, args=(), kwargs=None):
        result = overload(*args, **(kwargs or {}))
        if overload.overloadpacket.__name__ in _PRODUCTS:
            self.bytes += sum(t.nbytes for t in tree_leaves((args, result)) if isinstance(t, Tensor))
        return result


def count_step(network: nn.Module, batch: int, channels: int, size: int, outputs: int) -> dict:
    """{operations, bytes} of one training step (cross-entropy, Adam, float32), and {evaluation_operations,
    evaluation_bytes} of one forward pass, in one dictionary.

    Args:
        network: on the CPU, float (N, channels, size, size) to (N, outputs); its gradients are cleared.
    """
    pictures, labels = torch.zeros(batch, channels, size, size), torch.zeros(batch, dtype=torch.int64)
    found = {}
    for prefix, training in (("", True), ("evaluation_", False)):
        operations, traffic = FlopCounterMode(display=False), _Traffic()
        was = network.training
        network.eval()  # so that the running statistics do not change
        with torch.set_grad_enabled(training), operations, traffic:
            out = network(pictures)
            if training:
                functional.cross_entropy(out, labels).backward()
        network.train(was)
        found |= {f"{prefix}operations": operations.get_total_flops(), f"{prefix}bytes": traffic.bytes}
    # The optimiser reads and writes parameters and both moments; the gradient is written once and read once.
    found["bytes"] += 8 * sum(p.nbytes for p in network.parameters() if p.requires_grad)
    network.zero_grad(set_to_none=True)
    return found


class Ceilings:
    """Measures the ceilings of a device: the bandwidth of a large copy, and the speed of a large matrix product and a large
    3x3 convolution in float32. (On some processors, torch's libraries for the two differ in speed by a factor of two.)"""

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
        """{bytes_per_second (read and written), operations_per_second (of the faster of the two products)}. Each is the
        better of two measurements."""
        copy = min(self._seconds(lambda: self.target.copy_(self.source)) for _ in range(2))
        product = min(self._seconds(lambda: self.matrix @ self.matrix) for _ in range(2))
        convolution = min(self._seconds(lambda: functional.conv2d(self.pictures, self.filters, padding=1)) for _ in range(2))
        inside = _PICTURES * (3 * _SIZE - 2) ** 2 * _CHANNELS**2  # multiply-adds, without those with the padding's zeros
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
    """The lower bound in seconds: the larger of the bounds from operations and from bytes (`moved`)."""
    return max(operations / ceilings["operations_per_second"], moved / ceilings["bytes_per_second"])
