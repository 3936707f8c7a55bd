"""Data sets that are presets, from the folder to a record: the stages of the pipeline in turn, without DVC; and whether the
protocols of each fit what its reader makes."""

import csv
import importlib
import json
from collections import Counter

import numpy as np
import pytest

from benchmark.cli.main import main
from benchmark.faces.data_sets import reader
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import ROLES, load_protocol
from benchmark.protocol.roles import role_rows
from benchmark.records.per_video import video_of
from benchmark.runs.data_check import check_data
from tests.facsimiles import rafdb

KEY = "rafdb-7-quick_narrow8-12-identity-working-plain"
pytestmark = pytest.mark.usefixtures("one_thread")


def test_from_the_folder_to_a_record(tmp_path, monkeypatch, capsys):
    truth = rafdb.write(tmp_path / "RAF-DB", scale=0.02, trap="copies")
    monkeypatch.chdir(tmp_path)
    for call in (
        ["profile", "rafdb-quick"],
        ["data", "add", "rafdb", str(truth.folder), "--no-dvc"],
        ["prepare", "rafdb", "--params"],
        ["audit", "rafdb"],
        ["run", "--params", KEY, "--device", "cpu", "--jobs", "1"],
        ["collect", "--params", KEY],
    ):
        assert main(call) == 0, capsys.readouterr()
    wanted = {row.id: row for row in truth.rows}
    with (tmp_path / "data/prepared/rafdb/faces.csv").open() as file:
        faces = {named(row["id"]): row for row in csv.DictReader(file)}
    assert set(faces) == set(wanted)
    for name, row in wanted.items():
        assert faces[name]["expression"] == str(row.code - 1)
        assert faces[name]["split"] in (("train", "validation") if row.part == "train" else ("test",))
        assert not row.copy_of or faces[name]["split"] == faces[row.copy_of]["split"]
    assert set(Counter(row["split"] for row in faces.values())) == set(ROLES)
    # All that is wrong with this set is that it is small.
    wrong = json.loads((tmp_path / "reports/data/rafdb/audit.json").read_text())["findings"]["wrong"]
    assert wrong and all("published" in sentence for sentence in wrong)
    record = tmp_path / "reports/records" / KEY.replace("_", "/") / "seed0"
    contents = json.loads((record / "record.json").read_text())
    assert contents["classes"] == [word.lower() for word in rafdb.WORDS.values()] and len(contents["history"]) == 8
    with np.load(record / "predictions.npz") as stored:
        tested = dict(zip(map(named, stored["test_ids"].tolist()), stored["test_targets"].tolist(), strict=True))
    assert tested == {name: row.code - 1 for name, row in wanted.items() if row.part == "test"}


def named(face: str) -> str:
    """The picture's name in the official list."""
    return face.replace("_aligned", "")


@pytest.mark.parametrize(
    ("data", "scale", "protocols"),
    [
        ("rafdb", 0.02, ["rafdb-7", "rafdb-7-quick"]),
        ("expw", 0.01, ["expw-7"]),
        ("ckplus48", 0.5, ["ckplus48-7"]),
        ("jaffe", 1.0, ["jaffe-7"]),
        ("afewva", 0.01, ["afewva-va"]),
    ],
)
def test_protocols_fit_the_preset(data, scale, protocols, tiny_cell, tmp_path):
    """Every face has a role in every protocol; what must not be divided (a person, a picture, a clip) is not."""
    truth = importlib.import_module(f"tests.facsimiles.{data}").write(tmp_path / "raw" / data, scale=scale)
    faces = reader(data).prepare(tmp_path / "prepared" / data, raw=tmp_path / "raw")
    assert len(faces) == len(truth.rows)
    for name in protocols:
        protocol = load_protocol(name)
        check_data(
            [Run(protocol, tiny_cell("plain" if protocol.classes else "mse"), 0)], tmp_path / "prepared", tmp_path / "runs"
        )
        rows = np.concatenate([role_rows(protocol, faces, role) for role in ROLES])
        assert sorted(rows.tolist()) == list(range(len(faces)))
        assert set(faces.split.tolist()) == set(protocol.folds or protocol.splits.values())
        grouped = faces.group != ""
        assert bool(grouped.any()) == any(row.group for row in truth.rows)
        divided = Counter(group for group, _ in set(zip(faces.group[grouped], faces.split[grouped], strict=True)))
        assert all(times == 1 for times in divided.values())
        if protocol.frames_of == "video":
            assert video_of(faces.id).tolist() == faces.group.tolist()
