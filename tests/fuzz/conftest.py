"""Fuzzing: every input ends in success or in one line (BadInput), and no altered value passes.

The examples are the same in every call (`derandomize`). `pytest -m slow tests/fuzz` tries 20 times as many.
"""

import itertools
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from benchmark.errors import BadInput
from benchmark.files import digest
from benchmark.protocol.cells import Cell
from benchmark.records import published
from benchmark.records.checks.known import Known
from benchmark.records.examine import examine, failures
from benchmark.records.record import Record, predictions_digest, read_record, write_record
from benchmark.records.seal import seal_of
from benchmark.runs.parameters import parameters_of

settings.register_profile("suite", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("suite")

RECORDS = Path(__file__).parents[2] / "reports" / "records"
COMMITTED = {  # one of each kind: with a fixed split, valence and arousal, folds, not trained here
    "classes": "synthetic-8/narrow8-12-identity-working-plain/seed0",
    "valence": "synthetic-va/narrow8-12-fixed-working-mse/seed0",
    "folds": "imported/diffusionfer-7-quick/narrow8-12-fixed-working-plain/seed0",
    "outside": "outside/fer2013-7/fer-mini-xception/seed0",
}


@dataclass(frozen=True)
class Original:
    """A committed record: its place <protocol>/<cell>/seed<k>, the bytes of its files and what they contain."""

    place: Path
    files: Mapping[str, bytes]

    @property
    def contents(self) -> dict:
        """Of record.json, a copy of its own."""
        return json.loads(self.files["record.json"])

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Of predictions.npz."""
        with np.load(BytesIO(self.files["predictions.npz"])) as stored:
            return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="session")
def originals(tmp_path_factory) -> dict[str, Original]:
    """By kind: the records of `COMMITTED`, and one with a machine.json."""
    found = {}
    for kind, place in COMMITTED.items():
        files = {path.name: path.read_bytes() for path in sorted((RECORDS / place).iterdir())}
        found[kind] = Original(Path(*Path(place).parts[-3:]), files)
    place = tmp_path_factory.mktemp("originals") / found["classes"].place
    own = {k: v for k, v in found["classes"].contents.items() if k not in ("schema", "predictions_sha256")}
    write_record(place, own, found["classes"].arrays)
    files = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
    return found | {"machine": Original(found["classes"].place, files)}


@pytest.fixture(scope="module")
def known() -> Known:
    """What a stranger's clone knows: the published digests, and networks that are built; no data."""
    with pytest.MonkeyPatch.context() as patch:  # tests of the report's fabricated records take them away
        patch.setattr("benchmark.records.checks.known.published", published.published)
        yield Known(parameters=parameters_of)


@pytest.fixture(scope="session")
def lay(tmp_path_factory) -> Callable[..., Path]:
    """Writes the files of a record into a folder of its own, which is the last one given away."""
    root, numbers = tmp_path_factory.mktemp("laid"), itertools.count()

    def put(files: Mapping[str, bytes], place: Path | str = "seed0") -> Path:
        shutil.rmtree(root)
        folder = root / str(next(numbers)) / place
        folder.mkdir(parents=True)
        for name, contents in files.items():
            (folder / name).write_bytes(contents)
        return folder

    return put


def consistent(contents: dict, arrays: Mapping[str, object] | None) -> dict:
    """The record of a careful forger: every digest in it is that of what it says now."""
    contents = dict(contents)
    try:
        contents["protocol_hash"] = digest(contents["protocol"])
        own = contents["cell"]
        cell = Cell(own["name"], own["model"], own["options"], own["loss"], own.get("learning_rate"))
        contents["cell_hash"] = cell.hash
        if arrays is not None:
            contents["predictions_sha256"] = predictions_digest(arrays)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        pass  # a part that has no digest any more
    return contents


def packed(arrays: Mapping[str, np.ndarray | bytes]) -> bytes:
    """A predictions.npz with exactly these members, whatever they are. Bytes are a member that is no array."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, array in arrays.items():
            if isinstance(array, bytes):
                archive.writestr(name, array)
                continue
            member = BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", member.getvalue())
    return made.getvalue()


def resealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """These files with a seal that fits them, and a machine.json that fits itself."""
    files = dict(files)
    if "machine.json" in files:
        try:
            machine = {k: v for k, v in json.loads(files["machine.json"]).items() if k != "seal"}
            files["machine.json"] = json.dumps(machine | {"seal": digest(machine)}).encode()
        except (ValueError, AttributeError, RecursionError):
            pass
    return files | {"seal.json": json.dumps(seal_of({"record.json": files["record.json"]})).encode()}


def accepted(folder: Path, known: Known) -> Record | None:
    """The record in a folder, if the report takes it; else None. Every error but BadInput is a fault of the suite."""
    try:
        results = examine(record := read_record(folder), known)
    except BadInput as error:
        assert str(error).isprintable()
        return None
    assert all(result.why.isprintable() for result in results.values())
    return None if failures(results) else record


def leaves(value: object, path: tuple = ()) -> dict[tuple, object]:
    """Path -> value of everything in JSON contents that is no object and no list (or is an empty one)."""
    if isinstance(value, dict) and value:
        return {p: v for key, each in value.items() for p, v in leaves(each, (*path, key)).items()}
    if isinstance(value, list) and value:
        return {p: v for key, each in enumerate(value) for p, v in leaves(each, (*path, key)).items()}
    return {path: value}


@pytest.fixture(scope="session")
def tools():
    """The functions of this file, for test modules (which can not import it)."""
    names = ("consistent", "packed", "resealed", "accepted", "leaves")
    return type("Tools", (), {name: staticmethod(globals()[name]) for name in names})
