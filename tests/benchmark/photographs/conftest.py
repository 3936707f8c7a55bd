"""Pictures with faces that the suite draws, and with none."""

import numpy as np
import pytest
from PIL import Image

from tests.benchmark.faces.conftest import diffusionfer_faces, fer2013_faces, fer2013_raw, ferplus_faces  # noqa: F401  # fixtures


@pytest.fixture(scope="session")
def drawn() -> np.ndarray:
    """Two drawn faces, uint8 (2, 64, 64, 3)."""
    from benchmark.faces.readers.synthetic.reader import _draw_chunk

    return _draw_chunk((1, 0, np.array([0, 1]), np.array([1, 0]), 64))[1]


@pytest.fixture(scope="session")
def scene():
    """A function (width, height, {left, top, side: face}) -> a smooth grey scene, uint8, with faces in it."""

    def make(width, height, faces=()):
        across = np.linspace(90, 150, width)[None, :, None]
        picture = Image.fromarray(np.broadcast_to(across, (height, width, 3)).astype(np.uint8))
        for face, left, top, side in faces:
            picture.paste(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC), (left, top))
        return np.asarray(picture)

    return make
