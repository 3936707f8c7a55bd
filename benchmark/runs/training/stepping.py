"""One training step from network input to updated weights, on any of the paths."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from benchmark import progress
from benchmark.protocol.protocol import Recipe
from benchmark.runs.training.capture import Captured
from benchmark.runs.training.compiling import compiled, compiled_gradients
from benchmark.runs.training.losses import Loss
from benchmark.runs.training.paths import COMPILED, EAGER, GRAPH, IMPLEMENTATIONS, STEP, TRITON, without, words_of


class _Shortcut(Protocol):
    triton: bool


class Stepping:
    """How a network is trained by one batch. Base class of the `Trainer`, which has batches, epochs and state.

    Attributes:
        model: for evaluation. `forward`: for training; the same, or compiled.
        path: how steps are computed, one of `benchmark.runs.training.paths`; set by `use`.
    """

    model: nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    recipe: Recipe
    device: torch.device
    precision: str
    path: str = EAGER
    forward: Callable[[Tensor], Tensor]
    gradients: Callable[[Tensor, Tensor], Tensor] | None = None  # if network, loss and backward pass are compiled as one
    captured: Captured | None = None  # made at the first step

    def use(self, path: str, shape: tuple[int, ...], targets: Tensor) -> None:
        """Compute the following steps on a path. If a part of it is not possible, a line says why, and `self.path` is the
        path without this part.

        Args:
            shape: of the inputs, (N, C, S, S).
            targets: of any batch.
        """
        self.path, self.forward, self.gradients, self.captured = path, self.model, None, None
        words = words_of(path)
        if TRITON in words and not self._use_triton():
            if self._shortcuts():
                progress.say("Triton is not installed, so slower")
            self.path = without(self.path, TRITON)
        if not words & {COMPILED, STEP}:
            return
        example = torch.zeros(shape, device=self.device).contiguous(memory_format=torch.channels_last)
        if COMPILED in words:
            self.forward = compiled(self.model, example, self.precision)
            if self.forward is self.model:
                self.path = without(self.path, COMPILED)
        else:
            self.gradients = compiled_gradients(self.model, self.loss, example, targets, self.precision)
            if self.gradients is None:
                self.path = without(self.path, STEP)

    def computed(self, inputs: Tensor, targets: Tensor, rate: float, whole: bool, draw: Callable[[], object]) -> Tensor:
        """Make a step and return the loss, without waiting for the device.

        Args:
            inputs: (N, C, S, S), channels_last.
            rate: the learning rate, which the optimiser's groups have too.
            whole: whether the batch is a whole one. Another size is computed on the path without "step" and "graph".
            draw: called directly before the network is, to set the random stream of dropout.
        """
        if whole and GRAPH in words_of(self.path) and self.captured is None:
            self._capture(inputs, targets)
        draw()
        if whole and self.captured is not None:
            loss = self.captured(inputs, targets, rate)
            if self.recipe.epsilon_hat:
                self.optimizer.step()
        else:
            loss = self._gradients(inputs, targets, whole)
            self.optimizer.step()
        return loss

    def uses(self, path: str) -> bool:
        """Whether steps are computed on this path: no part of it failed. A network without a shortcut for Triton uses
        one with this word as well as one without."""
        return self.path == (path if self._shortcuts() else without(path, TRITON))

    def _shortcuts(self) -> Sequence[_Shortcut]:
        """The shortcuts of the network that Triton can compute."""
        return getattr(self.model, "shortcuts_for_triton", ())

    def _use_triton(self) -> bool:
        if importlib.util.find_spec("triton") is None:
            return False
        for shortcut in self._shortcuts():
            shortcut.triton = True
        return bool(self._shortcuts())

    def _gradients(self, inputs: Tensor, targets: Tensor, whole: bool) -> Tensor:
        """Put the gradients in the parameters, clipped if the recipe says so, and return the loss."""
        if whole and self.gradients is not None:
            loss = self.gradients(inputs, targets)
        else:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                outputs = self.forward(inputs)
            loss = self.loss(outputs, targets)
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
        if self.recipe.gradient_clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_clip)
        return loss.detach()

    def _capture(self, inputs: Tensor, targets: Tensor) -> None:
        """Make the CUDA graph of a step. If that fails, a line says why, and steps are computed without it."""

        def step(inputs: Tensor, targets: Tensor) -> Tensor:
            loss = self._gradients(inputs, targets, True)
            if not self.recipe.epsilon_hat:  # Adam's eps then changes with every step; a graph would keep the first one
                self.optimizer.step()
            return loss

        try:
            self.captured = Captured(step, self.model, self.optimizer, inputs, targets)
        except Exception as error:  # noqa: BLE001  # torch and CUDA raise many kinds here
            reason = str(error).strip().partition("\n")[0]
            progress.say(f"no CUDA graph, so slower ({type(error).__name__}: {reason})")
            self.path = without(self.path, GRAPH)

    @property
    def implementation(self) -> str:
        """How the network was computed in training: the words of the path, such as "torch.compile, CUDA graph". Without
        torch.compile, the network's attribute `implementation` comes first, or "torch"."""
        words = words_of(self.path)
        own = [] if words & {COMPILED, STEP} else [getattr(self.model, "implementation", "torch")]
        return ", ".join(own + [said for word, said in IMPLEMENTATIONS.items() if word in words])
