"""Aff-Wild in the layouts of its description, with their traps, on small videos of numbered frames."""

import json
import re
import shutil

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers.affwild import reader as affwild
from benchmark.faces.reading.tracks import share

pytest.importorskip("av")

LENGTHS = {"105": (30, 30, 30), "7": (41, 39, 40), "209": (21, 21, 20), "33": (25, 25, 25), "411": (12, 12, 12)}


def labels(video):
    """Valence and arousal of a video, four decimals."""
    rng = np.random.default_rng(int(video))
    return [rng.uniform(-1, 1, n).round(4) for n in LENGTHS[video][:2]]


@pytest.fixture(scope="module")
def videos(tmp_path_factory, write_video):
    """A raw folder with the videos alone."""
    raw = tmp_path_factory.mktemp("videos")
    for video, (*_, frames) in LENGTHS.items():
        codec, suffix = ("mpeg4", "avi") if video == "33" else ("libx264", "mp4")
        write_video(raw / "affwild" / "videos" / "train" / f"{video}.{suffix}", frames, codec, width=64, b_frames=2)
    write_video(raw / "affwild" / "videos" / "test" / "1.mp4", 5)
    return raw


@pytest.fixture
def raw(videos, tmp_path):
    """A raw folder as the authors give it out; a test may spoil it."""
    shutil.copytree(videos, tmp_path / "raw")
    for video in LENGTHS:
        for dimension, values in zip(("valence", "arousal"), labels(video), strict=True):
            path = tmp_path / "raw/affwild/annotations/train" / dimension / f"{video}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{value}\n" for value in values))
    return tmp_path / "raw"


def annotations(raw):
    return raw / "affwild" / "annotations" / "train"


def prepared(tmp_path, raw, **options):
    return affwild.prepare(tmp_path / "prepared", raw=raw, processes=1, size=48, **options)


def refused(tmp_path, raw, message, **options):
    """Refused, and what lay there before lies there still."""
    meta = tmp_path / "prepared" / "meta.json"
    before = meta.read_bytes() if meta.exists() else None
    with pytest.raises(BadInput, match=message):
        prepared(tmp_path, raw, **options)
    assert (meta.read_bytes() if meta.exists() else None) == before


@pytest.mark.parametrize("every", [1, 5, 7])
def test_frame_and_label_belong_together(tmp_path, raw, decode, every):
    faces = prepared(tmp_path, raw, every=every)
    expected = {}
    for video, lengths in LENGTHS.items():
        valence, arousal = labels(video)
        for number in range(1, min(lengths) + 1, every):
            expected[f"{video}/{number:05d}"] = (number, video, valence[number - 1], arousal[number - 1])
    assert set(faces.id) == set(expected) and len(faces) == len(expected)
    for row, name in enumerate(faces.id):
        number, video, valence, arousal = expected[name]
        assert decode(faces.pictures[row]) == number and faces.group[row] == video
        assert [faces.valence[row], faces.arousal[row]] == pytest.approx([valence, arousal], abs=1e-6)
    assert (faces.expression == -1).all() and faces.meta["how"]["options"] == {"every": every, "size": 48}


def test_splits_are_by_video_and_depend_on_its_name_alone(tmp_path, raw):
    faces = prepared(tmp_path, raw, every=1)
    assert all(len(set(faces.split[faces.group == video])) == 1 for video in LENGTHS)
    before = dict(zip(faces.group.tolist(), faces.split.tolist(), strict=True))
    for path in (raw / "affwild").rglob("105.*"):
        path.unlink()
    faces = prepared(tmp_path, raw, every=1)
    assert dict(zip(faces.group.tolist(), faces.split.tolist(), strict=True)) == {
        video: split for video, split in before.items() if video != "105"
    }


