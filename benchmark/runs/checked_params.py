"""Reads params.yaml and checks it as a whole, before anything is done with a part of it: `ferbench profile` writes it, and
people edit it by hand.

A file written by hand may leave out what only the DVC pipeline needs (`profile`, `packages`, `data`, `gradients`; in an
entry of `runs`: `data`, `package`, `recipe`), and the values of `protocols`. What is there has to fit the rest: the pipeline
would else watch other files.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.names import checked_name, checked_text
from benchmark.protocol.cells import Cell, Run, cell_from, check_installed
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.protocol.registry import models
from benchmark.protocol.turned import turned
from benchmark.runs import sources
from benchmark.runs.plan import checked_seeds
from benchmark.suggesting import one_of
from benchmark.typed import plain

# Key -> what it has to be, in words.
PARTS = {"seeds": "a list", "runs": "a mapping"}
FOR_DVC = {
    "profile": "a text",
    "protocols": "a mapping",
    "packages": "a mapping",
    "data": "a mapping",
    "gradients": "a mapping",
}
ENTRY = {"protocol": "a text", "cell": "a text", "model": "a text", "loss": "a text"}
FURTHER = {
    "data": "a text",
    "package": "a text",
    "recipe": "a text",
    "options": "a mapping",
    "learning_rate": "a number",
    "seeds": "a list",
}
CELL = ("model", "options", "loss", "learning_rate")
TYPES: dict[str, type | tuple[type, ...]] = {"a text": str, "a mapping": dict, "a list": list, "a number": (int, float)}


def read_params(path: Path) -> dict[str, Json]:
    """The contents of params.yaml. BadInput as of `read_yaml` and `check_params`."""
    contents = read_yaml(path)
    check_params(contents, path)
    return contents


def check_params(params: Mapping[str, Json], where: object) -> dict[str, tuple[Protocol, Cell]]:
    """Check all of params.yaml.

    Returns:
        key of ``runs`` -> its protocol and cell.

    Raises:
        BadInput: a missing or unknown key; a value of a wrong type; seeds that are not different whole numbers from 0; an
            unknown protocol, model or loss; a cell that is not the installed one of its name; an entry whose data, recipe or
            package are not those of its protocol and model; two entries for the same protocol and cell; values of
            ``protocols`` as of `benchmark.protocol.turned.turned`, for a protocol of no run, or that no run would use.
    """
    _check_keys(params, PARTS, FOR_DVC, where)
    checked_seeds(params["seeds"], f"{where}, seeds")
    for name, entry in params.get("data", {}).items():
        checked_name(name, "data", where)
        if not isinstance(entry, dict) or not isinstance(entry.get("options", {}), dict) or not plain(entry):
            raise BadInput(f"{where}, data, {name}", f"{entry!r}"[:200], "a mapping with the mapping options")
    protocols = _protocols(params.get("protocols", {}), f"{where}, protocols")
    package_of = cache(partial(sources.package_of, known=models()))  # of all models at once
    found: dict[str, tuple[Protocol, Cell]] = {}
    places: dict[tuple[str, str], str] = {}
    for key, entry in params["runs"].items():
        checked_text(key, "runs", where)
        protocol, cell = found[key] = _entry(entry, key, where, package_of, protocols)
        if "data" in params and protocol.data not in params["data"]:
            raise BadInput(f"{where}, data", ", ".join(params["data"]) or "nothing", f"{protocol.data}, which {key} needs")
        other = places.setdefault((protocol.folder, cell.name), key)
        if other != key:
            expected = "another cell or protocol: the runs of both would be in the same folder"
            raise BadInput(f"{where}, runs, {key}", f"{protocol.name} and {cell.name}, as in {other}", expected)
    if odd := sorted(set(protocols) - {entry["protocol"] for entry in params["runs"].values()}):
        used = sorted({entry["protocol"] for entry in params["runs"].values()})
        raise BadInput(f"{where}, protocols", f"{odd[0]}, under which nothing runs", f"some of {', '.join(used)}")
    return found


def _protocols(entries: Mapping[str, Json], where: str) -> dict[str, Protocol]:
    """Name of a protocol -> the protocol with the values that params.yaml has for it."""
    found = {}
    for name, values in entries.items():
        checked_text(name, "name", where)
        if not isinstance(values, dict):
            raise BadInput(f"{where}, {name}", f"{values!r}"[:200], "a mapping of names to values")
        if odd := [key for key, value in values.items() if not plain({key: value})]:
            raise BadInput(
                f"{where}, {name}, {odd[0]}", f"{values[odd[0]]!r}"[:200], "a text and its value, finite if a number"
            )
        found[name] = turned(name, values, f"{where}, {name}")
    return found


def _entry(
    entry: Json, key: str, where: object, package_of: Callable[[str], str], protocols: Mapping[str, Protocol]
) -> tuple[Protocol, Cell]:
    here = f"{where}, runs, {key}"
    _check_keys(entry, ENTRY, FURTHER, here)
    if "seeds" in entry:
        checked_seeds(entry["seeds"], f"{here}, seeds")
    cell = cell_from(entry["cell"], {name: entry[name] for name in CELL if name in entry}, where)
    protocol = protocols.get(entry["protocol"]) or load_protocol(entry["protocol"])
    check_installed(cell, here, _instead)
    if cell.learning_rate is not None and protocol.based_on is not None:
        turned_rate = protocol.recipe.learning_rate
        if turned_rate != load_protocol(entry["protocol"]).recipe.learning_rate:
            expected = f"the protocol's own: {cell.name} has a rate of its own, {cell.learning_rate:g}, and uses no other"
            raise BadInput(f"{where}, protocols, {entry['protocol']}, learning_rate", f"{turned_rate:g}", expected)
    wanted = {"data": protocol.data, "recipe": protocol.recipe_name}
    if "package" in entry:
        wanted["package"] = package_of(cell.model)
    for name, value in wanted.items():
        if entry.get(name, value) != value:
            raise BadInput(f"{here}, {name}", entry[name], f"{value}, as of {entry['protocol']} and {cell.model}")
    Run(protocol, cell, 0)  # a loss that suits the task
    return protocol, cell


def _instead(part: str) -> str:
    """What is to be done in place of changing this part of a cell."""
    text = (
        "a cell can not be changed here: add one with another name to a cells.yaml (CONTRIBUTING.md, 'A cell') and plan it"
    )
    text += " in a profile"
    return text + "; the rate of all cells of a protocol is protocols, NAME, learning_rate" * (part == "learning_rate")


def _check_keys(contents: Json, needed: Mapping[str, str], further: Mapping[str, str], where: object) -> None:
    known = {**needed, **further}
    if not isinstance(contents, dict):
        raise BadInput(where, f"{contents!r}"[:200], f"a mapping with {', '.join(needed)}")
    if missing := [key for key in needed if key not in contents]:
        raise BadInput(where, f"no {' and no '.join(missing)}", f"{', '.join(needed)}, and perhaps {', '.join(further)}")
    if odd := [key for key in contents if key not in known]:
        raise BadInput(f"{where}, {odd[0]}", "an unknown key", one_of(odd[0], known))
    for key, value in contents.items():
        if not isinstance(value, TYPES[known[key]]) or isinstance(value, bool):
            raise BadInput(f"{where}, {key}", f"{value!r}"[:200], known[key])
