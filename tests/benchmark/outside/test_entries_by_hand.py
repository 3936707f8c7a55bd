"""Outside entries and probes with numbers that differ from each other: what is told of which split, option and face."""

import contextlib
import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.outside import probes
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.prediction_file import read_predictions
from benchmark.records.record import read_record
from benchmark.runs.training.pixels import Split

from .entering import enter, score


def predictions(path, faces, wrong, value=1.0):
    """A file of scores for validation and test: `wrong` of each split are answered wrongly, the first ones."""
    rows = []
    for split, errors in wrong.items():
        for place, row in enumerate(np.flatnonzero(faces.split == split)):
            answer = (faces.expression[row] + (place < errors)) % 3
            rows.append([faces.id[row], *(value * (answer == k) for k in range(3))])
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([["id", "low", "middle", "high"], *rows[::-1]])
    return path


def test_each_split_has_its_metrics_and_the_interval_is_that_of_the_test_faces(tiny_faces, tiny_protocol, tmp_path):
    """Validation: 25 faces, all right; test: 35 faces, 14 wrong, so accuracy 0.6."""
    path = predictions(tmp_path / "p.csv", tiny_faces, {"validation": 0, "test": 14})
    found = score(
        path, tiny_protocol(), tiny_faces, "mine", parameters=607, extra_training_data="more faces", out=tmp_path / "out",
        stated={"accuracy": 0.7, "source": "page"},
    )  # fmt: skip
    assert found["metrics"]["validation"]["accuracy"] == 1 and found["metrics"]["test"]["accuracy"] == 0.6
    interval = found["interval"]
    # The binomial deviation is sqrt(0.6 x 0.4 / 35) = 0.083.
    assert interval["low"] == pytest.approx(0.6 - 1.96 * 0.083, abs=0.04)
    assert interval["high"] == pytest.approx(0.6 + 1.96 * 0.083, abs=0.04) and interval["metric"] == "accuracy"
    record = read_record(tmp_path / "out" / "tiny-categorical" / "mine" / "seed0")
    assert record["parameters"] == 607 and record.outside["extra_training_data"] == "more faces"
    assert (found["extra_training_data"], found["stated"]) == ("more faces", {"accuracy": 0.7, "source": "page"})
    assert record.predictions["test_ids"].tolist() == tiny_faces.id[tiny_faces.split == "test"].tolist()


def test_the_meaning_that_is_given_is_taken(tiny_faces, tiny_protocol, tmp_path):
    """Rows of zeros and halves would pass for probabilities; as logits their loss is that of a softmax."""
    path = predictions(tmp_path / "p.csv", tiny_faces, {"test": 14}, value=0.5)
    found = {m: score(path, tiny_protocol(), tiny_faces, m, meaning=m, out=tmp_path / "out") for m in ("auto", "logits")}
    assert (found["auto"]["outputs"], found["logits"]["outputs"]) == ("probabilities", "logits")
    right, wrong = np.log(np.exp(0.5) + 2) - 0.5, np.log(np.exp(0.5) + 2)
    assert found["logits"]["metrics"]["test"]["nll"] == pytest.approx(0.6 * right + 0.4 * wrong, rel=1e-6)


def test_sums_that_differ_by_more_than_a_twentieth_are_no_probabilities(tiny_protocol, tmp_path):
    for last, given in (("6", "logits"), ("5.3", "probabilities")):
        (tmp_path / "p.csv").write_text(f"id,low,middle,high\na,2,3,5\nb,2,3,{last}\n")
        assert read_predictions(tmp_path / "p.csv", tiny_protocol()).given == given


def test_columns_belong_to_their_names(tiny_protocol, tmp_path):
    (tmp_path / "p.csv").write_text("middle,id,high,low\n3,a,5,2\n")
    found = read_predictions(tmp_path / "p.csv", tiny_protocol())
    assert found.ids.tolist() == ["a"] and np.exp(found.outputs) == pytest.approx(np.array([[0.2, 0.3, 0.5]]))


def test_cost_and_input_of_an_entry_are_kept(tiny_faces, tiny_protocol, tmp_path):
    rows = np.flatnonzero(tiny_faces.split == "test")
    scores = np.eye(3)[tiny_faces.expression[rows]] + 0.1
    arrays = {"test_ids": tiny_faces.id[rows], "test_outputs_none": scores}
    given = {"cost": {"evaluate_seconds": 3.5}, "input": {"colour": "BGR"}, "outside": {"kind": "onnx", "source": "n.onnx"}}
    record = enter(tiny_protocol(), "mine", arrays, faces=tiny_faces, out=tmp_path, **given)
    assert record["cost"] == {"evaluate_seconds": 3.5} and record["input"] == {"colour": "BGR"}


