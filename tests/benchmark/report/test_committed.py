"""The committed report is what this code makes of the committed records and measurements.

A change of a rule, a statistic, a table or a claim that changes a published number or word is seen here; after one that was
meant, `dvc repro` (or `ferbench report`) makes the report again. That the numbers are right is for the other tests.
"""

import csv
import json
import math
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from benchmark.report import boards
from benchmark.report.build import FOLDERS, build

REPORTS = Path(__file__).parents[3] / "reports"
PAGES = ("README.md", "index.html", "claims.md", "costs.md", "costs.html", "leaderboard.json", "newest.json")
DRAWN = re.compile(r'<svg.*?</svg>|--width:\d+px|<img[^>]* width="\d+" height="\d+"', re.DOTALL)
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


def columns_of(row: dict) -> dict[str, str]:
    """The numbers of a row of leaderboard.json by the columns of its table."""
    block = dict(zip(boards.KINDS, ("own", "outside", "seen", "published"), strict=True))[row["kind"]]
    value = "value" if block == "published" else "value_mean"
    found = {value: row["value"], "value_low": row["low"], "value_high": row["high"], "rank": row["rank"], "n": row["seeds"]}
    found |= row["cost"] | {"stated": (row["stated"] or {}).get("accuracy"), "diverged": None}
    return {f"{block}_{key}": f"{number:.10g}" for key, number in found.items() if number is not None}


def test_every_number_of_the_leaderboards_stands_in_both_forms():
    contents = json.loads((REPORTS / "leaderboard.json").read_text("utf-8"))
    jsonschema.validate(contents, json.loads((Path(boards.__file__).parent / "leaderboard.schema.json").read_text("utf-8")))
    names = {path.stem.removeprefix("leaderboard-") for path in (REPORTS / "tables").glob("leaderboard-*.csv")}
    assert names == {board["name"] for board in contents["boards"]} and len(names) > 5
    compared = 0
    for board in contents["boards"]:
        with open(REPORTS / "tables" / f"leaderboard-{board['name']}.csv", newline="", encoding="utf-8") as stream:
            table = list(csv.DictReader(stream))
        assert [row["cell"] for row in table] == [row["entry"] for row in board["rows"]]
        for shown, row in zip(table, board["rows"], strict=True):
            wanted, told = columns_of(row), {key: value for key, value in shown.items() if value}
            found = {key: value for key, value in told.items() if key in wanted or is_number(value)}
            assert found == wanted | {"version": board["protocol"]["version"]} | diverged(told)
            compared += len(wanted)
    assert compared > 500


def is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def diverged(told: dict) -> dict:
    return {key: value for key, value in told.items() if key == "own_n_diverged"}


def test_every_link_of_the_committed_pages_leads_somewhere(broken):
    faults, html, markdown = broken(REPORTS)
    assert faults == [] and html > 3000 and markdown > 300
