"""What a FaceSet holds, in small files that the report can show: counts, fingerprint, contact sheet."""

from pathlib import Path

import numpy as np

from benchmark.atomic import replacing_directory, write_json
from benchmark.faces import FaceSet

# Data sets whose terms allow showing their pictures in a report.
SHOWN = ("synthetic", "diffusionfer")


def describe(faces: FaceSet, out: Path) -> dict:
    """Write ``out/audit.json`` and, where the terms allow it, ``out/contact-sheet.png``; atomically.

    Returns:
        The contents of audit.json: name, version, classes, counts (split -> class -> faces), fingerprint, duplicates
        (exact ones, by SHA-256: groups, groups with members in more than one split), flags (reason -> faces).
    """
    _, group = np.unique(faces.sha256, return_inverse=True)
    size = np.bincount(group)
    across = {g for g in np.flatnonzero(size > 1).tolist() if len(set(faces.split[group == g])) > 1}
    reasons, times = np.unique(faces.flag[faces.flag != ""], return_counts=True)
    contents = {
        "name": faces.meta["name"],
        "version": faces.meta["version"],
        "classes": list(faces.classes),
        "counts": faces.meta["counts"],
        "fingerprint": faces.fingerprint,
        "shape": faces.meta["shape"],
        "duplicates": {"groups": int(np.sum(size > 1)), "groups_across_splits": len(across)},
        "flags": dict(zip(reasons.tolist(), times.tolist(), strict=True)),
    }
    with replacing_directory(out) as temporary:
        write_json(temporary / "audit.json", contents)
        if faces.meta["name"] in SHOWN:
            from benchmark.report.contact_sheet import contact_sheet  # Pillow, only where pictures are shown

            contact_sheet(faces).save(temporary / "contact-sheet.png", optimize=True)
    return contents
