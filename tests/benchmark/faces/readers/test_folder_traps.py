"""What users' folders really are like: names in several spellings, YAML's own ideas, csv files beside a tree, a folder
around it, several faces in a picture. And FaceSets that were made before all that are made still, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from benchmark.faces.readers.folder.examining import together
from benchmark.faces.readers.folder.rows import Row

NAME = "folder-mine"


def draw(root, *paths, size=24):
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(len(path)).integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file)


def tree(root, classes=("anger", "happy"), splits=("train", "val", "test")):
    draw(root, *(f"{split}/{name}/{k}.png" for split in splits for name in classes for k in range(2)))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "raw" / NAME
    folder.mkdir(parents=True)
    return folder


def options(root, text):
    (root / "folder.yaml").write_text(f"size: 24\n{text}\n")


def check(root):
    return reader(NAME).check(root)


def prepared(root, **further):
    return reader(NAME).prepare(root.parent.parent / "prepared", raw=root.parent, **further)


# The fingerprints that the reader gave before it knew presets, boxes and the options tree, top and margin.
def ramp(root, paths):
    for k, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        r, c = np.mgrid[:24, :24]
        pixels = np.stack([(r * 7 + k * 11) % 256, (c * 5 + k * 3) % 256, (r * c + k) % 256], -1)
        Image.fromarray(pixels.astype(np.uint8)).save(root / path)


def test_a_tree_keeps_its_fingerprint(root):
    places = [
        (s, c, k, n) for s in ("train", "validation", "test") for c in ("happy", "sad") for k in (0, 1) for n in (0, 1)
    ]
    ramp(root, [f"{s}/{c}/S{k}_{n}.png" for s, c, k, n in places])
    options(root, "")
    assert prepared(root).fingerprint == "488023176176ff31ba69cd552d6f2cd59261087a9124589c95c78bf0bcb0d5c6"


def test_a_table_keeps_its_fingerprint(root):
    ramp(root, [f"p/{k}.png" for k in range(6)])
    options(root, "classes: {1: happy, 2: sad}\nversion: '1.3'")
    lines = ["group, path, split, arousal, valence, expression"]
    for k in range(6):
        expression = k % 2 + 1 if k != 3 else ""
        lines.append(f"S{k // 2}, p/{k}.png, {('train', 'test')[k % 2]}, {k / 10}, -{k / 8}, {expression}")
    (root / "labels.csv").write_text("\r\n".join(lines) + "\r\n")
    expected = "c939b071e2a36cc2220e194e3013163026a58001c3bad98e89d73ef0e6c7610f"
    assert reader(NAME).prepare(root.parent.parent / "folder-table", raw=root.parent).fingerprint == expected


def test_folds_keep_their_fingerprint(root):
    ramp(root, [f"{('happy', 'sad', 'calm')[k % 3]}/S{k // 2:02d}_{k:03d}.png" for k in range(24)])
    options(root, "channels: 1\nfolds: 4\ngroup: '(S\\d+)_'\nclasses: [sad, happy, calm]")
    assert prepared(root).fingerprint == "90bdad4392a77d0be7b7535abfa02baf42cf5cc16e307fd8030b360378a89d22"


def test_classes_that_differ_by_case_in_the_tree(root):
    tree(root, ("Anger", "Happy"), ("train",))
    tree(root, ("anger", "happy"), ("val",))
    with pytest.raises(BadInput) as error:
        check(root)
    where = f"{root}/val/anger: found class 'anger' beside 'Anger' ({root}/train/Anger); expected one spelling; "
    assert str(error.value).startswith(where)


def test_a_class_in_one_split_alone_is_said(root):
    tree(root, ("anger", "neutral"), ("train", "val"))
    tree(root, ("anger", "neural"), ("test",))
    notes = check(root).notes
    assert "class 'neural' has faces in test, and none in train, val" in notes
    assert "class 'neutral' has faces in train, val, and none in test" in notes


@pytest.mark.parametrize(
    "rows, message",
    [
        ("a.png,train,happy\nb.png,test,Happy\n", "line 3: found expression 'Happy' beside 'happy' .*line 2.; expected one"),
        ("a.png,train,happy\nb.png,test,happy \n", "line 3: found expression 'happy ' beside 'happy'"),
        ("a.png,train,d\u00e9go\u00fbt\nb.png,test,de\u0301gou\u0302t\n", "line 3: found expression .* beside"),
        ("a.png,train,happy\nb.png,Train,happy\n", "line 3: found split 'Train' beside 'train'"),
    ],
)
def test_names_that_differ_by_case_or_blanks_in_the_table(root, rows, message):
    draw(root, "a.png", "b.png")
    (root / "list.csv").write_text("path,split,expression\n" + rows, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        check(root)


def test_a_blank_after_every_comma_is_no_other_name(root):
    draw(root, "a.png", "b.png")
    (root / "list.csv").write_text("path, split, expression\na.png, train, happy\nb.png, train, happy\n")
    assert check(root).counts == {"train": {"happy": 2}}


@pytest.mark.parametrize("names", ["[AN, NE, NO]", "{AN: anger, NE: neutral, NO: nothing}"])
def test_no_is_the_name_of_a_class(root, names):
    tree(root, ("AN", "NE", "NO"))
    options(root, f"classes: {names}")
    faces = prepared(root)
    assert faces.classes[2] in ("NO", "nothing") and faces.expression.tolist() == [0, 0, 1, 1, 2, 2] * 3


def test_01_is_the_folder_01(root):
    tree(root, ("01", "02", "08"))
    options(root, "classes: {01: surprise, 02: fear, 08: disgust}")
    assert prepared(root).classes == ("surprise", "fear", "disgust")
    options(root, "classes: {1: surprise, 2: fear, 8: disgust}")
    with pytest.raises(BadInput, match="found expression '01'; expected one of 1, 2, 8"):
        check(root)


def test_everything_below_classes_is_text(root):
    tree(root, ("1.0", "2024-01-02", "null", "on", "~"))
    options(root, "classes: {on: off, null: yes, 1.0: 1.10, 2024-01-02: 0x10, ~: nan}")
    assert prepared(root).classes == ("off", "yes", "1.10", "0x10", "nan")
    options(root, "classes:")  # none given
    assert check(root).counts["train"]["null"] == 2


def test_a_class_that_counts_could_not_show(root):
    tree(root, ("happy", "none"))
    with pytest.raises(BadInput, match="test/none/0.png: found a class 'none'; expected another name: this one counts"):
        check(root)


@pytest.mark.parametrize(
    "classes, shown", [(["AN", False], "False"), ({True: "x"}, "True"), ([None], "None"), ({1.5: "x"}, "1.5")]
)
def test_names_that_a_profile_has_lost_are_refused(root, classes, shown):
    tree(root)
    with pytest.raises(BadInput) as error:
        prepared(root, classes=classes)
    expected = "expected a name; YAML reads some words and numbers as other things, so put it in quotes, as in 'NO'"
    assert str(error.value) == f"{root}/folder.yaml, options, classes: found {shown}; {expected}"


def test_csv_files_beside_a_tree(root):
    tree(root)
    for name in ("train_labels.csv", "test_labels.csv"):
        (root / name).write_text("image,label\nx.jpg,5\n")
    message = (
        f"{root}: found test_labels.csv, train_labels.csv; expected one csv, or the option 'table' in folder.yaml, "
        "or 'tree: true' there to read the folders"
    )
    with pytest.raises(BadInput) as error:
        check(root)
    assert str(error.value) == message
    (root / "test_labels.csv").unlink()
    with pytest.raises(
        BadInput, match="line 1: found header 'image,label'; .* or 'tree: true' in folder.yaml to read the fol"
    ):
        check(root)
    options(root, "tree: true")
    survey = check(root)
    assert survey.edition == "a tree of folders" and survey.counts["val"] == {"anger": 2, "happy": 2}
    assert "files that look like annotations were not read: train_labels.csv" in survey.notes
    assert len(prepared(root)) == 12
    options(root, "tree: true\ntable: train_labels.csv")
    with pytest.raises(BadInput, match="options, tree: found true beside table: train_labels.csv; expected one of them"):
        check(root)


def test_a_folder_around_the_tree(root):
    tree(root / "DATASET")
    with pytest.raises(BadInput, match="3 folders deep; expected split/class/picture; or the option 'top: DATASET' in fold"):
        check(root)
    options(root, "top: DATASET")
    assert prepared(root).id.tolist()[0] == "test/anger/0.png"
    for top, message in (
        ("DATA", "top: found no folder DATA"),
        ("../mine", "top: found '../mine'; expected a folder inside"),
    ):
        options(root, f"top: {top}")
        with pytest.raises(BadInput, match=message):
            check(root)


def test_what_systems_leave_behind_is_passed_over(root):
    tree(root)
    for name in (
        "train/anger/Thumbs.db",
        "val/desktop.ini",
        "test/.DS_Store",
        "__MACOSX/train/anger/0.png",
        "val/._anger",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    assert len(prepared(root)) == 12


def boxed(root, rows):
    (root / "list.csv").write_text("path,split,expression,face_x,face_y,face_width,face_height\n" + "\n".join(rows) + "\n")


def test_several_faces_in_a_picture(root):
    draw(root, "a.png", "b.png", size=100)
    boxed(root, ["a.png,train,happy,10,20,24,24", "b.png,test,sad,,,,", "a.png,train,sad,60,30,24,24"])
    options(root, "")
    faces = prepared(root)
    assert faces.id.tolist() == ["a.png#0", "b.png#0", "a.png#1"] and faces.expression.tolist() == [0, 1, 1]
    whole = np.asarray(Image.open(root / "a.png"))
    np.testing.assert_array_equal(faces.pictures[0], whole[20:44, 10:34])
    np.testing.assert_array_equal(faces.pictures[2], whole[30:54, 60:84])
    assert "face boxes: 2 in 1 pictures, at most 2 in one" in check(root).notes
    options(root, "margin: 0.5")
    around = Image.fromarray(whole[8:56, 0:46]).crop((-2, 0, 46, 48))  # 48 x 48 from (-2, 8), black on the left
    halved = np.asarray(around.resize((24, 24), Image.Resampling.BILINEAR, reducing_gap=2.0))
    assert np.abs(prepared(root).pictures[0].astype(int) - halved).max() <= 1


@pytest.mark.parametrize(
    "last, message",
    [
        ("a.png,train,sad,10,20,24,24", "line 3: found a.png with the same face box, which .*line 2 has too"),
        ("a.png,train,sad,1,2,3,", "line 3: found face box '1,2,3,'; expected x, y, width and height in pixels, or nothing"),
        ("a.png,train,sad,1,2,0,3", "line 3: found face box '1,2,0,3'"),
        ("a.png,train,sad,1,2,nan,3", "line 3: found face box '1,2,nan,3'"),
        ("a.png,train,sad,1,2,1e9,3", "line 3: found face box '1,2,1e9,3'"),
    ],
)
def test_bad_boxes(root, last, message):
    draw(root, "a.png")
    boxed(root, ["a.png,train,happy,10,20,24,24", last])
    with pytest.raises(BadInput, match=message):
        check(root)


def test_boxes_outside_of_the_picture_are_left_out_within_the_share_allowed(root):
    draw(root, "a.png", size=30)
    boxed(root, ["a.png,train,happy,2,2,24,24", "a.png,train,sad,40,2,24,24", "a.png,train,sad,3.2,4.2,0.5,9"])
    first = f"{root}/list.csv line 3: found a face box outside of the picture: {root}/a.png"
    with pytest.raises(BadInput) as error:
        check(root)
    share = "expected a picture; at most 0.1 % may have none (allow_unreadable)"
    assert str(error.value) == f"{first} (2 of 3 faces without a picture); {share}"
    options(root, "allow_unreadable: 0.7")
    assert check(root).counts == {"train": {"happy": 1, "sad": 0}}
    faces = prepared(root)
    assert faces.id.tolist() == ["a.png#0"] and faces.meta["how"]["unreadable"]["first"] == {
        "a.png#1": "a face box outside of the picture",
        "a.png#2": "a face box that covers no whole pixel of the picture",
    }


def test_a_part_of_the_columns_of_a_box(root):
    (root / "list.csv").write_text("path,split,face_x\na.png,train,1\n")
    with pytest.raises(BadInput, match="header 'path,split,face_x'; .*those of the box all four"):
        check(root)


def test_faces_of_a_picture_are_in_one_fold(root):
    rows = []
    for k in range(12):
        draw(root, f"{k:02d}.png", size=60)
        rows += [f"{k:02d}.png,{('happy', 'sad')[k % 2]},{x},0,24,24" for x in (0, 30)]
    (root / "list.csv").write_text("path,expression,face_x,face_y,face_width,face_height\n" + "\n".join(rows) + "\n")
    options(root, "folds: 4")
    faces = prepared(root)
    assert faces.group.tolist() == [f"{k // 2:02d}.png" for k in range(24)]
    assert len(set(zip(faces.group.tolist(), faces.split.tolist(), strict=True))) == 12
    assert set(faces.split.tolist()) == {"fold0", "fold1", "fold2", "fold3"}


def test_groups_that_share_a_picture_stay_together():
    """a has S1 and S2, b has S2, c has S3; d has no group."""
    faces = [("a", "S1"), ("a", "S2"), ("b", "S2"), ("c", "S3"), ("d", ""), ("c", "")]
    names = together([Row("", name, "", group=group) for name, group in map(_path, faces)])
    assert names[0] == names[1] == names[2] and names[3] == names[5] and len(set(names)) == 3


def _path(face):
    from pathlib import PurePosixPath

    return PurePosixPath(face[0]), face[1]


def test_pictures_without_which_it_goes(root):
    """Within the share allowed a missing picture is left out, by name; its row and the path looked for are said."""
    draw(root, *(f"{k}.png" for k in range(4)))
    (root / "list.csv").write_text("path,split\n" + "".join(f"{k}.png,train\n" for k in range(5)))
    missing = f"{root}/list.csv line 6: found no such picture: {root}/4.png; expected a picture; at most 0.1 % may have none"
    with pytest.raises(BadInput) as error:
        check(root)
    assert str(error.value) == f"{missing} (allow_unreadable)"
    options(root, "allow_unreadable: 0.2")
    note = f"faces without a picture, left out: 1 (the first: {root}/list.csv line 6, no such picture: {root}/4.png)"
    survey = check(root)
    assert note in survey.notes and survey.counts == {"train": {"none": 4}}
    faces = prepared(root)
    assert len(faces) == 4 and faces.meta["how"]["unreadable"]["first"] == {"4.png": "no such file"}


def test_groups_in_several_splits_are_said(root):
    draw(root, "a.png", "b.png")
    (root / "list.csv").write_text("path,split,group\na.png,train,S1\nb.png,test,S1\n")
    assert "groups with faces in several splits, which stay so: 1 (the first: S1)" in check(root).notes


def test_folders_behind_a_link(root):
    """A link inside the folder is followed, one that leads out is refused, and so is a folder under two names."""
    tree(root, splits=("train", "test"))
    (root / "train" / "happy").rename(root.parent / "elsewhere")
    (root / "train" / "happy").symlink_to(root.parent / "elsewhere")
    with pytest.raises(BadInput, match=r"train/happy/.*, which leads out of "):
        check(root)
    (root / "train" / "happy").unlink()
    (root.parent / "elsewhere").rename(root / ".real")
    (root / "train" / "happy").symlink_to(root / ".real")
    assert {split: own["happy"] for split, own in check(root).counts.items()} == {"train": 2, "test": 2}
    (root / "val").symlink_to(root / "test")
    with pytest.raises(
        BadInput, match=f"^{root}/val: found the folder {root}/test a second time, by a link; expected each "
    ):
        check(root)


@pytest.mark.parametrize("name", ["folder.yml", "Folder.yaml", "train/folder.yaml"])
def test_options_in_another_place_are_refused(root, name):
    """So that they are not passed over: the label order would be another one."""
    tree(root)
    options(root, "top: train\nfolds: 2") if "/" in name else None
    (root / name).write_text("classes: [happy, anger]")
    with pytest.raises(
        BadInput, match=f"{name}: found a file that is not read; expected options in folder.yaml, at the top"
    ):
        check(root)


def test_groups_in_two_spellings_are_refused(root):
    """In folds they would be two subjects, and one person on both sides."""
    draw(root, *(f"{k}.png" for k in range(4)))
    options(root, "folds: 2")
    lines = [f"{k}.png,happy,{group}" for k, group in enumerate(("S01", "S02", "S02", "s01"))]
    (root / "list.csv").write_text("\n".join(["path,expression,group", *lines]))
    line = "list.csv line 5: found group 's01' beside 'S01' (.*list.csv line 2); expected one spelling"
    with pytest.raises(BadInput, match=line.replace("(", "\\(").replace(")", "\\)")):
        check(root)
    (root / "list.csv").unlink()
    tree(root, splits=("train",), classes=("S1", "s2"))
    options(root, "top: train\nfolds: 2\ngroup: '^(.)'")
    with pytest.raises(BadInput, match="found group 's' beside 'S'"):
        check(root)


def test_what_a_copy_lacks_is_said(root):
    """Empty folders, a class that no split has, pictures in folders of which none is listed."""
    tree(root)
    (root / "train" / "fear").mkdir()
    (root / "validation").mkdir()
    options(root, "classes: [anger, happy, fear]")
    notes = check(root).notes
    assert f"empty folders: 2 (the first: {root}/train/fear)" in notes and "class 'fear' has no face" in notes
    (root / "list.csv").write_text("path,split,expression\ntrain/anger/0.png,train,anger\n")
    note = f"pictures without a label, passed over: 11 (the first: {root}/test/anger/0.png)"
    assert note in check(root).notes
    (root / "list.csv").rename(root / "LIST.CSV")
    (root / "~$LIST.CSV").write_bytes(b"open")
    assert check(root).edition == "pictures listed in LIST.CSV"


def test_missing_and_damaged_pictures_are_added_up(root):
    """One of 40 may have no picture: one is missing, and one that is damaged lies in the sample."""
    draw(root, *(f"{k}.png" for k in range(39)))
    options(root, "allow_unreadable: 0.025")
    (root / "list.csv").write_text("\n".join(["path,split", *(f"{k}.png,train" for k in range(40))]))
    assert "faces without a picture, left out: 1" in check(root).notes[0]
    (root / "38.png").write_bytes(b"<html>")
    line = (
        "38.png: found .*an HTML page; 1 of 39 pictures that were tried can not be used, nor can 1 others; expected at most"
    )
    with pytest.raises(BadInput, match=f"{line} 2.5 % of all 40"):
        check(root)


def test_a_box_that_is_too_large_is_counted_before_a_picture_is_decoded(root):
    """9,000 x 9,000 pixels are more than 67 million; 8,000 x 8,000 are not, but with a margin of 0.1 they are."""
    draw(root, "a.png")
    for side, margin, fits in ((8000, 0, True), (8000, 0.1, False), (9000, 0, False)):
        options(root, f"margin: {margin}")
        (root / "list.csv").write_text(f"path,split,face_x,face_y,face_width,face_height\na.png,train,0,0,{side},{side}\n")
        if fits:
            assert "face boxes that reach beyond their picture, black outside: 1" in check(root).notes
        else:
            shown = f"{side * (1 + 2 * margin):.4g}"
            with pytest.raises(BadInput, match=f"list.csv line 2: found a face box of {shown} pixels: "):
                check(root)


def test_outer_folders_that_are_no_splits_are_said(root):
    tree(root, splits=("anger", "happy"), classes=("S001", "S002"))
    note = "no split is called train: the splits are anger, happy; if these are classes or persons, see 'folds' and the csv"
    assert note in check(root).notes
    tree(root, splits=("training",), classes=("S001", "S002"))
    assert not any(each.startswith("no split") for each in check(root).notes)
