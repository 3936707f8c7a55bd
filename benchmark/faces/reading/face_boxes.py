"""Face boxes from Aff-Wild's folder ``bboxs``. Its real contents were not available to this project, so nothing is guessed.

Two forms are accepted as face boxes, and only if every labelled video has its boxes in that form and every line is valid:

* ``<id>.txt``: line k is frame k, with four numbers x1 y1 x2 y2 in pixels (separated by spaces, tabs or commas), x1 < x2 and
  y1 < y2. Four equal numbers, such as 0 0 0 0 or -1 -1 -1 -1, and an empty line mean that there is no face; so an empty line
  shifts no other. Empty lines at the end are passed over.
* ``<id>/<frame>.pts``: the points format of iBUG (``version: 1``, ``n_points: n``, the points in braces, one ``x y`` per
  line), with at least two points. The box is the smallest that contains all points. Frames are numbered from 0 if any video
  has a frame 0, else from 1. A frame without a file has no face.

If the files had width and height instead of the second corner, x1 < x2 would be violated somewhere in a data set of this
size. So they would be "not recognised", never read as wrong boxes.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading.tracks import FRACTION, far_apart, number_of, shown
from benchmark.files import Json

WHOLE = "whole frames, cut to the largest centred square"
POINTS = re.compile(r"\s*version:\s*1\s+n_points:\s*(\d+)\s*\{([^{}]*)\}\s*", re.ASCII)
# Largest fraction of the videos whose boxes may have a length that is `far_apart`; one video always may. Points files are
# missing where no face was found, which may be so to the end of a video; if they were made at another frame rate, all videos
# would end early.
APART = {"corners": 0.05, "points": 0.25}


class Unknown(Exception):
    """The folder contains something else; str(error) says what."""


@dataclass(frozen=True)
class Boxes:
    """The face boxes of some videos.

    Attributes:
        of: video -> float32 (F, 4), x1 y1 x2 y2 of each wanted frame, NaN where there is no face; None: whole frames.
        account: entry for ``meta["how"]``.
        notes: sentences for a survey.
    """

    of: Mapping[str, NDArray[np.float32]] | None
    account: Mapping[str, Json]
    notes: list[str]


def find_boxes(
    folder: Path, wanted: Mapping[str, NDArray[np.int64]], frames: Mapping[str, int], videos: Mapping[str, int]
) -> Boxes:
    """The face boxes of the wanted frames, if the folder has them in one of the two forms.

    Args:
        folder: bboxs/train.
        wanted: video -> int64 (F,) frame numbers from 1.
        frames: video -> number of its frames that have labels and a picture.
        videos: video -> number of its frames, where it is known.

    Raises:
        BadInput: two files for the boxes of one video or frame; boxes for more or fewer frames than have labels and than
            the video has, by more than two and more than 10 %, in more than one video and more of them than `APART`.
    """
    if not folder.is_dir():
        return Boxes(None, {"pictures": WHOLE, "why": "no folder bboxs/train"}, [])
    empty: dict[str, int] = {}
    texts = _one_each(path for path in folder.glob("[!.]*") if path.suffix.lower() == ".txt" and path.is_file())
    try:
        if (folder / next(iter(wanted))).is_dir():
            form, (boxes, lengths) = "points", _from_points(folder, wanted, texts)
        else:
            form, boxes, lengths = "corners", {}, {}
            for video, numbers in wanted.items():
                if video not in texts:
                    nothing = f"neither {video}.txt nor a folder of that name"
                    raise Unknown(f"a folder {video}, not {video}.txt" if (folder / video).is_dir() else nothing)
                _check_alone(folder, video, texts)
                table = _corners(texts[video])
                boxes[video], lengths[video] = _taken(table, numbers), len(table)
                if blank := int(np.isneginf(table[:, 0]).sum()):
                    empty[video] = blank
    except Unknown as reason:
        return Boxes(None, {"pictures": WHOLE, "why": f"bboxs/train not recognised: {reason}"}, [])
    lost = sum(int(np.isnan(box).any(axis=1).sum()) for box in boxes.values())
    notes = _check_lengths(folder, lengths, frames, videos, form)
    if empty:
        named = shown(f"{video}.txt ({number})" for video, number in empty.items())
        notes.append(f"box files with empty lines, which are frames without a face: {named}")
    if lost:
        notes.append(f"{lost} of {number_of(sum(map(len, wanted.values())), 'frame')} without a face box, left out")
    return Boxes(boxes, {"pictures": f"cut to the boxes of bboxs/train ({form})", "frames_without_a_face": lost}, notes)


def _check_lengths(
    folder: Path, lengths: Mapping[str, int], frames: Mapping[str, int], videos: Mapping[str, int], form: str
) -> list[str]:
    """A note about the videos with boxes for fewer frames than have labels, and those with a length that is far from both
    that of the labels and that of the video. BadInput for too many of the latter."""
    what = "box lines" if form == "corners" else "last points file"

    def named(some: Iterable[str]) -> str:
        both = {v: f", of the video {videos[v]}" if videos.get(v, frames[v]) != frames[v] else "" for v in some}
        return shown(f"{video} ({what} {lengths[video]}, frames {frames[video]}{own})" for video, own in both.items())

    far = [v for v, n in lengths.items() if far_apart(n, frames[v]) and far_apart(n, videos.get(v, frames[v]))]
    if len(far) > max(1, APART[form] * len(lengths)):
        found = f"boxes of a length that does not fit for {len(far)} of {number_of(len(lengths), 'video')}: {named(far)}"
        share = f"at most one video or {100 * APART[form]:g} % of them may differ by more than {100 * FRACTION:g} %"
        expected = f"boxes for the frames that have labels ({share}); or move bboxs away to use whole frames"
        raise BadInput(folder, found, expected)
    odd = [v for v, n in lengths.items() if n < frames[v] or v in far]
    summary = f"boxes for fewer or far more frames than have labels in {number_of(len(odd), 'video')}"
    return [f"{summary}: {named(odd)}"] if odd else []


def _one_each(paths: Iterable[Path]) -> dict[str, Path]:
    """Name without suffix -> file. BadInput for two files with one name."""
    found: dict[str, Path] = {}
    for path in sorted(paths):
        if (first := found.setdefault(path.stem, path)) is not path:
            raise BadInput(path, f"a second file '{path.stem}' beside {first}", "one file for the boxes of a video")
    return found


def _check_alone(folder: Path, video: str, texts: Mapping[str, Path]) -> None:
    if video in texts and (folder / video).is_dir():
        raise BadInput(texts[video], f"a folder {video} beside it", "one of them for the boxes of a video")


def _taken(table: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    boxes = np.full((len(numbers), 4), np.nan, np.float32)
    within = numbers <= len(table)
    boxes[within] = np.where(np.isfinite(table), table, np.nan)[numbers[within] - 1]
    return boxes


def _corners(path: Path) -> NDArray[np.float64]:
    """float64 (L, 4): the corners in each line; NaN for a frame without a face, -inf for an empty line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except ValueError as error:
        raise Unknown(f"{path.name}: {error}") from error
    table = np.full((len(lines), 4), -np.inf)
    for k, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            fields = [float(field) for field in line.replace(",", " ").split()]
        except ValueError as error:
            raise Unknown(f"{path.name} line {k + 1}: {error}") from error
        if len(fields) != table.shape[1] or not all(map(math.isfinite, fields)):
            raise Unknown(f"{path.name} line {k + 1} has not four finite numbers")
        table[k] = fields
    if not len(table):
        raise Unknown(f"{path.name} is empty")
    absent = (table == table[:, :1]).all(axis=1)
    wrong = np.flatnonzero(~absent & ~((table[:, 0] < table[:, 2]) & (table[:, 1] < table[:, 3])))
    if len(wrong):
        raise Unknown(f"{path.name} line {wrong[0] + 1} is not x1 y1 x2 y2")
    table[absent & np.isfinite(table[:, 0])] = np.nan
    return table


