"""torch.compile in training: the same numbers up to rounding, and the eager network where it can not be had."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.runs.training import compiling
from benchmark.runs.training.compiling import compiled
from benchmark.runs.training.train import train

CPU = torch.device("cpu")


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.output = nn.BatchNorm2d(3), nn.Linear(3, 2)

    def forward(self, x):
        return self.output(self.norm(x).mean((2, 3)))


def test_what_can_not_be_compiled_runs_as_it_is_and_says_so(monkeypatch, capsys):
    def broken(model, **_):
        def fail(x):
            raise RuntimeError("no compiler here\nand a long account")

        return fail

    monkeypatch.setattr(compiling.torch, "compile", broken)
    model = Small()
    assert compiled(model, torch.zeros(2, 3, 4, 4), "float32") is model
    assert capsys.readouterr().out == "not compiled, so slower (RuntimeError: no compiler here)\n"


def test_trying_it_leaves_the_model_as_it_was(monkeypatch):
    calls = []
    monkeypatch.setattr(compiling.torch, "compile", lambda model, **_: lambda x: calls.append(1) or model(x))
    model = Small()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert compiled(model, torch.randn(2, 3, 4, 4), "float32") is not model and calls == [1]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("precision, kind", [("float32", torch.float32), ("bf16", torch.bfloat16)])
def test_what_is_compiled_and_how(monkeypatch, precision, kind):
    """The whole network for one shape, tried in the precision of the training."""
    given, outputs = [], []

    def compile(model, **options):
        given.append((model, options))
        return lambda x: outputs.append(model(x)) or outputs[-1]

    kinds, autocast = [], torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda *own, **named: kinds.append((own, named)) or autocast(*own, **named))
    monkeypatch.setattr(compiling.torch, "compile", compile)
    compiled(model := Small(), torch.zeros(2, 3, 4, 4), precision)
    assert given == [(model, {"dynamic": False, "fullgraph": True})] and [each.dtype for each in outputs] == [kind]
    assert kinds == [(("cpu", torch.bfloat16), {"enabled": precision == "bf16"})]


@pytest.mark.slow
def test_a_compiled_run_learns_the_same(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    """Two epochs of the bounded shortcut with torch's compiler: the losses of the eager run, to rounding."""
    from benchmark.protocol.cells import Run

    run = Run(tiny_protocol(epochs=2), tiny_cell(shortcut="adaptive"), 3)
    eager = train(run, tiny_faces, tmp_path / "eager", device=CPU)
    fast = train(run, tiny_faces, tmp_path / "fast", device=CPU, path="compiled")
    if fast["environment"]["implementation"] != "torch.compile":
        pytest.skip("nothing can be compiled here")
    assert eager["environment"]["implementation"] != "torch.compile"
    found, expected = (record.predictions["test_outputs_none"] for record in (fast, eager))
    # Adam makes steps of full length out of gradients that are rounding alone, such as a bias before BatchNorm has.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)
    assert not np.array_equal(found, expected), "the eager network ran twice"
