"""Each mistake about the input, planted: what the user reads; and the rule, against a second library."""

import contextlib
import sys
import types

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar

from benchmark.errors import BadInput
from benchmark.interface.evaluating import evaluate
from benchmark.outside import probes
from benchmark.outside.adapters.preprocessing import Preprocessing, preprocessing_from
from benchmark.records.selection_metric import ccc
from benchmark.runs.training.pixels import Split

from . import entering
from .conftest import DECLARED

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
CPU = torch.device("cpu")


def warnings_of(change, stranger, protocol, faces, out, monkeypatch):
    import colour_net

    monkeypatch.setattr(colour_net.trained, "preprocessing", DECLARED | change)
    return entering.evaluate("colour_net:trained", protocol, "net", faces, out, device=CPU).outside["warnings"]


@pytest.mark.parametrize(
    ("mistake", "first"),
    [
        ({"colour": "RGB"}, "input: colours as BGR gives accuracy"),
        ({"range": [0, 1]}, "input: range [0, 255], the declared mean and deviation gives accuracy"),
        (
            {"range": [0, 1], "mean": [0.0], "deviation": [1.0]},
            "input: range [0, 1], ImageNet's mean and deviation gives accuracy",
        ),
    ],
)
def test_a_planted_mistake_is_named(mistake, first, stranger, colour_protocol, colour_faces, tmp_path, monkeypatch):
    found = warnings_of(mistake, stranger, colour_protocol, colour_faces, tmp_path, monkeypatch)
    assert found and found[0].startswith(first), found
    assert "on 400 validation faces, the declared input 0." in found[0]


def test_mean_and_deviation_left_out_or_added(stranger, colour_protocol, colour_faces, tmp_path, monkeypatch):
    """A network that wants 0..1 as it is, declared with ImageNet's numbers, and the other way round."""
    import colour_net

    class Plain(torch.nn.Module):
        def __init__(self, num_outputs, in_channels, input_size, *, wants):
            super().__init__()
            self.inner, self.wants = colour_net.trained(num_outputs, in_channels, input_size), wants
            mean, deviation = (torch.tensor(probes.IMAGENET[key]).view(1, 3, 1, 1) for key in ("mean", "deviation"))
            self.constants = (mean, deviation)

        def forward(self, x):
            mean, deviation = self.constants
            unit = x if self.wants == "plain" else x * deviation + mean
            own = [torch.tensor(DECLARED[key]).view(1, 3, 1, 1) for key in ("mean", "deviation")]
            return self.inner((unit.flip(1) * 255 - own[0]) / own[1])

    monkeypatch.setattr(colour_net, "Plain", Plain, raising=False)
    base = {"input_size": 8, "classes": DECLARED["classes"]}
    imagenet = {key: list(values) for key, values in probes.IMAGENET.items()}
    for wants, declared, line in (
        ("plain", imagenet, "input: range [0, 1], no mean and deviation gives accuracy"),
        ("imagenet", {}, "input: range [0, 1], ImageNet's mean and deviation gives accuracy"),
    ):
        monkeypatch.setattr(Plain, "preprocessing", base | declared, raising=False)
        given = {"device": CPU, "options": {"wants": wants}}
        record = entering.evaluate("colour_net:Plain", colour_protocol, wants, colour_faces, tmp_path, **given)
        assert record.outside["warnings"][0].startswith(line), record.outside["warnings"]
        monkeypatch.setattr(Plain, "preprocessing", base | ({} if wants == "plain" else imagenet))
        right = entering.evaluate("colour_net:Plain", colour_protocol, f"{wants}-2", colour_faces, tmp_path, **given)
        assert right.outside["warnings"] == []


def test_a_permuted_class_order_is_named(stranger, colour_protocol, colour_faces, tmp_path, monkeypatch):
    light, red, dark, blue = DECLARED["classes"]
    change = {"classes": [light, blue, red, dark]}
    found = warnings_of(change, stranger, colour_protocol, colour_faces, tmp_path, monkeypatch)
    (sentence,) = [each for each in found if each.startswith("class order")]
    for column, holds in ((blue, red), (red, dark), (dark, blue)):
        assert f"'{column}' holds '{holds}'" in sentence


