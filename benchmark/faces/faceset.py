"""FaceSet: the one prepared form of every data set.

A FaceSet is a directory:

* ``images.npy``  uint8, shape (N, H, W, C), C = 1 (grey) or 3 (RGB); rows are read on demand, never with pickle;
* ``faces.csv``   one row per face, in the order of the pictures; columns as in `COLUMNS`;
* ``meta.json``   name, version, class order, counts, fingerprint, and how the FaceSet was made; sealed by a digest.

So each part is verified by another: every picture, each time it is read, by its digest in faces.csv; faces.csv by the
fingerprint in meta.json, which records state too; meta.json by its own seal (`benchmark.faces.meta`).

Only numpy is needed to read one.
"""

import csv
import functools
import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from benchmark import leftovers
from benchmark.array_file import VerifiedArrayFile, header
from benchmark.errors import BadInput
from benchmark.faces.meta import FORMAT, read_meta, sealed
from benchmark.files import Json, replacing_directory, write_json
from benchmark.names import checked_name, checked_text
from benchmark.room import check_room

COLUMNS = ("id", "split", "expression", "valence", "arousal", "votes", "group", "flag", "sha256")
TEXTS = ("id", "split", "group", "flag")  # the columns of free text
PART = 16384  # rows of faces.csv read at a time
NO_EXPRESSION = -1
PICTURES_A_PART = 256

Texts = Sequence[str] | NDArray[np.str_]
Integers = Sequence[int] | NDArray[np.integer]
Reals = Sequence[float] | NDArray[np.floating]


class Pictures(Protocol):
    """Pictures that `write_faceset` accepts: an array, or a file whose rows are read on demand."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """uint8."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""

    @property
    def ndim(self) -> int:
        """4."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, part: slice, /) -> np.ndarray:
        """uint8 (n, H, W, C), adjacent rows."""


@dataclass(frozen=True)
class FaceSet:
    """Faces with their labels. All arrays have N rows, in the order of ``faces.csv``.

    Attributes:
        directory: where it was read from.
        pictures: uint8 (N, H, W, C); rows are read on demand, and verified by `digest` each time.
        id: str, unique.
        split: str, the data set's own names ("Training", "train", ...). A Protocol assigns roles to them.
        expression: int64, index into `classes`; -1: no label.
        valence, arousal: float32 in [-1, 1]; NaN: no label.
        votes: int64 (N, V), raters' votes, columns named by ``meta["vote_columns"]``; None if there are no votes.
        group: str, name of a group of faces that must stay in one split (a subject, a video); "": no group.
        flag: str, why a row is suspicious; "": it is not.
        digest: ASCII bytes ("S64"), hexadecimal SHA-256 of the face's pixel bytes.
        meta: the contents of meta.json.
    """

    directory: Path
    pictures: VerifiedArrayFile
    id: NDArray[np.str_]
    split: NDArray[np.str_]
    expression: NDArray[np.int64]
    valence: NDArray[np.float32]
    arousal: NDArray[np.float32]
    votes: NDArray[np.int64] | None
    group: NDArray[np.str_]
    flag: NDArray[np.str_]
    digest: NDArray[np.bytes_]
    meta: Mapping[str, Json]

    @functools.cached_property
    def sha256(self) -> NDArray[np.str_]:
        """`digest` as str. Made on first use, because it takes four times the memory."""
        return self.digest.astype(str)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return tuple(self.meta["classes"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of faces.csv, which has the digest of every picture. Equal fingerprints mean equal pixels and labels."""
        return str(self.meta["fingerprint"])

    def __len__(self) -> int:
        return len(self.id)

    def rows(self, split: str) -> NDArray[np.intp]:
        """Row numbers (int64, ascending) of one split. BadInput for a split that does not occur."""
        found = np.flatnonzero(self.split == split)
        if not len(found):
            raise BadInput(self.directory / "faces.csv", f"no row of split '{split}'", f"one of {sorted(set(self.split))}")
        return found


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


