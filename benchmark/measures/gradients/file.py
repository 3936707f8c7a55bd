"""Reads the files in reports/gradients. Needs no torch."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_made
from benchmark.measures.machine import is_machine
from benchmark.names import checked_name
from benchmark.records.axes import NORMALISATIONS, SHORTCUTS

SCHEMA = 1


def read(folder: Path) -> list[Mapping]:
    """The contents of a folder's files, sorted by name; empty without the folder. BadInput for a file that is damaged, has
    another schema, or names no plain plan or network."""
    paths = [path for path in sorted(folder.glob("*.json")) if not is_machine(path)]
    found = {path: read_made(path, SCHEMA, "measurements", "gradients") for path in paths}
    for path, contents in found.items():
        if contents.get("plan") != path.stem:
            raise BadInput(f"{path}, plan", contents.get("plan"), f"{path.stem}: the file must be named after its plan")
        checked_name(path.stem, "plan", path)
        for each in contents["measurements"]:
            checked_name(each.get("network"), "network", path)
            for axis, known in (("shortcut", SHORTCUTS), ("normalisation", NORMALISATIONS)):
                if each.get(axis) not in known:
                    raise BadInput(f"{path}, {axis}", f"{each.get(axis)!r}", f"one of {', '.join(known)}")
        if not isinstance(contents.get("protocol_hash"), str):
            raise BadInput(path, "no protocol_hash", "the hash of its protocol; run ferbench gradients again")
        data = contents.get("data")
        if not isinstance(data, dict) or any(not isinstance(data.get(k), str) for k in ("name", "version", "fingerprint")):
            raise BadInput(f"{path}, data", data, "name, version and fingerprint; run ferbench gradients again")
    return list(found.values())
