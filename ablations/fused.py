"""Parts of the network as single operations on a CPU: BatchNorm-ELU, BatchNorm-ELU-convolution, and a whole residual unit.

Computed separately, a layer of the family keeps three tensors for its backward pass: the inputs of the normalisation, of the
ELU and of the convolution. The second and the third are elementwise functions of the first. So only the first is kept, and
the others are computed again. This costs one pass over memory, while the convolution costs tens of them.

In a whole unit, what the shortcut adds is added by the kernels, forward and backward, where they write their results anyway.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ablations import kernels, shortcuts
from ablations.blocks import empty


def activation(x: Tensor, norm: nn.BatchNorm2d, *, batch_statistics: bool) -> Tensor:
    """ELU(norm(x)), float32 (N, C, H, W) to the same shape. Only x is kept for the backward pass.

    Args:
        x: a tensor for which `kernels.usable` is True.
        norm: its gamma, beta and running statistics are used. With `batch_statistics` its running statistics are updated as
            in its own forward pass.
        batch_statistics: normalise with the statistics of the batch; else with the running statistics.

    Raises:
        ValueError: `batch_statistics`, and x has a single value per channel.
    """
    return _Activation.apply(x, *_normalised(x, norm, batch_statistics))


def activated_convolution(
    x: Tensor, norm: nn.BatchNorm2d, convolution: nn.Conv2d, edges: tuple[int, ...], *, batch_statistics: bool
) -> Tensor:
    """convolution(pad(ELU(norm(x)))), float32 (N, C, H, W) to (N, D, ...). Only x is kept for the backward pass.

    Args:
        convolution: two-dimensional, with bias, without dilation, with one group.
        edges: zeros (left, right, top, bottom) that are added before the convolution, in addition to its own padding; ():
            none.
        x, norm, batch_statistics: as for `activation`.
    """
    further = convolution.weight, convolution.bias, convolution.stride, convolution.padding, edges
    return _ActivatedConvolution.apply(x, *_normalised(x, norm, batch_statistics), *further)


def residual_unit(
    x: Tensor,
    first: tuple[nn.BatchNorm2d, nn.Conv2d],
    second: tuple[nn.BatchNorm2d, nn.Conv2d],
    shortcut: tuple[Tensor, Tensor] | None,
    *,
    batch_statistics: bool,
) -> Tensor:
    """F(x) + H(x), F = BN-ELU-convolution twice. Float32 (N, C, H, W) to the same shape.

    x and the input of the second normalisation are kept for the backward pass.

    Args:
        first, second: normalisation and convolution; both convolutions are 3x3 from C to C channels, with stride 1, padding
            of 1 and bias.
        shortcut: a and c of the bounded H (`shortcuts.bounded`); None: H(x) = x.
        x, batch_statistics: as for `activation`.
    """
    (norm, convolution), (norm_2, convolution_2) = first, second
    given = *_normalised(x, norm, batch_statistics), convolution.weight, convolution.bias
    # The statistics of the second normalisation are not known yet: the module itself is given.
    further = norm_2.weight, norm_2.bias, norm_2, convolution_2.weight, convolution_2.bias
    return _Unit.apply(x, *given, *further, *(shortcut or (None, None)))


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, statistics, eps, of_batch):
        ctx.save_for_backward(x, gamma, beta, statistics)
        ctx.eps, ctx.of_batch = eps, of_batch
        return kernels.activated(x, gamma, beta, statistics, eps, empty(x.shape))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, gamma, beta, statistics = ctx.saved_tensors
        y = kernels.activated(x, gamma, beta, statistics, ctx.eps, empty(x.shape))
        gradient = gradient.clone(memory_format=torch.channels_last)
        return (
            gradient,
            *kernels.activated_backward(gradient, y, x, gamma, statistics, ctx.eps, of_batch=ctx.of_batch),
            *3 * (None,),
        )


class _ActivatedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, statistics, eps, of_batch, weight, bias, stride, padding, edges):
        ctx.save_for_backward(x, gamma, beta, statistics, weight)
        ctx.eps, ctx.of_batch, ctx.convolution = eps, of_batch, (stride, padding, edges)
        y = kernels.activated(x, gamma, beta, statistics, eps, empty(x.shape))
        return _convolved(y, weight, bias, *ctx.convolution)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, gamma, beta, statistics, weight = ctx.saved_tensors
        y = kernels.activated(x, gamma, beta, statistics, ctx.eps, empty(x.shape))
        g, of_weight, of_bias = _convolved_backward(gradient, y, weight, *ctx.convolution)
        of_norm = kernels.activated_backward(g, y, x, gamma, statistics, ctx.eps, of_batch=ctx.of_batch)
        return g, *of_norm, *3 * (None,), of_weight, of_bias, *3 * (None,)


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx, x, gamma, beta, statistics, eps, of_batch, weight, bias, gamma_2, beta_2, norm_2, weight_2, bias_2, a, c
    ):
        y = kernels.activated(x, gamma, beta, statistics, eps, empty(x.shape))
        middle = _convolved(y, weight, bias)
        _, _, statistics_2, eps_2, _ = _normalised(middle, norm_2, of_batch)
        kernels.activated(middle, gamma_2, beta_2, statistics_2, eps_2, y)
        bypass = None if a is None else shortcuts.by_kernel(x, a, c)
        ctx.save_for_backward(x, gamma, beta, statistics, weight, middle, gamma_2, beta_2, statistics_2, weight_2, a, c)
        ctx.settings = eps, eps_2, of_batch
        return _convolved(y, weight_2, bias_2, base=x if bypass is None else bypass, out=bypass)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, gamma, beta, statistics, weight, middle, gamma_2, beta_2, statistics_2, weight_2, a, c = ctx.saved_tensors
        eps, eps_2, of_batch = ctx.settings
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        y = kernels.activated(middle, gamma_2, beta_2, statistics_2, eps_2, empty(middle.shape))
        g, *of_convolution_2 = _convolved_backward(gradient, y, weight_2)
        of_norm_2 = kernels.activated_backward(g, y, middle, gamma_2, statistics_2, eps_2, of_batch=of_batch)
        kernels.activated(x, gamma, beta, statistics, eps, y)
        g, *of_convolution = _convolved_backward(g, y, weight)
        more = gradient if a is None else None
        of_norm = kernels.activated_backward(g, y, x, gamma, statistics, eps, of_batch=of_batch, more=more)
        of_shortcut = (None, None) if a is None else shortcuts.backward_by_kernel(x, a, c, gradient, g, add=True)
        return g, *of_norm, *3 * (None,), *of_convolution, *of_norm_2, None, *of_convolution_2, *of_shortcut


def _normalised(x, norm, batch_statistics):
    """gamma, beta, the statistics by which to normalise (2, C), eps, and whether they are those of the batch x."""
    if not batch_statistics:
        return norm.weight, norm.bias, torch.stack((norm.running_mean, norm.running_var)), norm.eps, False
    if x.numel() <= x.shape[1]:
        raise ValueError(f"more than one value per channel is needed in training; the input has the shape {tuple(x.shape)}")
    norm.num_batches_tracked.add_(1)
    statistics = kernels.statistics(x, norm.running_mean, norm.running_var, norm.momentum)
    return norm.weight, norm.bias, statistics, norm.eps, True


def _convolved(pictures, weight, bias, stride=(1, 1), padding=(1, 1), edges=(), base=None, out=None):
    """The convolution plus `base`, written to `out` where Winograd's form is used."""
    if kernels.winograd_usable(weight, stride):
        return kernels.convolution(pictures, weight, bias, base, out)
    found = functional.conv2d(functional.pad(pictures, edges) if edges else pictures, weight, bias, stride, padding)
    return found if base is None else found.add_(base)


def _convolved_backward(gradient, pictures, weight, stride=(1, 1), padding=(1, 1), edges=()):
    """The gradients of the pictures (a tensor of its own, channels_last), the filters and the bias."""
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    if kernels.winograd_usable(weight, stride):
        of_filters, of_bias = kernels.convolution_gradient(gradient, pictures, weight)
        return kernels.convolution_of_gradient(gradient, weight), of_filters, of_bias
    padded = functional.pad(pictures, edges) if edges else pictures
    settings = [len(weight)], stride, padding, [1, 1], False, [0, 0], 1, [True, True, True]
    g, of_weight, of_bias = torch.ops.aten.convolution_backward(gradient, padded, weight, *settings)
    if edges:
        g = functional.pad(g, [-edge for edge in edges])
    return g.contiguous(memory_format=torch.channels_last), of_weight, of_bias
