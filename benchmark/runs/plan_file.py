"""A plan as one JSON file that contains its protocols and cells in full, for machines that have only torch and numpy.

``{"schema": 1, "protocols": {name: contents}, "cells": {name: contents}, "runs": [[protocol, cell, seed], ...]}``; the
contents are those of `Protocol.as_dict` and `Cell.as_dict`. So the hashes, and with them the records, are the same as
without the file. Reading it needs neither a YAML package nor the protocols and cells of the checkout.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_object, write_json
from benchmark.protocol.cells import Cell, Run, check_installed, named_cell
from benchmark.protocol.protocol import Protocol, protocol_from
from benchmark.runs.plan import checked_seeds

SCHEMA = 1
PARTS = ("schema", "protocols", "cells", "runs")


def write_plan(runs: Sequence[Run], path: Path) -> None:
    """Write `runs`, in their order, atomically. BadInput for two different protocols or cells with the same name."""
    protocols: dict[str, Protocol] = {}
    cells: dict[str, Cell] = {}
    for run in runs:
        same_protocol = protocols.setdefault(run.protocol.name, run.protocol).hash == run.protocol.hash
        same_cell = cells.setdefault(run.cell.name, run.cell).hash == run.cell.hash
        if not (same_protocol and same_cell):
            name = run.cell.name if same_protocol else run.protocol.name
            raise BadInput(f"plan {path}", f"two different ones named {name}", "names that differ")
    contents = {
        "schema": SCHEMA,
        "protocols": {name: protocol.as_dict() for name, protocol in protocols.items()},
        "cells": {name: cell.as_dict() for name, cell in cells.items()},
        "runs": [[run.protocol.name, run.cell.name, run.seed] for run in runs],
    }
    write_json(path, contents)


def read_plan(path: Path) -> list[Run]:
    """The runs of a file that `write_plan` wrote. BadInput if the file is missing or its contents are not complete."""
    if not path.is_file():
        raise BadInput(path, "no such file", "a plan (ferbench plan PROFILE FILE.json)")
    contents = read_object(path)
    if set(contents) != set(PARTS) or contents["schema"] != SCHEMA:
        raise BadInput(path, "something else", f"a plan of schema {SCHEMA} with {', '.join(PARTS)}")
    for part, kind in (("protocols", dict), ("cells", dict), ("runs", list)):
        if not isinstance(contents[part], kind) or (kind is dict and not all(map(_is_object, contents[part].values()))):
            raise BadInput(f"{path}, {part}", "something else", "their whole contents, each by its name")
    protocols = {}
    for name, entry in contents["protocols"].items():
        where, entry = f"{path}, protocol {name}", dict(entry)
        if not _is_object(entry.get("recipe")):
            raise BadInput(where, "no recipe", "the whole recipe")
        protocols[name] = protocol_from(entry, where, recipe=entry.pop("recipe"))
        if protocols[name].name != name:
            raise BadInput(where, f"the name {protocols[name].name} in it", "the same name")
    cells = {name: named_cell(entry | {"name": name}, path) for name, entry in contents["cells"].items()}
    if importlib.util.find_spec("yaml"):  # without it, installed cells can not be read; `ferbench import` will check again
        for cell in cells.values():
            check_installed(cell, f"{path}, cell {cell.name}")
    if odd := [name for name, entry in contents["cells"].items() if entry.get("name", name) != name]:
        raise BadInput(f"{path}, cell {odd[0]}", f"the name {contents['cells'][odd[0]]['name']} in it", "the same name")
    runs: list[Run] = []
    places: set[Path] = set()
    for number, entry in enumerate(contents["runs"]):
        names = entry[:2] if isinstance(entry, list) and len(entry) == 3 else []
        known = all(isinstance(name, str) for name in names) and names and names[0] in protocols and names[1] in cells
        if not known or type(entry[2]) is not int:
            raise BadInput(f"{path}, runs, {number}", entry, "[protocol, cell, seed] with names of this file")
        checked_seeds(entry[2:], f"{path}, runs, {number}, seed")
        run = Run(protocols[entry[0]], cells[entry[1]], entry[2])
        if run.place in places:
            raise BadInput(f"{path}, runs, {number}", f"{run} again", "each run once")
        places.add(run.place)
        runs.append(run)
    if not runs:
        raise BadInput(f"{path}, runs", "none", "some")
    return runs


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
