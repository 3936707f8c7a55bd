"""DiffusionFER's pictures beside its sheet: several of one name, and one that can not be read."""

import io
import os
import zipfile

import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.readers import diffusionfer

FOLDER = "DiffusionFER/DiffusionEmotion_S/cropped"


def sheet(folder, names):
    lines = [f"{FOLDER}/neutral/{name}.png,0.0,0.1,0" for name in names]
    folder.mkdir(exist_ok=True)
    (folder / "dataset_sheet.csv").write_text("\n".join(["subDirectory_filePath,valence,arousal,expression", *lines]) + "\n")


def encoded(kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 100, 50)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The sheet of one row, and its picture in a zip."""
    monkeypatch.setattr(diffusionfer, "ROWS", 1)
    sheet(tmp_path / "mine", ["aaa_0"])
    with zipfile.ZipFile(tmp_path / "mine" / "pictures.zip", "w") as archive:
        archive.writestr("neutral/aaa_0.webp", encoded("WEBP"))
        archive.writestr("README.png", b"a picture without a folder is of no row")
    return tmp_path / "mine"


def beside(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded())


@pytest.mark.parametrize(
    "names, found",
    [
        (["neutral/aaa_0.webp"], "2 pictures neutral/aaa_0: {0}/neutral/aaa_0.webp, {zip}"),
        (["neutral/aaa_0.png"], "2 pictures neutral/aaa_0: {0}/neutral/aaa_0.png, {zip}"),
        (
            ["a/neutral/aaa_0.png", "b/neutral/aaa_0.png", "c/neutral/aaa_0.png"],
            "4 pictures neutral/aaa_0: {0}/a/neutral/aaa_0.png, {0}/b/neutral/aaa_0.png, {0}/c/neutral/aaa_0.png",
        ),
        (
            [f"{FOLDER}/neutral/aaa_0.png", f"{FOLDER}/neutral/aaa_0.webp"],
            f"2 pictures neutral/aaa_0: {{0}}/{FOLDER}/neutral/aaa_0.png, {{0}}/{FOLDER}/neutral/aaa_0.webp",
        ),
    ],
)
def test_several_pictures_of_a_row_are_said(folder, names, found):
    beside(folder, *names)
    with pytest.raises(BadInput) as error:
        diffusionfer.check(folder)
    found = found.format(folder, zip=f"{folder}/pictures.zip: neutral/aaa_0.webp")
    expected = f"one picture, or one at .../{FOLDER}/neutral/aaa_0; remove the others"
    where = f"{folder}/dataset_sheet.csv line 2, {FOLDER}/neutral/aaa_0.png"
    assert str(error.value) == f"{where}: found {found}; expected {expected}"


def test_the_one_at_the_place_in_the_sheet_is_taken(folder):
    beside(folder, f"{FOLDER}/neutral/aaa_0.png", "DiffusionFER/DiffusionEmotion_S/original/neutral/aaa_0.png")
    rows, _ = diffusionfer.read_sheet(folder)
    assert str(diffusionfer.find_pictures(folder, rows)["neutral/aaa_0"]) == f"{folder}/{FOLDER}/neutral/aaa_0.png"


def test_no_picture_may_be_unreadable(tmp_path):
    """One in 1,285 is less than a thousandth, yet `prepare` would refuse it."""
    names = [f"n{k:04d}" for k in range(diffusionfer.ROWS)]
    sheet(tmp_path, names)
    (tmp_path / "neutral").mkdir()
    (tmp_path / "neutral" / "n0000.png").write_bytes(encoded())
    for name in names[1:]:
        os.link(tmp_path / "neutral" / "n0000.png", tmp_path / "neutral" / f"{name}.png")
    assert sum(diffusionfer.check(tmp_path).counts["all"].values()) == 1285
    (tmp_path / "neutral" / f"{names[-1]}.png").unlink()  # the last is among those that are tried
    (tmp_path / "neutral" / f"{names[-1]}.png").write_bytes(b"x")
    with pytest.raises(BadInput, match="n1284.png: found .*; 1 of 200 pictures that .*; expected at most 0 % of all"):
        diffusionfer.check(tmp_path)
