"""FER+ (Barsoum et al., ICMI 2016, arXiv:1608.01041): the votes of ten raters for every FER2013 picture, joined by row.

Labels are made as in the "majority" mode of the authors' reader (github.com/microsoft/FERPlus, src/ferplus.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.faces.reading import fer2013_csv
from benchmark.faces.reading.csv_files import open_csv
from benchmark.faces.reading.raw import raw_file
from benchmark.files import Json

VERSION = "1.0"
CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
VOTE_COLUMNS = (*CLASSES, "unknown", "NF")
RAW = ("fer2013", "ferplus")
COLUMNS = ("Usage", "Image name", *VOTE_COLUMNS)
MEMBERS = ("fer2013new.csv",)
LIMIT = 1 << 28  # most bytes that are unpacked; the csv has 1.6e6, but a tar.gz of the repository may contain pictures
UNKNOWN, NF = VOTE_COLUMNS.index("unknown"), VOTE_COLUMNS.index("NF")
NO_MAJORITY = -1
# Split -> number of rows of each class that have a majority by the rule of `majority`, counted in the official
# fer2013new.csv.
COUNTS = {
    "Training": (8740, 7287, 3149, 3014, 2100, 119, 532, 119),
    "PublicTest": (1182, 865, 415, 351, 287, 24, 62, 13),
    "PrivateTest": (1090, 893, 396, 384, 273, 18, 83, 16),
}
_VOTE = {b"%d" % value: value for value in range(11)}
_NAME = re.compile(rb"(fer\d{7}\.png)?")


@dataclass(frozen=True)
class Votes:
    """The rows of fer2013new.csv, in file order.

    Attributes:
        split: str (N,).
        name: str (N,), image names; "": none.
        votes: int64 (N, 10), columns as `VOTE_COLUMNS`.
        source: the entry for ``FaceSet.meta["how"]`` about the file.
    """

    split: NDArray[np.str_]
    name: NDArray[np.str_]
    votes: NDArray[np.int64]
    source: dict[str, Json]


def read(path: Path) -> Votes:
    """Read and validate a whole fer2013new.csv, plain or in a .zip or .tar.gz.

    Raises:
        BadInput: a wrong header; a row that does not consist of the Usage that the official file has in this row, a name
            like fer0000000.png or none, and ten integers 0..10 with the sum 10 (a sum of 9 is accepted, because the
            official file has one such row); missing or surplus rows; whatever `open_csv` refuses.
    """
    usages = fer2013_csv.usage_of_rows()
    names: list[str] = []
    votes = np.zeros((len(usages), len(VOTE_COLUMNS)), np.int64)
    with open_csv(path, MEMBERS, limit=LIMIT) as source:
        rows = iter(source)
        header = [name.decode(errors="replace") for name in next(rows, ("", []))[1]]
        if header != list(COLUMNS):
            raise BadInput(f"{source.where} line 1", f"header {','.join(header)[:120]!r}", ",".join(COLUMNS))
        for line, cells in rows:
            row = len(names)
            if row == len(usages):
                raise BadInput(line, "a further row", f"the end after {len(usages)} rows")
            if len(cells) != len(COLUMNS):
                raise BadInput(line, f"{len(cells)} fields", len(COLUMNS))
            if cells[0].decode(errors="replace") != usages[row]:
                raise BadInput(line, f"Usage {_text(cells[0])}", f"'{usages[row]}' in data row {row + 1}")
            if not _NAME.fullmatch(cells[1]):
                raise BadInput(line, f"Image name {_text(cells[1])}", "like fer0000000.png, or none")
            for column, cell in enumerate(cells[2:]):
                if cell not in _VOTE:
                    raise BadInput(line, f"{VOTE_COLUMNS[column]} {_text(cell)}", "an integer 0..10")
                votes[row, column] = _VOTE[cell]
            if votes[row].sum() not in (9, 10):
                raise BadInput(line, f"{votes[row].sum()} votes", "10 (or 9)")
            names.append(cells[1].decode())
        if len(names) < len(usages):
            raise BadInput(source.where, f"{len(names)} data rows", f"{len(usages)}")
        account = {"file": Path(path).name, "member": source.member, "csv_md5": source.md5}
    return Votes(np.array(usages), np.array(names), votes, account)


def check(path: Path) -> None:
    """Validate a file as `read` does. BadInput says what is wrong. Nothing is written."""
    read(path)


def expected_counts(meta: Mapping[str, Json]) -> dict[str, dict[str, int]]:
    """The known number of rows per split and class."""
    return {split: dict(zip(CLASSES, counts, strict=True)) for split, counts in COUNTS.items()}


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


def prepare(directory: Path, *, raw: Path = Path("data/raw")) -> FaceSet:
    """Write the FaceSet of the pictures in ``raw/fer2013`` with the votes in ``raw/ferplus``.

    Rows without a majority, and rows whose majority is "unknown" or NF (not a face), are left out and counted in
    ``meta["how"]``. The other rows keep the order, ids and splits of FER2013, and all ten columns of raw votes (including
    single votes), for soft labels. The join is by row, not by the number in the image name, which lags behind the row by up
    to 85.

    Raises:
        BadInput: as `fer2013_csv.read` and `read`; also a black picture without a majority for NF, because then the two
            files are not in the same order; no file, or several, in a raw folder.
    """
    votes_file = raw_file(raw, "ferplus")
    table = read(votes_file)
    pictures = fer2013_csv.read(raw_file(raw, "fer2013"))
    label = majority(table.votes)
    flag: list[str] = pictures.flag.tolist()
    _check_join(votes_file, table, pictures, label)
    for row, text in doubled_names(table.name, table.votes, pictures.images).items():
        flag[row] = " ".join(filter(None, (flag[row], text)))
    kept = np.flatnonzero((label >= 0) & (label < len(CLASSES)))
    return write_faceset(
        directory,
        pictures.images[kept, ..., None],
        name="ferplus",
        version=VERSION,
        classes=CLASSES,
        id=np.array(pictures.id)[kept],
        split=pictures.split[kept],
        expression=label[kept],
        votes=table.votes[kept],
        vote_columns=VOTE_COLUMNS,
        flag=[flag[row] for row in kept.tolist()],
        how={
            "reader": "ferplus",
            "fer2013": pictures.source,
            "ferplus": table.source,
            "join": "by row",
            "label": "majority: single votes removed, then more than half of the votes left",
            "cross_tabulation": {
                "other": "fer2013",
                "rows": list(fer2013_csv.CLASSES),
                "columns": list(CLASSES),
                "counts": _crossed(pictures.expression[kept], label[kept]),
            },
            "dropped": {split: _dropped(label[pictures.split == split]) for split in fer2013_csv.COUNTS},
        },
    )


def _crossed(rows: np.ndarray, columns: np.ndarray) -> list[list[int]]:
    counts = np.zeros((len(fer2013_csv.CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (rows, columns), 1)
    table: list[list[int]] = counts.tolist()
    return table


def _dropped(label: np.ndarray) -> dict[str, int]:
    reasons = {"no majority": NO_MAJORITY, "majority unknown": UNKNOWN, "majority NF": NF}
    return {reason: int(np.sum(label == code)) for reason, code in reasons.items()}


def _check_join(votes_file: Path, table: Votes, pictures: fer2013_csv.Pictures, label: np.ndarray) -> None:
    """Check, as far as possible, that row k is the same picture in both files.

    Their Usage columns are equal, because both readers require the official one. But the order inside a split could differ.
    Then black pictures would have the votes of faces, so this is what is checked.
    """
    wrong = np.flatnonzero((pictures.flag == "black") & (label != NF))
    if len(wrong):
        raise BadInput(
            f"{votes_file} line {wrong[0] + 2}",
            f"votes {table.votes[wrong[0]].tolist()}",
            "NF by majority, as that line of the FER2013 file is a black picture: is its order another?",
        )


def _text(cell: bytes) -> str:
    return repr(cell[:40].decode(errors="replace"))
