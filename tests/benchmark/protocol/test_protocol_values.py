"""Every value of every shipped protocol and recipe, typed in from the papers and the data sets' own documentation.

A hash tells that a file changed. These tests tell which of its values is wrong, also for whoever renews the hash.
"""

import itertools
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from benchmark.files import read_yaml
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, SELECTION_METRIC, Recipe, load_protocol, protocol_names

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # Kaggle's codes 0 to 6
FERPLUS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)  # columns of fer2013new.csv
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")  # codes 0 to 7
SEVEN = AFFECTNET[:7]  # DiffusionFER takes AffectNet's codes 0 to 6
RAFDB = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")  # codes 1 to 7
CKPLUS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")  # folders, sorted
JAFFE = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")  # AN, DI, FE, HA, NE, SA, SU
KAGGLE = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}  # the column Usage
PLAIN = {"train": "train", "validation": "validation", "test": "test"}
FOLDS = ("fold0", "fold1", "fold2", "fold3", "fold4")
TEN_FOLDS = (*FOLDS, "fold5", "fold6", "fold7", "fold8", "fold9")
CROPS, FLIP = ("none", "flip", "ten-crop"), ("none", "flip")
FACES = {"size": 64, "margin": 0.0, "align": False}
FRAMES = {"every": 5, "size": 112}

# data, classes (None: valence and arousal), splits or folds, input size, recipe, epochs, augmentations at test time
VALUES = {
    "afewva-va": ("afewva", None, PLAIN, 64, "standard", 20, FLIP),
    "affectnet-8": ("affectnet", AFFECTNET, PLAIN, 64, "standard", 20, CROPS),
    "affectnet-va": ("affectnet", None, PLAIN, 64, "standard", 20, FLIP),
    "affwild-va": ("affwild", None, PLAIN, 64, "standard", 20, FLIP),
    "affwild2-va": ("affwild2", None, PLAIN, 64, "standard", 20, FLIP),
    "ckplus48-7": ("ckplus48", CKPLUS, TEN_FOLDS, 48, "quick", 15, FLIP),
    "diffusionfer-7": ("diffusionfer", SEVEN, FOLDS, 64, "quick", 30, FLIP),
    "diffusionfer-7-quick": ("diffusionfer", SEVEN, FOLDS, 32, "quick", 15, FLIP),
    "diffusionfer-va": ("diffusionfer", None, FOLDS, 64, "quick", 30, FLIP),
    "diffusionfer-va-quick": ("diffusionfer", None, FOLDS, 32, "quick", 15, FLIP),
    "expw-7": ("expw", FER2013, FOLDS, 64, "standard", 20, FLIP),
    "fer2013-7": ("fer2013", FER2013, KAGGLE, 64, "standard", 60, CROPS),
    "fer2013-7-quick": ("fer2013", FER2013, KAGGLE, 48, "quick", 4, FLIP),
    "fer2013-7-released": ("fer2013", FER2013, KAGGLE, 64, "released", 100, CROPS),
    "fer2013-7-small": ("fer2013", FER2013, KAGGLE, 48, "small", 12, FLIP),
    "ferplus-8": ("ferplus", FERPLUS, KAGGLE, 64, "standard", 60, CROPS),
    "ferplus-8-released": ("ferplus", FERPLUS, KAGGLE, 64, "released", 100, CROPS),
    "ferplus-8-small": ("ferplus", FERPLUS, KAGGLE, 48, "small", 12, FLIP),
    "jaffe-7": ("jaffe", JAFFE, TEN_FOLDS, 48, "quick", 30, FLIP),
    "rafdb-7": ("rafdb", RAFDB, PLAIN, 64, "standard", 60, CROPS),
    "rafdb-7-quick": ("rafdb", RAFDB, PLAIN, 48, "quick", 8, FLIP),
    "synthetic-8": ("synthetic", AFFECTNET, PLAIN, 32, "quick", 4, FLIP),
    "synthetic-va": ("synthetic", None, PLAIN, 32, "quick", 4, FLIP),
}
OPTIONS = {"affectnet-8": FACES, "affectnet-va": FACES, "affwild-va": FRAMES, "affwild2-va": FRAMES}
OPTIONS |= {"rafdb-7": {"size": 100}, "rafdb-7-quick": {"size": 100}, "ckplus48-7": {"size": 48}, "jaffe-7": {"size": 112}}
OPTIONS |= {"expw-7": {"size": 112, "margin": 0.0}, "afewva-va": {"size": 112, "margin": 0.2}}
VERSIONS = {"affectnet": "1.1", "affwild2": "1.1", "ferplus": "2.0"}  # of the data; others have 1.0
OF_VIDEOS = {"afewva-va", "affwild-va", "affwild2-va"}


def test_every_protocol_is_here():
    assert list(VALUES) == protocol_names()


