"""What is measured in one process: a way of training a network, the suite's own, and what both are given."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.measures.speed import plain
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import Split
from benchmark.runs.training.trainer import Trainer, build_model

PROTOCOL = "fer2013-7-quick"  # for classes and recipe; input size and batch size are set here
STEPS = 4  # of an epoch


def protocol_of(size: int, batch: int) -> Protocol:
    """The protocol under which the suite is measured. Pixel statistics are set to constants, so that they need not be
    computed."""
    base = load_protocol(PROTOCOL)
    given = {"batch_size": batch, "input_mean": (plain.MEAN,) * 3, "input_deviation": (plain.DEVIATION,) * 3}
    return dataclasses.replace(base, input_size=size, channels=3, recipe=dataclasses.replace(base.recipe, **given))


def noise(size: int, outputs: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """N = `number` random pictures, uint8 (N, size, size, 3), and their labels, int64 (N,)."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (number, size, size, 3), dtype=np.uint8)
    return pictures, np.arange(number) % outputs


def plain_network(cell: Cell, size: int, batch: int) -> plain.Network:
    """The network of a cell as a `plain.Network`, with the weights from which the suite starts.

    Raises:
        BadInput: the cell's network is not one that `plain.Network` computes.
    """
    protocol, options = protocol_of(size, batch), cell.options
    shape = {"units": options.get("units", plain.UNITS), "widths": options.get("widths", plain.WIDTHS)}
    suites = build_model(Run(protocol, cell, 0), torch.device("cpu"))
    network = plain.Network(protocol.outputs, 3, options.get("shortcut", "identity"), **shape)
    same = set(options) <= {"shortcut", "normalisation", *shape} and options.get("normalisation") == "working"
    try:
        network.load_state_dict(suites.state_dict())
    except RuntimeError:  # other names or shapes
        same = False
    if not same:
        raise BadInput("bench, networks", cell.name, "one of the family under study: see `ferbench cells`, *-working-plain")
    return network


class Suite:
    """The suite's own training loop and evaluation on `noise`, with the methods of a way (`ways`)."""

    def __init__(self, cell: Cell, size: int, batch: int, device: torch.device, *, path: str = EAGER):
        protocol = protocol_of(size, batch)
        pictures, labels = noise(size, protocol.outputs, STEPS * batch)
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().to(device)
        split = Split(np.arange(len(labels)).astype(str), images, torch.from_numpy(labels).to(device))
        faces = SimpleNamespace(fingerprint="noise")
        self.trainer = Trainer(Run(protocol, cell, 0), faces, device, {"train": split}, path=path)
        self.order = self.trainer.order()

    def train(self, steps: int) -> None:
        """Make `steps` optimiser steps."""
        for _ in range(steps):
            self.trainer.step %= self.trainer.steps_per_epoch
            self.trainer.train_step(self.order)

    def evaluate(self) -> None:
        """Compute the outputs for every picture."""
        trainer = self.trainer
        split = trainer.splits["train"]
        predict(trainer.model, split, trainer.prepare, categorical=True, precision=trainer.precision)
