"""evaluate: one network by every way in gives the numbers of plain numpy and scikit-learn; what is refused."""

import os

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score, log_loss

from benchmark.errors import BadInput
from benchmark.interface.comparing import compare
from benchmark.interface.evaluating import evaluate, name_of
from benchmark.interface.places import places
from benchmark.protocol.protocol import load_protocol

from .conftest import DECLARED, Brightness, scores_of


def by_numpy(batch):
    assert isinstance(batch, np.ndarray) or np.asarray(batch).dtype == np.float32
    red = np.asarray(batch)[:, 0, 0, 0]
    return np.stack([-0.02 * np.abs(red - level) for level in (70.0, 130.0, 190.0)], 1)


def program(tmp_path):
    path, dynamic = tmp_path / "net.pt2", ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(Brightness(), (torch.zeros(2, 3, 16, 16),), dynamic_shapes=dynamic), path)
    return path


def onnx(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    path, dynamic = tmp_path / "net.onnx", ({0: torch.export.Dim("batch")},)
    torch.onnx.export(Brightness(), (torch.zeros(2, 3, 16, 16),), path, dynamo=True, dynamic_shapes=dynamic, verbose=False)
    return path


def state(tmp_path):
    torch.save(Brightness().state_dict(), tmp_path / "net.pt")
    return tmp_path / "net.pt"


def csv(tmp_path, ids, scores, classes):
    pd.DataFrame(scores, columns=classes).assign(id=ids).to_csv(tmp_path / "p.csv", index=False)
    return tmp_path / "p.csv"


CLASSES = ("low", "middle", "high")
MODELS = {
    "module": lambda tmp: (Brightness(), {}),
    "function of tensors": lambda tmp: (lambda x: scores_of(x[:, 0, 0, 0], 0.02), {}),
    "function of arrays": lambda tmp: (by_numpy, {}),
    "onnx": lambda tmp: (onnx(tmp), {}),
    "exported": lambda tmp: (str(program(tmp)), {"trust": True}),
    "code and weights": lambda tmp: (f"{__name__}:factory", {"weights": state(tmp)}),
}
PREDICTIONS = {
    "csv": lambda tmp, ids, scores: csv(tmp, ids, scores, CLASSES),
    "mapping": lambda tmp, ids, scores: {
        "ids": ids[::-1],
        "scores": scores[::-1, [2, 0, 1]],
        "classes": ["high", *CLASSES[:2]],
    },
    "frame": lambda tmp, ids, scores: pd.DataFrame(scores, columns=CLASSES).assign(id=ids),
    "array": lambda tmp, ids, scores: scores,
}


def factory(num_outputs, in_channels, input_size):
    return Brightness()


def check(found, answers, hard=False):
    ids, labels, scores = answers("test")
    assert found.n == 35 and found.outputs()[0].tolist() == ids.tolist()
    assert 0.5 < found.metrics["accuracy"] < 1
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(labels, scores.argmax(1)), abs=1e-9)
    if hard:
        assert found.metrics["nll"] is None and "nll" in found.not_tested
    else:
        loss = log_loss(labels, np.exp(log_softmax(scores, axis=1)))
        assert found.metrics["nll"] == pytest.approx(loss, abs=1e-4)


