"""Names of classes: what is understood, said and refused; the same for files and declarations."""

import dataclasses

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.class_names import understood
from benchmark.outside.prediction_file import read_predictions
from benchmark.protocol.protocol import load_protocol

ALPHABETIC = ["Anger", "Contempt", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"]
FACE_API = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # fer2013-7, in its order


def own(*classes, task="categorical"):
    return dataclasses.replace(load_protocol("fer2013-7"), name="own", data="colours", classes=classes, task=task)


@pytest.mark.parametrize(
    ("protocol", "declared", "places"),
    [
        ("fer2013-7", ALPHABETIC, [0, 2, 3, 4, 6, 7, 5]),
        ("fer2013-7", FACE_API, [3, 5, 4, 1, 2, 6, 0]),
        ("ferplus-8", FACE_API, [0, 1, 6, 2, 3, 5, 4, None]),
        ("affectnet-8", ALPHABETIC, [5, 4, 6, 7, 3, 2, 0, 1]),
        ("rafdb-7", [*CLASSES, "contempt"], [5, 2, 1, 3, 4, 0, 6]),
        ("ckplus48-7", CLASSES, [0, None, 1, 2, 3, 4, 5]),  # neither contempt in the one nor neutral in the other
        ("synthetic-va", ["AROUSAL", *ALPHABETIC, "Valence"], [9, 0]),
    ],
)
def test_places_by_hand(protocol, declared, places):
    assert list(understood(declared, load_protocol(protocol), "x").places) == places


def test_a_name_of_the_protocol_wins():
    """Whatever it means elsewhere: colours, classes called like no expression, two for one expression."""
    assert understood(["Blue", "red"], own("red", "blue"), "x").places == (1, 0)
    assert understood(["other", "happy", "none"], own("none", "other", "happy"), "x").places == (2, 0, 1)
    assert understood(["joy", "happy"], own("happy", "joy"), "x").places == (1, 0)
    assert understood(["A", "a"], own("a", "A"), "x").places == (1, 0)
    with pytest.raises(BadInput, match="found 'happiness'; expected one of happy, joy"):  # which of the two?
        understood(["joy", "happiness"], own("happy", "joy"), "x")


def test_what_is_said():
    found = understood([*ALPHABETIC, "valence", "arousal", "NF"], load_protocol("fer2013-7"), "x")
    assert found.said == (
        "classes understood: Anger as angry, Happiness as happy, Sadness as sad",
        "outputs that fer2013-7 does not ask for left out: valence, arousal, NF",
    )
    assert understood(CLASSES, load_protocol("fer2013-7"), "x").said == ()
    both = understood(["valence", "arousal", "happy", "sad"], load_protocol("synthetic-va"), "x")
    assert both.said == ("outputs that synthetic-va does not ask for left out: happy, sad",)


def test_warnings_count_test_faces():
    targets = np.array([7, 7, 0, 1])
    missing = understood(FACE_API, load_protocol("ferplus-8"), "x")
    assert missing.warnings(targets) == [
        "outputs: none for contempt, which ferplus-8 has; its 2 of 4 test faces can only be answered wrongly"
    ]
    more = understood(ALPHABETIC, load_protocol("fer2013-7"), "x")
    assert more.warnings(targets) == ["outputs: Contempt left out, which fer2013-7 has not"]
    assert more.warnings(targets, np.array([-1, 1, 1, 1])) == [
        "outputs: Contempt left out, which fer2013-7 has not; it had been the answer for 3 of 4 test faces"
    ]


REFUSED = [
    (
        ["happy", "happiness", "sad"],
        "happy and happiness, which are one class; expected each class of fer2013-7 once: angry, disgust, fear, happy, sad, "
        "surprise, neutral",
    ),
    (["happy", "sad", "contempt", "Contempt"], "contempt and Contempt, which are one class; expected each expression once"),
    (
        ["happy", "sadd"],
        "'sadd'; expected one of angry, disgust, fear, happy, sad, surprise, neutral, another word for an expression, or "
        "'none' for what is no expression; did you mean sad?",
    ),
    (
        ["sad", "hapiness"],
        "'hapiness'; expected one of angry, disgust, fear, happy, sad, surprise, neutral, another word for an expression, "
        "or 'none' for what is no expression; did you mean happiness?",
    ),
    (
        ["happy", "contempt", "valence"],
        "happy of the classes of fer2013-7 (happy, contempt, valence); expected at least 2 of them: angry, disgust, fear, "
        "happy, sad, surprise, neutral",
    ),
]


@pytest.mark.parametrize(("declared", "message"), REFUSED)
def test_refusals_word_by_word_in_every_form(declared, message, tmp_path):
    protocol = load_protocol("fer2013-7")
    with pytest.raises(BadInput) as error:
        Preprocessing(classes=tuple(declared)).filled(protocol)
    assert str(error.value) == f"order of the outputs: found {message}"
    path = tmp_path / "p.csv"
    path.write_text(f"id,{','.join(declared)}\na{',1' * len(declared)}\n")
    with pytest.raises(BadInput) as error:
        read_predictions(path, protocol)
    assert str(error.value) == f"{path}, header: found {message}"
    path = tmp_path / "p.npz"
    np.savez(path, ids=["a"], scores=np.ones((1, len(declared))), classes=declared)
    with pytest.raises(BadInput) as error:
        read_predictions(path, protocol)
    assert str(error.value) == f"{path}: found {message}"


def test_valence_and_arousal_must_be_there():
    with pytest.raises(BadInput, match="x: found valence, happy; expected valence, arousal"):
        understood(["valence", "happy"], load_protocol("synthetic-va"), "x")


def labels(tmp_path, *words):
    path = tmp_path / "l.csv"
    path.write_text("id,class\n" + "".join(f"f{k},{word}\n" for k, word in enumerate(words)))
    return read_predictions(path, load_protocol("fer2013-7"))


def test_values_of_a_column_of_classes(tmp_path):
    found = labels(tmp_path, "Happiness", "6", "Angry", "Happiness", "FEARFUL")
    assert [CLASSES[k] for k in found.outputs.argmax(1)] == ["happy", "neutral", "angry", "happy", "fear"]
    assert found.said == ("classes understood: Happiness as happy, FEARFUL as fear",) and found.given == "classes"
    for words, message in (
        (
            ("happy", "contempt", "contempt"),
            "data row 2 (f1), class: found 'contempt', which fer2013-7 has not, in 2 of 3 rows; expected one of angry, "
            "disgust, fear, happy, sad, surprise, neutral: the model's best answer among these, or its scores, from which "
            "other classes are left out",
        ),
        (("no face", "happy"), "data row 1 (f0), class: found 'no face', which fer2013-7 has not, in 1 of 2 rows"),
        (
            ("happpy",),
            "data row 1 (f0), class: found 'happpy'; expected one of angry, disgust, fear, happy, sad, surprise, neutral; "
            "did you mean happy?",
        ),
    ):
        with pytest.raises(BadInput) as error:
            labels(tmp_path, *words)
        assert message in str(error.value)
