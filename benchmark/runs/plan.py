"""Plans: which cells are run under which protocols with which seeds. Each is an entry (a profile) of ``profiles.yaml``."""

import fnmatch
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml_once
from benchmark.protocol.cells import Cell, Run, installed_cells
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.suggesting import one_of, unknown
from benchmark.typed import plain

PROFILES = Path(__file__).with_name("profiles.yaml")
LARGEST_SEED = 2**63  # seeds are smaller: a record takes no larger number
KEYS = ("seeds", "runs", "parts", "data", "gradients", "rates", "about", "takes")  # of a profile


def profile_names() -> list[str]:
    """Names of the plans in ``benchmark/runs/profiles.yaml``."""
    return list(read_yaml_once(PROFILES))


def plan(profile: str) -> list[Run]:
    """The runs of a profile, in the order in which they are made.

    The first seed of every cell comes first, then the second, and so on. So, wherever work stops, the cells have equally
    many finished seeds, give or take one. If the profile has parts, each part comes as a whole before the next.

    Raises:
        BadInput: as `parts`; also a cell whose learning rate has not been found yet.
    """
    if odd := sorted({cell for _, cell in waiting_for_rate(profile)}):
        found, search = f"no learning rate of {', '.join(odd)}", profile_entry(profile)["rates"]
        raise BadInput(f"profile {profile}", found, f"those that the search {search} finds (ferbench study {profile})")
    return [run for part in parts(profile) for run in part]


def waiting_for_rate(profile: str) -> set[tuple[str, str]]:
    """(protocol, cell) of a study for each cell without a learning rate in its cells.yaml: the search has not found the rate
    yet, or it has not been copied to cells.yaml. Empty for a profile without a search of rates."""
    if "rates" not in profile_entry(profile):
        return set()
    runs = [run for part in parts(profile) for run in part]
    return {(run.protocol.name, run.cell.name) for run in runs if run.cell.learning_rate is None}


def waiting_for_rates() -> set[tuple[str, str]]:
    """`waiting_for_rate` of all profiles together."""
    return {pair for profile in profile_names() for pair in waiting_for_rate(profile)}


def studies() -> dict[str, str]:
    """Protocol -> the profile that is its study, one with a search of learning rates."""
    every = {name: entry for name, entry in read_yaml_once(PROFILES).items() if "rates" in entry}
    return {protocol: name for name, entry in every.items() for part in entry["parts"] for protocol in part}


def profile_entry(profile: str) -> dict[str, Json]:
    """The entry of `profile` in profiles.yaml. BadInput for an unknown profile, and for one that is not written as the head
    of profiles.yaml says."""
    profiles = read_yaml_once(PROFILES)
    if profile not in profiles:
        raise unknown("profile", profile, profiles, "ferbench profile")
    entry: dict[str, Json] = profiles[profile]
    _check_entry(entry, f"profile {profile}")
    return entry


def _check_entry(entry: Json, where: str) -> None:
    if not isinstance(entry, dict) or "seeds" not in entry or ("runs" in entry) == ("parts" in entry):
        found = ", ".join(map(str, entry)) if isinstance(entry, dict) else f"{entry!r}"[:200]
        raise BadInput(where, found, "seeds, either runs or parts, and perhaps data, gradients, rates, about and takes")
    if odd := [key for key in entry if key not in KEYS]:
        raise BadInput(f"{where}, {odd[0]}", "an unknown key", one_of(odd[0], KEYS))
    checked_seeds(entry["seeds"], f"{where}, seeds")
    runs = entry["parts"] if "parts" in entry else [entry["runs"]]
    good = {
        "parts" if "parts" in entry else "runs": isinstance(runs, list) and runs and all(map(_of_patterns, runs)),
        "data": plain(entry.get("data", {})) and all(isinstance(own, dict) for own in _values(entry.get("data", {}))),
        "gradients": _texts(entry.get("gradients", [])),
        "rates": isinstance(entry.get("rates", ""), str),
        "about": isinstance(entry.get("about", ""), str),
        "takes": isinstance(entry.get("takes", ""), str),
    }
    expected = {
        "runs": "a mapping of protocols to lists of patterns",
        "parts": "a list of mappings of protocols to lists of patterns",
        "data": "a mapping of data sets to their options",
        "gradients": "a list of names",
        "rates": "the name of a search",
        "about": "a text",
        "takes": "a text",
    }
    for key, right in good.items():
        if not right:
            raise BadInput(f"{where}, {key}", f"{entry[key]!r}"[:200], expected[key])


