"""Aff-Wild2 (Kollias and Zafeiriou): videos with valence and arousal, as distributed for the ABAW competitions.

There are two forms of labels (`labels`). Either a folder ``VA_Set`` or ``VA_Estimation_Challenge`` with Train_Set (or
Training_Set) and Validation_Set, which contain ``<track>.txt``: a header ``valence,arousal``, then one line per frame. A
frame with a value outside [-1, 1] (officially -5) is not labelled. Or multi-task lists
``image,valence,arousal,expression,aus`` of selected frames, where image is ``<track>/<frame>.jpg``.

The pictures are ``cropped_aligned*/<track>/<frame>.jpg``, with frame numbers from 1; frames without a detected face are
missing (`crops`). If there are no crops, the videos themselves are used (`videos`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.faces.faceset import FaceSet
from benchmark.faces.readers.affwild2.crops import from_crops
from benchmark.faces.readers.affwild2.labels import CLASSES, LISTS, Found, find
from benchmark.faces.readers.affwild2.splits import RULE, choose, segments, video_of
from benchmark.faces.readers.affwild2.tree import Tree
from benchmark.faces.readers.affwild2.videos import from_videos
from benchmark.faces.reading.clip_losses import check_clips
from benchmark.faces.reading.raw import raw_folder
from benchmark.faces.reading.tracks import (
    Pictures,
    Track,
    check_opened,
    check_options,
    check_tracks,
    counted,
    digest_of_files,
    number_of,
    shown,
    write_tracks,
)
from benchmark.faces.reading.video import SUFFIXES
from benchmark.faces.survey import Survey, decode_sample
from benchmark.files import Json

__all__ = ["CLASSES"]
VERSION = "1.1"
RAW = ("affwild2",)
TAKES_FOLDERS = True
EVERY, SIZE, ALLOW_UNREADABLE = 5, 112, 0.001
# Labelled frames of the fifth ABAW competition with a crop and without one.
ABAW5 = {"train": {"with_a_crop": 1_653_757, "without": 26_387}, "test": {"with_a_crop": 376_323, "without": 5_698}}
ABAW5_TRACKS = 564
OFFICIAL = {"train": "training", "test": "validation"}


@dataclass(frozen=True)
class Plan:
    """Everything that is known before pictures are decoded."""

    root: Path
    edition: str
    tracks: Sequence[Track]
    how: Mapping[str, Json]
    notes: Sequence[str]


def check(path: Path) -> Survey:
    """What a folder contains: all labels and all names are read, 200 crops decoded; or all videos opened and the
    first frame of each decoded. BadInput as for `prepare`, but for damage that shows only when it is decoded. The counts
    are those of the sampling step of the protocol; the notes count the labelled frames of the official parts."""
    plan = _plan(Path(path), every=EVERY, size=SIZE, allow_unreadable=ALLOW_UNREADABLE)
    crops = [name for track in plan.tracks if isinstance(track.source, Pictures) for name in track.source.paths]
    sample = decode_sample([Path(name) for name in crops])
    classes = CLASSES if any(track.expression is not None for track in plan.tracks) else ()
    return Survey(plan.edition, counted(plan.tracks, classes), notes=[*plan.notes, *sample])


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    every: int = EVERY,
    size: int = SIZE,
    allow_unreadable: float = ALLOW_UNREADABLE,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the labelled frames in ``raw/affwild2``, uint8 (N, size, size, 3).

    The id is ``<track>/<frame>``, where frame n is label line n. The group is the source of the video (`splits.source_of`),
    so that the two persons in one video (``_left``, ``_right``) and the segments of one source stay together. The official
    validation videos are the test split. Of the official training videos, those whose hash of the source's name, mapped to
    [0, 1) (`tracks.share`), is below 0.1 are the validation split. Training tracks of a source that is in the official
    validation part too are left out. Expressions (multi-task lists only) are indices into `CLASSES`; -1: none.

    Args:
        every: sampling step, a constant of the protocol: frames 1, 1 + every, ... of a video. The frames of a multi-task
            list are already a selection; of these, every `every`-th entry of a track is taken.
        size: side of the pictures in pixels; the crops have 112.
        allow_unreadable, processes: as for `decoding.write_decoded`.

    Raises:
        BadInput: whatever `labels.find`, `crops.from_crops` and `videos.from_videos` refuse; too many unreadable pictures.
    """
    plan = _plan(raw_folder(raw, "affwild2"), every=every, size=size, allow_unreadable=allow_unreadable)
    return write_tracks(
        directory,
        plan.tracks,
        plan.root,
        name="affwild2",
        version=VERSION,
        classes=CLASSES,
        size=size,
        how=plan.how,
        allow_unreadable=allow_unreadable,
        processes=processes,
    )


