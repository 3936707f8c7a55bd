"""The residual family as a list of variables and layers: names, shapes, parameters and multiply-adds, computed without
building a network.

Names are those in the authors' checkpoint. There is a scope for each group of units (ResidualBlock, ResidualBlock_1, ...).
In it, convolutions, normalisations and shortcuts are numbered from 0; the first one has no number in its name.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

WEIGHT, BIAS, GAMMA, BETA, SHORTCUT = ROLES = ("weights", "biases", "gamma", "beta", "shortcut scalars")


class Network(NamedTuple):
    """A network of the family. `units`: number of units in stage 1, of down-sampling units, of units in stage 2, and so on.
    `widths`: channels of the stages."""

    units: Sequence[int] = (7, 1, 8, 1, 7)
    widths: Sequence[int] = (32, 64, 128)
    classes: int = 8
    adaptive: bool = True

    @property
    def depth(self) -> int:
        """Number of weight layers: two convolutions per unit, the first convolution and the output."""
        return 2 * sum(self.units) + 2


class Variable(NamedTuple):
    """A trained variable. `shape`: in TensorFlow's layout, (3, 3, inputs, outputs) for a convolution. `role`: one of
    `ROLES`."""

    shape: tuple[int, ...]
    role: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Unit(NamedTuple):
    """A residual unit: the scope of its group, its number in the group (from 0), its channels and its stride."""

    scope: str
    place: int
    inputs: int
    outputs: int
    stride: int


def units(network: Network) -> list[Unit]:
    """The residual units in order. The first unit of a down-sampling group increases the number of channels."""
    found, width = [], network.widths[0]
    for group, count in enumerate(network.units):
        outputs = network.widths[(group + 1) // 2]
        for place in range(count):
            found.append(Unit(numbered("ResidualBlock", group), place, width, outputs, 1 + group % 2))
            width = outputs
    return found


def variables(network: Network) -> dict[str, Variable]:
    """Name in the checkpoint -> trained variable, from the input to the output."""
    found: dict[str, Variable] = {}

    def weighted(name: str, shape: tuple[int, ...]) -> None:
        found[f"{name}/W"] = Variable(shape, WEIGHT)
        found[f"{name}/b"] = Variable(shape[-1:], BIAS)

    def normalised(name: str, channels: int) -> None:
        found[f"{name}/gamma"] = Variable((channels,), GAMMA)
        found[f"{name}/beta"] = Variable((channels,), BETA)

    weighted("Conv2D", (3, 3, 3, network.widths[0]))
    for unit in units(network):
        for half, inputs in enumerate((unit.inputs, unit.outputs)):
            number = 2 * unit.place + half
            normalised(f"{unit.scope}/{numbered('BatchNormalization', number)}", inputs)
            weighted(f"{unit.scope}/{numbered('Conv2D', number)}", (3, 3, inputs, unit.outputs))
        if network.adaptive:
            for scalar in "ac":
                found[f"{unit.scope}/{numbered('shortcut_mod', unit.place)}/{scalar}"] = Variable((), SHORTCUT)
    normalised("BatchNormalization", network.widths[-1])
    weighted("FullyConnected", (network.widths[-1], network.classes))
    return found


def parameters(network: Network) -> dict[str, int]:
    """Role -> number of trained parameters."""
    return {role: sum(v.size for v in variables(network).values() if v.role == role) for role in ROLES}


def macs(network: Network, size: int) -> int:
    """Multiply-adds of the convolutions and the output layer, for a size x size picture with three channels. Strides round
    sizes up."""
    total = 9 * 3 * network.widths[0] * size**2
    for unit in units(network):
        size = -(-size // unit.stride)
        total += 9 * (unit.inputs + unit.outputs) * unit.outputs * size**2
    return total + network.widths[-1] * network.classes


def numbered(name: str, number: int) -> str:
    """The name that TensorFlow gives to the `number`-th (from 0) object called `name` in a scope."""
    return f"{name}_{number}" if number else name
