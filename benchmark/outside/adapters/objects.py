"""Opens a model that is given as a Python object: a torch.nn.Module with its weights, or any callable on batches."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling, Given
from benchmark.outside.adapters.preprocessing import Preprocessing, chosen_from
from benchmark.protocol.protocol import Protocol

OBJECT = " given as an object"  # the end of the source of such a model
TRIED = 2  # black pictures in the first call
PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def open_object(model: nn.Module | Callable, protocol: Protocol, preprocessing: Preprocessing | None) -> Given:
    """The object as a model. The object stays as it is.

    A module is called where it is, on its own device and in its own kind of number (pictures and outputs are moved), in
    evaluation mode; afterwards each of its parts has the mode that it had. A callable gets float32 pictures in the declared
    layout, first as a tensor of torch and, if it fails on that, as an array of numpy.

    Args:
        preprocessing: used instead of the object's attribute `preprocessing`.

    Raises:
        BadInput: a class instead of an object of it; something that can not be called; no declared input.
    """
    if isinstance(model, type):
        name = f"{model.__module__}:{model.__qualname__}"
        raise BadInput(name, "a class", f"an object of it with its weights, or the text '{name}' with weights")
    if not callable(model):
        raise BadInput(
            "the model", f"a {type(model).__name__}, which can not be called", "a module or a function on batches"
        )
    inner = model.module if isinstance(model, PARALLEL) else getattr(model, "_orig_mod", model)  # the latter: torch.compile
    named = model if inspect.isroutine(model) else type(inner)
    source = f"{named.__module__}.{named.__qualname__}{OBJECT}"
    declared = [getattr(each, "preprocessing", None) for each in (model, inner)]
    itself = next((own for own in declared if isinstance(own, Mapping | Preprocessing)), None)
    preprocessing, kept = chosen_from(preprocessing, itself, source)
    if preprocessing is None:
        expected = "preprocessing=..., a mapping (docs/model-files.md), a recipe's name, or 'protocol'" + _suggestion(inner)
        raise BadInput(f"{source}, preprocessing", "none declared", expected)
    module = isinstance(model, nn.Module)
    calling = Calling(_Module(model) if module else _Function(model, source), preprocessing.batch, source)
    _try(calling, preprocessing, protocol)
    parameters = sum(parameter.numel() for parameter in model.parameters()) if module else None
    return Given("python", source, None, calling, preprocessing, parameters, (*kept, *calling.said))


class _Module:
    """Calls a module in evaluation mode where it is."""

    def __init__(self, module: nn.Module):
        self.module = module

    def __call__(self, images: Tensor) -> object:
        tensors = [*self.module.parameters(), *self.module.buffers()]
        own = next((tensor for tensor in tensors if tensor.is_floating_point()), images)
        with _evaluating(self.module):
            return self.module(images.to(own.device, own.dtype))


@contextlib.contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """A context in which the module is in evaluation mode. Then each part gets its own mode again, by its attribute, since a
    module may have a method `train` of its own. What has no mode stays as it is: a frozen program of torch.jit, and that of
    torch.export, whose `eval` raises NotImplementedError."""
    modes = [(part, part.training) for part in module.modules() if hasattr(part, "training")]
    if any(training for _, training in modes):
        with contextlib.suppress(NotImplementedError):
            module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            if part.training != training:
                part.training = training


class _Function:
    """Calls a function with tensors of torch or arrays of numpy, whichever it takes. The first call decides."""

    def __init__(self, function: Callable, where: str):
        self.function, self.where = function, where
        self.numpy: bool | None = None

    def __call__(self, images: Tensor) -> object:
        if self.numpy is not None:
            return self.function(images.cpu().numpy() if self.numpy else images)
        try:
            found, self.numpy = self.function(images.clone()), False  # it may change them before it fails
        except Exception as first:  # noqa: BLE001 - a function from outside may raise any kind of error
            try:
                found, self.numpy = self.function(images.cpu().numpy()), True
            except Exception as second:  # the message has both
                words = f"with a tensor {_short(first)}; with an array of numpy {_short(second)}"
                expected = f"a function of a batch, float32 {tuple(images.shape)}, as declared"
                raise BadInput(self.where, words, expected) from second
        return found


def _short(error: Exception) -> str:
    return f"{type(error).__name__} ({' '.join(str(error).split())[:150]})"


def _try(calling: Calling, preprocessing: Preprocessing, protocol: Protocol) -> None:
    """Call the model once, so that what is taken of its outputs is known before faces are predicted. An error is left to the
    call with faces, since a model may need a face in its picture."""
    own = preprocessing.filled(protocol)
    pixels = (own.input_size, own.input_size)
    shape = (*pixels, own.channels) if own.layout == "NHWC" else (own.channels, *pixels)
    with contextlib.suppress(Exception), torch.inference_mode():
        calling(torch.zeros(own.batch or TRIED, *shape))


def _suggestion(model: object) -> str:
    """For a model of timm: what its weights were trained with, if they are timm's. It can not be seen whether they are."""
    found = getattr(model, "pretrained_cfg", None)
    if not isinstance(found, dict) or not {"mean", "std", "input_size"} <= set(found):
        return ""
    channels, size, _ = found["input_size"]
    own = {"input_size": size, "channels": channels, "mean": list(found["mean"]), "deviation": list(found["std"])}
    return f"; timm's own weights of it want {own}, yours may not"
