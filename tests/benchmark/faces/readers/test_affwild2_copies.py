"""Aff-Wild2: copies in which something lies beside, is not unpacked, can not be read, or is called a little differently."""

import os
import re
import shutil
import zipfile

import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2 import reader as affwild2
from tests.benchmark.faces.readers.affwild2_trees import LINES, as_lists, notes, written

ALL = range(1, LINES + 1)
ONE, TWO = "1-30-64x64", "2-30-64x64"
TRAIN = f"VA_Set/Train_Set/{ONE}.txt"


@pytest.fixture
def folder(tmp_path):
    """Two tracks with all their crops; a test may spoil it."""
    return written(tmp_path / "data", {ONE: ALL, TWO: ALL})


def refused(folder, found, expected):
    refused_at(folder, folder, found, expected)


def refused_at(folder, where, found, expected):
    with pytest.raises(BadInput, match=f"^{re.escape(f'{where}: found {found}; expected {expected}')}$"):
        affwild2.check(folder)


PICTURES = "pictures or .mp4/.avi files: give the folder that contains both the labels and the pictures"
SETS = (
    "VA_Set or VA_Estimation_Challenge with Train_Set and Validation_Set of <track>.txt, or training and validation lists "
    "with the header image,valence,arousal,expression,aus (docs/data/affwild2.md)"
)


@pytest.mark.parametrize(
    "old, new",
    [
        ("cropped_aligned", "Cropped_Aligned_new"),
        ("cropped_aligned", "crops/CROPPED_ALIGNED"),
        ("VA_Set", "annotations/va_set"),
        ("VA_Set", "Va_estimation_Challenge"),
        ("VA_Set", "Annotations"),  # a data set's folder that was renamed
        ("VA_Set/Train_Set", "VA_Set/train_SET"),
        ("VA_Set/Validation_Set", "VA_Set/VALIDATION_set"),
    ],
)
def test_names_of_folders_in_any_case(folder, old, new):
    before = affwild2.check(folder).counts
    (folder / new).parent.mkdir(exist_ok=True)
    (folder / old).rename(folder / new)
    survey = affwild2.check(folder)
    assert survey.counts == before and survey.edition.endswith(", crops")


def test_crops_inside_a_folder_of_crops_in_another_case(folder):
    (folder / "cropped_aligned").rename(folder / "inner")
    (folder / "cropped_aligned").mkdir()
    (folder / "inner").rename(folder / "cropped_aligned/Cropped_Aligned")
    assert affwild2.check(folder).edition == "VA_Set, crops"


def test_parts_below_videos_are_no_labels_in_any_case(folder):
    (folder / "VA_Set/Videos/Train_Set").mkdir(parents=True)
    (folder / "VA_Set/Videos/Train_Set/read me.txt").write_text("these are videos\n")
    assert "text files that are not read: VA_Set/Videos/Train_Set" in affwild2.check(folder).notes


def test_links_to_nothing_that_are_not_used(folder):
    before = affwild2.check(folder).counts
    for place in ("notes.txt", "VA_Set/notes.csv", "cropped_aligned/note.txt", f"cropped_aligned/{ONE}/note"):
        (folder / place).symlink_to("/nowhere/at all")
    assert affwild2.check(folder).counts == before
    as_lists(folder, ALL)
    assert affwild2.check(folder).edition == "multi-task lists, crops"


def test_a_link_to_nothing_in_place_of_labels(folder):
    (folder / TRAIN).unlink()
    (folder / TRAIN).symlink_to("/nowhere/a.txt")
    refused_at(folder, folder / TRAIN, "a link to nothing (/nowhere/a.txt)", "a label file")


def test_a_link_to_nothing_in_place_of_a_part(folder):
    shutil.rmtree(folder / "VA_Set/Train_Set")
    (folder / "VA_Set/Train_Set").symlink_to("/nowhere")
    found = "no label file of Train_Set or Training_Set; links to nothing: VA_Set/Train_Set"
    refused_at(folder, folder / "VA_Set", found, "both official parts")


def test_a_link_to_nothing_in_place_of_a_list(folder):
    path = as_lists(folder, ALL) / "training_set_annotations_22.txt"
    path.unlink()
    path.symlink_to("/nowhere")
    found = "list validation_set_annotations_22.txt alone; links to nothing: training_set_annotations_22.txt"
    refused(folder, found, "a training and a validation list")


def test_a_link_to_nothing_in_place_of_all_crops(folder):
    """Whole frames would not be the same pictures."""
    shutil.rmtree(folder / "cropped_aligned")
    (folder / "Cropped_aligned").symlink_to("/nowhere")
    (folder / f"{ONE}.mp4").touch()
    expected = "the folder of crops that it leads to"
    refused_at(folder, folder / "Cropped_aligned", "a link to nothing (/nowhere)", expected)


