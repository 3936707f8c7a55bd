"""FaceSet: the one prepared form of every data set.

A FaceSet is a directory:

* ``images.npy``  uint8, shape (N, H, W, C), C = 1 (grey) or 3 (RGB); rows are read on demand, never with pickle;
* ``faces.csv``   one row per face, in the order of the pictures; columns as in `faces_table.COLUMNS`;
* ``attributes.csv``   only if there are any: columns of text by which results can be split (`benchmark.faces.attributes`);
* ``meta.json``   name, version, class order, counts, fingerprint, and how the FaceSet was made; sealed by a digest.

So each part is verified by another: every picture, each time it is read, by its digest in faces.csv; faces.csv by the
fingerprint in meta.json, which records state too; attributes.csv by its own digest there; meta.json by its own seal
(`benchmark.faces.meta`).

Only numpy is needed to read one.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark import leftovers
from benchmark.array_file import VerifiedArrayFile, header
from benchmark.errors import BadInput
from benchmark.faces import attributes as attributes_file
from benchmark.faces import faces_table
from benchmark.faces.meta import FORMAT, check_names, read_meta, sealed
from benchmark.files import Json, file_digest, replacing_directory, write_json
from benchmark.room import check_room

NO_EXPRESSION = faces_table.NO_EXPRESSION
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
        attributes: name of a column -> str (N,), what the data set says of each face besides its labels ("" unknown), in the
            order of meta.json; empty if it says nothing. The fingerprint does not depend on them.
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
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

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
            names = ", ".join(np.unique(self.split))
            raise BadInput(self.directory / "faces.csv", f"no row of split '{split}'", f"one of {names}")
        return found


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
    attributes: Mapping[str, Texts] | None = None,
    how: Mapping[str, Json] | None = None,
) -> FaceSet:
    """Check the columns and write a FaceSet atomically (the directory is there completely or not at all).

    Args:
        directory: replaced if it exists.
        pictures: uint8 (N, H, W, C).
        attributes: optional columns, such as {"age": [...], "gender": [...]}; names are plain names, a value is one line of
            printable text, "" if unknown.
        how: how the FaceSet was made (source files and digests, options, library versions), JSON-able.
        others: as the attributes of `FaceSet`; None: no value in any row.

    Raises:
        BadInput: a name that is no plain one (`benchmark.names`), a class, id, split, group, flag or attribute with
            characters that are not printable, a column of the wrong length, an id that occurs twice, a label outside the
            classes, valence or arousal outside [-1, 1], pictures that are not uint8 (N, H, W, 1 or 3).
        SystemSaysNo: too little room on the disk, before anything is written.
    """
    where = f"FaceSet {name}"
    check_names({"name": name, "version": version, "classes": list(classes), "vote_columns": list(vote_columns)}, where)
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
    faces_table.check(where, n, columns, classes, votes, vote_columns)
    for column in faces_table.TEXTS:
        faces_table.check_printable(map(str, columns[column]), f"{where}, column {column}")
    further = attributes_file.checked(attributes or {}, n, where)
    height, width, channels = pictures.shape[1:]
    check_room(Path(directory), n * height * width * channels, f"{n} pictures of {height} x {width}")
    with replacing_directory(directory) as temporary:
        digests = _write_pictures(temporary / "images.npy", pictures)
        with open(temporary / "faces.csv", "w", encoding="utf-8", newline="") as stream:
            faces_table.to_csv(stream, columns, votes, digests)
        entry = attributes_file.write(temporary, columns["id"], further)
        meta = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "classes": list(classes),
            "vote_columns": list(vote_columns),
            "shape": list(pictures.shape),
            "counts": faces_table.counts(columns["split"], columns["expression"], classes),
            "fingerprint": file_digest(temporary / "faces.csv"),
            **({} if entry is None else {"attributes": entry}),
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
        BadInput: a missing file; an altered meta.json; names as `write_faceset` refuses them; faces.csv, attributes.csv or
            pictures that do not agree with it. When a picture is read, now or later: it is not the one of faces.csv.
    """
    directory = Path(directory)
    if not directory.exists():
        leftovers.recover(directory)
    for name in ("meta.json", "faces.csv", "images.npy"):
        if not (directory / name).is_file():
            raise BadInput(directory, f"no {name}", "a prepared FaceSet (run `ferbench prepare NAME` or `dvc repro` first)")
    meta = read_meta(directory / "meta.json")
    check_names(meta, directory / "meta.json")
    if (digest := file_digest(directory / "faces.csv")) != meta["fingerprint"]:
        raise BadInput(directory / "faces.csv", f"SHA-256 {digest}", f"{meta['fingerprint']} as in meta.json")
    columns = faces_table.from_csv(directory / "faces.csv", meta["shape"][0])
    votes: NDArray[np.int64] | None = columns.pop("votes")
    if votes is not None and not votes.shape[1]:
        votes = None
    given = {name: values for name, values in columns.items() if name != "digest"}
    faces_table.check(str(directory / "faces.csv"), meta["shape"][0], given, meta["classes"], votes, meta["vote_columns"])
    path, expected = directory / "images.npy", "those whose digest is in faces.csv; prepare the data again"
    pictures = VerifiedArrayFile(path, columns["digest"], columns["id"], expected=expected)
    if list(pictures.shape) != meta["shape"]:
        raise BadInput(path, f"{pictures.dtype} {pictures.shape}", f"uint8 {tuple(meta['shape'])}")
    for start in range(0, len(pictures) * verify, PICTURES_A_PART):
        pictures[start : start + PICTURES_A_PART]
    attributes = attributes_file.read(directory, columns["id"], meta.get("attributes"))
    return FaceSet(directory=directory, pictures=pictures, meta=meta, votes=votes, attributes=attributes, **columns)
