"""`ferbench --version`."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmark.cli import version as module
from benchmark.cli.main import main

ROOT = Path(__file__).parents[3]
NUMBER = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize(
    "commit, said",
    [
        ("0123456789abcdef" * 2, f"ferbench {NUMBER}, commit 0123456789ab\n"),
        ("0123456789abcdef+changes", f"ferbench {NUMBER}, commit 0123456789ab+changes\n"),
        (None, f"ferbench {NUMBER}\n"),
    ],
)
def test_the_version_and_the_commit(monkeypatch, capsys, commit, said):
    monkeypatch.setattr("benchmark.runs.commit.commit", lambda: commit)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == said


@pytest.mark.parametrize("text", [None, '[project]\nname = "other"\nversion = "9"\n'])
def test_outside_a_checkout_it_is_that_of_the_installed_package(monkeypatch, tmp_path, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr("benchmark.protocol.registry._PYPROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"ferbench": "7.8"}[name])
    monkeypatch.setattr("benchmark.runs.commit.commit", lambda: None)
    assert module.version() == "ferbench 7.8"


def test_it_needs_no_torch():
    code = "import sys\nfrom benchmark.cli.main import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
    code += "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0
