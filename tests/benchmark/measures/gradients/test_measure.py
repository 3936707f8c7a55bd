"""What `ferbench gradients` measures, against hand-derived values, finite differences and its own restart."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.claims.finding import DECIDING, FURTHER, SCALED_DOWN
from benchmark.claims.load import load_claims
from benchmark.cli.main import main
from benchmark.errors import BadInput, Interrupted
from benchmark.measures.gradients import measure as gradients
from benchmark.measures.gradients import plan as plan_gradients
from benchmark.measures.gradients.measure import follow, is_finite, measure
from benchmark.protocol.building import create
from benchmark.protocol.cells import Cell, Run
from benchmark.runs.training.pixels import load_splits, standardiser
from benchmark.runs.training.trainer import build_model

CPU = torch.device("cpu")


class Scale(nn.Module):
    """h -> w h, with a scalar that is trained and does nothing."""

    def __init__(self, w):
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), w))
        self.c = nn.Parameter(torch.tensor(7.0))

    def forward(self, h):
        return self.weight * h


class Chain(nn.Module):
    """(N, 1, 1, 2) -> two outputs, which are the stream behind the units."""

    def __init__(self, *scales):
        super().__init__()
        self.units = nn.Sequential(*map(Scale, scales))

    def forward(self, x):
        return self.units(x).flatten(1)


def residual(**options):
    torch.manual_seed(0)
    sizes = {"num_outputs": 3, "in_channels": 3, "input_size": 8}
    return create("residual", **sizes, **{"units": [1, 1, 1, 1, 1], "widths": [4, 6, 8]} | options)


@pytest.fixture
def batch():
    draws = torch.Generator().manual_seed(1)
    return torch.randn(5, 3, 8, 8, generator=draws), torch.tensor([0, 1, 2, 1, 0])


@pytest.fixture
def at_hand(tiny_faces, tiny_protocol):
    """A function (cell options, recipe changes) -> keyword-less arguments of `follow`."""

    def make(recipe=None, **options):
        protocol = tiny_protocol(recipe=recipe)
        cell = Cell("x", "residual", {"units": [1, 1, 1], "widths": [4, 4], **options}, "plain")
        splits = load_splits(tiny_faces, protocol, CPU)
        return Run(protocol, cell, 3), tiny_faces, splits, standardiser(protocol, splits["train"]), CPU

    return make


def test_hand_derived_chain():
    """z = 2 x 3 x; d(loss)/dz = softmax(z) - onehot for each picture, 3 and 6 times that one and two units before."""
    x, targets = torch.tensor([[0.1, -0.2], [0.3, 0.05]]), torch.tensor([0, 1])
    found = measure(Chain(2.0, 3.0), x[:, None, None], targets)
    z = 6 * x.double().numpy()
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    at_end = p - np.eye(2)[targets]
    norm = np.mean(np.linalg.norm(at_end, axis=1))
    assert found["loss"] == pytest.approx(-np.log(p[[0, 1], [0, 1]]).mean(), rel=1e-6)
    assert found["gradient"] == pytest.approx([6 * norm, 3 * norm, norm], rel=1e-6)
    assert found["deviation"] == pytest.approx([np.std(z) / 6, np.std(z) / 3, np.std(z)], rel=1e-6)
    by_weights = [abs((at_end * z).sum() / w / 2) for w in (2, 3)]  # mean loss: half the sum over two pictures
    assert found["weights"] == pytest.approx(by_weights, rel=1e-5)
    assert found["scalars"] == {"c": [7.0, 7.0]}


@pytest.mark.parametrize("normalisation", ["working", "frozen"])
@pytest.mark.parametrize("shortcut", ["identity", "adaptive"])
def test_gradients_are_the_finite_differences_of_the_loss(batch, shortcut, normalisation):
    """The stream of one picture moved along orthonormal directions that span it: their slopes make up the norm."""
    inputs, targets = batch[0][:3, :, :4, :4].double(), batch[1][:3]
    model = residual(units=[1, 1, 1], widths=[3, 4], shortcut=shortcut, normalisation=normalisation).double()
    found = measure(model, inputs, targets)

    def loss_with(point, shift):
        """Mean loss with `shift` added to the stream before unit 0 (point 0) or behind unit point - 1."""
        unit = model.units[max(point - 1, 0)]
        if point == 0:
            hook = unit.register_forward_pre_hook(lambda _, given: (given[0] + shift,))
        else:
            hook = unit.register_forward_hook(lambda _, given, out: out + shift)
        try:
            return nn.functional.cross_entropy(model(inputs), targets).item()
        finally:
            hook.remove()

    stream = inputs_of(model, inputs)
    for point in (0, 2, 3):
        rng, norms = np.random.default_rng(point), []
        for picture in range(len(inputs)):
            shape, size = stream[point].shape[1:], stream[point][0].numel()
            basis, _ = np.linalg.qr(rng.normal(size=(size, size)))
            total = 0.0
            for direction in basis.T:
                step = torch.zeros_like(stream[point])
                step[picture] = torch.from_numpy(1e-5 * direction).view(shape)
                total += ((loss_with(point, step) - loss_with(point, -step)) / 2e-5) ** 2
            norms.append(len(inputs) * math.sqrt(total))
        assert found["gradient"][point] == pytest.approx(np.mean(norms), rel=1e-4)


def inputs_of(model, inputs):
    """The stream at every point, by calling the parts one after the other."""
    with torch.no_grad():
        points = [model.stem(inputs)]
        for unit in model.units:
            points.append(unit(points[-1]))
    return points


def test_weights_and_deviation_against_backward(batch):
    model, (inputs, targets) = residual(shortcut="adaptive"), batch
    found = measure(model, inputs, targets)
    points = inputs_of(model, inputs)
    assert found["deviation"] == pytest.approx([np.std(p.double().numpy()) for p in points], rel=1e-5)
    nn.functional.cross_entropy(model(inputs), targets).backward()
    by_unit = [np.linalg.norm([p.grad.norm().item() for p in unit.parameters()]) for unit in model.units]
    assert found["weights"] == pytest.approx(by_unit, rel=1e-4)
    assert found["scalars"] == {"a": [1.0] * 5, "c": [1.0] * 5}


def test_leaves_the_network_as_it_was(batch):
    model = residual().eval()
    model.units[0].train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measure(model, *batch)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert model.units[0].training and not model.training and not model.units[1].training
    assert not model.units[0]._forward_hooks


def test_networks_that_can_not_be_measured(batch):
    with pytest.raises(BadInput, match="units: found NoneType"):
        measure(nn.Linear(2, 2), *batch)
    chain = Chain(1.0, 1.0)
    chain.forward = lambda x: chain.units[1](chain.units[0](x) + 1).flatten(1)
    with pytest.raises(BadInput, match="each unit called once"):
        measure(chain, torch.ones(2, 1, 1, 2), torch.tensor([0, 1]))
    assert not chain.units[0]._forward_hooks


def test_overflow_at_initialisation_is_marked(at_hand, monkeypatch):
    def overflowing(*arguments):
        model = build_model(*arguments)
        with torch.no_grad():
            model.stem.weight *= 1e38
        return model

    monkeypatch.setattr(gradients, "build_model", overflowing)
    found = follow(*at_hand(normalisation="frozen"), images=4, steps=[0])
    assert (found["status"], found["diverged_at"], found["moments"]) == ("diverged", 0, [])
    assert found["layers"] == 2 * 3 + 2


def test_measuring_does_not_change_training(at_hand):
    arguments = at_hand(shortcut="adaptive")
    often = follow(*arguments, images=8, steps=[0, 1, 2, 5])
    once = follow(*arguments, images=8, steps=[0, 5])
    assert often["moments"][-1] == once["moments"][-1] and often["moments"][-1]["step"] == 5
    a = often["moments"][-1]["scalars"]["a"]
    assert len(set(a)) > 1 and a != often["moments"][0]["scalars"]["a"]
    assert often["moments"][-1]["loss"] != often["moments"][0]["loss"]


def test_training_goes_on_as_the_recipe_does_across_epochs(at_hand, monkeypatch):
    from benchmark.runs.training.trainer import Trainer

    seen = []
    step = Trainer.train_step

    def spy(self, order):
        seen.append((self.epoch, self.step, order.tolist()))
        step(self, order)

    monkeypatch.setattr(Trainer, "train_step", spy)
    arguments = at_hand(recipe={"batch_size": 40})  # 100 training faces: two steps an epoch
    follow(*arguments, images=8, steps=[0, 3])
    assert [each[:2] for each in seen] == [(0, 0), (0, 1), (1, 0)]
    assert seen[0][2] == seen[1][2] != seen[2][2]
    with pytest.raises(BadInput, match="steps: found 7; expected at most 6"):
        follow(*arguments, images=8, steps=[0, 7])


def test_divergence_in_training_ends_a_measurement(at_hand):
    changes = {"learning_rate": 1e18, "gradient_clip": 0.0, "warmup": 0.0}
    found = follow(*at_hand(recipe=changes, normalisation="frozen"), images=8, steps=[0, 2, 4])
    assert (found["status"], found["diverged_at"]) == ("diverged", 2) and len(found["moments"]) == 1


def test_stops_between_steps_and_refuses_odd_probes(at_hand):
    arguments, asked = at_hand(), []
    with pytest.raises(Interrupted, match="after step 2"):
        follow(*arguments, images=8, steps=[0, 4], stop=lambda: asked.append(1) or len(asked) == 2)
    with pytest.raises(BadInput, match="images: found 101; expected 2 to 100"):
        follow(*arguments, images=101, steps=[0])


def test_finite():
    found = {"loss": 1.0, "deviation": [1.0], "gradient": [1.0], "weights": [math.inf]}
    assert not is_finite(found) and is_finite(found | {"weights": [0.0]})


PLANS = {
    "networks": {"n": {"model": "residual", "options": {"units": [1, 1, 1], "widths": [4, 4]}}},
    "axes": {"shortcut": ["identity", "adaptive"], "normalisation": ["working"]},
    "plans": {
        "p": {
            "protocol": "tiny-categorical", "images": 8, "seeds": [0, 1], "initialisation": [],
            "training": {"networks": ["n"], "steps": [0, 2]},
        }
    },
}  # fmt: skip


@pytest.fixture
def tiny_plan(monkeypatch, tiny_protocol, quick_workers):
    monkeypatch.setattr(plan_gradients, "load_protocol", lambda name: tiny_protocol())
    monkeypatch.setattr(plan_gradients, "read_yaml", lambda path: PLANS)


def test_plan_is_resumed_and_the_same_for_any_number_of_processes(tiny_plan, tiny_faces, tmp_path):
    prepared, work, out = tiny_faces.directory.parent, tmp_path / "work", tmp_path / "out.json"
    contents = plan_gradients.measure_plan("p", prepared, work, out, CPU, jobs=2)
    assert json.loads(out.read_text()) == contents and len(contents["measurements"]) == 4
    assert contents["data"]["fingerprint"] == tiny_faces.fingerprint
    beside = json.loads((tmp_path / "out.machine.json").read_text())
    assert beside["environment"]["threads"] == 1 and "environment" not in contents
    assert [(m["shortcut"], m["seed"]) for m in contents["measurements"]] == [
        ("identity", 0), ("adaptive", 0), ("identity", 1), ("adaptive", 1),
    ]  # fmt: skip
    kept = sorted(work.iterdir())
    kept[0].unlink()
    kept[1].write_text("{ damaged")
    stale, marked = (json.loads(path.read_text()) for path in kept[2:])
    stale["digest"] = "another"
    stale["measured"]["layers"] = -2  # measured again
    marked["measured"]["layers"] = -1  # taken as it is
    kept[2].write_text(json.dumps(stale))
    kept[3].write_text(json.dumps(marked))
    again = plan_gradients.measure_plan("p", prepared, work, out, CPU, jobs=1)
    changed = [a != b for a, b in zip(again["measurements"], contents["measurements"], strict=True)]
    assert sum(changed) == 1 and again["measurements"][changed.index(True)]["layers"] == -1


def test_clock_counts_steps_and_tells_the_time_left(monkeypatch):
    now = iter([100.0, 130.0, 400.0, 401.0])
    monkeypatch.setattr(plan_gradients.time, "monotonic", lambda: next(now))
    settings = {s.steps[-1]: s for s in plan_gradients.load_plan("default")}
    start, trained = settings[0], settings[100]
    clock = plan_gradients.Clock([trained, start, trained, start])  # 101 + 1 + 101 + 1
    assert clock.told(start) == "about 102 min left"  # 30 s for 1 of 204: 30 x 203 = 6090 s
    assert clock.told(trained) == "about 5 min left"  # 300 s for 102 of 204
    assert clock.told(trained) == "about 1 s left"  # 301 s for 203 of 204


def test_plans_of_unseen_seeds_measure_what_the_claims_ask_for():
    """Seeds 100 to 107 at the start and after 200 steps, by protocol and network, at the recipe's learning rate."""
    measured = {}
    for name in ("fer2013-start", "fer2013-study-start", "fer2013-study", "fer2013-paper"):
        for s in plan_gradients.load_plan(name):
            assert s.run.cell.learning_rate is None and s.run.recipe == s.run.protocol.recipe
            key = (s.run.protocol.name, s.network, s.steps[-1], s.axes["shortcut"], s.axes["normalisation"])
            measured.setdefault(key, set()).add(s.run.seed)
    roles = (DECIDING, FURTHER, SCALED_DOWN)
    asked = [check for claim in load_claims() for role in roles for check in claim.tests(role)]
    checks = [check for check in asked if check.parameters.get("seeds", [0])[0] == 100]
    assert len(checks) == 17
    for check in checks:
        p = check.parameters
        for norm in p.get("normalisations") or [p["normalisation"]]:
            for shortcut in (p["a"], p["b"]):
                for network, end in [(n, 0) for n in p["networks"]] + [(n, 200) for n in p["trained"]]:
                    seeds = measured[p["protocol"], network, end, shortcut, norm]
                    assert seeds <= set(p["seeds"]) and len(seeds) == p["minimum_seeds"]


