"""Models and cells by name. This project and any installed package register them as Python entry points.

Group "ferbench.models": name -> "module:factory". The factory is called as
``factory(num_outputs: int, in_channels: int, input_size: int, **options) -> torch.nn.Module``. The module maps float
(N, in_channels, input_size, input_size) to (N, num_outputs): class logits, or valence and arousal.
Group "ferbench.cells": name -> name of a package that contains a cells.yaml.

A model that is not registered can be named in two other forms: ``timm:NAME`` (any network of timm) and
``package.module:factory`` (a factory as above that can be imported).

Listing names reads only metadata: neither torch nor the module of a model is imported.
"""

import importlib.metadata
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.suggesting import one_of

if TYPE_CHECKING:
    from torch import nn

MODELS = "ferbench.models"
CELLS = "ferbench.cells"
PROJECT = "ferbench"
TIMM = "timm:"
_PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def entry_points(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group: name -> entry point, sorted by name.

    In a checkout that is not installed, this project's own entry points are read from its pyproject.toml.

    Raises:
        BadInput: a name that two distributions use, or that one distribution uses for two values.
    """
    folders = tuple((each, _changed(each)) for each in sys.path)
    found = [*_installed(importlib.metadata.entry_points, group, folders)]
    if not any(_normal(distribution) == PROJECT for distribution, _ in found):
        found += [(PROJECT, entry) for entry in _from_checkout(group)]
    table: dict[str, tuple[str, EntryPoint]] = {}
    for distribution, entry in found:
        # With an editable install and the checkout on sys.path, one distribution is found twice, with equal entries.
        other = table.setdefault(entry.name, (distribution, entry))
        if (_normal(other[0]), other[1].value) != (_normal(distribution), entry.value):
            raise BadInput(
                f"entry point '{entry.name}' of {group}",
                f"{other[1].value} (from {other[0]}) and {entry.value} (from {distribution})",
                "one; remove or rename the other",
            )
    return {name: table[name][1] for name in sorted(table)}


@lru_cache(maxsize=8)
def _installed(
    read: Callable[..., Iterable[EntryPoint]], group: str, folders: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, EntryPoint], ...]:
    """The entry points of a group in all distributions on the path, each after the name of its own, which takes as long as
    importing numpy where there are some hundred. They are read again when one of `folders` (its place, when it was last
    changed) is another: a distribution has come or gone."""
    return tuple((entry.dist.name if entry.dist else "?", entry) for entry in read(group=group))


def _changed(folder: str) -> int:
    try:
        return Path(folder or ".").stat().st_mtime_ns
    except OSError:
        return 0


def models() -> dict[str, EntryPoint]:
    """The registered models: name -> entry point; see `entry_points`."""
    return entry_points(MODELS)


def entry(name: str, known: Mapping[str, EntryPoint] | None = None) -> EntryPoint:
    """The entry point of a model's factory.

    Args:
        name: a registered name, ``timm:NAME`` or ``package.module:factory``.
        known: `models()`, if the caller asks for many: finding them looks at every installed package.

    Raises:
        BadInput: an unknown name, or one with a colon that has neither of the two forms.
    """
    if name.startswith(TIMM):
        return EntryPoint(name=name, value="benchmark.protocol.timm_models:factory", group=MODELS)
    if ":" in name:
        module, _, factory = name.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *factory.split("."))):
            raise BadInput(f"model '{name}'", "no such form", "timm:NAME, or package.module:factory")
        return EntryPoint(name=name, value=name, group=MODELS)
    known = models() if known is None else known
    if name not in known:
        further = "; or timm:NAME, or package.module:factory"
        raise BadInput(f"model '{name}'", "no such model", one_of(name, known, "ferbench models", further))
    return known[name]


def load(name: str) -> Callable[..., "nn.Module"]:
    """Import the factory of a model. BadInput for an unknown name, or a factory that cannot be imported."""
    found = entry(name)
    try:
        factory = found.load()
    except (ImportError, AttributeError) as error:
        raise BadInput(f"model '{name}'", f"{found.value} does not import ({error})", "an importable factory") from error
    if not callable(factory):
        raise BadInput(f"model '{name}'", f"{found.value} is a {type(factory).__name__}", "a class or a factory")
    made: Callable[..., nn.Module] = factory(name.removeprefix(TIMM)) if name.startswith(TIMM) else factory
    return made


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")


def checkout() -> dict[str, Json]:
    """The table ``project`` in the pyproject.toml of the checkout that this file lies in; {} where it lies in none. BadInput
    for a file that is not TOML."""
    if not _PYPROJECT.is_file():
        return {}
    try:
        project: dict[str, Json] = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8")).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise BadInput(_PYPROJECT, error, "valid TOML") from error
    return project if _normal(project.get("name", "")) == PROJECT else {}


def _from_checkout(group: str) -> list[EntryPoint]:
    entries = checkout().get("entry-points", {}).get(group, {})
    return [EntryPoint(name=name, value=value, group=group) for name, value in entries.items()]
