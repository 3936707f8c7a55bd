"""The training of one run: its state, its steps and epochs, its checkpoint and its Record. Needs torch and numpy only.

Every random draw depends only on the run's seed, the epoch and the step (`benchmark.runs.training.seeds`). So a run that was
stopped at any moment and resumed from its checkpoint gives the same predictions and history as an uninterrupted one (bit
for bit on the same CPU, with the same thread count and versions).
"""

import io
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json
from benchmark.protocol.building import create
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import SELECTION_METRIC, Recipe
from benchmark.records.record import Record, write_record
from benchmark.runs import environment, sources
from benchmark.runs.training import checkpoint
from benchmark.runs.training.augmentation import AUGMENTATIONS
from benchmark.runs.training.batches import Batches
from benchmark.runs.training.evaluation import predict, selection_metric
from benchmark.runs.training.losses import make_loss
from benchmark.runs.training.memory import peak_memory
from benchmark.runs.training.optimizer import learning_rate, make_optimizer
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import Split, Standardiser, standardiser
from benchmark.runs.training.seeds import generator, stream_seed
from benchmark.runs.training.stepping import Stepping

FINITE_CHECK_STEPS = 25
EVALUATED = ("validation", "test")
# What a checkpoint holds besides the configuration and the states of network and optimizer.
CARRIED = ("epoch", "step", "loss_sum", "history", "best", "diverged", "seconds", "images")


def precision_of(recipe: Recipe, device: torch.device) -> str:
    """The precision of a run: the recipe's, if it names one; else "bf16" (autocast) on a GPU and "float32" on a CPU."""
    return recipe.precision or ("bf16" if device.type == "cuda" else "float32")


def build_model(run: Run, device: torch.device) -> nn.Module:
    """The run's network. It is initialised on the CPU from the random stream "initialisation" and then moved to `device`."""
    protocol = run.protocol
    torch.manual_seed(stream_seed(run.seed, "initialisation"))
    model = create(
        run.cell.model,
        num_outputs=protocol.outputs,
        in_channels=protocol.channels,
        input_size=protocol.input_size,
        **run.cell.options,
    )
    placed: nn.Module = model.to(  # type: ignore[call-overload]  # torch's types of Module.to lack memory_format
        device, memory_format=torch.channels_last
    )
    return placed


def configuration(run: Run, faces: FaceSet, device: torch.device) -> dict[str, Json]:
    """What decides whether a checkpoint or a finished record belongs to this run: all of these values must be equal."""
    return {
        "protocol": run.protocol.hash,
        "cell": run.cell.hash,
        "seed": run.seed,
        "data": faces.fingerprint,
        "code": sources.code_digest(run.cell.model),
        "device type": device.type,
    }


