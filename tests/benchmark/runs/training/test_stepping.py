"""Every path computes the same training: the whole step compiled, and as a CUDA graph, of which a CPU can play the part."""

import itertools
import math

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.protocol.cells import Run
from benchmark.runs.training import capture, compiling, stepping
from benchmark.runs.training import trainer as trainers
from benchmark.runs.training.paths import PATHS, check_path, possible, without, words_of
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import Trainer

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
pytestmark = pytest.mark.usefixtures("one_thread")
# The last batch of the run is not whole; Adam's eps changes with every step.
CROSSING = {
    "optimizer": "adam",
    "weight_decay": 0.0,
    "schedule": "staircase",
    "decay": 0.5,
    "decay_steps": 7,
    "batches": "across-epochs",
    "epsilon_hat": 1e-4,
    "precision": "float32",
}


def test_names_of_paths():
    assert len(PATHS) == len(set(PATHS)) == 12
    assert {"eager", "compiled", "step", "graph", "compiled+graph", "step+graph+triton"} < set(PATHS)
    assert [path for path in PATHS if possible(path, "cpu")] == ["eager", "compiled", "step"]
    assert all(possible(path, "cuda") for path in PATHS)
    assert words_of("eager") == set() and words_of("compiled+graph") == {"compiled", "graph"}
    assert without("compiled+graph", "graph") == "compiled" and without("graph", "graph") == "eager"
    check_path("step", "cpu")
    check_path("graph", "cuda")
    for path in ("graph", "eager+triton", "compiled+step", ""):
        with pytest.raises(BadInput, match="one of eager, compiled, step on cpu"):
            check_path(path, "cpu")


