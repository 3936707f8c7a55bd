"""Record: the result that a run writes, and the only source of the numbers in the reports.

A record is a directory, written atomically (it is there completely or not at all):

* ``record.json``      the result, see `RESULT`; plain JSON, no NaN. On one machine, the same run gives the same bytes;
* ``machine.json``     where and how fast it was made, see `MACHINE`, with a digest of itself (``seal``);
* ``predictions.npz``  for each evaluated split (validation, test): ``<split>_ids`` (str N), ``<split>_targets``
  (int64 N, or float32 N x 2 for valence and arousal) and, for each test-time augmentation, ``<split>_outputs_<tta>``
  (float32 N x K: scores whose softmax gives class probabilities, or valence and arousal). A diverged run has none.
  An outside entry (`benchmark.outside.entry`) may lack validation and augmentations, and may have one-hot rows (`hard`);
* ``seal.json``        digests of record.json and of the weights (`benchmark.records.seal`).

Records of schema 1 have the contents of machine.json in record.json. Those made before there were seals have none; the
report leaves them out until they are sealed.

Reading a record needs only numpy. What is read has the shape described here; whether its values agree with each other and
with the installed protocols and cells is the subject of `benchmark.records.examine`.
"""

import dataclasses
import hashlib
import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json, digest, replacing_directory, write_json
from benchmark.names import checked_name
from benchmark.protocol.protocol import Protocol, protocol_from
from benchmark.records import seal
from benchmark.records.shape import ANYTHING, Shape, check_shape

