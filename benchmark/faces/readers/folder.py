"""A user's own pictures: folders ``split/class/picture``, or a csv that lists pictures. RAF-DB, CK+ and the like need no
code.

The name of such a data set begins with ``folder-`` (``folder-rafdb``). It is also the name of its raw folder, of its FaceSet
and of the `data` of its protocols, so there can be any number of them. What the files do not say is written in
`OPTIONS_FILE` at the top of the folder (see `Options`) or in the profile. Options of the profile take precedence.
"""

import csv
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import NO_EXPRESSION, FaceSet
from benchmark.faces.reading.decoding import Batch, write_decoded
from benchmark.faces.reading.folds import assign_folds
from benchmark.faces.reading.pictures import SUFFIXES, Unreadable, load_image
from benchmark.faces.reading.raw import raw_folder
from benchmark.files import Json, read_yaml
from benchmark.names import checked_text

VERSION = "1.0"
OPTIONS_FILE = "folder.yaml"
COLUMNS = ("path", "split", "expression", "valence", "arousal", "group")
PICTURES_A_BATCH = 64
Source = tuple[str, tuple[str, ...], int, int]  # one batch: folder, paths in it, size, channels
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Options:
    """What the files themselves do not say.

    Attributes:
        classes: the classes in label order. Either a list of names, as they are in the folders or the column `expression`;
            or a mapping from what is written there to the name ({1: surprise, 2: fear, ...}). None: the names found, sorted.
        size: side of the prepared pictures in pixels; pictures are scaled, never cropped.
        channels: 3, or 1 for grey.
        version: of the data, as named in the protocols.
        table: name of the csv. None: the only csv at the top of the folder; if there is none, the folders are read.
        group: regular expression that is searched in a picture's path; its first group is the name of the picture's group
            (for instance, the subject), which must stay in one split. Only for data without a column `group`.
        folds: number of folds to make ("fold0", ...) instead of reading splits. The folders are then ``class/picture``, and
            a csv has no column `split`. Groups stay together, classes are spread evenly.
        allow_unreadable: largest fraction of pictures that may be unreadable, 0..1. They are left out and listed.
    """

    classes: tuple[str, ...] | Mapping[str, str] | None = field(default=None, hash=False)
    size: int = 112
    channels: int = 3
    version: str = "1.0"
    table: str | None = None
    group: str | None = None
    folds: int | None = None
    allow_unreadable: float = 0.001


@dataclass(frozen=True)
class Row:
    """One picture. `where`: where it is listed, for error messages. `path`: relative to the folder. The others are its
    labels ("" or NaN: none)."""

    where: str
    path: PurePosixPath
    split: str
    expression: str = ""
    valence: float = math.nan
    arousal: float = math.nan
    group: str = ""


class Reader:
    """The reader of the data set `name`, with the attributes that `benchmark.faces.data_sets` asks of a reader module."""

    VERSION, CLASSES = VERSION, ()  # version and classes of a FaceSet come from its data, not from here
    TAKES_FOLDERS = True

    def __init__(self, name: str):
        self.name, self.RAW, self.__file__ = name, (name,), __file__

    def check(self, path: Path) -> None:
        """Validate a folder: its options, its csv or subfolders, and that every picture exists and is not empty. BadInput
        says what is wrong."""
        path = Path(path)
        if not path.is_dir():
            raise BadInput(path, "no such folder", "a folder of pictures, as split/class/picture or with a csv")
        options = read_options(path, {})
        label(listed(path, options), options, path)

    def prepare(self, directory: Path, *, raw: Path = Path("data/raw"), **options: Json) -> FaceSet:
        """Write the FaceSet of the folder ``raw/<name>``. Pictures are decoded in parallel; a stopped call can be resumed.

        Args:
            options: fields of `Options`; they take precedence over the folder's own file.

        Raises:
            BadInput: as `check`; also more unreadable pictures than allowed.
        """
        folder = raw_folder(raw, self.name)
        chosen = read_options(folder, options)
        rows = listed(folder, chosen)
        classes, expression = label(rows, chosen, folder)
        group = [row.group for row in rows]
        split = [row.split for row in rows]
        if chosen.folds is not None:
            split = assign_folds(chosen.folds, expression, group, folder).tolist()
        paths = [row.path.as_posix() for row in rows]
        batches = [
            Batch(range(start, min(start + PICTURES_A_BATCH, len(rows))), source)
            for start, source in _sources(folder, paths, chosen)
        ]
        return write_decoded(
            directory,
            batches,
            load,
            size=chosen.size,
            channels=chosen.channels,
            name=self.name,
            version=chosen.version,
            classes=classes,
            id=paths,
            split=split,
            expression=expression,
            valence=[row.valence for row in rows],
            arousal=[row.arousal for row in rows],
            group=group,
            how={"reader": "folder", "options": _plain(chosen)},
            where=paths,
            allow_unreadable=chosen.allow_unreadable,
        )