@pytest.fixture
def played(monkeypatch):
    """A CPU plays the GPU: what `recorded` gives makes the step again, with the learning rate of the tensor and gradients at
    their places. Gives the list of captures."""
    made = []

    def recorded(step):
        for _ in range(capture.WARM_UP):
            step()
        result = step().clone()
        optimizer = made[-1]
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        places = [each.grad for each in parameters]

        def replay():
            rates = [group["lr"] for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                group["lr"] = optimizer.rate
            result.copy_(step())
            for parameter, place in zip(parameters, places, strict=True):
                parameter.grad = place.copy_(parameter.grad)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate

        return replay, result

    original = capture._rate_as_tensor

    def noted(optimizer, rate):
        made.append(optimizer)
        optimizer.rate = rate
        return original(optimizer, rate)

    monkeypatch.setattr(capture, "_rate_as_tensor", noted)
    monkeypatch.setattr(capture, "recorded", recorded)
    return made


def history(record) -> list[float]:
    return [entry[key] for entry in record["history"] for key in ("train_loss", "learning_rate")]


@pytest.mark.parametrize(
    "task, loss, recipe",
    [
        ("categorical", "weighted", {"gradient_clip": 0.5}),
        ("categorical", "plain", CROSSING),
        ("dimensional", "mse+ccc", {}),
    ],
)
def test_a_graph_learns_the_same_stopped_or_not(
    tmp_path, tiny_faces, tiny_protocol, tiny_cell, played, monkeypatch, task, loss, recipe
):
    """Losses and predictions of eager training. The rate is a float32 there and a float64 here."""
    run = Run(tiny_protocol(task, recipe=recipe), tiny_cell(loss, normalisation="frozen"), 3)
    if bf16 := task == "dimensional":
        monkeypatch.setattr(trainers, "precision_of", lambda *_: "bf16")
    eager = train(run, tiny_faces, tmp_path / "eager", device=CPU)
    assert not played
    graph = train(run, tiny_faces, tmp_path / "graph", device=CPU, path="graph")
    assert len(played) == 1 and graph["environment"]["implementation"].endswith(", CUDA graph")
    asked = itertools.count(1)
    with pytest.raises(Interrupted):
        train(run, tiny_faces, tmp_path / "parts", device=CPU, path="graph", stop=lambda: next(asked) == 8)
    parts = train(run, tiny_faces, tmp_path / "parts", device=CPU, path="graph")
    close = {"rtol": 0, "atol": 2e-2 if bf16 else 1e-4}
    for record in (graph, parts):
        np.testing.assert_allclose(history(record), history(eager), **close)
        found, right = (each.predictions["test_outputs_none"] for each in (record, eager))
        np.testing.assert_allclose(found, right, **close)
    assert np.array_equal(graph.predictions["test_outputs_none"], parts.predictions["test_outputs_none"])


def begun(run, faces, path: str) -> Trainer:
    return Trainer(run, faces, CPU, load_splits(faces, run.protocol, CPU), path=path)


def test_a_capture_changes_nothing_and_leaves_the_groups_as_they_were(
    tiny_faces, tiny_protocol, tiny_cell, played, monkeypatch
):
    """Of a new run, where the optimiser has no state, and of one under way. The step after the capture is left out."""
    monkeypatch.setattr(capture.Captured, "__call__", lambda self, *_: self.loss)
    run = Run(tiny_protocol(), tiny_cell(), 3)
    for steps in (0, 4):
        trainer = begun(run, tiny_faces, "eager")
        order = trainer.order()
        for _ in range(steps):
            trainer.train_step(order)
        before = {name: each.clone() for name, each in trainer.model.state_dict().items()}
        parameters = [each for group in trainer.optimizer.param_groups for each in group["params"]]
        states = [{k: v.clone() for k, v in trainer.optimizer.state[each].items()} for each in parameters]
        trainer.path = "graph"
        trainer.train_step(order)
        assert trainer.captured is not None
        assert all(torch.equal(before[name], each) for name, each in trainer.model.state_dict().items())
        for parameter, state in zip(parameters, states, strict=True):
            for name, value in trainer.optimizer.state[parameter].items():
                assert torch.equal(value, state[name] if steps else torch.zeros_like(value)), name
        for group in trainer.optimizer.param_groups:
            assert isinstance(group["lr"], float) and group["capturable"] is False


def test_gradients_lie_where_the_graph_puts_them(tiny_faces, tiny_protocol, tiny_cell, played, monkeypatch):
    trainer = begun(Run(tiny_protocol(), tiny_cell(), 3), tiny_faces, "graph")
    order = trainer.order()
    trainer.train_step(order)
    places = trainer.captured.gradients
    trainer.optimizer.zero_grad(set_to_none=True)  # as a step on another path does
    monkeypatch.setattr(trainer.captured, "replay", lambda: None)
    trainer.train_step(order)
    assert all(each.grad is place for each, place in zip(trainer.captured.parameters, places, strict=True))


def test_what_can_not_be_captured_is_trained_without(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch, capsys):
    def fails(step):
        step()
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(capture, "recorded", fails)
    run = Run(tiny_protocol(epochs=1), tiny_cell(), 3)
    eager = train(run, tiny_faces, tmp_path / "eager", device=CPU)
    record = train(run, tiny_faces, tmp_path / "graph", device=CPU, path="graph")
    said = "no CUDA graph, so slower (RuntimeError: operation not permitted when stream is capturing)\n"
    assert capsys.readouterr().out.count(said) == 1
    assert record["environment"]["implementation"] == eager["environment"]["implementation"]
    assert np.array_equal(record.predictions["test_outputs_none"], eager.predictions["test_outputs_none"])


@pytest.fixture
def traced(monkeypatch):
    """torch.compile without its code generation, which takes half a minute: the graphs run on torch's operators."""
    whole = torch.compile
    monkeypatch.setattr(
        compiling.torch, "compile", lambda function, **options: whole(function, backend="aot_eager", **options)
    )
    torch._dynamo.reset()


@pytest.mark.parametrize(
    "task, loss, recipe",
    [("categorical", "weighted", {"gradient_clip": 0.5}), ("categorical", "plain", CROSSING), ("dimensional", "ccc", {})],
)
def test_the_whole_step_compiled_learns_the_same(tmp_path, tiny_faces, tiny_protocol, tiny_cell, traced, task, loss, recipe):
    """Forward pass, loss and backward pass are one graph (fullgraph), also with the bounded shortcut's own gradient. The
    first case has units that change the width, too."""
    units = {} if loss == "weighted" else {"units": [1], "widths": [4]}
    run = Run(tiny_protocol(task, recipe=recipe), tiny_cell(loss, normalisation="frozen", **units), 3)
    eager = train(run, tiny_faces, tmp_path / "eager", device=CPU)
    record = train(run, tiny_faces, tmp_path / "step", device=CPU, path="step")
    assert record["environment"]["implementation"] == "torch.compile of the step"
    np.testing.assert_allclose(history(record), history(eager), rtol=0, atol=1e-4)
    found, right = (each.predictions["test_outputs_none"] for each in (record, eager))
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_one_compiled_step_is_the_eager_one(tiny_faces, tiny_protocol, tiny_cell, monkeypatch, precision):
    """With torch's own compiler: loss, gradients and running statistics."""
    monkeypatch.setattr(trainers, "precision_of", lambda *_: precision)
    run = Run(tiny_protocol(), tiny_cell(), 3)
    both = [begun(run, tiny_faces, path) for path in ("eager", "step")]
    assert both[1].path == "step", "not compiled"
    for trainer in both:
        trainer.train_step(trainer.order())
    one, other = ({n: p.grad for n, p in each.model.named_parameters()} for each in both)
    size = math.sqrt(sum(each.square().sum().item() for each in one.values()))
    tolerance = 1e-4 if precision == "float32" else 5e-2
    assert both[0].loss_sum.item() == pytest.approx(both[1].loss_sum.item(), rel=tolerance)
    assert max((one[name] - other[name]).norm().item() for name in one) < tolerance * size
    for name, value in both[0].model.named_buffers():
        torch.testing.assert_close(value, both[1].model.get_buffer(name), rtol=tolerance, atol=tolerance)


def test_a_step_that_can_not_be_compiled_is_eager(tiny_faces, tiny_protocol, tiny_cell, monkeypatch, capsys):
    def broken(function, **_):
        def fail(*_):
            raise RuntimeError("no compiler here")

        return fail

    monkeypatch.setattr(compiling.torch, "compile", broken)
    trainer = begun(Run(tiny_protocol(), tiny_cell(), 3), tiny_faces, "step")
    assert trainer.path == "eager" and trainer.gradients is None and "torch.compile" not in trainer.implementation
    assert capsys.readouterr().out == "not compiled, so slower (RuntimeError: no compiler here)\n"


def test_triton_is_used_where_there_is_a_shortcut_for_it(tiny_faces, tiny_protocol, tiny_cell, monkeypatch, capsys):
    bounded, identity = (Run(tiny_protocol(), tiny_cell(shortcut=each), 3) for each in ("fixed", "identity"))
    trainer = begun(bounded, tiny_faces, "triton")
    assert trainer.implementation.endswith(", Triton shortcut")
    assert all(unit.shortcut.triton for unit in trainer.model.units)
    assert begun(identity, tiny_faces, "triton").path == "eager"
    monkeypatch.setattr(stepping.importlib.util, "find_spec", lambda name: None)
    trainer = begun(bounded, tiny_faces, "triton")
    assert trainer.path == "eager" and not any(unit.shortcut.triton for unit in trainer.model.units)
    assert capsys.readouterr().out == "Triton is not installed, so slower\n"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("path", [path for path in PATHS if path != "eager"])
def test_paths_on_a_gpu(tmp_path, tiny_faces, tiny_protocol, tiny_cell, path):
    run = Run(tiny_protocol(recipe={"precision": "float32"}), tiny_cell(normalisation="frozen"), 3)
    eager = train(run, tiny_faces, tmp_path / "eager", device=CUDA)
    record = train(run, tiny_faces, tmp_path / "path", device=CUDA, path=path)
    assert record["environment"]["implementation"] != eager["environment"]["implementation"]
    np.testing.assert_allclose(history(record), history(eager), rtol=0, atol=1e-3)
    found, right = (each.predictions["test_outputs_none"] for each in (record, eager))
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-2)
