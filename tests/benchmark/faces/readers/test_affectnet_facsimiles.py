"""AffectNet's editions as `tests/facsimiles` writes them from notes on the formats: what is read, noted, refused."""

import re
from collections import Counter

import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet
from tests.facsimiles import affectnet_2017, affectnet_2021, affectnet_plus

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
SMALL = {"scale": 0.0005, "side": 32}
OUTER, TWICE = "outer_folder", "folder_twice"

READ = {
    "2017": (affectnet_2017, {}, "2017 release, csv lists"),
    "2017 as released": (affectnet_2017, {"trap": affectnet_2017.RELEASED}, "2017 release, csv lists"),
    "2017, no header": (affectnet_2017, {"trap": ["no_header", "null_row"]}, "2017 release, csv lists"),
    "2017, an outer folder": (affectnet_2017, {"trap": OUTER}, "2017 release, csv lists"),
    "2017, a folder twice": (affectnet_2017, {"trap": TWICE}, "2017 release, csv lists"),
    "2017, rubbish": (affectnet_2017, {"trap": ["apple_double", "rubbish", TWICE]}, "2017 release, csv lists"),
    "2017, automatic list": (affectnet_2017, {"trap": "automatic_list"}, "2017 release, csv lists"),
    "2017, a box beyond": (affectnet_2017, {"trap": "box_beyond"}, "2017 release, csv lists"),
    "2017, pictures of classes alone": (affectnet_2017, {"pictures": range(8)}, "2017 release, csv lists"),
    "2021": (affectnet_2021, {"trap": "minus_two"}, "2021 release, npy"),
    "2021, rubbish": (affectnet_2021, {"trap": ["apple_double", "rubbish"]}, "2021 release, npy"),
    "2021, csv": (affectnet_2021, {"form": "csv", "trap": "rubbish"}, "2021 release, one csv a part"),
    "2021, renamed": (affectnet_2021, {"form": "renamed", "trap": "apple_double"}, "2021 release, labels in names"),
    "AffectNet+": (affectnet_plus, {"trap": ["no_human", "no_attributes"]}, "AffectNet+, JSON"),
    "AffectNet+, rubbish": (affectnet_plus, {"trap": ["apple_double", "rubbish"]}, "AffectNet+, JSON"),
    "AffectNet+, other spellings": (affectnet_plus, {"trap": "other_spellings"}, "AffectNet+, JSON"),
}


def of_row(id):
    """The id without the zeros that the renamed variant has in front of numbers."""
    return re.sub(r"^(train_set|val_set)/0+(?=\d)", r"\1/", id)


@pytest.mark.parametrize(("module", "options", "edition"), READ.values(), ids=READ)
def test_what_is_written_is_read(tmp_path, module, options, edition):
    """Every face of a class with its label, valence and arousal; check counts what prepare reads."""
    truth = module.write(tmp_path / "raw/affectnet", **(SMALL | options))
    wanted = {
        row.id: row for row in truth.rows if row.code < 8 and row not in truth.traps.get("null_row", {"rows": ()})["rows"]
    }
    survey = affectnet.check(tmp_path / "raw/affectnet")
    assert survey.edition == edition
    parts = Counter((row.part, CLASSES[row.code]) for row in wanted.values())
    assert {(part, name): n for part, own in survey.counts.items() for name, n in own.items()} == parts
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=16, processes=1)
    ids = [of_row(id) for id in found.id.tolist()]
    assert sorted(ids) == sorted(wanted)
    for row, id in enumerate(ids):
        true = wanted[id]
        assert found.expression[row] == true.code
        assert (found.split[row] == "test") == (true.part in ("validation", "val_set", "validation_set"))
        for value, given in ((found.valence[row], true.valence), (found.arousal[row], true.arousal)):
            assert (value != value) if given is None else abs(value - given) < 1e-6
    assert found.meta["how"]["unreadable"]["count"] == 0


def test_copies_stay_on_one_side(tmp_path):
    truth = affectnet_2017.write(tmp_path / "raw/affectnet", scale=0.003, side=32, pictures=range(8), trap="copies")
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=16, processes=1)
    split = dict(zip(found.id.tolist(), found.split.tolist(), strict=True))
    copies = [row for row in truth.rows if row.copy_of and row.code < 8]
    assert len(copies) > 90 and all(split[row.id] == split[row.copy_of] for row in copies)
    assert {split[row.id] for row in copies} == {"train", "validation"}


