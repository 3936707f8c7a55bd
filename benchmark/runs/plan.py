"""Plans: which cells are run under which protocols with which seeds. Each is an entry (a profile) of ``profiles.yaml``."""

import fnmatch
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.protocol.cells import Cell, Run, load_cells
from benchmark.protocol.protocol import load_protocol

PROFILES = Path(__file__).with_name("profiles.yaml")


def profile_names() -> list[str]:
    """Names of the plans in ``benchmark/runs/profiles.yaml``."""
    return list(read_yaml(PROFILES))


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


def profile_entry(profile: str) -> dict[str, Json]:
    """The entry of `profile` in profiles.yaml. BadInput for an unknown profile."""
    profiles = read_yaml(PROFILES)
    if profile not in profiles:
        raise BadInput("profile", f"'{profile}'", f"one of {', '.join(profiles)}")
    return profiles[profile]


def parts(profile: str) -> list[list[Run]]:
    """The runs of each part of a profile, in the order in which they are made. A profile without ``parts`` is one part.

    Raises:
        BadInput: an unknown profile; a pattern that matches no cell, or whose seeds are not a list of whole numbers.
    """
    entry, cells = profile_entry(profile), load_cells()
    return [_part(profile, part, entry["seeds"], cells) for part in entry.get("parts") or [entry["runs"]]]


def _part(profile: str, wanted: Mapping[str, Json], seeds_of_profile: list[int], cells: Mapping[str, Cell]) -> list[Run]:
    pairs = {}
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
    if not isinstance(pattern, Mapping) or set(pattern) != {"cells", "seeds"}:
        raise BadInput(where, pattern, "a pattern, or {cells: PATTERN, seeds: [...]}")
    own = pattern["seeds"]
    if not isinstance(own, list) or not own or len(set(own)) < len(own) or any(type(seed) is not int for seed in own):
        raise BadInput(f"{where}, {pattern['cells']}, seeds", own, "a list of different whole numbers")
    return pattern["cells"], own


def balanced(by_cell: Sequence[Sequence[Run]]) -> list[Run]:
    """The runs of all cells in one list: the first run of every cell, then the second run of every cell, and so on."""
    rounds = itertools.zip_longest(*by_cell)
    return [run for same_round in rounds for run in same_round if run is not None]
