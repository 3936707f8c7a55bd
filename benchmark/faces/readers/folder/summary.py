"""The `Survey` of a folder: what would be read, and what is unusual about it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmark.faces.faceset import NO_EXPRESSION
from benchmark.faces.readers.folder.examining import Lost
from benchmark.faces.readers.folder.preset import Preset
from benchmark.faces.readers.folder.rows import NONE, Row
from benchmark.faces.reading.pictures import SUFFIXES
from benchmark.faces.reading.tracks import shown
from benchmark.faces.reading.walking import folders_below, passed_over
from benchmark.faces.survey import Survey, decode_sample

ALL = "all"  # in place of a split, where the release has none
ANNOTATIONS = frozenset({".csv", ".tsv", ".txt", ".lst", ".json", ".xml", ".mat", ".npy", ".xlsx"})


def survey(
    edition: str,
    base: Path,
    rows: Sequence[Row],
    lost: Lost,
    classes: Mapping[str, str],
    labels: NDArray[np.int64],
    preset: Preset | None,
    read: Iterable[str],
    notes: Sequence[str],
    allow_unreadable: float,
) -> Survey:
    """The survey of checked rows.

    Args:
        labels: of the rows, int64 (N,).
        preset: None for a user's own folder.
        read: names of the files directly in `base` that were read.
        notes: what the layout says.
        allow_unreadable: largest share of pictures that may be unreadable, 0..1.

    Raises:
        BadInput: as `benchmark.faces.survey.check_sample`.
    """
    names = [*classes.values()]
    without = {id(row) for row, _ in lost}
    counts: dict[str, dict[str, int]] = {}
    for row, number in zip(rows, labels.tolist(), strict=True):
        if id(row) not in without:
            own = counts.setdefault(row.split or ALL, dict.fromkeys(names, 0))
            name = NONE if number == NO_EXPRESSION else names[number]
            own[name] = own.get(name, 0) + 1
    files = [base / path for path in dict.fromkeys(row.path for row in rows if id(row) not in without)]
    found = [
        *notes,
        *_lost(lost, base),
        *_no_training(counts),
        *_classes_of_one_split(counts),
        *_divided(rows),
        *_beside(base, read),
        *_not_listed(rows, base, every=preset is None),
        *([] if preset is None else _of_preset(preset, rows, lost)),
        *decode_sample(files, allowed=allow_unreadable, others=len(lost), total=len(rows)),
        *_boxes(rows),
    ]
    known = None if preset is None else preset.known.counts
    return Survey(edition=edition, counts=counts, known=known, notes=tuple(found))


def _lost(lost: Lost, base: Path) -> list[str]:
    if not lost:
        return []
    row, why = lost[0]
    return [f"faces without a picture, left out: {len(lost)} (the first: {row.where}, {why}: {base / row.path})"]


def _no_training(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A sentence if no split is called like one for training, as when the outer folders are those of classes or persons."""
    if not counts or any(name == ALL or "train" in name.lower() or "fold" in name.lower() for name in counts):
        return []
    return [
        f"no split is called train: the splits are {shown(counts)}; if these are classes or persons, see 'folds' and the csv"
    ]


def _classes_of_one_split(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    notes = []
    for name in dict.fromkeys(name for own in counts.values() for name in own if name != NONE):
        having = [split for split, own in counts.items() if own.get(name)]
        if not having:
            notes.append(f"class '{name}' has no face")
        elif len(having) < len(counts):
            lacking = ", ".join(split for split in counts if split not in having)
            notes.append(f"class '{name}' has faces in {', '.join(having)}, and none in {lacking}")
    return notes


def _divided(rows: Sequence[Row]) -> list[str]:
    """Groups, and pictures with several faces, that are in several splits."""
    notes = []
    for what, names in (("groups", [row.group for row in rows]), ("pictures", [row.path.as_posix() for row in rows])):
        splits: dict[str, set[str]] = {}
        for row, name in zip(rows, names, strict=True):
            if name:
                splits.setdefault(name, set()).add(row.split)
        several = [name for name, own in splits.items() if len(own) > 1]
        if several:
            notes.append(f"{what} with faces in several splits, which stay so: {len(several)} (the first: {several[0]})")
    return notes


def _beside(base: Path, read: Iterable[str]) -> list[str]:
    own = {*read}
    found = [
        file.name
        for file in sorted(base.iterdir())
        if file.suffix.lower() in ANNOTATIONS and not passed_over(file.name) and file.name not in own and file.is_file()
    ]
    return [f"files that look like annotations were not read: {shown(found)}"] if found else []


def _of_preset(preset: Preset, rows: Sequence[Row], lost: Lost) -> list[str]:
    notes = []
    faces, groups = len(rows) - len(lost), len({row.group for row in rows if row.group})
    for what, known, found in (("faces", preset.known.faces, faces), ("groups", preset.known.groups, groups)):
        if known is not None and known != found:
            notes.append(f"known: {known:,} {what}, found: {found:,}")
    if preset.hold_out is not None:
        held = preset.hold_out
        part = f"{100 * held.share:g} % of {held.of} become the split {held.name}"
        notes.append(f"{part} when the pictures are decoded, so that exact copies are on one side")
    return notes


def _not_listed(rows: Sequence[Row], base: Path, every: bool) -> list[str]:
    """Pictures that no row names, in `every` folder or in `base` and the folders that have pictures of rows. Releases have
    others beside, such as the pictures from which faces were cut."""
    own = {row.path for row in rows}
    searched = {PurePosixPath("."), *(path.parent for path in own)}
    others = []
    for top, files, _ in folders_below(base):
        folder = PurePosixPath(Path(top).relative_to(base).as_posix())
        if every or folder in searched:
            pictures = (folder / name for name in files if PurePosixPath(name).suffix.lower() in SUFFIXES)
            others += [path for path in pictures if path not in own]
    others.sort()
    return [f"pictures without a label, passed over: {len(others)} (the first: {base / others[0]})"] if others else []


def _boxes(rows: Sequence[Row]) -> list[str]:
    pictures = Counter(row.path for row in rows if row.box is not None)
    if not pictures:
        return []
    return [f"face boxes: {pictures.total()} in {len(pictures)} pictures, at most {max(pictures.values())} in one"]
