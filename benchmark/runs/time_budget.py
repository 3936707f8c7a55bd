"""How long a run may go on, and how long it will before it can next be stopped."""

import math
import time
from dataclasses import dataclass

import torch

from benchmark.runs.training.evaluation import TTA
from benchmark.runs.training.trainer import EVALUATED, Trainer

# Kept back for saving a checkpoint and ending: seconds, but never more than this share of the budget.
RESERVE, SHARE = 2.0, 0.1
# Steps and evaluations vary: what is measured is multiplied by this.
CAUTION = 1.5


@dataclass(frozen=True)
class TimeBudget:
    """Seconds counted from `begin`, by the clock of `time.time`; infinity = no limit."""

    seconds: float = math.inf
    begin: float = 0.0

    @classmethod
    def of(cls, seconds: float | None) -> "TimeBudget":
        """A budget that begins now; None = no limit."""
        return cls() if seconds is None else cls(seconds, time.time())

    @property
    def deadline(self) -> float | None:
        """When it is spent, by `time.time`; None = never."""
        return None if math.isinf(self.seconds) else self.begin + self.seconds

    def remaining(self) -> float:
        """Seconds left for work, the reserve kept back."""
        if math.isinf(self.seconds):
            return math.inf
        return self.begin + self.seconds - time.time() - reserve(self.seconds)


def reserve(seconds: float) -> float:
    """Seconds of a budget that are kept back."""
    return min(RESERVE, SHARE * max(0.0, seconds))


def seconds_ahead(trainer: Trainer) -> float:
    """Seconds until the training of `trainer` can next be stopped, by what its own steps and evaluations have taken.

    That is one step; at the end of an epoch its evaluation too, and at the end of the last one the predictions of the
    record, each view of its test-time augmentation as long as an evaluation. Before the first evaluation it is taken to
    cost what training on as many faces does, which is more, since training computes gradients besides.
    """
    step = trainer.seconds["train"] * trainer.batch / max(1, trainer.images)
    if trainer.step < trainer.steps_per_epoch or trainer.diverged:
        return CAUTION * step
    if trainer.epoch:
        evaluation = trainer.seconds["evaluate"] / trainer.epoch
    else:
        evaluation = step * sum(len(trainer.splits[role]) for role in EVALUATED) / trainer.batch
    last = trainer.epoch + 1 == trainer.run.protocol.epochs
    passes = 1 + (sum(map(views, trainer.run.protocol.tta)) if last else 0)
    return CAUTION * (passes * evaluation + step)


def views(tta: str) -> int:
    """Pictures that a test-time augmentation makes of one."""
    return len(TTA[tta](torch.zeros(1, 1, 8, 8)))
