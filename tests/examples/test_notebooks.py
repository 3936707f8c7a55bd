"""The notebooks of examples/ run as they are committed, and what is committed with them is what they give."""

import json
import re

import nbformat
import pytest

from tests.examples.notebooks import FOLDER, HELD, WHERE, committed, executed, project, text_of

BYTES = 150_000
CELLS = 20
AGAIN = "python tests/examples/notebooks.py"


def code_of(name):
    return [cell for cell in committed(name).cells if cell.cell_type == "code"]


def run_again(name, top):
    """Executes a notebook and compares the cells that are the same everywhere."""
    pytest.importorskip("ipykernel", reason="no ipykernel: the extra `test` is not installed")
    pytest.importorskip("nbclient", reason="no nbclient: the extra `test` is not installed")
    now = [cell for cell in executed(name, project(top)).cells if cell.cell_type == "code"]
    held = 0
    for old, new in zip(code_of(name), now, strict=True):
        assert len(old.outputs) == len(new.outputs), f"{old.source}\nother outputs: {AGAIN}"
        if HELD in old.metadata.get("tags", ()):
            assert text_of(new) == text_of(old), f"{old.source}\nif the records changed: {AGAIN}"
            held += 1
    return held


@pytest.mark.slow
def test_reading_the_claims_gives_what_is_committed(tmp_path):
    assert run_again("reading-the-claims", tmp_path) == len(code_of("reading-the-claims")) - 1  # all but the picture


@pytest.mark.slow
def test_the_quick_start_gives_what_is_committed(tmp_path):
    """Draws 4,200 faces and trains a network. docs/python.md is executed by a test that is not slow."""
    assert run_again("quickstart", tmp_path) >= 3


def test_every_notebook_is_executed_here():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(WHERE)


@pytest.mark.parametrize("name", WHERE)
def test_what_is_committed_is_small_whole_and_of_no_machine(name):
    path = FOLDER / f"{name}.ipynb"
    notebook = committed(name)
    nbformat.validate(notebook)
    assert path.stat().st_size < BYTES and len(notebook.cells) <= CELLS
    assert [cell.execution_count for cell in code_of(name)] == list(range(1, len(code_of(name)) + 1)), AGAIN
    outputs = [each for cell in code_of(name) for each in cell.outputs]
    assert not [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"]
    written = json.dumps([{**each, "data": {**each.get("data", {}), "image/png": ""}} for each in outputs])
    assert not [word for word in ("/home/", "/root/", "/tmp/", "/Users/", "site-packages") if word in written]


@pytest.mark.parametrize("name", WHERE)
def test_no_measured_number_is_typed_in(name):
    """Results are in outputs: text has no percentages and no numbers with decimals."""
    text = "\n".join(cell.source for cell in committed(name).cells if cell.cell_type == "markdown")
    assert not re.search(r"\d\.\d|\d ?%(?! over)", text)


def test_the_same_network_in_other_forms_was_as_good():
    (cell,) = [cell for cell in code_of("quickstart") if "ONNX file" in cell.source]
    assert text_of(cell) == ["{'function': True, 'ONNX file': True, 'predictions': True}"]
