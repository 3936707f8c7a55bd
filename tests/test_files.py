"""Replacement of files and folders: old or new after a kill before any call that changes the file system."""

import contextlib
import errno
import functools
import itertools
import os
import shutil
import stat
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmark import exchange, files, leftovers
from benchmark.files import remove_directory, replacing_directory, replacing_file, rounded
from benchmark.records.record import read_record, record_folders

NAMES = ("a", "b", "deep/c")
ROOT = Path(__file__).parents[1]
RECORD = ROOT / "reports/records/synthetic-8/resnet18-plain/seed0"


def fill(folder: Path, text: str) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def replace(path: Path, text: str) -> None:
    if path.suffix:
        with replacing_file(path) as temporary:
            temporary.write_text(text)
    else:
        with replacing_directory(path) as temporary:
            fill(temporary, text)


def state(path: Path) -> str:
    """The text that the whole of a file or folder has; "none" or "half"."""
    if not path.exists():
        return "none"
    if path.is_file():
        return path.read_text() or "half"
    texts = {(path / name).read_text() if (path / name).is_file() else None for name in NAMES}
    names = {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}
    return texts.pop() or "half" if len(texts) == 1 and names == set(NAMES) else "half"


def hidden(folder: Path) -> list[Path]:
    return list(folder.rglob(".*"))


def killed_everywhere(killed, place: Path, name: str, settle) -> list[str]:
    """Replace `old` by `new`, killed before the first, second, ... call, until the work ends by itself; the state of the
    target after each kill and `settle`. The next replacement must leave nothing beside its target."""
    found = []
    for number in itertools.count(1):
        path = place / str(number) / name
        replace(path, "old")
        died = killed.before(number, functools.partial(replace, path, "new"))
        settle(path)
        found.append(state(path))
        replace(path, "next")
        assert state(path) == "next" and hidden(place / str(number)) == [], number
        if not died:
            return found


@pytest.mark.parametrize("name", ["file.txt", "folder"])
def test_a_kill_leaves_the_old_or_the_new(killed, tmp_path, name):
    found = killed_everywhere(killed, tmp_path, name, lambda path: None)
    turn = found.index("new")
    assert set(found[:turn]) == {"old"} and set(found[turn:]) == {"new"}
    assert turn >= 3 and (name == "file.txt" or len(found) - turn > 5), found  # what is deleted after the exchange


