"""The network of the loops to which the suite's speed is compared (`ways`), as most people would write it, and its pictures.

Modules are called one after another, the shortcut uses torch's operators, and pictures go through Pillow. The units have
pre-activation order and working BatchNorm. Parameters have the same names as in the suite's network, so that the weights of
one can be loaded into the other.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

UNITS, WIDTHS = (7, 1, 8, 1, 7), (32, 64, 128)
MEAN, DEVIATION = 0.5, 0.25  # of the pictures' values in 0 to 1
RATE, WEIGHT_DECAY = 0.002, 0.05  # of AdamW


class Bounded(nn.Module):
    """atan(a x / s) / (a s) with s = sqrt(1 + c^2), in torch's operators. Float of any shape to the same shape."""

    def __init__(self, trained: bool):
        super().__init__()
        if trained:
            self.a, self.c = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
        else:
            self.register_buffer("a", torch.ones(()), persistent=False)
            self.register_buffer("c", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        s = torch.sqrt(1 + self.c**2)
        return torch.atan(self.a * x / s) / (self.a * s)


class Unit(nn.Module):
    """y = F(x) + S(H(x)), see `ablations.network`. Float (N, C, H, W), even sizes, to (N, D, H / stride, W / stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str):
        super().__init__()
        self.stride, self.more = stride, outputs - inputs
        self.shortcut = nn.Identity() if shortcut == "identity" else Bounded(shortcut == "adaptive")
        self.residual = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ELU(),
            nn.Conv2d(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0),
            nn.BatchNorm2d(outputs),
            nn.ELU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        bypass = self.shortcut(x)
        if self.stride == 1:
            return self.residual(x) + bypass
        bypass = functional.pad(functional.avg_pool2d(bypass, 2), (0, 0, 0, 0, self.more // 2, self.more // 2))
        norm, elu, first, *rest = self.residual
        out = first(functional.pad(elu(norm(x)), (0, 1, 0, 1)))
        for layer in rest:
            out = layer(out)
        return out + bypass


class Network(nn.Module):
    """Float (N, C, S, S), S a multiple of 4, to (N, outputs). `units`, `widths`: as of `ablations.network.residual`."""

    def __init__(
        self,
        outputs: int,
        channels: int,
        shortcut: str,
        units: Sequence[int] = UNITS,
        widths: Sequence[int] = WIDTHS,
    ):
        super().__init__()
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        made, width = [], widths[0]
        for group, count in enumerate(units):
            for _ in range(count):
                wide = widths[(group + 1) // 2]
                made.append(Unit(width, wide, 1 + group % 2, shortcut))
                width = wide
        self.units = nn.Sequential(*made)
        self.head = nn.Sequential(nn.BatchNorm2d(width), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.output = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.head(self.units(self.stem(x))))


class Pictures(Dataset):
    """uint8 (N, S, S, C) and labels -> float32 pictures (C, S, S) of mean 0.5 and deviation 0.25, mirrored half the time."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, mirror: bool):
        self.pictures, self.labels, self.mirror = pictures, labels, mirror

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.pictures[row])
        if self.mirror and torch.rand(()) < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255)
        return (values - MEAN) / DEVIATION, int(self.labels[row])
