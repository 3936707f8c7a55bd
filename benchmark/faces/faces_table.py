"""faces.csv of a FaceSet: one row per face, in the order of the pictures; written, read in parts, and checked."""

import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput

COLUMNS = ("id", "split", "expression", "valence", "arousal", "votes", "group", "flag", "sha256")
TEXTS = ("id", "split", "group", "flag")  # the columns of free text
PART = 16384  # rows read at a time
NO_EXPRESSION = -1


def counts(split: NDArray[np.str_], expression: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Number of rows per split and class, e.g. ``{"train": {"neutral": 12, ..., "none": 3}}``; "none" counts rows without a
    label. Splits are in order of appearance."""
    table: dict[str, dict[str, int]] = {}
    for name in dict.fromkeys(split.tolist()):
        labels = expression[split == name]
        table[name] = {c: int(np.sum(labels == k)) for k, c in enumerate(classes)}
        table[name]["none"] = int(np.sum(labels == NO_EXPRESSION))
        if not table[name]["none"]:
            del table[name]["none"]
        assert sum(table[name].values()) == len(labels)
    return table


def check_printable(texts: Iterable[str], where: object) -> None:
    """Raise BadInput, naming `where`, for a text with a character that is not printable."""
    if odd := next((text for text in texts if not text.isprintable()), None):
        raise BadInput(where, f"{odd!r}", "printable characters")


def check(
    where: str,
    n: int,
    columns: Mapping[str, np.ndarray],
    classes: Sequence[str],
    votes: np.ndarray | None,
    vote_columns: Sequence[str],
) -> None:
    """Check the columns of a FaceSet against each other.

    Args:
        where: names the FaceSet in errors.
        n: number of faces.
        columns: name -> values; all of `COLUMNS` but votes and sha256.
        votes: int (N, V), or None.

    Raises:
        BadInput: a column that has not n values, an id that occurs twice, a label outside the classes, valence or arousal
            outside [-1, 1], not one column of votes for each name.
    """
    for column, values in columns.items():
        if values.shape != (n,):
            raise BadInput(f"{where}, column {column}", f"shape {values.shape}", f"({n},)")
    unique, times = np.unique(columns["id"], return_counts=True)
    if len(unique) != n:
        raise BadInput(f"{where}, id {unique[times > 1][0]}", f"{times.max()} times", "once")
    labels = columns["expression"]
    if n and (labels.min() < NO_EXPRESSION or labels.max() >= len(classes)):
        raise BadInput(f"{where}, expression", f"labels {labels.min()}..{labels.max()}", f"-1..{len(classes) - 1}")
    for column in ("valence", "arousal"):
        bad = np.flatnonzero(np.abs(columns[column]) > 1)
        if len(bad):
            raise BadInput(f"{where}, {column} of {columns['id'][bad[0]]}", columns[column][bad[0]], "a value in [-1, 1]")
    if votes is not None and votes.shape != (n, len(vote_columns)):
        raise BadInput(f"{where}, votes", f"shape {votes.shape}", f"({n}, {len(vote_columns)})")


def to_csv(out: TextIO, columns: Mapping[str, np.ndarray], votes: np.ndarray | None, digests: Sequence[str]) -> None:
    """Write faces.csv.

    Args:
        columns: as for `check`.
        digests: hexadecimal SHA-256 of each picture.
    """

    def number(value: float) -> str:
        return "" if np.isnan(value) else repr(round(float(value), 6))

    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in range(len(columns["id"])):
        label = columns["expression"][row]
        writer.writerow(
            (
                columns["id"][row],
                columns["split"][row],
                "" if label == NO_EXPRESSION else int(label),
                number(columns["valence"][row]),
                number(columns["arousal"][row]),
                "" if votes is None else " ".join(map(str, votes[row].tolist())),
                columns["group"][row],
                columns["flag"][row],
                digests[row],
            )
        )


def from_csv(path: Path, n: int) -> dict[str, np.ndarray]:
    """The columns of a faces.csv with n rows, as from `_columns`. The file is read in parts: a million rows of Python
    strings would take gigabytes.

    Raises:
        BadInput: another header, another number of rows, a row that `to_csv` would not write.
    """
    parts: dict[str, list[np.ndarray]] = {name: [values] for name, values in _columns(dict.fromkeys(COLUMNS, ())).items()}
    rows = 0
    try:
        with open(path, encoding="utf-8", newline="") as table:
            reader = csv.reader(table)
            if (header := tuple(next(reader, ()))) != COLUMNS:
                raise BadInput(f"{path} header", ",".join(header), ",".join(COLUMNS))
            while cells := list(itertools.islice(reader, PART)):
                check_printable(itertools.chain.from_iterable(cells), path)
                for name, values in _columns(dict(zip(COLUMNS, zip(*cells, strict=True), strict=True))).items():
                    parts[name] = [*parts[name], values] if rows else [values]
                rows += len(cells)
        if rows != n:
            raise BadInput(path, f"{rows} rows", f"{n}, one for each picture")
        # The parts of a column are freed before those of the next column are joined, to save memory.
        return {name: np.concatenate(parts.pop(name)) for name in list(parts)}
    except BadInput:
        raise
    except (ValueError, OverflowError, csv.Error) as error:  # not UTF-8, not a number, not as many cells or votes as above
        found = f"{' '.join(str(error).split())} (after {rows} rows)"
        raise BadInput(path, found, "rows as `ferbench prepare` writes them; prepare the data again") from error


def _columns(cells: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """The columns of some rows as arrays, from the text of the cells. Without votes, `votes` is of shape (rows, 0)."""
    votes = [v.split() for v in cells["votes"]]
    if any(len(digest) != 64 for digest in cells["sha256"]):
        raise ValueError("a sha256 that has not 64 digits")
    return {
        "id": np.array(cells["id"], dtype=str),
        "split": np.array(cells["split"], dtype=str),
        "expression": np.array([int(v) if v else NO_EXPRESSION for v in cells["expression"]], dtype=np.int64),
        "valence": np.array([float(v) if v else np.nan for v in cells["valence"]], dtype=np.float32),
        "arousal": np.array([float(v) if v else np.nan for v in cells["arousal"]], dtype=np.float32),
        "votes": np.array(votes, dtype=np.int64) if any(votes) else np.empty((len(votes), 0), np.int64),
        "group": np.array(cells["group"], dtype=str),
        "flag": np.array(cells["flag"], dtype=str),
        "digest": np.array(cells["sha256"], dtype="S64"),
    }
