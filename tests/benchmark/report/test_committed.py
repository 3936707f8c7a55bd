"""The committed report is what this code makes of the committed records and measurements.

A change of a rule, a statistic, a table or a claim that changes a published number or word is seen here; after one that was
meant, `dvc repro` (or `ferbench report`) makes the report again. That the numbers are right is for the other tests.
"""

import math
import re
import shutil
from pathlib import Path

import pytest

from benchmark.report.build import FOLDERS, build

REPORTS = Path(__file__).parents[3] / "reports"
PAGES = ("README.md", "index.html", "claims.md", "costs.md", "costs.html")
DRAWN = re.compile(r"<svg.*?</svg>", re.DOTALL)
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")


def made(folder: Path) -> dict[str, list[str]]:
    """Every file of a report that is text, without figures -> what stands between its numbers, and the numbers."""
    paths = [folder / name for name in PAGES] + [path for name in FOLDERS for path in (folder / name).rglob("*.*")]
    kept = {path for path in paths if path.suffix != ".svg"}
    return {path.relative_to(folder).as_posix(): NUMBER.split(DRAWN.sub("", path.read_text("utf-8"))) for path in kept}


def same(a: str, b: str) -> bool:
    """Whether two parts are equal; numbers but for the last of ten digits, which another processor may round otherwise."""
    return a == b or bool(NUMBER.fullmatch(a) and NUMBER.fullmatch(b) and math.isclose(float(a), float(b), rel_tol=2e-9))


@pytest.mark.usefixtures("really_published", "undrawn")
def test_the_committed_report_is_what_the_code_makes(tmp_path):
    again = tmp_path / "reports"
    shutil.copytree(REPORTS, again)
    build(again / "records", again / "complexity.json", again / "data", again)
    wanted, found = made(REPORTS), made(again)
    assert set(found) == set(wanted) and len(wanted) > 200
    odd = {}
    for name, parts in wanted.items():
        differing = [pair for pair in zip(parts, found[name], strict=False) if not same(*pair)]
        if differing or len(parts) != len(found[name]):
            odd[name] = differing[:1]
    assert not odd
