"""The pages of files that come from outside and go outside: models, the release, the leaderboard for machines."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from benchmark import report
from benchmark.files import Json, read_object
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


def leaderboard() -> str:
    """Every key of leaderboard.json."""
    schema = read_object(Path(report.__path__[0]) / "leaderboard.schema.json")
    return page(
        "The leaderboard for machines",
        "`benchmark/report/leaderboard.schema.json`, a JSON Schema",
        f"[reports/leaderboard.json](../../reports/leaderboard.json). {schema['description']} A new version of this form "
        "gets another number in `schema`. In Python, `benchmark.leaderboard(protocol)` gives the rows of one protocol. [How "
        "a row gets there](../leaderboard.md).",
        table(("key", "type", "meaning"), _keys(schema)),
    )


def _keys(schema: Mapping[str, Json], before: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, type, meaning) of everything in a JSON Schema, lists marked by [] and names that are free by NAME."""
    inner = {**schema.get("properties", {})}
    if isinstance(own := schema.get("additionalProperties"), dict):
        inner["NAME"] = own
    for key, each in inner.items():
        name, kinds = f"{before}{key}", each.get("type", "")
        options = next((one for one in each.get("anyOf", ()) if one.get("type") == "object"), None)
        if values := each.get("enum") or ([each["const"]] if "const" in each else []):
            kinds = [("null" if one is None else str(one)) for one in values]
        elif options:
            kinds = ["object", "null"]
        yield f"`{name}`", " or ".join([kinds] if isinstance(kinds, str) else kinds), each["description"]
        items = each.get("items", {})
        yield from _keys(options or each, f"{name}.")
        yield from _keys(items, f"{name}[].")


def _default(name: str, default: object) -> str:
    if default is None:
        return "any number" if name == "batch" else "the protocol's"
    return value(default)


def _meaning(name: str, said: dict[str, str]) -> str:
    allowed = [each for each in CHOICES.get(name, ()) if each is not None]
    return f"{said[name]} One of {value(allowed)}." if allowed else said[name]
