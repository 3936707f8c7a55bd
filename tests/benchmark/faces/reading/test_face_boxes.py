"""Face boxes of frames against boxes written by hand, and what is refused."""

import re

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading.face_boxes import find_boxes

NAMES = [str(number) for number in range(1, 41)]


def corners(number):
    """The box of a frame; no two frames have the same."""
    return number, 2 * number, 100 + number, 200 + number


def line(number):
    return "{} {} {} {}\n".format(*corners(number))


def points(number):
    x1, y1, x2, y2 = corners(number)
    return f"version: 1\nn_points: 3\n{{\n{x1} {y2}\n{x2} {y1}\n{x1 + 1} {y1 + 1}\n}}\n"


def put(folder, video, lines, form="corners", first=0):
    """The boxes of a video; None in place of a line or a file: no face."""
    if form == "corners":
        (folder / f"{video}.txt").write_text("".join("0 0 0 0\n" if each is None else each for each in lines))
    else:
        (folder / video).mkdir()
        for number, each in enumerate(lines, first):
            if each is not None:
                (folder / video / f"{number:05d}.pts").write_text(each)


def found(folder, frames, wanted=None, videos=None):
    numbers = {video: np.arange(1, length + 1) for video, length in frames.items()} if wanted is None else wanted
    return find_boxes(folder, numbers, frames, frames if videos is None else videos)


def numbers_of(boxes):
    """The frames that boxes belong to; None: no face."""
    return [None if np.isnan(box).any() else int(box[0]) if tuple(box) == corners(box[0]) else box for box in boxes]


def test_an_empty_line_keeps_its_place(tmp_path):
    put(tmp_path, "105", [line(1), line(2), "\n", line(4), " \t\n", line(6), line(7), "\n", "\n"])
    boxes = found(tmp_path, {"105": 7})
    assert numbers_of(boxes.of["105"]) == [1, 2, None, 4, None, 6, 7]
    assert boxes.account["frames_without_a_face"] == 2
    assert boxes.notes == [
        "box files with empty lines, which are frames without a face: 105.txt (2)",
        "2 of 7 frames without a face box, left out",
    ]


def test_an_empty_line_at_the_beginning(tmp_path):
    put(tmp_path, "105", ["\n", line(2), line(3)])
    assert numbers_of(found(tmp_path, {"105": 3}).of["105"]) == [None, 2, 3]


def test_files_with_an_empty_line_after_each_are_refused_by_their_length(tmp_path):
    for video in ("105", "106"):
        put(tmp_path, video, [text for number in range(1, 21) for text in (line(number), "\n")])
    with pytest.raises(BadInput, match=r"2 of 2 videos: 105 \(box lines 39, frames 20\), 106 \(box lines 39, frames 20\);"):
        found(tmp_path, {"105": 20, "106": 20})


@pytest.mark.parametrize("form, first", [("corners", 0), ("points", 0), ("points", 1)])
def test_frames_without_a_face_are_counted_one_by_one(tmp_path, form, first):
    """Three in one video, two in another and none in the last; two of them are not wanted."""
    text = line if form == "corners" else points
    absent = {"a": {2, 3, 5}, "b": {1, 4}, "c": set()}
    for video, none in absent.items():
        put(tmp_path, video, [None if number in none else text(number) for number in range(1, 8)], form, first)
    boxes = found(tmp_path, dict.fromkeys(absent, 7))
    for video, none in absent.items():
        assert numbers_of(boxes.of[video]) == [None if number in none else number for number in range(1, 8)]
    assert boxes.account == {"pictures": f"cut to the boxes of bboxs/train ({form})", "frames_without_a_face": 5}
    assert boxes.notes == ["5 of 21 frames without a face box, left out"]
    wanted = {video: np.array([1, 3, 6]) for video in absent}
    some = found(tmp_path, dict.fromkeys(absent, 7), wanted)
    assert some.account["frames_without_a_face"] == 2 and some.notes[-1].startswith("2 of 9 frames")
    assert numbers_of(some.of["a"]) == [1, None, 6]


def test_one_short_file_of_many_is_noted(tmp_path):
    for video in NAMES:
        put(tmp_path, video, [line(number) for number in range(1, 9 if video == "7" else 20 if video == "9" else 21)])
    boxes = found(tmp_path, dict.fromkeys(NAMES, 20))
    assert numbers_of(boxes.of["7"]) == [*range(1, 9), *[None] * 12]
    assert boxes.notes == [
        "boxes for fewer or far more frames than have labels in 2 videos: 7 (box lines 8, frames 20), "
        "9 (box lines 19, frames 20)",
        "13 of 800 frames without a face box, left out",
    ]


@pytest.mark.parametrize(
    "form, odd, lines, refused",
    [
        ("corners", 2, 17, False),
        ("corners", 3, 17, True),  # of 40 videos more than 5 %; more than two frames and 10 %
        ("corners", 40, 18, False),  # two frames
        ("corners", 40, 22, False),
        ("corners", 3, 23, True),
        ("points", 10, 17, False),
        ("points", 11, 17, True),
        ("points", 40, 18, False),
    ],
)
def test_many_files_of_another_length_are_refused(tmp_path, form, odd, lines, refused):
    text = line if form == "corners" else points
    for place, video in enumerate(NAMES):
        put(tmp_path, video, [text(number) for number in range(1, 1 + (lines if place < odd else 20))], form)
    frames = dict.fromkeys(NAMES, 20)
    if not refused:
        assert found(tmp_path, frames).of is not None
        return
    what, share = ("box lines", 5) if form == "corners" else ("last points file", 25)
    named = ", ".join(f"{video} ({what} {lines}, frames 20)" for video in NAMES[: min(odd, 5)])
    said = (
        f"{tmp_path}: found boxes of a length that does not fit for {odd} of 40 videos: {named}"
        f"{' and 6 more' if odd == 11 else ''}; expected boxes for the frames that have labels "
        f"(at most one video or {share} % of them may differ by more than 10 %); or move bboxs away to use whole frames"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(said)}$"):
        found(tmp_path, frames)


