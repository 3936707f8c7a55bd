"""The definitions that records and plans name: none changes unnoticed. A cell or a plan that is meant to be another gets
another name, or its line in definitions.yaml is changed by hand."""

import dataclasses
from pathlib import Path

from benchmark.files import digest, read_yaml
from benchmark.protocol.cells import load_cells
from benchmark.runs.plan import parts, profile_entry, profile_names

PINNED = read_yaml(Path(__file__).with_name("definitions.yaml"))


def test_cells_are_those_that_records_name():
    """Without the learning rates that a search finds."""
    rates = {name for name, cell in load_cells().items() if cell.learning_rate is not None}
    found = {name: dataclasses.replace(cell, learning_rate=None).hash for name, cell in load_cells().items()}
    assert found == PINNED["cells"]
    assert rates <= {name for name in found if name.startswith("narrow16-") or "ownrate" in name}


def test_profiles_are_the_plans_that_documents_name():
    """Every run of every part in its order, and what is measured beside."""
    found = {}
    for name in profile_names():
        runs = [[[run.protocol.name, run.cell.name, run.seed] for run in part] for part in parts(name)]
        beside = {key: value for key, value in profile_entry(name).items() if key in ("data", "gradients", "rates")}
        found[name] = [sum(map(len, runs)), digest([runs, beside])]
    assert found == PINNED["profiles"]
