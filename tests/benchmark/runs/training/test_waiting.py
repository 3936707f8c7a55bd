"""Training never waits for the device, but for the stated check every 25 steps; counted on a pretended device."""

import contextlib
import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from benchmark.protocol.cells import Run
from benchmark.runs.training import capture, pixels
from benchmark.runs.training import trainer as trainers
from benchmark.runs.training.augmentation import AUGMENTATIONS
from benchmark.runs.training.losses import make_loss
from benchmark.runs.training.optimizer import make_optimizer
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.seeds import generator
from benchmark.runs.training.streaming import Streamed
from benchmark.runs.training.trainer import FINITE_CHECK_STEPS, Trainer

spec = importlib.util.spec_from_file_location("pretended", Path(__file__).with_name("pretended.py"))
pretended = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pretended)
CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def allowed(monkeypatch):
    """What torch refuses for this device alone: generators, autocast (off, in float32), and fused optimisers."""
    monkeypatch.setattr(trainers, "generator", lambda device, *key: generator("cpu", *key))
    monkeypatch.setattr(trainers.torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    for module in (sys.modules["torch.optim.adam"], sys.modules["torch.optim.optimizer"]):
        monkeypatch.setattr(module, "_get_fused_kernels_supported_devices", lambda: ["cpu", "meta"], raising=False)


def placed(run, faces) -> Trainer:
    """A trainer whose network, optimiser, loss and faces are on the pretended device. Within `counted`."""
    splits = load_splits(faces, run.protocol, CPU)
    trainer = Trainer(run, faces, CPU, splits)
    train, pictures = splits["train"], splits["train"].pictures
    if isinstance(pictures, Streamed):
        pictures._target = pretended.DEVICE
    else:
        pictures = pretended.Pretended(pictures)
    trainer.splits = {"train": Split(train.ids, pictures, pretended.Pretended(train.targets))}
    trainer.device = pretended.DEVICE
    pretended.moved(trainer.model)
    trainer.optimizer = make_optimizer(run.protocol.recipe, trainer.model)
    smoothing = run.protocol.recipe.label_smoothing
    trainer.loss = make_loss(run.cell.loss, counts=trainer.counts or (), label_smoothing=smoothing, device=trainer.device)
    trainer.loss_sum = torch.zeros((), device=trainer.device)
    return trainer


CASES = [("categorical", loss, "adaptive", "standard") for loss in ("plain", "weighted", "focal")]
CASES += [("dimensional", loss, "fixed", "standard") for loss in ("mse", "ccc", "mse+ccc")]
CASES += [("categorical", "plain", "identity", each) for each in AUGMENTATIONS if each != "standard"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("task, loss, shortcut, augmentation", CASES)
def test_steps_do_not_wait(
    tiny_faces, tiny_protocol, tiny_cell, allowed, monkeypatch, task, loss, shortcut, augmentation, streamed
):
    """30 steps of an epoch of 33, of 3 pictures: one check that the loss is finite, and nothing else after the first step,
    which copies mean and deviation to the device. The weighted loss makes all steps; the others have the check in the
    sixth of eight."""
    steps, check = 30, FINITE_CHECK_STEPS
    if (loss, augmentation) != ("weighted", "standard"):
        steps, check = 8, 6
        monkeypatch.setattr(trainers, "FINITE_CHECK_STEPS", check)
    recipe = {"batch_size": 3, "augmentation": augmentation, "gradient_clip": 1.0}
    if streamed:
        monkeypatch.setattr(pixels, "resident_limit", lambda *_: 0)
    run = Run(tiny_protocol(task, recipe=recipe), tiny_cell(loss, shortcut=shortcut), 0)
    with pretended.counted() as waits:
        trainer = placed(run, tiny_faces)
        order, before = trainer.order(), trainer.model.output.weight.held.clone()
        pixels._on.cache_clear()
        waits.clear()
        each = []
        for _ in range(steps):
            trainer.train_step(order)
            each.append(Counter(waits))
            waits.clear()
    expected = {1: {"tensor": 2}, check: {"_local_scalar_dense": 1}}
    assert each == [Counter(expected.get(step, {})) for step in range(1, steps + 1)]
    assert not torch.equal(trainer.model.output.weight.held, before), "nothing was trained"


def test_steps_of_a_graph_do_not_wait(tiny_faces, tiny_protocol, tiny_cell, allowed, monkeypatch):
    """Neither in what is captured, where it would be an error, nor in filling the places of inputs and learning rate."""
    made = []
    monkeypatch.setattr(capture, "recorded", lambda step: made.append(step()) or (lambda: None, made[-1]))
    run = Run(tiny_protocol(recipe={"batch_size": 3, "gradient_clip": 1.0}), tiny_cell("weighted"), 0)
    with pretended.counted() as waits:
        trainer = placed(run, tiny_faces)
        trainer.path, order = "graph", trainer.order()
        pixels._on.cache_clear()
        waits.clear()
        for _ in range(20):
            trainer.train_step(order)
    assert waits == {"tensor": 2} and len(made) == 1 and trainer.path == "graph"
    rate = trainer.optimizer.param_groups[0]["lr"]
    assert trainer.captured.rate.held.item() == pytest.approx(rate) and trainer.captured.gradients[0].held.norm() > 0


WAITS = {
    "item": (lambda there, host: there.sum().item(), "_local_scalar_dense"),
    "if": (lambda there, host: bool(there.sum() > 0), "_local_scalar_dense"),
    "cpu": (lambda there, host: there.cpu(), "_to_copy"),
    "to": (lambda there, host: there.to("cpu"), "_to_copy"),
    "to the device": (lambda there, host: host.to(pretended.DEVICE), "_to_copy"),
    "made from numbers": (lambda there, host: torch.tensor([1.0], device=pretended.DEVICE), "tensor"),
    "nonzero": (lambda there, host: there.nonzero(), "nonzero"),
    "mask": (lambda there, host: there[there > 0], "index with a mask"),
    "masked_select": (lambda there, host: there.masked_select(there > 0), "masked_select"),
    "rows on the host": (lambda there, host: there[host.long()], "index"),
    "unique": (lambda there, host: there.unique(), "_unique2"),
    "where with one argument": (lambda there, host: torch.where(there > 0), "nonzero"),
}  # fmt: skip


@pytest.mark.parametrize("name", WAITS)
def test_what_waits_is_counted(name):
    work, operator = WAITS[name]
    with pretended.counted() as waits:
        work(pretended.Pretended(torch.tensor([0.0, 1.0, 2.0])), torch.tensor([0.0, 1.0]))
    assert waits[operator] == 1, waits


def test_what_runs_in_the_background_is_not_counted():
    with pretended.counted() as waits:
        there = torch.zeros(3, device=pretended.DEVICE) + 2
        there += torch.arange(3, device=pretended.DEVICE)
        rows = torch.tensor([2, 0]).to(pretended.DEVICE, non_blocking=True)
        found = torch.where(there[rows] > 2, there[rows], 0.0)
    assert not waits and found.held.tolist() == [4.0, 0.0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_itself_finds_no_step_that_waits(tiny_faces, tiny_protocol, tiny_cell):
    device, run = torch.device("cuda"), Run(tiny_protocol(recipe={"batch_size": 3}), tiny_cell("weighted"), 0)
    trainer = Trainer(run, tiny_faces, device, load_splits(tiny_faces, run.protocol, device))
    order = trainer.order()
    trainer.train_step(order)  # what is made once
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(FINITE_CHECK_STEPS - 2):
            trainer.train_step(order)
    finally:
        torch.cuda.set_sync_debug_mode(before)
