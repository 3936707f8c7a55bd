"""Metrics video by video against torchmetrics and a plain loop."""

import numpy as np
import pytest
import torch
import torchmetrics.functional as tm
from scipy import stats

from benchmark.errors import BadInput
from benchmark.records.per_video import per_video, video_of


@pytest.fixture
def frames():
    """Five videos of 7 to 60 frames in shuffled rows; one name is another's beginning, one has a slash."""
    rng = np.random.default_rng(3)
    ids = [
        f"{v}/{k:05d}" for v, n in (("1", 7), ("10", 60), ("10_left", 33), ("a/b", 21), ("9", 40)) for k in range(1, n + 1)
    ]
    targets = np.clip(rng.normal(0, 0.4, (len(ids), 2)), -1, 1)
    outputs = targets + rng.normal(0.1, 0.3, targets.shape)
    order = rng.permutation(len(ids))
    return targets[order].astype(np.float32), outputs[order].astype(np.float32), np.array(ids)[order]


def test_every_video_alone_against_second_implementations(frames):
    targets, outputs, ids = frames
    scores = per_video(targets, outputs, ids)
    assert scores.videos == ["1", "10", "10_left", "9", "a/b"] and scores.frames == [7, 60, 33, 40, 21]
    assert scores.constant == 0
    for position, video in enumerate(scores.videos):
        rows = [row for row, name in enumerate(ids) if name[: name.rindex("/")] == video]
        for column, dimension in enumerate(("valence", "arousal")):
            x, y = (torch.tensor(array[rows, column], dtype=torch.float64) for array in (targets, outputs))
            n = len(rows)
            pearson = tm.pearson_corrcoef(y, x).item()
            rmse = tm.mean_squared_error(y, x, squared=False).item()
            spread = [np.sqrt(np.sum((v - v.mean()) ** 2) / n) for v in (x.numpy(), y.numpy())]
            ccc = 2 * pearson * spread[0] * spread[1] / (spread[0] ** 2 + spread[1] ** 2 + (x.mean() - y.mean()).item() ** 2)
            own = {name: scores.values[f"{name}_{dimension}"][position] for name in ("corr", "rmse", "ccc")}
            assert own == pytest.approx({"corr": pearson, "rmse": rmse, "ccc": ccc}, abs=1e-6)


def test_a_video_that_does_not_move(frames):
    targets, outputs, ids = frames
    targets = targets.copy()
    targets[np.char.startswith(ids, "9/"), 0] = 0.25
    scores = per_video(targets, outputs, ids)
    still = scores.videos.index("9")
    assert scores.constant == 1
    assert scores.values["corr_valence"][still] is None and scores.values["ccc_valence"][still] == 0
    assert scores.values["corr_arousal"][still] is not None


def test_rows_in_another_order_change_nothing(frames):
    targets, outputs, ids = frames
    order = np.random.default_rng(8).permutation(len(ids))
    first, second = per_video(targets, outputs, ids), per_video(targets[order], outputs[order], ids[order])
    assert first.videos == second.videos
    for name, values in first.values.items():
        assert values == pytest.approx(second.values[name], abs=1e-12)


@pytest.mark.parametrize("name", ["00001", "/00001", "video/", ""])
def test_ids_that_name_no_video(name):
    with pytest.raises(BadInput, match="expected <video>/<frame>"):
        video_of(np.array(["a/00001", name]))


def test_the_interval_over_videos_is_a_t_interval(frames):
    """The table's entry, from raw values of three seeds, one not defined in one video."""
    from benchmark.report.sections.videos import _entry

    by_seed = [[0.1, 0.5, 0.3, None], [0.3, 0.5, 0.2, 0.4], [0.2, 0.2, 0.1, 0.4]]
    means = [0.2, 0.4, 0.2]
    entry = _entry(by_seed, "corr_valence")
    low, high = stats.t.interval(0.95, 2, np.mean(means), stats.sem(means))
    assert entry.numbers == pytest.approx({"mean": np.mean(means), "low": low, "high": high, "videos": 3})
    assert entry.text.endswith("(3 of 4 videos)")
    assert _entry([[None, None]], "").text == "not defined" and _entry([], "corr_valence").text == "diverged"
