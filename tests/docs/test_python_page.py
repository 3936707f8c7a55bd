"""The Python of docs/python.md, executed in its order on drawn faces."""

import pytest

import benchmark
from benchmark.faces.readers.synthetic.reader import prepare
from tests.docs.pages import FENCE, text

BLOCKS = [content for language, content in FENCE.findall(text("docs/python.md")) if language == "python"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    prepare(tmp_path / "data/prepared/synthetic", faces=480, size=32, jobs=1)
    below = tmp_path / "notebooks"  # the project is the folder above
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_every_block_runs(project, capsys):
    names: dict = {}
    said = []
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)
        said.append(capsys.readouterr().out)
    assert said[0].startswith("my-net on synthetic-8 1.0: 96 test faces, view none\n  Accuracy ")
    assert float(said[1]) == 0
    assert said[2].count("\n") == 1 and "synthetic-9" in said[2] and "synthetic-8" in said[2]
    assert sorted(path.name for path in project.rglob("*.json")) == ["meta.json"]  # nothing was entered


def test_the_table_of_functions_is_whole():
    page = text("docs/python.md")
    assert [name for name in benchmark.INTERFACE if f"`{name}" not in page] == ["load_protocol"]
