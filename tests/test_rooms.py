"""The house: imports point down the rooms, packages say what they are for and nothing else, tests mirror them."""

import ast
import os
import re
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
    """Each in a copy of the package: an import up, torch behind the report, a measurement in it, a circle and others."""
    shutil.copytree(PACKAGE, tmp_path / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wrong = {
        "claims/rules.py": "from benchmark.runs import plan",
        "report/style.py": "import torch",
        "faces/reading/raw.py": "from benchmark.faces import data_sets",
        "runs/training/seeds.py": "from benchmark.runs import params",
        "runs/training/batches.py": "import pandas",
        "report/tables.py": "from benchmark.measures.robustness import corruptions",
        "protocol/building.py": "import ablations",
    }
    for name, line in wrong.items():
        path = tmp_path / "benchmark" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = contracts(tmp_path)
    assert done.returncode == 1
    for sentence in (
        "Claims do not see runs BROKEN",
        "reaches torch BROKEN",
        "and measure nothing BROKEN",
        "does not name the packages that offer networks BROKEN",
        "Training needs torch and numpy alone BROKEN",
        "No circle BROKEN",
        "What decides a run's numbers sees nothing of which runs there are BROKEN",
    ):
        assert sentence in done.stdout, done.stdout


def test_every_package_says_what_it_is_for_and_nothing_else():
    packages = sorted({path.parent for path in PACKAGE.rglob("*.py")})
    assert len(packages) > 20
    for package in packages:
        tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), package
        assert len(tree.body) == 1 or package == PACKAGE, package  # the top is the Python interface


def test_tests_stand_in_rooms_that_there_are():
    here = ROOT / "tests" / "benchmark"
    folders = {path.parent.relative_to(here) for path in here.rglob("test_*.py")}
    assert all((PACKAGE / folder).is_dir() for folder in folders) and Path() not in folders


NAME = re.compile(r"`(benchmark(?:\.\w+)+)")
FILE = re.compile(r"`((?:benchmark|tests|docs)/[\w./-]+)")


def test_names_and_files_in_docs_and_docstrings_exist():
    """`benchmark.x.y` is a module, or something that its module defines; `benchmark/x/y` is a file or a folder."""
    texts = [*PACKAGE.rglob("*.py"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), ROOT / "dvc.yaml"]
    contents = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in texts}
    names = {(path, name) for path, text in contents.items() for name in NAME.findall(text)}
    files = {(path, name) for path, text in contents.items() for name in FILE.findall(text) if "NAME" not in name}
    assert len(names) > 50 and len(files) > 30
    assert sorted(f"{path}: {name}" for path, name in names if not is_defined(name)) == []
    assert sorted(f"{path}: {name}" for path, name in files if not (ROOT / name).exists()) == []


def is_defined(name: str) -> bool:
    """Whether a dotted name is a module, or is defined in one, or in a class of one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if source.is_file():
            return _has(ast.parse(source.read_text(encoding="utf-8")).body, parts[end:])
    return False


def _has(body: list[ast.stmt], names: list[str]) -> bool:
    """Whether the statements of a module or class define the first name, and its class the next, and so on."""
    if not names:
        return True
    for each in body:
        if isinstance(each, ast.ClassDef | ast.FunctionDef) and each.name == names[0]:
            return _has(each.body, names[1:])
        targets = each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AnnAssign) else []
        if any(isinstance(node, ast.Name) and node.id == names[0] for target in targets for node in ast.walk(target)):
            return len(names) == 1
    return False
