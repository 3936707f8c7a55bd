"""The facsimiles of AffectNet against lines and numbers of the real files, written down here by hand."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from tests.facsimiles import affectnet_2017, affectnet_2021, affectnet_plus
from tests.facsimiles.reading import lines_of

NUMBER = r"-?(0|0\.\d+|1)"  # a valence of about six digits, or a plain 0
HEADER_2017 = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
LINE_2017 = re.compile(
    r"\d+/[0-9a-f]{56}\.(jpg|png|JPG|jpeg|tif|PNG|bmp|BMP|Jpeg|TIF),(\d+),\2,(\d+),\3,(\d+(\.\d+)?;){135}\d+(\.\d+)?,"
    rf"(([0-8]),{NUMBER},{NUMBER}|(9|10),-2,-2)"
)
STRANGE_2017 = {
    "null_row": re.compile(r"\d+/[0-9a-f]{56}\.\w+,NULL,NULL,\d+,\d+,[\d.;]+,1,"),
    "box_outside": re.compile(r"\S+,512,512,80,80,[\d.;]+,[01],"),
    "box_beyond": re.compile(r"\S+,-10,-10,100,100,[\d.;]+,[01],"),
    "box_thin": re.compile(r"\S+,63\.5,63\.5,0\.4,0\.4,[\d.;]+,[01],"),
    "empty_picture": re.compile(r"103/29a31ebf[0-9a-f]{48}\.jpg,(\d+),\1,(\d+),\2,[\d.;]+,(8|9|10),"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return affectnet_2017.write(tmp_path_factory.mktemp("plain"), scale=0.01, side=32)


class TestAffectNet2017:
    def test_counts_are_the_released_ones(self):
        assert sum(affectnet_2017.TRAINING) == 414_800
        assert sum(affectnet_2017.TRAINING[:8]) == 287_652  # the bad row is among them
        assert affectnet_2017.TRAINING[9] + affectnet_2017.TRAINING[10] == 94_060
        assert sum(affectnet_2017.VALIDATION) == 5500

    def test_a_hundredth(self, plain):
        counts = plain.counts()
        assert counts["training"] == {
            "Neutral": 749, "Happy": 1344, "Sad": 255, "Surprise": 141, "Fear": 64, "Disgust": 38, "Anger": 249,
            "Contempt": 38, "None": 331, "Uncertain": 116, "No-Face": 824,
        }  # fmt: skip
        assert set(counts["validation"].values()) == {5}
        assert len(counts["validation"]) == 11

    def test_lines(self, plain):
        for part in ("training", "validation"):
            first, *lines = lines_of(plain.folder / "Manually_Annotated_file_lists" / f"{part}.csv")
            assert first == HEADER_2017
            assert all(LINE_2017.fullmatch(line) for line in lines)
            rows = [row for row in plain.rows if row.part == part]
            assert len(rows) == len(lines)
            for row, line in zip(rows, lines, strict=True):
                cells = line.split(",")
                assert cells[0] == row.id
                assert row.path == f"Manually_Annotated_Images/{row.id}"
                assert tuple(float(each) for each in cells[1:5]) == row.box
                assert int(cells[6]) == row.code
                wanted = None if row.code > 8 else float(cells[7])
                assert row.valence == wanted
        endings = Counter(row.id.rpartition(".")[2] for row in plain.rows if row.part == "training")
        assert set(endings) == {"jpg", "png", "JPG", "jpeg", "tif", "PNG", "bmp", "BMP", "Jpeg", "TIF"}
        assert any(line.rsplit(",", 2)[1] == "0" for line in lines_of(plain.folder / plain.rows[0].file))

    @pytest.mark.parametrize("name", STRANGE_2017)
    def test_strange_lines(self, name, tmp_path):
        made = affectnet_2017.write(tmp_path, scale=0.002, trap=name)
        lines = (tmp_path / "Manually_Annotated_file_lists" / "training.csv").read_text().splitlines()
        (row,) = made.traps[name]["rows"]
        assert STRANGE_2017[name].match(lines[row.line - 1])
        assert [number for number, line in enumerate(lines, 1) if STRANGE_2017[name].match(line)] == [row.line]
        assert row.index == row.line - 2
        if name == "null_row":
            assert row.index == int(315_313 * (len(lines) - 1) / 414_800)
            assert row.word == "Happy"
        if name == "empty_picture":
            assert (tmp_path / row.path).stat().st_size == 0

    @pytest.mark.parametrize("seed", range(6))
    def test_the_bad_row_is_happy_and_where_it_is_in_the_release(self, seed, tmp_path):
        made = affectnet_2017.write(tmp_path, scale=0.0005, seed=seed, trap="null_row", pictures=())
        (row,) = made.traps["null_row"]["rows"]
        assert (row.word, row.box) == ("Happy", None)
        assert row.index == int(315_313 * sum(each.part == "training" for each in made.rows) / 414_800)

    def test_copies_have_the_bytes_and_the_box_of_another(self, tmp_path):
        made = affectnet_2017.write(tmp_path, scale=0.005, side=32, trap="copies")
        rows, copies = {row.id: row for row in made.rows}, made.traps["copies"]["rows"]
        assert len(copies) == round(sum(row.code < 8 and row.part == "training" for row in made.rows) * 32_941 / 287_651)
        for copy in copies:
            source = rows[copy.copy_of]
            assert (tmp_path / copy.path).read_bytes() == (tmp_path / source.path).read_bytes()
            assert (copy.box, copy.code, copy.part) == (source.box, source.code, "training")
            assert not source.copy_of
        shown = {(tmp_path / row.path).read_bytes() for row in made.rows if row.picture}
        assert len(shown) == len(made.rows) - len(copies)

    def test_trees(self, tmp_path):
        for trap, lists, images in (
            ("outer_folder", "Manually_Annotated_file_lists", "Manually_Annotated/Manually_Annotated_Images"),
            ("folder_twice", "label", "Manually_Annotated_Images/Manually_Annotated_Images"),
        ):
            made = affectnet_2017.write(tmp_path / trap, scale=0.0005, trap=trap)
            assert made.rows[0].file == f"{lists}/training.csv"
            assert made.rows[0].path == f"{images}/{made.rows[0].id}"

    def test_validation_without_a_header(self, tmp_path):
        made = affectnet_2017.write(tmp_path, scale=0.0005, trap="no_header")
        lines = lines_of(tmp_path / "Manually_Annotated_file_lists" / "validation.csv")
        first = next(row for row in made.rows if row.part == "validation")
        assert lines[0].startswith(first.id)
        assert first.line == 1
        assert all(LINE_2017.fullmatch(line) for line in lines)

    def test_pictures_of_chosen_codes_and_missing_ones(self, tmp_path):
        made = affectnet_2017.write(
            tmp_path, scale=0.002, trap="missing_pictures", missing=4, pictures=range(8), processes=2
        )
        assert len(made.traps["missing_pictures"]["rows"]) == 4
        for row in made.rows:
            assert (tmp_path / row.path).exists() == row.picture
            assert row.picture == (row.code < 8 and row not in made.traps["missing_pictures"]["rows"])

    @pytest.mark.slow
    def test_full_size(self, tmp_path):
        made = affectnet_2017.write(tmp_path, scale=1, side=32, pictures=(), trap=affectnet_2017.RELEASED)
        assert list(made.counts()["training"].values()).count(134_416) == 1
        assert len(made.rows) == 414_800 + 5500
        assert made.traps["null_row"]["rows"][0].index == 315_313
        assert len(made.traps["copies"]["rows"]) == 32_941


class TestAffectNet2021:
    def test_values_are_text_of_no_dimension(self, tmp_path):
        made = affectnet_2021.write(tmp_path, scale=0.0005, side=32)
        assert sum(affectnet_2021.COUNTS["train_set"]) * 4 == 1_150_604
        assert sum(affectnet_2021.COUNTS["val_set"]) * 4 == 15_996
        assert len(list(tmp_path.rglob("*.npy"))) == 4 * len(made.rows)
        for row in made.rows:
            held = {}
            for name in ("exp", "val", "aro", "lnd"):
                held[name] = np.load(tmp_path / row.part / "annotations" / f"{row.index}_{name}.npy")
            assert all(held[name].shape == () and held[name].dtype.kind == "U" for name in ("exp", "val", "aro"))
            assert held["lnd"].shape == (136,)
            assert (int(held["exp"]), float(held["val"]), float(held["aro"])) == (row.code, row.valence, row.arousal)
        assert {"train_set/images/0.jpg", "val_set/images/0.jpg"} <= {row.path for row in made.rows}

    def test_csv_in_place_of_npy(self, tmp_path):
        made = affectnet_2021.write(tmp_path, scale=0.0005, side=32, form="csv", trap="no_annotation")
        first, *lines = lines_of(tmp_path / "train_set_annotation_without_lnd.csv")
        assert first == "number,expression,valence,arousal"
        assert all(re.fullmatch(rf"\d+,[0-7],{NUMBER},{NUMBER}", line) for line in lines)
        assert not list(tmp_path.rglob("*.npy"))
        (bare,) = made.traps["no_annotation"]["rows"]
        assert {int(line.split(",")[0]) for line in lines} == {
            row.index for row in made.rows if row.part == "train_set" and row != bare
        }
        assert all(lines[row.line - 2].startswith(f"{row.index},{row.code},") for row in made.rows[:3])

    def test_labels_in_names(self, tmp_path):
        made = affectnet_2021.write(tmp_path, scale=0.0005, side=32, form="renamed")
        name = re.compile(r"(\d{7})s([0-7])s(-?\d+)s(-?\d+)\.jpg")
        assert name.fullmatch("0000000s7s-653s653.jpg")  # the real one
        for row in made.rows:
            number, code, valence, arousal = name.fullmatch(row.path.rpartition("/")[2]).groups()
            assert (int(number), int(code), int(valence), int(arousal)) == (
                row.index, row.code, round(1000 * row.valence), round(1000 * row.arousal),
            )  # fmt: skip

    def test_class_folders(self, tmp_path):
        affectnet_2021.write(tmp_path, scale=0.0005, side=32, form="kaggle")
        assert {each.name for each in tmp_path.iterdir()} == {"Train", "Test", "labels.csv"}
        names = {"Anger", "Contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"}
        assert {each.name for each in (tmp_path / "Train").iterdir()} == names

    def test_traps(self, tmp_path):
        made = affectnet_2021.write(
            tmp_path,
            scale=0.001,
            side=32,
            trap=("no_picture", "no_annotation", "half_annotation", "minus_two", "apple_double"),
        )
        (absent,), (bare,) = (made.traps[name]["rows"] for name in ("no_picture", "no_annotation"))
        (half,), (minus,) = (made.traps[name]["rows"] for name in ("half_annotation", "minus_two"))
        annotations = tmp_path / "train_set" / "annotations"
        assert not (tmp_path / absent.path).exists()
        assert (annotations / f"{absent.index}_exp.npy").exists()
        assert (tmp_path / bare.path).exists()
        assert not list(annotations.glob(f"{bare.index}_*"))
        assert {each.name.split("_")[1] for each in annotations.glob(f"{half.index}_*")} == {"exp.npy", "aro.npy", "lnd.npy"}
        assert np.load(annotations / f"{minus.index}_val.npy") == "-2"
        assert (annotations / "._0_exp.npy").read_bytes().startswith(b"\x00\x05\x16\x07")


class TestAffectNetPlus:
    def test_tree_and_keys(self, tmp_path):
        made = affectnet_plus.write(tmp_path, scale=0.0005, trap="no_human")
        assert sum(affectnet_plus.COUNTS["train_set"]) == 414_799
        top = tmp_path / "AffectNet+"
        assert made.folder == top
        assert {each.name for each in top.iterdir()} == {"human_annotated", "no_human_annotated"}
        assert {each.name for each in (top / "human_annotated").iterdir()} == {"train_set", "validation_set"}
        for row in made.rows:
            held = json.loads((top / f"human_annotated/{row.part}/annotations/{row.index}.json").read_text())
            assert set(held) == {"human-label", "soft-label", "subset", "meta-data"}
            meta = held["meta-data"]
            assert set(meta) == {"age", "gender", "race", "pose", "landmark-68", "landmark-29", "valence", "arousal"}
            assert set(meta["pose"]) == {"yaw", "pitch", "roll"}
            assert (len(meta["landmark-68"]), len(held["soft-label"])) == (136, 8)
            assert held["subset"] in (0, 1, 2)
            assert sum(held["soft-label"]) == pytest.approx(1)
            assert isinstance(meta["gender"], dict)
            assert isinstance(meta["race"], dict)
            assert (held["human-label"], meta["age"]) == (row.code, row.attributes["age"])
        assert {row.code for row in made.rows} == set(range(11))

    def test_other_spellings(self, tmp_path):
        made = affectnet_plus.write(tmp_path, scale=0.0005, trap="other_spellings")
        held = json.loads((made.folder / made.rows[0].file).read_text())
        assert {"Human-Label", "Metadata"} <= set(held)
        assert not {"human-label", "meta-data"} & set(held)
