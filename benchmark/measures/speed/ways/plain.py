"""The plain loop, as most people would write it: no worker processes (as in PyTorch's quick start), contiguous tensors,
torch's AdamW."""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmark.measures.speed.plain import RATE, WEIGHT_DECAY, Pictures

TITLE = "plain loop"


class Loop:
    """The textbook loop over pictures uint8 (N, S, S, 3) with labels int64 (N,)."""

    def __init__(self, network: nn.Module, pictures: np.ndarray, labels: np.ndarray, batch: int, device: torch.device):
        self.network, self.device = network.to(device), device
        self.forward = self.network  # what is called; maybe compiled
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
        self.training = DataLoader(Pictures(pictures, labels, True), batch, shuffle=True, drop_last=True)
        self.held_out = DataLoader(Pictures(pictures, labels, False), batch)
        self.batches = self._batches()

    def train(self, steps: int) -> None:
        """Make `steps` optimiser steps. The loss is read after each step, as for a progress bar."""
        self.network.train()
        for pictures, labels in itertools.islice(self.batches, steps):
            pictures, labels = pictures.to(self.device), labels.to(self.device)
            loss = functional.cross_entropy(self.forward(pictures), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.loss = loss.item()

    def _batches(self) -> Iterator:
        while True:
            yield from self.training

    def evaluate(self) -> float:
        """Accuracy over all pictures."""
        self.network.eval()
        right = 0
        with torch.no_grad():
            for pictures, labels in self.held_out:
                right += (self.forward(pictures.to(self.device)).argmax(1).cpu() == labels).sum().item()
        return right / len(self.held_out.dataset)