def test_a_link_to_nothing_in_place_of_a_track(folder):
    shutil.rmtree(folder / f"cropped_aligned/{ONE}")
    (folder / f"cropped_aligned/{ONE}").symlink_to("/nowhere")
    found = f"no crop for 1 of 2 tracks: {ONE}; links to nothing: cropped_aligned/{ONE}"
    refused(folder, found, "one for each (at most 5 % may lack it)")


@pytest.mark.parametrize("other", ["cropped_aligned_new", "cropped_aligned/cropped_aligned", "a/cropped_aligned"])
def test_an_empty_folder_of_a_track_beside_the_one_with_crops(folder, other):
    before = affwild2.check(folder).counts
    (folder / other / ONE).mkdir(parents=True)
    (folder / other / ONE / "Thumbs.db").touch()
    assert affwild2.check(folder).counts == before
    (folder / other / ONE / "00001.png").touch()
    with pytest.raises(BadInput, match=f"found track {ONE} a second time, beside "):
        affwild2.check(folder)


def closed(monkeypatch, *folders):
    """Folders that can not be read, also not by root."""
    real = os.scandir

    def scandir(path="."):
        if os.fspath(path) in map(str, folders):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_part_that_can_not_be_read(folder, monkeypatch):
    closed(monkeypatch, folder / "VA_Set/Train_Set")
    found = "no label file of Train_Set or Training_Set; folders that can not be read: VA_Set/Train_Set (Permission denied)"
    refused_at(folder, folder / "VA_Set", found, "both official parts")


def test_labels_that_can_not_be_read(folder, monkeypatch):
    closed(monkeypatch, folder / "VA_Set")
    refused(folder, "VA_Set, cropped_aligned; folders that can not be read: VA_Set (Permission denied)", SETS)


def test_another_folder_that_can_not_be_read_is_said(folder, monkeypatch):
    (folder / "lost").mkdir()
    closed(monkeypatch, folder / "lost")
    assert "folders that can not be read: lost (Permission denied)" in affwild2.check(folder).notes


def in_thousandths(text):
    first, *lines = text.splitlines()
    return "\n".join([first, *(",".join(f"{1000 * float(x):g}" for x in line.split(",")) for line in lines)]) + "\n"


def test_labels_in_thousandths(folder):
    """Lines n / 100 of 20 become 10 n."""
    for path in folder.glob("VA_Set/*/*.txt"):
        path.write_text(in_thousandths(path.read_text()))
    found = "values outside [-1, 1] in 20 of 20 labelled lines, from -200 to 200"
    refused_at(folder, folder / TRAIN, found, "valence and arousal in [-1, 1], or -5 for a frame without a label")


@pytest.mark.parametrize("outside, good", [(10, True), (11, False)])
def test_more_lines_outside_the_range_than_in_it(folder, outside, good):
    """Of 20 lines; two more to be ignored, with -5 in one column or both, and values that are small in one column."""
    lines = ["0.5,2.5"] * outside + ["0.5,0.25"] * (20 - outside) + ["-5,-5", "0.5,-5"]
    (folder / TRAIN).write_text("\n".join(["valence,arousal", *lines]) + "\n")
    if good:
        assert "2 tracks (ABAW5: 564); 12 frames without valid valence and arousal" in affwild2.check(folder).notes
    else:
        found = "values outside [-1, 1] in 11 of 20 labelled lines, from 0.25 to 2.5"
        refused_at(folder, folder / TRAIN, found, "valence and arousal in [-1, 1], or -5 for a frame without a label")


def test_lists_in_thousandths(folder):
    path = as_lists(folder, ALL) / "validation_set_annotations_22.txt"
    path.write_text(path.read_text().replace(",0.1,0.2,", ",100,-200,"))
    found = "values outside [-1, 1] in 19 of 19 labelled lines, from -200 to 100"
    refused_at(folder, path, found, "valence and arousal in [-1, 1], or -5 for a frame without a label")


def test_what_lists_say_beside_their_counts(folder):
    """Entries that have an expression alone are left out, and that is said. No count of VA_Set stands beside them."""
    said = affwild2.check(as_lists(folder, ALL)).notes
    assert "official training part: 1 video, 1 track, 19 labelled frames, 19 with a crop" in said
    assert "2 tracks; 2 frames without valid valence and arousal, which are left out, although 2 have an expression" in said
    assert "ABAW5" not in "\n".join(said)
    for path in folder.glob("*.txt"):
        path.write_text(path.read_text().replace("-5,-5,3", "-5,-5,-1"))
    assert "2 tracks; 2 frames without valid valence and arousal" in affwild2.check(folder).notes


@pytest.mark.parametrize("name, kind", [("a.zip", "a zip archive"), ("folder", "text")])
def test_a_file_in_place_of_the_folder(tmp_path, name, kind):
    path = tmp_path / name
    path.write_text("something")
    if kind != "text":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("VA_Set/Train_Set/a.txt", "valence,arousal\n")
    refused(path, f"a file, {kind}", "the data set's folder; an archive is to be unpacked first")


