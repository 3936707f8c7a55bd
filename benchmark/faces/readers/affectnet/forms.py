"""The forms in which a part of AffectNet's releases of 2021 and later has its annotations.

Each form is a class made from a `Part`. It has

* ``ids``: the ids that have an annotation, sorted; nothing but names and tables has been read by then;
* ``where(id, value)``: the file (and line) of one value of an annotation, for messages;
* ``read(id)``: the `Annotation`; BadInput if it is missing, damaged or pickled.
"""

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import names, subfolder
from benchmark.files import Json

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
NAMED = re.compile(r"(\d+)s(\d+)s(-?\d+)s(-?\d+)", re.ASCII)
TABLE = ("number", "expression", "valence", "arousal")
VALUES = {"expression": "exp", "valence": "val", "arousal": "aro"}
OF_USE = (*SUFFIXES, ".json", ".npy")  # ends of names of what a part consists of


@dataclass(frozen=True, slots=True)
class Part:
    """A folder such as train_set.

    Attributes:
        name: as released, also if the folder is written in another case.
        pictures: its folder of pictures, itself if it has no folder images.
        annotations: its folder of annotations, which need not exist.
    """

    folder: Path
    name: str
    pictures: Path
    annotations: Path


def part_of(folder: Path) -> Part:
    """The part that a folder is. Of train_set/train_set, as some programs unpack archives, it is the inner one.

    Raises:
        BadInput: the outer one holds pictures or annotations too; two folders of one name.
    """
    name = folder.name.lower()
    if (inner := subfolder(folder, name)) is not None:
        if _of_use(folder):
            raise BadInput(folder, f"pictures or annotations in it and a folder {inner.name}", f"one {name}")
        folder = inner
    return Part(
        folder, name, subfolder(folder, "images") or folder, subfolder(folder, "annotations") or folder / "annotations"
    )


def _of_use(folder: Path) -> bool:
    return any(name.lower() in ("images", "annotations") or name.lower().endswith(OF_USE) for name in names(folder))


class Annotation(NamedTuple):
    """What an annotation says, not yet checked; attributes as in `Row`."""

    code: Json
    valence: Json
    arousal: Json
    attributes: tuple[str, ...] = ()


class Form(Protocol):
    """As this module's docstring says."""

    ids: list[str]

    def where(self, id: str, value: str = "expression") -> str:
        """The file (and line) of a value of `VALUES` of an annotation."""

    def read(self, id: str) -> Annotation:
        """One annotation."""


class Npy:
    """``annotations/<id>_exp.npy``, ``_val``, ``_aro``: one value each, in the release of string type. ``_lnd`` is not
    read."""

    def __init__(self, part: Part):
        self.folder = part.annotations
        self.ids = sorted(name[: -len("_exp.npy")] for name in names(self.folder) if name.endswith("_exp.npy"))

    def where(self, id: str, value: str = "expression") -> str:
        """Name of the file of a value."""
        return f"{self.folder}/{id}_{VALUES[value]}.npy"

    def read(self, id: str) -> Annotation:
        """From three files."""
        return Annotation(*(_scalar(Path(self.where(id, value))) for value in VALUES))


class Named:
    """Pictures called ``<id>s<exp>s<val>s<aro>``, valence and arousal in thousandths."""

    def __init__(self, part: Part):
        self.folder = part.pictures
        self.files: dict[str, tuple[str, Annotation]] = {}
        for name in sorted(names(self.folder)):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in SUFFIXES:
                if not (match := NAMED.fullmatch(stem)):
                    raise BadInput(self.folder / name, "another name", "<id>s<exp>s<val>s<aro>")
                annotation = Annotation(match[2], int(match[3]) / 1000, int(match[4]) / 1000)
                self.files.setdefault(match[1], (name, annotation))
        self.ids = sorted(self.files)

    def where(self, id: str, value: str = "expression") -> str:
        """Name of the picture."""
        return str(self.folder / self.files[id][0])

    def read(self, id: str) -> Annotation:
        """From the name of the picture."""
        return self.files[id][1]


