"""What a run says and shows on its way, what reaches its parts, and every value of its record that is no score."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.protocol.cells import Run
from benchmark.runs import environment, sources
from benchmark.runs.training import stepping
from benchmark.runs.training import train as training
from benchmark.runs.training import trainer as state
from benchmark.runs.training.pixels import Split, load_splits
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import Trainer, build_model

CPU, META = torch.device("cpu"), torch.device("meta")
pytestmark = pytest.mark.usefixtures("one_thread")


def after(steps: int):
    asked = itertools.count(1)
    return lambda: next(asked) == steps


@pytest.fixture
def run(tiny_protocol, tiny_cell) -> Run:
    """Two epochs of six steps of 16 pictures."""
    return Run(tiny_protocol(epochs=2), tiny_cell(), 3)


@pytest.fixture
def trainer(run, tiny_faces) -> Trainer:
    return Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))


@pytest.fixture
def bars(monkeypatch) -> list:
    """The bars that were opened: what they were given, and what they showed."""
    opened = []

    class Bar(SimpleNamespace):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, n=1):
            self.steps.append(n)

        def set_postfix_str(self, text):
            self.beside.append(text)

    def bar(**given):
        opened.append(Bar(given=given, steps=[], beside=[]))
        return opened[-1]

    monkeypatch.setattr("benchmark.progress.bar", bar)
    return opened


@pytest.fixture
def clock(monkeypatch):
    """A function: the clock of durations goes on by so many seconds whenever it is asked."""

    def start(seconds: float) -> None:
        now = itertools.count()
        monkeypatch.setattr(training.time, "perf_counter", lambda: next(now) * seconds)

    return start


@pytest.fixture
def predicted(monkeypatch) -> list:
    """What predictions are asked for: (faces, how). They are made by hand: the right class for all."""
    asked = []

    def predict(model, split, prepare, **how):
        asked.append((len(split), how))
        return np.eye(3, dtype=np.float32)[split.targets.numpy()]

    monkeypatch.setattr(state, "predict", predict)
    monkeypatch.setattr(state, "precision_of", lambda recipe, device: "bf16")
    return asked


def test_a_stopped_and_resumed_run_as_it_is_seen(run, tiny_faces, tmp_path, bars, capsys):
    with pytest.raises(Interrupted, match=f"^{re.escape(str(run))}: stopped in epoch 2; the next call resumes it$"):
        train(run, tiny_faces, tmp_path / "run", device=CPU, stop=after(8), position=2)
    assert capsys.readouterr().out == ""
    history = train(run, tiny_faces, tmp_path / "run", device=CPU)["history"]
    assert capsys.readouterr().out == f"{run}: resumed in epoch 2, step 2 of 6\n"
    shown = [f"loss {e['train_loss']:.3f}, validation accuracy {e['validation']['accuracy']:.3f}" for e in history]
    common = {"total": 192, "desc": str(run), "unit": "img"}
    first, second = bars
    assert first.given == common | {"initial": 0, "position": 2} and second.given == common | {"initial": 128, "position": 0}
    assert (first.steps, second.steps) == ([16] * 8, [16] * 4)
    assert (first.beside, second.beside) == (shown[:1], shown[1:])


def test_a_run_that_has_not_time_enough_left_is_stopped(run, tiny_faces, tmp_path):
    asked = []
    with pytest.raises(Interrupted, match="stopped in epoch 1; "):
        train(run, tiny_faces, tmp_path / "run", device=CPU, enough=lambda own: asked.append(own.step) or own.step < 3)
    assert asked == [1, 2, 3] and (tmp_path / "run.checkpoint").exists()


def test_a_diverged_run_says_so_and_is_finished(tiny_faces, tiny_protocol, tiny_cell, tmp_path, bars, monkeypatch):
    recipe = {"learning_rate": 1e18, "optimizer": "adam", "weight_decay": 0.0, "gradient_clip": 0.0, "warmup": 0.0}
    run = Run(tiny_protocol(recipe=recipe), tiny_cell(normalisation="frozen", shortcut="identity"), 0)
    record = train(run, tiny_faces, tmp_path / "run", device=CPU)
    epoch = len(record["history"])
    assert record.diverged and bars[0].beside[-1] == f"diverged in epoch {epoch}"
    monkeypatch.setattr(training, "Trainer", None)
    assert train(run, tiny_faces, tmp_path / "run", device=CPU).diverged


def test_the_cost_of_a_run_by_hand(run, tiny_faces, tmp_path, clock):
    """Twelve steps, two evaluations and the last predictions of 0.12345 s each; 192 pictures. A stop changes nothing."""
    clock(0.12345)
    with pytest.raises(Interrupted):
        train(run, tiny_faces, tmp_path / "run", device=CPU, stop=after(8))
    cost = train(run, tiny_faces, tmp_path / "run", device=CPU)["cost"]
    assert cost.pop("peak_memory_bytes") > 2**20
    seconds = {"train_seconds": 1.481, "evaluate_seconds": 0.37, "images_per_second": 129.61}
    assert cost == seconds | {"device": environment.device_name(CPU)}


def test_a_clock_that_stands_still(tiny_faces, tiny_protocol, tiny_cell, tmp_path, clock):
    clock(0.0)
    cost = train(Run(tiny_protocol(epochs=1), tiny_cell(), 0), tiny_faces, tmp_path / "run", device=CPU)["cost"]
    assert (cost["train_seconds"], cost["images_per_second"]) == (0, pytest.approx(96e9))


def test_a_checkpoint_is_due_after_half_a_minute(run, tiny_faces, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Trainer, "train_step", lambda self, order: setattr(self, "step", self.step + 1))
    monkeypatch.setattr(Trainer, "finish_epoch", lambda self: setattr(self, "epoch", 2))
    monkeypatch.setattr(Trainer, "record", lambda self, directory: None)
    monkeypatch.setattr(training, "_last_epoch", lambda trainer: "")
    monkeypatch.setattr(Trainer, "save", lambda self, path: saved.append(self.step))
    for seconds, due in ((30.5, [1, 2, 3, 4, 5, 6]), (30.0, [1, 3, 5])):  # the clock goes on when it is asked
        now = itertools.count()
        monkeypatch.setattr(training.time, "monotonic", lambda now=now, seconds=seconds: next(now) * seconds)
        saved.clear()
        train(run, tiny_faces, tmp_path / str(seconds), device=CPU)
        assert saved == due


def test_what_is_stale_is_replaced_and_the_new_run_is_compiled_as_asked(
    tiny_faces, tiny_protocol, tiny_cell, tmp_path, monkeypatch, capsys
):
    given = []

    def compiled(model, example, precision):
        layout = example.is_contiguous(memory_format=torch.channels_last)
        given.append((tuple(example.shape), example.device, layout, int(example.count_nonzero()), precision))
        return model.forward

    monkeypatch.setattr(stepping, "compiled", compiled)
    short = tiny_protocol(epochs=1)
    place, run, other = tmp_path / "run", Run(short, tiny_cell(), 3), Run(short, tiny_cell("weighted"), 3)
    with pytest.raises(Interrupted):
        train(run, tiny_faces, place, device=CPU, stop=after(1))
    assert given == []
    record = train(other, tiny_faces, place, device=CPU, restart_stale=True, path="compiled")
    assert given == [((16, 3, 16, 16), CPU, True, 0, "float32")] * 2  # before the checkpoint was read, and then
    assert record["environment"]["implementation"] == "torch.compile"
    stale = "found a {} of another configuration (cell differ); expected this run's; "
    assert capsys.readouterr().out == (
        f"{place}.checkpoint: {stale.format('checkpoint')}delete it, or give --restart-stale to begin again: begun again\n"
    )
    again = train(run, tiny_faces, place, device=CPU, restart_stale=True)
    assert again["environment"]["implementation"] != "torch.compile"
    assert capsys.readouterr().out == (
        f"{place}: {stale.format('record')}move it away, or give --restart-stale to replace it: replaced\n"
    )


def test_every_part_of_the_configuration_is_compared(tiny_faces, tiny_protocol, tiny_cell, tmp_path, monkeypatch):
    run = Run(tiny_protocol(epochs=1), tiny_cell(), 3)
    train(run, tiny_faces, tmp_path / "run", device=CPU)
    own = training.configuration(run, tiny_faces, CPU)
    assert own == {
        "protocol": run.protocol.hash, "cell": run.cell.hash, "seed": 3, "data": tiny_faces.fingerprint,
        "code": sources.code_digest(run.cell.model), "device type": "cpu",
    }  # fmt: skip
    for key in ("protocol", "cell", "seed", "data", "code"):
        monkeypatch.setattr(training, "configuration", lambda *_, key=key: own | {key: "other"})
        with pytest.raises(BadInput, match=rf"run: found a record of another configuration \({key} differ\)"):
            training.existing_record(run, tiny_faces, tmp_path / "run", CPU)
    monkeypatch.setattr(training, "configuration", lambda *_: own | {"device type": "cuda"})  # a record is good anywhere
    assert train(run, tiny_faces, tmp_path / "run", device=CPU)["seed"] == 3


def test_faces_are_loaded_with_the_signal_to_stop(run, tiny_faces, tmp_path, monkeypatch):
    seen = []

    def load(*given, **named):
        seen.append((given, named))
        raise Interrupted("resizing")

    def stop() -> bool:
        return False

    monkeypatch.setattr(training, "load_splits", load)
    with pytest.raises(Interrupted, match="resizing"):
        train(run, tiny_faces, tmp_path / "run", device=CPU, stop=stop)
    assert seen == [((tiny_faces, run.protocol, CPU), {"stop": stop})]
    with pytest.raises(Interrupted, match="resizing"):
        train(run, tiny_faces, tmp_path / "run", device=CPU)
    assert seen.pop()[1]["stop"]() is False
    splits = load_splits(tiny_faces, run.protocol, CPU)
    for given in (splits, lambda: splits):
        monkeypatch.setattr(training, "Trainer", lambda *arguments, **_: pytest.fail(str(arguments[3] is splits)))
        with pytest.raises(pytest.fail.Exception, match="True"):
            train(run, tiny_faces, tmp_path / "run", device=CPU, splits=given)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "precision, kind, allowed",
    [("float32", "cuda", False), ("bf16", "cuda", True), ("float32", "cpu", True), ("bf16", "cpu", True)],
)
def test_tf32_is_forbidden_where_float32_is_asked_of_a_gpu(run, tiny_faces, monkeypatch, precision, kind, allowed):
    class Enough(Exception):
        pass

    def end(*_):
        raise Enough

    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(state, "precision_of", lambda recipe, device: precision)
    monkeypatch.setattr(state, "standardiser", end)
    with pytest.raises(Enough):
        Trainer(run, tiny_faces, torch.device(kind), {"train": None})
    assert torch.backends.cudnn.allow_tf32 is allowed


def test_what_the_loss_is_made_of(run, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    """Classes without a training picture count as 0."""
    given = []
    monkeypatch.setattr(state, "make_loss", lambda *names, **named: given.append((names, named)))
    splits = load_splits(tiny_faces, run.protocol, CPU)
    few = splits | {"train": Split(splits["train"].ids[:32], splits["train"].pictures[:32], torch.tensor([1, 0] * 16))}
    smooth = Run(tiny_protocol(recipe={"label_smoothing": 0.25}), tiny_cell("weighted"), 0)
    assert Trainer(smooth, tiny_faces, CPU, few).counts == [16, 16, 0]
    dimensional = Run(tiny_protocol("dimensional"), tiny_cell("mse"), 0)
    assert Trainer(dimensional, tiny_faces, CPU, load_splits(tiny_faces, dimensional.protocol, CPU)).counts is None
    assert given == [
        (("weighted",), {"counts": [16, 16, 0], "label_smoothing": 0.25, "device": CPU}),
        (("mse",), {"counts": (), "label_smoothing": dimensional.recipe.label_smoothing, "device": CPU}),
    ]


def test_a_loss_that_is_not_finite_is_seen_after_25_steps_or_an_epoch(tiny_faces, tiny_protocol, tiny_cell):
    run = Run(tiny_protocol(recipe={"batch_size": 3, "augmentation": "flip"}, epochs=1), tiny_cell(), 0)  # 33 steps
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    trainer.forward = trainer.model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 3))
    trainer.optimizer = torch.optim.SGD(trainer.model.parameters())
    order, seen = trainer.order(), []
    for step in range(1, 34):
        if step in (25, 33):
            trainer.loss_sum = torch.tensor(np.inf)
        trainer.train_step(order)
        if trainer.diverged:
            seen.append(step)
            trainer.diverged, trainer.loss_sum = False, torch.zeros(())
    assert seen == [25, 33]
    trainer.step, trainer.loss_sum = 23, torch.tensor(np.inf)
    trainer.train_step(order)
    assert trainer.step == 24 and not trainer.diverged


def test_networks_and_pictures_lie_in_memory_channels_last(run, trainer, monkeypatch):
    """With the channels of a pixel side by side, as convolutions are fastest. The device is the given one."""
    kernels = [p for p in build_model(run, CPU).parameters() if p.ndim == 4]
    assert kernels and all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)
    assert {p.device for p in build_model(run, META).parameters()} == {META}
    seen, kinds, autocast = [], [], torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda *own, **named: kinds.append((own, named)) or autocast(*own, **named))
    trainer.model.register_forward_pre_hook(
        lambda model, given: seen.append(given[0].is_contiguous(memory_format=torch.channels_last))
    )
    trainer.train_step(trainer.order())
    trainer.step = 6
    trainer.finish_epoch()
    assert seen == [True] * 3 and kinds == [(("cpu", torch.bfloat16), {"enabled": False})] * 3


def test_the_order_lies_where_the_pictures_are_asked_for(trainer):
    assert trainer.order().device == CPU
    trainer.splits = {"train": SimpleNamespace(pictures=SimpleNamespace(device=META))}
    assert trainer.order().device == META


def test_a_run_makes_everything_on_its_device(run, trainer, tiny_faces, predicted, monkeypatch, tmp_path):
    """A tensor elsewhere would end a run on a GPU."""
    seen = []
    monkeypatch.setattr(stepping, "compiled", lambda model, example, precision: seen.append(example.device) or model)
    monkeypatch.setattr(state, "make_optimizer", lambda recipe, model: None)
    other = Trainer(run, tiny_faces, META, trainer.splits, path="compiled")
    assert seen == [META] and other.loss_sum.device == META
    monkeypatch.setattr(state.checkpoint, "read", lambda path, device: pytest.fail(f"{path.name} {device}"))
    with pytest.raises(pytest.fail.Exception, match="^a meta$"):
        other.load(tmp_path / "a")
    trainer.device, trainer.step = META, 1
    trainer.loss = lambda outputs, targets: seen.append(outputs.device) or torch.tensor(0.5)
    trainer.finish_epoch()
    assert seen[1:] == [META, META] and trainer.loss_sum.device == META
    assert trainer.history[0]["validation"]["loss"] == 0.5


def test_how_a_network_is_computed(trainer):
    trainer.forward = trainer.model = torch.nn.Linear(1, 1)
    assert trainer.implementation == "torch"
    trainer.model.implementation = "by hand"
    assert trainer.implementation == "by hand"
    for path, said in (
        ("compiled", "torch.compile"),
        ("step+graph+triton", "torch.compile of the step, CUDA graph, Triton shortcut"),
        ("graph", "by hand, CUDA graph"),
        ("triton", "by hand, Triton shortcut"),
    ):
        trainer.path = path
        assert trainer.implementation == said


def test_how_predictions_are_asked_for(run, tiny_faces, predicted, tmp_path):
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    how = {"categorical": True, "precision": "bf16"}
    trainer.step = 1
    trainer.finish_epoch()
    assert predicted == [(25, how), (35, how)]
    predicted.clear()
    record = trainer.record(tmp_path / "run")
    assert predicted == [(faces, how | {"tta": tta}) for faces in (25, 35) for tta in ("none", "flip")]
    assert record["environment"] == environment.describe(CPU) | {
        "precision": "bf16",
        "implementation": trainer.implementation,
    }


def test_the_values_of_a_record(run, tiny_faces, predicted, tmp_path):
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    trainer.step = 1
    trainer.finish_epoch()
    record = trainer.record(tmp_path / "run")
    own = {name: value for name, value in record.contents.items() if name not in ("environment", "cost", "history")}
    for digest in ("predictions_sha256", "schema"):
        own.pop(digest)
    assert own == {
        "status": "finished",
        "protocol": run.protocol.as_dict(),
        "protocol_hash": run.protocol.hash,
        "cell": run.cell.as_dict(),
        "cell_hash": run.cell.hash,
        "seed": 3,
        "data": {"name": "tiny", "version": "1.0", "fingerprint": tiny_faces.fingerprint},
        "classes": ["low", "middle", "high"],
        "selected_epoch": 1,
        "train_counts": [34, 33, 33],
        "input": {"mean": list(trainer.prepare.mean), "deviation": list(trainer.prepare.deviation)},
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "code": sources.code_digest("residual"),
    }


def test_outputs_of_test_time_augmentation_that_are_not_finite(run, tiny_faces, predicted, tmp_path, monkeypatch):
    """The plain ones were finite in every epoch; the run has diverged nevertheless, and nothing is kept of it."""
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    trainer.step = 1
    trainer.finish_epoch()
    right = state.predict

    def flipped(model, split, prepare, **how):
        outputs = right(model, split, prepare, **how)
        outputs[-1, -1] = np.inf if how.get("tta") == "flip" else 0
        return outputs

    monkeypatch.setattr(state, "predict", flipped)
    record = trainer.record(tmp_path / "run")
    assert record.diverged and record["selected_epoch"] is None
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["machine.json", "record.json", "seal.json"]
