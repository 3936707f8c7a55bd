"""The commit of the checkout that the code lies in."""

import subprocess
from pathlib import Path


def commit() -> str | None:
    """The checkout's commit, with "+changes" when tracked code or YAML files differ from it; None outside a git checkout.

    Code that was unpacked from an archive may lie inside some other repository. That one does not track this file, and its
    commit says nothing about the code.
    """
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "--", Path(__file__).name)
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "*.py", "*.c", "*.yaml")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
