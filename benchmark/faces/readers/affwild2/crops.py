"""Aff-Wild2's crops of faces: ``cropped_aligned*/<track>/<frame>.jpg``."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.labels import LISTS, Labels
from benchmark.faces.readers.affwild2.numbering import Crops, first_number, read_crops
from benchmark.faces.readers.affwild2.pictures import Read, check_lacking, check_lengths, far_apart, rows_taken, track_of
from benchmark.faces.readers.affwild2.splits import Chosen
from benchmark.faces.readers.affwild2.tree import Tree
from benchmark.faces.reading.tracks import Pictures, number_of, shown
from benchmark.files import Json

# In the release, 100 of 318 label files have no more lines than the video has frames; there the last line can have a crop.
# If one track in four has it, 20 tracks without any are no accident (p = 0.003).
ENOUGH = 20
# In the release 1.6 % of the labelled frames have no crop. So tracks that end before three quarters of their lines have at
# most 6.4 % of the frames; crops cut at another frame rate end so in all tracks.
EARLY, EARLY_TRACKS = 0.75, 0.25


def from_crops(
    tree: Tree, edition: str, labels: Mapping[str, Labels], chosen: Sequence[Chosen], every: int, size: int
) -> Read:
    """The crops of the chosen tracks. Crop n belongs to label line n, or to line n + 1 in a numbering from 0, whatever other
    crops there are. `labels` has all tracks, also those that are not chosen.

    Raises:
        BadInput: as `read_crops` and `first_number`; more than 5 % of the tracks without a crop, or with crops far beyond
            their labels; more than a quarter of the tracks with crops that end before three quarters of their labels.
    """
    crops = {name: own for name in sorted(labels) if name in tree.crops_of and (own := read_crops(tree.crops_of[name]))}
    without = [track.name for track in chosen if track.name not in crops]
    check_lacking(tree.root, without, len(chosen), "crop")
    lines = {name: labels[name].lines for name in crops}
    first = first_number(crops, lines, named_by_lists=edition == LISTS)
    shift = 1 - first  # from the number of a crop to that of its label line
    lasts = {name: (labels[name].lines, int(own.numbers[-1]) + shift) for name, own in crops.items()}
    apart = {name: pair for name, pair in lasts.items() if pair[1] > pair[0] and far_apart(*pair) and edition != LISTS}
    notes = check_lengths(tree.root, apart, len(crops), "last crop")
    early = {} if edition == LISTS else {name: pair for name, pair in lasts.items() if pair[1] < EARLY * pair[0]}
    if len(early) > EARLY_TRACKS * len(crops):
        found = f"crops that end before {100 * EARLY:g} % of the label lines in {len(early)} of {len(crops)} tracks: "
        found += shown(f"{name} ({ends} label lines, last crop {last})" for name, (ends, last) in early.items())
        expected = f"crop n for label line n (in at most {100 * EARLY_TRACKS:g} % of the tracks they may end so early): "
        raise BadInput(tree.root, found, expected + "were they cut at another frame rate?")
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
    ends = sum(last >= lines for lines, last in lasts.values())
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
    elif not ends and len(crops) >= ENOUGH and edition != LISTS:
        notes.append(
            f"none of {len(crops)} tracks has a crop for its last label line; in the release some have. Crops numbered from "
            "0 would look like this if each track lacked the first one, and their names could not show it"
        )
    if beyond:
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
            "tracks_with_a_crop_for_the_last_label_line": ends,
        },
        "labelled_frames": _labelled(labels, crops, shift),
        "frames_without_a_crop": absent,
        "crops_beyond_the_labels": beyond,
        "tracks_without_crops": without,
        "tracks_without_labels": unlabelled,
    }
    return Read(tracks, account, notes)


def _labelled(labels: Mapping[str, Labels], crops: Mapping[str, Crops], shift: int) -> dict[str, dict[str, int]]:
    """Official part -> number of labelled frames, whether selected or not, with a crop and without."""
    table = {official: {"with_a_crop": 0, "without": 0} for official in ("train", "test")}
    for name, own in labels.items():
        present = np.isin(own.numbers, crops[name].numbers + shift).sum() if name in crops else 0
        table[own.official]["with_a_crop"] += int(present)
        table[own.official]["without"] += len(own.numbers) - int(present)
    return table
