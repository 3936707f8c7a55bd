"""Face boxes of 2017 that do not fit the pictures beside them, and pictures of the lists in two folders."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import boxes, lists
from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.readers.affectnet.rows import Row

IMAGES, TABLES = "Manually_Annotated_Images", "Manually_Annotated_file_lists"


def prepared(raw, **options):
    return affectnet.prepare(raw.parent / "out", raw=raw, size=layouts.SIDE, processes=1, **options)


def resized(source, target, size):
    """Every picture below `source` once more below `target`."""
    for path in [path for path in source.rglob("*") if path.is_file()]:
        (place := target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.resize(size).save(place)


# The uncropped pictures are 40 x 41 with the box 3,5,35,37 (`layouts.write_lists`).
@pytest.mark.parametrize("size", [(32, 32), (20, 20)], ids=["cropped", "half"])
def test_pictures_for_which_the_boxes_were_not_made(raw, faces, size):
    folder = layouts.write_lists(raw / "affectnet", faces)
    resized(folder / IMAGES, folder / IMAGES, size)
    said = (
        f"{folder}/{TABLES}/training.csv line 2: found the face box 3,5,35,37 (left, top, right, bottom) in a picture of "
        f"{size[0]} x {size[1]}; 60 of 60 sampled boxes reach beyond their pictures; expected at most 25 %: boxes made for "
        "these pictures, not for uncropped or larger ones"
    )
    for call in (lambda: affectnet.check(folder), lambda: prepared(raw, allow_unreadable=1.0)):
        with pytest.raises(BadInput) as error:
            call()
        assert str(error.value) == said
    assert not (raw.parent / "out").exists()


def test_boxes_outside_of_cropped_pictures_are_named_so_too(tmp_path, faces):
    folder = layouts.write_lists(tmp_path, faces)
    for table in (folder / TABLES).iterdir():
        table.write_text(table.read_text().replace(",3,5,32,32,", ",134,134,899,899,"))
    with pytest.raises(BadInput, match="line 2: found the face box 134,134,1033,1033 .* in a picture of 40 x 41; 60 of 60 "):
        affectnet.check(folder)


@pytest.mark.parametrize("number", [14, 15, 16])
def test_some_boxes_beyond_are_noted_and_more_than_a_quarter_refused(raw, faces, number, capsys):
    """15 of 60 is a quarter. 6 + 36 = 42, two beyond a width of 40."""
    folder = layouts.write_lists(raw / "affectnet", faces)
    table = folder / TABLES / "training.csv"
    table.write_text(table.read_text().replace(",3,5,32,32,", ",6,5,36,32,", number))
    if number > 15:
        with pytest.raises(BadInput, match="found the face box 6,5,42,37 .* 40 x 41; 16 of 60 sampled"):
            affectnet.check(folder)
        return
    note = f"face boxes that reach beyond their picture, black outside: {number} of 60 sampled"
    assert note in affectnet.check(folder).notes
    assert len(prepared(raw)) == 60 and f"note: {note}\n" in capsys.readouterr().err


def row(path, box, code=0):
    return Row(f"list line {path}", "train", path, path, code, 0.0, 0.0, box)


def test_what_counts_as_beyond(tmp_path):
    """By more than a pixel, on each side alone; a turned picture as it is shown; a box outside is not in part."""
    Image.fromarray(np.full((20, 10, 3), 90, np.uint8)).save(tmp_path / "a.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(np.full((20, 10, 3), 90, np.uint8)).save(tmp_path / "turned.jpg", exif=turned)  # shown 20 wide, 10 high
    (tmp_path / "broken.png").write_bytes(b"no picture")
    within = [(0, 0, 10, 20), (-1, -1, 11, 21), (5, 5, 6, 6)]
    beyond = [(-1.5, 0, 10, 20), (0, -1.5, 10, 20), (0, 0, 11.5, 20), (0, 0, 10, 21.5)]
    rows = [row("a.png", box) for box in within + beyond]
    rows += [row("turned.jpg", (0, 0, 20, 10)), row("turned.jpg", (0, 0, 10, 20))]
    rows += [row("a.png", (50, 50, 60, 60)), row("a.png", None), row("a.png", beyond[0], 8), row("broken.png", beyond[0])]
    found = boxes.sample(tmp_path, rows)
    assert (found.total, found.looked, found.fitted, found.in_part) == (11, 11, 10, 5)
    assert [each.box for each, _ in found.beyond] == [*beyond, (0, 0, 10, 20), (50, 50, 60, 60)]
    assert [size for _, size in found.beyond] == [(10, 20)] * 4 + [(20, 10), (10, 20)]
    assert found.outside == [("list line a.png", "a face box outside of the picture")]


def test_two_folders_with_the_same_pictures_are_refused(raw, faces):
    folder = layouts.write_lists(raw / "affectnet", faces)
    resized(folder / IMAGES, folder / "A half" / IMAGES, (20, 20))
    said = (
        f"{folder}: found pictures of the lists in {folder / IMAGES} and as many in {folder / 'A half' / IMAGES}; expected "
        "one folder of pictures, that for which the face boxes were made"
    )
    for call in (lambda: affectnet.check(folder), lambda: prepared(raw)):
        with pytest.raises(BadInput) as error:
            call()
        assert str(error.value) == said


def test_one_folder_by_two_names_is_one(tmp_path, faces):
    folder = layouts.write_lists(tmp_path, faces)
    before = affectnet.check(folder)
    (folder / "link").mkdir()
    (folder / "link" / IMAGES).symlink_to(folder / IMAGES)
    assert affectnet.check(folder) == before


def test_the_folder_with_most_pictures_is_taken_and_others_are_said(tmp_path, faces):
    """The first face's picture alone, in a folder that is looked at first, does not decide."""
    folder = layouts.write_lists(tmp_path, faces, images=f"Z/{IMAGES}")
    before = affectnet.check(folder)
    (folder / IMAGES / "0").mkdir(parents=True)
    (folder / IMAGES / "0/00000000.png").write_bytes((folder / "Z" / IMAGES / "0/00000000.png").read_bytes())
    after = affectnet.check(folder)
    assert after.counts == before.counts
    assert set(after.notes) - set(before.notes) == {
        f"pictures are read from {folder / 'Z' / IMAGES}; {folder / IMAGES} has 1 of the 60 that were looked for too"
    }


