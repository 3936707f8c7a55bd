"""Which training pictures each optimiser step uses: the order of an epoch, and where its steps begin and end."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from benchmark.protocol.cells import Run
from benchmark.runs.training.seeds import generator


@dataclass(frozen=True)
class Batches:
    """The batches of a run over `pictures` training pictures.

    If the last batch of an epoch is incomplete, it is left out. With `across_epochs`, it is instead filled up with the first
    pictures of the next epoch. Then a step belongs to the epoch of its first picture, the number of steps may differ by one
    between epochs, and only the last batch of the last epoch may be incomplete.

    Attributes:
        pictures: N, the number of training pictures.
        size: pictures per step, 1..N.
        epochs: number of epochs of the protocol.
        seed: of the run.
        across_epochs: see above (`Recipe.batches`).
        buffer: None: every order of an epoch is equally likely. A number: the order is drawn by `shuffled`, through a
            shuffle buffer of this size.
    """

    pictures: int
    size: int
    epochs: int
    seed: int
    across_epochs: bool = False
    buffer: int | None = None

    @classmethod
    def of(cls, run: Run, pictures: int) -> "Batches":
        """The batches of a run whose training split has `pictures` pictures."""
        recipe = run.protocol.recipe
        size = min(recipe.batch_size, pictures)
        return cls(pictures, size, run.protocol.epochs, run.seed, recipe.batches == "across-epochs", recipe.shuffle_buffer)

    def steps_before(self, epoch: int) -> int:
        """Number of optimiser steps before the first step of `epoch` (counted from 0). For `epoch` = `epochs`: all steps."""
        if self.across_epochs:
            return -(-epoch * self.pictures // self.size)
        return epoch * (self.pictures // self.size)

    def order(self, epoch: int) -> Tensor:
        """Rows of the training split in the order in which the steps of `epoch` use them: int64 (n,), on the CPU.

        Every step uses the next `size` rows. Only the last step of the last epoch may have fewer.
        """
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
    """The numbers 0..count-1 in the order of a shuffle buffer, int64 (count,); same algorithm as tf.data.Dataset.shuffle.

    The buffer first holds the first `buffer` numbers. Each draw takes one of its numbers, all equally likely, and the next
    number, if there is one, takes the free place. So a number comes at most `buffer` - 1 places earlier than in order.
    """
    buffer = min(buffer, count)
    held, drawn = list(range(buffer)), []
    slots = torch.randint(buffer, (count - buffer,), generator=draws).tolist()
    for following, slot in enumerate(slots, buffer):
        drawn.append(held[slot])
        held[slot] = following
    # No numbers are left to fill the buffer: the rest is drawn without replacement.
    rest = torch.randperm(buffer, generator=draws).tolist()
    return torch.tensor(drawn + [held[slot] for slot in rest])
