"""Paths: the ways in which a training step can be computed, by name. All compute the same step; rounding differs.

A name is "eager", or one or more of these words, joined by "+" in this order:

- compiled: torch.compile makes one graph of the network;
- step: torch.compile makes one function of network, loss and backward pass;
- graph: the whole step, with clipping and update, is one CUDA graph;
- triton: the bounded shortcut is computed by the kernels of `ablations.triton_shortcut`, where a network has it.

"compiled" and "step" exclude each other. "graph" and "triton" need a GPU.
"""

from benchmark.errors import BadInput

EAGER = "eager"
IMPLEMENTATIONS = {
    "compiled": "torch.compile",
    "step": "torch.compile of the step",
    "graph": "CUDA graph",
    "triton": "Triton shortcut",
}
COMPILED, STEP, GRAPH, TRITON = IMPLEMENTATIONS
PATHS = tuple(
    "+".join(filter(None, words)) or EAGER
    for words in ((a, b, c) for c in ("", TRITON) for b in ("", GRAPH) for a in ("", COMPILED, STEP))
)


def words_of(path: str) -> frozenset[str]:
    """The words of a path; none for "eager"."""
    return frozenset(path.split("+")) - {EAGER}


def without(path: str, word: str) -> str:
    """The path without one of its words."""
    return "+".join(each for each in path.split("+") if each != word) or EAGER


def possible(path: str, device_type: str) -> bool:
    """Whether a path can be tried on a device of a type, "cuda" or "cpu"."""
    return device_type == "cuda" or not words_of(path) & {GRAPH, TRITON}


def check_path(path: str, device_type: str, option: str = "--path") -> None:
    """BadInput for an unknown path, and for one that such a device does not have."""
    here = [each for each in PATHS if possible(each, device_type)]
    if path not in here:
        raise BadInput(option, f"'{path}'", f"one of {', '.join(here)} on {device_type}")