def test_shares_of_the_splits():
    """Of many names the shares are those documented (binomial, five standard errors), and the hash is pinned."""
    names = [affwild.split_of(str(number)) for number in range(5000)]
    for split, expected in (("test", 0.2), ("validation", 0.1), ("train", 0.7)):
        assert abs(names.count(split) / 5000 - expected) < 5 * np.sqrt(expected * (1 - expected) / 5000)
    assert share("105", "affwild") == 0x335EC644 / 2**32  # printf affwild:105 | sha256sum
    assert [affwild.split_of(video) for video in LENGTHS] == ["validation", "train", "test", "validation", "train"]


def test_unequal_lengths_are_counted(tmp_path, raw):
    lengths = prepared(tmp_path, raw).meta["how"]["lengths"]
    assert lengths["videos_that_differ"] == 2 and lengths["frames_left_out"] == 3
    assert lengths["largest"] == {"video": "7", "valence_arousal_video": [41, 39, 40]}


def test_a_gap_as_between_frame_rates_is_refused(tmp_path, raw):
    path = annotations(raw) / "arousal" / "105.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:25]))  # 25 of 30: labels at 25 frames a second
    refused(tmp_path, raw, r"105\.mp4, frames: found valence 30, arousal 25, video 30; expected .* differ by 10 %")
    assert len(prepared(tmp_path, raw, allow_gap=0.2, every=1))


@pytest.mark.parametrize("frames, fits", [(26, False), (27, True), (33, True), (34, False)])
def test_the_length_of_the_video_counts_as_well(tmp_path, raw, write_video, frames, fits):
    """30 lines of both dimensions. 27 frames are 10 % fewer, 33 a little less than 10 % more."""
    write_video(raw / "affwild/videos/train/105.mp4", frames, width=64)
    if fits:
        lengths = prepared(tmp_path, raw).meta["how"]["lengths"]
        assert lengths["videos_that_differ"] == 3 and lengths["frames_left_out"] == 3 + 3
        assert lengths["largest"] == {"video": "105", "valence_arousal_video": [30, 30, frames]}
    else:
        refused(
            tmp_path, raw, rf"105\.mp4, frames: found valence 30, arousal 30, video {frames}; expected lengths that differ"
        )


@pytest.mark.parametrize("first, header, delimiter", [(0, False, " "), (1, True, " "), (1, True, ","), (0, True, "\t")])
def test_one_file_a_video_in_thousandths(tmp_path, raw, first, header, delimiter):
    """The same labels rounded to thousandths: the same rows, frames and splits as from the authors' files."""
    own = prepared(tmp_path, raw, every=3)
    ids, valence, images = own.id.copy(), own.valence.copy(), np.array(own.pictures)
    shutil.rmtree(annotations(raw))
    annotations(raw).mkdir()
    for video in LENGTHS:
        pairs = zip(*labels(video), strict=False)
        rows = [delimiter.join(map(str, (first + k, round(1000 * v), round(1000 * a)))) for k, (v, a) in enumerate(pairs)]
        top = [delimiter.join(("frame", "valence", "arousal"))] if header else []
        (annotations(raw) / f"{video}.txt").write_text("\n".join(top + rows))
    faces = prepared(tmp_path, raw, every=3)
    assert np.array_equal(faces.id, ids) and np.array_equal(faces.pictures, images)
    assert np.abs(faces.valence - valence).max() <= 0.0005 + 1e-6
    assert faces.meta["how"]["labels"]["scale"] == "-1000..1000"
    assert ("counted from 0" in faces.meta["how"]["labels"]["layout"]) == (first == 0)


def test_a_file_of_small_whole_numbers_is_scaled_as_the_others(tmp_path, raw):
    """0 and 1 in a set of thousandths are 0 and 0.001, not the ends of the scale."""
    for video in LENGTHS:
        for dimension, values in zip(("valence", "arousal"), labels(video), strict=True):
            whole = [k % 2 for k in range(len(values))] if video == "33" else [round(1000 * v) for v in values]
            (annotations(raw) / dimension / f"{video}.txt").write_text("\n".join(map(str, whole)))
    faces = prepared(tmp_path, raw, every=1)
    assert np.unique(faces.valence[faces.group == "33"]).tolist() == pytest.approx([0, 0.001])


