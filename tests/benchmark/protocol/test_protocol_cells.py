"""Protocols, recipes, cells, plans and params.yaml."""

import inspect
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
import yaml

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from benchmark.faces.readers.folder.reader import Reader
from benchmark.files import read_yaml
from benchmark.protocol.cells import Cell, Run, cells_in, find_cell, load_cells
from benchmark.protocol.protocol import PROTOCOLS, RECIPES, load_protocol, protocol_from, protocol_names
from benchmark.runs import params
from benchmark.runs.plan import PROFILES, plan, profile_names, waiting_for_rate, waiting_for_rates
from benchmark.runs.training.evaluation import TTA
from benchmark.runs.training.pixels import load_splits

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_fits_its_data_set(name):
    protocol = load_protocol(name)
    assert protocol.name == name and set(protocol.tta) <= set(TTA)
    module = reader(protocol.data)
    assert protocol.data_version == module.VERSION
    if protocol.task == "categorical":
        assert protocol.classes == tuple(module.CLASSES)
    defaults = {name: p.default for name, p in inspect.signature(module.prepare).parameters.items()}
    if isinstance(module, Reader):  # a preset
        defaults |= vars(module.preset.options)
    for option, value in (protocol.data_options or {}).items():  # `ferbench prepare NAME` alone must fit the protocol
        assert defaults[option] == value


@pytest.mark.parametrize("name, hash_", [("fer2013-7-quick", "37cca062469cac0c"), ("synthetic-8", "9dcd13558b863ccb")])
def test_hashes_of_records_made_before_the_optional_fields(name, hash_):
    protocol = load_protocol(name)
    assert protocol.hash == hash_ and not {"data_options", "frames_of"} & set(protocol.as_dict())


def test_data_options_are_fixed_and_part_of_the_hash(tiny_faces):
    protocol = protocol_from(contents(data_options={"every": 5}), "file.yaml")
    assert protocol.as_dict()["data_options"] == {"every": 5}
    assert (
        len({protocol.hash, protocol_from(contents(data_options={"every": 4}), "f").hash, load_protocol("fer2013-7").hash})
        == 3
    )
    assert protocol_from(protocol.as_dict(), "record", recipe=protocol.as_dict()["recipe"]) == protocol
    for made, found in (({}, "none"), ({"options": {"every": 10}}, "10")):
        with pytest.raises(BadInput, match=f"option every: found {found}; expected 5 for protocol fer2013-7"):
            protocol.check_data_options({"how": made}, "folder")
    protocol.check_data_options({"how": {"options": {"every": 5, "size": 64}}}, "folder")
    with pytest.raises(BadInput, match="option every"):
        load_splits(tiny_faces, replace(load_protocol("fer2013-7"), data="tiny", data_options={"every": 5}), "cpu")


def test_class_orders_are_the_sources():
    """Kaggle's FER2013 codes, FER+'s column order, AffectNet's codes and RAF-DB's (1 to 7), typed in from their own
    documentation; ExpW has FER2013's."""
    assert load_protocol("fer2013-7").classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    ferplus = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert load_protocol("ferplus-8").classes == ferplus
    affectnet = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
    assert load_protocol("synthetic-8").classes == affectnet
    rafdb = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
    assert load_protocol("rafdb-7").classes == load_protocol("rafdb-7-quick").classes == rafdb
    assert load_protocol("expw-7").classes == load_protocol("fer2013-7").classes


