"""Shortcut functions H of a residual unit y = F(x) + S(H(x)).

The bounded shortcut is H(x) = atan(a x / s) / (a s) with s = sqrt(1 + c^2). Its slope is
H'(x) = 1 / (1 + c^2 + a^2 x^2), so that 0 < H' <= 1 / (1 + c^2). *Adaptive*: a and c are trained, one pair per unit
(BReG-NeXt, arXiv 2004.08495, in the form of the released script). *Fixed*: a = c = 1 are constant, which gives
atan(x / sqrt 2) / sqrt 2 (BReG-Net, arXiv 1903.02110). *Identity*: H(x) = x (ResNet).
"""

import math

import torch
from torch import nn

from ablations import kernels
from ablations.blocks import empty

# H is an even function of a with a removable singularity at a = 0. For |a| below this number, atan(u) equals u to the last
# bit for every |x| < 1e16. So replacing a smaller |a| by this number changes no value and avoids a division by 0.
_SMALLEST = 2.0**-80
# d(u) = atan(u) - u / (1 + u^2) loses precision by cancellation for small u: below this |u|, a series is summed instead.
_SERIES_BELOW = 0.2
_SERIES_TERMS = {torch.float32: 4, torch.float64: 12}


def bounded(x: torch.Tensor, a: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """H(x) = atan(a x / s) / (a s) with s = sqrt(1 + c^2); for a = 0 its limit x / (1 + c^2).

    Args:
        x: floating point, any shape and memory format. float16 and bfloat16 are computed in float32, with or without
            autocast. Full precision for 1e-13 < |x| < 1e16.
        a, c: floating point scalars (0-dimensional).

    Returns:
        Tensor with the shape and dtype of x. It is differentiable once with respect to x, a and c. Only x, a and c are kept
        for the backward pass; everything else is computed again.
    """
    return _Bounded.apply(x, a, c)


class _Bounded(torch.autograd.Function):
    """With u = a x / s and d(u) = atan(u) - u / (1 + u^2):

    dH/dx = 1 / (s^2 (1 + u^2)), dH/da = -d(u) / (a^2 s), dH/dc = -(c / s^2) (H + x dH/dx).

    Both passes overwrite their intermediate tensors where possible, because on a CPU memory access takes most of the time.
    """

    @staticmethod
    def forward(ctx, x, a, c):
        ctx.save_for_backward(x, a, c)
        if kernels.usable(x):
            return by_kernel(x, a, c)
        wide, a, c = _wide(x, a, c)
        s = torch.sqrt(1 + c * c)
        a = a.abs().clamp_min(_SMALLEST)
        return (wide * (a / s)).atan_().mul_(1 / (a * s)).to(x.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, a, c = ctx.saved_tensors
        if kernels.usable(x, gradient):
            out = empty(x.shape)
            return out, *backward_by_kernel(x, a, c, gradient, out)
        wide, a_, c_ = _wide(x, a, c)
        g = gradient.to(wide.dtype)
        s = torch.sqrt(1 + c_ * c_)
        size = a_.abs().clamp_min(_SMALLEST)  # H is an even function of a, and dH/da an odd one
        u = wide * (size / s)
        w = u * u
        inverse = (w + 1).reciprocal_()
        gradient_a = gradient_c = None
        g_slope = g * inverse
        g_slope.mul_(1 / (s * s))
        if ctx.needs_input_grad[1] or ctx.needs_input_grad[2]:
            angle = torch.atan(u)
            if ctx.needs_input_grad[2]:
                total = (g * angle).sum() / (size * s) + (g_slope * wide).sum()
                gradient_c = (-total * c_ / (s * s)).to(c.dtype)
            if ctx.needs_input_grad[1]:
                # For small u the series of d(u) is used. In it the factor a^2 is cancelled, so a may be 0.
                series = _series(w).mul_(u).mul_(wide).mul_(wide).mul_(1 / (s * s))
                direct = angle.sub_(u.mul_(inverse)).mul_(1 / (size * size))
                each = torch.where(w < _SERIES_BELOW**2, series, direct)
                gradient_a = (-each.mul_(g).sum() * a_.sign() / s).to(a.dtype)
        return g_slope.to(x.dtype) if ctx.needs_input_grad[0] else None, gradient_a, gradient_c


def by_kernel(x: torch.Tensor, a: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """`bounded`, for an x for which `kernels.usable` is True; without a graph for the backward pass."""
    size, s = _numbers(a, c)
    return kernels.bounded(x, size, s, empty(x.shape))


def backward_by_kernel(
    x: torch.Tensor, a: torch.Tensor, c: torch.Tensor, gradient: torch.Tensor, out: torch.Tensor, *, add: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """The backward pass of `bounded`, for tensors for which `kernels.usable` is True.

    Args:
        gradient: that of the result.
        out: gets the gradient of x; with `add`, the gradient of x is added to it.

    Returns:
        the gradients of a and of c.
    """
    size, s = _numbers(a, c)
    angles, values, odds = kernels.bounded_backward(gradient, x, size, s, out, add=add)
    given = a.item()
    gradient_a = -math.copysign(odds, odds * given) / s if given else 0.0
    gradient_c = -(angles / (size * s) + values) * c.item() / (s * s)
    return torch.tensor(gradient_a, dtype=a.dtype), torch.tensor(gradient_c, dtype=c.dtype)


def _numbers(a, c):
    """(|a|, but at least `_SMALLEST`; s)."""
    return max(abs(a.item()), _SMALLEST), math.hypot(1, c.item())


def _wide(x, a, c):
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    return x.to(dtype), a.to(dtype), c.to(dtype)


def _series(w):
    """d(u) / u^3 as a series in w = u^2: sum over k >= 1 of (-1)^(k+1) (2k / (2k + 1)) w^(k-1), by Horner's rule."""
    terms = _SERIES_TERMS[w.dtype]
    total = torch.full_like(w, 2 * terms / (2 * terms + 1))
    for k in range(terms - 1, 0, -1):
        total = torch.rsub(total.mul_(w), 2 * k / (2 * k + 1))
    return total


class Identity(nn.Module):
    """H(x) = x, the shortcut of ResNet, for any tensor."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class _BoundedShortcut(nn.Module):
    """`bounded` with the module's own a and c; computed by `ablations.triton_shortcut` where `triton` is True and x is on a
    GPU."""

    a: torch.Tensor
    c: torch.Tensor
    triton = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.triton and _takes_triton(x):
            from ablations import triton_shortcut  # not every machine has Triton

            return triton_shortcut.bounded(x, self.a, self.c)
        return bounded(x, self.a, self.c)


def _takes_triton(x):
    dense = x.is_contiguous() or (x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last))
    return x.is_cuda and dense and x.dtype in (torch.float32, torch.bfloat16, torch.float16)


class FixedBounded(_BoundedShortcut):
    """H(x) = atan(x / sqrt 2) / sqrt 2 with slope 1 / (2 + x^2): `bounded` with constant a = c = 1. It has no parameters and
    no state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("a", torch.ones(()), persistent=False)
        self.register_buffer("c", torch.ones(()), persistent=False)


class AdaptiveBounded(_BoundedShortcut):
    """`bounded` with two trained scalars a and c, both initially 1, as in the released script."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.ones(()))
        self.c = nn.Parameter(torch.ones(()))
