"""Signal and gradient along a network's residual stream, at initialisation and during the first steps of training.

A network can be measured if it has an attribute `units`: an nn.Sequential or nn.ModuleList of its residual units, in the
order in which the signal passes them. Each unit must be called exactly once, take one tensor and return one tensor, which
is the input of the next unit. Trainable scalars of a unit (parameters without dimensions) are recorded under the last part
of their name. docs/reference/gradients.md defines the quantities.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import FaceSet
from benchmark.files import rounded
from benchmark.protocol.cells import Run
from benchmark.runs.training.pixels import Split, Standardiser
from benchmark.runs.training.trainer import Trainer, build_model


def units_of(model: nn.Module, name: str = "network") -> list[nn.Module]:
    """The residual units of a network. BadInput if it has no attribute `units` of the right kind."""
    units = getattr(model, "units", None)
    if not isinstance(units, nn.Sequential | nn.ModuleList) or not len(units):
        raise BadInput(f"{name}, units", type(units).__name__, "an nn.Sequential or nn.ModuleList of residual units")
    return list(units)


def weight_layers(model: nn.Module) -> int:
    """Number of convolutions and fully connected layers. This is the depth as papers count it."""
    return sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules())


def measure(model: nn.Module, inputs: Tensor, targets: Tensor) -> dict:
    """Measure one forward and backward pass in training mode. Parameters, buffers, gradients and mode are not changed.

    Args:
        model: a network as described at the top of this module, with K units.
        inputs: float (B, C, S, S).
        targets: int64 (B,) classes.

    Returns:
        * loss: mean cross-entropy;
        * deviation (K + 1): standard deviation of all values before the first unit and after each unit;
        * gradient (K + 1): at the same places, the mean over pictures of the L2 norm of the gradient of B x loss;
        * weights (K): L2 norm of the gradient of the loss with respect to the trainable parameters of each unit;
        * scalars: name -> its value in each unit (None for a unit without it).

        Numbers that are not finite are returned as they are (see `is_finite`).

    Raises:
        BadInput: a network without units, or whose units are not called as described at the top of this module.
    """
    units = units_of(model)
    parameters = [[p for p in unit.parameters() if p.requires_grad] for unit in units]
    buffers, training = {name: buffer.clone() for name, buffer in model.named_buffers()}, _modes(model)
    stream: list[Tensor] = []
    hooks = [unit.register_forward_hook(lambda _, given, out: stream.extend((given[0], out))) for unit in units]
    try:
        model.train()
        with torch.enable_grad():
            # The network's input requires a gradient, so that the first unit's input has one even if nothing before it is
            # trainable.
            loss = nn.functional.cross_entropy(model(inputs.detach().requires_grad_()), targets)
        points = [stream[0], *stream[1::2]] if len(stream) == 2 * len(units) else []
        if not points or any(stream[2 * k] is not stream[2 * k - 1] for k in range(1, len(units))):
            raise BadInput(
                "network, units", f"{len(stream) // 2} calls", "each unit called once, on what the one before gave"
            )
        wanted = [*points, *(p for own in parameters for p in own)]
        gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    finally:
        for hook in hooks:
            hook.remove()
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])
        for module, mode in training:
            module.training = mode
    behind = iter(gradients[len(points) :])
    weights = [_norm([next(behind) for _ in own]) for own in parameters]
    return {
        "loss": loss.item(),
        "deviation": [point.detach().double().std(correction=0).item() for point in points],
        "gradient": [_per_picture(each) for each in gradients[: len(points)]],
        "weights": weights,
        "scalars": _scalars(units),
    }


def is_finite(found: dict) -> bool:
    """Whether every number of a measurement is finite."""
    numbers = [found["loss"], *found["deviation"], *found["gradient"], *found["weights"]]
    return all(map(math.isfinite, numbers))


def follow(
    run: Run,
    faces: FaceSet,
    splits: dict[str, Split],
    prepare: Standardiser,
    device: torch.device,
    *,
    images: int,
    steps: Sequence[int],
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Measure the network of a run after each of `steps` optimiser steps of the protocol's recipe (0: as initialised).

    Args:
        splits: the protocol's faces on `device`.
        prepare: makes the network's input from them.
        images: B, the number of pictures of the probe (the fixed batch that is measured). They are taken at equal distances
            from the training split and not augmented.
        steps: in rising order, within the protocol's budget.
        stop: called after every step.

    Returns:
        {layers, status ("finished" or "diverged"), diverged_at (step or None), moments: a list of {step} | result of
        `measure`}. The measurement ends at the first moment at which a measured number, or the training loss since the last
        moment, is not finite. That moment is left out.

    Raises:
        BadInput: more probe pictures or steps than the protocol has; a network that can not be measured.
        Interrupted: `stop` returned True.
    """
    train = splits["train"]
    if not 1 < images <= len(train):
        raise BadInput(f"{run}, images", images, f"2 to {len(train)}")
    trainer = Trainer(run, faces, device, splits) if max(steps) else None
    if trainer and max(steps) > (budget := trainer.steps):
        raise BadInput(f"{run}, steps", max(steps), f"at most {budget}, the protocol's budget")
    model = trainer.model if trainer else build_model(run, device)
    units_of(model, run.cell.name)
    rows = torch.linspace(0, len(train) - 1, images, dtype=torch.float64).round().long().to(train.pictures.device)
    inputs = prepare.standardise(prepare.unit(train.pictures[rows])).to(device)
    targets = train.targets[rows].to(device)
    result = {"layers": weight_layers(model), "status": "finished", "diverged_at": None, "moments": []}
    done, order = 0, None
    for step in steps:
        while done < step:
            if trainer.step == trainer.steps_per_epoch:  # goes to the next epoch without an evaluation
                trainer.epoch, trainer.step = trainer.epoch + 1, 0
            order = trainer.order() if trainer.step == 0 else order
            trainer.train_step(order)
            done += 1
            if stop():
                raise Interrupted(f"{run}: stopped after step {done}; measured again from the start by the next call")
        found = measure(model, inputs, targets)
        if not is_finite(found) or (trainer and not math.isfinite(trainer.loss_sum.item())):
            result |= {"status": "diverged", "diverged_at": step}
            break
        result["moments"].append({"step": step} | rounded(found))
    return result


def _modes(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    return [(module, module.training) for module in model.modules()]


def _norm(gradients: Sequence[Tensor | None]) -> float:
    return math.sqrt(sum(each.double().square().sum().item() for each in gradients if each is not None))


def _per_picture(gradient: Tensor | None) -> float:
    if gradient is None:
        return 0.0
    norms = gradient.double().flatten(1).square().sum(1).sqrt()
    return len(norms) * norms.mean().item()


def _scalars(units: Sequence[nn.Module]) -> dict[str, list[float | None]]:
    own = [
        {n.rpartition(".")[2]: p.item() for n, p in u.named_parameters() if p.ndim == 0 and p.requires_grad} for u in units
    ]
    return {name: [each.get(name) for each in own] for name in sorted(set().union(*own))}
