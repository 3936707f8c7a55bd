"""Values of protocols and recipes that nothing could be trained with are refused when the protocol is read."""

import dataclasses
import datetime
import itertools

import pytest

from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.protocol import known
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, load_protocol, protocol_from
from benchmark.runs.training.augmentation import AUGMENTATIONS
from benchmark.runs.training.evaluation import TTA
from benchmark.runs.training.optimizer import learning_rate, make_optimizer

RECIPE = read_yaml(RECIPES)["standard"]
CONTENTS = read_yaml(PROTOCOLS / "fer2013-7.yaml")
NAN, INFINITY = float("nan"), float("inf")


def made(recipe=None, **changes):
    contents = {key: value for key, value in CONTENTS.items() if key != "recipe"} | {"recipe_name": "mine"} | changes
    return protocol_from(contents, "mine.yaml", recipe=RECIPE | (recipe or {}))


def test_the_names_are_those_that_the_training_knows():
    from torch import nn

    assert set(known.AUGMENTATIONS) == set(AUGMENTATIONS) and set(known.TTA) == set(TTA)
    recipe = load_protocol("fer2013-7").recipe
    for optimizer, schedule in itertools.product(known.OPTIMIZERS, known.SCHEDULES):
        own = dataclasses.replace(recipe, optimizer=optimizer, schedule=schedule, weight_decay=0.0)
        assert make_optimizer(own, nn.Linear(1, 1)).param_groups and learning_rate(own, 0, 10) > 0
    # The training's own refusals list every name that it knows.
    with pytest.raises(BadInput, match=f"'sgd'; expected one of {', '.join(known.OPTIMIZERS)}$"):
        make_optimizer(dataclasses.replace(recipe, optimizer="sgd"), nn.Linear(1, 1))
    with pytest.raises(BadInput, match=f"'flat'; expected {' or '.join(reversed(known.SCHEDULES))}$"):
        learning_rate(dataclasses.replace(recipe, schedule="flat"), 0, 10)


BAD_RECIPES = [
    ("optimizer", "sgd", "found 'sgd'; expected one of adam, adamw"),
    ("schedule", "flat", "found 'flat'; expected one of cosine, staircase"),
    ("augmentation", "cutout", "found 'cutout'; expected one of flip, released, standard"),
    ("learning_rate", 0.0, "found 0.0; expected a number above 0"),
    ("learning_rate", -0.001, "found -0.001; expected a number above 0"),
    ("learning_rate", NAN, "found nan; expected a number"),
    ("learning_rate", INFINITY, "found inf; expected a number"),
    ("learning_rate", 10**30, "found 1000000000000000000000000000000; expected a number"),
    ("learning_rate", "1e-3", "found '1e-3'; expected a number"),
    ("warmup", -0.1, "found -0.1; expected a number from 0 to 1"),
    ("warmup", 1.1, "found 1.1; expected a number from 0 to 1"),
    ("decay", 0.0, "found 0.0; expected a number above 0 and at most 1"),
    ("decay", 1.5, "found 1.5; expected a number above 0 and at most 1"),
    ("decay_steps", 0, "found 0; expected a number from 1 to 1099511627776"),
    ("weight_decay", -0.05, "found -0.05; expected a number from 0 to 1000"),
    ("batch_size", 0, "found 0; expected a number from 1 to 1048576"),
    ("batch_size", -64, "found -64; expected a number from 1 to 1048576"),
    ("batch_size", 2**21, "found 2097152; expected a number from 1 to 1048576"),
    ("batch_size", 64.0, "found 64.0; expected a whole number"),
    ("batch_size", True, "found True; expected a whole number"),
    ("label_smoothing", 1.01, "found 1.01; expected a number from 0 to 1"),
    ("gradient_clip", -1.0, "found -1.0; expected a number from 0 to 1000000000000"),
    ("input_mean", "test", "found 'test'; expected training, or one number per channel, each from 0 to 1"),
    ("input_mean", [127.5, 127.5, 127.5], "expected training, or one number per channel, each from 0 to 1"),
    ("input_deviation", [0.0, 1.0, 1.0], "expected training, or one number per channel, each from 1e-06 to 1"),
    ("input_mean", [0.5], "found 1 numbers; expected 3, one per channel, or training"),
    ("input_mean", [0.5, NAN, 0.5], "expected text, or a list of numbers"),
]


@pytest.mark.parametrize(("key", "value", "message"), BAD_RECIPES)
def test_bad_values_of_a_recipe(key, value, message):
    with pytest.raises(BadInput) as error:
        made({key: value})
    assert str(error.value).startswith(f"mine.yaml, recipe mine, {key}: ") and message in str(error.value)


