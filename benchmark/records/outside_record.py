"""Records of models that were not trained here (outside entries): what they must contain."""

from collections.abc import Mapping

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.names import checked_name
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import Protocol

KINDS = ("predictions", "python", "onnx", "exported", "weights")
Kind = type | tuple[type, ...]  # as the second argument of `isinstance`
LONGEST = 2000  # characters of a text of a record, all of which a table shows
OUTPUTS = ("logits", "probabilities", "classes", "valence and arousal")

NO, UNKNOWN, YES = SEEN = ("no", "unknown", "yes")

# Field of `outside` -> its JSON type. `source`: file name or module:factory. `sha256`: digest of that file. `stated`: what
# the model's authors publish of its quality (`check_stated`). `outputs`: what the model returned, one of OUTPUTS. A record
# always stores logits: probabilities as their logarithm, classes as one-hot rows (`Record.hard`).
FIELDS: dict[str, Kind] = {
    "kind": str,
    "source": str,
    "sha256": (str, type(None)),
    "stated": (dict, type(None)),
    "extra_training_data": (str, type(None)),
    "warnings": list,
    "outputs": str,
}
# Fields that older records lack. `macs`: multiply-adds for one picture, where the model was given as code and counted.
# `seen`: whether the model was trained or chosen with the help of the test faces or copies of them, one of SEEN; `seen_in`
# reads it.
LATER: dict[str, Kind] = {"macs": (int, type(None)), "seen": str}


def outside_cell(name: str) -> Cell:
    """The cell of an outside entry: it has a name and no definition."""
    return Cell(name, "outside", {}, "outside")


def check_name(name: str) -> str:
    """Return `name`. BadInput if it can not be the name of a folder."""
    return checked_name(name, "name", "outside entry")


def check_fields(outside: Mapping[str, Json], categorical: bool, where: object) -> None:
    """Raise BadInput if the field `outside` of a record is not as described at `FIELDS`."""
    if odd := sorted((set(outside) - set(LATER)) ^ set(FIELDS)):
        raise BadInput(
            where, f"missing or unknown: {', '.join(odd)}", f"exactly {', '.join(FIELDS)}, perhaps {', '.join(LATER)}"
        )
    kinds = FIELDS | LATER
    for key in outside:
        if not isinstance(outside[key], kinds[key]):
            raise BadInput(f"{where}, {key}", type(outside[key]).__name__, str(kinds[key]))
    if (macs := outside.get("macs")) is not None and (isinstance(macs, bool) or macs < 1):
        raise BadInput(f"{where}, macs", macs, "a number from 1, or null")
    if outside["kind"] not in KINDS:
        raise BadInput(f"{where}, kind", outside["kind"], f"one of {', '.join(KINDS)}")
    fitting = OUTPUTS[:3] if categorical else OUTPUTS[3:]
    if outside["outputs"] not in fitting:
        raise BadInput(f"{where}, outputs", outside["outputs"], f"one of {', '.join(fitting)}")
    if not all(isinstance(sentence, str) for sentence in outside["warnings"]):
        raise BadInput(f"{where}, warnings", outside["warnings"], "sentences")
    if (seen := outside.get("seen", UNKNOWN)) not in SEEN:
        raise BadInput(f"{where}, seen", repr(seen), f"one of {', '.join(SEEN)}")
    for key in ("source", "extra_training_data"):
        _check_length(outside[key] or "", f"{where}, {key}")
    for sentence in outside["warnings"]:
        _check_length(sentence, f"{where}, warnings")
    if outside["stated"] is not None:
        check_stated(outside["stated"], where, categorical)


def _check_length(text: str, where: str) -> None:
    if len(text) > LONGEST:
        raise BadInput(where, f"{len(text):,} characters", f"at most {LONGEST:,}")


def check_stated(stated: Mapping[str, Json], where: object, categorical: bool = True) -> None:
    """Raise BadInput if the field `stated` is not {"accuracy": fraction, "source": where it stands}, or {"words": what the
    authors say, "source"}, or has all three; or if it has an accuracy although the protocol is not `categorical`."""
    texts = {key: stated[key] for key in ("words", "source") if key in stated}
    filled = all(isinstance(each, str) and each.strip() for each in texts.values())
    if set(stated) - {"accuracy", "words", "source"} or "source" not in stated or len(stated) < 2 or not filled:
        raise BadInput(f"{where}, stated", stated, "an accuracy or the authors' words, and the source")
    for key, text in texts.items():
        _check_length(str(text), f"{where}, stated {key}")
    if "accuracy" in stated and not categorical:
        raise BadInput(f"{where}, stated", "an accuracy", "words: valence and arousal have no accuracy")
    value = stated.get("accuracy", 0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise BadInput(f"{where}, stated accuracy", value, "a fraction from 0 to 1")


def seen_in(outside: Mapping[str, Json]) -> str:
    """Whether a model may have seen the test faces, one of SEEN, of the field `outside` of its record. Where nobody said
    anything it is not known."""
    return str(outside.get("seen", UNKNOWN))


def filled_in(protocol: Protocol, outside: Mapping[str, Json], where: object) -> dict[str, Json]:
    """What a stranger said of a model, with a default for each field left out. BadInput as of `check_fields`."""
    categorical = protocol.task == "categorical"
    defaults: dict[str, Json] = {"sha256": None, "stated": None, "extra_training_data": None, "warnings": []}
    filled = defaults | {"seen": UNKNOWN, "outputs": "logits" if categorical else "valence and arousal"} | dict(outside)
    filled["warnings"] = list(filled["warnings"])
    check_fields(filled, categorical, where)
    return filled
