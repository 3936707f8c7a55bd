"""The contents of record.json and machine.json: what is in them, how they are read, joined and taken apart.

They come from files that a stranger may have written. What is checked here is their shape, so that code after it need not
doubt; whether values agree with each other is the subject of `benchmark.records.examine`.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.names import checked_name
from benchmark.protocol.protocol import Protocol, protocol_from
from benchmark.records.shape import ANYTHING, Shape, check_shape

SCHEMA, OLD_SCHEMA = 2, 1
STATUSES = ("finished", "diverged")
NUMBER = (float, None)
SCORES = ({str: NUMBER}, None)  # a loss and the selection metric
HISTORY = [{"epoch": int, "learning_rate": float, "train_loss": NUMBER, "validation": SCORES, "test": SCORES}]
COST = {str: (str, float, None)}  # device, train_seconds, evaluate_seconds, images_per_second, peak_memory_bytes
# An entry per fold of a cross-validation (described in `benchmark.runs.training.crossvalidation`). Its cost is in MACHINE.
FOLD = {
    "fold": str,
    "faces": {"train": int, "validation": int, "test": int},
    "history": HISTORY,
    "selected_epoch": (int, None),
    "train_counts": ([int], None),
    "input": {str: ANYTHING},
}
# `history` has one entry per epoch. `folds`: only in a cross-validation. `outside`: only in an outside entry (described in
# `benchmark.outside.entry`). The protocol is checked in detail by `benchmark.protocol.protocol.protocol_from`.
RESULT: dict[str, Shape] = {
    "schema": int,
    "status": str,
    "protocol": {str: ANYTHING},
    "protocol_hash": str,
    "cell": {"name": str, "model": str, "options": {str: ANYTHING}, "loss": str, "learning_rate?": float},
    "cell_hash": str,
    "seed": int,
    "data": {"name": str, "version": str, "fingerprint": str},
    "classes": [str],
    "history": HISTORY,
    "selected_epoch": (int, None),
    "train_counts": ([int], None),
    "input": {str: ANYTHING},
    "parameters": (int, None),
    "code": str,
    "predictions_sha256": (str, None),
    "folds?": [FOLD],
    "outside?": {str: ANYTHING},
}
MACHINE: dict[str, Shape] = {"environment": {str: ANYTHING}, "cost": COST}


def parsed(read: bytes, path: Path) -> dict[str, Json]:
    """The object in the bytes of a JSON file. BadInput for anything else, NaN and a name that occurs twice among it."""
    try:
        contents = json.loads(read.decode(), parse_constant=_no_number, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested without end
        raise BadInput(path, str(error)[:200], "valid JSON") from error
    if not isinstance(contents, dict):
        raise BadInput(path, f"a JSON {type(contents).__name__}", "an object")
    return contents


def parted(contents: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The contents of record.json and of machine.json (without its seal), as they will be read back.

    Args:
        contents: `RESULT` without schema, and `MACHINE`. A fold may have its cost in its entry.
    """
    result = {"schema": SCHEMA, **contents}
    machine: dict[str, Json] = {name: result.pop(name, {}) for name in MACHINE}
    if "folds" in result:
        machine["fold_costs"] = [fold.get("cost", {}) for fold in result["folds"]]
        result["folds"] = [{name: value for name, value in fold.items() if name != "cost"} for fold in result["folds"]]
    result, machine = json.loads(json.dumps([result, machine], allow_nan=False))
    return result, machine


def joined(result: Mapping[str, Json], machine: Mapping[str, Json], directory: Path | str) -> dict[str, Json]:
    """The inverse of `parted`: `contents` of a Record from those of its two files. BadInput if machine.json does not fit."""
    where = Path(directory) / "machine.json"
    machine, folds = dict(machine), result.get("folds")
    costs = machine.pop("fold_costs", None)
    check_shape(costs, None if folds is None else [COST], f"{where}, fold_costs")
    check_shape(machine, MACHINE, where)
    whole = {**result, **machine}
    if folds is not None:
        if not isinstance(folds, list) or len(costs) != len(folds) or not all(isinstance(each, dict) for each in folds):
            raise BadInput(f"{where}, fold_costs", f"{len(costs)} costs", "one for each fold of record.json")
        whole["folds"] = [{**fold, "cost": cost} for fold, cost in zip(folds, costs, strict=True)]
    return whole


def check_contents(contents: Mapping[str, Json], directory: Path | str) -> None:
    """Raise BadInput unless all contents together are `RESULT` and `MACHINE`, with names that can name folders and a
    protocol that is one."""
    where = Path(directory) / "record.json"
    if contents.get("schema") not in (SCHEMA, OLD_SCHEMA):  # true is refused below: it is no whole number
        raise BadInput(f"{where}, schema", contents.get("schema"), f"{SCHEMA} or {OLD_SCHEMA}")
    folds = {"folds?": [FOLD | {"cost": COST}]}
    check_shape(contents, RESULT | MACHINE | folds, where)
    if contents["status"] not in STATUSES:
        raise BadInput(f"{where}, status", contents["status"], f"one of {', '.join(STATUSES)}")
    if (contents["predictions_sha256"] is None) != (contents["status"] == "diverged"):
        raise BadInput(f"{where}, predictions", "none or unexpected ones", "predictions exactly when the run finished")
    if contents["parameters"] is None and "outside" not in contents:
        raise BadInput(f"{where}, parameters", "null", "a number; only an outside entry may leave it open")
    if contents["seed"] < 0:
        raise BadInput(f"{where}, seed", contents["seed"], "a number from 0")
    for what in ("cell", "data"):
        checked_name(contents[what]["name"], what, where)
    protocol_of(contents, where)


def protocol_of(contents: Mapping[str, Json], where: object) -> Protocol:
    """The protocol that record.json contains. BadInput if it is none.

    Its name may have parts after a dot: those of the folds of a cross-validation and of the trials of a search. A trial
    (``<protocol>.tuning-<digest>``) sees no test faces: its validation split stands for both."""
    own = dict(contents["protocol"])
    recipe, name = own.pop("recipe", None), own.get("name")
    splits: Json = own.get("splits")
    if not isinstance(recipe, dict) or not isinstance(name, str):
        raise BadInput(f"{where}, protocol", "no name or no recipe", "a protocol with its name and recipe")
    trial = ".tuning-" in name and isinstance(splits, dict) and splits.get("test") == splits.get("validation")
    if trial:
        own["splits"] = splits | {"test": f"{splits.get('train')}, {splits.get('validation')}: none of these"}
    first, *parts = name.split(".")
    protocol = protocol_from(own | {"name": first}, f"{where}, protocol", recipe)
    for part in parts:
        checked_name(part, "name", f"{where}, protocol")
    return dataclasses.replace(protocol, name=name, splits=splits if trial else protocol.splits)


def _without_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object with one name twice")
    return made


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which JSON does not have")
