"""The one residual family of the study: depth, width, shortcut, normalisation and unit order vary, nothing else.

conv 3x3 -> residual units -> batch normalisation -> ELU -> global average pooling -> fully connected. A unit is
y = F(x) + S(H(x)): H is the shortcut function, S average pooling by the stride, then zero channels, half before and
half after. All convolutions are 3x3 with bias. Source: the released TensorFlow script of BReG-NeXt (arXiv 2004.08495).

Padding is TensorFlow's SAME, which the script uses: a stride-2 convolution pads the bottom and the right edge alone
where the size is even and all edges where it is odd, and pooling averages over real pixels alone. Sizes
halve, rounded up.

Unit orders. "pre-activation" (the code): F = BN-ELU-conv-BN-ELU-conv. "post-activation" (the paper's figure):
F = conv-BN-ELU-conv-BN-ELU. The BN and ELU before the pooling stay in both orders, so that the order inside the units
is all that differs; in post-activation order the first BN of a down-sampling unit has the wider unit's channels.
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
    """Batch normalisation that never normalises, as it ran in the release: gamma x / sqrt(1 + eps) + beta.

    The running mean stays 0 and the running variance 1, in training and evaluation alike; gamma and beta are trained.
    Float (N, C, H, W) to the same.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


NORMALISATIONS = {"working": nn.BatchNorm2d, "frozen": FrozenBatchNorm2d}


class SameConv2d(nn.Conv2d):
    """3x3 convolution with bias and TensorFlow's SAME padding. Float (N, C, H, W) to (N, D, ceil(H/stride), ...)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0)

    def edges(self, x: torch.Tensor) -> tuple[int, ...]:
        """Zeros to add around pictures of x's size (left, right, top, bottom) beside its own padding; () for none."""
        return (x.shape[3] % 2, 1, x.shape[2] % 2, 1) if self.stride[0] == 2 else ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if edges := self.edges(x):
            x = functional.pad(x, edges)
        return super().forward(x)


class Activated(nn.Sequential):
    """Modules in order, BatchNorm-ELU-convolution and BatchNorm-ELU each as one operation where `kernels.usable`.

    The same function as nn.Sequential's; hooks of the modules within are not called then.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not kernels.usable(x):
            return super().forward(x)
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            if isinstance(layer, nn.BatchNorm2d):
                layers.pop(0)  # its ELU
                batch = layer.training and not isinstance(layer, FrozenBatchNorm2d)
                if layers and isinstance(layers[0], SameConv2d):
                    convolution = layers.pop(0)
                    x = fused.activated_convolution(x, layer, convolution, convolution.edges(x), batch_statistics=batch)
                else:
                    x = fused.activation(x, layer, batch_statistics=batch)
            else:
                x = layer(x)
        return x


class ResidualUnit(nn.Module):
    """One unit y = F(x) + S(H(x)); `shortcut` is H. Float (N, C, H, W) to (N, D, ceil(H/stride), ceil(W/stride))."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str, normalisation: str, unit_order: str):
        super().__init__()
        self.stride, self.extra_channels = stride, outputs - inputs
        self.shortcut = SHORTCUTS[shortcut]()
        norm = NORMALISATIONS[normalisation]
        first, second = SameConv2d(inputs, outputs, stride), SameConv2d(outputs, outputs)
        if unit_order == "pre-activation":
            layers = (norm(inputs), nn.ELU(), first, norm(outputs), nn.ELU(), second)
        else:
            layers = (first, norm(outputs), nn.ELU(), second, norm(outputs), nn.ELU())
        self.residual = Activated(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bypass = self.shortcut(x)
        if self.stride > 1:
            # ceil_mode without padding cuts the last window at the edge: the SAME average over real pixels.
            bypass = functional.avg_pool2d(bypass, self.stride, ceil_mode=True)
        if self.extra_channels:
            before = self.extra_channels // 2
            bypass = functional.pad(bypass, (0, 0, 0, 0, before, self.extra_channels - before))
        return self.residual(x).add_(bypass)


class ResidualNetwork(nn.Module):
    """Float (N, C, S, S) to (N, outputs), linear outputs. `units` holds the residual units in order.

    Built by `residual`, which checks the options; parameters are drawn from torch's global random stream.
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
                # A group of down-sampling units widens in its first unit.
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
    def implementation(self) -> str:
        """What it runs on where its parameters lie, in float32: "compiled kernels" or "torch". For the record."""
        weight = self.output.weight
        return "compiled kernels" if kernels.usable(weight) else "torch"

    @torch.no_grad()
    def _initialise(self) -> None:
        """As tflearn 0.3.2 does for the released script.

        First convolution: uniform within +-sqrt(3 / fan_in), which is +-0.333 for three channels (uniform_scaling).
        Unit convolutions: normal of variance 1.3 x 2 / fan_in redrawn beyond 2 sd (tf.contrib variance_scaling; 1.3
        makes up for the truncation: the variance comes to 1.006 x 2 / fan_in). Output: normal of sd 0.02 redrawn
        beyond 2 sd, not made up (sd 0.0176). gamma: normal (1, 0.002). Biases and beta: 0.
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
    """A network of the family (see the module's text). Weight layers: 2 x sum(units) + 2.

    Args:
        num_outputs: classes, or 2 for valence and arousal.
        in_channels: channels of the input.
        input_size: S of the input (N, C, S, S); the network itself takes any size.
        units: units in stage 1, down-sampling units, units in stage 2, ...: an odd number of counts, each >= 0, and
            each >= 1 for the down-sampling units, which halve the size.
        widths: channels of the stages, (len(units) + 1) / 2 of them, never falling.
        shortcut: "identity", "fixed" or "adaptive" (see `ablations.shortcuts`).
        normalisation: "working" (batch statistics in training, running ones of momentum 0.1 in evaluation; eps 1e-5) or
            "frozen" (a channel's affine map, as the release ran).
        unit_order: "pre-activation" or "post-activation".

    Returns:
        Module mapping float (N, in_channels, S, S) to (N, num_outputs).

    Raises:
        BadInput: an option outside these.
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
    """BReG-NeXt-50: `residual` with 7, 1, 8, 1, 7 units of 32, 64 and 128 channels; 24 units, 50 weight layers.

    3,072,696 trained parameters with 8 outputs and 3 channels. Arguments, result and errors as `residual`.
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
