"""What lies in the folders of AffectNet: names without hidden files, and listed pictures that are not there."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmark.errors import BadInput
from benchmark.faces.reading.walking import passed_over

DEPTH = 2  # folders below the given one in which lists and parts are searched


class Listed(Protocol):
    """A picture that the release lists."""

    @property
    def where(self) -> str:
        """File (and line) that lists it."""

    @property
    def path(self) -> str:
        """Relative to the raw folder, with '/'."""


def names(folder: Path) -> list[str]:
    """The names in a folder without those that are `passed_over`, in no order. Empty if it is no folder."""
    try:
        return [name for name in os.listdir(folder) if not passed_over(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def places(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The folder and the folders at most `depth` below it, level by level, each level sorted."""
    level, every = [folder], [folder]
    for _ in range(depth):
        level = sorted(Path(e.path) for top in level for e in os.scandir(top) if not passed_over(e.name) and e.is_dir())
        every += level
    return every


def check_pictures(folder: Path, listed: Sequence[Listed], allowed: float) -> tuple[str, ...]:
    """Notes about listed pictures that are not there. Each folder is listed once; no picture is opened.

    Raises:
        BadInput: more than the fraction `allowed` of them are missing; a folder of pictures is a link that leads out.
    """
    missing, base = _missing(folder, listed), folder.resolve()
    first_of: dict[str, Listed] = {}
    for picture in listed:
        first_of.setdefault(picture.path.rpartition("/")[0], picture)
    for picture in first_of.values():
        if not (place := (folder / picture.path).parent).resolve().is_relative_to(base):
            raise BadInput(picture.where, f"{place}, a link that leads out of {folder}", "lists and pictures in one folder")
    if not missing:
        return ()
    first, share = missing[0], f"{len(missing)} of the {len(listed)} pictures"
    if len(missing) > allowed * len(listed):
        expected = f"at most {100 * allowed:g} % of the listed pictures missing"
        if len(missing) == len(listed):
            expected += f"; folders of pictures are searched at most {DEPTH} folders below the given one"
        raise BadInput(first.where, f"no picture {folder / first.path}; {share} are missing", expected)
    return (f"{share} are missing and left out, the first is {folder / first.path} ({first.where})",)


def _missing(folder: Path, listed: Sequence[Listed]) -> list[Listed]:
    by_folder: dict[str, list[int]] = defaultdict(list)
    for number, picture in enumerate(listed):
        by_folder[picture.path.rpartition("/")[0]].append(number)
    missing = []
    for parent, numbers in by_folder.items():
        present = set(names(folder / parent))
        absent = [k for k in numbers if listed[k].path.rpartition("/")[2] not in present]
        missing += [k for k in absent if not (folder / listed[k].path).exists()]  # a name may be written in another way
    return [listed[k] for k in sorted(missing)]
