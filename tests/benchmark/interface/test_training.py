"""train: the record of `ferbench run`, its score, and the network that evaluates to the same."""

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.interface.comparing import compare
from benchmark.interface.evaluating import evaluate
from benchmark.interface.training import train
from benchmark.protocol.cells import Run, cell_of
from benchmark.runs.runner import Site, run_all

OPTIONS = {"units": [1, 1, 1], "widths": [4, 8], "shortcut": "adaptive"}
CELL = "residual-adaptive-1-1-1-4-8-plain"


@pytest.fixture
def trained(tiny_protocol, here, one_thread):
    return train("residual", tiny_protocol(), 1, options=OPTIONS, device="cpu", **here)


def test_it_is_the_run_of_the_command_line(trained, tiny_protocol, tiny_faces, tmp_path, here):
    import torch

    run = Run(tiny_protocol(), cell_of("residual", "categorical", options=OPTIONS), 1)
    run_all([run], Site(tiny_faces.directory.parent, tmp_path / "again", torch.device("cpu")))
    for name in ("predictions.npz", "record.json", "weights.pt"):
        assert (tmp_path / "again" / run.place / name).read_bytes() == (tmp_path / "runs" / run.place / name).read_bytes()
    before = trained.record.directory.stat().st_mtime_ns
    again = train("residual", tiny_protocol(), 1, options=OPTIONS, device="cpu", **here)
    assert again.metrics == trained.metrics and trained.record.directory.stat().st_mtime_ns == before


def test_the_network_evaluates_to_the_same(trained, tiny_protocol, here):
    network = trained.network()
    found = evaluate(network, tiny_protocol(), **here)
    for split in ("test", "validation"):
        assert found.outputs(split)[2] == pytest.approx(trained.outputs(split)[2], abs=1e-5)
    assert not network.training and found.record["parameters"] == trained.record["parameters"]
    with pytest.raises(BadInput, match="a run of this suite; expected `ferbench import"):
        trained.enter("mine")


def test_what_is_refused(trained, tiny_protocol, here):
    with pytest.raises(BadInput, match="no such model"):
        train("resnet19", tiny_protocol(), options={"a": 1}, **here)
    with pytest.raises(BadInput, match="train: found an object of Residual.*; expected a name: a cell, a registered model"):
        train(trained.network(), tiny_protocol(), **here)
    with pytest.raises(BadInput, match="protocol: found an object of dict; expected its name, a file"):
        train("residual", {}, **here)
    with pytest.raises(BadInput, match="seed"):
        train("residual", tiny_protocol(), -1, options=OPTIONS, **here)
    with pytest.raises(BadInput, match="protocol: found hash .* or train elsewhere"):
        train("residual", tiny_protocol(epochs=2), 1, options=OPTIONS, **here)
    (trained.record.directory / "weights.pt").unlink()
    with pytest.raises(BadInput, match=r"weights\.pt: found no such file"):
        trained.network()


def test_runs_without_a_record_in_the_report_are_compared(trained, tiny_protocol, tiny_faces, here, tmp_path):
    """A model by its name stands for its runs; beside it whatever `evaluate` takes."""
    (tmp_path / "reports/records").mkdir(parents=True)
    other = np.eye(3)[tiny_faces.expression[tiny_faces.split == "test"].astype(int)]
    found = compare(trained, other, tiny_protocol(), **here)
    assert found.difference == pytest.approx(trained.metrics["accuracy"] - 1)
    assert compare(trained, trained.network(), tiny_protocol(), **here).difference == 0
    with pytest.raises(BadInput, match="found device, which neither side takes; expected them for what is evaluated"):
        compare(trained, trained, device="cpu", **here)
    with pytest.raises(BadInput, match="no protocol; expected one, under which it is evaluated"):
        compare(trained, trained.network(), **here)
