"""The pages of protocols and recipes."""

from dataclasses import fields

from benchmark.files import Json, read_yaml
from benchmark.protocol.protocol import RECIPES, ROLES, SELECTION_METRIC, Protocol, Recipe, load_protocol, protocol_names
from benchmark.reference.markdown import attributes, page, sections, table, texts, value


def protocols() -> str:
    """Every protocol with all values, and the meaning of each field."""
    every = [load_protocol(name) for name in protocol_names()]
    options = [one for one in every if one.data_options or one.frames_of]
    return page(
        "Protocols",
        "`benchmark/protocol/protocols`, the docstring of `benchmark.protocol.protocol.Protocol` and "
        "`benchmark/reference/protocols.yaml`",
        "[The page on protocols](../protocol.md) says what they are for.",
        "## Roles\n\nThe split of the FaceSet that has each role.",
        table(("protocol", "data, version", *ROLES, "remark"), map(_roles, every)),
        "## Values",
        table(
            ("protocol", "version", "input", "recipe, epochs", "selection", "test-time augmentation", "hash"),
            map(_values, every),
        ),
        "## Outputs",
        table(("protocol", "task", "classes, in label order"), (
            (f"`{one.name}`", one.task, ", ".join(one.classes) or "valence, arousal") for one in every)),
        "## Video frames and options of the data\n\nA FaceSet made with other options is refused.",
        table(("protocol", "options of `prepare`", "rows are frames of"), (
            (f"`{one.name}`", value(one.data_options), one.frames_of or "none") for one in options)),
        *sections("protocols"),
        "## Fields of the file",
        _fields(Protocol),
        f"The selection metric is {' and '.join(f'{name} ({task})' for task, name in SELECTION_METRIC.items())}. The hash "
        "is the start of the SHA-256 of all fields, the recipe's among them.",
    )  # fmt: skip


def _roles(one: Protocol) -> list[str]:
    data = f"{one.data}, {one.data_version}"
    remark = texts("protocols")["splits"].get(one.data, "")
    if one.folds is not None:
        return [f"`{one.name}`", data, *_turns(len(one.folds)), remark]
    return [f"`{one.name}`", data, *(one.splits[role] for role in ROLES), remark]


def _turns(folds: int) -> tuple[str, str, str]:
    return f"{folds - 2} of {folds} folds", "the next fold", "each fold once"


def _values(one: Protocol) -> list[str]:
    side = f"{one.input_size}x{one.input_size}x{one.channels}"
    recipe = f"[{one.recipe_name}](recipes.md#{one.recipe_name}), {one.epochs}"
    return [f"`{one.name}`", one.version, side, recipe, one.selection, ", ".join(one.tta), f"`{one.hash}`"]


def _fields(of: type) -> str:
    said = attributes(of)
    names = (entry.name for entry in fields(of))  # type: ignore[arg-type]  # a dataclass, which typeshed has no name for
    return table(("field", "meaning"), ((f"`{name}`", said.get(name, "as its name says")) for name in names))


def recipes() -> str:
    """Every recipe: its values side by side, where they come from, and the meaning of each field."""
    every: dict[str, Json] = read_yaml(RECIPES)
    names = [entry.name for entry in fields(Recipe)]
    users = {name: [p for p in protocol_names() if load_protocol(p).recipe_name == name] for name in every}
    return page(
        "Recipes",
        "`benchmark/protocol/recipes.yaml`, the docstring of `benchmark.protocol.protocol.Recipe` and "
        "`benchmark/reference/recipes.yaml`",
        "## Values",
        table(("field", *every), ((f"`{name}`", *(value(every[each].get(name)) for each in every)) for name in names)),
        table(("recipe", "protocols"), ((name, ", ".join(users[name])) for name in every)),
        *sections("recipes"),
        "## Fields",
        _fields(Recipe),
    )
