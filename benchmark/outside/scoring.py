"""What predictions that were made elsewhere become: an outside entry, and the summary of its metrics."""

import numpy as np

from benchmark.faces.faceset import FaceSet
from benchmark.outside.blind_faces import as_named
from benchmark.outside.entry import entry_of
from benchmark.outside.prediction_file import PredictionFile
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records import metrics
from benchmark.records.aligning import aligned
from benchmark.records.bootstrapping import bootstrap
from benchmark.records.record import Record

SCHEMA = 1
RESAMPLES = 2000
NO_SCORES = "not tested: each face has a class and no scores"


def entry_of_predictions(
    read: PredictionFile, protocol: Protocol, faces: FaceSet, name: str, *, source: str, parameters: int | None = None
) -> tuple[dict, dict[str, np.ndarray]]:
    """The contents and arrays of the record of predictions that were read (`benchmark.outside.entry.entry_of`).

    Args:
        source: where they come from; also names them in errors.

    Raises:
        BadInput: as `benchmark.records.aligning.aligned` and `entry_of`.
    """
    predictions, found = {}, aligned(read.ids, protocol, as_named(read.ids, faces), source)
    for role, places in found.items():
        ids = faces.id[role_rows(protocol, faces, role)]
        predictions |= {f"{role}_ids": ids, f"{role}_outputs_none": read.outputs[places]}
    warnings = read.warnings(found["test"], role_targets(protocol, faces, role_rows(protocol, faces, "test")))
    outside = {"kind": "predictions", "source": source, "sha256": read.sha256, "outputs": read.given, "warnings": warnings}
    return entry_of(protocol, name, predictions, faces=faces, outside=outside, parameters=parameters)


def summary_of(record: Record) -> dict:
    """A JSON-able summary of an entry, or of a finished run: the metrics of each split, the 95 % bootstrap interval of the
    primary metric over the
    test images, what was not tested and why, the warnings, and the accuracy that the authors publish."""
    task = record["protocol"]["task"]
    run = {"outputs": "logits" if task == "categorical" else "valence and arousal", "stated": None, "warnings": []}
    outside = record.outside or run | {"extra_training_data": "none"}
    found: dict[str, dict] = {}
    for split in ("validation", "test"):
        if f"{split}_ids" in record.predictions:
            both = record.outputs(split)
            categorical = task == "categorical"
            found[split] = (
                metrics.categorical(*both, record["classes"], hard=record.hard)
                if categorical
                else metrics.dimensional(*both)
            )
    name = metrics.PRIMARY[task]
    interval = bootstrap(metrics.metric_function(name), *record.outputs("test"), RESAMPLES, seed=0)
    return {
        "schema": SCHEMA,
        "record": record.directory.as_posix(),
        "protocol": {key: record["protocol"][key] for key in ("name", "version")} | {"hash": record["protocol_hash"]},
        "name": record.cell,
        "outputs": outside["outputs"],
        "metrics": found,
        "interval": {"metric": name, "low": _finite(interval.low), "high": _finite(interval.high)},
        "not_tested": dict.fromkeys(_of_scores(), NO_SCORES) if record.hard else {},
        "stated": outside["stated"],
        "extra_training_data": outside["extra_training_data"],
        "warnings": list(outside["warnings"]),
    }


def _of_scores() -> list[str]:
    """The metrics that hard labels can not have."""
    return [name for name, metric in metrics.METRICS.items() if metric.block == metrics.SCORES]


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
