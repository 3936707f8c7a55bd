"""A protocol with other values: another name, another hash, the folder of the one that it is based on."""

import dataclasses
import re

import pytest

from benchmark.errors import BadInput
from benchmark.names import NAME
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import PROTOCOLS, Recipe, load_protocol, protocol_from, protocol_names
from benchmark.protocol.turned import LISTED, TURNABLE, changes, check_base, listed, turned
from benchmark.records.contents import protocol_of
from benchmark.runs.training.crossvalidation import fold_protocol

BASE = load_protocol("synthetic-8")  # recipe quick: learning rate 0.004, 4 epochs at 32x32


def test_the_values_that_params_lists():
    """Those of the recipe `quick` and of synthetic-8.yaml, by hand."""
    assert listed(BASE) == {
        "epochs": 4, "input_size": 32, "learning_rate": 0.004, "batch_size": 32, "augmentation": "flip",
    }  # fmt: skip
    assert tuple(listed(BASE)) == LISTED
    lists = {"input_mean", "input_deviation"}  # lists of numbers, or a word
    assert set(TURNABLE) == {each.name for each in dataclasses.fields(Recipe)} - lists | {"epochs", "input_size"}


@pytest.mark.parametrize("name", protocol_names())
def test_its_own_values_turn_nothing(name):
    base = load_protocol(name)
    assert turned(name, listed(base), "x") is base and turned(name, {}, "x") is base
    assert turned(name, {"learning_rate": None}, "x") is base
    assert base.folder == name and "based_on" not in base.as_dict()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"learning_rate": 0.002}, "synthetic-8+learning_rate-2e-3"),
        ({"learning_rate": 0.0025}, "synthetic-8+learning_rate-25e-4"),
        ({"learning_rate": 1}, "synthetic-8+learning_rate-1"),
        ({"learning_rate": 12.5}, "synthetic-8+learning_rate-125e-1"),
        ({"learning_rate": 300.0}, "synthetic-8+learning_rate-300"),
        ({"learning_rate": 1e-5}, "synthetic-8+learning_rate-1e-5"),
        ({"weight_decay": 0.0}, "synthetic-8+weight_decay-0"),
        ({"learning_rate": 0.002, "epochs": 2}, "synthetic-8+epochs-2+learning_rate-2e-3"),
        ({"input_size": 48, "epochs": 4}, "synthetic-8+input_size-48"),
        ({"augmentation": "standard"}, "synthetic-8+augmentation-standard"),
        ({"batches": "across-epochs"}, "synthetic-8+batches-across-epochs"),
    ],
)
def test_the_name_says_what_was_turned(values, name):
    new = turned("synthetic-8", values, "x")
    assert new.name == name and NAME.fullmatch(name)
    assert new.hash != BASE.hash and new.based_on == "synthetic-8 1.0"
    for key, value in values.items():
        assert getattr(new if key in ("epochs", "input_size") else new.recipe, key) == value
    assert Run(new, Cell("c", "m", {}, "plain"), 3).place.as_posix() == "synthetic-8/c/seed3"
    own = new.as_dict()  # as a record has it
    assert protocol_from({k: v for k, v in own.items() if k != "recipe"}, "record", own["recipe"]) == new


def test_a_name_of_many_values_says_how_many():
    values = {"epochs": 3, "input_size": 48, "learning_rate": 0.002, "batch_size": 16, "augmentation": "standard"}
    whole = "synthetic-8+epochs-3+input_size-48+learning_rate-2e-3+batch_size-16"
    new = turned("synthetic-8", values, "x")
    assert turned("synthetic-8", {k: v for k, v in values.items() if k != "augmentation"}, "x").name == whole
    assert re.fullmatch(r"synthetic-8\+5-values-[0-9a-f]{8}", new.name) and changes(new.as_dict()) == values
    other = turned("synthetic-8", values | {"epochs": 2}, "x")
    assert other.name != new.name and other.name.startswith("synthetic-8+5-values-")
    assert check_base(new, "x") is None


