import os
import subprocess
import sys
import tarfile

import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.adding import add, examine, safe_name
from benchmark.faces.readers import fer2013
from benchmark.faces.reading.linking import listing, resolve, write_pointer
from benchmark.faces.reading.raw import raw_folder, raw_source
from benchmark.faces.survey import lines


@pytest.fixture
def csv(small_fer2013, tmp_path):
    return small_fer2013.write(tmp_path / "downloads" / "fer2013.csv")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_copy_is_made_and_can_be_prepared(csv, root, small_fer2013, capsys):
    copy = add("fer2013", csv, root=root, dvc=False)
    assert copy == root / "data" / "raw" / "fer2013" / "fer2013.csv"
    assert copy.read_bytes() == csv.read_bytes()
    assert everything(root) == ["data", "data/raw", "data/raw/fer2013", "data/raw/fer2013/fer2013.csv"]
    assert len(fer2013.prepare(root / "prepared", raw=root / "data" / "raw")) == 11
    said = capsys.readouterr().err.splitlines()
    assert said == [f"checking {csv}", *lines(examine("fer2013", csv)), f"copied to {copy}"]
    assert said[1:3] == [
        "edition: other bytes than the official files",
        "Training: 7 faces: angry 1, disgust 1, fear 1, happy 1, sad 1, surprise 1, neutral 1 (as known)",
    ]


def test_an_examination_writes_nothing_and_refuses_as_an_addition_does(csv, root, tmp_path):
    before = everything(tmp_path)
    assert sum(sum(own.values()) for own in examine("fer2013", csv).counts.values()) == 11
    for name, path in (("fer2013", csv.parent), ("fer2013", csv.with_name("none.csv")), ("synthetic", csv), ("ours", csv)):
        with pytest.raises(BadInput) as examined:
            examine(name, path)
        with pytest.raises(BadInput) as added:
            add(name, path, root=root)
        assert str(examined.value) == str(added.value)
    assert everything(tmp_path) == before


def test_archive_is_kept_as_it_is_under_a_plain_name(csv, root):
    path = csv.parent / "challenges in (1).tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(csv, "fer2013/fer2013.csv")
    copy = add("fer2013", path, root=root, dvc=False)
    assert copy.name == "challenges_in__1_.tar.gz" and copy.read_bytes() == path.read_bytes()
    assert len(fer2013.prepare(root / "prepared", raw=root / "data" / "raw")) == 11


def test_bad_file_writes_nothing(csv, root):
    csv.write_text(csv.read_text().replace("PrivateTest", "Testing"))
    with pytest.raises(BadInput, match="fer2013.csv line 11: found Usage 'Testing'; expected 'PrivateTest'"):
        add("fer2013", csv, root=root)
    assert everything(root) == []


def test_same_bytes_again_change_nothing(csv, root):
    copy = add("fer2013", csv, root=root, dvc=False)
    before = copy.stat()
    renamed = csv.rename(csv.with_name("again.csv"))
    assert add("fer2013", renamed, root=root, dvc=False) == copy
    assert add("fer2013", copy, root=root, dvc=False) == copy
    assert (copy.stat().st_mtime_ns, copy.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert everything(root)[-1] == "data/raw/fer2013/fer2013.csv"


def test_another_file_is_refused(csv, root):
    copy = add("fer2013", csv, root=root, dvc=False)
    content = copy.read_bytes()
    csv.write_bytes(content + b"\n")  # valid too, but other bytes
    with pytest.raises(BadInput, match="data/raw/fer2013: found another file, fer2013.csv; expected no file, or the"):
        add("fer2013", csv, root=root, dvc=False)
    assert copy.read_bytes() == content


def test_failed_copy_leaves_nothing(csv, root, monkeypatch):
    def fail(source, target):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("benchmark.faces.adding._copy", fail)
    with pytest.raises(OSError, match="disk full"):
        add("fer2013", csv, root=root, dvc=False)
    assert [name for name in everything(root) if not (root / name).is_dir()] == []


def test_sets_without_a_file_and_unknown_sets(csv, root):
    with pytest.raises(BadInput, match="data set: found 'fer'; expected one of the 12 that `ferbench data` lists"):
        add("fer", csv, root=root)
    with pytest.raises(BadInput, match="data set synthetic: found a file to add; expected none: it is generated"):
        add("synthetic", csv, root=root)
    assert everything(root) == []


def test_progress_is_shown_on_a_terminal(csv, root, capsys, monkeypatch):
    monkeypatch.setattr("benchmark.faces.adding._BLOCK", csv.stat().st_size // 2)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    copy = add("fer2013", csv, root=root, dvc=False)
    shown = capsys.readouterr().err
    assert f"[{'#' * 30}] 0/0 MB" in shown and f"[{'#' * 14}" in shown
    assert copy.read_bytes() == csv.read_bytes()


@pytest.mark.parametrize(
    "name, safe",
    [("fer2013.csv", "fer2013.csv"), ("..", "file"), ("-rf.csv", "rf.csv"), (".a", "a"), ("é b;c.csv", "__b_c.csv")],
)
def test_safe_name(name, safe):
    assert safe_name(name) == safe


def test_outside_a_repository_it_says_so(csv, root, capsys):
    if any((folder / ".dvc").is_dir() for folder in root.resolve().parents):
        pytest.skip("the temporary folder lies inside a DVC repository")
    add("fer2013", csv, root=root)
    assert "no DVC repository here: the copy is not tracked" in capsys.readouterr().err


@pytest.fixture
def repository(root, monkeypatch):
    pytest.importorskip("dvc")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "true")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=root, check=True)
    return root


