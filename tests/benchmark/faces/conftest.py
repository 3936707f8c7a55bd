"""A FER2013 of a few rows, and the real one prepared once; videos whose frames show their number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers import diffusionfer, fer2013, ferplus
from benchmark.faces.reading import fer2013_csv


@dataclass
class SmallFer2013:
    """Rows as they should be read: images uint8 (N, 48, 48), emotion and usage lists; row 3 is black."""

    images: np.ndarray
    emotion: list[int]
    usage: list[str]

    def rows(self) -> list[list[str]]:
        """Rows of text: emotion, pixels, Usage."""
        return [
            [str(emotion), " ".join(str(int(v)) for v in image.ravel()), usage]
            for emotion, image, usage in zip(self.emotion, self.images, self.usage, strict=True)
        ]

    def text(self) -> str:
        """The file in the form of fer2013.csv."""
        return "emotion,pixels,Usage\n" + "".join(",".join(row) + "\n" for row in self.rows())

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text())
        return path


@pytest.fixture
def small_fer2013(monkeypatch) -> SmallFer2013:
    """11 rows; the counts that the reader expects are set to theirs."""
    monkeypatch.setattr(
        fer2013_csv,
        "COUNTS",
        {"Training": (1, 1, 1, 1, 1, 1, 1), "PublicTest": (0, 0, 0, 2, 0, 0, 0), "PrivateTest": (1, 0, 0, 0, 0, 0, 1)},
    )
    images = np.random.default_rng(5).integers(0, 256, (11, 48, 48)).astype(np.uint8)
    images[3] = 0
    images[4, 0, :3] = (0, 255, 7)
    return SmallFer2013(
        images, [6, 2, 0, 1, 3, 5, 4, 3, 3, 0, 6], ["Training"] * 7 + ["PublicTest"] * 2 + ["PrivateTest"] * 2
    )


@pytest.fixture(scope="session")
def fer2013_raw(official_csv, fer_data, made_once) -> Path:
    """A data/raw with the complete FER2013 and both editions of FER+."""
    parts = [fer_data / "ferplus" / name for name in ("fer2013new.csv", "FER2013Train", "FER2013Valid", "FER2013Test")]

    def make(raw):
        for name, sources in (("fer2013", [official_csv]), ("ferplus", parts)):
            (raw / name).mkdir()
            for source in sources:
                (raw / name / source.name).symlink_to(source)

    return made_once("fer2013-raw", make)


@pytest.fixture(scope="session")
def fer2013_faces(fer2013_raw, made_once):
    """The FaceSet of the complete FER2013."""
    return open_faceset(
        made_once("fer2013-faces", lambda out: fer2013.prepare(out / "fer2013", raw=fer2013_raw)) / "fer2013"
    )


@pytest.fixture(scope="session")
def ferplus_faces(fer2013_raw, made_once):
    """The FaceSet of the complete FER+, edition of label.csv."""
    return open_faceset(
        made_once("ferplus-faces", lambda out: ferplus.prepare(out / "ferplus", raw=fer2013_raw)) / "ferplus"
    )


@pytest.fixture(scope="session")
def diffusionfer_faces(fer_data, made_once):
    """The FaceSet of the complete DiffusionFER. A test may have set other counts for its own small one."""
    source = fer_data / "diffusionfer"
    if not source.is_dir():
        pytest.skip(f"no {source.name} in FER_DATA")

    def make(out):
        (out / "raw").mkdir()
        (out / "raw" / "diffusionfer").symlink_to(source)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(diffusionfer, "ROWS", 1285)
            patch.setattr(diffusionfer, "FOLDS", 5)
            diffusionfer.prepare(out / "diffusionfer", raw=out / "raw")

    return open_faceset(made_once("diffusionfer-faces", make) / "diffusionfer")


def frame_pattern(number: int, width: int, height: int) -> np.ndarray:
    """uint8 (height, width, 3): 4 x 4 fields over the centred square, field i white where bit i of `number` is set; fields
    12 to 15 are white, black, black, black, so that a turned or mirrored picture gives another number."""
    bits = [(number >> i) & 1 for i in range(12)] + [1, 0, 0, 0]
    side = min(width, height)
    fields = np.array(bits, np.uint8).reshape(4, 4).repeat(side // 4, 0).repeat(side // 4, 1) * 255
    picture = np.full((height, width), 128, np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    picture[top : top + len(fields), left : left + len(fields)] = fields
    return picture[..., None].repeat(3, 2)


def number_shown(picture: np.ndarray) -> int | None:
    """The number of a square picture (size, size, C), None where the fields are not all clear or not the right way up."""
    size = len(picture) // 4
    fields = picture.astype(float).mean(axis=2)[: 4 * size, : 4 * size].reshape(4, size, 4, size)
    means = fields[:, size // 4 : -(size // 4), :, size // 4 : -(size // 4)].mean(axis=(1, 3)).ravel()
    if not ((means < 80) | (means > 175)).all() or (means[12:] > 128).tolist() != [True, False, False, False]:
        return None
    return sum(int(mean > 128) << i for i, mean in enumerate(means[:12]))


def write_numbered_video(
    path: Path,
    frames: int,
    codec: str = "libx264",
    *,
    width: int = 48,
    height: int = 48,
    b_frames: int = 0,
    group: int = 12,
    steps: tuple[int, ...] = (1,),
    rotation: int = 0,
    container: dict | None = None,
) -> Path:
    """A video whose frame n (from 1) shows n.

    group: frames from key frame to key frame; steps: between the time stamps, in turn; rotation: degrees anticlockwise that
    a player must turn the pictures by, written into the metadata.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=container or {}) as output:
        stream = output.add_stream(codec, rate=30)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = group, b_frames
        if codec != "libx264":
            stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        time = 0
        for number in range(1, frames + 1):
            picture = np.rot90(frame_pattern(number, width, height), -rotation // 90)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = time
            time += steps[number % len(steps)]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def pattern():
    """The function (number, width, height) -> picture that shows it."""
    return frame_pattern


@pytest.fixture(scope="session")
def decode():
    """The function picture -> number shown."""
    return number_shown


@pytest.fixture(scope="session")
def write_video():
    """The function that writes a video of numbered frames."""
    return write_numbered_video
