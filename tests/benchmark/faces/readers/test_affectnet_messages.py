"""What AffectNet's reader says of a folder that is not unpacked, lies too deep, can not be read or leads back; and which
file of an annotation it names."""

import errno
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts
from affectnet_traps import array, is_refused, npy, removed, written

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.readers.affectnet.rows import code_of

ONE = "one release of AffectNet: training.csv and validation.csv, or train_set and val_set"
BELOW = ", in the given folder or at most 2 folders below it"
TABLES = "Manually_Annotated_file_lists"
SEARCHED = (
    "the folder of pictures must be called Manually_Annotated_Images and lie at most 2 folders below the given one, or the "
    "pictures lie beside the lists"
)


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train_set/images/0.jpg", b"")


def tarred(path):
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "a")


@pytest.mark.parametrize(
    ("writer", "kind"),
    [
        (zipped, "a zip archive"),
        (tarred, "a tar archive"),
        (lambda path: path.write_bytes(b"Rar!\x1a\x07\x01\x00"), "a RAR archive"),
        (lambda path: path.write_text("subDirectory_filePath\n"), "text"),
        (lambda path: path.write_bytes(b""), "an empty file"),
    ],
)
def test_a_file_in_place_of_the_folder(tmp_path, writer, kind):
    path = tmp_path / "a.zip"
    writer(path)
    is_refused(path, f"{{top}}: found a file, {kind}; expected the folder of AffectNet; an archive is to be unpacked first")


def test_archives_are_named_where_nothing_is_found(tmp_path):
    paths = ["a.zip", "b.RAR", "c/d.tar.gz", "c/e/f.7z", "c/e/g.tgz", "c/e/h.tar"]
    for path in (*paths, "c/e/i/j.zip", "README.txt", "._k.zip", "l.zip.md5"):
        written(path)(tmp_path)
    shown = ", ".join(paths[:5])
    is_refused(
        tmp_path,
        f"{{top}}: found neither training.csv nor train_set; not unpacked: {shown} and 1 more; expected {ONE}{BELOW}",
    )


def test_a_release_that_lies_too_deep(tmp_path, faces):
    npy(tmp_path / "1/2/3", faces)
    is_refused(tmp_path, f"{{top}}: found neither training.csv nor train_set; expected {ONE}{BELOW}")
    assert sum(affectnet.check(tmp_path / "1").counts["val_set"].values()) == 15


@pytest.mark.parametrize("images", ["Pictures", "a/b/Manually_Annotated_Images"])
def test_pictures_of_2017_where_they_are_not_looked_for(tmp_path, faces, images):
    layouts.write_lists(tmp_path, faces, images=images)
    if images == "Pictures":
        wanted = f"found no picture .*; 60 of the 60 pictures are missing; expected at most 0.1 % .* missing; {SEARCHED}$"
        with pytest.raises(BadInput, match=wanted):
            affectnet.check(tmp_path)
        return
    (tmp_path / "a/b").rename(tmp_path / "a/c")
    (tmp_path / "a/c/d").mkdir()
    (tmp_path / "a/c/Manually_Annotated_Images").rename(tmp_path / "a/c/d/Manually_Annotated_Images")
    with pytest.raises(BadInput, match=f"; {SEARCHED}$"):
        affectnet.check(tmp_path)


def test_pictures_of_2017_that_are_not_unpacked(tmp_path, faces):
    folder = layouts.write_lists(tmp_path, faces)
    (folder / "Manually_Annotated_Images").rename(tmp_path.parent / f"{tmp_path.name} elsewhere")
    for part in ("part01.rar", "part02.rar"):
        written(f"Manually_Annotated.{part}")(tmp_path)
    packed = "Manually_Annotated.part01.rar, Manually_Annotated.part02.rar"
    with pytest.raises(
        BadInput, match=f"; 60 of the 60 pictures are missing; not unpacked: {packed}; expected .*{SEARCHED}$"
    ):
        affectnet.check(tmp_path)


ANNOTATIONS = {
    "valence": (array("train_set/annotations/3_val.npy", np.array("2.5")), "3_val.npy: found valence '2.5'; expected a"),
    "arousal": (array("train_set/annotations/3_aro.npy", np.array("x")), "3_aro.npy: found arousal 'x'; expected a number"),
    "expression": (array("train_set/annotations/3_exp.npy", np.array(1.5)), "3_exp.npy: found expression '1.5'; expected a"),
    "a folder": (
        lambda top: [removed("train_set/annotations/3_val.npy")(top), (top / "train_set/annotations/3_val.npy").mkdir()],
        "3_val.npy: found a folder; expected a file with one value",
    ),
    "not readable": (
        lambda top: [
            removed("train_set/annotations/3_val.npy")(top),
            (top / "train_set/annotations/3_val.npy").symlink_to("3_val.npy"),
        ],
        "3_val.npy: found Too many levels of symbolic links; expected one value, not pickled",
    ),
}


