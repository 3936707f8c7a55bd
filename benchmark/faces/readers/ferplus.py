"""FER+ (Barsoum et al., ICMI 2016, arXiv:1608.01041): the votes of ten raters for the pictures of FER2013.

There are two editions of the votes (`benchmark.faces.reading.ferplus_votes`). Version 2.0 of this data set is that of the
three label.csv, which the authors' training code reads; version 1.0 is that of fer2013new.csv, in which exact copies of a
picture have the votes of the first copy. Labels are made as in the "majority" mode of the authors' reader
(github.com/microsoft/FERPlus, src/ferplus.py).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faces_table import counts
from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.faces.reading import fer2013_csv, ferplus_votes
from benchmark.faces.reading.ferplus_votes import TABLE, VOTE_COLUMNS, Labels, Table
from benchmark.faces.reading.raw import raw_file, raw_source
from benchmark.faces.survey import Survey
from benchmark.files import Json

VERSION = "2.0"
VERSIONS = {"label": VERSION, "fer2013new": "1.0"}  # option `votes` -> version of the data set
CLASSES = VOTE_COLUMNS[:8]
RAW = ("fer2013", "ferplus")
TAKES_FOLDERS = True
UNKNOWN, NF = VOTE_COLUMNS.index("unknown"), VOTE_COLUMNS.index("NF")
NO_MAJORITY = -1
# Version -> split -> number of rows of each class that have a majority by the rule of `majority`, counted in the official
# files.
COUNTS = {
    "1.0": {
        "Training": (8740, 7287, 3149, 3014, 2100, 119, 532, 119),
        "PublicTest": (1182, 865, 415, 351, 287, 24, 62, 13),
        "PrivateTest": (1090, 893, 396, 384, 273, 18, 83, 16),
    },
    "2.0": {
        "Training": (8733, 7284, 3136, 3022, 2098, 116, 536, 120),
        "PublicTest": (1180, 862, 411, 348, 289, 25, 60, 16),
        "PrivateTest": (1083, 892, 394, 382, 269, 16, 86, 15),
    },
}


def check(path: Path) -> Survey:
    """Validate fer2013new.csv, or the repository of FER+ as a folder or an archive, as `prepare` does. BadInput says what
    is wrong. Nothing is written."""
    files = ferplus_votes.find(path)
    table = ferplus_votes.read_table(files)
    labels = ferplus_votes.read_labels(files, table) if files.has_labels else None
    label = majority(table.votes if labels is None else labels.votes)
    kept = _kept(label)
    return Survey(
        edition=f"{TABLE} alone (version 1.0)"
        if labels is None
        else "label.csv, as the authors' train.py reads (version 2.0)",
        counts=counts(table.split[kept], label[kept], CLASSES),
        known=expected_counts({"version": _version(labels)}),
        notes=_notes(table, labels, len(label) - int(kept.sum())),
    )


def expected_counts(meta: Mapping[str, Json]) -> dict[str, dict[str, int]] | None:
    """The known number of rows per split and class, of the edition in `meta`."""
    known = COUNTS.get(str(meta["version"]), {})
    return {split: dict(zip(CLASSES, numbers, strict=True)) for split, numbers in known.items()} or None


def majority(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The label of each row by the authors' majority rule.

    Single votes are removed first. Then the column with the most votes is the label if it has MORE than half of the
    remaining votes.

    Args:
        votes: int (N, 10), columns as `VOTE_COLUMNS`.

    Returns:
        int64 (N,): 0..7 for an expression; `UNKNOWN` or `NF` if that column has the majority; `NO_MAJORITY` if none has.
    """
    left = np.where(votes > 1, votes, 0)
    return np.where(2 * left.max(axis=1) > left.sum(axis=1), left.argmax(axis=1), NO_MAJORITY)