def load(source: Source) -> list[np.ndarray | Unreadable]:
    """The pictures of one batch, for `write_decoded`; an Unreadable in place of one that can not be read."""
    folder, paths, size, channels = source
    pictures: list[np.ndarray | Unreadable] = []
    for path in paths:
        try:
            pictures.append(load_image(Path(folder, path), size=size, channels=channels))
        except Unreadable as error:
            pictures.append(error)
    return pictures


def read_options(folder: Path, given: Mapping[str, Json]) -> Options:
    """The options in the folder's own file; those in `given` take precedence. BadInput for an unknown or invalid option."""
    path = folder / OPTIONS_FILE
    own = read_yaml(path) if path.is_file() else {}
    known = {entry.name: entry.default for entry in dataclasses.fields(Options)}
    for where, contents in ((path, own), (f"options of {folder.name}", given)):
        if unknown := sorted(str(key) for key in set(contents) - set(known)):
            raise BadInput(where, f"unknown {', '.join(unknown)}", f"of {', '.join(known)}")
    values = own | dict(given)
    where = f"{path}, options"
    for name, kind in (("size", int), ("channels", int), ("version", str), ("table", str), ("group", str), ("folds", int)):
        value = values.get(name, known[name])
        if (value is not None and type(value) is not kind) or (value is None and known[name] is not None):
            raise BadInput(f"{where}, {name}", f"{value!r}", f"a value of type {kind.__name__}")
    if not 8 <= values.get("size", 112) <= 1024 or values.get("channels", 3) not in (1, 3):
        found = f"{values.get('size', 112)} and {values.get('channels', 3)}"
        raise BadInput(f"{where}, size and channels", found, "a side of 8 to 1024 pixels; 1 or 3 channels")
    share = values.get("allow_unreadable", 0.001)
    if type(share) not in (int, float) or not 0 <= share <= 1:
        raise BadInput(f"{where}, allow_unreadable", f"{share!r}", "a share from 0 to 1")
    checked_text(values.get("version", VERSION), "version", where)
    if (pattern := values.get("group")) is not None:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise BadInput(f"{where}, group", f"{pattern!r} ({error})", "a regular expression") from error
        if groups != 1:
            raise BadInput(f"{where}, group", f"{groups} groups in {pattern!r}", "one, in round brackets")
    return Options(**values | {"classes": _classes(values.get("classes"), where)})


