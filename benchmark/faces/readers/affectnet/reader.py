"""AffectNet (Mollahosseini, Hasani, Mahoor, IEEE TAC 2019, arXiv:1708.03985): faces with expression, valence and arousal.

It is read from any layout that `lists` (release of 2017) or `sidecars` (2021, AffectNet+) knows. The official validation set
is used as the test split, because AffectNet's test set was never released. A part of the training set is held out for
validation.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.faces.readers.affectnet import lists, sidecars
from benchmark.faces.readers.affectnet.rows import Row
from benchmark.faces.reading.decoding import Batch, write_decoded
from benchmark.faces.reading.pictures import Unreadable, load_image
from benchmark.faces.reading.raw import check_names, raw_folder
from benchmark.files import Json

VERSION = "1.0"
CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
RAW = ("affectnet",)
TAKES_FOLDERS = True
OTHER = ("None", "Uncertain", "No-Face")  # codes 8, 9, 10
HELD_OUT = 0.05  # fraction of the training set that becomes the validation split
PICTURES_A_BATCH = 64
Cut = tuple[str, tuple[float, float, float, float] | None, float]  # one picture: path in the folder, face box, roll
Source = tuple[str, tuple[Cut, ...], int, float]  # one batch: folder, its pictures, size, margin
# Class counts of the manually annotated training list, as quoted in public code. The validation set has 500 pictures per
# class (in the 2021 release one contempt picture less).
TRAINING = (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750)
VALIDATION = {3999: (500, 500, 500, 500, 500, 500, 500, 499), 4000: (500,) * 8}


def check(path: Path) -> None:
    """Validate every annotation in a raw folder. BadInput says what is wrong. Pictures are not opened."""
    read(Path(path))


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    size: int = 64,
    margin: float = 0.0,
    align: bool = False,
    allow_unreadable: float = 0.001,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the folder ``raw/affectnet``. Pictures are decoded in parallel; a stopped call can be resumed.

    Images are uint8 (N, size, size, 3). The splits are "train", "validation" (held out of the training set, see `held_out`)
    and "test" (the official validation set). Rows of the classes None, Uncertain and No-Face are left out and counted in
    ``meta["how"]``. Valence and arousal are NaN where the release has -2.

    Args:
        size: side of the pictures in pixels.
        margin: a face box of the 2017 lists is widened on every side by this fraction of its longer side.
        align: rotate every face by its landmarks so that the eyes are level; only for the 2017 lists.
        allow_unreadable: largest fraction of pictures that may be missing or damaged, 0..1.
        processes: as for `write_decoded`.

    Raises:
        BadInput: as `read`; an option out of range; `align` for a release with cropped faces; more unreadable pictures than
            allowed.
    """
    for name, value, good in (
        ("size", size, type(size) is int and 8 <= size <= 1024),
        ("margin", margin, type(margin) in (int, float) and 0 <= margin <= 2),
        ("align", align, type(align) is bool),
        ("allow_unreadable", allow_unreadable, type(allow_unreadable) in (int, float) and 0 <= allow_unreadable <= 1),
    ):
        if not good:
            raise BadInput(
                f"affectnet, option {name}", value, "size 8..1024, margin 0..2, align true or false, allow_unreadable 0..1"
            )
    folder = raw_folder(raw, "affectnet")
    every, edition, files = read(folder, align=align)
    rows = [row for row in every if row.code < len(CLASSES)]
    check_names((name for row in rows for name in (row.id, row.path)), folder)
    match = compare_counts(rows)
    print(f"AffectNet, {edition}: {len(rows)} faces of the eight classes; {match}", file=sys.stderr)
    batches = [
        Batch(
            range(start, min(start + PICTURES_A_BATCH, len(rows))),
            (str(folder), tuple((r.path, r.box, r.roll) for r in rows[start : start + PICTURES_A_BATCH]), size, margin),
        )
        for start in range(0, len(rows), PICTURES_A_BATCH)
    ]
    codes = Counter((row.part, row.code) for row in every)
    return write_decoded(
        directory,
        batches,
        load,
        size=size,
        channels=3,
        where=[row.path for row in rows],
        allow_unreadable=allow_unreadable,
        processes=processes,
        name="affectnet",
        version=VERSION,
        classes=CLASSES,
        id=[row.id for row in rows],
        split=[split_of(row) for row in rows],
        expression=[row.code for row in rows],
        valence=[row.valence for row in rows],
        arousal=[row.arousal for row in rows],
        how={
            "reader": "affectnet",
            "edition": edition,
            "files": files,
            "options": {"size": size, "margin": margin, "align": align, "allow_unreadable": allow_unreadable},
            "counts": match,
            "left out": {p: {n: codes[p, 8 + k] for k, n in enumerate(OTHER)} for p in sidecars.PARTS},
            "without valence or arousal": int(sum(np.isnan(row.valence) or np.isnan(row.arousal) for row in rows)),
            "without face box": sum(row.box is None for row in rows),
            "validation": f"{HELD_OUT:g} of the training set, by SHA-256 of the id",
        },
    )


