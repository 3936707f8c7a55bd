"""Aff-Wild2: which label line a crop belongs to, where the numbers of the crops tell it and where they can not."""

import re

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2 import reader as affwild2
from benchmark.faces.readers.affwild2.numbering import read_crops
from tests.benchmark.faces.readers.affwild2_trees import LINES, notes, tree, written


def pairs(tmp_path, folder):
    """{(label line, number of its crop)} of all faces, by the labels and the levels of the pictures."""
    (tmp_path / "raw").mkdir(exist_ok=True)
    (tmp_path / "raw/affwild2").symlink_to(folder)
    faces = affwild2.prepare(tmp_path / "prepared", raw=tmp_path / "raw", every=1, size=8, processes=1)
    levels = faces.pictures[:].reshape(len(faces), -1).mean(axis=1)
    numbers = np.round(levels / 10).astype(int).tolist()
    lines = np.round(100 * faces.valence).astype(int).tolist()
    assert [int(name[-5:]) for name in faces.id] == lines
    return set(zip(lines, numbers, strict=True)), faces.meta["how"]["pictures"]["numbering"]


@pytest.mark.parametrize(
    "crops, shift",
    [
        (tree(one=3), 0),
        (tree(one=1, late=2), 0),
        (tree(late=3), 0),
        (tree(zero=3), 1),
        (tree(zero=2, late=2), 1),  # half of the tracks show it, if no track begins with 1
        (tree(zero=19, one=1), 1),  # 5 %: a face in the second frame alone
    ],
)
def test_the_line_of_a_crop(tmp_path, crops, shift):
    folder = written(tmp_path / "data", crops)
    found, numbering = pairs(tmp_path, folder)
    assert found == {(n + shift, n) for numbers in crops.values() for n in numbers if n + shift <= LINES}
    assert numbering["crop_of_label_line_1"] == 1 - shift
    assert ("with a crop 0" in notes(folder)) == bool(shift)


def test_tracks_that_begin_with_1_are_named_in_a_numbering_from_0(tmp_path):
    folder = written(tmp_path / "data", tree(zero=19, one=1))
    assert "tracks whose crops begin with 1 are counted from 0 as well: 20-30-64x64" in notes(folder)


@pytest.mark.parametrize(
    "zero, one, said",
    [
        (1, 1, "1 track, beside 1 track from 1: "),
        (18, 1, "18 tracks, beside 1 track from 1: "),
        (1, 30, "1 track, beside 30 tracks from 1: "),
    ],
)
def test_two_numberings_are_refused(tmp_path, zero, one, said):
    folder = written(tmp_path / "data", tree(zero=zero, one=one))
    names = sorted(tree(zero=zero, one=one))
    zeros = [name for name in names if int(name.partition("-")[0]) <= zero]
    ones = [name for name in names if name not in zeros]
    many = f" and {len(ones) - 5} more" if len(ones) > 5 else ""
    line = (
        f"{folder}/cropped_aligned/{zeros[0]}/00000.jpg: found a crop 0, as in {said}"
        f"{', '.join(ones[:5])}{many}; expected one numbering: in all tracks from 1, as released, or in all from 0"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        affwild2.check(folder)


@pytest.mark.parametrize(
    "crops, said",
    [
        (tree(zero=1, late=2), "a crop 0, as in 1 track of 3"),  # a stray file among crops that are numbered from 1
        (
            tree(zero=19) | {"20-30-64x64": range(1, LINES + 1)},
            "a crop 0, as in 19 tracks of 20; counted from 0, the crops of 20-30-64x64, which begin with 1, end beyond the "
            "last label line",
        ),
    ],
)
def test_a_numbering_that_a_few_crops_contradict_is_refused(tmp_path, crops, said):
    folder = written(tmp_path / "data", crops)
    line = f"{folder}/cropped_aligned/1-30-64x64/00000.jpg: found {said}; expected one numbering: in all tracks from 1, as "
    with pytest.raises(BadInput, match=f"^{re.escape(line)}released, or in all from 0$"):
        affwild2.check(folder)


def test_crops_far_beyond_the_labels(tmp_path):
    """As crops of twice the frame rate. 3 beyond 20 lines do not fit, 2 may be."""
    crops = tree(one=2)
    first = next(iter(crops))
    assert "2 crops beyond the last label line, not used" in notes(
        written(tmp_path / "near", crops | {first: range(1, LINES + 3)})
    )
    folder = written(tmp_path / "far", crops | {first: range(1, LINES + 4)})
    line = (
        f"{folder}: found lengths that do not fit for 1 of 2 tracks: {first} (20 label lines, last crop 23); expected label "
        "line n for frame n (at most 5 % of the tracks may differ by more than 10 %)"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        affwild2.check(folder)
    crops = tree(one=20)
    many = written(tmp_path / "many", crops | {first: range(1, LINES + 4)})
    assert f"lengths that do not fit in 1 track; label line n is frame n all the same: {first} (20 label" in notes(many)


def test_a_crop_0_beside_multi_task_lists(tmp_path):
    """The lists name the released crops; which of these other crops is meant can not be told."""
    folder = written(tmp_path / "data", tree(zero=2))
    for part, track, name in (("Train_Set", "1-30-64x64", "training"), ("Validation_Set", "2-30-64x64", "validation")):
        rows = "".join(f"{track}/{n:05d}.jpg,0.1,0.2,3,0-0\n" for n in range(1, 4))
        (folder / f"{name}_set_annotations_22.txt").write_text(f"image,valence,arousal,expression,aus\n{rows}")
        (folder / "VA_Set" / part / f"{track}.txt").unlink()
    line = (
        f"{folder}/cropped_aligned/1-30-64x64/00000.jpg: found a crop 0; expected crops numbered from 1, as those that the "
        "multi-task lists name"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        affwild2.check(folder)


def test_names_of_several_forms(tmp_path):
    """Digits and endings may differ between the files of a folder."""
    names = {3: "00003.jpg", 7: "7.PNG", 12: "0012.jpeg", 100000: "100000.jpg"}
    for name in [*names.values(), "face.jpg", "Thumbs.db", "._00004.jpg", "5.txt"]:
        (tmp_path / name).touch()
    crops = read_crops(tmp_path)
    assert crops.numbers.tolist() == list(names)
    assert {number: crops.path(number) for number in names} == {n: f"{tmp_path}/{name}" for n, name in names.items()}
