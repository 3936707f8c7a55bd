"""meta.json of a FaceSet: sealed when written, and checked value by value when read."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmark.errors import BadInput, one_line
from benchmark.files import Json, read_object, whole_digest
from benchmark.names import NAME, checked_name, checked_text

FORMAT = 2  # 2: with a seal
AGAIN = "prepare the data again"
SHOWN = 60  # characters of a wrong value that a message repeats


def sealed(meta: Mapping[str, Json]) -> dict[str, Json]:
    """`meta` with the key "seal": the SHA-256 of everything else in it, as canonical JSON."""
    rest = {key: value for key, value in meta.items() if key != "seal"}
    return {**rest, "seal": whole_digest(rest)}


def read_meta(path: Path) -> dict[str, Json]:
    """The contents of a meta.json, which must exist.

    Every key of `_FIELDS` is there with a value of the right type, and so are those optional keys that are there, also of
    "how".

    Raises:
        BadInput: not a JSON object; made by another version; changed since it was written (the seal does not fit); a value
            that is missing or of another type.
    """
    meta = read_object(path)
    if meta.get("format") != FORMAT or isinstance(meta["format"], bool | float):
        raise BadInput(path, f"format {one_line(repr(meta.get('format')), SHOWN)}", f"format {FORMAT}; {AGAIN}")
    try:
        fits = sealed(meta)["seal"] == meta.get("seal")
    except (ValueError, RecursionError):  # half of a surrogate pair; thousands of brackets
        fits = False
    if not fits:
        raise BadInput(path, "contents that do not fit their seal", f"those that were written; {AGAIN}")
    for key, (fits_type, expected) in _FIELDS.items():
        if key not in meta or not fits_type(meta[key]):
            raise BadInput(f"{path}, {key}", one_line(repr(meta.get(key, "nothing")), SHOWN), f"{expected}; {AGAIN}")
    for key, (fits_type, expected) in _OPTIONAL.items():
        if key in meta and not fits_type(meta[key]):
            raise BadInput(f"{path}, {key}", one_line(repr(meta[key]), SHOWN), f"{expected}; {AGAIN}")
    how = meta["how"]
    for key, (fits_type, expected) in _HOW.items():
        if key in how and not fits_type(how[key]):
            raise BadInput(f"{path}, how.{key}", one_line(repr(how[key]), SHOWN), f"{expected}; {AGAIN}")
    return meta


def check_names(meta: Mapping[str, Json], where: object) -> None:
    """Raise BadInput for a name in a meta.json that is no plain one, or a class or column of votes that occurs twice."""
    checked_name(meta.get("name"), "name", where)
    checked_text(meta.get("version"), "version", where)
    for key in ("classes", "vote_columns"):
        if not isinstance(names := meta.get(key), list):
            raise BadInput(f"{where}, {key}", f"{names!r}", "a list of names")
        for name in names:
            checked_text(name, key, where)
        if len(set(names)) < len(names):
            raise BadInput(f"{where}, {key}", ", ".join(names), "names that differ")


def _text(value: Json) -> bool:
    return isinstance(value, str) and value.isprintable()


def _texts(value: Json) -> bool:
    return isinstance(value, list) and all(map(_text, value)) and len(set(value)) == len(value)


def _number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _shape(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_number, value)) and value[3] in (1, 3)


def _counts(value: Json) -> bool:
    return isinstance(value, dict) and all(
        isinstance(own, dict) and all(map(_number, own.values())) for own in value.values()
    )


def _fingerprint(value: Json) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _attributes(value: Json) -> bool:
    if not (isinstance(value, dict) and set(value) == {"columns", "sha256"} and _fingerprint(value["sha256"])):
        return False
    columns = value["columns"]
    return _texts(columns) and len(columns) > 0 and all(NAME.fullmatch(name) and name != "id" for name in columns)


def _object(value: Json) -> bool:
    return isinstance(value, dict)


def _table(value: Json) -> bool:
    if not (isinstance(value, dict) and {"rows", "columns", "counts", "other"} <= set(value) and _text(value["other"])):
        return False
    rows, columns, counts = value["rows"], value["columns"], value["counts"]
    if not (_texts(rows) and _texts(columns) and isinstance(counts, list) and len(counts) == len(rows)):
        return False
    return all(isinstance(own, list) and len(own) == len(columns) and all(map(_number, own)) for own in counts)


_Check = tuple[Callable[[Json], bool], str]
_FIELDS: dict[str, _Check] = {
    "name": (_text, "a text of one line"),
    "version": (_text, "a text of one line"),
    "classes": (_texts, "a list of different names"),
    "vote_columns": (_texts, "a list of different names"),
    "shape": (_shape, "[faces, height, width, 1 or 3]"),
    "counts": (_counts, "split -> class -> number of faces"),
    "fingerprint": (_fingerprint, "a SHA-256 of 64 hexadecimal digits"),
    "how": (_object, "an object"),
}
_OPTIONAL: dict[str, _Check] = {
    "attributes": (_attributes, "columns (different plain names other than id) and sha256 (64 hexadecimal digits)"),
}
_HOW: dict[str, _Check] = {
    "options": (_object, "an object"),
    "difference": (_counts, "split -> what -> number of faces"),
    "cross_tabulation": (_table, "rows and columns (names), counts (a number for each pair) and other (a name)"),
}
