"""Frames that can not be used, told from headers, index and first frame, against what decoding everything gives."""

import re

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading import clip_losses
from benchmark.faces.reading.clip_losses import check_clips
from benchmark.faces.reading.pictures import Unreadable
from benchmark.faces.reading.tracks import Track
from benchmark.faces.reading.video import Clip, read_clip

av = pytest.importorskip("av")


def track(path, numbers, boxes=None):
    clip = Clip(path, np.array(numbers, np.int64), None if boxes is None else np.array(boxes, np.float32), 0.0, 16, 3)
    zeros = np.zeros(len(numbers))
    return Track(path.stem, path.stem, path.stem, "train", clip.numbers, zeros, zeros, clip)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def turned(path, degrees):
    """A copy of a video with a rotation in its metadata, as a phone held upright writes it."""
    target = path.with_name(f"turned-{path.name}")
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    return target


def refused(tracks, root, message, allowed=0.001):
    with pytest.raises(BadInput, match=f"^{message}$"):
        check_clips(tracks, root, allowed)


def test_whole_videos_have_nothing_to_say(tmp_path, write_video):
    tracks = [
        track(write_video(tmp_path / "a.mp4", 12, "libx264", b_frames=2), [1, 6, 11], [(0, 0, 48, 48)] * 3),
        track(write_video(tmp_path / "b.avi", 12, "mpeg4"), [1, 12]),
        track(write_video(tmp_path / "c.avi", 12, "mpeg4"), []),
    ]
    assert check_clips(tracks, tmp_path, 0) == []


@pytest.mark.parametrize("name, codec", [("fast.mp4", "libx264"), ("a.avi", "mpeg4"), ("b.avi", "mjpeg")])
@pytest.mark.parametrize("share", [0.6, 0.75, 0.9])
def test_what_is_told_of_a_cut_file_is_lost_indeed(tmp_path, write_video, name, codec, share):
    """No frame is called lost that can be decoded. Few are lost that are not told: those that the decoder still holds."""
    front = {"movflags": "faststart"} if name.endswith(".mp4") else {}
    path = cut(write_video(tmp_path / name, 120, codec, b_frames=2 * (codec == "libx264"), container=front), share)
    own = track(path, range(1, 121))
    read = {n for n, p in enumerate(read_clip(own.source), 1) if not isinstance(p, Unreadable)}
    (note,) = check_clips([own], tmp_path, 1)
    pattern = (
        rf"(\d+) of 120 frames can not be used and will be left out: the file is cut .*: {path.stem} \(\1 of 120 frames\)"
    )
    told = int(re.fullmatch(pattern, note)[1])
    assert len(read) + told <= 120 and 120 - len(read) - told <= 4
    refused([own], tmp_path, rf".*{name} frame {121 - told}: found the file is cut short or damaged after frame .*")


def test_a_cut_after_the_last_wanted_frame_costs_nothing(tmp_path, write_video):
    path = cut(write_video(tmp_path / "a.avi", 120, "mjpeg"), 0.6)
    assert check_clips([track(path, range(1, 50))], tmp_path, 0) == []


