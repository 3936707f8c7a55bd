"""AffectNet's releases as they are: the row without corner, trees of copies, boxes outside, copies of pictures, counts."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import counts, lists
from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.readers.affectnet.rows import LeftOut, Release, Row
from benchmark.faces.survey import lines

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
HEX = "737db2483489148d783ef278f43f486c0a97e140fc4b6b61b84363ca"  # a name as the release has it
POINTS = ";".join(f"{150.3 + k};{245.72 + k}" for k in range(68))


def prepared(raw, out="out", **options):
    return affectnet.prepare(raw.parent / out, raw=raw, **({"size": layouts.SIDE, "processes": 1} | options))


def with_bad_row(table, at=10):
    """The list with the released list's bad row, as row `at` from 0; its picture does not exist."""
    rows = table.read_text().splitlines()
    rows.insert(1 + at, f"689/{HEX}.jpg,NULL,NULL,475,475,{POINTS},1,0.474083,0.0948167")
    table.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("header", [True, False])
def test_the_row_without_a_corner_is_left_out_named_and_counted(raw, faces, header):
    folder = layouts.write_lists(raw / "affectnet", faces)
    table = folder / "Manually_Annotated_file_lists/training.csv"
    before = prepared(raw, "before")
    with_bad_row(table)
    if not header:
        table.write_text(table.read_text().partition("\n")[2])
    line = 12 if header else 11  # the header is line 1, row 0 is line 2
    found = affectnet.check(folder)
    assert found.notes[0] == (
        "1 row is left out, with NULL as face_x and face_y beside a width and a height: "
        f"training.csv line {line} (row 10 from 0, happy)"
    )
    assert found.notes[1] == "training: 49 rows (released: 414800)"
    after = prepared(raw)
    assert after.fingerprint == before.fingerprint
    how = after.meta["how"]
    assert how["rows without a corner of the face box"] == [
        {"file": "training.csv", "line": line, "index": 10, "code": 1},
    ]
    assert before.meta["how"]["rows without a corner of the face box"] == []
    assert how["notes"][0] == found.notes[0]


def test_other_rows_keep_their_numbers(tmp_path, faces):
    """AffectNetC25's index is the row of training.csv, counted from 0 with the bad row among them."""
    table = layouts.write_lists(tmp_path, faces) / "Manually_Annotated_file_lists/training.csv"
    before, none = lists.read_list(table, "train")
    with_bad_row(table)
    after, left = lists.read_list(table, "train")
    assert none == [] and left == [LeftOut("training.csv", 12, 10, 1)]
    assert [row.index for row in before] == list(range(48))
    assert [row.index for row in after] == [*range(10), *range(11, 49)]
    assert [row.id for row in after] == [row.id for row in before]


def test_a_list_of_such_rows_alone_is_refused(tmp_path, faces):
    table = layouts.write_lists(tmp_path, faces) / "Manually_Annotated_file_lists/training.csv"
    table.write_text(table.read_text().partition("\n")[0] + "\n")
    with_bad_row(table, 0)
    with pytest.raises(BadInput, match=r"training.csv: found no row with a usable face box; expected at least one picture$"):
        affectnet.check(tmp_path)


def release(form, train, val, left_out=(), other=(0, 0, 0)):
    """A release with these counts by class, and other codes in the training part."""
    rows = []
    for part, own in (("train", (*train, *other)), ("val", val)):
        for code, number in enumerate(own):
            rows += [Row("", part, "", "", code, 0.0, 0.0, (0, 0, 1, 1))] * number
    names = {"train": "training", "val": "validation"}
    annotated = {"train": sum(train) + sum(other), "val": sum(val)}
    return Release(form, names, annotated, rows, rows, left_out)


TRAINING = (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750)  # formats.md: the bad row is not among them
AS_2017 = release("lists", TRAINING, (500,) * 8, [LeftOut("training.csv", 315315, 315313, 1)], (33088, 47000, 47060))


