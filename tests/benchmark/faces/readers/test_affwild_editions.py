"""Aff-Wild: edition x trap x result, on facsimiles that are made from notes on the real files alone."""

import re
import shutil

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild import reader as affwild
from benchmark.faces.reading.linking import write_pointer
from tests.facsimiles import affwild as facsimile

av = pytest.importorskip("av")
FRAMES = 40
LAYOUTS = {(): "one file a dimension", ("thousandths",): "one file a video (frame, valence, arousal), frames counted from 0"}


def prepared(tmp_path, folder, **options):
    raw = tmp_path / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    write_pointer(raw / "affwild", folder)
    return affwild.prepare(tmp_path / "prepared", raw=raw, **{"size": 8, "every": 1, "processes": 1} | options)


def agrees(faces, truth, tolerance=1e-6):
    """The faces are the rows with labels and a frame; frame k of the facsimile, counted from 0, is frame k + 1."""
    rows = {f"{row.group}/{row.index + 1:05d}": row for row in truth.rows if row.part == "train"}
    assert set(faces.id) == set(rows)
    for face, name in enumerate(faces.id):
        row = rows[name]
        assert [faces.valence[face], faces.arousal[face]] == pytest.approx([row.valence, row.arousal], abs=tolerance)
        assert faces.group[face] == row.group


@pytest.mark.parametrize("traps", LAYOUTS)
@pytest.mark.parametrize(
    "trap, said",
    [
        (None, None),
        ("fewer_frames", "1 video with unequal lengths: the shortest counts; frames left out: 3; the largest difference is"),
        ("more_frames", "1 video with unequal lengths: the shortest counts; frames left out: 3; the largest difference is"),
        ("apple_double", None),
    ],
)
def test_editions_and_traps_that_are_read(tmp_path, traps, trap, said):
    truth = facsimile.write(tmp_path / "data", trap=[*traps, trap] if trap else traps, frames=FRAMES)
    survey = affwild.check(truth.folder)
    notes = "\n".join(survey.notes)
    assert survey.edition == LAYOUTS[traps] and (said in notes if said else "unequal" not in notes)
    assert "7 videos with labels (252 according to the paper)" in notes
    faces = prepared(tmp_path, truth.folder, every=5)
    counts = {name: own["none"] for name, own in faces.meta["counts"].items()}
    assert counts == {name: own["none"] for name, own in survey.counts.items()}
    agrees(prepared(tmp_path, truth.folder), truth, tolerance=1e-6)


def test_fewer_lines_of_arousal(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="fewer_arousal", frames=FRAMES)
    agrees(prepared(tmp_path, truth.folder), truth)
    assert f"valence {FRAMES}, arousal {FRAMES - 2}, video {FRAMES}" in "\n".join(affwild.check(truth.folder).notes)


def test_tables_that_begin_with_0_are_said(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="thousandths")
    first = min((truth.folder / "annotations/train").glob("*.txt"))
    lines = first.read_text().splitlines(keepends=True)
    first.write_text("".join([lines[0], *lines[2:]]))  # without frame 0
    said = "frames are counted from 0 in all files, because some have a frame 0; 1 file from 1"
    assert said in affwild.check(truth.folder).notes


@pytest.mark.parametrize(
    "trap, line",
    [
        (
            "no_video",
            "{folder}/videos/train: found no video for the labels of {video}; "
            "expected an .mp4 or .avi of the same name for each",
        ),
        (
            "no_arousal",
            "{folder}/annotations/train/arousal: found no file for {video}; "
            "expected one for each file of the other dimension",
        ),
    ],
)
def test_traps_that_are_refused(tmp_path, trap, line):
    truth = facsimile.write(tmp_path / "data", trap=trap)
    line = line.format(folder=truth.folder, video=truth.traps[trap]["videos"][0])
    for call in (lambda: affwild.check(truth.folder), lambda: prepared(tmp_path, truth.folder)):
        with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
            call()
    assert not (tmp_path / "prepared").exists()


EXPECTED_SCALE = (
    "all values in [-1, 1], or all of them whole numbers in [-1000, 1000], not all of them in [-100, 100]: "
    "write them as numbers in [-1, 1]"
)
SHORT = ", ".join(f"{video} (box lines 8, frames 20)" for video in range(105, 110))
OUTSIDE = "a face box outside of the picture, which has 64 x 64 pixels"


