"""Training: resume, refusal, divergence, selection and schedules."""

import itertools
import json
import math
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.protocol.cells import Run
from benchmark.runs.training import train as training
from benchmark.runs.training.batches import shuffled
from benchmark.runs.training.optimizer import learning_rate, make_optimizer
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.seeds import generator
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import Trainer, build_model

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.usefixtures("one_thread")
# Facts of the machine and of the clock; everything else in a record must be equal.
VARYING = ("cost", "environment")


def same(first, second) -> None:
    assert {k: v for k, v in first.contents.items() if k not in VARYING} == {
        k: v for k, v in second.contents.items() if k not in VARYING
    }
    for name, array in first.predictions.items():
        np.testing.assert_array_equal(array, second.predictions[name])


def after(steps: int):
    """A stop signal that comes after so many steps."""
    asked = itertools.count(1)
    return lambda: next(asked) == steps


@pytest.mark.parametrize("task, loss", [("categorical", "weighted"), ("dimensional", "mse+ccc")])
def test_stopped_at_every_kind_of_moment_equals_uninterrupted(tmp_path, tiny_faces, tiny_protocol, tiny_cell, task, loss):
    run = Run(tiny_protocol(task), tiny_cell(loss), seed=3)
    whole = train(run, tiny_faces, tmp_path / "whole" / "seed3", device=CPU)
    assert len(whole["history"]) == 3 and whole["status"] == "finished"
    for sessions in ((1,), (5,), (6,), (7, 6, 4)):  # 6 steps an epoch: its first step, its middle, its end, several
        directory = tmp_path / f"sessions{sessions}" / "seed3"
        for steps in sessions:
            with pytest.raises(Interrupted, match="resumes"):
                train(run, tiny_faces, directory, device=CPU, stop=after(steps))
            assert not directory.exists()
        same(whole, train(run, tiny_faces, directory, device=CPU))
        assert not directory.with_name("seed3.checkpoint").exists()


# Batches that cross epochs (100 rows: 7, 6 and 6 steps of 16, the last of 12), a shuffle buffer, TensorFlow's epsilon.
CROSSING = {
    "optimizer": "adam",
    "weight_decay": 0.0,
    "schedule": "staircase",
    "decay": 0.5,
    "decay_steps": 7,
    "batches": "across-epochs",
    "shuffle_buffer": 30,
    "epsilon_hat": 1e-4,
    "precision": "float32",
}


