"""From the folder of a data set that is a preset to a record: the stages of the pipeline in turn, without DVC."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from benchmark.cli.main import main

CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")  # codes 1..7
KEY = "rafdb-7-quick_narrow8-12-identity-working-plain"
PLACE = KEY.replace("_", "/")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def rafdb(tmp_path):
    """RAF-DB's official tree in small: 12 training and 2 test pictures of each class. The folder, and name -> code."""
    folder, rng = tmp_path / "RAF-DB", np.random.default_rng(3)
    codes = {f"{part}_{k:05d}": 1 + k % 7 for part, number in (("train", 84), ("test", 14)) for k in range(1, number + 1)}
    pictures = folder / "basic/Image/aligned"
    pictures.mkdir(parents=True)
    for name, code in codes.items():
        noise = rng.integers(0, 60, (25, 25, 3), dtype=np.uint8) + np.uint8(25 * code)
        Image.fromarray(noise).resize((100, 100)).save(pictures / f"{name}_aligned.jpg")
    labels = folder / "basic/EmoLabel/list_patition_label.txt"
    labels.parent.mkdir()
    labels.write_text("\n".join(f"{name}.jpg {code}" for name, code in codes.items()))  # its last line has no end
    return folder, codes


def test_from_the_folder_to_a_record(rafdb, tmp_path, monkeypatch, capsys):
    folder, codes = rafdb
    monkeypatch.chdir(tmp_path)
    for call in (
        ["profile", "rafdb-quick"],
        ["data", "add", "rafdb", str(folder), "--no-dvc"],
        ["prepare", "rafdb", "--params"],
        ["audit", "rafdb"],
        ["run", "--params", KEY, "--device", "cpu", "--jobs", "1"],
        ["collect", "--params", KEY],
    ):
        assert main(call) == 0, capsys.readouterr()
    with (tmp_path / "data/prepared/rafdb/faces.csv").open() as file:
        faces = [{**row, "name": row["id"].partition("_aligned")[0]} for row in csv.DictReader(file)]
    assert sorted(row["name"] for row in faces) == sorted(codes)
    assert all(row["expression"] == str(codes[row["name"]] - 1) for row in faces)
    splits = Counter(row["split"] for row in faces)
    assert splits["test"] == 14 and splits["train"] + splits["validation"] == 84 and 0 < splits["validation"] < 25
    assert all((row["split"] == "test") == row["name"].startswith("test") for row in faces)
    # What is wrong of this set is only that it is small: its counts are not the published ones.
    wrong = json.loads((tmp_path / "reports/data/rafdb/audit.json").read_text())["findings"]["wrong"]
    assert wrong and all("published" in sentence for sentence in wrong)
    record = tmp_path / "reports/records" / PLACE / "seed0"
    contents = json.loads((record / "record.json").read_text())
    assert contents["classes"] == list(CLASSES) and contents["status"] == "finished" and len(contents["history"]) == 8
    with np.load(record / "predictions.npz") as stored:
        names = [name.partition("_aligned")[0] for name in stored["test_ids"].tolist()]
        tested = dict(zip(names, stored["test_targets"].tolist(), strict=True))
    assert tested == {name: code - 1 for name, code in codes.items() if name.startswith("test")}
