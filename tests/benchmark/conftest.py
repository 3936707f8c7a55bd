"""Fabricated records for tests of report and claims (scores that lean towards the right class, a fixed test split), and
forged ones: altered, with digests and a seal that fit."""

import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from benchmark.faces.fingerprints import FILE
from benchmark.files import digest, read_yaml
from benchmark.protocol.cells import Cell, load_cells
from benchmark.protocol.protocol import SELECTION_METRIC, load_protocol
from benchmark.records import comparisons
from benchmark.records.metrics import METRICS
from benchmark.records.published import published
from benchmark.records.record import Record, predictions_digest, read_record, write_record
from benchmark.records.seal import write_seal
from benchmark.records.selection_metric import ccc_mean
from benchmark.runs.plan import waiting_for_rates

IMAGES = 90
COMMITTED = Path(__file__).parents[2] / "reports" / "records"
read_protocol = cache(load_protocol)  # reading its YAML takes longer than the rest of a record


@cache
def known_bytes(data: str, version: str) -> str:
    """The first known fingerprint of a version of a data set; of one that has none listed, any."""
    return read_yaml(FILE).get(data, {}).get(version, [{"fingerprint": "0" * 64}])[0]["fingerprint"]


def grid_cell(shortcut: str, normalisation: str, loss: str) -> Cell:
    """A cell of the ablation grid of a network called net."""
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def settle(history, selected: int, predictions, protocol, loss: str) -> None:
    """Make the history that of a run with these predictions: their scores at the selected epoch, no better ones on
    validation."""
    metric = SELECTION_METRIC[protocol.task]
    for role in ("validation", "test"):
        targets, outputs = predictions[f"{role}_targets"], predictions[f"{role}_outputs_none"].astype(np.float64)
        entry = history[selected - 1][role]
        if protocol.task == "categorical":
            entry[metric] = float(np.mean(outputs.argmax(1) == targets))
            if loss == "plain":
                logs, smoothing = scipy.special.log_softmax(outputs, 1), protocol.recipe.label_smoothing
                wanted = (1 - smoothing) * np.eye(outputs.shape[1])[targets] + smoothing / outputs.shape[1]
                entry["loss"] = float(-(wanted * logs).sum(1).mean())
        else:
            entry[metric] = ccc_mean(targets, outputs)
            if loss == "mse":
                entry["loss"] = float(np.mean((targets - outputs) ** 2))
        if role == "validation":
            for other in history:
                other[role][metric] = min(other[role][metric], entry[metric])


