"""A protocol file that a person writes: every mistake at once, a line for each; the template; recipes of one's own."""

import pickle
import re
from dataclasses import fields

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import BadInput, BadInputs
from benchmark.files import read_yaml
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, TEMPLATE, Protocol, Recipe, load_protocol, protocol_from

GOOD = """\
name: mine
version: "1.0"
data: synthetic
data_version: "1.0"
task: categorical
classes: [low, middle, high]
splits: {train: train, validation: validation, test: test}
input_size: 32
channels: 3
recipe: quick
epochs: 60
selection: best-validation
tta: [none, flip]
"""
QUOTES = "; text that YAML reads as something else, such as NO and 1.0, goes in quotes"
RECIPE_NAMES = "released, standard, quick, small"
NO_RECIPE = f"expected one of {RECIPE_NAMES}, or a mapping with name, base and the values that differ"
PLAIN = "at most 100 letters, digits, '-', '_' and '+', a letter or digit first: it names folders"
FIELDS = (
    "name, version, data, data_version, task, classes, splits, input_size, channels, recipe, epochs, selection, tta, folds"
)
OWN = "recipe: {name: own, base: quick, learning_rate: 0.002}"
WHOLE = "recipe: {name: own, " + ", ".join(
    f"{name}: {value}" for name, value in read_yaml(RECIPES)["quick"].items() if name != "warmup"
)


