"""The data sets by name, and where their raw files lie.

A new data set is one new module of the package `readers` (or a package there with a module ``reader``), called as the set
is, and its card (`benchmark.faces.card`). A reader module has

* ``VERSION``: str, part of every Protocol that uses the set; changed whenever the same raw files give another FaceSet;
* ``CLASSES``: tuple of str, in label order;
* ``RAW``: tuple of the folders below data/raw that it reads; empty for a set that is generated;
* ``check(path) -> None``, for sets that come from a file: validates the whole file, raises BadInput, writes nothing;
* ``TAKES_FOLDERS = True``, where ``check`` takes a folder: `ferbench data add` then points to it and copies nothing;
* ``expected_counts(meta) -> {split: {class: rows}} or None``, where published counts of the edition in `meta` are known;
* ``prepare(directory, *, raw=Path("data/raw"), **options) -> FaceSet``.
"""

import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

from benchmark.errors import BadInput
from benchmark.faces import readers
from benchmark.faces.reading import linking

OWN = "folder"  # reads any folder of pictures: a user's own set, called folder-NAME
FOLDER = re.compile(r"folder-[A-Za-z0-9][A-Za-z0-9_-]*")


def names() -> list[str]:
    """Names of the data sets that can be prepared."""
    return sorted({found.name for found in pkgutil.iter_modules(readers.__path__)} - {OWN})


def reader(name: str) -> ModuleType:
    """The reader of a data set: its module, or what serves as one for a user's own. BadInput for an unknown name."""
    if FOLDER.fullmatch(name):
        return importlib.import_module(f"{readers.__name__}.{OWN}").Reader(name)
    if name not in names():
        raise BadInput("data set", f"'{name}'", f"one of {', '.join(names())}, or folder-NAME for your own pictures")
    module = importlib.import_module(f"{readers.__name__}.{name}")
    return importlib.import_module(f"{module.__name__}.reader") if hasattr(module, "__path__") else module


def raw_files(folder: Path) -> list[Path]:
    """The files directly in a raw folder, sorted, hidden ones left out; an absent folder has none."""
    return sorted(p for p in folder.glob("[!.]*") if p.is_file())


def raw_file(raw: Path, name: str) -> Path:
    """The one file in ``raw/name``. BadInput when there is none or more than one."""
    folder = Path(raw) / name
    files = raw_files(folder)
    if len(files) != 1:
        found = ", ".join(p.name for p in files) or "no file"
        raise BadInput(folder, found, f"exactly one file, put there by `ferbench data add {name} FILE`")
    return files[0]


def raw_folder(raw: Path, name: str) -> Path:
    """The raw folder of a data set: ``raw/name``, what it is a link to, or what its ``source.yaml`` names.

    Raises:
        BadInput: no folder; see also `linking.resolve`.
    """
    folder = Path(raw) / name
    if not folder.is_dir():
        raise BadInput(folder, "no folder", f"the data set's folder: `ferbench data add {name} FOLDER`")
    return linking.resolve(folder)
