"""Aff-Wild (Zafeiriou et al., CVPR workshops 2017): videos from the web with valence and arousal for every frame.

The videos are ``videos/train/<id>.mp4|avi``. The labels are ``annotations/train/{valence,arousal}/<id>.txt`` (one number per
line, line k = frame k); or one file per video, ``annotations/train/<id>.txt`` (frame, valence, arousal; a version that is in
circulation has values in thousandths). The labels of the official test videos were not released, so the labelled videos are
split here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.faces.reading.face_boxes import find_boxes
from benchmark.faces.reading.raw import raw_folder
from benchmark.faces.reading.tracks import (
    Track,
    check_options,
    digest_of_files,
    numbers_in,
    read_lines,
    share,
    shown,
    taken,
    write_tracks,
)
from benchmark.faces.reading.video import Clip, frame_count, versions, video_files
from benchmark.files import Json

VERSION = "1.0"
CLASSES = ()
RAW = ("affwild",)
TAKES_FOLDERS = True
DIMENSIONS = ("valence", "arousal")
COLUMNS = ("frame", *DIMENSIONS)
LABELLED_VIDEOS = 252  # of 298, according to the paper; recorded beside the number found, which may differ
TEST, VALIDATION = 0.20, 0.10  # fractions of the videos, chosen by hash of the name
SCALES = {"-1..1": 1.0, "-1000..1000": 1000.0}


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

    numbers: np.ndarray
    values: np.ndarray
    files: tuple[Path, Path]
    first_line: int
    lengths: tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """Everything that is known before frames are decoded."""

    root: Path
    tracks: Sequence[Track]
    how: Mapping[str, Json]


def check(path: Path) -> None:
    """Validate labels, names and layout of a folder as `prepare` does, without decoding. BadInput says what is wrong."""
    _plan(Path(path), every=5, size=112, allow_gap=0.1)


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    every: int = 5,
    size: int = 112,
    allow_gap: float = 0.1,
    allow_unreadable: float = 0.001,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the videos in ``raw/affwild``: frames 1, 1 + every, ... of each, uint8 (N, size, size, 3).

    The id is ``<video>/<frame>``, the group is the video. The split of a video follows from the SHA-256 of its name, mapped
    to [0, 1) (`tracks.share`): below 0.2 is test, the next 0.1 is validation, the rest is train. If `face_boxes` recognises
    the folder ``bboxs``, frames are cropped to their face boxes; otherwise to the largest centred square. If valence,
    arousal and video have different lengths, the shortest counts; ``meta["how"]`` says how often and by how much they
    differ.

    Args:
        every: sampling step, a constant of the protocol.
        size: side of the pictures in pixels.
        allow_gap: largest fraction by which the shortest of the three lengths may be below the longest. If it is exceeded,
            the labels are probably for another frame rate.
        allow_unreadable, processes: as for `decoding.write_decoded`.

    Raises:
        BadInput: an unknown layout; two files for one video; labels without a video or with one dimension only; an invalid
            line; values that fit neither scale; lengths that differ by more than `allow_gap`; too many unreadable frames.
    """
    plan = _plan(raw_folder(raw, "affwild"), every=every, size=size, allow_gap=allow_gap)
    return write_tracks(
        directory,
        plan.tracks,
        plan.root,
        name="affwild",
        version=VERSION,
        size=size,
        how=plan.how,
        allow_unreadable=allow_unreadable,
        processes=processes,
    )


def split_of(video: str) -> str:
    """ "test", "validation" or "train"; depends only on the video's name."""
    position = share(video, "affwild")
    return "test" if position < TEST else "validation" if position < TEST + VALIDATION else "train"


def _plan(folder: Path, *, every: int, size: int, allow_gap: float) -> Plan:
    check_options(every=every, size=size)
    root = _root(folder)
    layout, labels = _labels(root / "annotations" / "train")
    scale = _scale(labels)
    folder = root / "videos" / "train"
    videos = video_files(path for path in folder.glob("[!.]*") if path.is_file())
    if missing := sorted(set(labels) - set(videos)):
        raise BadInput(folder, f"no video for the labels of {shown(missing)}", "an .mp4 or .avi of the same name for each")
    lengths, chosen, cut = {}, {}, 0
    for video, own in labels.items():
        frames = frame_count(videos[video])
        lengths[video] = [*own.lengths, frames]
        known = [length for length in lengths[video] if length is not None]
        if min(known) < (1 - allow_gap) * max(known):
            found = "valence {}, arousal {}, video {}".format(*("unknown" if n is None else n for n in lengths[video]))
            raise BadInput(f"{videos[video]}, frames", found, f"lengths that differ by {100 * allow_gap:g} % at most")
        within = own.numbers <= (frames or own.numbers.max())
        cut += max(known) - min(known)
        chosen[video] = np.flatnonzero(within & taken(own.numbers, every))
    boxes, faces = find_boxes(root / "bboxs" / "train", {v: labels[v].numbers[rows] for v, rows in chosen.items()})
    tracks = []
    for video in sorted(labels):
        own, rows = labels[video], chosen[video]
        box = None
        if boxes is not None:
            seen = ~np.isnan(boxes[video]).any(axis=1)
            rows, box = rows[seen], boxes[video][seen]
        numbers, values = own.numbers[rows], own.values[rows] / SCALES[scale]
        clip = Clip(videos[video], numbers, box, 0.0, size, 3)
        tracks.append(Track(video, video, split_of(video), numbers, values[:, 0], values[:, 1], clip))
    uneven = {video: known for video, known in lengths.items() if len(set(known) - {None}) > 1}
    worst = max(uneven, key=lambda v: np.ptp([n for n in uneven[v] if n is not None]), default=None)
    how = {
        "reader": "affwild",
        "options": {"every": every, "size": size},
        "labels": {
            "layout": layout,
            "scale": scale,
            "files_sha256": digest_of_files({f for own in labels.values() for f in own.files}, root),
        },
        "lengths": {
            "rule": "the shortest of valence, arousal and video counts",
            "videos_that_differ": len(uneven),
            "frames_left_out": int(cut),
            "largest": None if worst is None else {"video": worst, "valence_arousal_video": uneven[worst]},
            "videos_that_do_not_open": sorted(video for video, known in lengths.items() if known[2] is None),
        },
        "faces": faces,
        "split": f"share(video, 'affwild'): test below {TEST}, validation below {TEST + VALIDATION:g}, train above",
        "labelled_videos": {"found": len(labels), "expected": LABELLED_VIDEOS},
        "videos_without_labels": sorted(set(videos) - set(labels)),
        "decoder": versions(),
    }
    return Plan(root, tracks, how)


