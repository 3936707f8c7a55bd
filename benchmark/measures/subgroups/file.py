"""The contents of ``reports/subgroups/NAME.json``, which `ferbench subgroups` writes: aggregates, nothing about one face.

* schema, name, version, fingerprint (of the FaceSet), attributes_sha256;
* attributes: name -> how its groups were made;
* protocols: a list of {protocol, protocol_hash, task, metrics: names, by: attribute -> `OF_FACES`, cells: a list of {cell,
  cell_hash, seeds: number of finished runs, by: attribute -> {groups: group -> metric -> `VALUE`, gaps: metric -> `GAP`}}}.
  A group with fewer than `SMALLEST` faces has no metrics.

Two records of one name with different hashes are two cells. A metric that is not defined is null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_made
from benchmark.names import checked_name, checked_text
from benchmark.records.comparisons import Comparison, Summary
from benchmark.records.metrics import METRICS
from benchmark.records.shape import check_shape

SCHEMA = 1
SMALLEST = 30  # faces; smaller groups are counted, and their metrics are not computed
NUMBER = (float, None)
OF_FACES = {"unknown": int, "groups": {str: int}}  # numbers of test faces
# Mean over seeds with its t-interval over seeds (low, high) and its interval over resampled faces.
VALUE = {"mean": NUMBER, "low": NUMBER, "high": NUMBER, "faces_low": NUMBER, "faces_high": NUMBER}
# The groups with the best and the worst mean over seeds; mean: by how much the best is better, in the metric's unit, with
# its interval over resampled faces; chance: 95 of 100 random divisions into groups of these sizes have no larger gap.
GAP = {"best": str, "worst": str, "mean": float, "low": NUMBER, "high": NUMBER, "chance": NUMBER}
_CELL = {
    "cell": str,
    "cell_hash": str,
    "seeds": int,
    "by": {str: {"groups": {str: {str: VALUE}}, "gaps": {str: (GAP, None)}}},
}
_SHAPE = {
    "schema": int,
    "name": str,
    "version": str,
    "fingerprint": str,
    "attributes_sha256": str,
    "attributes": {str: str},
    "protocols": [
        {"protocol": str, "protocol_hash": str, "task": str, "metrics": [str], "by": {str: OF_FACES}, "cells": [_CELL]}
    ],
}


@dataclass(frozen=True)
class Split:
    """The results of one comparison, split by attributes.

    Attributes:
        comparison: whose runs they are.
        attributes: name -> how its groups were made.
        entry: of the file: {metrics, by, cells, ...}.
        cells: label of a cell in the comparison -> its entry; cells without an entry are left out.
    """

    comparison: Comparison
    attributes: Mapping[str, str]
    entry: Mapping
    cells: Mapping[str, Mapping]


def read_subgroups(folder: Path, summary: Summary) -> Sequence[Split]:
    """The files in `folder` for the comparisons of a summary. Those for other protocols, data or cells are left out.

    Raises:
        BadInput: a file that is not JSON, has another schema, another shape or a name that is no plain one.
    """
    wanted = {(c.protocol["name"], c.protocol_hash, c.data["fingerprint"]): c for c in summary.comparisons}
    found = []
    for path in sorted(folder.glob("[!.]*.json")):
        contents = read_made(path, SCHEMA, "protocols", "subgroups")
        _check(contents, path)
        for entry in contents["protocols"]:
            comparison = wanted.get((entry["protocol"], entry["protocol_hash"], contents["fingerprint"]))
            if comparison is None:
                continue
            of = {(each["cell"], each["cell_hash"]): each for each in entry["cells"]}
            keys = {label: (runs[0].record.cell, runs[0].record["cell_hash"]) for label, runs in comparison.runs.items()}
            cells = {label: of[key] for label, key in keys.items() if key in of}
            found.append(Split(comparison, contents["attributes"], entry, cells))
    return found


def _check(contents: Mapping, path: Path) -> None:
    check_shape(contents, _SHAPE, path)
    for name in contents["attributes"]:
        checked_name(name, "attributes", path)
    for entry in contents["protocols"]:
        where = f"{path}, {entry['protocol']}"
        own = [name for name, metric in METRICS.items() if metric.task == entry["task"]]
        if odd := [name for name in entry["metrics"] if name not in own]:
            raise BadInput(f"{where}, metrics", f"'{odd[0]}'", f"some of {', '.join(own)}")
        for name in (
            *(group for of in entry["by"].values() for group in of["groups"]),
            *(e["cell"] for e in entry["cells"]),
        ):
            checked_text(name, "names of groups and cells", where)
        for each in entry["cells"]:
            for name, of in each["by"].items():
                known = entry["by"].get(name, {"groups": {}})["groups"]
                if odd := sorted(set(of["groups"]) - set(known)):
                    raise BadInput(f"{where}, {each['cell']}, {name}", f"group '{odd[0]}'", f"some of {', '.join(known)}")