def test_the_class_order_is_doubted_by_the_validation_faces_where_there_are_any(tiny_faces, tiny_protocol, tmp_path):
    """On the test faces the columns are in order; on the validation faces two of them are exchanged."""
    arrays = {}
    for split, order in (("validation", [1, 0, 2]), ("test", [0, 1, 2])):
        rows = np.flatnonzero(tiny_faces.split == split)
        arrays |= {
            f"{split}_ids": tiny_faces.id[rows],
            f"{split}_outputs_none": np.eye(3)[tiny_faces.expression[rows]][:, order],
        }
    given = {"faces": tiny_faces, "outside": {"kind": "onnx", "source": "n.onnx"}, "out": tmp_path}
    (sentence,) = enter(tiny_protocol(), "mine", arrays, **given).outside["warnings"]
    count = (tiny_faces.split == "validation").sum()
    assert f"swapping 'low' and 'middle' raises accuracy on {count} validation faces from 0." in sentence
    test_only = {name: value for name, value in arrays.items() if name.startswith("test")}
    assert enter(tiny_protocol(), "other", test_only, **given).outside["warnings"] == []


def answered(right, classes=5):
    """(targets, outputs) of 1000 faces of which `right` says which are right."""
    targets = np.arange(1000) % classes
    return targets, np.eye(classes)[np.where(right, targets, (targets + 1) % classes)]


def test_both_a_gain_and_its_p_are_needed():
    """1000 faces of five classes, 500 right, far above chance. Gain 30 (p < 1e-8): reported; gain 15 (p = 6e-5): too small;
    gain 40 of 500 against 460 changed (p = 0.2): not clear; gain 30 by 65 against 35 (p = 0.0035): not clear enough."""
    before = np.arange(1000) < 500
    for gained, lost, expected in ((30, 0, True), (15, 0, False), (500, 460, False), (65, 35, False), (110, 50, True)):
        now = before.copy()
        now[500 : 500 + gained] = True
        now[:lost] = False
        (targets, own), (_, declared) = answered(now), answered(before)
        assert probes.clearly_better(targets, own, declared, "categorical") == expected, (gained, lost)


def test_valence_and_arousal_need_a_gain_of_five_hundredths():
    """Outputs that are the targets times k have CCC 2 k / (1 + k^2): 0.8824 for 0.6, 0.9231 for 2/3, 0.96 for 0.75."""
    targets = np.stack([np.tile([-0.5, 0.5], 50), np.repeat([-0.4, 0.4], 50)], 1)
    for k, expected in ((2 / 3, False), (0.75, True)):
        assert probes.clearly_better(targets, k * targets, 0.6 * targets, "dimensional") == expected


def test_imagenet_numbers_are_in_the_models_own_order_of_colours():
    for colour, mean in (("RGB", (0.485, 0.456, 0.406)), ("BGR", (0.406, 0.456, 0.485))):
        tried = dict(probes.variants(Preprocessing(channels=3, colour=colour), True))
        own = tried["range [0, 1], ImageNet's mean and deviation"].preprocessing
        assert own.mean == mean and own.deviation == ((0.229, 0.224, 0.225) if colour == "RGB" else (0.225, 0.224, 0.229))


def test_probed_faces_are_evenly_spaced_and_the_best_input_is_named_first(monkeypatch, tiny_protocol):
    """Five of 21 grey faces: every fifth. The declared input is right for one, two others for all and for four of them."""
    monkeypatch.setattr(probes, "FACES", 5)
    monkeypatch.setattr(probes, "clearly_better", lambda *_: True)
    pictures = torch.full((21, 3, 4, 4), 9, dtype=torch.uint8)
    split = Split(np.array([f"f{k}" for k in range(21)]), pictures, torch.zeros(21, dtype=torch.int64))
    asked = []

    def predict(model, some, own, categorical):
        asked.append(some.ids.tolist())
        right = {1: 1, 2: 4, 3: 5}.get(len(asked), 0)
        return np.eye(3)[(np.arange(5) >= right).astype(int)]

    monkeypatch.setattr(probes, "predict", predict)
    declared = dataclasses.replace(Preprocessing(input_size=4, channels=3), range=(0.0, 255.0))
    found, warnings = probes.probe(
        SimpleNamespace(telling=lambda told: contextlib.nullcontext()), split, declared, tiny_protocol()
    )
    assert asked[0] == ["f0", "f5", "f10", "f15", "f20"] and found["faces"] == 5
    names = list(found["scores"])
    assert not any("colour" in name or "grey" in name for name in names), "grey faces have no order of colours"
    assert [found["scores"][name] for name in names[:4]] == [0.2, 0.8, 1, 0]
    assert warnings[0].startswith(
        f"input: {names[2]} gives accuracy 1.0000 on 5 validation faces, the declared input 0.2000"
    )
    assert warnings[1].startswith(f"input: {names[1]} gives accuracy 0.8000")
