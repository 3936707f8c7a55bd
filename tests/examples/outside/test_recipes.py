"""The recipes of models that can not be run here: their commands with networks of drawn weights that have the models' inputs
and outputs, their predict.py against stand-ins of the packages. `UPSTREAM` was written from the upstream projects' code, not
from the recipes."""

import csv
import json
import re
import runpy
import shlex
import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.cli.main import main, parser
from benchmark.faces.expressions import meaning_of
from benchmark.files import read_yaml
from benchmark.protocol.protocol import load_protocol
from examples.outside.recipes import FOLDER, PAGE, commands, page, recipes
from tests.examples.outside.stand_ins import BIAS, MOST, WEIGHTS, Means, faces, onnx_file, state

RECIPES = recipes()
EVALUATED = [(name, protocol) for name, each in RECIPES.items() if each["way"] for protocol in each["protocols"]]
FIRST = {(name, load_protocol(protocol).task): protocol for name, protocol in EVALUATED[::-1]}  # the others are slow
TOLERANCE = 1e-3  # float32 means of 260 x 260 equal numbers
EKMAN = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]  # the order of FER2013
AFFECT = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"]  # of AffectNet
ALPHABET = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# size of the input, channels, (mean, deviation) of pixels / 255 (None: the pixels themselves), the outputs
UPSTREAM = {
    "ddamfn": (112, 3, IMAGENET, AFFECT),
    "deepface": (48, 1, (0, 1), EKMAN),
    "emonet": (256, 3, (0, 1), [*AFFECT, "valence", "arousal"]),
    "emotiefflib-b0": (224, 3, IMAGENET, ALPHABET),
    "emotiefflib-b0-va": (224, 3, IMAGENET, [*ALPHABET, "valence", "arousal"]),
    "emotiefflib-b2": (260, 3, IMAGENET, ALPHABET),
    "ferplus-onnx": (
        64, 1, None, ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"],
    ),
    "resmaskingnet": (224, 3, (0, 1), EKMAN),
}  # fmt: skip
KEYS = {
    *("model", "ran", "project", "read", "weights", "classes_source", "input_source", "way", "extra_training_data"),
    *("licence", "protocols", "traps", "not_verified"),
}


def as_upstream(name: str, pixels: np.ndarray) -> np.ndarray:
    """The stand-in's scores (N, D) of faces of one colour, uint8 (N, 1 or 3), prepared as the model's own code does it."""
    _, channels, scaled, outputs = UPSTREAM[name]
    values = np.broadcast_to(pixels.astype(np.float64), (len(pixels), channels))
    mean, deviation = scaled or (0, 1)  # where the pixels are taken as they are, the file has weights that much smaller
    values = (values / 255 - np.array(mean)) / np.array(deviation)
    return values @ WEIGHTS[:channels, : len(outputs)] + BIAS[: len(outputs)]


def module(name: str, **contents) -> types.ModuleType:
    found = types.ModuleType(name)
    vars(found).update(contents)
    return found