@pytest.mark.parametrize("way", MODELS)
def test_a_model_by_every_way(way, tiny_protocol, answers, here, tmp_path):
    model, options = MODELS[way](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = evaluate(model, tiny_protocol(), preprocessing=DECLARED, **options, **here)
    check(found, answers)
    assert list(found.views) == ["none"]
    _, labels, scores = answers("validation")
    assert found.validation["accuracy"] == pytest.approx(accuracy_score(labels, scores.argmax(1)))
    assert sorted(tmp_path.rglob("*")) == before  # nothing was written


@pytest.mark.parametrize("way", PREDICTIONS)
def test_predictions_by_every_way(way, tiny_protocol, answers, here, tmp_path):
    ids, _, scores = answers("test")
    check(evaluate(PREDICTIONS[way](tmp_path, ids, scores), tiny_protocol(), **here), answers)


FORMS = [lambda k: k, lambda k: k.astype(float), torch.from_numpy, pd.Series, lambda k: np.array(CLASSES, object)[k]]


@pytest.mark.parametrize("form", [*FORMS, lambda k: np.array(CLASSES)[k], list])
def test_classes_alone(form, tiny_protocol, answers, here):
    check(evaluate(form(answers("test")[2].argmax(1)), tiny_protocol(), **here), answers, hard=True)


def test_a_tensor_and_numbers_of_numpy(tiny_protocol, answers, here):
    check(evaluate(torch.from_numpy(answers("test")[2]).requires_grad_(), tiny_protocol(), **here), answers)
    declared = {"range": np.array([0, 255]), "input_size": np.int64(16), "mean": torch.zeros(3)}
    found = evaluate(Brightness().to_sparse_outputs(), tiny_protocol(), preprocessing=declared, **here)
    check(found, answers)


def test_valence_and_arousal_as_an_array(tiny_protocol, tiny_faces, here):
    rows = tiny_faces.split == "test"
    truth = np.stack([tiny_faces.valence[rows], tiny_faces.arousal[rows]], 1)
    noisy = truth + np.random.default_rng(0).normal(0, 0.1, truth.shape)
    found = evaluate(noisy, tiny_protocol("dimensional"), **here)
    assert found.metrics["rmse_valence"] == pytest.approx(np.sqrt(np.mean((noisy - truth)[:, 0] ** 2)), abs=1e-6)
    assert found.outputs()[2] == pytest.approx(noisy, abs=1e-6)


@pytest.mark.parametrize("views, expected", [(None, ["none"]), ("flip", ["none", "flip"]), ("all", ["none", "flip"])])
def test_only_the_views_asked_for(views, expected, tiny_protocol, here):
    model, seen = Brightness(), []
    hook = model.register_forward_hook(lambda module, args, out: seen.append(len(args[0])))
    found = evaluate(model, tiny_protocol(), preprocessing=DECLARED, views=views, **here)
    hook.remove()
    assert list(found.views) == expected
    tried = found.record["input"]["probes"]["scores"]
    # 25 validation faces and 35 test faces, the latter also mirrored twice for `flip`; the probes; two black pictures;
    # a picture for each of the counts of multiply-adds.
    assert sum(seen) <= 25 + 35 + 70 * ("flip" in expected) + 25 * len(tried) + 2 + 4


@pytest.mark.parametrize(
    "model, options, message",
    [
        (Brightness(), {}, "preprocessing: found none declared; expected preprocessing="),
        (
            Brightness(),
            {"views": "ten-crop", "preprocessing": DECLARED},
            "views of tiny-categorical: found 'ten-crop'; expected",
        ),
        (Brightness(), {"scores": "logits", "preprocessing": DECLARED}, "scores or parameters for a model"),
        (
            np.zeros((3, 3)),
            {},
            r"shape \(3, 3\); expected \(35, 3\) or \(35,\), in the order of faces\('tiny-categorical'\)",
        ),
        (np.zeros((35, 3)), {"weights": "x.pt"}, "found weights for predictions; expected them for a model"),
        ({"scores": np.zeros((35, 3))}, {}, "ids"),
        (pd.DataFrame({"low": [1.0]}), {}, "columns low; expected id .or the ids as the index"),
        (pd.DataFrame([[1, 2, 3]], columns=["id", "low", "low"]), {}, "columns id, low, low; expected each column once"),
        ({"ids": ["a"], "class": [[1], [1, 2]]}, {}, "a list that is no array .*; expected one array, rows of equal length"),
        (Brightness().state_dict(), {}, "without ids; expected ids with scores and classes; of a state dict: the network"),
        (np.ma.masked_array(np.zeros((35, 3)), mask=True), {}, "found a masked array"),
        (np.zeros((35, 3)), {"scores": "nonsense"}, "scores: found 'nonsense'; expected one of auto, probabilities, logits"),
        (np.zeros((35, 3)), {"parameters": True}, "parameters: found True; expected a whole number of at least 1"),
        (
            Brightness(),
            {"views": 3, "preprocessing": DECLARED},
            "views: found a int; expected names among none, flip, or all",
        ),
        (
            Brightness(),
            {"preprocessing": {"input_size": 10**6}},
            "found 1000000; expected a whole number of pixels, at most",
        ),
        (Brightness(), {"preprocessing": {"mean": float("nan")}}, "mean: found nan; expected finite numbers"),
        (lambda x: torch.zeros(len(x), 3, dtype=torch.complex64), {"preprocessing": DECLARED}, "found complex numbers"),
        ("nowhere.csv", {}, "no such file"),
        ("nowhere/net", {}, "nowhere/net: found no such file; expected a model: .onnx.*; predictions: .csv, .npz; or code"),
        ([Brightness()], {}, "found a list of objects; expected numbers or text; of several models, one at a time"),
        ("timm:resnet18", {"weights": {"a": 1}}, "weights: found an object of dict; expected a file; or as the model, the "),
        ("timm:resnet18", {"options": 5}, "options: found 5; expected a mapping"),
        ("net.pt2", {"trust": "no"}, "trust: found 'no'; expected True or False"),
        (pd.Series(["low"] * 35, index=range(1, 36)), {}, "index of the Series: found 1, ...; expected the ids; or 0, 1, 2"),
        (pd.DataFrame({"id": ["a"], "low": [1.0], "note": ["x"]}), {}, "predictions, note: found text; expected numbers"),
        ({"ids": ["a"], "class": [0.5]}, {}, "class: found float64; expected whole numbers or text"),
        ({"ids": ["a"], "low": [True], "high": [False]}, {}, "low: found bool; expected numbers"),
        ({"ids": ["a"], "scores": [[1.0]]}, {}, "found no classes; expected the array classes, names for the columns"),
        (
            Brightness(),
            {"preprocessing": {"std": 0.5}},
            "found std; expected keys .*; did you mean deviation",
        ),
        (Brightness(), {"preprocessing": {"colours": "RGB"}}, "did you mean colour"),
        (
            lambda x: torch.zeros(len(x), 5),
            {"preprocessing": {}},
            r"\(\d+, 5\); .*a model of other classes declares",
        ),
    ],
)
def test_what_is_refused(model, options, message, tiny_protocol, here):
    with pytest.raises(BadInput, match=message) as error:
        evaluate(model, tiny_protocol(), **options, **here)
    assert "\n" not in str(error.value)


def test_faces_that_are_not_prepared(tmp_path):
    with pytest.raises(BadInput, match="synthetic"):
        evaluate(np.zeros(3), load_protocol("synthetic-8"), project=tmp_path)


@pytest.mark.parametrize(
    "source, name",
    [
        ("net.onnx", "net-onnx"),
        ("a.b.Net given as an object", "Net"),
        ("a.b:c, w.pt", "a-b-c-w-pt"),
        ("..", "model"),
        ("x" * 200, "x" * 80),
    ],
)
def test_the_name_of_a_result(source, name):
    assert name_of(source) == name


def test_a_name_is_checked_before_the_model_is_asked(tiny_protocol, here):
    with pytest.raises(BadInput, match="name '../x'"):
        evaluate(lambda x: 1 / 0, tiny_protocol(), preprocessing=DECLARED, name="../x", **here)


def test_capitals_at_the_end_of_a_name(tiny_protocol, answers, here, tmp_path):
    ids, _, scores = answers("test")
    path = csv(tmp_path, ids, scores, CLASSES).rename(tmp_path / "P.CSV")
    check(evaluate(path, tiny_protocol(), **here), answers)
    assert compare(str(path), scores, tiny_protocol(), **here).difference == 0


def test_a_result_is_entered_where_it_was_evaluated(tiny_protocol, tiny_faces, answers, tmp_path, monkeypatch):
    """Places are absolute: the process may be elsewhere by then."""
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    prepared = os.path.relpath(tiny_faces.directory.parent)
    found = evaluate(answers("test")[2], tiny_protocol(), prepared=prepared, project="project")
    monkeypatch.chdir("elsewhere")
    assert found.enter("mine").record.directory.is_relative_to(tmp_path / "project")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_project_is_found_from_below(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("")
    (tmp_path / "examples/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "examples/deep")
    assert places().top == tmp_path and places().prepared == tmp_path / "data/prepared"


def test_labels_with_the_ids_as_their_index(tiny_protocol, answers, here):
    ids, targets, scores = answers("test")
    names = np.array(tiny_protocol().classes)[scores.argmax(1)]
    labels = pd.Series(names, index=ids).sample(frac=1, random_state=0)
    assert list(labels.index) != list(ids)
    right = float(np.mean(scores.argmax(1) == targets))
    assert evaluate(labels, tiny_protocol(), **here).metrics["accuracy"] == right
    assert evaluate(pd.Series(names), tiny_protocol(), **here).metrics["accuracy"] == right
    table = pd.DataFrame(scores, columns=CLASSES, index=ids).sample(frac=1, random_state=0)
    check(evaluate(table, tiny_protocol(), **here), answers)
    check(evaluate(table.rename_axis("ID").reset_index(), tiny_protocol(), **here), answers)


def test_what_a_result_hands_out_does_not_change_it(tiny_protocol, answers, here):
    result = evaluate(answers("test")[2], tiny_protocol(), **here)
    before = result.metrics
    ids, targets, outputs = result.outputs()
    ids[:], targets[:], outputs[:] = "x", 0, 5.0
    again = result.outputs()
    assert set(again[0]) != {"x"} and again[1].any() and again[2].std() > 0
    fresh = evaluate(answers("test")[2], tiny_protocol(), **here)
    fresh.outputs()[2][:] = 0
    assert fresh.metrics == before and fresh.interval("accuracy") == result.interval("accuracy")


@pytest.mark.parametrize("frozen", ["exported", "scripted"])
def test_programs_whose_mode_can_not_be_changed(frozen, tiny_protocol, answers, here):
    picture = torch.zeros(2, 3, 16, 16)
    if frozen == "exported":
        batch = ({0: torch.export.Dim("batch")},)
        program = torch.export.export(Brightness().eval(), (picture,), dynamic_shapes=batch).module()
    else:
        program = torch.jit.freeze(torch.jit.trace(Brightness().eval(), picture))
    check(evaluate(program, tiny_protocol(), preprocessing=DECLARED, **here), answers)


def test_a_model_that_gives_one_answer(tiny_protocol, here):
    found = evaluate(
        lambda x: torch.tensor([[0.1, 0.2, 0.0]]).repeat(len(x), 1), tiny_protocol(), preprocessing=DECLARED, **here
    )
    assert found.warnings == ["outputs: the same for every face; does the model look at the picture?"]


class Polars:
    """As far as a table of polars is like one of pandas: it has columns and no index."""

    def __init__(self, table):
        self.table, self.columns = table, list(table.columns)

    def __getitem__(self, name):
        return self.table[name].to_numpy()


def test_a_table_without_an_index(tiny_protocol, answers, here):
    ids, _, scores = answers("test")
    table = pd.DataFrame(scores, columns=CLASSES)
    check(evaluate(Polars(table.assign(id=ids)), tiny_protocol(), **here), answers)
    with pytest.raises(BadInput, match="found columns low, middle, high; expected id"):
        evaluate(Polars(table), tiny_protocol(), **here)


def test_large_scores_stay_what_they_are(tiny_protocol, answers, here):
    ids, labels, scores = answers("test")
    found = evaluate(pd.DataFrame(np.round(scores * 1e20), columns=CLASSES, index=ids), tiny_protocol(), **here)
    assert found.metrics["accuracy"] == accuracy_score(labels, scores.argmax(1))


def test_tensors_that_are_no_arrays(tiny_protocol, here):
    for odd in (torch.zeros(35, 3).bfloat16(), [torch.zeros(3, requires_grad=True)] * 35):
        with pytest.raises(BadInput, match="that is no array"):
            evaluate(odd, tiny_protocol(), **here)
