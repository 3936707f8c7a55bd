"""Checkpoints that were damaged, cut or forged: refused in one line, or begun again if that is asked for."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import BadInput, Interrupted
from benchmark.protocol.cells import Run
from benchmark.runs.training import checkpoint
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import EVALUATED, Trainer
from benchmark.sealed_file import sealing

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def run(tiny_protocol, tiny_cell):
    return Run(tiny_protocol(), tiny_cell(), 3)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, tiny_faces, run):
    """A checkpoint in the second epoch; its bytes; and a trainer to load it into."""
    directory, count = tmp_path_factory.mktemp("stopped") / "seed3", itertools.count(1)
    with pytest.raises(Interrupted):
        train(run, tiny_faces, directory, device=CPU, stop=lambda: next(count) == 8)
    path = directory.with_name("seed3.checkpoint")
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    return path, path.read_bytes(), trainer


def refused(trainer, path) -> str:
    with pytest.raises(BadInput) as caught:
        trainer.load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value) and "delete it" in str(caught.value)
    return str(caught.value)


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_no_flipped_bit_is_loaded(stopped, tmp_path_factory, data):
    _, raw, trainer = stopped
    at = data.draw(st.integers(0, 8 * len(raw) - 1))
    damaged = bytearray(raw)
    damaged[at // 8] ^= 1 << at % 8
    path = tmp_path_factory.mktemp("flipped") / "seed3.checkpoint"
    path.write_bytes(damaged)
    refused(trainer, path)


def test_no_part_of_a_checkpoint_is_loaded(stopped, tmp_path):
    _, raw, trainer = stopped
    path = tmp_path / "seed3.checkpoint"
    cuts = [0, 1, raw.index(b"\n"), raw.index(b"\n") + 1, len(raw) - 1, *np.random.default_rng(0).integers(0, len(raw), 60)]
    for length in cuts:
        path.write_bytes(raw[:length])
        refused(trainer, path)
    path.write_bytes(raw + b"\0")
    refused(trainer, path)
    path.write_bytes(raw[raw.index(b"\n") + 1 :])  # as checkpoints were before they were sealed: torch's file alone
    assert "no checkpoint of this version" in refused(trainer, path)


def test_what_is_read_is_what_was_written(stopped):
    path, raw, trainer = stopped
    state = checkpoint.read(path, CPU)
    assert set(state) == set(checkpoint.ENTRIES) and state["epoch"] == 1 and state["step"] == 2
    trainer.load(path)
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(value, state["model"][name])
    trainer.save(path)
    again = checkpoint.read(path, CPU)
    assert again["history"] == state["history"] and again["images"] == state["images"]
    path.write_bytes(raw)


@pytest.mark.parametrize("entry", checkpoint.ENTRIES)
@pytest.mark.parametrize("value", [None, 3.5, "x", [], {}, True, -1, 10**9, torch.zeros(3), "left out"], ids=str)
def test_a_sealed_checkpoint_with_another_entry_is_one_line(stopped, read, tmp_path, entry, value):
    *_, trainer = stopped
    if (entry, str(value)) in (("diverged", "True"), ("images", str(10**9))):
        return  # possible values
    state = read | {entry: value}
    if str(value) == "left out":
        state.pop(entry)
    forged = tmp_path / "seed3.checkpoint"
    checkpoint.write(forged, state)
    refused(trainer, forged)


@pytest.mark.parametrize(
    "change, what",
    [
        (lambda s: s["model"].popitem(), "weights"),
        (lambda s: s["model"].update(more=torch.zeros(1)), "weights"),
        (lambda s: s["model"].update({next(iter(s["model"])): torch.zeros(1)}), "weights"),
        (lambda s: s["model"].update({n: v.double() for n, v in s["model"].items()}), "weights"),
        (lambda s: s["best"].update(state=None), "weights of the selected epoch"),
        (lambda s: s["best"].update(epoch=2), "a selected epoch"),
        (lambda s: s["best"].pop("value"), "a selected epoch"),
        (lambda s: s["best"]["state"].popitem(), "weights of the selected epoch"),
        (lambda s: s["optimizer"].pop("state"), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"].pop(), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][0].update(weight_decay=0.9), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][0].update(lr="x"), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][0]["params"].pop(), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"].update({999: {}}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"][0].update(exp_avg=torch.zeros(7)), "a state of the optimizer"),
        (lambda s: s["history"].append(s["history"][0]), "a history"),
        (lambda s: s["history"][0].pop("test"), "a history"),
        (lambda s: s["history"][0].update(epoch=2), "a history"),
        (lambda s: s["history"][0].update(train_loss="x"), "a history"),
        (lambda s: s["seconds"].update(train="x"), "times"),
        (lambda s: s.update(epoch=2, history=[*s["history"], s["history"][0] | {"epoch": 2}], step=7), "a number of steps"),
        (lambda s: s.update(loss_sum=torch.zeros((), dtype=torch.float64)), "a loss"),
    ],
)
def test_a_sealed_checkpoint_that_does_not_fit_is_one_line(stopped, read, tmp_path, change, what):
    *_, trainer = stopped
    state = copy.deepcopy(read)
    change(state)
    checkpoint.write(forged := tmp_path / "seed3.checkpoint", state)
    assert f"found {what}" in refused(trainer, forged)


def epochs(state: dict, number: int) -> list[dict]:
    """A history of so many epochs."""
    return [state["history"][0] | {"epoch": epoch} for epoch in range(1, number + 1)]


def last(named: dict) -> str:
    return list(named)[-1]


@pytest.fixture(scope="module")
def read(stopped):
    return checkpoint.read(stopped[0], CPU)


def check(trainer: Trainer, state: dict) -> None:
    checkpoint.check("a", state, trainer.model, trainer.optimizer, trainer.batches, EVALUATED)


@pytest.mark.parametrize(
    "change, what",
    [
        (lambda s: s.update(epoch=-1), "an epoch"),
        (lambda s: s.update(epoch=4, history=epochs(s, 4), step=0), "an epoch"),
        (lambda s: s.update(epoch=3, history=epochs(s, 3), step=1), "a number of steps or images"),
        (lambda s: s.update(step=7), "a number of steps or images"),
        (lambda s: s.update(step=-1), "a number of steps or images"),
        (lambda s: s.update(images=-1), "a number of steps or images"),
        (lambda s: s["history"].__setitem__(0, 3), "a history"),
        (lambda s: s["history"][0].update(more=1), "a history"),
        (lambda s: s["history"][0].update(learning_rate="x"), "a history"),
        (lambda s: s["history"][0].update(train_loss=True), "a history"),
        (lambda s: s["history"][0].update(validation=3), "a history"),
        (lambda s: s["history"][0]["test"].update(loss="x"), "a history"),
        (lambda s: s["history"][0]["test"].update(loss=None), "a history"),
        (lambda s: s["history"][0]["validation"].update(accuracy=True), "a history"),
        (lambda s: s["seconds"].update(train=-0.5), "times"),
        (lambda s: s["seconds"].update(evaluate=-0.5), "times"),
        (lambda s: s["seconds"].update(more=1.0), "times"),
        (lambda s: s["seconds"].pop("train"), "times"),
        (lambda s: s["model"].update({last(s["model"]): 3.0}), "weights"),
        (lambda s: s.update(model=dict(reversed(s["model"].items()))), "weights"),
        (lambda s: s["best"].update(more=1), "a selected epoch"),
        (lambda s: s["best"].update(value=1), "a selected epoch"),
        (lambda s: s["best"].update(epoch=None), "a selected epoch"),
        (lambda s: s["best"].update(epoch=True), "a selected epoch"),
        (lambda s: s["best"].update(epoch=0), "a selected epoch"),
        (lambda s: s["best"].update(epoch=1.0), "a selected epoch"),
        (lambda s: s["best"]["state"].update({last(s["model"]): torch.zeros(1, 1)}), "weights of the selected epoch"),
        (lambda s: s["optimizer"].update(more=1), "a state of the optimizer"),
        (lambda s: s["optimizer"].update(state=[]), "a state of the optimizer"),
        (lambda s: s["optimizer"].update(param_groups=tuple(s["optimizer"]["param_groups"])), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"].append({}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"].__setitem__(1, 3), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][1].pop("betas"), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][1].update(more=1), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][1].update(weight_decay=0), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][1].update(lr=math.inf), "a state of the optimizer"),
        (lambda s: s["optimizer"]["param_groups"][1].update(eps="x"), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"].update({-1: {}}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"].update({"0": {}}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"].update({len(s["optimizer"]["state"]): {}}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"].update({1: 3}), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"][1].update(exp_avg=0.5), "a state of the optimizer"),
        (lambda s: s["optimizer"]["state"][1].update(exp_avg=torch.zeros(1)), "a state of the optimizer"),
    ],
)
def test_no_value_is_taken_that_no_run_can_have(stopped, read, change, what):
    change(state := copy.deepcopy(read))
    with pytest.raises(BadInput) as caught:
        check(stopped[2], state)
    remedy = "expected the state of this run; delete it, or give --restart-stale to begin again"
    assert str(caught.value) == f"a: found {what} that does not fit this run; {remedy}"


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(step=0, images=0),
        lambda s: s.update(step=6),
        lambda s: s.update(epoch=3, history=epochs(s, 3), step=0),
        lambda s: (s.update(epoch=0, history=[], step=1), s["best"].update(epoch=None, state=None)),
        lambda s: s["history"][0].update(train_loss=None, validation=None, test=None),
        lambda s: s["history"][0].update(learning_rate=1),
        lambda s: s["seconds"].update(train=0.0, evaluate=0),
        lambda s: [group.update(lr=1, eps=0.5) for group in s["optimizer"]["param_groups"]],
        lambda s: s["optimizer"]["state"].clear(),
        lambda s: s["optimizer"]["state"][0].update(step=torch.zeros(())),
    ],
)
def test_every_state_that_a_run_can_be_in_is_taken(stopped, read, change):
    change(state := copy.deepcopy(read))
    check(stopped[2], state)


def test_tensors_are_read_onto_the_device_of_the_run(stopped):
    state = checkpoint.read(stopped[0], torch.device("meta"))
    assert {value.device.type for value in (state["loss_sum"], *state["model"].values())} == {"meta"}


class Stranger:
    """What only loading with code could bring back."""


def test_a_sealed_file_that_is_no_checkpoint_word_for_word(stopped, tmp_path):
    path, raw, _ = stopped
    assert raw.startswith(b"ferbench sealed file 1, checkpoint, ")
    remedy, forged = "delete it, or give --restart-stale to begin again", tmp_path / "seed3.checkpoint"
    state = checkpoint.read(path, CPU)
    names = ", ".join(checkpoint.ENTRIES)
    kept = {name: value for name, value in state.items() if name not in ("epoch", "best")}
    for contents, found in (
        ([1, 2], f"missing, unknown or of another type: {names}"),
        (kept | {"b": 1, 3: 1, "a": 1, "step": True}, "missing, unknown or of another type: epoch, step, best, 3, a, b"),
        (state | {"diverged": 1}, "missing, unknown or of another type: diverged"),
    ):
        with sealing(forged, "checkpoint") as stream:
            torch.save(contents, stream)
        with pytest.raises(BadInput) as caught:
            checkpoint.read(forged, CPU)
        assert str(caught.value) == f"{forged}: found {found}; expected a checkpoint; {remedy}"
    for contents, kind in ((Stranger(), "UnpicklingError"), (None, "EOFError")):
        with sealing(forged, "checkpoint") as stream:
            stream.write(b"") if contents is None else torch.save(state | {"best": contents}, stream)
        with pytest.raises(BadInput) as caught:
            checkpoint.read(forged, CPU)
        assert str(caught.value) == f"{forged}: found a damaged checkpoint ({kind}); expected one that loads; {remedy}"


@pytest.mark.slow
def test_a_damaged_checkpoint_is_begun_again_if_asked(stopped, tmp_path, tiny_faces, run):
    _, raw, _ = stopped
    whole = train(run, tiny_faces, tmp_path / "whole" / "seed3", device=CPU)
    damaged = bytearray(raw)
    damaged[-500] ^= 8
    directory = tmp_path / "again" / "seed3"
    directory.parent.mkdir()
    directory.with_name("seed3.checkpoint").write_bytes(damaged)
    with pytest.raises(BadInput, match="found a damaged checkpoint; .*--restart-stale"):
        train(run, tiny_faces, directory, device=CPU)
    assert not directory.exists()
    found = train(run, tiny_faces, directory, device=CPU, restart_stale=True)
    np.testing.assert_array_equal(found.predictions["test_outputs_none"], whole.predictions["test_outputs_none"])
