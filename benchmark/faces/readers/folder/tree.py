"""Folders ``split/class/picture``, or ``class/picture`` where the splits are made here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.rows import Row, Spellings
from benchmark.faces.reading.pictures import SUFFIXES
from benchmark.faces.reading.walking import files_below, folders_below


@dataclass(frozen=True)
class Tree:
    """The layout of a preset.

    Attributes:
        edition: what is read so.
        top: where it may begin: patterns of folders, "." for the folder given.
        needs: folders by which it is recognised: all of them.
        id: "path", or "name" for ids that are the names of the files alone.
        splits: whether the first level of folders are splits.
        names: of the splits that the release has; empty: any.
        split: regular expression that finds the split in a picture's name too, which must be that of its folder; None: it
            does not.
    """

    edition: str
    top: tuple[str, ...]
    needs: tuple[str, ...]
    id: str = "path"
    splits: bool = True
    names: tuple[str, ...] = ()
    split: str | None = None

    @property
    def wanted(self) -> str:
        """What it looks for."""
        return f"folders {', '.join(self.needs)}"

    def lies_in(self, base: Path) -> bool:
        """Whether a folder has this layout."""
        return not self.lacks(base)

    def lacks(self, base: Path) -> list[str]:
        """Those of the needed folders that are not there."""
        return [name for name in self.needs if not (base / name).is_dir()]

    def read(self, base: Path) -> tuple[list[Row], list[str]]:
        """As `read_tree`, and notes. BadInput also for a split that the release has not, and a picture of another split."""
        rows = read_tree(base, splits=self.splits, id=self.id)
        for row in rows:
            if self.names and row.split not in self.names:
                raise BadInput(base / row.split, f"the split '{row.split}'", f"{' and '.join(self.names)}, as released")
            if self.split and ((match := re.search(self.split, row.path.name)) is None or match[1] != row.split):
                raise BadInput(row.where, f"a picture named {row.path.name}", f"in {row.split}, one with {self.split}")
        return rows, empty_folders(base)


def read_tree(folder: Path, *, splits: bool, id: str = "path") -> list[Row]:
    """The rows of folders ``split/class/picture``, without `splits` ``class/picture``, sorted by path. Hidden files, what
    systems leave behind, and files directly in `folder` are passed over.

    Raises:
        BadInput: a file at another depth, or one without the suffix of a picture; names of splits or classes that differ by
            case or blanks alone.
    """
    rows, shape = [], "split/class/picture" if splits else "class/picture"
    depth = shape.count("/") + 1
    paths = [path for path in files_below(folder) if len(path.parts) > 1]
    of_splits, of_classes = Spellings("split"), Spellings("class")
    for path in paths:
        file = folder / path
        if len(path.parts) != depth:
            raise BadInput(file, f"a file {len(path.parts) - 1} folders deep", shape + _wrapped(paths, depth))
        if path.suffix.lower() not in SUFFIXES:
            raise BadInput(file, f"ending '{path.suffix}'", f"a picture: one of {', '.join(sorted(SUFFIXES))}")
        split = path.parts[0] if splits else ""
        of_splits.add(split, folder / split)
        of_classes.add(path.parts[-2], folder / path.parent)
        rows.append(Row(str(file), path, split, expression=path.parts[-2], id=path.name if id == "name" else ""))
    return rows


def empty_folders(folder: Path) -> list[str]:
    """A note about the folders below that have neither files nor folders, such as those of an archive that was unpacked in
    part."""
    below = [(Path(top), files) for top, files, _ in folders_below(folder)]
    parents = {top.parent for top, _ in below}
    empty = [top for top, files in below if not files and top not in parents]
    return [f"empty folders: {len(empty)} (the first: {empty[0]})"] if empty else []


def _wrapped(paths: Sequence[PurePosixPath], depth: int) -> str:
    """What to do if everything lies one folder deeper, else nothing."""
    tops = {path.parts[0] for path in paths}
    if len(tops) == 1 and all(len(path.parts) == depth + 1 for path in paths):
        return f"; or the option 'top: {tops.pop()}' in folder.yaml"
    return ""