def test_byte_order_mark_line_ends_and_empty_lines_at_the_end(tmp_path, raw):
    before = prepared(tmp_path, raw).fingerprint
    path = annotations(raw) / "valence" / "105.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert prepared(tmp_path, raw).fingerprint == before


@pytest.mark.parametrize(
    "line, found",
    [
        ("nan", r"'nan'; expected 1 number"),
        ("0.1,0.2", "'0.1,0.2'; expected 1 number"),
        ("0.1 0.2", "2 fields"),
        ("0,5", "'0,5'"),
        ("1_0", "'1_0'"),
        ("", "0 fields"),
        ("inf", "'inf'"),
        (
            "-5",
            r"-5 \(values from -5 to 0\.\d+ in all files\); expected all values in \[-1, 1\], or all of them",
        ),
        (
            "1.2",
            r"1\.2 \(values from -0\.\d+ to 1\.2 in all files\); expected all values in \[-1, 1\], or all of",
        ),
    ],
)
def test_a_line_that_is_no_label(tmp_path, raw, line, found):
    path = annotations(raw) / "valence" / "105.txt"
    lines = path.read_text().splitlines()
    lines[6] = line
    path.write_text("\n".join(lines))
    refused(tmp_path, raw, rf"valence/105\.txt line 7.*found {found}")


def spoil_two_files(folder):
    shutil.copy(folder / "videos/train/105.mp4", folder / "videos/train/105.avi")


def spoil_one_dimension(folder):
    (folder / "annotations/train/arousal/105.txt").unlink()


def spoil_no_video(folder):
    (folder / "videos/train/105.mp4").unlink()


def spoil_empty(folder):
    (folder / "annotations/train/arousal/105.txt").write_text("\n")


def spoil_encoding(folder):
    (folder / "annotations/train/arousal/105.txt").write_bytes("0.1\n".encode("utf-16"))


def spoil_layout(folder):
    (folder / "annotations").rename(folder / "labels")


def spoil_labels(folder):
    shutil.rmtree(folder / "annotations/train")
    (folder / "annotations/train").mkdir()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (spoil_two_files, "a second video '105'"),
        (spoil_one_dimension, "arousal: found no file for 105"),
        (spoil_no_video, "no video for the labels of 105"),
        (spoil_empty, r"105\.txt: found an empty file"),
        (spoil_encoding, "byte 0xff at 0; expected UTF-8"),
        (spoil_layout, "found labels, videos; expected one folder with annotations/train and videos/train"),
        (spoil_labels, "no label file"),
    ],
)
def test_what_fits_no_layout_is_refused(tmp_path, raw, spoil, message):
    spoil(raw / "affwild")
    refused(tmp_path, raw, message)
    with pytest.raises(BadInput, match=message):
        affwild.check(raw / "affwild")


def test_an_empty_video_is_named(tmp_path, raw):
    (raw / "affwild/videos/train/411.mp4").write_bytes(b"")
    refused(tmp_path, raw, r"1 video does not open, 3 of 26 frames: videos/train/411\.mp4; expected at most 0\.1 %")
    faces = prepared(tmp_path, raw, allow_unreadable=0.5)
    assert "411" not in faces.group
    assert faces.meta["how"]["lengths"]["videos_that_do_not_open"] == ["411"]
    assert "an empty file" in json.dumps(faces.meta["how"]["unreadable"])


def test_a_video_cut_short_loses_its_end_alone(tmp_path, raw, decode):
    path = raw / "affwild/videos/train/33.avi"
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"movi") + (len(data) - data.index(b"movi")) // 2])
    refused(tmp_path, raw, r"33\.avi frame \d+: found the file is cut short or damaged after frame \d+; \d of 26 frames can")
    assert not (tmp_path / ".prepared.partial").exists()  # nothing was decoded
    faces = prepared(tmp_path, raw, allow_unreadable=0.5, every=1)
    own = np.flatnonzero(faces.group == "33")
    assert 0 < len(own) < 25
    assert [decode(faces.pictures[row]) for row in own] == [int(faces.id[row][-5:]) for row in own]
    assert "cut short or damaged" in json.dumps(faces.meta["how"]["unreadable"])


