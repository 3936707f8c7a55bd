"""What every verb says where data, a FaceSet or a record is missing. (Plans: test_profile_names_data.py.)"""

from pathlib import Path

import pytest

from benchmark.cli.main import main
from benchmark.cli.missing import explained
from benchmark.errors import BadInput

HERE = "; there is no dvc.yaml here: is this the project's folder?"
NONE = "found no FaceSet; expected a prepared one"
FER = f"{NONE}: first `ferbench data add fer2013 PATH` (docs/data/fer2013.md), then `ferbench prepare fer2013`"
BOTH = (
    f"{NONE}: first `ferbench data add fer2013 PATH` and `ferbench data add ferplus PATH` (docs/data/fer2013.md, "
    "docs/data/ferplus.md), then `ferbench prepare ferplus`"
)


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").touch()

    def say(command: str) -> str:
        assert main(command.split()) == 2
        told = capsys.readouterr()
        assert not told.out and told.err.count("\n") == 1
        return told.err.removeprefix("ferbench: ").rstrip("\n")

    return say


@pytest.mark.parametrize(
    "command, line",
    [
        ("audit synthetic", f"data/prepared/synthetic: {NONE}: `ferbench prepare synthetic` makes it"),
        ("score p.csv --protocol synthetic-8", f"data/prepared/synthetic: {NONE}: `ferbench prepare synthetic` makes it"),
        ("audit fer2013", f"data/prepared/fer2013: {FER}"),
        ("run fer2013-7 resnet18-plain", f"data/prepared/fer2013: {FER}"),
        ("trial fer2013-7 resnet18-plain", f"data/prepared/fer2013: {FER}"),
        ("faces ferplus", f"data/prepared/ferplus: {BOTH}"),
        ("export-test --protocol fer2013-7 x --prepared p", f"p/fer2013: {FER} in data/prepared"),
        (
            "audit fer2031",
            "data/prepared/fer2031: found no FaceSet; expected a data set, one of the 12 that `ferbench data` lists; did "
            "you mean fer2013?",
        ),
        (
            "audit folder-mine",
            f"data/prepared/folder-mine: {NONE}: first `ferbench data add folder-mine PATH` (docs/data/folder.md), then "
            "`ferbench prepare folder-mine`",
        ),
        (
            "audit folder-",
            "data/prepared/folder-: found no meta.json; expected a prepared FaceSet (run `ferbench prepare NAME` or `dvc "
            "repro` first)",
        ),
        (
            "prepare ferplus",
            "data/raw/fer2013: found no data yet, which ferplus needs too; expected `ferbench data add fer2013 PATH` with "
            "the csv, from Kaggle (docs/data/fer2013.md says where to get it); data/raw/ferplus is missing too",
        ),
        (
            "robustness synthetic-8 resnet18-plain --seeds 3",
            "runs/synthetic-8/resnet18-plain/seed3: found no record.json; expected a record, made by `ferbench run "
            "synthetic-8 resnet18-plain --seeds 3`, or dvc repro if it is in the plan",
        ),
    ],
)
def test_what_is_said_word_for_word(said, command, line):
    assert said(command) == line


@pytest.mark.parametrize(
    "command", ["report", "run --params all", "prepare synthetic --params", "audit fer2013", "prepare fer2013"]
)
def test_another_folder_than_the_projects_is_noticed(said, command):
    assert HERE not in said(command)
    Path("dvc.yaml").unlink()
    assert said(command).endswith(HERE)
    for name in ("data", "reports"):
        Path(name).mkdir()
    Path("params.yaml").touch()
    assert said(command).endswith(HERE) == (command == "audit fer2013")


def test_a_plan_has_options_of_its_own(said):
    """Without them, other faces would be drawn than the plan's."""
    Path("params.yaml").write_text("data: {synthetic: {options: {faces: 600}}}")
    assert said("audit synthetic").endswith(": `ferbench prepare synthetic --params` makes it")
    Path("params.yaml").write_text("{")
    assert said("audit synthetic").endswith(": `ferbench prepare synthetic` makes it")


def test_a_run_of_the_plan_is_made_by_its_entry(said):
    """Its protocol may be a turned one, which has the folder of its base and is in no file."""
    Path("params.yaml").write_text("runs: {synthetic-8_resnet18-plain: {}}")
    made = "`ferbench run --params synthetic-8_resnet18-plain` or dvc repro"
    assert said("robustness synthetic-8 resnet18-plain").endswith(f"expected a record, made by {made}")


def test_a_folder_that_is_not_whole(said):
    folder = Path("data/prepared/synthetic")
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text("{}")
    assert said("audit synthetic").startswith("data/prepared/synthetic: found no faces.csv; expected a prepared one: ")


def test_where_there_are_raw_data_what_the_reader_says_counts(said):
    folder = Path("data/raw/fer2013")
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("x")
    (folder / "b.csv").write_text("x")
    assert said("prepare fer2013").startswith("data/raw/fer2013: found a.csv, b.csv; expected exactly one file")


@pytest.mark.parametrize(
    "error",
    [
        BadInput("x.csv", "no such file", "a file"),
        BadInput("data/raw/x", "two", "one"),
        BadInput("somewhere", "no meta.json", "a record"),
        BadInput("runs/p/c", "no record.json", "a record"),
        BadInput("else/p/c/seed0", "no record.json", "a record"),
    ],
)
def test_other_errors_stay(tmp_path, monkeypatch, error):
    monkeypatch.chdir(tmp_path)
    assert explained(error) is error
