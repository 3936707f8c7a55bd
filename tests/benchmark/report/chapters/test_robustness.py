"""The report's tables and curves of robustness, from fabricated files; what does not belong to a record is left out."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.measures.robustness.file import read_robustness
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.build import build
from benchmark.report.sections import severities

KINDS = ("gaussian-blur", "jpeg")


def fabricate(folder, record, seed, **changes):
    """A file as `ferbench robustness` leaves it: accuracy falls by 0.1 a severity from 0.9 - 0.05 seed."""
    top = 0.9 - 0.05 * seed
    contents = {
        "schema": 1, "protocol": record.protocol, "protocol_hash": record["protocol_hash"], "cell": record.cell,
        "cell_hash": record["cell_hash"], "seed": record.seed, "predictions_sha256": record["predictions_sha256"],
        "clean": {"accuracy": top},
        "corrupted": {kind: [{"accuracy": top - 0.1 * s} for s in range(1, 6)] for kind in KINDS},
        "flip": {"accuracy": top - 0.01, "consistency": 0.95},
        "transfer": {
            "ferplus-8": {"n": 9, "classes": ["a"], "accuracy": 0.4},
            "affectnet-8": {"note": "affectnet is not prepared"},
        },
    } | changes  # fmt: skip
    path = folder / record.protocol / record.cell / f"seed{record.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(contents))


@pytest.fixture
def records(tmp_path, make, cell):
    made = [
        make(tmp_path / "records", "synthetic-8", cell("fixed", "working", "plain"), seed, quality=0.4) for seed in (0, 1, 2)
    ]
    for record in made:
        fabricate(tmp_path / "robustness", record, record.seed)
    return made


def test_table_and_curves_of_a_built_report(tmp_path, records, undrawn):
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    row = pd.read_csv(tmp_path / "tables" / "synthetic-8-robustness.csv").iloc[0]
    tops = np.array([0.9, 0.85, 0.8])
    assert row["n"] == 3 and row["clean_mean"] == pytest.approx(0.85)
    assert row["gaussian-blur_mean"] == row["corrupted_mean"] == pytest.approx((tops - 0.3).mean())
    low, high = stats.t.interval(0.95, 2, (tops - 0.3).mean(), stats.sem(tops))
    assert (row["corrupted_low"], row["corrupted_high"]) == pytest.approx((low, high))
    assert row["to_ferplus-8_mean"] == 0.4
    text = (tmp_path / "tables" / "synthetic-8-robustness.md").read_text()
    assert "| 95.00 (no spread) |" in text and "not tested: affectnet is not prepared" in text
    assert (tmp_path / "figures" / "synthetic-8-robustness.svg").is_file()
    assert (tmp_path / "tables" / "synthetic-8-calibration.csv").is_file()


def test_files_of_other_runs_are_left_out(tmp_path, records):
    fabricate(tmp_path / "robustness", records[1], 1, predictions_sha256="0" * 64)
    summary = summarise(read_records(tmp_path / "records"), tmp_path / "records")
    found = read_robustness(tmp_path / "robustness", summary)
    assert [each["seed"] for each in found["synthetic-8"]["net-fixed-working-plain"]] == [0, 2]
    assert read_robustness(tmp_path / "nowhere", summary) == {}


def test_curves_start_at_the_clean_faces(tmp_path, records):
    summary = summarise(read_records(tmp_path / "records"), tmp_path / "records")
    found = read_robustness(tmp_path / "robustness", summary)
    figure = severities.drawings(summary, found)[0].figure
    assert [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes[:-1]] == list(KINDS)
    (line,) = figure.axes[0].get_lines()
    assert line.get_ydata() == pytest.approx(100 * np.array([0.85, 0.75, 0.65, 0.55, 0.45, 0.35]))


def test_a_damaged_file_is_named(tmp_path, records):
    path = tmp_path / "robustness" / "synthetic-8" / "net-fixed-working-plain" / "seed1.json"
    path.write_text("{")
    with pytest.raises(BadInput, match="seed1.json: found .*; expected valid JSON"):
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    path.write_text('{"schema": 0}')
    with pytest.raises(BadInput, match="run ferbench robustness again"):
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
