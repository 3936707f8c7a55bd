"""Face boxes from Aff-Wild's folder ``bboxs``. Its real contents were not available to this project, so nothing is guessed.

Two forms are accepted as face boxes, and only if every labelled video has its boxes in that form and every line is valid:

* ``<id>.txt``: line k is frame k, with four numbers x1 y1 x2 y2 in pixels (separated by spaces, tabs or commas), x1 < x2 and
  y1 < y2. Four equal numbers, such as 0 0 0 0 or -1 -1 -1 -1, mean that there is no face.
* ``<id>/<frame>.pts``: the points format of iBUG (``version: 1``, ``n_points: n``, the points in braces, one ``x y`` per
  line), with at least two points. The box is the smallest that contains all points. Frames are numbered from 0 if any video
  has a frame 0, else from 1. A frame without a file has no face.

If the files had width and height instead of the second corner, x1 < x2 would be violated somewhere in a data set of this
size. So they would be "not recognised", never read as wrong boxes.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.files import Json

WHOLE = "whole frames, cut to the largest centred square"
POINTS = re.compile(r"\s*version:\s*1\s+n_points:\s*(\d+)\s*\{([^{}]*)\}\s*", re.ASCII)


class Unknown(Exception):
    """The folder contains something else; str(error) says what."""


def find_boxes(folder: Path, wanted: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray] | None, dict[str, Json]]:
    """The face boxes of the wanted frames, if the folder has them in one of the two forms.

    Args:
        folder: bboxs/train.
        wanted: video -> int64 (F,) frame numbers from 1.

    Returns:
        (boxes, entry for ``meta["how"]``). boxes: video -> float32 (F, 4), x1 y1 x2 y2, NaN where there is no face; None if
        the folder was not recognised.
    """
    if not folder.is_dir():
        return None, {"pictures": WHOLE, "why": "no folder bboxs/train"}
    try:
        if (folder / next(iter(wanted))).is_dir():
            form, boxes = "points", _from_points(folder, wanted)
        else:
            form = "corners"
            boxes = {video: _from_corners(folder / f"{video}.txt", numbers) for video, numbers in wanted.items()}
    except Unknown as reason:
        return None, {"pictures": WHOLE, "why": f"bboxs/train not recognised: {reason}"}
    lost = sum(int(np.isnan(box).any(axis=1).sum()) for box in boxes.values())
    return boxes, {"pictures": f"cut to the boxes of bboxs/train ({form})", "frames_without_a_face": lost}


def _from_corners(path: Path, numbers: np.ndarray) -> np.ndarray:
    if not path.is_file():
        raise Unknown(f"neither {path.name} nor a folder of that name")
    try:
        text = path.read_text(encoding="utf-8-sig").replace(",", " ")
        table = np.array([[float(field) for field in line.split()] for line in text.splitlines() if line.strip()])
    except ValueError as error:
        raise Unknown(f"{path.name}: {error}") from error
    if table.ndim != 2 or table.shape[1] != 4 or not np.isfinite(table).all():
        raise Unknown(f"{path.name} has not four finite numbers in each line")
    absent = (table == table[:, :1]).all(axis=1)
    wrong = np.flatnonzero(~absent & ~((table[:, 0] < table[:, 2]) & (table[:, 1] < table[:, 3])))
    if len(wrong):
        raise Unknown(f"{path.name} line {wrong[0] + 1} is not x1 y1 x2 y2")
    table[absent] = np.nan
    boxes = np.full((len(numbers), 4), np.nan, np.float32)
    within = numbers <= len(table)
    boxes[within] = table[numbers[within] - 1]
    return boxes


def _from_points(folder: Path, wanted: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    files = {video: {path.stem: path for path in (folder / video).glob("[!.]*.pts")} for video in wanted}
    for video, own in files.items():
        if not own or not all(name.isascii() and name.isdecimal() for name in own):
            raise Unknown(f"{video}/ has no files <frame>.pts alone")
    numbered = {video: {int(name): path for name, path in own.items()} for video, own in files.items()}
    first = 0 if any(0 in own for own in numbered.values()) else 1
    boxes = {}
    for video, numbers in wanted.items():
        boxes[video] = np.full((len(numbers), 4), np.nan, np.float32)
        for row, number in enumerate(numbers.tolist()):
            if (path := numbered[video].get(number - 1 + first)) is not None:
                boxes[video][row] = _box_of_points(path, f"{video}/{path.name}")
    return boxes


def _box_of_points(path: Path, where: str) -> tuple[float, float, float, float]:
    match = POINTS.fullmatch(path.read_text(encoding="utf-8-sig", errors="replace"))
    try:
        points = np.array([float(field) for field in match[2].split()]).reshape(-1, 2) if match else None
    except ValueError:
        points = None
    if points is None or len(points) != int(match[1]) or not np.isfinite(points).all():
        raise Unknown(f"{where} is no points file")
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    if not (low < high).all():
        raise Unknown(f"{where} encloses nothing")
    return *low, *high
