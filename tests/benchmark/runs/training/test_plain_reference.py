"""A whole run against the same training written plainly here, with torch alone; which epoch is kept; precision."""

import dataclasses
import hashlib
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from benchmark.protocol.cells import Run
from benchmark.runs.training import trainer as training
from benchmark.runs.training.augmentation import mirror, standard
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import load_splits, standardiser
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import Trainer

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


class Net(nn.Module):
    """BatchNorm, whose two modes differ; dropout, which draws; matrices, vectors and a parameter that is not trained."""

    def __init__(self, outputs: int):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.drop, self.output = nn.Dropout(0.3), nn.Linear(6, outputs)
        self.fixed = nn.Parameter(torch.ones(2, 2), requires_grad=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.output(self.drop(functional.relu(self.norm(self.conv(images))).mean((2, 3))))


@pytest.fixture
def net(monkeypatch):
    """The network of every run is `Net`; the fixture is what its builder was given."""
    given = []

    def create(model, *, num_outputs, **others):
        given.append((model, num_outputs, others))
        return Net(num_outputs)

    monkeypatch.setattr(training, "create", create)
    return given


@pytest.fixture(scope="module")
def uneven(tiny_faces):
    """`tiny_faces` with other shares of classes, and so other pixels, in every split: 50, 30, 20; 2, 10, 13; the rest."""
    split = np.full(len(tiny_faces), "test", dtype="U10")
    for label, (training_faces, validation_faces) in enumerate(((50, 2), (30, 10), (20, 13))):
        rows = np.flatnonzero(tiny_faces.expression == label)
        split[rows[:training_faces]] = "train"
        split[rows[training_faces : training_faces + validation_faces]] = "validation"
    return dataclasses.replace(tiny_faces, split=split)


def seed_of(seed: int, name: str, *counter: int) -> int:
    key = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return int(np.random.SeedSequence(seed, spawn_key=(key, *counter)).generate_state(1, np.uint64)[0]) // 2


def loss_of(name: str, outputs: torch.Tensor, targets: torch.Tensor, counts: np.ndarray, smoothing: float) -> torch.Tensor:
    if name == "mse":
        return ((outputs - targets) ** 2).sum() / targets.numel()
    classes = outputs.shape[1]
    wanted = (1 - smoothing) * functional.one_hot(targets, classes) + smoothing / classes
    each = -(wanted * outputs.log_softmax(1)).sum(1)
    if name == "weighted":
        each = each * torch.tensor([counts.sum() / (classes * counts[k]) for k in targets.tolist()]).float()
    return each.sum() / len(each)


def score_of(name: str, outputs: np.ndarray, targets: np.ndarray) -> float:
    if name != "mse":
        return float(sum(outputs.argmax(1) == targets)) / len(targets)
    both = zip(outputs.T.astype(float), targets.T.astype(float), strict=True)
    return float(
        np.mean([2 * np.cov(o, t, bias=True)[0, 1] / (o.var() + t.var() + (o.mean() - t.mean()) ** 2) for o, t in both])
    )


def trained_plainly(run: Run, faces, loss: str) -> dict:
    """History, selected epoch, its weights, and the outputs of validation and test faces with them."""
    protocol, recipe, seed = run.protocol, run.protocol.recipe, run.seed
    x, y = {}, {}
    for role in ("train", "validation", "test"):
        rows = np.flatnonzero(faces.split == role)
        x[role] = torch.from_numpy(np.array(faces.pictures[rows])).permute(0, 3, 1, 2).float() / 255
        values = np.stack([faces.valence, faces.arousal], 1).astype(np.float32) if loss == "mse" else faces.expression
        y[role] = torch.from_numpy(values[rows])
    counts = np.bincount(faces.expression[faces.split == "train"])
    pixels = x["train"].double().permute(1, 0, 2, 3).reshape(3, -1)
    mean, deviation = (value.float().view(1, 3, 1, 1) for value in (pixels.mean(1), pixels.std(1, correction=0)))
    torch.manual_seed(seed_of(seed, "initialisation"))
    net = Net(2 if loss == "mse" else 3)
    groups = [
        {"params": [net.conv.weight, net.output.weight], "weight_decay": recipe.weight_decay},
        {"params": [net.norm.weight, net.norm.bias, net.output.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8)
    per_epoch, history, best = 100 // recipe.batch_size, [], (-math.inf, None, None)
    steps, rising = per_epoch * protocol.epochs, round(recipe.warmup * per_epoch * protocol.epochs)
    for epoch in range(protocol.epochs):
        order = torch.randperm(100, generator=torch.Generator().manual_seed(seed_of(seed, "order", epoch)))
        losses = []
        for step in range(per_epoch):
            done = epoch * per_epoch + step
            rate = recipe.learning_rate * (
                (done + 1) / rising if done < rising else (1 + math.cos(math.pi * (done - rising) / (steps - rising))) / 2
            )
            rows = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            draws = torch.Generator().manual_seed(seed_of(seed, "augmentation", epoch, step))
            pictures = {"standard": standard, "flip": mirror}[recipe.augmentation](x["train"][rows], draws)
            torch.manual_seed(seed_of(seed, "dropout", epoch, step))
            net.train()
            value = loss_of(loss, net((pictures - mean) / deviation), y["train"][rows], counts, recipe.label_smoothing)
            net.zero_grad()
            value.backward()
            trained = [parameter for group in groups for parameter in group["params"]]
            norm = math.sqrt(sum(float((parameter.grad.double() ** 2).sum()) for parameter in trained))
            if recipe.gradient_clip and norm > recipe.gradient_clip:
                for parameter in trained:
                    parameter.grad *= recipe.gradient_clip / norm
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            losses.append(value.item())
        net.eval()
        entry = {"epoch": epoch + 1, "learning_rate": rate, "train_loss": sum(losses) / len(losses)}
        for role in ("validation", "test"):
            with torch.no_grad():
                outputs = net((x[role] - mean) / deviation)
            value = score_of(loss, outputs.numpy(), y[role].numpy())
            entry[role] = loss_of(loss, outputs, y[role], counts, recipe.label_smoothing).item(), value
        history.append(entry)
        if entry["validation"][1] > best[0]:
            best = entry["validation"][1], epoch + 1, {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(best[2])
    with torch.no_grad():
        outputs = {role: net((x[role] - mean) / deviation).numpy() for role in ("validation", "test")}
    return {
        "history": history,
        "selected": best[1],
        "weights": best[2],
        "outputs": outputs,
        "mean": mean,
        "deviation": deviation,
    }


@pytest.mark.parametrize(
    "loss, recipe",
    [
        ("weighted", {"label_smoothing": 0.2, "gradient_clip": 0.3, "learning_rate": 0.02}),
        ("plain", {"label_smoothing": 0.1, "gradient_clip": 0.0, "augmentation": "flip", "batch_size": 30, "warmup": 0.4}),
        ("mse", {"gradient_clip": 1.0, "weight_decay": 0.3, "learning_rate": 0.03}),
    ],
)
def test_a_run_is_the_one_written_plainly(tmp_path, uneven, tiny_protocol, tiny_cell, net, loss, recipe):
    run = Run(tiny_protocol("dimensional" if loss == "mse" else "categorical", recipe, epochs=4), tiny_cell(loss), 5)
    expected = trained_plainly(run, uneven, loss)
    record = train(run, uneven, tmp_path / "seed5", device=CPU)
    assert net[-1] == (
        "residual",
        2 if loss == "mse" else 3,
        {"in_channels": 3, "input_size": 16, "units": [1, 1, 1], "widths": [4, 8], "shortcut": "adaptive"},
    )
    metric = "mean CCC" if loss == "mse" else "accuracy"
    for entry, plain in zip(record["history"], expected["history"], strict=True):
        assert entry["epoch"] == plain["epoch"] and entry["learning_rate"] == pytest.approx(plain["learning_rate"], rel=1e-9)
        assert entry["train_loss"] == pytest.approx(plain["train_loss"], rel=2e-4)
        for role in ("validation", "test"):
            assert (entry[role]["loss"], entry[role][metric]) == pytest.approx(plain[role], rel=2e-3, abs=1e-6)
    assert record["selected_epoch"] == expected["selected"]
    weights = torch.load(tmp_path / "seed5" / "weights.pt", weights_only=True)
    for name, value in expected["weights"].items():
        torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=2e-4)
    for role, outputs in expected["outputs"].items():
        np.testing.assert_allclose(record.predictions[f"{role}_outputs_none"], outputs, atol=2e-3)
        assert record.predictions[f"{role}_ids"].tolist() == uneven.id[uneven.split == role].tolist()
    assert record["input"]["mean"] == pytest.approx(expected["mean"].flatten().tolist(), rel=1e-6)
    assert record["input"]["deviation"] == pytest.approx(expected["deviation"].flatten().tolist(), rel=1e-6)
    assert record["train_counts"] == (None if loss == "mse" else [50, 30, 20])
    assert (
        record["parameters"] == sum(value.numel() for name, value in Net(3 if loss != "mse" else 2).named_parameters()) - 4
    )


def scripted(monkeypatch, trainer: Trainer, outputs: dict[str, list[np.ndarray]]) -> None:
    """Let the epochs of a trainer do nothing but number its weights and give these outputs, one per epoch and role."""
    of_split = {id(trainer.splits[role]): iter(values) for role, values in outputs.items()}
    monkeypatch.setattr(training, "predict", lambda model, split, *_, **__: next(of_split[id(split)]))
    while not trainer.finished:
        with torch.no_grad():
            trainer.model.output.bias.fill_(trainer.epoch + 1)
        trainer.step = trainer.steps_per_epoch
        trainer.finish_epoch()


# Rightly answered validation faces and test faces (of 25 and 35), epoch by epoch.
RIGHT = {"validation": [10, 20, 15, 20, 20, 5], "test": [1, 2, 3, 4, 5, 30]}


@pytest.mark.parametrize("selection, selected", [("best-validation", 2), ("last", 6)])
def test_the_first_of_the_best_epochs_on_validation_is_kept(
    monkeypatch, tiny_faces, tiny_protocol, tiny_cell, net, selection, selected
):
    run = Run(tiny_protocol(selection=selection, epochs=6), tiny_cell(), 0)
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    outputs = {}
    for role, counts in RIGHT.items():
        targets = trainer.splits[role].targets.numpy()
        outputs[role] = [np.eye(3, dtype=np.float32)[(targets + (np.arange(len(targets)) >= right)) % 3] for right in counts]
    scripted(monkeypatch, trainer, outputs)
    assert [entry["validation"]["accuracy"] for entry in trainer.history] == [right / 25 for right in RIGHT["validation"]]
    assert [entry["test"]["accuracy"] for entry in trainer.history] == [right / 35 for right in RIGHT["test"]]
    assert trainer.best["epoch"] == selected and trainer.best["value"] == RIGHT["validation"][selected - 1] / 25
    assert torch.equal(trainer.best["state"]["output.bias"], torch.full((3,), float(selected)))


def test_valence_and_arousal_select_by_the_mean_ccc_of_validation(monkeypatch, tiny_faces, tiny_protocol, tiny_cell, net):
    """The second epoch is the best on validation, the third on test; the mean squared error would choose the first."""
    run = Run(tiny_protocol("dimensional"), tiny_cell("mse"), 0)
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    targets = {role: trainer.splits[role].targets.numpy() for role in RIGHT}
    outputs = {role: [0.1 * values, values * 1.9 + 0.01, 0.05 * values] for role, values in targets.items()}
    outputs["test"][2] = targets["test"]
    scripted(monkeypatch, trainer, outputs)
    assert trainer.best["epoch"] == 2 and trainer.history[2]["test"]["mean CCC"] == pytest.approx(1)


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_not_finite_end_the_run_as_diverged(
    monkeypatch, tiny_faces, tiny_protocol, tiny_cell, net, role, value
):
    run = Run(tiny_protocol(), tiny_cell(), 0)
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    good = {name: [np.eye(3, dtype=np.float32)[trainer.splits[name].targets.numpy()]] * 2 for name in RIGHT}
    bad = good[role][0].copy()
    bad[-1, -1] = value
    good[role] = [good[role][0], bad]
    scripted(monkeypatch, trainer, good)
    assert trainer.diverged and trainer.epoch == 2 and trainer.best["epoch"] == 1
    assert trainer.history[1] == trainer.history[1] | {"epoch": 2, "train_loss": None, "validation": None, "test": None}


def test_bf16_is_autocast_of_the_forward_pass_alone(monkeypatch, tiny_faces, tiny_protocol, tiny_cell, net):
    """One step and one prediction against torch's autocast; the loss is computed in float32."""
    run = Run(tiny_protocol(recipe={"augmentation": "flip", "label_smoothing": 0.0}), tiny_cell(), 5)
    steps = {}
    for precision in ("bf16", "float32"):
        monkeypatch.setattr(training, "precision_of", lambda recipe, device, precision=precision: precision)
        trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
        before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
        given = []
        trainer.loss = lambda outputs, targets, given=given: given.append(outputs.detach()) or outputs.float().sum()
        trainer.train_step(trainer.order())
        reference = Net(3)
        reference.load_state_dict(before)
        draws = torch.Generator().manual_seed(seed_of(5, "augmentation", 0, 0))
        rows = torch.randperm(100, generator=torch.Generator().manual_seed(seed_of(5, "order", 0)))[:16]
        pictures = mirror(trainer.prepare.unit(trainer.splits["train"].pictures[rows]), draws)
        torch.manual_seed(seed_of(5, "dropout", 0, 0))
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            wanted = reference(trainer.prepare.standardise(pictures).contiguous(memory_format=torch.channels_last))
        assert given[0].dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)
        torch.testing.assert_close(given[0], wanted.detach(), rtol=0, atol=0)
        steps[precision] = given[0].float()
    assert not torch.equal(steps["bf16"], steps["float32"])
    split, prepare = trainer.splits["test"], trainer.prepare
    found = {each: predict(trainer.model, split, prepare, categorical=True, precision=each) for each in ("bf16", "float32")}
    assert found["bf16"].dtype == np.float32 and 0 < np.abs(found["bf16"] - found["float32"]).max() < 0.1


def test_statistics_are_those_of_the_training_split_alone(uneven, tiny_protocol):
    """Constants of the recipe stay as they are, each of them alone."""
    protocol = tiny_protocol()
    splits = load_splits(uneven, protocol, CPU)
    pixels = {role: split.pictures.double().numpy() / 255 for role, split in splits.items()}
    means = {role: values.mean((0, 2, 3)) for role, values in pixels.items()}
    assert np.abs(means["train"] - means["test"]).min() > 0.05
    found = standardiser(protocol, splits["train"])
    np.testing.assert_allclose(found.mean, means["train"], rtol=1e-9)
    fixed = dataclasses.replace(protocol, recipe=dataclasses.replace(protocol.recipe, input_mean=(0.1, 0.2, 0.3)))
    part = standardiser(fixed, splits["train"])
    assert part.mean == (0.1, 0.2, 0.3) and part.deviation == found.deviation
    fixed = dataclasses.replace(protocol, recipe=dataclasses.replace(protocol.recipe, input_deviation=(0.1, 0.2, 0.3)))
    part = standardiser(fixed, splits["train"])
    assert part.deviation == (0.1, 0.2, 0.3) and part.mean == found.mean
    picture = torch.full((1, 3, 1, 1), 0.5)
    expected = (0.5 - np.array(found.mean)) / [0.1, 0.2, 0.3]
    np.testing.assert_allclose(part.standardise(picture).flatten().numpy(), expected, rtol=1e-6)