# As committed records have them, or would: no optional field may change the hash of a protocol that does not use it. A
# protocol that changes on purpose gets a new version.
HASHES = {
    "afewva-va": ("1.0", "eab29fb0515ea87d"),
    "affectnet-8": ("1.1", "ae44fb029f7dce50"),
    "affectnet-va": ("1.1", "bc06d71f46d754a7"),
    "affwild-va": ("1.0", "207856528f972f2d"),
    "affwild2-va": ("1.1", "2e62aef40ee895bf"),
    "ckplus48-7": ("1.0", "52b26133017dd0c2"),
    "diffusionfer-7": ("1.0", "e3e0a259270b059a"),
    "diffusionfer-7-quick": ("1.0", "12bca261354cd320"),
    "diffusionfer-va": ("1.0", "1b9d6078dffa286b"),
    "diffusionfer-va-quick": ("1.0", "60b3f70d52dc6ac5"),
    "expw-7": ("1.0", "7dc4f94fe2457f2d"),
    "fer2013-7": ("1.0", "ee075296c94d5a11"),
    "fer2013-7-quick": ("1.0", "37cca062469cac0c"),
    "fer2013-7-released": ("1.1", "b7b5d70262fefb22"),
    "fer2013-7-small": ("1.0", "56c46adf197df2df"),
    "ferplus-8": ("2.0", "849eaf56facd1f85"),
    "ferplus-8-released": ("2.0", "d9e1c34a397ef14e"),
    "ferplus-8-small": ("1.0", "5789a786d3ced410"),
    "jaffe-7": ("1.0", "6c97832baa739beb"),
    "rafdb-7": ("1.0", "d4226a21c278caf1"),
    "rafdb-7-quick": ("1.0", "f2931366b2e62f82"),
    "synthetic-8": ("1.0", "9dcd13558b863ccb"),
    "synthetic-va": ("1.0", "2f53e078916202b8"),
}


def test_every_protocol_is_pinned():
    assert list(HASHES) == protocol_names()


@pytest.mark.parametrize("name", HASHES)
def test_hashes_are_pinned(name):
    protocol = load_protocol(name)
    assert (protocol.version, protocol.hash) == HASHES[name]
    contents = protocol.as_dict()  # as a record or a plan file holds it
    assert protocol_from(contents, "record", recipe=contents.pop("recipe")) == protocol


def test_optional_recipe_fields_are_part_of_the_hash():
    base = load_protocol("fer2013-7-released")
    optional = {"batches", "shuffle_buffer", "epsilon_hat", "precision"}
    assert optional <= set(base.as_dict()["recipe"]) and not optional & set(load_protocol("fer2013-7").as_dict()["recipe"])
    hashes = {base.hash} | {replace(base, recipe=replace(base.recipe, **{name: None})).hash for name in optional}
    assert len(hashes) == 5


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"batches": "whole"}, "batches: found 'whole'; expected across-epochs, or nothing"),
        ({"shuffle_buffer": 0}, "shuffle_buffer: found 0; expected a number above 0, or nothing"),
        ({"shuffle_buffer": True}, "shuffle_buffer: found True"),
        ({"epsilon_hat": "1e-8"}, "epsilon_hat: found '1e-8'; expected a number, or nothing"),
        ({"epsilon_hat": 0.0}, "epsilon_hat: found 0.0; expected a number above 0, or nothing"),
        ({"precision": "bf16"}, "precision: found 'bf16'; expected float32, or nothing"),
    ],
)
def test_bad_recipes(changes, message):
    values = contents()
    values["recipe_name"] = values.pop("recipe")
    with pytest.raises(BadInput, match=f"file.yaml, recipe standard, {message}"):
        protocol_from(values, "file.yaml", recipe=read_yaml(RECIPES)["standard"] | changes)


def test_diffusionfer_is_cross_validated_over_the_readers_folds():
    from benchmark.faces.readers import diffusionfer

    for name in ("diffusionfer-7", "diffusionfer-va", "diffusionfer-7-quick", "diffusionfer-va-quick"):
        protocol = load_protocol(name)
        assert protocol.folds == tuple(f"fold{k}" for k in range(diffusionfer.FOLDS)) and not protocol.splits


