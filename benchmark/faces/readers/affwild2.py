"""Aff-Wild2 (Kollias and Zafeiriou): videos with valence and arousal, as distributed for the ABAW competitions.

There are two forms of labels. Either a folder ``VA_Set`` or ``VA_Estimation_Challenge`` with Train_Set (or Training_Set) and
Validation_Set, which contain ``<track>.txt``: a header ``valence,arousal``, then one line per frame. A frame with a value
outside [-1, 1] (officially -5) is not labelled. Or multi-task lists ``image,valence,arousal,expression,aus`` of selected
frames, where image is ``<track>/<frame>.jpg``.

The pictures are ``cropped_aligned*/<track>/<frame>.jpg``, with frame numbers from 1; frames without a detected face are
missing. If there are no crops, the videos themselves are used.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.faces.reading.raw import raw_folder
from benchmark.faces.reading.tracks import (
    Pictures,
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
# In the order of the header of the expression challenge, which differs from AffectNet's. Only the multi-task lists have
# expressions.
CLASSES = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
RAW = ("affwild2",)
TAKES_FOLDERS = True
VALIDATION = 0.10  # fraction of the official training videos, chosen by hash of the name
VA_FOLDERS = ("VA_Set", "VA_Estimation_Challenge")
VA_HEADER = "valence,arousal"
LIST_HEADER = "image,valence,arousal,expression,aus"
PARTS = {"train_set": "train", "training_set": "train", "validation_set": "test"}
PERSON = re.compile(r"_(left|right)$")
IMAGE = re.compile(r"(?P<track>[^/\\]+)/(?P<frame>\d+)\.(jpg|jpeg|png)", re.ASCII | re.IGNORECASE)
CROP = re.compile(r"(\d+)\.(jpg|jpeg|png)", re.ASCII | re.IGNORECASE)
DEEPEST = 6  # levels of folders that are searched below the data set's folder
LACKING = 0.05  # largest fraction of the tracks that may have no pictures


@dataclass(frozen=True)
class Labels:
    """The labelled frames of one track.

    Attributes:
        official: "train" or "test" (the official validation part).
        numbers: int64 (F,), frame numbers from 1, ascending.
        values: float64 (F, 2), valence and arousal.
        expression: int64 (F,), or None.
        lines: number of frames that have a line in the file; for a multi-task list, the largest frame number.
        path: the file with the labels.
    """

    official: str
    numbers: np.ndarray
    values: np.ndarray
    expression: np.ndarray | None
    lines: int
    path: Path


@dataclass(frozen=True)
class Plan:
    """Everything that is known before pictures are decoded."""

    root: Path
    tracks: Sequence[Track]
    how: Mapping[str, Json]


def check(path: Path) -> None:
    """Validate labels, names and layout of a folder as `prepare` does, without decoding. BadInput says what is wrong."""
    _plan(Path(path), every=5, size=112)


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    every: int = 5,
    size: int = 112,
    allow_unreadable: float = 0.001,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the labelled frames in ``raw/affwild2``, uint8 (N, size, size, 3).

    The id is ``<track>/<frame>``. The group is the video, so that the two persons in one video (``_left``, ``_right``) stay
    together. The official validation videos are the test split. Of the official training videos, those whose hash of the
    name, mapped to [0, 1) (`tracks.share`), is below 0.1 are the validation split. A video in both official parts is only in
    the test split. Expressions (multi-task lists only) are indices into `CLASSES`; -1: none.

    Args:
        every: sampling step, a constant of the protocol: frames 1, 1 + every, ... of a video. The frames of a multi-task
            list are already a selection; of these, every `every`-th entry of a track is taken.
        size: side of the pictures in pixels; the crops have 112.
        allow_unreadable, processes: as for `decoding.write_decoded`.

    Raises:
        BadInput: no labels or no pictures in a known layout, or two editions at once; a track that occurs twice; an invalid
            header, line or image name; more than 5 % of the tracks without pictures; too many unreadable pictures.
    """
    plan = _plan(raw_folder(raw, "affwild2"), every=every, size=size)
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


