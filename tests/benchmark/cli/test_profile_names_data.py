"""`ferbench profile NAME` says which raw data the plan waits for, before it names the next step."""

from pathlib import Path

import pytest

from benchmark.cli.main import main

FERPLUS = """\
data/raw/fer2013: no data yet; first: ferbench data add fer2013 PATH
data/raw/ferplus: no data yet; first: ferbench data add ferplus PATH
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def say(profile: str) -> tuple[str, str]:
        assert main(["profile", profile]) == 0
        out = capsys.readouterr().out
        *before, last = out.splitlines(keepends=True)
        return "".join(before), last

    return say


def test_data_that_were_not_added(said):
    before, last = said("ferplus")
    assert before == FERPLUS
    assert last.startswith("params.yaml: profile ferplus, ") and last.endswith(" runs; next: dvc repro\n")


def test_data_that_others_have_pushed(said, tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "ferplus.dvc").write_text("outs: []")
    assert said("ferplus")[0] == FERPLUS.replace("ferbench data add ferplus PATH", "dvc pull data/raw/ferplus.dvc")


@pytest.mark.parametrize("what", ["a file", "the file itself", "a pointer", "a folder", "a link"])
def test_data_that_are_there(said, tmp_path, what):
    for name in ("fer2013", "ferplus"):
        folder = tmp_path / "data" / "raw" / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        if what == "the file itself":
            folder.write_text("x")
        elif what == "a link":
            (tmp_path / name / "data").mkdir(parents=True)
            folder.symlink_to(tmp_path / name)
        elif what == "a folder":
            (folder / "data").mkdir(parents=True)
        else:
            folder.mkdir()
            (folder / ("source.yaml" if what == "a pointer" else "votes.csv")).write_text("x")
    assert said("ferplus")[0] == ""


def test_an_empty_folder_is_no_data(said, tmp_path):
    for name in ("fer2013/.DS_Store", "ferplus/Thumbs.db"):
        path = tmp_path / "data" / "raw" / Path(name)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    assert said("ferplus")[0] == FERPLUS


def test_a_preset_is_named_as_it_is_added(said):
    assert said("rafdb-quick")[0] == "data/raw/rafdb: no data yet; first: ferbench data add rafdb PATH\n"


def test_drawn_data_need_none(said):
    assert said("smoke")[0] == ""
