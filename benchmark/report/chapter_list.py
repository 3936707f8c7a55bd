"""The chapters of the report: every module of the package `chapters`, in the order of their places.

A module has ``PLACE``, a number, and ``chapter(material) -> Chapter | None``, called within `styled`; None where there is
nothing to say. A new chapter is one new module.
"""

import importlib
import pkgutil

from benchmark.report import chapters
from benchmark.report.material import Material
from benchmark.report.parts import Chapter


def made_chapters(material: Material) -> list[Chapter]:
    """All chapters that have something to say, in their order."""
    names = [found.name for found in pkgutil.iter_modules(chapters.__path__)]
    modules = [importlib.import_module(f"{chapters.__name__}.{name}") for name in names]
    found = (module.chapter(material) for module in sorted(modules, key=lambda module: module.PLACE))
    return [chapter for chapter in found if chapter is not None]