def _plan(folder: Path, *, every: int, size: int, allow_unreadable: float) -> Plan:
    check_options(every=every, size=size)
    tree = Tree(folder)
    found = find(tree)
    chosen, left_out = choose(found.labels)
    if tree.crops_of:
        source = "crops"
        pictures = from_crops(tree, found.edition, found.labels, chosen, every, size)
    else:
        source = "videos"
        pictures = from_videos(tree, found.edition, chosen, every, size)
    check_tracks(pictures.tracks, folder)
    check_opened(pictures.tracks, pictures.closed, folder, allow_unreadable)
    several = segments(chosen)
    losses = check_clips(pictures.tracks, folder, allow_unreadable)  # of videos; crops have none
    notes = [*_parts(found, pictures.account), *pictures.notes, *losses]
    if several:
        notes.append(
            f"{number_of(len(several), 'source')} of several videos (by their names), kept in one split: {shown(several)}"
        )
    if left_out:
        notes.append(f"training tracks of sources that the validation part has too are left out: {shown(left_out)}")
    if tree.closed:
        places = shown(f"{path.relative_to(folder).as_posix()} ({why})" for path, why in tree.closed.items())
        notes.append(f"folders that can not be read: {places}")
    if found.others:
        places = shown(f"{place} ({number})" if number > 1 else place for place, number in found.others.items())
        notes.append(f"text files that are not read: {places}")
    videos = sum(path.suffix.lower() in SUFFIXES for path in tree.files)
    if videos and source == "crops":
        notes.append(f"{number_of(videos, 'video')} not read, because there are crops")
    how: dict[str, Json] = {
        "reader": "affwild2",
        "options": {"every": every, "size": size},
        "labels": {
            "edition": found.edition,
            "files_sha256": digest_of_files({own.path for own in found.labels.values()}, folder),
            "frames_not_labelled": found.ignored,
            "frames_with_an_expression_alone": found.ignored_expressions,
            "text_files_not_read": dict(found.others),
        },
        "pictures": {"source": source, **pictures.account},
        "split": RULE,
        "segments_of_one_source": several,
        "training_tracks_of_test_sources": left_out,
    }
    return Plan(folder, f"{found.edition}, {source}", pictures.tracks, how, notes)


def _parts(found: Found, account: Mapping[str, Json]) -> list[str]:
    """What the official parts have, beside the published numbers if these are of the same kind of labels."""
    notes = []
    crops = account.get("labelled_frames")
    beside = found.edition != LISTS
    for official, name in OFFICIAL.items():
        own = {track: labels for track, labels in found.labels.items() if labels.official == official}
        frames = sum(len(labels.numbers) for labels in own.values())
        known = ABAW5[official]
        videos = number_of(len({video_of(track) for track in own}), "video")
        text = f"official {name} part: {videos}, {number_of(len(own), 'track')}, {number_of(frames, 'labelled frame')}"
        published = f"ABAW5: {sum(known.values())}"
        if isinstance(crops, Mapping):
            text += f", {crops[official]['with_a_crop']} with a crop"
            published += f", {known['with_a_crop']} with a crop"
        notes.append(f"{text} ({published})" if beside else text)
    tracks = number_of(len(found.labels), "track") + f" (ABAW5: {ABAW5_TRACKS})" * beside
    ignored = f"{number_of(found.ignored, 'frame')} without valid valence and arousal"
    if found.ignored_expressions:
        ignored += f", which are left out, although {found.ignored_expressions} have an expression"
    return [*notes, f"{tracks}; {ignored}"]
