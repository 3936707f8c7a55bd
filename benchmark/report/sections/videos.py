"""The table of metrics per video, for protocols whose rows are video frames."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmark.records.comparisons import SPLIT, Comparison
from benchmark.records.intervals import t_interval
from benchmark.records.metrics import METRICS, possible
from benchmark.records.per_video import VideoScores, per_video
from benchmark.records.written import bracketed, number
from benchmark.report.tables import Entry, Table, seeds, text, title

NOTE = (
    "Each video's metric is averaged over seeds first; then mean over videos [95 % t-interval over videos], every video "
    "with the same weight; the table of results counts all frames together instead"
)


def videos(comparison: Comparison, blocks: Sequence[Sequence[str]]) -> Table:
    """Mean over the test videos of every metric, without test-time augmentation.

    Args:
        blocks: names of the metrics, as `benchmark.records.metrics.blocks`.
    """
    names = [name for block in blocks for name in block]
    rows, first = [], None
    for label, runs in comparison.runs.items():
        scores = [_scores(run.record) for run in runs if "none" in run.scores]
        first = first or (scores[0] if scores else None)
        row = {"cell": text(label), "n": seeds(comparison.finished(label), comparison.diverged(label))}
        rows.append(row | {name: _entry([score.values[name] for score in scores], name) for name in names})
    notes = [comparison.header, "TTA: none", NOTE]
    if first is not None:
        ids = next(r.record for runs in comparison.runs.values() for r in runs if r.scores).predictions[f"{SPLIT}_ids"]
        mean = np.broadcast_to(comparison.targets.mean(axis=0, dtype=np.float64), comparison.targets.shape)
        constant = per_video(comparison.targets, mean, ids)
        row = {"cell": text("constant: mean test target"), "n": Entry("reference", {"note": "reference"})}
        rows.append(row | {name: _entry([constant.values[name]], name) for name in names})
        notes.append(f"{len(first.videos)} videos of {min(first.frames)} to {max(first.frames)} frames")
        if first.constant:
            notes.append(
                f"In {first.constant} of them the target does not move in at least one dimension: CCC is 0 there and CORR "
                "not defined, whatever the network says; a value without a video is left out and the number of videos said"
            )
    return Table(
        name=f"{comparison.slug}-videos",
        title=f"{comparison.slug}: results on the test split, video by video",
        notes=notes,
        columns={"cell": "Cell", "n": "Seeds"} | {name: title(name) for name in names},
        rows=rows,
        labels=("cell", "n"),
        blocks=blocks,
    )


def _scores(record) -> VideoScores:
    return per_video(*record.outputs(SPLIT), record.predictions[f"{SPLIT}_ids"])


def _entry(by_seed: Sequence[Sequence[float | None]], metric: str) -> Entry:
    """The entry for one metric: its mean over videos. Videos for which it is not defined are left out.

    Args:
        by_seed: for each seed, one value per video.
    """
    if not by_seed:
        return Entry("diverged", {"note": "diverged"})
    by_video = list(zip(*by_seed, strict=True))
    values = [float(np.mean(each)) for each in by_video if None not in each]
    if not values:
        return Entry("not defined", {"note": "not defined", "videos": 0})
    interval = t_interval(values)
    shown = bracketed(interval, partial(number, unit=METRICS[metric].unit), possible(metric))
    if len(values) < len(by_video):
        shown += f" ({len(values)} of {len(by_video)} videos)"
    return Entry(shown, {"mean": interval.mean, "low": interval.low, "high": interval.high, "videos": interval.n})
