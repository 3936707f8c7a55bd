"""Classes without a training face: sentences from counts made by hand, and names that may be meant to be one."""

import pytest

from benchmark.faces.untrained import alike, by_split_names, told
from benchmark.protocol.protocol import load_protocol, protocol_names

EXPRESSIONS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")


@pytest.mark.parametrize(
    ("name", "others", "meant"),
    [
        ("neural", EXPRESSIONS, "neutral"),
        ("suprise", EXPRESSIONS, "surprise"),
        ("netural", EXPRESSIONS, "neutral"),
        ("anger", ["Anger"], "Anger"),
        ("on-task", ["on task", "On_Tasks"], "on task"),
        ("sad ", EXPRESSIONS, "sad"),
        ("fear", ["happy", "fear"], None),
        ("sad", ["mad"], None),
        ("class 10", ["class 11"], None),
        ("class 10", ["Class10"], "Class10"),
        ("neutral", [], None),
    ],
)
def test_a_name_that_may_be_another(name, others, meant):
    assert alike(name, others) == meant


def test_no_two_expressions_are_taken_for_each_other():
    assert [alike(name, EXPRESSIONS) for name in EXPRESSIONS] == [None] * 8


def test_every_class_without_a_training_face_is_told():
    training, tested = {"Happy": 5, "sad": 0, "fear": 7}, {"happy": 2, "sad": 3, "fear": 11, "disgust": 0, "awe": 13}
    assert told(training, tested, "A", "B") == (
        "no face of happy, sad, awe in A, but 2, 3, 13 in B (happy: perhaps Happy, which has 5 in A)"
    )
    assert told(training, {"Happy": 4, "fear": 1, "disgust": 0}, "A", "B") is None


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
def test_the_training_split_by_its_name(train):
    counts = {"val": {"a": 1, "b": 2}, train: {"a": 3, "b": 0, "none": 4}, "fold0": {"a": 0, "b": 5, "none": 6}}
    found = [f"no face of b in {train}, but 2 in val", f"no face of b in {train}, but 5 in fold0"]
    assert by_split_names(counts) == found


@pytest.mark.parametrize("names", [("learn", "test"), ("fold0", "fold1"), ("foldA", "foldB", "foldC")])
def test_names_that_tell_nothing(names):
    assert by_split_names({name: {"a": k} for k, name in enumerate(names)}) == []


def test_folds_are_tested_in_turn():
    """Of twelve folds, class b has faces in 3 and 4 alone. Where 3 is tested, 4 validates; where 4 is tested, 3 is for
    training. The order is that of the numbers: 10 and 11 come last, and after the last the first one validates."""
    counts = {f"fold{k}": {"a": 1, "b": 2 * (k in (3, 4)), "c": 3 * (k in (0, 11))} for k in (11, 10, *range(10))}
    assert by_split_names(counts) == [
        "no face of b in the folds besides fold3 and fold4, but 2 in fold3",
        "no face of c in the folds besides fold11 and fold0, but 3 in fold11",
    ]


@pytest.mark.parametrize("name", protocol_names())
def test_the_names_tell_what_the_installed_protocols_say(name):
    """The audit knows no protocol; a class in the test part of one alone is found all the same."""
    protocol = load_protocol(name)
    if protocol.folds is None:
        counts = {split: {"a": 1, "b": int(role != "train")} for role, split in protocol.splits.items()}
        assert len(by_split_names(counts)) == 2
    else:
        counts = {fold: {"a": 1, "b": int(fold == protocol.folds[-1])} for fold in protocol.folds}
        assert len(by_split_names(counts)) == 1
