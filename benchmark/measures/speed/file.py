"""Reads the files in reports/bench: speed of training and evaluation compared with a plain loop. Needs no torch."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import read_made
from benchmark.names import checked_name

SCHEMA = 1  # of the files that `benchmark.measures.speed.training.bench` writes and the report reads


def read_benches(folder: Path) -> list[Mapping]:
    """The contents of a folder's files, sorted by name; empty without the folder. BadInput for a file that is damaged, has
    another schema or no plain device type."""
    found = {path: read_made(path, SCHEMA, "comparisons", "bench") for path in sorted(folder.glob("*.json"))}
    for path, contents in found.items():
        checked_name(contents.get("device_type"), "device_type", path)  # it names a figure
    return list(found.values())