def listed(folder: Path, options: Options) -> list[Row]:
    """Every picture of a folder, in the order of its csv; without a csv, sorted by path.

    Raises:
        BadInput: as `read_table` and `read_tree`; also a picture that is missing, empty, listed twice or outside the folder;
            no picture at all; a path in which the option `group` finds nothing.
    """
    tables = [options.table] if options.table is not None else sorted(p.name for p in folder.glob("[!.]*.csv"))
    if len(tables) > 1:
        raise BadInput(folder, ", ".join(tables), f"one csv, or the option 'table' in {OPTIONS_FILE}")
    rows = read_table(folder, tables[0], options) if tables else read_tree(folder, options)
    if not rows:
        raise BadInput(folder, "no picture", "some, as split/class/picture or listed in a csv")
    base = folder.resolve()
    seen: dict[PurePosixPath, str] = {}
    for number, row in enumerate(rows):
        file = folder / row.path
        if row.path in seen:
            raise BadInput(row.where, f"{row.path}, which {seen[row.path]} has too", "each picture once")
        seen[row.path] = row.where
        if not row.path.as_posix().isprintable() or not row.group.isprintable():
            raise BadInput(row.where, f"{row.path.as_posix()!r}, group {row.group!r}", "printable characters")
        if row.split:
            checked_text(row.split, "split", row.where)
        try:
            inside = file.resolve().is_relative_to(base)
            size = file.stat().st_size if file.is_file() else None
        except (OSError, RuntimeError) as error:  # a name that is too long; links in a circle
            why = error.strerror if isinstance(error, OSError) else error
            raise BadInput(row.where, f"{row.path} ({why})", "a picture") from error
        if not inside:
            raise BadInput(row.where, f"{row.path}, which leads out of {folder}", "a picture inside it")
        if not size:
            found = "no such picture" if size is None else "a picture of 0 bytes"
            raise BadInput(row.where, f"{found}: {row.path}", "a picture")
        if options.group is not None:
            match = re.search(options.group, row.path.as_posix())
            if not match or not match[1]:
                raise BadInput(row.where, f"{row.path}, in which {options.group!r} finds nothing", "the name of its group")
            rows[number] = dataclasses.replace(row, group=match[1])
    return rows


def read_tree(folder: Path, options: Options) -> list[Row]:
    """The rows of folders ``split/class/picture`` (``class/picture`` with folds), sorted by path. Hidden files, and files
    directly in `folder`, are ignored.

    Raises:
        BadInput: a file at another depth, or one without the suffix of a picture.
    """
    rows, shape = [], "class/picture" if options.folds is not None else "split/class/picture"
    depth = shape.count("/") + 1
    for file in sorted(folder.rglob("*")):
        path = PurePosixPath(file.relative_to(folder).as_posix())
        if any(part.startswith(".") for part in path.parts) or file.is_dir() or len(path.parts) == 1:
            continue
        if len(path.parts) != depth:
            raise BadInput(file, f"a file {len(path.parts) - 1} folders deep", shape)
        if path.suffix.lower() not in SUFFIXES:
            raise BadInput(file, f"ending '{path.suffix}'", f"a picture: one of {', '.join(sorted(SUFFIXES))}")
        split = "" if options.folds is not None else path.parts[0]
        rows.append(Row(str(file), path, split, expression=path.parts[-2]))
    return rows


def read_table(folder: Path, name: str, options: Options) -> list[Row]:
    """The rows of a csv: UTF-8 (with or without a byte-order mark), commas between fields, double quotes around fields that
    need them. Its header names some of `COLUMNS`; `path` is required and, without folds, `split`.

    Raises:
        BadInput: a file outside the folder, no such file, another encoding or delimiter, an unknown or missing column, a row
            of another length, a path that is absolute or has "..", a missing split, a valence or arousal that is not a
            number in [-1, 1].
    """
    path = folder / name
    if PurePosixPath(name).name != name or not path.is_file():
        raise BadInput(path, "no such file", "a csv at the top of the folder")
    needed = ("path",) if options.folds is not None else ("path", "split")
    allowed = [c for c in COLUMNS if c != "split" or options.folds is None]
    allowed = [c for c in allowed if c != "group" or options.group is None]
    rows: list[Row] = []
    line = 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            odd = [c for c in header if c not in allowed]
            if odd or len(set(header)) != len(header) or not set(needed) <= set(header):
                found = f"header {','.join(header)[:120]!r}"
                raise BadInput(f"{path} line 1", found, f"{', '.join(needed)} and perhaps others of {', '.join(allowed)}")
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise BadInput(f"{path} line {line}", f"{len(cells)} fields", len(header))
                row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
                rows.append(_row(f"{path} line {line}", row, needed))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} after line {line}", f"bytes that are not UTF-8 ({error.reason})", "text in UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"{path} after line {line}", str(error), "a csv with commas and double quotes") from error
    return rows


