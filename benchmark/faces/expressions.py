"""What a word for an expression means: `expressions.yaml` has the words that data sets and packages use."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.card import card
from benchmark.files import read_yaml

WORDS = Path(__file__).with_name("expressions.yaml")
NO_EXPRESSION = "no expression"  # the meaning of the words for what is not an expression


def plain(word: str) -> str:
    """The word in small letters, without spaces, '-' and '_': what two spellings of one name have in common."""
    return "".join(letter for letter in word.casefold() if not letter.isspace() and letter not in "-_")


@cache
def words() -> Mapping[str, str]:
    """Word, as written in `expressions.yaml` -> its meaning: an expression, or `NO_EXPRESSION`. BadInput for a word that is
    there twice."""
    contents = read_yaml(WORDS)
    groups = {**contents["expressions"], NO_EXPRESSION: contents[NO_EXPRESSION]}
    found: dict[str, str] = {}
    for meaning, own in groups.items():
        for word in own:
            if plain(word) in map(plain, found):
                raise BadInput(WORDS, f"{word} twice", "each word once")
            found[word] = meaning
    return found


@cache
def _meanings() -> Mapping[str, str]:
    return {plain(word): meaning for word, meaning in words().items()}


def meaning_of(word: str, data: str | None = None) -> str | None:
    """What `word` means: a meaning of the cards, `NO_EXPRESSION`, or None for an unknown word.

    Args:
        data: name of a data set; its card is asked first.
    """
    own = card(data).meanings if data else {}
    return own.get(word) or _meanings().get(plain(word))
