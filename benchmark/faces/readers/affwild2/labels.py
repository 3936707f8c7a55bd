"""The labels of Aff-Wild2: one file per track, or multi-task lists of selected frames."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2.tree import VA_FOLDERS, Tree
from benchmark.faces.reading.label_lines import numbers_in, read_lines, table
from benchmark.faces.reading.tracks import shown

# In the order of the header of the expression challenge, which differs from AffectNet's. Only the multi-task lists have
# expressions.
CLASSES = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
VA_HEADER = "valence,arousal"
LIST_HEADER = "image,valence,arousal,expression,aus"
LISTS = "multi-task lists"
# So many lines of a file outside [-1, 1], and more than half, are of another scale; fewer are faults of single lines.
OUTSIDE = 10
IGNORE = -5  # as valence or arousal: the frame has no label
UNLABELLED_LIST = "mtl_challenge_test_set_release.txt"  # has the lists' header, then names without labels
IMAGE = re.compile(r"(?P<track>[^/\\]+)/(?P<frame>\d+)\.(jpg|jpeg|png)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Labels:
    """The labelled frames of one track.

    Attributes:
        official: "train" or "test" (the official validation part).
        numbers: int64 (F,), frame numbers from 1, ascending.
        values: float64 (F, 2), valence and arousal.
        expression: int64 (F,), or None.
        lines: number of frames that have a line in the file; for a multi-task list, the largest frame number.
        path: the file with the labels.
    """

    official: str
    numbers: NDArray[np.int64]
    values: NDArray[np.float64]
    expression: NDArray[np.int64] | None
    lines: int
    path: Path


@dataclass(frozen=True)
class Found:
    """All labels of a copy.

    Attributes:
        edition: name of the folder of the edition, or `LISTS`.
        labels: track -> its labels.
        ignored: number of frames whose line has no valid valence and arousal.
        ignored_expressions: number of those that have an expression.
        others: folder or file -> number of text files in it that are not read.
    """

    edition: str
    labels: Mapping[str, Labels]
    ignored: int
    ignored_expressions: int
    others: Mapping[str, int]


def find(tree: Tree) -> Found:
    """The labels of the only edition below a folder.

    Raises:
        BadInput: no labels in a known layout; several editions; one official part without labels; a track that occurs
            twice; an invalid header, line or image name; a file with more lines outside [-1, 1] than in it (and
            at least `OUTSIDE`).
    """
    sets = tree.label_folders
    outside = [path for path in tree.texts if not any(part in path.parents for own in sets.values() for part in own)]
    lists = [path for path in outside if path.name.lower() != UNLABELLED_LIST and _is_list(path)]
    if len(sets) + bool(lists) > 1:
        found = shown(path.relative_to(tree.root).as_posix() for path in [*sets, *lists])
        raise BadInput(tree.root, f"labels of several editions: {found}", "one of them; move the others away")
    if sets:
        ((top, parts),) = sets.items()
        known = {name.lower(): name for name in VA_FOLDERS}
        edition = known.get(top.name.lower(), "Train_Set and Validation_Set")
        labels, ignored = _from_sets(tree, top, parts)
        expressions = 0
    elif lists:
        edition = LISTS
        labels, ignored, expressions = _from_lists(tree, lists)
    else:
        inside = shown(sorted(path.relative_to(tree.root).as_posix() for path in tree.folders)) or "no folder"
        expected = (
            f"{' or '.join(VA_FOLDERS)} with Train_Set and Validation_Set of <track>.txt, or training and validation lists "
            f"with the header {LIST_HEADER} (docs/data/affwild2.md)"
        )
        raise BadInput(tree.root, inside + tree.hints(), expected)
    return Found(edition, labels, ignored, expressions, _others(tree, {own.path for own in labels.values()}))


def _others(tree: Tree, read: set[Path]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for path in tree.texts:
        if path.name.lower() == UNLABELLED_LIST:
            found[path.relative_to(tree.root).as_posix()] = 1
        elif path not in read:
            found[path.parent.relative_to(tree.root).as_posix()] += 1
    return dict(sorted(found.items()))


def _from_sets(tree: Tree, top: Path, parts: Mapping[Path, str]) -> tuple[dict[str, Labels], int]:
    found: dict[str, Labels] = {}
    ignored = 0
    for folder, official in parts.items():
        for path in tree.labels_in(folder):
            if path.stem in found:
                raise BadInput(path, f"track {path.stem} a second time, beside {found[path.stem].path}", "it once")
            if not path.exists():
                raise BadInput(path, f"a link to nothing ({os.readlink(path)})", "a label file")
            lines = read_lines(path)
            if lines[0].replace(" ", "").lower() != VA_HEADER:
                raise BadInput(f"{path} line 1", repr(lines[0][:60]), VA_HEADER)
            values = table(lines[1:], 2, ",", path, 2)
            valid = np.flatnonzero(_valid(values, path))
            ignored += len(values) - len(valid)
            found[path.stem] = Labels(official, valid + 1, values[valid], None, len(values), path)
    for official in ("train", "test"):
        if official not in parts.values():
            lacking = {"train": "Train_Set or Training_Set", "test": "Validation_Set"}[official]
            raise BadInput(next(iter(parts)).parent, f"no label file of {lacking}{tree.hints()}", "both official parts")
    return found, ignored


def _valid(values: NDArray[np.float64], path: Path) -> NDArray[np.bool_]:
    """bool (F,): whether a line of a file has a label. BadInput if most of the lines that are not to be ignored (-5), and
    at least `OUTSIDE`, have values outside [-1, 1]: these are of another scale, such as thousandths."""
    valid = (np.abs(values) <= 1).all(axis=1)
    meant = (values != IGNORE).all(axis=1)
    outside = int(np.sum(meant & ~valid))
    if outside >= OUTSIDE and 2 * outside > np.sum(meant):
        low, high = values[meant].min(), values[meant].max()
        found = f"values outside [-1, 1] in {outside} of {np.sum(meant)} labelled lines, from {low:g} to {high:g}"
        raise BadInput(path, found, f"valence and arousal in [-1, 1], or {IGNORE} for a frame without a label")
    return np.asarray(valid)


def _is_list(path: Path) -> bool:
    if not path.exists():  # a link to nothing
        return False
    with open(path, "rb") as stream:
        first = stream.readline(200).decode("utf-8-sig", errors="replace")
    return first.strip().replace(" ", "").lower().startswith(LIST_HEADER)


def _from_lists(tree: Tree, paths: Sequence[Path]) -> tuple[dict[str, Labels], int, int]:
    official: dict[str, Path] = {}
    for path in paths:
        part = "train" if path.name.lower().startswith("train") else "test" if path.name.lower().startswith("val") else None
        if part is None or part in official:
            names = shown(p.name for p in paths)
            raise BadInput(path.parent, f"lists {names}", "one whose name begins with train and one with val")
        official[part] = path
    if len(official) < 2:
        raise BadInput(paths[0].parent, f"list {paths[0].name} alone{tree.hints()}", "a training and a validation list")
    found: dict[str, Labels] = {}
    ignored = expressions = 0
    for part, path in official.items():
        rows = _rows_of(path)
        _valid(np.array([row[:2] for own in rows.values() for row in own.values()]).reshape(-1, 2), path)
        for track, own in rows.items():
            if track in found:
                raise BadInput(path, f"track {track}, which is in {found[track].path.name} too", "it in one list")
            numbers = np.array(sorted(own))
            values = np.array([own[number] for number in numbers.tolist()])
            valid = (np.abs(values[:, :2]) <= 1).all(axis=1)
            ignored += int(np.sum(~valid))
            expressions += int(np.sum(values[~valid, 2] >= 0))
            labels = numbers[valid], values[valid, :2], values[valid, 2].astype(np.int64)
            found[track] = Labels(part, *labels, int(numbers[-1]), path)
    return found, ignored, expressions


def _rows_of(path: Path) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Track -> frame -> (valence, arousal, expression) of a list."""
    rows: dict[str, dict[int, tuple[float, float, float]]] = defaultdict(dict)
    for k, line in enumerate(read_lines(path)[1:], 2):
        where = f"{path} line {k}"
        fields = line.split(",")
        match = IMAGE.fullmatch(fields[0].strip())
        if len(fields) < 4 or not match or match["track"].startswith("."):
            raise BadInput(where, repr(line[:60]), "<track>/<frame>.jpg,valence,arousal,expression,...")
        valence, arousal, expression = numbers_in(",".join(fields[1:4]), 3, ",", where)
        if expression not in range(-1, len(CLASSES)):
            raise BadInput(f"{where}, expression", f"{expression:g}", f"-1..{len(CLASSES) - 1}")
        own, number = rows[match["track"]], int(match["frame"])
        if number in own or number < 1:
            raise BadInput(where, fields[0].strip(), "each frame once, counted from 1")
        own[number] = (valence, arousal, expression)
    return rows