def test_grey_pictures_are_tried(colour_protocol, colour_faces, tmp_path, monkeypatch):
    """A network for grey pictures that colour confuses: it reads brightness off one channel."""
    module = types.ModuleType("one_channel")

    class OneChannel(torch.nn.Module):
        preprocessing = {"range": [0, 255]}

        def __init__(self, num_outputs, in_channels, input_size):
            super().__init__()

        def forward(self, x):
            level = x[:, 0].mean((1, 2))  # red pictures look light by it, blue ones dark
            dark = (level - 120) / 10
            return torch.stack([5 - dark.abs(), 4.9 - dark.abs(), -dark, dark], 1)

    module.OneChannel = OneChannel
    monkeypatch.setitem(sys.modules, "one_channel", module)
    record = entering.evaluate("one_channel:OneChannel", colour_protocol, "one", colour_faces, tmp_path, device=CPU)
    scores = record["input"]["probes"]["scores"]
    rows = colour_faces.rows("validation")
    grey = (colour_faces.pictures[rows] @ np.array(LUMA)).mean((1, 2))
    dark = (grey - 120) / 10
    by_hand = np.stack([5 - abs(dark), 4.9 - abs(dark), -dark, dark], 1).argmax(1)
    assert scores["grey pictures"] == pytest.approx(np.mean(by_hand == colour_faces.expression[rows]), abs=0.003)


def test_the_test_split_is_never_probed(stranger, colour_protocol, colour_faces, tmp_path, monkeypatch):
    asked, original = [], probes.predict
    monkeypatch.setattr(
        probes, "predict", lambda model, split, *a, **k: asked.append(split.ids) or original(model, split, *a, **k)
    )
    warnings_of({}, stranger, colour_protocol, colour_faces, tmp_path, monkeypatch)
    seen = set(np.concatenate(asked).tolist())
    assert seen == set(colour_faces.id[colour_faces.rows("validation")].tolist())


def test_known_outputs_are_taken_and_a_hopeless_input_is_left_early(colour_faces, colour_protocol, monkeypatch):
    """600 faces, of which 400 come first. `right`: how many of the first, and of all, an input answers rightly."""
    n, k = 600, len(colour_protocol.classes)
    targets = np.arange(n) % k
    first = np.zeros(n, bool)
    first[np.linspace(0, n - 1, 400).round().astype(int)] = True
    rights = iter([(340, 540), (319, 400), (321, 521), (319, 520), *[(340, 400)] * 9])  # declared; too bad; not so

    def outputs(right):
        place = np.where(first, np.cumsum(first), 400 + np.cumsum(~first))
        few, all_of_them = right
        good = np.where(first, place <= few, place <= 400 + all_of_them - few)
        return np.eye(k, dtype=np.float32)[np.where(good, targets, (targets + 1) % k)]

    declared, asked, told = outputs(next(rights)), [], []

    def predict(model, split, own, categorical):
        rows = np.array([int(name) for name in split.ids])
        if len(rows) == 400:
            predict.given = outputs(next(rights))
            assert (np.flatnonzero(first) == rows).all()
        asked.append(len(rows))
        model.told(len(rows))
        return predict.given[rows]

    class Model:
        @contextlib.contextmanager
        def telling(self, tell):
            self.told = tell
            yield

    class Bar:
        def __init__(self, total, **_):
            told.append(-total)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, number):
            told.append(number)

    monkeypatch.setattr(probes, "predict", predict)
    monkeypatch.setattr(probes.progress, "bar", Bar)
    rows = np.arange(n)
    pictures = torch.zeros(n, 3, 8, 8, dtype=torch.uint8)
    pictures[0, 0] = 1  # a little colour
    split = Split(rows.astype(str), pictures, torch.from_numpy(targets))
    found, warnings = probes.probe(Model(), split, preprocessing_from(DECLARED, "x"), colour_protocol, declared)
    names = list(found["scores"])
    assert names[0] == "as declared" and found["scores"]["as declared"] == pytest.approx(540 / 600)
    assert found["stopped"] == [names[1], names[3]] and asked[:5] == [400, 400, 200, 400, 400]
    assert [found["scores"][name] for name in names[1:4]] == pytest.approx([319 / 400, 521 / 600, 319 / 400])
    assert found["faces"] == 600 and warnings == [] and sum(told) == 0  # the bar ends at its total


