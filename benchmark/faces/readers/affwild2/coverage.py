"""How many of Aff-Wild2's labelled frames have a crop. Too few are not the crops of these labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.labels import Labels
from benchmark.faces.readers.affwild2.numbering import Crops
from benchmark.faces.readers.affwild2.pictures import LACKING
from benchmark.faces.readers.affwild2.tree import Tree
from benchmark.faces.reading.tracks import far_apart, number_of, shown

# In the release 1.6 % of the labelled frames have no crop (32,085 of 2,062,165).
ABSENT = 0.10  # largest fraction of the labelled frames that may have no crop, in at least `ENOUGH` tracks with crops
ABSENT_OF_FEW = 0.50  # the same in fewer tracks, of which one or two decide the fraction
THIN = 0.5  # a track with a crop for a smaller fraction of its labelled frames is named
# In the release, 100 of 318 label files have no more lines than the video has frames; there the last line can have a crop.
# If one track in four has it, 20 tracks without any are no accident (p = 0.003). Nor are 20 tracks without a gap.
ENOUGH = 20


@dataclass(frozen=True)
class Coverage:
    """The labelled frames and the crops of one track.

    Attributes:
        name: of the track.
        official: "train" or "test".
        labelled, present: number of labelled frames, and of those that have a crop.
        lines, last: number of label lines, and the line that the last crop belongs to (0: the track has no crop).
        gaps: whether a number is missing between the first and the last crop.
    """

    name: str
    official: str
    labelled: int
    present: int
    lines: int
    last: int
    gaps: bool

    @property
    def absent(self) -> float:
        """Fraction of the labelled frames without a crop; 0 if no frame is labelled."""
        return 1 - self.present / self.labelled if self.labelled else 0.0

    def __str__(self) -> str:
        return f"{self.name} ({self.present} of {self.labelled}, last crop {self.last} of {self.lines} lines)"


def coverage(name: str, labels: Labels, crops: Crops | None, shift: int) -> Coverage:
    """The coverage of a track. A crop of the number n belongs to label line n + `shift`."""
    own, labelled = labels.official, len(labels.numbers)
    if crops is None:
        return Coverage(name, own, labelled, 0, labels.lines, 0, False)
    present = int(np.isin(labels.numbers, crops.numbers + shift).sum())
    first, last = int(crops.numbers[0]), int(crops.numbers[-1])
    return Coverage(name, own, labelled, present, labels.lines, last + shift, last - first + 1 > len(crops.numbers))


def check_frames(tree: Tree, tracks: Sequence[Coverage]) -> list[str]:
    """Notes about labelled frames without a crop, if they are many, and about tracks with a crop for fewer than half.

    Args:
        tracks: those that have crops.

    Raises:
        BadInput: more than 10 % of the labelled frames of all these tracks have no crop (50 % of fewer than 20 tracks); more
            than 5 % of at least 20 tracks have crops for fewer than half.
    """
    labelled = sum(track.labelled for track in tracks)
    absent = labelled - sum(track.present for track in tracks)
    worst = sorted((track for track in tracks if track.absent), key=lambda track: (-track.absent, track.name))
    enough = len(tracks) >= ENOUGH
    notes = []
    if absent > ABSENT * labelled:
        found = f"no crop for {absent} of {labelled} labelled frames ({100 * absent / labelled:.1f} %) of the "
        found += f"{number_of(len(tracks), 'track')} with crops; most are missing in {shown(map(str, worst), 2)}"
        early = sum(track.last < track.lines and far_apart(track.lines, track.last) for track in worst[:5])
        rate = ": were they cut at another frame rate?" if 2 * early > len(worst[:5]) else ""
        limit = ABSENT if enough else ABSENT_OF_FEW
        if absent > limit * labelled:
            expected = f"a crop for each (at most {100 * limit:g} % may lack it; in the release 1.6 % do){rate}"
            raise BadInput(tree.root, found + tree.hints(), expected)
        notes.append(f"{found} (in the release 1.6 %){rate}{tree.hints()}")
    thin = [track for track in worst if track.absent > THIN]
    if enough and len(thin) > LACKING * len(tracks):
        found = f"crops for fewer than half of the labelled frames in {len(thin)} of {len(tracks)} tracks: "
        expected = f"at least half in each (at most {100 * LACKING:g} % of the tracks may have fewer)"
        raise BadInput(tree.root, f"{found}{shown(map(str, thin), 2)}{tree.hints()}", expected)
    if thin:
        notes.append(f"tracks with crops for fewer than half of their labelled frames: {shown(map(str, thin))}")
    return notes


def odd_ends(tracks: Sequence[Coverage], first: int) -> list[str]:
    """Notes about numbers that released crops do not have, in at least `ENOUGH` tracks; `first` is the number of the crop of
    label line 1. No number can show the cause with certainty."""
    notes: list[str] = []
    if len(tracks) < ENOUGH:
        return notes
    if first == 1 and not any(track.last >= track.lines for track in tracks):
        notes.append(
            f"none of {len(tracks)} tracks has a crop for its last label line; in the release some have. Crops numbered "
            "from 0 would look like this if each track lacked the first one, and so would crops that were renumbered "
            "without gaps; their names could not show it"
        )
    early = sum(track.last < track.lines for track in tracks)
    if 2 * early > len(tracks) and not any(track.gaps for track in tracks):
        notes.append(
            f"none of {len(tracks)} tracks has a gap between its first and last crop, and {early} end before their last "
            "label line; in the release a frame without a face leaves a gap. If these crops were renumbered without gaps, "
            "those after such a frame have the labels of earlier frames"
        )
    return notes


def table(tracks: Mapping[str, Coverage]) -> dict[str, dict[str, int]]:
    """Official part -> number of labelled frames, whether selected or not, with a crop and without."""
    found = {official: {"with_a_crop": 0, "without": 0} for official in ("train", "test")}
    for own in tracks.values():
        found[own.official]["with_a_crop"] += own.present
        found[own.official]["without"] += own.labelled - own.present
    return found
