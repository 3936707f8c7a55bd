"""Result: its numbers against scikit-learn and scipy; its entry, its comparison, its text."""

import json

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from statsmodels.stats.contingency_tables import mcnemar

from benchmark.errors import BadInput, SystemSaysNo
from benchmark.interface.evaluating import evaluate
from benchmark.interface.tables import leaderboard
from benchmark.protocol.cells import Run, find_cell
from benchmark.records.record import read_record, write_record

from .conftest import DECLARED, Brightness


def test_classes_and_confusion(result, answers):
    _, labels, scores = answers("test")
    answered = scores.argmax(1)
    precision, recall, f1, support = precision_recall_fscore_support(labels, answered)
    table = result.per_class
    assert table.index.tolist() == ["low", "middle", "high"]
    for column, expected in (("precision", precision), ("recall", recall), ("f1", f1), ("n", support)):
        assert table[column].to_numpy() == pytest.approx(expected)
    matrix = confusion_matrix(labels, answered)
    assert result.confusion.to_numpy().tolist() == matrix.tolist()
    for k, name in enumerate(table.index):
        ends = binomtest(int(matrix[k, k]), int(matrix[k].sum())).proportion_ci(0.95, "wilson")
        assert (table.recall_low[name], table.recall_high[name]) == pytest.approx((ends.low, ends.high))


def test_intervals(result, answers):
    _, labels, scores = answers("test")
    right = scores.argmax(1) == labels
    rng = np.random.default_rng(1)
    ends = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, "wilson")
    found = result.interval()
    assert found.mean == pytest.approx(right.mean()) and (found.low, found.high) == pytest.approx((ends.low, ends.high))
    drawn = rng.integers(0, len(right), (4000, len(right)))
    balanced = [np.mean([right[rows][labels[rows] == k].mean() for k in range(3)]) for rows in drawn]
    found = result.interval("balanced_accuracy")
    assert (found.low, found.high) == pytest.approx(np.quantile(balanced, [0.025, 0.975]), abs=0.03)
    found = result.interval("macro_f1")
    assert found.low < result.metrics["macro_f1"] < found.high
    with pytest.raises(BadInput, match="metric: found 'acuracy'"):
        result.interval("acuracy")


def test_what_a_result_does_not_have(result, tmp_path):
    with pytest.raises(BadInput, match="view: found 'flip'; expected one of none"):
        result.interval("accuracy", "flip")
    with pytest.raises(BadInput, match="split and view: found 'train none'; expected one of test none, validation none"):
        result.outputs("train")
    with pytest.raises(BadInput, match="compare: found a int; expected a result, or the name"):
        result.compare(3)
    with pytest.raises(BadInput, match=r"stated: found 0\.8; expected a mapping"):
        result.enter("mine", stated=0.8)
    for nothing in (["AffectNet"], " "):
        with pytest.raises(BadInput, match="extra_training_data: found .*; expected words, such as 'none'"):
            result.enter("mine", extra_training_data=nothing)
    with pytest.raises(BadInput, match="Brightness: found a model that was not trained here; expected a result of `train`"):
        result.network()
    with pytest.raises(BadInput, match="metric: found 'ccc_mean'; expected one of accuracy, .* and"):
        result.interval("ccc_mean")
    for write in (result.to_json, result.compare(result).to_json, result.compare(result).picture):
        with pytest.raises(SystemSaysNo, match="a folder, not a file; name a file"):
            write(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemSaysNo, match="a file, not a folder"):
        result.enter("mine", out=tmp_path / "file")


def test_entries_are_compared_where_there_is_no_run(result, tmp_path):
    result.enter("mine")
    assert result.compare("mine").difference == 0
    with pytest.raises(BadInput, match="'other' under protocol .*: found no record of that name; expected one of mine"):
        result.compare("other")


