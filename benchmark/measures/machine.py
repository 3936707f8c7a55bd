"""The file beside a measurement that says on what it was made: ``NAME.machine.json`` beside ``NAME.json``.

It is kept apart from the measurement because it differs between machines and checkouts when the measurement does not.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import Json, read_made, write_json

SCHEMA = 1
ENDING = ".machine.json"


def place(path: Path) -> Path:
    """The place of the file that belongs to the measurement `path`."""
    return path.with_name(path.stem + ENDING)


def is_machine(path: Path) -> bool:
    """Whether `path` is named as such a file, and so is no measurement."""
    return path.name.endswith(ENDING)


def write(path: Path, environment: Mapping[str, Json]) -> None:
    """Write the file for the measurement `path`, atomically.

    Args:
        environment: from `benchmark.runs.environment.describe`.
    """
    write_json(place(path), {"schema": SCHEMA, "environment": dict(environment)})


def read_below(folder: Path, verb: str) -> dict[str, Mapping[str, Json]]:
    """The environments of all measurements below `folder`: path relative to it, without suffix -> environment; sorted.

    Args:
        verb: the command that makes them, for the error message.

    Raises:
        BadInput: a damaged file, or one with another schema.
    """
    found = {}
    for path in sorted(folder.rglob(f"*{ENDING}")):
        name = path.relative_to(folder).as_posix().removesuffix(ENDING)
        found[name] = read_made(path, SCHEMA, "environment", verb)["environment"]
    return found
