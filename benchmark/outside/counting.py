"""The multiply-adds of a model from outside, as far as they can be known.

`benchmark.measures.complexity.measure.count` counts with fvcore, and again with torch's own counter. Anyone's network may
have products that neither of them knows. So a count stands only if both agree and every operator that nothing counts is one
of `NO_PRODUCTS`; else it is not known, and a note says why. A number that lacks products would make a model look cheap.
"""

import re
import threading
import warnings
from pathlib import Path

from benchmark.measures.complexity.measure import count
from benchmark.outside.ready import Ready
from benchmark.outside.sized import Network, left_as_it_was, module_of

UNCOUNTED = ("macs", "macs_by_operator", "skipped", "elementwise", "uncounted", "flops", "torch_flops", "torch_agrees")
NOT_CODE = "not counted: only for networks given as code"
# aten operators without convolutions and matrix products: they move, choose, compare or sum numbers, or interpolate between
# them. Among them are all that `count` has no convention for in the networks of timm.
NO_PRODUCTS = re.compile(
    r"""_?upsample_\w+ | grid_sampler_\dd | (reflection|replication)_pad\dd | pixel_(un)?shuffle | channel_shuffle
    | im2col | col2im | _?(adaptive_|fractional_)?(avg|max)_pool\w* | roll | flip | rot90 | repeat\w* | tril | triu
    | index\w* | gather | scatter\w* | select_\w+ | slice_\w+ | masked_\w+ | take\w* | embedding | one_hot
    | _?unsafe_\w+ | transpose | t | (un)?squeeze | detach | resize | set | split\w* | unbind | lift\w*
    | nonzero | count_nonzero | unique\w* | bucketize | searchsorted
    | topk | sort | msort | kthvalue | (a|arg)?(max|min) | aminmax | all | any | median | mode | equal
    | var | var_mean | std | std_mean | prod | cum(sum|prod|max|min) | logsumexp | logcumsumexp | _?(safe|log)_softmax
    | _?prelu\w* | rrelu\w* | glu | log_sigmoid\w* | exponential | histc | bincount | renorm
    | norm | linalg_vector_norm | floor_divide | arange | linspace | eye | scalar_tensor | \w+_like | new_\w+
    | rand\w* | normal | uniform | bernoulli | native_dropout | _local_scalar_dense | item | _assert\w* | sym_\w+""",
    re.VERBOSE,
)
COUNTING = threading.Lock()  # torch's tracing ends the process if two threads trace one module


def macs_of(ready: Ready) -> int | None:
    """The multiply-adds of a model for one picture, as `benchmark.measures.complexity.measure.count` has them. None for a
    model that is not given as code, and where they are not known."""
    with COUNTING, left_as_it_was(module_of(ready)):
        found = counts_of(ready)
    return found["macs"]


def counts_of(ready: Ready) -> dict:
    """The keys of `count`, and `note`: None if everything is known, else why not.

    Of what is not given as code, and where counting fails, all counts are None. Where a product is in no count, or where
    fvcore and torch disagree, `macs` and `flops` are None; what was counted stands in the other keys.
    """
    own, note = ready.declared, NOT_CODE
    if module_of(ready) is not None:
        try:
            with warnings.catch_warnings():
                # torch says so when fvcore is imported.
                warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
                found = count(Network(ready), own.channels, own.input_size)
        except Exception as error:  # noqa: BLE001  # anyone's network, traced by fvcore: any kind of error
            note = f"not counted: {type(error).__name__} ({' '.join(str(error).split())[:200]})"
        else:
            if not (found["torch_agrees"] and found["macs"]):
                note = f"not known: fvcore counts {found['macs']:,} multiply-adds, torch {found['torch_flops'] // 2:,}"
            elif missed := [name for name in found["uncounted"] if not NO_PRODUCTS.fullmatch(name)]:
                note = f"not known: nothing counts what {' and '.join(missed)} multiply"
            else:
                return {**found, "note": None}
            return {**found, "macs": None, "flops": None, "note": note}
    return {
        "input": [1, own.channels, own.input_size, own.input_size],
        "parameters": {"trainable": None, "total": ready.given.parameters},
        **dict.fromkeys(UNCOUNTED),
        "note": note,
    }


def onnx_parameters(path: Path) -> int | None:
    """The numbers in the initialisers of an ONNX file that are floating-point (among them BatchNorm's statistics, where the
    exporter left them). None without the package onnx."""
    try:
        import onnx as package
        from onnx import numpy_helper
    except ModuleNotFoundError:
        return None
    tensors = package.load(str(path), load_external_data=False).graph.initializer
    return sum(array.size for array in map(numpy_helper.to_array, tensors) if array.dtype.kind == "f")
