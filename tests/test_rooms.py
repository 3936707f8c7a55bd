"""The house: imports point down the rooms, packages say what they are for and nothing else, tests mirror them."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "benchmark"


def contracts(root: Path) -> subprocess.CompletedProcess:
    """import-linter over the package below `root`, by the contracts of its pyproject.toml."""
    pytest.importorskip("importlinter")
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_the_contracts_are_kept():
    done = contracts(ROOT)
    assert done.returncode == 0 and "0 broken" in done.stdout, done.stdout


def test_what_is_broken_on_purpose_is_caught(tmp_path):
    """Each in a copy of the package: an import up, torch behind the report, a circle."""
    shutil.copytree(PACKAGE, tmp_path / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wrong = {
        "claims/rules.py": "from benchmark.runs import plan",
        "report/style.py": "import torch",
        "faces/reading/raw.py": "from benchmark.faces import data_sets",
        "runs/training/seeds.py": "from benchmark.runs import params",
    }
    for name, line in wrong.items():
        path = tmp_path / "benchmark" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = contracts(tmp_path)
    assert done.returncode == 1
    for sentence in (
        "Claims do not see runs BROKEN",
        "reach no torch BROKEN",
        "No circle BROKEN",
        "What decides a run's numbers sees nothing of which runs there are BROKEN",
    ):
        assert sentence in done.stdout, done.stdout


def test_every_package_says_what_it_is_for_and_nothing_else():
    packages = sorted({path.parent for path in PACKAGE.rglob("*.py")})
    assert len(packages) > 20
    for package in packages:
        tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree) and len(tree.body) == 1, package


def test_tests_stand_in_rooms_that_there_are():
    here = ROOT / "tests" / "benchmark"
    folders = {path.parent.relative_to(here) for path in here.rglob("test_*.py")}
    assert all((PACKAGE / folder).is_dir() for folder in folders) and Path() not in folders