def doubled_names(name: NDArray[np.str_], votes: NDArray[np.int64], images: NDArray[np.uint8]) -> dict[int, str]:
    """Rows that have the same image name as a later row with a different picture.

    The authors' script (src/generate_training_data.py) writes one file per name, so the later row overwrites the file of the
    earlier one. If both rows have equal votes, the votes of the earlier row were probably given to the later picture. If
    the votes differ, they may really be for the earlier picture.

    Args:
        name: str (N,), "" for none; votes: int (N, 10); images: uint8 (N, 48, 48).

    Returns:
        row -> "votes-of-another-picture" or "name-of-another-picture".
    """
    last = {text: row for row, text in enumerate(name.tolist()) if text}
    flags = {}
    for row, text in enumerate(name.tolist()):
        other = last.get(text, row)
        if other != row and not np.array_equal(images[row], images[other]):
            same = np.array_equal(votes[row], votes[other])
            flags[row] = "votes-of-another-picture" if same else "name-of-another-picture"
    return flags


def prepare(directory: Path, *, raw: Path = Path("data/raw"), votes: str | None = None) -> FaceSet:
    """Write the FaceSet of the pictures in ``raw/fer2013`` with the votes in ``raw/ferplus``.

    Rows without a majority, and rows whose majority is "unknown" or NF (not a face), are left out and counted in
    ``meta["how"]``; with label.csv also rows without a line there. The other rows keep the order, ids and splits of FER2013,
    and all ten columns of raw votes (including single votes), for soft labels. Lines of label.csv are joined to rows by the
    names in fer2013new.csv, whose rows are those of FER2013. The number in a name is not the row: it differs by up to 85.

    Args:
        votes: "label" or "fer2013new", the edition of the votes; None: label.csv if it is there.

    Raises:
        BadInput: as `fer2013_csv.read`, `ferplus_votes.find`, `read_table` and `read_labels`; also a black picture without a
            majority for NF in fer2013new.csv, because then the two files are not in the same order; an unknown edition, or
            one that is not there; no file, or several, in a raw folder.
    """
    if votes not in (None, *VERSIONS):
        raise BadInput("option votes of ferplus", repr(votes), " or ".join(VERSIONS))
    files = ferplus_votes.find(raw_source(raw, "ferplus"))
    if votes == "label" and not files.has_labels:
        raise BadInput(files.path, f"{TABLE} alone", "the repository of FER+ with its label.csv, for option votes: label")
    table = ferplus_votes.read_table(files)
    labels = ferplus_votes.read_labels(files, table) if files.has_labels and votes != "fer2013new" else None
    pictures = fer2013_csv.read(raw_file(raw, "fer2013"))
    _check_join(table, pictures)
    used = table.votes if labels is None else labels.votes
    label = majority(used)
    flag: list[str] = pictures.flag.tolist()
    doubled = doubled_names(table.name, table.votes, pictures.images)
    for row, text in (doubled if labels is None else lent_votes(table, labels, pictures.images)).items():
        flag[row] = " ".join(filter(None, (flag[row], text)))
    kept = np.flatnonzero(_kept(label))
    of_edition: dict[str, Json] = {"ferplus": table.source, "join": "by row"}
    if labels is not None:
        of_edition = {
            "ferplus": table.source | labels.source,
            "join": f"by the names of {TABLE}, whose rows are those of FER2013",
            "difference": difference(table, labels, pictures.images),
        }
    return write_faceset(
        directory,
        pictures.images[kept, ..., None],
        name="ferplus",
        version=_version(labels),
        classes=CLASSES,
        id=np.array(pictures.id)[kept],
        split=pictures.split[kept],
        expression=label[kept],
        votes=used[kept],
        vote_columns=VOTE_COLUMNS,
        flag=[flag[row] for row in kept.tolist()],
        how={
            "reader": "ferplus",
            "fer2013": pictures.source,
            **of_edition,
            "label": "majority: single votes removed, then more than half of the votes left",
            "cross_tabulation": {
                "other": "fer2013",
                "rows": list(fer2013_csv.CLASSES),
                "columns": list(CLASSES),
                "counts": _crossed(pictures.expression[kept], label[kept]),
            },
            "dropped": {split: _dropped(label, table, labels, split) for split in fer2013_csv.COUNTS},
        },
    )


def lent_votes(table: Table, labels: Labels, images: NDArray[np.uint8]) -> dict[int, str]:
    """Rows whose line in label.csv has the votes that fer2013new.csv gives to an earlier row of the same name with another
    picture: row -> flag."""
    flags = {}
    last = {name: row for row, name in enumerate(table.name.tolist())}
    for earlier in labels.overwritten.tolist():
        row = last[table.name[earlier]]
        own, other = (np.array_equal(labels.votes[row], table.votes[k]) for k in (row, earlier))
        if other and not own and not np.array_equal(images[row], images[earlier]):
            flags[row] = "votes-of-another-picture"
    return flags


