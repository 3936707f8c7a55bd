"""Combines the verdicts of a test under several conditions into one (cases: docs/reference/rules.md, "Conditions")."""

from collections.abc import Mapping, Sequence

from benchmark.claims.finding import (
    CONDITIONAL,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    FAILS_ONLY,
    FAILS_REST_OPEN,
    HOLDS_ONLY,
    HOLDS_REST_OPEN,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    REFUTED,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
    Finding,
)

FOR, AGAINST = (SUPPORTED, TRAINS), (REFUTED, DOES_NOT_TRAIN)
OPEN = (UNDETERMINED, NO_VERDICT_YET, NOT_TESTABLE)


def conditional(verdicts: Sequence[str]) -> str:
    """The verdict over all conditions, from the verdicts under each condition (two or more, in any order).

    Raises:
        ValueError: an unknown verdict.
    """
    known = (*FOR, *AGAINST, EQUIVALENT, *OPEN)
    if unknown := set(verdicts) - set(known):
        raise ValueError(f"verdicts {', '.join(sorted(unknown))}; expected {', '.join(known)}")
    holds, fails = (any(each in side for each in verdicts) for side in (FOR, AGAINST))
    if holds and fails:
        return CONDITIONAL
    if holds or fails:
        sided = FOR if holds else AGAINST
        others = [each for each in verdicts if each not in sided]
        if not others:
            return verdicts[0] if len(set(verdicts)) == 1 else sided[0]
        if any(each in OPEN for each in others):
            return HOLDS_REST_OPEN if holds else FAILS_REST_OPEN
        return HOLDS_ONLY if holds else FAILS_ONLY
    for word in (NOT_TESTABLE, NO_VERDICT_YET, UNDETERMINED):
        if word in verdicts:
            return word
    return EQUIVALENT


def combined(parts: Mapping[str, Finding]) -> Finding:
    """One finding from the findings under each condition. Its number `measured` is that of the first condition."""
    findings = list(parts.values())
    verdict = conditional([each.verdict for each in findings])
    reason = "; ".join(f"{name}: {_told(each)}" for name, each in parts.items())
    records = tuple({record.directory: record for each in findings for record in each.records}.values())
    return Finding(
        verdict,
        reason,
        measured=findings[0].measured,
        unit=findings[0].unit,
        records=records,
        detail=_detail(verdict, parts),
        planned=tuple(dict.fromkeys(run for each in findings for run in each.planned)),
        scale=findings[0].scale,
        parts=parts,
    )


def _told(finding: Finding) -> str:
    return finding.reason if finding.verdict == NO_VERDICT_YET else f"{finding.verdict}, {finding.told}"


def _detail(verdict: str, parts: Mapping[str, Finding]) -> str:
    def under(words: Sequence[str]) -> str:
        return " and ".join(name for name, each in parts.items() if each.verdict in words)

    if verdict == CONDITIONAL:
        return f"holds under {under(FOR)}, fails under {under(AGAINST)}"
    if verdict in (HOLDS_ONLY, HOLDS_REST_OPEN):
        return under(FOR)
    if verdict in (FAILS_ONLY, FAILS_REST_OPEN):
        return under(AGAINST)
    if verdict == NO_VERDICT_YET:
        return ", ".join(f"{each.detail or each.verdict} ({name})" for name, each in parts.items())
    details = {each.detail for each in parts.values()}
    return details.pop() if len(details) == 1 else ""
