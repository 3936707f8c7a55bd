"""Builds a model by its name. Needs torch, as `timm_models` does; the other modules of this package do not."""

import inspect
from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.protocol.registry import entry, load

if TYPE_CHECKING:
    from torch import nn


def create(name: str, *, num_outputs: int, in_channels: int, input_size: int, **options: object) -> "nn.Module":
    """Build a model with random initial parameters (from torch's global random generator).

    Args:
        name: as in `benchmark.protocol.registry.entry`.
        num_outputs: outputs per image: number of classes, or 2 for valence and arousal.
        in_channels: channels of the images.
        input_size: height and width of the images in pixels.
        options: the factory's own keyword arguments.

    Returns:
        a module that maps float (N, in_channels, input_size, input_size) to (N, num_outputs).

    Raises:
        BadInput: an unknown name; a size below 1; an option that the factory does not accept, or a missing one that it
            needs; a factory that cannot be imported, or that returns no module.
    """
    from torch import nn

    factory = load(name)
    sizes = {"num_outputs": num_outputs, "in_channels": in_channels, "input_size": input_size}
    for key, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadInput(f"model '{name}', {key}", repr(value), "a whole number of at least 1")
    signature = inspect.signature(factory)
    try:
        signature.bind(**sizes, **options)
    except TypeError as error:
        accepted = [str(parameter) for key, parameter in signature.parameters.items() if key not in sizes]
        raise BadInput(f"model '{name}', options", error, f"options {', '.join(accepted) or '(none)'}") from error
    try:
        model = factory(**sizes, **options)
    except ModuleNotFoundError as error:
        raise BadInput(f"model '{name}'", f"package {error.name} is missing", "it installed") from error
    if not isinstance(model, nn.Module):
        raise BadInput(f"model '{name}'", f"{entry(name).value} returned a {type(model).__name__}", "a torch.nn.Module")
    return model
