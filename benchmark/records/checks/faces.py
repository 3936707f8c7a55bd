"""Whether the faces of a record, their labels and the training counts are those of its protocol."""

import numpy as np

from benchmark.errors import BadInput
from benchmark.protocol.protocol import Protocol
from benchmark.records.checks.known import Known, Rows, own_protocol
from benchmark.records.per_video import video_of
from benchmark.records.published import EVALUATED, rows_digest
from benchmark.records.record import Record

COPIED = 0.1  # fraction of faces whose valence and arousal, to the last bit, no model guesses


def check(record: Record, known: Known) -> str | None:
    """Check ids, targets and training counts against `known.rows`.

    Returns:
        None; or a sentence, if these faces are not known. Ids that occur twice and targets out of range are refused anyway.

    Raises:
        BadInput: naming what differs.
    """
    protocol = own_protocol(record)
    if not record.diverged:
        _check_rows(record, protocol)
        for role in EVALUATED:
            if f"{role}_targets" in record.predictions:
                _check_not_the_labels(record, role)
    rows = known.rows(protocol, record["data"]["fingerprint"])
    if rows is None:
        return "neither the FaceSet nor published digests of this protocol on these bytes"
    _check_counts(record, rows)
    for role in EVALUATED if not record.diverged else ():
        if f"{role}_ids" in record.predictions:
            ids, targets = (record.predictions[f"{role}_{part}"] for part in ("ids", "targets"))
            if rows_digest(ids, targets) != rows.digests[role]:
                found = _difference(ids, targets, role, rows)
                raise BadInput(f"{record.directory}, {role} faces", found, f"those of {rows.source}")
    return None


def _check_not_the_labels(record: Record, role: str) -> None:
    """Refuse outputs that were made from the labels: equal to them, or the same for all faces of a label.

    No network answers different pictures with equal numbers unless it answers every picture with them. This finds only the
    plainest of forgeries; outputs with noise on them rest on trust until the weights are seen (docs/trust.md).
    """
    targets = record.predictions[f"{role}_targets"]
    for tta in record.tta:
        name = f"{role}_outputs_{tta}"
        if name not in record.predictions or record.hard:
            continue
        outputs = record.predictions[name]
        if targets.ndim == 2:
            alike = bool((outputs == targets).all(axis=1).mean() > COPIED)
        else:
            _, first = np.unique(targets, return_index=True)
            own = outputs[first[np.searchsorted(targets[first], targets)]]
            alike = len(targets) > len(first) > 1 and bool((outputs == own).all() and (outputs != outputs[0]).any())
        if alike:
            raise BadInput(f"{record.directory}, {name}", "the labels", "outputs that depend on the picture")


def _difference(ids: np.ndarray, targets: np.ndarray, role: str, rows: Rows) -> str:
    """In words, how the faces of a record differ from those of its protocol."""
    if role not in rows.ids:
        return "other faces, another order or other targets"
    found, wanted = set(ids.tolist()), set(rows.ids[role].tolist())
    if found != wanted:
        return f"{len(wanted - found)} faces missing and {len(found - wanted)} unknown"
    if ids.tolist() != rows.ids[role].tolist():
        return "another order"
    differ = (rows.targets[role] != targets).reshape(len(targets), -1).any(axis=1)
    return f"other targets for {differ.sum()} faces"


def _check_rows(record: Record, protocol: Protocol) -> None:
    where = record.directory
    for role in EVALUATED:
        ids, targets = (record.predictions.get(f"{role}_{part}") for part in ("ids", "targets"))
        if ids is None and targets is None and record.outside is not None and role == "validation":
            continue
        if ids is None or targets is None:
            raise BadInput(f"{where}, {role}", "no ids or no targets", "both in predictions.npz")
        if ids.dtype.kind != "U" or ids.ndim != 1 or len(set(ids.tolist())) != len(ids) or not len(ids):
            raise BadInput(f"{where}, {role}_ids", f"{ids.dtype} {ids.shape}", "different texts, one a face")
        categorical = protocol.task == "categorical"
        shape, kind = ((len(ids),), "int64") if categorical else ((len(ids), 2), "float32")
        if targets.shape != shape or targets.dtype != kind:
            raise BadInput(f"{where}, {role}_targets", f"{targets.dtype} {targets.shape}", f"{kind} {shape}")
        low, high = (0, len(protocol.classes) - 1) if categorical else (-1, 1)
        if not (low <= targets.min() and targets.max() <= high):  # NaN is neither
            raise BadInput(f"{where}, {role}_targets", f"{targets.min()} to {targets.max()}", f"{low} to {high}")
        if protocol.frames_of:
            video_of(ids, f"{where}, {role}_ids")


def _check_counts(record: Record, rows: Rows) -> None:
    if record.outside is not None:
        return
    found, wanted = record["train_counts"], rows.train_counts
    if record.folds is not None:  # of a diverged run, those up to the fold that diverged
        found = [fold["train_counts"] for fold in record.folds]
        wanted = [None] * len(found) if wanted is None else wanted[: len(found)]
    if found != wanted:
        raise BadInput(f"{record.directory}, train_counts", found, f"{wanted}, as {rows.source} has them")
