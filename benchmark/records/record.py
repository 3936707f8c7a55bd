"""Record: the result that a run writes, and the only source of the numbers in the reports.

A record is a directory, written atomically (it is there completely or not at all):

* ``record.json``      the result; plain JSON, no NaN. On one machine, the same run gives the same bytes;
* ``machine.json``     where and how fast it was made, with a digest of itself (``seal``). The contents of both are described
  in `benchmark.records.contents`;
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

import hashlib
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark import leftovers
from benchmark.errors import BadInput
from benchmark.files import Json, digest, replacing_directory, write_json
from benchmark.protocol.protocol import Protocol
from benchmark.records import seal
from benchmark.records.contents import SCHEMA, check_contents, joined, parsed, parted, protocol_of
from benchmark.records.shape import ANYTHING, check_shape

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
        contents: record.json and machine.json together: `RESULT` and `MACHINE` of `benchmark.records.contents`.
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
    def place(self) -> Path:
        """The folder of its run, relative to the folder of all runs (as `Run.place`). The record may lie in another one."""
        base = self.contents["protocol"].get("based_on") or self.protocol
        return Path(base.partition(" ")[0], self.cell, f"seed{self.seed}")

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

    @cached_property
    def definition(self) -> Protocol:
        """The protocol that the record contains, read once: every check asks for it."""
        return protocol_of(self.contents, self.directory)

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
    sha256 = predictions_digest(predictions) if predictions else None
    result, machine = parted({**contents, "predictions_sha256": sha256})
    check_contents(joined(result, machine, directory), directory)
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
        leftovers.recover(directory)
    if not path.is_file():
        raise BadInput(directory, "no record.json", "a record")
    read, sealed = seal.read_bytes(path, LARGEST_JSON), seal.read_seal(directory)
    contents = parsed(read, path)
    if sealed is not None:
        seal.check_bytes(directory, path.name, read, sealed)
    if contents.get("schema") == SCHEMA:
        path = directory / "machine.json"
        machine = parsed(seal.read_bytes(path, LARGEST_JSON), path)
        check_shape(machine, {str: ANYTHING}, path)
        stated = machine.pop("seal", None)
        if stated != digest(machine):
            raise BadInput(f"{path}, seal", f"{stated!r}", f"{digest(machine)}, the digest of the rest")
        contents = joined(contents, machine, directory)
    check_contents(contents, directory)
    return Record(directory, contents, sealed is not None)


def record_folders(root: Path | str) -> list[Path]:
    """Every folder below `root` with a record.json, sorted by path. Folders whose name begins with a dot (unfinished writes)
    are left out; those that a killed process had completed are put in their places first."""
    root = Path(root)
    found = [path.parent for path in sorted(root.rglob("record.json"))]
    if late := [each for each in found if each.name.endswith(leftovers.NEW)]:
        for parent in {each.parent for each in late}:
            leftovers.clear_below(parent)
        found = [path.parent for path in sorted(root.rglob("record.json"))]
    return [each for each in found if not any(part.startswith(".") for part in each.relative_to(root).parts)]


def read_records(root: Path | str) -> list[Record]:
    """Every record of `record_folders`. BadInput for the first that can not be read."""
    return [read_record(each) for each in record_folders(root)]