SCHEMA, OLD_SCHEMA = 2, 1
Kind = type | tuple[type, ...]  # as the second argument of `isinstance`
STATUSES = ("finished", "diverged")
NUMBER = (float, None)
SCORES = ({str: NUMBER}, None)  # a loss and the selection metric
HISTORY = [{"epoch": int, "learning_rate": float, "train_loss": NUMBER, "validation": SCORES, "test": SCORES}]
COST = {str: (str, float, None)}  # device, train_seconds, evaluate_seconds, images_per_second, peak_memory_bytes
# An entry per fold of a cross-validation (described in `benchmark.runs.training.crossvalidation`). Its cost is in MACHINE.
FOLD = {
    "fold": str,
    "faces": {"train": int, "validation": int, "test": int},
    "history": HISTORY,
    "selected_epoch": (int, None),
    "train_counts": ([int], None),
    "input": {str: ANYTHING},
}
# `history` has one entry per epoch. `folds`: only in a cross-validation. `outside`: only in an outside entry (described in
# `benchmark.outside.entry`). The protocol is checked in detail by `benchmark.protocol.protocol.protocol_from`.
RESULT: dict[str, Shape] = {
    "schema": int,
    "status": str,
    "protocol": {str: ANYTHING},
    "protocol_hash": str,
    "cell": {"name": str, "model": str, "options": {str: ANYTHING}, "loss": str, "learning_rate?": float},
    "cell_hash": str,
    "seed": int,
    "data": {"name": str, "version": str, "fingerprint": str},
    "classes": [str],
    "history": HISTORY,
    "selected_epoch": (int, None),
    "train_counts": ([int], None),
    "input": {str: ANYTHING},
    "parameters": (int, None),
    "code": str,
    "predictions_sha256": (str, None),
    "folds?": [FOLD],
    "outside?": {str: ANYTHING},
}
MACHINE: dict[str, Shape] = {"environment": {str: ANYTHING}, "cost": COST}
FILES = ("record.json", "machine.json", "predictions.npz", seal.FILE)  # of a record, without weights
LARGEST_JSON = 2**24  # bytes; most that record.json or machine.json takes. A run of 1,000 epochs takes a fiftieth of it
LARGEST = 2**31  # bytes; most that the arrays of predictions.npz take. Stops a file that expands to fill the memory
UNREADABLE = (
    OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, MemoryError, OverflowError, SyntaxError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip  # what numpy and zipfile raise on damaged files


@dataclass(frozen=True)
class Record:
    """A record read from `directory`.

    Attributes:
        contents: record.json and machine.json together: `RESULT` and `MACHINE`.
        sealed: whether it has a seal; its files then agree with it.
    """

    directory: Path
    contents: Mapping[str, Json]
    sealed: bool = False

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
        if path.exists() and not path.is_file():  # a pipe has no end
            raise BadInput(path, "a folder or a special file", "the predictions of record.json beside it")
        try:
            with zipfile.ZipFile(path) as members:
                if (size := sum(member.file_size for member in members.infolist())) > LARGEST:
                    raise BadInput(path, f"{size:,} bytes of arrays", f"{LARGEST:,} at most")
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except BadInput:
            raise
        except UNREADABLE as error:
            reason = " ".join(str(error).split())[:200]
            raise BadInput(path, f"nothing to read ({reason})", "the predictions of record.json beside it") from error
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "Uif":  # a member that is no array is bytes
                raise BadInput(f"{path}, {name}", "neither text nor numbers", "arrays of text and of numbers")
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
    """Write a record with its seal, atomically, and read it back.

    Args:
        directory: replaced if it exists.
        contents: `RESULT` without schema and predictions_sha256, and `MACHINE`. A fold may have its cost in its entry.
        predictions: as described at the top of this module; empty for a diverged run.
        extra: further files of the directory (weights), name -> bytes.
    """
    result = {"schema": SCHEMA, **contents, "predictions_sha256": predictions_digest(predictions) if predictions else None}
    machine: dict[str, Json] = {name: result.pop(name, {}) for name in MACHINE}
    if "folds" in result:
        machine["fold_costs"] = [fold.get("cost", {}) for fold in result["folds"]]
        result["folds"] = [{name: value for name, value in fold.items() if name != "cost"} for fold in result["folds"]]
    result, machine = json.loads(json.dumps([result, machine], allow_nan=False))  # as they will be read back
    _check(_joined(result, machine, directory), directory)
    with replacing_directory(directory) as temporary:
        write_json(temporary / "record.json", result)
        write_json(temporary / "machine.json", machine | {"seal": digest(machine)})
        if predictions:
            file = temporary / "predictions.npz"
            np.savez_compressed(file, **predictions)  # type: ignore[arg-type]  # no array is named allow_pickle
        for name, data in (extra or {}).items():
            (temporary / name).write_bytes(data)
        seal.write_seal(temporary)
    return read_record(directory)


def read_record(directory: Path | str) -> Record:
    """Read a record.

    Raises:
        BadInput: record.json or (schema 2) machine.json is missing, is not JSON, or does not have the shape described here;
            a name that can not name a folder; a protocol that is none; bytes that are not those of seal.json.
    """
    directory = Path(directory)
    path = directory / "record.json"
    if not path.is_file():
        raise BadInput(directory, "no record.json", "a record")
    read, sealed = seal.read_bytes(path, LARGEST_JSON), seal.read_seal(directory)
    contents = _parsed(read, path)
    if sealed is not None:
        seal.check_bytes(directory, path.name, read, sealed)
    if contents.get("schema") == SCHEMA:
        path = directory / "machine.json"
        machine = _parsed(seal.read_bytes(path, LARGEST_JSON), path)
        check_shape(machine, {str: ANYTHING}, directory / "machine.json")
        stated = machine.pop("seal", None)
        if stated != digest(machine):
            raise BadInput(directory / "machine.json, seal", f"{stated!r}", f"{digest(machine)}, the digest of the rest")
        contents = _joined(contents, machine, directory)
    _check(contents, directory)
    return Record(directory, contents, sealed is not None)


def record_folders(root: Path | str) -> list[Path]:
    """Every folder below `root` with a record.json, sorted by path. Folders whose name begins with a dot (unfinished writes)
    are left out."""
    root = Path(root)
    found = [path.parent for path in sorted(root.rglob("record.json"))]
    return [each for each in found if not any(part.startswith(".") for part in each.relative_to(root).parts)]


def read_records(root: Path | str) -> list[Record]:
    """Every record of `record_folders`. BadInput for the first that can not be read."""
    return [read_record(each) for each in record_folders(root)]


def protocol_of(contents: Mapping[str, Json], where: object) -> Protocol:
    """The protocol that record.json contains. BadInput if it is none.

    Its name may have parts after a dot: those of the folds of a cross-validation and of the trials of a search. A trial
    (``<protocol>.tuning-<digest>``) sees no test faces: its validation split stands for both."""
    own = dict(contents["protocol"])
    recipe, name = own.pop("recipe", None), own.get("name")
    splits: Json = own.get("splits")
    if not isinstance(recipe, dict) or not isinstance(name, str):
        raise BadInput(f"{where}, protocol", "no name or no recipe", "a protocol with its name and recipe")
    trial = ".tuning-" in name and isinstance(splits, dict) and splits.get("test") == splits.get("validation")
    if trial:
        own["splits"] = splits | {"test": f"{splits.get('train')}, {splits.get('validation')}: none of these"}
    for part in name.split("."):
        protocol = protocol_from(own | {"name": part}, f"{where}, protocol", recipe)
    return dataclasses.replace(protocol, name=name, splits=splits if trial else protocol.splits)


def _parsed(read: bytes, path: Path) -> dict[str, Json]:
    try:
        contents = json.loads(read.decode(), parse_constant=_no_number, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested without end
        raise BadInput(path, str(error)[:200], "valid JSON") from error
    if not isinstance(contents, dict):
        raise BadInput(path, f"a JSON {type(contents).__name__}", "an object")
    return contents


def _joined(result: Mapping[str, Json], machine: Mapping[str, Json], directory: Path | str) -> dict[str, Json]:
    """`contents` of a Record from those of its two files. BadInput if machine.json does not fit."""
    where = Path(directory) / "machine.json"
    machine, folds = dict(machine), result.get("folds")
    costs = machine.pop("fold_costs", None)
    check_shape(costs, None if folds is None else [COST], f"{where}, fold_costs")
    check_shape(machine, MACHINE, where)
    joined = {**result, **machine}
    if folds is not None:
        if not isinstance(folds, list) or len(costs) != len(folds) or not all(isinstance(each, dict) for each in folds):
            raise BadInput(f"{where}, fold_costs", f"{len(costs)} costs", "one for each fold of record.json")
        joined["folds"] = [{**fold, "cost": cost} for fold, cost in zip(folds, costs, strict=True)]
    return joined


def _check(contents: Mapping[str, Json], directory: Path | str) -> None:
    where = Path(directory) / "record.json"
    if contents.get("schema") not in (SCHEMA, OLD_SCHEMA) or isinstance(contents.get("schema"), bool):
        raise BadInput(f"{where}, schema", contents.get("schema"), f"{SCHEMA} or {OLD_SCHEMA}")
    folds = {"folds?": [FOLD | {"cost": COST}]}
    check_shape(contents, RESULT | MACHINE | folds, where)
    if contents["status"] not in STATUSES:
        raise BadInput(f"{where}, status", contents["status"], f"one of {', '.join(STATUSES)}")
    if (contents["predictions_sha256"] is None) != (contents["status"] == "diverged"):
        raise BadInput(f"{where}, predictions", "none or unexpected ones", "predictions exactly when the run finished")
    if contents["parameters"] is None and "outside" not in contents:
        raise BadInput(f"{where}, parameters", "null", "a number; only an outside entry may leave it open")
    if contents["seed"] < 0:
        raise BadInput(f"{where}, seed", contents["seed"], "a number from 0")
    for what in ("cell", "data"):
        checked_name(contents[what]["name"], what, where)
    protocol_of(contents, where)


def _without_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object with one name twice")
    return made


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which JSON does not have")
