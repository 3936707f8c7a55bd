"""Frames by number: small videos written here whose frames show their own number, read back."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading.decoding import Unreadable
from benchmark.faces.reading.video import (
    Clip,
    frame_count,
    library,
    opens,
    read_clip,
    shown_size,
    video_files,
    whole_packets,
)

av = pytest.importorskip("av")


def clip(path, numbers, size=48, channels=3, boxes=None):
    return Clip(path, np.array(numbers), boxes, 0.0, size, channels)


def numbers_of(pictures, decode):
    return [str(p) if isinstance(p, Unreadable) else decode(p) for p in pictures]


CODED = [
    ("x264.mp4", "libx264", {}),
    ("with-b-frames.mp4", "libx264", {"b_frames": 3}),
    ("variable-rate.mp4", "libx264", {"b_frames": 2, "steps": (1, 7, 2, 30)}),
    ("mpeg4.avi", "mpeg4", {}),
    ("mpeg4-b.avi", "mpeg4", {"b_frames": 2}),
    ("still-pictures.avi", "mjpeg", {}),
]


@pytest.mark.parametrize("name, codec, options", CODED, ids=[name for name, *_ in CODED])
def test_every_frame_by_its_number(tmp_path, write_video, decode, name, codec, options):
    path = write_video(tmp_path / name, 60, codec, **options)
    assert frame_count(path) == 60 and whole_packets(path) is None
    assert numbers_of(read_clip(clip(path, range(1, 61))), decode) == list(range(1, 61))


@pytest.mark.parametrize("numbers", [[1], [60], [1, 60], [7, 8, 29, 30, 31, 59], list(range(1, 61, 5))])
def test_some_frames(tmp_path, write_video, decode, numbers):
    path = write_video(tmp_path / "a.mp4", 60, "libx264", b_frames=2)
    assert numbers_of(read_clip(clip(path, numbers)), decode) == numbers


def test_pictures_are_what_was_wanted(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", 3, "libx264")
    for channels in (1, 3):
        (picture,) = read_clip(clip(path, [2], size=20, channels=channels))
        assert picture.shape == (20, 20, channels) and picture.dtype == np.uint8


def test_colour_is_rgb(tmp_path):
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), (220, 30, 60), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (picture,) = read_clip(clip(path, [1], size=16))
    assert np.abs(picture.astype(int) - (220, 30, 60)).max() < 8


def test_the_centred_square_and_boxes(tmp_path, write_video, decode):
    """The pattern fills the centred square of 96 x 48 pixels; a box on its left half halves what is seen."""
    path = write_video(tmp_path / "wide.mp4", 12, "libx264", width=96, height=48)
    whole = list(read_clip(clip(path, [5, 9])))
    boxes = np.array([[24, 0, 72, 48], [24, 0, 48, 24]], np.float32)
    first, second = read_clip(clip(path, [5, 9], boxes=boxes))
    assert decode(whole[0]) == 5 and decode(whole[1]) == 9
    assert np.array_equal(first, whole[0]) and not np.array_equal(second, whole[1])
    quarter = whole[1][:24, :24].astype(int).repeat(2, 0).repeat(2, 1)
    assert np.abs(second - quarter).mean() < 12


def test_a_box_outside_of_its_frame_costs_that_frame_alone(tmp_path, write_video, decode):
    path = write_video(tmp_path / "a.mp4", 12, "libx264")
    boxes = np.array([[0, 0, 48, 48], [500, 0, 520, 20], [0, 0, 48, 48]], np.float32)
    first, second, third = read_clip(clip(path, [2, 5, 9], boxes=boxes))
    assert isinstance(second, Unreadable) and str(second) == "a face box outside of the picture"
    assert decode(first) == 2 and decode(third) == 9


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_rotation_in_the_metadata_is_applied(tmp_path, write_video, decode, degrees):
    """Players turn the stored pictures anticlockwise by `degrees`, so they are written turned the other way."""
    path = write_video(tmp_path / "r.mp4", 9, "libx264", rotation=degrees)
    assert numbers_of(read_clip(clip(path, [1, 6])), decode) == [1, 6]


def test_rotation_as_a_phone_writes_it(tmp_path, write_video):
    """The matrix of the track header by hand: (x, y) -> (-y, x), a quarter turn clockwise on the screen."""
    path = write_video(tmp_path / "phone.mp4", 2, "libx264")
    (upright,) = read_clip(clip(path, [2]))
    data = path.read_bytes()
    start = data.index(b"tkhd") + 4 + 40  # version 0: 4 of version and flags, 36 of fields, then the matrix
    numbers = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    matrix = b"".join(n.to_bytes(4, "big", signed=True) for n in numbers)
    assert data[start : start + 4] == (1 << 16).to_bytes(4, "big")
    path.write_bytes(data[:start] + matrix + data[start + 36 :])
    (turned,) = read_clip(clip(path, [2]))
    assert np.array_equal(turned, np.rot90(upright, -1))


@pytest.mark.parametrize("name, codec", [("fast.mp4", "libx264"), ("a.avi", "mpeg4"), ("b.avi", "mjpeg")])
def test_cut_short(tmp_path, write_video, decode, name, codec):
    """What is there is right, what is lost is said, frame by frame, and the declared number stays that of the whole file."""
    front = {"movflags": "faststart"} if name.endswith(".mp4") else {}
    path = write_video(tmp_path / name, 60, codec, b_frames=2 * (codec != "mjpeg"), container=front)
    data = path.read_bytes()
    content = data.index(b"mdat" if front else b"movi")
    counts = []
    for share in np.linspace(0.3, 0.85, 25):  # somewhere inside frames and headers, and perhaps between packets
        path.write_bytes(data[: content + int((len(data) - content) * share)])
        assert frame_count(path) == 60
        found = numbers_of(read_clip(clip(path, range(1, 61))), decode)
        whole = [k for k, entry in enumerate(found, 1) if entry == k]
        lost = [entry for entry in found if isinstance(entry, str)]
        assert len(whole) + len(lost) == len(found) == 60
        assert found[-1] == lost[-1] and "cut short or damaged" in found[-1]
        counts.append(len(whole))
    assert counts == sorted(counts) and counts[-1] > 25


def test_a_file_that_lacks_its_index_alone_lacks_no_frame(tmp_path, write_video, decode):
    """As a camera leaves it that was switched off: the index is the last part of an AVI file. All packets are read."""
    path = write_video(tmp_path / "a.avi", 60, "mpeg4")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"idx1")])
    assert whole_packets(path) is None
    assert numbers_of(read_clip(clip(path, [1, 59, 60])), decode) == [1, 59, 60]


@pytest.mark.parametrize("name, codec", [("fast.mp4", "libx264"), ("a.avi", "mjpeg")])
def test_a_frame_that_lacks_its_last_bytes(tmp_path, write_video, name, codec):
    """The packets of the last frame end with the content; one byte less of it, and one frame less is whole."""
    front = {"movflags": "faststart"} if name.endswith(".mp4") else {}
    path = write_video(tmp_path / name, 60, codec, container=front)
    data = path.read_bytes()
    end = len(data) if front else data.rindex(b"idx1") - 1  # AVI pads to an even length
    path.write_bytes(data[: end - 1])
    assert whole_packets(path) == 59


@pytest.mark.parametrize("lost", [1, 2])
def test_a_file_that_ends_between_two_frames(tmp_path, write_video, lost):
    """No frame is damaged: the number in the header alone tells that some are missing."""
    path = write_video(tmp_path / "a.avi", 60, "mjpeg")
    data = path.read_bytes()
    end = data.rindex(b"idx1")
    for _ in range(lost):
        end = data.rindex(b"00dc", 0, end)
    path.write_bytes(data[:end])
    assert frame_count(path) == 60 and whole_packets(path) == 60 - lost


def test_videos_that_do_not_declare_their_length(tmp_path, write_video):
    """In fragments: a whole one has as many frames as packets; if it ends within one, its length is unknown, but not where
    it is cut; if it ends between two, nothing tells that more is missing."""
    path = write_video(tmp_path / "a.mp4", 60, "libx264", container={"movflags": "frag_keyframe+empty_moov"})
    assert frame_count(path) == 60 and whole_packets(path) is None
    data = path.read_bytes()
    path.write_bytes(data[: int(0.93 * len(data))])
    found = [entry for entry in read_clip(clip(path, range(1, 61))) if isinstance(entry, Unreadable)]
    assert frame_count(path) is None and opens(path) and whole_packets(path) == 60 - len(found)
    end = f"in packet {61 - len(found)} after frame {60 - len(found)}"
    assert {str(entry) for entry in found} == {f"the file is cut short or damaged {end}"}
    path.write_bytes(data[: data.rindex(b"moof") - 4])
    assert frame_count(path) < 60 and whole_packets(path) is None


@pytest.mark.parametrize("rotation, size", [(0, (96, 48)), (180, (96, 48)), (90, (48, 96)), (-90, (48, 96))])
def test_the_size_of_the_picture_displayed(tmp_path, write_video, rotation, size):
    """The width and height that `write_video` takes are those displayed upright; the stored picture is turned."""
    path = write_video(tmp_path / "r.mp4", 2, "libx264", width=96, height=48)
    copy = tmp_path / "copy.mp4"
    with av.open(str(path)) as source, av.open(str(copy), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        if rotation:
            stream.set_display_rotation(rotation)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert shown_size(copy) == size


def test_damage_in_the_middle_is_not_passed_on(tmp_path, write_video, decode):
    """Bytes of a few frames overwritten: no frame that is given may show another number than its own."""
    path = write_video(tmp_path / "a.avi", 60, "mpeg4", group=12)
    data = bytearray(path.read_bytes())
    middle = data.index(b"movi") + (len(data) - data.index(b"movi")) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    found = numbers_of(read_clip(clip(path, range(1, 61))), decode)
    assert len(found) == 60 and any(isinstance(entry, str) for entry in found)
    assert all(isinstance(entry, str) or entry == k for k, entry in enumerate(found, 1))


@pytest.mark.parametrize(
    "content, reason",
    [(b"", "an empty file"), (b"\0" * 4096, "the decoder stops"), (b"RIFF....AVI LIST", "the decoder stops")],
)
def test_no_video_at_all(tmp_path, content, reason):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert frame_count(path) is None and not opens(path)
    with pytest.raises(Unreadable, match=reason):
        shown_size(path)
    found = list(read_clip(clip(path, [1, 6, 11])))
    assert len(found) == 3 and all(isinstance(entry, Unreadable) and reason in str(entry) for entry in found)


def test_sound_alone(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert frame_count(path) is None and not opens(path) and whole_packets(path) is None
    assert [str(entry) for entry in read_clip(clip(path, [1]))] == ["no video in the file"]


def test_frames_past_the_end(tmp_path, write_video, decode):
    path = write_video(tmp_path / "a.mp4", 10, "libx264")
    assert numbers_of(read_clip(clip(path, [9, 11, 12])), decode) == [9, *["the video ends after frame 10"] * 2]


def test_huge_frames_are_not_decoded(tmp_path, write_video, monkeypatch):
    from benchmark.faces.reading import video

    path = write_video(tmp_path / "a.mp4", 3, "libx264")
    monkeypatch.setattr(video, "PIXEL_LIMIT", 48 * 48 - 1)
    with pytest.raises(Unreadable, match="frames of 48 x 48 pixels"):
        shown_size(path)
    assert [str(entry) for entry in read_clip(clip(path, [1]))] == ["frames of 48 x 48 pixels"]


def test_one_frame_is_held_at_a_time(tmp_path, write_video):
    """The first picture comes before the second frame wanted has been decoded."""
    path = write_video(tmp_path / "a.mp4", 60, "libx264")
    pictures = read_clip(clip(path, range(1, 61)))
    assert iter(pictures) is pictures and next(pictures).shape == (48, 48, 3)


def test_two_files_of_one_name(tmp_path):
    files = [tmp_path / name for name in ("105.mp4", "105.AVI", "106.mp4", "notes.txt")]
    with pytest.raises(BadInput, match="a second video '105'"):
        video_files(files)
    assert video_files(files[2:]) == {"106": files[2]}


def test_without_pyav(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BadInput, match=r"package av: found not installed; expected PyAV.*ferbench\[video\]"):
        library()


def test_the_pattern_tells_neighbours_apart(pattern, decode):
    """The tests' own instrument."""
    assert [decode(pattern(k, 48, 48)) for k in (1, 2, 255, 256, 4095)] == [1, 2, 255, 256, 4095]
    assert all(a != b for a, b in pairwise(decode(pattern(k, 48, 48)) for k in range(1, 100)))
