"""Whether the faces that runs need are prepared, and whether a network can learn from them what is tested, so that this is
known before the first run is trained."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.faces.untrained import told
from benchmark.progress import say
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import check_faces, role_rows
from benchmark.runs.training.crossvalidation import fold_faces, fold_protocol

Part = tuple[str, Mapping[str, int]]  # what a part is called, and its faces of each class


def check_data(runs: Sequence[Run], prepared: Path, out: Path) -> None:
    """Check the FaceSet of every run that has no record in `out`. No picture is read. What is only unusual is printed, each
    line once.

    Args:
        prepared: folder of FaceSets, each named as its data set.

    Raises:
        BadInput: a FaceSet that is not there or damaged, or of another name, version, option or class order than a protocol
            says (`benchmark.protocol.roles.check_faces`); as `check_classes`.
    """
    left = {run.protocol.hash: run.protocol for run in runs if not (out / run.place / "record.json").is_file()}
    warnings: list[str] = []
    for data in dict.fromkeys(protocol.data for protocol in left.values()):
        faces = open_faceset(prepared / data)
        for protocol in left.values():
            if protocol.data == data:
                check_faces(protocol, faces)
                warnings += check_classes(protocol, faces)
    for line in dict.fromkeys(warnings):
        say(line)


def check_classes(protocol: Protocol, faces: FaceSet) -> list[str]:
    """Check that every class that is tested has training faces (with folds: whichever fold is tested).

    Returns:
        a line about the classes without a test face, if there are any. Nothing for a dimensional task.

    Raises:
        BadInput: a class with test faces and no training face, which no network can learn to predict; a split or a fold that
            the FaceSet does not have.
    """
    if protocol.task != "categorical":
        return []
    tested: dict[str, int] = dict.fromkeys(protocol.classes, 0)
    for (train, training), (test, own) in _rounds(protocol, faces):
        if sentence := told(training, own, train, test):
            expected = f"training faces of every class that protocol {protocol.name} tests"
            raise BadInput(faces.directory, sentence, expected)
        tested = {name: number + own[name] for name, number in tested.items()}
    if missing := [name for name, number in tested.items() if not number]:
        where = f"split {protocol.splits['test']}" if protocol.folds is None else "any fold"
        return [f"{faces.directory}: no face of {', '.join(missing)} in {where}: the test says nothing about these classes"]
    return []


def _rounds(protocol: Protocol, faces: FaceSet) -> Iterator[tuple[Part, Part]]:
    """(training part, test part) of each network of a run: one, or one for each fold."""
    if protocol.folds is None:
        train, test = (f"split {protocol.splits[role]}" for role in ("train", "test"))
        yield (train, _counts(protocol, faces, "train")), (test, _counts(protocol, faces, "test"))
        return
    for number, test in enumerate(protocol.folds):
        own, among = fold_protocol(protocol, number), fold_faces(faces, protocol, number)
        train = f"the folds besides {test} and {own.splits['validation']}"
        yield (train, _counts(own, among, "train")), (test, _counts(own, among, "test"))


def _counts(protocol: Protocol, faces: FaceSet, role: str) -> dict[str, int]:
    labels = faces.expression[role_rows(protocol, faces, role)]
    return dict(zip(protocol.classes, np.bincount(labels, minlength=len(protocol.classes)).tolist(), strict=True))