def test_error_of_a_worker_arrives_with_its_words(tiny_plan, tiny_faces, tmp_path, monkeypatch):
    plan = json.loads(json.dumps(PLANS))
    plan["plans"]["p"]["images"] = 101
    monkeypatch.setattr(plan_gradients, "read_yaml", lambda path: plan)
    out = tmp_path / "out.json"
    with pytest.raises(BadInput, match="images: found 101; expected 2 to 100"):
        plan_gradients.measure_plan("p", tiny_faces.directory.parent, tmp_path / "work", out, CPU)
    assert not out.exists()


def test_the_suites_own_plans_name_networks_that_exist_and_deepen_to_110_layers():
    for plan in ("default", "fer2013", "fer2013-cpu"):
        settings = plan_gradients.load_plan(plan)
        depths = {}
        for setting in settings:
            sizes = {"num_outputs": 2, "in_channels": 3, "input_size": 32}
            if setting.run.seed == 0 and setting.network not in depths:
                cell = setting.run.cell
                depths[setting.network] = gradients.weight_layers(create(cell.model, **sizes, **cell.options))
        assert all(depth == int(name.rpartition("-")[2]) for name, depth in depths.items())
        assert {12, 32, 56, 110} <= set(depths.values())
        assert len({setting.name for setting in settings}) == len(settings)
        assert len({setting.run.seed for setting in settings}) >= 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": "synthetic-va"}, "one with classes"),
        ({"initialisation": ["n"]}, "each once, of n"),
        ({"initialisation": ["m"]}, "each once, of n"),
        ({"training": {"networks": [], "steps": [1, 2]}}, "rise from 0"),
        ({"training": {"networks": [], "steps": [0, 2, 2]}}, "rise from 0"),
        ({"more": 1}, "exactly protocol"),
    ],
)
def test_bad_plans(changes, words):
    contents = json.loads(json.dumps(PLANS))
    contents["plans"]["p"] |= {"protocol": "synthetic-8"} | changes
    with pytest.raises(BadInput, match=words):
        plan_gradients.load_plan("p", contents, "x")


def test_verb_refuses_an_unknown_plan_and_missing_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["gradients", "nothing"]) == 2
    assert "one of smoke, default" in capsys.readouterr().err
    assert main(["gradients", "--device", "cpu"]) == 2
    assert "synthetic" in capsys.readouterr().err and not list(tmp_path.iterdir())
