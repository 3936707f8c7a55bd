"""`ferbench profile NAME` says which raw data the plan waits for, before it names the next step."""

from pathlib import Path

import pytest

from benchmark.cli.main import main

FERPLUS = """\
data/raw/fer2013: found no data yet, which ferplus needs too; expected `ferbench data add fer2013 PATH` with the csv, from \
Kaggle (docs/data/fer2013.md says where to get it)
data/raw/ferplus: found no data yet; expected `ferbench data add ferplus PATH` with the FER+ repository \
(docs/data/ferplus.md says where to get it)
"""
RAFDB = """\
data/raw/rafdb: found no data yet; expected `ferbench data add rafdb PATH` with its folder, by agreement \
(docs/data/rafdb.md says where to get it)
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").touch()  # the project's folder

    def say(profile: str) -> tuple[str, str]:
        assert main(["profile", profile]) == 0
        out = capsys.readouterr().out
        *before, last = out.splitlines(keepends=True)
        return "".join(before), last

    return say


def test_data_that_were_not_added(said):
    before, last = said("ferplus")
    assert before == FERPLUS
    assert last.startswith("params.yaml: profile ferplus, ") and last.endswith(
        " runs; next: the data above, then dvc repro\n"
    )


def test_data_that_others_have_pushed(said, tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "ferplus.dvc").write_text("outs: []")
    other = "no data, only data/raw/ferplus.dvc; expected `dvc pull data/raw/ferplus.dvc`, if a remote has them; else `"
    assert said("ferplus")[0] == FERPLUS.replace("ferplus: found no data yet; expected `", f"ferplus: found {other}")


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
    assert said("rafdb-quick")[0] == RAFDB


def test_drawn_data_need_none(said):
    before, last = said("smoke")
    assert before == "" and last.endswith(" runs; next: dvc repro\n")


def test_another_folder_than_the_project_s(said, tmp_path):
    (tmp_path / "dvc.yaml").unlink()
    _, last = said("smoke")
    assert last.endswith(" runs; next: dvc repro; there is no dvc.yaml here: is this the project's folder?\n")


def test_data_of_which_only_the_file_of_dvc_is_there(said, tmp_path):
    """As in a clone: `git clone` brings data/raw/fer2013.dvc, and data/raw/.gitignore, but no data."""
    for name in (".gitignore", "fer2013.dvc", "fer2013/.gitkeep"):
        path = tmp_path / "data" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert said("fer2013-quick")[0] == (
        "data/raw/fer2013: found no data, only data/raw/fer2013.dvc; expected `dvc pull data/raw/fer2013.dvc`, if a remote "
        "has them; else `ferbench data add fer2013 PATH` with the csv, from Kaggle (docs/data/fer2013.md says where to get "
        "it)\n"
    )
    assert Path("params.yaml").is_file()


@pytest.mark.parametrize("text", ["path: /nowhere/AffectNet\n", "{", "[]", "path: 7\n"])
def test_a_pointer_to_a_folder_that_is_gone(said, tmp_path, text):
    path = tmp_path / "data" / "raw" / "affectnet" / "source.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    gone = (
        "data/raw/affectnet: found a pointer to /nowhere/AffectNet, which is not there; expected that folder, or `ferbench "
        "data add affectnet PATH` with the folder where they are now\n"
    )
    assert said("affectnet")[0] == (gone if "nowhere" in text else "")


def test_what_prepare_says_is_what_the_profile_says(said, capsys):
    for line in FERPLUS.splitlines():
        name = line.split(":")[0].rpartition("/")[2]
        assert main(["prepare", name]) == 2
        known = capsys.readouterr().err.partition("; expected")[0]
        assert known.startswith(f"ferbench: data/raw/{'fer2013' if name == 'ferplus' else name}: found no data yet")
