"""Lightning: a LightningModule and its Trainer, without logger, checkpoints, progress bar and summary, as its documentation
advises for speed.

One fit lasts as long as it is trained: between two blocks of steps it waits in a thread of its own. So a block takes the
time of its steps, and not of the preparation that a call of `fit` makes once.
"""

import logging
import threading
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
        """AdamW, as in the plain loop."""
        return torch.optim.AdamW(self.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)


def make_trainer(device: torch.device, *callbacks: Callback) -> lightning.Trainer:
    """A Trainer for float32 on `device` that trains until it is stopped."""
    cuda = device.type == "cuda"
    return lightning.Trainer(
        accelerator="gpu" if cuda else "cpu",
        devices=[device.index or 0] if cuda else 1,
        precision="32-true",
        max_epochs=-1,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


class Fit(Callback):
    """A fit in a thread that waits before each step until it is asked for one."""

    def __init__(self, device: torch.device, module: Module, loader: DataLoader):
        self.trainer, self.wanted, self.loss = make_trainer(device, self), 0, float("nan")
        self.asked, self.ready = threading.Semaphore(0), threading.Semaphore(0)
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._fit, args=(module, loader), daemon=True)
        self.thread.start()
        self._wait()

    def step(self, steps: int) -> None:
        """Make `steps` optimiser steps. What went wrong in the thread is raised here."""
        self.wanted = steps
        self.asked.release()
        self._wait()

    def end(self) -> None:
        """End the fit."""
        self.trainer.should_stop = True
        self.asked.release()
        self.thread.join()
        if self.error is not None:
            raise self.error

    def _fit(self, module: Module, loader: DataLoader) -> None:
        try:
            self.trainer.fit(module, loader)
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits for it
            self.error = error
        self.ready.release()

    def _wait(self) -> None:
        self.ready.acquire()
        if self.error is not None:
            raise self.error

    def _pause(self) -> None:
        self.ready.release()
        self.asked.acquire()

    def on_train_start(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Everything is prepared: wait."""
        self._pause()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, outputs: dict, batch: object, number: int
    ) -> None:
        """Read the loss, as for a progress bar, and wait if this was the last step that was asked for."""
        self.loss = outputs["loss"].item()
        self.wanted -= 1
        if self.wanted == 0:
            self._pause()


class Loop:
    """Lightning's Trainer over pictures uint8 (N, S, S, 3) with labels int64 (N,)."""

    def __init__(self, network: nn.Module, pictures: np.ndarray, labels: np.ndarray, batch: int, device: torch.device):
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # which devices there are, and which are used
        warnings.filterwarnings("ignore", module="lightning")  # that worker processes might load pictures faster
        self.module, self.device = Module(network), device
        self.training = DataLoader(Pictures(pictures, labels, True), batch, shuffle=True, drop_last=True)
        self.held_out = DataLoader(Pictures(pictures, labels, False), batch)
        self.fit: Fit | None = None

    def train(self, steps: int) -> None:
        """Make `steps` optimiser steps of one long fit."""
        self.fit = self.fit or Fit(self.device, self.module, self.training)
        self.fit.step(steps)
        self.loss = self.fit.loss

    def evaluate(self) -> float:
        """Accuracy over all pictures, 0 to 1. It ends the fit, if there is one."""
        if self.fit is not None:
            self.fit.end()
            self.fit = None
        (found,) = make_trainer(self.device).validate(self.module, self.held_out, verbose=False)
        return found["accuracy"]
