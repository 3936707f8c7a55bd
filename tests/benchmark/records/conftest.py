"""Forged records: altered, then given digests and a seal that fit, so that only a check of what they say can find them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.files import digest
from benchmark.records.record import Record, predictions_digest, read_record
from benchmark.records.seal import write_seal

COMMITTED = Path(__file__).parents[3] / "reports" / "records"


def forged(directory: Path, change: Callable | None = None, arrays: Callable | None = None, machine: Callable | None = None):
    """Alter a record: `change` its record.json, `machine` its machine.json, and `arrays` its predictions (name -> array), in
    place. Every digest and the seal are made again."""
    path, file = directory / "record.json", directory / "predictions.npz"
    contents = json.loads(path.read_text())
    if arrays is not None:
        with np.load(file) as stored:
            values = dict(stored)
        arrays(values)
        np.savez_compressed(file, **values)
        contents["predictions_sha256"] = predictions_digest(values)
    if change is not None:
        change(contents)
    path.write_text(json.dumps(contents))
    if machine is not None:
        beside = directory / "machine.json"
        values = json.loads(beside.read_text())
        values.pop("seal")
        machine(values)
        beside.write_text(json.dumps(values | {"seal": digest(values)}))
    write_seal(directory)


@pytest.fixture(scope="session")
def forge():
    """The function that forges a record."""
    return forged


@pytest.fixture
def committed(tmp_path) -> Callable[..., Record]:
    """A function that copies a committed record (its place below reports/records), forges it, and reads it. `to`: another
    place below the copies."""

    def take(place: str, change=None, arrays=None, *, to: str | None = None) -> Record:
        directory = tmp_path / "copies" / (to or place)
        shutil.copytree(COMMITTED / place, directory, dirs_exist_ok=True)
        if change is not None or arrays is not None:
            forged(directory, change, arrays)
        return read_record(directory)

    return take


@pytest.fixture
def really_published(monkeypatch):
    """The published digests as the suite has them (other tests of records do without)."""
    from benchmark.records.published import published

    monkeypatch.setattr("benchmark.records.checks.known.published", published)
