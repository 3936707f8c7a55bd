"""The shape of JSON contents, as a small description that values are checked against, so that code after it need not doubt.

A shape is one of:

* a type: str, int, float, bool or None. A float also takes whole numbers; an int takes no bool. Numbers must be finite and
  below 2**63, text must be encodable as UTF-8, and nothing is nested deeper than `DEEPEST` levels;
* a tuple: one of several shapes;
* ``[shape]``: a list of any length;
* ``{name: shape}``: an object with exactly these names; a name that ends in ``?`` may be absent. ``{str: shape}``: an
  object with any names;
* `ANYTHING`: any JSON, with the rules above for numbers and text.
"""

import math
from collections.abc import Iterator, Mapping

from benchmark.errors import BadInput
from benchmark.files import Json

Shape = object
ANYTHING = object()
LARGEST = 2**63  # numbers of this size and above have no use here, and break what computes with them
DEEPEST = 30  # levels; deeper nesting has no use here, and breaks what walks through it


def check_shape(value: Json, shape: Shape, where: object) -> None:
    """Raise BadInput for the first place where `value` does not have `shape`. `where`: names the whole in the error."""
    for place, found, expected in _faults(value, shape, ()):
        raise BadInput(", ".join([str(where), *place]), found, expected)


Fault = tuple[tuple[str, ...], str, str]  # place, found, expected


def _faults(value: Json, shape: Shape, place: tuple[str, ...]) -> Iterator[Fault]:
    if len(place) > DEEPEST:
        yield place[:3], "deeper nesting", f"{DEEPEST} levels at most"
        return
    if shape is ANYTHING:
        shape = _any_of(value)
    if isinstance(shape, tuple):
        if all(any(True for _ in _faults(value, each, place)) for each in shape):
            # The one alternative of the value's own kind says best what is wrong.
            own = [each for each in shape if _kind(each) is type(value)]
            yield from _faults(value, own[0], place) if own else [(place, _named(value), _words(shape))]
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield place, _named(value), _words(shape)
            return
        for number, each in enumerate(value):
            yield from _faults(each, shape[0], (*place, f"entry {number + 1}"))
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield place, _named(value), _words(shape)
            return
        yield from _faults_of_object(value, shape, place)
    elif not _simple(value, shape):
        yield place, _named(value), _words(shape)


def _faults_of_object(value: Mapping[str, Json], shape: Mapping[Json, Shape], place: tuple[str, ...]) -> Iterator[Fault]:
    if any(not _text(name) for name in value):
        yield place, "a name that is no text", "names of text"
        return
    if str in shape:
        for name, each in value.items():
            yield from _faults(each, shape[str], (*place, name))
        return
    known = {name.removesuffix("?"): each for name, each in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    if odd := sorted((needed - set(value)) | (set(value) - set(known))):
        yield place, f"missing or unknown: {', '.join(map(repr, odd))}", f"exactly {', '.join(known)}"
        return
    for name, each in value.items():
        yield from _faults(each, known[name], (*place, name))


def _any_of(value: Json) -> Shape:
    if isinstance(value, dict):
        return {str: ANYTHING}
    return [ANYTHING] if isinstance(value, list) else _kind_of_value(value)


def _kind_of_value(value: Json) -> Shape:
    return None if value is None else type(value)


def _kind(shape: Shape) -> type | None:
    if isinstance(shape, list | dict):
        return type(shape)
    return shape if isinstance(shape, type) else None


def _simple(value: Json, shape: Shape) -> bool:
    if shape is None:
        return value is None
    if shape is str:
        return _text(value)
    if shape is bool:
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int if shape is int else (int, float)):
        return False
    return abs(value) < LARGEST and math.isfinite(value)


def _text(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        return False
    return True


def _named(value: Json) -> str:
    if isinstance(value, str):
        return repr(value[:80])
    if isinstance(value, int) and abs(value) >= LARGEST:
        return "a number that is too large"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else str(value)


def _words(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(map(_words, shape))
    if isinstance(shape, list):
        return "a list"
    if isinstance(shape, dict):
        return "an object"
    words: dict[Shape, str] = {None: "null", str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return words[shape]
