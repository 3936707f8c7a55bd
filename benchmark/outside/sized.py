"""Opens a model of which only the size and the speed are of interest, not what it answers."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Unpack

import torch
from torch import Tensor, nn

from benchmark.outside.adapters.given import Calling, logits_of
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.outside.ready import Declaration, How, Model, Ready, open_as, recipe_or_declared
from benchmark.protocol.protocol import Protocol


@contextlib.contextmanager
def left_as_it_was(model: Model | None) -> Iterator[None]:
    """A context at whose end a module has its previous training mode and device, and each of its parts too."""
    if not isinstance(model, nn.Module):
        yield
        return
    modes = [(module, module.training) for module in model.modules() if hasattr(module, "training")]
    device = next((each.device for each in model.parameters()), None)
    try:
        yield
    finally:
        if device is not None:
            model.to(device)
        for module, training in modes:
            module.training = training


def opened(
    model: Model,
    protocol: Protocol,
    device: torch.device,
    **how: Unpack[How],
) -> Ready:
    """As `benchmark.outside.ready.made_ready`, for a model whose answers do not matter: without faces, and without a word
    about a network that is not trained. In evaluation mode."""
    chosen = _sizes(how.get("preprocessing"), protocol)
    if chosen is None and not isinstance(model, str) and not _declares(model):
        chosen = Preprocessing()
    given = open_as(model, protocol, device, chosen, how, trained=False)
    declared = (given.preprocessing or Preprocessing()).filled(protocol)
    return Ready(given, declared, Scores(given.model, declared, protocol, given.source).eval(), Input(declared))


def tried(ready: Ready, device: torch.device) -> None:
    """Let a model answer to one picture. BadInput if it does not, or not with the outputs of its protocol."""
    side = ready.declared.input_size
    grey = torch.full((1, ready.declared.channels, side, side), 0.5, device=device)
    with torch.inference_mode():
        ready.scores(ready.prepare.standardise(grey))


def module_of(ready: Ready) -> nn.Module | None:
    """The network itself, without what calls it; None for a file and for a plain function, whose operators can not be
    followed."""
    model = ready.given.model
    called = model.function[0] if isinstance(model, Calling) else model
    inner = called if isinstance(called, nn.Module) else getattr(called, "module", None)
    return inner if ready.given.kind in ("python", "weights") and isinstance(inner, nn.Module) else None


class Network(nn.Module):
    """A model from outside as a module for float32 pictures (N, C, S, S), on the CPU and in evaluation mode.

    Args:
        ready: the model. Its network, if `module_of` finds one, is moved and its mode is changed (`left_as_it_was`).
    """

    def __init__(self, ready: Ready):
        super().__init__()
        module = module_of(ready) or ready.given.model
        self.module, self.channels_last = module.to("cpu").eval(), ready.declared.layout == "NHWC"
        self.number = next((each.dtype for each in module.parameters() if each.is_floating_point()), torch.float32)

    def forward(self, images: Tensor) -> Tensor:
        laid = images.permute(0, 2, 3, 1) if self.channels_last else images
        outputs = self.module(laid if self.number == laid.dtype else laid.to(self.number))
        logits = logits_of(outputs)
        return outputs if logits is None else logits


def _declares(model: object) -> bool:
    """Whether an object, or the module that it wraps, has an attribute `preprocessing`."""
    each = (model, getattr(model, "module", None), getattr(model, "_orig_mod", None))
    return any(isinstance(getattr(one, "preprocessing", None), Mapping | Preprocessing) for one in each)


def _sizes(given: Declaration | None, protocol: Protocol) -> Preprocessing | None:
    """The declaration, without what only faces tell: a recipe stands for the protocol's sizes."""
    if given is None:
        return None
    found = recipe_or_declared(given, protocol)
    return found if isinstance(found, Preprocessing) else Preprocessing()
