"""Where the files of Aff-Wild lie in the folder that a user gives, and what there is in place of them."""

import re
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.first_bytes import HEAD, kind
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.walking import folders_below, within_passed_over

ARCHIVE = re.compile(r".+\.(zip|rar|tar|7z|tgz|gz|bz2|xz)(\.\d+)?", re.ASCII | re.IGNORECASE)  # .001: one part of several


def root_of(folder: Path) -> Path:
    """The folder that contains annotations/train and videos/train: `folder` itself, or one at most two levels below it.
    BadInput if there is none or more than one, or if `folder` is none."""
    expected = "one folder with annotations/train and videos/train (docs/data/affwild.md)"
    if folder.is_file():
        with open(folder, "rb") as stream:
            what = kind(stream.read(HEAD))
        raise BadInput(folder, f"a file, {what}", f"{expected}; an archive must be unpacked first")
    if not folder.is_dir():
        raise BadInput(folder, "no folder", expected)
    levels = [folder, *sorted(folder.glob("[!.]*")), *sorted(folder.glob("[!.]*/[!.]*"))]
    levels = [path for path in levels if not within_passed_over(path.relative_to(folder))]
    found = [path for path in levels if (path / "annotations" / "train").is_dir() and (path / "videos" / "train").is_dir()]
    if len(found) != 1:
        inside = shown(sorted(path.name for path in folder.glob("[!.]*"))) or "nothing"
        what = f"{len(found)} folders with annotations/train and videos/train" if found else inside + not_unpacked(folder)
        raise BadInput(folder, what, expected)
    return found[0]


def not_unpacked(root: Path) -> str:
    """The archives below `root`, to be added to a sentence about what is missing; empty if there is none."""
    archives = [
        (Path(top) / name).relative_to(root).as_posix()
        for top, files, _ in folders_below(root)
        for name in files
        if ARCHIVE.fullmatch(name)
    ]
    return f"; not unpacked: {shown(sorted(archives))}" if archives else ""
