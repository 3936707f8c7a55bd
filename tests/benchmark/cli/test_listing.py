"""The lists of plans, protocols, models, cells and data sets: their form, and some lines against the files that they are
made from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmark.cli import listing
from benchmark.cli.main import main
from benchmark.faces.card import card
from benchmark.faces.data_sets import names
from benchmark.protocol.cells import Cell
from benchmark.runs.plan import PROFILES, profile_names

ROOT = Path(__file__).parents[3]
LISTS = ("profile", "protocols", "models", "cells", "data")


@pytest.fixture
def listed(capsys):
    """A function: a command -> its first word of each row -> the row."""

    def lines(command: str) -> dict[str, str]:
        assert main(command.split()) == 0
        return {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}

    return lines


@pytest.mark.parametrize("command", LISTS)
def test_every_line_fits_120_columns_and_the_last_says_what_comes_next(capsys, command):
    assert main([command]) == 0
    said = capsys.readouterr().out.splitlines()
    assert max(map(len, said)) <= listing.WIDE and said[-1].partition(": ")[0].endswith("next")


@pytest.mark.parametrize("command", LISTS)
def test_a_list_takes_no_library_that_loads_for_seconds(command):
    code = f"import sys\nfrom benchmark.cli.main import main\nmain(['{command}'])\n"
    code += "sys.exit(bool({'torch', 'pandas', 'scipy', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0


def test_columns_begin_below_each_other_and_the_last_goes_on():
    found = listing.table(("A", "BB"), [("one", "word " * 60), ("x", "")])
    assert found[0] == "A    BB" and found[-1] == "x"
    assert [line[:5] for line in found[1:-1]] == ["one  ", *["     "] * (len(found) - 3)] and len(found) == 5
    assert all(len(line) <= 120 and not line.endswith(" ") for line in found)


@pytest.mark.parametrize(
    "megabytes, said", [(None, "?"), (2.3, "2.3 MB"), (51.8, "51.8 MB"), (462, "462 MB"), (3600, "3.6 GB"), (15000, "15 GB")]
)
def test_sizes(megabytes, said):
    assert listing.size_of(megabytes) == said


def test_plans(listed):
    found = listed("profile")
    assert set(profile_names()) == {name for name in found if name not in ("PROFILE", "next:")}
    own = yaml.safe_load(PROFILES.read_text())
    for name, entry in own.items():
        assert found[name].endswith(entry["about"]) and f"  {entry['takes']}  " in found[name], name
    # 13 cells with three seeds; FER2013's grid has 12 cells with five (docs/protocol.md) and 12 with three.
    assert "  13 x 3 = 39  " in found["default"] and "  24 x 3-5 = 84  " in found["fer2013"]
    assert " synthetic  " in found["default"] and "  51.8 MB  " in found["default"]  # 4,200 of 6,000 faces of 74 MB
    assert "  2 x 1 = 2  " in found["fer2013-quick"] and "  87 MB  " in found["fer2013-quick"]


def test_every_plan_and_data_set_says_what_it_is_in_a_line():
    for name, entry in yaml.safe_load(PROFILES.read_text()).items():
        assert 0 < len(entry["about"]) <= 40 and 0 < len(entry["takes"]) <= 21, name
    for name in names():
        assert card(name).about and len(card(name).about) <= 44 and card(name).needs, name


def test_a_plan_without_words_is_listed_too(listed, tmp_path, monkeypatch):
    own = {"mine": {"seeds": [0], "runs": {"synthetic-8": ["resnet18-plain"]}}}
    (tmp_path / "profiles.yaml").write_text(yaml.safe_dump(own))
    monkeypatch.setattr("benchmark.runs.plan.PROFILES", tmp_path / "profiles.yaml")
    assert listed("profile")["mine"].split() == ["mine", "synthetic", "74", "MB", "1", "x", "1", "=", "1", "not", "measured"]


def test_protocols(listed):
    found = listed("protocols")
    assert found["fer2013-7"].split(maxsplit=7) == [
        "fer2013-7", "fer2013", "7", "classes", "64x64x3", "60", "standard", "Training, PublicTest, PrivateTest",
    ]  # fmt: skip
    assert found["diffusionfer-va-quick"].endswith("  valence, arousal  32x32x3  15      quick     5 folds")


def test_models(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = listed("models")
    assert found["bregnext-50"].split()[1:4] == ["ablations", "3.07", "M"]  # 3,072,567 in the paper's form
    assert "BReG-NeXt-50" in found["bregnext-50"] and " baselines " in found["vgg13"]
    monkeypatch.chdir(tmp_path)
    assert "  not counted  " in listed("models")["vgg13"]
    (tmp_path / "reports").mkdir()
    entries = [{"model": "vgg13", "parameters": {"trainable": count}} for count in (8_000_000, 1_230_000)]
    (tmp_path / "reports" / "complexity.json").write_text(json.dumps({"schema": 2, "cells": {}, "networks": entries}))
    assert "  1.23 to 8.00 M  " in listed("models")["vgg13"]


@pytest.mark.parametrize("module", ["strangers_gone", "strangers_broken", "json"])
def test_a_model_whose_module_can_not_be_read(tmp_path, monkeypatch, module):
    (tmp_path / "strangers_broken.py").write_text("def (")
    monkeypatch.syspath_prepend(str(tmp_path))
    said = listing._docstring(f"{module}:nothing")
    assert said.startswith("JSON (JavaScript Object Notation)") if module == "json" else said == ""


def test_cells_by_grids_and_one_by_one(listed, capsys):
    found = listed("cells")
    assert found["bregnext-50-post-{adaptive,fixed,identity}-working-{plain,mse}"].split()[1:] == [
        "6", "ablations",
    ]  # fmt: skip
    assert found["resnet18-ownrate-plain"].split()[1:] == ["1", "baselines"]
    shown = sum(int(line.split()[1]) for line in found.values() if line.split()[1].isdecimal())
    assert main(["cells", "*"]) == 0
    assert shown == len(capsys.readouterr().out.splitlines()) > 200
    assert list(listed("cells vgg13")) == [f"vgg13-{loss}" for loss in ("plain", "weighted", "mse", "ccc")]


def test_a_cell_with_a_learning_rate_of_its_own_says_it(listed, monkeypatch):
    cells = {"a": Cell("a", "m", {"width": 8}, "plain", 0.002), "b": Cell("b", "m", {}, "mse")}
    monkeypatch.setattr("benchmark.protocol.cells.installed_cells", lambda: cells)
    assert [" ".join(line.split()) for line in listed("cells ?").values()] == [
        "a m {'width': 8} plain learning rate 0.002", "b m {} mse",
    ]  # fmt: skip


def test_no_cell_of_a_pattern(capsys):
    assert main(["cells", "resnet81"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ferbench: cells, pattern: found 'resnet81'; expected one of the ") and said.count("\n") == 1


def test_which_data_are_here(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("raw/jaffe/x.tiff", "prepared/jaffe/meta.json", "prepared/rafdb/meta.json", "raw/folder-mine/a/b.png"):
        path = tmp_path / "data" / place
        path.parent.mkdir(parents=True)
        path.write_text("x")
    found = listed("data")
    assert "  raw, prepared  " in found["jaffe"] and "  prepared       " in found["rafdb"] and "  -   " in found["expw"]
    assert "  drawn  " in found["synthetic"] and "  35,887 " in found["fer2013"]
    assert "  raw  " in found["folder-mine"] and found["folder-mine"].endswith("your own pictures (docs/data/folder.md)")
