"""docs/leaderboard.md, run as it is written in a copy of the checkout; the template of a submission, and the workflow."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from benchmark.records.outside_record import SEEN
from benchmark.records.record import read_record
from tests.newcomer import shell  # noqa: F401  # a fixture

ROOT = Path(__file__).parents[1]
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/leaderboard.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
GIT = "git init -q -b main; git config user.email a@example.org; git config user.name A; git add -A; git commit -qm all"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_every_command_of_the_page(shell):  # noqa: F811
    clone = shell.top / "clone"
    shell(GIT)
    said = [shell(block) for block in COMMANDS]
    run = read_record(clone / "reports/records/synthetic-8/resnet18-plain/seed0")
    labels, outputs = run.outputs("test")
    accuracy = float((outputs.argmax(1) == labels).mean())
    table = (clone / "reports/tables/leaderboard-synthetic-8.md").read_text("utf-8")
    (row,) = [line for line in table.splitlines() if "| my-net | 1 |" in line]
    assert f"| {100 * accuracy:.2f} [" in row and "| 70.00 | README of my-net |" in row and "| predictions only |" in row
    assert "1 record in order, 0 with faults" in said[-1]
    boards = json.loads((clone / "reports/leaderboard.json").read_text("utf-8"))["boards"]
    (mine,) = [row for board in boards for row in board["rows"] if row["entry"] == "my-net"]
    assert (mine["kind"], mine["rank"], mine["seen_test_faces"]) == ("outside model", 1, "no")
    assert mine["value"] == pytest.approx(accuracy, abs=1e-9) and mine["stated"]["accuracy"] == 0.7
    changed = shell("git diff --name-only HEAD^ HEAD").split()
    assert changed and all(name.startswith("reports/records/outside/synthetic-8/my-net/seed0/") for name in changed)


def test_the_template_is_a_form_that_asks_for_all_that_a_row_says():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/submit-record.yml").read_text("utf-8"))
    assert set(form) == {"name", "description", "title", "labels", "body"}
    fields = {each["id"]: each for each in form["body"] if each["type"] != "markdown"}
    asked = {"protocol", "data", "model", "way", "seen", "training", "chosen", "stated", "level", "check"}
    assert asked == {name for name, each in fields.items() if each.get("validations", {}).get("required")}
    assert len(fields["seen"]["attributes"]["options"]) == len(SEEN)
    assert all(isinstance(each, str) for each in fields["seen"]["attributes"]["options"])  # not yes and no as booleans
    assert "ferbench import FOLDER --check" in fields["check"]["attributes"]["label"]


def test_the_workflow_shows_the_rows_after_it_has_verified_them():
    steps = yaml.safe_load((ROOT / ".github/workflows/records.yml").read_text("utf-8"))["jobs"]["verify"]["steps"]
    done = [step.get("run", "") for step in steps]
    (verified,) = [at for at, run in enumerate(done) if "ferbench verify --added-since HEAD^1" in run]
    (shown,) = [at for at, run in enumerate(done) if "GITHUB_STEP_SUMMARY" in run]
    assert verified < shown and "ferbench report" in done[shown]