@pytest.mark.parametrize("case", ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_the_file_of_a_bad_value_is_named(tmp_path, faces, case):
    change, said = case
    change(npy(tmp_path, faces))
    with pytest.raises(BadInput) as error:
        affectnet.check(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}/train_set/annotations/{said}")


def test_a_folder_in_place_of_a_json_file(tmp_path, faces):
    path = layouts.write_plus(tmp_path, faces) / "AffectNet+/human_annotated/train_set/annotations/3.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInput) as error:
        affectnet.check(tmp_path)
    assert str(error.value) == f"{path}: found a folder; expected a file of JSON"


@pytest.mark.parametrize("text", ["1.5", "0.999", "-0.5", "7.0001"])
def test_a_code_is_a_whole_number(text):
    with pytest.raises(BadInput, match=f"found expression '{text}'; expected an integer 0..10"):
        code_of(text, "here")
    assert code_of("7.0", "here") == 7


def closed(monkeypatch, path):
    """As if the folder could not be read by this user: os.listdir and os.scandir refuse."""

    def refusing(own):
        def call(given):
            if Path(given) == path:
                raise PermissionError(errno.EACCES, "Permission denied", str(given))
            return own(given)

        return call

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))


def test_a_folder_that_can_not_be_read_and_is_not_needed(tmp_path, faces, monkeypatch):
    layouts.write_lists(tmp_path, faces)
    before = affectnet.check(tmp_path)
    (tmp_path / "lost+found").mkdir()
    closed(monkeypatch, tmp_path / "lost+found")
    found = affectnet.check(tmp_path)
    assert found.counts == before.counts
    assert found.notes == (f"{tmp_path}/lost+found is passed over: permission denied", *before.notes)


@pytest.mark.parametrize("place", ["Manually_Annotated_Images", "Manually_Annotated_Images/3", "."])
def test_a_folder_that_is_needed_and_can_not_be_read(tmp_path, faces, monkeypatch, place):
    layouts.write_lists(tmp_path, faces)
    closed(monkeypatch, tmp_path / place)
    is_refused(tmp_path, f"{tmp_path / place}: found permission denied; expected a folder that can be read")


@pytest.mark.parametrize("part", ["train_set", "train_set/images", "val_set/annotations"])
def test_a_part_that_can_not_be_read(tmp_path, faces, monkeypatch, part):
    npy(tmp_path, faces)
    closed(monkeypatch, tmp_path / part)
    is_refused(tmp_path, f"{tmp_path / part}: found permission denied; expected a folder that can be read")


@pytest.mark.parametrize("writer", [layouts.write_lists, npy], ids=["2017", "2021"])
def test_links_that_lead_back_are_passed_over(tmp_path, faces, writer):
    folder = writer(tmp_path / "AffectNet", faces)
    before = affectnet.check(folder)
    for name, target in (("again", folder), ("itself", folder / "itself"), ("up", tmp_path), ("lost", "nowhere")):
        (folder / name).symlink_to(target)
    found = affectnet.check(folder)
    assert found.counts == before.counts and found.notes[3:] == before.notes
    assert found.notes[:3] == (
        f"{folder}/again is passed over: a link to a folder in which it lies",
        f"{folder}/itself is passed over: too many levels of symbolic links",
        f"{folder}/up is passed over: a link to a folder in which it lies",
    )


def test_folders_that_are_passed_over_are_said_where_nothing_is_found(tmp_path):
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    is_refused(
        tmp_path,
        "{top}: found neither training.csv nor train_set; {top}/itself is passed over: too many levels of symbolic links; "
        f"expected {ONE}{BELOW}",
    )


def test_of_the_unlabelled_only_pictures_are_counted(tmp_path, faces):
    place = layouts.write_plus(tmp_path, faces) / "AffectNet+/no_human_annotated"
    for path in ("images/list.txt", "images/a.JPEG", "images/._b.jpg", "images/c/d.jpg", "e.jpg"):
        written(path)(place)
    assert affectnet.check(tmp_path).notes[0] == "5 pictures of no_human_annotated have no human label and are passed over"


def test_faces_without_valence_or_without_arousal_are_counted(tmp_path, faces):
    """One of `some_faces` has neither."""
    folder = layouts.write_lists(tmp_path / "raw/affectnet", faces)
    table = folder / TABLES / "training.csv"
    lines = table.read_text().splitlines()
    for line, column in ((1, -2), (2, -1), (6, -1)):
        cells = lines[line].split(",")
        cells[column] = "-2"
        lines[line] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n")
    found = affectnet.prepare(tmp_path / "out", raw=tmp_path / "raw", size=8, processes=1)
    assert found.meta["how"]["without valence or arousal"] == 4