def video_of_track(track: str) -> str:
    """The video of a track: its name without ``_left`` or ``_right``."""
    return PERSON.sub("", track)


def split_of(video: str, official: str) -> str:
    """ "test" for a video of the official validation part; else "validation" or "train", depending on the video's name."""
    if official == "test":
        return "test"
    return "validation" if share(video, "affwild2") < VALIDATION else "train"


class Tree:
    """The folders and files below `root`. Hidden ones (names with a leading dot) are left out. Folders of crops are listed
    in `crops` but not searched, because they contain millions of files."""

    def __init__(self, root: Path):
        self.root, self.folders, self.files, self.crops = root, [], [], []
        for place, folders, files in os.walk(root, followlinks=True):  # data often lie on another disk
            here = Path(place)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            self.folders += [here / name for name in folders]
            self.files += [here / name for name in sorted(files) if not name.startswith(".")]
            nested = [name for name in folders if name.startswith("cropped_aligned")]
            self.crops += [here / name for name in nested]
            deep = len(here.relative_to(root).parts) >= DEEPEST
            folders[:] = [] if deep else [name for name in folders if name not in nested]

    @cached_property
    def crops_of(self) -> dict[str, Path]:
        """Track -> its folder of crops. A cropped_aligned folder may contain another one, because archives unpack so."""
        found: dict[str, Path] = {}
        waiting = list(self.crops)
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                inside = sorted((Path(e.path) for e in entries if e.is_dir() and not e.name.startswith(".")), key=str)
            for folder in inside:
                if folder.name.startswith("cropped_aligned"):
                    waiting.append(folder)
                elif folder.name in found:
                    raise BadInput(folder, f"track {folder.name} a second time, beside {found[folder.name]}", "it once")
                else:
                    found[folder.name] = folder
        return found


def _plan(folder: Path, *, every: int, size: int) -> Plan:
    check_options(every=every, size=size)
    tree = Tree(folder)
    edition, labels, ignored = _labels(tree)
    both = _in_both_parts(labels)
    if tree.crops_of:
        pictures, tracks, account = "crops", *_from_crops(tree, edition, labels, both, every, size)
    else:
        pictures, tracks, account = "videos", *_from_videos(tree, edition, labels, both, every, size)
    how = {
        "reader": "affwild2",
        "options": {"every": every, "size": size},
        "labels": {
            "edition": edition,
            "files_sha256": digest_of_files({own.path for own in labels.values()}, folder),
            "frames_not_labelled": ignored,
        },
        "pictures": {"source": pictures, **account},
        "split": f"official validation videos are test; share(video, 'affwild2') below {VALIDATION} of the official "
        "training videos is validation",
        "videos_in_both_official_parts": both,
    }
    return Plan(folder, tracks, how)


def _in_both_parts(labels: Mapping[str, Labels]) -> list[str]:
    parts = defaultdict(set)
    for track, own in labels.items():
        parts[video_of_track(track)].add(own.official)
    return sorted(video for video, official in parts.items() if len(official) > 1)


def _labels(tree: Tree) -> tuple[str, dict[str, Labels], int]:
    """(edition, track -> labels, frames without a valid label)."""
    sets = [path for path in tree.folders if path.name in VA_FOLDERS]
    sets = [path for path in sets if _parts_of(tree, path)]
    texts = [path for path in tree.files if path.suffix.lower() in (".txt", ".csv")]
    lists = [path for path in texts if not any(s in path.parents for s in sets) and _is_list(path)]
    if len(sets) > 1 or (sets and lists):
        found = shown(path.relative_to(tree.root).as_posix() for path in [*sets, *lists])
        raise BadInput(tree.root, f"labels of several editions: {found}", "one of them; move the others away")
    if sets:
        return (f"{sets[0].name}", *_from_sets(_parts_of(tree, sets[0])))
    if lists:
        return ("multi-task lists", *_from_lists(lists))
    inside = shown(sorted(path.relative_to(tree.root).as_posix() for path in tree.folders)) or "no folder"
    expected = (
        f"{' or '.join(VA_FOLDERS)} with Train_Set and Validation_Set of <track>.txt, or training and validation lists "
        f"with the header {LIST_HEADER} (docs/data.md, affwild2)"
    )
    raise BadInput(tree.root, inside, expected)


