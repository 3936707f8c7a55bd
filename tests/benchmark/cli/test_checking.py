"""What run, collect, import and seal refuse: a name that lies, a record that fails a check or has no seal."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from benchmark.cli.main import main
from benchmark.protocol.cells import Run, cell_from, find_cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.record import read_record
from benchmark.runs.plan_file import write_plan

ROOT = Path(__file__).parents[3]
PLAIN, WEIGHTED = "narrow8-12-identity-working-plain", "narrow8-12-identity-working-weighted"
PLACES = [f"synthetic-8/{PLAIN}/seed{seed}" for seed in (0, 1, 2)]
KEY = f"synthetic-8_{PLAIN}"


@pytest.fixture
def here(tmp_path, monkeypatch, really_published):
    """A working directory with the project's params.yaml."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    shutil.copyfile(ROOT / "params.yaml", "params.yaml")
    return tmp_path / "project"


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unsealed(folder):
    """`files` without seals. (Those of committed records list weights, which are not in git.)"""
    return {name: contents for name, contents in files(folder).items() if not name.endswith("seal.json")}


def refused(capsys, *command):
    """The one line of an error with exit status 2."""
    capsys.readouterr()
    assert main([str(each) for each in command]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ferbench: ")]
    return line


def sentence(loss):
    return f"cell {PLAIN}, loss: found {loss}; expected plain, as its cells.yaml", "another definition needs another name"


@pytest.mark.parametrize("which", [KEY, "all"])
def test_run_refuses_an_entry_of_params_whose_name_lies(here, capsys, which):
    contents = yaml.safe_load(Path("params.yaml").read_text())
    contents["runs"][KEY]["loss"] = "focal"
    Path("params.yaml").write_text(yaml.safe_dump(contents))
    before = files(here)
    line = refused(capsys, "run", "--params", which)
    assert f"{KEY}, loss: found focal; expected plain, as its cells.yaml defines {PLAIN}; a cell can not be changed" in line
    assert files(here) == before, "something was written"


def test_run_refuses_a_plan_whose_name_lies(here, capsys):
    definition = find_cell(WEIGHTED).definition
    lying = cell_from(PLAIN, definition, "test")
    write_plan([Run(load_protocol("synthetic-8"), lying, 0)], here / "plan.json")
    before = files(here)
    line = refused(capsys, "run", "--plan", "plan.json")
    assert "plan.json" in line and all(part in line for part in sentence("weighted"))
    assert files(here) == before, "something was written"


@pytest.fixture
def runs(here, committed):
    """The three runs of the plain cell, as they lie in runs/."""
    for place in PLACES:
        shutil.copytree(committed(place).directory, here / "runs" / place)
    return here / "runs"


def test_collect_takes_sealed_records_as_they_are(here, runs):
    (runs / PLACES[0] / "weights.pt").write_bytes(b"weights")
    assert main(["collect", "--params", KEY]) == 0
    names = ("machine.json", "predictions.npz", "record.json", "seal.json")
    assert files(here / "reports" / "records") == {
        f"{place}/{name}": (runs / place / name).read_bytes() for place in PLACES for name in names
    }


def test_collect_leaves_no_seed_that_is_not_planned_and_no_half_cell(here, runs, capsys):
    """What the stage finds of earlier plans goes; other cells stay; a record that fails leaves all as it is."""
    old, other = here / "reports/records" / Path(PLACES[0]).parent, here / "reports/records/synthetic-8/other/seed0"
    shutil.copytree(runs / PLACES[0], old / "seed7")
    shutil.copytree(runs / PLACES[0], other)
    before, kept = files(here / "reports"), (runs / PLACES[1] / "seal.json").read_bytes()
    (runs / PLACES[1] / "seal.json").unlink()
    refused(capsys, "collect", "--params", KEY)
    assert files(here / "reports") == before
    (runs / PLACES[1] / "seal.json").write_bytes(kept)
    assert main(["collect", "--params", KEY]) == 0
    assert sorted(path.name for path in old.iterdir()) == ["seed0", "seed1", "seed2"]
    assert files(other) == files(runs / PLACES[0])


def test_collect_refuses_runs_of_another_configuration(here, runs, capsys):
    """Runs of a turned protocol lie in the folder of its base, and the other way round."""
    contents = yaml.safe_load(Path("params.yaml").read_text())
    contents["protocols"] = {"synthetic-8": {"epochs": 2}}
    Path("params.yaml").write_text(yaml.safe_dump(contents))
    line = refused(capsys, "collect", "--params", KEY)
    assert f"{PLACES[0]}: found a record of synthetic-8 / {PLAIN}; expected one of synthetic-8+epochs-2 / {PLAIN}" in line
    assert f"`ferbench run --params {KEY} --restart-stale` makes it" in line and not (here / "reports").exists()


def test_collect_refuses_what_is_not_sealed_or_fails(here, runs, capsys, forge):
    """The last of three is bad, and none is copied."""
    seal = runs / PLACES[2] / "seal.json"
    kept = seal.read_bytes()
    seal.unlink()
    assert "seed2: found no seal" in refused(capsys, "collect", "--params", KEY)
    seal.write_bytes(kept)
    forge(runs / PLACES[2], lambda c: c.update(parameters=123))
    assert "seed2, parameters: found 123; expected 42,600" in refused(capsys, "collect", "--params", KEY)
    shutil.copyfile(ROOT / "reports" / "records" / PLACES[1] / "record.json", runs / PLACES[2] / "record.json")
    assert "seed2/record.json: found SHA-256" in refused(capsys, "collect", "--params", KEY)
    assert not (here / "reports").exists()


def test_import_seals_and_keeps_the_bytes(here, runs):
    for place in PLACES:
        (runs / place / "seal.json").unlink()
    assert main(["import", "runs"]) == 0
    for place in PLACES:
        there = here / "reports" / "records" / "imported" / place
        assert unsealed(there) == unsealed(ROOT / "reports" / "records" / place), "the bytes"
        assert not (runs / place / "seal.json").exists() and read_record(there).sealed


def test_import_refuses_the_cell_that_lies(here, committed, capsys):
    for seed in (0, 1, 2):
        source = committed(f"synthetic-8/{WEIGHTED}/seed{seed}", lambda c: c["cell"].update(name=PLAIN), to=PLACES[seed])
        (source.directory / "seal.json").unlink()  # as a run of an older version leaves them
    copies = source.directory.parents[2]
    for more in ([], ["--check"], ["--replace"]):
        line = refused(capsys, "import", copies, *more)
        assert all(part in line for part in sentence("weighted"))
    assert not (here / "reports").exists()


def test_seal_checks_and_seals_what_has_no_seal(here, runs, capsys):
    before = unsealed(runs)
    for place in PLACES[:2]:
        (runs / place / "seal.json").unlink()
    assert main(["seal", "runs"]) == 0
    assert "2 records checked and sealed, 1 were sealed already" in capsys.readouterr().out
    assert unsealed(runs) == before and all(read_record(runs / place).sealed for place in PLACES)
    assert main(["seal", "runs"]) == 0
    assert "0 records checked and sealed, 3 were sealed already" in capsys.readouterr().out


def test_seal_covers_the_weights_that_are_there(here, runs):
    place = runs / PLACES[0]
    (place / "seal.json").unlink()
    (place / "weights.pt").write_bytes(b"weights")
    assert main(["seal", "runs"]) == 0
    assert set(json.loads((place / "seal.json").read_text())["files"]) == {"record.json", "weights.pt"}


def test_seal_writes_none_if_one_is_bad(here, runs, forge, capsys):
    forge(runs / PLACES[2], lambda c: c["history"].pop())
    for place in PLACES:
        (runs / place / "seal.json").unlink()
    assert "seed2, history: found 3 epochs" in refused(capsys, "seal", "runs")
    assert not list(runs.rglob("seal.json"))
    assert "found no record.json below it" in refused(capsys, "seal", "nowhere")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"faces": "many"}, "faces: found 'many'; expected a whole number"),
        ({"faces": True}, "faces: found True; expected a whole number"),
        ({"sizes": 48}, "sizes: found an unknown field; expected size: did you mean that?"),
    ],
)
def test_prepare_refuses_options_of_another_kind(here, capsys, options, said):
    contents = yaml.safe_load(Path("params.yaml").read_text())
    contents["data"]["synthetic"]["options"] = options
    Path("params.yaml").write_text(yaml.safe_dump(contents))
    line = refused(capsys, "prepare", "synthetic", "--params")
    assert line == f"ferbench: params.yaml, data, synthetic, options, {said}" and not (here / "data").exists()


def test_a_data_set_on_which_nothing_runs(here, capsys):
    contents = yaml.safe_load(Path("params.yaml").read_text())
    contents["data"]["fer2013"] = {"options": {}}
    Path("params.yaml").write_text(yaml.safe_dump(contents))
    assert main(["run", "--params", "all", "--data", "fer2013", "--collect"]) == 0
    assert capsys.readouterr().out == "no run on fer2013\nrecords in runs\n" and not (here / "reports").exists()
    assert files(here / "runs") == {"networks/fer2013.json": b"{}\n"}
