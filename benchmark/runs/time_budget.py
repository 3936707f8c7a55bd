"""How much time is left, and how long a run needs until it can next be stopped."""

import math
import time
from dataclasses import dataclass

import torch

from benchmark.runs.training.evaluation import TTA
from benchmark.runs.training.trainer import EVALUATED, Trainer

# Reserved for saving a checkpoint and exiting: this many seconds, but at most this fraction of the budget. A process that
# has loaded torch takes about a second to start Python and to exit, beside what it measures itself.
RESERVE, SHARE = 2.0, 0.2
# The durations of steps and evaluations vary: measured durations are multiplied by this.
CAUTION = 1.5


@dataclass(frozen=True)
class TimeBudget:
    """A number of seconds (infinity: no limit), counted from `begin`, a reading of time.monotonic().

    That clock does not jump when the system's time is set. All processes of a machine read the same one (CLOCK_MONOTONIC on
    Linux, mach_absolute_time on macOS, the performance counter on Windows), so that a budget can be handed to a worker. It
    means nothing on another machine, which has to be told the seconds left.
    """

    seconds: float = math.inf
    begin: float = 0.0

    @classmethod
    def of(cls, seconds: float | None) -> "TimeBudget":
        """A budget that begins now; None = no limit."""
        return cls() if seconds is None else cls(seconds, time.monotonic())

    @property
    def deadline(self) -> float | None:
        """The time.monotonic() at which the budget ends; None: never."""
        return None if math.isinf(self.seconds) else self.begin + self.seconds

    def remaining(self) -> float:
        """Seconds left for work, without the reserve."""
        if math.isinf(self.seconds):
            return math.inf
        return self.begin + self.seconds - time.monotonic() - reserve(self.seconds)


def reserve(seconds: float) -> float:
    """The reserve, in seconds, of a budget of `seconds`."""
    return min(RESERVE, SHARE * max(0.0, seconds))


def seconds_ahead(trainer: Trainer) -> float:
    """Estimated seconds until the training of `trainer` can next be stopped, from the durations of its own steps and
    evaluations.

    That is one step. At the end of an epoch, the evaluation is added. At the end of the last epoch, the predictions for the
    record are added: each view of a test-time augmentation takes as long as an evaluation. Before the first evaluation, its
    duration is taken to be that of training on as many faces. This is an overestimate, since training also computes
    gradients.
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
    """Number of views that a test-time augmentation makes of one picture."""
    return len(TTA[tta](torch.zeros(1, 1, 8, 8)))
