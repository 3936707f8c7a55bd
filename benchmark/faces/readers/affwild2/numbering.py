"""The numbers of crops, and the label line that a number belongs to."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading.tracks import number_of, shown

CROP = re.compile(r"(\d+)(\.(?:jpg|jpeg|png))", re.ASCII | re.IGNORECASE)
EXCEPTIONS = 0.05  # largest fraction of the tracks that may begin with 1 in a numbering from 0
LEAST = 0.5  # smallest fraction of all tracks that must have a crop 0 in one; most first frames show a face
ONE = "one numbering: in all tracks from 1, as released, or in all from 0"


@dataclass(frozen=True)
class Crops:
    """The crops of one track. Names of the usual form are not kept, because there are millions.

    Attributes:
        folder: of the track.
        numbers: int64 (K,), as in the names, sorted.
        digits, ending: the form of the names: ``00001.jpg`` has 5 and ``.jpg``.
        others: number -> name, for names of another form.
    """

    folder: Path
    numbers: NDArray[np.int64]
    digits: int
    ending: str
    others: Mapping[int, str]

    def path(self, number: int) -> str:
        """The file with a number, as text."""
        name = self.others.get(number) or f"{number:0{self.digits}d}{self.ending}"
        return f"{self.folder}{os.sep}{name}"


def has_crops(folder: Path) -> bool:
    """Whether there is a crop in a folder."""
    with os.scandir(folder) as entries:
        return any(CROP.fullmatch(entry.name) for entry in entries)


def read_crops(folder: Path) -> Crops | None:
    """The crops in a folder, without files of other names; None if there is none. BadInput for two files of one number."""
    found: dict[int, str] = {}
    digits, ending = 5, ".jpg"
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        if match := CROP.fullmatch(name):
            if not found:
                digits, ending = len(match[1]), match[2]
            number = int(match[1])
            if number in found:
                raise BadInput(folder / name, f"frame {number} a second time, beside {folder / found[number]}", "it once")
            found[number] = name
    others = {number: name for number, name in found.items() if name != f"{number:0{digits}d}{ending}"}
    return Crops(folder, np.array(sorted(found), dtype=np.int64), digits, ending, others) if found else None


def first_number(crops: Mapping[str, Crops], lines: Mapping[str, int], *, named_by_lists: bool) -> int:
    """The number of the crop that belongs to label line 1: 1 as released; 0 if crops have the number 0.

    A crop 0 can not exist in the released numbering. It shows that somebody else cut the crops and counted from 0. This is
    concluded for all tracks if at most 5 % begin with 1 while others begin with 0: in a numbering from 0, such a track shows
    a face in the second frame and none in the first. And at least half of the tracks must have a
    crop 0; otherwise a few stray crops 0 lie among crops that are numbered from 1.

    Args:
        crops: track -> its crops.
        lines: track -> number of its label lines.
        named_by_lists: whether the labels name single crops, as multi-task lists do.

    Raises:
        BadInput: more tracks begin with 1, or one of them would end beyond its labels, or fewer have a crop 0: there may be
            two numberings; a crop 0 beside lists, which name the released crops.
    """
    zero = [name for name, own in crops.items() if own.numbers[0] == 0]
    one = [name for name, own in crops.items() if own.numbers[0] == 1]
    if not zero:
        return 1
    where = crops[zero[0]].path(0)
    if named_by_lists:
        raise BadInput(where, "a crop 0", "crops numbered from 1, as those that the multi-task lists name")
    if len(one) > EXCEPTIONS * (len(zero) + len(one)):
        found = (
            f"a crop 0, as in {number_of(len(zero), 'track')}, beside {number_of(len(one), 'track')} from 1: {shown(one)}"
        )
        raise BadInput(where, found, ONE)
    few = len(zero) < LEAST * len(crops)
    past = [name for name in one if crops[name].numbers[-1] + 1 > lines[name]]
    if few or past:
        found = f"a crop 0, as in {number_of(len(zero), 'track')} of {len(crops)}"
        if past:
            found += f"; counted from 0, the crops of {shown(past)}, which begin with 1, end beyond the last label line"
        raise BadInput(where, found, ONE)
    return 0
