"""Tracking of data/raw/NAME by DVC, and what is to be committed afterwards."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.errors import BadInput

# With one of these lines in the top .gitignore, DVC takes the whole of data/raw for ignored, whatever other lines except:
# then `dvc push` and `dvc pull` pass over it and say nothing.
HIDING = frozenset({"/data/raw/*", "data/raw/*"})


def in_dvc_repository(root: Path) -> bool:
    """Whether `root` or a folder above it has a folder ``.dvc``. BadInput if so and DVC is not installed."""
    root = root.resolve()
    found = any((folder / ".dvc").is_dir() for folder in (root, *root.parents))
    if found and importlib.util.find_spec("dvc") is None:
        raise BadInput("dvc add", "no DVC in this Python", "the package dvc, or an add without DVC")
    return found


def track(root: Path, name: str, say: Callable[[str], None]) -> None:
    """Run ``dvc add data/raw/NAME`` in `root` and say which files git must get now.

    Raises:
        BadInput: ``dvc add`` fails. What lies in data/raw stays.
    """
    folder = f"data/raw/{name}"
    say(f"dvc add {folder}")
    command = [sys.executable, "-m", "dvc", "add", folder]  # not --quiet, which would hide error messages
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        found = errors[0] if errors else f"exit status {done.returncode}"
        expected = "success; the file is in place, so the command can be repeated"
        if "is not a git repository" in found:
            expected = "a git repository, or, in an archive without .git, first `dvc config --local core.no_scm true`"
            expected += "; the file is in place, so the command can be repeated"
        raise BadInput(f"dvc add {folder}", found, expected)
    for line in sorted(HIDING.intersection(_lines(root / ".gitignore"))):
        say(f".gitignore: remove the line {line}; with it `dvc push` and `dvc pull` pass over data/raw")
    pending = [path for path in (f"{folder}.dvc", "data/raw/.gitignore") if _uncommitted(root, path)]
    if not _in_git(root):
        say(f"tracked by {folder}.dvc; there is no git here to commit it to")
    elif pending:
        say(f"tracked; next: git add {' '.join(pending)} && git commit -m 'Add {name}', then dvc push if there is a remote")
    else:
        say(f"tracked by {folder}.dvc as committed; nothing to commit")


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _in_git(root: Path) -> bool:
    return _git(root, "rev-parse", "--is-inside-work-tree") == "true"


def _uncommitted(root: Path, path: str) -> bool:
    """Whether a file is new, changed or staged."""
    return bool(_git(root, "status", "--porcelain", "--untracked-files=all", "--", path))


def _git(root: Path, *arguments: str) -> str:
    """What git prints; nothing where git fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
