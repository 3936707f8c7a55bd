"""Records of models that were not trained here (outside entries): what they must contain, and the checks."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import NAME, Protocol
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records.record import Kind, Record

KINDS = ("predictions", "python", "onnx", "exported", "weights")
OUTPUTS = ("logits", "probabilities", "classes", "valence and arousal")

# Field of `outside` -> its JSON type. `source`: file name or module:factory. `sha256`: digest of that file. `stated`: the
# accuracy that the model's authors publish, {"accuracy": fraction, "source": where}. `outputs`: what the model returned, one
# of OUTPUTS. A record always stores logits: probabilities as their logarithm, classes as one-hot rows (`Record.hard`).
FIELDS: dict[str, Kind] = {
    "kind": str,
    "source": str,
    "sha256": (str, type(None)),
    "stated": (dict, type(None)),
    "extra_training_data": (str, type(None)),
    "warnings": list,
    "outputs": str,
}
SHOWN = 3  # most ids that an error message names


def check_name(name: str) -> str:
    """Return `name`. BadInput if it can not be the name of a folder."""
    if not NAME.fullmatch(name):
        raise BadInput("name of the entry", f"'{name}'", "letters, digits, '-' and '_'")
    return name


def check_fields(outside: Mapping[str, Json], categorical: bool, where: object) -> None:
    """Raise BadInput if the field `outside` of a record is not as described at `FIELDS`."""
    if odd := sorted(set(outside) ^ set(FIELDS)):
        raise BadInput(where, f"missing or unknown: {', '.join(odd)}", f"exactly {', '.join(FIELDS)}")
    for key, kind in FIELDS.items():
        if not isinstance(outside[key], kind):
            raise BadInput(f"{where}, {key}", type(outside[key]).__name__, str(kind))
    if outside["kind"] not in KINDS:
        raise BadInput(f"{where}, kind", outside["kind"], f"one of {', '.join(KINDS)}")
    fitting = OUTPUTS[:3] if categorical else OUTPUTS[3:]
    if outside["outputs"] not in fitting:
        raise BadInput(f"{where}, outputs", outside["outputs"], f"one of {', '.join(fitting)}")
    if not all(isinstance(sentence, str) for sentence in outside["warnings"]):
        raise BadInput(f"{where}, warnings", outside["warnings"], "sentences")
    if (stated := outside["stated"]) is not None:
        value = stated.get("accuracy")
        if set(stated) != {"accuracy", "source"} or not isinstance(stated["source"], str) or not stated["source"]:
            raise BadInput(f"{where}, stated", stated, "an accuracy and its source")
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            raise BadInput(f"{where}, stated accuracy", value, "a fraction from 0 to 1")


def filled_in(protocol: Protocol, outside: Mapping[str, Json], where: object) -> dict[str, Json]:
    """What a stranger said of a model, with a default for each field left out. BadInput as of `check_fields`."""
    categorical = protocol.task == "categorical"
    defaults: dict[str, Json] = {"sha256": None, "stated": None, "extra_training_data": None, "warnings": []}
    filled = defaults | {"outputs": "logits" if categorical else "valence and arousal"} | dict(outside)
    filled["warnings"] = list(filled["warnings"])
    check_fields(filled, categorical, where)
    return filled


def aligned(ids: Iterable[str], protocol: Protocol, faces: FaceSet, where: object) -> dict[str, np.ndarray]:
    """The positions in `ids` of the protocol's evaluated faces: role -> int64, one position per face, in FaceSet order.

    The result always has "test"; it has "validation" only if `ids` contains the validation faces.

    Args:
        ids: str (N,), in any order.
        where: names the ids in errors.

    Raises:
        BadInput: an id that occurs twice, is of the training split or is unknown; a test face whose id is missing; only a
            part of the validation faces.
    """
    ids = [str(each) for each in ids]
    places = {each: place for place, each in enumerate(ids)}
    if len(places) != len(ids):
        doubled = [each for each, times in Counter(ids).items() if times > 1]
        raise BadInput(f"{where}, ids", f"{_some(doubled)} more than once", "each id once")
    of = {role: faces.id[role_rows(protocol, faces, role)].tolist() for role in ("test", "validation", "train")}
    if training := [each for each in of["train"] if each in places]:
        raise BadInput(
            f"{where}, ids",
            f"predictions on the training split: {_some(training)}",
            f"ids of split {protocol.splits['test']}" + ("" if not of["validation"] else ", validation ones beside them"),
        )
    if unknown := sorted(set(places) - set(of["test"]) - set(of["validation"])):
        example = of["test"][0]
        raise BadInput(f"{where}, ids", f"unknown: {_some(unknown)}", f"ids of {protocol.data} such as {example}")
    found = {}
    for role in ("test", "validation"):
        missing = [each for each in of[role] if each not in places]
        if missing and (role == "test" or len(missing) < len(of[role])):
            expected = f"one row for each of the {len(of[role]):,} {role} faces of {protocol.name}"
            raise BadInput(f"{where}, ids", f"{role} faces missing: {_some(missing)}", expected)
        if of[role] and not missing:
            found[role] = np.array([places[each] for each in of[role]])
    return found


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


def as_stored(
    protocol: Protocol, predictions: Mapping[str, np.ndarray], faces: FaceSet, where: object
) -> dict[str, np.ndarray]:
    """The arrays of a record's predictions, in the FaceSet's order. BadInput as `benchmark.outside.entry.enter`."""
    roles = [role for role in ("validation", "test") if role == "test" or f"{role}_ids" in predictions]
    names = {f"{role}_outputs_{tta}" for role in roles for tta in protocol.tta}
    allowed = names | {f"{role}_{part}" for role in roles for part in ("ids", "targets")}
    needed = {f"{role}_{part}" for role in roles for part in ("ids", "outputs_none")}
    if odd := sorted((needed - set(predictions)) | (set(predictions) - allowed)):
        raise BadInput(
            where, f"arrays missing or unknown: {', '.join(odd)}", f"{', '.join(sorted(needed))} and perhaps more"
        )
    ids = np.concatenate([np.asarray(predictions[f"{role}_ids"], dtype=str) for role in roles])
    own = np.concatenate([np.full(len(predictions[f"{role}_ids"]), role) for role in roles])
    places = aligned(ids, protocol, faces, where)
    stored: dict[str, np.ndarray] = {}
    for role, chosen in places.items():
        if (own[chosen] != role).any():
            raise BadInput(f"{where}, {role}_ids", f"ids of another split than {role}", f"those of {role} alone")
        rows, offset = role_rows(protocol, faces, role), int(np.argmax(own == role))
        targets = role_targets(protocol, faces, rows)
        given = predictions.get(f"{role}_targets")
        if given is not None and not np.array_equal(np.asarray(given)[chosen - offset], targets):
            raise BadInput(f"{where}, {role}_targets", "other values", f"those of {faces.directory}")
        stored |= {f"{role}_ids": faces.id[rows], f"{role}_targets": targets}
        for name in sorted(n for n in names & set(predictions) if n.startswith(role)):
            outputs = _outputs(predictions[name], int(np.sum(own == role)), protocol, f"{where}, {name}")
            stored[name] = outputs[chosen - offset]
    return stored


def _outputs(values: np.ndarray, n: int, protocol: Protocol, where: object) -> np.ndarray:
    values = np.asarray(values)
    if values.shape != (n, protocol.outputs) or values.dtype.kind not in "fiu":
        raise BadInput(where, f"{values.dtype} {values.shape}", f"numbers of shape ({n}, {protocol.outputs})")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers too large for float32 become infinite; refused below
        values = values.astype(np.float32)
    if bad := int((~np.isfinite(values)).any(1).sum()):
        raise BadInput(where, f"{bad} of {n} rows with NaN or infinity", "finite numbers")
    return values


def check_record(record: Record, protocol: Protocol, faces: FaceSet | None) -> None:
    """Raise BadInput if the parts of an outside entry's record do not agree with each other.

    Args:
        faces: the prepared FaceSet of its protocol; ids and targets are then checked against it. None: not at hand.
    """
    where, contents = record.directory, record.contents
    check_name(record.cell)
    check_fields(contents["outside"], protocol.task == "categorical", f"{where}, outside")
    cell = Cell(record.cell, "outside", {}, "outside")
    if contents["cell"] != cell.as_dict() or contents["cell_hash"] != cell.hash:
        raise BadInput(f"{where}, cell", contents["cell"], f"{cell.as_dict()} and hash {cell.hash}")
    if contents["seed"] != 0 or contents["history"] or record.diverged:
        raise BadInput(where, "a seed, a history or no predictions", "an entry that was evaluated, not trained: seed 0")
    for name, values in record.predictions.items():
        if "_outputs_" in name:
            rows = len(record.predictions[f"{name.split('_')[0]}_ids"])
            _outputs(values, rows, protocol, f"{where}, {name}")
            if record.hard and (not np.isin(values, (0, 1)).all() or (values.sum(1) != 1).any()):
                raise BadInput(f"{where}, {name}", "other rows than one-hot ones", "one-hot rows, as outputs are classes")
    if faces is not None:
        stored = as_stored(protocol, record.predictions, faces, where)
        for name, values in stored.items():
            if not np.array_equal(record.predictions[name], values):
                raise BadInput(f"{where}, {name}", "rows in another order", f"the order of {faces.directory}")