def test_a_protocol_from_a_users_file(tmp_path):
    path, shipped = tmp_path / "mine.yaml", (PROTOCOLS / "fer2013-7.yaml").read_text()
    path.write_text(shipped.replace("name: fer2013-7", "name: mine").replace("data: fer2013", "data: folder-mine"))
    protocol = load_protocol(str(path))
    assert protocol.name == "mine" and protocol.data == "folder-mine" and reader(protocol.data).RAW == ("folder-mine",)
    path.write_text(shipped)  # a copy under its own name is the same protocol
    assert load_protocol(str(path)) == load_protocol("fer2013-7")
    path.write_text(shipped.replace("epochs: 60", "epochs: 61"))
    with pytest.raises(BadInput, match="mine.yaml, name: found fer2013-7; expected a name that no protocol of the suite"):
        load_protocol(str(path))
    path.write_text(shipped.replace("name: fer2013-7", "name: ../mine"))
    with pytest.raises(BadInput, match="mine.yaml, name: found name '../mine'; expected at most 100 letters"):
        load_protocol(str(path))
    with pytest.raises(BadInput, match="nothing.yaml: found no such file"):
        load_protocol(str(tmp_path / "nothing.yaml"))


def test_fer2013_roles_are_not_swapped():
    assert dict(load_protocol("fer2013-7").splits) == {
        "train": "Training",
        "validation": "PublicTest",
        "test": "PrivateTest",
    }


def test_released_recipe_is_the_scripts():
    """Section "Training as the TF script runs it" of the audit: every constant by hand."""
    recipe = load_protocol("fer2013-7-released").recipe
    assert (recipe.optimizer, recipe.learning_rate, recipe.decay, recipe.decay_steps) == ("adam", 1e-4, 0.80, 8000)
    assert (recipe.batch_size, recipe.weight_decay, recipe.label_smoothing) == (64, 0, 0)
    assert recipe.input_mean == (0.5727663, 0.44812188, 0.39362228) and recipe.input_deviation == (1, 1, 1)
    assert (recipe.batches, recipe.shuffle_buffer, recipe.epsilon_hat) == ("across-epochs", 1000 + 3 * 64, 1e-8)
    assert (recipe.augmentation, recipe.precision) == ("released", "float32")
    assert load_protocol("fer2013-7-released").epochs == 100


def contents(**changes):
    raw = read_yaml(PROTOCOLS / "fer2013-7.yaml")
    return raw | changes


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"recipe": "best"}, "recipe: found 'best'; expected one of released, standard, quick"),
        ({"epochs": "60"}, "epochs: found '60'; expected a whole number"),
        ({"task": "ordinal"}, "task: found 'ordinal'; expected one of categorical, dimensional"),
        ({"tta": ["flip"]}, "starts with none"),
        ({"splits": {"train": "a", "validation": "b"}}, "splits"),
        ({"splits": {"train": "a", "validation": "b", "test": "b"}}, "three different splits"),
        ({"colour": 1}, "file.yaml, colour: found an unknown field; expected one of name, version"),
        ({"frames_of": "video"}, "frames_of: found video; expected video, and a dimensional task"),
        ({"data_options": 5}, "data_options: found 5; expected a mapping of names to values, or nothing"),
    ],
)
def test_bad_protocols(changes, message):
    with pytest.raises(BadInput, match=message):
        protocol_from(contents(**changes), "file.yaml")


def test_an_exponent_without_a_dot_is_refused():
    """YAML 1.1 reads 1e-3 as text."""
    recipe = yaml.safe_load("learning_rate: 1e-3") | {}
    base = read_yaml(RECIPES)["standard"] | recipe
    values = contents()
    values["recipe_name"] = values.pop("recipe")
    with pytest.raises(BadInput, match="learning_rate: found '1e-3'; expected a number"):
        protocol_from(values, "file.yaml", recipe=base)


def test_hash_changes_with_every_value(tiny_protocol):
    hashes = {
        tiny_protocol(**changes).hash
        for changes in ({}, {"epochs": 4}, {"tta": ["none"]}, {"recipe": {"batch_size": 8}}, {"channels": 1})
    }
    assert len(hashes) == 5
    assert tiny_protocol().hash == tiny_protocol().hash


def test_bregnext_grid_is_the_papers_question():
    cells = load_cells()
    for shortcut in ("identity", "fixed", "adaptive"):
        for normalisation in ("working", "frozen"):
            for loss in ("plain", "weighted"):
                cell = cells[f"bregnext-50-{shortcut}-{normalisation}-{loss}"]
                assert cell.options == {"shortcut": shortcut, "normalisation": normalisation} and cell.loss == loss
    # A learning rate that has still to be found will tell them apart.
    waiting = {name for _, name in waiting_for_rates()}
    hashes = [cell.hash for cell in cells.values() if cell.name not in waiting]
    assert len(set(hashes)) == len(hashes), "two names for one cell"