def _root(folder: Path) -> Path:
    """The folder that contains annotations/train and videos/train: `folder` itself, or one at most two levels below it."""
    levels = [folder, *sorted(folder.glob("[!.]*")), *sorted(folder.glob("[!.]*/[!.]*"))]
    found = [path for path in levels if (path / "annotations" / "train").is_dir() and (path / "videos" / "train").is_dir()]
    if len(found) != 1:
        inside = shown(sorted(path.name for path in folder.glob("[!.]*"))) or "nothing"
        what = f"{len(found)} folders with annotations/train and videos/train" if found else inside
        raise BadInput(folder, what, "one folder with annotations/train and videos/train (docs/data.md, affwild)")
    return found[0]


def _labels(folder: Path) -> tuple[str, dict[str, Labels]]:
    """(layout, video -> Labels), sorted by video."""
    parts = [folder / dimension for dimension in DIMENSIONS]
    if any(part.is_dir() for part in parts):
        files = [_text_files(part) for part in parts]
        for own, other, lacking in ((*files, DIMENSIONS[1]), (*files[::-1], DIMENSIONS[0])):
            if alone := sorted(set(own) - set(other)):
                raise BadInput(folder / lacking, f"no file for {shown(alone)}", "one for each file of the other dimension")
        found = {video: _from_two(files[0][video], files[1][video]) for video in sorted(files[0])}
        layout = "one file a dimension"
    else:
        files = _text_files(folder)
        found = {video: _from_one(files[video]) for video in sorted(files)}
        layout = "one file a video (frame, valence, arousal)"
        if found and min(own.numbers[0] for own in found.values()) == 0:
            layout += ", frames counted from 0"
            for video, own in found.items():
                last = own.lengths[0] + 1
                found[video] = replace(own, numbers=own.numbers + 1, lengths=(last, last))
    if not found:
        raise BadInput(folder, "no label file", "valence/<id>.txt and arousal/<id>.txt, or <id>.txt")
    return layout, found


def _text_files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("[!.]*.txt") if path.is_file()}


def _from_two(valence: Path, arousal: Path) -> Labels:
    columns = []
    for path in (valence, arousal):
        lines = enumerate(read_lines(path), 1)
        columns.append([numbers_in(line, 1, None, f"{path} line {k}")[0] for k, line in lines])
    lengths = tuple(map(len, columns))
    values = np.array([column[: min(lengths)] for column in columns]).T
    return Labels(np.arange(1, min(lengths) + 1), values, (valence, arousal), 1, lengths)


def _from_one(path: Path) -> Labels:
    lines = read_lines(path)
    delimiter = "," if "," in lines[0] else None
    header = [name.strip().lower() for name in lines[0].split(delimiter)]
    start = int(header == list(COLUMNS))
    rows = [numbers_in(line, 3, delimiter, f"{path} line {k}") for k, line in enumerate(lines[start:], 1 + start)]
    if not rows:
        raise BadInput(path, "a header alone", "one line per frame")
    table = np.array(rows)
    wrong = np.flatnonzero((table[:, 0] != table[:, 0].round()) | (np.diff(table[:, 0], prepend=-1) <= 0))
    if len(wrong):
        where = f"{path} line {wrong[0] + 1 + start}, frame"
        raise BadInput(where, f"{table[wrong[0], 0]:g}", "a whole number from 0, larger than the one before")
    last = int(table[-1, 0])
    return Labels(table[:, 0].astype(np.int64), table[:, 1:], (path, path), 1 + start, (last, last))


def _scale(labels: Mapping[str, Labels]) -> str:
    """The scale of the values, a key of `SCALES`. It is found from all files together: a short file with only small whole
    numbers could have either scale."""
    largest = max(np.abs(own.values).max() for own in labels.values())
    if largest <= 1:
        return "-1..1"
    whole = all((own.values == own.values.round()).all() for own in labels.values())
    if whole and largest <= 1000:
        return "-1000..1000"
    own = next(own for own in labels.values() if np.abs(own.values).max() > (1000 if whole else 1))
    row, column = np.unravel_index(np.abs(own.values).argmax(), own.values.shape)
    raise BadInput(
        f"{own.files[column]} line {row + own.first_line}, {DIMENSIONS[column]}",
        f"{own.values[row, column]:g}",
        "all values in [-1, 1], or all of them whole numbers in [-1000, 1000]",
    )
