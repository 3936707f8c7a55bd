"""docs/new-model.md, run as it is written in a copy of the checkout with an environment of its own."""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.records.record import read_record
from tests.newcomer import shell  # noqa: F401  # a fixture

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "new-model.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def of(word: str) -> int:
    """Place of the one block with a word in it."""
    (found,) = [place for place, block in enumerate(COMMANDS) if word in block]
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_every_command_of_the_page(shell):  # noqa: F811
    clone = shell.top / "clone"
    trained, scored, away = of("ferbench run"), of("ferbench score"), of("pip uninstall")
    said = [shell(block) for block in COMMANDS[: trained + 1]]
    assert "toy " in said[of("ferbench models")] and "step   10" in said[of("ferbench models")]
    run = read_record(clone / "reports/records/imported/synthetic-8/toy-plain/seed0")
    labels, outputs = run.outputs("test")
    accuracy = np.mean(outputs.argmax(1) == labels)
    assert accuracy > 1.5 / 8, "the toy learns nothing"
    with open(clone / "reports/tables/synthetic-8-results.csv", newline="") as stream:
        assert any("toy-plain" in row for row in csv.reader(stream))
    runs = (clone / "reports/tables/runs.csv").read_text()
    assert "toy-plain" in (clone / "reports/pages/models.html").read_text() and "toy-plain" in runs

    before = {path.name: path.read_bytes() for path in (clone / "reports/tables").glob("*-results.csv")}
    for block in COMMANDS[trained + 1 : scored + 1]:
        shell(block)
    found = json.loads((shell.top / "scores.json").read_text())
    assert found["outputs"] == "logits" and found["warnings"] == []
    assert found["metrics"]["test"]["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    entry = read_record(clone / found["record"])
    assert entry.predictions["test_ids"].tolist() == run.predictions["test_ids"].tolist()
    np.testing.assert_allclose(entry.outputs("test")[1], outputs, atol=1e-3)
    for name, content in before.items():
        assert (clone / "reports/tables" / name).read_bytes() == content, "an outside entry changed a comparison"

    for block in COMMANDS[away:]:
        shell(block)
    assert "toy" not in shell("ferbench models") + (clone / "reports/tables/runs.csv").read_text()
    assert (shell.top / ".local/share/bash-completion/completions/ferbench").stat().st_size > 1000


def test_links_and_verbs_of_the_page():
    """Cheap: the files the page names are there, its verbs exist."""
    from benchmark.cli.main import parser

    text = PAGE.read_text(encoding="utf-8")
    verbs = parser()._subparsers._group_actions[0].choices
    assert set(re.findall(r"ferbench ([a-z][a-z-]+)", text)) <= set(verbs)
    for link in re.findall(r"\]\(([^)h][^)]*)\)", text):
        assert (PAGE.parent / link.split("#")[0]).is_file(), link
    for name in re.findall(r"`((?:benchmark|tests|examples|reports/records)/[\w./-]+)`", text):
        if "toy" not in name:
            assert (ROOT / name).exists() or name.endswith("seed0"), name
