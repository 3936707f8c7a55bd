"""Aff-Wild's label files without videos: the scale of all values, two files for one video, folders that lack something."""

import io
import re
import tarfile
import zipfile

import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild.labels import find, scale_of
from benchmark.faces.readers.affwild.tree import root_of
from tests.facsimiles import affwild as facsimile


def written(root, **values):
    """Two files a video, from a number a frame for both dimensions."""
    for dimension in ("valence", "arousal"):
        folder = root / "annotations/train" / dimension
        folder.mkdir(parents=True, exist_ok=True)
        for video, own in values.items():
            (folder / f"{video[1:]}.txt").write_text("".join(f"{value}\n" for value in own))
    return root


def scale(root):
    return scale_of(find(root)[1])


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0.5, -1, 1], "-1..1"),
        ([-1, 0, 1], "-1..1"),
        ([101, 0, -3], "-1000..1000"),
        ([3, 0, -101], "-1000..1000"),
        ([1000, -1000], "-1000..1000"),
    ],
)
def test_scales_that_are_known(tmp_path, values, expected):
    assert scale(written(tmp_path, v105=values)) == expected


def test_the_scale_is_that_of_all_files(tmp_path):
    assert scale(written(tmp_path, v105=[1, -7, 9], v106=[0, 101])) == "-1000..1000"


@pytest.mark.parametrize(
    "values, line, found, small",
    [
        ([0, 7, -10, 10], 3, "-10 (whole numbers from -10 to 10 in all files)", True),
        ([0, 100, -99], 2, "100 (whole numbers from -99 to 100 in all files)", True),
        ([0, 50, -100], 3, "-100 (whole numbers from -100 to 50 in all files)", True),
        ([0, 2], 2, "2 (whole numbers from -1 to 2 in all files)", True),
        ([0, 1001], 2, "1001 (whole numbers from -1 to 1001 in all files)", False),
        ([500, -1001, 3], 2, "-1001 (whole numbers from -1001 to 500 in all files)", False),
        ([5000, 0], 1, "5000 (whole numbers from -1 to 5000 in all files)", False),
        ([0.5, 500, -250], 2, "500 (values from -250 to 500 in all files)", False),
        ([0, 7.5, -10], 3, "-10 (values from -10 to 7.5 in all files)", False),
    ],
)
def test_other_scales_are_refused_with_the_range(tmp_path, values, line, found, small):
    root = written(tmp_path, v104=[0, 1, -1], v105=values)
    expected = "all values in [-1, 1], or all of them whole numbers in [-1000, 1000], not all of them in [-100, 100]"
    expected += ": write them as numbers in [-1, 1]" if small else ""
    said = f"{root}/annotations/train/valence/105.txt line {line}, valence: found {found}; expected {expected}"
    with pytest.raises(BadInput, match=f"^{re.escape(said)}$"):
        scale(root)


def test_scales_of_one_file_a_video(tmp_path):
    """Counted from the line after the header; arousal is the second value."""
    path = tmp_path / "annotations/train/105.txt"
    path.parent.mkdir(parents=True)
    path.write_text("frame valence arousal\n0 1 1\n1 3 -8\n")
    with pytest.raises(BadInput, match=r"105\.txt line 3, arousal: found -8 \(whole numbers from -8 to 3 in all files\)"):
        scale(tmp_path)


@pytest.mark.parametrize("folder", ["valence", "arousal", ""])
def test_two_files_for_one_video_are_refused_with_both(tmp_path, folder):
    """105.TXT beside 105.txt, in either layout."""
    if folder:
        written(tmp_path, v105=[0.1], v106=[0.2])
    first, second = (tmp_path / "annotations/train" / folder / name for name in ("105.TXT", "105.txt"))
    second.parent.mkdir(parents=True, exist_ok=True)
    for path in (first, second):
        path.write_text("0.3\n" if folder else "1 0.1 0.2\n")
    with pytest.raises(
        BadInput, match=re.escape(f"{second}: found a second file '105' beside {first}; expected one file a")
    ):
        find(tmp_path)


def test_labels_in_both_layouts_are_refused(tmp_path):
    written(tmp_path, v105=[0.1], v106=[0.2])
    one = tmp_path / "annotations/train/106.txt"
    one.write_text("1 0.1 0.2\n")
    beside = tmp_path / "annotations/train/valence/106.txt"
    said = f"{one}: found labels of 106 a second time, beside {beside}; expected one layout; move the other away"
    with pytest.raises(BadInput, match=f"^{re.escape(said)}$"):
        find(tmp_path)


def test_endings_in_capitals_are_read(tmp_path):
    written(tmp_path, v105=[0.1])
    path = tmp_path / "annotations/train/valence/105.txt"
    path.rename(path.with_suffix(".TXT"))
    assert list(find(tmp_path)[1]) == ["105"]


def packed(path, form):
    """An archive with one file."""
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("videos/train/105.mp4", b"video")
    else:
        with tarfile.open(path, "w") as archive:
            archive.addfile(tarfile.TarInfo("105.mp4"), io.BytesIO())
    return path


@pytest.mark.parametrize(
    "name, contents, kind",
    [
        ("a.zip", None, "a zip archive"),
        ("a.bin", None, "a tar archive"),
        ("a.rar", b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        ("105.txt", b"0.1\n", "text"),
        ("empty", b"", "an empty file"),
    ],
)
def test_a_file_in_place_of_the_folder(tmp_path, name, contents, kind):
    path = tmp_path / name
    if contents is None:
        packed(path, "zip" if name.endswith("zip") else "tar")
    else:
        path.write_bytes(contents)
    expected = (
        "one folder with annotations/train and videos/train (docs/data/affwild.md); an archive is to be unpacked first"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(f'{path}: found a file, {kind}; expected {expected}')}$"):
        root_of(path)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(BadInput, match=r"nothing: found no such folder; expected one folder with annotations/train"):
        root_of(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["a.zip", "A.RAR", "a.tar", "a.7z", "a.tar.gz", "a.tgz", "a.7z.001"])
def test_archives_are_named_where_a_part_is_missing(tmp_path, name):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / name).write_bytes(b"")
    (tmp_path / "videos" / f"._{name}").write_bytes(b"")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / name).write_bytes(b"")
    with pytest.raises(BadInput, match=rf"videos; not unpacked: videos/{re.escape(name)}; expected one folder with"):
        root_of(tmp_path)


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "zip").write_bytes(b"")
    (tmp_path / "a.zip.txt").write_bytes(b"")
    with pytest.raises(BadInput, match=r"found a\.zip\.txt, zip; expected"):
        root_of(tmp_path)


def test_archives_are_named_where_labels_are_missing(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="no_arousal", videos=False)
    packed(tmp_path / "data/annotations/more.zip", "zip")
    video = truth.traps["no_arousal"]["videos"][0]
    with pytest.raises(
        BadInput, match=rf"arousal: found no file for {video}; not unpacked: annotations/more\.zip; expected"
    ):
        find(truth.folder)
    for path in truth.folder.rglob("*.txt"):
        path.unlink()
    with pytest.raises(BadInput, match=r"train: found no label file; not unpacked: annotations/more\.zip; expected"):
        find(truth.folder)
