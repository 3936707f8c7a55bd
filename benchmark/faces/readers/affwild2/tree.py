"""The folders and files of a copy of Aff-Wild2, and which of them contain labels."""

import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.numbering import has_crops
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.unpacked import check_folder, not_unpacked
from benchmark.faces.reading.walking import passed_over

VA_FOLDERS = ("VA_Set", "VA_Estimation_Challenge")
PARTS = {"train_set": "train", "training_set": "train", "validation_set": "test"}
# The archive of 2020 unpacks to annotations/phoebe/dk15/new_aff_wild/Aff-Wild2_ready/VA_Set/annotations/Train_set.
DEEPEST = 10  # levels of folders that are searched below the data set's folder


def is_crops(name: str) -> bool:
    """Whether a folder of this name has folders of crops."""
    return name.lower().startswith("cropped_aligned")


class Tree:
    """The folders and files below `root`, without those that are `passed_over`. Folders of crops are listed in `crops` but
    not searched, because they contain millions of files. Links to folders are followed; a folder that is reached twice
    counts once. `closed` has the folders that can not be read, with the reason. Names of folders are compared in lower case.

    Raises:
        BadInput: `root` is no folder.
    """

    def __init__(self, root: Path):
        check_folder(root, "the data set's folder")
        self.root = root
        self.closed: dict[Path, str] = {}
        self.folders: list[Path] = []
        self.files: list[Path] = []
        self.crops: list[Path] = []
        seen = {os.path.realpath(root)}
        for place, folders, files in os.walk(root, followlinks=True, onerror=self._close):  # data often lie on another disk
            here = Path(place)
            real = {os.path.realpath(here / name): name for name in sorted(folders, reverse=True) if not passed_over(name)}
            folders[:] = sorted(name for path, name in real.items() if path not in seen)
            seen.update(real)
            self.folders += [here / name for name in folders]
            self.files += [here / name for name in sorted(files) if not passed_over(name)]
            nested = [name for name in folders if is_crops(name)]
            self.crops += [here / name for name in nested]
            deep = len(here.relative_to(root).parts) >= DEEPEST
            folders[:] = [] if deep else [name for name in folders if name not in nested]

    @cached_property
    def crops_of(self) -> dict[str, Path]:
        """Track -> its folder of crops. A cropped_aligned folder may contain another one, because archives unpack so. Of two
        folders of a track, one without crops is passed over; BadInput if both have some."""
        found: dict[str, Path] = {}
        waiting = list(self.crops)
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                inside = sorted((Path(e.path) for e in entries if e.is_dir() and not passed_over(e.name)), key=str)
            for folder in inside:
                if is_crops(folder.name):
                    waiting.append(folder)
                elif folder.name not in found or not has_crops(found[folder.name]):
                    found[folder.name] = folder
                elif has_crops(folder):
                    raise BadInput(folder, f"track {folder.name} a second time, beside {found[folder.name]}", "it once")
        return found

    @cached_property
    def dead_links(self) -> list[Path]:
        """The links that lead to nothing, also those among the folders of tracks."""
        return [path for path in [*self.files, *self._beside_tracks] if path.is_symlink() and not path.exists()]

    def hints(self) -> str:
        """What may be the reason that something was not found, to be added to a sentence; empty if nothing is known."""
        told = {
            "links to nothing": map(self._inside, self.dead_links),
            "folders that can not be read": (f"{self._inside(path)} ({why})" for path, why in self.closed.items()),
        }
        others = "".join(f"; {what}: {text}" for what, names in told.items() if (text := shown(names)))
        return not_unpacked(self.root, [*self.files, *self._beside_tracks]) + others

    @cached_property
    def _beside_tracks(self) -> list[Path]:
        """What lies beside the folders of tracks and is none."""
        found = []
        for folder in self.crops:
            with os.scandir(folder) as entries:
                found += [Path(entry.path) for entry in entries if not entry.is_dir() and not passed_over(entry.name)]
        return sorted(found)

    def _inside(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _close(self, error: OSError) -> None:
        self.closed[Path(error.filename or self.root)] = error.strerror or str(error)

    @cached_property
    def texts(self) -> list[Path]:
        """The text files, which may be lists or labels."""
        return [path for path in self.files if path.suffix.lower() in (".txt", ".csv")]

    @cached_property
    def label_folders(self) -> dict[Path, dict[Path, str]]:
        """Folder of an edition of labels -> {folder of an official part: "train" or "test"}.

        The folder of an edition has one of the names `VA_FOLDERS`. If there is none, the data set's folder itself may be
        one that was renamed. Parts without text files, such as those below VA_Set/videos, are left out. If such a folder
        lies in another one and has the same parts, as when an archive is unpacked into a folder of its own name, the inner
        one counts.
        """
        official = [name.lower() for name in VA_FOLDERS]
        parts = {top: self._parts(top) for top in (self.root, *self.folders) if top.name.lower() in official}
        parts = {top: own for top, own in parts.items() if own}
        doubled = {top for top in parts for other in parts if top in other.parents and parts[top] == parts[other]}
        found = {top: own for top, own in parts.items() if top not in doubled}
        near = (
            self.root,
            *(path for path in self.folders if path.parent == self.root and path.name.lower() == "annotations"),
        )
        renamed = {part: name for part, name in self._parts(self.root).items() if part.parent in near}
        return found or ({self.root: renamed} if renamed else {})

    def labels_in(self, folder: Path) -> list[Path]:
        """The label files that lie directly in a folder, sorted."""
        return sorted(self._label_files.get(folder, ()))

    @cached_property
    def _label_files(self) -> dict[Path, list[Path]]:
        found: dict[Path, list[Path]] = defaultdict(list)
        for path in self.texts:
            if path.suffix.lower() == ".txt":
                found[path.parent].append(path)
        return found

    def _parts(self, top: Path) -> dict[Path, str]:
        named = [path for path in self.folders if path.name.lower() in PARTS and top in path.parents]
        named = [path for path in named if "videos" not in map(str.lower, path.relative_to(top).parts)]
        return {path: PARTS[path.name.lower()] for path in named if self.labels_in(path)}