def test_boxes_outside_of_the_picture(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", 12, "libx264", width=64)
    own = track(path, range(1, 5), [(0, 0, 48, 48), (100, 0, 120, 20), (-9, -9, 5, 5), (0, 100, 20, 120)])
    why = "a face box outside of the picture, which has 64 x 48 pixels"
    said = f"2 of 4 frames can not be used and will be left out: {why}: a (2 of 4 frames)"
    assert check_clips([own], tmp_path, 0.5) == [said]
    said = (
        rf".*/a\.mp4 frame 2: found {why}; 2 of 4 frames can not be used: a \(2 of 4 frames\); "
        'expected at most 49 % of the frames; see "Damaged or unusual pictures" in docs/data/README.md'
    )
    refused([own], tmp_path, said, 0.49)


@pytest.mark.parametrize("rotation, size", [(0, "96 x 48"), (180, "96 x 48"), (90, "48 x 96"), (-90, "48 x 96")])
def test_boxes_refer_to_the_picture_as_displayed(tmp_path, write_video, rotation, size):
    """A box at the right of a wide picture, or at the bottom of a tall one. Stored is 96 x 48, or the same lying on its
    side."""
    path = write_video(tmp_path / "a.mp4", 3, "libx264", width=96, height=48)
    if rotation:
        path = turned(path, rotation)
    boxes = {"96 x 48": (60, 10, 90, 40), "48 x 96": (10, 60, 40, 90)}
    inside, outside = boxes[size], next(box for name, box in boxes.items() if name != size)
    own = track(path, [1, 2, 3], [inside, outside, inside])
    assert [isinstance(picture, Unreadable) for picture in read_clip(own.source)] == [False, True, False]
    (note,) = check_clips([own], tmp_path, 1)
    assert note.startswith("1 of 3 frames") and f"outside of the picture, which has {size} pixels" in note


def test_all_videos_count_together(tmp_path, write_video):
    """The fraction is of all frames; videos with nothing lost are not named."""
    fine = track(write_video(tmp_path / "fine.mp4", 30), range(1, 31))
    outside = [(100, 100, 120, 120)]
    odd = [track(write_video(tmp_path / f"{k}.mp4", 5), range(1, 6), [(0, 0, 9, 9)] * 4 + outside) for k in range(6)]
    (note,) = check_clips([fine, *odd], tmp_path, 0.1)
    assert note.startswith("6 of 60 frames") and "fine" not in note and note.endswith("and 1 more")
    refused([fine, *odd], tmp_path, r".*/0\.mp4 frame 5: found .* 6 of 60 frames can not be used: 0 \(1 of 5 .*", 0.09)


@pytest.mark.parametrize("contents, why", [(b"", "an empty file"), (b"\0" * 4096, r"the decoder stops \(.*\)")])
def test_a_file_that_is_no_video_loses_all(tmp_path, contents, why):
    path = tmp_path / "a.mp4"
    path.write_bytes(contents)
    (note,) = check_clips([track(path, [1, 6])], tmp_path, 1)
    assert re.fullmatch(rf"2 of 2 frames can not be used and will be left out: {why}: a \(2 of 2 frames\)", note)


def test_several_reasons_are_said(tmp_path, write_video):
    """That of the first video, and with each other video its own if it is another."""
    (tmp_path / "b.mp4").write_bytes(b"")
    outside = [(100, 100, 120, 120)] * 2
    small = [track(write_video(tmp_path / name, 5), [1, 2], outside) for name in ("a.mp4", "c.mp4")]
    (note,) = check_clips([small[0], track(tmp_path / "b.mp4", [1]), small[1]], tmp_path, 1)
    assert note == (
        "5 of 5 frames can not be used and will be left out: a face box outside of the picture, which has 48 x 48 pixels: "
        "a (2 of 2 frames), b (1 of 1 frame: an empty file), c (2 of 2 frames)"
    )


def test_a_video_without_wanted_frames_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(clip_losses, "shown_size", None)
    assert check_clips([track(tmp_path / "nowhere.mp4", [])], tmp_path, 0) == []


@pytest.mark.parametrize("share", [0.4, 0.6, 0.93])
def test_a_cut_file_in_fragments(tmp_path, write_video, share):
    """It declares no number: all that is wanted behind the damaged packet is lost, as in decoding."""
    path = cut(write_video(tmp_path / "a.mp4", 60, container={"movflags": "frag_keyframe+empty_moov"}), share)
    own = track(path, range(1, 61))
    read = sum(not isinstance(picture, Unreadable) for picture in read_clip(own.source))
    (note,) = check_clips([own], tmp_path, 1)
    assert 0 < read < 60 and note.startswith(
        f"{60 - read} of 60 frames can not be used and will be left out: the file is cut"
    )