def test_a_video_without_labels_and_a_folder_in_between(tmp_path, raw, write_video):
    write_video(raw / "affwild/videos/train/999.mp4", 3)
    (raw / "affwild").rename(raw / "in")
    (raw / "affwild" / "Aff-Wild").parent.mkdir()
    (raw / "in").rename(raw / "affwild" / "Aff-Wild")
    faces = prepared(tmp_path, raw)
    assert faces.meta["how"]["videos_without_labels"] == ["999"] and "999" not in faces.group


@pytest.mark.parametrize("option, value", [("every", 0), ("every", 2.5), ("every", True)])
def test_options_that_make_no_sense(tmp_path, raw, option, value):
    refused(tmp_path, raw, f"option {option}", **{option: value})


def with_boxes(raw, line, videos=LENGTHS, form="txt"):
    folder = raw / "affwild/bboxs/train"
    for video in videos:
        for number in range(1, max(LENGTHS[video]) + 1):
            path = folder / f"{video}.txt" if form == "txt" else folder / video / f"{number - 1:05d}.pts"
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a") as stream:
                stream.write(line(number))


CENTRE = (8, 0, 56, 48)  # of 64 x 48


@pytest.mark.parametrize("form", ["txt", "pts"])
def test_boxes_in_a_form_that_is_known(tmp_path, raw, form):
    """The boxes of the centred square give the same pictures as no boxes; a frame without a face is left out."""
    before = prepared(tmp_path, raw, every=1)
    ids, images = before.id.copy(), np.array(before.pictures)
    assert before.meta["how"]["faces"]["why"] == "no folder bboxs/train"
    x1, y1, x2, y2 = CENTRE
    if form == "txt":
        with_boxes(raw, lambda n: "0 0 0 0\n" if n == 4 else f"{x1} {y1} {x2} {y2}\n")
    else:
        points = f"version: 1\nn_points: 4\n{{\n{x1} {y1}\n{x1} {y2}\n{x2} {y2}\n{x2} {y1}\n}}\n"
        with_boxes(raw, lambda n: points, form="pts")
        for path in (raw / "affwild/bboxs/train").glob("*/00003.pts"):
            path.unlink()  # frame 4, counted from 0
    faces = prepared(tmp_path, raw, every=1)
    kept = np.array([not name.endswith("/00004") for name in ids])
    assert np.array_equal(faces.id, ids[kept]) and np.array_equal(faces.pictures, images[kept])
    assert faces.meta["how"]["faces"]["frames_without_a_face"] == len(LENGTHS)


@pytest.mark.parametrize(
    "line, why",
    [
        (lambda n: "40 30 20 20\n", r"105\.txt line 1 is not x1 y1 x2 y2"),
        (lambda n: "0.9 8 0 56 48\n", "has not four finite numbers"),
        (lambda n: "8 0 56 nan\n", "has not four finite numbers"),
        (lambda n: "x1 y1 x2 y2\n", "could not convert"),
    ],
)
def test_boxes_of_another_kind_are_left_alone_and_said(tmp_path, raw, line, why):
    before = prepared(tmp_path, raw).fingerprint
    with_boxes(raw, line)
    faces = prepared(tmp_path, raw)
    assert faces.fingerprint == before
    found = faces.meta["how"]["faces"]
    assert found["pictures"].startswith("whole frames") and re.search(why, found["why"])


def test_boxes_for_some_videos_only_count_for_none(tmp_path, raw):
    before = prepared(tmp_path, raw).fingerprint
    with_boxes(raw, lambda n: "8 0 20 20\n", videos=["105", "209"])
    faces = prepared(tmp_path, raw)
    assert faces.fingerprint == before and "neither 33.txt" in faces.meta["how"]["faces"]["why"]


def test_the_same_twice(tmp_path, raw):
    first = prepared(tmp_path, raw).fingerprint
    assert open_faceset(tmp_path / "prepared", verify=True).fingerprint == first == prepared(tmp_path, raw).fingerprint
