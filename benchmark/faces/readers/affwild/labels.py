"""The labels of Aff-Wild: one file a dimension, or one file a video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading.label_lines import read_lines, table
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.unpacked import packed_below

DIMENSIONS = ("valence", "arousal")
COLUMNS = ("frame", *DIMENSIONS)
SCALES = {"-1..1": 1.0, "-1000..1000": 1000.0}
# Thousandths of a whole data set go beyond this. Scales of few steps, such as -10..10 or per cent, do not; which they are is
# not stated in the files, so they are refused.
BEYOND = 100


@dataclass(frozen=True)
class Labels:
    """The labels of one video.

    Attributes:
        numbers: int64 (F,), frame numbers from 1.
        values: float64 (F, 2), valence and arousal as written in the files.
        files: the files of valence and of arousal.
        first_line: line of the first label in the files.
        lengths: number of labelled frames in the file of each dimension.
    """

    numbers: NDArray[np.int64]
    values: NDArray[np.float64]
    files: tuple[Path, Path]
    first_line: int
    lengths: tuple[int, int]


def find(root: Path) -> tuple[str, dict[str, Labels], list[Path]]:
    """(layout, video -> labels sorted by video, text files that are not read) of the folder annotations/train below `root`.

    Raises:
        BadInput: no label file; two of one name, or in both layouts, for one video; a video with labels of one dimension
            only; an empty file or an invalid line.
    """
    folder = root / "annotations" / "train"
    parts = [folder / dimension for dimension in DIMENSIONS]
    others: list[Path] = []
    beside = _text_files(folder)
    if any(part.is_dir() for part in parts):
        files = _text_files(parts[0]), _text_files(parts[1])
        for present, other, lacking in ((*files, DIMENSIONS[1]), (*files[::-1], DIMENSIONS[0])):
            if alone := sorted(set(present) - set(other)):
                what = f"no file for {shown(alone)}{packed_below(root)}"
                raise BadInput(folder / lacking, what, "one for each file of the other dimension")
            if doubled := sorted(set(present) & set(beside)):
                what = f"labels of {doubled[0]} a second time, beside {present[doubled[0]]}"
                raise BadInput(beside[doubled[0]], what, "one layout; move the other away")
        found = {video: _from_two(files[0][video], files[1][video]) for video in sorted(files[0])}
        layout = "one file a dimension"
        others = sorted(beside.values())
    else:
        found = {video: _from_one(path) for video, path in sorted(beside.items())}
        layout = "one file a video (frame, valence, arousal)"
        if found and min(own.numbers[0] for own in found.values()) == 0:
            layout += ", frames counted from 0"
            for video, own in found.items():
                last = own.lengths[0] + 1
                found[video] = replace(own, numbers=own.numbers + 1, lengths=(last, last))
    if not found:
        raise BadInput(folder, f"no label file{packed_below(root)}", "valence/<id>.txt and arousal/<id>.txt, or <id>.txt")
    return layout, found, others


def _text_files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("[!.]*")):
        if path.suffix.lower() == ".txt" and path.is_file() and (first := found.setdefault(path.stem, path)) is not path:
            raise BadInput(path, f"a second file '{path.stem}' beside {first}", "one file a video")
    return found


def _from_two(valence: Path, arousal: Path) -> Labels:
    columns = [table(read_lines(path), 1, None, path, 1)[:, 0] for path in (valence, arousal)]
    lengths = len(columns[0]), len(columns[1])
    values = np.stack([column[: min(lengths)] for column in columns], axis=1)
    return Labels(np.arange(1, min(lengths) + 1), values, (valence, arousal), 1, lengths)


def _from_one(path: Path) -> Labels:
    lines = read_lines(path)
    delimiter = "," if "," in lines[0] else None
    header = [name.strip().lower() for name in lines[0].split(delimiter)]
    start = int(header == list(COLUMNS))
    if len(lines) == start:
        raise BadInput(path, "a header alone", "one line per frame")
    rows = table(lines[start:], 3, delimiter, path, 1 + start)
    wrong = np.flatnonzero((rows[:, 0] != rows[:, 0].round()) | (np.diff(rows[:, 0], prepend=-1) <= 0))
    if len(wrong):
        where = f"{path} line {wrong[0] + 1 + start}, frame"
        raise BadInput(where, f"{rows[wrong[0], 0]:g}", "a whole number from 0, larger than the one before")
    last = int(rows[-1, 0])
    return Labels(rows[:, 0].astype(np.int64), rows[:, 1:], (path, path), 1 + start, (last, last))


def scale_of(labels: Mapping[str, Labels]) -> str:
    """The scale of the values, a key of `SCALES`. It is found from all files together: a short file with only small whole
    numbers could have either scale. BadInput for any other, such as whole numbers from -10 to 10."""
    low = min(own.values.min() for own in labels.values())
    high = max(own.values.max() for own in labels.values())
    largest = max(-low, high)
    if largest <= 1:
        return "-1..1"
    whole = all((own.values == own.values.round()).all() for own in labels.values())
    if whole and BEYOND < largest <= SCALES["-1000..1000"]:
        return "-1000..1000"
    limit = SCALES["-1000..1000"] if whole and largest > BEYOND else 1
    own = next(own for own in labels.values() if np.abs(own.values).max() > limit)
    row, column = np.unravel_index(np.abs(own.values).argmax(), own.values.shape)
    advice = ": write them as numbers in [-1, 1]" if whole and largest <= BEYOND else ""
    raise BadInput(
        f"{own.files[column]} line {row + own.first_line}, {DIMENSIONS[column]}",
        f"{own.values[row, column]:g} ({'whole numbers' if whole else 'values'} from {low:g} to {high:g} in all files)",
        f"all values in [-1, 1], or all of them whole numbers in [-1000, 1000], not all of them in [-{BEYOND}, {BEYOND}]"
        f"{advice}",
    )
