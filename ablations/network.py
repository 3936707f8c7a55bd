"""The family of residual networks that is studied. Only depth, width, shortcut, normalisation and unit order vary.

A network is: conv 3x3 -> residual units -> batch normalisation -> ELU -> global average pooling -> fully connected. A unit
is y = F(x) + S(H(x)). H is the shortcut function. S is average pooling by the stride, followed by added channels of zeros,
half of them before and half after. All convolutions are 3x3 with bias. Source: the released TensorFlow script of BReG-NeXt
(arXiv 2004.08495).

Padding is TensorFlow's SAME, as in the script. A stride-2 convolution pads only the bottom and the right edge if the size is
even, and all edges if it is odd. Pooling averages only over real pixels. Sizes are halved and rounded up.

Unit orders. "pre-activation" (as in the code): F = BN-ELU-conv-BN-ELU-conv. "post-activation" (as in the paper's figure):
F = conv-BN-ELU-conv-BN-ELU. The BN and ELU before the global pooling stay in both orders, so that only the order inside the
units differs. In post-activation order, the first BN of a unit that widens has the larger number of channels.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ablations import fused, kernels
from ablations.shortcuts import AdaptiveBounded, FixedBounded, Identity
from benchmark.errors import BadInput

SHORTCUTS = {"identity": Identity, "fixed": FixedBounded, "adaptive": AdaptiveBounded}
UNIT_ORDERS = ("pre-activation", "post-activation")
BREGNEXT_50_UNITS, BREGNEXT_50_WIDTHS = (7, 1, 8, 1, 7), (32, 64, 128)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that never uses batch statistics, as in the release: gamma x / sqrt(1 + eps) + beta.

    The running mean stays 0 and the running variance 1, in training and in evaluation. gamma and beta are trained. Float
    (N, C, H, W) to the same shape.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


def _of_batch(norm: nn.BatchNorm2d) -> bool:
    """Whether it normalises with the statistics of the batch now."""
    return norm.training and not isinstance(norm, FrozenBatchNorm2d)


NORMALISATIONS = {"working": nn.BatchNorm2d, "frozen": FrozenBatchNorm2d}


class SameConv2d(nn.Conv2d):
    """3x3 convolution with bias and TensorFlow's SAME padding. Float (N, C, H, W) to (N, D, ceil(H/stride), ...)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0)

    def edges(self, x: torch.Tensor) -> tuple[int, ...]:
        """The zeros (left, right, top, bottom) to add around pictures of the size of x, in addition to the convolution's own
        padding; (): none."""
        return (x.shape[3] % 2, 1, x.shape[2] % 2, 1) if self.stride[0] == 2 else ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if edges := self.edges(x):
            x = functional.pad(x, edges)
        return super().forward(x)