@pytest.fixture(scope="session", autouse=True)
def nothing_published():
    """Fabricated records have faces of their own: for tests, no protocol's faces are published."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.records.checks.known.published", lambda protocol, fingerprint: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def scored_once():
    """Many fabricated records have the same predictions: their metrics are computed once. (The tests of metrics call them
    directly.)"""
    score, found = comparisons.metrics_of, {}

    def metrics_of(record, split="test", tta="none"):
        arrays = [np.asarray(each) for each in record.outputs(split, tta)]
        contents = tuple((each.dtype.str, each.shape, each.tobytes()) for each in arrays)
        functions = tuple(id(metric) for metric in METRICS.values())  # a test may have others
        key = (contents, record["protocol"]["task"], tuple(record["classes"]), record.hard, functions)
        if key not in found:
            found[key] = score(record, split, tta)
        return copy.deepcopy(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "metrics_of", metrics_of)
        yield


_written: dict[tuple, dict[str, bytes]] = {}  # what was given to `fabricate` -> the files that it wrote


def fabricate(root: Path, protocol_name: str, cell: Cell, seed: int, **given) -> Record:
    """`_fabricate`, whose files are written again where it was given the same before."""
    parts = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in given.items()}
    key = (IMAGES, protocol_name, cell.name, cell.hash, cell.loss, seed, repr(sorted(parts.items())))
    if key not in _written:
        record = _fabricate(root, protocol_name, cell, seed, **given)
        _written[key] = {path.name: path.read_bytes() for path in record.directory.iterdir()}
        return record
    imported = "imported" if given.get("imported") else ""
    directory = root / imported / read_protocol(protocol_name).name / cell.name / f"seed{seed}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, data in _written[key].items():
        (directory / name).write_bytes(data)
    return read_record(directory)


def _fabricate(
    root: Path,
    protocol_name: str,
    cell: Cell,
    seed: int,
    *,
    quality: float = 1.0,
    right: np.ndarray | None = None,
    diverged: bool = False,
    imported: bool = False,
    epochs: int | None = None,
    **changes,
) -> Record:
    """Write a record; `changes` replace fields of record.json, `protocol` entries are merged, so is `cost`.

    `right`, bool (IMAGES,), says which images of a categorical record are answered rightly, instead of `quality`. `epochs`:
    entries of the history, where fewer than the protocol's do (most of a record's time goes into them).
    """
    protocol = read_protocol(protocol_name)
    categorical = protocol.task == "categorical"
    # Targets are the same for every record; outputs are drawn anew for every cell and seed.
    data, own = np.random.default_rng(1), np.random.default_rng([seed, int(cell.hash[:8], 16)])
    predictions = {}
    for split in ("validation", "test"):
        predictions[f"{split}_ids"] = np.array([f"{split}-{i}" for i in range(IMAGES)])
        if categorical:
            k = len(protocol.classes)
            targets = np.concatenate([np.arange(k), data.integers(0, k // 2, IMAGES - k)]).astype(np.int64)
            scores = own.normal(size=(IMAGES, k)) + quality * np.eye(k)[targets]
            if right is not None:
                scores = 9 * np.eye(k)[np.where(right, targets, (targets + 1) % k)]
        else:
            targets = np.clip(data.normal(scale=0.4, size=(IMAGES, 2)), -1, 1).astype(np.float32)
            scores = quality * targets + own.normal(scale=0.2, size=(IMAGES, 2))
        predictions[f"{split}_targets"] = targets
        for tta in protocol.tta:
            noise = 0 if tta == "none" else 0.4
            predictions[f"{split}_outputs_{tta}"] = (scores + noise * own.normal(size=scores.shape)).astype(np.float32)
    history = []
    epochs = epochs or protocol.epochs
    for epoch in range(1, epochs + 1):
        entry = {"epoch": epoch, "learning_rate": 0.001, "train_loss": 2 / epoch}
        for role in ("validation", "test"):
            value = round(float(own.uniform(0.2, 0.8)), 2)  # coarse, so that ties occur
            entry[role] = {"loss": 2.1 / epoch, SELECTION_METRIC[protocol.task]: value}
        history.append(entry)
    selected = epochs if protocol.selection == "last" else 1
    settle(history, selected, predictions, protocol, cell.loss)
    if diverged:
        predictions = {}
        last = {"epoch": 3, "learning_rate": 0.001, "train_loss": None, "validation": None, "test": None}
        history = [*history[:2], last]
    contents = {
        "status": "diverged" if diverged else "finished",
        "protocol": protocol.as_dict() | changes.pop("protocol", {}),
        "protocol_hash": protocol.hash,
        "cell": cell.as_dict(),
        "cell_hash": cell.hash,
        "seed": seed,
        "data": {
            "name": protocol.data,
            "version": protocol.data_version,
            "fingerprint": known_bytes(protocol.data, protocol.data_version),
        },
        "classes": list(protocol.classes),
        "history": history,
        "selected_epoch": None if diverged else selected,
        "train_counts": [10] * len(protocol.classes) if categorical else None,
        "input": {"mean": [0.5], "deviation": [0.2]},
        "parameters": 1234,
        "environment": {"versions": {"python": "3.11"}, "device": "test device", "commit": None},
        "code": "0123456789abcdef",
        "cost": {"device": "test device", "train_seconds": 10.0 + seed, "images_per_second": 100.0 - seed}
        | changes.pop("cost", {"peak_memory_bytes": 2**20}),
    } | changes
    if "outside" in changes:  # it was evaluated, not trained
        contents |= {"selected_epoch": None, "train_counts": None, "code": "none"}
    directory = root / ("imported" if imported else "") / protocol.name / cell.name / f"seed{seed}"
    return write_record(directory, contents, predictions)


@pytest.fixture(scope="session")
def make():
    """The function that fabricates a record."""
    return fabricate


@pytest.fixture(scope="session")
def cell():
    """The function that makes a cell of the grid."""
    return grid_cell


def fabricate_grid(records: Path) -> None:
    """Records of a grid with gaps, a diverged run, a single seed and both tasks."""
    for seed in (0, 1, 2):
        fabricate(records, "synthetic-8", grid_cell("identity", "working", "plain"), seed, quality=1.0)
        fabricate(records, "synthetic-8", grid_cell("fixed", "working", "plain"), seed, quality=1.8)
        fabricate(records, "synthetic-8", grid_cell("adaptive", "working", "plain"), seed, quality=1.2)
        fabricate(records, "synthetic-8", grid_cell("identity", "frozen", "plain"), seed, diverged=seed == 1)
        fabricate(records, "synthetic-8", grid_cell("adaptive", "frozen", "plain"), seed, diverged=True)
        fabricate(records, "synthetic-va", grid_cell("identity", "working", "mse"), seed)
        fabricate(records, "synthetic-va", grid_cell("adaptive", "working", "mse"), seed, quality=0.8)
    fabricate(records, "synthetic-8", Cell("other_net-plain", "other", {}, "plain"), 0)


@pytest.fixture(scope="session")
def make_grid():
    """The function that fabricates the records of `built`."""
    return fabricate_grid


@pytest.fixture(scope="session")
def built(made_once) -> Path:
    """A report over a grid with gaps, a diverged run, a single seed and both tasks: its folder, with records/ in it."""
    from benchmark.report.build import build

    def make(out):
        fabricate_grid(out / "records")
        build(out / "records", out / "complexity.json", out / "data", out)

    return made_once("built", make)


@pytest.fixture
def cells(monkeypatch):
    """Every registered cell by name, those of studies with a learning rate, as they are once it has been searched; claims
    are judged with these cells as the registered ones."""
    found = load_cells()
    for _, name in waiting_for_rates():
        found[name] = dataclasses.replace(found[name], learning_rate=5e-4)
    monkeypatch.setattr("benchmark.claims.ledger.installed_cells", lambda: found)
    return found


def forged(directory: Path, change: Callable | None = None, arrays: Callable | None = None, machine: Callable | None = None):
    """Alter a record and give it digests and a seal that fit, so that only a check of what it says can find it.

    `change` alters its record.json, `machine` its machine.json, `arrays` its predictions (name -> array), each in place."""
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
    monkeypatch.setattr("benchmark.records.checks.known.published", published)
