"""What predictions that were made elsewhere become: the contents of an outside entry."""

import numpy as np

from benchmark.faces.faceset import FaceSet
from benchmark.outside.blind_faces import as_named
from benchmark.outside.entry import entry_of
from benchmark.outside.prediction_file import PredictionFile
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records.aligning import aligned


def entry_of_predictions(
    read: PredictionFile, protocol: Protocol, faces: FaceSet, name: str, *, source: str, parameters: int | None = None
) -> tuple[dict, dict[str, np.ndarray]]:
    """The contents and arrays of the record of predictions that were read (`benchmark.outside.entry.entry_of`).

    Args:
        source: where they come from; also names them in errors.

    Raises:
        BadInput: as `benchmark.records.aligning.aligned` and `entry_of`.
    """
    predictions, found = {}, aligned(read.ids, protocol, as_named(read.ids, faces), source)
    for role, places in found.items():
        ids = faces.id[role_rows(protocol, faces, role)]
        predictions |= {f"{role}_ids": ids, f"{role}_outputs_none": read.outputs[places]}
    warnings = read.warnings(found["test"], role_targets(protocol, faces, role_rows(protocol, faces, "test")))
    outside = {"kind": "predictions", "source": source, "sha256": read.sha256, "outputs": read.given, "warnings": warnings}
    return entry_of(protocol, name, predictions, faces=faces, outside=outside, parameters=parameters)