class Activated(nn.Sequential):
    """A sequence of modules. If `kernels.usable`, BatchNorm-ELU-convolution and BatchNorm-ELU are each computed as one
    operation.

    It computes the same function as nn.Sequential, but hooks of the modules inside are not called in that case.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not kernels.usable(x):
            return super().forward(x)
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            if isinstance(layer, nn.BatchNorm2d):
                layers.pop(0)  # the ELU that follows
                batch = _of_batch(layer)
                if layers and isinstance(layers[0], SameConv2d):
                    convolution = layers.pop(0)
                    x = fused.activated_convolution(x, layer, convolution, convolution.edges(x), batch_statistics=batch)
                else:
                    x = fused.activation(x, layer, batch_statistics=batch)
            else:
                x = layer(x)
        return x


class ResidualUnit(nn.Module):
    """One residual unit y = F(x) + S(H(x)), where `shortcut` is H. Float (N, C, H, W) to (N, D, ceil(H/stride),
    ceil(W/stride)).

    If `kernels.usable`, a unit in pre-activation order without down-sampling is computed as one operation. It is the same
    function, but hooks of the modules inside are not called in that case.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str, normalisation: str, unit_order: str):
        super().__init__()
        self.stride, self.extra_channels = stride, outputs - inputs
        self.whole = unit_order == "pre-activation" and stride == 1 and inputs == outputs
        self.shortcut = SHORTCUTS[shortcut]()
        norm = NORMALISATIONS[normalisation]
        first, second = SameConv2d(inputs, outputs, stride), SameConv2d(outputs, outputs)
        if unit_order == "pre-activation":
            layers = (norm(inputs), nn.ELU(), first, norm(outputs), nn.ELU(), second)
        else:
            layers = (first, norm(outputs), nn.ELU(), second, norm(outputs), nn.ELU())
        self.residual = Activated(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.whole and kernels.usable(x):
            norm, _, convolution, norm_2, _, convolution_2 = self.residual
            shortcut = None if isinstance(self.shortcut, Identity) else (self.shortcut.a, self.shortcut.c)
            batch = _of_batch(norm)
            return fused.residual_unit(x, (norm, convolution), (norm_2, convolution_2), shortcut, batch_statistics=batch)
        bypass = self.shortcut(x)
        if self.stride > 1:
            # With ceil_mode and no padding, a window at the edge averages only over real pixels, as SAME pooling does.
            bypass = functional.avg_pool2d(bypass, self.stride, ceil_mode=True)
        if self.extra_channels:
            before = self.extra_channels // 2
            bypass = functional.pad(bypass, (0, 0, 0, 0, before, self.extra_channels - before))
        return self.residual(x).add_(bypass)


class ResidualNetwork(nn.Module):
    """A network of the family. Float (N, C, S, S) to (N, outputs), linear outputs. `units`: the residual units in order.

    It is built by `residual`, which checks the options. Parameters are drawn from torch's global random generator.
    """

    def __init__(
        self,
        num_outputs: int,
        in_channels: int,
        units: Sequence[int],
        widths: Sequence[int],
        shortcut: str,
        normalisation: str,
        unit_order: str,
    ):
        super().__init__()
        self.stem = SameConv2d(in_channels, widths[0])
        blocks = []
        width = widths[0]
        for group, count in enumerate(units):
            stride = 1 + group % 2
            for _ in range(count):
                # The first unit of a group of down-sampling units increases the number of channels.
                outputs = widths[(group + 1) // 2]
                blocks.append(ResidualUnit(width, outputs, stride, shortcut, normalisation, unit_order))
                width = outputs
        self.units = nn.Sequential(*blocks)
        self.head = Activated(NORMALISATIONS[normalisation](width), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.output = nn.Linear(width, num_outputs)
        self._initialise()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.head(self.units(self.stem(x))))

    @property
    def shortcuts_for_triton(self) -> list[nn.Module]:
        """The bounded shortcuts. Where the attribute `triton` of one is set to True, Triton computes it on a GPU."""
        return [unit.shortcut for unit in self.units if not isinstance(unit.shortcut, Identity)]

    @property
    def implementation(self) -> str:
        """How the network is computed on the device of its parameters, in float32: "compiled kernels" or "torch". It is
        stored in the record."""
        weight = self.output.weight
        return "compiled kernels" if kernels.usable(weight) else "torch"

    @torch.no_grad()
    def _initialise(self) -> None:
        """Initialise as tflearn 0.3.2 does for the released script.

        First convolution: uniform within +-sqrt(3 / fan_in), which is +-0.333 for three channels (uniform_scaling).
        Convolutions of units: normal with variance 1.3 x 2 / fan_in, truncated at 2 sd (tf.contrib variance_scaling). The
        factor 1.3 compensates for the truncation; the resulting variance is 1.006 x 2 / fan_in. Output layer: normal with sd
        0.02, truncated at 2 sd without compensation (resulting sd 0.0176). gamma: normal (1, 0.002). Biases and beta: 0.
        """
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, 0.002)
            elif isinstance(module, nn.Conv2d):
                fan_in = module.weight[0].numel()
                if module is self.stem:
                    limit = math.sqrt(3 / fan_in)
                    nn.init.uniform_(module.weight, -limit, limit)
                else:
                    sd = math.sqrt(1.3 * 2 / fan_in)
                    nn.init.trunc_normal_(module.weight, 0, sd, -2 * sd, 2 * sd)
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, 0, 0.02, -0.04, 0.04)
            else:
                continue
            nn.init.zeros_(module.bias)