@pytest.mark.parametrize("name", VALUES)
def test_the_values_of_a_protocol(name):
    data, classes, roles, size, recipe, epochs, tta = VALUES[name]
    found, cross_validated = load_protocol(name), isinstance(roles, tuple)
    assert (found.name, found.data, found.data_version) == (name, data, VERSIONS.get(data, "1.0"))
    assert found.task == ("dimensional" if classes is None else "categorical") and found.classes == (classes or ())
    assert dict(found.splits) == ({} if cross_validated else roles)
    assert found.folds == (roles if cross_validated else None)
    assert (found.input_size, found.channels, found.recipe_name, found.epochs) == (size, 3, recipe, epochs)
    assert (found.selection, found.tta) == ("best-validation", tta)
    assert found.data_options == OPTIONS.get(name)
    assert found.frames_of == ("video" if name in OF_VIDEOS else None)
    assert found.outputs == (2 if classes is None else len(classes))
    assert found.recipe == Recipe(**RECIPES_TYPED[recipe])


ADAMW = {
    "optimizer": "adamw", "schedule": "cosine", "warmup": 0.1, "decay": 1.0, "decay_steps": 1, "weight_decay": 0.05,
    "gradient_clip": 1.0, "input_mean": "training", "input_deviation": "training",
}  # fmt: skip
SMALL_BATCHES = {"batch_size": 32, "label_smoothing": 0.0, "augmentation": "flip"}
RECIPES_TYPED = {
    "released": {
        "optimizer": "adam", "learning_rate": 1e-4, "schedule": "staircase", "warmup": 0.0, "decay": 0.8,
        "decay_steps": 8000, "weight_decay": 0.0, "batch_size": 64, "label_smoothing": 0.0, "gradient_clip": 0.0,
        "augmentation": "released", "input_mean": (0.5727663, 0.44812188, 0.39362228), "input_deviation": (1.0, 1.0, 1.0),
        "batches": "across-epochs", "shuffle_buffer": 1192, "epsilon_hat": 1e-8, "precision": "float32",
    },
    "standard": ADAMW
    | {"learning_rate": 2e-3, "batch_size": 64, "label_smoothing": 0.05, "augmentation": "standard"},
    "quick": ADAMW | SMALL_BATCHES | {"learning_rate": 4e-3},
    "small": ADAMW | SMALL_BATCHES | {"learning_rate": 1e-3},
}  # fmt: skip


def test_every_recipe_is_here_and_no_value_of_its_file_is_of_another_type():
    """YAML reads `no`, `1e-3` and `1.0` in its own way: the values of the files are compared with their types."""
    read = read_yaml(RECIPES)
    assert list(read) == list(RECIPES_TYPED)
    for name, values in RECIPES_TYPED.items():
        as_read = {key: tuple(value) if isinstance(value, list) else value for key, value in read[name].items()}
        assert as_read == values and {k: type(v) for k, v in as_read.items()} == {k: type(v) for k, v in values.items()}
        filled = {"batches": None, "shuffle_buffer": None, "epsilon_hat": None, "precision": None} | values
        assert asdict(Recipe(**values)) == filled


def test_the_files_of_protocols_are_read_with_the_types_that_were_meant():
    kinds = {"epochs": int, "input_size": int, "channels": int, "version": str, "data_version": str, "tta": list}
    for path in sorted(PROTOCOLS.glob("*.yaml")):
        read = yaml.safe_load(path.read_text())
        assert {key: type(read[key]) for key in kinds} == kinds, path.name
        assert all(type(each) is str for each in itertools.chain(read["classes"], read["tta"], read.get("folds", ())))
        options = {"size": int, "margin": float, "align": bool, "every": int}
        assert all(type(value) is options[key] for key, value in read.get("data_options", {}).items()), path.name


def test_the_tables_of_the_documentation_say_the_same():
    """docs/reference/protocols.md, "Roles" and "Values"."""
    text = (Path(__file__).parents[3] / "docs" / "reference" / "protocols.md").read_text()
    roles, values = (
        {name: row.split(" | ") for name, row in re.findall(r"^\| `([\w-]+)` \| (.+) \|$", part, re.MULTILINE)}
        for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:3]
    )
    assert set(roles) == set(values) == set(VALUES)
    for name, (_, _, of_roles, side, own, epochs, _) in VALUES.items():
        version, size, recipe, *_ = values[name]
        assert (size, recipe) == (f"{side}x{side}x3", f"[{own}](recipes.md#{own}), {epochs}"), name
        assert version == load_protocol(name).version
        if of_roles is KAGGLE:
            assert roles[name][1:4] == ["Training", "PublicTest", "PrivateTest"]


def test_what_selects_an_epoch():
    assert SELECTION_METRIC == {"categorical": "accuracy", "dimensional": "mean CCC"}
