"""What would change a claim's verdict, in sentences: from the rule of its deciding test and what the rule found.

The sentences name the other verdicts and what each takes. The rules themselves: docs/reference/rules.md.
"""

from collections.abc import Callable, Mapping

from benchmark.claims.claim import Check
from benchmark.claims.comparing import shown, title
from benchmark.claims.count_rules import WORDS
from benchmark.claims.finding import (
    ALPHA,
    COMPATIBLE,
    CONDITIONAL,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    EXCEEDED,
    MINIMUM_SEEDS,
    NO_DIFFERENCE,
    NO_VERDICT_YET,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
    Finding,
    seeds_in_words,
)
from benchmark.claims.gradient_pairs import OF_INTEREST
from benchmark.claims.gradient_rule import MARGIN, factor
from benchmark.claims.judge import Judged
from benchmark.claims.rules import NARROW, better_and_cheaper
from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS, SMALLEST_DIFFERENCE
from benchmark.report.claim_words import amount, apart
from benchmark.report.wording import listed, sentence

TESTED = f"p below {ALPHA}, Holm-adjusted"
TOGETHER = (
    "one condition that holds beside one that fails makes the claim conditional; it is supported or refuted only if every "
    "condition says so"
)


def would_change(judged: Judged) -> list[str]:
    """What would change the claim's verdict, as sentences; under several conditions, those of each and how they combine."""
    check, finding = judged.claim.test, judged.finding
    if not finding.parts:
        return list(map(sentence, _changes(check, finding)))
    under: dict[str, list[str]] = {}  # the words -> the conditions of which they are true
    for name, part in finding.parts.items():
        for words in _changes(check.conditions[name], part):
            under.setdefault(words, []).append(name)
    every = len(finding.parts)
    found = [f"{listed(names)}: {words}" for words, names in under.items() if len(names) < every]
    found += [f"each condition: {words}" for words, names in under.items() if len(names) == every]
    return list(map(sentence, [*found, TOGETHER]))


def _changes(check: Check, finding: Finding) -> list[str]:
    if finding.verdict == NOT_TESTABLE:
        return [_absent(check)]
    if finding.verdict == NO_VERDICT_YET:
        return [*_missing_runs(finding), *_OF_RULE[check.rule](check, finding)]
    if finding.verdict == UNDETERMINED and finding.measured is None and not _all_lost(check, finding):
        return [_in_the_way(finding)]
    return _OF_RULE[check.rule](check, finding)


def _all_lost(check: Check, finding: Finding) -> bool:
    """Whether gradients were compared and the number is missing only because a network diverged with every seed."""
    return check.rule == "gradient_lessened" and not finding.reason.startswith(("missing: ", "records of "))


def _absent(check: Check) -> str:
    p = check.parameters
    if "protocol" not in p:
        return f"a test needs what is missing here: {p['missing']}"
    what = "gradients" if check.rule.startswith("gradient") else "runs"
    return f"{p['needs']} is missing here: {what} under {p['protocol']} would test the claim"


def _missing_runs(finding: Finding) -> list[str]:
    """The planned runs without a record, those with the same seeds in one sentence."""
    of: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for run in finding.planned:
        if run.missing:
            of.setdefault((run.protocol, run.missing), []).append(run.cell)
    runs = [f"{seeds_in_words(seeds)} of {listed(cells)} under {protocol}" for (protocol, seeds), cells in of.items()]
    return [f"first, planned runs are missing: {'; '.join(runs)}"]


def _in_the_way(finding: Finding) -> str:
    if finding.reason.startswith("missing: "):
        return f"open until this is there: {finding.reason.removeprefix('missing: ')}"
    return f"open as long as this holds: {finding.reason}"


def _others(present: str, verdicts: Mapping[str, str]) -> list[str]:
    """What each verdict takes, without the present one."""
    return [f"{verdict} if {takes}" for verdict, takes in verdicts.items() if verdict != present]


def _numeric(check: Check, finding: Finding) -> list[str]:
    p = check.parameters
    names = [p["metric"]] if isinstance(p["metric"], str) else p["metric"]
    metric = METRICS[names[0]]
    value, narrow = shown(Interval(p["value"], None, None, 1), metric.unit), _width(NARROW[metric.unit], metric.unit)
    sides = ("above", "below") if metric.direction == "higher" else ("below", "above")
    found = []
    if finding.measured is not None:
        found.append(f"today the prediction interval of one more run is {shown(finding.measured, finding.unit)}")
    if len(names) > 1:
        found.append(f"the most favourable of {listed(METRICS[name].title for name in names)} counts")
    return found + _others(
        finding.verdict,
        {
            REPRODUCED: f"the prediction interval of one more run holds {value} and is at most {narrow} wide to each side",
            COMPATIBLE: f"the prediction interval holds {value} and is wider than {narrow} to each side",
            EXCEEDED: f"the prediction interval is {sides[0]} {value} as a whole",
            NOT_REPRODUCED: f"the prediction interval is {sides[1]} {value} as a whole",
        }
        | ({UNDETERMINED: f"fewer than {MINIMUM_SEEDS} of them finish"} if finding.verdict == NO_VERDICT_YET else {}),
    )


