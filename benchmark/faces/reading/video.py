"""Frames of video files by their number, decoded with PyAV (package ``av``; it brings its own FFmpeg).

Frame n of a video is the n-th picture that a decoder gives from the beginning of the file, n from 1: the order of showing,
whatever the time stamps say (variable frame rates are frequent in videos from the web, and AVI files may carry none).
So nothing is ever sought: a video is decoded once, in order, up to the last frame wanted, and only the frames wanted are
converted to pictures.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.reading.pictures import PIXEL_LIMIT, Unreadable, fit

if TYPE_CHECKING:
    from av import VideoFrame

SUFFIXES = (".mp4", ".avi")
RIGHT_ANGLE = 90


@dataclass(frozen=True)
class Clip:
    """Frames wanted of one video.

    Attributes:
        path: the file.
        numbers: int64 (F,), ascending, from 1.
        boxes: float32 (F, 4), x1 y1 x2 y2 of the face in pixels of the frame as shown; None = the centred square.
        margin: what is added around a box on each side, as a share of its longer side.
        size, channels: of the pictures.
    """

    path: Path
    numbers: NDArray[np.int64]
    boxes: NDArray[np.float32] | None
    margin: float
    size: int
    channels: int


def library() -> ModuleType:
    """The package ``av``. BadInput where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise BadInput("package av", "not installed", "PyAV, to read videos: pip install 'ferbench[video]'") from error
    return av


def versions() -> dict[str, str]:
    """Of PyAV and the decoder below it."""
    av = library()
    return {"av": av.__version__} | {"libavcodec": ".".join(map(str, av.library_versions["libavcodec"]))}


def video_files(files: Iterable[Path]) -> dict[str, Path]:
    """Name without suffix -> file, for the .mp4 and .avi files among `files`. BadInput for two files of one name."""
    found: dict[str, Path] = {}
    for path in sorted(files):
        if path.suffix.lower() in SUFFIXES:
            if path.stem in found:
                raise BadInput(path, f"a second video '{path.stem}' beside {found[path.stem]}", "one file a video")
            found[path.stem] = path
    return found


def frame_count(path: Path) -> int | None:
    """How many frames a video declares, without decoding any: its header's number, or else its packets.

    A file cut short still declares the whole number, so that the rest is missed and not forgotten. None for a file that
    can not be opened.
    """
    av = library()
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.best("video")
            if stream is None:
                return None
            frames: int = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
            return frames
    except av.FFmpegError:
        return None


def read_clip(clip: Clip) -> Iterator[np.ndarray | Unreadable]:
    """One entry for each number of a clip, in order: uint8 (size, size, channels), or why there is none.

    A frame that the decoder calls damaged is unreadable, and so are those after it up to the next key frame, which are
    predicted from it. Where the decoder gives up, every frame after is unreadable: their numbers are no longer certain.
    A rotation in the file's metadata is applied, as players do. Nothing is held but the frame in hand.
    """
    last, reason = 0, "the video ends"
    wanted = iter(enumerate(clip.numbers.tolist()))
    row, number = next(wanted)
    av = library()
    try:
        for last, frame, damaged in _frames(clip.path):
            if last < number:
                continue
            yield Unreadable("damaged") if damaged else _picture(frame, clip, row)
            row, number = next(wanted, (row, None))
            if number is None:
                return
    except av.FFmpegError as error:
        reason = f"the decoder stops ({error.strerror})"
    except Unreadable as error:
        reason = str(error)
    for _ in range(row, len(clip.numbers)):
        yield Unreadable(f"{reason} after frame {last}" if last else reason)


def _frames(path: Path) -> Iterator[tuple[int, "VideoFrame", bool]]:
    """(number from 1, frame, damaged) of every frame in order of showing."""
    av = library()
    if not path.stat().st_size:
        raise Unreadable("an empty file")
    with av.open(str(path), metadata_errors="ignore") as container:
        stream = container.streams.best("video")
        if stream is None:
            raise Unreadable("no video in the file")
        if stream.width * stream.height > PIXEL_LIMIT:
            raise Unreadable(f"frames of {stream.width} x {stream.height} pixels")
        stream.codec_context.thread_count = 1  # the processes share the cores already
        number, packets, damaged = 0, 0, False
        for packet in container.demux(stream):
            packets += packet.size > 0
            # With data lost, pictures that the decoder still holds back would come out in others' places, and a packet cut
            # short would give a picture that is half another's.
            if packet.is_corrupt or (not packet.size and packets < stream.frames):
                raise Unreadable(f"the file is cut short or damaged in packet {packets} of {stream.frames}")
            for frame in stream.decode(packet):
                number += 1
                damaged = frame.is_corrupt or (damaged and not frame.key_frame)
                yield number, frame, damaged


def _picture(frame: "VideoFrame", clip: Clip, row: int) -> np.ndarray:
    pixels = frame.to_ndarray(format="rgb24" if clip.channels == 3 else "gray")
    turns, rest = divmod(frame.rotation, RIGHT_ANGLE)
    if turns and not rest:
        pixels = np.rot90(pixels, turns)  # both count anticlockwise
    box = None
    if clip.boxes is None:
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    else:
        box = clip.boxes[row].tolist()
    return fit(pixels, size=clip.size, channels=clip.channels, box=box, margin=clip.margin)
