"""`ferbench bench`: the plain loop is the same network and trains; counts against hand-derived ones; what is written."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from ablations.network import bregnext_50
from benchmark.errors import BadInput, Interrupted
from benchmark.measures.speed import plain
from benchmark.measures.speed import training as measure
from benchmark.measures.speed.roofline import Ceilings, count_step, floor_seconds

CPU = torch.device("cpu")
UNIT_MACS = 1_777_730_560  # of BReG-NeXt-50 at 64x64 with 8 outputs, as the release's audit derives them


@pytest.mark.parametrize("shortcut", ["identity", "fixed", "adaptive"])
def test_the_plain_network_is_the_suites(shortcut):
    """Its weights load into the other, and both give the same outputs: what is compared is the same function."""
    own = bregnext_50(7, 3, 16, shortcut=shortcut).to(memory_format=torch.channels_last)
    other = plain.Network(7, 3, shortcut)
    other.load_state_dict(own.state_dict())
    x = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(own(x.contiguous(memory_format=torch.channels_last)), other(x), rtol=1e-3, atol=1e-3)
        for model in (own, other):
            model.eval()
        torch.testing.assert_close(own(x.contiguous(memory_format=torch.channels_last)), other(x), rtol=1e-3, atol=1e-3)


def test_operations_and_bytes_of_one_convolution_by_hand():
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.output = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Linear(4, 2, bias=False)

        def forward(self, x):
            return self.output(self.convolution(x).mean((2, 3)))

    found = count_step(One(), 5, 3, 6, 2)
    convolution, product = 2 * 5 * 36 * 4 * 27, 2 * 5 * 4 * 2
    assert found["evaluation_operations"] == convolution + product
    # Backward: the weights' gradients; the pictures need none, the pooled features do.
    assert found["operations"] == 2 * convolution + 3 * product
    pictures, maps, weights = 5 * 3 * 36, 5 * 4 * 36, 4 * 27
    assert found["evaluation_bytes"] == 4 * (pictures + maps + weights + (20 + 8 + 10))
    assert floor_seconds(10, 100, {"operations_per_second": 5, "bytes_per_second": 20}) == 5


def test_operations_of_the_network_are_the_audited_ones():
    network = bregnext_50(8, 3, 64)
    found = count_step(network, 1, 3, 64, 8)
    assert found["evaluation_operations"] == pytest.approx(2 * UNIT_MACS, rel=1e-3)
    assert 2.9 < found["operations"] / found["evaluation_operations"] < 3
    assert all(p.grad is None for p in network.parameters()) and network.units[0].residual[0].running_mean.eq(0).all()


def test_ceilings_are_speeds_that_some_work_really_reached():
    found = Ceilings(CPU).measure()
    assert 1e8 < found["bytes_per_second"] < 1e14 and 1e8 < found["operations_per_second"] < 1e16


@pytest.fixture(scope="module")
def written(tmp_path_factory, quick_workers):
    out = tmp_path_factory.mktemp("bench") / "cpu.json"
    given = {"shortcuts": ["adaptive"], "sizes": [8], "batch": 8, "rounds": 2, "others": ["timm:resnet18"]}
    return measure.bench(out, device=CPU, networks=["narrow8-12"], ways=["plain", "timm_parts"], **given), out


def test_what_is_written_follows_from_the_seconds_measured(written):
    found, out = written
    assert json.loads(out.read_text()) == found
    (each,) = found["comparisons"]
    others = {"plain", "timm_parts", "timm:resnet18"}
    assert set(each["contenders"]) == {"suite"} | others and set(each["ratios"]) == others
    assert (each["network"], found["instructions"], found["pictures"], found["left_out"]) == ("narrow8-12", "native", 32, {})
    close = partial(pytest.approx, rel=1e-5)  # what is written has six digits
    own, other = (each["contenders"][name]["train"]["values"] for name in ("suite", "plain"))
    assert each["ratios"]["plain"]["train"]["values"] == close([a / b for a, b in zip(own, other, strict=True)])
    assert each["contenders"]["suite"]["train"]["median"] == close(np.median(own))
    memory = [each["contenders"][name]["memory_bytes"] for name in ("suite", "plain")]
    assert each["ratios"]["plain"]["memory"] == (close(memory[0] / memory[1]) if all(memory) else None)
    floor = each["floor"]
    assert floor["achieved"]["train"] == close(floor["train_seconds"] * np.median(own) / 8)
    lines = measure.table(found)
    assert len(lines) == 6 and "| plain loop |" in lines[2] and all(line.count("|") == lines[0].count("|") for line in lines)


def test_bad_requests_and_a_stop_leave_nothing(tmp_path):
    out = tmp_path / "cpu.json"
    for odd in ({"sizes": [30]}, {"shortcuts": ["none"]}, {"rounds": 1}, {"batch": 0}, {"batch": 10**6},
                {"networks": ["narrow8-12@6"]}, {"networks": ["narrow8-12@x"]}, {"networks": ["bregnext-50-post@8"]},
                {"ways": ["none"]}, {"instructions": "avx1024"}):  # fmt: skip
        with pytest.raises(BadInput, match="bench|cell"):
            measure.bench(out, device=CPU, **odd)
    with pytest.raises(Interrupted):
        measure.bench(out, device=CPU, sizes=[8], shortcuts=["fixed"], ways=[], others=[], stop=lambda: True)
    assert not out.exists()
