"""The page of files that come from outside."""

from dataclasses import fields

from benchmark.outside.adapters.preprocessing import CHOICES, Preprocessing
from benchmark.reference.markdown import attributes, page, sections, table, value

FIRST = (
    "Files of predictions",
    "Names of classes",
    "Mistakes in a file of predictions",
    "Names of models and cells",
    "Kinds of models",
    "Checkpoints",
)


def models() -> str:
    """Files of predictions, kinds of models, the keys of a declared preprocessing, mistakes."""
    said = attributes(Preprocessing)
    rows = (
        (f"`{entry.name}`", _default(entry.name, entry.default), _meaning(entry.name, said))
        for entry in fields(Preprocessing)
        if entry.name in Preprocessing().as_dict()
    )
    return page(
        "Files of predictions and models",
        "the docstring of `benchmark.outside.adapters.preprocessing.Preprocessing` and `benchmark/reference/models.yaml`",
        "[A new model](../new-model.md) and [models as files](../model-files.md) have the commands.",
        *sections("models", only=FIRST),
        "## Keys of a preprocessing",
        table(("key", "default", "meaning"), rows),
        *sections(
            "models", only=["A declared input", "Mistakes about the input", "Entry rules", "For scripts", "A real example"]
        ),
    )


def release() -> str:
    """What is read from the authors' release, and how."""
    return page(
        "The authors' release: methods",
        "`benchmark/reference/release.yaml`",
        "[The authors' release](../release.md) has the commands.",
        *sections("release"),
    )


def _default(name: str, default: object) -> str:
    if default is None:
        return "any number" if name == "batch" else "the protocol's"
    return value(default)


def _meaning(name: str, said: dict[str, str]) -> str:
    allowed = [each for each in CHOICES.get(name, ()) if each is not None]
    return f"{said[name]} One of {value(allowed)}." if allowed else said[name]
