"""Opens a model of which only the size and the speed are of interest, not what it answers."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.files import read_yaml
from benchmark.outside.adapters.given import Calling
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores, preprocessing_from
from benchmark.outside.ready import Declaration, Model, Ready, with_recipe
from benchmark.protocol.protocol import Protocol


@contextlib.contextmanager
def left_as_it_was(model: Model) -> Iterator[None]:
    """A context at whose end a module has its previous training mode and device, and each of its parts too."""
    if not isinstance(model, nn.Module):
        yield
        return
    modes = [(module, module.training) for module in model.modules()]
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
    *,
    weights: Path | None = None,
    options: Mapping | None = None,
    preprocessing: Declaration | None = None,
    trust: bool = False,
) -> Ready:
    """As `benchmark.outside.ready.made_ready`, for a model whose answers do not matter: without faces, and without a word
    about a network that is not trained. In evaluation mode."""
    chosen = _sizes(preprocessing, protocol)
    named = {"file": weights, "options": options, "preprocessing": chosen, "trust": trust}
    given = open_model(model, protocol, device, **named, trained=False)
    declared = (given.preprocessing or Preprocessing()).filled(protocol)
    return Ready(given, declared, Scores(given.model, declared, protocol, given.source).eval(), Input(declared))


def tried(ready: Ready, device: torch.device) -> None:
    """Let a model answer to one picture. BadInput if it does not, or not with the outputs of its protocol."""
    side = ready.declared.input_size
    grey = torch.full((1, ready.declared.channels, side, side), 0.5, device=device)
    with torch.inference_mode():
        ready.scores(ready.prepare.standardise(grey))


def is_code(ready: Ready) -> bool:
    """Whether a model is a network whose operators can be followed, so neither a file nor a plain function."""
    return ready.given.kind in ("python", "weights") and not isinstance(ready.given.model, Calling)


def network(ready: Ready) -> tuple[nn.Module, int, int]:
    """(the model for pictures (N, C, S, S) on the CPU, C, S)."""
    own, model = ready.declared, ready.given.model.to("cpu")
    return (_ChannelsLast(model) if own.layout == "NHWC" else model), own.channels, own.input_size


def _sizes(given: Declaration | None, protocol: Protocol) -> Preprocessing | None:
    """The declaration, without what only faces tell: a recipe stands for the protocol's sizes."""
    if given is None:
        return None
    if not isinstance(given, str | Path):
        return preprocessing_from(given, "the model")
    text = str(given)
    if text.endswith((".yaml", ".yml")):
        return preprocessing_from(read_yaml(Path(text)), text)
    if text != "protocol":
        with_recipe(protocol, text)  # raises BadInput for an unknown one
    return Preprocessing()


class _ChannelsLast(nn.Module):
    """A model for pictures (N, S, S, C), given (N, C, S, S)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images.permute(0, 2, 3, 1))
