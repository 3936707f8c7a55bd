"""What choosing the epoch is worth: the test metric at the epoch that each selection rule picks, from the histories."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.protocol.protocol import SELECTION_METRIC
from benchmark.records.record import Record


class Optimism(NamedTuple):
    """Mean of (best on test - best on validation) over n seeds, its t-interval (None without spread), looks at the test."""

    mean: float
    low: float | None
    high: float | None
    n: int
    looks: tuple[int, ...]


def picks(history: Sequence[dict[str, Json]], metric: str) -> dict[str, float]:
    """Test metric at the last epoch, at the first epoch of the best validation metric, and at its own best."""
    validation = [entry["validation"][metric] for entry in history]
    test = [entry["test"][metric] for entry in history]
    return {"last": test[-1], "best_validation": test[int(np.argmax(validation))], "oracle": max(test)}


def run_picks(record: Record, metric: str) -> dict[str, float]:
    """`picks` of a finished run; of a cross-validation, where each fold picks for itself, the mean over the test faces."""
    if not record.folds:
        return picks(record["history"], metric)
    chosen = [picks(fold["history"], metric) for fold in record.folds]
    faces = [fold["faces"]["test"] for fold in record.folds]
    return {rule: float(np.average([pick[rule] for pick in chosen], weights=faces)) for rule in chosen[0]}


def selection_optimism(records: Sequence[Record]) -> Optimism | None:
    """How much a maximum over every look at the test split reports above the best-on-validation epoch.

    Args:
        records: runs of one cell under one protocol; diverged ones are left out.

    Returns:
        the difference of the selection metric (accuracy as a fraction, or mean CCC), never below 0; `looks` are the
        distinct numbers of epochs. None where no run finished or a finished one has no history.

    Raises:
        BadInput: records of several cells or protocols.
    """
    from benchmark.records.statistics import t_interval

    if len({(record["protocol_hash"], record["cell_hash"]) for record in records}) > 1:
        raise BadInput("selection optimism", "records of several cells or protocols", "those of one cell under one protocol")
    finished = [record for record in records if not record.diverged]
    if not finished or not all(record["history"] for record in finished):
        return None
    metric = SELECTION_METRIC[records[0]["protocol"]["task"]]
    chosen = [run_picks(record, metric) for record in finished]
    gains = [pick["oracle"] - pick["best_validation"] for pick in chosen]
    return Optimism(*t_interval(gains), tuple(sorted({len(record["history"]) for record in finished})))
