"""The distinct environments in which runs and measurements were made, numbered, for the page of costs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmark.files import Json
from benchmark.measures.speed.file import file_name
from benchmark.report.material import Material


class Environment(NamedTuple):
    """An environment. `values`: its entries, those of parts with the part's name in front ("versions torch"). `made`: what
    was made in it, as words."""

    values: Mapping[str, Json]
    made: Sequence[str]


def environments(material: Material) -> list[Environment]:
    """Every distinct environment, in a fixed order. Its number is its place in this list, from 1 on."""
    found: dict[str, tuple[Mapping[str, Json], list[str]]] = {}
    for what, environment in _all(material):
        _, made = found.setdefault(json.dumps(environment, sort_keys=True), (flat(environment), []))
        made.append(what)
    return [Environment(values, _counted(made)) for _, (values, made) in sorted(found.items())]


def number(known: Sequence[Environment], environment: Mapping[str, Json]) -> int:
    """The number of an environment in the list from `environments`."""
    return [each.values for each in known].index(flat(environment)) + 1


def flat(value: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    """The entries of nested mappings as one: {"a": {"b": 1}} gives {"a b": 1}."""
    found: dict[str, Json] = {}
    for key, entry in value.items():
        found |= flat(entry, f"{prefix}{key} ") if isinstance(entry, Mapping) else {f"{prefix}{key}": entry}
    return found


def _all(material: Material) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for comparison in material.summary.comparisons:
        for runs in comparison.runs.values():
            for run in runs:
                yield f"runs of {comparison.slug}", run.record["environment"]
    if material.latency:
        yield "latency", material.latency["environment"]
    for name, environment in material.machines.items():
        yield name.partition("/")[0], environment  # of robustness: the protocol, not each cell and seed
    for bench in material.benches:
        yield f"bench {file_name(bench['device_type'], bench['instructions'])}", bench["environment"]


def _counted(made: Sequence[str]) -> list[str]:
    times = {what: made.count(what) for what in dict.fromkeys(made)}
    return [what if n == 1 and not what.startswith("runs") else f"{what} ({n})" for what, n in times.items()]
