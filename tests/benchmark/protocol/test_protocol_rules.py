"""What a protocol, a recipe and a cell may be, which faces have which role, and what a run is called: one wrong value at a
time, and every value that decides something asserted."""

import hashlib
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.protocol import protocol as module
from benchmark.protocol.cells import (
    Cell,
    Run,
    cell_from,
    cell_of,
    cell_or_model,
    cells_in,
    find_cell,
    installed_cells,
    named_cell,
)
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, load_protocol, protocol_from
from benchmark.protocol.roles import check_faces, labelled, role_rows, role_targets
from benchmark.typed import DEEPEST, plain

FOLDS = ["a", "b", "c"]
THREE = {"train": "x", "validation": "y", "test": "z"}


def changed(name="fer2013-7", **changes):
    contents = read_yaml(PROTOCOLS / f"{name}.yaml") | changes
    return {key: value for key, value in contents.items() if value is not ...}


CLASSED = "two or more for a categorical task, none for another"


@pytest.mark.parametrize(
    ("name", "changes", "found", "expected"),
    [
        ("fer2013-7", {"channels": 2}, "2", "one of 1, 3"),
        ("fer2013-7", {"classes": ["happy"]}, "('happy',)", CLASSED),
        ("fer2013-7", {"classes": []}, "()", CLASSED),
        ("synthetic-va", {"classes": ["happy", "sad"]}, "('happy', 'sad')", CLASSED),
        ("synthetic-va", {"classes": ["happy"]}, "('happy',)", CLASSED),
        ("fer2013-7", {"classes": ["happy", "sad", "happy"]}, "('happy', 'sad', 'happy')", "names that differ"),
        ("fer2013-7", {"epochs": 0}, "0", "a number from 1 to 100000"),
        ("fer2013-7", {"epochs": True}, "True", "a whole number"),
        ("fer2013-7", {"epochs": 60.0}, "60.0", "a whole number; write 60"),
        ("fer2013-7", {"epochs": 2**63}, "9223372036854775808", "a whole number"),
        ("fer2013-7", {"input_size": 0}, "0", "a number from 1 to 4096"),
        ("fer2013-7", {"version": "1..0"}, "'1..0'", "digits with dots between, such as 1.0"),
        ("fer2013-7", {"version": "v1"}, "'v1'", "digits with dots between, such as 1.0"),
        ("fer2013-7", {"selection": "best-test"}, "'best-test'", "one of last, best-validation"),
        ("fer2013-7", {"tta": ["flip", "none"]}, "('flip', 'none')", "a list that starts with none"),
        ("fer2013-7", {"tta": []}, "()", "a list that starts with none"),
        ("fer2013-7", {"tta": ["none", "flip", "flip"]}, "('none', 'flip', 'flip')", "names that differ"),
        ("synthetic-va", {"frames_of": "clip"}, "clip", "video, and a dimensional task; or nothing"),
        ("diffusionfer-7", {"folds": FOLDS[:2]}, "a, b", "a list of 3 or more different splits"),
        ("diffusionfer-7", {"folds": ["a", "b", "a"]}, "a, b, a", "a list of 3 or more different splits"),
        ("diffusionfer-7", {"splits": THREE}, f"{THREE}", "none beside folds, which give every role"),
        ("fer2013-7", {"splits": THREE | {"test": "y"}}, f"{THREE | {'test': 'y'}}", "three different splits"),
        ("fer2013-7", {"splits": {"train": "x"}}, "['train']", "the roles train, validation, test"),
    ],
)
def test_one_wrong_value_of_a_protocol(name, changes, found, expected):
    assert protocol_from(changed(name), "file.yaml").name == name
    with pytest.raises(BadInput) as error:
        protocol_from(changed(name, **changes), "file.yaml")
    assert str(error.value) == f"file.yaml, {next(iter(changes))}: found {found}; expected {expected}"


def test_a_missing_field_is_named():
    with pytest.raises(BadInput) as error:
        protocol_from(changed(epochs=...), "file.yaml")
    assert str(error.value) == "file.yaml, epochs: found nothing; expected a whole number"


