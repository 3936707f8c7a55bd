"""Scores of seven and eight classes, sums, labels: small arrays worked out by hand, and one model by both ways in."""

import csv

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmark.errors import BadInput
from benchmark.interface.evaluating import evaluate
from benchmark.outside.adapters.given import Given
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.outside.class_names import understood
from benchmark.outside.class_scores import Notes, brought, noted
from benchmark.outside.evaluate import assess
from benchmark.outside.prediction_file import read_predictions
from benchmark.outside.ready import Ready
from benchmark.records.doubts import noticed
from benchmark.records.metrics import categorical
from benchmark.records.record import read_record

from .entering import score

FLOOR = np.log(1e-12)
LEFT = "outputs: contempt left out, which colours-4 has not; it had been the answer for {} of 400 test faces"


@pytest.fixture(scope="module")
def three(tiny_protocol):
    return tiny_protocol()  # low, middle, high


def by(values, names, protocol, probabilities):
    return brought(torch.tensor(values), understood(names, protocol, "x"), probabilities, lambda row: f"row {row}").numpy()


def test_by_hand(three):
    more, fewer = ["contempt", "high", "low", "middle"], ["high", "low"]
    rows = [[0.5, 0.2, 0.2, 0.1], [0.0, 0.5, 0.0, 0.5]]
    found = by(rows, more, three, True)
    assert found == pytest.approx(np.array([[np.log(0.4), np.log(0.2), np.log(0.4)], [FLOOR, np.log(0.5), np.log(0.5)]]))
    assert by(rows, more, three, False).tolist() == torch.tensor(rows)[:, [2, 3, 1]].tolist()
    assert by([[1.0, 3.0]], fewer, three, True) == pytest.approx(np.array([[np.log(0.75), FLOOR, np.log(0.25)]]))
    whole = np.log(np.exp(1) + np.exp(3))
    assert by([[1.0, 3.0]], fewer, three, False) == pytest.approx(np.array([[3 - whole, FLOOR, 1 - whole]]), rel=1e-6)
    with pytest.raises(BadInput) as error:
        by([[0.1, 0.3, 0.3, 0.3], [1.0, 0.0, 0.0, 0.0]], more, three, True)
    assert str(error.value) == (
        "row 1: found no score but for contempt, which tiny-categorical has not, in 1 rows; expected scores of the other "
        "classes beside it: logits, or probabilities with more digits"
    )


def test_notes_by_hand(three):
    names = ["valence", "contempt", "low", "none", "high"]
    rows = [[9, 0.5, 0.3, 0.1, 0.1], [9, 10, 20, 30, 40], [0, 0, 1, 0, 0], [1, 0, 0, 0, 100], [0, -1, 2, 0, 0]]
    found = noted(torch.tensor(rows), understood(names, three, "x"))
    assert found.elsewhere.tolist() == [1, -1, -1, -1, -1] and found.labels.tolist() == [False, False, True, True, False]
    assert found.sums == pytest.approx([1, 1, 1, 1, 1]) and found.unsigned.tolist() == [True, True, True, True, False]
    assert Notes.joined([found.of(np.array([0])), found.of(np.array([1, 2]))]).labels.tolist() == [False, False, True]


def written(path, header, values, ids=None):
    with open(path, "w", newline="") as stream:
        ids = [f"f{k}" for k in range(len(values))] if ids is None else ids
        csv.writer(stream).writerows([["id", *header], *([face, *row] for face, row in zip(ids, values, strict=True))])
    return path


def told(path, protocol, meaning="auto"):
    read = read_predictions(path, protocol, meaning)
    n = len(read.ids)
    return read.given, read.warnings(np.arange(n), np.zeros(n, int)), read.said


SUMS = (
    "outputs: the probabilities of a face sum to {} to {}, and were divided by their sum; they are no probabilities of one "
    "choice among classes: sigmoid outputs, or a class left out?"
)
LABELS = "outputs: labels, one 1 beside 0 for each face, no scores: AUC, NLL, ECE and Brier are not tested"
DECLARE = "outputs: they are probabilities; declare them as probabilities for a right calibration"
FIRST = ([0.2, 0.5, 0.3], [0.1, 0.1, 0.8])


