"""The data sets by name.

To add a data set, add one module to the package `readers` (or a package there with a module ``reader``), named like the
data set, and a card (`benchmark.faces.card`). A reader module has

* ``VERSION``: str, part of every Protocol that uses the data set; to be changed whenever the same raw files give another
  FaceSet;
* ``CLASSES``: tuple of str, in label order;
* ``RAW``: tuple of the folders below data/raw that it reads, at most two; empty for a data set that is generated;
* ``check(path) -> Survey``, unless the data set is generated: says what would be read of a raw file or folder
  (`benchmark.faces.survey`). It raises BadInput for all that ``prepare`` would refuse and that shows without decoding every
  picture, and writes nothing;
* ``TAKES_FOLDERS = True``, if ``check`` accepts a folder: `ferbench data add` then writes a pointer to it, and copies
  nothing;
* ``expected_counts(meta) -> {split: {class: rows}} or None``, if published counts of the edition in `meta` are known;
* ``prepare(directory, *, raw=Path("data/raw"), **options) -> FaceSet``.

A data set of pictures in folders needs no module, if the kinds of layout of `readers.folder` are enough. Then it is a file
of a few lines, ``readers/folder/presets/NAME.yaml`` (`readers.folder.preset`), and a card.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import make_dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from benchmark.faces import readers
from benchmark.files import Json
from benchmark.names import NAME
from benchmark.suggesting import unknown
from benchmark.typed import from_mapping

if TYPE_CHECKING:
    from benchmark.faces.readers.folder.reader import Reader

OWN = "folder"  # the reader of any folder of pictures: a user's own data set, named folder-NAME
FOLDER = f"{OWN}-"  # in front of the name of a user's own data set


PRESETS = Path(readers.__file__).parent / OWN / "presets"


def names() -> list[str]:
    """Names of the suite's data sets, sorted."""
    modules = {found.name for found in pkgutil.iter_modules(readers.__path__)} - {OWN}
    return sorted(modules | {path.stem for path in PRESETS.glob("*.yaml")})


def reader(name: str) -> "ModuleType | Reader":
    """The reader of a data set: its module, or an object with the same attributes for a preset and for a user's own data set
    (folder-NAME). BadInput for an unknown name."""
    if name.startswith(FOLDER) and NAME.fullmatch(name) and NAME.fullmatch(name.removeprefix(FOLDER)):
        return _of_folders(name, None)
    if name not in names():
        raise unknown("data set", name, names(), "ferbench data", ", or folder-NAME for your own pictures")
    if (path := PRESETS / f"{name}.yaml").is_file():
        return _of_folders(name, path)
    module = importlib.import_module(f"{readers.__name__}.{name}")
    return importlib.import_module(f"{module.__name__}.reader") if hasattr(module, "__path__") else module


def _of_folders(name: str, preset: Path | None) -> "Reader":
    folder = f"{readers.__name__}.{OWN}"
    contents = None if preset is None else importlib.import_module(f"{folder}.preset").read_preset(preset)
    made: Reader = importlib.import_module(f"{folder}.reader").Reader(name, contents)
    return made


def check_options(name: str, options: Mapping[str, Json], where: object) -> None:
    """Check the options for `prepare` of a data set: those that it has, each of its type. BadInput for others, and for an
    unknown data set. A folder's own are left to its reader."""
    arguments = inspect.signature(reader(name).prepare, eval_str=True).parameters.values()
    if all(each.kind is not each.VAR_KEYWORD for each in arguments):
        known = [(each.name, each.annotation, each.default) for each in arguments if each.kind is each.KEYWORD_ONLY]
        from_mapping(make_dataclass("Options", [each for each in known if each[0] != "raw"]), options, where)
