"""Numbers and lists in words, and sentences."""

from collections.abc import Iterable

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def numeral(number: int) -> str:
    """A number as text: in words up to twelve, then in digits."""
    return WORDS[number] if number < len(WORDS) else f"{number:,}"


def count(number: int, thing: str) -> str:
    """A number with its noun: "one run", "41 runs"."""
    return f"{numeral(number)} {thing if number == 1 else thing + 's'}"


def counted(number: int, thing: str) -> str:
    """A number in digits with its noun, as in a list of facts: "1 epoch", "12 epochs"."""
    return f"{number:,} {thing if number == 1 else thing + 's'}"


def capital(words: str) -> str:
    """The words with a capital letter at the start."""
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """The words as a sentence, with a capital letter and a full stop."""
    return f"{capital(words)}."


def listed(things: Iterable[str]) -> str:
    """The things as text, in the form "a, b and c"."""
    *most, last = things
    return f"{', '.join(most)} and {last}" if most else last