@pytest.fixture
def upstream(monkeypatch, tmp_path):
    """Modules with the names of the upstream projects' own, and files of weights as these projects keep them."""

    class EmoNet(Means):
        def __init__(self, n_expression):
            super().__init__(n_expression + 2)

        def forward(self, images):
            found = super().forward(images)
            return {"heatmap": images, "expression": found[:, :-2], "valence": found[:, -2], "arousal": found[:, -1]}

    class DDAMNet(Means):
        def __init__(self, num_class, num_head, pretrained):
            assert num_head == 2 and not pretrained
            super().__init__(num_class)

        def forward(self, images):
            return super().forward(images), images, [images]

    modules = {
        "models": {"resmasking_dropout1": lambda in_channels, num_classes: Means(num_classes)},
        "emonet": {}, "emonet.models": {"EmoNet": EmoNet}, "networks": {}, "networks.DDAM": {"DDAMNet": DDAMNet},
    }  # fmt: skip
    for name, contents in modules.items():
        monkeypatch.setitem(sys.modules, name, module(name, **contents))
    torch.save({"net": state(7), "best_acc": 73.0}, tmp_path / "resmasking_net.pth")
    torch.save({f"module.{key}": value for key, value in state(MOST).items()}, tmp_path / "emonet_8.pth")
    torch.save({"iter": 25, "model_state_dict": state(8)}, tmp_path / "affecnet8_epoch25_acc0.6469.pth")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    for name, size in (("enet_b0_8_best_vgaf", 224), ("enet_b2_8", 260), ("enet_b0_8_va_mtl", 224)):
        onnx_file(tmp_path / f"{name}.onnx", ["batch", 3, size, size], 10 if "va" in name.split("_") else 8)
    onnx_file(tmp_path / "emotion-ferplus-8.onnx", [1, 1, 64, 64], 8, scale=1 / 255)
    path = tmp_path / "facial_expression_model_weights.onnx"
    onnx_file(path, ["batch", 48, 48, 1], 7, axes=(1, 2), softmax=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_is_made_from_the_entries():
    assert page(RECIPES) == PAGE.read_text(encoding="utf-8"), "python examples/outside/recipes.py"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_is_needed(name):
    recipe, folder = RECIPES[name], FOLDER / name
    assert KEYS <= set(recipe) <= KEYS | {"pythonpath", "needs"}
    assert set(recipe["weights"]) == {"file", "from", "check"} and set(recipe["licence"]) == {"code", "weights"}
    assert (folder / "preprocessing.yaml").is_file() == bool(recipe["way"])
    assert (folder / "predict.py").is_file() == (folder / "requirements.txt").is_file()
    assert recipe["way"] or (folder / "predict.py").is_file()
    for under in recipe["protocols"].values():
        assert under["seen"] in ("no", "unknown", "yes") and under["why"]
        assert under["stated"] is None or set(under["stated"]) in ({"accuracy", "source"}, {"words", "source"})


@pytest.mark.parametrize("name", [name for name in RECIPES if (FOLDER / name / "requirements.txt").is_file()])
def test_requirements_are_names_versions_and_digests(name):
    text = (FOLDER / name / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    package = re.compile(r"[a-z0-9.-]+==[a-z0-9.]+( ; [^:]+)? \\")
    assert all(package.fullmatch(line) or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines)
    # The version that was read is the one that is installed.
    assert f"{name}=={re.search(rf'{name} ([0-9.]+[0-9])', RECIPES[name]['read'])[1]} " in text


@pytest.mark.parametrize("name, protocol", [(name, each) for name, found in RECIPES.items() for each in found["protocols"]])
def test_every_command_line_is_understood(name, protocol):
    lines = [shlex.split(line) for line in commands(name, RECIPES[name], protocol)]
    assert lines
    for words in lines:
        words = words[1:] if words[0].startswith("PYTHONPATH=") else words
        if words[0] != "ferbench":
            assert words[0] == "ENVIRONMENT/bin/python" and (FOLDER.parents[1] / words[1]).is_file()
            continue
        given = parser().parse_args(words[1:])
        assert given.protocol == protocol and load_protocol(given.protocol).name == protocol
        if words[1] == "evaluate":
            assert FOLDER.parents[1] / given.preprocessing == FOLDER / name / "preprocessing.yaml"


@pytest.mark.parametrize(
    "name, protocol",
    [
        pytest.param(name, protocol, marks=[] if FIRST[name, task] == protocol else pytest.mark.slow)
        for name, protocol in EVALUATED
        for task in [load_protocol(protocol).task]
    ],
)
def test_a_command_gives_what_the_upstream_code_would(name, protocol, upstream, monkeypatch, capsys):
    own, outputs = load_protocol(protocol), UPSTREAM[name][3]
    made = faces(upstream / "prepared", own, grey=own.data in ("fer2013", "ferplus"))
    line = next(each for each in commands(name, RECIPES[name], protocol) if "ferbench evaluate" in each)
    words = [word.replace("examples/outside", str(FOLDER)) for word in shlex.split(line)]
    if words[0].startswith("PYTHONPATH="):
        monkeypatch.syspath_prepend(words.pop(0).removeprefix("PYTHONPATH=").split(":")[0])
        monkeypatch.delitem(sys.modules, "network", raising=False)
    code = main(
        [*words[1:], "--prepared", str(upstream / "prepared"), "--out", str(upstream / "entries"), "--device", "cpu"]
    )
    assert code == 0, capsys.readouterr().err
    sys.modules.pop("network", None)

    stored = np.load(upstream / "entries" / protocol / name / "seed0" / "predictions.npz")
    colours = made.pictures[: len(made)][:, 0, 0]
    rows = {each: row for row, each in enumerate(made.id)}
    scores = as_upstream(name, colours[[rows[each] for each in stored["test_ids"]]])
    found = stored["test_outputs_none"].astype(np.float64)
    if not own.classes:
        wanted = [outputs.index(dimension) for dimension in ("valence", "arousal")]
        clipped = scores.clip(-1, 1) if name == "emonet" else scores
        assert np.allclose(found, clipped[:, wanted], atol=TOLERANCE)
        return
    meanings = [meaning_of(word, None) for word in outputs]
    held = [k for k, each in enumerate(own.classes) if meaning_of(each, None) in meanings]
    wanted = scores[:, [meanings.index(meaning_of(own.classes[k], None)) for k in held]]
    assert np.allclose(*(each - each.mean(1, keepdims=True) for each in (found[:, held], wanted)), atol=TOLERANCE)
    assert (found.argmax(1) == np.array(held)[wanted.argmax(1)]).all()
    record = json.loads((upstream / "entries" / protocol / name / "seed0" / "record.json").read_text())
    assert record["outside"]["seen"] == RECIPES[name]["protocols"][protocol]["seen"]


@pytest.mark.parametrize("name", UPSTREAM)
def test_a_declaration_has_the_size_and_order_of_upstream(name):
    declared = read_yaml(FOLDER / name / "preprocessing.yaml")
    size, channels, _, outputs = UPSTREAM[name]
    assert (declared["input_size"], declared["channels"]) == (size, channels)
    plain = [word if word in ("valence", "arousal") else meaning_of(word, None) for word in outputs]
    assert [each if each in plain[8:] else meaning_of(each, None) for each in declared["classes"]] == plain


def packages() -> dict[str, dict[str, types.ModuleType]]:
    """Stand-ins of the packages that predict.py runs: a face's first pixel says which class it is, the rest get little."""
    ferplus = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]

    def sure(k: int, of: int = 7) -> list[float]:
        return [0.7 if each == k else 0.05 for each in range(of)]

    class RMN:
        def __init__(self, face_detector):
            assert face_detector is False

        def detect_emotion_for_single_face_image(self, face_image):
            assert face_image.ndim == 2 and face_image.dtype == np.uint8
            pairs = [{name: value} for name, value in zip(EKMAN, sure(face_image[0, 0]), strict=True)]
            return "", 0.7, pairs[::-1]  # in another order: the names decide

    def analyze(picture, actions, detector_backend, enforce_detection, silent):
        assert picture.shape[2] == 3 and (actions, detector_backend, enforce_detection) == (["emotion"], "skip", False)
        return [{"emotion": {each: 100 * p for each, p in zip(EKMAN, sure(picture[0, 0, 0]), strict=True)}}]

    class Detectorv1:
        def __init__(self, emotion_model, au_model, identity_model, gaze_model, device):
            assert emotion_model == "resmasknet"

        def emotion_detector(self, pictures):
            assert pictures.shape[1:] == (3, 224, 224) and pictures.min() >= 0 and pictures.max() <= 1
            best = (pictures[:, 0, 0, 0] * 255).round().long()
            return torch.tensor([sure(k, len(ferplus)) for k in best.tolist()]).log()

    def imread(path, how):
        return np.asarray(Image.open(path).convert("L" if how == "grey" else "RGB"))

    cv2 = module("cv2", imread=imread, IMREAD_GRAYSCALE="grey", IMREAD_COLOR="colour")
    return {
        "rmn": {"cv2": cv2, "rmn": module("rmn", RMN=RMN)},
        "deepface": {"cv2": cv2, "deepface": module("deepface", DeepFace=types.SimpleNamespace(analyze=analyze))},
        "py-feat": {"feat": module("feat", Detectorv1=Detectorv1)},
    }


@pytest.mark.parametrize("name", packages())
def test_predict_writes_a_file_that_score_understands(name, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
    monkeypatch.syspath_prepend(str(FOLDER))  # contract.py
    for each, contents in packages()[name].items():
        monkeypatch.setitem(sys.modules, each, contents)
    own = load_protocol("fer2013-7")
    made = faces(tmp_path / "prepared", own, grey=True)
    test = [row for row, split in enumerate(made.split) if split == own.splits["test"]]
    truth = made.expression[test]
    with open(tmp_path / "ids.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([["id", "file"], *([made.id[row], f"{row}.png"] for row in test)])
    for row, k in zip(test, truth, strict=True):
        Image.fromarray(np.full((48, 48), k, np.uint8)).save(tmp_path / f"{row}.png")

    monkeypatch.setattr(sys, "argv", ["predict.py", str(tmp_path), str(tmp_path / "out.csv")])
    runpy.run_path(str(FOLDER / name / "predict.py"), run_name="__main__")
    place = ["--prepared", str(tmp_path / "prepared"), "--out", str(tmp_path / "entries"), "--name", "stand-in"]
    assert main(["score", str(tmp_path / "out.csv"), "--protocol", "fer2013-7", *place]) == 0
    stored = np.load(tmp_path / "entries" / "fer2013-7" / "stand-in" / "seed0" / "predictions.npz")
    assert (stored["test_outputs_none"].argmax(1) == stored["test_targets"]).all() and len(stored["test_ids"]) == len(test)
    assert np.allclose(np.exp(stored["test_outputs_none"]).max(1), 0.7)