def test_valence_and_arousal_are_left_at_another_loss():
    rng = np.random.default_rng(0)
    targets = rng.uniform(-1, 1, (400, 2))
    good = targets + rng.normal(0, 0.1, targets.shape)
    for noise in (0.1, 0.3, 0.4, 1):
        other = targets + rng.normal(0, noise, targets.shape)
        loss = np.mean([ccc(targets[:, d], good[:, d]) - ccc(targets[:, d], other[:, d]) for d in (0, 1)])
        assert probes._worse(targets, other, good, "dimensional") == (loss >= 0.10)
    assert not probes._worse(targets, good * np.nan, good, "dimensional")


def test_the_rule_against_statsmodels():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 3, 600)
    seen = set()
    for gain in (0.0, 0.015, 0.03, 0.05, 0.1, 0.2):
        for shared in (0.5, 0.9):
            right = rng.random(600) < 0.6
            better = np.where(rng.random(600) < shared, right, rng.random(600) < 0.6) | (rng.random(600) < gain)
            outputs = [np.eye(3)[np.where(each, targets, (targets + 1) % 3)] for each in (better, right)]
            table = [[sum(better & right), sum(better & ~right)], [sum(~better & right), sum(~better & ~right)]]
            expected = better.mean() - right.mean() >= 0.02 and mcnemar(table, exact=True).pvalue < 0.001
            assert probes.clearly_better(targets, *outputs, "categorical") == expected
            seen.add(bool(expected))
    assert seen == {True, False}


def test_the_largest_class_for_every_face_is_no_better_input():
    """An untrained network that does so for odd inputs gains 30 points. What counts is the agreement beyond chance."""
    targets = np.where(np.arange(1000) < 600, 0, np.arange(1000) % 3)
    poor = np.eye(3)[np.where(np.arange(1000) % 10 < 3, targets, (targets + 1) % 3)]
    assert not probes.clearly_better(targets, np.eye(3)[np.zeros(1000, int)], poor, "categorical")
    seen = []
    for of_ten in (4, 5, 6, 7, 8):
        answers = np.where(np.arange(1000) % 10 < of_ten, targets, (targets + 1) % 3)
        seen.append(cohen_kappa_score(targets, answers) >= 0.3)
        assert probes.clearly_better(targets, np.eye(3)[answers], poor, "categorical") == seen[-1]
    assert seen[0] < seen[-1]
    affect = np.linspace(-1, 1, 1000)[:, None] * [1, -1]
    for share, expected in ((0.1, False), (0.25, True)):  # the CCC of x and share * x is 2 share / (1 + share^2)
        assert probes.clearly_better(affect, share * affect, 0.01 * affect, "dimensional") == expected


def test_what_is_tried():
    names = [name for name, _ in probes.variants(preprocessing_from(DECLARED, "x"), True)]
    assert names == [
        "colours as RGB",
        "grey pictures",
        "range [0, 1], the declared mean and deviation",
        "range [0, 1], no mean and deviation",
        "range [0, 255], no mean and deviation",
        "range [-1, 1], the declared mean and deviation",
        "range [-1, 1], no mean and deviation",
        "range [0, 1], ImageNet's mean and deviation",
    ]
    grey = Preprocessing(channels=1)
    assert [name for name, _ in probes.variants(grey, False)] == ["range [0, 255]", "range [-1, 1]"]


def test_a_model_may_refuse_an_input_that_is_not_the_declared_one(stranger, colour_protocol, colour_faces, tmp_path):
    def strict(x):
        if x.min() < -3 or x.max() > 3:
            raise ValueError("other pictures than I know")
        return stranger.model(x)

    place = {"prepared": colour_faces.directory.parent, "project": tmp_path}
    found = evaluate(strict, colour_protocol, preprocessing=DECLARED, **place)
    probed = found.record["input"]["probes"]
    assert probed["refused"] and not set(probed["refused"]) & set(probed["scores"]) and found.warnings == []
    with pytest.raises(BadInput, match="other pictures than I know"):
        evaluate(strict, colour_protocol, preprocessing=DECLARED | {"mean": 0, "deviation": 1}, **place)