@pytest.mark.parametrize(
    ("rows", "meaning", "given", "warnings"),
    [
        (FIRST, "auto", "probabilities", []),
        (np.array(FIRST) * 100, "auto", "probabilities", []),
        ([[0.333, 0.333, 0.333], [0.1, 0.1, 0.8]], "probabilities", "probabilities", []),  # three digits
        (np.array(FIRST, np.float16).tolist(), "auto", "probabilities", []),
        ([[0.9, 0.8, 0.7], [0.1, 0.1, 0.1]], "auto", "probabilities", [SUMS.format("0.3", "2.4")]),  # sigmoid
        ([[1, 0.5, 0], [0, 0.2, 1]], "auto", "probabilities", [SUMS.format("1.2", "1.5")]),  # sure, but no labels
        ([[0.9, 0.8, 0.7], [0.1, 0.1, 0.1]], "logits", "logits", []),
        ([[2, 3, 5], [1, 1, 8]], "auto", "probabilities", [SUMS.format("10", "10")]),  # ten votes
        (FIRST, "logits", "logits", [DECLARE]),
        (np.array(FIRST) * 0.98, "logits", "logits", [DECLARE]),  # as bfloat16 rounds them
        ([[21, 51, 30], [10, 9, 79]], "logits", "logits", [DECLARE]),  # whole percents
        ([[0.2, 0.5, 0.1], [0.1, 0.1, 0.8]], "logits", "logits", []),
        (np.log(FIRST), "auto", "logits", []),
        ([[0, 1, 0], [1, 0, 0]], "auto", "classes", []),
        ([[0, 1, 0], [1, 0, 0]], "probabilities", "classes", [LABELS]),
        ([[0, 1, 0], [1, 0, 0]], "logits", "classes", [LABELS]),
        ([[0, 100, 0], [100, 0, 0]], "probabilities", "classes", [LABELS]),
        ([[0, 1, 0], [0.9, 0.1, 0]], "probabilities", "probabilities", []),  # some rows are so sure
    ],
)
def test_what_is_said_of_the_scores_of_a_file(rows, meaning, given, warnings, three, tmp_path):
    found = told(written(tmp_path / "p.csv", ["low", "middle", "high"], np.asarray(rows).tolist()), three, meaning)
    assert found[:2] == (given, warnings)
    labels = given == "classes" and meaning == "auto"
    assert found[2] == (("the scores are one 1 beside 0 for each face: taken as classes",) if labels else ())


@pytest.mark.parametrize(
    ("rows", "given", "warnings"),
    [
        (FIRST, "probabilities", []),
        (np.array(FIRST) * 100, "probabilities", []),
        (np.array(FIRST, np.float16), "probabilities", []),
        ([[0.9, 0.8, 0.7], [0.1, 0.1, 0.1]], "probabilities", [SUMS.format("0.3", "2.4")]),
        ([[0, 1, 0], [1, 0, 0]], "classes", [LABELS]),
        ([[-0.1, 0.6, 0.5], [0, 0.5, 0.5]], None, None),
        ([[1.5, 0.6, 0.5], [0, 0.5, 0.5]], None, None),
        ([[0, 0, 0], [0, 0.5, 0.5]], None, None),
    ],
)
def test_a_model_declared_as_probabilities_is_judged_like_a_file(rows, given, warnings, three):
    outputs = torch.tensor(np.asarray(rows, np.float32))
    scores = Scores(torch.nn.Identity(), Preprocessing(outputs="probabilities"), three, "net")
    if given is None:
        with pytest.raises(
            BadInput, match="net, outputs: found numbers that are no probabilities; expected ones, as declared"
        ):
            scores(outputs)
        return
    scores.note_as("test")
    found = scores(outputs).numpy()
    judged = scores.judged({"test_outputs_none": found, "test_targets": np.zeros(2, int)})
    assert (judged.given, judged.warnings) == (given, warnings)
    if given == "classes":
        assert judged.arrays["test_outputs_none"].tolist() == rows
    else:
        expected = np.asarray(rows) / np.asarray(rows, float).sum(1, keepdims=True)
        assert np.exp(found) == pytest.approx(expected, rel=1e-3)


