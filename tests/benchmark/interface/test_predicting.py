"""predict: from pictures to answers, as an object, text, JSON and HTML."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import benchmark
from benchmark.errors import BadInput
from benchmark.interface.predicting import predict
from benchmark.interface.prediction import AnsweredFace, AnsweredPicture, Answering, Prediction
from benchmark.photographs.framing import Face, Framed

COLOURS = np.zeros((16, 32, 3), np.uint8)
COLOURS[:, :16, 0] = COLOURS[:, 16:, 1] = 255  # red, then green


def brightest(batch):
    """Scores: the mean of each channel, times four."""
    return 4 * batch.mean((2, 3))


@pytest.fixture
def asked(tiny_protocol, tmp_path):
    """Arguments for a model that is a plain function."""
    return {
        "model": brightest,
        "protocol": tiny_protocol(),
        "preprocessing": {"range": [0, 1]},
        "project": tmp_path,
    }


def softmax(*scores):
    high = np.exp(scores)
    return high / high.sum()


def test_one_picture_taken_as_given(asked):
    found = predict(COLOURS[:, :16], **asked)
    (face,) = found.faces
    assert (face.picture, face.box, face.cut, face.expression) == ("picture 1", None, (0, 0, 16, 16), "low")
    np.testing.assert_allclose(list(face.probabilities.values()), softmax(4, 0, 0), rtol=1e-6)
    assert list(face.probabilities) == ["low", "middle", "high"] and face.valence is None
    assert face.ranked[0][0] == "low"
    assert isinstance(found, benchmark.Prediction) and benchmark.predict is predict


def test_every_face_gets_its_own_answer(asked, monkeypatch):
    faces = tuple(Face((x, 0, x + 16, 16), (x, 0, x + 16, 16)) for x in (0, 16))
    monkeypatch.setattr(
        "benchmark.photographs.framing.framed", lambda picture, crop: Framed("faces found", "2 faces", faces)
    )
    first, second = predict(COLOURS, **asked).faces
    assert (first.expression, second.expression) == ("low", "middle") and second.box == (16, 0, 32, 16)


def test_without_a_face_no_network_is_asked(asked, monkeypatch):
    monkeypatch.setattr("benchmark.photographs.framing.framed", lambda picture, crop: Framed("no face", "none", ()))
    (picture,) = predict(COLOURS, **asked).pictures
    assert (picture.taken, picture.faces) == ("no face", ())


def test_several_pictures_in_their_order(asked, tmp_path):
    Image.fromarray(COLOURS[:, 16:]).save(tmp_path / "green.png")
    found = predict([COLOURS[:, :16], tmp_path / "green.png", Image.fromarray(COLOURS[:, :16])], **asked)
    assert [face.expression for face in found.faces] == ["low", "middle", "low"]
    assert [picture.name for picture in found.pictures] == ["picture 1", str(tmp_path / "green.png"), "picture 3"]
    batch = predict(np.stack([COLOURS[:, :16], COLOURS[:, 16:]]), **asked)
    assert [face.expression for face in batch.faces] == ["low", "middle"]


def test_pictures_that_were_not_held_are_read_again(asked, tmp_path, monkeypatch):
    Image.fromarray(COLOURS[:, 16:]).save(tmp_path / "green.png")
    monkeypatch.setattr("benchmark.interface.predicting.check_readable", lambda given: [None for _ in given])
    assert predict(tmp_path / "green.png", **asked).faces[0].expression == "middle"


def test_valence_and_arousal(asked, tiny_protocol):
    own = asked | {"protocol": tiny_protocol("dimensional"), "model": lambda batch: batch.mean((2, 3))[:, :2] - 0.25}
    (face,) = predict(COLOURS[:, :16], **own).faces
    assert (face.valence, face.arousal, face.probabilities, face.expression) == (0.75, -0.25, None, None)


def test_the_carried_networks_answer_both():
    found = predict(np.full((48, 48), 120, np.uint8))
    (face,) = found.faces
    assert sum(face.probabilities.values()) == pytest.approx(1) and -1.5 < face.valence < 1.5
    assert [each.answers for each in found.networks] == ["expression", "affect"]
    assert {each.card for each in found.networks} == {"docs/reference/carried.md"}
    assert found.networks[1].network.startswith("narrow8-12-fixed-working-mse, the mean of 5 folds, trained by ferbench")


def test_a_stopped_command_promises_nothing_that_it_kept(monkeypatch, capsys):
    from benchmark.cli.main import main

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.interface.predicting.predict", stopped)
    assert main(["predict", "a.png"]) == 3
    told = capsys.readouterr()
    assert told.out == "" and told.err.endswith(
        "ferbench: stopped; nothing was answered, and the same command begins anew\n"
    )


def test_a_users_module_is_left_as_it_was(asked):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 3)).train()
    predict(COLOURS[:, :16], **asked | {"model": net})
    assert net.training and net[1].training


@pytest.mark.parametrize(
    "change, said",
    [
        ({"pictures": []}, "pictures: found none; expected at least one"),
        ({"pictures": {}}, "pictures: found an object of dict; expected one picture or a list of them"),
        (
            {"pictures": iter([COLOURS])},
            "pictures: found an object of list_iterator; expected one picture or a list of them",
        ),
        ({"pictures": "gone.png"}, "gone.png: found no such file"),
        ({"pictures": np.zeros((1, 1, 48, 48, 3), np.uint8)}, r"picture 1: found uint8 \(1, 1, 48, 48, 3\)"),
        ({"device": "gpu"}, "--device: found 'gpu'; expected one of auto, cpu"),
        ({"crop": "faces"}, "crop: found 'faces'; expected one of auto, none"),
        ({"protocol": 7}, "protocol: found an object of int"),
        ({"weights": {}}, "weights: found an object of dict"),
    ],
)
def test_what_is_refused(asked, change, said):
    with pytest.raises(BadInput, match=said):
        predict(**{"pictures": COLOURS[:, :16]} | asked | change)


def test_a_picture_that_can_not_be_read_is_told_before_torch_is_loaded():
    code = (
        "import sys, benchmark\n"
        "try:\n    benchmark.predict('gone.png')\nexcept benchmark.BadInput as error:\n    print(error)\n"
        "print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told[0].startswith("gone.png: found no such file; expected a picture") and told[1] == "False"


NASTY = "<b>\x1b[1m&"
FACE = AnsweredFace(NASTY, (1, 2, 33, 44), (0, 2, 34, 36), {"sad": 0.25, NASTY: 0.75}, 0.5, -0.25)
SHOWN = Prediction(
    [AnsweredPicture(NASTY, 60, 50, "faces found", "1 face found", (FACE,)),
     AnsweredPicture("b.png", 300, 20, "no face", "no face found", ())],
    [Answering("expression", NASTY, "p", "card")],
    ["taken <i>so</i>"],
)  # fmt: skip


def test_as_text():
    assert repr(SHOWN).splitlines() == [
        r"<b>\x1b[1m&, 60 x 50: 1 face found",
        "  face 1, box 1 2 33 44",
        r"    <b>\x1b[1m&   75.0 %  ###############",
        "    sad           25.0 %  #####",
        "    valence +0.50, arousal -0.25",
        "b.png, 300 x 20: no face found",
        "taken <i>so</i>",
        r"expression: <b>\x1b[1m&; card",
        "intended use: how raters label such a face, not what a person feels: docs/intended-use.md",
    ]


def test_as_json(tmp_path):
    text = SHOWN.to_json(tmp_path / "answers.json")
    found = json.loads(text)
    assert json.loads((tmp_path / "answers.json").read_text(encoding="utf-8")) == found == SHOWN.as_dict()
    assert list(found) == ["schema", "pictures", "networks", "understood", "intended_use"]
    first, second = found["pictures"]
    assert first["faces"] == [
        {"box": [1, 2, 33, 44], "cut": [0, 2, 34, 36], "expression": NASTY, "probabilities": {"sad": 0.25, NASTY: 0.75},
         "valence": 0.5, "arousal": -0.25}
    ]  # fmt: skip
    assert (second["taken"], second["said"], second["faces"], second["width"]) == ("no face", "no face found", [], 300)
    assert found["networks"] == [{"answers": "expression", "network": NASTY, "protocol": "p", "card": "card"}]


def test_a_name_that_is_no_text_is_kept_in_json(tmp_path):
    name = b"bad\xff.jpg".decode("utf-8", "surrogateescape")
    shown = Prediction([AnsweredPicture(name, 20, 20, "no face", "no face found", ())], [])
    shown.to_json(tmp_path / "answers.json")
    for text in (shown.to_json(), (tmp_path / "answers.json").read_text(encoding="utf-8")):
        assert json.loads(text)["pictures"][0]["picture"] == name


def test_as_html_nothing_is_taken_for_a_tag():
    page = SHOWN._repr_html_()
    assert "<b>\x1b" not in page and "<i>so" not in page and "&lt;b&gt;" in page and "taken &lt;i&gt;so" in page
    assert "75.0 %" in page and "valence +0.50, arousal -0.25" in page and "not what a person feels" in page
