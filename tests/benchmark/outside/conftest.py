"""A small network that tells colours apart, trained for some steps on drawn pictures, as a stranger would hold it."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.files import read_yaml
from benchmark.protocol.protocol import RECIPES, Protocol, protocol_from

CLASSES = ("red", "blue", "dark", "light")
SIZE, SMALL = 16, 8
# The stranger's network: 8 pixels a side, BGR, 0..255, one mean and deviation a channel, its own order of classes.
DECLARED = {
    "input_size": SMALL,
    "channels": 3,
    "colour": "BGR",
    "range": [0, 255],
    "mean": [110.0, 115.0, 125.0],
    "deviation": [60.0, 61.0, 64.0],
    "classes": ["light", "red", "dark", "blue"],
}
MODULE = """
import pathlib
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, num_outputs, in_channels, input_size, *, width=8):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.output = nn.Linear(width, num_outputs)

    def forward(self, x):
        return self.output(self.features(x).mean((2, 3)))


def trained(num_outputs, in_channels, input_size):
    model = Net(num_outputs, in_channels, input_size)
    path = pathlib.Path(__file__).with_name("net.pt")
    model.load_state_dict(torch.load(path, weights_only=True))
    return model


trained.preprocessing = {declared!r}
"""


@dataclasses.dataclass(frozen=True)
class Stranger:
    """Their files: `folder` is on sys.path and holds colour_net.py and net.pt."""

    folder: Path
    model: torch.nn.Module


def pictures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (n, SIZE, SIZE, 3) and int64 (n,): red and blue tints and dark and light greys, overlapping a little."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % len(CLASSES)
    base = np.array([[150, 110, 90], [90, 110, 150], [80, 80, 80], [170, 170, 170]])[label]
    level = base[:, None, None] + rng.normal(0, 22, (n, 1, 1, 3)) + rng.normal(0, 20, (n, SIZE, SIZE, 3))
    return level.clip(0, 255).astype(np.uint8), label


def by_hand(images: np.ndarray) -> torch.Tensor:
    """float32 (N, 3, 8, 8): what the network wants, written plainly from `DECLARED`."""
    halved = images.astype(np.float64).reshape(len(images), SMALL, 2, SMALL, 2, 3).mean((2, 4)).round()
    turned = (halved[..., ::-1] - np.array(DECLARED["mean"])) / np.array(DECLARED["deviation"])
    return torch.from_numpy(np.ascontiguousarray(turned.transpose(0, 3, 1, 2))).float()


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """These networks are too small to share: threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def colour_faces(tmp_path_factory) -> FaceSet:
    images, label = pictures(1200, 3)
    n = len(label)
    return write_faceset(
        tmp_path_factory.mktemp("prepared") / "colours",
        images,
        name="colours",
        version="1.0",
        classes=CLASSES,
        id=[f"face-{row}" for row in range(n)],
        split=["train" if row < 400 else "validation" if row < 800 else "test" for row in range(n)],
        expression=label,
        valence=(label % 2 - 0.5),
        arousal=(label // 2 - 0.5),
    )


def few_faces(folder: Path, n: int) -> FaceSet:
    """`n` faces like `colour_faces`, a third of them for each role."""
    images, label = pictures(n, 4)
    split = ["train", "validation", "test"]
    return write_faceset(
        folder / "colours", images, name="colours", version="1.0", classes=CLASSES,
        id=[f"few-{row}" for row in range(n)], split=[split[3 * row // n] for row in range(n)], expression=label,
    )  # fmt: skip


@pytest.fixture(scope="session")
def colour_protocol() -> Protocol:
    contents = {
        "name": "colours-4",
        "version": "1.0",
        "data": "colours",
        "data_version": "1.0",
        "task": "categorical",
        "classes": list(CLASSES),
        "splits": {"train": "train", "validation": "validation", "test": "test"},
        "input_size": SIZE,
        "channels": 3,
        "recipe_name": "standard",
        "epochs": 1,
        "selection": "best-validation",
        "tta": ["none", "flip"],
    }
    return protocol_from(contents, "test", recipe=read_yaml(RECIPES)["standard"])


@pytest.fixture(scope="session")
def stranger(tmp_path_factory, colour_faces) -> Stranger:
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "colour_net.py").write_text(MODULE.replace("{declared!r}", repr(DECLARED)))
    sys.path.insert(0, str(folder))
    try:
        import colour_net

        torch.manual_seed(0)
        model = colour_net.Net(4, 3, SMALL)
        rows = colour_faces.rows("train")
        order = torch.tensor([DECLARED["classes"].index(name) for name in CLASSES])
        inputs, targets = by_hand(colour_faces.pictures[rows]), order[torch.from_numpy(colour_faces.expression[rows])]
        optimizer = torch.optim.Adam(model.parameters(), 0.02)
        for _ in range(60):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        torch.save(model.state_dict(), folder / "net.pt")
        yield Stranger(folder, model.eval())
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("colour_net", None)
