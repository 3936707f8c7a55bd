"""mini-Xception (Arriaga et al. 2017, arXiv 1710.07557; layer sizes from its code, oarriaga/face_classification).

Two 3x3 convolutions with 8 channels and no padding; four separable modules with 16, 32, 64 and 128 channels, each with a
strided 1x1 convolution as shortcut; then a 3x3 convolution to the outputs and global average pooling. There is no softmax:
the outputs are linear. The settings of Keras are kept: SAME padding (a stride-2 max pooling of an even size pads only the
bottom and the right), batch normalisation with eps 1e-3 and momentum 0.01 (0.99 in the convention of Keras), Glorot uniform
initialisation, biases 0. The L2 penalty of 0.01 in its code belongs to the training recipe, not to the network.

It has 56,951 trained parameters with 7 outputs on grey pictures (58,423 with running statistics, which Keras counts too).
"""

import torch
from torch import nn
from torch.nn import functional

from benchmark.errors import BadInput

WIDTHS = (16, 32, 64, 128)


def mini_xception(num_outputs: int, in_channels: int, input_size: int) -> nn.Module:
    """mini-Xception. Float (N, in_channels, S, S) to (N, num_outputs), for any S of at least 5 (48 and 64 in the papers).

    Raises:
        BadInput: input_size below 5: the two convolutions without padding would leave no pixel.
    """
    if input_size < 5:
        raise BadInput("mini_xception, input_size", input_size, "at least 5")
    layers: list[nn.Module] = []
    channels = in_channels
    for _ in range(2):
        layers += [nn.Conv2d(channels, 8, 3, bias=False), _norm(8), nn.ReLU(inplace=True)]
        channels = 8
    for width in WIDTHS:
        layers.append(SeparableModule(channels, width))
        channels = width
    layers += [nn.Conv2d(channels, num_outputs, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = nn.Sequential(*layers)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model


class SeparableModule(nn.Module):
    """Two separable convolutions with max pooling, plus a strided 1x1 convolution as shortcut.

    Float (N, C, S, S) to (N, D, ceil(S/2), ceil(S/2)).
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.bypass = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), _norm(outputs))
        self.separable = nn.Sequential(*_separable(inputs, outputs), nn.ReLU(inplace=True), *_separable(outputs, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # For an even size, ceil_mode gives the padding at the bottom and on the right; an odd size is padded on all sides.
        pooled = functional.max_pool2d(self.separable(x), 3, 2, padding=x.shape[2] % 2, ceil_mode=True)
        # A 1x1 convolution with stride 2, computed as slicing and stride 1. With stride 2, its backward pass on a CPU writes
        # outside its memory if the layout is channels_last and there are few channels
        # (https://github.com/uxlfoundation/oneDNN/issues/6035, open in torch 2.15).
        return pooled + self.bypass(x[:, :, ::2, ::2])


def _separable(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        _norm(outputs),
    )


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