def test_two_renames_leave_the_old_the_new_or_none_that_is_recovered(killed, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    plain = killed_everywhere(killed, tmp_path / "plain", "folder", lambda path: None)
    assert Counter(plain)["none"] == 1 and set(plain) == {"old", "none", "new"}, plain
    assert set(killed_everywhere(killed, tmp_path / "recovered", "folder", leftovers.recover)) == {"old", "new"}


def test_a_folder_that_can_not_be_renamed_is_whole_again_after_the_recovery(killed, tmp_path, monkeypatch):
    """As on an overlay file system, where a folder of a lower layer can only be deleted."""
    rename = os.rename

    def refuse(source, target):
        if Path(source).name == "folder":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    assert "half" in killed_everywhere(killed, tmp_path / "plain", "folder", lambda path: None)
    assert set(killed_everywhere(killed, tmp_path / "recovered", "folder", leftovers.recover)) == {"old", "new"}


def test_readers_of_records_recover_what_was_complete(tmp_path):
    """What a kill between the two renames leaves would otherwise be one seed fewer, silently."""
    shutil.copytree(RECORD, tmp_path / "cell" / "seed0")
    shutil.copytree(RECORD, tmp_path / "cell" / f".seed1.{leftovers._machine()}-01234567.new.tmp")
    shutil.copytree(RECORD, tmp_path / "cell" / f".seed2.{leftovers._machine()}-01234567.tmp")
    assert [path.name for path in record_folders(tmp_path)] == ["seed0", "seed1"]
    (tmp_path / "cell" / "seed1").rename(tmp_path / "cell" / f".seed1.{leftovers._machine()}-01234567.new.tmp")
    assert read_record(tmp_path / "cell" / "seed1").contents == read_record(RECORD).contents


def test_a_removed_folder_is_there_or_not(killed, tmp_path):
    found = []
    for number in itertools.count(1):
        path = tmp_path / str(number) / "folder"
        replace(path, "old")
        died = killed.before(number, functools.partial(remove_directory, path))
        found.append(state(path))
        remove_directory(path)
        assert list(path.parent.iterdir()) == []
        if not died:
            break
    assert set(found) == {"old", "none"} and "half" not in found


def owner(path: Path, *, folder: bool) -> subprocess.Popen:
    """Another process that holds a temporary for `path`."""
    script = (
        "import sys, time; from pathlib import Path; from benchmark.leftovers import temporary\n"
        f"with temporary(Path({str(path)!r}), folder={folder}): print('made', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout.readline() == "made\n"
    return process


@pytest.mark.parametrize("name", ["file.txt", "folder"])
def test_what_a_living_process_is_writing_is_left_alone(tmp_path, name):
    other = owner(tmp_path / name, folder=name == "folder")
    try:
        (made,) = hidden(tmp_path)
        os.utime(made, (0, 0))  # long at work on something else
        replace(tmp_path / name, "new")
        leftovers.clear_below(tmp_path)
        assert hidden(tmp_path) == [made]
    finally:
        other.kill()
        other.wait()
    replace(tmp_path / f"{name}er.txt", "a target whose name begins alike")
    assert len(hidden(tmp_path)) == 1
    leftovers.clear_below(tmp_path)
    assert hidden(tmp_path) == [] and state(tmp_path / name) == "new"


def test_what_the_same_process_is_writing_is_left_alone(tmp_path):
    with replacing_directory(tmp_path / "folder") as first:
        replace(tmp_path / "folder", "second")
        leftovers.clear_below(tmp_path)
        fill(first, "first")
    assert state(tmp_path / "folder") == "first" and hidden(tmp_path) == []


def leftover(path: Path, days: float) -> Path:
    fill_at = time.time() - days * 86_400
    path.mkdir()
    fill(path, "left")
    for each in (*path.rglob("*"), path):
        os.utime(each, (fill_at, fill_at))
    return path


def test_where_the_lock_says_nothing_a_leftover_is_a_day_old(tmp_path, monkeypatch):
    """Of another machine; of an earlier version, which named no machine; on a system without locks."""
    names = [".t.ffffffff-01234567.tmp", ".t.abc_4567.tmp"]
    old, young = tmp_path / "old", tmp_path / "young"
    for place, days in ((old, 1.1), (young, 0.9)):
        place.mkdir()
        for name in names:
            leftover(place / name, days)
        leftovers.clear(place / "t")
    assert hidden(old) == [] and sorted(path.name for path in hidden(young)) == sorted(names)
    leftover(old / names[0], 1.1)
    (old / names[0] / "deep" / "c").write_text("somebody is at work in it")
    leftovers.clear(old / "t")
    assert hidden(old) == [old / names[0]]
    leftovers.remove(old / names[0])
    monkeypatch.setattr(leftovers, "LOCKS", False)
    own = f".t.{leftovers._machine()}-01234567.tmp"
    leftover(young / own, 0.9)
    leftover(old / own, 1.1)
    for place in (old, young):
        leftovers.clear(place / "t")
    assert hidden(old) == [] and len(hidden(young)) == 3


def test_without_locks_a_replacement_works_and_a_missing_folder_comes_back_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "LOCKS", False)
    for name in ("file.txt", "folder"):
        replace(tmp_path / name, "old")
        replace(tmp_path / name, "new")
        assert state(tmp_path / name) == "new" and hidden(tmp_path) == []
    (tmp_path / "folder").rename(tmp_path / ".folder.ffffffff-01234567.new.tmp")
    leftovers.recover(tmp_path / "folder")
    assert state(tmp_path / "folder") == "new"


def test_other_hidden_files_are_nobodys_leftovers(tmp_path):
    kept = [".gitignore", ".x.tmp", ".x.0123456.tmp", ".x.0123456789.tmp", ".x.01234567.tm", "x.01234567.tmp"]
    for name in kept:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    leftovers.clear_below(tmp_path)
    leftovers.clear(tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_temporary_that_was_cleared_before_it_could_be_locked_is_made_again(tmp_path, monkeypatch):
    lock, taken = leftovers._lock, []

    def late(handle):
        if not taken:
            taken.append(path := hidden(tmp_path)[0])
            leftovers.remove(path)
        return lock(handle)

    monkeypatch.setattr(leftovers, "_lock", late)
    for name in ("file.txt", "folder"):
        taken.clear()
        replace(tmp_path / name, "new")
        assert taken and state(tmp_path / name) == "new"


@pytest.mark.parametrize("mask, file, folder", [(0o022, 0o644, 0o755), (0o027, 0o640, 0o750), (0o002, 0o664, 0o775)])
def test_the_umask_is_heeded(tmp_path, mask, file, folder):
    before = os.umask(mask)
    try:
        replace(tmp_path / "made" / "file.txt", "new")
        replace(tmp_path / "made" / "folder", "new")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "made").iterdir()}
    assert modes == {"file.txt": file, "folder": folder}


