"""Record: the result that a run writes, and the only source of the numbers in the reports.

A record is a directory, written atomically (it is there completely or not at all):

* ``record.json``      see `FIELDS`; plain JSON, no NaN;
* ``predictions.npz``  for each evaluated split (validation, test): ``<split>_ids`` (str N), ``<split>_targets``
  (int64 N, or float32 N x 2 for valence and arousal) and, for each test-time augmentation, ``<split>_outputs_<tta>``
  (float32 N x K: scores whose softmax gives class probabilities, or valence and arousal). A diverged run has none.
  An outside entry (`benchmark.outside.entry`) may lack validation and augmentations, and may have one-hot rows (`hard`).

Reading a record needs only numpy.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json, replacing_directory, write_json

SCHEMA = 1
Kind = type | tuple[type, ...]  # as the second argument of `isinstance`
# `folds`: only in a cross-validation (described in `benchmark.runs.training.crossvalidation`). `outside`: only in an outside
# entry (described in `benchmark.outside.entry`).
OPTIONAL: dict[str, Kind] = {"folds": list, "outside": dict}
STATUSES = ("finished", "diverged")
# Field -> its JSON type. `history` has one entry per epoch: {epoch, learning_rate, train_loss, validation, test}; the last
# two contain a loss and the selection metric. `cost`: device, seconds, images_per_second, peak_memory_bytes, ...
FIELDS: dict[str, Kind] = {
    "schema": int,
    "status": str,
    "protocol": dict,
    "protocol_hash": str,
    "cell": dict,
    "cell_hash": str,
    "seed": int,
    "data": dict,
    "classes": list,
    "history": list,
    "selected_epoch": (int, type(None)),
    "train_counts": (list, type(None)),
    "input": dict,
    "parameters": (int, type(None)),
    "environment": dict,
    "code": str,
    "cost": dict,
    "predictions_sha256": (str, type(None)),
}


@dataclass(frozen=True)
class Record:
    """A record read from `directory`; `contents` is its record.json."""

    directory: Path
    contents: Mapping[str, Json]

    def __getitem__(self, field: str) -> Json:
        return self.contents[field]

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        name: str = self.contents["protocol"]["name"]
        return name

    @property
    def cell(self) -> str:
        """Name of the cell."""
        name: str = self.contents["cell"]["name"]
        return name

    @property
    def seed(self) -> int:
        """Run seed."""
        seed: int = self.contents["seed"]
        return seed

    @property
    def diverged(self) -> bool:
        """Whether a training loss or an output was not finite. The run then counts as a result, but has no predictions."""
        return bool(self.contents["status"] == "diverged")

    @property
    def folds(self) -> list[dict[str, Json]] | None:
        """One entry per fold of a cross-validation; None for a run with a fixed test split."""
        return self.contents.get("folds")

    @property
    def outside(self) -> Mapping[str, Json] | None:
        """The origin of a model that was not trained here (`outside_record.FIELDS`); None for a run of this suite."""
        return self.contents.get("outside")

    @property
    def hard(self) -> bool:
        """Whether the outputs are one-hot rows because the model gave classes only. Metrics of scores are then undefined."""
        return self.outside is not None and self.outside.get("outputs") == "classes"

    @property
    def tta(self) -> tuple[str, ...]:
        """The test-time augmentations of the protocol."""
        return tuple(self.contents["protocol"]["tta"])

    @cached_property
    def predictions(self) -> Mapping[str, np.ndarray]:
        """The arrays of predictions.npz. BadInput if the file is missing or damaged, or if the arrays do not have the digest
        in record.json."""
        path = self.directory / "predictions.npz"
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BadInput(path, f"nothing to read ({error})", "the predictions of record.json beside it") from error
        found = predictions_digest(arrays)
        if found != self.contents["predictions_sha256"]:
            raise BadInput(path, f"SHA-256 {found}", f"{self.contents['predictions_sha256']} as in record.json")
        return arrays

    def outputs(self, split: str, tta: str = "none") -> tuple[np.ndarray, np.ndarray]:
        """(targets, outputs) of a split ("validation" or "test")."""
        return self.predictions[f"{split}_targets"], self.predictions[f"{split}_outputs_{tta}"]


def predictions_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over the names, dtypes, shapes and bytes of the arrays, sorted by name."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def write_record(
    directory: Path | str,
    contents: Mapping[str, Json],
    predictions: Mapping[str, np.ndarray],
    extra: Mapping[str, bytes] | None = None,
) -> Record:
    """Write a record atomically and read it back.

    Args:
        directory: replaced if it exists.
        contents: `FIELDS` without schema and predictions_sha256.
        predictions: as described at the top of this module; empty for a diverged run.
        extra: further files of the directory (weights), name -> bytes.
    """
    digest = predictions_digest(predictions) if predictions else None
    contents = {"schema": SCHEMA, **contents, "predictions_sha256": digest}
    _check(contents, directory)
    with replacing_directory(directory) as temporary:
        write_json(temporary / "record.json", contents)
        if predictions:
            file = temporary / "predictions.npz"
            np.savez_compressed(file, **predictions)  # type: ignore[arg-type]  # no array is named allow_pickle
        for name, data in (extra or {}).items():
            (temporary / name).write_bytes(data)
    return read_record(directory)


def read_record(directory: Path | str) -> Record:
    """Read a record. BadInput if record.json is missing, is not JSON, has another schema or is incomplete."""
    directory = Path(directory)
    path = directory / "record.json"
    if not path.is_file():
        raise BadInput(directory, "no record.json", "a record")
    try:
        contents = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except ValueError as error:  # not JSON, or not UTF-8
        raise BadInput(path, str(error), "valid JSON") from error
    _check(contents, directory)
    return Record(directory, contents)


def read_records(root: Path | str) -> list[Record]:
    """Every record below `root`, sorted by path. Folders whose name begins with a dot (unfinished writes) are left out."""
    root = Path(root)
    found = (path.parent for path in sorted(root.rglob("record.json")))
    return [read_record(d) for d in found if not any(part.startswith(".") for part in d.relative_to(root).parts)]


def _check(contents: Json, directory: Path | str) -> None:
    where = Path(directory) / "record.json"
    if not isinstance(contents, dict) or contents.get("schema") != SCHEMA:
        found = contents.get("schema") if isinstance(contents, dict) else type(contents).__name__
        raise BadInput(f"{where}, schema", found, SCHEMA)
    if odd := sorted((set(contents) - set(OPTIONAL)) ^ set(FIELDS)):
        raise BadInput(where, f"missing or unknown: {', '.join(odd)}", f"exactly the fields {', '.join(FIELDS)}")
    for name, kind in (FIELDS | OPTIONAL).items():
        if name in OPTIONAL and name not in contents:
            continue
        if not isinstance(contents[name], kind) or (kind is int and isinstance(contents[name], bool)):
            raise BadInput(f"{where}, {name}", type(contents[name]).__name__, str(kind))
    if contents["status"] not in STATUSES:
        raise BadInput(f"{where}, status", contents["status"], f"one of {', '.join(STATUSES)}")
    if (contents["predictions_sha256"] is None) != (contents["status"] == "diverged"):
        raise BadInput(f"{where}, predictions", "none or unexpected ones", "predictions exactly when the run finished")
    if contents["parameters"] is None and "outside" not in contents:
        raise BadInput(f"{where}, parameters", "null", "a number; only an outside entry may leave it open")
    for entry, names in (("protocol", ("name",)), ("cell", ("name",)), ("data", ("name", "version", "fingerprint"))):
        for name in names:
            if not isinstance(found := contents[entry].get(name), str):
                raise BadInput(f"{where}, {entry}", f"no {name}" if found is None else f"{name} {found}", f"a {name}")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which JSON does not have")
