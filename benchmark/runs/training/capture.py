"""A whole training step as one CUDA graph: the GPU repeats all of its kernels at one call of the host.

A step of BReG-NeXt-50 has more than a thousand small kernels, and the host needs longer to ask for one than the GPU to
compute it. A graph reads its inputs, and the learning rate, from tensors at fixed places, which are filled before each step.
"""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

WARM_UP = 3  # steps before the capture: libraries choose their algorithms and workspaces in these


class Captured:
    """A training step, captured for batches of one shape. Call it with a batch and the learning rate; it returns the loss.

    Making it leaves parameters, buffers and the optimiser's state as they were. The graph holds on to their memory: after
    tensors are replaced (not only filled), as `optimizer.load_state_dict` does, make another one.

    Args:
        step: computes a step on (inputs, targets) and returns the loss, without waiting for the device. What it does
            otherwise on the host happens now and not in later steps.
        inputs, targets: a batch, on the GPU.
    """

    def __init__(
        self,
        step: Callable[[Tensor, Tensor], Tensor],
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        inputs: Tensor,
        targets: Tensor,
    ):
        self.inputs, self.targets = inputs.clone(), targets.clone()
        self.rate = torch.zeros((), device=inputs.device)
        self.parameters = [each for group in optimizer.param_groups for each in group["params"]]
        with (
            torch.cuda.device(inputs.device if inputs.is_cuda else -1),
            _unchanged(model, optimizer),
            _rate_as_tensor(optimizer, self.rate),
        ):
            self.replay, self.loss = recorded(lambda: step(self.inputs, self.targets))
        self.gradients = [each.grad for each in self.parameters]

    def __call__(self, inputs: Tensor, targets: Tensor, rate: float) -> Tensor:
        self.inputs.copy_(inputs)
        self.targets.copy_(targets)
        self.rate.fill_(rate)
        self.replay()
        if self.parameters[0].grad is not self.gradients[0]:  # a step that was not the graph's has put others there
            for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
                parameter.grad = gradient
        return self.loss


def recorded(step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """(a function that makes the step again, the tensor that then has its result), by capture on the current GPU.

    Raises what torch raises if the step waits for the GPU, or has an operator that can not be captured.
    """
    stream: Callable[[], torch.cuda.Stream] = torch.cuda.Stream  # torch gives it no types
    aside = stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step()
    return graph.replay, result


@contextlib.contextmanager
def _rate_as_tensor(optimizer: torch.optim.Optimizer, rate: Tensor) -> Iterator[None]:
    """The learning rate is the tensor `rate`, and the optimiser is made to be captured. Afterwards its groups are as before,
    so that a checkpoint is the same on every path."""
    before = [(group["lr"], group["capturable"]) for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        group["lr"], group["capturable"] = rate, True
    try:
        yield
    finally:
        for group, (number, capturable) in zip(optimizer.param_groups, before, strict=True):
            group["lr"], group["capturable"] = number, capturable


@contextlib.contextmanager
def _unchanged(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Afterwards the tensors of model and optimiser have their values again, at the same places. A state that the optimiser
    did not have before is 0, with which Adam begins."""
    places = [*model.parameters(), *model.buffers()]
    before = [each.detach().clone() for each in places]
    states = {name: value.clone() for name, value in _states(optimizer).items()}
    try:
        yield
    finally:
        with torch.no_grad():
            for place, value in zip(places, before, strict=True):
                place.copy_(value)
            for name, place in _states(optimizer).items():
                place.copy_(states[name]) if name in states else place.zero_()


def _states(optimizer: torch.optim.Optimizer) -> dict[tuple[int, str], Tensor]:
    return {
        (id(parameter), name): value
        for parameter, state in optimizer.state.items()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
