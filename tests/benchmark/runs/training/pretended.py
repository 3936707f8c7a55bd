"""A pretended accelerator, for counting on a CPU when training would wait for a GPU.

Its tensors say that they lie on the device "meta" and hold a tensor on the CPU with the values. Every operator is computed
there. Counted are the operators for which the host waits for the device: a value or a shape that the host needs, and copies
between host and device that do not run in the background.
"""

import contextlib
from collections import Counter

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
# Operators whose result, or its shape, the host can only know when the device has computed it.
WAITING = {
    "_local_scalar_dense", "item", "is_nonzero", "equal", "nonzero", "nonzero_numpy", "masked_select", "unique", "_unique",
    "_unique2", "unique_dim", "unique_consecutive", "bincount", "repeat_interleave", "argwhere",
}  # fmt: skip


class Pretended(torch.Tensor):
    """A tensor of the pretended device; `held` is on the CPU."""

    @staticmethod
    def __new__(cls, held: torch.Tensor):
        own = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
            requires_grad=held.requires_grad,
        )
        own.held = held.detach()
        return own

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), named=None):
        raise RuntimeError(f"{function} outside of `counted`")


class _Operators(TorchDispatchMode):
    def __init__(self, waits: Counter):
        super().__init__()
        self.waits = waits

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        named, name = dict(named or {}), function.name().partition("::")[2].partition(".")[0]
        tensors = [each for each in tree_flatten((arguments, named))[0] if isinstance(each, torch.Tensor)]
        there = any(isinstance(each, Pretended) for each in tensors)
        target = named.get("device")
        wanted = torch.device(target).type if target is not None else None
        if not there and wanted != DEVICE.type:
            return function(*arguments, **named)
        back = there and wanted == "cpu"
        if name in WAITING or back or self._uploads(name, tensors, there, named):
            self.waits[name] += 1
        if name == "index" and any(each is not None and each.dtype in (torch.bool, torch.uint8) for each in arguments[1]):
            self.waits["index with a mask"] += 1
        if target is not None:
            named["device"] = torch.device("cpu")
        result = function(*tree_map(_held, arguments), **tree_map(_held, named))
        if back or not isinstance(result, torch.Tensor | tuple | list):
            return result
        return _same(result, arguments) if name.endswith("_") else tree_map(_wrapped, result)

    @staticmethod
    def _uploads(name: str, tensors, there: bool, named) -> bool:
        """Whether a tensor of the host, other than a scalar in arithmetic, is copied to the device and waited for."""
        if name in ("copy_", "_to_copy"):
            mixed = {isinstance(each, Pretended) for each in tensors} == {True, False} or not there
            return mixed and not named.get("non_blocking")
        return there and any(not isinstance(each, Pretended) and each.dim() for each in tensors)


class _Made(TorchFunctionMode):
    """torch.tensor([...], device=...) makes the tensor on the host and copies it; its operators are hidden from dispatch."""

    def __init__(self, waits: Counter):
        super().__init__()
        self.waits = waits

    def __torch_function__(self, function, types, arguments=(), named=None):
        named = dict(named or {})
        if function in (torch.tensor, torch.as_tensor) and _is_there(named.get("device")):
            self.waits[function.__name__] += 1
            return Pretended(function(*arguments, **named | {"device": "cpu"}))
        return function(*arguments, **named)


def _is_there(device: object) -> bool:
    return device is not None and torch.device(device).type == DEVICE.type


def _held(each: object) -> object:
    return each.held if isinstance(each, Pretended) else each


def _wrapped(each: object) -> object:
    return Pretended(each) if isinstance(each, torch.Tensor) and not isinstance(each, Pretended) else each


def _same(result: object, arguments: tuple) -> object:
    """What an operator that works in place returns: its own first argument."""
    return arguments[0] if isinstance(result, torch.Tensor) else result


@contextlib.contextmanager
def counted():
    """A context in which the pretended device works; gives the Counter operator -> how often the host waited for it."""
    waits: Counter = Counter()
    with _Made(waits), _Operators(waits):
        yield waits


def moved(model: torch.nn.Module) -> torch.nn.Module:
    """The network with its parameters and buffers on the pretended device, in place."""
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                module._parameters[name] = torch.nn.Parameter(Pretended(parameter.data), parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = Pretended(buffer)
    return model
