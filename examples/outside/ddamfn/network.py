"""DDAMFN without its weights, for `ferbench evaluate network:network --weights FILE`.

The folder DDAMFN++ of a clone of SainingZhang/DDAMFN must be on PYTHONPATH.
"""

from networks.DDAM import DDAMNet
from torch import Tensor, nn


class Network(nn.Module):
    """Images (N, 3, 112, 112) to class logits (N, 8): the first of the three outputs of upstream's network."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.net = DDAMNet(num_class=classes, num_head=2, pretrained=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)[0]


def network(num_outputs: int = 8, in_channels: int = 3, input_size: int = 112) -> nn.Module:
    return Network(num_outputs)
