"""Reads and checks claims.yaml."""

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.claims.claim import MARKS, OTHER_ROLES, TEXTS, Check, Claim, Earlier
from benchmark.claims.comparing import measured_difference, of_metric
from benchmark.claims.evidence import COMPARABLE, PREDICTABLE
from benchmark.claims.rules import COMPARING, MINIMUM_SEEDS, RULES, SHOWING, SHOWN_ALONE, compare_cells, measured, numeric
from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml

CLAIMS = Path(__file__).with_name("claims.yaml")


def load_claims(contents: Mapping[str, Json] | None = None, where: object = CLAIMS) -> list[Claim]:
    """The checked claims of a claims.yaml, in the order of the file.

    Args:
        contents: of the file; None: the suite's own claims.yaml.
        where: names the file in errors.

    Raises:
        BadInput: a missing or unknown entry, rule or parameter; fewer than 3 seeds; a deciding test with a rule that gives
            no verdict; a test in the roles `seen` or `machinery` with a rule that gives a verdict; only one condition.
    """
    contents = read_yaml(CLAIMS) if contents is None else contents
    anchors = contents.get("anchors", {})
    return [_claim(name, entry, f"{where}, {name}", anchors) for name, entry in contents["claims"].items()]


def load_anchors() -> Mapping[str, Mapping[str, Json]]:
    """Published figures by data set: {title, figures: [{name, value, source}], perhaps remark}."""
    return read_yaml(CLAIMS)["anchors"]


def published(data: str, anchors: Mapping[str, Mapping[str, Json]]) -> list[tuple[str, float]]:
    """(name, accuracy as a fraction) of the published figures for a data set. Figures that are not a single number are left
    out."""
    figures = anchors.get(data, {}).get("figures", ())
    return [(f["name"], float(f["value"]) / 100) for f in figures if re.fullmatch(r"\d+(\.\d+)?", f["value"])]


def _claim(name, entry, where, anchors) -> Claim:
    optional = {*OTHER_ROLES, "earlier", "note", "quote", "anchors"}
    if odd := (set(entry) ^ {*TEXTS, "test"}) - optional:
        raise BadInput(where, f"missing or unknown: {', '.join(sorted(odd))}", f"{', '.join(TEXTS)} and test")
    if entry["mark"] not in MARKS:
        raise BadInput(f"{where}, mark", entry["mark"], f"one of {', '.join(MARKS)}")
    if entry.get("anchors", "") not in {"", *anchors}:
        raise BadInput(f"{where}, anchors", entry["anchors"], f"one of {', '.join(anchors)}")
    tests = {role: [_test(each, where) for each in entry.get(role, [])] for role in OTHER_ROLES}
    test = _test(entry["test"], where)
    for one in _leaves([test]):
        if one.rule in (measured.__name__, measured_difference.__name__):
            raise BadInput(f"{where}, test", f"rule {one.rule}, which gives no verdict", "a rule that decides")
    for role in SHOWN_ALONE:
        for one in _leaves(tests[role]):
            if one.rule not in SHOWING:
                raise BadInput(f"{where}, {role}", f"rule {one.rule}, which judges", f"one of {', '.join(SHOWING)}")
    texts = {key: entry[key] for key in (*TEXTS, "note", "quote", "anchors") if key in entry}
    earlier = [_earlier(each, where) for each in entry.get("earlier", [])]
    return Claim(name, **texts, test=test, **tests, earlier=earlier)


def _leaves(tests: Sequence[Check]) -> list[Check]:
    return [one for test in tests for one in test.conditions.values() or (test,)]


def _earlier(entry, where) -> Earlier:
    if {"until", "verdict"} - set(entry) or set(entry) - {"until", "verdict", "because"}:
        raise BadInput(f"{where}, earlier", ", ".join(entry), "until, verdict, perhaps because")
    return Earlier(str(entry["until"]), entry["verdict"], entry.get("because", ""))


def _test(entry, where) -> Check:
    if "conditions" in entry:
        shared, conditions = {k: v for k, v in entry.items() if k != "conditions"}, entry["conditions"]
        if not isinstance(conditions, Mapping) or len(conditions) < 2:
            raise BadInput(f"{where}, conditions", conditions, "two or more, each a name with its own parameters")
        tests = {name: _test(shared | own, f"{where}, {name}") for name, own in conditions.items()}
        if odd := sorted({one.rule for one in tests.values()} - set(COMPARING)):
            raise BadInput(f"{where}, conditions", f"rule {', '.join(odd)}", f"one of {', '.join(COMPARING)}")
        return Check(shared.get("rule", next(iter(tests.values())).rule), shared, tests)
    parameters = dict(entry)
    name = parameters.pop("rule", None)
    if name not in RULES:
        raise BadInput(f"{where}, rule", name, f"one of {', '.join(RULES)}")
    rule = compare_cells if name in COMPARING else RULES[name]
    known = {key: p for key, p in inspect.signature(rule).parameters.items() if key != "ledger"}
    needed = {key for key, p in known.items() if p.default is inspect.Parameter.empty}
    if odd := (needed - set(parameters)) | (set(parameters) - set(known)):
        raise BadInput(f"{where}, {name}", f"missing or unknown: {', '.join(sorted(odd))}", f"{', '.join(known)}")
    if name == numeric.__name__ and (odd := set(np.atleast_1d(parameters["metric"])) - set(PREDICTABLE)):
        raise BadInput(f"{where}, metric", ", ".join(sorted(odd)), f"some of {', '.join(PREDICTABLE)}")
    if name in COMPARING:
        asked = [(parameters["metric"], parameters.get("of_class")), *map(of_metric, parameters.get("beside", []))]
        if odd := [metric for metric, of in asked if metric not in (COMPARABLE if of is None else ("recall",))]:
            raise BadInput(f"{where}, metric", ", ".join(odd), f"some of {', '.join(COMPARABLE)}, or recall of a class")
    if parameters.get("minimum_seeds", MINIMUM_SEEDS) < MINIMUM_SEEDS:
        raise BadInput(f"{where}, minimum_seeds", parameters["minimum_seeds"], f"at least {MINIMUM_SEEDS}")
    return Check(name, parameters)
