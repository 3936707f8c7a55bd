"""Makes an outside entry, and its metrics, from a file of predictions."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.outside.blind_faces import as_named
from benchmark.outside.entry import enter
from benchmark.outside.prediction_file import read_predictions
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows
from benchmark.records import metrics
from benchmark.records.aligning import aligned
from benchmark.records.bootstrapping import bootstrap
from benchmark.records.outside_record import check_name
from benchmark.records.record import Record

SCHEMA = 1
RESAMPLES = 2000
NO_SCORES = "not tested: the file names a class for each face and gives no scores"


def score(
    path: Path,
    protocol: Protocol,
    faces: FaceSet,
    name: str,
    *,
    meaning: str = "auto",
    stated: Mapping | None = None,
    extra_training_data: str | None = None,
    parameters: int | None = None,
    out: Path,
    replace: bool = False,
) -> dict:
    """Write the outside entry of a file of predictions (`benchmark.outside.prediction_file`).

    Args:
        meaning: of scores, see `read_predictions`.
        stated: {"accuracy": fraction, "source": where}, the accuracy that the model's authors publish.
        extra_training_data: data other than the protocol's training split that the model was trained on, in words.
        out: folder of outside entries.

    Returns:
        the result of `summary_of` for the record.

    Raises:
        BadInput: as `read_predictions` and `benchmark.outside.entry.enter`; also a stated accuracy for valence and arousal.
    """
    check_name(name)
    if stated is not None and protocol.task != "categorical":
        raise BadInput("stated accuracy", f"one for {protocol.name}", "none: valence and arousal have no accuracy")
    read = read_predictions(path, protocol, meaning)
    predictions = {}
    for role, places in aligned(read.ids, protocol, as_named(read.ids, faces), path).items():
        ids = faces.id[role_rows(protocol, faces, role)]
        predictions |= {f"{role}_ids": ids, f"{role}_outputs_none": read.outputs[places]}
    outside = {
        "kind": "predictions",
        "source": path.name,
        "sha256": read.sha256,
        "stated": None if stated is None else dict(stated),
        "extra_training_data": extra_training_data,
        "outputs": read.given,
    }
    record = enter(
        protocol, name, predictions, faces=faces, outside=outside, parameters=parameters, out=out, replace=replace
    )
    return summary_of(record)


def summary_of(record: Record) -> dict:
    """A JSON-able summary of an entry: the metrics of each split, the 95 % bootstrap interval of the primary metric over the
    test images, what was not tested and why, the warnings, and the accuracy that the authors publish."""
    task, outside = record["protocol"]["task"], record.outside
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
