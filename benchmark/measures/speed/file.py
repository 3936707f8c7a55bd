"""Reads the files in reports/bench: speed of training and evaluation compared with a plain loop. Needs no torch."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import read_made, read_object
from benchmark.measures.speed.instructions import NATIVE
from benchmark.names import checked_name

SCHEMA = 2  # of the files that `benchmark.measures.speed.training.bench` writes and the report reads
# What schema 1 did not say, because it was always so.
_FIRST = {"schema": SCHEMA, "instructions": NATIVE, "pictures": 256, "left_out": {}}
_FIRST_TITLES = {"plain": "plain loop", "suite": "this suite", "compiled": "this suite, torch.compile"}


def read_benches(folder: Path) -> list[Mapping]:
    """The contents of a folder's files, "cpu" before "cpu-avx2"; empty without the folder. BadInput for a file that is
    damaged, has another schema or no plain device type or instruction set. Files of schema 1 are given the form of today."""
    found = {path: _read(path) for path in sorted(folder.glob("*.json"), key=lambda path: path.stem)}
    for path, contents in found.items():
        for part in ("device_type", "instructions"):
            checked_name(contents.get(part), part, path)  # they name a figure
    return list(found.values())


def _read(path: Path) -> Mapping:
    schema = 1 if read_object(path).get("schema") == 1 else SCHEMA
    contents = read_made(path, schema, "comparisons", "bench")
    return of_now(contents) if schema == 1 else contents


def of_now(contents: Mapping) -> dict:
    """The contents of a file of schema 1 as those of this schema."""
    names = dict.fromkeys(name for each in contents["comparisons"] for name in each["contenders"])
    titles = {name: _FIRST_TITLES.get(name, f"{name} in this suite") for name in names}
    comparisons = [{"network": "bregnext-50"} | each for each in contents["comparisons"]]
    return {**contents, **_FIRST, "titles": titles, "comparisons": comparisons}


def file_name(device_type: str, instructions: str) -> str:
    """The name of the file, without suffix, for a device and an instruction set: "cpu", "cpu-avx2"."""
    return device_type if instructions == NATIVE else f"{device_type}-{instructions}"
