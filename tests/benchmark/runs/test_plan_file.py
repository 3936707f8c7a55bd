"""Plans as JSON files, and what runs where only torch and numpy can be imported."""

import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs.plan import plan
from benchmark.runs.plan_file import read_plan, write_plan

ROOT = Path(__file__).parents[3]
# Import names of the project's dependencies where they differ from the packages' names.
MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL"}
# The interpreter as on a machine without these packages: they are not found, by import or by find_spec.
BARE = """
    import sys
    from importlib.machinery import PathFinder

    MISSING = set({missing!r})

    class Bare(PathFinder):
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            return None if name.split(".")[0] in MISSING else super().find_spec(name, path, target)

    sys.meta_path = [Bare if finder is PathFinder else finder for finder in sys.meta_path]
    sys.path.insert(0, {root!r})
    from benchmark.cli.main import main

    status = main({argv!r})
    assert not MISSING & {{name.split(".")[0] for name in sys.modules}}
    sys.exit(status)
"""


def bare(here: Path, argv: list[str]) -> subprocess.CompletedProcess:
    """`ferbench` in a new process that has no dependency of the project but torch (with its own filelock) and numpy."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["cluster"]
    packages = {re.match(r"[A-Za-z0-9_-]+", each).group().lower() for each in wanted}
    missing = sorted({MODULES.get(package, package) for package in packages} - {"torch", "numpy", "filelock"})
    assert {"yaml", "tqdm", "sklearn", "timm", "pandas"} <= set(missing)
    code = textwrap.dedent(BARE.format(missing=missing, root=str(ROOT), argv=argv))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    return subprocess.run([sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("profile", ["smoke", "fer2013", "affwild"])
def test_a_plan_comes_back_the_same(tmp_path, profile):
    write_plan(plan(profile), tmp_path / "plan.json")
    read = read_plan(tmp_path / "plan.json")
    assert [(str(run), run.protocol.hash, run.cell.hash) for run in read] == [
        (str(run), run.protocol.hash, run.cell.hash) for run in plan(profile)
    ]


def test_a_plan_that_is_not_whole_is_refused(tmp_path, tiny_protocol, tiny_cell):
    path = tmp_path / "plan.json"
    with pytest.raises(BadInput, match="no such file"):
        read_plan(path)
    run = Run(tiny_protocol(), tiny_cell(), 0)
    with pytest.raises(BadInput, match="two different ones named tiny"):
        write_plan([run, Run(tiny_protocol(), tiny_cell("weighted"), 0)], path)
    assert not path.exists()
    write_plan([run], path)
    whole = json.loads(path.read_text())
    changes = [
        ("schema", 2, "something else"),
        ("runs", [["tiny-categorical", "other", 0]], "runs, 0: found .*other"),
        ("runs", [["tiny-categorical", "tiny", "0"]], "with names of this file"),
        ("cells", {"tiny": {"model": "residual"}}, "cell tiny"),
        ("protocols", {"tiny-categorical": {"name": "x"}}, "no recipe"),
    ]
    for key, value, line in changes:
        path.write_text(json.dumps(whole | {key: value}))
        with pytest.raises(BadInput, match=line):
            read_plan(path)
    path.write_text("{")
    with pytest.raises(BadInput, match="valid JSON"):
        read_plan(path)


def test_shares_part_the_plan(tmp_path, monkeypatch, capsys):
    """Every run in exactly one share; and a share that is none is refused."""
    from benchmark.cli.training import _share

    runs = plan("fer2013")
    shares = [_share(runs, f"{part}/7") for part in range(1, 8)]
    assert sorted(map(str, sum(shares, []))) == sorted(map(str, runs)) and len(set(map(str, runs))) == len(runs)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    monkeypatch.chdir(tmp_path)
    for text in ("0/3", "4/3", "1", "a/b", "1/0"):
        assert main(["run", "--profile", "smoke", "--share", text]) == 2
        assert f"--share: found '{text}'" in capsys.readouterr().err


@pytest.mark.usefixtures("one_thread")
def test_a_machine_with_torch_and_numpy_alone_makes_the_same_record(
    tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch
):
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "tiny").symlink_to(tiny_faces.directory)
    run = Run(tiny_protocol(epochs=2), tiny_cell(), 0)
    write_plan([run], tmp_path / "plan.json")
    argv = ["run", "--plan", "plan.json", "--prepared", "prepared", "--jobs", "1"]
    done = bare(tmp_path, [*argv, "--out", "bare"])
    assert done.returncode == 0, done.stderr
    assert f"[1/1] {run}: validation accuracy" in done.stdout
    monkeypatch.chdir(tmp_path)
    assert main([*argv, "--out", "whole"]) == 0
    first, second = (read_record(tmp_path / out / run.place) for out in ("bare", "whole"))
    assert first["history"] == second["history"] and first["code"] == second["code"]
    for name, array in first.predictions.items():
        np.testing.assert_array_equal(array, second.predictions[name])


def test_without_pyyaml_a_profile_is_refused_in_one_line(tmp_path):
    refused = bare(tmp_path, ["run", "--profile", "smoke"])
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "no package pyyaml to read it; expected it installed, or run --plan FILE.json" in refused.stderr


def test_a_plan_of_brackets(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("[" * 50_000)
    with pytest.raises(BadInput) as error:
        read_plan(path)
    assert str(error.value) == f"{path}: found thousands of brackets; expected fewer"
