"""Files as they are at a revision of the git repository around the working directory."""

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.leftovers import clear, temporary


@contextlib.contextmanager
def files_at(revision: str, paths: Sequence[str]) -> Iterator[Path]:
    """Yield a temporary folder with `paths` (relative to the working directory) as they are at a revision. Those that it
    does not have are missing.

    Raises:
        BadInput: no git, no repository, no such revision, or one with none of the paths: the repository of another project.
    """
    revision = commit_of(revision)
    listed = _git(["ls-tree", "-z", "--name-only", revision, "--", *paths]).split(b"\0")
    there = [name.decode() for name in listed if name]
    if not there:
        found = f"a repository without {' and '.join(paths)} at {revision[:12]}"
        raise BadInput(f"git in {Path.cwd()}", found, "the project's own repository here")
    unpacking = Path(tempfile.gettempdir(), "ferbench-revision")
    clear(unpacking)  # what a killed call left
    with temporary(unpacking, folder=True, mode=0o700) as folder:
        with tarfile.open(fileobj=io.BytesIO(_git(["archive", revision, "--", *there]))) as archive:
            # An attribute, not the argument, which Python has from 3.11.4 on. The archive is one that git has just made.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            archive.extractall(folder)  # noqa: S202
        yield folder


def changed_since(revision: str, folder: Path) -> list[Path]:
    """The files below `folder` that are not the same in the working tree and at a revision of its repository, deleted ones
    too. BadInput as of `files_at`."""
    revision = commit_of(revision, folder)
    how = ["-z", "--relative", "--no-renames", "--name-only"]
    changed = _git(["diff", *how, revision, "--", "."], folder)
    new = _git(["ls-files", "-z", "--others", "--", "."], folder)
    return sorted({folder / name.decode() for name in (changed + new).split(b"\0") if name})


def commit_of(revision: str, folder: Path = Path()) -> str:
    """The full name of the commit of a revision of the repository around a folder. BadInput if there is none, no repository
    or no git."""
    asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    return _git(asked, folder, revision).decode().strip()


def _git(arguments: Sequence[str], folder: Path = Path(), revision: str = "") -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise BadInput("git", "no such program", "git, to read a revision") from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode(errors="replace").split())[:200]
        where = f"git {arguments[0]}" + (f" {revision}" if revision else "")
        raise BadInput(where, said or "no such revision", "a revision of the git repository here") from error
