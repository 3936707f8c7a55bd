"""docs/experiments.md: its picture of the stages is that of dvc.yaml; its experiments, run in a clone (slow)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\w+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL))
WIDTH = 120  # columns of a terminal


def plain(path: str) -> str:
    """A path of dvc.yaml without what a template puts in: `runs/${item.protocol}/${item.cell}` -> `runs`."""
    return path.partition("/${")[0]


def test_the_picture_shows_the_stages_and_what_they_take_from_each_other():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    made, wanted = {}, set()
    for name, stage in stages.items():
        for out in (stage := stage.get("do", stage))["outs"]:
            made[plain(out if isinstance(out, str) else next(iter(out)))] = name
    for name, stage in stages.items():
        for dep in stage.get("do", stage)["deps"]:
            wanted |= {(other, name) for out, other in made.items() if plain(dep) == out}
    (picture,) = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    drawn = set()
    for line in picture.splitlines()[1:]:
        before, after = (side.strip().split(" & ") for side in line.split("-->"))
        drawn |= {(one, other) for one in before for other in after}
    assert drawn == wanted and len(wanted) > 10


def test_what_the_page_says_can_be_changed():
    from benchmark.protocol.turned import LISTED

    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    named = set(re.findall(r"`(?:protocols\.NAME)?\.([a-z_]+)`", PAGE.partition("Any other")[0]))
    assert {"epochs", "input_size"} | named == set(LISTED)
    assert set(params["protocols"]["synthetic-8"]) == set(LISTED)
    assert "seeds" in params and "faces" in params["data"]["synthetic"]["options"]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A function that runs commands in a clone whose plan has one cell and few faces."""
    top = tmp_path_factory.mktemp("experiments")
    try:
        subprocess.run(["git", "clone", "-q", ROOT, top / "clone"], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout to clone")
    clone = top / "clone"
    (top / "bin").mkdir()
    (top / "bin" / "ferbench").write_text(f'#!/bin/sh\nexec {sys.executable} -m benchmark "$@"\n')
    (top / "bin" / "ferbench").chmod(0o755)
    names = {f"GIT_{who}_{what}": "someone@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{top / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    # An empty PYTHONPATH: an experiment of the queue runs in a folder of its own and has to import the code there.
    env = os.environ | names | {"PATH": path, "PYTHONPATH": "", "COLUMNS": str(WIDTH), "HOME": str(top)}

    def run(commands: str, status: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", commands], cwd=clone, env=env, capture_output=True, text=True
        )
        assert done.returncode == status, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    run.clone = clone
    return run


def small(clone: Path) -> None:
    params = yaml.safe_load((clone / "params.yaml").read_text())
    (key,) = [key for key in params["runs"] if "identity" in key]
    params["runs"] = {key: params["runs"][key]}
    params["protocols"] = {"synthetic-8": params["protocols"]["synthetic-8"] | {"epochs": 1}}
    params |= {"gradients": {}, "packages": {"ablations": params["packages"]["ablations"]}}
    params["data"]["synthetic"]["options"]["faces"] = 240
    (clone / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_the_experiments_of_the_page(team):
    begun = BLOCKS["start"].replace("&& dvc repro", "")
    assert begun != BLOCKS["start"]
    profile, commit = begun.strip().splitlines()
    team(profile)
    small(team.clone)
    team("dvc repro")
    team(commit)
    published = team("git show HEAD:reports/metrics/synthetic-8.json")

    said = team(BLOCKS["run"])
    assert "Experiment results have been applied to your workspace." in said
    metrics = json.loads((team.clone / "reports/metrics/synthetic-8.json").read_text())
    name = "synthetic-8+epochs-1+learning_rate-2e-3"
    assert metrics["protocol"] == name and json.loads(published)["protocol"] == "synthetic-8+epochs-1"
    tables = {path.name for path in (team.clone / "reports/tables").glob("synthetic-8*-results.csv")}
    assert any(name in each for each in tables)
    show, params, diff, _ = BLOCKS["show"].strip().splitlines()
    assert re.search(r"protocols.synthetic-8.learning_rate +0.004 +0.002", team(params))
    assert re.search(rf"protocol +synthetic-8\+epochs-1 +{re.escape(name)}", team(diff))

    team(BLOCKS["queue"])
    table = team(f"{show} --no-pager")
    assert max(map(len, table.splitlines())) <= WIDTH
    assert re.search(r"accuracy +macro_f1 +protocols.synthetic-8.learning_rate", table)
    assert {"0.001", "0.002", "0.004", "0.008"} <= set(re.findall(r"0\.\d+", table))
    team("dvc plots show")
    assert "dvc_plots" not in team("git status --short --untracked-files=all")
    assert max(map(len, team("dvc metrics show").splitlines())) <= WIDTH

    (key,) = yaml.safe_load((team.clone / "params.yaml").read_text())["runs"]
    refused = team(f"dvc exp run -S runs.{key}.loss=focal", status=255)
    assert f"ferbench: params.yaml, runs, {key}, loss: found focal; expected plain, as its cells.yaml defines" in refused
    assert "(CONTRIBUTING.md, 'A cell')" in refused