def test_names_that_clash_or_are_unknown():
    cell = {"model": "m", "loss": "plain"}
    grid = {"model": "m", "axes": {"shape": ["x"], "loss": ["plain"]}}
    with pytest.raises(BadInput, match="two cells named a-x-plain"):
        cells_in({"cells": {"a-x-plain": cell}, "grids": {"a": grid}}, "file")
    with pytest.raises(BadInput, match="loss: found hinge"):
        cells_in({"cells": {"a": cell | {"loss": "hinge"}}}, "file")
    with pytest.raises(BadInput, match="'bregnext-51'"):
        find_cell("bregnext-51")
    with pytest.raises(BadInput, match="protocol: found 'fer2014'"):
        load_protocol("fer2014")


def test_a_loss_must_suit_the_task(tiny_protocol):
    with pytest.raises(BadInput, match="loss 'mse'; expected one for a categorical task"):
        Run(tiny_protocol(), Cell("c", "m", {}, "mse"), 0)


def test_default_plan_is_what_the_readme_says():
    """Shortcut (3) x loss (2) with working BatchNorm, identity and adaptive frozen, shortcut (3) for valence and arousal,
    two baselines, three seeds."""
    runs = plan("default")
    cells = {(run.protocol.name, run.cell.name) for run in runs}
    narrow = [run.cell for run in runs if run.seed == 0 and run.cell.model == "residual"]
    found = {(c.options["shortcut"], c.options["normalisation"], c.loss) for c in narrow}
    shortcuts = ("identity", "fixed", "adaptive")
    assert found == (
        {(s, "working", loss) for s in shortcuts for loss in ("plain", "weighted", "mse")}
        | {(s, "frozen", "plain") for s in ("identity", "adaptive")}
    )
    assert len(cells) == 13 and len(runs) == 39 and {run.seed for run in runs} == {0, 1, 2}


def test_seeds_are_outermost():
    """However early a plan is cut, no cell is more than one seed ahead of one that has seeds left."""
    runs = plan("fer2013")
    wanted = Counter(run.place.parent for run in runs)
    for cut in range(len(runs)):
        done = Counter(run.place.parent for run in runs[:cut])
        left = [done[cell] for cell in wanted if done[cell] < wanted[cell]]
        assert max(done.values(), default=0) - min(left) <= 1


@pytest.mark.parametrize(("profile", "protocol"), [("fer2013", "fer2013-7"), ("ferplus", "ferplus-8")])
def test_the_grid_of_the_papers_question(profile, protocol):
    """Shortcut (3) x BatchNorm (2) x loss (2), five seeds with working BatchNorm, three with frozen; recipe `released`
    and the ResNets with three."""
    seeds = {}
    for run in plan(profile):
        seeds.setdefault((run.protocol.name, run.cell.name), []).append(run.seed)
    for shortcut in ("identity", "fixed", "adaptive"):
        for loss in ("plain", "weighted"):
            assert seeds[protocol, f"bregnext-50-{shortcut}-working-{loss}"] == [0, 1, 2, 3, 4]
            assert seeds[protocol, f"bregnext-50-{shortcut}-frozen-{loss}"] == [0, 1, 2]
        assert seeds[f"{protocol}-released", f"bregnext-50-{shortcut}-frozen-plain"] == [0, 1, 2]
    for depth in (18, 34, 50):
        assert seeds[protocol, f"resnet{depth}-smallstem-plain"] == [0, 1, 2]
    assert sum(map(len, seeds.values())) == 6 * 5 + 3 * (len(seeds) - 6)


