"""The tables of parameters and operations."""

import csv
import io

import pytest

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.chapters.networks import complexity_table, network_table

NETWORK = {
    "input": [1, 3, 32, 32],
    "parameters": {"trainable": 1234, "total": 1300},
    "macs": 5000,
    "skipped": {"aten::atan": 5},
    "elementwise": {"atan": 70, "elu": 30},
    "uncounted": {},
    "flops": 10100,
}


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
    found = rows(complexity_table(summary, {"schema": 2, "cells": cells}))
    row = found["net-identity-working-plain"]
    assert (row["parameters"], row["macs"], row["flops"], row["elementwise"]) == ("1234", "5000", "10100", "100")
    assert (row["skipped"], row["uncounted"]) == ("aten::atan x 5", "none")
    missing = found["net-fixed-working-plain"]
    assert missing["parameters"] == "1234" and missing["macs_note"] == "not tested: no entry in complexity.json"


def test_networks_need_no_record(summary):
    listed = [{"name": "big", "model": "m", "options": {}, "outputs": 7} | NETWORK]
    table = network_table({"schema": 2, "cells": {}, "networks": listed})
    (row,) = csv.DictReader(io.StringIO(table.csv()))
    assert (row["network"], row["input"], row["outputs"]) == ("big", "3x32x32", "7")
    assert row["flops"] == "10100"
    assert network_table(None) is None and network_table({"cells": {}}) is None


def test_a_cell_is_found_by_its_network(summary):
    """A record's cell under a name and a loss that no entry has: model, options and sizes are what counts."""
    sizes = {"outputs": 8, "input": [1, 3, 32, 32]}
    options = {"units": [1, 1, 1], "shortcut": "fixed", "normalisation": "working"}
    listed = [NETWORK | sizes | {"name": "any", "model": "residual", "options": options}]
    found = rows(complexity_table(summary, {"schema": 2, "cells": {}, "networks": listed}))
    assert found["net-fixed-working-plain"]["macs"] == "5000" and found["net-identity-working-plain"]["macs_note"]


def test_no_complexity_at_all(summary):
    table = complexity_table(summary, None)
    assert {row["macs_note"] for row in rows(table).values()} == {"not tested: no complexity.json"}
    assert "differ" not in " ".join(table.notes)


def test_parameters_that_differ_from_the_record_are_named(summary):
    other = NETWORK | {"parameters": {"trainable": 99, "total": 99}}
    table = complexity_table(summary, {"cells": {"synthetic-8/net-fixed-working-plain": other}})
    assert "net-fixed-working-plain (1,234 in its record)" in table.notes[-1]