def read(folder: Path, *, align: bool = False) -> tuple[list[Row], str, dict[str, Json]]:
    """(all rows, training set first; name of the edition; digests of the list files for meta.json).

    Args:
        align: also read the landmarks.

    Raises:
        BadInput: no known layout, or several; `align` for an edition without landmarks; whatever `lists` and `sidecars`
            refuse.
    """
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "the unpacked folder of AffectNet")
    csv_files, parts = lists.find(folder), sidecars.find(folder)
    if csv_files is not None and parts is None:
        rows, files = lists.read(folder, csv_files, align=align)
        return rows, "2017 release, csv lists", files
    if csv_files is not None or parts is None:
        found = "neither training.csv nor train_set" if parts is None else "the lists of 2017 beside a train_set"
        raise BadInput(folder, found, "one release of AffectNet: training.csv and validation.csv, or train_set and val_set")
    top, form = parts
    if align:
        raise BadInput(folder, f"option align, and the {sidecars.EDITIONS[form]}", "the lists of 2017, which have landmarks")
    return sidecars.read(folder, top, form), sidecars.EDITIONS[form], {}


def load(source: Source) -> list[np.ndarray | Unreadable]:
    """The pictures of one batch, for `write_decoded`; an Unreadable in place of one that can not be read."""
    folder, listed, size, margin = source
    pictures: list[np.ndarray | Unreadable] = []
    base = Path(folder).resolve()
    for path, box, roll in listed:
        try:
            file = (base / path).resolve()
            if not file.is_relative_to(base):
                raise Unreadable("a link that leads out of the folder")
            pictures.append(load_image(file, size=size, channels=3, box=box, margin=margin, roll=roll))
        except Unreadable as error:
            pictures.append(error)
    return pictures


def split_of(row: Row) -> str:
    """ "test" for the official validation set, else "validation" or "train"."""
    return "test" if row.part == "val" else "validation" if held_out(row.id) else "train"


def held_out(id: str) -> bool:
    """Whether a picture of the training set is held out for validation. This depends only on its id, so a subset of the data
    has the same split."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big") < HELD_OUT * 2**64


def compare_counts(rows: Sequence[Row]) -> str:
    """A sentence that compares the class counts with the known ones."""
    found = {
        part: tuple(int(n) for n in np.bincount([r.code for r in rows if r.part == part], minlength=len(CLASSES)))
        for part in sidecars.PARTS
    }
    known = {"train": TRAINING, "val": VALIDATION.get(sum(found["val"]), VALIDATION[4000])}
    said = []
    for part, name in (("train", "training"), ("val", "validation")):
        if found[part] == known[part]:
            said.append(f"{name} set as known ({sum(known[part])})")
        else:
            kind = (
                "a subset" if all(a <= b for a, b in zip(found[part], known[part], strict=True)) else "not the known counts"
            )
            said.append(f"{name} set {kind}: {list(found[part])} of {list(known[part])}")
    return "; ".join(said)