def _parts_of(tree: Tree, top: Path) -> list[tuple[str, Path]]:
    """("train" or "test", folder) for each official part below a label folder that contains text files."""
    parts = [(PARTS[path.name.lower()], path) for path in tree.folders if path.name.lower() in PARTS and top in path.parents]
    return [(official, path) for official, path in parts if any(path.glob("[!.]*.txt"))]


def _from_sets(parts: Sequence[tuple[str, Path]]) -> tuple[dict[str, Labels], int]:
    found: dict[str, Labels] = {}
    ignored = 0
    for official, folder in parts:
        for path in sorted(folder.glob("[!.]*.txt")):
            if path.stem in found:
                raise BadInput(path, f"track {path.stem} a second time, beside {found[path.stem].path}", "it once")
            lines = read_lines(path)
            if lines[0].replace(" ", "").lower() != VA_HEADER:
                raise BadInput(f"{path} line 1", repr(lines[0][:60]), VA_HEADER)
            rows = [numbers_in(line, 2, ",", f"{path} line {k}") for k, line in enumerate(lines[1:], 2)]
            values = np.array(rows).reshape(-1, 2)
            valid = np.flatnonzero((np.abs(values) <= 1).all(axis=1))
            ignored += len(values) - len(valid)
            found[path.stem] = Labels(official, valid + 1, values[valid], None, len(values), path)
    for official in ("train", "test"):
        if not any(own.official == official for own in found.values()):
            lacking = {"train": "Train_Set or Training_Set", "test": "Validation_Set"}[official]
            raise BadInput(parts[0][1].parent, f"no label file of {lacking}", "both official parts")
    return found, ignored


def _is_list(path: Path) -> bool:
    with open(path, "rb") as stream:
        first = stream.readline(200).decode("utf-8-sig", errors="replace")
    return first.strip().replace(" ", "").lower().startswith(LIST_HEADER)


def _from_lists(paths: Sequence[Path]) -> tuple[dict[str, Labels], int]:
    official = {}
    for path in paths:
        part = "train" if path.name.lower().startswith("train") else "test" if path.name.lower().startswith("val") else None
        if part is None or part in official:
            names = shown(p.name for p in paths)
            raise BadInput(path.parent, f"lists {names}", "one whose name begins with train and one with val")
        official[part] = path
    if len(official) < 2:
        raise BadInput(paths[0].parent, f"list {paths[0].name} alone", "a training and a validation list")
    found: dict[str, Labels] = {}
    ignored = 0
    for part, path in official.items():
        rows = defaultdict(dict)
        for k, line in enumerate(read_lines(path)[1:], 2):
            where = f"{path} line {k}"
            fields = line.split(",")
            match = IMAGE.fullmatch(fields[0].strip())
            if len(fields) < 4 or not match or match["track"].startswith("."):
                raise BadInput(where, repr(line[:60]), "<track>/<frame>.jpg,valence,arousal,expression,...")
            valence, arousal, expression = numbers_in(",".join(fields[1:4]), 3, ",", where)
            if expression not in range(-1, len(CLASSES)):
                raise BadInput(f"{where}, expression", f"{expression:g}", f"-1..{len(CLASSES) - 1}")
            own, number = rows[match["track"]], int(match["frame"])
            if number in own or number < 1:
                raise BadInput(where, fields[0].strip(), "each frame once, counted from 1")
            own[number] = (valence, arousal, expression)
        for track, own in rows.items():
            if track in found:
                raise BadInput(path, f"track {track}, which is in {found[track].path.name} too", "it in one list")
            numbers = np.array(sorted(own))
            table = np.array([own[number] for number in numbers.tolist()])
            valid = (np.abs(table[:, :2]) <= 1).all(axis=1)
            ignored += int(np.sum(~valid))
            labels = numbers[valid], table[valid, :2], table[valid, 2].astype(np.int64)
            found[track] = Labels(part, *labels, int(numbers[-1]), path)
    return found, ignored


