"""Brings predictions that were made elsewhere into the form of a record: the protocol's faces, in their order."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows, role_targets

SHOWN = 3  # most ids that an error message names


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
    """The arrays of a record's predictions, in the FaceSet's order. BadInput as `benchmark.outside.entry.entry_of`."""
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