@pytest.mark.parametrize(
    ("changes", "found", "kind"),
    [
        ({"learning_rate": True}, "True", "a number"),
        ({"learning_rate": float("inf")}, "inf", "a number"),
        ({"warmup": float("nan")}, "nan", "a number"),
        ({"batch_size": 64.0}, "64.0", "a whole number; write 64"),
        ({"decay_steps": "8000"}, "'8000'", "a whole number; this is text in YAML, write 8000"),
        ({"input_mean": ["training"]}, "['training']", "text, or a list of numbers"),
    ],
)
def test_one_wrong_value_of_a_recipe(changes, found, kind):
    contents = changed(recipe=...) | {"recipe_name": "standard"}
    with pytest.raises(BadInput) as error:
        protocol_from(contents, "file.yaml", recipe=read_yaml(RECIPES)["standard"] | changes)
    where = f"file.yaml, recipe standard, {next(iter(changes))}"
    assert str(error.value) == f"{where}: found {found}; expected {kind}"


def test_a_whole_number_where_a_fraction_may_stand_is_the_same_recipe():
    contents = changed(recipe=...) | {"recipe_name": "standard"}
    whole = protocol_from(contents, "file", recipe=read_yaml(RECIPES)["standard"] | {"gradient_clip": 1})
    assert whole.hash == load_protocol("fer2013-7").hash and type(whole.recipe.gradient_clip) is float


def test_three_folds_are_enough():
    assert protocol_from(changed("diffusionfer-7", folds=FOLDS), "file").folds == ("a", "b", "c")


def test_an_edited_file_is_read_again(tmp_path, monkeypatch):
    """The protocol's own, and that of the recipes; the first reading is kept only while both are as they were."""
    shutil.copytree(PROTOCOLS, tmp_path / "protocols")
    recipes = shutil.copy(RECIPES, tmp_path / "recipes.yaml")
    monkeypatch.setattr(module, "PROTOCOLS", tmp_path / "protocols")
    monkeypatch.setattr(module, "RECIPES", tmp_path / "recipes.yaml")
    before, own = load_protocol("fer2013-7"), tmp_path / "protocols" / "fer2013-7.yaml"
    recipes.write_text(recipes.read_text().replace("learning_rate: 0.002", "learning_rate: 0.003"))
    between = load_protocol("fer2013-7")
    assert (before.recipe.learning_rate, between.recipe.learning_rate) == (0.002, 0.003)
    own.write_text(own.read_text().replace("epochs: 60", "epochs: 61"))
    assert (between.epochs, load_protocol("fer2013-7").epochs) == (60, 61)
    assert load_protocol("fer2013-7") is load_protocol("fer2013-7")


# ---------------------------------------------------------------- cells and runs

OWN = Cell("own", "net", {"width": 8, "act": "elu"}, "focal", 0.25)


