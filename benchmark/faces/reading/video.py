"""Frames of video files by number, decoded with PyAV (package ``av``; it includes its own FFmpeg).

Frame n of a video is the n-th picture that the decoder returns from the beginning of the file, n from 1. This is the order
of display. Time stamps are not used: videos from the web often have variable frame rates, and AVI files may have no time
stamps. So there is no seeking: a video is decoded once, in order, up to the last wanted frame, and only the wanted frames
are converted to pictures.
"""

import contextlib
from collections.abc import Generator, Iterable, Iterator
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
    """The wanted frames of one video.

    Attributes:
        path: the file.
        numbers: int64 (F,), frame numbers from 1, ascending.
        boxes: float32 (F, 4), x1 y1 x2 y2 of the face in pixels of the displayed frame; None: the largest centred square.
        margin: how much a box is widened on each side, as a fraction of its longer side.
        size, channels: of the pictures.
    """

    path: Path
    numbers: NDArray[np.int64]
    boxes: NDArray[np.float32] | None
    margin: float
    size: int
    channels: int


def library() -> ModuleType:
    """The package ``av``. BadInput if it is not installed."""
    try:
        import av
    except ImportError as error:
        raise BadInput("package av", "not installed", "PyAV, to read videos: pip install 'ferbench[video]'") from error
    return av


def versions() -> dict[str, str]:
    """The versions of PyAV and of its decoder library."""
    av = library()
    return {"av": av.__version__} | {"libavcodec": ".".join(map(str, av.library_versions["libavcodec"]))}


def video_files(files: Iterable[Path]) -> dict[str, Path]:
    """Name without suffix -> file, for the .mp4 and .avi files among `files`. BadInput for two files with one name."""
    found: dict[str, Path] = {}
    for path in sorted(files):
        if path.suffix.lower() in SUFFIXES:
            if path.stem in found:
                raise BadInput(path, f"a second video '{path.stem}' beside {found[path.stem]}", "one file a video")
            found[path.stem] = path
    return found


def frame_count(path: Path) -> int | None:
    """The number of frames that a video declares, without decoding: the number in its header, else its number of packets.

    A truncated file still declares the full number, so its missing frames are noticed and counted as unreadable. None for a
    file that can not be opened, and for one that declares no number (in fragments) and is cut short: its length is unknown.
    """
    av = library()
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.best("video")
            if stream is None:
                return None
            frames: int = stream.frames
            if not frames:
                for packet in container.demux(stream):
                    if packet.is_corrupt:
                        return None
                    frames += packet.size > 0
            return frames
    except av.FFmpegError:
        return None


def opens(path: Path) -> bool:
    """Whether a file can be opened and has a video."""
    av = library()
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            return container.streams.best("video") is not None
    except av.FFmpegError:
        return False


def whole_packets(path: Path) -> int | None:
    """How many packets of a video come before the place where the file is cut short or damaged, if it has fewer than the
    frames that its header declares; None if none is missing. A video gives at most as many frames; none if it does not open.
    A file in fragments declares no number: there a damaged packet alone tells, so None if it ends between two fragments.

    Nothing is decoded. If the file has a complete index, the places in it are compared with the file's length; only
    otherwise all packets are read. So damage within a file of full length is not seen.
    """
    av = library()
    whole = 0
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.best("video")
            if stream is None:
                return None
            declared, length = stream.frames, path.stat().st_size
            entries = getattr(stream, "index_entries", ())  # older versions of PyAV do not have it
            if declared and len(entries) >= declared and all(entry.pos + entry.size <= length for entry in entries):
                return None
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    return whole
                whole += packet.size > 0
    except av.FFmpegError:
        return whole
    return None if whole >= declared else whole


def shown_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of a video's first frame as it is displayed. Only this frame is decoded; Unreadable if that
    fails."""
    av = library()
    try:
        with contextlib.closing(_frames(path)) as frames:
            _, frame, _ = next(frames, (0, None, False))
    except av.FFmpegError as error:
        raise Unreadable(f"the decoder stops ({error.strerror})") from error
    if frame is None:
        raise Unreadable("no frame in the file")
    turns, rest = divmod(frame.rotation, RIGHT_ANGLE)
    return (frame.height, frame.width) if turns % 2 and not rest else (frame.width, frame.height)


def read_clip(clip: Clip) -> Iterator[np.ndarray | Unreadable]:
    """For each frame number of a clip, in order: a picture uint8 (size, size, channels), or an Unreadable that says why
    there is none.

    A frame that the decoder reports as damaged is unreadable. So are the frames after it up to the next key frame, because
    they are predicted from it. If the decoder stops with an error, all later frames are unreadable, because their numbers
    are no longer certain. A rotation in the file's metadata is applied, as video players do. Only one frame is in memory.
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


def _frames(path: Path) -> Generator[tuple[int, "VideoFrame", bool]]:
    """(number from 1, frame, whether it is damaged) for every frame, in order of display."""
    av = library()
    if not path.stat().st_size:
        raise Unreadable("an empty file")
    with av.open(str(path), metadata_errors="ignore") as container:
        stream = container.streams.best("video")
        if stream is None:
            raise Unreadable("no video in the file")
        if stream.width * stream.height > PIXEL_LIMIT:
            raise Unreadable(f"frames of {stream.width} x {stream.height} pixels")
        stream.codec_context.thread_count = 1  # there is already one process per core
        number, packets, damaged = 0, 0, False
        for packet in container.demux(stream):
            packets += packet.size > 0
            # If data are missing, the decoder would return its buffered pictures under wrong numbers, and a truncated packet
            # would give a picture that is partly another one.
            if packet.is_corrupt or (not packet.size and packets < stream.frames):
                of = f" of {stream.frames}" * bool(stream.frames)
                raise Unreadable(f"the file is cut short or damaged in packet {packets}{of}")
            for frame in stream.decode(packet):
                number += 1
                damaged = frame.is_corrupt or (damaged and not frame.key_frame)
                yield number, frame, damaged


def _picture(frame: "VideoFrame", clip: Clip, row: int) -> np.ndarray | Unreadable:
    # Threads for each frame take longer to start than their work takes, and there is already one process per core.
    pixels = frame.to_ndarray(format="rgb24" if clip.channels == 3 else "gray", threads=1)
    turns, rest = divmod(frame.rotation, RIGHT_ANGLE)
    if turns and not rest:
        pixels = np.rot90(pixels, turns)  # FFmpeg's rotation and rot90 are both anticlockwise
    box = None
    if clip.boxes is None:
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    else:
        box = clip.boxes[row].tolist()
    try:
        return fit(pixels, size=clip.size, channels=clip.channels, box=box, margin=clip.margin)
    except Unreadable as error:  # of this frame's box alone: the frames after it can be read
        return error
