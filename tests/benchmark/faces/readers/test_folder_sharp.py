"""Cases of the folder reader at the very edge of a rule, where a slip would go unseen elsewhere."""

import dataclasses
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmark.errors import BadInput
from benchmark.faces.data_sets import PRESETS, reader
from benchmark.faces.readers.folder.examining import together
from benchmark.faces.readers.folder.preset import read_preset
from benchmark.faces.readers.folder.reader import Reader
from benchmark.faces.readers.folder.rows import Row

NAME = "folder-mine"
BOX = "face_x,face_y,face_width,face_height"


def draw(root, *paths, size=(24, 24), **how):
    for k, path in enumerate(paths):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(k).integers(1, 256, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file, **how)


def table(root, header, *rows):
    (root / "list.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def check(root):
    return reader(NAME).check(root)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "raw" / NAME
    folder.mkdir(parents=True)
    (folder / "folder.yaml").write_text("size: 24\n")
    return folder


def test_splits_of_a_tree_that_differ_by_case(root):
    draw(root, "Train/anger/0.png", "train/happy/1.png")
    with pytest.raises(BadInput) as error:
        check(root)
    assert str(error.value).startswith(f"{root}/train: found split 'train' beside 'Train' ({root}/Train); expected one spel")


def test_a_column_group_beside_the_option_group(root):
    draw(root, "S1_0.png")
    table(root, "path,split,group", "S1_0.png,train,S2")
    assert check(root).counts == {"train": {"none": 1}}
    (root / "folder.yaml").write_text("group: '(S[0-9])_'\n")
    with pytest.raises(BadInput, match="list.csv line 1: found header 'path,split,group'; expected path, split and perhaps"):
        check(root)


@pytest.mark.parametrize(
    "row, message",
    [
        (f"a.png,{'s' * 101},S1", "list.csv line 2, split: found 's{101}'; expected one line of printable text"),
        ("a.png,tr\u202eain,S1", r"list.csv line 2, split: found 'tr\\u202eain'; expected one line of printable text"),
        ("a.png,train,S\u202e1", r"list.csv line 2: found 'a.png', group 'S\\u202e1'; expected printable characters"),
    ],
)
def test_names_that_can_not_be_shown(root, row, message):
    draw(root, "a.png")
    table(root, "path,split,group", row)
    with pytest.raises(BadInput, match=message):
        check(root)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff"])
def test_a_box_is_of_the_picture_as_it_is_shown(root, orientation, ending):
    """A file of 40 x 30 pixels, and a box that reaches down to row 38: Pillow says whether it is shown as 30 x 40."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    draw(root, f"a.{ending}", size=(40, 30), exif=exif)
    table(root, f"path,split,{BOX}", f"a.{ending},train,2,14,24,24")
    notes = check(root).notes
    with Image.open(root / f"a.{ending}") as image:
        upright = ImageOps.exif_transpose(image).size == (30, 40)
    assert upright == (orientation >= 5)
    assert ("face boxes that reach beyond their picture, black outside: 1" in notes) == (not upright)
    face = reader(NAME).prepare(root.parent.parent / "prepared", raw=root.parent).pictures[0]
    assert (face[-6:] == 0).all() == (not upright)  # rows 32 to 37: black where the picture ends at row 30


def test_a_class_that_no_face_has_is_in_no_split_alone(root):
    draw(root, "train/happy/0.png", "test/happy/1.png")
    (root / "folder.yaml").write_text("classes: [happy, calm]\n")
    survey = check(root)
    assert survey.counts == {"test": {"happy": 1, "calm": 0}, "train": {"happy": 1, "calm": 0}}
    assert not [note for note in survey.notes if "calm" in note and "none in" in note]


def test_a_group_that_is_called_like_a_picture_is_another(root):
    """a.png has two faces of S1; the face in b.png is of a group with the name that stands for that picture."""
    faces = [("a.png", "S1"), ("a.png", "S1"), ("b.png", "picture a.png"), ("c.png", "picture b.png")]
    names = together([Row("", PurePosixPath(path), "", group=group) for path, group in faces])
    assert names[0] == names[1] and len(set(names)) == 3


def expw(root, *lines, share=0.0):
    """ExpW's layout with the pictures 0.jpg to 5.jpg of 40 x 40 pixels; its reader. `share`: may have no picture."""
    draw(root, *(f"origin/{k}.jpg" for k in range(6)), size=(40, 40))
    (root / "label.lst").write_text("\n".join(lines) + "\n")
    preset = read_preset(PRESETS / "expw.yaml")
    return Reader("expw", dataclasses.replace(preset, values={**preset.values, "allow_unreadable": share}))


def line(picture, box="5 5 30 30"):
    return f"{picture}.jpg 0 {box} 50.0 3"  # top left right bottom


def test_faces_without_a_picture_are_not_among_those_found(tmp_path):
    found = expw(tmp_path, *(line(k) for k in range(7)), share=0.2).check(tmp_path)
    assert "known: 91,793 faces, found: 6" in found.notes and found.counts["all"]["happy"] == 6


def test_a_face_that_is_lost_for_two_reasons_counts_once(tmp_path):
    """A box without area is also one outside of its picture; one of six faces is within a fifth."""
    lines = [*(line(k) for k in range(5)), line(5, "5 30 30 30")]
    found = expw(tmp_path, *lines, share=0.2).check(tmp_path)
    assert found.counts["all"]["happy"] == 5
    left_out = f"{tmp_path}/label.lst line 6, a face box without area: {tmp_path}/origin/5.jpg"
    assert f"faces without a picture, left out: 1 (the first: {left_out})" in found.notes
    with pytest.raises(BadInput, match="line 6: found a face box without area: .*/5.jpg; expected a picture; at most 16 %"):
        expw(tmp_path, *lines, share=0.16).check(tmp_path)


def test_a_file_is_no_folder_of_pictures(tmp_path):
    made = expw(tmp_path, *(line(k) for k in range(6)))
    (tmp_path / "image").mkdir()
    (tmp_path / "origin").rename(tmp_path / "image" / "origin")
    (tmp_path / "origin").write_text("where they come from")
    assert made.check(tmp_path).counts["all"]["happy"] == 6
    (tmp_path / "image" / "origin").rename(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=f"{tmp_path}: found none of origin, image/origin"):
        made.check(tmp_path)
