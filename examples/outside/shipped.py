"""The packages of this folder: what entry.yaml says of each, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.names import checked_name, checked_text
from benchmark.records.outside_record import SEEN, check_stated
from benchmark.suggesting import one_of, unknown
from benchmark.typed import from_mapping

FOLDER = Path(__file__).resolve().parent
SCRIPTS = {"python": "predict.py", "node": "predict.mjs"}
LOCKS = {"python": ("requirements.txt",), "node": ("package.json", "package-lock.json")}
INDEXES = {"pypi": "python", "npm": "node"}


@dataclass(frozen=True)
class Shipped:
    """A package that ships a network for facial expressions with its weights.

    Attributes:
        model: what the network is.
        package, version, index: its name, exact version and package index, "pypi" or "npm".
        ran_with: the version of Python or Node with which it was run here.
        classes: the model's own names of its outputs, in the order of the columns that its script writes.
        parameters: {"number": of the network, "counted": how}.
        licence: {"code": text, "weights": text}.
        input: how a picture becomes what the network is given.
        extra_training_data: what is known of its training data, in words.
        training_source: where that is said.
        protocols: name of a protocol -> {"seen": one of SEEN, "why": text, "stated": None, or {"accuracy": fraction,
            "source": text}, or {"words": text, "source": text}}. seen: whether the model may have been trained or chosen
            with the help of the test faces. stated: what its authors say.
    """

    model: str
    package: str
    version: str
    index: str
    ran_with: str
    classes: tuple[str, ...]
    parameters: Mapping[str, Json]
    licence: Mapping[str, Json]
    input: str
    extra_training_data: str
    training_source: str
    protocols: Mapping[str, Json]

    @property
    def language(self) -> str:
        """The language of its script: "python" or "node"."""
        return INDEXES[self.index]

    @property
    def script(self) -> str:
        """The name of its script."""
        return SCRIPTS[self.language]


def names(folder: Path = FOLDER) -> list[str]:
    """The folders of packages that can be run, in order. A recipe, whose weights a user must get, is none."""
    found = sorted(path.parent for path in folder.glob("*/entry.yaml"))
    return [each.name for each in found if read_yaml(each / "entry.yaml").get("ran") is not False]


def read(name: str, folder: Path = FOLDER) -> Shipped:
    """The entry of a package.

    Raises:
        BadInput: no such folder, with the names that may be meant; a recipe; a file that is missing; contents of entry.yaml
            that are not as described at `Shipped`.
    """
    path = folder / name / "entry.yaml"
    if name not in (known := names(folder)):
        if checked_name(name, "name", "make.py") and path.is_file():
            raise BadInput(path, "a recipe, whose weights you must get", f"{one_of(name, known)}; its commands: recipes.md")
        raise unknown(folder, name, known)
    entry = from_mapping(Shipped, read_yaml(path), path)
    if entry.index not in INDEXES:
        raise unknown(f"{path}, index", entry.index, INDEXES)
    for key, value in vars(entry).items():
        if isinstance(value, str):
            _text(value, f"{path}, {key}")
    for each in entry.classes:
        if "," in checked_text(each, "classes", path):
            raise BadInput(f"{path}, classes", repr(each), "names without a comma: they head the columns of a CSV")
    if len(set(entry.classes)) != len(entry.classes) or len(entry.classes) < 2:
        raise BadInput(f"{path}, classes", ", ".join(entry.classes) or "nothing", "two names or more, each once")
    for file in (entry.script, *LOCKS[entry.language]):
        if not (path.parent / file).is_file():
            raise BadInput(path.parent / file, "no such file", "it beside entry.yaml")
    number = _exactly(entry.parameters, ("number", "counted"), f"{path}, parameters")["number"]
    if type(number) is not int or number < 1:
        raise BadInput(f"{path}, parameters, number", repr(number), "a whole number from 1")
    _text(entry.parameters["counted"], f"{path}, parameters, counted")
    for key, value in _exactly(entry.licence, ("code", "weights"), f"{path}, licence").items():
        _text(value, f"{path}, licence, {key}")
    if not entry.protocols:
        raise BadInput(f"{path}, protocols", "nothing", "one or more")
    for protocol, under in entry.protocols.items():
        _check_protocol(under, f"{path}, {protocol}")
    return entry


def protocols_of(entry: Shipped, asked: list[str] | None, name: str) -> list[str]:
    """The protocols that were asked for, each once; all of the entry for None. BadInput for one that it does not have."""
    for protocol in asked or ():
        if protocol not in entry.protocols:
            raise unknown(f"{name}, --protocols", protocol, entry.protocols)
    return list(dict.fromkeys(asked or entry.protocols))


def _check_protocol(under: object, where: str) -> None:
    found = _exactly(under, ("seen", "why", "stated"), where)
    if found["seen"] not in SEEN:
        raise BadInput(f"{where}, seen", repr(found["seen"]), '"no", "unknown" or "yes", in quotes: YAML reads yes as true')
    _text(found["why"], f"{where}, why")
    if (stated := found["stated"]) is not None:
        check_stated(stated if isinstance(stated, Mapping) else {"stated": stated}, where)


def _exactly(found: object, keys: tuple[str, ...], where: str) -> Mapping[str, Json]:
    """`found`, if it is a mapping with these keys. BadInput otherwise."""
    if not isinstance(found, Mapping) or set(found) != set(keys):
        shown = ", ".join(map(str, found)) if isinstance(found, Mapping) else repr(found)
        raise BadInput(where, shown or "nothing", f"exactly {', '.join(keys)}")
    return found


def _text(found: object, where: str) -> None:
    if not isinstance(found, str) or not found.strip():
        raise BadInput(where, "a blank text" if isinstance(found, str) else repr(found), "words")
