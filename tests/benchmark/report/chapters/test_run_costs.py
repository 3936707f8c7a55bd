"""What the runs took, per cell and per run."""

import csv
import io

import pytest
from scipy import stats

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.chapters.run_costs import cost_table, run_table
from benchmark.report.material import read_material


def rows(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


@pytest.fixture
def records(make, cell, tmp_path):
    folder = tmp_path / "records"
    for seed in (0, 1, 2):
        make(folder, "synthetic-8", cell("identity", "working", "plain"), seed, diverged=seed == 2)
        here = {"versions": {"python": "3.12"}, "device": "test device"} if seed else {"device": "another"}
        own = {"peak_memory_bytes": None, "evaluate_seconds": 3.5}
        make(folder, "synthetic-8", cell("fixed", "working", "plain"), seed, cost=own, environment=here)
    return folder


def test_cost_of_the_cells(records):
    found = {row["cell"]: row for row in rows(cost_table(summarise(read_records(records), records)))}
    row = found["net-fixed-working-plain"]
    low, high = stats.t.interval(0.95, 2, 11.0, stats.sem([10.0, 11.0, 12.0]))
    assert [float(row[f"train_seconds_{part}"]) for part in ("mean", "low", "high")] == pytest.approx([11.0, low, high])
    assert row["peak_memory_mib_note"] == "not tested: not in every record"
    assert row["device"] == "test device"
    row = found["net-identity-working-plain"]
    assert (row["n"], row["n_diverged"], row["train_seconds_mean"]) == ("2", "1", "10.5")


def test_cost_of_every_run_with_its_environment(records, tmp_path):
    material = read_material(records, tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    found = {(row["cell"].split("-")[1], row["seed"]): row for row in rows(run_table(material))}
    assert len(found) == 6
    assert [found["fixed", seed]["train_seconds"] for seed in "012"] == ["10", "11", "12"]
    assert found["fixed", "0"]["evaluate_seconds"] == "3.5"
    assert found["fixed", "0"]["peak_memory_bytes_note"] == found["identity", "0"]["evaluate_seconds_note"] == "not recorded"
    assert found["identity", "2"]["peak_memory_bytes"] == str(2**20)  # diverged
    groups = [{found[run]["environment"] for run in own} for own in (
        [("identity", seed) for seed in "012"], [("fixed", "0")], [("fixed", "1"), ("fixed", "2")],
    )]  # fmt: skip
    assert [len(group) for group in groups] == [1, 1, 1] and set.union(*groups) == {"1", "2", "3"}
