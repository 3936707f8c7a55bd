"""The commit of the checkout that the code lies in."""

import subprocess
from pathlib import Path

CODE = ("*.py", "*.c", "*.yaml", ":(exclude)tests", ":(exclude)params.yaml")  # below the top folder of the code


def commit() -> str | None:
    """The checkout's commit, with "+changes" when code or YAML files that it tracks differ from it, apart from tests and the
    selected plan; None outside a git checkout.

    Code that was unpacked from an archive may lie inside some other repository. That one does not track this file, and its
    commit says nothing about the code.
    """
    here = Path(__file__).resolve()
    top = here.parents[2]

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=top, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "--", str(here.relative_to(top)))
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *CODE)
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
