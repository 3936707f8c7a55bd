"""What `ferbench data add` says is to be committed, in a repository of git."""

import subprocess
import sys

import pytest

from benchmark.faces.tracking import track


@pytest.fixture
def repository(tmp_path, monkeypatch):
    pytest.importorskip("dvc")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "true")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"], ["git", "commit", "-qm", "DVC"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    (tmp_path / "data/raw/fer2013").mkdir(parents=True)
    (tmp_path / "data/raw/fer2013/a.csv").write_text("x")
    return tmp_path


def test_without_a_rule_of_the_project_what_dvc_ignores_is_committed_too(repository):
    said = []
    track(repository, "fer2013", said.append)
    both = "git add data/raw/fer2013.dvc data/raw/.gitignore && git commit -m 'Add fer2013'"
    assert said == ["dvc add data/raw/fer2013", f"tracked; next: {both}, then dvc push if there is a remote"]
    subprocess.run(both, shell=True, cwd=repository, check=True)
    assert subprocess.run(["git", "status", "--porcelain"], cwd=repository, capture_output=True).stdout == b""
    track(repository, "fer2013", said.append)
    assert said[-1] == "tracked by data/raw/fer2013.dvc as committed; nothing to commit"
    (repository / "data/raw/fer2013/a.csv").write_text("other")
    track(repository, "fer2013", said.append)
    only = "git add data/raw/fer2013.dvc && git commit"
    assert said[-1].startswith(f"tracked; next: {only}")


def test_each_rule_that_hides_raw_data_from_dvc_is_named(repository):
    (repository / ".gitignore").write_text("x\n/data/raw/*\ndata/raw/*\n!/data/raw/*.dvc\n")
    said = []
    track(repository, "fer2013", said.append)
    assert [line for line in said if line.startswith(".gitignore")] == [
        f".gitignore: remove the line {line}; with it `dvc push` and `dvc pull` pass over data/raw"
        for line in ("/data/raw/*", "data/raw/*")
    ]