def _from_points(
    folder: Path, wanted: Mapping[str, NDArray[np.int64]], texts: Mapping[str, Path]
) -> tuple[dict[str, NDArray[np.float32]], dict[str, int]]:
    """(video -> boxes of the wanted frames, video -> number of the last frame that has a file, from 1)."""
    numbered: dict[str, dict[int, Path]] = {}
    for video in wanted:
        _check_alone(folder, video, texts)
        files = [path for path in (folder / video).glob("[!.]*") if path.suffix.lower() == ".pts"]
        if not files or not all(path.stem.isascii() and path.stem.isdecimal() for path in files):
            raise Unknown(f"{video}/ has no files <frame>.pts alone")
        own = numbered[video] = {}
        for path in sorted(files):
            if (first := own.setdefault(int(path.stem), path)) is not path:
                raise BadInput(path, f"frame {int(path.stem)} a second time, beside {first}", "one file a frame")
    start = min(min(own) for own in numbered.values())
    shift = int(start == 0)
    boxes = {}
    for video, numbers in wanted.items():
        boxes[video] = np.full((len(numbers), 4), np.nan, np.float32)
        for row, number in enumerate(numbers.tolist()):
            if (file := numbered[video].get(number - shift)) is not None:
                boxes[video][row] = _box_of_points(file, f"{video}/{file.name}")
    return boxes, {video: max(own) + shift for video, own in numbered.items()}


def _box_of_points(path: Path, where: str) -> tuple[float, float, float, float]:
    match = POINTS.fullmatch(path.read_text(encoding="utf-8-sig", errors="replace"))
    try:
        points = np.array([float(field) for field in match[2].split()]).reshape(-1, 2) if match else None
    except ValueError:
        points = None
    if match is None or points is None or len(points) != int(match[1]) or not np.isfinite(points).all():
        raise Unknown(f"{where} is no points file")
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    if not (low < high).all():
        raise Unknown(f"{where} encloses nothing")
    return *low, *high
