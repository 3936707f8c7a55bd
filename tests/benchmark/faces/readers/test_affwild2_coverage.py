"""Aff-Wild2: crops that are there for too few of the labelled frames, and numbers that released crops do not have."""

import re

import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2 import reader as affwild2
from tests.benchmark.faces.readers.affwild2_trees import LINES, as_lists, notes, written

ALL = range(1, LINES + 1)


def crops(*numbers):
    """Track -> the numbers of its crops."""
    return {f"{k}-30-64x64": own for k, own in enumerate(numbers, 1)}


def refused(folder, found, expected):
    with pytest.raises(BadInput, match=f"^{re.escape(f'{folder}: found {found}; expected {expected}')}$"):
        affwild2.check(folder)


MOST = "a crop for each (at most {} % may lack it; in the release 1.6 % do)".format
RATE = ": were they cut at another frame rate?"
THREE = "1-30-64x64 (7 of 20, last crop 7 of 20 lines), 2-30-64x64 (7 of 20, last crop 7 of 20 lines) and 1 more"
SIX = "23-30-64x64 (3 of 20, last crop 3 of 20 lines), 24-30-64x64 (3 of 20, last crop 3 of 20 lines) and 4 more"


@pytest.mark.parametrize(
    "numbers, found, expected",
    [
        (  # every third frame, numbered 1, 2, 3, ...
            [range(1, 8)] * 3,
            f"no crop for 39 of 60 labelled frames (65.0 %) of the 3 tracks with crops; most are missing in {THREE}",
            MOST(50) + RATE,
        ),
        (  # deleted up to the end; the track that lacks most is named first
            [[*range(1, 4), *range(7, 13), 20], [1, 3, 6, 9, 12, 15, 18, 20]],
            "no crop for 22 of 40 labelled frames (55.0 %) of the 2 tracks with crops; most are missing in "
            "2-30-64x64 (8 of 20, last crop 20 of 20 lines), 1-30-64x64 (10 of 20, last crop 20 of 20 lines)",
            MOST(50),
        ),
        (  # six tracks of 28 were cut to three crops
            [ALL] * 22 + [range(1, 4)] * 6,
            f"no crop for 102 of 560 labelled frames (18.2 %) of the 28 tracks with crops; most are missing in {SIX}",
            MOST(10) + RATE,
        ),
    ],
)
def test_too_few_crops_are_refused(tmp_path, numbers, found, expected):
    refused(written(tmp_path / "data", crops(*numbers)), found, expected)


@pytest.mark.parametrize(
    "numbers, note",
    [
        (  # of four fifths of the frame rate
            [range(1, 17)] * 2,
            "no crop for 8 of 40 labelled frames (20.0 %) of the 2 tracks with crops; most are missing in 1-30-64x64 (16 of "
            f"20, last crop 16 of 20 lines), 2-30-64x64 (16 of 20, last crop 16 of 20 lines) (in the release 1.6 %){RATE}",
        ),
        (  # counted from 0: the crops 0 to 14 are those of the lines 1 to 15
            [range(15), range(20)],
            "no crop for 5 of 40 labelled frames (12.5 %) of the 2 tracks with crops; most are missing in "
            f"1-30-64x64 (15 of 20, last crop 15 of 20 lines) (in the release 1.6 %){RATE}",
        ),
        (  # one of seven is nearly empty
            [[1, 20], *[ALL] * 6],
            "no crop for 18 of 140 labelled frames (12.9 %) of the 7 tracks with crops; most are missing in "
            "1-30-64x64 (2 of 20, last crop 20 of 20 lines) (in the release 1.6 %)",
        ),
    ],
)
def test_of_few_tracks_up_to_half_may_be_missing(tmp_path, numbers, note):
    assert note in affwild2.check(written(tmp_path / "data", crops(*numbers))).notes


@pytest.mark.parametrize("first", [0, 1])
def test_a_tenth_of_the_labelled_frames_may_lack_a_crop(tmp_path, first):
    """40 of 400 labelled frames of 20 tracks, in both numberings; 41 are too many."""
    whole = range(first, first + 20)
    said = affwild2.check(written(tmp_path / "4", crops(*[whole] * 10, *[whole[:16]] * 10))).notes
    train, test = "ABAW5: 1680144, 1653757 with a crop", "ABAW5: 382021, 376323 with a crop"
    assert f"official training part: 19 videos, 19 tracks, 380 labelled frames, 344 with a crop ({train})" in said
    assert f"official validation part: 1 video, 1 track, 20 labelled frames, 16 with a crop ({test})" in said
    with pytest.raises(BadInput, match=r"no crop for 41 of 400 labelled frames \(10\.2 %\)"):
        affwild2.check(written(tmp_path / "5", crops(*[whole] * 10, *[whole[:16]] * 9, whole[:15])))


