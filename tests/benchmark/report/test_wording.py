"""Numbers, lists and sentences in words."""

import pytest

from benchmark.report.wording import capital, count, counted, listed, numeral, sentence


@pytest.mark.parametrize(("number", "words"), [(0, "no"), (1, "one"), (12, "twelve"), (13, "13"), (13_000, "13,000")])
def test_numbers_are_in_words_up_to_twelve(number, words):
    assert numeral(number) == words
    assert count(number, "run") == (f"{words} run" if number == 1 else f"{words} runs")


def test_facts_are_in_digits_with_their_noun():
    assert [counted(number, "epoch") for number in (0, 1, 2, 1200)] == ["0 epochs", "1 epoch", "2 epochs", "1,200 epochs"]


def test_lists_and_sentences():
    assert [listed("a"), listed("ab"), listed("abc")] == ["a", "a and b", "a, b and c"]
    assert sentence("two CCC means") == "Two CCC means." and capital("") == "" and capital("aB") == "AB"
