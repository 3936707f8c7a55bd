"""Shapes of JSON: what fits, and the first place that does not."""

import json

import pytest

from benchmark.errors import BadInput
from benchmark.records.shape import ANYTHING, check_shape

EPOCHS = [{"epoch": int, "loss": (float, None), "note?": str}]


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (int, 0), (int, -3), (int, 2**63 - 1), (float, 1), (float, 0.5), (str, ""), (str, "é"), (bool, True), (None, None),
        ((int, None), None), ((int, None), 3), ((str, float, None), 2.5), ([int], []), ([int], [1, 2]), ({str: int}, {}),
        ({str: int}, {"a": 1}), ({"a": int}, {"a": 1}), ({"a?": int}, {}), ({"a?": int}, {"a": 2}),
        (EPOCHS, [{"epoch": 1, "loss": None}, {"epoch": 2, "loss": 1, "note": "x"}]),
        (([int], None), None), (({"a": int}, None), {"a": 1}),
        (ANYTHING, {"a": [None, True, "x", {"b": 1.5}]}),
    ],
)  # fmt: skip
def test_what_fits(shape, value):
    check_shape(value, shape, "file")


@pytest.mark.parametrize(
    ("shape", "value", "line"),
    [
        (int, True, "file: found True; expected a whole number"),
        (int, 1.0, "file: found 1.0; expected a whole number"),
        (int, "1", "file: found '1'; expected a whole number"),
        (int, 2**63, "file: found a number that is too large; expected a whole number"),
        (float, True, "file: found True; expected a number"),
        (float, float("nan"), "file: found nan; expected a number"),
        (float, float("-inf"), "file: found -inf; expected a number"),
        (float, 1e300, "file: found 1e+300; expected a number"),
        (float, None, "file: found null; expected a number"),
        (bool, 1, "file: found 1; expected true or false"),
        (None, 0, "file: found 0; expected null"),
        (str, "\ud800", r"file: found '\ud800'; expected text"),
        ((int, None), "x", "file: found 'x'; expected a whole number or null"),
        ([int], {}, "file: found an object; expected a list"),
        ([int], [1, "2"], "file, entry 2: found '2'; expected a whole number"),
        ({"a": int}, [], "file: found a list; expected an object"),
        ({"a": int}, {}, "file: found missing or unknown: 'a'; expected exactly a"),
        ({"a": int, "b?": int}, {"a": 1, "c": 1}, "file: found missing or unknown: 'c'; expected exactly a, b"),
        ({str: int}, {"a": "x"}, "file, a: found 'x'; expected a whole number"),
        ({str: ANYTHING}, {"\ud800": 1}, "file: found a name that is no text; expected names of text"),
        (EPOCHS, [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": "low"}], "file, entry 2, loss: found 'low'; expected a "),
        (({"a": int}, None), {"a": "x"}, "file, a: found 'x'; expected a whole number"),
        (ANYTHING, {"a": [{"b": float("inf")}]}, "file, a, entry 1, b: found inf; expected a number"),
        (ANYTHING, ["\udfff"], r"file, entry 1: found '\udfff'; expected text"),
    ],
)  # fmt: skip
def test_the_first_place_that_does_not_fit_is_named(shape, value, line):
    with pytest.raises(BadInput) as error:
        check_shape(value, shape, "file")
    assert str(error.value).startswith(line), str(error.value)


def test_as_json_reads_it():
    """Every kind of value that json.loads can give is judged, none passes for want of a rule."""
    kinds = {"null": None, "true": bool, "3": int, "2.5": float, '"x"': str, "[]": [int], "{}": {str: int}}
    for text in kinds:
        for other, shape in kinds.items():
            fits = text == other or (text == "3" and shape is float)
            if fits:
                check_shape(json.loads(text), shape, "file")
            else:
                with pytest.raises(BadInput):
                    check_shape(json.loads(text), shape, "file")


def test_how_deep_a_value_may_be():
    def nested(depth):
        value = 1
        for _ in range(depth):
            value = [value]
        return value

    check_shape(nested(30), ANYTHING, "file")
    check_shape({"a": nested(29)}, ANYTHING, "file")
    for value, place in ((nested(31), "entry 1, entry 1, entry 1"), ({"a": nested(30)}, "a, entry 1, entry 1")):
        with pytest.raises(BadInput) as error:
            check_shape(value, ANYTHING, "file")
        assert str(error.value) == f"file, {place}: found deeper nesting; expected 30 levels at most"


def test_the_alternative_of_the_values_own_kind_says_what_is_wrong():
    for shape in ((None, str), (str, None), ([int], str)):
        with pytest.raises(BadInput, match="^w: found .*; expected text$"):
            check_shape("\ud800", shape, "w")
    with pytest.raises(BadInput, match="^w: found 1.5; expected text or a list$"):
        check_shape(1.5, (str, [int]), "w")