def test_ten_per_cent_of_long_videos_are_allowed(tmp_path):
    frames = {"105": 100, "106": 100}
    for video in frames:
        put(tmp_path, video, [line(number) for number in range(1, 91)])
    boxes = found(tmp_path, frames)
    assert boxes.of is not None and "105 (box lines 90, frames 100)" in boxes.notes[0]
    for video in frames:
        put(tmp_path, video, [line(number) for number in range(1, 90)])
    with pytest.raises(BadInput, match=r"105 \(box lines 89, frames 100\)"):
        found(tmp_path, frames)


def test_one_video_of_few_may_differ(tmp_path):
    """One of seven, whatever its share is; not two."""
    frames = dict.fromkeys(NAMES[:7], 20)
    for video in frames:
        put(tmp_path, video, [line(number) for number in range(1, 9 if video == "3" else 21)])
    assert "in 1 video: 3 (box lines 8, frames 20)" in found(tmp_path, frames).notes[0]
    put(tmp_path, "4", [line(1)])
    with pytest.raises(BadInput, match=r"2 of 7 videos: 3 \(box lines 8, frames 20\), 4 \(box lines 1, frames 20\)"):
        found(tmp_path, frames)


@pytest.mark.parametrize("lines, fits", [(17, True), (20, True), (22, True), (13, False), (27, False)])
def test_boxes_are_those_of_the_video_or_of_the_labels(tmp_path, lines, fits):
    """17 labels of a video of 20 frames. Whatever is far from both lengths does not fit."""
    frames, videos = dict.fromkeys(NAMES[:7], 17), dict.fromkeys(NAMES[:7], 20)
    for video in frames:
        put(tmp_path, video, [line(number) for number in range(1, lines + 1)])
    if fits:
        assert found(tmp_path, frames, videos=videos).notes == []
        return
    with pytest.raises(BadInput, match=rf"7 of 7 videos: 1 \(box lines {lines}, frames 17, of the video 20\)"):
        found(tmp_path, frames, videos=videos)


def test_two_files_for_one_video_are_refused_with_both(tmp_path):
    put(tmp_path, "105", [line(1)])
    (tmp_path / "105.TXT").write_text(line(2))
    with pytest.raises(BadInput, match=r"105\.txt: found a second file '105' beside .*105\.TXT; expected one file for the"):
        found(tmp_path, {"105": 1})


@pytest.mark.parametrize("first", ["points", "corners"])
def test_a_file_and_a_folder_for_one_video_are_refused(tmp_path, first):
    """Whichever form the first video has."""
    for video in ("104", "105"):
        put(tmp_path, video, [line(1) if first == "corners" else points(1)], first)
    put(tmp_path, "105", [points(1) if first == "corners" else line(1)], "points" if first == "corners" else "corners")
    with pytest.raises(BadInput, match=r"105\.txt: found a folder 105 beside it; expected one of them"):
        found(tmp_path, {"104": 1, "105": 1})


def test_two_files_for_one_frame_are_refused(tmp_path):
    put(tmp_path, "105", [points(1), points(2)], "points")
    (tmp_path / "105" / "1.pts").write_text(points(2))
    with pytest.raises(BadInput, match=r"1\.pts: found frame 1 a second time, beside .*00001\.pts; expected one file"):
        found(tmp_path, {"105": 2})


def test_endings_in_capitals_are_read(tmp_path):
    (tmp_path / "105.TXT").write_text(line(1))
    assert numbers_of(found(tmp_path, {"105": 1}).of["105"]) == [1]


@pytest.mark.parametrize(
    "text, why",
    [
        ("1 2 3\n", "105.txt line 3 has not four finite numbers"),
        (",,,\n", "105.txt line 3 has not four finite numbers"),
        ("9 8 7 6\n", "105.txt line 3 is not x1 y1 x2 y2"),
        ("no face\n", "105.txt line 3: could not convert string to float: 'no'"),
    ],
)
def test_another_line_leaves_all_frames_whole_and_is_named(tmp_path, text, why):
    put(tmp_path, "105", [line(1), "\n", text, line(4)])
    boxes = found(tmp_path, {"105": 4})
    assert boxes.of is None and boxes.account["why"] == f"bboxs/train not recognised: {why}"


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_not_recognised(tmp_path, text):
    put(tmp_path, "105", [text])
    assert found(tmp_path, {"105": 4}).account["why"] == "bboxs/train not recognised: 105.txt is empty"


def test_a_folder_in_place_of_a_file(tmp_path):
    put(tmp_path, "104", [line(1)])
    put(tmp_path, "105", [points(1)], "points")
    why = found(tmp_path, {"104": 1, "105": 1}).account["why"]
    assert why == "bboxs/train not recognised: a folder 105, not 105.txt"