@pytest.mark.parametrize(
    "trap, line",
    [
        (
            "tens",
            "{folder}/annotations/train/arousal/105.txt line 2, arousal: found -10 "
            f"(whole numbers from -10 to 10 in all files); expected {EXPECTED_SCALE}",
        ),
        (
            "two_endings",
            "{folder}/annotations/train/valence/105.txt: found a second file '105' beside "
            "{folder}/annotations/train/valence/105.TXT; expected one file a video",
        ),
        (
            "boxes_short",
            f"{{folder}}/bboxs/train: found boxes of a length that does not fit for 7 of 7 videos: {SHORT} and 2 more; "
            "expected boxes for the frames that have labels (at most one video or 5 % of them may differ by more "
            "than 10 %); or move bboxs away to use whole frames",
        ),
        (
            "boxes_outside",
            f"{{folder}}/videos/train/105.mp4 frame 1: found {OUTSIDE}; 28 of 28 frames can not be used: "
            + ", ".join(f"{video} (4 of 4 frames)" for video in range(105, 110))
            + ' and 2 more; expected at most 0.1 % of the frames; see "Damaged or unusual pictures" in docs/data/README.md',
        ),
        (
            "packed",
            "{folder}: found annotations, bboxs, landmarks, videos.zip; not unpacked: videos.zip; expected one folder with "
            "annotations/train and videos/train (docs/data/affwild.md)",
        ),
    ],
)
def test_traps_of_a_messy_copy_are_refused_before_anything_is_decoded(tmp_path, trap, line):
    truth = facsimile.write(tmp_path / "data", trap=trap)
    line = line.format(folder=truth.folder)
    for call in (lambda: affwild.check(truth.folder), lambda: prepared(tmp_path, truth.folder, every=5)):
        with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
            call()
    assert not (tmp_path / "prepared").exists() and not (tmp_path / ".prepared.partial").exists()


def test_face_boxes_that_are_not_unpacked_are_named(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    (truth.folder / "bboxs/train").rmdir()
    (truth.folder / "bboxs/train.7z").write_bytes(b"")
    said = "whole frames, cut to the largest centred square (no folder bboxs/train; not unpacked: bboxs/train.7z)"
    assert f"pictures: {said}" in affwild.check(truth.folder).notes


def test_a_cut_video_is_refused_by_the_check_or_noted(tmp_path):
    """Most of this small file is its header, so that two frames of 20 are left."""
    truth = facsimile.write(tmp_path / "data", trap="cut_video")
    cut = r"the file is cut short or damaged after frame 2"
    line = (
        rf"{truth.folder}/videos/train/108\.avi frame 6: found {cut}; 3 of 28 frames can not be used: "
        rf"108 \(3 of 4 frames\); expected at most 0\.1 % of the frames; "
        r'see "Damaged or unusual pictures" in docs/data/README.md'
    )
    for call in (lambda: affwild.check(truth.folder), lambda: prepared(tmp_path, truth.folder, every=5)):
        with pytest.raises(BadInput, match=f"^{line}$"):
            call()
    faces = prepared(tmp_path, truth.folder, every=5, allow_unreadable=3 / 28)
    assert faces.id[faces.group == "108"].tolist() == ["108/00001"] and len(faces) == 25


@pytest.mark.parametrize("trap", ["boxes", "boxes_blank"])
def test_boxes_belong_to_their_frames(tmp_path, trap):
    """Frames that have a box are those of the facsimile, and their pictures are cut to it."""
    truth = facsimile.write(tmp_path / "data", trap=trap)
    blank = trap == "boxes_blank"
    notes = affwild.check(truth.folder).notes
    assert ("box files with empty lines, which are frames without a face: 105.txt (1)" in notes) == blank
    boxes = {f"{row.group}/{row.index + 1:05d}": row.box for row in truth.rows if row.box}
    faces = prepared(tmp_path, truth.folder, size=20)
    assert set(faces.id) == set(boxes) and len(faces) == 140 - blank
    with av.open(str(truth.folder / "videos/train/105.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    for face in np.flatnonzero(faces.group == "105"):
        x1, y1, x2, y2 = boxes[faces.id[face]]
        assert np.array_equal(faces.pictures[face], frames[int(faces.id[face][-5:]) - 1][y1:y2, x1:x2])


def test_what_a_mac_packs_beside_is_passed_over(tmp_path):
    truth = facsimile.write(tmp_path / "data/Aff-Wild")
    shutil.copytree(truth.folder, tmp_path / "data/__MACOSX")
    agrees(prepared(tmp_path, tmp_path / "data"), truth)


def test_other_text_files_are_named(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    (truth.folder / "annotations/train/readme.txt").write_text("hello")
    agrees(prepared(tmp_path, truth.folder), truth)
    assert "text files that are not read: annotations/train/readme.txt" in affwild.check(truth.folder).notes


def test_a_name_that_is_not_printable_is_refused_by_the_check(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    for path in list(truth.folder.rglob("105.*")):
        path.rename(path.with_name(path.name.replace("105", "10\t5")))
    with pytest.raises(BadInput, match=r"found the name '10\\t5'; expected a name of printable characters"):
        affwild.check(truth.folder)
