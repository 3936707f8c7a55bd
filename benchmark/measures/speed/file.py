"""Files of reports/bench: training and evaluation against a plain loop; read without torch."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import read_made

SCHEMA = 1  # of the files that `measure.bench` writes and the report reads


def read_benches(folder: Path) -> list[Mapping]:
    """Contents of the folder's files, in order of their names; [] without one. BadInput for a damaged or other schema's."""
    return [read_made(path, SCHEMA, "comparisons", "bench") for path in sorted(folder.glob("*.json"))]
