"""AffectNet+: parts, spellings, pictures without human labels, and age, gender and race as attributes."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.survey import lines

TRAIN = "AffectNet+/human_annotated/train_set/annotations"


def prepared(raw):
    return affectnet.prepare(raw.parent / "out", raw=raw, size=layouts.SIDE, processes=1)


def edited(path, change):
    contents = json.loads(path.read_text())
    change(contents)
    path.write_text(json.dumps(contents))


def test_what_a_check_says(tmp_path, faces):
    """Each of the folders that a user may give."""
    layouts.write_plus(tmp_path, faces)
    edited(tmp_path / TRAIN / "9.json", lambda c: c.update({"human-label": 8}))
    edited(tmp_path / TRAIN / "10.json", lambda c: c.update({"human-label": 10}))
    found = affectnet.check(tmp_path)
    assert affectnet.check(tmp_path / "AffectNet+") == found
    assert lines(found)[:3] == [
        "edition: AffectNet+, JSON",
        "train_set: 43 faces: neutral 6, happy 5, sad 5, surprise 6, fear 6, disgust 5, anger 5, contempt 5",
        "validation_set: 15 faces: neutral 2, happy 2, sad 2, surprise 2, fear 1, disgust 2, anger 2, contempt 2",
    ]
    assert found.known is None
    assert found.notes[:-1] == (
        "4 pictures of no_human_annotated have no human label and are passed over",
        "train_set: 45 rows (released: 414799)",
        "train_set: left out are None 1, No-Face 1",
        "validation_set: 15 rows (released: 5500)",
    )
    inner = affectnet.check(tmp_path / "AffectNet+" / "human_annotated")
    assert inner.counts == found.counts and inner.notes == found.notes[1:]


def test_of_many_annotations_a_sample_is_read(tmp_path, faces, monkeypatch):
    """15 of 45, from the first to the last as sorted by name; one of these has no class."""
    monkeypatch.setattr(affectnet, "ANNOTATIONS", 15)
    layouts.write_plus(tmp_path, faces)
    edited(tmp_path / TRAIN / "0.json", lambda c: c.update({"human-label": 9}))
    edited(tmp_path / TRAIN / "1.json", lambda c: c.update({"human-label": 12}))  # the second by name: not read
    found = affectnet.check(tmp_path)
    assert found.counts["train_set"] == {"of any class": 45} and sum(found.counts["validation_set"].values()) == 15
    assert found.notes[1].startswith("train_set: 15 of 45 annotations were read, evenly spaced (neutral ")
    assert found.notes[1].endswith(", Uncertain 1); prepare reads all")
    assert not any("left out" in note for note in found.notes)


def test_ids_say_the_part(raw, faces):
    layouts.write_plus(raw / "affectnet", faces)
    found = prepared(raw)
    assert {id.rpartition("/")[0] for id in found.id} == {"train_set", "validation_set"}
    assert set(found.id[found.split == "test"]) == {f"validation_set/{k}" for k in range(15)}
    assert dict(found.attributes) == {}


ATTRIBUTES = {
    "texts": ({"age": "20-29", "gender": "Woman", "race": " white "}, ("20-29", "Woman", "white"), ()),
    "numbers": (
        {"age": 25.5, "gender": {"Woman": 0.25, "Man": 99.75}, "race": {"asian": 1, "white": 3, "black": 2}},
        ("25.5", "Man", "white"),
        (
            "gender is given as numbers for its names in {} annotations: the name with the largest is taken",
            "race is given as numbers for its names in {} annotations: the name with the largest is taken",
        ),
    ),
    "no largest": (
        {"age": 3, "gender": {"Woman": 50, "Man": 50}, "race": {}},
        ("3", "", None),
        (
            "gender is given as numbers for its names in {0} annotations: the name with the largest is taken; {0} have no "
            "single largest, so it is unknown there",
            "race is given as numbers for its names in {0} annotations: the name with the largest is taken; {0} have no "
            "single largest, so it is unknown there",
        ),
    ),
    "none": ({"age": None, "gender": "Man"}, (None, "Man", None), ()),
}


@pytest.mark.parametrize(("meta", "values", "notes"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_age_gender_and_race_are_attributes(raw, faces, meta, values, notes):
    """A column in which nothing is known is not written. The fingerprint does not depend on any."""
    layouts.write_plus(raw / "affectnet", faces, **meta)
    found = prepared(raw)
    expected = {name: {value} for name, value in zip(("age", "gender", "race"), values, strict=True) if value}
    assert {name: set(own.tolist()) for name, own in found.attributes.items()} == expected
    said = affectnet.check(raw / "affectnet").notes
    of = [note for note in said if "largest" in note]
    assert of == [
        f"{part}: {note.format(number)}" for part, number in (("train_set", 45), ("validation_set", 15)) for note in notes
    ]
    layouts.write_plus(raw.parent / "other" / "raw" / "affectnet", faces)
    assert prepared(raw.parent / "other" / "raw").fingerprint == found.fingerprint


def test_an_unknown_value_leaves_the_others(raw, faces):
    layouts.write_plus(raw / "affectnet", faces, gender="Man")
    edited(raw / "affectnet" / TRAIN / "3.json", lambda c: c["meta-data"].pop("gender"))
    found = prepared(raw)
    assert set(found.id[found.attributes["gender"] == ""]) == {"train_set/3"}


def meta(**values):
    return lambda c: c["meta-data"].update(values)


KEYS = "arousal, gender, humanlabel, landmark29, landmark68, metadata, pose, softlabel, subset, valence"
REFUSED = {
    "a list": (meta(race=["white"]), 'found race ["white"]; expected a text, or an object of names with a number each'),
    "a number": (meta(gender=1), "found gender 1; expected a text, or an object of names with a number each"),
    "texts as numbers": (
        meta(gender={"Man": "0.9"}),
        'found gender {"Man": "0.9"}; expected a text, or an object of names with a number each',
    ),
    "not finite": (
        meta(gender={"Man": float("nan")}),
        'found gender {"Man": NaN}; expected a text, or an object of names with a number each',
    ),
    "age an object": (meta(age={"20-29": 1}), 'found age {"20-29": 1}; expected a number or a text'),
    "age true": (meta(age=True), "found age true; expected a number or a text"),
    "control characters": (meta(race="a\tb"), r"found race 'a\tb'; expected at most 100 printable characters"),
    "code": (lambda c: c.update({"human-label": 11}), "found expression '11'; expected an integer 0..10"),
    "code true": (lambda c: c.update({"human-label": True}), "found expression 'True'; expected an integer 0..10"),
    "valence": (meta(valence=-5), "found valence '-5'; expected a number in [-1, 1], or -2 for none"),
    "arousal null": (meta(arousal=None), "found arousal 'None'; expected a number in [-1, 1], or -2 for none"),
    "a key twice": (
        lambda c: c.update({"Human_Label": 3}),
        "found keys human-label, soft-label, subset, meta-data, Human_Label; expected each key in one spelling",
    ),
    "valence in two places": (
        lambda c: [c.update({"valence": 0.25}), meta(valence=0.5)(c)],
        "found valence 0.25, and 0.5 in the meta-data; expected one value",
    ),
    "no label": (
        lambda c: [c.pop("human-label"), meta(gender="Man")(c)],
        f"found keys {KEYS.replace('humanlabel, ', '')}; expected a label, as humanlabel or expression or exp",
    ),
    "no valence": (
        lambda c: [c["meta-data"].pop("valence"), meta(gender="Man")(c)],
        f"found keys {KEYS.replace(', valence', '')}; expected valence, as valence or val",
    ),
}


@pytest.mark.parametrize(("change", "line"), REFUSED.values(), ids=REFUSED)
def test_a_bad_annotation_is_refused_in_one_line(tmp_path, faces, change, line):
    layouts.write_plus(tmp_path, faces)
    path = tmp_path / TRAIN / "3.json"
    edited(path, change)
    with pytest.raises(BadInput) as error:
        affectnet.check(tmp_path)
    assert str(error.value) == f"{path}: {line}"


@pytest.mark.parametrize(
    ("contents", "line"),
    [
        (b"[" * 100_000, "found maximum recursion depth exceeded"),
        (b"{", "found Expecting property name"),
        (b"[]", "found JSON that is a list; expected an object with the label, valence and arousal"),
        (b'"a"', "found JSON that is a text; expected an object with the label, valence and arousal"),
        (b"7", "found JSON that is a number; expected an object with the label, valence and arousal"),
        (b"true", "found JSON that is true or false; expected an object with the label, valence and arousal"),
        (b"null", "found JSON that is null; expected an object with the label, valence and arousal"),
        (b"{}", "found keys none; expected a label, as humanlabel or expression or exp"),
        (b" " * ((1 << 20) + 1), "found 1048577 bytes; expected at most 1048576"),
    ],
)
def test_a_file_that_is_no_annotation(tmp_path, faces, contents, line):
    layouts.write_plus(tmp_path, faces)
    path = tmp_path / TRAIN / "3.json"
    path.write_bytes(contents)
    with pytest.raises(BadInput) as error:
        affectnet.check(tmp_path)
    assert str(error.value).startswith(f"{path}: {line}")


def test_two_annotations_of_one_picture(tmp_path, faces):
    layouts.write_plus(tmp_path, faces)
    second = tmp_path / TRAIN.replace("annotations", "images") / "3.json"
    second.write_text("{}")
    with pytest.raises(BadInput) as error:
        affectnet.check(tmp_path)
    first = tmp_path / TRAIN / "3.json"
    assert str(error.value) == (f"{second}: found an annotation for 3, which {first} has too; expected one for each picture")


def test_align_needs_landmarks_whose_order_is_known(raw, faces):
    layouts.write_plus(raw / "affectnet", faces)
    with pytest.raises(BadInput, match=r"found option align, and the AffectNet\+, JSON; expected the lists of 2017"):
        affectnet.prepare(raw.parent / "out", raw=raw, align=True)
