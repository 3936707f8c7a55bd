"""Protocol and Recipe: what is the same for everything that is compared.

Each Protocol is a file in ``protocols/`` beside this module. It names a Recipe, which is an entry of ``recipes.yaml``.
Results are comparable if their protocols have the same name and Major.Minor version. The hash tells whether the contents
are really equal.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, digest, read_yaml
from benchmark.names import NAME, checked_name, checked_text
from benchmark.protocol.values import check_recipe, check_values
from benchmark.suggesting import unknown
from benchmark.typed import from_mapping

PROTOCOLS, RECIPES = Path(__file__).with_name("protocols"), Path(__file__).with_name("recipes.yaml")
ROLES = ("train", "validation", "test")
SELECTION_RULES = ("last", "best-validation")
BASED_ON = re.compile(rf"({NAME.pattern}) [0-9]+(\.[0-9]+)*")
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
    return sorted(path.stem for path in PROTOCOLS.glob("*.yaml"))


def load_protocol(name: str) -> Protocol:
    """The protocol `name`; or, if `name` ends in .yaml, the protocol in that file (a user's own protocol for own data).

    Raises:
        BadInput: an unknown name; a file with invalid contents, or with the name of a different protocol of the suite.
    """
    if name.endswith(".yaml"):
        protocol = protocol_from(read_yaml(Path(name)), name)
        if protocol.name in protocol_names() and protocol.hash != load_protocol(protocol.name).hash:
            raise BadInput(f"{name}, name", protocol.name, "a name that no protocol of the suite has")
        return protocol
    if name not in protocol_names():
        own = ", or a file such as ./my-protocol.yaml"
        raise unknown("protocol", name, protocol_names(), "ferbench protocols", own)
    path = PROTOCOLS / f"{name}.yaml"
    return _installed(path, *(each.stat().st_mtime_ns for each in (path, RECIPES)))


@cache
def _installed(path: Path, *_changed: int) -> Protocol:
    """The protocol in a file of the suite. Claims ask for it thousands of times, and parsing takes 15 ms. `_changed`: when
    the files that it comes from were changed, so that an edited file is read again."""
    return protocol_from(read_yaml(path), path)


def protocol_from(contents: Mapping[str, Json], where: object, recipe: Mapping[str, Json] | None = None) -> Protocol:
    """A checked Protocol from a mapping. Unless `recipe` is given, `contents` names the recipe, which is then read from
    recipes.yaml. BadInput for invalid contents."""
    contents = dict(contents)
    if recipe is None:
        contents["recipe_name"] = name = contents.pop("recipe", None)
        recipes = read_yaml(RECIPES)
        if not isinstance(name, str) or name not in recipes:
            raise BadInput(f"{where}, recipe", f"{name!r}", f"one of {', '.join(recipes)}")
        recipe = recipes[name]
    checked_text(contents.get("recipe_name"), "recipe_name", where)
    own = f"{where}, recipe {contents['recipe_name']}"
    contents["recipe"] = from_mapping(Recipe, recipe, own)
    check_recipe(contents["recipe"], own)
    if contents.get("folds") is not None:
        contents.setdefault("splits", {})
    protocol = from_mapping(Protocol, contents, where)
    _check_names(protocol, where)
    choices = {"task": tuple(SELECTION_METRIC), "selection": SELECTION_RULES, "channels": (1, 3)}
    for key, allowed in choices.items():
        if getattr(protocol, key) not in allowed:
            raise BadInput(f"{where}, {key}", getattr(protocol, key), f"one of {allowed}")
    if (protocol.task == "categorical") != (len(protocol.classes) > 1) or len(protocol.classes) == 1:
        raise BadInput(f"{where}, classes", f"{protocol.classes!r}", "two or more for a categorical task, none for another")
    check_values(protocol, where)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", protocol.version):
        raise BadInput(f"{where}, version", f"{protocol.version!r}", "digits with dots between, such as 1.0")
    if protocol.folds is not None:
        _check_folds(protocol, protocol.folds, where)
    elif set(protocol.splits) != set(ROLES):
        raise BadInput(f"{where}, splits", sorted(protocol.splits), f"the roles {', '.join(ROLES)}")
    elif len(set(protocol.splits.values())) != len(ROLES):
        raise BadInput(f"{where}, splits", dict(protocol.splits), "three different splits")
    if protocol.frames_of is not None and (protocol.frames_of != "video" or protocol.task != "dimensional"):
        raise BadInput(f"{where}, frames_of", protocol.frames_of, "video, and a dimensional task; or nothing")
    return protocol


def _check_names(protocol: Protocol, where: object) -> None:
    """Check every name in a protocol: those that become folders, and those that tables and figures show."""
    checked_name(protocol.name, "protocol", where)
    checked_name(protocol.data, "data", where)
    checked_text(protocol.data_version, "data_version", where)
    if protocol.based_on is not None and not BASED_ON.fullmatch(protocol.based_on):
        raise BadInput(f"{where}, based_on", f"{protocol.based_on!r}", "a protocol and its version, such as synthetic-8 1.0")
    for role, split in protocol.splits.items():
        checked_text(split, f"splits, {role}", where)
    for key in ("classes", "tta"):
        names = getattr(protocol, key)
        for name in names:
            checked_text(name, key, where)
        if len(set(names)) < len(names):
            raise BadInput(f"{where}, {key}", f"{names!r}", "names that differ")


def _check_folds(protocol: Protocol, folds: tuple[str, ...], where: object) -> None:
    """Check that there are three or more folds, with valid and different names, and no splits besides."""
    for fold in folds:
        checked_name(fold, "fold", where)
    if len(folds) < len(ROLES) or len(set(folds)) != len(folds):
        raise BadInput(f"{where}, folds", ", ".join(folds), f"a list of {len(ROLES)} or more different splits")
    if protocol.splits:
        raise BadInput(f"{where}, splits", dict(protocol.splits), "none beside folds, which give every role")