def _taken(edition: str, own: Labels, every: int) -> np.ndarray:
    """The rows of the labels that are selected by the sampling step."""
    if edition == "multi-task lists":
        return np.arange(0, len(own.numbers), every)
    return np.flatnonzero(taken(own.numbers, every))


def _tracks(labels: Mapping[str, Labels], both: Sequence[str]) -> Iterator[tuple[str, str, str, Labels]]:
    """(track, video, split, labels), sorted by track. Training tracks of videos that are in both official parts are left
    out."""
    for track in sorted(labels):
        own, video = labels[track], video_of_track(track)
        if not (video in both and own.official == "train"):
            yield track, video, split_of(video, own.official), own


def _from_crops(tree: Tree, edition: str, labels: Mapping[str, Labels], both: Sequence[str], every: int, size: int):
    tracks, without, absent, beyond = [], [], 0, 0
    for track, video, split, own in _tracks(labels, both):
        if track not in tree.crops_of:
            without.append(track)
            continue
        crops = _crops(tree.crops_of[track])
        beyond += sum(number > own.lines for number in crops)
        rows = _taken(edition, own, every)
        present = np.array([number in crops for number in own.numbers[rows].tolist()], dtype=bool)
        absent += int(np.sum(~present))
        rows = rows[present]
        paths = [crops[number] for number in own.numbers[rows].tolist()]
        expression = None if own.expression is None else own.expression[rows]
        source = Pictures(paths, size, 3)
        tracks.append(Track(track, video, split, own.numbers[rows], *own.values[rows].T, source, expression))
    _check_lacking(tree, without, len(tracks) + len(without), "folder of crops")
    return tracks, {
        "frames_without_a_crop": absent,
        "crops_beyond_the_labels": int(beyond),
        "tracks_without_crops": without,
        "tracks_without_labels": len(set(tree.crops_of) - set(labels)),
    }


def _crops(folder: Path) -> dict[int, str]:
    """Frame number -> file. Files with other names are ignored. BadInput for two files with one number."""
    found: dict[int, str] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if match := CROP.fullmatch(entry.name):
                number = int(match[1])
                if number in found:
                    raise BadInput(entry.path, f"frame {number} a second time, beside {found[number]}", "it once")
                found[number] = entry.path
    return found


def _from_videos(tree: Tree, edition: str, labels: Mapping[str, Labels], both: Sequence[str], every: int, size: int):
    videos = video_files(tree.files)
    if not videos:
        raise BadInput(tree.root, "neither a folder cropped_aligned nor a video", "pictures or .mp4/.avi files")
    tracks, without, persons, shorter = [], [], [], {}
    for track, video, split, own in _tracks(labels, both):
        if track not in videos:
            # The frames show both persons, and it is not known which one is called left. Such a track needs its crops.
            (persons if track != video and video in videos else without).append(track)
            continue
        frames = frame_count(videos[track])
        if frames is not None and frames != own.lines and edition != "multi-task lists":
            shorter[track] = [own.lines, frames]
        rows = _taken(edition, own, every)
        rows = rows[own.numbers[rows] <= (frames or own.lines)]
        expression = None if own.expression is None else own.expression[rows]
        clip = Clip(videos[track], own.numbers[rows], None, 0.0, size, 3)
        tracks.append(Track(track, video, split, own.numbers[rows], *own.values[rows].T, clip, expression))
    _check_lacking(tree, without, len(tracks) + len(without), "video")
    return tracks, {
        "cut": "whole frames, cut to the largest centred square",
        "tracks_without_video": without,
        "tracks_of_two_persons_left_out": persons,
        "label_lines_and_frames_where_they_differ": shorter,
        "decoder": versions(),
    }


def _check_lacking(tree: Tree, without: Sequence[str], total: int, what: str) -> None:
    if len(without) > LACKING * total:
        found = f"no {what} for {len(without)} of {total} tracks: {shown(without)}"
        raise BadInput(tree.root, found, f"one for each (at most {100 * LACKING:g} % may lack it)")
