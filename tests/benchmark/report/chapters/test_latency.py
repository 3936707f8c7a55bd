"""The tables and figures of latency, from latency.json."""

import csv
import io

import pytest

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.chapters.latency import cell_table, network_table

LATENCY = {
    "input": [1, 3, 32, 32],
    "latency": {
        "median_ms": 2.0, "lower_quartile_ms": 1.5, "upper_quartile_ms": 2.5,
        "runs": 50, "warm_up": 10, "batch": 1, "threads": 2, "device": "a processor",
    },
}  # fmt: skip


def rows(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


@pytest.fixture
def summary(make, cell, tmp_path):
    for shortcut in ("identity", "fixed"):
        make(tmp_path, "synthetic-8", cell(shortcut, "working", "plain"), 0)
    return summarise(read_records(tmp_path), tmp_path)


def test_latency_of_a_cell(summary):
    cells = {"synthetic-8/net-identity-working-plain": LATENCY}
    found = {row["cell"]: row for row in rows(cell_table(summary, {"cells": cells}))}
    row = found["net-identity-working-plain"]
    assert [row[f"latency_{part}"] for part in ("median_ms", "lower_quartile_ms", "upper_quartile_ms")] == [
        "2",
        "1.5",
        "2.5",
    ]
    assert (row["rate"], row["device"], row["device_threads"]) == ("500", "a processor", "2")
    assert found["net-fixed-working-plain"]["latency_note"] == "not tested: no entry in latency.json"
    assert {row["latency_note"] for row in rows(cell_table(summary, None))} == {"not tested: no latency.json"}


def test_latency_of_a_network_needs_no_record():
    listed = [{"name": "big", "model": "m", "options": {}, "outputs": 7} | LATENCY]
    (row,) = rows(network_table({"cells": {}, "networks": listed}))
    assert (row["network"], row["input"], row["outputs"], row["latency_median_ms"]) == ("big", "3x32x32", "7", "2")
    assert network_table(None) is None and network_table({"cells": {}}) is None
