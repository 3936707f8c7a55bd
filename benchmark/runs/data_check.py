"""Whether the faces that runs need are prepared, so that a missing data set is known before the first run is trained."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.faces.faceset import open_faceset
from benchmark.protocol.cells import Run
from benchmark.protocol.roles import check_faces


def check_data(runs: Sequence[Run], prepared: Path, out: Path) -> None:
    """Check the FaceSet of every run that has no record in `out`. No picture is read.

    Args:
        prepared: folder of FaceSets, each named as its data set.

    Raises:
        BadInput: a FaceSet that is not there or damaged, or of another name, version, option or class order than a protocol
            says (`benchmark.protocol.roles.check_faces`).
    """
    left = {run.protocol.hash: run.protocol for run in runs if not (out / run.place / "record.json").is_file()}
    for data in dict.fromkeys(protocol.data for protocol in left.values()):
        faces = open_faceset(prepared / data)
        for protocol in left.values():
            if protocol.data == data:
                check_faces(protocol, faces)
