"""The words for expressions: every list that people publish is understood, whole."""

import pytest

from benchmark.faces.card import CARDS, card
from benchmark.faces.expressions import NO_EXPRESSION, meaning_of, words

SEVEN = {"neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"}
EIGHT = SEVEN | {"contempt"}
# As their authors write them, in their order -> the meanings in that order.
LISTS = {
    "FER2013": ("Angry Disgust Fear Happy Sad Surprise Neutral", "anger disgust fear happiness sadness surprise neutral"),
    "FER+": (
        "neutral happiness surprise sadness anger disgust fear contempt unknown NF",
        "neutral happiness surprise sadness anger disgust fear contempt - -",
    ),
    "AffectNet": (
        "Neutral Happy Sad Surprise Fear Disgust Anger Contempt None Uncertain No-Face",
        "neutral happiness sadness surprise fear disgust anger contempt - - -",
    ),
    "EmotiEffLib": (
        "Anger Contempt Disgust Fear Happiness Neutral Sadness Surprise",
        "anger contempt disgust fear happiness neutral sadness surprise",
    ),
    "face-api": (
        "neutral happy sad angry fearful disgusted surprised",
        "neutral happiness sadness anger fear disgust surprise",
    ),
    "RAF-DB": (
        "Surprise Fear Disgust Happiness Sadness Anger Neutral",
        "surprise fear disgust happiness sadness anger neutral",
    ),
    "mini-Xception": (
        "angry disgust scared happy sad surprised neutral",
        "anger disgust fear happiness sadness surprise neutral",
    ),
}


@pytest.mark.parametrize("source", LISTS)
def test_each_published_list_is_understood_whole(source):
    names, meanings = (each.split() for each in LISTS[source])
    expected = [NO_EXPRESSION if meaning == "-" else meaning for meaning in meanings]
    assert [meaning_of(name) for name in names] == expected
    assert set(expected) - {NO_EXPRESSION} == (EIGHT if "contempt" in expected else SEVEN)


def test_the_words_and_the_cards_say_the_same():
    for path in CARDS.glob("*.yaml"):
        for word, meaning in card(path.stem).meanings.items():
            assert meaning_of(word) == meaning_of(word, path.stem) == meaning, (path.stem, word)
    assert set(words().values()) == EIGHT | {NO_EXPRESSION}


@pytest.mark.parametrize("word", ["HAPPY", " happy ", "hap-py", "Hap_Py"])
def test_case_spaces_and_dashes_do_not_matter(word):
    assert meaning_of(word) == "happiness"


@pytest.mark.parametrize("word", ["upset", "positive", "calm", "suprise", ""])
def test_what_is_ambiguous_or_misspelt_has_no_meaning(word):
    assert meaning_of(word) is None
