"""AffectNet (Mollahosseini, Hasani, Mahoor, IEEE TAC 2019, arXiv:1708.03985): faces with expression, valence and arousal.

It is read from any layout that `lists` (release of 2017) or `parts` (2021, AffectNet+) knows. The official validation set is
used as the test split, because AffectNet's test set was never released. A part of the training set is held out for
validation, with all exact copies of a picture on one side.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, Texts
from benchmark.faces.readers.affectnet import boxes, counts, lists, parts
from benchmark.faces.readers.affectnet.folders import DEPTH, check_pictures, packed, search
from benchmark.faces.readers.affectnet.rows import ATTRIBUTES, CLASSES, OTHER, Release, Row
from benchmark.faces.reading.copies import hold_out
from benchmark.faces.reading.decoding import Batch, write_decoded
from benchmark.faces.reading.pictures import Unreadable, load_image
from benchmark.faces.reading.raw import check_names, raw_folder
from benchmark.faces.reading.unpacked import check_folder
from benchmark.faces.survey import Survey, decode_sample

VERSION = "1.1"
RAW = ("affectnet",)
expected_counts = counts.expected_counts
TAKES_FOLDERS = True
HELD_OUT = 0.05  # fraction of the training set that becomes the validation split
ALLOWED = 0.001  # largest fraction of pictures that may be missing or damaged
ANNOTATIONS = 6000  # annotations of a part that a check opens, where each is a file; all of 2021's val_set
PICTURES_A_BATCH = 64
NAMED = 1000  # most rows left out that meta.json names
Cut = tuple[str, tuple[float, float, float, float] | None, float]  # one picture: path in the folder, face box, roll
Source = tuple[str, tuple[Cut, ...], int, float]  # one batch: folder, its pictures, size, margin


def check(path: Path) -> Survey:
    """What `prepare` would read from a raw folder. Every list and every name is read; of annotations that are one file each,
    at most `ANNOTATIONS` a part; of the pictures a sample is decoded.

    Raises:
        BadInput: as `read`; more than `ALLOWED` of the listed pictures are not there; a sample that shows that more than
            these can not be used (`benchmark.faces.survey.check_sample`), or that face boxes do not fit the pictures
            (`boxes.check_fit`); a name that is not printable.
    """
    folder = Path(path)
    release = read(folder, sample=ANNOTATIONS)
    check_names((picture.path for picture in release.listed), folder)
    faces = release.faces()
    missing, notes = check_pictures(folder, release.listed, ALLOWED, faces=faces, searched=_searched(release))
    sampled = boxes.sample(folder, release.rows)
    boxed = (*boxes.check_fit(sampled), *boxes.check_outside(sampled, ALLOWED, len(missing)))
    decoded = decode_sample(
        [folder / row.path for row in release.spread() if row.path not in missing],
        allowed=ALLOWED,
        others=len(missing) + len(sampled.outside),
        total=round(len(release.listed) if faces is None else faces),
        within=folder,
    )
    return counts.survey(release, (*notes, *decoded, *boxed))


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    size: int = 64,
    margin: float = 0.0,
    align: bool = False,
    allow_unreadable: float = ALLOWED,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the folder ``raw/affectnet``. Pictures are decoded in parallel; a stopped call can be resumed.

    Images are uint8 (N, size, size, 3). The splits are "train", "validation" (held out of the training set, see `splits`)
    and "test" (the official validation set). Rows of the classes None, Uncertain and No-Face are left out and counted in
    ``meta["how"]``. Valence and arousal are NaN where the release has -2. Age, gender and race are attributes, if the
    release has them.

    Args:
        size: side of the pictures in pixels.
        margin: a face box of the 2017 lists is widened on every side by this fraction of its longer side.
        align: rotate every face by its landmarks so that the eyes are level; only for the 2017 lists.
        allow_unreadable: largest fraction of pictures that may be missing or damaged, or have a face box outside of the
            picture, 0..1.
        processes: as for `write_decoded`.

    Raises:
        BadInput: as `read`; an option out of range; `align` for a release with cropped faces; face boxes that do not fit the
            pictures (`boxes.check_fit`); more unreadable pictures than allowed.
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
    release = read(folder, align=align)
    rows = [row for row in release.rows if row.is_face]
    check_names((name for row in rows for name in (row.id, row.path)), folder)
    missing = check_pictures(folder, rows, allow_unreadable, searched=_searched(release))[1]
    fit = boxes.check_fit(boxes.sample(folder, rows, margin))
    edition, match = counts.EDITIONS[release.form], counts.compare(release)
    print(f"AffectNet, {edition}: {len(rows)} faces of the eight classes; {match}", file=sys.stderr)
    for note in (*release.notes, *counts.sentences(release), *missing, *fit):
        print(f"note: {note}", file=sys.stderr)
    batches = [
        Batch(
            range(start, min(start + PICTURES_A_BATCH, len(rows))),
            (str(folder), tuple((r.path, r.box, r.roll) for r in rows[start : start + PICTURES_A_BATCH]), size, margin),
        )
        for start in range(0, len(rows), PICTURES_A_BATCH)
    ]
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
        split=lambda kept, digest: splits([rows[k] for k in kept], digest),
        expression=[row.code for row in rows],
        valence=[row.valence for row in rows],
        arousal=[row.arousal for row in rows],
        attributes=_attributes(rows),
        how={
            "reader": "affectnet",
            "edition": edition,
            "files": dict(release.files or {}),
            "options": {"size": size, "margin": margin, "align": align, "allow_unreadable": allow_unreadable},
            "counts": match,
            "notes": [*counts.sentences(release)],
            "left out": {p: dict.fromkeys(OTHER, 0) | counts.other(release.of(p)) for p in release.names},
            "rows without a corner of the face box": [asdict(row) for row in release.left_out[:NAMED]],
            "without valence or arousal": int(sum(np.isnan(row.valence) or np.isnan(row.arousal) for row in rows)),
            "without face box": sum(row.box is None for row in rows),
            "validation": f"{HELD_OUT:g} of the training set, by SHA-256 of the smallest id among the exact copies",
        },
    )


def read(folder: Path, *, align: bool = False, sample: int | None = None) -> Release:
    """The release in a folder.

    Args:
        align: also read the landmarks.
        sample: as for `parts.read`.

    Raises:
        BadInput: no known layout, or several; `align` for an edition without landmarks; whatever `lists` and `parts` refuse.
    """
    check_folder(folder, "the folder of AffectNet")
    searched = search(folder, {*lists.WANTED, *parts.WANTED})
    csv_files, of_2021 = lists.find(folder, searched), parts.find(folder, searched)
    if csv_files is not None and of_2021 is None:
        return lists.read(folder, searched, csv_files, align=align)
    if csv_files is not None or of_2021 is None:
        expected = "one release of AffectNet: training.csv and validation.csv, or train_set and val_set"
        if csv_files is not None:
            raise BadInput(folder, "the lists of 2017 beside a train_set", expected)
        if classes := _class_folders(searched.places):
            expected += "; pictures in folders of classes: `ferbench data add folder-NAME PATH`"
            raise BadInput(folder, classes, expected)
        found = "; ".join(["neither training.csv nor train_set" + packed(folder, searched.places), *searched.notes])
        expected += f", in the given folder or at most {DEPTH} folders below it"
        raise BadInput(folder, found, expected)
    if align:
        edition = counts.EDITIONS[of_2021[1][0]]
        raise BadInput(folder, f"option align, and the {edition}", "the lists of 2017, which have landmarks")
    return parts.read(folder, searched, *of_2021, sample)


def _searched(release: Release) -> str:
    """Where pictures are looked for, for a refusal."""
    return lists.SEARCHED if release.form == "lists" else parts.SEARCHED


def _attributes(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The columns of `ATTRIBUTES` in which any face has a text."""
    columns = {name: [row.attributes[k] if row.attributes else "" for row in rows] for k, name in enumerate(ATTRIBUTES)}
    return {name: texts for name, texts in columns.items() if any(texts)}


def _class_folders(inside: Sequence[Path]) -> str:
    """What Kaggle's copies have: Train and Test with a folder for each class. "" if that is not there."""
    found = [place for place in inside if place.name.lower() in ("train", "test", "val", "valid", "validation")]
    own = {place: sorted(each.name for each in inside if each.parent == place) for place in found}
    return "; ".join(f"{place} with the folders {', '.join(classes)}" for place, classes in own.items() if classes)


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


def splits(rows: Sequence[Row], digest: NDArray[np.str_]) -> Texts:
    """ "test" for the official validation set, else "validation" or "train" as `hold_out` decides: copies of a picture are
    on one side, and a face without a copy is decided by its id alone.

    Args:
        rows: N rows.
        digest: str (N,), digests of their prepared pictures.
    """
    training = np.array([row.part == "train" for row in rows])
    held_out = np.zeros(len(rows), dtype=bool)
    ids = [row.id for row in rows if row.part == "train"]
    held_out[training] = hold_out(ids, digest[training], HELD_OUT)
    return np.where(training, np.where(held_out, "validation", "train"), "test")
