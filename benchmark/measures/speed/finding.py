"""The ways in the folder `ways`, by name; and what leaves one of them out."""

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType

from benchmark.errors import BadInput
from benchmark.measures.speed import ways
from benchmark.measures.speed.left_out import LeftOut


def known_ways() -> list[str]:
    """The names of the ways: the modules of the folder, sorted."""
    return sorted(found.name for found in pkgutil.iter_modules(ways.__path__))


def load_way(name: str) -> ModuleType:
    """The module of a way. LeftOut if a package that it needs is not installed."""
    try:
        return importlib.import_module(f"{ways.__name__}.{name}")
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and missing != "benchmark":
            raise LeftOut(f"package {missing} is not installed") from None
        raise LeftOut(f"it can not be imported ({error})") from None


def find_ways(names: Sequence[str] | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """(name -> title of each way that can be measured, name -> reason of each that can not).

    Args:
        names: the ways that are wanted; None: all.

    Raises:
        BadInput: an unknown name.
    """
    known = known_ways()
    if odd := [name for name in names or () if name not in known]:
        raise BadInput("bench, ways", ", ".join(odd), f"some of {', '.join(known)}")
    titles, left_out = {}, {}
    for name in known if names is None else names:
        try:
            titles[name] = load_way(name).TITLE
        except LeftOut as error:
            left_out[name] = str(error)
    return titles, left_out
