"""A claim in a few words, for a list that is read in seconds: what was claimed, and what was found.

Every number comes from the judged claim. What would change its verdict: `benchmark.report.claim_changes`.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from benchmark.claims.claim import Check, Claim
from benchmark.claims.comparing import title
from benchmark.claims.count_rules import WORDS
from benchmark.claims.finding import CONDITIONAL, DOES_NOT_TRAIN, NO_VERDICT_YET, NOT_TESTABLE, REPRODUCED, TRAINS, Finding
from benchmark.claims.gradient_rule import MARGIN
from benchmark.claims.judge import Judged
from benchmark.records.intervals import Interval
from benchmark.records.metrics import PRIMARY
from benchmark.report.wording import listed

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
# What a sentence of claims.yaml leaves to the column beside it -> the same with the claimed value; {} is that value.
DEMONSTRATIVES = {
    "this accuracy": "an accuracy of {}",
    "this RMSE": "an RMSE of {}",
    "this many FLOPs": "{}",
    "this many": "{}",
}


class Compact(NamedTuple):
    """A claim in few words.

    Attributes:
        verdict: one of the words of `benchmark.claims.finding`, without its detail.
        sentence: the claim, readable alone, without a full stop.
        claimed: the claimed value as it is printed.
        found: what the deciding test found.
    """

    verdict: str
    sentence: str
    claimed: str
    found: str


def compact(judged: Judged) -> Compact:
    """A judged claim in few words, from its deciding test."""
    claim, finding = judged.claim, judged.finding
    return Compact(finding.verdict, plain(claim), claim.value, found_in_words(claim.test, finding))


def plain(claim: Claim) -> str:
    """The claim's sentence with the claimed value in the place of "this"."""
    for words, whole in DEMONSTRATIVES.items():
        if words in claim.sentence:
            return claim.sentence.replace(words, whole.format(claim.value), 1)
    return claim.sentence


def found_in_words(check: Check, finding: Finding) -> str:
    """What a test found, in about 60 characters where that is possible. For a test under several conditions: what was found
    under each, or what all of them wait for."""
    if finding.verdict == NOT_TESTABLE:
        return _absent(check, finding)
    if finding.verdict == NO_VERDICT_YET:
        return made_of_planned(finding)
    if finding.parts:
        parts = ((name, found_in_words(check.conditions[name], part)) for name, part in finding.parts.items())
        return "; ".join(f"{name}: {words}" for name, words in parts)
    return _OF_RULE[check.rule](check, finding)


def made_of_planned(finding: Finding) -> str:
    """How many of the planned runs are there: "0 of 3 planned runs"."""
    planned = sum(run.seeds for run in finding.planned)
    return f"{planned - sum(len(run.missing) for run in finding.planned)} of {planned} planned runs"


def amount(count: float, unit: str) -> str:
    """A count with three digits: "3.58 GFLOPs", "3.07 M parameters"."""
    for scale, prefix in PREFIXES:
        if count / scale >= 0.9995:  # below, three digits of the next prefix are enough
            return f"{count / scale:.3g} {prefix}{'' if unit == 'FLOPs' else ' '}{unit}"
    return f"{count:.0f} {unit}"


def apart(a: str, b: str) -> tuple[str, str]:
    """The words by which the names of two cells differ, between their common beginning and end; the whole names if one of
    them has no such word."""
    one, other = a.split("-"), b.split("-")
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return ("-".join(one), "-".join(other)) if one and other else (a, b)


def _absent(check: Check, finding: Finding) -> str:
    """Which data are missing; for the rule that tests nothing, its reason."""
    if finding.parts:
        shut = [name for name, part in finding.parts.items() if part.verdict == NOT_TESTABLE]
        needs = list(dict.fromkeys(check.conditions[name].parameters["needs"] for name in shut))
    elif "needs" in check.parameters:
        needs = [check.parameters["needs"]]
    else:
        return finding.reason
    # "AffectNet with valence and arousal" is missing where AffectNet is.
    needs = [each for each in needs if not any(each != other and each.startswith(f"{other} ") for other in needs)]
    return f"{listed(needs)} {'is' if len(needs) == 1 else 'are'} not here"


