"""Complexity and cost tables."""

import csv
import io

import pytest
from scipy import stats

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.chapters.costs import complexity_table, cost_table, network_table

NETWORK = {
    "input": [1, 3, 32, 32],
    "parameters": {"trainable": 1234, "total": 1300},
    "macs": 5000,
    "skipped": {"aten::atan": 5},
    "elementwise": {"atan": 70, "elu": 30},
    "uncounted": {},
    "flops": 10100,
    "latency": {
        "median_ms": 2.0, "lower_quartile_ms": 1.5, "upper_quartile_ms": 2.5,
        "runs": 50, "warm_up": 10, "batch": 1, "threads": 2, "device": "a processor",
    },
}  # fmt: skip


def rows(table):
    return {row["cell"]: row for row in csv.DictReader(io.StringIO(table.csv()))}


@pytest.fixture
def summary(make, cell, tmp_path):
    for seed in (0, 1, 2):
        make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), seed, diverged=seed == 2)
        make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), seed, cost={"peak_memory_bytes": None})
    return summarise(read_records(tmp_path), tmp_path)


def test_complexity(summary):
    cells = {"synthetic-8/net-identity-working-plain": NETWORK}
    found = rows(complexity_table(summary, {"schema": 1, "cells": cells}))
    row = found["net-identity-working-plain"]
    assert (row["parameters"], row["macs"], row["flops"], row["elementwise"]) == ("1234", "5000", "10100", "100")
    assert (row["skipped"], row["uncounted"]) == ("aten::atan x 5", "none")
    assert (row["latency_median_ms"], row["latency_upper_quartile_ms"], row["device"]) == ("2", "2.5", "a processor")
    missing = found["net-fixed-working-plain"]
    assert missing["parameters"] == "1234" and missing["macs_note"] == "not tested: no entry in complexity.json"


def test_networks_need_no_record(summary):
    listed = [{"name": "big", "model": "m", "options": {}, "outputs": 7} | NETWORK]
    table = network_table({"schema": 1, "cells": {}, "networks": listed})
    (row,) = csv.DictReader(io.StringIO(table.csv()))
    assert (row["network"], row["input"], row["outputs"]) == ("big", "3x32x32", "7")
    assert (row["flops"], row["rate"]) == ("10100", "500")
    assert network_table(None) is None and network_table({"cells": {}}) is None


def test_a_cell_is_found_by_its_network(summary):
    """A record's cell under a name and a loss that no entry has: model, options and sizes are what counts."""
    sizes = {"outputs": 8, "input": [1, 3, 32, 32]}
    options = {"units": [1, 1, 1], "shortcut": "fixed", "normalisation": "working"}
    listed = [NETWORK | sizes | {"name": "any", "model": "residual", "options": options}]
    found = rows(complexity_table(summary, {"schema": 1, "cells": {}, "networks": listed}))
    assert found["net-fixed-working-plain"]["macs"] == "5000" and found["net-identity-working-plain"]["macs_note"]


def test_no_complexity_at_all(summary):
    table = complexity_table(summary, None)
    assert {row["latency_note"] for row in rows(table).values()} == {"not tested: no complexity.json"}
    assert "differ" not in " ".join(table.notes)


def test_parameters_that_differ_from_the_record_are_named(summary):
    other = NETWORK | {"parameters": {"trainable": 99, "total": 99}}
    table = complexity_table(summary, {"cells": {"synthetic-8/net-fixed-working-plain": other}})
    assert "net-fixed-working-plain (1,234 in its record)" in table.notes[-1]


def test_cost(summary):
    found = rows(cost_table(summary))
    row = found["net-fixed-working-plain"]
    low, high = stats.t.interval(0.95, 2, 11.0, stats.sem([10.0, 11.0, 12.0]))
    assert [float(row[f"train_seconds_{part}"]) for part in ("mean", "low", "high")] == pytest.approx([11.0, low, high])
    assert row["peak_memory_mib_note"] == "not tested: not in every record"
    assert row["device"] == "test device"
    row = found["net-identity-working-plain"]
    assert (row["n"], row["n_diverged"], row["train_seconds_mean"]) == ("2", "1", "10.5")
