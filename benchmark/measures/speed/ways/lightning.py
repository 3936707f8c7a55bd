"""Lightning: a LightningModule and its Trainer, without logger, checkpoints, progress bar and summary, as its documentation
advises for speed.

Every block of steps is a call of `fit`, which goes on with the same optimizer. A call also prepares the Trainer and ends it,
which users do once in hours; so the steps are timed inside it, from the first picture that is loaded.
"""

import logging
import time
import warnings

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmark.measures.speed.plain import RATE, WEIGHT_DECAY, Pictures

TITLE = "Lightning's Trainer"


class Module(lightning.LightningModule):
    """`network` with cross-entropy, AdamW and accuracy. A batch is float32 (N, 3, S, S) with labels int64 (N,)."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """The loss of a batch."""
        pictures, labels = batch
        return functional.cross_entropy(self.network(pictures), labels)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Count the accuracy of a batch."""
        pictures, labels = batch
        right = (self.network(pictures).argmax(1) == labels).float().mean()
        self.log("accuracy", right, on_epoch=True, batch_size=len(labels))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, as in the plain loop; the same for every fit."""
        return self.optimizer


class Clock(Callback):
    """The seconds of the steps of one fit, and the loss of the last one, which is read as for a progress bar."""

    seconds = loss = float("nan")

    def on_train_start(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Everything is prepared."""
        self.start = time.perf_counter()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, outputs: dict, batch: object, number: int
    ) -> None:
        """A step was made. To read the loss waits for a GPU."""
        self.loss = outputs["loss"].item()
        self.seconds = time.perf_counter() - self.start


class Loop:
    """Lightning's Trainer over pictures uint8 (N, S, S, 3) with labels int64 (N,)."""

    def __init__(self, network: nn.Module, pictures: np.ndarray, labels: np.ndarray, batch: int, device: torch.device):
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # which devices there are, and which are used
        warnings.filterwarnings("ignore", module="lightning")  # that worker processes might load pictures faster
        self.module, self.device = Module(network), device
        self.training = DataLoader(Pictures(pictures, labels, True), batch, shuffle=True, drop_last=True)
        self.held_out = DataLoader(Pictures(pictures, labels, False), batch)

    def train(self, steps: int) -> float:
        """Make `steps` optimiser steps. Returns the seconds that they took."""
        clock = Clock()
        self._trainer(max_steps=steps, callbacks=[clock]).fit(self.module, self.training)
        self.loss = clock.loss
        return clock.seconds

    def evaluate(self) -> float:
        """Accuracy over all pictures, 0 to 1."""
        (found,) = self._trainer().validate(self.module, self.held_out, verbose=False)
        return found["accuracy"]

    def _trainer(self, **options: object) -> lightning.Trainer:
        cuda = self.device.type == "cuda"
        return lightning.Trainer(
            accelerator="gpu" if cuda else "cpu",
            devices=[self.device.index or 0] if cuda else 1,
            precision="32-true",
            max_epochs=-1,  # as many as the steps need
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
