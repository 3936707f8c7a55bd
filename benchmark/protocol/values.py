"""Whether the values of a protocol and of its recipe are ones that can be trained: known names, numbers within their range.

They are checked when the protocol is read, so that no training starts, and none ends, with a value that means nothing. Both
functions get the values that have the right type and return everything that is wrong with them, so that a person who writes
a file sees it all at once. What is absent is no fault here (`benchmark.typed.values_of` names it).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.names import NAME, checked_name, checked_text
from benchmark.protocol import known

OF_RECIPE = {
    "optimizer": known.OPTIMIZERS,
    "schedule": known.SCHEDULES,
    "augmentation": known.AUGMENTATIONS,
}
OPTIONAL_OF_RECIPE = {"batches": known.BATCHES, "precision": known.PRECISIONS}
OF_PROTOCOL: dict[str, tuple[object, ...]] = {
    "task": known.TASKS,
    "selection": known.SELECTION_RULES,
    "channels": known.CHANNELS,
}
FOLDERS = ("imported", "outside")  # of reports/records, beside one for each protocol: not of the pipeline
_BASED_ON = re.compile(rf"({NAME.pattern}) [0-9]+(\.[0-9]+)*")  # name and version
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")


def recipe_faults(recipe: Mapping[str, Json], where: object) -> Iterator[BadInput]:
    """What is wrong with the values of a recipe: field -> value."""
    for key, allowed in OF_RECIPE.items():
        if key in recipe and recipe[key] not in allowed:
            yield BadInput(f"{where}, {key}", f"{recipe[key]!r}", f"one of {', '.join(allowed)}")
    for key, allowed in OPTIONAL_OF_RECIPE.items():
        if recipe.get(key) not in (None, *allowed):
            yield BadInput(f"{where}, {key}", f"{recipe[key]!r}", f"{' or '.join(allowed)}, or nothing")
    yield from _out_of_range(recipe, known.RECIPE_RANGES, where)
    if not recipe.get("learning_rate", 1) > 0:
        yield BadInput(f"{where}, learning_rate", recipe["learning_rate"], "a number above 0")
    if not 0 < recipe.get("decay", 1) <= 1:
        yield BadInput(f"{where}, decay", recipe["decay"], "a number above 0 and at most 1")
    for key in ("shuffle_buffer", "epsilon_hat"):
        if (value := recipe.get(key)) is not None and not value > 0:
            yield BadInput(f"{where}, {key}", f"{value!r}", "a number above 0, or nothing")
    if recipe.get("optimizer") == "adam" and recipe.get("weight_decay", 0) > 0:
        yield BadInput(f"{where}, weight_decay", recipe["weight_decay"], "0 for adam; use adamw")
    for key, lowest in (("input_mean", 0.0), ("input_deviation", 1e-6)):
        value = recipe.get(key, known.MEASURED)
        if isinstance(value, str):
            good = value == known.MEASURED
        else:
            good = len(value) in known.CHANNELS and all(lowest <= each <= 1 for each in value)
        if not good:
            expected = f"{known.MEASURED}, or one number per channel, each from {lowest:g} to 1"
            yield BadInput(f"{where}, {key}", f"{value!r}", expected)


def channel_faults(recipe: Mapping[str, Json], channels: object, where: object) -> Iterator[BadInput]:
    """Lists of means or deviations in a recipe that are right by themselves, but not of `channels` numbers."""
    for key in ("input_mean", "input_deviation"):
        value = recipe.get(key, known.MEASURED)
        given = channels in known.CHANNELS and not isinstance(value, str)
        if given and len(value) in known.CHANNELS and len(value) != channels:
            yield BadInput(f"{where}, {key}", f"{len(value)} numbers", f"{channels}, one per channel, or {known.MEASURED}")


def protocol_faults(own: Mapping[str, Json], where: object) -> Iterator[BadInput]:
    """What is wrong with the values of a protocol except its recipe: field -> value."""
    yield from _name_faults(own, where)
    for key, allowed in OF_PROTOCOL.items():
        if key in own and own[key] not in allowed:
            yield BadInput(f"{where}, {key}", f"{own[key]!r}", f"one of {', '.join(map(str, allowed))}")
    if own.get("task") in known.TASKS and "classes" in own:
        many = len(own["classes"])
        if (own["task"] == "categorical") != (many > 1) or many == 1:
            expected = "two or more for a categorical task, none for another"
            yield BadInput(f"{where}, classes", f"{own['classes']!r}", expected)
    yield from _out_of_range(own, known.PROTOCOL_RANGES, where)
    if "version" in own and not _VERSION.fullmatch(own["version"]):
        yield BadInput(f"{where}, version", f"{own['version']!r}", "digits with dots between, such as 1.0")
    yield from _role_faults(own, where)
    based_on = own.get("based_on")
    if based_on is not None and not (
        (base := _BASED_ON.fullmatch(based_on)) and own.get("name", "").startswith(f"{base[1]}+")
    ):
        expected = "name and version of a protocol, such as synthetic-8 1.0, with whose name and + this name begins"
        yield BadInput(f"{where}, based_on", f"{based_on!r}", expected)
    frames = own.get("frames_of")
    if frames is not None and (frames != "video" or own.get("task", "dimensional") != "dimensional"):
        yield BadInput(f"{where}, frames_of", frames, "video, and a dimensional task; or nothing")


def _name_faults(own: Mapping[str, Json], where: object) -> Iterator[BadInput]:
    """Every name in a protocol: those that become folders, and those that tables and figures show."""
    for key in ("name", "data"):
        if key in own:
            yield from _raised(checked_name, [own[key]], key, where)
    if own.get("name") in FOLDERS:
        yield BadInput(f"{where}, name", own["name"], f"another name: the records of others are in {' and '.join(FOLDERS)}")
    for key in ("data_version", "recipe_name"):
        if key in own:
            yield from _raised(checked_text, [own[key]], key, where)
    for role, split in own.get("splits", {}).items():
        yield from _raised(checked_text, [split], f"splits, {role}", where)
    for key in ("classes", "tta"):
        names = own.get(key, ())
        if odd := _raised(checked_text, names, key, where):
            yield odd[0]
        elif unknown := [name for name in names if key == "tta" and name not in known.TTA]:
            yield BadInput(f"{where}, tta", f"{unknown[0]!r}", f"some of {', '.join(known.TTA)}")
        elif key == "tta" and key in own and (not names or names[0] != "none"):
            yield BadInput(f"{where}, tta", names, "a list that starts with none")
        elif len(set(names)) < len(names):
            yield BadInput(f"{where}, {key}", f"{names!r}", "names that differ")


def _role_faults(own: Mapping[str, Json], where: object) -> Iterator[BadInput]:
    """Three different splits for the roles; or three or more folds with valid and different names, and no splits besides."""
    splits, folds = own.get("splits", {}), own.get("folds")
    if folds is None:
        if "splits" in own and set(splits) != set(known.ROLES):
            yield BadInput(f"{where}, splits", sorted(splits), f"the roles {', '.join(known.ROLES)}")
        elif "splits" in own and len(set(splits.values())) != len(known.ROLES):
            yield BadInput(f"{where}, splits", dict(splits), "three different splits")
        return
    if odd := _raised(checked_name, folds, "folds", where):
        yield odd[0]
    elif len(folds) < len(known.ROLES) or len(set(folds)) != len(folds):
        yield BadInput(f"{where}, folds", ", ".join(folds), f"a list of {len(known.ROLES)} or more different splits")
    if splits:
        yield BadInput(f"{where}, splits", dict(splits), "none beside folds, which give every role")


def _raised(
    check: Callable[[object, str, object], object], names: Iterable[str], what: str, where: object
) -> list[BadInput]:
    """What a check of names raises, for each that it refuses."""
    faults = []
    for name in names:
        try:
            check(name, what, where)
        except BadInput as error:
            faults.append(error)
    return faults


def _out_of_range(
    values: Mapping[str, Json], ranges: "dict[str, tuple[float, float]] | dict[str, tuple[int, int]]", where: object
) -> Iterator[BadInput]:
    for key, (lowest, highest) in ranges.items():
        if key in values and not lowest <= values[key] <= highest:
            yield BadInput(f"{where}, {key}", values[key], f"a number from {lowest:g} to {highest:.15g}")
