"""The modules of examples/outside, which is no package, and faces for their tests."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[3] / "examples" / "outside"
sys.path.append(str(FOLDER))

from benchmark.faces.faceset import write_faceset  # noqa: E402
from benchmark.protocol.protocol import load_protocol  # noqa: E402


@pytest.fixture(scope="session")
def grey_faces(tmp_path_factory) -> Path:
    """A folder of FaceSets with one for fer2013-7: 42 faces of one grey each, 14 in each split. The grey is ten times the
    number of the class."""
    protocol, folder = load_protocol("fer2013-7"), tmp_path_factory.mktemp("prepared")
    n = 42
    classes = np.arange(n) % 7
    write_faceset(
        folder / protocol.data,
        np.broadcast_to((10 * classes).astype(np.uint8)[:, None, None, None], (n, 48, 48, 1)).copy(),
        name=protocol.data,
        version=protocol.data_version,
        classes=protocol.classes,
        id=[f"face-{row}" for row in range(n)],
        split=[protocol.splits[role] for role in ("train", "validation", "test") for _ in range(14)],
        expression=classes,
        valence=np.full(n, np.nan),
        arousal=np.full(n, np.nan),
    )
    return folder


@pytest.fixture
def blind_folder(tmp_path) -> Path:
    """A folder as `ferbench export-test` writes: three grey pictures a, b, c of 4 x 4 pixels, of grey 0, 51 and 255."""
    from PIL import Image

    folder = tmp_path / "faces"
    folder.mkdir()
    with open(folder / "ids.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", "file"])
        for name, grey in zip("abc", (0, 51, 255), strict=True):
            Image.new("L", (4, 4), grey).save(folder / f"{name}.png")
            writer.writerow([name, f"{name}.png"])
    return folder
