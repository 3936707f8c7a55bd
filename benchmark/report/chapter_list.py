"""The chapters of the report: every module of the package `chapters`, sorted by its ``PLACE``.

A module has a number ``PLACE`` and a function ``chapter(material) -> Chapter | None``. The function is called inside
`benchmark.report.style.styled`; it returns None if there is nothing to show. To add a chapter, add a module, which gives
its page its name.
"""

import importlib
import pkgutil
from dataclasses import replace

from benchmark.report import chapters
from benchmark.report.material import Material
from benchmark.report.parts import Chapter


def made_chapters(material: Material) -> list[Chapter]:
    """All chapters that have something to show, in their order."""
    names = [found.name for found in pkgutil.iter_modules(chapters.__path__)]
    modules = {name: importlib.import_module(f"{chapters.__name__}.{name}") for name in names}
    made = {name: modules[name].chapter(material) for name in sorted(names, key=lambda name: modules[name].PLACE)}
    return [replace(chapter, name=name.replace("_", "-")) for name, chapter in made.items() if chapter is not None]