def test_no_folder(tmp_path):
    refused(tmp_path / "none", "no such folder", "the data set's folder")


def test_archives_that_are_not_unpacked(folder):
    (folder / "batch1.zip").touch()
    (folder / "cropped_aligned/batch2.RAR").touch()
    assert "unpacked" not in notes(folder)
    packed = "; not unpacked: batch1.zip, cropped_aligned/batch2.RAR"
    shutil.rmtree(folder / f"cropped_aligned/{ONE}")
    refused(folder, f"no crop for 1 of 2 tracks: {ONE}{packed}", "one for each (at most 5 % may lack it)")
    shutil.rmtree(folder / f"cropped_aligned/{TWO}")
    refused(folder, f"neither a folder cropped_aligned with crops nor a video{packed}", PICTURES)
    shutil.rmtree(folder / "VA_Set")
    refused(folder, f"cropped_aligned{packed}", SETS)


def test_archives_beside_videos(folder, write_video):
    """Whole frames are used, although the crops may be in the archive."""
    pytest.importorskip("av")
    shutil.rmtree(folder / "cropped_aligned")
    (folder / "cropped_aligned.zip").touch()
    for track in (ONE, TWO):
        write_video(folder / f"raw_video/{track}.mp4", LINES, width=64)
    said = "no crops were found: whole frames are used, cut to the largest centred square"
    assert f"{said}; not unpacked: cropped_aligned.zip" in affwild2.check(folder).notes
    (folder / "cropped_aligned.zip").unlink()
    assert said in affwild2.check(folder).notes


def test_videos_that_are_links_to_nothing(folder, write_video):
    """Passed over beside the video itself; named where there is no other."""
    pytest.importorskip("av")
    shutil.rmtree(folder / "cropped_aligned")
    for track in (ONE, TWO):
        write_video(folder / f"raw_video/{track}.mp4", LINES, width=64)
    before = affwild2.check(folder).counts
    (folder / "more").mkdir()
    (folder / f"more/{ONE}.mp4").symlink_to("/nowhere")
    assert affwild2.check(folder).counts == before
    (folder / f"raw_video/{ONE}.mp4").unlink()
    found = f"no video for 1 of 2 tracks: {ONE}; links to nothing: more/{ONE}.mp4"
    refused(folder, found, "one for each (at most 5 % may lack it)")


def test_videos_that_are_longer_than_lists(folder, write_video):
    """Lists name some frames of a video: nothing follows for its length."""
    pytest.importorskip("av")
    shutil.rmtree(folder / "cropped_aligned")
    as_lists(folder, range(1, 6))
    for track in (ONE, TWO):
        write_video(folder / f"{track}.mp4", LINES, width=64)
    survey = affwild2.check(folder)
    assert survey.edition == "multi-task lists, videos"
    assert not re.search("do not fit|label lines more", "\n".join(survey.notes))


def test_archives_where_crops_are_too_few(folder):
    (folder / "batch1.7z").touch()
    for number in range(1, 11):
        (folder / f"cropped_aligned/{ONE}/{number:05d}.jpg").unlink()
    assert re.search(r"no crop for 10 of 40 labelled frames .*; not unpacked: batch1\.7z", notes(folder))
    for number in range(2, 14):
        (folder / f"cropped_aligned/{TWO}/{number:05d}.jpg").unlink()
    with pytest.raises(BadInput, match=r"no crop for 22 of 40 labelled frames .* lines\); not unpacked: batch1\.7z;"):
        affwild2.check(folder)


@pytest.mark.parametrize("outside, good", [(1, True), (9, True), (10, False)])
def test_few_lines_outside_the_range_are_dropped(folder, outside, good):
    """As those of a file of which they are fewer than half; no other line of the file has a label."""
    (folder / TRAIN).write_text("\n".join(["valence,arousal", *["0.3,1.02"] * outside, *["-5,-5"] * (20 - outside)]) + "\n")
    if good:
        assert "20 frames without valid valence and arousal" in notes(folder)
    else:
        found = "values outside [-1, 1] in 10 of 10 labelled lines, from 0.3 to 1.02"
        refused_at(folder, folder / TRAIN, found, "valence and arousal in [-1, 1], or -5 for a frame without a label")


def test_a_cut_video_is_refused_before_anything_is_decoded(folder, write_video):
    """Without crops; the .avi of one track ends after two thirds of its bytes."""
    pytest.importorskip("av")
    shutil.rmtree(folder / "cropped_aligned")
    for track in (ONE, TWO):
        path = write_video(folder / f"{track}.avi", LINES, "mjpeg")
    assert "can not be used" not in notes(folder)
    data = path.read_bytes()
    path.write_bytes(data[: 2 * len(data) // 3])
    with pytest.raises(
        BadInput, match=rf"{TWO}\.avi frame \d+: found the file is cut short .* of 8 frames can not be used: "
    ):
        affwild2.check(folder)
