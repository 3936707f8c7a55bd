"""Aff-Wild2 in the layouts of its description, with their traps: crops whose pixels show track and frame."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers.affwild2 import reader as affwild2
from benchmark.faces.readers.affwild2.splits import split_of, video_of
from benchmark.faces.reading.tracks import share

TRAIN = {"1-30-1280x720": 40, "video7": 23, "10-60-1280x720_left": 31, "10-60-1280x720_right": 31, "6-30-1920x1080": 17}
TEST = {"4-30-1920x1080": 36, "84": 12}
TRACKS = {**TRAIN, **TEST}
MISSING = {4, 11}  # frames without a detected face
IGNORED = {6, 21}  # frames labelled -5


def labels(track):
    rng = np.random.default_rng(sum(track.encode()))
    table = rng.uniform(-1, 1, (TRACKS[track], 2)).round(4)
    for number in IGNORED:
        if number <= len(table):
            table[number - 1] = (-5, -5) if number == 6 else (0.3, -5)
    return table


def level(track, number):
    """A grey level pair that tells every crop from the others: (track, frame)."""
    return 20 + 25 * sorted(TRACKS).index(track), 5 * number


def seen(picture):
    return tuple(np.round(picture.reshape(-1, 3).mean(axis=0)).astype(int)[:2].tolist())


def write_labels(folder, train="Train_Set", header="valence,arousal"):
    for part, tracks in ((train, TRAIN), ("Validation_Set", TEST)):
        (folder / part).mkdir(parents=True)
        for track in tracks:
            lines = [header, *(f"{v},{a}" for v, a in labels(track))]
            (folder / part / f"{track}.txt").write_text("\n".join(lines) + "\n")


def write_crops(folder, tracks=TRACKS):
    for track in tracks:
        (folder / track).mkdir(parents=True)
        for number in range(1, TRACKS[track] + 1):
            if number not in MISSING:
                picture = np.full((112, 112, 3), (*level(track, number), 128), np.uint8)
                Image.fromarray(picture).save(folder / track / f"{number:05d}.jpg", quality=95)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A raw folder with crops alone."""
    raw = tmp_path_factory.mktemp("crops")
    write_crops(raw / "affwild2" / "cropped_aligned")
    return raw


@pytest.fixture
def raw(given, tmp_path):
    """A raw folder with crops and ABAW's labels; a test may spoil it."""
    shutil.copytree(given, tmp_path / "raw")
    write_labels(tmp_path / "raw/affwild2/annotations/VA_Estimation_Challenge")
    return tmp_path / "raw"


def va(raw):
    return raw / "affwild2" / "annotations" / "VA_Estimation_Challenge"


def prepared(tmp_path, raw, **options):
    options = {"size": 112, "processes": 1} | options
    return affwild2.prepare(tmp_path / "prepared", raw=raw, **options)


def refused(tmp_path, raw, message, **options):
    """Refused, and what lay there before lies there still."""
    meta = tmp_path / "prepared" / "meta.json"
    before = meta.read_bytes() if meta.exists() else None
    with pytest.raises(BadInput, match=message):
        prepared(tmp_path, raw, **options)
    assert (meta.read_bytes() if meta.exists() else None) == before


def expected_rows(every=1, tracks=TRACKS, missing=MISSING):
    rows = {}
    for track in tracks:
        for number, (valence, arousal) in enumerate(labels(track), 1):
            if (number - 1) % every == 0 and number not in missing and max(abs(valence), abs(arousal)) <= 1:
                rows[f"{track}/{number:05d}"] = (track, number, valence, arousal)
    return rows


@pytest.mark.parametrize("every", [1, 5])
def test_crop_and_label_belong_together(tmp_path, raw, every):
    """Each picture's own colour says which frame it is: joining sorted lists would be out of step after frame 3."""
    faces, rows = prepared(tmp_path, raw, every=every), expected_rows(every)
    assert set(faces.id) == set(rows) and len(faces) == len(rows)
    for row, name in enumerate(faces.id):
        track, number, valence, arousal = rows[name]
        assert np.abs(np.subtract(seen(faces.pictures[row]), level(track, number))).max() <= 2
        assert [faces.valence[row], faces.arousal[row]] == pytest.approx([valence, arousal], abs=1e-6)
    if every == 1:
        how = faces.meta["how"]
        labelled = [set(range(1, n + 1)) - IGNORED for n in TRACKS.values()]
        assert how["pictures"]["frames_without_a_crop"] == sum(len(MISSING & numbers) for numbers in labelled)
        assert how["labels"]["frames_not_labelled"] == sum(
            len({n for n in IGNORED if n <= last}) for last in TRACKS.values()
        )