@pytest.mark.parametrize("box", ["3,5,0,32", "3,5,32,0", "3,5,0,0", "3,5,-1,32", "3,5,32,-1"])
def test_a_box_without_area_is_none(tmp_path, faces, box):
    table = layouts.write_lists(tmp_path, faces) / TABLES / "training.csv"
    table.write_text(table.read_text().replace(",3,5,32,32,", f",{box},", 1))
    rows, left_out = lists.read_list(table, "train")
    assert left_out == [] and [row.box for row in rows[:2]] == [None, (3, 5, 35, 37)]
    assert "1 face has no box: the whole picture is taken" in affectnet.check(tmp_path).notes


def test_only_faces_without_a_box_are_counted(tmp_path, faces):
    """The lists have three rows of no class, with NULL as their box."""
    table = layouts.write_lists(tmp_path, faces) / TABLES / "training.csv"
    assert not any("no box" in note for note in affectnet.check(tmp_path).notes)
    table.write_text(table.read_text().replace(",3,5,32,32,", ",NULL,NULL,NULL,NULL,", 2))
    assert "2 faces have no box: the whole picture is taken" in affectnet.check(tmp_path).notes


def test_a_few_boxes_do_not_refuse_a_set(tmp_path):
    """5 of 19 are said, 6 of 20 are refused; a margin counts where the square is too large to be cut."""
    Image.fromarray(np.full((20, 10, 3), 90, np.uint8)).save(tmp_path / "a.png")
    rows = [row("a.png", (0, 0, 10, 30))] * 6 + [row("a.png", (0, 0, 10, 20))] * 14
    note = "face boxes that reach beyond their picture, black outside: 5 of 19 sampled"
    assert boxes.check_fit(boxes.sample(tmp_path, rows[1:])) == (note,)
    with pytest.raises(BadInput, match="6 of 20 sampled boxes reach beyond"):
        boxes.check_fit(boxes.sample(tmp_path, rows))
    large = [row("a.png", (0, 0, 8000, 8000))]
    assert boxes.sample(tmp_path, large).outside == []
    assert boxes.sample(tmp_path, large, 0.1).outside == [("list line a.png", "a face box of 9600 pixels")]
