"""The cost of a network: parameters, multiply-adds (MACs), FLOPs and CPU latency for one picture.

* MACs: multiply-adds of convolutions and matrix products, counted by fvcore. The operators that it skipped are listed.
* FLOPs: 2 x MACs + elementwise operations. Elementwise operations are counted here, by the convention of `operations`, from
  the operators that really run: a dispatch mode sees inside custom autograd functions, fvcore's tracing does not.
* Cross-check: torch.utils.flop_counter, which counts 2 x MACs from the operators that run.

The figures are kept separate, so that a reader can see which one a claim means.
"""

import math
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.errors import BadInput
from benchmark.runs.environment import processor_name

# fvcore's names of the operators that do multiply-adds.
_FVCORE_MACS = ("conv", "linear", "addmm", "matmul", "mm", "bmm", "baddbmm", "einsum")
# An operator that torch marks as pointwise costs one operation for each element of its result. These are the exceptions, and
# hardswish, which torch does not mark.
_POINTWISE = {"hardswish": 1, "addcmul": 2, "addcdiv": 2, "lerp": 2, "clone": 0, "copy": 0, "_to_copy": 0, "fill": 0}
_SOFTMAX = 5  # maximum, subtraction, exponential, sum, division
# Operators that only handle memory: allocation, padding, joining, copying (views are recognised by their schema).
_FREE = {
    "empty",
    "empty_like",
    "zeros",
    "ones",
    "full",
    "constant_pad_nd",
    "cat",
    "stack",
    "as_strided",
    "view",
    "_unsafe_view",
}
FEWEST = 5  # smallest number of timed passes of a latency, however long they take
_PRODUCTS = {"convolution", "addmm", "mm", "bmm", "baddbmm", "linear"}

Model: TypeAlias = nn.Module | Callable[[], nn.Module]


def measure(
    model: Model, in_channels: int, input_size: int, *, runs: int = 50, warm_up: int = 10, seconds: float = math.inf
) -> dict:
    """The results of `count` and `latency` for a network and one picture, in one JSON-able dictionary.

    Args:
        model: a module on the CPU, or a function without arguments that makes one. Its training mode is not changed.
        in_channels, input_size: the picture is float32 (1, in_channels, input_size, input_size).
        runs, warm_up: numbers of timed and untimed passes. seconds: as for `latency`.

    Raises:
        BadInput: a model that is not on the CPU.
    """
    model = _module(model)
    return {
        **count(model, in_channels, input_size),
        "latency": latency(model, in_channels, input_size, runs=runs, warm_up=warm_up, seconds=seconds),
    }


def count(model: Model, in_channels: int, input_size: int) -> dict:
    """Parameters, and operations of one forward pass in evaluation mode. The numbers are equal on every machine. Needs
    fvcore.

    Args:
        model, in_channels, input_size: as `measure`.

    Returns:
        Dictionary of whole numbers and dictionaries of them:

        * input: shape of the picture;
        * parameters: {trainable, total};
        * macs: multiply-adds of convolutions and matrix products (fvcore);
        * macs_by_operator: the same, per operator of fvcore;
        * skipped: operators that fvcore skipped, name -> occurrences;
        * elementwise: operations that are not multiply-adds, aten operator -> number, by the convention of `operations`;
        * uncounted: operators that are counted neither here nor as multiply-adds, name -> occurrences;
        * flops: 2 x macs + the sum of elementwise;
        * torch_flops: total of torch.utils.flop_counter; torch_agrees (bool): whether it equals 2 x macs.

    Raises:
        BadInput: a model that is not on the CPU.
    """
    from torch.utils.flop_counter import FlopCounterMode

    model = _module(model)
    picture = _picture(in_channels, input_size)
    counter = _Operations()
    with _evaluation(model), torch.no_grad():
        by_operator, skipped = _fvcore(model, picture)
        with counter:
            model(picture)
        with FlopCounterMode(display=False) as flop_counter:
            model(picture)
    macs = sum(by_operator.values())
    torch_flops = int(flop_counter.get_total_flops())
    return {
        "input": list(picture.shape),
        "parameters": {
            "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "total": sum(p.numel() for p in model.parameters()),
        },
        "macs": macs,
        "macs_by_operator": by_operator,
        "skipped": skipped,
        "elementwise": dict(sorted(counter.elementwise.items())),
        "uncounted": dict(sorted(counter.uncounted.items())),
        "flops": 2 * macs + sum(counter.elementwise.values()),
        "torch_flops": torch_flops,
        "torch_agrees": torch_flops == 2 * macs,
    }