def by_hand(definition):
    """First 16 hexadecimal digits of the SHA-256 of the JSON with sorted names."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def test_what_defines_a_cell():
    definition = {"model": "net", "options": {"width": 8, "act": "elu"}, "loss": "focal"}
    assert OWN.definition == definition | {"learning_rate": 0.25}
    assert OWN.as_dict() == {"name": "own"} | definition | {"learning_rate": 0.25}
    assert replace(OWN, learning_rate=None).definition == definition
    assert OWN.hash == by_hand(OWN.definition) == replace(OWN, name="other").hash
    others = [
        replace(OWN, model="nets"),
        replace(OWN, options={"width": 9, "act": "elu"}),
        replace(OWN, loss="plain"),
        replace(OWN, learning_rate=0.5),
        replace(OWN, learning_rate=None),
    ]
    assert len({OWN.hash, *(each.hash for each in others)}) == 6
    for each in (OWN, others[-1]):
        assert named_cell(each.as_dict(), "file") == each


def test_a_run_has_its_cells_rate_and_a_place_by_names_and_seed():
    protocol = load_protocol("fer2013-7-small")
    run = Run(protocol, OWN, 7)
    assert (run.recipe.learning_rate, run.recipe) == (0.25, replace(protocol.recipe, learning_rate=0.25))
    assert Run(protocol, replace(OWN, learning_rate=None), 7).recipe == protocol.recipe
    assert run.place.parts == ("fer2013-7-small", "own", "seed7")
    assert Run(protocol, OWN, 12).place.name == "seed12" and str(run) == "fer2013-7-small / own / seed 7"


@pytest.mark.parametrize("rate", [0.0, -0.1, float("inf"), float("nan"), 1, "0.1", True])
def test_a_rate_is_a_number_above_0(rate):
    assert cell_from("own", {"model": "net", "loss": "plain", "learning_rate": 1e-9}, "file").learning_rate == 1e-9
    with pytest.raises(BadInput) as error:
        cell_from("own", {"model": "net", "loss": "plain", "learning_rate": rate}, "file")
    expected = f"found {rate!r}; expected a number above 0, such as 0.001 or 1.0e-3"
    assert str(error.value) == f"file, cell own, learning_rate: {expected}"


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"model": "m"}, "file, cell own: found model; expected model, loss and perhaps options and learning_rate"),
        ([1], "file, cell own: found [1]; expected model, loss and perhaps options and learning_rate"),
        ({"model": "m", "loss": "hinge"},
         "file, cell own, loss: found hinge; expected one of ccc, focal, mse, mse+ccc, plain, weighted"),
        ({"model": "m", "loss": "plain", "options": [1]},
         "file, cell own, options: found [1]; expected a mapping of names to values that JSON has"),
        ({"model": "m", "loss": "plain", "options": {1: 2}},
         "file, cell own, options: found {1: 2}; expected a mapping of names to values that JSON has"),
    ],
)  # fmt: skip
def test_one_wrong_value_of_a_cell(contents, message):
    with pytest.raises(BadInput) as error:
        cell_from("own", contents, "file")
    assert str(error.value) == message


def test_an_unknown_cell_is_answered_with_its_relatives():
    with pytest.raises(BadInput) as error:
        find_cell("resnet18-plan")
    assert str(error.value) == (
        f"cell: found 'resnet18-plan'; expected one of the {len(installed_cells())} that `ferbench cells` lists; did you "
        "mean resnet18-plain?"
    )
    with pytest.raises(BadInput, match="`ferbench cells` lists$"):
        find_cell("nothing")
    with pytest.raises(BadInput) as error:
        named_cell({"model": "m", "loss": "plain"}, "file")
    assert str(error.value) == "file, name: found None; expected the name of a cell"


@pytest.mark.parametrize(
    ("name", "loss", "task", "losses"),
    [
        ("synthetic-8", "mse", "categorical", "plain, weighted, focal"),
        ("synthetic-va", "plain", "dimensional", "mse, ccc, mse+ccc"),
    ],
)
def test_a_loss_of_the_other_task_is_refused(name, loss, task, losses):
    with pytest.raises(BadInput) as error:
        Run(load_protocol(name), Cell("own", "m", {}, loss), 0)
    assert str(error.value) == f"cell own under {name}: found loss '{loss}'; expected one for a {task} task: {losses}"


@pytest.mark.parametrize("name", ["../own", "a/b", "", ".own"])
def test_a_cells_name_can_name_a_folder(name):
    with pytest.raises(BadInput, match="file, cell: found name|expected at most 100 letters"):
        cell_from(name, {"model": "net", "loss": "plain"}, "file")


def test_a_grid_crosses_its_axes_over_its_options_and_has_rates_of_its_own():
    grid = {
        "model": "net",
        "options": {"depth": 5, "width": 1},
        "axes": {"width": [8, 9], "loss": ["plain", "mse"]},
        "learning_rates": {"9-plain": 0.5},
    }
    found = cells_in({"grids": {"g": grid}, "cells": {"alone": {"model": "m", "loss": "ccc"}}}, "file")
    assert list(found) == ["alone", "g-8-plain", "g-8-mse", "g-9-plain", "g-9-mse"]
    assert found["g-9-plain"] == Cell("g-9-plain", "net", {"depth": 5, "width": 9}, "plain", 0.5)
    assert found["g-8-mse"] == Cell("g-8-mse", "net", {"depth": 5, "width": 8}, "mse")
    assert found["alone"] == Cell("alone", "m", {}, "ccc")
    for changes, message in (
        ({"learning_rates": {"7-plain": 0.5}}, "grid g, learning_rates: found 7-plain"),
        ({"axes": {"width": [8]}}, "grid g, axes: found"),
        ({"extra": 1}, "grid g: found"),
    ):
        with pytest.raises(BadInput, match=message):
            cells_in({"grids": {"g": grid | changes}}, "file")
    with pytest.raises(BadInput, match="found more; expected the parts cells and grids"):
        cells_in({"more": {}}, "file")


def test_a_model_gets_no_name_of_an_installed_cell_with_another_network(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="cell resnet18-ownrate-plain: found a cell of this name with another network"):
        cell_of("resnet18", "categorical", options={"kind": "ownrate"})
    assert cell_of("resnet18", "dimensional").name == "resnet18-mse" and cell_of("vgg13", "categorical").loss == "plain"
    assert cell_or_model("resnet18-ccc", "dimensional").loss == "ccc"  # a cell's own loss, not the task's first
    (tmp_path / "_nets_of_mine.py").write_text("class Net: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert cell_of("_nets_of_mine:Net", "categorical").name == "nets_of_mine-Net-plain"


# ---------------------------------------------------------------- roles

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def faces(**changes):
    """Six faces as `roles` sees a FaceSet: two of the first class, one without a class, two without one of the levels."""
    own = {
        "directory": "folder",
        "meta": {"name": "fer2013", "version": "1.0", "how": {"options": {}}},
        "classes": CLASSES,
        "split": np.array(["Training", "PublicTest", "PrivateTest", "PrivateTest", "PrivateTest", "PublicTest"]),
        "expression": np.array([3, 0, 0, -1, 6, 2]),
        "valence": np.array([0.1, np.nan, 0.3, 0.4, 0.5, -0.6]),
        "arousal": np.array([-0.1, -0.2, np.nan, -0.4, -0.5, 0.6]),
    }
    made = SimpleNamespace(**own | changes)
    made.rows = lambda split: np.flatnonzero(made.split == split)
    return made


def dimensional(**changes):
    return replace(load_protocol("fer2013-7"), task="dimensional", classes=(), **changes)


def test_faces_of_each_role():
    protocol = load_protocol("fer2013-7")
    found = {role: role_rows(protocol, faces(), role).tolist() for role in ("train", "validation", "test")}
    assert found == {"train": [0], "validation": [1, 5], "test": [2, 4]}  # the first class is a label, -1 is none
    found = {role: role_rows(dimensional(), faces(), role).tolist() for role in ("train", "validation", "test")}
    assert found == {"train": [0], "validation": [5], "test": [3, 4]}  # both levels are needed
    assert labelled(protocol, faces(), np.array([3, 1])).tolist() == [1]


def test_with_folds_every_face_of_a_fold_is_a_test_face():
    protocol = replace(load_protocol("fer2013-7"), splits={}, folds=("PrivateTest", "PublicTest", "other"))
    found = {role: role_rows(protocol, faces(), role).tolist() for role in ("train", "validation", "test")}
    assert found == {"train": [], "validation": [], "test": [1, 2, 4, 5]}


def test_targets_are_classes_or_valence_and_arousal_in_that_order():
    rows = np.array([4, 0])
    found = role_targets(load_protocol("fer2013-7"), faces(), rows)
    assert (found.tolist(), found.dtype) == ([6, 3], np.int64)
    found = role_targets(dimensional(), faces(), rows)
    assert found.dtype == np.float32 and found == pytest.approx(np.array([[0.5, -0.5], [0.1, -0.1]], np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"meta": {"name": "ferplus", "version": "1.0", "how": {}}},
            "name: found ferplus; expected fer2013 for protocol fer2013-7",
        ),
        (
            {"meta": {"name": "fer2013", "version": "1.1", "how": {}}},
            "version: found 1.1; expected 1.0 for protocol fer2013-7",
        ),
        ({"classes": CLASSES[::-1]}, f"class order: found {', '.join(CLASSES[::-1])}; expected {', '.join(CLASSES)}"),
    ],
)
def test_another_faceset_is_refused(changes, message):
    check_faces(load_protocol("fer2013-7"), faces())
    for call in (check_faces, lambda protocol, own: role_rows(protocol, own, "test")):
        own = faces(**changes)
        with pytest.raises(BadInput) as error:
            call(load_protocol("fer2013-7"), own)
        assert str(error.value) == f"{own.directory}, {message}"
    with pytest.raises(BadInput, match="option every: found none; expected 5"):
        check_faces(replace(load_protocol("fer2013-7"), data_options={"every": 5}), faces())


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_a_value_of_options_is_no_deeper_than_json_is_read(wrap):
    value = 1
    for _ in range(DEEPEST - 1):
        value = wrap(value)
    assert plain(value) and not plain(wrap(value))