def residual(
    num_outputs: int,
    in_channels: int,
    input_size: int,
    *,
    units: Sequence[int] = BREGNEXT_50_UNITS,
    widths: Sequence[int] = BREGNEXT_50_WIDTHS,
    shortcut: str = "identity",
    normalisation: str = "working",
    unit_order: str = "pre-activation",
) -> nn.Module:
    """A network of the family (described at the top of this module). It has 2 x sum(units) + 2 weight layers.

    Args:
        num_outputs: number of classes, or 2 for valence and arousal.
        in_channels: channels of the input.
        input_size: S of the input (N, C, S, S); the network works with any size.
        units: number of units in stage 1, of down-sampling units, of units in stage 2, and so on. The length is odd. Each
            number is >= 0, and >= 1 for down-sampling units, each of which halves the size.
        widths: channels of the stages: (len(units) + 1) / 2 numbers, which never decrease.
        shortcut: "identity", "fixed" or "adaptive" (see `ablations.shortcuts`).
        normalisation: "working" (batch statistics in training; running statistics with momentum 0.1 in evaluation; eps
            1e-5) or "frozen" (only an affine map per channel, as in the release).
        unit_order: "pre-activation" or "post-activation".

    Returns:
        a module that maps float (N, in_channels, S, S) to (N, num_outputs).

    Raises:
        BadInput: an invalid option.
    """
    for name, value, known in (
        ("shortcut", shortcut, SHORTCUTS),
        ("normalisation", normalisation, NORMALISATIONS),
        ("unit_order", unit_order, UNIT_ORDERS),
    ):
        if value not in known:
            raise BadInput(f"residual network, {name}", repr(value), f"one of {', '.join(known)}")
    if not _whole_numbers(units, 0) or len(units) % 2 == 0 or min(units[1::2], default=1) < 1:
        raise BadInput(
            "residual network, units", units, "an odd number of counts: stage, down-sampling (at least 1), stage, ..."
        )
    if not _whole_numbers(widths, 1) or len(widths) != (len(units) + 1) // 2 or list(widths) != sorted(widths):
        raise BadInput("residual network, widths", widths, f"{(len(units) + 1) // 2} channel counts that never fall")
    return ResidualNetwork(num_outputs, in_channels, units, widths, shortcut, normalisation, unit_order)


def bregnext_50(
    num_outputs: int,
    in_channels: int,
    input_size: int,
    *,
    shortcut: str = "adaptive",
    normalisation: str = "working",
    unit_order: str = "pre-activation",
) -> nn.Module:
    """BReG-NeXt-50: `residual` with 7, 1, 8, 1, 7 units of 32, 64 and 128 channels (24 units, 50 weight layers).

    It has 3,072,696 trained parameters with 8 outputs and 3 channels. Arguments, result and errors as of `residual`.
    """
    return residual(
        num_outputs,
        in_channels,
        input_size,
        units=BREGNEXT_50_UNITS,
        widths=BREGNEXT_50_WIDTHS,
        shortcut=shortcut,
        normalisation=normalisation,
        unit_order=unit_order,
    )


def _whole_numbers(values: object, least: int) -> bool:
    return (
        isinstance(values, Sequence)
        and not isinstance(values, str)
        and all(isinstance(value, int) and not isinstance(value, bool) and value >= least for value in values)
    )
