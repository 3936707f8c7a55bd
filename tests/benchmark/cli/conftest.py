"""A project with two trained runs, their published records and their report, in a git repository of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PROTOCOL = {
    "name": "tiny",
    "version": "1.0",
    "data": "tiny",
    "data_version": "1.0",
    "task": "categorical",
    "classes": ["low", "middle", "high"],
    "splits": {"train": "train", "validation": "validation", "test": "test"},
    "input_size": 16,
    "channels": 3,
    "recipe": "quick",
    "epochs": 2,
    "selection": "best-validation",
    "tta": ["none", "flip"],
}
CELL = "mini-xception-plain"
ENTRY = {"protocol": "tiny.yaml", "data": "tiny", "package": "baselines", "recipe": "quick", "cell": CELL,
         "model": "mini-xception", "options": {}, "loss": "plain"}  # fmt: skip


def git(root: Path, *arguments: str) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny_faces) -> Path:
    """The project; not to be changed."""
    import torch

    from benchmark.records.importing import copy_record
    from benchmark.records.record import read_record
    from benchmark.report.build import build
    from benchmark.runs.params import runs_of
    from benchmark.runs.runner import Site, run_all

    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        (root / "tiny.yaml").write_text(yaml.safe_dump(PROTOCOL))
        contents = {"seeds": [0, 1], "runs": {f"tiny_{CELL}": ENTRY}}
        (root / "params.yaml").write_text(yaml.safe_dump(contents))
        prepared = root / "data" / "prepared"
        shutil.copytree(tiny_faces.directory, prepared / "tiny")
        runs = runs_of(contents, f"tiny_{CELL}")
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            run_all(runs, Site(prepared, root / "runs", torch.device("cpu")))
        finally:
            torch.set_num_threads(before)
        reports = root / "reports"
        for run in runs:
            copy_record(read_record(root / "runs" / run.place), reports / "records" / run.place)
        build(reports / "records", reports / "complexity.json", reports / "data", reports)
        (root / ".gitignore").write_text("/runs/\n/data/\n")
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "published")
    return root


@pytest.fixture
def project(trained, tmp_path, monkeypatch) -> Path:
    """A copy of the project, as the working directory."""
    root = tmp_path / "project"
    shutil.copytree(trained, root)
    monkeypatch.chdir(root)
    return root
