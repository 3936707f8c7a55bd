"""What may not have been unpacked: a file that is given in place of a folder, archives where something is missing."""

import re
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.first_bytes import HEAD, kind
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.walking import folders_below

_ARCHIVE = re.compile(r".+\.(zip|rar|tar|7z|tgz|gz|bz2|xz)(\.\d+)?", re.ASCII | re.IGNORECASE)  # .001: one part of several


def check_folder(path: Path, expected: str) -> None:
    """Raise BadInput, with what is `expected`, for a path that is no folder. Of a file it says the kind."""
    if path.is_file():
        with open(path, "rb") as stream:
            found = f"a file, {kind(stream.read(HEAD))}"
        raise BadInput(path, found, f"{expected}; an archive is to be unpacked first")
    if not path.is_dir():
        raise BadInput(path, "no such folder", expected)


def not_unpacked(root: Path, files: Iterable[Path]) -> str:
    """The archives among `files`, told by the ends of their names, as an addition to a sentence about what is missing; empty
    if there are none. `root`: they are named relative to it."""
    found = sorted(path.relative_to(root).as_posix() for path in files if _ARCHIVE.fullmatch(path.name))
    return f"; not unpacked: {shown(found)}" if found else ""


def packed_below(root: Path) -> str:
    """As `not_unpacked`, of all files below `root`."""
    return not_unpacked(root, (Path(top) / name for top, files, _ in folders_below(root) for name in files))
