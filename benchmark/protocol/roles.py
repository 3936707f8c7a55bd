"""Which faces of a FaceSet play which role of a protocol, and what their labels are."""

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.protocol import Protocol


def role_rows(protocol: Protocol, faces: FaceSet, role: str) -> np.ndarray:
    """Rows (int64, ascending) of the labelled faces of a role; under folds every face is a test face.

    Raises:
        BadInput: the FaceSet is not the protocol's (name, version, options, classes, splits).
    """
    where = faces.directory
    for what, found, expected in (
        ("name", faces.meta["name"], protocol.data),
        ("version", faces.meta["version"], protocol.data_version),
    ):
        if found != expected:
            raise BadInput(f"{where}, {what}", found, f"{expected} for protocol {protocol.name}")
    protocol.check_data_options(faces.meta, where)
    if protocol.task == "categorical":
        if faces.classes != protocol.classes:
            raise BadInput(f"{where}, class order", ", ".join(faces.classes), ", ".join(protocol.classes))
        labelled = faces.expression >= 0
    else:
        labelled = ~(np.isnan(faces.valence) | np.isnan(faces.arousal))
    if protocol.folds is None:
        rows = faces.rows(protocol.splits[role])
    elif role == "test":
        rows = np.flatnonzero(np.isin(faces.split, protocol.folds))
    else:
        return np.empty(0, np.int64)
    return rows[labelled[rows]]


def role_targets(protocol: Protocol, faces: FaceSet, rows: np.ndarray) -> np.ndarray:
    """Labels of rows as a record holds them: int64 (N,), or float32 (N, 2) valence and arousal."""
    if protocol.task == "categorical":
        return faces.expression[rows].astype(np.int64)
    return np.stack([faces.valence[rows], faces.arousal[rows]], 1).astype(np.float32)
