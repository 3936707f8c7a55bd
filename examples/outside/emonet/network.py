"""EmoNet without its weights, for `ferbench evaluate network:network --weights emonet_8.pth`.

A clone of face-analysis/emonet must be on PYTHONPATH. Its import replaces `torch.nn.InstanceNorm2d` by `BatchNorm2d` in the
whole process, so nothing else should be evaluated in it.
"""

import torch
from emonet.models import EmoNet
from torch import Tensor, nn


class Network(nn.Module):
    """Images (N, 3, 256, 256) in [0, 1] to eight class logits, valence and arousal, (N, 10)."""

    def __init__(self, expressions: int) -> None:
        super().__init__()
        self.net = EmoNet(n_expression=expressions)

    def forward(self, images: Tensor) -> Tensor:
        found = self.net(images)
        affect = torch.stack([found["valence"], found["arousal"]], 1).clamp(-1, 1)  # as upstream's demo.py
        return torch.cat([found["expression"], affect], 1)


def network(num_outputs: int = 10, in_channels: int = 3, input_size: int = 256) -> nn.Module:
    return Network(num_outputs - 2)
