"""The page of the Python interface, from signatures and docstrings."""

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property

import benchmark
from benchmark.errors import BadInput, Interrupted, SystemSaysNo
from benchmark.interface.comparison import Comparison
from benchmark.interface.faces import Faces
from benchmark.interface.prediction import AnsweredFace, AnsweredPicture, Prediction
from benchmark.interface.result import Result
from benchmark.reference.markdown import page

# What the functions return; their public methods and properties are shown.
CLASSES = (Result, Comparison, Faces, Prediction, AnsweredPicture, AnsweredFace)
ERRORS = (BadInput, Interrupted, SystemSaysNo)
WIDTH = 100
HEADS = ("Args", "Returns", "Raises", "Attributes")


def python() -> str:
    """Every function of `benchmark.INTERFACE`; the classes of what they return."""
    every = {name: getattr(importlib.import_module(place), name) for name, place in benchmark.INTERFACE.items()}
    functions = {name: one for name, one in every.items() if one not in (*CLASSES, *ERRORS)}
    return page(
        "Python",
        "signatures and docstrings (`benchmark.INTERFACE`)",
        "[Python](../python.md) has examples. `help(benchmark.evaluate)` shows the same.",
        "## Functions",
        *(part for name, one in functions.items() for part in _described(f"benchmark.{name}", one)),
        *(part for one in CLASSES for part in _of_class(one)),
        "## Errors",
        *(part for one in ERRORS for part in _described(f"benchmark.{one.__name__}", one)),
    )


def _of_class(one: type) -> Iterator[str]:
    yield f"## {one.__name__}"
    yield documented(inspect.getdoc(one) or "")
    for name, member in vars(one).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property | cached_property):
            yield f"### {one.__name__}.{name}"
            yield documented(inspect.getdoc(member) or "")
        elif inspect.isfunction(member):
            yield from _described(f"{one.__name__}.{name}", member)


def _described(name: str, one: object) -> Iterator[str]:
    yield f"### {name}"
    if not inspect.isclass(one):
        yield f"```python\n{called(name, one)}\n```"
    yield documented(inspect.getdoc(one) or "")


def called(name: str, function: object) -> str:
    """How a function is called: names and defaults, without types and self. Long ones over several lines."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    own = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values() if each.name != "self"]
    text = str(signature.replace(parameters=own, return_annotation=inspect.Signature.empty)).replace("'", '"')
    lines = textwrap.wrap(f"{name.rpartition('.')[2]}{text}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines)


def documented(docstring: str) -> str:
    """A docstring as Markdown: text as it is, each entry of "Args:", "Raises:" and "Attributes:" as an item of a list."""
    parts: list[str] = []
    for block in re.split(rf"^(?=(?:{'|'.join(HEADS)}):$)", docstring, flags=re.MULTILINE):
        head, _, rest = block.partition("\n")
        if head.rstrip(":") not in HEADS:
            parts.append(block.strip())
            continue
        lines = rest.splitlines()
        ends = next((at for at, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        inside = textwrap.dedent("\n".join(lines[:ends])).strip()
        parts.append(f"**{head}**\n\n{inside if head == 'Returns:' else _items(inside)}")
        parts.append("\n".join(lines[ends:]).strip())
    return "\n\n".join(part for part in parts if part)


def _items(text: str) -> str:
    """Entries ``name, name: text`` as a list with names in code; what is indented below one stays below it."""
    made = []
    for line in text.splitlines():
        if entry := re.match(r"((?:\w+, )*\w+): ?(.*)", line):
            names = ", ".join(f"`{name}`" for name in entry[1].split(", "))
            line = f"- {names}: {entry[2]}".rstrip()
        made.append(line)
    return "\n".join(made)
