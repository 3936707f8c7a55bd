"""Verbs that write the pages of the report."""

from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import CHECK, REPORT
from benchmark.cli.shared import RECORDS, REPORTS, planned_places


def report(arguments) -> None:
    from benchmark.report.build import build

    build(RECORDS, REPORTS / "complexity.json", REPORTS / "data", REPORTS, planned_places())
    print(f"wrote {REPORTS / 'index.html'} and {REPORTS / 'README.md'}")


def audit_release(arguments) -> None:
    from benchmark.report.release_audit.audit import audit

    audit(arguments.path, REPORTS)
    print(f"wrote {REPORTS / 'release-audit.md'}")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    verb(
        "report",
        report,
        "make the pages, tables and figures in reports/ from the records",
        "ferbench report",
        group=REPORT,
    )

    one = verb("audit-release", audit_release, "show what the authors' release proves -> reports/release-audit.md",
               "ferbench audit-release ~/BReG-NeXt", group=CHECK)  # fmt: skip
    one.add_argument("path", type=Path, nargs="?",
                     help="clone of their repository, or a checkpoint's .index file (default: recorded facts)")  # fmt: skip
