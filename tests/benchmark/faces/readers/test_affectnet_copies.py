"""Copies of AffectNet that their owners or other programs changed, and that are whole: they are read as the release is."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts
from affectnet_traps import npy

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import lists
from benchmark.faces.readers.affectnet import reader as affectnet

TABLES = "Manually_Annotated_file_lists"
TRAIN = f"{TABLES}/training.csv"
CSV = "train_set_annotation_without_lnd.csv"


def moved(*pairs):
    """Renames, each (from, to), relative to the folder. On a file system that ignores case, by a third name."""

    def change(top):
        for old, new in pairs:
            (top / old).rename(top / "aside")
            (top / new).parent.mkdir(parents=True, exist_ok=True)
            (top / "aside").rename(top / new)

    return change


def edited(path, change):
    def edit(top):
        text = (top / path).read_text()
        assert change(text) != text
        (top / path).write_text(change(text))

    return edit


def first_line(change):
    return lambda text: change(text.partition("\n")[0]) + "\n" + text.partition("\n")[2]


def with_index(text, name):
    """As pandas writes a table with its index."""
    head, *lines = text.splitlines()
    return "\n".join([f"{name},{head}", *(f"{k},{line}" for k, line in enumerate(lines))]) + "\n"


def with_landmarks(text):
    head, *lines = text.splitlines()
    return "\n".join([f"{head},lnd", *(f'{line},"[1.5, 2]"' for line in lines)]) + "\n"


def blank_lines(text, commas):
    return text.replace("\n", f"\n{', ' * commas}\n", 3) + "," * commas + "\n"


READ = {
    "train_set/train_set": (npy, moved(("train_set", "train_set/train_set"), ("val_set", "val_set/val_set"))),
    "train_set/train_set, a file beside": (
        npy,
        lambda top: [
            moved(("train_set", "train_set/train_set"))(top),
            (top / "train_set/README.txt").write_text("train_set"),
        ],
    ),
    "train_set/train_set with the csv outside": (layouts.write_table, moved(("train_set", "train_set/train_set"))),
    "train_set/train_set with the csv inside": (
        layouts.write_table,
        moved(("train_set", "train_set/train_set"), (CSV, f"train_set/{CSV}")),
    ),
    "validation_set/validation_set": (
        lambda folder, faces: layouts.write_plus(folder, faces, unlabelled=0),
        moved(
            ("AffectNet+/human_annotated/validation_set", "AffectNet+/human_annotated/validation_set/validation_set"),
            ("AffectNet+/human_annotated", "human_annotated"),
        ),
    ),
    "folders of 2021 in another case": (
        npy,
        moved(
            ("train_set/images", "train_set/Images"),
            ("train_set/annotations", "train_set/Annotations"),
            ("train_set", "Train_Set"),
            ("val_set", "VAL_SET"),
        ),
    ),
    "csv of 2021 in another case": (layouts.write_table, moved((CSV, CSV.capitalize()), ("train_set", "Train_set"))),
    "names of 2021 in another case": (layouts.write_named, moved(("train_set/images", "train_set/IMAGES"))),
    "folders and lists of 2017 in another case": (
        layouts.write_lists,
        moved(
            (TRAIN, f"{TABLES}/Training.CSV"),
            (f"{TABLES}/validation.csv", f"{TABLES}/Validation.csv"),
            ("Manually_Annotated_Images", "manually_annotated_images"),
        ),
    ),
    "2017, header in another case": (layouts.write_lists, edited(TRAIN, first_line(str.upper))),
    "2017, header with blanks": (layouts.write_lists, edited(TRAIN, first_line(lambda head: head.replace(",", " , ")))),
    "2017, empty lines": (layouts.write_lists, edited(TRAIN, lambda text: blank_lines(text, 8))),
    "2021 csv, header in another case": (layouts.write_table, edited(CSV, first_line(str.title))),
    "2021 csv, header with blanks": (
        layouts.write_table,
        edited(CSV, first_line(lambda head: " " + head.replace(",", " ,\t"))),
    ),
    "2021 csv, pandas' index": (layouts.write_table, edited(CSV, lambda text: with_index(text, ""))),
    "2021 csv, pandas' index again": (layouts.write_table, edited(CSV, lambda text: with_index(text, "Unnamed: 0"))),
    "2021 csv, landmarks": (layouts.write_table, edited(CSV, with_landmarks)),
    "2021 csv, empty lines": (layouts.write_table, edited(CSV, lambda text: blank_lines(text, 3))),
}


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_a_changed_copy_gives_the_same_faces(tmp_path, faces, case):
    writer, change = case
    given = {}
    for name in ("released", "changed"):
        folder = writer(tmp_path / name / "affectnet", faces)
        if name == "changed":
            change(folder)
        survey = affectnet.check(folder)
        found = affectnet.prepare(tmp_path / name / "out", raw=tmp_path / name, size=layouts.SIDE, processes=1)
        given[name] = (survey, found.fingerprint, found.id.tolist(), found.split.tolist(), found.expression.tolist())
    assert given["changed"] == given["released"]


# Landmarks and label follow the box. All of it NULL: no box. NULL as the corner alone: the row is left out.
@pytest.mark.parametrize("null", ["NULL", "null", "nan", "NaN", "None", "none", ""])
def test_null_as_programs_write_it_again(tmp_path, faces, null):
    table = layouts.write_lists(tmp_path, faces) / TRAIN
    text = table.read_text().replace(",3,5,32,32,", f",{null},{null},{null},{null},", 1)
    table.write_text(text.replace(",3,5,32,32,", f",{null},{null},32.0,32.0,", 1))
    rows, left_out = lists.read_list(table, "train")
    assert [row.box for row in rows[:2]] == [None, (3, 5, 35, 37)]
    assert [(each.line, each.index) for each in left_out] == [(3, 1)]
    assert [row.index for row in rows[:2]] == [0, 2]


REFUSED = {
    "two lists in two cases": (
        layouts.write_lists,
        lambda top: (top / TABLES / "Training.csv").write_bytes((top / TRAIN).read_bytes()),
        f"{{top}}: found {{top}}/{TABLES}/Training.csv, {{top}}/{TRAIN}; expected exactly one training.csv",
    ),
    "two parts in two cases": (
        npy,
        lambda top: (top / "Train_Set").mkdir(),
        "{top}: found Train_Set and train_set; expected one train_set",
    ),
    "two second parts in two cases": (
        npy,
        lambda top: (top / "Val_Set").mkdir(),
        "{top}: found both Val_Set and val_set; expected one folder val_set",
    ),
    "two folders of pictures in two cases": (
        npy,
        lambda top: (top / "train_set/Images").mkdir(),
        "{top}/train_set: found both Images and images; expected one folder images",
    ),
    "a part in a part with pictures": (
        npy,
        lambda top: (top / "train_set/train_set/images").mkdir(parents=True),
        "{top}/train_set: found pictures or annotations in it and a folder train_set; expected one train_set",
    ),
    "a second part in one with pictures": (
        npy,
        lambda top: (top / "val_set/val_set").mkdir(),
        "{top}/val_set: found pictures or annotations in it and a folder val_set; expected one val_set",
    ),
    "csv fields, a further column": (
        layouts.write_table,
        edited(CSV, first_line(lambda head: f"{head},lnd")),
        f"{{top}}/{CSV} line 2: found 4 fields; expected 5, separated by commas",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_could_be_two_things_is_refused(tmp_path, faces, case):
    writer, change, line = case
    folder = writer(tmp_path / "AffectNet", faces)
    change(folder)
    with pytest.raises(BadInput) as error:
        affectnet.check(folder)
    assert str(error.value) == line.replace("{top}", str(folder))
