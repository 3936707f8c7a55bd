"""The effect of the selection rule: the test metric at the epoch that each rule selects, from the histories of runs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.protocol.protocol import SELECTION_METRIC
from benchmark.records.record import Record


class Optimism(NamedTuple):
    """How much selecting the epoch on the test split would add to the reported test metric.

    Attributes:
        mean: over n seeds of the difference: test metric at the best epoch on the test split, minus test metric at the best
            epoch on the validation split.
        low, high: its t-interval; None without spread.
        n: seeds.
        looks: how often the test split was scored in a run: the distinct numbers of epochs.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    looks: tuple[int, ...]


def picks(history: Sequence[dict[str, Json]], metric: str) -> dict[str, float]:
    """The test metric at the last epoch, at the first epoch with the best validation metric, and at the epoch where the
    test metric itself is best (the oracle)."""
    validation = [entry["validation"][metric] for entry in history]
    test = [entry["test"][metric] for entry in history]
    return {"last": test[-1], "best_validation": test[int(np.argmax(validation))], "oracle": max(test)}


def run_picks(record: Record, metric: str) -> dict[str, float]:
    """`picks` of a finished run. In a cross-validation each fold picks by itself, and the mean over the folds is returned,
    weighted by their numbers of test faces."""
    if not record.folds:
        return picks(record["history"], metric)
    chosen = [picks(fold["history"], metric) for fold in record.folds]
    faces = [fold["faces"]["test"] for fold in record.folds]
    return {rule: float(np.average([pick[rule] for pick in chosen], weights=faces)) for rule in chosen[0]}


def selection_optimism(records: Sequence[Record]) -> Optimism | None:
    """By how much the maximum of the test metric over all epochs exceeds its value at the best epoch on validation.

    Args:
        records: runs of one cell under one protocol; diverged ones are left out.

    Returns:
        differences of the selection metric (accuracy as a fraction, or mean CCC), never below 0. None if no run finished,
        or if a finished run has no history.

    Raises:
        BadInput: records of several cells or protocols.
    """
    from benchmark.records.intervals import t_interval

    if len({(record["protocol_hash"], record["cell_hash"]) for record in records}) > 1:
        raise BadInput("selection optimism", "records of several cells or protocols", "those of one cell under one protocol")
    finished = [record for record in records if not record.diverged]
    if not finished or not all(record["history"] for record in finished):
        return None
    metric = SELECTION_METRIC[records[0]["protocol"]["task"]]
    chosen = [run_picks(record, metric) for record in finished]
    gains = [pick["oracle"] - pick["best_validation"] for pick in chosen]
    return Optimism(*t_interval(gains), tuple(sorted({len(record["history"]) for record in finished})))
