"""Protocol and Recipe: what is the same for everything that is compared.

Each Protocol is a file in ``protocols/`` beside this module. It names a Recipe, which is an entry of ``recipes.yaml``.
Results are comparable if their protocols have the same name and Major.Minor version. The hash tells whether the contents
are really equal.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput, refuse
from benchmark.files import Json, digest, read_yaml, read_yaml_once
from benchmark.names import checked_text
from benchmark.protocol import known
from benchmark.protocol.values import channel_faults, protocol_faults, recipe_faults
from benchmark.suggesting import unknown
from benchmark.typed import values_of

PROTOCOLS, RECIPES = Path(__file__).with_name("protocols"), Path(__file__).with_name("recipes.yaml")
TEMPLATE = Path(__file__).with_name("template.yaml")  # of a user's own
ROLES = known.ROLES
# A protocol as people write it: the recipe has a name in it or is the name, and what it is based on is not written.
WRITTEN: dict[str, Json] = {"recipe_name": None, "based_on": None, "recipe": str | Mapping[str, Json]}
SELECTION_METRIC = {"categorical": "accuracy", "dimensional": "mean CCC"}


@dataclass(frozen=True)
class Recipe:
    """How every network is trained. The values are constants of the protocol, never tuned for one network. (Only a learning
    rate may be a cell's own, see `benchmark.protocol.cells`.)

    Attributes:
        optimizer: "adam" (without weight decay) or "adamw" (decoupled weight decay).
        learning_rate: its highest value.
        schedule: "cosine" (to 0, after a linear warm-up) or "staircase" (times `decay` every `decay_steps` steps).
        warmup: fraction of all steps used for the linear warm-up, 0..1.
        weight_decay: decoupled, on parameters of two or more dimensions only (not biases, BatchNorm or shortcut scalars).
        batch_size: images per step.
        label_smoothing: 0..1, categorical losses only.
        gradient_clip: largest L2 norm of the whole gradient; 0: no clipping.
        augmentation: name of an entry of `benchmark.runs.training.augmentation.AUGMENTATIONS`.
        input_mean: "training" (per channel, measured on the training split) or numbers in [0, 1], one per channel.
        input_deviation: the same for the standard deviation.
        batches: None: the last batch of an epoch is left out if it is incomplete. "across-epochs": it is filled up with
            pictures of the next epoch.
        shuffle_buffer: None: every order of an epoch is equally likely. A number: pictures pass, in the FaceSet's order,
            through a shuffle buffer of that size (`benchmark.runs.training.batches.shuffled`).
        epsilon_hat: None: Adam's epsilon is 1e-8, added to the square root of the bias-corrected second moment (as in
            torch). A number: this epsilon, added before the bias correction (epsilon hat, end of section 2 of Kingma and
            Ba 2015; as in TensorFlow).
        precision: None: bfloat16 autocast on a GPU, float32 elsewhere. "float32": float32 (no TF32) everywhere.

    The last four are optional, as in Protocol.
    """

    optimizer: str
    learning_rate: float
    schedule: str
    warmup: float
    decay: float
    decay_steps: int
    weight_decay: float
    batch_size: int
    label_smoothing: float
    gradient_clip: float
    augmentation: str
    input_mean: str | tuple[float, ...]
    input_deviation: str | tuple[float, ...]
    batches: str | None = None
    shuffle_buffer: int | None = None
    epsilon_hat: float | None = None
    precision: str | None = None

    def as_dict(self) -> dict[str, Json]:
        """The fields and their values, without optional fields that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Protocol:
    """Data, roles, preprocessing, budget, selection rule and test-time augmentation of a comparison.

    Attributes:
        data, data_version: name and version of the FaceSet.
        task: "categorical" (classes) or "dimensional" (valence, arousal).
        classes: class names in label order; for a categorical task they must equal the FaceSet's.
        splits: role (train, validation, test) -> name of the split in the FaceSet; empty if there are folds.
        input_size: side of the square input in pixels.
        channels: 1 or 3; grey faces are repeated over three channels.
        recipe_name, recipe: the training recipe.
        epochs: training budget, the same for every network.
        selection: which epoch is evaluated: "last" or "best-validation" (the first epoch with the best validation metric).
        tta: the test-time augmentations that are evaluated, "none" first. Each has its own labelled column in the tables.
        folds: None, or the FaceSet's splits that are the folds of a cross-validation
            (`benchmark.runs.training.crossvalidation`): each is the test split once, the next one validates, the others are
            for training.
        data_options: options of `prepare` with which the FaceSet must have been made (for instance, which frames of a
            video); None: any.
        frames_of: "video" if rows are frames of videos with ids ``<video>/<frame>``; metrics are then also computed per
            video. None: rows are independent pictures.
        based_on: name and version of the protocol of which this one has other values (`benchmark.protocol.turned`), such as
            "synthetic-8 1.0"; None for all others.

    The last four are optional: a file without them keeps the hash that it had before they existed.
    """

    name: str
    version: str
    data: str
    data_version: str
    task: str
    classes: tuple[str, ...]
    splits: Mapping[str, str] = field(hash=False)
    input_size: int
    channels: int
    recipe_name: str
    recipe: Recipe
    epochs: int
    selection: str
    tta: tuple[str, ...]
    folds: tuple[str, ...] | None = None
    data_options: Mapping[str, Json] | None = field(default=None, hash=False)
    frames_of: str | None = None
    based_on: str | None = None

    @property
    def folder(self) -> str:
        """The folder of its runs: its name; for a turned protocol that of its base, where the pipeline looks."""
        return self.name if self.based_on is None else self.based_on.partition(" ")[0]

    @property
    def outputs(self) -> int:
        """Number of outputs of a network: one per class, or 2 for valence and arousal."""
        return len(self.classes) if self.task == "categorical" else 2

    @property
    def hash(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all fields (`as_dict`)."""
        return digest(self.as_dict())

    def as_dict(self) -> dict[str, Json]:
        """JSON-able contents, without optional fields that are None."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        own = {name: value for name, value in own.items() if value is not None}
        own |= {"splits": dict(self.splits), "recipe": self.recipe.as_dict()}
        contents: dict[str, Json] = json.loads(json.dumps(own))
        return contents

    def check_data_options(self, meta: Mapping[str, Json], where: object) -> None:
        """Raise BadInput if a FaceSet was prepared with other options than `data_options`. `meta`: its meta.json."""
        made = meta["how"].get("options", {})
        for name, value in (self.data_options or {}).items():
            if made.get(name) != value:
                expected = f"{value} for protocol {self.name}; prepare it again with that option"
                raise BadInput(f"{where}, option {name}", made.get(name, "none"), expected)


def protocol_names() -> list[str]:
    """Names of the protocols in ``benchmark/protocol/protocols/``."""
    files = os.listdir(PROTOCOLS) if PROTOCOLS.is_dir() else []  # asked for thousands of times in a report
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def load_protocol(name: str) -> Protocol:
    """The protocol `name`; or, if `name` ends in .yaml, the protocol in that file (a user's own protocol for own data).

    Raises:
        BadInput: an unknown name; a file with invalid contents, or with the name of a different protocol of the suite.
    """
    if name.endswith((".yaml", ".yml")):
        contents = read_yaml(Path(name))
        try:
            protocol = protocol_from(contents, name)
        except BadInput as error:
            refuse([*_taken(contents, None, name), *error.faults])
            raise
        refuse(_taken(contents, protocol.hash, name))
        return protocol
    if name not in protocol_names():
        own = ", or a file such as ./my-protocol.yaml"
        if (base := name.partition("+")[0]) in protocol_names():
            own += f"; for {base} with other values write such a file (docs/own-protocol.md)"
            raise BadInput("protocol", f"'{name}'", f"one that `ferbench protocols` lists{own}")
        raise unknown("protocol", name, protocol_names(), "ferbench protocols", own)
    path = PROTOCOLS / f"{name}.yaml"
    return _installed(path, *(each.stat().st_mtime_ns for each in (path, RECIPES)))


def _taken(contents: Mapping[str, Json], own_hash: str | None, where: object) -> list[BadInput]:
    """The fault that a file has the name of a protocol of the suite without being it."""
    name = contents.get("name")
    if name in protocol_names() and load_protocol(name).hash == own_hash:
        return []
    if not isinstance(name, str) or name.casefold() not in {each.casefold() for each in protocol_names()}:
        return []  # where case does not count, both would have one folder
    return [BadInput(f"{where}, name", name, "a name that no protocol of the suite has")]


@cache
def _installed(path: Path, *_changed: int) -> Protocol:
    """The protocol in a file of the suite. Claims ask for it thousands of times, and parsing takes 15 ms. `_changed`: when
    the files that it comes from were changed, so that an edited file is read again."""
    return protocol_from(read_yaml(path), path)


def protocol_from(contents: Mapping[str, Json], where: object, recipe: Mapping[str, Json] | None = None) -> Protocol:
    """A checked Protocol from a mapping. Unless `recipe` is given, `contents` has it as people write it: the name of one in
    recipes.yaml, or a mapping with a name of its own, perhaps ``base`` (one in recipes.yaml) and fields of `Recipe`.

    Raises:
        BadInput: a field is unknown, missing, of a wrong type or out of range. With several faults, all of them
            (`benchmark.errors.BadInputs`).
    """
    contents = dict(contents)
    if contents.get("folds") is not None:
        contents.setdefault("splits", {})
    if recipe is None:
        own, faults = values_of(Protocol, contents, where, WRITTEN)
        named, recipe, wrong = _written_recipe(own.pop("recipe", None), where)
    else:
        contents.pop("recipe", None)
        own, faults = values_of(Protocol, contents, where, {"recipe": None})
        named, wrong = own.get("recipe_name", ""), []
    if contents.get("folds") is not None and "folds" not in own:
        own.pop("splits", None)  # whether there may be splits depends on folds, which are wrong
    faults += [*protocol_faults(own, where), *wrong]
    here = f"{where}, recipe {named}".rstrip()
    values, wrong = values_of(Recipe, recipe, here)
    wrong += recipe_faults(values, here)
    faults += wrong or channel_faults(values, own.get("channels"), here)
    refuse(faults)
    return Protocol(**own | {"recipe_name": named, "recipe": Recipe(**values)})


def _written_recipe(written: Json, where: object) -> tuple[str, Mapping[str, Json], list[BadInput]]:
    """The recipe of a protocol as people write it: its name, all its values, and what is wrong with its name or base. Where
    those are wrong, the values are completed by a recipe that is right, so that no more is said about them."""
    recipes = read_yaml_once(RECIPES)
    names = ", ".join(recipes)
    if not isinstance(written, Mapping):
        if written in recipes:
            return written, recipes[written], []
        found = "nothing" if written is None else f"{written!r}"
        expected = f"one of {names}, or a mapping with name, base and the values that differ"
        return "", next(iter(recipes.values())), [BadInput(f"{where}, recipe", found, expected)]
    faults, own = [], dict(written)
    name, base = own.pop("name", None), own.pop("base", None)
    try:
        checked_text(name, "recipe, name", where)
    except BadInput as error:
        faults.append(error)
        name = ""
    if name in recipes:
        faults.append(BadInput(f"{where}, recipe, name", name, f"another name than {names}: those are the suite's"))
    if base is not None and not (isinstance(base, str) and base in recipes):
        faults.append(BadInput(f"{where}, recipe, base", f"{base!r}", f"one of {names}; or no base, and all values"))
        base = next(iter(recipes))
    return name, {**(recipes[base] if base is not None else {}), **own}, faults