def _count(check: Check, finding: Finding) -> list[str]:
    p, unit = check.parameters, WORDS[check.parameters["quantity"]]
    takes = {
        REPRODUCED: f"the count rounds to {amount(p['value'], unit)} at a precision of {amount(p['precision'], unit)}",
        EXCEEDED: "the count is less than that",
        NOT_REPRODUCED: "the count is more than that",
    }
    if finding.verdict == REPRODUCED:
        takes |= {EXCEEDED: f"the count rounds to less than {amount(p['value'], unit)}", NOT_REPRODUCED: "it rounds to more"}
    return ["only another network or another way of counting would change a count", *_others(finding.verdict, takes)]


def _comparison(check: Check, finding: Finding) -> list[str]:
    p, counted = check.parameters, check.rule == better_and_cheaper.__name__
    (a, b), metric = apart(p["a"], p["b"]), title(p["metric"], p.get("of_class"))
    if counted and finding.verdict == REFUTED and finding.measured is None:
        return [f"only other counts would: {a} needs fewer parameters and fewer FLOPs than {b}, and then runs decide"]
    if finding.verdict in (TRAINS, DOES_NOT_TRAIN):
        trained, lost = (a, b) if finding.verdict == TRAINS else (b, a)
        return [
            f"one run of {lost} that finishes, or one of {trained} that diverges, would: then {metric} is compared, over "
            f"{MINIMUM_SEEDS} seeds or more that both finished"
        ]
    found = []
    if finding.measured is not None:
        difference = shown(finding.measured, finding.unit, signed=True)
        found.append(f"today {a} minus {b} is {difference} over {finding.measured.n} pairs of seeds")
    if counted and "complexity.json" in finding.reason:
        found.append("first, both networks have to be counted (complexity.json)")
    takes = {
        SUPPORTED: f"{a} is better than {b} in {metric} ({TESTED})",
        REFUTED: f"{b} is better than {a} in {metric} ({TESTED})",
    }
    if counted:
        takes[SUPPORTED] += " with fewer parameters and fewer FLOPs"
        takes[REFUTED] += f", or if {a} does not have fewer parameters and fewer FLOPs"
    margin = SMALLEST_DIFFERENCE.get("recall" if p.get("of_class") else p["metric"])
    if margin is not None:
        within = _width(margin, "%" if p.get("of_class") else METRICS[p["metric"]].unit)
        takes[EQUIVALENT] = f"the difference is shown to lie within {within} of 0 ({TESTED}), which is tested first"
    takes[UNDETERMINED] = "none of these is shown, or if the better one diverged more often"
    found += _others(finding.verdict, takes)
    if finding.verdict == NO_VERDICT_YET:
        found.append("who trains decides if every run of one finishes and every run of the other diverges")
    return found


def _ratio(check: Check, finding: Finding) -> list[str]:
    p = check.parameters
    a, b, within = p["a"], p["b"], f"within a factor of {p.get('margin', MARGIN):g} from the first to the last unit"
    found = []
    if finding.measured is not None:
        found.append(f"today the ratio of {a} that is farthest from 1 is {factor(finding.measured)}")
    takes = {
        SUPPORTED: f"{a} stays {within} at every depth and moment, and {b} does not at one",
        REFUTED: f"{a} is outside at one depth or moment, whatever {b} does",
        NO_DIFFERENCE: f"{a} and {b} both stay {within} at every depth and moment",
        UNDETERMINED: f"{a} is outside nowhere, and the tests can not place every ratio",
    }
    return [*found, *_others(finding.verdict, takes), f"within and outside are tested: {TESTED}"]


def _lessened(check: Check, finding: Finding) -> list[str]:
    p = check.parameters
    a, b, names = p["a"], p["b"], p["normalisations"]
    found = []
    if finding.measured is not None:
        largest = f"{factor(finding.measured)} ({a} over {b}, below 1: {a} is nearer)"
        found.append(f"today the largest difference under {names[0]} BatchNorm is {largest}")
    takes = {
        SUPPORTED: f"{a} is nearer to 1 than {b} somewhere under {_each(names)}, and farther nowhere",
        REFUTED: f"{a} is farther from 1 than {b} somewhere under {_each(names)}, and nearer nowhere",
        CONDITIONAL: f"{a} is nearer in one place and farther in another",
        NO_DIFFERENCE: f"{a} and {b} are equal within a factor of {p.get('of_interest', OF_INTEREST):g} everywhere",
        UNDETERMINED: f"{a} is nearer or farther nowhere, and not shown to be equal everywhere",
    }
    others = _others(finding.verdict, takes)
    if len(names) > 1:
        others.append(f"true of one condition alone if {a} is nearer, or farther, under that one and neither elsewhere")
    return [*found, *others, f"nearer, farther and equal are tested at every depth and moment: {TESTED}"]


def _each(names: list[str]) -> str:
    return f"{'each of ' if len(names) > 1 else ''}{listed(names)} BatchNorm"


def _width(value: float, unit: str) -> str:
    """A width or a margin: "2.5 points" or "0.015"."""
    points = f"{100 * value:g}"
    return f"{points} {'point' if points == '1' else 'points'}" if unit == "%" else f"{value:g}"


_OF_RULE: dict[str, Callable[[Check, Finding], list[str]]] = {
    "numeric": _numeric,
    "complexity_value": _count,
    "compare_cells": _comparison,
    "better_and_cheaper": _comparison,
    "gradient_ratio": _ratio,
    "gradient_lessened": _lessened,
}
