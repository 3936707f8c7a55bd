"""The number of parameters, against the network itself."""

import sys

import pytest
import torch

from benchmark.protocol.cells import Run, find_cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.checks.known import Known
from benchmark.records.examine import NOT_CHECKED
from benchmark.runs.parameters import parameters_of
from benchmark.runs.training.trainer import build_model

PLACE = "synthetic-8/narrow8-12-identity-working-plain/seed0"
OUTSIDE = "outside/fer2013-7/fer-mini-xception/seed0"
BUILT = Known(parameters=parameters_of)


def test_another_number_is_named(committed, faults, passes):
    network = build_model(Run(load_protocol("synthetic-8"), find_cell(PLACE.split("/")[1]), 0), torch.device("cpu"))
    own = sum(each.numel() for each in network.parameters())
    good = committed(PLACE)
    assert good["parameters"] == own and passes(good, "parameters", BUILT)
    found = faults(committed(PLACE, lambda c: c.update(parameters=123)), BUILT)
    assert set(found) == {"parameters"} and f"found 123; expected {own:,}, those of the network" in found["parameters"]


def other(model, options=None):
    """The cell of a record, as one of that model under a name of its own."""
    from benchmark.files import digest

    cell = {"model": model, "options": options or {}, "loss": "plain"}

    def change(contents):
        contents.update(cell={"name": "own", **cell}, cell_hash=digest(cell), parameters=123)

    return change


def test_a_registered_network_of_another_name_is_counted(committed, faults):
    assert "expected 11," in faults(committed(PLACE, other("resnet18")), BUILT)["parameters"]


def test_a_network_that_can_not_be_is_named(committed, faults):
    found = faults(committed(PLACE, other("timm:no-such-network")), BUILT)
    assert set(found) == {"parameters"} and "no-such-network" in found["parameters"]


def test_code_that_a_record_names_is_not_run(committed, outcome, tmp_path, monkeypatch):
    (tmp_path / "planted_network.py").write_text("raise SystemExit('planted code ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = outcome(committed(PLACE, other("planted_network:factory")), "parameters", BUILT)
    assert found == (NOT_CHECKED, "the network was neither built nor counted here") and "planted_network" not in sys.modules


@pytest.mark.parametrize("model, options", [("residual", {"units": [10**6] * 3}), ("resnet18", {"width": 10**9})])
def test_options_that_a_record_makes_up_are_not_built(committed, outcome, model, options):
    assert outcome(committed(PLACE, other(model, options)), "parameters", BUILT)[0] == NOT_CHECKED


def test_an_entry_states_its_own(committed, outcome):
    assert outcome(committed(OUTSIDE), "parameters", BUILT) == (NOT_CHECKED, "as its submitter states")
