"""compare: which rows are meant, what is evaluated for it, and which arguments are for whom."""

import dataclasses
import shutil

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.interface.comparing import compare
from benchmark.interface.evaluating import evaluate
from benchmark.interface.measuring import complexity
from benchmark.interface.training import train

from .conftest import DECLARED, Brightness


def test_arguments_of_a_comparison_go_to_the_side_that_takes_them(tiny_protocol, answers, here):
    _, _, scores = answers("test")
    given = {"preprocessing": DECLARED, "scores": "logits"}
    assert compare(Brightness(), scores, tiny_protocol(), **given, **here).difference == 0
    same = {"trust": False, "device": "auto", "scores": "auto", "weights": None}  # as without them
    assert compare(scores, scores, tiny_protocol(), **same, **here).difference == 0
    assert compare(scores, Brightness(), tiny_protocol(), parameters=5, **given, **here).found["a"]["parameters"] == 5


@pytest.mark.parametrize(
    "odd, message",
    [
        ({"preprocesing": 1}, "compare, argument: found 'preprocesing'; expected one of preprocessing.*mean preprocessing"),
        ({"views": "flip"}, "compare, argument: found 'views'"),  # a comparison is of the view "none"
        ({"weights": "nofile.pt"}, "compare: found weights, which neither side takes; expected them for what is evaluated"),
        ({"trust": True, "options": {"a": 1}}, "compare: found options, trust, which neither side takes"),
        ({"parameters": 0}, "parameters: found 0; expected a whole number of at least 1"),
    ],
)
def test_arguments_that_no_side_takes_are_refused_first(odd, message, tiny_protocol, answers, here):
    _, _, scores = answers("test")
    with pytest.raises(BadInput, match=message):
        compare(scores, scores, tiny_protocol(), **odd, **here)
    if "parameters" not in odd:
        return
    asked = []
    with pytest.raises(BadInput, match="compare: found parameters, which neither side takes"):
        compare(asked.append, asked.append, tiny_protocol(), **odd, preprocessing=DECLARED, **here)
    assert not asked


def test_a_comparison_under_another_protocol_than_that_of_a_result(tiny_protocol, answers, here):
    _, _, scores = answers("test")
    own = tiny_protocol()
    result, other = evaluate(scores, own, **here), dataclasses.replace(own, version="9.9")
    assert compare(result, result, own.hash).difference == 0
    for given in ("synthetic-8", other):
        with pytest.raises(BadInput, match=f"compare, predictions: found a result under {own.name} .*; expected one under"):
            compare(result, scores, given, **here)


def factory(num_outputs, in_channels, input_size):
    return Brightness()


class Broken(Brightness):
    """Its training diverges."""

    def __init__(self, **_):
        super().__init__()

    def forward(self, x):
        return super().forward(x) * (float("nan") if self.training else 1)


NAME = f"{__name__}:factory"


def test_an_entry_is_not_evaluated(tiny_protocol, result, here):
    result.enter("mine")
    with pytest.raises(BadInput, match="found the outside entry mine; expected a model; an entry has its result"):
        evaluate("mine", tiny_protocol(), **here)
    assert compare("mine", result, tiny_protocol(), **here).difference == 0


def wide(width=1, **_):
    return Brightness()


def test_the_options_of_a_factory_are_not_forgotten(tiny_protocol, here, tmp_path):
    """By its name alone another network would be opened."""
    name = f"{__name__}:wide"
    evaluate(name, tiny_protocol(), options={"width": 2}, preprocessing=DECLARED, **here).enter("opt")
    with pytest.raises(BadInput) as error:
        complexity("opt", tiny_protocol(), project=tmp_path)
    record = f"its record, without the model ({name}(width=2))"
    itself = f"the model itself: {name}, with the options width=2"
    assert str(error.value) == f"outside entry opt: found {record}; expected {itself}"


def test_a_project_without_a_record(tiny_protocol, answers, here, tmp_path):
    """A model is evaluated there, too."""
    scores = answers("test")[2]
    assert compare(NAME, scores, tiny_protocol(), preprocessing=DECLARED, **here).difference == 0
    assert not (tmp_path / "reports").exists()
    with pytest.raises(BadInput, match="reports/records: found no record; expected at least one"):
        compare("nothing", scores, tiny_protocol(), **here)


def test_a_name_stands_for_its_runs_under_the_protocol(tiny_protocol, answers, here, tmp_path, one_thread):
    """Whatever other protocol has records or runs of it. Of a diverged run there is nothing to compare."""
    _, labels, scores = answers("test")
    own, other = tiny_protocol(epochs=1), tiny_protocol(epochs=2)
    run = train(NAME, own, 1, device="cpu", **here)
    longer = train(NAME, other, 2, device="cpu", **here).record.directory
    shutil.copytree(longer, tmp_path / "reports/records" / longer.relative_to(tmp_path / "runs"))
    found = compare(NAME, scores, own, **here)
    right = np.mean(run.outputs()[2].argmax(1) == labels) - np.mean(scores.argmax(1) == labels)
    assert found.difference == pytest.approx(right) and [pair["seed_a"] for pair in found.found["mcnemar"]] == [1]
    with pytest.raises(BadInput, match="found several comparisons|no protocol"):
        compare(NAME, scores, **here)

    broken = f"{__name__}:Broken"
    with pytest.raises(BadInput, match="a diverged run"):
        train(broken, own, 3, device="cpu", **here)
    assert compare(broken, scores, own, preprocessing=DECLARED, **here).difference == 0  # the model itself