def test_dvc_tracks_the_folder(csv, repository, capsys):
    import hashlib
    import json

    copy = add("fer2013", csv, root=repository)
    pointer = (repository / "data" / "raw" / "fer2013.dvc").read_text()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "tracked by data/raw/fer2013.dvc; there is no git here to commit it to"
    listing = [{"md5": hashlib.md5(copy.read_bytes()).hexdigest(), "relpath": "fer2013.csv"}]
    digest = hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest()
    assert f"md5: {digest}.dir" in pointer and "path: fer2013" in pointer  # DVC's own definition of a folder's digest


def test_a_file_in_the_place_of_the_folder_is_read_and_not_replaced(csv, root, small_fer2013, tmp_path):
    """`dvc import-url URL data/raw/fer2013` puts it there."""
    there = root / "data/raw/fer2013"
    there.parent.mkdir(parents=True)
    there.write_bytes(csv.read_bytes())
    assert len(fer2013.prepare(root / "prepared", raw=there.parent)) == 11
    assert add("fer2013", csv, root=root, dvc=False) == there
    csv.write_bytes(there.read_bytes() + b"\n")
    with pytest.raises(BadInput, match=f"to read {csv} in its place, remove {there} first"):
        add("fer2013", csv, root=root, dvc=False)
    with pytest.raises(
        BadInput, match=f"raw/fer2013: found a file; expected nothing; to read {tmp_path}.* remove {there} first"
    ):
        write_pointer(there, tmp_path)
    with pytest.raises(BadInput, match="fer2013: found a file; expected the data set's folder"):
        raw_folder(there.parent, "fer2013")
    assert raw_source(there.parent, "fer2013") == there and there.read_text() == small_fer2013.text()


def test_failing_dvc_is_reported_with_the_copy_in_place(csv, repository):
    (repository / ".dvc" / "config").write_text("[core\n")
    with pytest.raises(BadInput, match="dvc add data/raw/fer2013: found .*config.*; expected success; the file is in"):
        add("fer2013", csv, root=repository)
    assert (repository / "data" / "raw" / "fer2013" / "fer2013.csv").is_file()


def test_missing_dvc_is_noticed_first(csv, root, monkeypatch):
    (root / ".dvc").mkdir()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="dvc add: found no DVC in this Python"):
        add("fer2013", csv, root=root)
    assert os.listdir(root) == [".dvc"]


def test_dvc_tracks_the_pointer_to_a_folder_and_nothing_of_it(tmp_path, repository):
    folder = tmp_path / "AffectNet"
    for part in ("train_set", "val_set"):
        (folder / part / "images").mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (8, 8)).save(folder / part / "images" / f"{number}s0s500s-500.jpg")
    add("affectnet", folder, root=repository)
    first = (repository / "data/raw/affectnet.dvc").read_text()
    assert "nfiles: 1" in first
    add("affectnet", folder, root=repository)
    assert (repository / "data/raw/affectnet.dvc").read_text() == first
    Image.new("RGB", (8, 8)).save(folder / "val_set/images/9s1s0s0.jpg")
    add("affectnet", folder, root=repository)
    assert (repository / "data/raw/affectnet.dvc").read_text() != first  # so `prepare` goes stale


def test_what_a_system_adds_later_does_not_change_the_listing(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"x")
    before = listing(tmp_path)
    assert before["files"] == 1
    (tmp_path / "__MACOSX" / "a").mkdir(parents=True)
    for name in ("Thumbs.db", "a/desktop.ini", "a/.DS_Store", "a/._1.jpg", "__MACOSX/a/1.jpg"):
        (tmp_path / name).write_bytes(b"y")
    assert listing(tmp_path) == before
    (tmp_path / "round").symlink_to(tmp_path)  # a link to a folder above: not for ever
    assert listing(tmp_path) == before
    (tmp_path / "a" / "2.jpg").write_bytes(b"x")
    assert listing(tmp_path) != before


def test_files_behind_a_link_are_in_the_listing(tmp_path):
    folder, other = tmp_path / "set", tmp_path / "disk"
    folder.mkdir()
    other.mkdir()
    (folder / "pictures").symlink_to(other)
    before = listing(folder)
    (other / "1.jpg").write_bytes(b"x")
    assert listing(folder)["files"] == before["files"] + 1 == 1


def test_a_folder_that_was_moved_is_added_again_from_its_new_place(tmp_path):
    (tmp_path / "old").mkdir()
    pointer = write_pointer(tmp_path / "raw", tmp_path / "old")
    (tmp_path / "other").mkdir()
    with pytest.raises(BadInput, match=f"found {tmp_path}/old; .* or one of {tmp_path}/other; delete it"):
        write_pointer(tmp_path / "raw", tmp_path / "other")
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(BadInput, match="add it again from its new place"):
        resolve(tmp_path / "raw")
    assert write_pointer(tmp_path / "raw", tmp_path / "new") == pointer
    assert resolve(tmp_path / "raw") == tmp_path / "new"
