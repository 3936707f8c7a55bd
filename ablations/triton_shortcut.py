"""The bounded shortcut on a GPU: one Triton kernel forward, and two backward, in place of some thirty of torch's.

It computes what `ablations.shortcuts.bounded` does, in float32 for every dtype of x, from the same formulas as kernels.c.
Each block of elements leaves three partial sums, and one program adds these in a fixed order in float64. So two calls give
the same bits. a and c are read on the device: the host never waits. Both passes are operators of torch, so torch.compile
keeps the network in one graph. (`custom_op`, not `triton_op`: the compiler would gain nothing by looking inside, since it
does not fuse foreign kernels, and it can look inside only where there is a GPU.) With TRITON_INTERPRET=1 in the environment
before triton is imported, the kernels run on a CPU, slowly; the tests do so.
"""

import torch
import triton
from torch import Tensor
from torch.library import custom_op
from triton import language as tl

BLOCK = 1024  # elements of one program
SMALLEST = tl.constexpr(2.0**-80)  # as in ablations.shortcuts, and so is the number below which the series is used
SERIES_BELOW = tl.constexpr(0.04)  # u^2


@triton.jit
def _arc_tangent(u):
    """atan(u) as in kernels.c: a polynomial whose error is below 1.6e-8."""
    size = tl.abs(u)
    v = tl.where(size > 1, 1 / size, size)
    w = v * v
    p = -0.00238699731672 * w + 0.013507771427
    p = p * w - 0.035871538982
    p = p * w + 0.0625016944475
    p = p * w - 0.0865688043015
    p = p * w + 0.110337641153
    p = p * w - 0.142785687482
    p = p * w + 0.199997393298
    p = p * w - 0.333333317331
    angle = v + v * w * p
    angle = tl.where(size > 1, 1.57079637 - angle - 4.37113883e-8, angle)  # pi / 2 in two parts
    return tl.where(u < 0, -angle, angle)


@triton.jit
def _numbers(a_at, c_at):
    """(|a|, but at least SMALLEST; s)."""
    a, c = tl.load(a_at).to(tl.float32), tl.load(c_at).to(tl.float32)
    return tl.maximum(tl.abs(a), SMALLEST), tl.sqrt(1 + c * c)


@triton.jit
def _forward(x_at, a_at, c_at, y_at, count, width: tl.constexpr):
    size, s = _numbers(a_at, c_at)
    place = tl.program_id(0).to(tl.int64) * width + tl.arange(0, width)
    x = tl.load(x_at + place, mask=place < count, other=0).to(tl.float32)
    y = _arc_tangent(x * (size / s)) * (1 / (size * s))
    tl.store(y_at + place, y.to(y_at.dtype.element_ty), mask=place < count)


@triton.jit
def _backward(g_at, x_at, a_at, c_at, result_at, sums_at, count, sums: tl.constexpr, width: tl.constexpr):
    size, s = _numbers(a_at, c_at)
    block = tl.program_id(0)
    place = block.to(tl.int64) * width + tl.arange(0, width)
    x = tl.load(x_at + place, mask=place < count, other=0).to(tl.float32)
    g = tl.load(g_at + place, mask=place < count, other=0).to(tl.float32)
    u, slope = x * (size / s), 1 / (s * s)
    w = u * u
    inverse = 1 / (w + 1)
    result = g * inverse * slope
    tl.store(result_at + place, result.to(result_at.dtype.element_ty), mask=place < count)
    if sums:
        angle = _arc_tangent(u)
        series = ((w * (-8 / 9) + 6 / 7) * w - 4 / 5) * w + 2 / 3
        series = series * u * x * x * slope
        direct = (angle - u * inverse) * (1 / (size * size))
        odd = tl.where(w < SERIES_BELOW, series, direct)
        tl.store(sums_at + 3 * block, tl.sum(g * angle))
        tl.store(sums_at + 3 * block + 1, tl.sum(result * x))
        tl.store(sums_at + 3 * block + 2, tl.sum(g * odd))


@triton.jit
def _of_scalars(sums_at, a_at, c_at, gradient_a_at, gradient_c_at, blocks, width: tl.constexpr):
    """The gradients of a and c from the sums of the blocks, added in a fixed order by one program."""
    size, s = _numbers(a_at, c_at)
    a, c = tl.load(a_at).to(tl.float32), tl.load(c_at).to(tl.float32)
    angles = tl.zeros((width,), tl.float64)
    values, odds = angles, angles
    for start in range(0, blocks, width):
        place = start + tl.arange(0, width)
        angles += tl.load(sums_at + 3 * place, mask=place < blocks, other=0)
        values += tl.load(sums_at + 3 * place + 1, mask=place < blocks, other=0)
        odds += tl.load(sums_at + 3 * place + 2, mask=place < blocks, other=0)
    total = tl.sum(angles) / (size * s) + tl.sum(values)
    sign = tl.where(a > 0, 1.0, tl.where(a < 0, -1.0, 0.0))  # H is an even function of a
    tl.store(gradient_a_at, (-tl.sum(odds) * sign / s).to(gradient_a_at.dtype.element_ty))
    tl.store(gradient_c_at, (-total * c / (s * s)).to(gradient_c_at.dtype.element_ty))


@custom_op("ferbench::bounded", mutates_args={})
def bounded(x: Tensor, a: Tensor, c: Tensor) -> Tensor:
    """`ablations.shortcuts.bounded` for float32, bfloat16 or float16 x on a GPU, dense in any layout. Shape, dtype and
    layout of the result are those of x. Differentiable once with respect to x, a and c."""
    y = torch.empty_like(x)
    blocks = triton.cdiv(x.numel(), BLOCK)
    if blocks:
        with torch.cuda.device_of(x):  # Triton launches on the current GPU
            _forward[(blocks,)](x, a, c, y, x.numel(), width=BLOCK)
    return y


@custom_op("ferbench::bounded_backward", mutates_args={})
def bounded_backward(gradient: Tensor, x: Tensor, a: Tensor, c: Tensor, sums: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of x, a and c; those of a and c are 0 without `sums`."""
    if gradient.stride() != x.stride():
        gradient = torch.empty_like(x).copy_(gradient)
    result, blocks = torch.empty_like(x), triton.cdiv(x.numel(), BLOCK)
    gradient_a, gradient_c = torch.zeros_like(a), torch.zeros_like(c)
    if blocks:
        partial = torch.empty(3 * blocks if sums else 1, dtype=torch.float32, device=x.device)
        given = gradient, x, a, c, result, partial, x.numel()
        with torch.cuda.device_of(x):
            _backward[(blocks,)](*given, sums=sums, width=BLOCK)
            if sums:
                _of_scalars[(1,)](partial, a, c, gradient_a, gradient_c, blocks, width=BLOCK)
    return result, gradient_a, gradient_c


@bounded.register_fake
def _like_x(x, a, c):
    return torch.empty_like(x)


@bounded_backward.register_fake
def _like_all(gradient, x, a, c, sums):
    return torch.empty_like(x), torch.empty_like(a), torch.empty_like(c)


def _keep(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _gradients(ctx, gradient):
    x, a, c = ctx.saved_tensors
    sums = ctx.needs_input_grad[1] or ctx.needs_input_grad[2]
    gradients = bounded_backward(gradient, x, a, c, sums)
    return tuple(each if needed else None for each, needed in zip(gradients, ctx.needs_input_grad, strict=True))


bounded.register_autograd(_gradients, setup_context=_keep)
