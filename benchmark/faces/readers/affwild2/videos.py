"""Aff-Wild2's videos, which are used where there are no crops."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.labels import LISTS
from benchmark.faces.readers.affwild2.pictures import Read, check_lacking, check_lengths, rows_taken, track_of
from benchmark.faces.readers.affwild2.splits import Chosen
from benchmark.faces.readers.affwild2.tree import VA_FOLDERS, Tree, is_crops
from benchmark.faces.reading.tracks import far_apart, number_of, shown
from benchmark.faces.reading.video import SUFFIXES, Clip, frame_count, opens, versions
from benchmark.files import Json


def from_videos(tree: Tree, edition: str, chosen: Sequence[Chosen], every: int, size: int) -> Read:
    """The whole frames of the chosen tracks. Frame n belongs to label line n. The tracks of two persons in one video are
    left out, because the frames show both, and which one is called left is not known: they need their crops.

    Raises:
        BadInput: no video; a link to crops that leads to nothing; two different videos of one name; more than 5 % of the
            tracks without a video, or with a length that does not fit.
    """
    if lost := [path for path in tree.dead_links if is_crops(path.name)]:
        raise BadInput(lost[0], f"a link to nothing ({os.readlink(lost[0])})", "the folder of crops that it leads to")
    files: dict[str, list[Path]] = defaultdict(list)
    for path in tree.files:
        if path.suffix.lower() in SUFFIXES and path.exists():  # no link to nothing
            files[path.stem].append(path)
    if not files:
        expected = "pictures or .mp4/.avi files: give the folder that contains both the labels and the pictures"
        raise BadInput(tree.root, f"neither a folder cropped_aligned with crops nor a video{tree.hints()}", expected)
    persons = [track.name for track in chosen if track.name not in files and track.video in files]
    without = [track.name for track in chosen if track.name not in files and track.video not in files]
    own = [track for track in chosen if track.name in files]
    check_lacking(tree, without, len(own) + len(without), "video")
    tracks, closed, doubled = [], set(), []
    lengths: dict[str, tuple[int, int]] = {}
    for track in own:
        path = _one_of(files[track.name], tree.root)
        if len(files[track.name]) > 1:
            doubled.append(path.relative_to(tree.root).as_posix())
        frames = frame_count(path)
        if frames is None:
            if not opens(path):
                closed.add(path)
        elif edition != LISTS:
            lengths[track.name] = (track.labels.lines, frames)
        rows = rows_taken(edition, track.labels, every)
        rows = rows[track.labels.numbers[rows] <= (frames or track.labels.lines)]
        tracks.append(track_of(track, rows, Clip(path, track.labels.numbers[rows], None, 0.0, size, 3)))
    apart = {name: pair for name, pair in lengths.items() if far_apart(*pair)}
    notes = check_lengths(tree.root, apart, len(own), "frames")
    more = Counter(lines - frames for lines, frames in lengths.values())
    notes.append(f"no crops were found: whole frames are used, cut to the largest centred square{tree.hints()}")
    if set(more) - {0}:
        table = ", ".join(f"{difference:+d} in {number}" for difference, number in sorted(more.items()))
        notes.append(f"label lines more than the video has frames: {table} tracks; line n is frame n, nothing is shifted")
    if doubled:
        notes.append(f"{number_of(len(doubled), 'video')} in two folders, of which one file is used: {shown(doubled)}")
    if persons:
        notes.append(f"tracks of two persons in one video, which need crops, are left out: {shown(persons)}")
    if without:
        notes.append(f"tracks without a video, which are left out: {shown(without)}")
    differ: dict[str, Json] = {name: list(pair) for name, pair in lengths.items() if pair[0] != pair[1]}
    account: dict[str, Json] = {
        "cut": "whole frames, cut to the largest centred square",
        "tracks_without_video": without,
        "tracks_of_two_persons_left_out": persons,
        "label_lines_and_frames_where_they_differ": differ,
        "videos_in_two_folders": doubled,
        "videos_that_do_not_open": sorted(path.relative_to(tree.root).as_posix() for path in closed),
        "decoder": versions(),
    }
    return Read(tracks, account, notes, frozenset(closed))


def _one_of(paths: Sequence[Path], root: Path) -> Path:
    """One of several files of a video: the one of VA_Set (a video may lie there and in EXPR_Set), or any if they have the
    same size. BadInput if it is not clear which one."""
    official = {name.lower() for name in VA_FOLDERS}
    inside = [path for path in paths if official & {part.lower() for part in path.relative_to(root).parts}]
    left = sorted(inside or paths)
    if len({path.stat().st_size for path in left}) > 1:
        raise BadInput(left[1], f"a second video '{left[1].stem}' beside {left[0]}, of another size", "one file a video")
    return left[0]
