"""Aff-Wild (Zafeiriou et al., CVPR workshops 2017): videos from the web with valence and arousal for every frame.

The videos are ``videos/train/<id>.mp4|avi``. The labels are ``annotations/train/{valence,arousal}/<id>.txt`` (one number per
line, line k = frame k); or one file per video, ``annotations/train/<id>.txt`` (frame, valence, arousal; a version that is in
circulation has values in thousandths). The labels of the official test videos were not released, so the labelled videos are
split here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.faces.readers.affwild.labels import SCALES, find, scale_of
from benchmark.faces.reading.face_boxes import find_boxes
from benchmark.faces.reading.raw import raw_folder
from benchmark.faces.reading.tracks import (
    Track,
    check_opened,
    check_options,
    check_tracks,
    counted,
    digest_of_files,
    number_of,
    share,
    shown,
    taken,
    write_tracks,
)
from benchmark.faces.reading.video import Clip, frame_count, versions, video_files
from benchmark.faces.reading.walking import within_passed_over
from benchmark.faces.survey import Survey
from benchmark.files import Json

VERSION = "1.0"
CLASSES: tuple[str, ...] = ()
RAW = ("affwild",)
TAKES_FOLDERS = True
EVERY, SIZE, ALLOW_GAP, ALLOW_UNREADABLE = 5, 112, 0.1, 0.001
LABELLED_VIDEOS = 252  # of 298, according to the paper; recorded beside the number found, which may differ
TEST, VALIDATION = 0.20, 0.10  # fractions of the videos, chosen by hash of the name


@dataclass(frozen=True)
class Plan:
    """Everything that is known before frames are decoded."""

    root: Path
    layout: str
    tracks: Sequence[Track]
    notes: Sequence[str]
    how: Mapping[str, Json]


def check(path: Path) -> Survey:
    """What a folder contains: all labels are read and all videos opened, none is decoded. BadInput as for `prepare`. The
    counts are those of the sampling step of the protocol."""
    plan = _plan(Path(path), every=EVERY, size=SIZE, allow_gap=ALLOW_GAP, allow_unreadable=ALLOW_UNREADABLE)
    return Survey(plan.layout, counted(plan.tracks), notes=plan.notes)


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    every: int = EVERY,
    size: int = SIZE,
    allow_gap: float = ALLOW_GAP,
    allow_unreadable: float = ALLOW_UNREADABLE,
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
            line; values that fit neither scale; lengths that differ by more than `allow_gap`; too many unreadable frames, or
            frames of videos that do not open.
    """
    folder = raw_folder(raw, "affwild")
    plan = _plan(folder, every=every, size=size, allow_gap=allow_gap, allow_unreadable=allow_unreadable)
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


def _plan(folder: Path, *, every: int, size: int, allow_gap: float, allow_unreadable: float) -> Plan:
    check_options(every=every, size=size)
    root = _root(folder)
    layout, labels, others = find(root / "annotations" / "train")
    scale = scale_of(labels)
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
        tracks.append(Track(video, video, video, split_of(video), numbers, values[:, 0], values[:, 1], clip))
    uneven = {video: known for video, known in lengths.items() if len(set(known) - {None}) > 1}
    worst = max(uneven, key=lambda v: np.ptp([n for n in uneven[v] if n is not None]), default=None)
    closed = {videos[video] for video, known in lengths.items() if known[2] is None}
    check_tracks(tracks, root)
    check_opened(tracks, closed, root, allow_unreadable)
    unlabelled = sorted(set(videos) - set(labels))
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
            "videos_that_do_not_open": sorted(path.stem for path in closed),
        },
        "faces": faces,
        "split": f"share(video, 'affwild'): test below {TEST}, validation below {TEST + VALIDATION:g}, train above",
        "labelled_videos": {"found": len(labels), "expected": LABELLED_VIDEOS},
        "videos_without_labels": unlabelled,
        "decoder": versions(),
    }
    found = number_of(len(labels), "video")
    notes = [f"{found} with labels ({LABELLED_VIDEOS} according to the paper); scale of the values {scale}"]
    if "from 0" in layout:
        from_1 = sum(bool(own.numbers[0] == 2) for own in labels.values())
        notes.append(
            f"frames are counted from 0 in all files, because some have a frame 0; {number_of(from_1, 'file')} from 1"
        )
    if worst is not None:
        three = "valence {}, arousal {}, video {}".format(*uneven[worst])
        notes.append(
            f"{number_of(len(uneven), 'video')} with unequal lengths: the shortest counts; frames left out: {cut}; "
            f"the largest difference is that of {worst}: {three}"
        )
    if closed:
        notes.append(f"videos that do not open: {shown(sorted(path.stem for path in closed))}")
    if unlabelled:
        notes.append(f"{number_of(len(unlabelled), 'video')} without labels, not used: {shown(unlabelled)}")
    if others:
        notes.append(f"text files that are not read: {shown(path.relative_to(root).as_posix() for path in others)}")
    notes.append(f"pictures: {faces['pictures']}" + (f" ({faces['why']})" if "why" in faces else ""))
    return Plan(root, layout, tracks, notes, how)


def _root(folder: Path) -> Path:
    """The folder that contains annotations/train and videos/train: `folder` itself, or one at most two levels below it."""
    levels = [folder, *sorted(folder.glob("[!.]*")), *sorted(folder.glob("[!.]*/[!.]*"))]
    levels = [path for path in levels if not within_passed_over(path.relative_to(folder))]
    found = [path for path in levels if (path / "annotations" / "train").is_dir() and (path / "videos" / "train").is_dir()]
    if len(found) != 1:
        inside = shown(sorted(path.name for path in folder.glob("[!.]*"))) or "nothing"
        what = f"{len(found)} folders with annotations/train and videos/train" if found else inside
        raise BadInput(folder, what, "one folder with annotations/train and videos/train (docs/data/affwild.md)")
    return found[0]
