"""Whether the values of a protocol and of its recipe are ones that can be trained: known names, numbers within their range.

They are checked when the protocol is read, so that no training starts, and none ends, with a value that means nothing.
"""

from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.protocol import known

if TYPE_CHECKING:
    from benchmark.protocol.protocol import Protocol, Recipe

NAMES = {
    "optimizer": known.OPTIMIZERS,
    "schedule": known.SCHEDULES,
    "augmentation": known.AUGMENTATIONS,
}
OPTIONAL_NAMES = {"batches": known.BATCHES, "precision": known.PRECISIONS}


def check_recipe(recipe: "Recipe", where: object) -> None:
    """Raise BadInput for a value of a recipe that is unknown or out of range."""
    for key, allowed in NAMES.items():
        if getattr(recipe, key) not in allowed:
            raise BadInput(f"{where}, {key}", f"{getattr(recipe, key)!r}", f"one of {', '.join(allowed)}")
    for key, allowed in OPTIONAL_NAMES.items():
        if getattr(recipe, key) not in (None, *allowed):
            raise BadInput(f"{where}, {key}", f"{getattr(recipe, key)!r}", f"{' or '.join(allowed)}, or nothing")
    _check_ranges(recipe, known.RECIPE_RANGES, where)
    if not recipe.learning_rate > 0:
        raise BadInput(f"{where}, learning_rate", recipe.learning_rate, "a number above 0")
    if not 0 < recipe.decay <= 1:
        raise BadInput(f"{where}, decay", recipe.decay, "a number above 0 and at most 1")
    kinds: dict[str, type[int] | type[float]] = {"shuffle_buffer": int, "epsilon_hat": float}
    for key, kind in kinds.items():
        value = getattr(recipe, key)
        if value is not None and not (type(value) is kind and value > 0):
            raise BadInput(f"{where}, {key}", f"{value!r}", f"a positive number of type {kind.__name__}, or nothing")
    if recipe.optimizer == "adam" and recipe.weight_decay:
        raise BadInput(f"{where}, weight_decay", recipe.weight_decay, "0 for adam; use adamw")
    for key, lowest in (("input_mean", 0.0), ("input_deviation", 1e-6)):
        value = getattr(recipe, key)
        if isinstance(value, str):
            good = value == known.MEASURED
        else:
            good = len(value) in (1, 3) and all(lowest <= each <= 1 for each in value)
        if not good:
            expected = f"{known.MEASURED}, or one number per channel, each from {lowest:g} to 1"
            raise BadInput(f"{where}, {key}", f"{value!r}", expected)


def check_values(protocol: "Protocol", where: object) -> None:
    """Raise BadInput for a number of a protocol that is out of range, an unknown test-time augmentation, or as many means or
    deviations as there are no channels."""
    _check_ranges(protocol, known.PROTOCOL_RANGES, where)
    if odd := [name for name in protocol.tta if name not in known.TTA]:
        raise BadInput(f"{where}, tta", f"{odd[0]!r}", f"some of {', '.join(known.TTA)}")
    if not protocol.tta or protocol.tta[0] != "none":
        raise BadInput(f"{where}, tta", protocol.tta, "a list that starts with none")
    for key in ("input_mean", "input_deviation"):
        value = getattr(protocol.recipe, key)
        if not isinstance(value, str) and len(value) != protocol.channels:
            expected = f"{protocol.channels}, one per channel, or {known.MEASURED}"
            raise BadInput(f"{where}, recipe {protocol.recipe_name}, {key}", f"{len(value)} numbers", expected)


def _check_ranges(one: object, ranges: "dict[str, tuple[float, float]] | dict[str, tuple[int, int]]", where: object) -> None:
    for key, (lowest, highest) in ranges.items():
        if not lowest <= (value := getattr(one, key)) <= highest:
            raise BadInput(f"{where}, {key}", value, f"a number from {lowest:g} to {highest:.15g}")
