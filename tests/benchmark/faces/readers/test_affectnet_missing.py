"""Pictures of AffectNet that are not there: check and prepare count the same ones, those of the eight classes."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import folders
from benchmark.faces.readers.affectnet import reader as affectnet

ALLOWED = "expected at most 0.1 % of the listed pictures missing"


def write(folder, codes, form):
    """A part of pictures of these codes and one of 8, all links to one file, with annotations in one form."""
    folder.mkdir(parents=True)
    picture = folder / "one.jpg"
    Image.new("RGB", (16, 16), (90, 60, 30)).save(picture)
    for part, own in (("train_set", codes), ("val_set", range(8))):
        for name in ("images", "annotations"):
            (folder / part / name).mkdir(parents=True)
        lines = ["number,expression,valence,arousal"]
        for number, code in enumerate(own):
            name = f"{number:05d}"
            place = folder / part / "annotations"
            if form == "json":
                (place / f"{name}.json").write_text(json.dumps({"exp": code, "val": 0, "aro": 0}))
            elif form == "npy":
                for key, value in (("exp", code), ("val", 0), ("aro", 0)):
                    np.save(place / f"{name}_{key}.npy", np.array(value))
            lines.append(f"{name},{code},0,0")
            stem = f"{name}s{code}s0s0" if form == "named" else name
            os.link(picture, folder / part / "images" / f"{stem}.jpg")
        if form == "csv":
            (folder / f"{part}_annotation.csv").write_text("\n".join(lines) + "\n")
    return folder


def lost(folder, numbers):
    for number in numbers:
        (folder / "train_set/images" / f"{number:05d}.jpg").unlink()


def prepared(folder):
    return affectnet.prepare(folder.parent.parent / "out", raw=folder.parent, size=8, processes=1)


# Every fourth of 60 has code 9, so 45 are faces; with the second part 53.
CODES = [9 if k % 4 == 3 else k % 8 for k in range(60)]


@pytest.mark.parametrize("form", ["csv", "npy", "json"])
def test_missing_pictures_of_other_codes_are_no_faces(tmp_path, form):
    folder = write(tmp_path / "raw/affectnet", CODES, form)
    before = affectnet.check(folder)
    lost(folder, [3, 7, 59])
    assert affectnet.check(folder) == before
    assert not any("missing" in note for note in before.notes)
    assert len(prepared(folder)) == 53


@pytest.mark.parametrize("form", ["csv", "npy", "json"])
def test_a_missing_face_is_refused_by_both_in_the_same_words(tmp_path, form):
    folder = write(tmp_path / "raw/affectnet", CODES, form)
    lost(folder, [3, 4])
    said = []
    for call in (affectnet.check, prepared):
        with pytest.raises(BadInput, match=rf"found no picture .*/00004.jpg; 1 of the 53 pictures are missing; {ALLOWED}$"):
            try:
                call(folder)
            except BadInput as error:
                said.append(str(error))
                raise
    assert said[0] == said[1]


@pytest.mark.parametrize("form", ["npy", "json"])
def test_of_a_sampled_part_the_missing_pictures_are_looked_up(tmp_path, monkeypatch, form):
    """A sample of 20 of 60, of which 15 are faces: about 45 of the part, and 8 of the second."""
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 20)
    codes = [9 if k % 4 == 3 else k % 8 for k in range(60)]
    chosen = [k * 59 // 19 for k in range(20)]
    faces = sum(codes[k] < 8 for k in chosen)
    folder = write(tmp_path / "raw/affectnet", codes, form)
    before = affectnet.check(folder)
    assert before.notes[0].startswith("train_set: 20 of 60 annotations were read")
    lost(folder, range(3, 60, 4))
    assert affectnet.check(folder) == before
    lost(folder, [4])
    wanted = rf"00004\w*.{form}: found no picture .*/00004.jpg; 1 of about {60 * faces / 20 + 8:.0f} pictures of the eight "
    with pytest.raises(BadInput, match=wanted + f"classes are missing; {ALLOWED}$"):
        affectnet.check(folder)
    with pytest.raises(BadInput, match=r"1 of the 53 pictures are missing"):
        prepared(folder)


def test_a_few_missing_faces_of_a_sampled_part_are_noted(tmp_path, monkeypatch):
    """At most 0.1 % of 1,500 + 8 faces: one, not two."""
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 50)
    folder = write(tmp_path / "raw/affectnet", [0] * 1500, "json")
    lost(folder, [7])
    path = folder / "train_set/annotations/00007.json"
    note = "1 of about 1508 pictures of the eight classes are missing and left out, the first is "
    assert note + f"{folder}/train_set/images/00007.jpg ({path})" in affectnet.check(folder).notes
    lost(folder, [8])
    with pytest.raises(BadInput, match="found no picture .*/00007.jpg; 2 of about 1508 "):
        affectnet.check(folder)


def test_no_more_annotations_are_read_than_refuse(tmp_path, monkeypatch):
    """All are missing: after `ENOUGH` of them the reading stops."""
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 20)
    monkeypatch.setattr(folders, "ENOUGH", 5)
    folder = write(tmp_path / "raw/affectnet", [9, 9, 9, *[0] * 57], "json")  # of the sample 19 are faces, so about 57 + 8
    lost(folder, range(60))
    (folder / "train_set/annotations/00020.json").write_text("{")  # not among the 20 that are read: 18, 21
    searched = "pictures are searched in the folder images of a part, or in the part itself"
    wanted = "00003.json: found no picture .*/00003.jpg; at least 2 of about 65 pictures of the eight classes are missing; "
    with pytest.raises(BadInput, match=wanted + f"{ALLOWED}$"):
        affectnet.check(folder)
    for picture in (folder / "val_set/images").iterdir():
        picture.unlink()
    with pytest.raises(BadInput, match=f"; {searched}$"):
        affectnet.check(folder)


def test_a_broken_picture_of_no_class_is_not_decoded(tmp_path, monkeypatch):
    folder = write(tmp_path / "raw/affectnet", CODES, "json")
    for number in (3, 7, 11):
        path = folder / "train_set/images" / f"{number:05d}.jpg"
        path.unlink()
        path.write_bytes(b"")
    whole = affectnet.check(folder)
    assert "53 of 53 pictures were decoded: 16x16 (53)" in whole.notes
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 20)
    assert any(note.startswith("68 of 68 pictures were decoded: 16x16") for note in affectnet.check(folder).notes)
    assert len(prepared(folder)) == 53


def test_missing_and_broken_pictures_are_added_up(tmp_path, monkeypatch):
    """Of 53 faces two may be unusable: a missing and a broken one are, a second broken one is too many for both."""
    monkeypatch.setattr(affectnet, "ALLOWED", 0.04)
    folder = write(tmp_path / "raw/affectnet", CODES, "csv")
    lost(folder, [0])
    broken = [folder / "train_set/images" / f"{number:05d}.jpg" for number in (1, 2)]
    broken[0].unlink()
    broken[0].write_bytes(b"text")
    assert any("1 of the 53 pictures are missing" in note for note in affectnet.check(folder).notes)
    broken[1].unlink()
    broken[1].write_bytes(b"text")
    with pytest.raises(BadInput, match="2 of 52 pictures that were tried can not be used, nor can 1 others; .* of all 53;"):
        affectnet.check(folder)
    with pytest.raises(BadInput):
        affectnet.prepare(tmp_path / "out", raw=folder.parent, size=8, processes=1, allow_unreadable=0.04)


@pytest.mark.parametrize("form", ["csv", "npy"])
def test_pictures_that_are_links_to_another_place_are_refused_by_both(tmp_path, form):
    folder = write(tmp_path / "raw/affectnet", CODES, form)
    store = tmp_path / "store.jpg"
    os.link(folder / "one.jpg", store)
    for picture in folder.glob("*/images/*.jpg"):
        picture.unlink()
        picture.symlink_to(store)
    with pytest.raises(BadInput, match="found a link that leads out of the folder; 53 of 53 pictures that were tried"):
        affectnet.check(folder)
    with pytest.raises(BadInput, match="a link that leads out of the folder"):
        prepared(folder)


@pytest.mark.parametrize("form", ["csv", "named"])
def test_a_stray_file_of_json_is_no_annotation(tmp_path, form):
    folder = write(tmp_path / "raw/affectnet", CODES, form)
    before = affectnet.check(folder)
    (folder / "train_set/info.json").write_text("{}")
    assert affectnet.check(folder) == before