@pytest.mark.parametrize("name", ["file.txt", "folder"])
def test_an_error_leaves_the_old(tmp_path, name):
    replace(tmp_path / name, "old")
    manager = replacing_file if name == "file.txt" else replacing_directory
    with contextlib.suppress(ZeroDivisionError), manager(tmp_path / name):
        1 / 0  # noqa: B018
    assert state(tmp_path / name) == "old" and hidden(tmp_path) == []


def test_a_file_is_not_replaced_by_a_folder_nor_a_folder_by_a_file(tmp_path):
    replace(tmp_path / "file.txt", "old")
    replace(tmp_path / "folder", "old")
    with pytest.raises(IsADirectoryError, match="folder"), replacing_file(tmp_path / "folder"):
        pytest.fail("the work had begun")
    with pytest.raises(NotADirectoryError, match=r"file\.txt"), replacing_directory(tmp_path / "file.txt"):
        pytest.fail("the work had begun")
    assert state(tmp_path / "file.txt") == state(tmp_path / "folder") == "old"


def test_a_linked_folder_is_replaced_where_it_is(tmp_path):
    replace(tmp_path / "disk" / "folder", "old")
    (tmp_path / "folder").symlink_to(tmp_path / "disk" / "folder")
    replace(tmp_path / "folder", "new")
    assert (tmp_path / "folder").is_symlink() and state(tmp_path / "disk" / "folder") == "new"
    assert hidden(tmp_path) == []


def test_the_exchange_of_the_system(tmp_path, monkeypatch):
    one, other = tmp_path / "file.txt", tmp_path / "folder"
    replace(one, "text")
    replace(other, "text")
    done = exchange.exchange(one, other)
    assert (one.is_dir(), other.is_file()) == ((True, True) if done else (False, False))
    assert done or sys.platform not in ("linux", "darwin"), "the tests' own file system exchanges nothing"
    with pytest.raises(FileNotFoundError, match="gone"):
        exchange.exchange(one, tmp_path / "gone")
    monkeypatch.setattr(exchange, "_call", lambda: None)
    assert exchange.exchange(one, other) is False and one.is_dir()


def test_git_and_dvc_do_not_see_temporaries(tmp_path):
    pytest.importorskip("pathspec")
    from pathspec.gitignore import GitIgnoreSpec

    names = [f".seed0.{leftovers._machine()}-01234567{ending}" for ending in (leftovers.ENDING, leftovers.NEW)]
    with leftovers.temporary(tmp_path / "index.html", folder=False) as made:
        names.append(made.name)
    for ignoring in (".gitignore", ".dvcignore"):
        spec = GitIgnoreSpec.from_lines((ROOT / ignoring).read_text().splitlines())
        assert all(spec.match_file(f"runs/p/{name}") and spec.match_file(f"reports/{name}/a") for name in names), ignoring
    assert spec.match_file("data/prepared/.fer2013.partial/journal")


def test_a_device_is_not_replaced(tmp_path):
    """The administrator could do it; the machine would have no /dev/null then."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file to replace"), replacing_file(tmp_path / "pipe"):
        pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode) and os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("replacing", [replacing_file, replacing_directory])
def test_an_error_while_writing_names_the_target(replacing, tmp_path):
    """Not the hidden temporary, and not nothing, as an error of a full disk comes."""
    with pytest.raises(OSError) as caught, replacing(tmp_path / "x") as temporary:
        raise OSError(errno.ENOSPC, "full")
    assert caught.value.filename == str(tmp_path / "x")
    with pytest.raises(OSError) as caught, replacing(tmp_path / "x") as temporary:
        raise OSError(errno.EIO, "lost", str(temporary))
    assert caught.value.filename == str(tmp_path / "x") and os.listdir(tmp_path) == []


def test_measured_numbers_have_six_significant_digits():
    given = {"a": [1.23456789e-7, 3, "1.23456789"], "b": {"c": -98765.4321, "d": None, "e": True}}
    assert rounded(given) == {"a": [1.23457e-7, 3, "1.23456789"], "b": {"c": -98765.4, "d": None, "e": True}}
    assert rounded([1.23456789], 2) == [1.2]
