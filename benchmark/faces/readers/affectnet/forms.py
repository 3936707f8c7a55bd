"""The forms in which a part of AffectNet's releases of 2021 and later has its annotations.

Each form is a class made from the part's folder. It has

* ``ids``: the ids that have an annotation, sorted; nothing but names and tables has been read by then;
* ``where(id)``: the file (and line) of an annotation, for messages;
* ``read(id)``: the `Annotation`; BadInput if it is missing, damaged or pickled.
"""

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import names
from benchmark.files import Json

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
NAMED = re.compile(r"(\d+)s(\d+)s(-?\d+)s(-?\d+)", re.ASCII)
TABLE = ("number", "expression", "valence", "arousal")


class Annotation(NamedTuple):
    """What an annotation says, not yet checked; attributes as in `Row`."""

    code: Json
    valence: Json
    arousal: Json
    attributes: tuple[str, ...] = ()


class Form(Protocol):
    """As this module's docstring says."""

    ids: list[str]

    def where(self, id: str) -> str:
        """The file (and line) of an annotation."""

    def read(self, id: str) -> Annotation:
        """One annotation."""


class Npy:
    """``annotations/<id>_exp.npy``, ``_val``, ``_aro``: one value each, in the release of string type. ``_lnd`` is not
    read."""

    def __init__(self, place: Path):
        self.folder = place / "annotations"
        self.ids = sorted(name[: -len("_exp.npy")] for name in names(self.folder) if name.endswith("_exp.npy"))

    def where(self, id: str) -> str:
        """Name of the file of the expression."""
        return f"{self.folder}/{id}_exp.npy"

    def read(self, id: str) -> Annotation:
        """From three files."""
        return Annotation(*(_scalar(self.folder / f"{id}_{name}.npy") for name in ("exp", "val", "aro")))


class Named:
    """Pictures called ``<id>s<exp>s<val>s<aro>``, valence and arousal in thousandths."""

    def __init__(self, place: Path):
        self.folder = picture_folder(place)
        self.files: dict[str, tuple[str, Annotation]] = {}
        for name in sorted(names(self.folder)):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in SUFFIXES:
                if not (match := NAMED.fullmatch(stem)):
                    raise BadInput(self.folder / name, "another name", "<id>s<exp>s<val>s<aro>")
                annotation = Annotation(match[2], int(match[3]) / 1000, int(match[4]) / 1000)
                self.files.setdefault(match[1], (name, annotation))
        self.ids = sorted(self.files)

    def where(self, id: str) -> str:
        """Name of the picture."""
        return str(self.folder / self.files[id][0])

    def read(self, id: str) -> Annotation:
        """From the name of the picture."""
        return self.files[id][1]


class Table:
    """One csv for a part, beside its folder: ``<part>_annotation*.csv`` with the columns `TABLE` in any order. Such copies
    of the release of 2021 are in circulation; ``number`` is the name of the picture without its suffix."""

    def __init__(self, place: Path):
        paths = tables(place)
        if len(paths) != 1:
            found = (
                ", ".join(path.name for path in paths) or f"none for {place.name} among {', '.join(csv_names(place.parent))}"
            )
            raise BadInput(place.parent, found, f"exactly one {place.name}_annotation*.csv")
        self.path, self.lines = paths[0], dict[str, int]()
        self.rows: dict[str, Annotation] = {}
        line = 1
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as stream:
                reader = csv.reader(stream, strict=True)
                header = [cell.strip() for cell in next(reader, [])]
                if sorted(header) != sorted(TABLE):
                    raise BadInput(
                        f"{self.path} line 1", ",".join(header)[:80] or "nothing", f"the header {','.join(TABLE)}"
                    )
                order = [header.index(column) for column in TABLE]
                for cells in reader:
                    line = reader.line_num
                    if cells:
                        self._add(cells, order, line)
        except UnicodeDecodeError as error:
            found = f"bytes that are not UTF-8 ({error.reason})"
            raise BadInput(f"{self.path} after line {line}", found, "text in UTF-8") from error
        except csv.Error as error:
            raise BadInput(f"{self.path} after line {line}", str(error), "a csv with commas") from error
        self.ids = sorted(self.rows)

    def _add(self, cells: Sequence[str], order: Sequence[int], line: int) -> None:
        where = f"{self.path} line {line}"
        if len(cells) != len(order):
            raise BadInput(where, f"{len(cells)} fields", f"{len(order)}, separated by commas")
        number, expression, valence, arousal = (cells[k].strip() for k in order)
        if not (number.isascii() and number.isdigit()):
            raise BadInput(where, f"number {number[:40]!r}", "the digits of a picture's name")
        if number in self.rows:
            raise BadInput(where, f"number {number}, which line {self.lines[number]} has too", "each picture once")
        self.rows[number], self.lines[number] = Annotation(expression, valence, arousal), line

    def where(self, id: str) -> str:
        """The csv and the line."""
        return f"{self.path} line {self.lines[id]}"

    def read(self, id: str) -> Annotation:
        """From the line."""
        return self.rows[id]


def tables(place: Path) -> list[Path]:
    """The files ``<part>_annotation*.csv`` beside the folder of a part, sorted."""
    return [place.parent / name for name in csv_names(place.parent) if name.startswith(f"{place.name}_annotation")]


def csv_names(folder: Path) -> list[str]:
    """The names of the csv files in a folder, sorted."""
    return sorted(name for name in names(folder) if name.lower().endswith(".csv"))


def picture_folder(place: Path) -> Path:
    """The folder of a part's pictures."""
    return place / "images" if (place / "images").is_dir() else place


def pictures(place: Path, *, named: bool = False) -> dict[str, str]:
    """id -> name of its file in the `picture_folder`. With `named`, the id is the first number of a `NAMED` name. BadInput
    for two pictures with one id."""
    found: dict[str, str] = {}
    folder = picture_folder(place)
    for name in sorted(names(folder)):
        stem, suffix = os.path.splitext(name)
        if suffix.lower() in SUFFIXES:
            match = NAMED.fullmatch(stem) if named else None
            key = match[1] if match else stem
            if key in found:
                raise BadInput(folder / name, f"id {key}, which {found[key]} has too", "each id once")
            found[key] = name
    return found


def _scalar(path: Path) -> Json:
    """The single value in an npy file, a number or a text."""
    try:
        value = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise BadInput(path, "no such file", "an annotation") from None
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(path, " ".join(str(error).split())[:100] or "nothing", "one value, not pickled") from error
    if not isinstance(value, np.ndarray) or value.size != 1:
        raise BadInput(path, f"{getattr(value, 'shape', 'an archive')}", "one value")
    item = value.reshape(()).item()
    return item.decode(errors="replace") if isinstance(item, bytes) else item
