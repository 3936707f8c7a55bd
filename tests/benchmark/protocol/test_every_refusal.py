"""Every refusal of this room as a person reads it: where, what was found, what was expected."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import NoneType, SimpleNamespace

import pytest

from benchmark import typed
from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.protocol import cells, protocol, registry
from benchmark.protocol.cells import Cell, cells_in
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, Protocol, Recipe, load_protocol, protocol_from, protocol_names

FER2013 = load_protocol("fer2013-7")
NAME = "at most 100 letters, digits, '-', '_' and '+', a letter or digit first: it names folders"
LINE = "one line of printable text, at most 100 characters"


def refusal(call, *arguments, **more):
    with pytest.raises(BadInput) as error:
        call(*arguments, **more)
    return str(error.value)


# ---------------------------------------------------------------- protocols and recipes

RECIPE = FER2013.recipe.as_dict()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"batches": "x"}, "batches: found 'x'; expected across-epochs, or nothing"),
        ({"precision": "float16"}, "precision: found 'float16'; expected float32, or nothing"),
        ({"shuffle_buffer": 0}, "shuffle_buffer: found 0; expected a number above 0, or nothing"),
        ({"shuffle_buffer": -3}, "shuffle_buffer: found -3; expected a number above 0, or nothing"),
        ({"epsilon_hat": 0.0}, "epsilon_hat: found 0.0; expected a number above 0, or nothing"),
        ({"optimizer": "adam", "weight_decay": 0.1}, "weight_decay: found 0.1; expected 0 for adam; use adamw"),
        ({"decay": 1.5}, "decay: found 1.5; expected a number above 0 and at most 1"),
        ({"decay": 0}, "decay: found 0.0; expected a number above 0 and at most 1"),
        ({"learning_rate": 0}, "learning_rate: found 0.0; expected a number above 0"),
        ({"warmup": 1.5}, "warmup: found 1.5; expected a number from 0 to 1"),
        ({"gradient_clip": 1e13}, "gradient_clip: found 10000000000000.0; expected a number from 0 to 1000000000000"),
        ({"input_mean": "x"}, "input_mean: found 'x'; expected training, or one number per channel, each from 0 to 1"),
        ({"input_mean": [0.5, 0.5]},
         "input_mean: found (0.5, 0.5); expected training, or one number per channel, each from 0 to 1"),
        ({"input_mean": []}, "input_mean: found (); expected training, or one number per channel, each from 0 to 1"),
        ({"input_mean": [0.5, 1.5, 0.5]},
         "input_mean: found (0.5, 1.5, 0.5); expected training, or one number per channel, each from 0 to 1"),
        ({"input_deviation": [1e-7]},
         "input_deviation: found (1e-07,); expected training, or one number per channel, each from 1e-06 to 1"),
        ({"input_mean": [0.5]}, "input_mean: found 1 numbers; expected 3, one per channel, or training"),
        ({"input_deviation": [0.5]}, "input_deviation: found 1 numbers; expected 3, one per channel, or training"),
        ({"optimizer": 3},
         "optimizer: found 3; expected text; text that YAML reads as something else, such as NO and 1.0, "
         "goes in quotes"),
        ({"shuffle_buffer": 2.0}, "shuffle_buffer: found 2.0; expected a whole number, or nothing; write 2"),
    ],
)  # fmt: skip
def test_values_of_a_recipe(changes, line):
    contents = {key: value for key, value in FER2013.as_dict().items() if key != "recipe"} | {"recipe_name": "mine"}
    assert refusal(protocol_from, contents, "file", RECIPE | changes) == f"file, recipe mine, {line}"


def test_what_a_recipe_may_leave_out():
    own = RECIPE | {"batches": "across-epochs", "precision": "float32", "shuffle_buffer": 1, "epsilon_hat": 1e-9, "decay": 1}
    made = protocol_from(FER2013.as_dict() | {"recipe": ...}, "file", own).recipe
    assert (made.batches, made.precision, made.shuffle_buffer, made.epsilon_hat) == ("across-epochs", "float32", 1, 1e-9)
    bare = protocol_from(FER2013.as_dict() | {"recipe": ...}, "file", RECIPE).recipe
    assert (bare.batches, bare.precision, bare.shuffle_buffer, bare.epsilon_hat) == (None,) * 4
    assert "precision" not in bare.as_dict() and made.as_dict()["precision"] == "float32"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": "a/b"}, f", name: found name 'a/b'; expected {NAME}"),
        ({"data": "a/b"}, f", data: found name 'a/b'; expected {NAME}"),
        ({"data_version": "a\nb"}, f", data_version: found 'a\\nb'; expected {LINE}"),
        ({"recipe_name": ""}, f", recipe_name: found ''; expected {LINE}"),
        ({"splits": {"train": "", "validation": "b", "test": "c"}}, f", splits, train: found ''; expected {LINE}"),
        ({"classes": ["a", " "]}, f", classes: found ' '; expected {LINE}"),
        ({"tta": ["none", "a\tb"]}, f", tta: found 'a\\tb'; expected {LINE}"),
        ({"classes": "abc"}, ", classes: found 'abc'; expected a list of texts; write [abc]"),
        ({"splits": None}, ", splits: found None; expected a mapping of names to texts"),
        ({"splits": ["a", "b", "c"]}, ", splits: found ['a', 'b', 'c']; expected a mapping of names to texts"),
        ({"folds": "abc", "splits": {}}, ", folds: found 'abc'; expected a list of texts, or nothing; write [abc]"),
        ({"tta": None}, ", tta: found None; expected a list of texts"),
        ({"task": "both"}, ", task: found 'both'; expected one of categorical, dimensional"),
        ({"selection": "x"}, ", selection: found 'x'; expected one of last, best-validation"),
        ({"folds": ["a", "b", "c/d"], "splits": {}}, f", folds: found name 'c/d'; expected {NAME}"),
        ({"frames_of": "video"}, ", frames_of: found video; expected video, and a dimensional task; or nothing"),
        ({"tta": ["none", "blur", "x"]}, ", tta: found 'blur'; expected some of none, flip, ten-crop"),
        ({"version": "1."}, ", version: found '1.'; expected digits with dots between, such as 1.0"),
    ],
)  # fmt: skip
def test_values_of_a_protocol(changes, line):
    contents = {key: value for key, value in FER2013.as_dict().items() if key != "recipe"}
    assert refusal(protocol_from, contents | changes, "file", RECIPE) == f"file{line}"


def test_protocols_by_name_and_file(tmp_path, monkeypatch):
    assert refusal(load_protocol, "fer2014") == (
        f"protocol: found 'fer2014'; expected one of the {len(protocol_names())} that `ferbench protocols` lists, or a file "
        "such as ./my-protocol.yaml; did you mean fer2013-7?"
    )
    text = (PROTOCOLS / "fer2013-7.yaml").read_text()
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text(text)
    other.write_text(text.replace("epochs: 60", "epochs: 61"))
    assert load_protocol(str(same)) == FER2013
    assert (
        refusal(load_protocol, str(other))
        == f"{other}, name: found fer2013-7; expected a name that no protocol of the suite has"
    )
    other.write_text(text.replace("recipe: standard", "recipe: own"))
    recipes = f"one of {', '.join(protocol.read_yaml(RECIPES))}, or a mapping with name, base and the values that differ"
    line = f"{other}, recipe: found 'own'; expected {recipes}"
    with pytest.raises(BadInput) as error:
        load_protocol(str(other))
    taken = f"{other}, name: found fer2013-7; expected a name that no protocol of the suite has"
    assert [str(fault) for fault in error.value.faults] == [taken, line]
    with pytest.raises(BadInput) as error:
        protocol_from({}, "file")
    assert str(error.value.faults[-1]) == f"file, recipe: found nothing; expected {recipes}"
    monkeypatch.setattr(protocol, "PROTOCOLS", tmp_path)
    assert refusal(load_protocol, "other") == line
    assert refusal(protocol_from, FER2013.as_dict(), "file", []) == (
        f"file, recipe standard: found []; expected a mapping with {', '.join(Recipe.__annotations__)}"
    )
    assert refusal(protocol_from, FER2013.as_dict() | {"a": 1}, "file", RECIPE) == (
        f"file, a: found an unknown field; expected one of {', '.join(k for k in Protocol.__annotations__ if k != 'recipe')}"
    )


def test_options_of_the_data():
    own = SimpleNamespace(name="p", data_options={"every": 5, "size": 112})
    check = Protocol.check_data_options
    check(own, {"how": {"options": {"every": 5, "size": 112, "more": 1}}}, "here")
    check(SimpleNamespace(name="p", data_options=None), {"how": {}}, "here")
    assert refusal(check, own, {"how": {"options": {"every": 5, "size": 9}}}, "here") == (
        "here, option size: found 9; expected 112 for protocol p; prepare it again with that option"
    )
    assert refusal(check, own, {"how": {}}, "here") == (
        "here, option every: found none; expected 5 for protocol p; prepare it again with that option"
    )


# ---------------------------------------------------------------- types


@dataclass(frozen=True)
class Inner:
    x: int


@dataclass(frozen=True)
class Own:
    number: float
    names: tuple[str, ...] = ()
    table: Mapping[str, Json] | None = None
    inner: Inner | None = None


def test_a_dataclass_from_a_mapping():
    made = typed.from_mapping(Own, {"number": 3, "names": ["a"], "table": {"b": [1]}, "inner": Inner(1)}, "file")
    assert made == Own(3.0, ("a",), {"b": [1]}, Inner(1)) and type(made.number) is float
    assert typed.from_mapping(Own, {"number": 0.5}, "file") == Own(0.5)
    long = "x" * 300
    for contents, line in (
        (long, f": found {repr(long)[:200]}; expected a mapping with number, names, table, inner"),
        ({"names": [], "more": 1, 5: 2},
         ", more: found an unknown field; expected one of number, names, table, inner (and 2 more)"),
        ({"number": long}, f", number: found {repr(long)[:200]}; expected a number"),
        ({"number": 2**63}, f", number: found {2**63}; expected a number"),
        ({"number": True}, ", number: found True; expected a number"),
        ({"number": 1, "names": "a"}, ", names: found 'a'; expected a list of texts; write [a]"),
        ({"number": 1, "names": [False, "a"]},
         ", names: found [False, 'a']; expected a list of texts; text that YAML reads as something else, such as NO "
         "and 1.0, goes in quotes"),
        ({"number": 1, "inner": {"x": 1}}, ", inner: found {'x': 1}; expected a mapping, or nothing"),
    ):  # fmt: skip
        assert refusal(typed.from_mapping, Own, contents, "file") == f"file{line}"
    assert typed.from_mapping(Own, {"number": -(2**62)}, "file").number == -(2.0**62)


@pytest.mark.parametrize(
    ("value", "kind", "good"),
    [
        (1, int, True), (True, int, False), (1, bool, False), (True, bool, True), (1, float, False), (0.5, float, True),
        (float("inf"), float, False), (2**63 - 1, int, True), (2**63, int, False), (-(2**63), int, False),
        (2.0**63, float, False), ("a", str, True), (None, NoneType, True), (0, NoneType, False), (None, int | None, True),
        (1, int | None, True), ("a", int | None, False), (("a", "b"), tuple[str, ...], True), ((), tuple[str, ...], True),
        (("a", 1), tuple[str, ...], False), (["a"], tuple[str, ...], False), ({"a": "b"}, Mapping[str, str], True),
        ({"a": 1}, Mapping[str, str], False), ({1: "b"}, Mapping[str, str], False), ([], Mapping[str, str], False),
        ({"a": {"b": [1]}}, Mapping[str, Json], True), ({"a": {1: 2}}, Mapping[str, Json], False),
        ({"a": {1, 2}}, Mapping[str, Json], False), (Inner(1), Inner, True), ({"x": 1}, Inner, False),
    ],
)  # fmt: skip
def test_what_fits_a_type(value, kind, good):
    assert typed.fits(value, kind) is good


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (None, True), (True, True), (1.5, True), (float("nan"), False), (2**63, False), ("é", True), ("a\ud800", False),
        ("\udfff", False), ("\ue000", True), ("\ud7ff", True), (b"x", False), ({1, 2}, False), ((1, "a"), True),
        ({"a": [1, {"b": None}]}, True), ({"a": b"x"}, False), ({1: 1}, False), ({"\ud800": 1}, False), ([b"x"], False),
        (nested(31), True), (nested(32), False), ({"a": nested(30)}, True), ({"a": nested(31)}, False),
    ],
)  # fmt: skip
def test_what_json_has(value, good):
    assert typed.plain(value) is good


# ---------------------------------------------------------------- cells

MODEL = {"model": "m", "loss": "plain"}
GRID = {"model": "m", "axes": {"width": [1, 2], "loss": ["plain"]}}


@pytest.mark.parametrize(
    ("contents", "line"),
    [
        ({"more": 1, "cells": {}, "a": 2}, ": found a, more; expected the parts cells and grids"),
        ({"cells": [1]}, ", cells: found [1]; expected a mapping of names to definitions"),
        ({"grids": "x" * 300}, f", grids: found '{'x' * 199}; expected a mapping of names to definitions"),
        ({"cells": {"a/b": MODEL}}, f", cell: found name 'a/b'; expected {NAME}"),
        ({"cells": {"a": MODEL | {"model": ""}}}, f", cell a, model: found ''; expected {LINE}"),
        ({"cells": {"a": MODEL | {"options": {"x": "y" * 300}}}}, None),
        ({"cells": {"a": MODEL | {"options": {5: "y" * 300}}}},
         f", cell a, options: found {{5: '{'y' * 195}; expected a mapping of names to values that JSON has"),
        ({"cells": {"a": {"model": "m", "more": 1}}},
         ", cell a: found model, more; expected model, loss and perhaps options and learning_rate"),
        ({"cells": {"a": "m"}}, ", cell a: found 'm'; expected model, loss and perhaps options and learning_rate"),
        ({"grids": {"g/h": GRID}}, f", grid: found name 'g/h'; expected {NAME}"),
        ({"grids": {"g": GRID | {"more": 1}}},
         ", grid g: found model, axes, more; expected model, axes, perhaps options and learning_rates"),
        ({"grids": {"g": "x" * 300}},
         f", grid g: found '{'x' * 199}; expected model, axes, perhaps options and learning_rates"),
        ({"grids": {"g": GRID | {"axes": {"width": [1]}}}},
         ", grid g, axes: found {'width': [1]}; expected lists of values, loss among them"),
        ({"grids": {"g": GRID | {"axes": {"loss": []}}}},
         ", grid g, axes: found {'loss': []}; expected lists of values, loss among them"),
        ({"grids": {"g": GRID | {"axes": {"loss": "plain"}}}},
         ", grid g, axes: found {'loss': 'plain'}; expected lists of values, loss among them"),
        ({"grids": {"g": GRID | {"axes": [1]}}}, ", grid g, axes: found [1]; expected lists of values, loss among them"),
        ({"grids": {"g": GRID | {"axes": {"a": list(range(73)), "b": list(range(137)), "loss": ["plain"]}}}},
         ", grid g, axes: found 10001 cells; expected at most 10000"),
        ({"grids": {"g": GRID | {"options": [1]}}}, ", grid g, options: found [1]; expected a mapping"),
        ({"grids": {"g": GRID | {"learning_rates": 3}}}, ", grid g, learning_rates: found 3; expected a mapping"),
        ({"grids": {"g": GRID | {"learning_rates": {"1-plain": 0.1, "3-plain": 0.1, "x": 1}}}},
         ", grid g, learning_rates: found 3-plain, x; expected values of its axes"),
        ({"cells": {"g-1-plain": MODEL}, "grids": {"g": GRID}},
         ": found two cells named g-1-plain; expected names that differ"),
    ],
)  # fmt: skip
def test_values_of_a_cells_file(contents, line):
    if line is None:
        assert cells_in(contents, "file")["a"].options == {"x": "y" * 300}
    else:
        assert refusal(cells_in, contents, "file") == f"file{line}"


def test_a_cells_file_may_be_empty_and_a_grid_as_large_as_the_limit(monkeypatch):
    assert cells_in({}, "file") == cells_in({"cells": None, "grids": None}, "file") == {}
    monkeypatch.setattr(cells, "MOST_CELLS", 6)
    many = GRID | {"axes": {"a": [1, 2, 3], "b": [1, 2], "loss": ["plain"]}}
    assert len(cells_in({"grids": {"g": many}}, "file")) == 6
    bare = cells_in({"grids": {"g": GRID | {"options": None, "learning_rates": None}}}, "file")
    assert bare["g-2-plain"] == Cell("g-2-plain", "m", {"width": 2}, "plain", None)


def test_cells_of_two_packages(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cells.yaml").write_text("cells:\n  a: {model: m, loss: plain}\n")
    entries = {name: SimpleNamespace(value=name) for name in ("one", "two")}
    monkeypatch.setattr(cells.registry, "entry_points", lambda group: entries if group == "ferbench.cells" else {})
    monkeypatch.setattr(cells.importlib.resources, "files", lambda package: tmp_path / package)
    assert refusal(cells.load_cells) == (
        f"{tmp_path / 'two' / 'cells.yaml'}: found cell a, which another package offers too; expected a name of its own"
    )
    del entries["two"]
    assert cells.load_cells() == {"a": Cell("a", "m", {}, "plain")}


def test_a_cell_that_is_installed_otherwise():
    own = cells.installed_cells()["resnet18-plain"]
    cells.check_installed(own, "here")
    cells.check_installed(Cell("of-nobody", "m", {}, "plain"), "here")
    other = Cell("resnet18-plain", "vgg13", {}, "plain")
    assert refusal(cells.check_installed, other, "here") == (
        "here, model: found vgg13; expected resnet18, as its cells.yaml defines resnet18-plain; another definition needs "
        "another name"
    )
    other = Cell("resnet18-plain", "resnet18", {"deep": True}, "plain")
    assert refusal(cells.check_installed, other, "here", lambda part: f"no other {part}") == (
        "here, options, deep: found True; expected none, as its cells.yaml defines resnet18-plain; no other deep"
    )
    assert refusal(cells.cell_of, "resnet18", "categorical", options={"kind": "ownrate"}) == (
        "model resnet18, cell resnet18-ownrate-plain: found a cell of this name with another network; "
        "expected a name of its own"
    )
    chosen = cells.cell_of("resnet18", "categorical", loss="weighted", options={"b": "x/y", "a": 2})
    assert (chosen.name, chosen.loss, chosen.options) == ("resnet18-2-x-y-weighted", "weighted", {"a": 2, "b": "x/y"})


# ---------------------------------------------------------------- registry and timm


def found(*entries):
    return [SimpleNamespace(name=n, value=v, dist=d and SimpleNamespace(name=d)) for n, v, d in entries]


def test_entry_points(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_PYPROJECT", tmp_path / "pyproject.toml")

    def installed(*entries):
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found(*entries))

    installed(("b", "x:y", "Other_Package"), ("a", "x:z", None), ("b", "x:y", "other.package"))
    assert [(name, each.value) for name, each in registry.entry_points("g").items()] == [("a", "x:z"), ("b", "x:y")]
    installed(("b", "x:y", "one"), ("b", "x:y", "two"))
    assert refusal(registry.entry_points, "g") == (
        "entry point 'b' of g: found x:y (from one) and x:y (from two); expected one; remove or rename the other"
    )
    installed(("b", "x:y", None), ("b", "x:z", None))
    assert refusal(registry.entry_points, "g") == (
        "entry point 'b' of g: found x:y (from ?) and x:z (from ?); expected one; remove or rename the other"
    )
    installed()
    text = '[project]\nname = "FERBench"\n[project.entry-points."g"]\nn = "m:f"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    assert registry.entry_points("g") == {"n": EntryPoint("n", "m:f", "g")} and registry.entry_points("h") == {}
    installed(("o", "x:y", "ferbench"))
    assert list(registry.entry_points("g")) == ["o"]  # installed: its file is not asked
    installed(("o", "x:y", "other"))
    assert list(registry.entry_points("g")) == ["n", "o"]
    for other in ('[project]\nname = "x"\n', "[other]\n", "[project]\n", '[project]\nname = "ferbench"\n'):
        (tmp_path / "pyproject.toml").write_text(other)
        assert list(registry.entry_points("g")) == ["o"]
    (tmp_path / "pyproject.toml").write_text("[")
    line = refusal(registry.entry_points, "g")
    assert line.startswith(f"{tmp_path / 'pyproject.toml'}: found ") and line.endswith("; expected valid TOML")


def test_models_by_name(monkeypatch):
    own = {
        "a": EntryPoint("a", "json:dumps", "g"),
        "b": EntryPoint("b", "json:__name__", "g"),
        "c": EntryPoint("c", "json:x", "g"),
    }
    monkeypatch.setattr(registry, "models", lambda: own)
    assert registry.entry("timm:resnet18") == EntryPoint(
        "timm:resnet18", "benchmark.protocol.timm_models:factory", "ferbench.models"
    )
    assert registry.entry("a.b:c.d") == EntryPoint("a.b:c.d", "a.b:c.d", "ferbench.models")
    assert registry.entry("a") is own["a"]
    for name in ("a b:c", "a:c d", ":c", "a:", "a:b:c"):
        assert refusal(registry.entry, name) == (
            f"model '{name}': found no such form; expected timm:NAME, or package.module:factory"
        )
    assert refusal(registry.entry, "d") == (
        "model 'd': found no such model; expected one of a, b, c; or timm:NAME, or package.module:factory"
    )
    assert registry.load("a") is __import__("json").dumps
    assert refusal(registry.load, "b") == "model 'b': found json:__name__ is a str; expected a class or a factory"
    assert refusal(registry.load, "c") == (
        "model 'c': found json:x does not import (module 'json' has no attribute 'x'); expected an importable factory"
    )
    assert refusal(registry.load, "no_such_package_here:x") == (
        "model 'no_such_package_here:x': found no_such_package_here:x does not import "
        "(No module named 'no_such_package_here'); expected an importable factory"
    )
