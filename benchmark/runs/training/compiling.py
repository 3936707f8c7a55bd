"""torch.compile for training; if compilation fails, the eager network is used instead."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark import progress
from benchmark.runs.training.losses import Loss


def compiled(model: nn.Module, example: Tensor, precision: str) -> Callable[[Tensor], Tensor]:
    """`model`, in its training mode, compiled for inputs of the shape of `example`.

    If compilation fails (no C++ compiler, no Triton, an unsupported operator), one line says why and `model` itself is
    returned. torch.compile fails only when the network is first used, so one forward and one backward pass are made here.
    Parameters and buffers are restored afterwards; gradients are set to None. The compiled callable shares the
    parameters of `model`.

    Args:
        example: network input (N, C, S, S) on the model's device. Another batch size is compiled when it first occurs.
        precision: the precision of the training that follows, "float32" or "bf16" (autocast).
    """
    faster = torch.compile(model, dynamic=False, fullgraph=True)

    def trial() -> None:
        with torch.autocast(example.device.type, torch.bfloat16, enabled=precision == "bf16"):
            outputs = faster(example)
        outputs.float().sum().backward()

    return faster if _works(trial, model) else model


def compiled_gradients(
    model: nn.Module, loss: Loss, example: Tensor, targets: Tensor, precision: str
) -> Callable[[Tensor, Tensor], Tensor] | None:
    """A function of inputs and targets, with the shapes of `example` and `targets`, that computes the loss and puts its
    gradients in the parameters; None if it can not be compiled, and a line says why.

    Network, loss and backward pass are one graph for the compiler. The update is not in it: torch does not let its fused
    optimisers be compiled, because they are one kernel already.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def gradients(inputs: Tensor, wanted: Tensor) -> tuple[Tensor, tuple[Tensor | None, ...]]:
        with torch.autocast(example.device.type, torch.bfloat16, enabled=precision == "bf16"):
            outputs = model(inputs)
        value = loss(outputs, wanted)
        return value.detach(), torch.autograd.grad(value, parameters, allow_unused=True)

    faster = torch.compile(gradients, dynamic=False, fullgraph=True)

    def step(inputs: Tensor, wanted: Tensor) -> Tensor:
        from torch._dynamo import config  # slow to import, so only where something is compiled

        with config.patch(trace_autograd_ops=True):  # torch 2.6 does not have it, which counts as not compiled
            value, found = faster(inputs, wanted)
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient
        return value

    return step if _works(lambda: step(example, targets), model) else None


def _works(trial: Callable[[], object], model: nn.Module) -> bool:
    """Whether a trial of what was compiled ends well. The model is left as it was."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    works = True
    try:
        trial()
    except Exception as error:  # noqa: BLE001  # torch raises dozens of kinds here
        reason = str(error).strip().partition("\n")[0]
        progress.say(f"not compiled, so slower ({type(error).__name__}: {reason})")
        works = False
    model.zero_grad(set_to_none=True)
    model.load_state_dict(before)
    return works