def _of_patterns(runs: Json) -> bool:
    return isinstance(runs, dict) and all(isinstance(key, str) and isinstance(own, list) for key, own in runs.items())


def _values(value: Json) -> list[Json]:
    return list(value.values()) if isinstance(value, dict) else [value]


def _texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def parts(profile: str) -> list[list[Run]]:
    """The runs of each part of a profile, in the order in which they are made. A profile without ``parts`` is one part.

    Raises:
        BadInput: an unknown profile; a pattern that matches no cell, or whose seeds are not a list of whole numbers.
    """
    entry, cells = profile_entry(profile), installed_cells()
    return [_part(profile, part, entry["seeds"], cells) for part in entry.get("parts") or [entry["runs"]]]


def _part(profile: str, wanted: Mapping[str, Json], seeds_of_profile: list[int], cells: Mapping[str, Cell]) -> list[Run]:
    pairs: dict[tuple[str, str], tuple[Protocol, Cell, list[int]]] = {}
    for protocol_name, patterns in wanted.items():
        protocol, where = load_protocol(protocol_name), f"profile {profile}, {protocol_name}"
        for pattern in patterns:
            pattern, seeds = _seeds_of(pattern, seeds_of_profile, where)
            matched = fnmatch.filter(cells, pattern)
            if not matched:
                raise BadInput(where, f"'{pattern}', which no cell matches", "a cell")
            pairs |= {(protocol_name, name): (protocol, cells[name], seeds) for name in matched}
    return balanced([[Run(protocol, cell, seed) for seed in seeds] for protocol, cell, seeds in pairs.values()])


def _seeds_of(pattern: Json, seeds: list[int], where: str) -> tuple[str, list[int]]:
    """A pattern and its seeds: its own if it is written as ``{cells: PATTERN, seeds: [...]}``, else the profile's."""
    if isinstance(pattern, str):
        return pattern, seeds
    if not isinstance(pattern, dict) or set(pattern) != {"cells", "seeds"}:
        raise BadInput(where, pattern, "a pattern, or {cells: PATTERN, seeds: [...]}")
    if not isinstance(pattern["cells"], str):
        raise BadInput(f"{where}, cells", f"{pattern['cells']!r}"[:200], "a pattern over the names of cells")
    return pattern["cells"], checked_seeds(pattern["seeds"], f"{where}, {pattern['cells']}, seeds")


def balanced(by_cell: Sequence[Sequence[Run]]) -> list[Run]:
    """The runs of all cells in one list: the first run of every cell, then the second run of every cell, and so on."""
    rounds = itertools.zip_longest(*by_cell)
    return [run for same_round in rounds for run in same_round if run is not None]


def checked_seeds(seeds: Json, where: object) -> list[int]:
    """`seeds`, if it is a list of different whole numbers from 0 with at least one entry. BadInput for anything else; it
    shows the first entry that is wrong."""
    if not isinstance(seeds, list | tuple) or not seeds:
        raise BadInput(where, f"{seeds!r}"[:200], "a list of whole numbers")
    for place, seed in enumerate(seeds):
        if type(seed) is not int or not 0 <= seed < LARGEST_SEED:
            raise BadInput(where, f"{seed!r}"[:200], "whole numbers from 0, of at most 63 bits")
        if seed in seeds[:place]:
            raise BadInput(where, f"{seed} twice", "whole numbers that differ")
    return list(seeds)