class Trainer(Stepping):
    """The training state of one run, everything that a checkpoint holds, and the steps and epochs that change it.

    `path`: how steps are computed, one of `benchmark.runs.training.paths`.
    """

    def __init__(self, run: Run, faces: FaceSet, device: torch.device, splits: dict[str, Split], *, path: str = EAGER):
        self.run, self.faces, self.device, self.splits = run, faces, device, splits
        self.recipe = recipe = run.recipe
        self.categorical = run.protocol.task == "categorical"
        self.precision = precision_of(recipe, device)
        if self.precision == "float32" and device.type == "cuda":
            torch.backends.cudnn.allow_tf32 = False  # TF32 convolutions round their inputs to 10 bits of mantissa
        self.prepare: Standardiser = standardiser(run.protocol, splits["train"])
        self.batches = Batches.of(run, len(splits["train"]))
        self.batch = self.batches.size
        self.counts: list[int] | None = None
        if self.categorical:
            labels = splits["train"].targets.cpu().numpy()
            self.counts = np.bincount(labels, minlength=len(run.protocol.classes)).tolist()
        self.loss = make_loss(run.cell.loss, counts=self.counts or (), label_smoothing=recipe.label_smoothing, device=device)
        self.augment = AUGMENTATIONS[recipe.augmentation]
        self.model = build_model(run, device)  # for evaluation
        shape = self.batch, run.protocol.channels, run.protocol.input_size, run.protocol.input_size
        self.use(path, shape, splits["train"].targets[: self.batch])
        self.optimizer = make_optimizer(recipe, self.model)
        self.configuration = configuration(run, faces, device)
        self.epoch = self.step = 0  # finished epochs; finished steps of the current epoch
        self.loss_sum = torch.zeros((), device=device)
        self.history: list[dict[str, Json]] = []
        self.best: dict[str, Json] = {"epoch": None, "value": -math.inf, "state": None}
        self.diverged = False
        self.seconds = {"train": 0.0, "evaluate": 0.0}
        self.images = 0  # training images seen

    def save(self, path: Path) -> None:
        """Write a checkpoint atomically."""
        state = {name: getattr(self, name) for name in (*CARRIED, "configuration")}
        checkpoint.write(path, state | {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()})

    def load(self, path: Path) -> None:
        """Resume from a checkpoint.

        Raises:
            BadInput: it is damaged, of another version, was made with another `configuration`, or has a value that does not
                fit this run.
        """
        state = checkpoint.read(path, self.device)
        if state["configuration"] != self.configuration:
            odd = [key for key, value in self.configuration.items() if state["configuration"].get(key) != value]
            raise BadInput(
                path,
                f"a checkpoint of another configuration ({', '.join(odd)} differ)",
                "this run's; delete it, or give --restart-stale to begin again",
            )
        checkpoint.check(path, state, self.model, self.optimizer, self.batches, EVALUATED)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.captured = None  # it has the memory of the state before
        for name in CARRIED:
            setattr(self, name, state[name])

    def train_step(self, order: torch.Tensor) -> None:
        """One optimiser step on the next batch. `order`: the rows of this epoch, from the method `order`."""
        run, recipe, split = self.run, self.recipe, self.splits["train"]
        rate = learning_rate(recipe, self.steps_done, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
            if recipe.epsilon_hat:  # to be added before the bias correction; torch adds its eps after it, hence the factor
                group["eps"] = recipe.epsilon_hat / math.sqrt(1 - group["betas"][1] ** (self.steps_done + 1))
        start, end = self.step * self.batch, (self.step + 1) * self.batch
        rows, following = order[start:end], order[end : end + self.batch]
        draws = generator(self.device, run.seed, "augmentation", self.epoch, self.step)
        pictures = self.prepare.unit(split.batch(rows, following))
        inputs = self.prepare.standardise(self.augment(pictures, draws)).contiguous(memory_format=torch.channels_last)
        targets = split.targets[rows.to(split.targets.device, non_blocking=True)]  # streamed: rows are on the CPU
        dropout = stream_seed(run.seed, "dropout", self.epoch, self.step)
        loss = self.computed(inputs, targets, rate, len(rows) == self.batch, lambda: torch.manual_seed(dropout))
        self.loss_sum += loss
        self.step += 1
        self.images += len(rows)
        if self.step % FINITE_CHECK_STEPS == 0 or self.step == self.steps_per_epoch:
            self.diverged = not math.isfinite(self.loss_sum.item())

    def order(self) -> torch.Tensor:
        """The training rows of this epoch in the order of its steps: int64 (n,), on `pictures.device` of the training split.
        The order is drawn on the CPU, so it is the same for every training device."""
        return self.batches.order(self.epoch).to(self.splits["train"].pictures.device)

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps of the current epoch."""
        return self.batches.steps_before(self.epoch + 1) - self.batches.steps_before(self.epoch)

    @property
    def steps_done(self) -> int:
        """Number of finished steps since the start of the run."""
        return self.batches.steps_before(self.epoch) + self.step

    @property
    def steps(self) -> int:
        """Number of steps of all epochs."""
        return self.batches.steps_before(self.batches.epochs)

    def finish_epoch(self) -> None:
        """Evaluate, add an entry to the history, and keep the weights if the selection rule prefers this epoch."""
        protocol, metric = self.run.protocol, SELECTION_METRIC[self.run.protocol.task]
        entry: dict[str, Json] = {
            "epoch": self.epoch + 1,
            "learning_rate": learning_rate(self.run.recipe, self.steps_done - 1, self.steps),
            "train_loss": None if self.diverged else self.loss_sum.item() / self.step,
        }
        for role in EVALUATED if not self.diverged else ():
            split = self.splits[role]
            outputs = predict(self.model, split, self.prepare, categorical=self.categorical, precision=self.precision)
            if not np.isfinite(outputs).all():
                self.diverged = True
                break
            loss = self.loss(torch.from_numpy(outputs).to(self.device), split.targets).item()
            value = selection_metric(protocol.task, split.targets.cpu().numpy(), outputs)
            entry[role] = {"loss": loss, metric: value}
        if self.diverged:
            entry |= {"train_loss": None} | dict.fromkeys(EVALUATED)
        self.history.append(entry)
        if not self.diverged:
            value = entry["validation"][metric]
            if protocol.selection == "last" or value > self.best["value"]:
                state = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
                self.best = {"epoch": self.epoch + 1, "value": value, "state": state}
        self.epoch, self.step = self.epoch + 1, 0
        self.loss_sum = torch.zeros((), device=self.device)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the run has diverged."""
        return (self.diverged and self.step == 0) or self.epoch == self.run.protocol.epochs

    def record(self, directory: Path) -> Record:
        """Predict with the weights of the selected epoch and write the record."""
        run, protocol, predictions, extra = self.run, self.run.protocol, {}, {}
        start = time.perf_counter()
        if not self.diverged:
            self.model.load_state_dict(self.best["state"])
            for role in EVALUATED:
                split = self.splits[role]
                predictions[f"{role}_ids"] = split.ids
                predictions[f"{role}_targets"] = split.targets.cpu().numpy()
                for tta in protocol.tta:
                    predictions[f"{role}_outputs_{tta}"] = predict(
                        self.model, split, self.prepare, categorical=self.categorical, tta=tta, precision=self.precision
                    )
            buffer = io.BytesIO()
            torch.save({name: tensor.cpu() for name, tensor in self.best["state"].items()}, buffer)
            extra["weights.pt"] = buffer.getvalue()
        if any(not np.isfinite(a).all() for name, a in predictions.items() if "_outputs_" in name):
            self.diverged, predictions, extra = True, {}, {}
        self.seconds["evaluate"] += time.perf_counter() - start
        contents = {
            "status": "diverged" if self.diverged else "finished",
            "protocol": protocol.as_dict(),
            "protocol_hash": protocol.hash,
            "cell": run.cell.as_dict(),
            "cell_hash": run.cell.hash,
            "seed": run.seed,
            "data": {
                "name": self.faces.meta["name"],
                "version": self.faces.meta["version"],
                "fingerprint": self.faces.fingerprint,
            },
            "classes": list(protocol.classes),
            "history": self.history,
            "selected_epoch": None if self.diverged else self.best["epoch"],
            "train_counts": self.counts,
            "input": {"mean": list(self.prepare.mean), "deviation": list(self.prepare.deviation)},
            "parameters": sum(p.numel() for p in self.model.parameters() if p.requires_grad),
            "environment": environment.describe(self.device)
            | {"precision": self.precision, "implementation": self.implementation},
            "code": self.configuration["code"],
            "cost": {
                "device": environment.device_name(self.device),
                "train_seconds": round(self.seconds["train"], 3),
                "evaluate_seconds": round(self.seconds["evaluate"], 3),
                "images_per_second": round(self.images / max(self.seconds["train"], 1e-9), 2),
                "peak_memory_bytes": peak_memory(self.device),
            },
        }
        return write_record(directory, contents, predictions, extra)