def difference(table: Table, labels: Labels, images: NDArray[np.uint8]) -> dict[str, Json]:
    """Split -> how the two editions differ there: rows whose votes differ, how many of these are exact copies of an earlier
    picture (and of one in Training), and the faces that label.csv adds, removes, and gives another class.

    Args:
        images: uint8 (N, 48, 48), in the order of the rows.
    """
    first: dict[bytes, int] = {}
    leader = np.array([first.setdefault(image.tobytes(), row) for row, image in enumerate(images)])
    copy = leader < np.arange(len(images))
    differ = labels.given & (labels.votes != table.votes).any(axis=1)
    before, after = majority(table.votes), majority(labels.votes)
    old, new = _kept(before), _kept(after)
    sets = {
        "other votes": differ,
        "of these, copies of an earlier picture": differ & copy,
        "of these, copies of a Training picture": differ & copy & (table.split[leader] == "Training"),
        "added": new & ~old,
        "removed": old & ~new,
        "other class": old & new & (before != after),
    }
    return {
        split: {what: int(np.sum(rows & (table.split == split))) for what, rows in sets.items()}
        for split in fer2013_csv.COUNTS
    }


def _version(labels: Labels | None) -> str:
    return VERSIONS["fer2013new" if labels is None else "label"]


def _kept(label: NDArray[np.int64]) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = (label >= 0) & (label < len(CLASSES))
    return kept


def _notes(table: Table, labels: Labels | None, left_out: int) -> list[str]:
    nameless = np.flatnonzero(table.name == "")
    first = f" (the first in line {nameless[0] + 2})" if len(nameless) else ""
    notes = [f"{left_out} rows are left out: no majority, a majority for unknown or NF, or no votes"]
    if labels is None:
        return [
            *notes,
            f"no label.csv is here: {TABLE} gives exact copies the votes of the first one, and the protocols need "
            f"version {VERSION}, for which the repository is given as a folder or an archive",
        ]
    differ = np.flatnonzero(labels.given & (labels.votes != table.votes).any(axis=1))
    notes.append(f"{len(nameless)} rows of {TABLE}{first} have no name, so no line in label.csv")
    if len(labels.overwritten):
        lines = ", ".join(str(row + 2) for row in labels.overwritten)
        notes.append(
            f"the names in lines {lines} of {TABLE} occur again later; label.csv has one line each, the later row's"
        )
    if len(differ):
        notes.append(
            f"{len(differ)} rows have other votes in {TABLE} (the first in line {differ[0] + 2}); label.csv is used"
        )
    return notes


def _crossed(rows: np.ndarray, columns: np.ndarray) -> list[list[int]]:
    counts = np.zeros((len(fer2013_csv.CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (rows, columns), 1)
    table: list[list[int]] = counts.tolist()
    return table


def _dropped(label: np.ndarray, table: Table, labels: Labels | None, split: str) -> dict[str, int]:
    here = table.split == split
    voted = here if labels is None else here & labels.given
    reasons = {"no majority": NO_MAJORITY, "majority unknown": UNKNOWN, "majority NF": NF}
    found = {reason: int(np.sum(voted & (label == code))) for reason, code in reasons.items()}
    if labels is not None:
        found["no name"] = int(np.sum(here & (table.name == "")))
        found["name of a later row"] = int(np.sum(here[labels.overwritten]))
    return found


def _check_join(table: Table, pictures: fer2013_csv.Pictures) -> None:
    """Check, as far as possible, that row k is the same picture in both files.

    Their Usage columns are equal, because both readers require the official one. But the order inside a split could differ.
    Then black pictures would have the votes of faces, so this is what is checked.
    """
    wrong = np.flatnonzero((pictures.flag == "black") & (majority(table.votes) != NF))
    if len(wrong):
        raise BadInput(
            f"{table.where} line {wrong[0] + 2}",
            f"votes {table.votes[wrong[0]].tolist()}",
            "NF by majority, as that line of the FER2013 file is a black picture: is its order another?",
        )
