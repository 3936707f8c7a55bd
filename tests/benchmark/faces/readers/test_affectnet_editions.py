"""Edition x trap x result: what `check` says of each release with one thing wrong, by its whole line; and what it notes."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet

LACKING = "1 of the 60 pictures are missing; expected at most 0.1 % of the listed pictures missing"
BOTH = "train_set and one of val_set or validation_set, as released"
ONE = "one release of AffectNet: training.csv and validation.csv, or train_set and val_set"
CODES = "found expression '{}'; expected an integer 0..10"
TRAIN = "Manually_Annotated_file_lists/training.csv"
NPY = "train_set/annotations/7"
CSV = "train_set_annotation_without_lnd.csv"


@pytest.fixture(scope="module")
def faces():
    return layouts.some_faces(drawn=True)


def npy(folder, faces):
    return layouts.write_npy(folder, faces, text=True)


def changed(path, old, new):
    """A trap: `old`, which must be there, becomes `new` in the file."""

    def trap(top):
        text = (top / path).read_text()
        assert old in text
        (top / path).write_text(text.replace(old, new, 1))

    return trap


def removed(path):
    return lambda top: shutil.rmtree(top / path) if (top / path).is_dir() else (top / path).unlink()


def written(path, contents=b""):
    def trap(top):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(contents)

    return trap


def array(path, contents):
    return lambda top: np.save(top / path, contents, allow_pickle=True)


def box(text):
    return changed(
        TRAIN, ",3,5,32,32,", f",{text},"
    ), f"{{top}}/{TRAIN} line 2: found face box '{text}'; expected four numbers"


LINES = f"{{top}}/{TRAIN} line"
REFUSED = {
    "2017, NULL in face_x alone": (layouts.write_lists, *box("NULL,5,32,32"), ", or NULL"),
    "2017, NULL in face_y alone": (layouts.write_lists, *box("3,NULL,32,32"), ", or NULL"),
    "2017, NULL in width and height": (layouts.write_lists, *box("3,5,NULL,NULL"), ", or NULL"),
    "2017, NULL in three": (layouts.write_lists, *box("NULL,NULL,NULL,32"), ", or NULL"),
    "2017, NULL beside text": (layouts.write_lists, *box("NULL,NULL,x,32"), ", or NULL"),
    "2017, NULL beside nan": (layouts.write_lists, *box("NULL,NULL,nan,32"), ", or NULL"),
    "2017, text": (layouts.write_lists, *box("3,5,x,32"), ", or NULL"),
    "2017, infinite": (layouts.write_lists, *box("3,5,inf,32"), " of pixels"),
    "2017, a path out of the folder": (
        layouts.write_lists,
        changed(TRAIN, "0/00000000.png", "../../x.png"),
        LINES + " 2: found path '../../x.png'; expected a path inside the folder of pictures, with '/' and without '..'",
    ),
    "2017, no path": (
        layouts.write_lists,
        changed(TRAIN, "0/00000000.png", "."),
        LINES + " 2: found path '.'; expected a path inside the folder of pictures, with '/' and without '..'",
    ),
    "2017, a picture twice": (
        layouts.write_lists,
        changed(TRAIN, "1/00000001.PNG", "0/00000000.png"),
        LINES + f" 3: found 0/00000000.png, which {LINES} 2 has too; expected each picture once",
    ),
    "2017, valence nan": (
        layouts.write_lists,
        changed(TRAIN, ",1.0,-1.0", ",nan,-1.0"),
        LINES + " 6: found valence 'nan'; expected a number in [-1, 1], or -2 for none",
    ),
    "2017, arousal too large": (
        layouts.write_lists,
        changed(TRAIN, ",1.0,-1.0", ",1.0,1.5"),
        LINES + " 6: found arousal '1.5'; expected a number in [-1, 1], or -2 for none",
    ),
    "2017, code 11": (layouts.write_lists, changed(TRAIN, ",8,-2,-2", ",11,-2,-2"), LINES + " 47: " + CODES.format(11)),
    "2017, code of a row without corner": (
        layouts.write_lists,
        lambda top: [changed(TRAIN, ",3,5,32,", ",NULL,NULL,32,")(top), changed(TRAIN, "7.25,0,", "7.25,happy,")(top)],
        LINES + " 2: " + CODES.format("happy"),
    ),
    "2017, tabs": (
        layouts.write_lists,
        lambda top: (top / TRAIN).write_text((top / TRAIN).read_text().replace(",", "\t")),
        LINES
        + f" 1: found 1 fields, {layouts.HEADER.replace(',', chr(9))[:80]!r}; expected the header {layouts.HEADER}, or "
        "nine values",
    ),
    "2017, a short row": (
        layouts.write_lists,
        changed(TRAIN, "\n0/", "\na,b\n0/"),
        LINES + " 2: found 2 fields; expected 9, separated by commas",
    ),
    "2017, an empty list": (
        layouts.write_lists,
        written(TRAIN),
        f"{{top}}/{TRAIN}: found no row; expected at least one picture",
    ),
    "2017, a missing picture": (
        layouts.write_lists,
        removed("Manually_Annotated_Images/1/00000001.PNG"),
        LINES + " 3: found no picture {top}/Manually_Annotated_Images/1/00000001.PNG; " + LACKING,
    ),
    "2017, no pictures": (
        layouts.write_lists,
        lambda top: (top / "Manually_Annotated_Images").rename(top / "Elsewhere"),
        LINES
        + " 2: found no picture {top}/Manually_Annotated_file_lists/0/00000000.png; 60 of the 60 pictures are missing; "
        "expected at most 0.1 % of the listed pictures missing",
    ),
    "2017, one list": (
        layouts.write_lists,
        removed("Manually_Annotated_file_lists/validation.csv"),
        "{top}: found no validation.csv; expected exactly one validation.csv",
    ),
    "2017, a list twice": (
        layouts.write_lists,
        lambda top: shutil.copy(top / TRAIN, top),
        f"{{top}}: found {{top}}/training.csv, {{top}}/{TRAIN}; expected exactly one training.csv",
    ),
    "2021, a pickled value": (
        npy,
        array(f"{NPY}_val.npy", np.array({"a": 1}, dtype=object)),
        f"{{top}}/{NPY}_val.npy: found ... allow_pickle=False; expected one value, not pickled",
    ),
    "2021, three values": (
        npy,
        array(f"{NPY}_val.npy", np.zeros(3)),
        f"{{top}}/{NPY}_val.npy: found (3,); expected one value",
    ),
    "2021, an empty file": (
        npy,
        written(f"{NPY}_aro.npy"),
        f"{{top}}/{NPY}_aro.npy: found ...; expected one value, not pickled",
    ),
    "2021, a missing file": (
        npy,
        removed(f"{NPY}_val.npy"),
        f"{{top}}/{NPY}_val.npy: found no such file; expected an annotation",
    ),
    "2021, a code that is none": (
        npy,
        array(f"{NPY}_exp.npy", np.array("happy")),
        f"{{top}}/{NPY}_exp.npy: " + CODES.format("happy"),
    ),
    "2021, no annotation": (
        npy,
        removed("val_set/annotations/3_exp.npy"),
        "{top}/val_set/images/3.png: found no annotation (1 pictures without); expected one for each picture",
    ),
    "2021, no picture": (
        npy,
        removed("val_set/images/3.png"),
        "{top}/val_set/annotations/3_exp.npy: found no picture {top}/val_set/images/3.jpg; " + LACKING,
    ),
    "2021, two pictures of one number": (
        npy,
        written("val_set/images/3.jpg"),
        "{top}/val_set/images/3.png: found id 3, which 3.jpg has too; expected each id once",
    ),
    "2021, train_set alone": (
        npy,
        removed("val_set"),
        "{top}: found train_set without val_set or validation_set; expected " + BOTH,
    ),
    "2021, two second parts": (
        npy,
        written("validation_set/images/0.png"),
        "{top}: found both val_set and validation_set; expected " + BOTH,
    ),
    "2021, train_set twice": (
        npy,
        written("copy/train_set/a"),
        "{top}: found train_set in {top}, {top}/copy; expected one train_set",
    ),
    "2021, the second part in another form": (
        npy,
        removed("val_set/annotations"),
        "{top}/val_set: found no annotated picture; expected some, as <id>_exp.npy",
    ),
    "2021, unknown annotations": (
        lambda folder, faces: npy(folder, faces) and (folder / "labels.csv").write_text("a\n"),
        removed("train_set/annotations"),
        "{top}/train_set: found files such as 0.png, 1.png, 10.png, and beside it labels.csv; expected <id>_exp.npy, or "
        "<id>.json, or train_set_annotation*.csv, or pictures named <id>s<exp>s<val>s<aro>",
    ),
    "2021 csv, another header": (
        layouts.write_table,
        changed(CSV, "number,", "index,number,"),
        f"{{top}}/{CSV} line 1: found index,number,expression,valence,arousal; expected the header "
        "number,expression,valence,arousal",
    ),
    "2021 csv, an empty file": (
        layouts.write_table,
        written(CSV),
        f"{{top}}/{CSV} line 1: found nothing; expected the header number,expression,valence,arousal",
    ),
    "2021 csv, fields": (
        layouts.write_table,
        changed(CSV, "\n1,", "\n1,1,"),
        f"{{top}}/{CSV} line 3: found 5 fields; expected 4, separated by commas",
    ),
    "2021 csv, no number": (
        layouts.write_table,
        changed(CSV, "\n1,", "\n1.jpg,"),
        f"{{top}}/{CSV} line 3: found number '1.jpg'; expected the digits of a picture's name",
    ),
    "2021 csv, a number twice": (
        layouts.write_table,
        changed(CSV, "\n1,", "\n0,"),
        f"{{top}}/{CSV} line 3: found number 0, which line 2 has too; expected each picture once",
    ),
    "2021 csv, code": (
        layouts.write_table,
        changed(CSV, "\n1,1,", "\n1,12,"),
        f"{{top}}/{CSV} line 3: {CODES.format(12)}",
    ),
    "2021 csv, two of a part": (
        layouts.write_table,
        written("train_set_annotation.csv"),
        f"{{top}}: found train_set_annotation.csv, {CSV}; expected exactly one train_set_annotation*.csv",
    ),
    "2021 csv, an unknown name of the second": (
        layouts.write_table,
        lambda top: (top / "val_set_annotation_without_lnd.csv").rename(top / "validation.csv2.csv"),
        f"{{top}}: found none for val_set among {CSV}, validation.csv2.csv; expected exactly one val_set_annotation*.csv",
    ),
    "2021 csv, a missing picture": (
        layouts.write_table,
        removed("train_set/images/1.png"),
        f"{{top}}/{CSV} line 3: found no picture {{top}}/train_set/images/1.jpg; {LACKING}",
    ),
    "2021 named, a picture of another name": (
        layouts.write_named,
        written("train_set/images/extra.png"),
        "{top}/train_set/images/extra.png: found another name; expected <id>s<exp>s<val>s<aro>",
    ),
    "two releases": (
        lambda folder, faces: layouts.write_lists(npy(folder, faces), faces),
        lambda top: None,
        f"{{top}}: found the lists of 2017 beside a train_set; expected {ONE}",
    ),
    "nothing": (
        lambda folder, faces: folder.mkdir(),
        lambda top: None,
        f"{{top}}: found neither training.csv nor train_set; expected {ONE}",
    ),
    "no folder": (
        lambda folder, faces: None,
        lambda top: None,
        "{top}: found no such folder; expected the unpacked folder of AffectNet",
    ),
    "Kaggle's class folders": (
        lambda folder, faces: written("Train/Anger/image0000006.jpg")(folder),
        lambda top: [written(f"{p}/a.jpg")(top) for p in ("Train/fear", "Test/Anger", "Test/fear", "labels")],
        "{top}: found {top}/Test with the folders Anger, fear; {top}/Train with the folders Anger, fear; expected "
        + ONE
        + "; "
        "pictures in folders of classes: `ferbench data add folder-NAME PATH`",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_trap_is_refused_in_one_line(case, tmp_path, faces):
    writer, trap, *line = case
    top = tmp_path / "AffectNet"
    writer(top, faces)
    trap(top)
    with pytest.raises(BadInput) as error:
        affectnet.check(top)
    start, _, end = "".join(line).replace("{top}", str(top)).partition("...")  # "...": numpy's words
    said = str(error.value)
    assert said.startswith(start) and said.endswith(end) and (not end or len(said) > len(start) + len(end))
    assert end or said == start


def hidden(*paths):
    """A trap: files that other systems leave behind, with contents that no reader could take."""
    return lambda top: [written(path, b"\x00\x05\x16\x07junk")(top) for path in paths]


UNREMARKABLE = {
    "2017": (
        layouts.write_lists,
        ("Manually_Annotated_file_lists/._training.csv", ".Trash/training.csv", "__MACOSX/validation.csv", "Thumbs.db"),
    ),
    "2021": (
        npy,
        (
            "train_set/annotations/._0_exp.npy",
            "train_set/annotations/._0_val.npy",
            "train_set/images/._0.png",
            "train_set/images/Thumbs.db",
            "val_set/annotations/.DS_Store",
            "__MACOSX/train_set/images/0.png",
            ".cache/train_set/0.png",
        ),
    ),
    "2021 csv": (layouts.write_table, ("._train_set_annotation_without_lnd.csv", "train_set/images/._0.png")),
    "2021 named": (layouts.write_named, ("train_set/images/._0000000s0s1s1.png", "desktop.ini")),
    "AffectNet+": (
        layouts.write_plus,
        (
            "AffectNet+/human_annotated/train_set/annotations/._0.json",
            "AffectNet+/human_annotated/validation_set/images/._0.png",
            "AffectNet+/no_human_annotated/images/._0.jpg",
            "AffectNet+/._no_human_annotated",
        ),
    ),
}


@pytest.mark.parametrize("case", UNREMARKABLE.values(), ids=UNREMARKABLE)
def test_hidden_files_change_nothing(case, tmp_path, faces):
    writer, paths = case
    writer(tmp_path / "a", faces)
    before = affectnet.check(tmp_path / "a")
    hidden(*paths)(tmp_path / "a")
    assert affectnet.check(tmp_path / "a") == before
    assert {name: sum(own.values()) for name, own in before.counts.items()} in (
        {"training": 45, "validation": 15},
        {"train_set": 45, "val_set": 15},
        {"train_set": 45, "validation_set": 15},
    )


def test_form_is_not_told_by_hidden_files(tmp_path, faces):
    layouts.write_named(tmp_path, faces)
    hidden("train_set/annotations/._0_exp.npy", "train_set/._0.json", "._train_set_annotation.csv")(tmp_path)
    assert affectnet.check(tmp_path).edition == "2021 release, labels in names"


def test_two_forms_beside_each_other_are_said(tmp_path, faces):
    layouts.write_table(npy(tmp_path, faces), faces)
    found = affectnet.check(tmp_path)
    assert found.edition == "2021 release, npy"
    assert found.notes[0] == "annotations in the form train_set_annotation*.csv lie beside <id>_exp.npy and are not read"


def test_a_picture_of_many_that_is_missing_is_noted(tmp_path, faces):
    """One of 1,100 is below 0.1 %, two are not. Pictures of rows without a class need not be there."""
    layouts.write_lists(tmp_path, faces)
    images, table = tmp_path / "Manually_Annotated_Images", tmp_path / TRAIN
    rows = []
    for number in range(1100 - 60):
        os.link(images / "0/00000000.png", images / f"0/copy{number}.png")
        rows.append(f"0/copy{number}.png,3,5,32,32,{layouts.LANDMARKS},0,-2,-2\n")
    table.write_text(table.read_text() + "".join(rows))
    (images / "0/copy7.png").unlink()
    note = f"1 of the 1100 pictures are missing and left out, the first is {images}/0/copy7.png ({table} line 57)"
    assert note in affectnet.check(tmp_path).notes
    (images / "0/copy3.png").unlink()
    with pytest.raises(BadInput, match=r"training.csv line 53: found no picture .*/copy3.png; 2 of the 1100 pictures are"):
        affectnet.check(tmp_path)
