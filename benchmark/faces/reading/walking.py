"""The files below a folder, without those that systems leave there."""

import os
from pathlib import Path, PurePosixPath

LEFT_BY_WINDOWS = frozenset({"thumbs.db", "desktop.ini"})  # in lower case
LEFT_BY_MACOS = "__MACOSX"


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is no part of a data set: hidden (``.DS_Store``, ``._x.jpg``), Thumbs.db,
    desktop.ini or __MACOSX."""
    return name.startswith(".") or name.lower() in LEFT_BY_WINDOWS or name == LEFT_BY_MACOS


def files_below(folder: Path) -> list[PurePosixPath]:
    """Every file below `folder`, relative to it, sorted by the parts of its path. What is `passed_over` is left out. Links
    to folders are not followed."""
    found = []
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not passed_over(name)]
        inside = PurePosixPath(Path(top).relative_to(folder).as_posix())
        found += [inside / name for name in files if not passed_over(name)]
    return sorted(found, key=lambda path: path.parts)
