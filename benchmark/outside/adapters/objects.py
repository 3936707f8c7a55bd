"""Opens a model that is an object in Python: a torch module, or a function on tensors."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling, Given
from benchmark.outside.adapters.preprocessing import Preprocessing, preprocessing_from


def open_object(
    model: nn.Module | Callable[[Tensor], Tensor], device: torch.device, preprocessing: Preprocessing | None
) -> Given:
    """The model on `device`; a function stays where it is.

    Args:
        preprocessing: used instead of the object's own attribute `preprocessing`.

    Raises:
        BadInput: an object that can not be called; an invalid declaration.
    """
    name = getattr(model, "__name__", type(model).__name__)
    if not callable(model):
        raise BadInput("model", f"a {type(model).__name__}", "a name, a torch.nn.Module or a function on tensors")
    own = getattr(model, "preprocessing", None)
    chosen = preprocessing or (preprocessing_from(own, f"model {name}") if own is not None else None)
    if isinstance(model, nn.Module):
        parameters = sum(parameter.numel() for parameter in model.parameters())
        return Given("python", name, None, model.to(device), chosen, parameters)
    return Given("python", name, None, Calling(model), chosen, None)
