"""RAF-DB as it is released and as it circulates, drawn here: the list literally, `name_aligned.jpg`, class folders."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.data_sets import names, reader

NAMES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
OFFICIAL = "official list, aligned pictures"
KAGGLE = "Kaggle's class folders, aligned pictures"
# (name in the list, code); the test part has names of four digits, as public code quotes them
TRAIN = [(f"train_{k:05d}.jpg", k % 7 + 1) for k in range(1, 43)]
LINES = [*TRAIN, *((f"test_{k:04d}.jpg", k % 7 + 1) for k in range(1, 8))]
COPY = ("train_00019.jpg", "train_00030.jpg")  # one picture under two names
# SHA-256 of the ids by hashlib alone: that of train_00019 is in the first tenth, so its copy goes with it.
HELD = ["train_00019_aligned.jpg", "train_00030_aligned.jpg"]


def picture(path, name):
    number = 19 if name in COPY else int(name.split("_")[1][:5].rstrip(".jpg")) + 100 * name.startswith("test")
    pixels = np.random.default_rng(number).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((100, 100)).save(out, "JPEG")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())


def official(base, lines=LINES):
    for name, _ in lines:
        picture(base / "Image" / "aligned" / name.replace(".jpg", "_aligned.jpg"), name)
    (base / "EmoLabel").mkdir(parents=True)
    (base / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(f"{name} {code}" for name, code in lines))


def kaggle(base):
    for name, code in LINES:
        picture(base / name.split("_")[0] / str(code) / name.replace(".jpg", "_aligned.jpg"), name)
    for split in ("train", "test"):
        rows = [f"{name.replace('.jpg', '_aligned.jpg')},{code}\n" for name, code in LINES if name.startswith(split)]
        (base / f"{split}_labels.csv").write_text("image,label\n" + "".join(rows))


@pytest.mark.parametrize(
    "write, below, edition",
    [
        (official, ".", OFFICIAL),
        (official, "basic", OFFICIAL),
        (official, "RAF-DB/basic", OFFICIAL),
        (kaggle, ".", KAGGLE),
        (kaggle, "DATASET", KAGGLE),
        (kaggle, "archive/DATASET", KAGGLE),
    ],
)
def test_layouts_at_every_depth_give_the_same_faces(tmp_path, write, below, edition):
    assert "rafdb" in names()
    write(tmp_path / "raw" / "rafdb" / below)
    raf = reader("rafdb")
    survey = raf.check(tmp_path / "raw" / "rafdb")
    assert survey.edition == edition and raf.CLASSES == NAMES
    assert survey.counts["train"] == dict.fromkeys(NAMES, 6) and survey.counts["test"] == dict.fromkeys(NAMES, 1)
    assert sum(survey.known["train"].values()) == 12271 and sum(survey.known["test"].values()) == 3068
    assert survey.known["train"]["happiness"] == 4772 and survey.known["test"]["fear"] == 74
    faces = raf.prepare(tmp_path / "prepared" / "rafdb", raw=tmp_path / "raw")
    expected = {name.replace(".jpg", "_aligned.jpg"): code - 1 for name, code in LINES}
    assert dict(zip(faces.id.tolist(), faces.expression.tolist(), strict=True)) == expected
    splits = dict(zip(faces.id.tolist(), faces.split.tolist(), strict=True))
    held = sorted(name for name, split in splits.items() if split == "validation")
    assert held == HELD
    assert all(split == name.split("_")[0] for name, split in splits.items() if name not in held)
    assert faces.meta["name"] == "rafdb" and faces.meta["how"]["edition"] == edition
    expected_counts = raf.expected_counts(faces.meta)
    assert sum(expected_counts["train"].values()) + len(held) == 12271 and set(expected_counts) == set(faces.meta["counts"])


@pytest.mark.parametrize("split", ["validation", "val", "train_augmented"])
def test_a_split_that_the_release_has_not_is_refused(tmp_path, split):
    """A tenth of what is left of train would be held out again, and mixed with it."""
    kaggle(tmp_path)
    (tmp_path / split / "4").mkdir(parents=True)
    first = min((tmp_path / "train" / "4").iterdir())
    first.rename(tmp_path / split / "4" / first.name)
    with pytest.raises(BadInput, match=f"/{split}: found the split '{split}'; expected train and test, as released$"):
        reader("rafdb").check(tmp_path)


def test_a_picture_of_the_other_split_is_refused(tmp_path):
    kaggle(tmp_path)
    moved = min((tmp_path / "test" / "4").iterdir())
    moved.rename(tmp_path / "train" / "4" / moved.name)
    with pytest.raises(
        BadInput, match=f"train/4/{moved.name}: found a picture named {moved.name}; expected in train, one with"
    ):
        reader("rafdb").check(tmp_path)


def test_what_is_refused(tmp_path):
    raf = reader("rafdb")
    with pytest.raises(BadInput) as error:
        raf.check(tmp_path)
    assert "found no layout of rafdb that is known" in str(error.value)
    assert "EmoLabel/list_patition_label.txt beside Image/aligned" in str(error.value)
    assert "folders train/1, test/1" in str(error.value)
    official(tmp_path / "one" / "basic")
    kaggle(tmp_path / "one" / "DATASET")
    with pytest.raises(BadInput, match="official list, .* in .*basic; Kaggle's class folders.*DATASET; expected the folder"):
        raf.check(tmp_path / "one")
    archive = tmp_path / "basic.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(
        BadInput, match="found a file, .*; expected a folder of pictures; an archive is to be unpacked first"
    ):
        raf.check(archive)


@pytest.mark.parametrize(
    "line, message",
    [
        ("train_00043.jpg", "line 50: found 1 fields, 'train_00043.jpg'; expected 2: name expression"),
        ("train_00043.jpg 5", r"line 50: found no such picture: /\S+/Image/aligned/train_00043_aligned.jpg"),
        ("test_0008.jpg 0", "line 50: found expression '0'; expected one of 1, 2, 3, 4, 5, 6, 7"),
        ("valid_00042.jpg 1", "line 50: found name 'valid_00042.jpg'; expected one with the split"),
        ("../train_00042.jpg 1", "line 50: found path '../train_00042.jpg'"),
    ],
)
def test_bad_lines(tmp_path, line, message):
    official(tmp_path)
    with open(tmp_path / "EmoLabel" / "list_patition_label.txt", "a") as stream:
        stream.write(f"\n{line}\n")
    if "test_0008" in line:
        picture(tmp_path / "Image" / "aligned" / "test_0008_aligned.jpg", "test_0008.jpg")
    with pytest.raises(BadInput, match=message):
        reader("rafdb").check(tmp_path)


def test_lines_that_repeat_or_contradict_others_and_pictures_without_a_line(tmp_path):
    official(tmp_path)
    picture(tmp_path / "Image" / "aligned" / "train_00050_aligned.jpg", "train_00050.jpg")
    path = tmp_path / "EmoLabel" / "list_patition_label.txt"
    with open(path, "a") as stream:
        stream.write("\ntrain_00042.jpg 1\ntrain_00041.jpg 1\n")  # train_00042 has the code 1, train_00041 the code 7
    survey = reader("rafdb").check(tmp_path)
    assert f"lines that repeat another one, left out: 1 (the first: {path} line 50)" in survey.notes
    assert f"faces with several expressions, left out: 1, in 2 lines (the first: {path} line 41 and 51)" in survey.notes
    without = tmp_path / "Image" / "aligned" / "train_00041_aligned.jpg"
    assert f"pictures without a label, passed over: 2 (the first: {without})" in survey.notes
    assert survey.counts["train"]["surprise"] == 6 and survey.counts["train"]["neutral"] == 5


def test_the_compound_part_is_not_taken_for_the_basic_one(tmp_path):
    official(tmp_path / "compound", [*LINES[:5], ("train_00009.jpg", 11)])
    with pytest.raises(BadInput, match="no layout of rafdb"):  # from above, only `basic` is looked into
        reader("rafdb").check(tmp_path)
    with pytest.raises(BadInput, match="line 6: found expression '11'; expected one of 1, 2, 3, 4, 5, 6, 7"):
        reader("rafdb").check(tmp_path / "compound")
