"""What TensorFlow 1's profiler counts as "float operations" in the authors' graph, term by term, derived from the layers.

If the batch size of the input placeholder is unknown, no operation on pictures has a known shape, and the profiler leaves
all of them out. Only operations on parameters are left. By TensorFlow's flops_registry.py, n elements count as 3 n - 1
operations for L2Loss, 2 n for Rsqrt, and n for Mul, Add, Sub, Pow and AssignSub. Sqrt is not counted.
"""

from typing import NamedTuple

from benchmark.outside.release.layers import GAMMA, WEIGHT, Network, units, variables


class Term(NamedTuple):
    """One source of counted operations: the operator, the number of operations, and what it computes there."""

    operator: str
    count: int
    purpose: str


def profiler_terms(network: Network) -> list[Term]:
    """Every counted operation of the graph, for an unknown batch size. They do not depend on the image size.

    L2 terms exist for the weights of the convolutions but not for the output layer, as in the tflearn layers of the script.
    """
    own = variables(network)
    regularised = [v.size for v in own.values() if v.role == WEIGHT and len(v.shape) == 4]
    drawn = sum(v.size for v in own.values() if v.role in (WEIGHT, GAMMA))
    channels = sum(v.size for v in own.values() if v.role == GAMMA)
    adaptive = len(units(network)) if network.adaptive else 0
    terms = [
        Term(
            "L2Loss",
            sum(3 * n - 1 for n in regularised),
            f"L2 norm of {len(regularised)} convolutions' weights: 3 a weight, less 1 a tensor",
        ),
        Term("Mul", drawn, "random initialisers of weights and gamma: times the deviation or range"),
        Term("Mul", channels, "BatchNorm: gamma times 1 / sqrt(variance + eps)"),
        Term("Mul", channels, "BatchNorm: mean times that"),
        Term("Mul", 2 * channels, "BatchNorm: update of moving mean and variance"),
        Term("Mul", len(regularised), "L2 norm times the weight decay"),
        Term("Mul", adaptive, "shortcut: a times sqrt(1 + c^2), on scalars"),
        Term("Add", drawn, "random initialisers of weights and gamma: plus the mean or lower end"),
        Term("Add", channels, "BatchNorm: variance + eps"),
        Term("Add", 2 * adaptive, "shortcut: 1 + c^2, twice a unit"),
        Term("Sub", channels, "BatchNorm: beta minus the scaled mean"),
        Term("Sub", 2 * channels, "BatchNorm: update of moving mean and variance"),
        Term("Sub", 1, "range of the first convolution's uniform initialiser"),
        Term("AssignSub", 2 * channels, "BatchNorm: update of moving mean and variance"),
        Term("Rsqrt", 2 * channels, "BatchNorm: 1 / sqrt(variance + eps)"),
        Term("Pow", 2 * adaptive, "shortcut: c^2, twice a unit"),
    ]
    return [term for term in terms if term.count]
