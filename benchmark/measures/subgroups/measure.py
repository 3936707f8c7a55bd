"""Results of the committed runs split by attributes of the test faces: metrics of every group, and the largest gap.

Every metric here is a function of means of numbers of single faces (`benchmark.records.image_variance`), so that a group, a
resample of it and a random division into groups are each a weighted mean.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json, write_json
from benchmark.measures.subgroups.file import SCHEMA, SMALLEST
from benchmark.measures.subgroups.groups import UNKNOWN, Groups, groups_of
from benchmark.records.bootstrapping import resampled_means
from benchmark.records.comparisons import SPLIT, Comparison, ScoredRun, summarise
from benchmark.records.image_variance import confusion_columns, metric_of_means, moments
from benchmark.records.intervals import Interval, t_interval
from benchmark.records.metrics import METRICS
from benchmark.records.record import Record

# The metrics of results tables whose differences are judged (docs/reference/rules.md): functions of means over faces.
HEADLINE = {
    "categorical": ("accuracy", "balanced_accuracy", "macro_f1"),
    "dimensional": ("ccc_mean", "rmse_mean"),
}
RESAMPLES, DIVISIONS, SEED = 2000, 1000, 0
TOGETHER = 50  # random divisions made at a time, to save memory
ENDS, CHANCE = (0.025, 0.975), 0.95  # quantiles of the resamples, and of the gaps of random divisions
DIGITS = 6


def subgroups(faces: FaceSet, records: Sequence[Record], by: Sequence[str], root: Path, out: Path) -> dict[str, Json]:
    """Write `out`, atomically: the results of all finished runs on this FaceSet, split by attributes of the test faces.

    Args:
        records: any records of runs; those with another data fingerprint are left out.
        by: names of attributes; empty: all.
        root: folder of the records.

    Returns:
        The contents of the file (`benchmark.measures.subgroups.file`).

    Raises:
        BadInput: a FaceSet without attributes; an attribute that it does not have, or twice; a record with the FaceSet's
            fingerprint has a face that is not in the FaceSet; whatever `groups_of` refuses.
    """
    if not faces.attributes:
        raise BadInput(faces.directory, "no attributes", "a FaceSet with some, such as AffectNet+'s (docs/intended-use.md)")
    if odd := [name for place, name in enumerate(by) if name not in faces.attributes or name in by[:place]]:
        raise BadInput("--by", f"'{odd[0]}'", f"some of {','.join(faces.attributes)}, each once")
    groups = {name: groups_of(name, faces.attributes[name], faces.directory) for name in by or faces.attributes}
    own = [record for record in records if record["data"]["fingerprint"] == faces.fingerprint]
    comparisons = [c for c in (summarise(own, root).comparisons if own else ()) if c.targets is not None]
    row_of = {name: row for row, name in enumerate(faces.id.tolist())}
    with progress.bar(total=sum(len(c.runs) for c in comparisons), desc="subgroups", unit="cell") as bar:
        protocols = [_protocol(comparison, groups, row_of, faces, bar) for comparison in comparisons]
    contents = {
        "schema": SCHEMA,
        "name": faces.meta["name"],
        "version": faces.meta["version"],
        "fingerprint": faces.fingerprint,
        "attributes_sha256": faces.meta["attributes"]["sha256"],
        "attributes": {name: of.how for name, of in groups.items()},
        "protocols": protocols,
    }
    write_json(out, contents)
    return contents


def _protocol(
    comparison: Comparison, groups: Mapping[str, Groups], row_of: Mapping[str, int], faces: FaceSet, bar: progress.Bar
) -> dict[str, Json]:
    finished = {label: [run for run in runs if "none" in run.scores] for label, runs in comparison.runs.items()}
    first = next(runs[0] for runs in finished.values() if runs).record
    ids = first.predictions[f"{SPLIT}_ids"].tolist()
    if unknown := [name for name in ids if name not in row_of]:
        raise BadInput(first.directory / "predictions.npz", f"{SPLIT} id {unknown[0]}", f"an id of {faces.directory}")
    rows = np.array([row_of[name] for name in ids])
    own = {name: groups[name]._replace(of=groups[name].of[rows]) for name in groups}
    cells = []
    for runs in finished.values():
        if runs:
            record = runs[0].record
            results = {name: _split(comparison.task, runs, of) for name, of in own.items()}
            cells.append({"cell": record.cell, "cell_hash": record["cell_hash"], "seeds": len(runs), "by": results})
        bar.update()
    return {
        "protocol": comparison.protocol["name"],
        "protocol_hash": comparison.protocol_hash,
        "task": comparison.task,
        "metrics": list(HEADLINE[comparison.task]),
        "by": {
            name: {
                "unknown": int(np.sum(of.of == UNKNOWN)),
                "groups": {group: int(np.sum(of.of == k)) for k, group in enumerate(of.names)},
            }
            for name, of in own.items()
        },
        "cells": cells,
    }


def _split(task: str, runs: Sequence[ScoredRun], groups: Groups) -> dict[str, Json]:
    """The results of one cell: the metrics of every group of at least `SMALLEST` faces, and the largest gaps."""
    columns = np.concatenate([_columns(task, *run.record.outputs(SPLIT)) for run in runs], axis=1)
    members = {name: np.flatnonzero(groups.of == k) for k, name in enumerate(groups.names)}
    members = {name: rows for name, rows in members.items() if len(rows) >= SMALLEST}
    # Groups are resampled independently of each other, so each has a seed of its own.
    drawn = [resampled_means(columns[rows], RESAMPLES, seed=SEED + k) for k, rows in enumerate(members.values())]
    dealt = _dealt(columns, list(members.values())) if len(members) > 1 else []
    values: dict[str, dict[str, Json]] = {name: {} for name in members}
    gaps: dict[str, Json] = {}
    for metric in HEADLINE[task]:
        means: dict[str, float] = {}
        resampled = dict(zip(members, (_by_seed(metric, each, len(runs)).mean(axis=0) for each in drawn), strict=True))
        for name, rows in members.items():
            by_seed = _by_seed(metric, columns[rows].mean(axis=0, keepdims=True), len(runs))[:, 0]
            interval = t_interval(by_seed) if np.isfinite(by_seed).all() else Interval(np.nan, None, None, len(runs))
            if np.isfinite(interval.mean):
                means[name] = interval.mean
            low, high = _ends(resampled[name])
            own = {"mean": interval.mean, "low": interval.low, "high": interval.high, "faces_low": low, "faces_high": high}
            values[name][metric] = {key: _rounded(number) for key, number in own.items()}
        by_chance = [_by_seed(metric, each, len(runs)).mean(axis=0) for each in dealt]
        gaps[metric] = _gap(metric, means, resampled, by_chance)
    return {"groups": values, "gaps": gaps}


def _gap(
    metric: str,
    means: Mapping[str, float],
    resampled: Mapping[str, NDArray[np.float64]],
    by_chance: Sequence[NDArray[np.float64]],
) -> dict[str, Json] | None:
    """The largest gap between two groups; None if the metric is defined in fewer than two.

    Args:
        means: group -> mean over seeds.
        resampled: group -> float (RESAMPLES,), the same for each resample of its faces.
        by_chance: for each group float (DIVISIONS,), the same for random divisions into groups of these sizes.
    """
    if len(means) < 2:
        return None
    sign = 1 if METRICS[metric].direction == "higher" else -1
    order = sorted(means, key=lambda name: sign * means[name])
    worst, best = order[0], order[-1]
    low, high = _ends(sign * (resampled[best] - resampled[worst]))
    spread = np.ptp(np.stack(by_chance), axis=0)
    gap = {
        "mean": sign * (means[best] - means[worst]),
        "low": low,
        "high": high,
        "chance": float(np.quantile(spread, CHANCE)),  # nan if one is not defined
    }
    return {"best": best, "worst": worst} | {key: _rounded(number) for key, number in gap.items()}


def _columns(task: str, targets: np.ndarray, outputs: np.ndarray) -> NDArray[np.float64]:
    """Numbers of each face, float64 (N, M), of whose means every metric of the task is a function."""
    return confusion_columns(targets, outputs) if task == "categorical" else moments(targets, outputs)


def _by_seed(metric: str, means: NDArray[np.float64], seeds: int) -> NDArray[np.float64]:
    """The metric of each seed for n means: float64 (seeds, n), NaN where it is not defined. `means`: (n, seeds x M)."""
    return np.stack([_metric(metric, own) for own in np.split(means, seeds, axis=1)])


def _metric(metric: str, means: NDArray[np.float64]) -> NDArray[np.float64]:
    if metric != "accuracy":
        return metric_of_means(metric, means)
    k = round(np.sqrt(means.shape[1]))
    right: NDArray[np.float64] = means.reshape(-1, k, k).trace(axis1=1, axis2=2)
    return right


def _dealt(columns: NDArray[np.float64], members: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """The means of columns in random divisions of the faces of all groups into groups of the same sizes: for each group
    float64 (DIVISIONS, M)."""
    rng, rows = np.random.default_rng(SEED), np.concatenate(members)
    own = np.repeat(np.arange(len(members)), [len(each) for each in members])
    sizes = np.bincount(own)
    means = np.empty((DIVISIONS, len(members), columns.shape[1]))
    for start in range(0, DIVISIONS, TOGETHER):
        groups = np.stack([rng.permutation(own) for _ in range(min(TOGETHER, DIVISIONS - start))])
        shares = (groups[:, None] == np.arange(len(members))[:, None]) / sizes[:, None]  # (divisions, groups, faces)
        means[start : start + len(groups)] = shares @ columns[rows]
    return [means[:, k] for k in range(len(members))]


def _ends(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The ends of a percentile interval; None if a value is not defined."""
    if not np.isfinite(values).all():
        return None, None
    low, high = np.quantile(values, ENDS)
    return float(low), float(high)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
