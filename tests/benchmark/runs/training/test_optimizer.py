"""Learning rate of every step and the update of every parameter, against formulas written here in float64."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.runs.training.optimizer import learning_rate, make_optimizer


@pytest.fixture
def recipe(tiny_protocol):
    return lambda **changes: tiny_protocol(recipe=changes).recipe


@pytest.mark.parametrize(
    "steps, warmup, rising", [(40, 0.1, 4), (40, 0.0, 0), (7, 0.5, 4), (30, 0.05, 2), (5, 1.0, 5), (1, 0.1, 0)]
)
def test_cosine_after_a_linear_rise_at_every_step(recipe, steps, warmup, rising):
    found = [
        learning_rate(recipe(schedule="cosine", learning_rate=0.5, warmup=warmup), step, steps) for step in range(steps)
    ]
    rise = [0.5 * (step + 1) / rising for step in range(rising)]
    fall = [
        0.5 * math.cos(math.pi * t / (steps - rising) / 2) ** 2 for t in range(steps - rising)
    ]  # (1 + cos 2x) / 2 = cos^2 x
    assert found == pytest.approx(rise + fall, rel=1e-12)


def test_staircase_at_every_step(recipe):
    own = recipe(schedule="staircase", learning_rate=0.4, decay=0.5, decay_steps=3, warmup=0.5)
    assert [learning_rate(own, step, 8) for step in range(8)] == [0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1]


def test_a_schedule_that_there_is_not(recipe):
    with pytest.raises(BadInput, match="schedule: found 'linear'; expected staircase or cosine"):
        learning_rate(_with(recipe(), schedule="linear"), 0, 10)


def _with(recipe, **changes):
    """A recipe with values that reading a protocol would refuse."""
    return dataclasses.replace(recipe, **changes)


class Parameters(nn.Module):
    """One parameter of each number of dimensions, and a matrix that is not trained."""

    def __init__(self):
        super().__init__()
        shapes = {"kernel": (2, 3, 2, 2), "matrix": (3, 2), "vector": (3,), "scalar": ()}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.rand(shape) + 0.5))
        self.fixed = nn.Parameter(torch.ones(2, 2), requires_grad=False)


@pytest.mark.parametrize("kind, decay", [("adamw", 0.3), ("adamw", 0.0), ("adam", 0.0)])
def test_updates_are_adams_with_decoupled_decay_of_matrices(recipe, kind, decay):
    """Loshchilov and Hutter 2019, algorithm 2; Kingma and Ba 2015, algorithm 1."""
    model, rate = Parameters(), 0.01
    optimizer = make_optimizer(recipe(optimizer=kind, weight_decay=decay, learning_rate=rate), model)
    assert type(optimizer) is {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    assert [group["lr"] for group in optimizer.param_groups] == [rate, rate]
    assert all(group["fused"] is True for group in optimizer.param_groups)  # torch's others round otherwise
    own = {name: value.detach().double() for name, value in model.named_parameters()}
    moments = dict.fromkeys(own, (0.0, 0.0))
    for step in range(1, 6):
        for name, parameter in model.named_parameters():
            if name == "fixed":
                continue
            gradient = (torch.rand(parameter.shape) - 0.3) * (1e-7 if name == "vector" else 1)  # epsilon counts
            parameter.grad = gradient
            m, v = (
                0.9 * moments[name][0] + 0.1 * gradient.double(),
                0.999 * moments[name][1] + 0.001 * gradient.double() ** 2,
            )
            moments[name] = m, v
            if parameter.ndim >= 2:
                own[name] = own[name] * (1 - rate * decay)
            own[name] = own[name] - rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
        optimizer.step()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.detach().double(), own[name], rtol=1e-5, atol=1e-6)
    grouped = [[id(parameter) for parameter in group["params"]] for group in optimizer.param_groups]
    assert grouped == [[id(model.kernel), id(model.matrix)], [id(model.vector), id(model.scalar)]]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"optimizer": "sgd"}, "optimizer: found 'sgd'; expected one of adam, adamw"),
        ({"optimizer": "adam", "weight_decay": 0.1}, "weight_decay: found 0.1; expected 0 for adam; use adamw"),
    ],
)
def test_an_optimizer_that_there_is_not(recipe, changes, message):
    with pytest.raises(BadInput, match=message):
        make_optimizer(_with(recipe(), **changes), Parameters())
