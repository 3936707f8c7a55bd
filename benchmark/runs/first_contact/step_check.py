"""Compares one training step of a run on a device with the same step on the CPU: loss, gradients, state and update.

Both sides compute in float32 (TF32 off) on the same pictures. The pictures are augmented on the CPU, because random numbers
differ between devices; dropout is off for the same reason. The step uses the recipe's full learning rate, without warm-up:
in warm-up a parameter would change by less than its rounding error.

How the tolerances were chosen. Deviations from the same step in float64 were measured for 19 networks (three shortcuts and
both normalisations at 12 and 50 layers, BReG-NeXt-50, ResNet-18, VGG-13, mini-Xception; real faces, batch 32). float32 on a
CPU deviates in the loss by at most 5e-7, in the whole gradient by at most 6e-4, and in one tensor of the gradient by at most
2.6e-3. bfloat16 deviates by 4e-6 to 1.4e-2, 3.7e-3 to 0.15, and 0.011 to 5.8. Each tolerance is at least 3 times what
float32 needs for another order of summation. The two tolerances for gradients are below all deviations of bfloat16.

If the true gradient of a tensor is zero, as for a bias before BatchNorm, the computed gradient is only rounding error. So
the error of a tensor is divided by the larger of two norms: the tensor's own, and `FLOOR` times the norm that it would have
if its elements were as large as the average element of the whole gradient. Adam's first step is the sign of the gradient,
which turns such rounding errors into full steps. Therefore the update is compared with the update that the CPU's optimiser
makes from the device's own gradient.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor, nn

from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import Json
from benchmark.protocol.cells import Run
from benchmark.runs.training.crossvalidation import fold_run
from benchmark.runs.training.optimizer import make_optimizer
from benchmark.runs.training.paths import EAGER
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.seeds import generator
from benchmark.runs.training.trainer import Trainer, build_model

TOLERANCES = {"loss": 1e-5, "gradient": 2e-3, "tensor": 1e-2, "state": 1e-2, "update": 1e-2}
# Three times the largest deviation that bfloat16 had. It says that nothing is wrong altogether, and no more.
BF16_TOLERANCES = {"loss": 4e-2, "gradient": 0.45}
FLOOR = 0.1


class NotPossible(Exception):
    """A part of a path failed or is not there, so another path would be used."""


@dataclass(frozen=True)
class Step:
    """One training step. Tensors are on the CPU in float64.

    Attributes:
        loss: before the step.
        gradients: name -> gradient, clipped if the recipe clips.
        buffers: name -> buffer after the step.
        parameters: name -> parameter before the step.
        moved: name -> parameter after the step.
        rate: learning rate.
    """

    loss: float
    gradients: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]
    parameters: Mapping[str, Tensor]
    moved: Mapping[str, Tensor]
    rate: float


def take_step(run: Run, faces: FaceSet, device: torch.device, *, precision: str = "float32", path: str = EAGER) -> Step:
    """Make the first step of a run (with folds: of its first fold) on `device`.

    Args:
        precision: "float32" (TF32 off) or "bf16" (autocast, as in runs on a GPU).
        path: one of `benchmark.runs.training.paths`.

    Raises:
        NotPossible: the step was computed on another path.
    """
    if run.protocol.folds:
        run, faces = fold_run(run, faces, 0)
    recipe = dataclasses.replace(run.protocol.recipe, warmup=0.0)
    run = dataclasses.replace(run, protocol=dataclasses.replace(run.protocol, recipe=recipe))
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        trainer = Trainer(run, faces, device, load_splits(faces, run.protocol, device))
        trainer.precision, augment = precision, trainer.augment

        def same_pictures(pictures: Tensor, _draws: torch.Generator) -> Tensor:
            return augment(pictures.cpu(), generator("cpu", run.seed, "augmentation", 0, 0)).to(pictures.device)

        trainer.augment = same_pictures
        for module in trainer.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        shape = trainer.batch, run.protocol.channels, run.protocol.input_size, run.protocol.input_size
        trainer.use(path, shape, trainer.splits["train"].targets[: trainer.batch])
        parameters = _copied(trainer.model.named_parameters())
        trainer.train_step(trainer.order())
        if not trainer.uses(path):
            raise NotPossible(f"computed on the path {trainer.path} instead")
        return Step(
            loss=trainer.loss_sum.item(),
            gradients=_copied((n, p.grad) for n, p in trainer.model.named_parameters() if p.grad is not None),
            buffers=_copied((n, b) for n, b in trainer.model.named_buffers() if b.is_floating_point()),
            parameters=parameters,
            moved=_copied(trainer.model.named_parameters()),
            rate=trainer.optimizer.param_groups[0]["lr"],
        )
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def _copied(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", torch.float64, copy=True) for name, tensor in tensors}


def deviations(found: Step, expected: Step, run: Run) -> dict[str, Json]:
    """The deviation of a step from the expected one: for each name of `TOLERANCES` a relative error >= 0, and "worst" -> the
    name of the tensor whose gradient deviates most. An error is infinite if something is missing or not finite."""
    if set(found.gradients) != set(expected.gradients):
        odd = sorted(set(found.gradients) ^ set(expected.gradients))
        return dict.fromkeys(TOLERANCES, math.inf) | {"worst": odd[0]}
    tensors, worst = _each(found.gradients, expected.gradients), ""
    if tensors:
        worst = max(tensors, key=lambda name: tensors[name])
    both = found.gradients, expected.gradients
    whole, wanted_whole = (torch.cat([each[name].flatten() for name in expected.gradients]) for each in both)
    wanted = _moved(found, run)
    moves = {name: found.moved[name] - found.parameters[name] for name in wanted}
    return {
        "loss": _finite(abs(found.loss - expected.loss) / max(abs(expected.loss), 1e-12)),
        "gradient": _relative(whole, wanted_whole, 0.0),
        "tensor": tensors.get(worst, 0.0),
        "state": max((_relative(found.buffers[n], e, 1e-12) for n, e in expected.buffers.items()), default=0.0),
        "update": max((_relative(moves[n], e - found.parameters[n], 1e-12) for n, e in wanted.items()), default=0.0),
        "worst": worst,
    }


def _each(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, float]:
    total = math.sqrt(sum(tensor.square().sum().item() for tensor in expected.values()))
    elements = sum(tensor.numel() for tensor in expected.values())
    typical = {name: FLOOR * total * math.sqrt(tensor.numel() / elements) for name, tensor in expected.items()}
    return {name: _relative(found[name], tensor, typical[name]) for name, tensor in expected.items()}


def _relative(found: Tensor, expected: Tensor, floor: float) -> float:
    """|found - expected| / max(|expected|, floor), with Euclidean norms."""
    return _finite((found - expected).norm().item() / max(expected.norm().item(), floor, 1e-300))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _moved(step: Step, run: Run) -> dict[str, Tensor]:
    """The parameters after one step of the CPU's optimiser from the step's own parameters and gradients."""
    model = build_model(run, torch.device("cpu"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(step.parameters[name])
            if name in step.gradients:
                parameter.grad = step.gradients[name].to(parameter.dtype)
    optimizer = make_optimizer(run.protocol.recipe, model)
    for group in optimizer.param_groups:
        group["lr"] = step.rate
    optimizer.step()
    return {name: parameter.detach().double() for name, parameter in model.named_parameters() if name in step.gradients}


def beyond(found: Mapping[str, Json], tolerances: Mapping[str, float] = TOLERANCES) -> list[str]:
    """The names of the deviations that are larger than their tolerance."""
    return [name for name, tolerance in tolerances.items() if not found[name] <= tolerance]


class _Held(TypedDict, total=False):
    """The state of a checking process between two questions."""

    run: Run
    faces: FaceSet
    expected: Step


_here: _Held = {}


def expect(run: Run, prepared: Path) -> float:
    """Make the step on the CPU, with which `check` compares. Returns its loss."""
    _here["run"], _here["faces"] = run, open_faceset(prepared / run.protocol.data)
    _here["expected"] = take_step(run, _here["faces"], torch.device("cpu"))
    return _here["expected"].loss


def check(device: torch.device, precision: str, path: str) -> dict[str, Json]:
    """The `deviations` of the device's step from the step of `expect`."""
    step = take_step(_here["run"], _here["faces"], device, precision=precision, path=path)
    return deviations(step, _here["expected"], _here["run"])