class Table:
    """One csv for a part, beside its folder: ``<part>_annotation*.csv`` with the columns `TABLE` in any order; others are
    not read. Such copies of the release of 2021 are in circulation; ``number`` is the name of the picture without its
    suffix. Case and blanks in the names of columns do not count."""

    def __init__(self, part: Part):
        paths, beside = tables(part), part.folder.parent
        if len(paths) != 1:
            found = ", ".join(path.name for path in paths) or f"none for {part.name} among {', '.join(csv_names(beside))}"
            raise BadInput(beside, found, f"exactly one {part.name}_annotation*.csv")
        self.path, self.lines = paths[0], dict[str, int]()
        self.rows: dict[str, Annotation] = {}
        line = 1
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as stream:
                reader = csv.reader(stream, strict=True)
                header = next(reader, [])
                columns = [plain(cell) for cell in header]
                if any(columns.count(column) != 1 for column in TABLE):
                    found = ",".join(cell.strip() for cell in header)[:80] or "nothing"
                    raise BadInput(f"{self.path} line 1", found, f"the header {','.join(TABLE)}")
                order = [columns.index(column) for column in TABLE]
                for cells in reader:
                    line = reader.line_num
                    if len(cells) != len(columns) and any(map(str.strip, cells)):
                        found = f"{len(cells)} fields"
                        raise BadInput(f"{self.path} line {line}", found, f"{len(columns)}, separated by commas")
                    if any(map(str.strip, cells)):
                        self._add([cells[k].strip() for k in order], line)
        except UnicodeDecodeError as error:
            found = f"bytes that are not UTF-8 ({error.reason})"
            raise BadInput(f"{self.path} after line {line}", found, "text in UTF-8") from error
        except csv.Error as error:
            raise BadInput(f"{self.path} after line {line}", str(error), "a csv with commas") from error
        self.ids = sorted(self.rows)

    def _add(self, cells: Sequence[str], line: int) -> None:
        where = f"{self.path} line {line}"
        number, expression, valence, arousal = cells
        if not (number.isascii() and number.isdigit()):
            raise BadInput(where, f"number {number[:40]!r}", "the digits of a picture's name")
        if number in self.rows:
            raise BadInput(where, f"number {number}, which line {self.lines[number]} has too", "each picture once")
        self.rows[number], self.lines[number] = Annotation(expression, valence, arousal), line

    def where(self, id: str, value: str = "expression") -> str:
        """The csv and the line."""
        return f"{self.path} line {self.lines[id]}"

    def read(self, id: str) -> Annotation:
        """From the line."""
        return self.rows[id]


def tables(part: Part) -> list[Path]:
    """The files ``<part>_annotation*.csv`` beside the folder of a part, sorted. Beside train_set/train_set is also beside
    the outer one."""
    beside = part.folder.parent
    places = [beside, beside.parent] if beside.name.lower() == part.name else [beside]
    start = f"{part.name}_annotation"
    return [place / name for place in places for name in csv_names(place) if name.lower().startswith(start)]


def csv_names(folder: Path) -> list[str]:
    """The names of the csv files in a folder, sorted."""
    return sorted(name for name in names(folder) if name.lower().endswith(".csv"))


def plain(column: str) -> str:
    """The name of a column in lower case, without blanks."""
    return "".join(column.split()).lower()


def pictures(folder: Path, *, named: bool = False) -> dict[str, str]:
    """id -> name of its file in a folder of pictures. With `named`, the id is the first number of a `NAMED` name. BadInput
    for two pictures with one id."""
    found: dict[str, str] = {}
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
    except IsADirectoryError:
        raise BadInput(path, "a folder", "a file with one value") from None
    except (ValueError, OSError, EOFError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)  # without "[Errno 13]"
        raise BadInput(path, " ".join(said.split())[:100] or "nothing", "one value, not pickled") from error
    if not isinstance(value, np.ndarray) or value.size != 1:
        raise BadInput(path, f"{getattr(value, 'shape', 'an archive')}", "one value")
    item = value.reshape(()).item()
    return item.decode(errors="replace") if isinstance(item, bytes) else item