def test_two_orders_are_one_protocol_and_two_values_are_two():
    one = turned("synthetic-8", {"epochs": 2, "learning_rate": 0.002}, "x")
    assert one == turned("synthetic-8", {"learning_rate": 0.002, "epochs": 2}, "x")
    assert len({turned("synthetic-8", {"epochs": n}, "x").hash for n in (1, 2, 3, 4, 5)}) == 5


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"lr": 0.1}, "p, lr: found a name of none of its values"),
        ({"lerning_rate": 0.1}, "did you mean learning_rate?"),
        ({"name": "x"}, "p, name: found a name of none"),
        ({"input_mean": [0.5]}, "p, input_mean: found a name of none"),
        ({"epochs": 0}, "p, epochs: found 0; expected a number from 1 to 100000"),
        ({"epochs": 2.5}, "p, epochs: found 2.5"),
        ({"epochs": True}, "p, epochs: found True"),
        ({"learning_rate": "fast"}, "p, recipe quick, learning_rate: found 'fast'"),
        ({"learning_rate": -0.1}, "learning_rate: found -0.1; expected a number above 0"),
        ({"augmentation": "mixup"}, "augmentation: found 'mixup'; expected one of flip"),
        ({"batch_size": [32]}, "batch_size: found [32]; expected a whole number"),
    ],
)
def test_a_value_that_can_not_be(values, line):
    with pytest.raises(BadInput, match=re.escape(line)):
        turned("synthetic-8", values, "p")


@pytest.mark.parametrize("based_on", ["synthetic-8", "../x 1.0", "synthetic-8 x", "a b 1.0", "synthetic-8 1.0 ", "x 1.0"])
def test_what_a_protocol_says_it_is_based_on(based_on):
    own = turned("synthetic-8", {"epochs": 2}, "x").as_dict() | {"based_on": based_on}
    with pytest.raises(BadInput, match="based_on: found"):
        protocol_from({k: v for k, v in own.items() if k != "recipe"}, "record", own["recipe"])


def test_nobody_writes_what_a_protocol_is_based_on(tmp_path):
    """It decides the folder of its runs."""
    text = (PROTOCOLS / "synthetic-8.yaml").read_text().replace("name: synthetic-8", "name: synthetic-8+mine")
    (tmp_path / "own.yaml").write_text(f"{text}based_on: synthetic-8 1.0\n")
    with pytest.raises(BadInput, match="based_on: found an unknown field"):
        load_protocol(str(tmp_path / "own.yaml"))


def test_what_was_changed_is_read_from_a_record():
    values = {"epochs": 2, "learning_rate": 0.002, "weight_decay": 0.1}
    assert changes(turned("synthetic-8", values, "x").as_dict()) == values
    assert changes(BASE.as_dict()) == {} == changes(BASE.as_dict() | {"name": "mine"})
    older = turned("synthetic-8", values, "x").as_dict() | {"based_on": "synthetic-8 0.9"}
    assert changes(older) == {}


def test_a_zero_with_a_sign_is_zero():
    """Two hashes would else have one name."""
    assert turned("synthetic-8", {"weight_decay": -0.0}, "x") == turned("synthetic-8", {"weight_decay": 0.0}, "x")
    assert turned("synthetic-8", {"label_smoothing": -0.0}, "x") is BASE
    assert "-" not in repr(turned("synthetic-8", {"weight_decay": -0.0}, "x").recipe.weight_decay)


def test_the_folds_of_a_turned_protocol_are_read_from_their_records():
    new = turned("diffusionfer-7-quick", {"epochs": 1}, "x")
    for number in range(5):
        fold = fold_protocol(new, number)
        assert protocol_of({"protocol": fold.as_dict()}, "record") == fold


@pytest.mark.parametrize(
    "forged",
    [
        {"name": "synthetic-8+epochs-3"},
        {"name": "synthetic-8+epochs-2+more"},
        {"epochs": 4},
        {"selection": "last"},
        {"classes": tuple(reversed(BASE.classes))},
        {"recipe_name": "standard"},
    ],
)
def test_a_protocol_that_says_less_than_it_changed_is_refused(forged):
    true = turned("synthetic-8", {"epochs": 2}, "x")
    assert check_base(true, "r") is None and check_base(BASE, "r") is None
    with pytest.raises(BadInput, match="r, protocol based on synthetic-8 1.0: found name synthetic-8"):
        check_base(dataclasses.replace(true, **forged), "r")


def test_another_version_of_a_base_can_not_be_compared():
    older = dataclasses.replace(turned("synthetic-8", {"epochs": 2}, "x"), based_on="synthetic-8 0.9")
    assert check_base(older, "r") == "based on synthetic-8 0.9, which is not installed"


@pytest.mark.parametrize("value", [2**1024 - 1, 10**400, -(10**400)])
def test_a_number_beyond_every_float_is_refused_in_a_line(value):
    """A float can not even be compared with some of them by `math.isfinite`."""
    with pytest.raises(BadInput, match="p, epochs: found -?[0-9]+; expected a whole number"):
        turned("synthetic-8", {"epochs": value}, "p")


def test_the_name_of_a_changed_protocol_is_told_from_a_misspelling():
    with pytest.raises(BadInput, match="for synthetic-8 with other values write such a file"):
        load_protocol("synthetic-8+epochs-1")
    with pytest.raises(BadInput, match="did you mean synthetic-8"):
        load_protocol("sinthetic-8+epochs-1")
