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

from ablations.blocks import empty
from ablations.kernel_cache import load
from benchmark import progress

SOURCES = [Path(__file__).with_name(name) for name in ("kernels.c", "winograd.c")]
SWITCH = "FERBENCH_KERNELS"
_UNIT = 16  # winograd.c's
_POINTER, _SIZE, _STEP, _INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_int
_FLOAT, _DOUBLE = ctypes.c_float, ctypes.c_double
_ARGUMENTS = {
    "statistics": (_POINTER, _SIZE, _SIZE, *4 * (_POINTER,), _DOUBLE, _INT),
    "activated": (_POINTER, _POINTER, _SIZE, _SIZE, *3 * (_POINTER,), _DOUBLE, _INT),
    "activated_backward": (*4 * (_POINTER,), _SIZE, _SIZE, _POINTER, _POINTER, _DOUBLE, _INT, *3 * (_POINTER,), _INT),
    "bounded": (_POINTER, _POINTER, _SIZE, _FLOAT, _FLOAT, _INT),
    "bounded_backward": (_POINTER, _POINTER, _POINTER, _SIZE, _FLOAT, _FLOAT, _FLOAT, _INT, _POINTER, _INT),
    "winograd_filters": (_POINTER, *3 * (_STEP,), _POINTER, _SIZE, _SIZE, _INT),
    "winograd": (*5 * (_POINTER,), *5 * (_SIZE,), _POINTER, _INT),
    "winograd_gradient": (*3 * (_POINTER,), *3 * (_STEP,), _POINTER, *5 * (_SIZE,), _POINTER, _INT),
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


def statistics(x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float) -> Tensor:
    """Per channel of x, float32 (N, C, H, W): the mean, and the mean of squared deviations from it. Float32 (2, C).

    `running_mean` and `running_var` (C,) move by the share `momentum` towards the mean and the unbiased variance, in place.
    """
    channels, width = x.shape[1], library().row_width(x.shape[1])
    parts, found = empty((library().blocks(x.numel(), width), 2, width)), torch.empty(2, channels)
    given = _at(x), x.numel(), channels, _at(parts), _at(found), _at(running_mean), _at(running_var), momentum
    library().statistics(*given, _threads())
    return found


def activated(x: Tensor, gamma: Tensor, beta: Tensor, statistics: Tensor, eps: float, out: Tensor) -> Tensor:
    """out = ELU(gamma (x - mean) / sqrt(variance + eps) + beta), float32 (N, C, H, W).

    Args:
        gamma, beta: (C,).
        statistics: (2, C), means and variances.
        out: may be x.

    Returns:
        `out`.
    """
    given = _at(x), _at(out), x.numel(), len(gamma), _at(gamma), _at(beta), _at(statistics), eps
    library().activated(*given, _threads())
    return out


def activated_backward(
    gradient: Tensor,
    y: Tensor,
    x: Tensor,
    gamma: Tensor,
    statistics: Tensor,
    eps: float,
    *,
    of_batch: bool,
    more: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Replace `gradient`, that of y = `activated`(x, ...), in place by the gradient of x. Float32 (N, C, H, W).

    Args:
        of_batch: whether the statistics are those of x (then they depend on x); else they are constants.
        more: (N, C, H, W), added to the gradient of x.

    Returns:
        the gradients of gamma and of beta, (C,).
    """
    width, of_gamma, of_beta = library().row_width(len(gamma)), torch.empty_like(gamma), torch.empty_like(gamma)
    parts = empty((library().blocks(x.numel(), width), 2, width))
    tensors = _at(gradient), _at(y), _at(x), None if more is None else _at(more)
    given = _at(gamma), _at(statistics), eps, of_batch, _at(parts), _at(of_gamma), _at(of_beta)
    library().activated_backward(*tensors, x.numel(), len(gamma), *given, _threads())
    return of_gamma, of_beta


def bounded(x: Tensor, a: float, s: float, out: Tensor) -> Tensor:
    """out = atan(a x / s) / (a s) for a > 0. Float32, any shape. Returns `out`."""
    library().bounded(_at(x), _at(out), x.numel(), a / s, 1 / (a * s), _threads())
    return out


def bounded_backward(
    gradient: Tensor, x: Tensor, a: float, s: float, out: Tensor, *, add: bool = False
) -> tuple[float, float, float]:
    """out = own = gradient / (s^2 (1 + u^2)) with u = a x / s, for a > 0; with `add`, out += own. `out` may be `gradient`.
    Float32, any shape.

    Returns:
        The sums over all elements of gradient * atan(u), of own * x, and of gradient * (atan(u) - u / (1 + u^2)) / a^2.
    """
    sums = torch.empty(library().blocks(x.numel(), 1), 3, dtype=torch.float64)
    given = (_at(gradient), _at(x), _at(out), x.numel(), a / s, 1 / (s * s), 1 / (a * a), add)
    library().bounded_backward(*given, _at(sums), _threads())
    return tuple(sums.sum(0).tolist())


def winograd_usable(weight: Tensor, stride: tuple[int, ...]) -> bool:
    """Whether `convolution` and its gradients can be used for filters (D, C, 3, 3) with this stride.

    Where they can, they are faster than torch's: 1.4 to 4.5 times with AVX-512, AVX2 and SSE (docs/reference/speed.md).
    """
    return set(stride) == {1} and not (weight.shape[0] % _UNIT or weight.shape[1] % _UNIT)


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, base: Tensor | None = None, out: Tensor | None = None
) -> Tensor:
    """3x3 convolution with stride 1 and zero padding of 1, float32 (N, C, H, W) to (N, D, H, W).

    Args:
        weight: (D, C, 3, 3), of any memory layout; D and C are multiples of 16.
        bias: (D,) or None.
        base: (N, D, H, W), added to the result.
        out: (N, D, H, W), where the result is written; may be `base`. None: a new tensor.
    """
    weight = _even(weight)
    if out is None:
        out = empty((len(x), len(weight), *x.shape[2:]))
    address, tap, out_step, in_step = _filters(weight)
    return _winograd(x, (address, tap, in_step, out_step), bias, base, out)


def convolution_gradient(gradient: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of the filters (D, C, 3, 3), in the memory layout of `weight`, and of the bias (D,) of `convolution`.

    Args:
        gradient: that of the result, float32 (N, D, H, W).
        x, weight: as they were given to `convolution`. `gradient` and x are in channels_last layout.
    """
    of_filters, of_bias, threads = torch.empty_like(_even(weight)), torch.empty(len(weight)), _threads()
    pictures, inputs, height, width = x.shape
    if not pictures:
        return of_filters.zero_(), of_bias.zero_()
    scratch = empty((library().winograd_gradient_scratch(inputs, len(weight), threads),))
    address, tap, out_step, in_step = _filters(of_filters)
    given = (
        _at(x), _at(gradient), address, tap, in_step, out_step, _at(of_bias), pictures, height, width, inputs, len(weight)
    )  # fmt: skip
    library().winograd_gradient(*given, _at(scratch), threads)
    return of_filters, of_bias


def convolution_of_gradient(gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient of the pictures (N, C, H, W), from `gradient`, that of the result of `convolution`: (N, D, H, W)."""
    # It is a convolution with the filters rotated by 180 degrees: the nine are read from the last to the first.
    weight = _even(weight)
    address, tap, out_step, in_step = _filters(weight)
    turned = address + 8 * tap * weight.element_size(), -tap, out_step, in_step
    return _winograd(gradient, turned, None, None, empty((len(gradient), weight.shape[1], *gradient.shape[2:])))


def _winograd(x, filters, bias, base, out):
    """`filters`: address of the first of the nine, and the steps from one to the next, from input to input, and from output
    to output."""
    pictures, inputs, height, width = x.shape
    outputs = out.shape[1]
    threads, packed = _threads(), empty((36 * inputs * outputs,))
    scratch = empty((threads, library().winograd_scratch(inputs, outputs)))
    library().winograd_filters(*filters, _at(packed), inputs, outputs, threads)
    added = (None if each is None else _at(each) for each in (bias, base))
    shape = pictures, height, width, inputs, outputs
    library().winograd(_at(x), _at(packed), *added, _at(out), *shape, _at(scratch), threads)
    return out


def _even(weight):
    """The filters (D, C, 3, 3) with the same step in memory between all nine."""
    return weight if weight.stride(2) == 3 * weight.stride(3) else weight.contiguous(memory_format=torch.channels_last)


def _filters(weight):
    """The address, and the steps: from one of the nine to the next, from output to output, from input to input."""
    return _at(weight), weight.stride(3), weight.stride(0), weight.stride(1)


def _at(tensor: Tensor) -> int:
    return tensor.data_ptr()


def _threads() -> int:
    return torch.get_num_threads()
