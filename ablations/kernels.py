"""kernels.c and winograd.c, compiled for this processor. They make the family about three times as fast on a CPU.

In torch, each operator is a separate pass over memory, atan and ELU take longer than reading and writing their data, and
convolutions are computed as direct sums (docs/speed.md). The system's C compiler builds both files once, in half a second,
into the user's cache folder (`kernel_cache`). Without a compiler, or with FERBENCH_KERNELS=off in the environment, the
network runs on torch's operators. The formulas are the same; results differ only by rounding.

The functions take float32 tensors on the CPU in channels_last layout (`usable`). They sum in blocks that do not depend on
the number of threads.
"""

import ctypes
import functools
import os
import subprocess
from pathlib import Path

import torch
from torch import Tensor
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from ablations.kernel_cache import load
from benchmark import progress

SOURCES = [Path(__file__).with_name(name) for name in ("kernels.c", "winograd.c")]
SWITCH = "FERBENCH_KERNELS"
_UNIT = 16  # winograd.c's
_POINTER, _SIZE, _FLOAT, _INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_float, ctypes.c_int
_ARGUMENTS = {
    "statistics": (_POINTER, _SIZE, _SIZE, _POINTER, _POINTER, _POINTER, _INT),
    "affine_elu": (_POINTER, _POINTER, _SIZE, _SIZE, _POINTER, _POINTER, _INT),
    "elu_backward": (_POINTER, _POINTER, _POINTER, _SIZE, _SIZE, _POINTER, _POINTER, _INT),
    "affine_backward": (_POINTER, _POINTER, _SIZE, _SIZE, _POINTER, _POINTER, _POINTER, _INT),
    "bounded": (_POINTER, _POINTER, _SIZE, _FLOAT, _FLOAT, _INT),
    "winograd_filters": (_POINTER, _POINTER, _SIZE, _SIZE, _INT),
    "winograd": (_POINTER, _POINTER, _POINTER, _POINTER, *5 * (_SIZE,), _POINTER, _INT),
    "winograd_gradient": (_POINTER, _POINTER, _POINTER, _POINTER, *5 * (_SIZE,), _POINTER, _INT),
    "bounded_backward": (_POINTER, _POINTER, _POINTER, _SIZE, _FLOAT, _FLOAT, _FLOAT, _POINTER, _INT),
}


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions; None if they are switched off or can not be built (a message says so once)."""
    if os.environ.get(SWITCH, "on").lower() in ("off", "0", "no"):
        return None
    try:
        loaded = load(SOURCES)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().partition("\n")[0]
        progress.say(f"no compiled kernels ({reason}): the CPU runs on torch's operators, which is slower")
        return None
    for name, many in (("row_width", 1), ("blocks", 2), ("winograd_scratch", 2), ("winograd_gradient_scratch", 3)):
        getattr(loaded, name).restype, getattr(loaded, name).argtypes = _SIZE, many * (_SIZE,)
    for name, arguments in _ARGUMENTS.items():
        getattr(loaded, name).restype, getattr(loaded, name).argtypes = None, arguments
    return loaded


def usable(*tensors: Tensor) -> bool:
    """Whether the functions below can be used for these tensors.

    The tensors must be float32 on the CPU, in channels_last layout (contiguous if not four-dimensional); autocast must be
    off; and there must be a `library`. While a tool observes the operators (tracing, exporting, compiling, counting), the
    result is False, so that the tool sees the network in torch's operators.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or is_in_torch_dispatch_mode():
        return False
    for tensor in tensors:
        layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
        if tensor.device.type != "cpu" or tensor.dtype != torch.float32 or not tensor.is_contiguous(memory_format=layout):
            return False
    return not torch.is_autocast_enabled("cpu") and library() is not None


