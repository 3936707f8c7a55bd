"""The picture of the faces on which two models disagree."""

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.interface.comparison import Comparison


def test_a_picture_is_of_the_faces_prepared_elsewhere(tmp_path):
    grey = np.repeat(np.uint8([20, 120, 220]), 64).reshape(3, 8, 8, 1)
    given = {"version": "1.0", "classes": ("a", "b"), "id": ["dark", "middle", "light"], "split": ["test"] * 3}
    faces = write_faceset(tmp_path / "elsewhere" / "synthetic", grey, name="synthetic", **given)
    found = {"data": {"name": "synthetic", "fingerprint": faces.fingerprint}, "disagree": ["light", "dark"]}
    out, project = tmp_path / "faces.jpg", tmp_path / "project"
    with pytest.raises(BadInput, match="project/data/prepared/synthetic"):
        Comparison(found).picture(out, project=project)
    Comparison(found).picture(out, prepared=tmp_path / "elsewhere", project=project)
    pixels = np.asarray(Image.open(out).convert("L"), int)
    assert pixels.shape == (8, 16) and abs(pixels[:, :8] - 220).max() < 9 > abs(pixels[:, 8:] - 20).max()
