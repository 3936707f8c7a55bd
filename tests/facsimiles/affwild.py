"""Aff-Wild (CVPR 2017): videos, and a text file of valence and one of arousal for each training video.

Not stated by the notes, and taken so: how many digits a value has (three); which videos are .avi (every fourth); the numbers
that name them (from 105 on); the size and rate of the videos. What lies in `bboxs` and `landmarks` was not seen: the folders
are there, and are empty. Of the other preparation (integers in thousandths) the notes give the columns alone: here a file a
video in `annotations/train`, with the header `frame valence arousal`, blanks between, frames from 0.

The traps with boxes suppose a line of four corners for each frame. They show what is said of files that are wrong in that
form, not that the release has it.
"""

import shutil
import zipfile
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
    "tens",  # whole numbers from -10 to 10
    "two_endings",  # 105.TXT beside 105.txt, of valence
    "boxes",  # bboxs/train/105.txt, x1 y1 x2 y2 on each line
    "boxes_blank",  # boxes, with an empty line in place of the third of 105
    "boxes_short",  # boxes for the first eight frames of each video alone
    "boxes_outside",  # boxes beyond the edge of each picture
    "cut_video",  # the first .avi ends after 60 % of its bytes
    "packed",  # videos.zip in place of the folder videos
)
IN_ONE_VIDEO = frozenset({"fewer_arousal", "fewer_frames", "more_frames", "no_video", "no_arousal"})
SHORT = 8  # lines of a file of boxes that ends early


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
        labels. `box` is x1 y1 x2 y2, with a trap of boxes. `traps` has under "videos" the names concerned (all with
        "thousandths"), under "files" the files added.
    """
    folder, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    number, names = max(7, scaled(VIDEOS["train"], scale)), iter(range(105, 1000))
    own = {name: 1 + place for place, name in enumerate(TRAPS) if name in traps & IN_ONE_VIDEO}
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
        if "tens" in traps:
            values = (10 * values).round()
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
    videos_of = list(dict.fromkeys(row.group for row in rows if row.part == "train"))
    if forms := sorted(name for name in traps if name.startswith("boxes")):
        boxes = _boxes(folder / "bboxs" / "train", videos_of, frames, forms[-1])
        rows = [row._replace(box=boxes.get((row.group, row.index))) for row in rows]
    if "two_endings" in traps:
        first = folder / rows[0].file
        put(first.with_suffix(".TXT"), first.read_bytes())
        told["two_endings"]["files"] = [Path(rows[0].file).with_suffix(".TXT").as_posix()]
    if "cut_video" in traps:
        path = next(row.path for row in rows if row.path.endswith(".avi"))
        told["cut_video"]["videos"] = [Path(path).stem]
        content = (folder / path).read_bytes()
        put(folder / path, content[: len(content) * 6 // 10])
    if "packed" in traps:
        with zipfile.ZipFile(folder / "videos.zip", "w") as archive:
            for path in sorted((folder / "videos").rglob("*.*")):
                archive.write(path, path.relative_to(folder))
        shutil.rmtree(folder / "videos", ignore_errors=True)
        told["packed"]["files"] = ["videos.zip"]
    return Truth(folder, rows, told)


def _boxes(folder: Path, videos: list[str], frames: int, form: str) -> dict[tuple[str, int], tuple[float, ...]]:
    """Writes the boxes of one of the traps; (video, frame from 0) -> x1 y1 x2 y2 of those that can be used."""
    found: dict[tuple[str, int], tuple[float, ...]] = {}
    start = 100 if form == "boxes_outside" else 8
    for place, video in enumerate(videos):
        lines = []
        for frame in range(SHORT if form == "boxes_short" else frames):
            x, y = start + frame % 5, start + frame % 7
            blank = form == "boxes_blank" and (place, frame) == (0, 2)
            lines.append("" if blank else f"{x} {y} {x + 20} {y + 20}")
            if not blank:
                found[video, frame] = (x, y, x + 20, y + 20)
        put(folder / f"{video}.txt", "\n".join(lines) + "\n")
    return found
