"""The plain loop with the network under torch.compile, with its default settings. Compiling is part of the memory, not of
the time."""

import numpy as np
import torch
from torch import nn

from benchmark.measures.speed.left_out import LeftOut
from benchmark.measures.speed.ways import plain

TITLE = "plain loop, torch.compile"


class Loop(plain.Loop):
    """As `plain.Loop`. LeftOut if torch can not compile the network here, for instance without a C++ compiler."""

    def __init__(self, network: nn.Module, pictures: np.ndarray, labels: np.ndarray, batch: int, device: torch.device):
        super().__init__(network, pictures, labels, batch, device)
        self.forward = torch.compile(self.network)
        inputs = torch.zeros(batch, pictures.shape[3], *pictures.shape[1:3], device=device)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        try:
            self.forward(inputs).sum().backward()  # torch compiles when the network is first used
        except Exception as error:  # noqa: BLE001  # torch raises dozens of kinds here
            raise LeftOut(f"{type(error).__name__}: {(str(error).strip() or '-').splitlines()[0]}") from None
        self.optimizer.zero_grad()
        network.load_state_dict(before)
