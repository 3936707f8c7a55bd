"""docs/predict.md, its commands run as they are written, in this checkout."""

import json
import shlex

import pytest

from benchmark.cli.main import main
from benchmark.interface.prediction import SCHEMA, Prediction
from benchmark.photographs import finding
from tests.docs.pages import ROOT, blocks, text

PAGE = "docs/predict.md"
COMMANDS = [line.partition(" > ")[0] for block in blocks(PAGE) for line in block.splitlines() if line.startswith("ferbench")]


def test_the_commands(monkeypatch, capsys):
    pytest.importorskip(finding.PACKAGE)
    monkeypatch.chdir(ROOT)
    found, given = COMMANDS
    assert not main(shlex.split(found)[1:])
    said = capsys.readouterr().out
    assert "faces found, left to right" in said and "not what a person feels" in said and said.count("valence") > 10
    assert not main(shlex.split(given)[1:])
    (picture,) = json.loads(capsys.readouterr().out)["pictures"]
    assert picture["taken"] == "as given" and len(picture["faces"]) == 1


def test_every_key_of_the_json_is_named():
    shown = Prediction([], []).as_dict()
    assert shown["schema"] == SCHEMA and all(f"`{key}`" in text("docs/reference/carried.md") for key in shown)