def test_text_html_and_json(result, tmp_path):
    text, value = repr(result), f"{100 * result.metrics['accuracy']:.2f} %"
    assert text.splitlines()[0].endswith("on tiny-categorical 1.0: 35 test faces, view none") and value in text
    html = result._repr_html_()
    assert value in html and all(f">{name}</th>" in html for name in result.classes) and "warning" not in html
    found = json.loads(result.to_json(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text()) == found
    assert found["record"] is None and found["metrics"]["test"]["accuracy"] == result.metrics["accuracy"]
    assert found["interval"]["low"] == result.interval().low


def test_html_is_escaped(tiny_protocol, answers, here):
    ids, _, scores = answers("test")
    found = evaluate(scores, tiny_protocol(), name="net", **here)
    found.said = ("<script>",)
    assert "<script>" not in found._repr_html_() and "&lt;script&gt;" in found._repr_html_()


def test_it_enters_as_it_was_looked_at(result, tmp_path):
    stated = {"accuracy": 0.9, "source": "their page"}
    entered = result.enter("mine", stated=stated, extra_training_data="none")
    record = read_record(tmp_path / "reports/records/outside/tiny-categorical/mine/seed0")
    assert entered.record.directory == record.directory and entered.name == "mine"
    assert record.outside["stated"] == stated and record.outside["extra_training_data"] == "none"
    for split in ("test", "validation"):
        for own, other in zip(result.record.outputs(split), record.outputs(split), strict=True):
            assert np.array_equal(own, other)
    assert entered.metrics == result.metrics and result.name != "mine"
    with pytest.raises(BadInput, match="an entry of this name; expected another name, or --replace"):
        result.enter("mine")
    with pytest.raises(BadInput, match="name '../x'"):
        result.enter("../x")
    assert result.enter("mine", replace=True, out=tmp_path / "other").record.directory.parts[-4] == "other"


def test_two_results_are_compared(result, tiny_protocol, answers, here):
    _, labels, scores = answers("test")
    worse = np.roll(scores, 1, axis=1)
    worse[:20] = scores[:20]
    other = evaluate(worse, tiny_protocol(), **here)
    found = result.compare(other)
    a, b = scores.argmax(1) == labels, worse.argmax(1) == labels
    assert found.difference == pytest.approx(a.mean() - b.mean())
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    assert found.found["mcnemar"][0]["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    low, high = found.interval
    assert low < found.difference < high and found.p < 0.05
    assert "McNemar" in repr(found) and "McNemar" in found._repr_html_()
    assert json.loads(found.to_json()) == json.loads(json.dumps(found.found))


def test_another_protocol_is_no_comparison(result, tiny_protocol, answers, here):
    other = evaluate(answers("test")[2], tiny_protocol(epochs=4), **here)
    with pytest.raises(BadInput, match="no protocol and data that both"):
        result.compare(other)


def test_valence_and_arousal_have_no_classes(tiny_protocol, tiny_faces, here):
    rows = tiny_faces.split == "test"
    truth = np.stack([tiny_faces.valence[rows], tiny_faces.arousal[rows]], 1)
    found = evaluate(truth * 0.9, tiny_protocol("dimensional"), **here)
    assert "CCC mean" in repr(found) and "CCC mean" in found._repr_html_()
    for what in ("per_class", "confusion"):
        with pytest.raises(BadInput, match="a protocol with classes"):
            getattr(found, what)


def test_all_right_is_not_certain(tiny_protocol, answers, here):
    found = evaluate(np.eye(3)[answers("test")[1]], tiny_protocol(), **here)
    assert found.metrics["accuracy"] == 1 and found.interval().low < 0.95


def test_an_interval_is_of_its_view(tiny_protocol, here):
    found = evaluate(Brightness(), tiny_protocol(), preprocessing=DECLARED, views="all", **here)
    assert found.interval("nll", "flip").mean == found.views["flip"]["nll"] != found.metrics["nll"]


def test_entries_alone_have_a_leaderboard(tiny_protocol, result):
    result.enter("mine")
    found = leaderboard(tiny_protocol(), project=result.places.top)
    assert found.entry.tolist() == ["mine"] and found.value[0] == result.metrics["accuracy"]
    assert (found.low[0], found.high[0]) == pytest.approx(result.interval()[1:3])


def test_a_warning_is_escaped(result):
    result.record.contents["outside"]["warnings"].append("<b>odd</b>")
    assert "<b>odd" not in result._repr_html_() and "&lt;b&gt;odd" in result._repr_html_()


def test_a_name_is_compared_under_the_very_protocol(result, tiny_protocol, answers, here, tmp_path):
    """An entry, and a run that no record tells of yet, are found under the protocol itself, not under its name."""
    _, labels, scores = answers("test")
    newer = evaluate(scores, tiny_protocol(version="2.0"), **here)
    newer.enter("mine")
    with pytest.raises(BadInput, match=f"'mine' under protocol {result.protocol.hash}"):
        result.compare("mine")
    worse = np.roll(scores, 1, axis=1)
    evaluate(worse, result.protocol, **here).enter("mine", out=tmp_path / "reports/records/older")
    right = np.mean(scores.argmax(1) == labels)
    assert result.compare("mine").difference == pytest.approx(right - np.mean(worse.argmax(1) == labels)) != 0
    assert newer.compare("mine").difference == 0
    contents = {k: v for k, v in newer.record.contents.items() if k not in ("schema", "predictions_sha256", "outside")}
    contents |= {"parameters": 1}
    place = Run(newer.protocol, find_cell("mini-xception-plain"), 0).place
    write_record(tmp_path / "runs" / place, contents, dict(newer.record.predictions))
    assert newer.compare("mini-xception-plain").difference == 0


@pytest.mark.parametrize("training", [False, True])
def test_an_evaluated_module_is_left_as_it_was(training, tiny_protocol, here):
    model = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Sequential(Brightness(), torch.nn.Dropout())).train(training)
    model[1].train(not training)
    modes = [part.training for part in model.modules()]
    found = evaluate(model, tiny_protocol(), preprocessing=DECLARED, **here)
    assert "macs" in found.record.outside and [part.training for part in model.modules()] == modes