def test_parts_and_groups(tmp_path, raw):
    faces = prepared(tmp_path, raw, every=1)
    parts = {track: set(faces.split[np.char.startswith(faces.id, f"{track}/")].tolist()) for track in TRACKS}
    for track in TEST:
        assert parts[track] == {"test"}
    for track in TRAIN:
        video = track.removesuffix("_left").removesuffix("_right")
        assert parts[track] == {"validation" if share(video, "affwild2") < 0.1 else "train"}
    assert parts["10-60-1280x720_left"] == parts["10-60-1280x720_right"]
    assert set(faces.group[np.char.startswith(faces.id, "10-60")]) == {"10-60-1280x720"}
    assert {"train", "validation", "test"} == set(faces.split)
    assert faces.meta["how"]["parts"]["test"] == {"videos": 2, "tracks": 2, "frames": int(np.sum(faces.split == "test"))}


def test_two_persons_of_one_video_share_a_split_whatever_its_name():
    for number in range(300):
        names = [f"{number}-30-640x480{person}" for person in ("", "_left", "_right")]
        assert len({split_of(video_of(name), "train") for name in names}) == 1


def test_codes_of_expressions_are_those_of_the_challenge():
    """The header of the expression challenge of ABAW, which is not AffectNet's order."""
    assert ",".join(affwild2.CLASSES) == "neutral,anger,disgust,fear,happiness,sadness,surprise,other"


def test_a_tenth_of_the_official_training_videos_is_validation():
    names = [f"{number}-30-640x480" for number in range(2000)]
    parts = [split_of(name, "train") for name in names]
    assert parts == ["validation" if share(name, "affwild2") < 0.1 else "train" for name in names]
    assert 160 < parts.count("validation") < 240
    assert {split_of(name, "test") for name in names} == {"test"}


def test_every_fifth_frame_at_112_pixels_unless_said_otherwise(tmp_path, raw):
    faces = affwild2.prepare(tmp_path / "prepared", raw=raw, processes=1)
    assert set(faces.id) == set(expected_rows(every=5)) and faces.pictures.shape[1:] == (112, 112, 3)
    assert faces.meta["how"]["options"] == {"every": 5, "size": 112}


@pytest.mark.parametrize(
    "top, train", [("VA_Set", "Training_Set"), ("VA_Set/annotations", "Train_set"), ("VA_Set", "Train_Set")]
)
def test_other_spellings(tmp_path, raw, top, train):
    before = prepared(tmp_path, raw).fingerprint
    shutil.rmtree(raw / "affwild2/annotations")
    write_labels(raw / "affwild2" / top, train)
    assert prepared(tmp_path, raw).fingerprint == before


def test_crops_in_two_folders_one_in_the_other(tmp_path, raw):
    """As the archives unpack: cropped_aligned/cropped_aligned and cropped_aligned_new_50_vids."""
    before, folder = prepared(tmp_path, raw).fingerprint, raw / "affwild2"
    (folder / "cropped_aligned").rename(folder / "in")
    (folder / "cropped_aligned").mkdir()
    (folder / "in").rename(folder / "cropped_aligned" / "cropped_aligned")
    (folder / "cropped_aligned_new_50_vids").mkdir()
    (folder / "cropped_aligned/cropped_aligned/84").rename(folder / "cropped_aligned_new_50_vids/84")
    assert prepared(tmp_path, raw).fingerprint == before
    shutil.copytree(folder / "cropped_aligned_new_50_vids/84", folder / "cropped_aligned/cropped_aligned/84")
    refused(tmp_path, raw, "track 84 a second time")


def test_labels_on_another_disk(tmp_path, raw):
    """Folders that are links."""
    before = prepared(tmp_path, raw).fingerprint
    for name in ("annotations", "cropped_aligned"):
        (raw / "affwild2" / name).rename(tmp_path / name)
        (raw / "affwild2" / name).symlink_to(tmp_path / name)
    assert prepared(tmp_path, raw).fingerprint == before


def test_a_video_in_both_official_parts_is_test_alone(tmp_path, raw):
    (va(raw) / "Train_Set/10-60-1280x720_right.txt").rename(va(raw) / "Validation_Set/10-60-1280x720_right.txt")
    faces = prepared(tmp_path, raw)
    own = np.char.startswith(faces.id, "10-60")
    assert set(faces.split[own]) == {"test"} and np.char.startswith(faces.id[own], "10-60-1280x720_right/").all()
    assert faces.meta["how"]["training_tracks_of_test_sources"] == ["10-60-1280x720_left"]


