"""The files below a folder, without those that systems leave there."""

import os
from pathlib import Path, PurePath, PurePosixPath

LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})  # Windows, macOS and its archives; in lower case


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is no part of a data set: hidden (``.DS_Store``, ``._x.jpg``), Thumbs.db,
    desktop.ini or __MACOSX."""
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS


def within_passed_over(path: PurePath) -> bool:
    """Whether a relative path, or a folder on it, is `passed_over`."""
    return any(map(passed_over, path.parts))


def files_below(folder: Path) -> list[PurePosixPath]:
    """Every file below `folder`, relative to it, sorted by the parts of its path. What is `passed_over` is left out. Links
    to folders are not followed."""
    found = []
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not passed_over(name)]
        inside = PurePosixPath(Path(top).relative_to(folder).as_posix())
        found += [inside / name for name in files if not passed_over(name)]
    return sorted(found, key=lambda path: path.parts)
