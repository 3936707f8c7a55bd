"""docs/quick-start.md, run as it is written in a copy of the checkout: what needs neither a network nor data of others."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.test_new_model_page import shell  # noqa: F401  # a fixture

BLOCKS = blocks("docs/quick-start.md")
NOT_HERE = ("pip install", "data add", "profile smoke")  # needs a network; needs FER2013; .ci/run does it


@pytest.mark.slow
def test_from_a_clone_to_a_row_for_an_own_model(shell):  # noqa: F811
    clone = shell.top / "clone"
    git = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as published"]):
        subprocess.run([*git, *command], check=True)
    for folder in Path(shell.top / "venv").glob("lib/*/site-packages"):  # as an editable install does it
        (folder / "clone.pth").write_text(f"{clone}\n")

    run = [block for block in BLOCKS if not any(word in block for word in NOT_HERE)]
    result, changed, own, undo = (shell(block) if "git restore" not in block else block for block in run)
    assert " 0 with faults" in result
    assert "validation accuracy" in result and "records taken into" in changed and "A minus B over seeds" in changed
    assert "records taken into" in own
    assert "| my_nets-small-plain | n = 3 |" in (clone / "reports/tables/synthetic-8-results.md").read_text()
    assert "my_nets-small-plain" in (clone / "reports/pages/models.html").read_text()

    shell(undo)
    assert subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout == ""
