"""A frozen dataclass from a mapping that somebody wrote: exactly its fields, each with a value of its type."""

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, TypeVar, get_args, get_origin

from benchmark.errors import BadInput, refuse
from benchmark.files import Json
from benchmark.names import LONGEST
from benchmark.suggesting import near

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LARGEST = 2**63  # numbers are smaller; larger ones break what computes with them
DEEPEST = 32  # levels of a value of any kind; deeper ones break what walks through them
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_SCALAR = (bool, int, float, str, datetime.date)
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "nothing"}
_MANY = {str: "texts", int: "whole numbers", float: "numbers"}

Made = TypeVar("Made", bound="DataclassInstance")


def from_mapping(kind: type[Made], contents: object, where: object) -> Made:
    """A `kind` from a mapping. The mapping must have exactly its fields; those with a default may be absent. Lists become
    tuples. BadInput for anything else, and for values of a wrong type (YAML, for instance, reads 1e-3 as text): a line for
    each."""
    values, faults = values_of(kind, contents, where)
    refuse(faults)
    return kind(**values)


def values_of(
    kind: type["DataclassInstance"], contents: object, where: object, written: Mapping[str, Json] = MappingProxyType({})
) -> tuple[dict[str, Json], list[BadInput]]:
    """The values in a mapping that have the type of their field of `kind`, lists as tuples, and what is wrong with the rest:
    unknown fields, values of another type, missing fields.

    An unknown field whose name is like that of an absent one is taken for it, so that its value is looked at too.

    Args:
        written: fields of `kind` that the mapping has in another form or not at all -> their type there, or None. Whether
            such a field is missing is not looked at.
    """
    types: dict[str, Json] = {**{entry.name: entry.type for entry in fields(kind)}, **written}
    expected = {name: wanted for name, wanted in types.items() if wanted is not None}
    if not isinstance(contents, Mapping):
        return {}, [BadInput(where, f"{contents!r}"[:200], f"a mapping with {', '.join(expected)}")]
    values: dict[str, Json] = {}
    faults, seen = [], set(expected) & set(contents)
    for key, value in contents.items():
        name = key
        if key not in expected:
            absent = [each for each in expected if each not in seen]
            name = _meant(key, absent) or _meant(key, expected)
            hint = f"{name}: did you mean that?" if name else f"one of {', '.join(expected)}"
            faults.append(BadInput(f"{where}, {key}", "an unknown field", hint))
            if name not in absent:
                continue
            seen.add(name)
        wanted = expected[name]
        made = _as_field(value, wanted)
        if fits(made, wanted):
            values[name] = dict(made) if isinstance(made, Mapping) else made
        else:
            faults.append(BadInput(f"{where}, {key}", f"{value!r}"[:200], f"{in_words(wanted)}{_hint(value, wanted)}"))
    for entry in fields(kind):
        needed = entry.default is MISSING and entry.default_factory is MISSING and entry.name not in written
        if needed and entry.name not in seen:
            faults.append(BadInput(f"{where}, {entry.name}", "nothing", in_words(entry.type)))
    return values, faults


def _meant(key: object, names: Iterable[str]) -> str | None:
    """The name that is most like an unknown one; None if none is."""
    return next(iter(near(str(key).replace("-", "_"), names, 1)), None)


def _as_field(value: Json, kind: Json) -> Json:
    """A list as a tuple, and whole numbers as floats where only those are meant."""
    origin: object = get_origin(kind)
    kinds = get_args(kind) if origin is UnionType else (kind,)
    if isinstance(value, list):
        of_floats = any(get_origin(each) is tuple and get_args(each)[0] is float for each in kinds)
        return tuple(_as_float(each) if of_floats else each for each in value)
    return _as_float(value) if float in kinds and int not in kinds else value


def _as_float(value: Json) -> Json:
    return float(value) if type(value) is int and abs(value) < LARGEST else value


def in_words(kind: Json) -> str:
    """What a value of a type is, for a person who writes YAML."""
    origin: object = get_origin(kind)
    arguments = get_args(kind)
    if origin is UnionType:
        return ", or ".join(in_words(each) for each in arguments)
    if origin is tuple:
        return f"a list of {_MANY.get(arguments[0], 'values')}"
    if origin is Mapping:
        return "a mapping of names to values" if arguments[1] is Json else f"a mapping of names to {_MANY[arguments[1]]}"
    return _WORDS.get(kind, "a mapping")


def _hint(value: Json, kind: Json) -> str:
    """How to write a value that YAML has read as something else than was meant; empty if it is wrong in another way."""
    origin: object = get_origin(kind)
    kinds = get_args(kind) if origin is UnionType else (kind,)
    lists = [get_args(each)[0] for each in kinds if get_origin(each) is tuple]
    texts = isinstance(value, list | tuple) and str in lists and all(isinstance(each, _SCALAR) for each in value)
    if texts or (str in kinds and isinstance(value, _SCALAR) and not isinstance(value, str)):
        return "; text that YAML reads as something else, such as NO and 1.0, goes in quotes"
    if str in lists and isinstance(value, str):
        return f"; write [{value}]" if value.isprintable() and len(value) <= LONGEST else "; write it in brackets"
    if float in kinds and isinstance(value, str) and _NUMBER.fullmatch(value) and _usual(float(value)):
        number = repr(float(value))  # PyYAML takes an exponent only after a point
        return f"; this is text in YAML, write {number if '.' in number else number.replace('e', '.0e')}"
    if int in kinds and isinstance(value, str) and _WHOLE.fullmatch(value):
        return f"; this is text in YAML, write {int(value)}"
    if int in kinds and isinstance(value, float) and _usual(value) and value.is_integer():
        return f"; write {int(value)}"
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
    return abs(number) < LARGEST  # false for nan
