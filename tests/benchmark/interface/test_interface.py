"""`import benchmark`: what is loaded, what can be seen, and packages that are functions, too."""

import importlib
import inspect
import json
import re
import subprocess
import sys
import types

import pytest

import benchmark
import benchmark.claims
import benchmark.faces
from benchmark import INTERFACE, ROOMS


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_loads_nothing_heavy():
    heavy = ("torch", "numpy", "pandas", "sklearn", "scipy", "matplotlib", "timm", "yaml")
    code = f"import json, sys, benchmark; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    assert json.loads(fresh(code)) == []


def test_what_can_be_seen():
    assert json.loads(
        fresh("import json, benchmark; print(json.dumps([n for n in dir(benchmark) if n[0] != '_']))")
    ) == sorted(INTERFACE)
    with pytest.raises(AttributeError, match="module 'benchmark' has no attribute 'evaluation'"):
        benchmark.evaluation  # noqa: B018


@pytest.mark.parametrize("name", INTERFACE)
def test_every_name_is_there_and_says_what_it_does(name):
    found = getattr(benchmark, name)
    assert callable(found) or inspect.isclass(found)
    real = getattr(importlib.import_module(INTERFACE[name]), name)
    assert name in ROOMS or found is real
    assert len(inspect.getdoc(real)) > 30


# Each is a process that loads pandas; the order of the imports is what matters, not the room.
BOTH = [("faces", ""), ("claims", "import benchmark.{0}.{1}; "), ("records", "from benchmark.{0} import {1}; ")]


@pytest.mark.parametrize("name, first", BOTH)
def test_a_package_with_the_name_of_a_function_is_both(name, first):
    inside = {"faces": "card", "claims": "claim", "records": "seal"}[name]
    code = (
        f"{first.format(name, inside)}import benchmark, inspect; "
        f"print(callable(benchmark.{name}), list(inspect.signature(benchmark.{name}).parameters)[-1]); "
        f"import benchmark.{name}.{inside} as it; print(it is benchmark.{name}.{inside})"
    )
    assert fresh(code).split() == ["True", "project", "True"]


def test_a_room_is_called_as_its_function(monkeypatch):
    monkeypatch.setattr("benchmark.interface.tables.claims", lambda **named: named)
    assert isinstance(benchmark.claims, types.ModuleType) and benchmark.claims(project="x") == {"project": "x"}


USER = """
import benchmark
wrong: int = benchmark.evaluate("net.onnx", "fer2013-7")
benchmark.evaluate()
benchmark.faces("fer2013-7").nonsense
right = benchmark.records()
"""


@pytest.mark.slow
def test_a_users_type_checker_sees_the_functions(tmp_path):
    api = pytest.importorskip("mypy.api")
    (tmp_path / "user.py").write_text(USER)
    told, _, _ = api.run([str(tmp_path / "user.py"), "--strict", "--cache-dir", str(tmp_path), "--follow-imports", "silent"])
    kinds = re.findall(r"user\.py:(\d+): error: .*\[(.+)\]", told)
    assert kinds == [("3", "assignment"), ("4", "call-arg"), ("5", "attr-defined")]
