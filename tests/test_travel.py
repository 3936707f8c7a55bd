"""Data travel: what one person adds, commits and pushes is there after another one's clone and pull, and nothing is made
again."""

import re

import pytest

from tests import team

UP_TO_DATE = "Data and pipelines are up to date."
CSV = "data/raw/fer2013/fer2013.csv"


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    pytest.importorskip("dvc")
    return team.make(tmp_path_factory.mktemp("team"))


@pytest.fixture
def shell(origin, tmp_path):
    """A shell in a folder of its own, with the clones `one` and `two`; the remote is the folder `store`."""
    (tmp_path / "home").symlink_to(origin.parent / "home")
    run = team.Shell(tmp_path)
    run(f"git clone -q --bare {origin} origin && git clone -q origin one", ".")
    return run


def next_command(said: str) -> str:
    """What `ferbench data add` says is to be done next, as it can be typed."""
    (found,) = re.findall(r"^tracked; next: (.*), then dvc push if there is a remote$", said, re.MULTILINE)
    return found


def test_raw_data_are_pushed_and_pulled(shell):
    shell("dvc remote add -q -d store ../store && git commit -qam Remote", "one")
    said = shell("ferbench data add fer2013 ~/Downloads/fer2013.csv", "one")
    shell(next_command(said), "one")
    assert shell("git status --porcelain", "one") == ""
    assert "2 files pushed" in shell("dvc push && git push -q", "one")  # nothing named: DVC must find the pointer
    shell("git clone -q origin two", ".")
    said = shell("ferbench profile fer2013-quick && git checkout -q params.yaml", "two")
    assert "data/raw/fer2013: found no data, only data/raw/fer2013.dvc; expected `dvc pull data/raw/fer2013.dvc`" in said
    shell("dvc pull --allow-missing", "two")  # the default plan's runs are nowhere
    assert (shell.top / "two" / CSV).read_bytes() == (shell.top / "home/Downloads/fer2013.csv").read_bytes()


def test_the_structure_of_data_is_in_git_and_raw_data_are_not(shell):
    """Also before DVC tracks them, and pointers of data sets that nobody thought of."""
    tracked = shell("git ls-files data", "one").split()
    assert tracked == ["data/README.md", "data/raw/.gitignore"]
    for name in ("fer2013/a.csv", "folder-mine/happy/1.png", "folder-mine.dvc", "new/source.yaml"):
        path = shell.top / "one" / "data/raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert shell("git status --porcelain --untracked-files=all", "one") == "?? data/raw/folder-mine.dvc\n"


@pytest.mark.slow
def test_data_that_were_added_under_the_old_rule(shell):
    """The old top .gitignore hid data/raw from DVC; without its two lines the same data are pushed."""
    one = shell.top / "one"
    ours = (one / ".gitignore").read_text()
    (one / ".gitignore").write_text(ours + "/data/raw/*\n!/data/raw/*.dvc\n")
    (one / "data/raw/.gitignore").unlink()
    shell("dvc remote add -q -d store ../store && git commit -qam Old", "one")
    said = shell("ferbench data add fer2013 ~/Downloads/fer2013.csv", "one")
    assert ".gitignore: remove the line /data/raw/*; with it `dvc push` and `dvc pull` pass over data/raw" in said
    shell(next_command(said), "one")
    shell("ferbench profile fer2013-quick && git commit -qam Plan", "one")
    assert "up to date" in shell("dvc push", "one")
    shell("git checkout -q HEAD~3 -- data/raw/.gitignore .gitignore && git commit -qm New", "one")
    assert "2 files pushed" in shell("dvc push", "one")
    assert "tracked by data/raw/fer2013.dvc as committed; nothing to commit" in shell(
        "ferbench data add fer2013 ~/Downloads/fer2013.csv", "one"
    )


@pytest.mark.slow
def test_a_store_like_that_of_amazon(shell):
    """What is prepared travels too, through a real server of the S3 protocol."""
    with team.bucket("our-bucket") as there:
        shell.environment.update(there.keys)
        shell(f"dvc remote add -q -d store s3://our-bucket/x && dvc remote modify store endpointurl {there.url}", "one")
        shell("ferbench data add fer2013 ~/Downloads/fer2013.csv && ferbench profile fer2013-quick", "one")
        shell("dvc repro prepare@fer2013 && git add -A && git commit -qm Data", "one")
        prepared = "data/raw/fer2013.dvc prepare@fer2013"
        assert "6 files pushed" in shell(f"dvc push {prepared} && git push -q", "one")
        assert len(there.names()) == 6 and all(name.startswith("x/files/md5/") for name in there.names())
        shell("git clone -q origin two", ".")
        shell(f"dvc pull {prepared}", "two")
        assert UP_TO_DATE in shell("dvc repro prepare@fer2013", "two")
        assert shell("git status --porcelain", "two") == ""


@pytest.mark.slow
def test_an_archive_without_git(shell):
    """`ferbench data add` says what is missing, and goes on when it is there."""
    (shell.top / "archive").mkdir()
    shell("git archive HEAD | tar x -C ../archive", "one")
    said = shell("ferbench data add fer2013 ~/Downloads/fer2013.csv", "archive", fails=True)
    assert "in an archive without .git, first `dvc config --local core.no_scm true`; the file is in place" in said
    said = shell("dvc config --local core.no_scm true && ferbench data add fer2013 ~/Downloads/fer2013.csv", "archive")
    assert "holds these bytes already" in said and "there is no git here to commit it to" in said
    shell("ferbench profile fer2013-quick && dvc repro prepare@fer2013", "archive")
    assert UP_TO_DATE in shell("dvc repro prepare@fer2013", "archive")
    shell("dvc remote add -q -d store ../store && dvc push data/raw/fer2013.dvc prepare@fer2013", "archive")