def write_faceset(
    directory: Path | str,
    pictures: Pictures,
    *,
    name: str,
    version: str,
    classes: Sequence[str],
    id: Texts,
    split: Texts,
    expression: Integers | None = None,
    valence: Reals | None = None,
    arousal: Reals | None = None,
    votes: NDArray[np.integer] | None = None,
    vote_columns: Sequence[str] = (),
    group: Texts | None = None,
    flag: Texts | None = None,
    how: Mapping[str, Json] | None = None,
) -> FaceSet:
    """Check the columns and write a FaceSet atomically (the directory is there completely or not at all).

    Args:
        directory: replaced if it exists.
        pictures: uint8 (N, H, W, C).
        how: how the FaceSet was made (source files and digests, options, library versions), JSON-able.
        others: as the attributes of `FaceSet`; None: no value in any row.

    Raises:
        BadInput: a name that is no plain one (`benchmark.names`), a class, id, split, group or flag with characters that are
            not printable, a column of the wrong length, an id that occurs twice, a label outside the classes, valence or
            arousal outside [-1, 1], pictures that are not uint8 (N, H, W, 1 or 3).
        SystemSaysNo: too little room on the disk, before anything is written.
    """
    where = f"FaceSet {name}"
    _check_names({"name": name, "version": version, "classes": list(classes), "vote_columns": list(vote_columns)}, where)
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        raise BadInput(where, f"images {pictures.dtype} {pictures.shape}", "uint8 (N, H, W, 1 or 3)")
    n = len(pictures)
    columns: dict[str, np.ndarray] = {
        "id": np.asarray(id, dtype=str),
        "split": np.asarray(split, dtype=str),
        "expression": np.full(n, NO_EXPRESSION) if expression is None else np.asarray(expression, dtype=np.int64),
        "valence": np.full(n, np.nan, np.float32) if valence is None else np.asarray(valence, dtype=np.float32),
        "arousal": np.full(n, np.nan, np.float32) if arousal is None else np.asarray(arousal, dtype=np.float32),
        "group": np.full(n, "") if group is None else np.asarray(group, dtype=str),
        "flag": np.full(n, "") if flag is None else np.asarray(flag, dtype=str),
    }
    _check(where, n, columns, classes, votes, vote_columns)
    for column in TEXTS:
        _check_printable(map(str, columns[column]), f"{where}, column {column}")
    height, width, channels = pictures.shape[1:]
    check_room(Path(directory), n * height * width * channels, f"{n} pictures of {height} x {width}")
    with replacing_directory(directory) as temporary:
        digests = _write_pictures(temporary / "images.npy", pictures)
        with open(temporary / "faces.csv", "w", encoding="utf-8", newline="") as stream:
            _to_csv(stream, columns, votes, digests)
        with open(temporary / "faces.csv", "rb") as table:
            fingerprint = hashlib.file_digest(table, "sha256").hexdigest()
        meta = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "classes": list(classes),
            "vote_columns": list(vote_columns),
            "shape": list(pictures.shape),
            "counts": counts(columns["split"], columns["expression"], classes),
            "fingerprint": fingerprint,
            "how": dict(how or {}),
        }
        write_json(temporary / "meta.json", sealed(meta))
    return open_faceset(directory)


def _write_pictures(path: Path, pictures: Pictures) -> list[str]:
    """Write an .npy file part by part, so that `pictures` need not fit into memory. Returns the digest of each
    picture."""
    digests = []
    with open(path, "wb") as stream:
        stream.write(header(pictures.shape))
        for start in range(0, len(pictures), PICTURES_A_PART):
            part = np.ascontiguousarray(pictures[start : start + PICTURES_A_PART])
            digests += [hashlib.sha256(image).hexdigest() for image in part]
            stream.write(part.tobytes())
    return digests


