"""The summary of an entry or a run: its metrics, the interval of the chief one, warnings. Loads no torch."""

import numpy as np

from benchmark.records import metrics
from benchmark.records.bootstrapping import bootstrap
from benchmark.records.comparisons import metrics_of
from benchmark.records.intervals import Interval, accuracy_interval
from benchmark.records.outside_record import NO, seen_in
from benchmark.records.record import Record

SCHEMA = 1
RESAMPLES = 2000
NO_SCORES = "not tested: each face has a class and no scores"


def interval_of(record: Record, metric: str, view: str = "none") -> Interval:
    """The value of a metric on a record's test faces with its 95 % interval over these faces.

    Accuracy has Wilson's interval, as in the leaderboard: it has a width even if all answers are right. The others have a
    percentile bootstrap interval (2,000 resamples, seed 0); low and high are None if a resample does not define the metric.

    Args:
        metric: a name in `benchmark.records.metrics.METRICS` of the record's task.
        view: test-time augmentation.

    Raises:
        BadInput: an unknown metric; one that is not defined on the faces themselves.
    """
    targets, outputs = record.outputs("test", view)
    if metric == "accuracy":
        return accuracy_interval(int((outputs.argmax(1) == targets).sum()), len(targets))
    return bootstrap(metrics.metric_function(metric), targets, outputs, RESAMPLES, seed=0)


def summary_of(record: Record) -> dict:
    """A JSON-able summary of an entry, or of a finished run: the metrics of each split (fractions), the interval of the
    primary metric (`interval_of`), what was not tested and why, the warnings, what the authors publish, and whether the test
    faces may have been seen."""
    task = record["protocol"]["task"]
    run = {"outputs": "logits" if task == "categorical" else "valence and arousal", "stated": None, "warnings": []}
    outside = record.outside or run | {"extra_training_data": "none", "seen": NO}
    name = metrics.PRIMARY[task]
    interval = interval_of(record, name)
    splits = [split for split in ("validation", "test") if f"{split}_ids" in record.predictions]
    return {
        "schema": SCHEMA,
        "record": record.directory.as_posix(),
        "protocol": {key: record["protocol"][key] for key in ("name", "version")} | {"hash": record["protocol_hash"]},
        "name": record.cell,
        "outputs": outside["outputs"],
        "metrics": {split: metrics_of(record, split) for split in splits},
        "interval": {"metric": name, "low": _finite(interval.low), "high": _finite(interval.high)},
        "not_tested": dict.fromkeys(_of_scores(), NO_SCORES) if record.hard else {},
        "stated": outside["stated"],
        "extra_training_data": outside["extra_training_data"],
        "seen": seen_in(outside),
        "warnings": list(outside["warnings"]),
    }


def _of_scores() -> list[str]:
    """The metrics that hard labels can not have."""
    return [name for name, metric in metrics.METRICS.items() if metric.block == metrics.SCORES]


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
