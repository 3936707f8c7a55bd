"""The summary of an entry or a run: its metrics, the interval of the chief one, warnings. Loads no torch."""

import numpy as np

from benchmark.records import metrics
from benchmark.records.comparisons import metrics_of
from benchmark.records.face_intervals import interval_of
from benchmark.records.outside_record import NO, seen_in
from benchmark.records.record import Record

SCHEMA = 1
NO_SCORES = "not tested: each face has a class and no scores"


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