def test_the_bad_row_is_named(tmp_path):
    truth = affectnet_2017.write(tmp_path, **SMALL, trap="null_row")
    (row,) = truth.traps["null_row"]["rows"]
    said = f"training.csv line {row.line} (row {row.index} from 0, happy)"
    assert affectnet.check(tmp_path).notes[0].endswith(said)


@pytest.mark.parametrize("trap", ["box_outside", "box_thin"])
def test_a_box_with_nothing_of_the_picture_is_left_out(tmp_path, trap):
    truth = affectnet_2017.write(tmp_path / "raw/affectnet", **SMALL, trap=trap)
    (row,) = truth.traps[trap]["rows"]
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=16, processes=1, allow_unreadable=0.01)
    why = {
        "box_outside": "a face box outside of the picture",
        "box_thin": "a face box that covers no whole pixel of the picture",
    }
    assert found.meta["how"]["unreadable"] == {"count": 1, "first": {row.path: why[trap]}}
    assert row.id not in found.id


def test_pictures_without_human_labels_are_counted(tmp_path):
    truth = affectnet_plus.write(tmp_path, **SMALL, trap="no_human")
    number = len(truth.traps["no_human"]["files"]) // 2
    note = f"{number} pictures of no_human_annotated have no human label and are passed over"
    assert note in affectnet.check(tmp_path).notes


def test_attributes_are_the_names_of_the_largest_numbers(tmp_path):
    truth = affectnet_plus.write(tmp_path / "raw/affectnet", **SMALL, trap="no_attributes")
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=16, processes=1)
    wanted = {row.id: row.attributes for row in truth.rows}
    for name in ("gender", "race"):
        for id, value in zip(found.id.tolist(), found.attributes[name].tolist(), strict=True):
            given = wanted[id][name] or {"": 1}
            top = max(given.values())
            assert value == ("" if list(given.values()).count(top) > 1 else next(k for k, v in given.items() if v == top))
    ages = {id: str(own["age"]) if own["age"] is not None else "" for id, own in wanted.items()}
    assert found.attributes["age"].tolist() == [ages[id] for id in found.id.tolist()]


REFUSED = {
    "2017, missing pictures": (
        affectnet_2017,
        {"trap": "missing_pictures", "missing": 3},
        r"training.csv line \d+: found no picture .*/Manually_Annotated_Images/\d+/\w+.\w+; 3 of the \d+ pictures are "
        "missing; expected at most 0.1 % of the listed pictures missing",
    ),
    "2021, no val_set": (
        affectnet_2021,
        {"trap": "missing_val"},
        "found train_set without val_set or validation_set; expected ",
    ),
    "2021, no picture": (
        affectnet_2021,
        {"trap": "no_picture"},
        r"\d_exp.npy: found no picture .*/train_set/images/\d.jpg; 1 of",
    ),
    "2021, no annotation": (
        affectnet_2021,
        {"trap": "no_annotation"},
        r"images/\d.jpg: found no annotation \(1 pictures without\); expected one for each picture",
    ),
    "2021, half an annotation": (
        affectnet_2021,
        {"trap": "half_annotation"},
        r"_val.npy: found no such file; expected an annotation",
    ),
    "2021, csv, no annotation": (
        affectnet_2021,
        {"form": "csv", "trap": "no_annotation"},
        r"images/\d.jpg: found no annotation \(1 pictures without\); expected one for each picture",
    ),
    "2021, csv, no picture": (
        affectnet_2021,
        {"form": "csv", "trap": "no_picture"},
        r"train_set_annotation_without_lnd.csv line \d: found no picture .*/train_set/images/\d.jpg; 1 of the",
    ),
    "2021, Kaggle": (
        affectnet_2021,
        {"form": "kaggle"},
        "/Train with the folders Anger, Contempt, disgust, fear, happy, neutral, sad, surprise; expected one release .* "
        "`ferbench data add folder-NAME PATH`",
    ),
    "AffectNet+, no picture": (
        affectnet_plus,
        {"trap": "no_picture"},
        r"\d.json: found no picture .*/images/\d.jpg; 1 of the",
    ),
    "AffectNet+, no annotation": (
        affectnet_plus,
        {"trap": "no_annotation"},
        r"images/\d.jpg: found no annotation \(1 pictures without\); expected one for each picture",
    ),
}


@pytest.mark.parametrize(("module", "options", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(tmp_path, module, options, line):
    module.write(tmp_path, **(SMALL | options))
    with pytest.raises(BadInput, match=line):
        affectnet.check(tmp_path)
