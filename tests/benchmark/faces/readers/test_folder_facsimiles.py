"""The presets on facsimiles of their data sets, which were drawn from notes on the releases by code that shares nothing with
the readers: what comes out is what the notes mean, and each trap of a release is refused, left out or said."""

import os

import pytest

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from tests.facsimiles import afewva, ckplus48, expw, jaffe, rafdb

MADE = {"afewva": afewva, "ckplus48": ckplus48, "expw": expw, "jaffe": jaffe, "rafdb": rafdb}
FORMS = [
    ("afewva", {}),
    ("ckplus48", {}),
    ("expw", {"scale": 0.002}),
    ("expw", {"scale": 0.002, "list_file": "label.lst", "pictures": "origin"}),
    ("jaffe", {"scale": 0.4, "side": 32}),
    ("rafdb", {}),
    ("rafdb", {"tree": "kaggle"}),
    ("rafdb", {"tree": "kaggle", "trap": "dataset_folder"}),
    # What systems leave behind changes nothing.
    ("afewva", {"trap": ("apple_double", "rubbish")}),
    ("ckplus48", {"trap": ("apple_double", "rubbish", "macosx")}),
    ("expw", {"scale": 0.002, "trap": ("apple_double", "rubbish")}),
    ("jaffe", {"scale": 0.4, "side": 32, "trap": ("apple_double", "rubbish", "readme")}),
    ("rafdb", {"trap": ("apple_double", "rubbish", "macosx", "copies")}),
    ("rafdb", {"tree": "kaggle", "trap": ("apple_double", "rubbish", "macosx")}),
]


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """One process a core decodes, which takes a third of a second to start."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


def expected_id(name, row):
    """The id of a face, from what its notes call it."""
    if name == "rafdb":
        return row.id.replace(".jpg", "_aligned.jpg")
    return f"{row.id}.png" if name == "afewva" else row.id


@pytest.mark.parametrize("name, form", FORMS)
def test_what_is_read_is_what_was_written(tmp_path, name, form):
    truth = MADE[name].write(tmp_path / "raw" / name, **form)
    survey = reader(name).check(truth.folder)
    classes = dict.fromkeys(reader(name).CLASSES, 0)
    counts = {}
    for row in truth.rows:
        own = counts.setdefault(row.part, dict(classes))
        word = (row.word or "none").lower()
        own[word] = own.get(word, 0) + 1
    assert survey.counts == counts
    faces = reader(name).prepare(tmp_path / "prepared" / name, raw=tmp_path / "raw", size=32)
    own = {expected_id(name, row): row for row in truth.rows}
    assert set(faces.id.tolist()) == set(own) and len(faces) == len(truth.rows)
    for place, id in enumerate(faces.id.tolist()):
        row = own[id]
        assert (faces.classes[faces.expression[place]] if faces.classes else None) == (row.word and row.word.lower())
        if name == "afewva":
            assert faces.split[place] == row.part and faces.group[place] == row.group
            assert faces.valence[place] == pytest.approx(row.valence / 10)
            assert faces.arousal[place] == pytest.approx(row.arousal / 10)
        elif name == "rafdb":
            assert faces.split[place] in ((row.part,) if row.part == "test" else ("train", "validation"))
        elif name == "expw":
            assert faces.group[place].rpartition("/")[2] == row.path.rpartition("/")[2]
        else:
            assert faces.group[place] == row.group
    if name in ("ckplus48", "expw", "jaffe"):
        splits = set(zip(faces.group.tolist(), faces.split.tolist(), strict=True))
        assert len(splits) == len({group for group, _ in splits}) and {split[:4] for _, split in splits} == {"fold"}
    if name == "rafdb":
        part = (faces.split == "validation").sum() / (faces.split != "test").sum()
        assert 0 < part < 0.25
        by_digest = {}
        for digest, split in zip(faces.digest.tolist(), faces.split.tolist(), strict=True):
            by_digest.setdefault(digest, set()).add(split)
        assert not any({"train", "validation"} <= each for each in by_digest.values())
        assert (len(by_digest) < len(faces)) == ("copies" in form.get("trap", ()))


REFUSED = [
    (
        "afewva",
        {"trap": "no_picture"},
        r"001.json, frame 00001: found no such picture: /\S+/001/00001.png;",
    ),
    ("afewva", {"trap": "no_json"}, "002/002.json: found no such file; expected the annotation of the clip"),
    ("afewva", {"trap": "beyond_ten"}, "001.json, frame 00003: found valence 11; expected a number from -10 to 10"),
    ("ckplus48", {"trap": "capitals"}, "found class 'anger' beside 'Anger' .*; expected one spelling"),
    ("expw", {"trap": "no_picture"}, r"label.lst line \d+: found no such picture: /\S+.jpg \(3 of \d+ faces without a pic"),
    ("expw", {"trap": "bad_label"}, r"label.lst line 4: found expression '7'; expected one of 0, 1, 2, 3, 4, 5, 6"),
    (
        "expw",
        {"trap": "box_outside"},
        r"label.lst line 5: found a face box outside of the picture: /\S+.jpg; exp",
    ),
    ("jaffe", {"trap": "unknown_code", "side": 16}, "KA.XX1.39.tiff: found expression 'XX'; expected one of AN, DI, FE, HA"),
    ("rafdb", {"trap": "no_picture"}, r"list_patition_label.txt line 4: found no such picture: /\S+train_00004_aligned.jpg"),
    ("rafdb", {"trap": "bad_code"}, r"list_patition_label.txt line 5: found expression '8'; expected one of 1, 2, 3, 4"),
    (
        "rafdb",
        {"trap": "not_in_list", "tree": "kaggle"},
        r"train_99999_aligned.jpg: found expression '8'; expected one of 1",
    ),
]


@pytest.mark.parametrize("name, form, message", REFUSED)
def test_what_is_refused(tmp_path, name, form, message):
    truth = MADE[name].write(tmp_path, **{"scale": 0.005, **form})
    with pytest.raises(BadInput, match=message):
        reader(name).check(truth.folder)


WITHOUT = "pictures without a label, passed over: 1 (the first: {folder}"
SAID = [
    ("afewva", "no_annotation", WITHOUT + "/001/00002.png)"),
    ("ckplus48", "stray_picture", WITHOUT + "/S999_001_00000001.png)"),
    ("expw", "box_beyond", "face boxes that reach beyond their picture, black outside: 1"),
    ("expw", "same_box_twice", "faces with several expressions, left out: 1, in 2 lines (the first: {file} line {line} and"),
    ("rafdb", "twice", "lines that repeat another one, left out: 1 (the first: {file} line"),
    ("rafdb", "not_in_list", WITHOUT + "/basic/Image/aligned/train_99999_aligned.jpg)"),
]


@pytest.mark.parametrize("name, trap, note", SAID)
def test_what_is_said(tmp_path, name, trap, note):
    truth = MADE[name].write(tmp_path, scale=0.05 if name == "ckplus48" else 0.01, trap=trap)
    rows = truth.traps[trap]["rows"]
    first = rows[0] if rows else truth.rows[0]
    start = note.format(folder=tmp_path, file=tmp_path / first.file, line=first.line)
    assert [each for each in reader(name).check(tmp_path).notes if each.startswith(start)]
