"""A fresh environment for a package: the versions that are pinned beside its script, in a folder of its own."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from children import run
from shipped import FOLDER, LOCKS, Shipped

from benchmark.errors import SystemSaysNo

# Of the user's, which would bring other code in or put the packages elsewhere.
FOREIGN = ("PYTHON", "VIRTUAL_ENV", "CONDA", "NODE_", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_CONSTRAINT",
           "PIP_REQUIREMENT", "XDG_")  # fmt: skip


def variables(home: Path | None = None) -> dict[str, str]:
    """The environment variables of a command of a package.

    Args:
        home: its home folder, so that what it keeps there or finds there is not the user's; None: the user's, which has the
            settings and the cache of pip and npm.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    own = {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(FOLDER), "OMP_NUM_THREADS": "1"}
    return kept | own | ({} if home is None else {"HOME": str(home)})


def make(entry: Shipped, folder: Path, work: Path, log: Path) -> list[str]:
    """Install what a package needs below `work`.

    Args:
        folder: of the package, with its script and its pinned files.
        log: file to which the output of the installation is appended.

    Returns:
        the command that runs its script, without the arguments FACES and OUT.csv.

    Raises:
        SystemSaysNo: Node is not there; the installation failed.
    """
    place = work / "environment"
    install: Callable[[Path, Path, Path], list[str]] = _python if entry.language == "python" else _node
    return install(folder, place, log)


def _python(folder: Path, place: Path, log: Path) -> list[str]:
    interpreter = str(place / "bin" / "python") if os.name == "posix" else str(place / "Scripts" / "python.exe")
    run([sys.executable, "-m", "venv", str(place)], log, variables())
    # --no-deps: requirements.txt is complete, and has not everything that the packages ask for.
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    run([interpreter, "-m", "pip", "install", *options, "-r", str(folder / "requirements.txt")], log, variables())
    return [interpreter, str(folder / "predict.py")]


def _node(folder: Path, place: Path, log: Path) -> list[str]:
    programs = {name: shutil.which(name) for name in ("node", "npm")}
    for name, found in programs.items():
        if found is None:
            raise SystemSaysNo(name, "not on the path", "install Node, with npm; 20 was tried")
    place.mkdir()
    for file in ("predict.mjs", *LOCKS["node"]):
        shutil.copy2(folder / file, place)
    shutil.copy2(FOLDER / "contract.mjs", place)
    # --ignore-scripts: packages of this list need no code at their installation, and run none.
    run([str(programs["npm"]), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], log, variables(), cwd=place)
    return [str(programs["node"]), str(place / "predict.mjs")]
