"""speed of several models and of a cell with a declaration."""

import pytest
import torch

from benchmark.errors import BadInput
from benchmark.measures.speed import inference
from benchmark.outside.measuring import complexity_of_all, speed

from .test_every_verb_takes_every_model import Here

CPU = torch.device("cpu")


def test_a_cell_is_measured_at_the_size_that_is_declared(colour_protocol, monkeypatch):
    monkeypatch.setattr(inference, "Workers", Here)
    for declared, side in ((None, 16), ({"input_size": 64}, 64)):
        found = speed("mini-xception-plain", colour_protocol, preprocessing=declared, device=CPU, batches=[1], runs=2)
        assert found["cells"]["mini-xception-plain"]["input"] == [3, side, side]


@pytest.mark.parametrize("verb", [complexity_of_all, lambda *given, **named: speed(*given, **named, device=CPU)])
def test_options_are_for_one_model(verb, colour_protocol, stranger):
    with pytest.raises(BadInput, match="weights or options: found them for 2 models; expected one model"):
        verb(["colour_net:Net", "mini-xception"], colour_protocol, options={"width": 4})
