"""The facsimiles of sets of pictures in folders against lines and numbers of the real ones, written down here by hand."""

import csv
import json
import re
from collections import Counter

import numpy as np

from tests.facsimiles import afewva, ckplus48, diffusionfer, expw, jaffe, rafdb
from tests.facsimiles.reading import lines_of


class TestFolderSets:
    def test_rafdb_list(self, tmp_path):
        made = rafdb.write(tmp_path, scale=0.02)
        content = (tmp_path / "basic/EmoLabel/list_patition_label.txt").read_bytes()
        assert not content.endswith(b"\n")
        lines = content.decode().split("\n")
        assert all(re.fullmatch(r"(train_\d{5}|test_\d{4})\.jpg [1-7]", line) for line in lines)
        assert lines[0].startswith("train_00001.jpg ")
        for row in made.rows:
            assert lines[row.line - 1] == f"{row.id} {row.code}"
            assert row.path == f"basic/Image/aligned/{row.id[:-4]}_aligned.jpg"
        assert (sum(rafdb.COUNTS["train"]), sum(rafdb.COUNTS["test"])) == (12_271, 3068)
        assert rafdb.WORDS[4] == "Happiness"

    def test_rafdb_copy(self, tmp_path):
        made = rafdb.write(tmp_path, tree="kaggle", trap=("dataset_folder", "copies"))
        assert lines_of(tmp_path / "train_labels.csv")[0] == "image,label"
        for row in made.rows:
            assert row.path.startswith(f"DATASET/{row.part}/{row.code}/")
            assert lines_of(tmp_path / row.file)[row.line - 1].endswith(f",{row.code}")
        rows = {row.id: row for row in made.rows}
        for row in made.traps["copies"]["rows"]:
            assert (tmp_path / row.path).read_bytes() == (tmp_path / rows[row.copy_of].path).read_bytes()

    def test_expw_list(self, tmp_path):
        made = expw.write(tmp_path, scale=0.002)
        lines = lines_of(tmp_path / "label/label.lst")
        assert all(re.fullmatch(r"\S+\.jpg [0-2] \d+ \d+ \d+ \d+ \d+(\.\d+)? [0-6]", line) for line in lines)
        assert sum(expw.COUNTS) == 91_793
        for row, line in zip(made.rows, lines, strict=True):
            name, face, top, left, right, bottom, _, label = line.split()
            assert row.id == f"{name}#{face}"
            assert row.box == (int(left), int(top), int(right), int(bottom))
            assert row.code == int(label)
        assert max(Counter(row.path for row in made.rows).values()) == 3

    def test_ckplus48(self, tmp_path):
        made = ckplus48.write(tmp_path, scale=1)
        assert len(made.rows) == 981
        assert list(made.counts()["all"].values()) == [135, 54, 177, 75, 207, 84, 249]
        assert len({row.group for row in made.rows}) == 118
        assert all(re.fullmatch(r"[a-z]+/S\d{3}_\d{3}_\d{8}\.png", row.path) for row in made.rows)

    def test_jaffe(self, tmp_path):
        made = jaffe.write(tmp_path)
        assert len(made.rows) == 213
        assert made.rows[0].path == "KA.AN1.39.tiff"
        assert all(re.fullmatch(r"[A-Z]{2}\.(AN|DI|FE|HA|NE|SA|SU)\d\.\d+\.tiff", row.path) for row in made.rows)

    def test_afewva(self, tmp_path):
        made = afewva.write(tmp_path)
        held = json.loads((tmp_path / "001" / "001.json").read_text())
        assert set(held) == {"video_id", "actor", "frames"}
        assert set(held["frames"]["00000"]) == {"landmarks", "valence", "arousal"}
        assert np.shape(held["frames"]["00000"]["landmarks"]) == (68, 2)
        assert {row.group for row in made.rows if row.part == "validation"} == {"361", "362"}
        for row in made.rows:
            if row.group == "001":
                assert held["frames"][row.id.split("/")[1]]["valence"] == row.valence
        assert min(row.valence for row in made.rows) < -1
        assert max(row.valence for row in made.rows) <= 10

    def test_diffusionfer_sheet_is_like_the_real_one(self, fer_data, tmp_path):
        made = diffusionfer.write(tmp_path, scale=1, side=8)
        line = re.compile(
            r"DiffusionFER/DiffusionEmotion_S/cropped/[a-z]+/[a-z]{8,9}_[\d-]\.png,-?[01]\.\d,-?[01]\.\d,[0-6]"
        )
        counts = []
        # the real sheet has three names of nine letters and one that ends with a hyphen
        for sheet in (fer_data / "diffusionfer" / "dataset_sheet.csv", tmp_path / "dataset_sheet.csv"):
            first, *lines = lines_of(sheet)
            assert first == "subDirectory_filePath,valence,arousal,expression"
            shown = [each for each in lines if each]
            assert sum(bool(line.fullmatch(each)) for each in shown) == len(shown) == 1285, sheet
            counts.append(Counter(row[0].split("/")[3] for row in csv.reader(shown)))
        assert counts[0] == counts[1]
        assert all(row.path.endswith(".png") and (tmp_path / row.path).is_file() for row in made.rows)
