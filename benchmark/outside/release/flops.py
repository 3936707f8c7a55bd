"""What TensorFlow 1's profiler counts as "float operations" in the authors' graph, term by term, from the layer list.

With a placeholder of unknown batch size no operation on pictures has a known shape, and the profiler leaves it out. What
is left works on parameters. Operations an element by TensorFlow's flops_registry.py: 3 n - 1 for L2Loss of n elements, 2
for Rsqrt, 1 for Mul, Add, Sub, Pow and AssignSub; Sqrt has none.
"""

from typing import NamedTuple

from benchmark.outside.release.layers import GAMMA, WEIGHT, Network, units, variables


class Term(NamedTuple):
    """One source of counted operations: the operator, its number of operations, what it does there."""

    operator: str
    count: int
    purpose: str


def profiler_terms(network: Network) -> list[Term]:
    """Every counted operation of the graph (unknown batch size); the image size appears nowhere.

    The L2 terms belong to the convolutions' weights, not to the output's, as tflearn's layers of the script have them.
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
