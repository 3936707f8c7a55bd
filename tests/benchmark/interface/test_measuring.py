"""speed and robustness: what can not be written is refused before a model is asked."""

import pytest
import torch

from benchmark.errors import BadInput, SystemSaysNo
from benchmark.interface.measuring import robustness, speed

from .conftest import DECLARED


@pytest.mark.parametrize("verb", ["speed", "robustness"])
def test_a_place_that_can_not_be_written_is_refused_before_the_model_is_asked(verb, tiny_protocol, result, here, tmp_path):
    asked = []

    def model(images):
        asked.append(len(images))
        return torch.zeros(len(images), 3)

    result.enter("mine")
    file = tmp_path / "reports" / "robustness"
    file.write_text("")
    with pytest.raises(SystemSaysNo, match="robustness: a file, not a folder"):
        if verb == "speed":
            speed(model, tiny_protocol(), preprocessing=DECLARED, device="cpu", out=file / "speed.json", project=tmp_path)
        else:
            robustness(model, tiny_protocol(), preprocessing=DECLARED, device="cpu", entry="mine", **here)
    assert asked == []


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({"out": "."}, SystemSaysNo, "a folder, not a file; name a file"),
        ({"batches": 4}, BadInput, "batches: found 4; expected a list of batch sizes"),
        ({"batches": []}, BadInput, r"batches: found \[\]; expected"),
        ({"models": []}, BadInput, "models: found none; expected one or more"),
    ],
)
def test_what_speed_refuses(given, error, message, tiny_protocol, tmp_path):
    own = {"models": [lambda images: 1 / 0], "preprocessing": DECLARED, "device": "cpu", "project": tmp_path}
    with pytest.raises(error, match=message):
        speed(protocol=tiny_protocol(), **(own | given))
