"""The files below a folder, without those that systems leave there."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath

from benchmark.errors import BadInput

LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})  # Windows, macOS and its archives; in lower case


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is no part of a data set: hidden (``.DS_Store``, ``._x.jpg``), Thumbs.db,
    desktop.ini, __MACOSX or the mark of a file that is open in an office program (``~$labels.csv``)."""
    return name.startswith((".", "~$")) or name.lower() in LEFT_BY_SYSTEMS


def within_passed_over(path: PurePath) -> bool:
    """Whether a relative path, or a folder on it, is `passed_over`."""
    return any(map(passed_over, path.parts))


def folders_below(folder: Path) -> Iterator[tuple[str, list[str], str | None]]:
    """`folder` and every folder below it, without what is `passed_over`: (path, names of its files, None). Links to folders
    are followed, because data often lie on another disk. A folder that is reached a second time, as by a link to one above,
    is given without files and with the path by which it was reached first."""
    seen: dict[str, str] = {}
    for top, folders, files in os.walk(folder, followlinks=True):
        first = seen.setdefault(os.path.realpath(top), top)
        if first != top:
            folders[:] = []
            yield top, [], first
            continue
        folders[:] = sorted(name for name in folders if not passed_over(name))
        yield top, [name for name in files if not passed_over(name)], None


def files_below(folder: Path) -> list[PurePosixPath]:
    """Every file of `folders_below`, relative to `folder`, sorted by the parts of its path. BadInput for a folder that is
    reached twice: which of its names counts is not known."""
    found = []
    for top, files, first in folders_below(folder):
        if first is not None:
            raise BadInput(top, f"the folder {first} a second time, by a link", "each folder once; remove the link")
        inside = PurePosixPath(Path(top).relative_to(folder).as_posix())
        found += [inside / name for name in files]
    return sorted(found, key=lambda path: path.parts)
