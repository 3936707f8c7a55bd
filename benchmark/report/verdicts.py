"""The claim ledger's tables and its page, reports/claims.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.claim_list import MARKS, Check
from benchmark.claims import ALPHA, Judged
from benchmark.ledger import NO_VERDICT, Finding
from benchmark.metrics import METRICS
from benchmark.report.summary import Summary, place
from benchmark.report.tables import Entry, Table, bracketed, not_tested, number, seeds, text
from benchmark.selection import Optimism, selection_optimism

# Rule -> what it does, for the pages; in full in docs/protocol.md.
RULES_IN_WORDS = {
    "numeric": (
        "95 % prediction interval of one more run on a new test sample of the same size, seeds and test images both in it. "
        "Paper's value inside: reproduced; on its worse side: exceeded; on its better side: not reproduced"
    ),
    "compare_cells": (
        "a against b by two tests, over the same test images (exact McNemar or paired bootstrap for each seed pair, twice "
        "the median p) and over seeds (paired t), Holm-adjusted over all comparisons of the protocol. Both below "
        f"{ALPHA}: supported or refuted, by the sign; else no difference found, with the largest difference that the "
        "t-interval over seeds allows"
    ),
    "better_and_cheaper": "the same, with fewer parameters and FLOPs required as well",
    "complexity_value": "a count, which holds if it rounds to the claimed value",
    "gradient_ratio": "a's gradient has to stay within a factor of 10 from the last residual unit to the first at every "
    "depth, at the start and after training (*within* and *outside* by t-tests over seeds, Holm-adjusted), and b's not",
    "gradient_lessened": "how far the gradient's ratio, first to last residual unit, is from 1 with a and with b: paired t-tests "
    "over seeds at every depth and moment, with BatchNorm working and frozen, Holm-adjusted over all of them",
    "measured": "a mean over seeds, shown and never a verdict",
    "not_testable": "no record could hold what the test needs",
}


# A claim is about the papers' data: other data can point one way or the other, and support or refute nothing.
ELSEWHERE = {"supported": "points to it", "refuted": "points against it"}


def claims_table(judged: Sequence[Judged]) -> Table:
    """One row a claim: what was claimed, the verdict, why, and what other data show."""
    columns = {
        "claim": "Claim",
        "sentence": "Sentence",
        "paper": "Paper",
        "value": "Claimed",
        "mark": "Mark",
        "verdict": "Verdict",
        "found": "Found",
        "other": "On other data (never counts)",
    }
    rows = []
    for each in judged:
        claim, finding = each.claim, each.finding
        row = {name: text(getattr(claim, name)) for name in ("sentence", "paper", "value", "mark")}
        row |= {"claim": text(claim.id), "verdict": text(finding.verdict), "found": _found(finding)}
        others = [_short(*pair) for pair in zip(claim.other_data, each.other_data, strict=True)]
        rows.append(row | {"other": text("; ".join(dict.fromkeys(others)) or "none")})
    notes = (
        "Verdicts by the rules of docs/protocol.md, from the deciding test alone; TTA: none",
        "Mark of the claimed value: " + ", ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items()),
        "Runs behind each verdict, further tests and published figures: claims.md",
    )
    return Table("claims", "What was claimed and what was found", notes, columns, rows, ("claim",))


def optimism_table(summary: Summary) -> Table:
    """Best on test minus best on validation of every cell with a history."""
    columns = {
        "protocol": "Protocol",
        "cell": "Cell",
        "n": "Seeds",
        "looks": "Looks at the test split",
        "optimism": "Best on test minus best on validation",
    }
    rows = []
    for comparison in summary.comparisons:
        unit = METRICS[comparison.primary].unit
        for label, runs in comparison.runs.items():
            found = selection_optimism([run.record for run in runs])
            row = {"protocol": text(comparison.slug), "cell": text(label)}
            row["n"] = seeds(comparison.finished(label), comparison.diverged(label))
            if found is None:
                row["optimism"] = not_tested("no finished run with a history")
            else:
                row["looks"] = text(", ".join(map(str, found.looks)))
                row["optimism"] = _optimism(found, unit)
            rows.append(row)
    notes = (
        "What a maximum over every look at the test split, as the authors' script keeps it, adds to the epoch chosen by "
        "validation: test metric (accuracy in points, or mean CCC), mean over seeds [95 % t-interval over seeds]",
        "Looks = epochs; nothing is extrapolated to the script's 449 looks",
        "TTA: none; selection rule: as the columns say",
    )
    return Table("optimism", "What choosing by the test split is worth", notes, columns, rows, ("protocol", "cell", "n"))


def details(judged: Sequence[Judged], root: Path, records: str) -> list[dict]:
    """What the pages say of each claim: {claim, finding, tests}; a test: {role, check, parameters, finding, runs as links}.

    Args:
        root: folder of the records; records: link to it from the page.
    """
    roles = {"further": "Further, same data", "other_data": "On other data"}
    pages = []
    for each in judged:
        tests = [_test("Deciding", each.claim.test, each.finding, root, records)]
        for key, role in roles.items():
            pairs = zip(getattr(each.claim, key), getattr(each, key), strict=True)
            tests += [_test(role, check, finding, root, records) for check, finding in pairs]
        pages.append({"claim": each.claim, "finding": each.finding, "tests": tests})
    return pages


def counts(judged: Sequence[Judged]) -> dict[str, int]:
    """Verdict -> number of claims, in the order of their first claim."""
    found: dict[str, int] = {}
    for each in judged:
        found[each.finding.verdict] = found.get(each.finding.verdict, 0) + 1
    return found


def _test(role: str, check: Check, finding: Finding, root: Path, records: str) -> Mapping:
    # Several metrics are readings of one figure, several of anything else are all meant.
    joined = {key: (" or " if key == "metric" else " and ") for key in check.parameters}
    parameters = ", ".join(f"{key} {_plain(value, joined[key])}" for key, value in check.parameters.items())
    runs = [(place(record, root), f"{records}/{place(record, root)}") for record in finding.records]
    return {"role": role, "check": check, "parameters": parameters, "finding": finding, "runs": runs}


def _plain(value: object, between: str) -> str:
    if isinstance(value, list):
        return between.join(map(str, value))
    return f"{value:,}" if isinstance(value, float) else str(value)


def _found(finding: Finding) -> Entry:
    numbers: dict[str, object] = {"": finding.reason}
    if finding.measured is not None:
        numbers |= {part: getattr(finding.measured, part) for part in ("mean", "low", "high", "n")}
    return Entry(finding.reason, numbers)


def _short(check: Check, finding: Finding) -> str:
    where = f"{check.parameters['protocol']} ({check.parameters['needs']})"
    if "normalisation" in check.parameters:
        where += ", {a}, {normalisation} BatchNorm".format(**check.parameters)
    if "normalisations" in check.parameters:
        where += ", {a}".format(**check.parameters)
    outcome = finding.reason if finding.verdict == NO_VERDICT else ELSEWHERE.get(finding.verdict, finding.verdict)
    return f"{where}: {outcome}"


def _optimism(found: Optimism, unit: str) -> Entry:
    shown = bracketed(found, lambda v: number(v, unit, signed=True))
    return Entry(shown, {part: getattr(found, part) for part in ("mean", "low", "high")})
