"""The per-video table against a plain recomputation from predictions.npz (pandas, scipy)."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.protocol.cells import find_cell
from benchmark.records.checks.known import Known
from benchmark.records.importing import check
from benchmark.records.per_video import video_of
from benchmark.records.record import read_record, write_record
from benchmark.report.build import build

VIDEOS = ("12-30-640x480_left", "12-30-640x480_right", "7")


def with_videos(record):
    """The record with the ids of three videos of 10, 30 and 50 frames."""
    arrays = dict(record.predictions)
    for split in ("validation", "test"):
        names = np.repeat(VIDEOS, (10, 30, 50))
        arrays[f"{split}_ids"] = np.array([f"{name}/{k:05d}" for k, name in enumerate(names, 1)])
    kept = {k: v for k, v in record.contents.items() if k not in ("schema", "predictions_sha256")}
    return write_record(record.directory, kept, arrays)


@pytest.fixture(scope="module")
def reports(tmp_path_factory, make, cell, undrawn):
    out = tmp_path_factory.mktemp("reports")
    for seed in (0, 1, 2):
        with_videos(make(out / "records", "affwild-va", cell("adaptive", "working", "mse"), seed, quality=0.7))
    make(out / "records", "affwild-va", cell("adaptive", "frozen", "mse"), 0, diverged=True)
    make(out / "records", "synthetic-va", cell("adaptive", "working", "mse"), 0)
    build(out / "records", out / "complexity.json", out / "data", out)
    return out


def test_mean_over_videos_with_its_interval(reports):
    table = pd.read_csv(reports / "tables" / "affwild-va-videos.csv").set_index("cell")
    row, parts = table.loc["net-adaptive-working-mse"], []
    for seed in (0, 1, 2):
        record = read_record(reports / "records/affwild-va/net-adaptive-working-mse" / f"seed{seed}")
        x, y = record.outputs("test")
        frame = pd.DataFrame(np.hstack([x, y]).astype(float), columns=["v", "a", "ov", "oa"])
        frame["video"] = video_of(record.predictions["test_ids"])
        per = frame.groupby("video").apply(
            lambda f: pd.Series({
                "rmse_valence": np.sqrt(((f.v - f.ov) ** 2).mean()),
                "corr_arousal": stats.pearsonr(f.a, f.oa)[0],
                "ccc_arousal": 2 * np.cov(f.a, f.oa, ddof=0)[0, 1]
                / (f.a.var(ddof=0) + f.oa.var(ddof=0) + (f.a.mean() - f.oa.mean()) ** 2),
            })
        )  # fmt: skip
        parts.append(per)
    means = sum(parts) / 3
    assert row["n"] == 3 and len(means) == 3
    for name in means:
        low, high = stats.t.interval(0.95, 2, means[name].mean(), stats.sem(means[name]))
        assert [row[f"{name}_{p}"] for p in ("mean", "low", "high")] == pytest.approx([means[name].mean(), low, high])
        assert row[f"{name}_videos"] == 3


def test_what_the_table_says(reports):
    shown = (reports / "tables" / "affwild-va-videos.md").read_text()
    assert "3 videos of 10 to 50 frames" in shown and "95 % t-interval over videos" in shown
    assert "| net-adaptive-frozen-mse | n = 0; diverged 1 of 1 | diverged |" in shown
    assert "constant: mean test target" in shown
    assert (
        "affwild-va: results on the test split, video by video"
        in (reports / "pages" / "protocols" / "affwild-va.md").read_text()
    )


def test_records_whose_ids_name_no_video_are_not_imported(tmp_path, make):
    record = make(tmp_path, "affwild-va", find_cell("narrow8-12-adaptive-working-mse"), 0)
    with pytest.raises(BadInput, match="validation_ids: found 'validation-0'; expected <video>/<frame>"):
        check(record, Known())
    check(with_videos(record), Known())


def test_pictures_have_no_such_table(reports):
    assert (reports / "tables" / "synthetic-va-results.md").exists()
    assert not (reports / "tables" / "synthetic-va-videos.md").exists()