def test_batches_that_cross_epochs_stopped_or_not(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    """What is trained on, against the orders of three epochs laid end to end; staircase and epochs by hand."""
    run = Run(tiny_protocol(recipe=CROSSING), tiny_cell(), seed=3)
    asked, batch = [], training.Split.batch
    monkeypatch.setattr(
        training.Split,
        "batch",
        lambda split, rows, following=None: (
            asked.append((rows, following)) if isinstance(rows, torch.Tensor) else None,
            batch(split, rows, following),
        )[1],
    )
    whole = train(run, tiny_faces, tmp_path / "whole" / "seed3", device=CPU)
    draws = (generator("cpu", 3, "order", epoch) for epoch in range(3))
    line = sum((shuffled(100, 30, each).tolist() for each in draws), [])
    found = [rows.tolist() for rows, _ in asked]
    assert found == [line[start : start + 16] for start in range(0, 300, 16)] and list(map(len, found)) == [16] * 18 + [12]
    announced = [following.tolist() for _, following in asked]  # within an epoch
    assert announced == [[] if step in (6, 12, 18) else found[step + 1] for step in range(19)]
    # Last steps 6, 12 and 18 of the epochs; halved every seven.
    rate = run.protocol.recipe.learning_rate
    assert [entry["learning_rate"] for entry in whole["history"]] == pytest.approx([rate, rate / 2, rate / 4])
    for sessions in ((1,), (6,), (7,), (8, 5, 5)):
        directory = tmp_path / f"sessions{sessions}" / "seed3"
        asked.clear()
        for steps in sessions:
            with pytest.raises(Interrupted, match="resumes"):
                train(run, tiny_faces, directory, device=CPU, stop=after(steps))
        same(whole, train(run, tiny_faces, directory, device=CPU))
        assert [rows.tolist() for rows, _ in asked] == found


def test_images_and_steps_of_batches_that_cross_epochs(tiny_faces, tiny_protocol, tiny_cell):
    run = Run(tiny_protocol(recipe=CROSSING), tiny_cell(), 0)
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    assert trainer.steps == 19
    steps = []
    while not trainer.finished:
        order = trainer.order()
        while trainer.step < trainer.steps_per_epoch:
            assert trainer.steps_done == sum(steps) + trainer.step
            trainer.train_step(order)
            rate = run.protocol.recipe.learning_rate * 0.5 ** ((sum(steps) + trainer.step - 1) // 7)
            assert [group["lr"] for group in trainer.optimizer.param_groups] == pytest.approx([rate, rate])
        steps.append(trainer.step)
        trainer.finish_epoch()
    assert steps == [7, 6, 6] and trainer.images == 300


def test_another_seed_gives_other_numbers(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    records = [
        train(Run(tiny_protocol(), tiny_cell(), seed), tiny_faces, tmp_path / f"seed{seed}", device=CPU) for seed in (0, 1)
    ]
    assert not np.array_equal(records[0].predictions["test_outputs_none"], records[1].predictions["test_outputs_none"])


KILLED = """
    import sys, time, torch
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from benchmark.runs.training import train as training
    from benchmark.protocol.cells import Cell, Run
    from benchmark.faces.faceset import open_faceset
    from benchmark.protocol.protocol import protocol_from
    import json
    torch.set_num_threads(1)
    training.CHECKPOINT_SECONDS = 0.0
    given = json.loads(Path({given!r}).read_text())
    contents = given["protocol"]
    protocol = protocol_from({{k: v for k, v in contents.items() if k != "recipe"}}, "test", recipe=contents["recipe"])
    run = Run(protocol, Cell(**given["cell"]), 3)
    training.train(run, open_faceset({faces!r}), Path({out!r}), device=torch.device("cpu"))
"""


@pytest.mark.parametrize("recipe", [{}, CROSSING], ids=["standard", "crossing"])
def test_kill_9_then_resume_equals_uninterrupted(tmp_path, tiny_faces, tiny_protocol, tiny_cell, copied, recipe):
    run = Run(tiny_protocol(recipe=recipe, epochs=8), tiny_cell(), seed=3)
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"protocol": run.protocol.as_dict(), "cell": run.cell.as_dict()}))

    killed, checkpoint = tmp_path / "killed" / "seed3", tmp_path / "killed" / "seed3.checkpoint"
    names = {"given": given, "faces": tiny_faces.directory, "out": killed, "tests": ROOT}
    code = textwrap.dedent(KILLED.format(**{key: str(value) for key, value in names.items()}))
    process = copied.Process(target=exec, args=(code, {}))
    process.start()
    while not checkpoint.exists() and process.is_alive():
        time.sleep(0.005)
    time.sleep(0.1)  # somewhere in the middle: steps, checkpoints and evaluations follow each other closely
    process.kill()
    process.join()
    assert not killed.exists(), "it finished before it was killed"
    again = train(run, tiny_faces, killed, device=CPU)
    same(train(run, tiny_faces, tmp_path / "whole" / "seed3", device=CPU), again)
    assert not list(killed.parent.glob(".*")) or all(p.suffix == ".tmp" for p in killed.parent.glob(".*"))


