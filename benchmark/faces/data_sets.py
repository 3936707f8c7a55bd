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
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.faces import readers
from benchmark.names import NAME

if TYPE_CHECKING:
    from benchmark.faces.readers import folder

OWN = "folder"  # the reader of any folder of pictures: a user's own data set, named folder-NAME
FOLDER = f"{OWN}-"  # in front of the name of a user's own data set


def names() -> list[str]:
    """Names of the suite's data sets, sorted."""
    return sorted({found.name for found in pkgutil.iter_modules(readers.__path__)} - {OWN})


def reader(name: str) -> "ModuleType | folder.Reader":
    """The reader of a data set: its module, or for a user's own data set (folder-NAME) an object with the same attributes.
    BadInput for an unknown name."""
    if name.startswith(FOLDER) and NAME.fullmatch(name) and NAME.fullmatch(name.removeprefix(FOLDER)):
        own: folder.Reader = importlib.import_module(f"{readers.__name__}.{OWN}").Reader(name)
        return own
    if name not in names():
        raise BadInput("data set", f"'{name}'", f"one of {', '.join(names())}, or folder-NAME for your own pictures")
    module = importlib.import_module(f"{readers.__name__}.{name}")
    return importlib.import_module(f"{module.__name__}.reader") if hasattr(module, "__path__") else module