def test_a_track_in_both_official_parts_is_refused(tmp_path, raw):
    shutil.copy(va(raw) / "Train_Set/video7.txt", va(raw) / "Validation_Set/video7.txt")
    refused(tmp_path, raw, "track video7 a second time")


def test_byte_order_mark_and_spaces(tmp_path, raw):
    before = prepared(tmp_path, raw).fingerprint
    path = va(raw) / "Validation_Set/84.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b",", b", ").replace(b"\n", b"\r\n"))
    assert prepared(tmp_path, raw).fingerprint == before


@pytest.mark.parametrize(
    "line, text, message",
    [
        (1, "0.1,0.2", r"84\.txt line 1: found '0.1,0.2'; expected valence,arousal"),
        (1, "valence;arousal", r"line 1: found 'valence;arousal'"),
        (3, "0.1;0.2", r"line 3: found 1 field, '0.1;0.2'; expected 2 numbers parted by a comma"),
        (3, "0.1\t0.2", "line 3: found 1 field"),
        (3, "nan,0.2", "line 3: found 'nan'; expected 2 numbers"),
        (3, "0.1,0.2,0.3", "line 3: found 3 fields"),
        (3, "", "line 3: found 1 field"),
    ],
)
def test_a_line_that_is_no_label(tmp_path, raw, line, text, message):
    path = va(raw) / "Validation_Set/84.txt"
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    refused(tmp_path, raw, message)
    with pytest.raises(BadInput, match=message):
        affwild2.check(raw / "affwild2")


def test_a_crop_that_can_not_be_read(tmp_path, raw):
    path = raw / "affwild2/cropped_aligned/84/00007.jpg"
    path.write_bytes(path.read_bytes()[:300])
    (raw / "affwild2/cropped_aligned/84/00008.jpg").write_bytes(b"")
    refused(tmp_path, raw, "84/00007.jpg", every=1)
    faces = prepared(tmp_path, raw, every=1, allow_unreadable=0.05)
    assert not {"84/00007", "84/00008"} & set(faces.id) and "84/00009" in faces.id
    listed = json.dumps(faces.meta["how"]["unreadable"])
    assert "84/00007.jpg" in listed and "84/00008.jpg" in listed


def test_crops_that_are_not_there(tmp_path, raw):
    shutil.rmtree(raw / "affwild2/cropped_aligned/84")
    refused(tmp_path, raw, "no crop for 1 of 7 tracks: 84")


def test_two_crops_of_one_number(tmp_path, raw):
    folder = raw / "affwild2/cropped_aligned/84"
    shutil.copy(folder / "00001.jpg", folder / "1.jpg")
    refused(tmp_path, raw, "frame 1 a second time")


def test_other_files_among_crops_and_crops_beyond_the_labels(tmp_path, raw):
    before = prepared(tmp_path, raw).fingerprint
    folder = raw / "affwild2/cropped_aligned/84"
    for name in (".DS_Store", "Thumbs.db", "face.jpg"):
        (folder / name).write_bytes(b"x")
    shutil.copy(folder / "00001.jpg", folder / "00013.jpg")
    (folder.parent / "a-test-video").mkdir()
    faces = prepared(tmp_path, raw)
    assert faces.fingerprint == before
    account = faces.meta["how"]["pictures"]
    assert account["crops_beyond_the_labels"] == 1 and account["tracks_without_labels"] == 1


def test_several_editions_are_refused(tmp_path, raw):
    write_labels(raw / "affwild2/VA_Set")
    refused(tmp_path, raw, "several editions: VA_Set, annotations/VA_Estimation_Challenge")


def test_half_of_an_edition(tmp_path, raw):
    shutil.rmtree(va(raw) / "Validation_Set")
    refused(tmp_path, raw, "no label file of Validation_Set")
    shutil.rmtree(raw / "affwild2/annotations")
    refused(tmp_path, raw, "expected VA_Set or VA_Estimation_Challenge with Train_Set")