def test_checkpoint_of_another_configuration_is_refused_by_name(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    directory = tmp_path / "seed0"
    with pytest.raises(Interrupted):
        train(Run(tiny_protocol(), tiny_cell(), 0), tiny_faces, directory, device=CPU, stop=lambda: True)
    other = Run(tiny_protocol(recipe={"learning_rate": 0.5}), tiny_cell(), 0)
    with pytest.raises(BadInput, match=r"seed0.checkpoint.*another configuration \(protocol differ\)"):
        train(other, tiny_faces, directory, device=CPU)
    record = train(other, tiny_faces, directory, device=CPU, restart_stale=True)
    assert record["protocol"]["recipe"]["learning_rate"] == 0.5
    with pytest.raises(BadInput, match=r"record of another configuration \(protocol, cell differ\)"):
        train(Run(tiny_protocol(), tiny_cell("weighted"), 0), tiny_faces, directory, device=CPU)


def test_damaged_checkpoint_is_refused(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    (tmp_path / "seed0.checkpoint").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(BadInput, match=r"seed0.checkpoint: found no checkpoint of this version; .*delete it"):
        train(Run(tiny_protocol(), tiny_cell(), 0), tiny_faces, tmp_path / "seed0", device=CPU)


def test_finished_record_is_not_trained_again(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    run = Run(tiny_protocol(), tiny_cell(), 0)
    train(run, tiny_faces, tmp_path / "seed0", device=CPU)
    monkeypatch.setattr(training, "Trainer", None)
    assert train(run, tiny_faces, tmp_path / "seed0", device=CPU)["status"] == "finished"


def test_a_record_that_lost_its_predictions_is_not_finished(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    run = Run(tiny_protocol(epochs=1), tiny_cell(), 0)
    whole = train(run, tiny_faces, tmp_path / "run", device=CPU)["predictions_sha256"]
    (tmp_path / "run" / "predictions.npz").unlink()
    with pytest.raises(BadInput, match="predictions.npz: found nothing to read"):
        train(run, tiny_faces, tmp_path / "run", device=CPU)
    assert train(run, tiny_faces, tmp_path / "run", device=CPU, restart_stale=True)["predictions_sha256"] == whole


def test_the_first_step_leaves_a_checkpoint(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    """The later ones come every `CHECKPOINT_SECONDS`. A killed run loses no more than that."""
    saved, now = [], itertools.count(0, 10)  # the clock goes on by 10 s whenever it is asked: once a step and once a save
    monkeypatch.setattr(training.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(Trainer, "save", lambda self, path: saved.append(self.steps_done))
    train(Run(tiny_protocol(epochs=2), tiny_cell(), 0), tiny_faces, tmp_path / "run", device=CPU)
    assert saved == [1, 5, 9]


def test_divergence_is_a_result(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    recipe = {"learning_rate": 1e18, "optimizer": "adam", "weight_decay": 0.0, "gradient_clip": 0.0, "warmup": 0.0}
    run = Run(tiny_protocol(recipe=recipe), tiny_cell(normalisation="frozen", shortcut="identity"), 0)
    record = train(run, tiny_faces, tmp_path / "seed0", device=CPU)
    assert record.diverged and record["selected_epoch"] is None
    assert record["history"][-1]["train_loss"] is None and record["history"][-1]["test"] is None
    assert not (tmp_path / "seed0" / "predictions.npz").exists()


def test_selected_weights_give_the_stored_predictions(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    """Selection and weights against a plain evaluation written here."""
    run = Run(tiny_protocol(recipe={"label_smoothing": 0.0}), tiny_cell(), 0)
    record = train(run, tiny_faces, tmp_path / "seed0", device=CPU)
    values = [entry["validation"]["accuracy"] for entry in record["history"]]
    assert record["selected_epoch"] == values.index(max(values)) + 1  # the first of the best
    model = build_model(run, CPU)
    model.load_state_dict(torch.load(tmp_path / "seed0" / "weights.pt", weights_only=True))
    model.eval()
    rows = np.flatnonzero(tiny_faces.split == "test")
    pictures = torch.from_numpy(np.array(tiny_faces.pictures[rows])).permute(0, 3, 1, 2).float() / 255
    train_pixels = np.array(tiny_faces.pictures[tiny_faces.split == "train"]).reshape(-1, 3) / 255
    mean = torch.from_numpy(train_pixels.mean(0)).float().view(1, 3, 1, 1)
    deviation = torch.from_numpy(train_pixels.std(0)).float().view(1, 3, 1, 1)
    with torch.no_grad():
        scores = model((pictures - mean) / deviation)
        mirrored = model((pictures.flip(3) - mean) / deviation)
    labels, outputs = record.outputs("test")
    np.testing.assert_array_equal(labels, tiny_faces.expression[rows])
    np.testing.assert_allclose(outputs, scores.numpy(), atol=2e-5)
    both = (scores.softmax(1) + mirrored.softmax(1)) / 2
    np.testing.assert_allclose(np.exp(record.outputs("test", "flip")[1]), both.numpy(), atol=2e-5)
    chosen = record["history"][record["selected_epoch"] - 1]["test"]
    assert chosen["accuracy"] == np.mean(scores.argmax(1).numpy() == labels)
    assert chosen["loss"] == pytest.approx(
        float(torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels))), abs=1e-5
    )


def test_learning_rates(tiny_protocol):
    staircase = tiny_protocol(
        recipe={"schedule": "staircase", "learning_rate": 1e-4, "decay": 0.8, "decay_steps": 8000}
    ).recipe
    assert learning_rate(staircase, 7999, 10**6) == 1e-4
    assert learning_rate(staircase, 16000, 10**6) == pytest.approx(0.64e-4)
    cosine = tiny_protocol(recipe={"learning_rate": 0.1, "warmup": 0.1}).recipe
    assert [learning_rate(cosine, step, 100) for step in (0, 9)] == pytest.approx([0.01, 0.1])
    assert learning_rate(cosine, 10 + 45, 100) == pytest.approx(0.05)
    assert learning_rate(cosine, 99, 100) == pytest.approx(0.05 * (1 + math.cos(math.pi * 89 / 90)))


def test_weight_decay_spares_vectors_and_scalars(tiny_faces, tiny_protocol, tiny_cell):
    run = Run(tiny_protocol(), tiny_cell(), 0)
    trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
    decayed, spared = make_optimizer(run.protocol.recipe, trainer.model).param_groups
    assert decayed["weight_decay"] == 0.05 and spared["weight_decay"] == 0
    assert all(p.ndim >= 2 for p in decayed["params"]) and all(p.ndim < 2 for p in spared["params"])
    assert sum(map(len, (decayed["params"], spared["params"]))) == len(list(trainer.model.parameters()))


def test_the_path_imports_only_torch_and_numpy():
    code = """
        import sys
        import numpy, torch
        before = set(sys.modules)
        import benchmark.cli, benchmark.runs.runner, benchmark.runs.training.trainer
        import benchmark.records.record, benchmark.records.importing
        banned = {"pandas", "scipy", "sklearn", "yaml", "timm", "fvcore", "matplotlib", "dvc", "tqdm", "jinja2"}
        print(sorted(banned & (set(sys.modules) - before)))
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[]"
