"""The commit that a record states: that of the code, or none."""

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.records.revision import files_at
from benchmark.runs import commit as module
from benchmark.runs.commit import commit


def git(root: Path, *arguments: str) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The module commit.py as it lies in a folder of code inside a repository, which does not track it yet."""
    git(tmp_path, "init", "-q")
    (tmp_path / "notes.txt").write_text("of another project")
    git(tmp_path, "add", "notes.txt")
    git(tmp_path, "commit", "-qm", "notes")
    path = tmp_path / "ferbench-1.0" / "benchmark" / "runs" / "commit.py"
    path.parent.mkdir(parents=True)
    shutil.copy(module.__file__, path)
    monkeypatch.setattr(module, "__file__", str(path))
    return path


def test_an_archive_inside_another_repository_has_no_commit(place):
    assert commit() is None


def test_a_checkout_has_its_own(place, tmp_path):
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "code")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert len(head) == 40 and commit() == head
    place.write_text(place.read_text() + "\n")
    assert commit() == f"{head}+changes"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("benchmark/names.py", "+changes"),
        ("ablations/network.py", "+changes"),
        ("baselines/cells.yaml", "+changes"),
        ("benchmark/kernels.c", "+changes"),
        ("params.yaml", ""),
        ("tests/test_it.py", ""),
        ("docs/page.md", ""),
    ],
)
def test_a_change_of_any_code_is_said(place, tmp_path, name, changes):
    changed = tmp_path / "ferbench-1.0" / name
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("old")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "code")
    changed.write_text("new")
    assert commit() == git(tmp_path, "rev-parse", "HEAD") + changes


def test_what_is_published_is_not_looked_for_in_another_repository(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "ferbench-1.0")
    with pytest.raises(BadInput, match="a repository without reports/records and reports/tables at "):
        with files_at("HEAD", ["reports/records", "reports/tables"]):
            pytest.fail("files of another project")
    (tmp_path / "ferbench-1.0" / "reports").mkdir()
    (tmp_path / "ferbench-1.0" / "reports" / "tables").write_text("own")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "own")
    with files_at("HEAD", ["reports/records", "reports/tables"]) as folder:
        assert (folder / "reports" / "tables").read_text() == "own" and not (folder / "reports" / "records").exists()
