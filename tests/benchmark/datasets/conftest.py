"""A FER2013 of a few rows, and the real one prepared once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets import fer2013


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
        fer2013,
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
def fer2013_raw(fer2013_csv, fer_data, tmp_path_factory) -> Path:
    """A data/raw with the complete FER2013 and FER+."""
    raw = tmp_path_factory.mktemp("raw")
    for name, source in (("fer2013", fer2013_csv), ("ferplus", fer_data / "ferplus" / "fer2013new.csv")):
        (raw / name).mkdir()
        (raw / name / source.name).symlink_to(source)
    return raw


@pytest.fixture(scope="session")
def fer2013_faces(fer2013_raw, tmp_path_factory):
    """The FaceSet of the complete FER2013."""
    return fer2013.prepare(tmp_path_factory.mktemp("prepared") / "fer2013", raw=fer2013_raw)
