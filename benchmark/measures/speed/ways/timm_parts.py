"""timm's own way of training: its public parts in the order of its training script, which is not in the package.

Loader with prefetcher and normalisation on the device, optimizer without decay of biases and BatchNorm, schedule per update,
meters, `accuracy` of the first one and five answers. The script's crop and jitter are switched off, so that the pictures
are those of the other ways, and it has no worker processes, as they have none. Source: timm's documentation of `timm.data`,
`timm.optim`, `timm.scheduler` and `timm.utils`.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from timm.data import create_loader
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.utils import AverageMeter, accuracy
from torch import nn
from torch.utils.data import Dataset

from benchmark.measures.speed.plain import DEVIATION, MEAN, RATE, WEIGHT_DECAY

TITLE = "timm's loader, optimizer and schedule"
EPOCHS = 1000  # of the schedule; the measurement ends before


class Faces(Dataset):
    """uint8 (N, S, S, 3) and labels -> (what `transform` makes of the picture, label). `create_loader` sets `transform`."""

    transform: Callable[[Image.Image], object]

    def __init__(self, pictures: np.ndarray, labels: np.ndarray):
        self.pictures, self.labels = pictures, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[object, int]:
        return self.transform(Image.fromarray(self.pictures[row])), int(self.labels[row])


class Loop:
    """timm's parts over pictures uint8 (N, S, S, 3) with labels int64 (N,).

    Args:
        channels_last: give network and batches this layout, as the script's option --channels-last does.
    """

    def __init__(
        self,
        network: nn.Module,
        pictures: np.ndarray,
        labels: np.ndarray,
        batch: int,
        device: torch.device,
        *,
        channels_last: bool = False,
    ):
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.network, self.batch = network.to(device, memory_format=self.layout), batch
        size, channels = pictures.shape[1], pictures.shape[3]
        how = {"mean": (MEAN,) * channels, "std": (DEVIATION,) * channels, "num_workers": 0, "device": device}
        whole = {"scale": (1.0, 1.0), "ratio": (1.0, 1.0), "hflip": 0.5, "color_jitter": 0.0}  # mirrored, and no more
        shape = channels, size, size
        self.training = create_loader(Faces(pictures, labels), shape, batch, is_training=True, **whole, **how)
        self.held_out = create_loader(Faces(pictures, labels), shape, batch, crop_pct=1.0, **how)
        self.optimizer = create_optimizer_v2(network, opt="adamw", lr=RATE, weight_decay=WEIGHT_DECAY)
        self.schedule, _ = create_scheduler_v2(
            self.optimizer,
            sched="cosine",
            num_epochs=EPOCHS,
            warmup_epochs=0,
            step_on_epochs=False,
            updates_per_epoch=len(self.training),
        )
        self.criterion = nn.CrossEntropyLoss().to(device)
        self.losses, self.updates = AverageMeter(), 0
        self.batches = self._batches()

    def train(self, steps: int) -> None:
        """Make `steps` updates."""
        self.network.train()
        for pictures, labels in itertools.islice(self.batches, steps):
            pictures = pictures.contiguous(memory_format=self.layout)
            self.optimizer.zero_grad()
            loss = self.criterion(self.network(pictures), labels)
            loss.backward()
            self.optimizer.step()
            self.updates += 1
            self.loss = loss.item()
            self.losses.update(self.loss, len(labels))
            self.schedule.step_update(num_updates=self.updates, metric=self.losses.avg)

    def _batches(self) -> Iterator:
        while True:
            yield from self.training
            self.losses.reset()

    def evaluate(self) -> float:
        """Accuracy over all pictures, 0 to 1."""
        self.network.eval()
        losses, first = AverageMeter(), AverageMeter()
        with torch.inference_mode():
            for pictures, labels in self.held_out:
                outputs = self.network(pictures.contiguous(memory_format=self.layout))
                losses.update(self.criterion(outputs, labels).item(), len(labels))
                first.update(accuracy(outputs, labels, topk=(1, 5))[0].item(), len(labels))
        return first.avg / 100
