"""What lies in the folders of AffectNet: the search for lists and parts, in any case of their names; and which listed
pictures are not there."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmark.errors import BadInput
from benchmark.faces.reading.unpacked import not_unpacked
from benchmark.faces.reading.walking import passed_over

DEPTH = 2  # folders below the given one in which lists and parts are searched
ENOUGH = 1000  # missing pictures whose annotations are read to tell faces from others, if that is enough to refuse


class Listed(Protocol):
    """A picture that the release lists."""

    @property
    def where(self) -> str:
        """File (and line) that lists it."""

    @property
    def path(self) -> str:
        """Relative to the raw folder, with '/'."""

    @property
    def is_face(self) -> bool:
        """Whether it is of one of the eight classes. BadInput if its annotation has to be read for that and is none."""


@dataclass(frozen=True)
class Searched:
    """What was found in a folder and those at most `DEPTH` below it.

    Attributes:
        places: these folders, level by level, each level sorted; without those that can not be read or lead back by a link.
        entries: name in lower case -> the files and folders that have it in any case, in the order of `places`.
        notes: a sentence for each folder that is passed over.
    """

    places: Sequence[Path]
    entries: Mapping[str, Sequence[Path]]
    notes: tuple[str, ...]

    def folders(self, name: str) -> list[Path]:
        """Those of `entries` that are folders."""
        return [path for path in self.entries.get(name, ()) if path.is_dir()]

    def files(self, name: str) -> list[Path]:
        """Those of `entries` that are files."""
        return [path for path in self.entries.get(name, ()) if path.is_file()]


def search(folder: Path, wanted: Collection[str]) -> Searched:
    """Look for the names `wanted`, in lower case.

    Raises:
        BadInput: the folder itself, or one with such a name, can not be read.
    """
    places: list[Path] = []
    entries: dict[str, list[Path]] = defaultdict(list)
    notes: list[str] = []
    level = [folder]
    for depth in range(DEPTH + 1):
        below: list[Path] = []
        for place in level:
            try:
                with os.scandir(place) as inside:
                    own = [each for each in inside if depth < DEPTH or each.name.lower() in wanted]
            except OSError as error:
                if place == folder or place.name.lower() in wanted:
                    raise _not_read(place, error) from error
                notes.append(f"{place} is passed over: {_said(error)}")
                continue
            places.append(place)
            for entry in sorted((each for each in own if not passed_over(each.name)), key=lambda each: each.name):
                if entry.name.lower() in wanted:
                    entries[entry.name.lower()].append(Path(entry.path))
                if depth < DEPTH and _is_folder(entry, notes):
                    below.append(Path(entry.path))
        level = sorted(below)
    return Searched(places, entries, tuple(notes))


def names(folder: Path) -> list[str]:
    """The names in a folder without those that are `passed_over`, in no order. Empty if it is no folder. BadInput if it can
    not be read."""
    try:
        return [name for name in os.listdir(folder) if not passed_over(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _not_read(folder, error) from error


def subfolder(folder: Path, name: str) -> Path | None:
    """The folder inside of `folder` that is called `name`, which is in lower case, in any case; None if there is none.
    BadInput for two of them."""
    found = sorted(folder / each for each in names(folder) if each.lower() == name and (folder / each).is_dir())
    if len(found) > 1:
        raise BadInput(folder, f"both {' and '.join(each.name for each in found)}", f"one folder {name}")
    return found[0] if found else None


def packed(folder: Path, places: Iterable[Path]) -> str:
    """As `not_unpacked`, of what lies in these places below `folder`."""
    return not_unpacked(folder, (place / name for place in places for name in names(place)))


def check_pictures(
    folder: Path, listed: Sequence[Listed], allowed: float, *, faces: float | None = None, searched: str
) -> tuple[set[str], tuple[str, ...]]:
    """(paths of the listed pictures of the eight classes that are not there, notes about them). Each folder is
    listed once; no picture is opened.

    Args:
        listed: pictures, those of other classes perhaps among them.
        allowed: largest fraction of the faces that may be missing.
        faces: how many of `listed` are about faces of the eight classes; None: all are.
        searched: where pictures are looked for, for a release of which none is there.

    Raises:
        BadInput: more than the fraction `allowed` of the faces are missing; a folder of pictures is a link that leads out.
    """
    absent, base = _missing(folder, listed), folder.resolve()
    first_of: dict[str, Listed] = {}
    for picture in listed:
        first_of.setdefault(picture.path.rpartition("/")[0], picture)
    for picture in first_of.values():
        if not (place := (folder / picture.path).parent).resolve().is_relative_to(base):
            raise BadInput(picture.where, f"{place}, a link that leads out of {folder}", "the pictures themselves there")
    limit = allowed * (len(listed) if faces is None else faces)
    missing: list[Listed] = []
    enough = False
    for number, picture in enumerate(absent):
        if enough := faces is not None and number >= ENOUGH and len(missing) > limit:
            break
        if picture.is_face:
            missing.append(picture)
    if not missing:
        return set(), ()
    total = f"the {len(listed)} pictures" if faces is None else f"about {faces:.0f} pictures of the eight classes"
    first, share = missing[0], f"{'at least ' * enough}{len(missing)} of {total}"
    if len(missing) > limit:
        found = f"no picture {folder / first.path}; {share} are missing"
        expected = f"at most {100 * allowed:g} % of the listed pictures missing"
        if len(absent) == len(listed):
            found += packed(folder, search(folder, ()).places)
            expected += f"; {searched}"
        raise BadInput(first.where, found, expected)
    note = f"{share} are missing and left out, the first is {folder / first.path} ({first.where})"
    return {picture.path for picture in missing}, (note,)


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


def _is_folder(entry: "os.DirEntry[str]", notes: list[str]) -> bool:
    """Whether it is a folder that does not lead back to one in which it lies; others are noted."""
    try:
        if not entry.is_dir():
            return False
    except OSError as error:  # such as a link to itself
        notes.append(f"{entry.path} is passed over: {_said(error)}")
        return False
    if entry.is_symlink() and Path(os.path.realpath(Path(entry.path).parent)).is_relative_to(os.path.realpath(entry.path)):
        notes.append(f"{entry.path} is passed over: a link to a folder in which it lies")
        return False
    return True


def _not_read(folder: Path, error: OSError) -> BadInput:
    return BadInput(folder, _said(error), "a folder that can be read")


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