@pytest.mark.parametrize("seeds", [[], [0, 0], [0, "1"], 3])
def test_seeds_of_a_pattern_are_checked(seeds):
    profiles = read_yaml(PROFILES)
    profiles["smoke"]["runs"] = {"synthetic-8": [{"cells": "resnet18-plain", "seeds": seeds}]}
    with (
        mock.patch("benchmark.runs.plan.read_yaml_once", return_value=profiles),
        pytest.raises(BadInput, match="profile smoke, synthetic-8, resnet18-plain, seeds"),
    ):
        plan("smoke")


@pytest.mark.parametrize("profile", profile_names())
def test_params_round_trip(tmp_path, profile):
    path = tmp_path / "params.yaml"
    if waiting_for_rate(profile):
        with pytest.raises(BadInput, match=f"profile {profile}: found no learning rate of .*ferbench study {profile}"):
            params.write_params(profile, path)
        assert not path.exists()
        return
    params.write_params(profile, path)
    read = read_yaml(path)
    assert "&id" not in path.read_text()
    runs = params.all_runs(read)
    assert {(str(run), run.cell.hash, run.protocol.hash) for run in runs} == {
        (str(run), run.cell.hash, run.protocol.hash) for run in plan(profile)
    }
    measured = [*read["runs"].values(), *read["gradients"].values()]
    assert {entry["package"] for entry in measured} == set(read["packages"])
    assert all((ROOT / place).exists() for entry in read["packages"].values() for place in entry.values())
    for entry in read["data"].values():
        paths = [entry["code"], entry["source"], entry["second_source"]]
        assert len(set(paths)) == 3 and all((ROOT / p).exists() or p.startswith("data/raw/") for p in paths)
    with pytest.raises(BadInput, match="params.yaml, runs: found 'nothing'"):
        params.runs_of(read, "nothing")


@pytest.mark.parametrize(
    ("plans", "found", "expected"),
    [(["nothing"], "'nothing'", "some of"), (["fer2013"], "measures on fer2013", "plans on synthetic")],
)
def test_plans_of_gradients_have_to_fit_the_profile(tmp_path, plans, found, expected):
    profiles = read_yaml(PROFILES)
    assert params.write_params("default", tmp_path / "params.yaml")["gradients"] == {
        "default": {"protocol": "synthetic-8", "recipe": "quick", "data": "synthetic", "package": "ablations"}
    }
    assert params.write_params("fer2013-quick", tmp_path / "params.yaml")["gradients"] == {}
    before = (tmp_path / "params.yaml").read_bytes()
    profiles["default"]["gradients"] = plans
    with mock.patch("benchmark.runs.params.profile_entry", profiles.get):
        with pytest.raises(BadInput, match=f"profile default, gradients: found .*{found}.*{expected}"):
            params.write_params("default", tmp_path / "params.yaml")
    assert (tmp_path / "params.yaml").read_bytes() == before


def test_gradients_bring_their_package(tmp_path, monkeypatch):
    """A plan without a run of that package: the digest that the measurement depends on is made all the same."""
    entry = {"seeds": [0], "gradients": ["smoke"], "runs": {"synthetic-8": ["mini-xception-plain"]}}
    monkeypatch.setattr(params, "profile_entry", lambda name: entry)
    monkeypatch.setattr(
        params, "plan", lambda name: [Run(load_protocol("synthetic-8"), find_cell("mini-xception-plain"), 0)]
    )
    read = params.write_params("mine", tmp_path / "params.yaml")
    assert read["gradients"]["smoke"]["package"] == "ablations" and set(read["packages"]) == {"ablations", "baselines"}


@pytest.mark.parametrize("classes", ["[AN, NE, NO]", "[01, 02]", "[1.0, 2.0]", "[happy, null]", "[happy, 2024-01-02]"])
def test_classes_that_yaml_has_turned_into_other_things_are_refused(tmp_path, classes):
    text = (PROTOCOLS / "fer2013-7.yaml").read_text().replace("name: fer2013-7", "name: mine")
    own = [line for line in text.splitlines() if not line.startswith("classes:")]
    assert len(own) < len(text.splitlines())
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join([*own, f"classes: {classes}"]))
    with pytest.raises(BadInput, match="mine.yaml, classes: found"):
        load_protocol(str(path))
