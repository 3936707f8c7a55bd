"""The pages of the rules of verdicts and of the checks of records."""

import itertools

from benchmark.claims.conditions import OPEN, conditional
from benchmark.claims.finding import EQUIVALENT, REFUTED, SUPPORTED
from benchmark.claims.rules import RULES
from benchmark.records.examine import CHECKS, READ
from benchmark.reference.markdown import first_paragraph, page, section, sections, table, texts

CASES = (SUPPORTED, REFUTED, EQUIVALENT, *OPEN)  # the verdicts that a condition can have


def rules() -> str:
    """The rules of the verdicts, the table of conditions from the code, and every change of the rules."""
    parts = []
    for one in texts("rules")["sections"]:
        parts.append(section(one, 2))
        if one["title"] == "Conditions":
            parts.append(_conditions())
    return page(
        "Rules of the verdicts",
        "`benchmark/reference/rules.yaml` and `changes.yaml`, and `benchmark.claims.conditions`",
        "[The page on protocols](../protocol.md#verdicts) is the short form.",
        table(("rule of a test", "in one line"), ((f"`{name}`", first_paragraph(rule)) for name, rule in RULES.items())),
        *parts,
        "## Changes of the rules",
        *sections("changes", 3),
    )


def _conditions() -> str:
    """Every pair of verdicts under two conditions, and what follows."""
    pairs = itertools.combinations_with_replacement(CASES, 2)
    rows = ((one, other, f"*{conditional([one, other])}*") for one, other in pairs)
    return table(("under one", "under the other", "verdict"), rows)


def checks() -> str:
    """The checks of records in their order, and what no check can find."""
    of = texts("checks")
    said = {one["name"]: one for one in of["checks"]}
    rows = []
    for name in (READ, *CHECKS):
        needs = ", ".join(CHECKS[name][1]) if name in CHECKS else ""
        code = f"`{CHECKS[name][0].__module__}`" if name in CHECKS else "`benchmark.records.record`"
        rows.append((name, said[name]["agree"], said[name]["catches"], needs or READ, code))
    return page(
        "Checks of records",
        "`benchmark.records.examine.CHECKS` and `benchmark/reference/checks.yaml`",
        "[Trust](../trust.md) says who makes these checks and how. A check that builds on one that failed is not made.",
        table(("check", "what must agree", "what it catches", "after", "code"), rows),
        *(section(one, 2) for one in of["sections"]),
    )
