"""Times Winograd's convolutions against torch's, on one core: `python tests/ablations/speed.py [-mno-avx512f | -mno-avx]`.

With an option, the kernels are compiled and torch runs as on a processor without AVX-512, or without AVX. Each number is the
least processor time of several calls, which other work on the machine hardly changes.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch.nn import functional

from ablations import kernels
from benchmark.runs.training.memory import keep_freed

LESS = {
    "-mno-avx512f": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "-mno-avx": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
SHAPES = ((32, 64), (64, 32), (128, 16), (16, 48), (32, 24), (64, 12))  # channels, side: BReG-NeXt-50's and narrow16-50's
BATCH, CALLS = 32, 11


def main() -> None:
    """Print a row a shape: milliseconds of the convolution and of the gradient of its filters, and torch's by ours."""
    if len(sys.argv) > 1:
        option = sys.argv[1]
        given = {**os.environ} | LESS[option] | {"CC": f"{os.environ.get('CC', 'cc')} {option}"}
        raise SystemExit(subprocess.run([sys.executable, __file__], env=given).returncode)
    torch.set_num_threads(1)
    keep_freed()
    print("channels  side  convolution  torch  ratio  gradient  torch  ratio")
    for channels, side in SHAPES:
        print(f"{channels:8}  {side:4}  {row(channels, side)}", flush=True)


def row(channels: int, side: int) -> str:
    """The times of one shape in words."""
    x, g = (torch.randn(BATCH, channels, side, side).contiguous(memory_format=torch.channels_last) for _ in range(2))
    weight, bias = torch.randn(channels, channels, 3, 3).contiguous(memory_format=torch.channels_last), torch.randn(channels)
    settings = [channels], *3 * ([1, 1],), False, [0, 0], 1, [False, True, True]
    pairs = (
        (lambda: kernels.convolution(x, weight, bias), lambda: functional.conv2d(x, weight, bias, padding=1)),
        (
            lambda: kernels.convolution_gradient(g, x, weight),
            lambda: torch.ops.aten.convolution_backward(g, x, weight, *settings),
        ),
    )
    times = [(least(own), least(theirs)) for own, theirs in pairs]
    return "  ".join(f"{own:9.2f}  {theirs:5.2f}  {theirs / own:5.2f}" for own, theirs in times)


def least(call: Callable[[], object]) -> float:
    """The least processor time of several calls, in milliseconds."""
    found = []
    for _ in range(CALLS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return 1000 * min(found)


if __name__ == "__main__":
    main()
