"""What a message says of a name that is not known."""

import pytest

from benchmark.suggesting import near, one_of, unknown

FRUITS = ["apple", "apricot", "banana", "cherry", "grape", "lemon", "mango", "orange", "peach", "pear"]


@pytest.mark.parametrize(
    "name, meant",
    [
        ("aple", ["apple"]),
        ("BANANA", ["banana"]),  # capitals count for nothing
        ("ornage", ["orange"]),
        ("pea", ["pear", "peach"]),  # a part of both; the shorter is more like it
        ("an", []),  # two letters are a part of too much
        ("ang", ["mango", "orange"]),
        ("app", ["apple"]),
        ("xyz", []),
        ("", []),
        ("b" * 100_000, []),
        (17, []),
    ],
)
def test_what_may_be_meant(name, meant):
    assert near(name, FRUITS) == meant


def test_three_at_most_the_likeliest_first():
    known = [f"narrow-{width}" for width in range(10, 20)]
    assert near("narrow-1", known) == ["narrow-10", "narrow-11", "narrow-12"]
    assert near("narrow-15", known)[0] == "narrow-15"
    assert near("narrow-1", []) == []


def test_a_beginning_comes_before_another_part():
    assert near("fer", ["diffusionfer", "fer2013", "ferplus"]) == ["fer2013", "ferplus", "diffusionfer"]


def test_few_names_are_listed_and_of_many_where_they_are():
    assert one_of("kiwi", FRUITS, "fruits") == f"one of {', '.join(FRUITS)}"
    more = [*FRUITS, "plum"]
    assert one_of("kiwi", more, "fruits") == "one of the 11 that `fruits` lists"
    assert one_of("plumm", more, "fruits") == "one of the 11 that `fruits` lists; did you mean plum?"
    assert one_of("kiwi", more) == f"one of {', '.join(FRUITS)} and 1 more"
    assert one_of("kiwi", []) == "nothing: there is none"
    said = one_of("pea", ["peach", "pear"], further=", or a file")
    assert said == "one of peach, pear, or a file; did you mean pear or peach?"


def test_three_that_may_be_meant_are_a_sentence():
    known = [f"narrow-{width}" for width in range(10, 20)]
    assert one_of("narrow-1", known).endswith("; did you mean narrow-10, narrow-11 or narrow-12?")


def test_the_error_is_one_line():
    error = unknown("fruit", "a\nb", ["a", "b"])
    assert str(error) == "fruit: found 'a\\nb'; expected one of a, b"
