"""A package that this project knows nothing of, installed with pip: its model by entry point, trained, in the report."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmark.faces.readers.synthetic.reader import prepare
from benchmark.files import read_yaml
from benchmark.protocol.protocol import PROTOCOLS

ROOT = Path(__file__).parents[1]
PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "strangers-fer"
version = "0.3"
[project.entry-points."ferbench.models"]
strangers-net = "strangers_fer.nets:small"
[tool.setuptools]
packages = ["strangers_fer"]
"""
NETS = '''
from torch import nn


def small(num_outputs, in_channels, input_size, *, width=6):
    """A network that knows nothing of the benchmark."""
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, 2), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, 2),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_outputs),
    )
'''


@pytest.fixture
def ferbench(tmp_path):
    """A function (arguments) -> output of the command, the package beside it on the path and `tmp_path` its folder."""
    source, site = tmp_path / "source", tmp_path / "site"
    (source / "strangers_fer").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "strangers_fer" / "__init__.py").write_text("")
    (source / "strangers_fer" / "nets.py").write_text(NETS)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--target", site, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", "OMP_NUM_THREADS": "1"}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "benchmark", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_from_pip_install_to_a_row_of_the_report(ferbench, tmp_path):
    (line,) = (each for each in ferbench("models").splitlines() if each.startswith("strangers-net "))
    assert line.split()[1] == "strangers_fer"
    prepare(tmp_path / "data" / "prepared" / "synthetic", faces=480, size=32, jobs=1)
    # One epoch, under a protocol of one's own; and the fixed protocol with its whole budget, beside the other rows.
    contents = read_yaml(PROTOCOLS / "synthetic-8.yaml") | {"name": "one-epoch", "epochs": 1}
    (tmp_path / "one-epoch.yaml").write_text(yaml.safe_dump(contents))
    ferbench("run", "./one-epoch.yaml", "strangers-net", "--out", "reports/records/own")
    ferbench("run", "synthetic-8", "--model", "strangers-net", "--option", "width=8", "--seeds", "0", "1")
    assert "2 records taken" in ferbench("import", "runs/synthetic-8/strangers-net-8-plain")
    ferbench("report")
    with (tmp_path / "reports" / "tables" / "runs.csv").open() as stream:
        rows = {(row["protocol"], row["cell"], row["seed"]) for row in csv.DictReader(stream)}
    # Fewer faces than the real set, which the report says in the name.
    expected = {("one-epoch-other-bytes", "strangers-net-plain", "0")}
    expected |= {("synthetic-8-other-bytes", "strangers-net-8-plain", seed) for seed in ("0", "1")}
    assert rows == expected
    page = (tmp_path / "reports" / "pages" / "models.html").read_text()
    assert "strangers-net-plain" in page and "strangers-net-8-plain" in page
    record = json.loads((tmp_path / "reports/records/own/one-epoch/strangers-net-plain/seed0/record.json").read_text())
    assert [entry["epoch"] for entry in record["history"]] == [1]
    # Weights of the convolutions, their biases, BatchNorm's two, and the linear layer's, for 3 channels and 8 classes.
    assert record["parameters"] == 6 * 3 * 9 + 6 + 2 * 6 + 6 * 6 * 9 + 6 + 8 * 6 + 8
