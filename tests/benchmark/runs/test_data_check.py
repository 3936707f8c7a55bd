"""Faces that are not prepared are said before the first run is trained, not when their run comes."""

import dataclasses

import pytest
import torch

from benchmark.errors import BadInput
from benchmark.protocol.cells import Run
from benchmark.runs import runner
from benchmark.runs.data_check import check_data
from benchmark.runs.runner import Site, run_all


@pytest.fixture
def refused(tiny_faces, tmp_path, monkeypatch):
    """A function (protocols, time budget) -> the refusal of a run under each of them; nothing may be trained."""
    monkeypatch.setattr(runner, "Worker", lambda *given, **options: pytest.fail("a run was begun"))

    def refusal(cell, *protocols, time_budget=None):
        site = Site(tiny_faces.directory.parent, tmp_path / "runs", torch.device("cpu"))
        with pytest.raises(BadInput) as error:
            run_all([Run(protocol, cell, 0) for protocol in protocols], site, time_budget=time_budget)
        assert not list(tmp_path.iterdir())
        return str(error.value)

    return refusal


@pytest.mark.parametrize("time_budget", [None, 0.001])
def test_a_data_set_that_only_a_later_run_needs(refused, tiny_faces, tiny_protocol, tiny_cell, time_budget):
    """With a budget that is over before it too: it would look like a stop from which the same command goes on."""
    other = dataclasses.replace(tiny_protocol(), name="later", data="elsewhere")
    assert refused(tiny_cell(), tiny_protocol(), other, time_budget=time_budget) == (
        f"{tiny_faces.directory.parent / 'elsewhere'}: found no meta.json; expected a prepared FaceSet "
        "(run `ferbench prepare NAME` or `dvc repro` first)"
    )


def test_another_version_of_the_data(refused, tiny_faces, tiny_protocol, tiny_cell):
    other = dataclasses.replace(tiny_protocol(), name="later", data_version="9.9")
    found = f"{tiny_faces.directory}, version: found {tiny_faces.meta['version']}; expected 9.9 for protocol later"
    assert refused(tiny_cell(), tiny_protocol(), other) == found


def test_a_run_that_has_its_record_is_not_asked_about(tiny_protocol, tiny_cell, tmp_path):
    run, out = Run(tiny_protocol(), tiny_cell(), 0), tmp_path / "runs"
    (out / run.place).mkdir(parents=True)
    (out / run.place / "record.json").touch()
    check_data([run], tmp_path / "nowhere", out)
    with pytest.raises(BadInput, match=r"nowhere.tiny: found no meta.json"):
        check_data([run, Run(run.protocol, run.cell, 1)], tmp_path / "nowhere", out)
