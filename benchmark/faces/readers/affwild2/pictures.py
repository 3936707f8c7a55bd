"""What crops and videos have in common as sources of the pictures of Aff-Wild2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.labels import LISTS, Labels
from benchmark.faces.readers.affwild2.splits import Chosen
from benchmark.faces.readers.affwild2.tree import Tree
from benchmark.faces.reading.tracks import Pictures, Track, number_of, shown, taken
from benchmark.faces.reading.video import Clip
from benchmark.files import Json

LACKING = 0.05  # largest fraction of the tracks that may have no pictures, or pictures of other lengths than their labels


@dataclass(frozen=True)
class Read:
    """The pictures that there are.

    Attributes:
        tracks: with their pictures.
        account: entry for ``meta["how"]["pictures"]``.
        notes: sentences for a survey.
        closed: videos that do not open.
    """

    tracks: Sequence[Track]
    account: Mapping[str, Json]
    notes: Sequence[str]
    closed: frozenset[Path] = frozenset()


def rows_taken(edition: str, own: Labels, every: int) -> NDArray[np.intp]:
    """The rows of the labels that are selected by the sampling step. The frames of a multi-task list are a selection
    already, so the step counts its entries."""
    if edition == LISTS:
        return np.arange(0, len(own.numbers), every)
    return np.flatnonzero(taken(own.numbers, every))


def track_of(chosen: Chosen, rows: NDArray[np.intp], source: Clip | Pictures) -> Track:
    """The track of some rows of its labels, with their pictures."""
    own = chosen.labels
    valence, arousal = own.values[rows].T
    expression = None if own.expression is None else own.expression[rows]
    names = chosen.name, chosen.video, chosen.source, chosen.split
    return Track(*names, own.numbers[rows], valence, arousal, source, expression)


def check_lacking(tree: Tree, without: Sequence[str], total: int, what: str) -> None:
    """Raise BadInput if too many of `total` tracks have no pictures; `what` they would be."""
    if len(without) > LACKING * total:
        found = f"no {what} for {len(without)} of {total} tracks: {shown(without)}{tree.hints()}"
        raise BadInput(tree.root, found, f"one for each (at most {100 * LACKING:g} % may lack it)")


def check_lengths(root: Path, apart: Mapping[str, tuple[int, int]], total: int, what: str) -> list[str]:
    """Notes about tracks whose labels and pictures have lengths that are `far_apart`: track -> (lines, frames). BadInput if
    these are more than `LACKING` of the `total` tracks: the labels are then probably for another frame rate."""
    named = shown(f"{track} ({lines} label lines, {what} {frames})" for track, (lines, frames) in apart.items())
    if len(apart) > LACKING * total:
        found = f"lengths that do not fit for {len(apart)} of {total} tracks: {named}"
        expected = f"label line n for frame n (at most {100 * LACKING:g} % of the tracks may differ by more than 10 %)"
        raise BadInput(root, found, expected)
    return (
        [f"lengths that do not fit in {number_of(len(apart), 'track')}; label line n is frame n all the same: {named}"]
        if apart
        else []
    )