def test_frames_without_a_label_need_no_crop(tmp_path):
    """Nine of 20 crops, but eleven lines are to be ignored; in one track all lines are."""
    folder = written(tmp_path / "data", crops(range(1, 10), range(1, 10), range(1, 10)))
    (folder / "VA_Set/Train_Set/2-30-64x64.txt").write_text("valence,arousal\n" + "-5,-5\n" * 20)
    for path in folder.glob("VA_Set/*/*.txt"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:10], *["-5,-5"] * 11]) + "\n")
    assert "9 labelled frames, 9 with a crop" in notes(folder)


def test_a_track_with_crops_for_fewer_than_half_of_its_frames_is_named(tmp_path):
    """One of 20 tracks; the one with half of them is not named. Two are refused, although nine tenths of all are there."""
    few, half = range(1, 10), range(1, 11)
    said = "tracks with crops for fewer than half of their labelled frames: "
    name = "{}-30-64x64 (9 of 20, last crop 9 of 20 lines)".format
    one = written(tmp_path / "one", crops(*[ALL] * 18, half, few))
    assert said + name(20) in affwild2.check(one).notes
    assert "fewer than half" not in notes(written(tmp_path / "none", crops(*[ALL] * 19, half)))
    two = written(tmp_path / "two", crops(*[ALL] * 18, few, few))
    found = f"crops for fewer than half of the labelled frames in 2 of 20 tracks: {name(19)}, {name(20)}"
    refused(two, found, "at least half in each (at most 5 % of the tracks may have fewer)")


@pytest.mark.parametrize("kept, absent", [(range(2, LINES, 2), 20), (range(1, 10), 22)])
def test_pictures_of_multi_task_lists(tmp_path, kept, absent):
    """Frame 1 has no valence and arousal. Of 38 entries, 20 without a picture are more than half; with 3 the lists
    are read."""
    folder = as_lists(written(tmp_path / "data", crops(kept, kept)), ALL)
    with pytest.raises(BadInput, match=f"no crop for {absent} of 38 labelled frames"):
        affwild2.check(folder)
    whole = as_lists(written(tmp_path / "whole", crops(range(1, 19), range(1, 20))), ALL)
    assert "19 labelled frames, 17 with a crop" in notes(whole)


def test_a_numbering_from_0_that_its_names_can_not_show(tmp_path):
    """20 tracks whose crop 0 is missing: read as from 1, because the names are those of released crops; but no track
    reaches its last label line, and that is said. One track that reaches it, or 19 tracks, are not enough to say so."""
    said = (
        "none of 20 tracks has a crop for its last label line; in the release some have. Crops numbered from 0 would look "
        "like this if each track lacked the first one, and so would crops that were renumbered without gaps; their names "
        "could not show it"
    )
    frames = crops(*[range(1, LINES)] * 20)  # 0..19, without 0
    assert said in affwild2.check(written(tmp_path / "all", frames)).notes
    assert "has a crop for its last" not in notes(written(tmp_path / "reached", frames | {"20-30-64x64": ALL}))
    assert "has a crop for its last" not in notes(written(tmp_path / "zero", crops(*[range(LINES - 1)] * 20)))
    assert "has a crop for its last" not in notes(written(tmp_path / "few", dict(list(frames.items())[:19])))


@pytest.mark.parametrize("first", [0, 1])
def test_crops_without_a_gap_are_said(tmp_path, first):
    """Renumbered from `first` without gaps. One gap in 20 tracks, half of them up to the last line, or 19 tracks: nothing is
    said."""
    early, whole = range(first, first + 19), range(first, first + 20)
    gap = [number for number in whole if number != 7]

    def said(name, *numbers):
        return [note for note in affwild2.check(written(tmp_path / name, crops(*numbers))).notes if "a gap between" in note]

    assert said("all", *[early] * 11, *[whole] * 9) == [
        "none of 20 tracks has a gap between its first and last crop, and 11 end before their last label line; in the "
        "release a frame without a face leaves a gap. If these crops were renumbered without gaps, those after such a frame "
        "have the labels of earlier frames"
    ]
    assert not said("gap", *[early] * 19, gap)
    assert not said("half", *[early] * 10, *[whole] * 10)
    assert not said("few", *[early] * 19)


def test_lists_end_where_their_last_entry_is(tmp_path):
    """Of the crops of a whole video, lists name some: nothing follows for the lengths, whatever the last entry is."""
    beyond = as_lists(written(tmp_path / "beyond", crops(*[ALL] * 2)), range(1, 6))
    assert not re.search("beyond|do not fit", notes(beyond))
    last = as_lists(written(tmp_path / "last", crops(*[range(1, LINES)] * 20)), ALL)
    assert not re.search("last label line|a gap", notes(last))
