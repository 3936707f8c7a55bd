"""BatchNorm, ELU and the following convolution as one operation on a CPU. Its backward pass recomputes intermediate results.

Computed separately, a layer of the family keeps three tensors for its backward pass: the inputs of the normalisation, of the
ELU and of the convolution. The second and the third are elementwise functions of the first. So only the first is kept, and
the others are computed again. This costs one pass over memory, while the convolution costs tens of them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ablations import kernels


def activation(x: Tensor, norm: nn.BatchNorm2d, *, batch_statistics: bool) -> Tensor:
    """ELU(norm(x)), float32 (N, C, H, W) to the same shape. Only x is kept for the backward pass.

    Args:
        x: a tensor for which `kernels.usable` is True.
        norm: its gamma, beta and running statistics are used. With `batch_statistics` its running statistics are updated as
            in its own forward pass.
        batch_statistics: normalise with the statistics of the batch; else with the running statistics.
    """
    given = (x, norm.weight, norm.bias, *_statistics(x, norm, batch_statistics), norm.eps, batch_statistics)
    return _Activation.apply(*given) if torch.is_grad_enabled() else _activated(*given[:6])


def activated_convolution(
    x: Tensor, norm: nn.BatchNorm2d, convolution: nn.Conv2d, edges: tuple[int, ...], *, batch_statistics: bool
) -> Tensor:
    """convolution(pad(ELU(norm(x)))), float32 (N, C, H, W) to (N, D, ...). Only x is kept for the backward pass.

    Args:
        convolution: two-dimensional, without dilation, with one group.
        edges: zeros (left, right, top, bottom) that are added before the convolution, in addition to its own padding; ():
            none.
        x, norm, batch_statistics: as for `activation`.
    """
    given = (x, norm.weight, norm.bias, *_statistics(x, norm, batch_statistics), norm.eps, batch_statistics)
    further = (convolution.weight, convolution.bias, convolution.stride, convolution.padding, edges)
    if torch.is_grad_enabled():
        return _ActivatedConvolution.apply(*given, *further)
    return _convolved(_activated(*given[:6]), *further)


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, mean, variance, eps, batch_statistics):
        ctx.save_for_backward(x, gamma, beta, mean, variance)
        ctx.eps, ctx.batch_statistics = eps, batch_statistics
        return _activated(x, gamma, beta, mean, variance, eps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        activated = _activated(*ctx.saved_tensors, ctx.eps)
        return *_activation_backward(ctx, gradient.clone(), activated), None, None, None, None


class _ActivatedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, mean, variance, eps, batch_statistics, weight, bias, stride, padding, edges):
        ctx.save_for_backward(x, gamma, beta, mean, variance, weight)
        ctx.eps, ctx.batch_statistics = eps, batch_statistics
        ctx.convolution = stride, padding
        ctx.edges = edges
        return _convolved(_activated(x, gamma, beta, mean, variance, eps), weight, bias, stride, padding, edges)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        *normalised, weight = ctx.saved_tensors
        activated = _activated(*normalised, ctx.eps)
        padded = functional.pad(activated, ctx.edges) if ctx.edges else activated
        if kernels.winograd_usable(weight, ctx.convolution[0]):
            gradient = gradient.contiguous(memory_format=torch.channels_last)
            g_weight, g_bias = kernels.convolution_gradient(padded, gradient)
            # The gradient of the input is a convolution with the filters rotated by 180 degrees.
            g = kernels.convolution(gradient, weight.flip(2, 3).permute(2, 3, 0, 1), None)
        else:
            settings = [len(weight)], *ctx.convolution, [1, 1], False, [0, 0], 1
            given = gradient, padded, weight, *settings, [True, True, True]
            g, g_weight, g_bias = torch.ops.aten.convolution_backward(*given)
        if ctx.edges:
            g = functional.pad(g, [-edge for edge in ctx.edges])
        return *_activation_backward(ctx, g, activated), *4 * (None,), g_weight, g_bias, *3 * (None,)


def _activated(x, gamma, beta, mean, variance, eps):
    scale = gamma * (variance + eps).rsqrt()
    return kernels.affine_elu(x, scale, beta - mean * scale, torch.empty_like(x))


def _convolved(pictures, weight, bias, stride, padding, edges):
    if kernels.winograd_usable(weight, stride):
        return kernels.convolution(pictures, weight.permute(2, 3, 1, 0), bias)
    return functional.conv2d(functional.pad(pictures, edges) if edges else pictures, weight, bias, stride, padding)


def _activation_backward(ctx, gradient, activated):
    """The gradients of x, gamma and beta. `gradient` is overwritten.

    Let z = (x - mean) r gamma + beta with r = 1 / sqrt(variance + eps), n the number of values per channel, and g' the
    gradient of z. If the statistics are constants (running statistics), the gradient of x is gamma r g'. If they are
    computed from the batch, it is gamma r (g' - sum(g') / n - (x - mean) r^2 sum(g' (x - mean)) / n).
    """
    x, gamma, _, mean, variance = ctx.saved_tensors[:5]
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    total, product = kernels.elu_backward(gradient, activated, x, mean)
    inverse = (variance.double() + ctx.eps).rsqrt()
    scale = gamma * inverse
    second = third = torch.zeros_like(scale)
    if ctx.batch_statistics:
        values = x.numel() // len(mean)
        second = -scale * inverse**2 * product / values
        third = -scale * total / values - mean * second
    kernels.affine_backward(gradient, x, scale, second, third)
    return gradient, (product * inverse).to(gamma.dtype), total.to(gamma.dtype)


@torch.no_grad()
def _statistics(x, norm, batch_statistics):
    """The mean and the (biased) variance by which to normalise."""
    if not batch_statistics:
        return norm.running_mean, norm.running_var
    norm.num_batches_tracked.add_(1)
    mean, variance = kernels.statistics(x)
    values = x.numel() // len(mean)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
    norm.running_var.lerp_((variance * values / (values - 1)).to(norm.running_var.dtype), norm.momentum)
    return mean.to(x.dtype), variance.to(x.dtype)
