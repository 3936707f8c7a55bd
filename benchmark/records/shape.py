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
from collections.abc import Mapping

from benchmark.errors import BadInput
from benchmark.files import Json

Shape = object
ANYTHING = object()
LARGEST = 2**63  # numbers of this size and above have no use here, and break what computes with them
DEEPEST = 30  # levels; deeper nesting has no use here, and breaks what walks through it


Fault = tuple[tuple[str, ...], str, str]  # place, found, expected


def check_shape(value: Json, shape: Shape, where: object) -> None:
    """Raise BadInput for the first place where `value` does not have `shape`. `where`: names the whole in the error."""
    if fault := _fault(value, shape, ()):
        place, found, expected = fault
        raise BadInput(", ".join([str(where), *place]), found, expected)


def _fault(value: Json, shape: Shape, place: tuple[str, ...]) -> Fault | None:
    """The first place from `place` on where `value` does not have `shape`; None if there is none."""
    if len(place) > DEEPEST:
        return place[:3], "deeper nesting", f"{DEEPEST} levels at most"
    if shape is ANYTHING:
        shape = {dict: {str: ANYTHING}, list: [ANYTHING], type(None): None}.get(type(value), type(value))
    if isinstance(shape, tuple):
        faults = []
        for each in shape:
            if (fault := _fault(value, each, place)) is None:
                return None
            faults.append(fault)
        # The one alternative of the value's own kind says best what is wrong.
        own = [fault for fault, each in zip(faults, shape, strict=True) if _kind(each) is type(value)]
        return own[0] if own else (place, _named(value), _words(shape))
    if not _fits(value, shape):
        return place, _named(value), _words(shape)
    if isinstance(shape, list):
        entries = enumerate(value, 1)
        return next(filter(None, (_fault(each, shape[0], (*place, f"entry {n}")) for n, each in entries)), None)
    return _fault_of_object(value, shape, place) if isinstance(shape, dict) else None


def _fault_of_object(value: Mapping[str, Json], shape: Mapping[Json, Shape], place: tuple[str, ...]) -> Fault | None:
    if any(not _text(name) for name in value):
        return place, "a name that is no text", "names of text"
    known = dict.fromkeys(value, shape[str]) if str in shape else {n.removesuffix("?"): each for n, each in shape.items()}
    needed = {name for name in shape if name is not str and not name.endswith("?")}
    if odd := sorted((needed - set(value)) | (set(value) - set(known))):
        return place, f"missing or unknown: {', '.join(map(repr, odd))}", f"exactly {', '.join(known)}"
    return next(filter(None, (_fault(each, known[name], (*place, name)) for name, each in value.items())), None)


def _kind(shape: Shape) -> type:
    return shape if isinstance(shape, type) else type(shape)


def _fits(value: Json, shape: Shape) -> bool:
    """Whether a value is of the kind of a shape, whatever is in it."""
    if isinstance(shape, list | dict):
        return isinstance(value, _kind(shape))
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