def write_lists(folder, change=lambda line: line):
    """Every second frame of each track, with an expression; frame 6 invalid in V/A, frame 1 without expression."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, tracks in (("training_set_annotations.txt", TRAIN), ("validation_set_annotations.txt", TEST)):
        lines = ["image,valence,arousal,expression,aus"]
        for track in tracks:
            for number, (valence, arousal) in enumerate(labels(track), 1):
                if number % 2 == 0 or number == 1:
                    expression = -1 if number == 1 else number % 8
                    lines.append(f"{track}/{number:05d}.jpg,{valence},{arousal},{expression},0-0-1-0-0-0-0-0-0-0-0-0")
        (folder / name).write_text("\n".join([lines[0], *map(change, lines[1:])]) + "\n")


def test_multi_task_lists(tmp_path, raw):
    shutil.rmtree(raw / "affwild2/annotations")
    write_lists(raw / "affwild2")
    faces = prepared(tmp_path, raw, every=1)
    rows = {name: row for name, row in expected_rows().items() if row[1] % 2 == 0 or row[1] == 1}
    assert set(faces.id) == set(rows) and faces.meta["how"]["labels"]["edition"] == "multi-task lists"
    for row, name in enumerate(faces.id):
        track, number, valence, arousal = rows[name]
        assert faces.expression[row] == (-1 if number == 1 else number % 8)
        assert [faces.valence[row], faces.arousal[row]] == pytest.approx([valence, arousal], abs=1e-6)
        assert np.abs(np.subtract(seen(faces.pictures[row]), level(track, number))).max() <= 2
    third = prepared(tmp_path, raw, every=3)
    own = [name for name in faces.id if name.startswith("84/")]
    listed = [n for n in range(1, 13) if (n % 2 == 0 or n == 1) and n not in IGNORED][::3]
    assert [name for name in third.id if name.startswith("84/")] == [f"84/{n:05d}" for n in listed if n not in MISSING]
    assert len(own) > 2


@pytest.mark.parametrize(
    "image, message",
    [
        ("../../secret/00002.jpg", "found '../../secret/00002.jpg"),
        ("../00002.jpg", "found '../00002.jpg"),
        ("/etc/00002.jpg", "found '/etc/00002.jpg"),
        ("..\\84/00002.jpg", "found"),
        ("84/00002.jpg/../x", "found '84/00002.jpg/../x"),
        ("84/first.jpg", "found '84/first.jpg"),
        ("84/00004.jpg", "found 84/00004.jpg; expected each frame once"),
        ("84/00000.jpg", "counted from 1"),
        ("video7/00002.jpg", "track video7, which is in training_set_annotations.txt too"),
    ],
)
def test_images_that_no_list_may_name(tmp_path, raw, image, message):
    shutil.rmtree(raw / "affwild2/annotations")
    write_lists(raw / "affwild2", lambda line: line.replace("84/00002.jpg", image))
    refused(tmp_path, raw, message.replace("..", r"\.\."))


def test_an_expression_out_of_range(tmp_path, raw):
    shutil.rmtree(raw / "affwild2/annotations")
    write_lists(raw / "affwild2", lambda line: line.replace(",6,0-", ",8,0-"))
    refused(tmp_path, raw, r"expression: found 8; expected -1\.\.7")


def test_videos_where_there_are_no_crops(tmp_path, raw, write_video, decode):
    pytest.importorskip("av")
    shutil.rmtree(raw / "affwild2/cropped_aligned")
    for track, frames in TRACKS.items():
        video = video_of(track)
        if not (raw / "affwild2/batch1" / f"{video}.mp4").exists():
            write_video(raw / "affwild2/batch1" / f"{video}.mp4", frames - (track == "84"), width=64)
    faces = prepared(tmp_path, raw, every=1, size=48)
    rows = expected_rows(tracks=[t for t in TRACKS if not t.startswith("10-60")], missing=())
    del rows["84/00012"]  # the video has 11 frames
    assert set(faces.id) == set(rows)
    assert all(decode(image) == rows[name][1] for image, name in zip(faces.pictures, faces.id, strict=True))
    account = faces.meta["how"]["pictures"]
    assert account["tracks_of_two_persons_left_out"] == ["10-60-1280x720_left", "10-60-1280x720_right"]
    assert account["label_lines_and_frames_where_they_differ"] == {"84": [12, 11]}
    (raw / "affwild2/batch1/84.mp4").unlink()
    refused(tmp_path, raw, "no video for 1 of 5 tracks: 84")


def test_neither_crops_nor_videos(tmp_path, raw):
    shutil.rmtree(raw / "affwild2/cropped_aligned")
    refused(tmp_path, raw, "neither a folder cropped_aligned with crops nor a video")


def test_the_same_twice(tmp_path, raw):
    first = prepared(tmp_path, raw).fingerprint
    assert open_faceset(tmp_path / "prepared", verify=True).fingerprint == first == prepared(tmp_path, raw).fingerprint
