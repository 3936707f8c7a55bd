"""The table of claims, and the contents of reports/claims.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.claims.claim import MARKS, Check
from benchmark.claims.finding import (
    ALPHA,
    DECIDING,
    FURTHER,
    MACHINERY,
    NO_VERDICT,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    SCALED_DOWN,
    SEEN,
    Finding,
)
from benchmark.claims.judge import Judged
from benchmark.claims.rules import NARROW
from benchmark.records.grouping import folder_of
from benchmark.report.scale import accuracy_level, scale_in_words
from benchmark.report.tables import Entry, Table, text

# Rule -> short description for the pages. The full description is in docs/reference/rules.md.
RULES_IN_WORDS = {
    "numeric": (
        "95 % prediction interval of one more run on a new test sample of the same size, seeds and test images both in "
        "it. Paper's value inside: compatible, within its half-width, and reproduced where that is at most "
        f"{100 * NARROW['%']:g} points or {NARROW['']:g}; on its worse side: exceeded; on its better side: not reproduced"
    ),
    "compare_cells": (
        "a against b on the planned seeds, one test for new seeds and new test images at once, and one of equivalence "
        "within the smallest difference of interest, each Holm-adjusted over its family. Equivalence below "
        f"{ALPHA}: equivalent; difference below {ALPHA}: supported or refuted, by the sign; else undetermined, with what "
        "the interval still allows"
    ),
    "better_and_cheaper": "the same, with fewer parameters and FLOPs required as well",
    "complexity_value": "a count, which holds if it rounds to the claimed value",
    "gradient_ratio": "a's gradient has to stay within a factor of 10 from the last residual unit to the first at every "
    "depth, at the start and after training (*within* and *outside* by t-tests over seeds, Holm-adjusted), and b's not",
    "gradient_lessened": "how far the gradient's ratio, first to last residual unit, is from 1 with a and with b: paired "
    "t-tests over seeds at every depth and moment, with BatchNorm working and frozen, Holm-adjusted over all of them",
    "measured": "a mean over seeds, shown and never a verdict",
    "measured_difference": "two means and their difference over seeds, shown and never a verdict",
    "not_testable": "no record could hold what the test needs",
}
ROLES_IN_WORDS = {
    DECIDING: "Deciding",
    SCALED_DOWN: "Scaled down, never decides",
    FURTHER: "Further, never decides",
    SEEN: "Seen before the rules, figures only",
    MACHINERY: "Footnote, machinery: drawn or generated faces",
}


def claims_table(judged: Sequence[Judged]) -> Table:
    """The table of claims, one row each: what was claimed, then a column for each kind of evidence."""
    columns = {
        "claim": "Claim",
        "sentence": "Sentence",
        "paper": "Paper",
        "value": "Claimed",
        "mark": "Mark",
        "verdict": "Verdict (deciding)",
        "found": "Found (deciding)",
        "scaled_down": "Scaled down (never decides)",
        "machinery": "Machinery (footnote, no verdict)",
    }
    rows = []
    for each in judged:
        claim, finding = each.claim, each.finding
        row = {name: text(getattr(claim, name)) for name in ("sentence", "paper", "value", "mark")}
        row |= {"claim": text(claim.id), "verdict": Entry(finding.shown, {"": finding.verdict, "shown": finding.shown})}
        small = [f"{_sized(check, found)}: {found.shown}" for check, found in each.of(SCALED_DOWN)]
        small += [f"seen before the rules, {_seen(*pair)}" for pair in each.of(SEEN)]
        footnotes = [_footnote(*pair) for pair in each.of(MACHINERY)]
        row |= {"found": _found(finding), "scaled_down": text("; ".join(small) or "none")}
        rows.append(row | {"machinery": text("; ".join(dict.fromkeys(footnotes)) or "none")})
    notes = (
        "Verdicts by the rules of docs/protocol.md, from the deciding test alone: the paper's network, data and size "
        "(of the claims about gradients: its data, and narrow networks of 12 to 110 layers)",
        "TTA: none",
        "Scaled down: the paper's data with a smaller network or budget, judged by the same rules",
        "Machinery: drawn or generated faces, which show that the machine works and nothing about the claim",
        f"Mark of the claimed value: {marks_in_words()}",
        "Runs behind each verdict, further tests, earlier verdicts and published figures: claims.md",
    )
    return Table("claims", "What was claimed and what was found", notes, columns, rows, ("claim",))


def marks_in_words() -> str:
    """The meanings of the marks on claims and notes, in words."""
    return ", ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items())


def changes(judged: Sequence[Judged]) -> list[Mapping]:
    """Verdicts under earlier rules, beside the present ones: {claim, until, before, because, now}."""
    found = []
    for each in judged:
        own = {"claim": each.claim.id, "now": each.finding.shown}
        for earlier in each.claim.earlier:
            found.append(own | {"until": earlier.until, "before": earlier.verdict, "because": earlier.because})
        if not each.claim.earlier:
            found.append(own | {"until": "", "before": "no row", "because": ""})
    return found


def details(judged: Sequence[Judged], root: Path, records: str) -> list[dict]:
    """What the pages show about each claim: {claim, finding, tests}.

    A test is {role, check, finding, size, runs (as links), parts}. It has one part per condition: {name, parameters,
    finding}.

    Args:
        root: folder of the records.
        records: link to it from the page.
    """
    pages = []
    for each in judged:
        tests = [_test(role, *pair, root, records) for role in ROLES_IN_WORDS for pair in each.of(role)]
        pages.append({"claim": each.claim, "finding": each.finding, "tests": tests})
    return pages


def counts(judged: Sequence[Judged]) -> dict[str, int]:
    """Verdict -> number of claims, in the order of the first claim with each verdict."""
    found: dict[str, int] = {}
    for each in judged:
        found[each.finding.verdict] = found.get(each.finding.verdict, 0) + 1
    return found


def _test(role: str, check: Check, finding: Finding, root: Path, records: str) -> Mapping:
    parts = [
        {"name": name, "parameters": _parameters(one), "finding": finding.parts.get(name, finding)}
        for name, one in (check.conditions or {"": check}).items()
    ]
    runs = [(folder_of(record, root), f"{records}/{folder_of(record, root)}") for record in finding.records]
    size = _sized(check, finding)
    return {"role": ROLES_IN_WORDS[role], "check": check, "finding": finding, "size": size, "runs": runs, "parts": parts}


def _parameters(check: Check) -> str:
    # Several metrics are alternatives (different readings of one figure); several values of anything else all apply.
    joined = {key: (" or " if key == "metric" else " and ") for key in check.parameters}
    return ", ".join(f"{key} {_plain(value, joined[key])}" for key, value in check.parameters.items())


def _plain(value: object, between: str) -> str:
    if isinstance(value, list):
        return between.join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, float) else str(value)


def _found(finding: Finding) -> Entry:
    numbers: dict[str, object] = {"": finding.reason}
    if finding.measured is not None:
        numbers |= {part: getattr(finding.measured, part) for part in ("mean", "low", "high", "n")}
    return Entry(finding.reason, numbers)


def _sized(check: Check, finding: Finding) -> str:
    """The networks behind a test, in words: their size and scores; for gradients, their names; "" for other tests."""
    if finding.scale:
        level = accuracy_level(finding)
        return scale_in_words(finding.scale) + (f", {level}" if level else "")
    p = check.parameters
    if not check.rule.startswith("gradient"):
        return ""
    normalisations = " and ".join(p.get("normalisations") or [p["normalisation"]])
    if p["networks"] == p["trained"]:
        networks = f"{', '.join(p['networks'])} at the start and trained"
    else:
        moments = ((p["networks"], "at the start"), (p["trained"], "trained"))
        networks = ", ".join(f"{', '.join(names)} {moment}" for names, moment in moments if names)
    return f"{networks}, {p['a']} against {p['b']}, {normalisations} BatchNorm"


def _seen(check: Check, finding: Finding) -> str:
    p = check.parameters
    if check.rule.startswith("gradient"):
        return f"{p['protocol']}, {_sized(check, finding)}: {_whether_measured(finding)}"
    return f"{p['protocol']}, {p['a']} against {p['b']}: {finding.reason}"


def _footnote(check: Check, finding: Finding) -> str:
    where = f"{check.parameters['protocol']} ({check.parameters['needs']})"
    if "normalisation" in check.parameters:
        what = "{a}, {normalisation} BatchNorm".format(**check.parameters)
        return f"{where}, {what}: {_whether_measured(finding)}"
    if "normalisations" in check.parameters:
        return f"{where}, {check.parameters['a']}, against identity: {_whether_measured(finding)}"
    return f"{where}: {'not measured' if finding.verdict in (NO_VERDICT_YET, NOT_TESTABLE) else finding.reason}"


def _whether_measured(finding: Finding) -> str:
    """Whether gradients were measured, in words. Used in rows that must not show a verdict."""
    return "measured" if finding.verdict == NO_VERDICT or finding.measured is not None else "not measured"
