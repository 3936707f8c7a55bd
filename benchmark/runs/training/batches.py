"""Which training pictures make which optimiser step: the order of an epoch, and where its steps begin and end."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from benchmark.protocol.cells import Run
from benchmark.runs.training.seeds import generator


@dataclass(frozen=True)
class Batches:
    """The steps of a run over `pictures` training pictures.

    An epoch's last incomplete batch is left out; `across_epochs`, it is filled up from the next epoch instead, the last
    epoch's stays incomplete, and a step belongs to the epoch of its first picture, so that epochs may differ by a step.

    Attributes:
        pictures: N, of the training split.
        size: pictures a step, 1..N.
        epochs: of the protocol.
        seed: of the run.
        across_epochs: see above (`Recipe.batches`).
        buffer: None = every order of an epoch is equally likely; a number = as `shuffled` draws it.
    """

    pictures: int
    size: int
    epochs: int
    seed: int
    across_epochs: bool = False
    buffer: int | None = None

    @classmethod
    def of(cls, run: Run, pictures: int) -> "Batches":
        """Those of a run whose training split has so many pictures."""
        recipe = run.protocol.recipe
        size = min(recipe.batch_size, pictures)
        return cls(pictures, size, run.protocol.epochs, run.seed, recipe.batches == "across-epochs", recipe.shuffle_buffer)

    def steps_before(self, epoch: int) -> int:
        """Optimiser steps before the first one of `epoch` (from 0); of all epochs, if that is `epochs`."""
        if self.across_epochs:
            return -(-epoch * self.pictures // self.size)
        return epoch * (self.pictures // self.size)

    def order(self, epoch: int) -> Tensor:
        """Training rows in the order in which the steps of `epoch` take them, int64 (n,) on the CPU: `size` rows a step,
        fewer in the last step of the last epoch alone."""
        first = self._order(epoch)
        begin, end = (self.steps_before(each) * self.size for each in (epoch, epoch + 1))
        if not self.across_epochs:
            return first[: end - begin]
        begin, end = begin - epoch * self.pictures, end - epoch * self.pictures
        rows = torch.cat([first, self._order(epoch + 1)]) if epoch + 1 < self.epochs else first
        return rows[begin:end]

    def _order(self, epoch: int) -> Tensor:
        draws = generator("cpu", self.seed, "order", epoch)
        if self.buffer is None:
            return torch.randperm(self.pictures, generator=draws)
        return shuffled(self.pictures, self.buffer, draws)


def shuffled(count: int, buffer: int, draws: Generator) -> Tensor:
    """0..count-1 through a shuffle buffer as tf.data.Dataset.shuffle has it, int64 (count,).

    The buffer is filled with the first `buffer` numbers; each draw takes one of those in it, all equally likely, and the
    next number takes its place while there is one. So a number is never drawn more than `buffer` - 1 places early.
    """
    buffer = min(buffer, count)
    held, drawn = list(range(buffer)), []
    slots = torch.randint(buffer, (count - buffer,), generator=draws).tolist()
    for following, slot in enumerate(slots, buffer):
        drawn.append(held[slot])
        held[slot] = following
    # Nothing comes in any more: draws without replacement.
    rest = torch.randperm(buffer, generator=draws).tolist()
    return torch.tensor(drawn + [held[slot] for slot in rest])