def lines_of(text: str, tmp_path) -> list[str]:
    """What is said about a file with this text, without the path in front; nothing if it is taken."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    try:
        load_protocol(str(path))
    except BadInput as error:
        said = [str(fault) for fault in error.faults]
        assert all(line.startswith(f"{path}, ") and line.isprintable() for line in said)
        return [line.removeprefix(f"{path}, ") for line in said]
    return []


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"epochs: 60": 'epochs: "60"'}, ["epochs: found '60'; expected a whole number; this is text in YAML, write 60"]),
        ({"epochs: 60": "epochs: sixty"}, ["epochs: found 'sixty'; expected a whole number"]),
        ({"epochs: 60": "epochs: 0"}, ["epochs: found 0; expected a number from 1 to 100000"]),
        ({"input_size: 32": "input_size: 64.0"}, ["input_size: found 64.0; expected a whole number; write 64"]),
        ({"input_size: 32": "input_size: 5000"}, ["input_size: found 5000; expected a number from 1 to 4096"]),
        ({"tta: [none, flip]": "tta: none"}, ["tta: found 'none'; expected a list of texts; write [none]"]),
        ({"[none, flip]": "[flip]"}, ["tta: found ('flip',); expected a list that starts with none"]),
        ({"[none, flip]": "[none, blur]"}, ["tta: found 'blur'; expected some of none, flip, ten-crop"]),
        ({"name: mine": "name: yes"}, [f"name: found True; expected text{QUOTES}"]),
        ({"name: mine": "name: ../mine"}, [f"name: found name '../mine'; expected {PLAIN}"]),
        ({"name: mine": "name: fer2013-7"}, ["name: found fer2013-7; expected a name that no protocol of the suite has"]),
        ({"data: synthetic": "data: a/b"}, [f"data: found name 'a/b'; expected {PLAIN}"]),
        ({'version: "1.0"\ndata:': "version: 1.0\ndata:"}, [f"version: found 1.0; expected text{QUOTES}"]),
        ({'version: "1.0"\ndata:': "version: one\ndata:"},
         ["version: found 'one'; expected digits with dots between, such as 1.0"]),
        ({"[low, middle, high]": "[low, no, high]"},
         [f"classes: found ['low', False, 'high']; expected a list of texts{QUOTES}"]),
        ({"[low, middle, high]": "[low]"},
         ["classes: found ('low',); expected two or more for a categorical task, none for another"]),
        ({"[low, middle, high]": "[low, low]"}, ["classes: found ('low', 'low'); expected names that differ"]),
        ({"task: categorical": "task: classes"}, ["task: found 'classes'; expected one of categorical, dimensional"]),
        ({"channels: 3": "channels: 2"}, ["channels: found 2; expected one of 1, 3"]),
        ({"best-validation": "best-test"}, ["selection: found 'best-test'; expected one of last, best-validation"]),
        ({"epochs: 60\n": ""}, ["epochs: found nothing; expected a whole number"]),
        ({"epochs: 60": "epoch: 60"}, ["epoch: found an unknown field; expected epochs: did you mean that?"]),
        ({"epochs: 60": 'epoch: "60"'},
         ["epoch: found an unknown field; expected epochs: did you mean that?",
          "epoch: found '60'; expected a whole number; this is text in YAML, write 60"]),
        ({"epochs: 60": "epochs: 60\ncolour: red"},
         [f"colour: found an unknown field; expected one of {FIELDS}, data_options, frames_of"]),
        ({"test: test}": "tset: test}"},
         ["splits: found ['train', 'tset', 'validation']; expected the roles train, validation, test"]),
        ({"test: test}": "test: 3}"},
         ["splits: found {'train': 'train', 'validation': 'validation', 'test': 3}; expected a mapping of names to texts"]),
        ({"validation: validation": "validation: train"},
         ["splits: found {'train': 'train', 'validation': 'train', 'test': 'test'}; expected three different splits"]),
        ({"splits: {train: train, validation: validation, test: test}": "folds: [a, b, a]"},
         ["folds: found a, b, a; expected a list of 3 or more different splits"]),
        ({"epochs: 60": "epochs: 60\nfolds: [a, b, c]"},
         ["splits: found {'train': 'train', 'validation': 'validation', 'test': 'test'}; expected none beside folds, which "
          "give every role"]),
        ({"epochs: 60": "epochs: 60\nframes_of: video"},
         ["frames_of: found video; expected video, and a dimensional task; or nothing"]),
        ({"recipe: quick": "recipe: fast"},
         [f"recipe: found 'fast'; {NO_RECIPE}"]),
        ({"recipe: quick\n": ""},
         [f"recipe: found nothing; {NO_RECIPE}"]),
        ({"recipe: quick": OWN}, []),
        ({"recipe: quick": OWN.replace("0.002", "1e-3")},
         ["recipe own, learning_rate: found '1e-3'; expected a number; this is text in YAML, write 0.001"]),
        ({"recipe: quick": OWN.replace("0.002", "-0.1")},
         ["recipe own, learning_rate: found -0.1; expected a number above 0"]),
        ({"recipe: quick": OWN.replace("learning_rate", "learning_rte")},
         ["recipe own, learning_rte: found an unknown field; expected learning_rate: did you mean that?"]),
        ({"recipe: quick": OWN.replace("base: quick", "base: quik")},
         [f"recipe, base: found 'quik'; expected one of {RECIPE_NAMES}; or no base, and all values"]),
        ({"recipe: quick": OWN.replace("name: own", "name: quick")},
         [f"recipe, name: found quick; expected another name than {RECIPE_NAMES}: those are the suite's"]),
        ({"recipe: quick": OWN.replace("name: own, ", "")},
         ["recipe, name: found None; expected one line of printable text, at most 100 characters"]),
        ({"recipe: quick": OWN.replace("0.002", "0.002, input_mean: [0.5]")},
         ["recipe own, input_mean: found 1 numbers; expected 3, one per channel, or training"]),
        ({"recipe: quick": WHOLE + "}"}, ["recipe own, warmup: found nothing; expected a number"]),
        ({"recipe: quick": WHOLE + ", warmup: 0.2}"}, []),
        # Five at once, in the protocol and in its recipe, each said once.
        ({"epochs: 60": 'epoch: "60"', "tta: [none, flip]": "tta: none", "channels: 3": "channels: 2", "mine": "my mine",
          "recipe: quick": OWN.replace("0.002", "0")},
         ["epoch: found an unknown field; expected epochs: did you mean that?",
          "epoch: found '60'; expected a whole number; this is text in YAML, write 60",
          "tta: found 'none'; expected a list of texts; write [none]",
          f"name: found name 'my mine'; expected {PLAIN}",
          "channels: found 2; expected one of 1, 3",
          "recipe own, learning_rate: found 0.0; expected a number above 0"]),
    ],
)  # fmt: skip
def test_every_mistake_is_a_line(changes, lines, tmp_path):
    text = GOOD
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    assert lines_of(text, tmp_path) == lines


def test_a_file_of_nothing_misses_every_field(tmp_path):
    needed = [line.split(":")[0] for line in GOOD.splitlines()]
    assert sorted(line.split(": found nothing")[0] for line in lines_of("{}", tmp_path)) == sorted(needed)


def test_an_own_recipe_is_its_base_but_for_what_it_says():
    protocol = protocol_from(yaml.safe_load(GOOD.replace("recipe: quick", OWN)), "mine.yaml")
    quick = load_protocol("synthetic-8").recipe.as_dict()
    assert protocol.recipe_name == "own" and protocol.recipe.as_dict() == quick | {"learning_rate": 0.002}
    whole = protocol_from(yaml.safe_load(GOOD.replace("recipe: quick", WHOLE + ", warmup: 0.1}")), "mine.yaml")
    assert whole.recipe.as_dict() == quick


def test_several_faults_are_one_error_with_one_line():
    faults = [BadInput("a", 1, 2), BadInput("b", 3, 4), BadInput("c\n", 5, 6)]
    error = BadInputs(faults)
    assert str(error) == "a: found 1; expected 2 (and 2 more)"
    assert (error.where, error.found, error.expected) == ("a", "1", "2")
    assert [str(fault) for fault in error.faults][1:] == ["b: found 3; expected 4", "c\\n: found 5; expected 6"]
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is BadInputs and str(there) == str(error)
    assert [str(fault) for fault in there.faults] == [str(fault) for fault in faults]
    assert BadInput("a", 1, 2).faults[0].where == "a"


# ---------------------------------------------------------------- the template


def test_the_template_is_in_order_and_explains_every_field():
    text = TEMPLATE.read_text(encoding="utf-8")
    protocol = load_protocol(str(TEMPLATE))
    quick = load_protocol("synthetic-8").recipe.as_dict()
    assert protocol.recipe.as_dict() == quick | {"learning_rate": 0.002}
    own = {each.name for each in fields(Protocol)} - {"recipe_name", "based_on"}  # nobody writes these
    assert set(re.findall(r"^(?:# )?([a-z_]+):", text, re.MULTILINE)) == own
    assert set(re.findall(r"^  (?:# )?([a-z_]+):", text, re.MULTILINE)) == {
        "name",
        "base",
        *(f.name for f in fields(Recipe)),
    }
    lines = [line for line in text.splitlines() if re.match(r"(# )?[a-z_]+: ", line)]
    assert all("  # " in line for line in lines), "each field has its comment"


def test_what_the_template_comments_out_can_be_taken_in():
    """Every field that is shown as a comment, with the value shown, gives a protocol that is in order."""
    text = TEMPLATE.read_text(encoding="utf-8")
    of_recipe = re.sub(r"^  # ([a-z_]+: )", r"  \1", text, flags=re.MULTILINE)
    changed = load_from(of_recipe).recipe
    assert (changed.batches, changed.shuffle_buffer, changed.epsilon_hat, changed.precision) == (
        "across-epochs", 1000, 1e-8, "float32",
    )  # fmt: skip
    folds = re.sub(r"^splits: .*\n# folds", "folds", text, flags=re.MULTILINE)
    assert load_from(folds).folds == ("a", "b", "c", "d", "e")
    assert load_from(text.replace("# data_options", "data_options")).data_options == {"size": 32}
    video = text.replace("# frames_of", "frames_of").replace("task: categorical", "task: dimensional")
    assert load_from(re.sub(r"classes: \[.*?\]", "classes: []", video)).frames_of == "video"


def load_from(text: str) -> Protocol:
    return protocol_from(yaml.safe_load(text), "text")


# ---------------------------------------------------------------- anything at all

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20)
    | st.sampled_from(["quick", "none", "1e-3", "train", "video", "\ud800", "60"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
KNOWN = sorted({"recipe_name", *(each.name for each in fields(Protocol)), *(each.name for each in fields(Recipe))})
KEYS = st.sampled_from([*KNOWN, "base"]) | st.text(max_size=12) | st.integers()
BASE = read_yaml(PROTOCOLS / "synthetic-8.yaml")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=8), st.none() | st.dictionaries(KEYS, VALUES, max_size=6), st.booleans())
def test_any_mapping_gives_a_protocol_or_lines(changes, recipe, whole):
    """Alone or over a file that is in order; with a recipe in it, or beside it as in a record."""
    contents = changes if whole else BASE | changes
    attempts = [(contents, None), (contents | {"recipe": recipe}, None), (contents, recipe or {})]
    for own, beside in attempts:
        try:
            protocol_from(own, "mine.yaml", beside)
        except BadInput as error:
            lines = [str(fault) for fault in error.faults]
            assert all(line.isprintable() and line.startswith("mine.yaml") for line in lines)
            assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(("name", "line"), [
    ("outside", "name: found outside; expected another name: the records of others are in imported and outside"),
    ("imported", "name: found imported; expected another name"),
    ("Synthetic-8", "name: found Synthetic-8; expected a name that no protocol of the suite has"),
])  # fmt: skip
def test_a_name_whose_folder_is_another_s(tmp_path, name, line):
    text = TEMPLATE.read_text(encoding="utf-8")
    path = tmp_path / "own.yaml"
    path.write_text(re.sub(r"^name: \S+", f"name: {name}", text, count=1, flags=re.MULTILINE))
    with pytest.raises(BadInput, match=re.escape(line)):
        load_protocol(str(path))