BAD_PROTOCOLS = [
    ("epochs", -4, "found -4; expected a number from 1 to 100000"),
    ("epochs", 0, "found 0; expected a number from 1 to 100000"),
    ("epochs", 10**9, "found 1000000000; expected a number from 1 to 100000"),
    ("epochs", 2.0, "found 2.0; expected a whole number"),
    ("input_size", 0, "found 0; expected a number from 1 to 4096"),
    ("input_size", 10**6, "found 1000000; expected a number from 1 to 4096"),
    ("channels", 2, "found 2; expected one of 1, 3"),
    ("tta", ["none", "blur"], "found 'blur'; expected some of none, flip, ten-crop"),
    ("tta", ["none", "flip", "flip"], "found ('none', 'flip', 'flip'); expected names that differ"),
    ("tta", [], "found (); expected a list that starts with none"),
    ("tta", "none", "expected a list of texts; write [none]"),
    ("classes", ["a", "b", "a"], "found ('a', 'b', 'a'); expected names that differ"),
    ("classes", ["a", 1], "expected a list of texts; text that YAML"),
    ("splits", {"train": "a", "validation": "a", "test": "b"}, "expected three different splits"),
    ("splits", {"train": "a", "test": "b"}, "found ['test', 'train']; expected the roles train, validation, test"),
    ("splits", {1: "a"}, "expected a mapping of names to texts"),
    ("folds", ["a", "b", "b"], "found a, b, b; expected a list of 3 or more different splits"),
    ("version", 1.0, "found 1.0; expected text"),
    ("version", "1.0-beta", "found '1.0-beta'; expected digits with dots between"),
    ("frames_of", "", "found ; expected video, and a dimensional task; or nothing"),
    ("data_options", {"day": datetime.date(2024, 1, 1)}, "expected a mapping of names to values, or nothing"),
    ("data_options", {"size": NAN}, "expected a mapping of names to values, or nothing"),
    ("data_options", {"size": {1: 2}}, "expected a mapping of names to values, or nothing"),
    ("data_options", {"size": {"a": {1, 2}}}, "expected a mapping of names to values, or nothing"),
    ("data_options", {"name": "\ud800"}, "expected a mapping of names to values, or nothing"),
]


@pytest.mark.parametrize(("key", "value", "message"), BAD_PROTOCOLS)
def test_bad_values_of_a_protocol(key, value, message):
    with pytest.raises(BadInput) as error:
        made(**{key: value})
    assert str(error.value).startswith(f"mine.yaml, {key}: ") and message in str(error.value)


def test_the_ends_of_every_range_are_allowed():
    least = {"warmup": 0, "weight_decay": 0, "label_smoothing": 0, "gradient_clip": 0, "batch_size": 1, "decay_steps": 1}
    most = {"warmup": 1, "weight_decay": 1000, "label_smoothing": 1, "gradient_clip": 10**12, "decay": 1}
    assert made(least, epochs=1, input_size=1).recipe.batch_size == 1
    assert made(most, epochs=100_000, input_size=4096).recipe.warmup == 1.0
    numbers = {"input_mean": [0.0, 1.0, 0.5], "input_deviation": [1.0, 1e-6, 0.5]}
    assert made(numbers).recipe.input_deviation == (1.0, 1e-6, 0.5)
    assert made({"learning_rate": 1e18}).recipe.learning_rate == 1e18  # it diverges, and the record says so


def test_weight_decay_needs_the_optimizer_that_has_it():
    with pytest.raises(BadInput, match="recipe mine, weight_decay: found 0.05; expected 0 for adam; use adamw"):
        made({"optimizer": "adam"})


def test_a_recipe_that_is_none(tmp_path):
    with pytest.raises(BadInput, match=r"mine.yaml, recipe, name: found None; expected one line of printable text"):
        protocol_from(CONTENTS | {"recipe": {"learning_rate": 0.1}}, "mine.yaml")
    with pytest.raises(BadInput, match=r"recipe mine: found \[1\]; expected a mapping with optimizer"):
        protocol_from({key: v for key, v in CONTENTS.items() if key != "recipe"} | {"recipe_name": "mine"}, "f", recipe=[1])
    with pytest.raises(BadInput, match="recipe mine, 5: found an unknown field; expected one of optimizer"):
        made({5: 1})


def test_a_key_twice_in_a_users_file(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (PROTOCOLS / "fer2013-7.yaml").read_text().replace("name: fer2013-7", "name: mine")
    path.write_text(f"{text}epochs: 3\n")
    with pytest.raises(BadInput, match=r"mine.yaml, line 14: found the key 'epochs' again, after line 11"):
        load_protocol(str(path))


def test_a_mistake_in_a_users_file_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (PROTOCOLS / "fer2013-7.yaml").read_text().replace("name: fer2013-7", "name: mine")
    path.write_text(text.replace("epochs: 60", "epochs: 0"))
    with pytest.raises(BadInput) as error:
        load_protocol(str(path))
    assert str(error.value) == f"{path}, epochs: found 0; expected a number from 1 to 100000"


def test_an_unknown_protocol_is_answered_with_those_that_may_be_meant():
    with pytest.raises(BadInput) as error:
        load_protocol("fer2013")
    assert str(error.value) == (
        f"protocol: found 'fer2013'; expected one of the {len(list(PROTOCOLS.iterdir()))} that `ferbench protocols` lists, "
        "or a file such as ./my-protocol.yaml; did you mean fer2013-7, fer2013-7-quick or fer2013-7-released?"
    )