def test_only_test_faces_are_counted(tiny_faces, three, tmp_path):
    """Contempt is the answer for all 25 validation faces, whose sums are 2, and for 3 of the 35 test faces."""
    test, rows = 0, []
    for face, split in zip(tiny_faces.id.tolist(), tiny_faces.split.tolist(), strict=True):
        test += split == "test"
        if split == "validation":
            rows.append([face, 0.9, 0.5, 0.3, 0.3])
        elif split == "test":
            rows.append([face, 0.4, 0.3, 0.2, 0.1] if test <= 3 else [face, 0.1, 0.3, 0.4, 0.2])
    ids, values = [row[0] for row in rows[::-1]], [row[1:] for row in rows[::-1]]
    path = written(tmp_path / "p.csv", ["contempt", "low", "middle", "high"], values, ids)
    found = score(path, three, tiny_faces, "mine", out=tmp_path / "out")
    assert found["outputs"] == "probabilities" and found["warnings"] == [
        "outputs: contempt left out, which tiny-categorical has not; it had been the answer for 3 of 35 test faces"
    ]


class Answers(torch.nn.Module):
    """Scores of five classes from the mean colour of a picture: good for four, and contempt for the lightest."""

    def __init__(self, kind, names):
        super().__init__()
        self.kind, self.names = kind, names

    def forward(self, x):
        mean = x.mean((2, 3))
        level, tint = mean.mean(1) - 125, mean[:, 0] - mean[:, 2]
        own = {"red": tint, "blue": -tint, "dark": -level, "light": level, "contempt": 3 * (level - 38)}
        scores = torch.stack([own[name] for name in self.names], 1) / 8
        if self.kind == "labels":
            return torch.nn.functional.one_hot(scores.argmax(1), len(self.names)).float()
        return scores.softmax(1) if self.kind == "probabilities" else scores


MORE, FEWER = ("contempt", "light", "red", "dark", "blue"), ("light", "red", "dark")


@pytest.fixture
def both_ways(colour_faces, colour_protocol, tmp_path):
    """A function (kind, names) -> (the network's answers to the test faces in names, how to score its file, how to assess
    the network)."""
    rows = np.flatnonzero(colour_faces.split == "test")
    images = torch.from_numpy(np.ascontiguousarray(colour_faces.pictures[rows].transpose(0, 3, 1, 2))).float()

    def make(kind, names):
        net = Answers(kind, names)
        values = net(images)
        path = written(tmp_path / "p.csv", names, values.double().tolist(), colour_faces.id[rows])
        meaning = {"scores": "logits"}.get(kind, "probabilities")
        outputs = "scores" if kind == "scores" else "probabilities"
        declared = Preprocessing(input_size=16, channels=3, range=(0.0, 255.0), outputs=outputs, classes=names)
        opened = Given("python", "net", None, net, declared, None)
        ready = Ready(opened, declared, Scores(net, declared, colour_protocol, "net"), Input(declared))
        return (
            [names[k] for k in values.argmax(1).tolist()],
            lambda: score(path, colour_protocol, colour_faces, "file", meaning=meaning, out=tmp_path / "out"),
            lambda: assess(ready, colour_protocol, colour_faces, torch.device("cpu"), views="all"),
        )

    return make


def of_outputs(warnings):
    return [each for each in warnings if each.startswith("outputs: ")]


@pytest.mark.parametrize("names", [MORE, FEWER, (*FEWER, "blue")], ids=["more", "fewer", "same"])
@pytest.mark.parametrize("kind", ["scores", "probabilities", "labels"])
def test_one_model_as_file_and_as_network(kind, names, both_ways, colour_faces, tmp_path):
    answers, as_file, as_network = both_ways(kind, names)
    assert names != MORE or 0 < answers.count("contempt") < 100
    if kind == "labels" and names == MORE:
        for way in (as_file, as_network):
            with pytest.raises(BadInput, match="found no score but for contempt, which colours-4 has not, in"):
                way()
        return
    summary, found = as_file(), as_network()
    expected = {
        MORE: [LEFT.format(answers.count("contempt"))],
        FEWER: ["outputs: none for blue, which colours-4 has; its 100 of 400 test faces can only be answered wrongly"],
    }.get(names, [])
    assert of_outputs(summary["warnings"]) == of_outputs(found.warnings) == [LABELS] * (kind == "labels") + expected
    record = read_record(tmp_path / "out" / "colours-4" / "file" / "seed0")
    difference = record.outputs("test")[1].astype(float) - found.arrays["test_outputs_none"].astype(float)
    assert np.abs(difference - difference.mean(1, keepdims=True)).max() < 1e-3
    given = {"scores": "logits", "labels": "classes"}.get(kind, kind)
    assert found.outside["outputs"] == record.outside["outputs"] == summary["outputs"] == given
    labels = np.array(colour_faces.classes)[colour_faces.expression[colour_faces.split == "test"]]
    if names != MORE:
        assert summary["metrics"]["test"]["accuracy"] == pytest.approx(np.mean(labels == answers))
    if kind == "labels":
        assert set(np.unique(found.arrays["test_outputs_flip"])) == {0, 1}
        assert summary["metrics"]["test"]["nll"] is None and "roc_auc" in summary["not_tested"]