def test_the_counts_of_2017_as_released():
    """414,800 rows, 134,416 of them happy; 134,415 can be read."""
    assert sum(TRAINING) + 33088 + 94060 + 1 == 414_800
    survey = counts.survey(AS_2017, ["last"])
    assert survey.counts == survey.known and survey.counts["training"]["happy"] == 134_415
    assert survey.notes == (
        "1 row is left out, with NULL as face_x and face_y beside a width and a height: training.csv line 315315 (row "
        "315313 from 0, happy); with it there are 134416 of happy as released in 2017, without it 134415 as in 2021",
        "training: 414800 rows, as released",
        "training: left out are None 33088, Uncertain 47000, No-Face 47060, as released",
        "validation: 4000 rows (released: 5500)",
        "last",
    )
    assert counts.compare(AS_2017) == "training as known (287651); validation as known (4000)"


@pytest.mark.parametrize(
    ("form", "val", "said"),
    [
        ("lists", (500,) * 8, "validation as known (4000)"),
        ("npy", (500,) * 7 + (499,), "validation as known (3999)"),
        ("csv", (500,) * 7 + (499,), "validation as known (3999)"),
        ("named", (500,) * 8, "validation not the known counts: " + str([500] * 8) + " of " + str([500] * 7 + [499])),
        ("lists", (499,) * 8, "validation a subset: " + str([499] * 8) + " of " + str([500] * 8)),
        ("json", (500,) * 8, "validation: 4000 faces, their counts by class are not known"),
    ],
)
def test_known_counts_are_those_of_the_edition(form, val, said):
    assert counts.compare(release(form, TRAINING, val)).endswith(said)


def test_a_part_of_many_files_is_sampled_by_a_check_and_read_whole_by_prepare(raw, faces, monkeypatch):
    folder = layouts.write_npy(raw / "affectnet", faces, text=True)
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 20)
    for number in range(5):  # sorted as text: 0, 1, 10, 11, 12 ...; evenly spaced among 45, so the second is not read
        np.save(folder / f"train_set/annotations/{number}_exp.npy", np.array("12" if number == 1 else "0"))
    found = affectnet.check(folder)
    assert found.counts["train_set"] == {"of any class": 45} and found.known["train_set"] == {"of any class": 287_651}
    assert sum(found.counts["val_set"].values()) == 15 and set(found.counts["val_set"]) == set(CLASSES)
    assert found.notes[0].startswith("train_set: 20 of 45 annotations were read, evenly spaced (neutral ")
    assert found.notes[0].endswith("; prepare reads all")
    assert lines(found)[1] == "train_set: 45 faces: of any class 45 (known: of any class 287651)"
    with pytest.raises(BadInput, match="1_exp.npy: found expression '12'"):
        prepared(raw)


