"""Search for recipe values: each is tried on the validation split, with equal effort for every cell, and every trial is
logged.

A trial is an ordinary run of the protocol with another recipe and without the test split: the validation split takes its
place, so that no test picture is ever loaded. The record of a trial is only an intermediate result, under a protocol name
that no protocol of the suite has. What counts is the trial's line in the log. The searches are defined in ``tuning.yaml``.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.escaping import markdown
from benchmark.files import Json, digest, read_object, read_yaml, write_json, write_text
from benchmark.names import checked_name
from benchmark.protocol.cells import Cell, Run, find_cell, named_cell
from benchmark.protocol.protocol import SELECTION_METRIC, Protocol, load_protocol, protocol_from
from benchmark.records.record import Record, read_record
from benchmark.runs.plan import checked_seeds
from benchmark.runs.runner import Site, run_all
from benchmark.runs.tuning_log import IDENTITY, SEARCHES, read_log
from benchmark.suggesting import unknown

FIELDS = ("protocol", "cells", "seeds", "epochs", "trials")
LISTS: dict[str, type | tuple[type, ...]] = {"cells": (str, dict), "trials": dict, "rates": (int, float)}


@dataclass(frozen=True)
class Search:
    """A search: every entry of `trials` (recipe field -> value) is tried for each cell and seed, for `epochs` epochs."""

    name: str
    protocol: Protocol
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    epochs: int
    trials: tuple[Mapping[str, Json], ...]

    def runs(self) -> list[tuple[Mapping[str, Json], Run]]:
        """(changes of the recipe, run) of every trial. A cell's own learning rate is removed: the trial's rate counts.

        The order is by seed, then by trial, then by cell. So, wherever a search is stopped, it has tried the same for all
        cells, give or take one run.
        """
        protocols = [trial_protocol(self.protocol, changes, self.epochs, self.name) for changes in self.trials]
        return [
            (changes, Run(protocol, dataclasses.replace(cell, learning_rate=None), seed))
            for seed in self.seeds
            for changes, protocol in zip(self.trials, protocols, strict=True)
            for cell in self.cells
        ]

    def as_dict(self) -> dict[str, Json]:
        """JSON-able contents with the full protocol and cells, for machines that have only torch and numpy."""
        return {
            "name": self.name,
            "protocol": self.protocol.as_dict(),
            "cells": [cell.as_dict() for cell in self.cells],
            "seeds": list(self.seeds),
            "epochs": self.epochs,
            "trials": [dict(changes) for changes in self.trials],
        }


def trial_protocol(protocol: Protocol, changes: Mapping[str, Json], epochs: int, search: str) -> Protocol:
    """The protocol of a trial: with the changed recipe values, and the validation split as its test split. BadInput for an
    unknown recipe field."""
    contents = protocol.as_dict()
    recipe = contents.pop("recipe") | dict(changes)
    changed = protocol_from(contents | {"epochs": epochs}, f"search {search}, trial {dict(changes)}", recipe=recipe)
    splits = dict(changed.splits) | {"test": changed.splits["validation"]}
    name = f"{protocol.name}.tuning-{digest([recipe, epochs])[:8]}"
    return dataclasses.replace(changed, name=name, splits=splits, tta=("none",))


def load_search(name: str) -> Search:
    """The search `name` of tuning.yaml; or, if `name` ends in .json, the search in that file (see `write_search`).

    Raises:
        BadInput: an unknown name; missing or unknown keys; a protocol with folds (each of its faces is a test face); a trial
            that occurs twice, has an unknown recipe field or a value of the wrong type.
    """
    if name.endswith(".json"):
        return _read_search(Path(name))
    searches = read_yaml(SEARCHES)
    if name not in searches:
        raise unknown("search", name, searches, further=", or a file that `ferbench tune --write` wrote")
    entry, where = searches[name], f"search {name}"
    check_search(entry, FIELDS, where)
    if odd := [name for name in (entry["protocol"], *entry["cells"]) if not isinstance(name, str)]:
        raise BadInput(where, f"{odd[0]!r}"[:200], "the names of a protocol and of cells")
    cells = tuple(map(find_cell, entry["cells"]))
    return _checked(
        Search(name, load_protocol(entry["protocol"]), cells, tuple(entry["seeds"]), entry["epochs"], tuple(entry["trials"]))
    )


def check_search(entry: Json, fields: Sequence[str], where: object) -> None:
    """Raise BadInput unless `entry` has exactly the keys `fields`, each with a value of its type: `protocol` a name (or what
    is checked elsewhere), `seeds` different whole numbers from 0, `epochs` a number, the others lists; `cells` of names or
    mappings, `trials` of mappings."""
    if not isinstance(entry, dict) or set(entry) != set(fields):
        found = "nothing" if entry is None else f"{entry!r}" if not isinstance(entry, dict) else ", ".join(map(str, entry))
        raise BadInput(where, found[:200], f"exactly {', '.join(fields)}")
    checked_seeds(entry["seeds"], f"{where}, seeds")
    if type(entry["epochs"]) is not int or entry["epochs"] < 1:
        raise BadInput(f"{where}, epochs", f"{entry['epochs']!r}"[:200], "a whole number from 1")
    for key, kinds in LISTS.items():
        if key in entry and not (
            isinstance(entry[key], list) and entry[key] and all(isinstance(v, kinds) for v in entry[key])
        ):
            raise BadInput(f"{where}, {key}", f"{entry[key]!r}"[:200], f"a list, as in {SEARCHES.name}")
    if not isinstance(entry["protocol"], str | dict):
        raise BadInput(f"{where}, protocol", f"{entry['protocol']!r}"[:200], "a protocol")


def write_search(search: Search, path: Path) -> None:
    """Write a search as one JSON file, atomically."""
    write_json(path, search.as_dict())


def _read_search(path: Path) -> Search:
    if not path.is_file():
        raise BadInput(path, "no such file", "a search (ferbench tune NAME --write FILE.json)")
    contents = read_object(path)
    if set(contents) != {"name", *FIELDS}:
        raise BadInput(path, "something else", f"a search: name, {', '.join(FIELDS)}")
    checked_name(contents["name"], "search", path)
    check_search({key: contents[key] for key in FIELDS}, FIELDS, path)
    if not isinstance(contents["protocol"], dict):
        raise BadInput(f"{path}, protocol", f"{contents['protocol']!r}"[:200], "a whole protocol")
    protocol = dict(contents["protocol"])
    recipe = protocol.pop("recipe", None)
    if not isinstance(recipe, dict) or not all(isinstance(each, dict) for each in contents["cells"]):
        raise BadInput(path, "a protocol without its recipe, or a cell without its definition", "both in full")
    cells = [named_cell(each, path) for each in contents["cells"]]
    return _checked(
        Search(
            contents["name"],
            protocol_from(protocol, path, recipe=recipe),
            tuple(cells),
            tuple(contents["seeds"]),
            contents["epochs"],
            tuple(contents["trials"]),
        )
    )


def _checked(search: Search) -> Search:
    where = f"search {search.name}"
    if search.protocol.folds:
        raise BadInput(f"{where}, protocol {search.protocol.name}", "folds", "a protocol with a test split to leave alone")
    places = [run.place for _, run in search.runs()]
    if len(set(places)) < len(places):
        raise BadInput(where, "a trial, a cell or a seed twice", "each once")
    return search


def tune(
    search: Search, places: Site, log: Path, *, jobs: int = 1, time_budget: float | None = None
) -> list[dict[str, Json]]:
    """Make the missing trials of `search`, add their lines to `log`, and return all lines of the log.

    Args:
        places: its `out` is the folder of the trials' records and checkpoints.
        log: JSON lines, one per trial (`line_of`). Lines are added to it, never removed or changed.
        jobs, time_budget: as in `benchmark.runs.runner.run_all`.

    Raises:
        BadInput: as `run_all`; also a log that is not in the format JSON lines.
        Interrupted: by signal or time budget. Finished trials are in the log.
    """
    return make_trials(search, search.runs(), places, log, jobs=jobs, time_budget=time_budget)


class Searching(typing.Protocol):
    """What a line of the log contains about the search that made it. A `Search` has these attributes."""

    @property
    def name(self) -> str: ...
    @property
    def protocol(self) -> Protocol: ...
    @property
    def epochs(self) -> int: ...


def make_trials(
    search: Searching,
    trials: Sequence[tuple[Mapping[str, Json], Run]],
    places: Site,
    log: Path,
    *,
    jobs: int = 1,
    time_budget: float | None = None,
) -> list[dict[str, Json]]:
    """As `tune`, but only for the given trials of a search: pairs (changes of the recipe, run)."""
    read_log(log)  # a bad log is refused before anything is trained
    try:
        run_all([run for _, run in trials], places, jobs=jobs, time_budget=time_budget)
    finally:
        lines = _add(search, trials, places, log)
    return lines


def _add(
    search: Searching, trials: Sequence[tuple[Mapping[str, Json], Run]], places: Site, log: Path
) -> list[dict[str, Json]]:
    lines, made = read_log(log), []
    known = {tuple(line[name] for name in IDENTITY) for line in lines}
    for changes, run in trials:
        if not (places.out / run.place / "record.json").is_file():
            continue
        line = line_of(search, changes, read_record(places.out / run.place), places.device.type)
        if tuple(line[name] for name in IDENTITY) not in known:
            made.append(line)
    if made:
        text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in [*lines, *made])
        write_text(log, text)
    return [*lines, *made]


def line_of(search: Searching, changes: Mapping[str, Json], record: Record, device_type: str) -> dict[str, Json]:
    """The log line of a trial: what was tried and on which device, the validation metric of every epoch (a fraction; None
    once the run has diverged), the best of these values and the first epoch that reached it."""
    metric = SELECTION_METRIC[search.protocol.task]
    values: list[float | None] = [
        entry["validation"][metric] if entry["validation"] else None for entry in record["history"]
    ]
    best = None if record.diverged else max(value for value in values if value is not None)
    return {
        "search": search.name,
        "protocol": search.protocol.name,
        "protocol_hash": search.protocol.hash,
        "trial": record["protocol_hash"],
        "changes": dict(changes),
        "recipe": record["protocol"]["recipe"],
        "epochs": search.epochs,
        "cell": record.cell,
        "cell_hash": record["cell_hash"],
        "seed": record.seed,
        "status": record["status"],
        "metric": metric,
        "best": best,
        "best_epoch": None if best is None else values.index(best) + 1,
        "validation": values,
        "train_loss": [entry["train_loss"] for entry in record["history"]],
        "train_seconds": record["cost"]["train_seconds"],
        "device": record["cost"]["device"],
        "device_type": device_type,
        "commit": record["environment"]["commit"],
        "code": record["code"],
        "fingerprint": record["data"]["fingerprint"],
    }


def table(lines: Sequence[Mapping[str, Json]]) -> list[str]:
    """Markdown table for docs/reference/tuning.md, one row per trial and one column per cell.

    A cell shows the mean over seeds of the best validation metric (in percent if it is an accuracy) and the number of seeds.
    The last column is the mean over the cells, where all cells have a number. If a trial was repeated (with other code or on
    another device), its last line in the log counts.
    """
    latest = {(line["trial"], line["cell"], line["seed"]): line for line in lines}
    trials = {line["trial"]: line for line in lines}
    cells = list(dict.fromkeys(line["cell"] for line in lines))
    rows = ["| trial | " + " | ".join(map(markdown, cells)) + " | mean |", "|---" * (len(cells) + 2) + "|"]
    for trial, example in trials.items():
        shown, means = [], []
        for cell in cells:
            own = [line for (t, c, _), line in latest.items() if (t, c) == (trial, cell)]
            values = [line["best"] for line in own if line["best"] is not None]
            diverged = len(own) - len(values)
            parts = [f"{_number(sum(values) / len(values), example)} ({len(values)})"] if values else []
            shown.append(", ".join(parts + ([f"{diverged} diverged"] if diverged else [])))
            if values and not diverged:
                means.append(sum(values) / len(values))
        changes = ", ".join(f"{name} {value}" for name, value in example["changes"].items()) or "as it is"
        mean = _number(sum(means) / len(means), example) if len(means) == len(cells) else ""
        rows.append(f"| {markdown(changes)}, {example['epochs']} epochs | " + " | ".join(shown) + f" | {mean} |")
    return rows


def _number(value: float, line: Mapping[str, Json]) -> str:
    return f"{100 * value:.1f}" if line["metric"] == "accuracy" else f"{value:.3f}"
