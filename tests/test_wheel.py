"""The built wheel outside a checkout: its data files, entry points and default profile."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOOK = """
import importlib.metadata, json
from benchmark.claims.load import load_claims
from benchmark.faces.card import card
from benchmark.outside.release.findings import FACTS
from benchmark.photographs.carried import KINDS, carried_network
from benchmark.protocol import registry
from benchmark.protocol.cells import load_cells
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.report.pages.site import TEMPLATES
from benchmark.runs.plan import profile_names
from benchmark.runs.tuning_log import SEARCHES
import benchmark
assert not registry._PYPROJECT.is_file(), registry._PYPROJECT
templates = sorted(path.name for path in TEMPLATES.rglob("*") if path.is_file())
print(json.dumps({
    "where": benchmark.__file__,
    "protocols": [load_protocol(name).hash for name in protocol_names()],
    "models": len(registry.models()), "cells": len(load_cells()), "claims": len(load_claims()), "profiles": profile_names(),
    "carried": [len(carried_network(kind).members) for kind in KINDS],
    "card": card("synthetic").may_be_shown, "facts": FACTS.is_file(), "searches": SEARCHES.is_file(), "templates": templates,
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An empty folder into which the wheel, made from a copy of the tracked sources, was unpacked by pip."""
    work = tmp_path_factory.mktemp("wheel")
    for name in ("benchmark", "ablations", "baselines"):
        shutil.copytree(ROOT / name, work / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, work / "source")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    here = ["--no-build-isolation"] if _has_backend() else []  # else pip gets it, into an environment of its own
    made = subprocess.run(
        [*pip, "wheel", "-q", "--no-deps", *here, "-w", work, work / "source"], capture_output=True, text=True, check=False
    )
    if made.returncode and ("No matching distribution" in made.stderr or "Connection" in made.stderr):
        pytest.skip("no package index to get the build backend from")
    assert made.returncode == 0, made.stderr
    (wheel,) = work.glob("ferbench-*.whl")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-compile", "--target", work / "site", wheel], check=True)
    return work / "site"


def _has_backend() -> bool:
    """Whether the build backend that pyproject.toml asks for is installed."""
    (wanted,) = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"])
    try:
        return importlib.metadata.version(wanted.name) in wanted.specifier
    except importlib.metadata.PackageNotFoundError:
        return False


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_no_file_of_the_packages_is_left_out(installed):
    for package in ("benchmark", "ablations", "baselines"):
        files = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()}
        own = {path for path in files if "__pycache__" not in path.parts}
        assert len(own) > 5 and [path for path in sorted(own) if not (installed / path).is_file()] == []


def test_everything_that_the_suite_reads_is_in_it(installed, tmp_path):
    import json

    from benchmark.protocol.cells import load_cells
    from benchmark.protocol.protocol import load_protocol, protocol_names

    done = run(installed, tmp_path, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["where"]).is_relative_to(installed)
    assert found["protocols"] == [load_protocol(name).hash for name in protocol_names()]
    assert found["cells"] == len(load_cells()) and found["models"] == 13 and found["claims"] > 10
    assert found["carried"] == [1, 5]
    assert found["card"] and found["facts"] and found["searches"] and "default" in found["profiles"]
    assert {"index.html.j2", "README.md.j2", "script.js", "searching.js", "minisearch.js", "style.css"} <= set(
        found["templates"]
    )


def test_the_command_makes_the_default_plan(installed, tmp_path):
    assert run(installed, tmp_path, "-m", "benchmark", "--help").returncode == 0
    done = run(installed, tmp_path, "-m", "benchmark", "profile", "default")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "params.yaml").read_text().startswith("# Written by `ferbench profile default`")
    entry = (next(installed.glob("ferbench-*.dist-info")) / "entry_points.txt").read_text()
    assert "ferbench = benchmark.__main__:main" in entry
