"""Test faces as files for whoever predicts elsewhere: pictures and ids, nothing that gives a label away.

A FaceSet's own ids and order may tell the class (a folder of each class, say), so the files are named by blind ids: the
first 16 hexadecimal digits of a SHA-256 over the FaceSet's fingerprint and the face's id. Sorted by them, the order is
that of a hash. `ferbench score` takes either kind of id.
"""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import replacing_directory
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows

PARTS = ("test", "validation")


def blind_id(fingerprint: str, face: str) -> str:
    """The id under which a face is exported: 16 hexadecimal digits."""
    return hashlib.sha256(f"{fingerprint} {face}".encode()).hexdigest()[:16]


def as_named(ids: np.ndarray, faces: FaceSet) -> FaceSet:
    """`faces` under the kind of id that `ids` (str N) are: blind if any of them is one, else as they are."""
    blind = np.array([blind_id(faces.fingerprint, face) for face in faces.id.tolist()], dtype=str)
    return dataclasses.replace(faces, id=blind) if set(ids.tolist()) & set(blind.tolist()) else faces


def export_faces(protocol: Protocol, faces: FaceSet, part: str, out: Path) -> int:
    """Write ``<blind id>.png`` for every labelled face of a part, and ``ids.csv`` (columns id, file), in a new folder.

    Pictures have the FaceSet's own size and channels (grey or RGB), 8 bits, losslessly. The folder appears whole or not at
    all.

    Args:
        part: "test" or "validation".

    Returns:
        number of faces.

    Raises:
        BadInput: `out` exists; a part without faces (validation under folds); a FaceSet that is not the protocol's.
    """
    from PIL import Image

    if part not in PARTS:
        raise BadInput("split", f"'{part}'", f"one of {', '.join(PARTS)}")
    if out.exists():
        raise BadInput(out, "something that exists", "a new folder")
    rows = role_rows(protocol, faces, part)
    if not len(rows):
        raise BadInput(f"protocol {protocol.name}, {part}", "no face", "some; under folds every face is a test face")
    of = sorted((blind_id(faces.fingerprint, faces.id[row]), int(row)) for row in rows)
    with (
        replacing_directory(out) as temporary,
        progress.bar(total=len(of), desc=f"{protocol.name} {part}", unit="img") as bar,
    ):
        for name, row in of:
            picture = faces.pictures[row : row + 1][0]
            Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(temporary / f"{name}.png")
            bar.update()
        lines = ["id,file", *(f"{name},{name}.png" for name, _ in of)]
        (temporary / "ids.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(of)