def test_a_missing_class_leaves_every_metric_defined_and_no_doubt(colour_protocol):
    targets = np.arange(40) % 4
    values = np.where(targets[:, None] == [0, 2, 3], 3.0, 0.1)
    columns = understood(["red", "dark", "light"], colour_protocol, "x")
    outputs = brought(torch.from_numpy(values), columns, False, str).numpy()
    assert (outputs.argmax(1) != 1).all() and noticed(colour_protocol, targets, outputs) is None


@pytest.mark.parametrize("given", ["logits", "probabilities"])
def test_a_class_that_a_model_lacks_ranks_no_face(given, tiny_faces, tiny_protocol, tmp_path):
    """Its AUC is a half and its precision its share, whatever the rounding: in each kind of number the same."""
    rows = np.flatnonzero(tiny_faces.split == "test")
    labels = tiny_faces.expression[rows]
    scores = np.random.default_rng(4).normal(size=(len(rows), 2)) * 3
    kept = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    values = kept if given == "probabilities" else scores
    full = np.column_stack([kept[:, 0], np.zeros(len(rows)), kept[:, 1]])
    areas = [roc_auc_score(labels == k, full[:, k]) for k in range(3)]
    precisions = [average_precision_score(labels == k, full[:, k]) for k in range(3)]
    assert areas[1] == 0.5
    for kind in (np.float32, np.float64):
        arrays = {"ids": tiny_faces.id[rows], "scores": values.astype(kind), "classes": np.array(["low", "high"])}
        found = evaluate(arrays, tiny_protocol(), scores=given, prepared=tiny_faces.directory.parent, project=tmp_path)
        assert found.metrics["roc_auc"] == pytest.approx(np.mean(areas), abs=1e-6)
        assert found.metrics["pr_auc"] == pytest.approx(np.mean(precisions), abs=1e-6)


def test_a_class_that_a_model_lacks_ranks_no_face_after_a_mean_over_views():
    """The mean moves its constant by units of float32."""
    draw = np.random.default_rng(5)
    labels, scores = draw.integers(0, 3, 90), np.log(draw.dirichlet((1, 1), 90))
    moved = np.float32(np.log(1e-12)) + np.float32(2e-6) * draw.integers(-2, 3, 90).astype(np.float32)
    assert len(set(moved.tolist())) > 2
    found = categorical(labels, np.column_stack([scores[:, 0], moved, scores[:, 1]]), ["low", "middle", "high"])
    areas = [roc_auc_score(labels == k, scores[:, k // 2]) if k != 1 else 0.5 for k in range(3)]
    assert found["roc_auc"] == pytest.approx(np.mean(areas))


SIGNED = [[2.0, -1.5, 0.5], [-0.25, 0.5, 0.75]]  # the scores of a face sum to 1


def test_signed_scores_that_sum_to_one_are_no_probabilities(three, tmp_path):
    path = written(tmp_path / "p.csv", ["low", "middle", "high"], SIGNED)
    for meaning in ("logits", "auto"):
        assert told(path, three, meaning) == ("logits", [], ())
    scores = Scores(torch.nn.Identity(), Preprocessing(), three, "net")
    scores.note_as("test")
    found = scores(torch.tensor(SIGNED)).numpy()
    judged = scores.judged({"test_outputs_none": found, "test_targets": np.zeros(2, int)})
    assert (judged.given, judged.warnings, found.tolist()) == ("logits", [], SIGNED)
