"""The faces of protocols in the FaceSets that are prepared here: what records are checked against where the data is."""

from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import Json
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import labelled, role_rows, role_targets
from benchmark.records.checks.known import Rows, published_rows
from benchmark.records.published import EVALUATED, rows_digest


class Prepared:
    """The FaceSets below a folder. Its methods are the arguments `rows` and `fingerprint` of `Known`.

    Args:
        verify: read every picture of a FaceSet once and compare it with its digest. A damaged FaceSet is then treated as
            not here, and named in `damaged`, so that no record is blamed for it.
    """

    def __init__(self, folder: Path, verify: bool = False):
        self.folder, self.verify = folder, verify
        self.damaged: dict[str, BadInput] = {}
        self._opened: dict[str, FaceSet | None] = {}
        self._rows: dict[tuple[str, str], Rows] = {}

    def faces(self, name: str) -> FaceSet | None:
        """The FaceSet of that name; None if it is not here. BadInput for a damaged one (unless
        `verify`)."""
        if name not in self._opened:
            there = (self.folder / name / "meta.json").is_file()
            try:
                self._opened[name] = open_faceset(self.folder / name, verify=self.verify) if there else None
            except BadInput as error:
                if not self.verify:
                    raise
                self.damaged[name], self._opened[name] = error, None
        return self._opened[name]

    def fingerprint(self, name: str) -> str | None:
        """The fingerprint of the FaceSet of that name; None if it is not here."""
        return None if (faces := self.faces(name)) is None else faces.fingerprint

    def rows(self, protocol: Protocol, fingerprint: str) -> Rows | None:
        """The faces of a protocol: from the FaceSet, if it is here with these bytes; else the published digests."""
        faces = self.faces(protocol.data)
        if faces is None or faces.fingerprint != fingerprint:
            return published_rows(protocol, fingerprint)
        key = protocol.hash, fingerprint
        if key not in self._rows:
            self._rows[key] = _rows(protocol, faces)
        return self._rows[key]


def entry_of(protocol: Protocol, faces: FaceSet) -> dict[str, Json]:
    """The entry of a protocol on a FaceSet in published.yaml: digests of the validation and test faces, and the number of
    training faces of each class (for each fold, if there are folds; None for valence and arousal). BadInput as of
    `roles.role_rows`."""
    rows = _rows(protocol, faces)
    return {"train_counts": rows.train_counts, **rows.digests}


def _rows(protocol: Protocol, faces: FaceSet) -> Rows:
    # With folds, every face is once a validation face too, so both are all faces.
    of = {role: role_rows(protocol, faces, role if protocol.folds is None else "test") for role in EVALUATED}
    ids = {role: faces.id[rows] for role, rows in of.items()}
    targets = {role: role_targets(protocol, faces, rows) for role, rows in of.items()}
    digests = {role: rows_digest(ids[role], targets[role]) for role in EVALUATED}
    return Rows(f"the FaceSet {faces.directory}", _train_counts(protocol, faces), digests, ids, targets)


def _train_counts(protocol: Protocol, faces: FaceSet) -> list[int] | list[list[int]] | None:
    if protocol.task != "categorical":
        return None
    if protocol.folds is None:
        return _counts(protocol, faces, role_rows(protocol, faces, "train"))
    folds, found = protocol.folds, []
    for number, test in enumerate(folds):
        held_out = (test, folds[(number + 1) % len(folds)])
        training = [fold for fold in folds if fold not in held_out]
        found.append(_counts(protocol, faces, labelled(protocol, faces, np.flatnonzero(np.isin(faces.split, training)))))
    return found


def _counts(protocol: Protocol, faces: FaceSet, rows: np.ndarray) -> list[int]:
    counts: list[int] = np.bincount(faces.expression[rows], minlength=len(protocol.classes)).tolist()
    return counts
