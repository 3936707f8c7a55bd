"""A frozen dataclass from a mapping that somebody wrote: exactly its fields, each with a value of its type."""

import dataclasses
import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import TYPE_CHECKING, TypeVar, get_args, get_origin

from benchmark.errors import BadInput
from benchmark.files import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LARGEST = 2**63  # numbers are smaller; larger ones break what computes with them
DEEPEST = 32  # levels of a value of any kind; deeper ones break what walks through them
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

Made = TypeVar("Made", bound="DataclassInstance")


def from_mapping(kind: type[Made], contents: object, where: object) -> Made:
    """A `kind` from a mapping. The mapping must have exactly its fields; those with a default may be absent. Lists become
    tuples. BadInput for anything else, and for a value of a wrong type (YAML, for instance, reads 1e-3 as text)."""
    expected = {entry.name: entry.type for entry in fields(kind)}
    if not isinstance(contents, Mapping):
        raise BadInput(where, f"{contents!r}"[:200], f"a mapping with {', '.join(expected)}")
    required = {entry.name for entry in fields(kind) if entry.default is MISSING and entry.default_factory is MISSING}
    if odd := sorted(map(str, (required - set(contents)) | (set(contents) - set(expected)))):
        raise BadInput(where, f"missing or unknown: {', '.join(odd)}", f"exactly {', '.join(expected)}")
    values: dict[str, Json] = {}
    for key, value in contents.items():
        if isinstance(value, list):
            value = tuple(value)
        if expected[key] is float and type(value) is int and abs(value) < LARGEST:
            value = float(value)
        if not fits(value, expected[key]):
            name = getattr(expected[key], "__name__", str(expected[key]))
            raise BadInput(f"{where}, {key}", f"{value!r}"[:200], f"a value of type {name}{_hint(value, expected[key])}")
        values[key] = dict(value) if isinstance(value, Mapping) else value
    return kind(**values)


def _hint(value: Json, kind: Json) -> str:
    """How to write a value that YAML has read as something else than was meant; empty if it is wrong in another way."""
    origin: object = get_origin(kind)
    kinds = get_args(kind) if origin is UnionType else (kind,)
    texts = isinstance(value, tuple) and origin is tuple and get_args(kind)[0] is str
    if texts or (str in kinds and isinstance(value, bool | int | float | datetime.date)):
        return "; text that YAML reads as something else, such as NO and 1.0, goes in quotes"
    if float in kinds and isinstance(value, str) and _NUMBER.fullmatch(value) and _usual(float(value)):
        number = repr(float(value))  # PyYAML takes an exponent only after a point
        return f"; this is text in YAML, write {number if '.' in number else number.replace('e', '.0e')}"
    return ""


def fits(value: Json, kind: Json) -> bool:
    """Whether a value has the type that a field is annotated with. Numbers must be finite, and True is no number."""
    origin: object = get_origin(kind)
    arguments = get_args(kind)
    if origin is UnionType:
        return any(fits(value, each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(each, arguments[0]) for each in value)
    if origin is Mapping:
        of_text = isinstance(value, Mapping) and all(type(name) is str for name in value)
        return of_text and (plain(value) if arguments[1] is Json else all(fits(v, arguments[1]) for v in value.values()))
    if kind is NoneType:
        return value is None
    if dataclasses.is_dataclass(kind):
        return type(value) is kind
    if type(value) is not kind:
        return False
    return not isinstance(value, int | float) or _usual(value)


def plain(value: object, depth: int = DEEPEST) -> bool:
    """Whether a value can be written as JSON and read back: text, a finite number, true, false, null, or a list or a mapping
    of such values. YAML also has dates, sets, bytes and keys that are no text."""
    if depth == 0:
        return False
    if isinstance(value, Mapping):
        return all(type(key) is str and plain(key) and plain(each, depth - 1) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(plain(each, depth - 1) for each in value)
    if isinstance(value, str):
        return value.isascii() or not any(0xD800 <= ord(character) < 0xE000 for character in value)
    return value is None or isinstance(value, bool) or (isinstance(value, int | float) and _usual(value))


def _usual(number: float) -> bool:
    return math.isfinite(number) and abs(number) < LARGEST
