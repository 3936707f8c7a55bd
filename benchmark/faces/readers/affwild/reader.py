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
from benchmark.faces.readers.affwild.lengths import lengths_of
from benchmark.faces.readers.affwild.tree import root_of
from benchmark.faces.reading.clip_losses import check_clips
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
from benchmark.faces.reading.unpacked import packed_below
from benchmark.faces.reading.video import Clip, versions, video_files
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
    """What a folder contains: all labels and face boxes are read, all videos opened and the first frame of each decoded.
    BadInput as for `prepare`, but for damage within a video of full length. The counts are those of the sampling step of the
    protocol."""
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
            line; values that fit neither scale; lengths that differ by more than `allow_gap`; face boxes of other lengths
            (`find_boxes`); too many frames that can not be read or whose face box is outside of them.
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
    root = root_of(folder)
    layout, labels, others = find(root)
    scale = scale_of(labels)
    folder = root / "videos" / "train"
    videos = video_files(path for path in folder.glob("[!.]*") if path.is_file())
    if missing := sorted(set(labels) - set(videos)):
        what = f"no video for the labels of {shown(missing)}{packed_below(root)}"
        raise BadInput(folder, what, "an .mp4 or .avi of the same name for each")
    lengths = lengths_of(labels, videos, allow_gap)
    frames, chosen = lengths.shortest, {}
    for video, own in labels.items():
        within = own.numbers <= (lengths.of[video][2] or own.numbers.max())
        chosen[video] = np.flatnonzero(within & taken(own.numbers, every))
    wanted = {video: labels[video].numbers[rows] for video, rows in chosen.items()}
    known = {video: length for video, (_, _, length) in lengths.of.items() if length is not None}
    boxes = find_boxes(root / "bboxs" / "train", wanted, frames, known)
    tracks = []
    for video in sorted(labels):
        own, rows = labels[video], chosen[video]
        box = None
        if boxes.of is not None:
            seen = ~np.isnan(boxes.of[video]).any(axis=1)
            rows, box = rows[seen], boxes.of[video][seen]
        numbers, values = own.numbers[rows], own.values[rows] / SCALES[scale]
        clip = Clip(videos[video], numbers, box, 0.0, size, 3)
        tracks.append(Track(video, video, video, split_of(video), numbers, values[:, 0], values[:, 1], clip))
    check_tracks(tracks, root)
    check_opened(tracks, {videos[video] for video in lengths.closed}, root, allow_unreadable)
    losses = check_clips(tracks, root, allow_unreadable)
    unlabelled, worst = sorted(set(videos) - set(labels)), lengths.worst
    how: dict[str, Json] = {
        "reader": "affwild",
        "options": {"every": every, "size": size},
        "labels": {
            "layout": layout,
            "scale": scale,
            "files_sha256": digest_of_files({f for own in labels.values() for f in own.files}, root),
        },
        "lengths": {
            "rule": "the shortest of valence, arousal and video counts",
            "videos_that_differ": len(lengths.uneven),
            "frames_left_out": lengths.left_out,
            "largest": None if worst is None else {"video": worst, "valence_arousal_video": list(lengths.of[worst])},
            "videos_that_do_not_open": list(lengths.closed),
        },
        "faces": dict(boxes.account),
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
    notes += lengths.notes()
    if lengths.closed:
        notes.append(f"videos that do not open: {shown(lengths.closed)}")
    notes += losses
    if unlabelled:
        notes.append(f"{number_of(len(unlabelled), 'video')} without labels, not used: {shown(unlabelled)}")
    if others:
        notes.append(f"text files that are not read: {shown(path.relative_to(root).as_posix() for path in others)}")
    why = f" ({boxes.account['why']}{packed_below(root)})" if "why" in boxes.account else ""
    notes += [f"pictures: {boxes.account['pictures']}{why}", *boxes.notes]
    return Plan(root, layout, tracks, notes, how)
