"""Judges the claims: from claims and records to verdicts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.claims import evidence
from benchmark.claims.comparing import register
from benchmark.claims.conditions import combined
from benchmark.claims.count_rules import dearer_in
from benchmark.claims.finding import (
    DECIDING,
    FURTHER,
    MACHINERY,
    NO_VERDICT,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    ROLES,
    SCALED_DOWN,
    SEEN,
    UNDETERMINED,
    Finding,
    Undecided,
)
from benchmark.claims.ledger import Ledger
from benchmark.claims.rules import COMPARING, RULES, SHOWN_ALONE, better_and_cheaper
from benchmark.files import Json

if TYPE_CHECKING:
    from benchmark.claims.claim import Check, Claim
    from benchmark.records.comparisons import Summary


@dataclass(frozen=True)
class Judged:
    """A claim with the findings of its tests. The findings of each role are in the order of the claim's tests."""

    claim: "Claim"
    finding: Finding
    scaled_down: Sequence[Finding] = ()
    further: Sequence[Finding] = ()
    seen: Sequence[Finding] = ()
    machinery: Sequence[Finding] = ()

    def of(self, role: str) -> "list[tuple[Check, Finding]]":
        """(test, finding) for each test of a role."""
        if role == DECIDING:
            return [(self.claim.test, self.finding)]
        return list(zip(getattr(self.claim, role), getattr(self, role), strict=True))


def judge(
    claims: Sequence["Claim"],
    summary: "Summary",
    complexity: Mapping[str, Json] | None,
    gradients: Sequence[Mapping[str, Json]] = (),
    waiting: Collection[tuple[str, str]] = (),
) -> list[Judged]:
    """Every claim with its verdict.

    Args:
        summary: `benchmark.records.comparisons.summarise` of the records.
        complexity: contents of complexity.json, or None.
        gradients: contents of the files in reports/gradients.
        waiting: (protocol, cell) of the studies' cells whose learning rate is not in cells.yaml yet. Their runs do not
            count.
    """
    ledger = Ledger(summary, complexity, gradients, waiting)
    families: dict[tuple, dict[str, Json]] = {}
    for claim in claims:
        for role in ROLES:
            for test in claim.tests(role):
                for one in test.conditions.values() or (test,):
                    if one.rule in COMPARING and not _refuted_by_counting(ledger, one):
                        register(ledger.of(role), families, **one.parameters)
    for family in families.values():
        ledger.compared |= evidence.adjusted(family)

    def found(claim: "Claim", role: str) -> list[Finding]:
        return [_found(ledger.of(role), test) for test in claim.tests(role)]

    return [
        Judged(claim, *found(claim, DECIDING), *(found(claim, role) for role in (SCALED_DOWN, FURTHER, SEEN, MACHINERY)))
        for claim in claims
    ]


def _refuted_by_counting(ledger: Ledger, test: "Check") -> bool:
    """Whether a test is already refuted by counts of parameters or FLOPs. It is then not a comparison of its family."""
    if test.rule != better_and_cheaper.__name__:
        return False
    try:
        return bool(dearer_in(ledger, *(test.parameters[key] for key in ("protocol", "a", "b")))[0])
    except Undecided:
        return False


def _found(ledger: Ledger, test: "Check") -> Finding:
    if test.conditions:
        return combined({name: _found(ledger, one) for name, one in test.conditions.items()})
    try:
        finding = RULES[test.rule](ledger, **test.parameters)
    except Undecided as undecided:
        finding = undecided.finding
    decided = finding.verdict not in (NOT_TESTABLE, NO_VERDICT_YET, UNDETERMINED)
    return replace(finding, verdict=NO_VERDICT, detail="") if ledger.role in SHOWN_ALONE and decided else finding
