"""params.yaml, profiles, searches and plan files with a mistake that a person makes: one line that names the key."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.protocol.cells import Run, cells_in
from benchmark.runs import plan, rate_search, tuning
from benchmark.runs.checked_params import check_params, read_params
from benchmark.runs.params import all_runs, runs_of
from benchmark.runs.plan_file import read_plan, write_plan

ROOT = Path(__file__).parents[3]
PARAMS = read_yaml(ROOT / "params.yaml")
KEY = "synthetic-8_narrow8-12-identity-working-plain"
OTHER = "synthetic-8_mini-xception-plain"
ENTRY = f"params.yaml, runs, {KEY}"


def changed(contents, path, value):
    """A copy with another value at a path of keys; None removes it."""
    contents = copy.deepcopy(contents)
    *above, last = path
    place = contents
    for key in above:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return contents


MISTAKES = [
    (("seeds",), ["0", 1], "params.yaml, seeds: found '0'; expected whole numbers from 0, of at most 63 bits"),
    (("seeds",), [0, 1.0], "params.yaml, seeds: found 1.0; expected whole numbers from 0, of at most 63 bits"),
    (("seeds",), [0, -1], "params.yaml, seeds: found -1; expected whole numbers from 0, of at most 63 bits"),
    (("seeds",), [0, True], "params.yaml, seeds: found True; expected whole numbers from 0, of at most 63 bits"),
    (
        ("seeds",),
        [2**63],
        "params.yaml, seeds: found 9223372036854775808; expected whole numbers from 0, of at most 63 bits",
    ),
    (("seeds",), [0, 1, 0], "params.yaml, seeds: found 0 twice; expected whole numbers that differ"),
    (("seeds",), [], "params.yaml, seeds: found []; expected a list of whole numbers"),
    (("seeds",), 3, "params.yaml, seeds: found 3; expected a list"),
    (("seeds",), None, "params.yaml: found no seeds; expected seeds, runs, and perhaps profile"),
    (("seed",), [0], "params.yaml, seed: found an unknown key; expected one of seeds, runs"),
    (("runs",), [1], "params.yaml, runs: found [1]; expected a mapping"),
    (("data",), "synthetic", "params.yaml, data: found 'synthetic'; expected a mapping"),
    (("data", "synthetic"), 5, "params.yaml, data, synthetic: found 5; expected a mapping with the mapping options"),
    (("data", "synthetic", "options"), [4200], "params.yaml, data, synthetic: found {'options': [4200]"),
    (("data",), {}, f"params.yaml, data: found nothing; expected synthetic, which {next(iter(PARAMS['runs']))} needs"),
    (("runs", KEY), "x", f"{ENTRY}: found 'x'; expected a mapping with protocol, cell, model, loss"),
    (("runs", KEY, "protocol"), None, f"{ENTRY}: found no protocol; expected protocol, cell, model, loss"),
    (("runs", KEY, "protocol"), "synthetic-9", "protocol: found 'synthetic-9'; expected one of the 23 that"),
    (("runs", KEY, "protocol"), 8, f"{ENTRY}, protocol: found 8; expected a text"),
    (("runs", KEY, "protocol"), "synthetic-va", "loss 'plain'; expected one for a dimensional task"),
    (("runs", KEY, "learnign_rate"), 0.1, f"{ENTRY}, learnign_rate: found an unknown key; expected one of protocol"),
    (("runs", KEY, "learning_rate"), "1e-3", f"{ENTRY}, learning_rate: found '1e-3'; expected a number"),
    (("runs", KEY, "seeds"), ["7"], f"{ENTRY}, seeds: found '7'; expected whole numbers from 0, of at most 63 bits"),
    (("runs", KEY, "options"), ["shortcut"], f"{ENTRY}, options: found ['shortcut']; expected a mapping"),
    (("runs", KEY, "loss"), "hinge", "loss: found hinge; expected one of ccc, focal"),
    (("runs", KEY, "model"), "residul", f"{ENTRY}, model: found residul; expected residual, as its cells.yaml defines"),
    (("runs", KEY, "loss"), "focal", f"{ENTRY}, loss: found focal; expected plain, as its cells.yaml defines"),
    (("runs", KEY, "loss"), "focal", "add one with another name to a cells.yaml (CONTRIBUTING.md, 'A cell') and plan it"),
    (("runs", KEY, "options", "shortcut"), "fixed", f"{ENTRY}, options, shortcut: found fixed; expected identity, as"),
    (("runs", KEY, "options", "units"), [True, 1, 1, 1, 1], f"{ENTRY}, options, units: found [True, 1, 1, 1, 1]; expected"),
    (("runs", KEY, "options", "drop"), 0.1, f"{ENTRY}, options, drop: found 0.1; expected none, as"),
    (("runs", KEY, "learning_rate"), 0.1, "the rate of all cells of a protocol is protocols, NAME, learning_rate"),
    (("protocols",), [1], "params.yaml, protocols: found [1]; expected a mapping"),
    (("protocols", "synthetic-8"), 4, "params.yaml, protocols, synthetic-8: found 4; expected a mapping of names to values"),
    (
        ("protocols", "synthetic-8", "epochs"),
        "4",
        "protocols, synthetic-8, epochs: found '4'; expected a whole number",
    ),
    (("protocols", "synthetic-8", "lr"), 0.1, "params.yaml, protocols, synthetic-8, lr: found a name of none of its values"),
    (("protocols", "synthetic-9"), {}, "protocol: found 'synthetic-9'; expected one of"),
    (("protocols", "ferplus-8"), {}, "params.yaml, protocols: found ferplus-8, under which nothing runs; expected some of"),
    (("runs", KEY, "data"), "fer2013", f"{ENTRY}, data: found fer2013; expected synthetic, as of synthetic-8"),
    (("runs", KEY, "recipe"), "standard", f"{ENTRY}, recipe: found standard; expected quick, as of synthetic-8"),
    (("runs", KEY, "package"), "baselines", f"{ENTRY}, package: found baselines; expected ablations, as of"),
    (("runs", "again"), PARAMS["runs"][KEY], f"narrow8-12-identity-working-plain, as in {KEY}; expected another cell"),
]


@pytest.mark.parametrize(("path", "value", "line"), MISTAKES)
def test_a_mistake_in_params_is_said_in_one_line(path, value, line):
    wrong = changed(PARAMS, path, value)
    for use in (lambda: runs_of(wrong, OTHER), lambda: all_runs(wrong)):  # also where another entry is wanted
        with pytest.raises(BadInput) as error:
            use()
        assert line in str(error.value) and str(error.value).isprintable()


def test_text_seeds_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text().replace("\n- 0\n", '\n- "0"\n'))
    assert main(["run", "--params", KEY]) == 2
    assert (
        capsys.readouterr().err
        == "ferbench: params.yaml, seeds: found '0'; expected whole numbers from 0, of at most 63 bits\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_params_as_they_are_and_by_hand():
    found = check_params(PARAMS, "params.yaml")
    assert list(found) == list(PARAMS["runs"]) and found[KEY][1].name == "narrow8-12-identity-working-plain"
    assert read_params(ROOT / "params.yaml") == PARAMS
    entry = {"protocol": "synthetic-8", "cell": "a", "model": "residual", "loss": "plain", "seeds": [7, 3]}
    runs = all_runs({"seeds": [1], "runs": {"a": entry, "b": changed(entry, ("seeds",), None) | {"cell": "b"}}})
    assert [(run.cell.name, run.seed) for run in runs] == [("a", 7), ("b", 1), ("a", 3)]


def test_a_turned_value_makes_another_protocol_of_every_run_under_it():
    runs = all_runs(changed(PARAMS, ("protocols", "synthetic-8", "learning_rate"), 0.002))
    assert {run.protocol.name for run in runs} == {"synthetic-8+learning_rate-2e-3", "synthetic-va"}
    assert {run.recipe.learning_rate for run in runs if run.protocol.based_on} == {0.002}
    assert {run.place for run in runs} == {run.place for run in all_runs(PARAMS)}  # where the pipeline looks
    without = changed(PARAMS, ("protocols",), None)  # written by hand, or by an older version
    assert all_runs(without) == all_runs(PARAMS)


def test_a_turned_rate_that_a_cell_would_not_use():
    own = {"protocol": "synthetic-8", "cell": "own", "model": "residual", "loss": "plain", "learning_rate": 0.01}
    params = {"seeds": [0], "runs": {"a": own}, "protocols": {"synthetic-8": {"learning_rate": 0.004}}}
    assert [run.recipe.learning_rate for run in all_runs(params)] == [0.01]
    with pytest.raises(BadInput, match="learning_rate: found 0.002; expected the protocol's own: own has a rate of its own"):
        all_runs(changed(params, ("protocols", "synthetic-8", "learning_rate"), 0.002))
    (run,) = all_runs(changed(params, ("protocols", "synthetic-8"), {"epochs": 2}))
    assert (run.protocol.epochs, run.recipe.learning_rate) == (2, 0.01)


PROFILE = {"seeds": [0], "runs": {"synthetic-8": ["resnet18-plain"]}}
BAD_PROFILES = [
    ({"seeds": ["0"]}, "profile mine, seeds: found '0'; expected whole numbers from 0, of at most 63 bits"),
    ({"seeds": None}, "profile mine: found runs; expected seeds, either runs or parts"),
    ({"parts": []}, "profile mine: found seeds, runs, parts; expected seeds, either runs or parts"),
    ({"runs": ["resnet18-plain"]}, "profile mine, runs: found ['resnet18-plain']; expected a mapping of protocols"),
    ({"runs": {"synthetic-8": "resnet18-plain"}}, "profile mine, runs: found {'synthetic-8': 'resnet18-plain'}"),
    ({"runs": None, "parts": []}, "profile mine, parts: found []; expected a list of mappings"),
    ({"runs": {"synthetic-8": [5]}}, "profile mine, synthetic-8: found 5; expected a pattern"),
    ({"runs": {"synthetic-8": [{"cells": 5, "seeds": [0]}]}}, "profile mine, synthetic-8, cells: found 5"),
    ({"runs": {"synthetic-9": ["x"]}}, "protocol: found 'synthetic-9'"),
    ({"data": {"synthetic": 600}}, "profile mine, data: found {'synthetic': 600}; expected a mapping of data sets"),
    ({"gradients": "smoke"}, "profile mine, gradients: found 'smoke'; expected a list of names"),
    ({"rates": ["x"]}, "profile mine, rates: found ['x']; expected the name of a search"),
    ({"about": ["x"]}, "profile mine, about: found ['x']; expected a text"),
    ({"takes": 15}, "profile mine, takes: found 15; expected a text"),
    ({"sedes": [0]}, "profile mine, sedes: found an unknown key; expected one of seeds, runs, parts"),
]


@pytest.mark.parametrize(("changes", "line"), BAD_PROFILES)
def test_a_mistake_in_a_profile(changes, line, monkeypatch):
    entry = {key: value for key, value in (PROFILE | changes).items() if value is not None}
    monkeypatch.setattr(plan, "read_yaml_once", lambda path: {"mine": entry})
    with pytest.raises(BadInput) as error:
        plan.plan("mine")
    assert line in str(error.value)


SEARCH = {
    "protocol": "synthetic-8",
    "cells": ["narrow8-12-identity-working-plain"],
    "seeds": [0],
    "epochs": 2,
    "trials": [{}, {"learning_rate": 0.002}],
}
BAD_SEARCHES = [
    ({"seeds": ["0"]}, "search mine, seeds: found '0'; expected whole numbers from 0, of at most 63 bits"),
    ({"epochs": 0}, "search mine, epochs: found 0; expected a whole number from 1"),
    ({"epochs": "2"}, "search mine, epochs: found '2'; expected a whole number from 1"),
    ({"cells": "narrow8"}, "search mine, cells: found 'narrow8'; expected a list"),
    ({"cells": [5]}, "search mine, cells: found [5]; expected a list"),
    ({"cells": [{"name": "x"}]}, "search mine: found {'name': 'x'}; expected the names of a protocol and of cells"),
    ({"trials": []}, "search mine, trials: found []; expected a list"),
    ({"trials": [5]}, "search mine, trials: found [5]; expected a list"),
    ({"trials": [{"learning_rate": -1.0}]}, "learning_rate: found -1.0; expected a number above 0"),
    ({"trials": [{"augmentation": "cutout"}]}, "augmentation: found 'cutout'; expected one of flip"),
    ({"trials": [{5: 1}]}, "recipe quick, 5: found an unknown field; expected one of optimizer"),
    ({"protocol": 5}, "search mine, protocol: found 5; expected a protocol"),
    ({"epoch": 1}, "search mine: found protocol, cells, seeds, epochs, trials, epoch; expected exactly"),
]


@pytest.mark.parametrize(("changes", "line"), BAD_SEARCHES)
def test_a_mistake_in_a_search(changes, line, monkeypatch):
    monkeypatch.setattr(tuning, "read_yaml", lambda path: {"mine": SEARCH | changes})
    with pytest.raises(BadInput) as error:
        tuning.load_search("mine")
    assert line in str(error.value)


BAD_RATES = [
    ({"rates": [0.004, 0.001]}, "search mine, rates: found [0.004, 0.001]; expected three or more"),
    ({"rates": [0.004, 0.004, 0.001]}, "search mine, rates: found [0.004, 0.004, 0.001]"),
    ({"rates": [0.001, 0.004, 0.002]}, "search mine, rates: found [0.001, 0.004, 0.002]"),
    ({"rates": [0.004, 0.001, float("nan")]}, "search mine, rates: found [0.004, 0.001, nan]"),
    ({"rates": ["a", "b", "c"]}, "search mine, rates: found ['a', 'b', 'c']; expected a list"),
    ({"epochs": -1}, "search mine, epochs: found -1; expected a whole number from 1"),
    ({"seeds": [1, 2]}, "search mine, seeds: found [1, 2]; expected one"),
    ({"seeds": 1}, "search mine, seeds: found 1; expected a list of whole numbers"),
]


@pytest.mark.parametrize(("changes", "line"), BAD_RATES)
def test_a_mistake_in_a_search_of_rates(changes, line, monkeypatch):
    good = {"protocol": "synthetic-8", "seeds": [0], "epochs": 2, "rates": [0.004, 0.001, 0.00025]}
    monkeypatch.setattr(rate_search, "read_yaml", lambda path: {"mine": good | changes})
    with pytest.raises(BadInput) as error:
        rate_search.load_rate_search("mine")
    assert line in str(error.value)


GRID = {"model": "m", "axes": {"shape": ["x", "y"], "loss": ["plain"]}}
BAD_CELLS = [
    ({"cells": ["a"]}, "cells.yaml, cells: found ['a']; expected a mapping of names"),
    ({"cells": {"a": 5}}, "cells.yaml, cell a: found 5; expected model, loss"),
    ({"cells": {"a": {"model": "m", "loss": "plain", "options": {"day": {1: 2}}}}}, "a mapping of names to values"),
    ({"cells": {"a": {"model": "m", "loss": "plain", "options": {"x": float("inf")}}}}, "a mapping of names to values"),
    ({"cells": {"a": {"model": "m", "loss": "plain", "learning_rate": 1}}}, "learning_rate: found 1; expected a number"),
    ({"grids": {"g": 5}}, "cells.yaml, grid g: found 5; expected model, axes"),
    ({"grids": {"g": GRID | {"axes": ["x"]}}}, "cells.yaml, grid g, axes: found ['x']; expected lists of values"),
    ({"grids": {"g": GRID | {"axes": {"loss": "plain"}}}}, "grid g, axes: found {'loss': 'plain'}"),
    ({"grids": {"g": GRID | {"axes": {"shape": ["x"]}}}}, "grid g, axes: found {'shape': ['x']}; expected lists"),
    ({"grids": {"g": GRID | {"axes": {"shape": [], "loss": ["plain"]}}}}, "expected lists of values, loss among"),
    ({"grids": {"g": GRID | {"axes": {"a": [*range(9999)], "loss": ["plain", "mse"]}}}}, "19998 cells; expected at most"),
    ({"grids": {"g": GRID | {"options": [1]}}}, "grid g, options: found [1]; expected a mapping"),
    ({"grids": {"g": GRID | {"learning_rates": [1]}}}, "grid g, learning_rates: found [1]; expected a mapping"),
    ({"grids": {5: GRID}}, "cells.yaml, grid: found name 5; expected at most 100 letters"),
    ({"grid": {}}, "cells.yaml: found grid; expected the parts cells and grids"),
]


@pytest.mark.parametrize(("contents", "line"), BAD_CELLS)
def test_a_mistake_in_cells(contents, line):
    with pytest.raises(BadInput) as error:
        cells_in(contents, "cells.yaml")
    assert line in str(error.value)
    assert list(cells_in({"grids": {"g": GRID}}, "cells.yaml")) == ["g-x-plain", "g-y-plain"]


def test_a_mistake_in_a_plan_file(tmp_path, tiny_protocol, tiny_cell):
    path = tmp_path / "plan.json"
    write_plan([Run(tiny_protocol(), tiny_cell(), 0), Run(tiny_protocol(), tiny_cell(), 1)], path)
    whole = json.loads(path.read_text())
    protocol, cell = "tiny-categorical", "tiny"
    changes = [
        (("runs",), [], "runs: found none; expected some"),
        (("runs", 1, 2), 0, f"runs, 1: found {protocol} / {cell} / seed 0 again; expected each run once"),
        (("runs", 1, 2), -1, "runs, 1, seed: found -1; expected whole numbers from 0, of at most 63 bits"),
        (("protocols", protocol, "epochs"), -4, "epochs: found -4; expected a number from 1"),
        (("protocols", protocol, "tta"), ["none", "blur"], "tta: found 'blur'; expected some of none"),
        (("protocols", protocol, "recipe", "batch_size"), 0, "batch_size: found 0; expected a number from 1"),
        (("cells", cell, "options"), {"a": "\ud800"}, "a mapping of names to values"),
        (("cells", cell, "learning_rate"), -0.5, "learning_rate: found -0.5; expected a number above 0"),
    ]
    for place, value, line in changes:
        path.write_text(json.dumps(changed(whole, place, value)))
        with pytest.raises(BadInput) as error:
            read_plan(path)
        assert line in str(error.value) and str(error.value).startswith(str(path))
    path.write_text(yaml.safe_dump(whole))
    with pytest.raises(BadInput, match="expected valid JSON"):
        read_plan(path)
