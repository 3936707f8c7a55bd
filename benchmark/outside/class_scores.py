"""Brings scores of a model's own classes into the form of a protocol, and says what was odd about them: the same for files
of predictions and for models.

Logits stay as they are; probabilities are divided by their sum over the protocol's classes, and their logarithm is stored.
So a class that the protocol has not is left out, and the answer is the best of the others. A class that the model has not
gets probability `FLOOR` (`benchmark.records.predictions`), the smallest that any class is given.

Probabilities may be rounded (`SUMS`) or in percent. Other sums are divided out, too, with a warning. Scores of which every
row is one 1 beside 0 are labels: then the metrics that need scores are not tested. (A network so sure that float32 rounds
all its probabilities to 0 and 1 looks the same.)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import BadInput
from benchmark.outside.class_names import Columns
from benchmark.records.predictions import FLOOR

SUMS = (0.99, 1.01)  # of probabilities: float16 and three digits stay inside
ONE_SCALE = 0.05  # largest relative difference between the sums of rows of probabilities (rounded, or in percent)
PERCENT = 100.0


@dataclass(frozen=True)
class Notes:
    """What was seen of the scores of N faces, before they were brought into the protocol's form.

    Attributes:
        elsewhere: int64 (N,), the number of the output that had been the answer, if it is left out; else -1.
        sums: float64 (N,), of all the scores of a face, percent as fractions.
        unsigned: bool (N,), whether none is negative.
        labels: bool (N,), whether they are one 1 (or 100) beside 0.
    """

    elsewhere: np.ndarray
    sums: np.ndarray
    unsigned: np.ndarray
    labels: np.ndarray

    def of(self, rows: np.ndarray) -> "Notes":
        """Those of some of the faces."""
        return Notes(self.elsewhere[rows], self.sums[rows], self.unsigned[rows], self.labels[rows])

    @staticmethod
    def joined(parts: Sequence["Notes"]) -> "Notes":
        """Those of several batches, in their order."""
        fields = ("elsewhere", "sums", "unsigned", "labels")
        return Notes(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def noted(values: Tensor, columns: Columns) -> Notes:
    """The notes on scores (N, D) in the order of the declared names."""
    own = values[:, columns.alternatives].double()
    best = torch.tensor(columns.alternatives, device=values.device)[own.argmax(1)]
    elsewhere = torch.where(torch.isin(best, torch.tensor(columns.held, device=values.device)), -1, best)
    sums, top = own.sum(1), own.amax(1)
    percent = _in_percent(sums)
    unit = torch.where(percent, PERCENT, 1.0)
    labels = (top == unit) & ((own == 0).sum(1) == own.shape[1] - 1)
    unsigned = (own >= 0).all(1)
    return Notes(*(each.cpu().numpy() for each in (elsewhere, sums / unit, unsigned, labels)))


def _near_one(sums: np.ndarray) -> bool:
    """Whether all sums are those of probabilities, however rounded: in bfloat16, to two digits, to whole percents."""
    own = np.where(sums > PERCENT / 2, sums / PERCENT, sums)
    return bool(np.abs(own - 1).max() <= ONE_SCALE)


def _in_percent(sums: Tensor) -> Tensor:
    return (sums >= SUMS[0] * PERCENT) & (sums <= SUMS[1] * PERCENT)


def are_probabilities(values: Tensor, columns: Columns) -> bool:
    """Whether no score (N, D) is negative, none is above 1 (100 where a row sums to that), and no row is zero. The sums are
    left open."""
    own = values[:, columns.alternatives].double()
    sums = own.sum(1)
    most = torch.where(_in_percent(sums), PERCENT, 1.0) * SUMS[1]
    return bool((own >= 0).all() and (own.amax(1) <= most).all() and (sums > 0).all())


def brought(values: Tensor, columns: Columns, probabilities: bool, where: Callable[[int], object]) -> Tensor:
    """Scores (N, D) as (N, K) of the protocol: logits, or logarithms of probabilities.

    Args:
        where: names a row in an error.

    Raises:
        BadInput: a row of probabilities with all of it on what the protocol has not.
    """
    own = values[:, columns.held]
    if probabilities:
        sums = own.sum(1, keepdim=True)
        if (nothing := (sums[:, 0] == 0)).any():
            raise no_answer(where(int(nothing.int().argmax())), int(nothing.sum()), columns)
        own = (own / sums).clamp_min(FLOOR).log()
    if not columns.missing:
        return own
    if not probabilities:
        own = own.log_softmax(1)
    found = own.new_full((len(own), len(columns.places)), math.log(FLOOR))
    found[:, [k for k, place in enumerate(columns.places) if place is not None]] = own
    return found


def no_answer(where: object, rows: int, columns: Columns) -> BadInput:
    """The error about faces for which the protocol's classes have no score at all."""
    others = [columns.declared[k] for k in columns.alternatives if k not in columns.held]
    found = f"no score but for {' and '.join(others)}, which {columns.protocol} has not, in {rows} rows"
    return BadInput(where, found, "scores of the other classes beside it: logits, or probabilities with more digits")


def one_hot(outputs: np.ndarray) -> np.ndarray:
    """The answers of scores (N, K) as rows of one 1 beside 0."""
    return np.eye(outputs.shape[1], dtype=outputs.dtype)[outputs.argmax(1)]


def warnings(columns: Columns, notes: Notes, targets: np.ndarray, probabilities: bool, said: bool = True) -> list[str]:
    """Sentences, to be kept in a record, about the scores of the test faces.

    Args:
        targets: int (N,), the classes of the test faces.
        probabilities: whether the scores were taken for probabilities.
        said: whether it was declared what the scores are; labels are then a mistake.
    """
    found = []
    if notes.labels.all():
        if said:
            found.append("outputs: labels, one 1 beside 0 for each face, no scores: AUC, NLL, ECE and Brier are not tested")
    elif probabilities:
        low, high = float(notes.sums.min()), float(notes.sums.max())
        if low < SUMS[0] or high > SUMS[1]:
            found.append(
                f"outputs: the probabilities of a face sum to {low:.4g} to {high:.4g}, and were divided by their sum; they "
                "are no probabilities of one choice among classes: sigmoid outputs, or a class left out?"
            )
    elif notes.unsigned.all() and _near_one(notes.sums):
        found.append("outputs: they are probabilities; declare them as probabilities for a right calibration")
    return found + columns.warnings(targets, notes.elsewhere)
