"""The size of a picture with a face box, as it is shown, comes from its header: no picture is decoded for it."""

from pathlib import PurePosixPath

import pytest
from PIL import Image, ImageFile

from benchmark.faces.readers.folder.boxes import beyond
from benchmark.faces.readers.folder.rows import Row


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize(("orientation", "wide", "high"), [(None, 40, 20), (1, 40, 20), (6, 20, 40)])
def test_sizes_without_decoding(tmp_path, monkeypatch, ending, orientation, wide, high):
    """A picture of 40x20; with the orientation 6 it is shown as 20x40. A box as large as the picture shown is all inside."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    name = f"a.{ending}"
    Image.new("RGB", (40, 20)).save(tmp_path / name, **({} if orientation is None else {"exif": exif}))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("a picture was decoded"))
    boxes = [(0.0, 0.0, wide, high), (0.0, 0.0, wide + 1, high), (0.0, 0.0, wide, high + 1), (wide, 0.0, wide + 9, high)]
    rows = [Row("x", PurePosixPath(name), "train", box=box) for box in boxes]
    nowhere, in_part = beyond(rows, tmp_path, 0.0)
    assert in_part == rows[1:3] and [row for row, _ in nowhere] == rows[3:]
