"""docs/with-dvc.md, every command as it is written, by two people in clones of their own."""

import re
import shutil
import subprocess
import sys

import pytest

from tests import team

PAGE = team.ROOT / "docs" / "with-dvc.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^<!-- (\w+) -->\n```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
UP_TO_DATE = "Data and pipelines are up to date."


def test_every_block_of_commands_is_run_and_the_page_is_short():
    assert len(BLOCKS) == TEXT.count("\n```sh\n")
    assert list(BLOCKS) == ["folder", "s3", "add", "clone", "pull", "less", "url", "import", "gc"]
    assert len(TEXT.split()) <= 800


@pytest.fixture
def project(tmp_path):
    pytest.importorskip("dvc")
    team.make(tmp_path)
    shell = team.Shell(tmp_path)
    shell("git clone -q ferbench.git one", ".")
    return shell


@pytest.fixture
def site(project):
    """The address of a web server with the raw file."""
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "-d", project.top / "home/Downloads"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    yield re.search(r"http://[\d.]+:\d+", server.stdout.readline())[0]
    server.kill()
    server.wait()


@pytest.fixture
def run(project, site):
    """A function that runs the block of a name in a clone, with addresses of this machine in the place of the page's."""
    places = {
        "/mnt/shared/ferbench": f"{project.top}/store",
        "git@example.org:team/ferbench.git": f"{project.top}/ferbench.git",
        "https://files.our-institute.org": site,
    }

    def block(name: str, clone: str, **more: str) -> str:
        commands = BLOCKS[name]
        for written, here in (places | more).items():
            commands = commands.replace(written, here)
        return project(commands, clone)

    return block


@pytest.mark.slow
def test_every_command_of_the_page(project, run):
    top = project.top
    run("folder", "one")
    said = run("add", "one")
    assert "next: git add data/raw/fer2013.dvc && git commit" in said and re.search(
        r"^\d+ files pushed$", said, re.MULTILINE
    )
    assert project("git status --porcelain", "one") == ""
    (top / "bob").mkdir()
    said = run("clone", "bob").splitlines()
    assert "\t\tdeleted:            data/raw/fer2013" in said and "\t\tnot in cache:       data/prepared/fer2013" in said
    assert said[-1] == UP_TO_DATE and not any(line.startswith("Running stage") for line in said)
    bob = "bob/ferbench"
    for name in ("raw", "prepared"):
        assert files(top / "one/data" / name) == files(top / bob / "data" / name)
    assert files(top / "one/runs") == files(top / bob / "runs") != {}
    assert project("dvc status", bob) == f"{UP_TO_DATE}\n" and "in sync" in project("dvc status -c", bob)

    project("git clone -q ferbench.git eve", ".")
    said = run("pull", "eve")
    assert said.count(UP_TO_DATE) == 2 and "Pulling data for stage: 'prepare@fer2013'" in said and "Running" not in said
    assert files(top / "one/runs") == files(top / "eve/runs")
    # The same run cache: what was prepared with other code or options once is not prepared again.
    project("dvc pull -q --run-cache && rm -r data/prepared dvc.lock", "eve")
    assert "is cached - skipping run" in project("dvc repro prepare@fer2013", "eve")
    assert project("git status --porcelain", "eve").split() == ["M", "dvc.lock"]

    # A plan whose runs nobody pushed: `dvc pull` fails and brings what there is, the page's two ways do not fail.
    project("git clone -q ferbench.git dan", ".")
    project("git checkout -q -b more && ferbench profile fer2013-cpu && git commit -qam More", "dan")
    assert "Checkout failed" in project("dvc pull", "dan", fails=True)
    shutil.rmtree(top / "dan/data/raw/fer2013")
    run("less", "dan")
    assert files(top / "one/data/raw") == files(top / "dan/data/raw")


@pytest.mark.slow
def test_data_that_are_elsewhere(project, run):
    """By URL and from another repository; `ferbench prepare` reads both, and a clone gets them."""
    top = project.top
    run("folder", "one")
    said = run("url", "one")
    assert "no data yet" not in said and "Running stage 'prepare@fer2013'" in said
    assert (top / "one/data/raw/fer2013").read_bytes() == (top / "home/Downloads/fer2013.csv").read_bytes()
    before = files(top / "one/data/raw")
    said = project("ferbench data add fer2013 ~/Downloads/fer2013.csv", "one")  # an import stays one
    assert "data/raw/fer2013 holds these bytes already" in said and files(top / "one/data/raw") == before
    project("git add -A && git commit -qm Prepared && git push -q && dvc push data/raw/fer2013.dvc", "one")
    project("git clone -q ferbench.git bob", ".")
    project("dvc pull data/raw/fer2013.dvc", "bob")
    assert files(top / "bob/data/raw") == before

    project("git clone -q ferbench.git eve && cd eve && git checkout -q HEAD~2", ".")  # before the import
    run("import", "eve")
    assert files(top / "eve/data/prepared/fer2013")["images.npy"] == files(top / "one/data/prepared/fer2013")["images.npy"]


@pytest.mark.slow
def test_a_bucket_and_the_room_that_data_take(project, run):
    """The page's other remote; what the two forms of `dvc gc` keep, and that the remote keeps everything."""
    with team.bucket("our-bucket") as there:
        project.environment.update(there.keys)
        run("s3", "one", **{"https://s3.our-institute.org": there.url})
        raw = "data/raw/fer2013.dvc"
        project("ferbench data add fer2013 ~/Downloads/fer2013.csv && git add data && git commit -qm A", "one")
        project(f"dvc push {raw} && git checkout -q -b other && rm data/raw/fer2013/fer2013.csv", "one")
        project("sed 's/$/\\r/' ~/Downloads/fer2013.csv > ~/crlf.csv && ferbench data add fer2013 ~/crlf.csv", "one")
        project(f"git commit -qam B && dvc push {raw} && git checkout -q main && dvc checkout {raw}", "one")
        cached, pushed = files(project.top / "one/.dvc/cache"), there.names()
        assert len(cached) == len(pushed) == 4  # two files, and a list of one file for each
        run("gc", "one")
        assert files(project.top / "one/.dvc/cache") == cached
        project("dvc gc --workspace --force", "one")
        assert len(files(project.top / "one/.dvc/cache")) == 2 and there.names() == pushed
        project(f"git checkout -q other && dvc checkout {raw}", "one", fails=True)
        project(f"dvc pull {raw}", "one")
        assert (project.top / "one/data/raw/fer2013/crlf.csv").read_bytes().endswith(b"\r\n")


def files(folder):
    """Relative path -> contents of every file below a folder, without what git and DVC note for themselves."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.name not in (".gitignore", "CACHEDIR.TAG")}