def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Per channel of x, float32 (N, C, H, W): mean and variance (the mean of squared deviations), both float64 (C,)."""
    channels = x.shape[1]
    width = library().row_width(channels)
    parts, found = torch.empty(library().blocks(x.numel(), width), 2, width), torch.empty(2, channels, dtype=torch.float64)
    library().statistics(_at(x), x.numel(), channels, _at(parts), _at(found[0]), _at(found[1]), _threads())
    return found[0], found[1]


def affine_elu(x: Tensor, scale: Tensor, shift: Tensor, out: Tensor) -> Tensor:
    """out = ELU(x scale + shift), float32 (N, C, H, W); `scale` and `shift` are (C,). `out` may be x. Returns `out`."""
    scale, shift = _plain(scale), _plain(shift)
    library().affine_elu(_at(x), _at(out), x.numel(), len(scale), _at(scale), _at(shift), _threads())
    return out


def elu_backward(gradient: Tensor, y: Tensor, x: Tensor, mean: Tensor) -> Tensor:
    """Replace `gradient`, the gradient of y = ELU(z), in place by the gradient of z. Tensors are float32 (N, C, H, W).

    Returns:
        float64 (2, C): per channel, the sum of the gradient of z, and the sum of this gradient times (x - mean).
    """
    mean, width = _plain(mean), library().row_width(len(mean))
    sums = torch.empty(library().blocks(x.numel(), width), 2, width)
    library().elu_backward(_at(gradient), _at(y), _at(x), x.numel(), len(mean), _at(mean), _at(sums), _threads())
    return sums.sum(0, dtype=torch.float64).view(2, -1, len(mean)).sum(1)


def affine_backward(gradient: Tensor, x: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """gradient = gradient * first + x * second + third, in place. `gradient` and x are float32 (N, C, H, W), the others
    (C,). Returns `gradient`."""
    numbers = [_plain(each) for each in (first, second, third)]
    library().affine_backward(_at(gradient), _at(x), x.numel(), len(first), *map(_at, numbers), _threads())
    return gradient


def bounded(x: Tensor, a: float, s: float, out: Tensor) -> Tensor:
    """out = atan(a x / s) / (a s) for a > 0. Float32, any shape. Returns `out`."""
    library().bounded(_at(x), _at(out), x.numel(), a / s, 1 / (a * s), _threads())
    return out


def bounded_backward(gradient: Tensor, x: Tensor, a: float, s: float, out: Tensor) -> tuple[float, float, float]:
    """out = gradient / (s^2 (1 + u^2)) with u = a x / s, for a > 0; `out` may be `gradient`. Float32, any shape.

    Returns:
        The sums over all elements of gradient * atan(u), of out * x, and of gradient * (atan(u) - u / (1 + u^2)) / a^2.
    """
    sums = torch.empty(library().blocks(x.numel(), 1), 3, dtype=torch.float64)
    given = (_at(gradient), _at(x), _at(out), x.numel(), a / s, 1 / (s * s), 1 / (a * a))
    library().bounded_backward(*given, _at(sums), _threads())
    return tuple(sums.sum(0).tolist())


def winograd_usable(weight: Tensor, stride: tuple[int, ...]) -> bool:
    """Whether `convolution` and `convolution_gradient` can be used for filters (D, C, 3, 3) with this stride.

    Where they can, they are faster than torch's: 1.4 to 4.5 times with AVX-512, AVX2 and SSE (docs/reference/speed.md).
    """
    return set(stride) == {1} and not (weight.shape[0] % _UNIT or weight.shape[1] % _UNIT)


def convolution(x: Tensor, filters: Tensor, bias: Tensor | None) -> Tensor:
    """3x3 convolution with stride 1 and zero padding of 1, float32 (N, C, H, W) to (N, D, H, W).

    Args:
        filters: (3, 3, C, D), with any memory strides; C and D are multiples of 16.
        bias: (D,) or None.
    """
    _, _, inputs, outputs = filters.shape
    pictures, _, height, width = x.shape
    out = torch.empty(pictures, outputs, height, width, memory_format=torch.channels_last)
    threads, packed = _threads(), torch.empty(36 * inputs * outputs)
    scratch = torch.empty(threads, library().winograd_scratch(inputs, outputs))
    filters = filters.contiguous()
    library().winograd_filters(_at(filters), _at(packed), inputs, outputs, threads)
    shape = pictures, height, width, inputs, outputs
    library().winograd(_at(x), _at(packed), None if bias is None else _at(bias), _at(out), *shape, _at(scratch), threads)
    return out


def convolution_gradient(x: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of the filters (D, C, 3, 3) and of the bias (D,) of `convolution`, float32.

    Args:
        x: the pictures (N, C, H, W) that were convolved.
        gradient: that of the result, (N, D, H, W). Both in channels_last layout; C and D are multiples of 16.
    """
    pictures, inputs, height, width = x.shape
    outputs, threads = gradient.shape[1], _threads()
    filters, bias = torch.empty(3, 3, inputs, outputs), torch.empty(outputs)
    scratch = torch.empty(library().winograd_gradient_scratch(inputs, outputs, threads))
    shape = pictures, height, width, inputs, outputs
    given = (_at(x), _at(gradient), _at(filters), _at(bias), *shape, _at(scratch), threads)
    library().winograd_gradient(*given)
    return filters.permute(3, 2, 0, 1), bias


def _plain(values: Tensor) -> Tensor:
    """The values (C,) as float32, one after the other in memory."""
    return values.to(torch.float32).contiguous()


def _at(tensor: Tensor) -> int:
    return tensor.data_ptr()


def _threads() -> int:
    return torch.get_num_threads()
