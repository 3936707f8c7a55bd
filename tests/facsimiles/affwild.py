"""Aff-Wild (CVPR 2017): videos, and a text file of valence and one of arousal for each training video.

Not stated by the notes, and taken so: how many digits a value has (three); which videos are .avi (every fourth); the numbers
that name them (from 105 on); the size and rate of the videos. What lies in `bboxs` and `landmarks` was not seen: the folders
are there, and are empty. Of the other preparation (integers in thousandths) the notes give the columns alone: here a file a
video in `annotations/train`, with the header `frame valence arousal`, blanks between, frames from 0.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, drawn, put
from tests.facsimiles.truth import Row, Truth, chosen, scaled

VIDEOS = {"train": 252, "test": 46}
TRAPS = (
    "fewer_arousal",  # one video has two lines of arousal fewer than of valence
    "fewer_frames",  # one video has three frames fewer than lines
    "more_frames",  # one video has three frames more than lines
    "thousandths",  # one file a video: frame valence arousal, as integers from -1000 to 1000
    "no_video",  # one training video is not there
    "no_arousal",  # one training video has no file of arousal
    "apple_double",  # ._105.txt and ._105.mp4
)


def write_video(path: Path, key: str, frames: int, size: tuple[int, int] = (64, 64), fps: int = 30) -> None:
    """A video of drawn frames (MPEG-4), each a picture of its own. Needs PyAV."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for frame in range(frames):
            picture = av.VideoFrame.from_ndarray(np.asarray(drawn(f"{key}/{frame}", size)), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    frames: int = 20,
    videos: bool = True,
) -> Truth:
    """Writes `videos`, `annotations`, `bboxs` and `landmarks`.

    Args:
        scale: of 252 training and 46 test videos, at least seven training videos (so that every trap has one of its own).
        frames: lines of a training video's valence.
        videos: False writes no video (they need PyAV).

    Returns:
        Truth with a row for each line that has a valence, an arousal and a frame: `id` "105/0", `index` the frame from 0,
        `file` and `line` those of valence, `group` the video; `path` is the video's. Test videos have a row each, without
        labels. `traps` has under "videos" the names concerned (with "thousandths" all), under "files" the files added.
    """
    folder, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    number, names = max(7, scaled(VIDEOS["train"], scale)), iter(range(105, 1000))
    own = {
        name: 1 + place for place, name in enumerate(TRAPS) if name in traps and name not in ("thousandths", "apple_double")
    }
    told: dict[str, dict] = {name: {"videos": [], "files": []} for name in traps}
    rows: list[Row] = []
    for name in ("bboxs", "landmarks"):
        (folder / name / "train").mkdir(parents=True, exist_ok=True)
    for place in range(number):
        name = str(next(names))
        what = {trap for trap, own_place in own.items() if own_place == place}
        for each in what | (traps & {"thousandths"}):
            told[each]["videos"].append(name)
        values = rng.uniform(-1, 1, (frames, 2)).round(3)
        lengths = frames, frames - 2 * ("fewer_arousal" in what)
        annotations, listed = folder / "annotations" / "train", f"annotations/train/valence/{name}.txt"
        if "thousandths" in traps:
            listed = f"annotations/train/{name}.txt"
            lines = [
                f"{frame} {round(1000 * valence)} {round(1000 * arousal)}" for frame, (valence, arousal) in enumerate(values)
            ]
            put(folder / listed, "\n".join(["frame valence arousal", *lines]) + "\n")
        else:
            for column, (kind, length) in enumerate(zip(("valence", "arousal"), lengths, strict=True)):
                if not (kind == "arousal" and "no_arousal" in what):
                    put(annotations / kind / f"{name}.txt", "".join(f"{each:g}\n" for each in values[:length, column]))
        path = f"videos/train/{name}.{'avi' if place % 4 == 3 else 'mp4'}"
        shown = frames - 3 * ("fewer_frames" in what) + 3 * ("more_frames" in what)
        present = videos and "no_video" not in what
        if present:
            write_video(folder / path, f"{seed}/{name}", shown)
        for frame in range(min(shown, *lengths)):
            valence, arousal = values[frame].tolist()
            rows.append(
                Row(
                    id=f"{name}/{frame}",
                    path=path,
                    part="train",
                    index=frame,
                    valence=valence,
                    arousal=None if "no_arousal" in what else arousal,
                    file=listed,
                    line=frame + 1 + ("thousandths" in traps),
                    group=name,
                    picture=present,
                )
            )
    for place in range(scaled(VIDEOS["test"], scale)):
        name = str(next(names))
        if videos:
            write_video(folder / "videos" / "test" / f"{name}.mp4", f"{seed}/{name}", 5)
        rows.append(Row(name, f"videos/test/{name}.mp4", "test", place, group=name, picture=videos))
    if "apple_double" in traps:
        first = rows[0]
        told["apple_double"]["files"] = apple_double(folder / first.file, *[folder / first.path] * videos)
    return Truth(folder, rows, told)
