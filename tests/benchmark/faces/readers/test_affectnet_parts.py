"""Edition x trap x result: what `check` says of a copy of the releases of 2021 and later with one thing wrong, by its whole
line; and that hidden files change nothing. test_affectnet_plus.py has AffectNet+'s annotations."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts
from affectnet_traps import CODES, LACKING, array, changed, is_refused, npy, removed, written

from benchmark.faces.readers.affectnet import reader as affectnet

BOTH = "train_set and one of val_set or validation_set, as released"
NPY = "train_set/annotations/7"
CSV = "train_set_annotation_without_lnd.csv"


REFUSED = {
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
        "<id>.json, or train_set_annotation*.csv beside it, or pictures named <id>s<exp>s<val>s<aro>",
    ),
    "2021, a csv inside the part": (
        lambda folder, faces: npy(folder, faces) and written("train_set/train_set_annotation.csv")(folder),
        removed("train_set/annotations"),
        "{top}/train_set: found files such as train_set_annotation.csv, 0.png, 1.png; expected <id>_exp.npy, or "
        "<id>.json, or train_set_annotation*.csv beside it, or pictures named <id>s<exp>s<val>s<aro>",
    ),
    "2021 csv, another header": (
        layouts.write_table,
        changed(CSV, "number,", "index,"),
        f"{{top}}/{CSV} line 1: found index,expression,valence,arousal; expected the header "
        "number,expression,valence,arousal",
    ),
    "2021 csv, a column twice": (
        layouts.write_table,
        changed(CSV, "number,", "number, Number,"),
        f"{{top}}/{CSV} line 1: found number,Number,expression,valence,arousal; expected the header "
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
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_trap_is_refused_in_one_line(case, tmp_path, faces):
    writer, trap, *line = case
    top = tmp_path / "AffectNet"
    writer(top, faces)
    trap(top)
    is_refused(top, "".join(line))


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
    assert found.notes[0] == "annotations as <id>_exp.npy are read, and those as train_set_annotation*.csv beside it are not"
