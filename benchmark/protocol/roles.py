"""Which faces of a FaceSet have which role in a protocol (train, validation, test), and their labels."""

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.protocol import Protocol


def check_faces(protocol: Protocol, faces: FaceSet) -> None:
    """Raise BadInput if a FaceSet is not the one of the protocol: name, version, options of `prepare`, class order."""
    where = faces.directory
    for what, found, expected in (
        ("name", faces.meta["name"], protocol.data),
        ("version", faces.meta["version"], protocol.data_version),
    ):
        if found != expected:
            raise BadInput(f"{where}, {what}", found, f"{expected} for protocol {protocol.name}")
    protocol.check_data_options(faces.meta, where)
    if protocol.task == "categorical" and faces.classes != protocol.classes:
        raise BadInput(f"{where}, class order", ", ".join(faces.classes), ", ".join(protocol.classes))


def labelled(protocol: Protocol, faces: FaceSet, rows: np.ndarray) -> np.ndarray:
    """The rows among `rows` (int64) that have a label for the protocol's task."""
    if protocol.task == "categorical":
        return rows[faces.expression[rows] >= 0]
    return rows[~(np.isnan(faces.valence[rows]) | np.isnan(faces.arousal[rows]))]


def role_rows(protocol: Protocol, faces: FaceSet, role: str) -> np.ndarray:
    """Rows (int64, ascending) of the labelled faces of a role. With folds, every face of a fold is a test face, and the
    other roles are empty.

    Raises:
        BadInput: as `check_faces`; a split that the FaceSet does not have.
    """
    check_faces(protocol, faces)
    if protocol.folds is None:
        return labelled(protocol, faces, faces.rows(protocol.splits[role]))
    if role == "test":
        return labelled(protocol, faces, np.flatnonzero(np.isin(faces.split, protocol.folds)))
    return np.empty(0, np.int64)


def role_targets(protocol: Protocol, faces: FaceSet, rows: np.ndarray) -> np.ndarray:
    """Labels of `rows` in the form of a record: class indices int64 (N,), or valence and arousal float32 (N, 2)."""
    if protocol.task == "categorical":
        return faces.expression[rows].astype(np.int64)
    return np.stack([faces.valence[rows], faces.arousal[rows]], 1).astype(np.float32)
