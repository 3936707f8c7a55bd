"""Values of an attribute as groups: bins of ages and of other numbers, codes, words, and what is not known."""

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.measures.subgroups.groups import groups_of


def grouped(name, values):
    of, names, _ = groups_of(name, np.array(values), "set")
    return [None if k < 0 else names[k] for k in of.tolist()]


@pytest.mark.parametrize(
    "age, group",
    [("0", "0 to 2"), ("2.9", "0 to 2"), ("3", "3 to 9"), ("19", "10 to 19"), ("20", "20 to 29"), ("69.5", "60 to 69"),
     ("70", "70 or more"), ("101", "70 or more"), ("", None)],
)  # fmt: skip
def test_ages(age, group):
    assert grouped("age", [age, "40"]) == [group, "40 to 49"]


def test_words_codes_and_quartiles():
    assert grouped("race", ["b", "", "a", "b"]) == ["b", None, "a", "b"]
    assert grouped("gender", ["0", "1", "0", ""]) == ["0", "1", "0", None]
    assert grouped("age", ["20-29", "31", ""]) == ["20-29", "31", None]  # one is no number: all are words
    assert grouped("age", ["inf", "31"]) == ["inf", "31"]
    # 1..16: quartiles 4.75, 8.5 and 12.25
    found = grouped("yaw", [*map(str, range(1, 17)), ""])
    names = ["below 4.75", "4.75 to below 8.5", "8.5 to below 12.25", "12.25 or more"]
    assert found == [name for name in names for _ in range(4)] + [None]


def test_nothing_known_and_impossible_ages():
    assert grouped("age", ["", ""]) == [None, None]
    with pytest.raises(BadInput, match="set, age: found -1; expected years from 0; an age that is not known is empty"):
        grouped("age", ["3", "-1"])