def open_faceset(directory: Path | str, *, verify: bool = False) -> FaceSet:
    """Open a FaceSet. The pictures stay on disk; each is verified when it is read.

    Args:
        verify: read every picture now.

    Raises:
        BadInput: a missing file; an altered meta.json; names as `write_faceset` refuses them; faces.csv or pictures that do
            not agree with it. When a picture is read, now or later: it is not the one of faces.csv.
    """
    directory = Path(directory)
    if not directory.exists():
        leftovers.recover(directory)
    for name in ("meta.json", "faces.csv", "images.npy"):
        if not (directory / name).is_file():
            raise BadInput(directory, f"no {name}", "a prepared FaceSet (run `ferbench prepare NAME` or `dvc repro` first)")
    meta = read_meta(directory / "meta.json")
    _check_names(meta, directory / "meta.json")
    with open(directory / "faces.csv", "rb") as table:
        digest = hashlib.file_digest(table, "sha256").hexdigest()
    if digest != meta["fingerprint"]:
        raise BadInput(directory / "faces.csv", f"SHA-256 {digest}", f"{meta['fingerprint']} as in meta.json")
    columns = _from_csv(directory / "faces.csv", meta["shape"][0])
    votes: NDArray[np.int64] | None = columns.pop("votes")
    if votes is not None and not votes.shape[1]:
        votes = None
    given = {name: values for name, values in columns.items() if name != "digest"}
    _check(str(directory / "faces.csv"), meta["shape"][0], given, meta["classes"], votes, meta["vote_columns"])
    path, expected = directory / "images.npy", "those whose digest is in faces.csv; prepare the data again"
    pictures = VerifiedArrayFile(path, columns["digest"], columns["id"], expected=expected)
    if list(pictures.shape) != meta["shape"]:
        raise BadInput(path, f"{pictures.dtype} {pictures.shape}", f"uint8 {tuple(meta['shape'])}")
    for start in range(0, len(pictures) * verify, PICTURES_A_PART):
        pictures[start : start + PICTURES_A_PART]
    return FaceSet(directory=directory, pictures=pictures, meta=meta, votes=votes, **columns)


def _check_names(meta: Mapping[str, Json], where: object) -> None:
    """Raise BadInput for a name in a meta.json that is no plain one, or a class or column of votes that occurs twice."""
    checked_name(meta.get("name"), "name", where)
    checked_text(meta.get("version"), "version", where)
    for key in ("classes", "vote_columns"):
        if not isinstance(names := meta.get(key), list):
            raise BadInput(f"{where}, {key}", f"{names!r}", "a list of names")
        for name in names:
            checked_text(name, key, where)
        if len(set(names)) < len(names):
            raise BadInput(f"{where}, {key}", ", ".join(names), "names that differ")


def _check_printable(texts: Iterable[str], where: object) -> None:
    if odd := next((text for text in texts if not text.isprintable()), None):
        raise BadInput(where, f"{odd!r}", "printable characters")


def _check(
    where: str,
    n: int,
    columns: Mapping[str, np.ndarray],
    classes: Sequence[str],
    votes: np.ndarray | None,
    vote_columns: Sequence[str],
) -> None:
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


def _to_csv(out: TextIO, columns: Mapping[str, np.ndarray], votes: np.ndarray | None, digests: Sequence[str]) -> None:
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


def _from_csv(path: Path, n: int) -> dict[str, np.ndarray]:
    """The columns of a FaceSet, as from `_columns`. The file is read in parts: a million rows of Python strings would
    take gigabytes."""
    parts: dict[str, list[np.ndarray]] = {name: [values] for name, values in _columns(dict.fromkeys(COLUMNS, ())).items()}
    rows = 0
    try:
        with open(path, encoding="utf-8", newline="") as table:
            reader = csv.reader(table)
            if (header := tuple(next(reader, ()))) != COLUMNS:
                raise BadInput(f"{path} header", ",".join(header), ",".join(COLUMNS))
            while cells := list(itertools.islice(reader, PART)):
                _check_printable(itertools.chain.from_iterable(cells), path)
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