def latency(
    model: Model, in_channels: int, input_size: int, *, runs: int = 50, warm_up: int = 10, seconds: float = math.inf
) -> dict:
    """Time of a forward pass for one picture on the CPU, in float32 and evaluation mode, with torch's current number of
    threads.

    With one thread, the processor time of the thread is measured. On an idle machine it equals the wall-clock time; on a
    busy machine it excludes the time in which other processes had the processor. With several threads, wall-clock time is
    measured.

    Args:
        model, in_channels, input_size, runs (>= 2), warm_up: as for `measure`.
        seconds: no pass (warm-up included) is started after this time, except that at least one warm-up pass and `FEWEST`
            timed passes are made.

    Returns:
        {median_ms, lower_quartile_ms, upper_quartile_ms, runs and warm_up (numbers of passes that were made), batch: 1,
        threads, clock: "processor" or "wall", device: processor model}.

    Raises:
        BadInput: fewer than two runs; a model that is not on the CPU.
    """
    if runs < 2:
        raise BadInput("latency, runs", runs, "at least 2")
    model = _module(model)
    picture = _picture(in_channels, input_size)
    times, warmed, begun = [], 0, time.perf_counter()
    kind = "processor" if torch.get_num_threads() == 1 else "wall"
    clock = time.thread_time if kind == "processor" else time.perf_counter

    def spent() -> float:
        return time.perf_counter() - begun

    with _evaluation(model), torch.inference_mode():
        while warmed < warm_up and (not warmed or spent() < seconds / 5):
            model(picture)
            warmed += 1
        while len(times) < runs and (len(times) < FEWEST or spent() < seconds):
            start = clock()
            model(picture)
            times.append(1000 * (clock() - start))
    lower, median, upper = statistics.quantiles(times, n=4, method="inclusive")
    return {
        "median_ms": median,
        "lower_quartile_ms": lower,
        "upper_quartile_ms": upper,
        "runs": len(times),
        "warm_up": warmed,
        "batch": 1,
        "threads": torch.get_num_threads(),
        "clock": kind,
        "device": processor_name(),
    }


def operations(name: str, overload: object, arguments: tuple, results: tuple[torch.Tensor, ...]) -> int | None:
    """The number of operations of one aten operator, without its multiply-adds; None for an operator without a convention.

    * pointwise operators (including atan, elu, exp and square root): 1 per element of the result, except for those in
      `_POINTWISE`;
    * convolution and matrix product: 1 per element of the result if a bias is added, else 0;
    * normalisation in evaluation mode: 2 per element for batch norm; 7 for layer and group norm, which compute statistics;
    * average pooling: the size of the window per element of the result (windows at the edge count in full); maximum
      pooling: the size of the window minus 1;
    * mean, sum and adaptive average pooling: 1 per element of the input; softmax: 5 per element;
    * views, padding, copies: 0.

    Args:
        name: of the operator, without namespace, overload and the underscore of in-place operators ("atan").
        overload: the operator (torch.ops.aten...).
        arguments: its positional arguments.
        results: the tensors that it returned.
    """
    size = results[0].numel() if results else 0
    if name in _PRODUCTS:
        has_bias = name in ("addmm", "baddbmm") or (name in ("convolution", "linear") and len(arguments) > 2)
        return size if has_bias and arguments[2 if name in ("convolution", "linear") else 0] is not None else 0
    if name in _FREE or getattr(overload, "is_view", False):
        return 0
    if name in _POINTWISE:
        return _POINTWISE[name] * size
    if torch.Tag.pointwise in overload.tags:
        return size
    if "batch_norm" in name:
        return 2 * size
    if name in ("native_layer_norm", "native_group_norm"):
        return 7 * size
    if name in ("avg_pool2d", "max_pool2d_with_indices"):
        window = arguments[1]
        area = window[0] * window[-1]
        return size * (area if name == "avg_pool2d" else area - 1)
    if name in ("mean", "sum", "_adaptive_avg_pool2d"):
        return arguments[0].numel()
    if name == "_softmax":
        return _SOFTMAX * size
    return None


class _Operations(TorchDispatchMode):
    """Sums `operations` over all operators that run, per name."""

    def __init__(self):
        super().__init__()
        self.elementwise: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()

    def __torch_dispatch__(self, overload, types, args=(), kwargs=None):
        result = overload(*args, **(kwargs or {}))
        results = result if isinstance(result, tuple | list) else (result,)
        tensors = tuple(r for r in results if isinstance(r, torch.Tensor))
        raw = overload.overloadpacket.__name__
        name = raw.removesuffix("_")
        cost = operations(name, overload, args, tensors)
        if cost is None:
            self.uncounted[name] += 1
        elif cost:
            self.elementwise[name] += cost
        return result


class _evaluation:
    """A context in which a model is in evaluation mode. At its end, every module gets its previous mode back."""

    def __init__(self, model: nn.Module):
        self.modes = [(module, module.training) for module in model.modules()]

    def __enter__(self):
        for module, _ in self.modes:
            module.training = False

    def __exit__(self, *_):
        for module, training in self.modes:
            module.training = training


def _fvcore(model: nn.Module, picture: torch.Tensor) -> tuple[dict[str, int], dict[str, int]]:
    from fvcore.nn import FlopCountAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fvcore uses torch's deprecated tracing, which warns about every traced shape
        analysis = FlopCountAnalysis(model, picture).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        totals, skipped = analysis.by_operator(), analysis.unsupported_ops()
    macs = {name: int(totals[name]) for name in _FVCORE_MACS if totals.get(name)}
    return macs, {name: int(times) for name, times in sorted(skipped.items())}


def _module(model: Model) -> nn.Module:
    module = model if isinstance(model, nn.Module) else model()
    devices = {p.device.type for p in module.parameters()}
    if devices - {"cpu"}:
        raise BadInput("complexity", f"a model on {', '.join(sorted(devices))}", "one on the CPU")
    return module


def _picture(in_channels: int, input_size: int) -> torch.Tensor:
    # A separate generator, so that torch's global random state does not change.
    return torch.randn(1, in_channels, input_size, input_size, generator=torch.Generator().manual_seed(0))
