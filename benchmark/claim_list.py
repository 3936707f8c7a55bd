"""claims.yaml, read and checked."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.claims import MINIMUM_SEEDS, RULES, better_and_cheaper, compare_cells, measured, numeric
from benchmark.errors import BadInput
from benchmark.evidence import PREDICTABLE
from benchmark.protocol import HERE, read_yaml

TEXTS = ("sentence", "paper", "value", "mark", "source", "would_test")
MARKS = {"V": "read in the source", "X": "measured for this project", "I": "inferred", "M": "from memory"}


@dataclass(frozen=True)
class Check:
    """A rule's name and its parameters."""

    rule: str
    parameters: Mapping


@dataclass(frozen=True)
class Claim:
    """An entry of claims.yaml; `test` decides, `further` (same data) and `other_data` are only shown."""

    id: str
    sentence: str
    paper: str
    value: str
    mark: str
    source: str
    would_test: str
    test: Check
    further: Sequence[Check] = ()
    other_data: Sequence[Check] = ()
    note: str = ""
    anchors: str = ""


def load_claims(contents: Mapping | None = None, where: object = HERE / "claims.yaml") -> list[Claim]:
    """The checked claims of a claims.yaml (the suite's own unless given), in its order.

    Raises:
        BadInput: a missing or unknown entry, rule or parameter; fewer than 3 seeds; a deciding test that only measures.
    """
    contents = read_yaml(HERE / "claims.yaml") if contents is None else contents
    anchors = contents.get("anchors", {})
    return [_claim(name, entry, f"{where}, {name}", anchors) for name, entry in contents["claims"].items()]


def load_anchors() -> Mapping[str, Mapping]:
    """Published figures by data set: {title, figures: [{name, value, source}], perhaps remark}."""
    return read_yaml(HERE / "claims.yaml")["anchors"]


def published(data: str, anchors: Mapping[str, Mapping]) -> list[tuple[str, float]]:
    """Name and accuracy (fraction) of the published figures for a data set of expressions that are one number each."""
    figures = anchors.get(data, {}).get("figures", ())
    return [(f["name"], float(f["value"]) / 100) for f in figures if re.fullmatch(r"\d+(\.\d+)?", f["value"])]


def _claim(name, entry, where, anchors) -> Claim:
    optional = {"further", "other_data", "note", "anchors"}
    if odd := (set(entry) ^ {*TEXTS, "test"}) - optional:
        raise BadInput(where, f"missing or unknown: {', '.join(sorted(odd))}", f"{', '.join(TEXTS)} and test")
    if entry["mark"] not in MARKS:
        raise BadInput(f"{where}, mark", entry["mark"], f"one of {', '.join(MARKS)}")
    if entry.get("anchors", "") not in {"", *anchors}:
        raise BadInput(f"{where}, anchors", entry["anchors"], f"one of {', '.join(anchors)}")
    if entry["test"].get("rule") == measured.__name__:
        raise BadInput(f"{where}, test", "rule measured, which gives no verdict", "a rule that decides")
    shown = {key: [_test(each, where) for each in entry.get(key, [])] for key in ("further", "other_data")}
    texts = {key: entry[key] for key in (*TEXTS, "note", "anchors") if key in entry}
    return Claim(name, **texts, test=_test(entry["test"], where), **shown)


def _test(entry, where) -> Check:
    parameters = dict(entry)
    name = parameters.pop("rule", None)
    if name not in RULES:
        raise BadInput(f"{where}, rule", name, f"one of {', '.join(RULES)}")
    rule = compare_cells if name == better_and_cheaper.__name__ else RULES[name]
    known = {key: p for key, p in inspect.signature(rule).parameters.items() if key != "ledger"}
    needed = {key for key, p in known.items() if p.default is inspect.Parameter.empty}
    if odd := (needed - set(parameters)) | (set(parameters) - set(known)):
        raise BadInput(f"{where}, {name}", f"missing or unknown: {', '.join(sorted(odd))}", f"{', '.join(known)}")
    if name == numeric.__name__ and (odd := set(np.atleast_1d(parameters["metric"])) - set(PREDICTABLE)):
        raise BadInput(f"{where}, metric", ", ".join(sorted(odd)), f"some of {', '.join(PREDICTABLE)}")
    if parameters.get("minimum_seeds", MINIMUM_SEEDS) < MINIMUM_SEEDS:
        raise BadInput(f"{where}, minimum_seeds", parameters["minimum_seeds"], f"at least {MINIMUM_SEEDS}")
    return Check(name, parameters)