def _number(check: Check, finding: Finding) -> str:
    """A mean with the prediction interval of one more run, and how far from the claim it is."""
    found = finding.measured
    if found is None:
        return _short(finding)
    away = found.mean - check.parameters["value"]
    points = " points" if finding.unit == "%" else ""
    side = "below" if away < 0 else "above"
    return f"{_with_ends(found, finding.unit)}, {_digits(abs(away), finding.unit)}{points} {side} the claim"


def _count(check: Check, finding: Finding) -> str:
    if finding.measured is None:
        return _short(finding)
    found = amount(finding.measured.mean, WORDS[check.parameters["quantity"]])
    if finding.verdict == REPRODUCED:
        return f"{found}, which rounds to the claim"
    return f"{found}, {finding.measured.mean / check.parameters['value']:,.3g} times the claim"


def _comparison(check: Check, finding: Finding) -> str:
    p = check.parameters
    a, b = apart(p["a"], p["b"])
    if finding.verdict in (TRAINS, DOES_NOT_TRAIN):
        trained, lost = (a, b) if finding.verdict == TRAINS else (b, a)
        return f"{trained} trained, {lost} diverged in all {finding.planned[0].seeds} runs"
    if finding.measured is None:
        return _short(finding)
    points = " points" if finding.unit == "%" else ""
    difference = f"{_with_ends(finding.measured, finding.unit, signed=True)}{points}"
    levels = finding.scale.levels if finding.scale else {}
    # The levels are means of the task's main metric; of another metric the difference alone is known.
    if p["metric"] not in PRIMARY.values() or None in (of := [levels.get(p[name]) for name in ("a", "b")]):
        return f"{title(p['metric'], p.get('of_class'))}, {a} minus {b}: {difference}"
    end = " %" if finding.unit == "%" else ""
    each = [f"{name} {_digits(level, finding.unit)}{end}" for name, level in zip((a, b), of, strict=True)]
    return f"{', '.join(each)}: {difference}"


def _gradient(check: Check, finding: Finding) -> str:
    """The ratio that is farthest from 1, in the direction in which a gradient goes: from the last unit to the first."""
    name, margin = check.parameters["a"], check.parameters.get("margin", MARGIN)
    if finding.measured is None:
        return _short(finding)
    ratio = 10 ** abs(finding.measured.mean)
    goes = "shrinks" if finding.measured.mean < 0 else "grows"
    return f"{name}: gradient {goes} {ratio:.3g}-fold, last to first unit; rule allows {margin:g}"


def _lessened(check: Check, finding: Finding) -> str:
    """Under which conditions it holds; where all agree, the difference under the first that is farthest from none."""
    if finding.detail:
        return finding.detail if finding.verdict == CONDITIONAL else f"under {finding.detail}"
    if finding.measured is None:
        return _short(finding)
    a, b = check.parameters["a"], check.parameters["b"]
    first = check.parameters["normalisations"][0]
    return f"{a} x {10**finding.measured.mean:.3g} as far from 1 as {b} ({first} BatchNorm)"


def _short(finding: Finding) -> str:
    """The first part of a reason, without the numbers that follow it."""
    return re.split(r"; |: parameters | with seeds ", finding.reason, maxsplit=1)[0]


def _with_ends(interval: Interval, unit: str, signed: bool = False) -> str:
    mean = _digits(interval.mean, unit, signed) + ("" if signed or unit != "%" else " %")
    if interval.low is None or interval.high is None:
        return mean
    return f"{mean} [{_digits(interval.low, unit, signed)}, {_digits(interval.high, unit, signed)}]"


def _digits(value: float, unit: str, signed: bool = False) -> str:
    shown = round(100 * value, 1) if unit == "%" else round(value, 3)
    return f"{shown + 0.0:{'+' if signed else ''}.{1 if unit == '%' else 3}f}"


_OF_RULE: dict[str, Callable[[Check, Finding], str]] = {
    "numeric": _number,
    "complexity_value": _count,
    "compare_cells": _comparison,
    "better_and_cheaper": _comparison,
    "gradient_ratio": _gradient,
    "gradient_lessened": _lessened,
}
