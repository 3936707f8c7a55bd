"""Where the files of Aff-Wild lie in the folder that a user gives, and what there is in place of them."""

from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.unpacked import check_folder, packed_below
from benchmark.faces.reading.walking import within_passed_over


def root_of(folder: Path) -> Path:
    """The folder that contains annotations/train and videos/train: `folder` itself, or one at most two levels below it.
    BadInput if there is none or more than one, or if `folder` is none."""
    expected = "one folder with annotations/train and videos/train (docs/data/affwild.md)"
    check_folder(folder, expected)
    levels = [folder, *sorted(folder.glob("[!.]*")), *sorted(folder.glob("[!.]*/[!.]*"))]
    levels = [path for path in levels if not within_passed_over(path.relative_to(folder))]
    found = [path for path in levels if (path / "annotations" / "train").is_dir() and (path / "videos" / "train").is_dir()]
    if len(found) != 1:
        inside = shown(sorted(path.name for path in folder.glob("[!.]*"))) or "nothing"
        what = f"{len(found)} folders with annotations/train and videos/train" if found else inside + packed_below(folder)
        raise BadInput(folder, what, expected)
    return found[0]
