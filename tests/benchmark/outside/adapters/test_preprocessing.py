"""What a model declares: values against plain arithmetic, and the page that explains the keys."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from benchmark.outside.adapters.preprocessing import Input, Preprocessing, preprocessing_from

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
@pytest.mark.parametrize("ends", [(0, 1), (0, 255), (-1, 1)])
def test_values_by_plain_arithmetic(layout, colour, ends):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    mean, deviation = [0.3, 0.2, 0.1], [0.5, 1.5, 2.5]
    contents = {"channels": 3, "colour": colour, "range": list(ends), "mean": mean, "deviation": deviation}
    own = Input(preprocessing_from(contents | {"layout": layout}, "x"))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    found = own.standardise(own.unit(images)).numpy()
    ordered = pixels if colour == "RGB" else pixels[..., [2, 1, 0]]
    expected = (ends[0] + ordered / 255 * (ends[1] - ends[0]) - np.array(mean)) / np.array(deviation)
    assert found == pytest.approx(expected if layout == "NHWC" else expected.transpose(0, 3, 1, 2), rel=1e-5, abs=1e-5)


def test_grey_faces_are_repeated_and_colour_can_be_taken_away():
    grey = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    three = Input(Preprocessing(channels=3))
    assert three.unit(grey).tolist() == [[[[0.0, 1.0]]] * 3]
    colour = torch.tensor([255, 0, 0, 0, 255, 0], dtype=torch.uint8).view(2, 3, 1, 1)
    found = Input(Preprocessing(channels=3), grey=True).unit(colour)
    assert found.flatten(1).tolist() == pytest.approx(np.array([[0.299] * 3, [0.587] * 3]))


def test_the_pages_explain_every_key_with_its_default_and_give_an_example():
    text = (DOCS / "reference" / "models.md").read_text(encoding="utf-8")
    table = text[text.index("| key | default |") :].split("\n\n")[0]
    keys = [key for row in re.findall(r"^\| (`\w+`) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert sorted(keys) == sorted(Preprocessing().as_dict())
    page = DOCS / "model-files.md"
    (example,) = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    declared = preprocessing_from(yaml.safe_load(example), page)
    assert declared.range == (-1.0, 1.0) and declared.channels == 1 and len(declared.classes) == 7


@pytest.mark.parametrize("said, taken", [("logits", "scores"), ("scores", "scores"), ("probabilities", "probabilities")])
def test_the_words_for_outputs(said, taken):
    assert preprocessing_from({"outputs": said}, "x").outputs == taken
