"""Metrics of valence and arousal per video. Rows are frames, and the id of a row is ``<video>/<frame>``.

A metric over all frames together weights a video by its length, and a network scores well by telling videos apart. The mean
of the metric over videos gives each video the same weight, and measures how well the network follows one person over time.
Published figures use both, so both are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.errors import BadInput
from benchmark.records import metrics


@dataclass(frozen=True)
class VideoScores:
    """Metrics of each of V videos.

    Attributes:
        videos: V names, sorted.
        frames: number of frames of each video.
        values: name of a dimensional metric of `metrics.METRICS` -> V values, None where the metric is not defined.
        constant: number of videos with a constant target of valence or arousal. There CCC is 0 and CORR is not defined,
            whatever the network's outputs are.
    """

    videos: Sequence[str]
    frames: Sequence[int]
    values: dict[str, list[float | None]]
    constant: int


def video_of(ids: np.ndarray, where: object = "ids of frames") -> np.ndarray:
    """str (N,): the part of each id before its last ``/``. BadInput for an id that is not ``<video>/<frame>``."""
    ids = np.asarray(ids, dtype=str)
    parts = np.char.rpartition(ids, "/")
    wrong = np.flatnonzero((parts[:, 0] == "") | (parts[:, 2] == ""))
    if len(wrong):
        raise BadInput(where, f"'{ids[wrong[0]]}'", "<video>/<frame>")
    return parts[:, 0]


def per_video(targets: np.ndarray, outputs: np.ndarray, ids: np.ndarray) -> VideoScores:
    """Every dimensional metric of every video.

    Args:
        targets, outputs: float (N, 2) as for `metrics.dimensional`; ids: str (N,), ``<video>/<frame>``, in any order.

    Raises:
        BadInput: as `metrics.dimensional` and `video_of`; also if the numbers of ids and rows differ.
    """
    if len(ids) != len(targets):
        raise BadInput("ids of frames", len(ids), f"{len(targets)}, one per row")
    videos, inverse, frames = np.unique(video_of(ids), return_inverse=True, return_counts=True)
    # The rows of each video, in the order in which they are given.
    parts = np.split(np.argsort(inverse, kind="stable"), np.cumsum(frames)[:-1])
    scores = [metrics.dimensional(targets[rows], outputs[rows]) for rows in parts]
    names = [name for name, metric in metrics.METRICS.items() if metric.task == "dimensional"]
    return VideoScores(
        videos=videos.tolist(),
        frames=frames.tolist(),
        values={name: [score[name] for score in scores] for name in names},
        constant=sum(bool((np.ptp(targets[rows], axis=0) == 0).any()) for rows in parts),
    )