def label(rows: Sequence[Row], options: Options, folder: Path) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """(class names in label order; label of each row, int64 (N,), -1: none).

    Raises:
        BadInput: a class that is not in the option `classes`; classes that are numbers, if that option does not name them.
    """
    found = sorted({row.expression for row in rows} - {""})
    if options.classes is None:
        if any(name.lstrip("+-").isdigit() for name in found):
            where = f"{folder / OPTIONS_FILE}, classes"
            raise BadInput(where, f"none, and numbers as expressions ({', '.join(found[:8])})", "a name for each number")
        meaning: Mapping[str, str] = {name: name for name in found}
    else:
        meaning = options.classes if isinstance(options.classes, Mapping) else {name: name for name in options.classes}
    for name in meaning.values():
        checked_text(name, "class", folder)
    number = {written: place for place, written in enumerate(meaning)}
    labels = np.full(len(rows), NO_EXPRESSION, np.int64)
    for place, row in enumerate(rows):
        if row.expression:
            if row.expression not in number:
                raise BadInput(row.where, f"expression '{row.expression}'", f"one of {', '.join(number)}")
            labels[place] = number[row.expression]
    return tuple(meaning.values()), labels


def _row(where: str, row: Mapping[str, str], needed: Sequence[str]) -> Row:
    for column in needed:
        if not row[column]:
            raise BadInput(where, f"no {column}", f"a {column}")
    path = PurePosixPath(row["path"])
    if path.is_absolute() or ".." in path.parts or "\\" in row["path"] or ":" in path.parts[0]:
        raise BadInput(where, f"path {row['path']!r}", "a path inside the folder, with '/' and without '..'")
    numbers = {}
    for column in ("valence", "arousal"):
        text = row.get(column, "")
        if text and (not _NUMBER.fullmatch(text) or not abs(float(text)) <= 1):
            raise BadInput(where, f"{column} {text!r}", "a number in [-1, 1], or nothing")
        numbers[column] = float(text) if text else math.nan
    return Row(where, path, row.get("split", ""), row.get("expression", ""), group=row.get("group", ""), **numbers)


def _classes(value: object, where: str) -> tuple[str, ...] | dict[str, str] | None:
    if value is None:
        return None
    pairs = list(value.items()) if isinstance(value, Mapping) else [(v, v) for v in value] if isinstance(value, list) else []
    pairs = [(str(written), name) for written, name in pairs]
    good = all(isinstance(name, str) and name for _, name in pairs)
    if not pairs or not good or any(len(set(column)) < len(pairs) for column in zip(*pairs, strict=True)):
        raise BadInput(f"{where}, classes", f"{value!r}"[:120], "different names in a list, or a mapping to such names")
    return dict(pairs) if isinstance(value, Mapping) else tuple(name for _, name in pairs)


def _sources(folder: Path, paths: Sequence[str], options: Options) -> Iterator[tuple[int, Source]]:
    for start in range(0, len(paths), PICTURES_A_BATCH):
        part = tuple(paths[start : start + PICTURES_A_BATCH])
        yield start, (str(folder), part, options.size, options.channels)


def _plain(options: Options) -> dict[str, Json]:
    classes = options.classes
    return dataclasses.asdict(options) | {"classes": list(classes) if isinstance(classes, tuple) else classes}