TREES = {
    "one folder deeper": {"images": "Manually_Annotated_Images/Manually_Annotated_Images", "tables_in": "label"},
    "in Manually_Annotated": {"images": "Manually_Annotated/Manually_Annotated_Images"},
    "in a folder of any name": {"images": "AffectNet/Manually_Annotated_Images", "tables_in": "AffectNet/label"},
    "beside the lists": {"images": "all", "tables_in": "all"},
    "at the top": {"images": ".", "tables_in": "."},
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_pictures_are_found_wherever_a_copy_has_them(raw, faces, tree):
    """The same FaceSet, and the same word of `check`, as from the released tree."""
    released = layouts.write_lists(raw.parent / "released", faces)
    folder = layouts.write_lists(raw / "affectnet", faces, **tree)
    assert affectnet.check(folder) == affectnet.check(released)
    found = prepared(raw)
    shutil.rmtree(folder)
    released.rename(folder)
    assert found.fingerprint == prepared(raw, "released_out").fingerprint


def test_the_automatic_list_is_passed_over_and_said(tmp_path, faces):
    layouts.write_lists(tmp_path, faces)
    path = tmp_path / "Automatically_Annotated_file_lists/automatically_annotated.csv"
    path.parent.mkdir()
    path.write_text(layouts.HEADER + "\n2/a.jpg,1,1,9,9,1;1,11,-2,-2\n")
    assert affectnet.check(tmp_path).notes[0] == f"{path} is not read: its labels are automatic"


BOXES = {
    "500,500,80,80": "a face box outside of the picture",
    "-90,5,80,80": "a face box outside of the picture",
    "39.5,40.5,0.4,0.4": "a face box that covers no whole pixel of the picture",
}


DOCS = '"Damaged or unusual pictures" in docs/data/README.md'


@pytest.mark.parametrize("box", BOXES)
def test_a_box_outside_of_its_picture_makes_no_face(raw, faces, box):
    folder = layouts.write_lists(raw / "affectnet", faces)
    table = folder / "Manually_Annotated_file_lists/training.csv"
    table.write_text(table.read_text().replace(",3,5,32,32,", f",{box},", 1).replace(",3,5,32,32,", ",-10,-10,100,100,", 1))
    said = f"{table} line 2: found {BOXES[box]}; 1 of 60 pictures that were tried can not be used; expected at most 0.1 % "
    with pytest.raises(BadInput, match=f"^{re.escape(said)}of all 60; see {DOCS}$"):
        affectnet.check(folder)
    with pytest.raises(BadInput, match=f"found 1 of 60 pictures that can not be read .*00000000.png: {BOXES[box]}"):
        prepared(raw)
    found = prepared(raw, allow_unreadable=0.02)
    lost = found.meta["how"]["unreadable"]
    assert lost == {"count": 1, "first": {"Manually_Annotated_Images/0/00000000.png": BOXES[box]}}
    assert len(found) == 59 and "0/00000000.png" not in found.id  # the box beyond all edges is read
    assert found.pictures[:].reshape(59, -1).any(axis=1).all()


def position(id):
    """In [0, 1), from the first 64 bits of the SHA-256."""
    return int(hashlib.sha256(id.encode()).hexdigest()[:16], 16) / 2**64


def test_copies_are_never_on_both_sides(raw):
    """Of 400 training pictures 300 are copies in threes; each follows the smallest id of its three. Others, and all without
    a copy, keep the split that their own id gives."""
    draws = np.random.default_rng(5)
    drawn = draws.integers(0, 256, (200, 8, 8, 3), np.uint8)
    picture_of = [k % 100 if k < 300 else k - 200 for k in range(400)] + list(range(10))  # 10 copies in the official set
    for part, numbers in (("train_set", range(400)), ("val_set", range(400, 410))):
        place = raw / "affectnet" / part / "images"
        place.mkdir(parents=True)
        for k in numbers:
            Image.fromarray(drawn[picture_of[k]]).save(place / f"{k:03d}s{k % 8}s0s0.png")
    found = prepared(raw, size=8)
    split = dict(zip(found.id.tolist(), found.split.tolist(), strict=True))
    assert [split[f"val_set/{k}"] for k in range(400, 410)] == ["test"] * 10
    expected = [
        "validation" if position(f"train_set/{k % 100 if k < 300 else k:03d}") < 0.05 else "train" for k in range(400)
    ]
    assert [split[f"train_set/{k:03d}"] for k in range(400)] == expected
    by_id_alone = ["validation" if position(f"train_set/{k:03d}") < 0.05 else "train" for k in range(400)]
    assert expected[300:] == by_id_alone[300:] and expected[:300] != by_id_alone[:300]
    assert {"train", "validation"} == set(expected[300:]) == set(expected[:300])
    assert found.meta["version"] == "1.1"


@pytest.mark.parametrize("edition, contempt", [("2017 release, csv lists", 500), ("2021 release, npy", 499)])
def test_the_audit_knows_the_counts_of_an_edition(edition, contempt):
    """A training part of the known size with 100 faces held out; what is held out is taken as it is."""
    known = {
        "neutral": 74874,
        "happy": 134415,
        "sad": 25459,
        "surprise": 14090,
        "fear": 6378,
        "disgust": 3803,
        "anger": 24882,
    }
    known["contempt"] = 3750
    expected = affectnet.expected_counts({"how": {"edition": edition}, "counts": {"validation": {"happy": 99, "sad": 1}}})
    assert expected["train"] == known | {"happy": 134316, "sad": 25458}
    assert expected["validation"] == dict.fromkeys(known, 0) | {"happy": 99, "sad": 1}
    assert expected["test"] == dict.fromkeys(known, 500) | {"contempt": contempt}
    assert affectnet.expected_counts({"how": {"edition": "AffectNet+, JSON"}, "counts": {}}) is None
