"""A registered model, built: the one place of the room that needs torch."""

import inspect
from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.protocol.registry import entry, load

if TYPE_CHECKING:
    from torch import nn


def create(name: str, *, num_outputs: int, in_channels: int, input_size: int, **options: object) -> "nn.Module":
    """Build a registered model with freshly drawn parameters (torch's global random stream).

    Args:
        name: as `entry` takes it.
        num_outputs: outputs an image: classes, or 2 for valence and arousal.
        in_channels: channels of the images.
        input_size: height and width of the images in pixels.
        options: the factory's own keyword arguments.

    Returns:
        Module from float (N, in_channels, input_size, input_size) to (N, num_outputs).

    Raises:
        BadInput: an unknown name, a size below 1, an option the factory does not accept, one it lacks, a factory that
            cannot be imported, or one that returns no module.
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
