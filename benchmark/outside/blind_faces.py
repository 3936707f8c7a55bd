"""Exports test faces as files, to be predicted elsewhere: pictures and ids, without anything that reveals a label.

The ids and the order of a FaceSet may reveal the class (for instance, if there is a folder per class). So the files are
named by blind ids: the first 16 hexadecimal digits of a SHA-256 over the FaceSet's fingerprint and the face's id. They are
sorted by blind id, so that their order reveals nothing either. `ferbench score` accepts both kinds of id.
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
    """The blind id of a face: 16 hexadecimal digits."""
    return hashlib.sha256(f"{fingerprint} {face}".encode()).hexdigest()[:16]


def as_named(ids: np.ndarray, faces: FaceSet) -> FaceSet:
    """`faces` with the kind of id that `ids` (str (N,)) has: with blind ids if any of `ids` is a blind id of these faces,
    else unchanged."""
    blind = np.array([blind_id(faces.fingerprint, face) for face in faces.id.tolist()], dtype=str)
    return dataclasses.replace(faces, id=blind) if set(ids.tolist()) & set(blind.tolist()) else faces


def export_faces(protocol: Protocol, faces: FaceSet, part: str, out: Path) -> int:
    """Write a new folder with ``<blind id>.png`` for every labelled face of a part, and ``ids.csv`` (columns id, file).

    Pictures have the FaceSet's own size and channels (grey or RGB), with 8 bits and lossless. The folder is written
    atomically.

    Args:
        part: "test" or "validation".

    Returns:
        number of faces.

    Raises:
        BadInput: `out` exists; the part has no faces (validation with folds); the FaceSet is not the protocol's.
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
