"""What the files of a user's folder do not say: `Options`, from folder.yaml at its top and from the profile."""

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.rows import Classes
from benchmark.files import Json, read_yaml
from benchmark.names import checked_text

OPTIONS_FILE = "folder.yaml"
AS_WRITTEN = ("classes",)  # in YAML, NO is false and 01 is 1; as the name of a class it is the text
KINDS: Mapping[str, type] = {
    "size": int,
    "channels": int,
    "version": str,
    "table": str,
    "tree": bool,
    "top": str,
    "group": str,
    "folds": int,
}


@dataclass(frozen=True)
class Options:
    """What the files themselves do not say.

    Attributes:
        classes: the classes in label order. Either a list of names, as they are in the folders or the column `expression`;
            or a mapping from what is written there to the name ({1: surprise, 2: fear, ...}). None: the names found, sorted.
        size: side of the prepared pictures in pixels; pictures are scaled, never cropped (but to a face box, if they have
            one).
        channels: 3, or 1 for grey.
        version: of the data, as named in the protocols.
        table: name of the csv. None: the only csv at the top of the folder; if there is none, the folders are read.
        tree: the folders are read, whatever csv files lie beside them.
        top: the folder inside the folder in which the pictures begin. None: the folder itself.
        group: regular expression that is searched in a picture's path; its first group is the name of the picture's group
            (for instance, the subject), which must stay in one split. Only for data without a column `group`.
        folds: number of folds to make ("fold0", ...) instead of reading splits. The folders are then ``class/picture``, and
            a csv has no column `split`. Groups and the faces of one picture stay together, classes are spread evenly.
        margin: a face box is widened on every side by this fraction of its longer side.
        allow_unreadable: largest fraction of faces that may have no picture: missing, empty, damaged, or without a pixel in
            the face box. They are left out and listed.
    """

    classes: Classes | None = field(default=None, hash=False)
    size: int = 112
    channels: int = 3
    version: str = "1.0"
    table: str | None = None
    tree: bool = False
    top: str | None = None
    group: str | None = None
    folds: int | None = None
    margin: float = 0.0
    allow_unreadable: float = 0.001


def read_options(folder: Path, given: Mapping[str, Json]) -> Options:
    """The options in the folder's own file; those in `given` take precedence. BadInput for an unknown or invalid option."""
    path = folder / OPTIONS_FILE
    _check_names(folder, {OPTIONS_FILE})
    own = read_yaml(path, as_written=AS_WRITTEN) if path.is_file() else {}
    check_known(own, path)
    check_known(given, f"options of {folder.name}")
    options = checked(own | dict(given), f"{path}, options")
    if options.top is not None and PurePosixPath(options.top).parts:
        _check_names(folder / options.top, set())
    return options


def _check_names(folder: Path, read: Collection[str]) -> None:
    """BadInput for a file that is called like one of options and is none of those that are read."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.name.lower() in (OPTIONS_FILE, "folder.yml") and file.name not in read:
            raise BadInput(file, "a file that is not read", f"options in {OPTIONS_FILE}, at the top of the folder")


def check_known(contents: Mapping[str, Json], where: object) -> None:
    """BadInput for a key that is no field of `Options`."""
    known = [entry.name for entry in dataclasses.fields(Options)]
    if unknown := sorted(str(key) for key in set(contents) - set(known)):
        raise BadInput(where, f"unknown {', '.join(unknown)}", f"some of {', '.join(known)}")


def checked(values: Mapping[str, Json], where: str) -> Options:
    """`Options` from a mapping with some of its fields. BadInput for a wrong value."""
    default = {entry.name: entry.default for entry in dataclasses.fields(Options)}
    for name, kind in KINDS.items():
        value = values.get(name, default[name])
        if (value is not None and type(value) is not kind) or (value is None and default[name] is not None):
            raise BadInput(f"{where}, {name}", f"{value!r}", f"a value of type {kind.__name__}")
    if not 8 <= values.get("size", 112) <= 1024 or values.get("channels", 3) not in (1, 3):
        found = f"{values.get('size', 112)} and {values.get('channels', 3)}"
        raise BadInput(f"{where}, size and channels", found, "a side of 8 to 1024 pixels; 1 or 3 channels")
    for name, most in (("margin", 2), ("allow_unreadable", 1)):
        share = values.get(name, default[name])
        if type(share) not in (int, float) or not 0 <= share <= most:
            expected = f"a share from 0 to {most}, such as 0.1 (YAML reads 1e-1 as text)"
            raise BadInput(f"{where}, {name}", f"{share!r}", expected)
    if values.get("tree", False) and values.get("table") is not None:
        raise BadInput(f"{where}, tree", f"true beside table: {values['table']}", "one of them")
    if (top := values.get("top")) is not None and (PurePosixPath(top).is_absolute() or ".." in PurePosixPath(top).parts):
        raise BadInput(f"{where}, top", f"{top!r}", "a folder inside the folder")
    checked_text(values.get("version", "1.0"), "version", where)
    if (pattern := values.get("group")) is not None:
        check_pattern(pattern, f"{where}, group")
    return Options(**{**values, "classes": checked_classes(values.get("classes"), f"{where}, classes")})


def check_pattern(pattern: str, where: object) -> None:
    """BadInput for what is no regular expression with one group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise BadInput(where, f"{pattern!r} ({error})", "a regular expression") from error
    if groups != 1:
        raise BadInput(where, f"{groups} groups in {pattern!r}", "one, in round brackets")


def checked_classes(value: object, where: str) -> Classes | None:
    """The option `classes`. BadInput for anything but different names in a list, or a mapping to such names."""
    if value is None:
        return None
    pairs = list(value.items()) if isinstance(value, Mapping) else [(v, v) for v in value] if isinstance(value, list) else []
    # A whole number is what YAML makes of a folder's name 1. What it makes of others can not be undone here.
    for text in (each for pair in pairs for each in pair):
        if text is None or isinstance(text, bool | float) or not isinstance(text, str | int):
            expected = "a name; YAML reads some words and numbers as other things, so put it in quotes, as in 'NO'"
            raise BadInput(where, f"{text!r}", expected)
    pairs = [(str(written), name) for written, name in pairs]
    good = all(isinstance(name, str) and name for _, name in pairs)
    if not pairs or not good or any(len(set(column)) < len(pairs) for column in zip(*pairs, strict=True)):
        raise BadInput(where, f"{value!r}"[:120], "different names in a list, or a mapping to such names")
    return dict(pairs) if isinstance(value, Mapping) else tuple(name for _, name in pairs)


def plain(options: Options) -> dict[str, Json]:
    """The options for meta.json."""
    classes = options.classes
    return dataclasses.asdict(options) | {"classes": list(classes) if isinstance(classes, tuple) else classes}
