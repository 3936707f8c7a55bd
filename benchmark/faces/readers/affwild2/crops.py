"""Aff-Wild2's crops of faces: ``cropped_aligned*/<track>/<frame>.jpg``."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.faces.readers.affwild2.coverage import check_frames, coverage, odd_ends, table
from benchmark.faces.readers.affwild2.labels import LISTS, Labels
from benchmark.faces.readers.affwild2.numbering import first_number, read_crops
from benchmark.faces.readers.affwild2.pictures import Read, check_lacking, check_lengths, rows_taken, track_of
from benchmark.faces.readers.affwild2.splits import Chosen
from benchmark.faces.readers.affwild2.tree import Tree
from benchmark.faces.reading.tracks import Pictures, far_apart, number_of, shown
from benchmark.files import Json


def from_crops(
    tree: Tree, edition: str, labels: Mapping[str, Labels], chosen: Sequence[Chosen], every: int, size: int
) -> Read:
    """The crops of the chosen tracks. Crop n belongs to label line n, or to line n + 1 in a numbering from 0, whatever other
    crops there are. `labels` has all tracks, also those that are not chosen.

    Raises:
        BadInput: as `read_crops`, `first_number` and `check_frames`; more than 5 % of the tracks without a crop, or with
            crops far beyond their labels.
    """
    crops = {name: own for name in sorted(labels) if name in tree.crops_of and (own := read_crops(tree.crops_of[name]))}
    without = [track.name for track in chosen if track.name not in crops]
    check_lacking(tree, without, len(chosen), "crop")
    first = first_number(crops, {name: labels[name].lines for name in crops}, named_by_lists=edition == LISTS)
    shift = 1 - first  # from the number of a crop to that of its label line
    covered = {name: coverage(name, own, crops.get(name), shift) for name, own in labels.items()}
    own_crops = [covered[name] for name in crops]
    lasts = {own.name: (own.lines, own.last) for own in own_crops if own.last > own.lines}
    apart = {name: pair for name, pair in lasts.items() if far_apart(*pair) and edition != LISTS}
    notes = check_lengths(tree.root, apart, len(crops), "last crop")
    notes += check_frames(tree, own_crops)
    tracks = []
    absent = 0
    for track in chosen:
        if own := crops.get(track.name):
            rows = rows_taken(edition, track.labels, every)
            present = np.isin(track.labels.numbers[rows], own.numbers + shift)
            absent += int(np.sum(~present))
            rows = rows[present]
            paths = [own.path(number) for number in (track.labels.numbers[rows] - shift).tolist()]
            tracks.append(track_of(track, rows, Pictures(paths, size, 3)))
    beyond = sum(int(np.sum(own.numbers + shift > labels[name].lines)) for name, own in crops.items())
    unlabelled = len(set(tree.crops_of) - set(labels))
    begin = [[name for name, own in crops.items() if own.numbers[0] == number] for number in (0, 1)]
    if first == 0:
        zero = number_of(len(begin[0]), "track")
        notes.append(f"{zero} with a crop 0, so crop n is taken for label line n + 1")
        notes.append(
            "the released crops begin with 1; these were cut by somebody else, so results on them are not comparable"
        )
        if begin[1]:
            notes.append(f"tracks whose crops begin with 1 are counted from 0 as well: {shown(begin[1])}")
    if edition != LISTS:  # lists name the last frame that is labelled, not the last one of the video
        notes += odd_ends(own_crops, first)
    if beyond and edition != LISTS:
        notes.append(f"{number_of(beyond, 'crop')} beyond the last label line, not used")
    if without:
        notes.append(f"tracks without crops, which are left out: {shown(without)}")
    if unlabelled:
        notes.append(f"{number_of(unlabelled, 'folder')} of crops without labels (the release has some: its test part)")
    account: dict[str, Json] = {
        "numbering": {
            "crop_of_label_line_1": first,
            "tracks_that_begin_with_0": len(begin[0]),
            "tracks_that_begin_with_1": len(begin[1]),
            "tracks_with_a_crop_for_the_last_label_line": sum(own.last >= own.lines for own in own_crops),
        },
        "labelled_frames": table(covered),
        "frames_without_a_crop": absent,
        "crops_beyond_the_labels": beyond,
        "tracks_without_crops": without,
        "tracks_without_labels": unlabelled,
    }
    return Read(tracks, account, notes)
