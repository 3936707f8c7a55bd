"""Evaluates the networks of a finished run on corrupted and mirrored test faces of its own protocol, and on faces of other
data sets. Writes one JSON file per seed.

It runs where the weights and pictures are; the report reads the files. `benchmark.measures.robustness.file` describes their
contents.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.card import card
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import write_json
from benchmark.measures import machine
from benchmark.measures.robustness.corruptions import SEVERITIES, corrupt, parameters, parameters_digest
from benchmark.measures.robustness.file import SCHEMA, read
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol, load_protocol, protocol_names
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records import seal
from benchmark.records.metrics import metric_function
from benchmark.records.record import Record, read_record
from benchmark.runs import environment, sources
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split, Standardiser
from benchmark.runs.training.resampling import resized
from benchmark.runs.training.trainer import build_model

# The sources that decide these numbers, besides those of the network.
SOURCES = (
    "measures/robustness/corruptions.py", "measures/robustness/measure.py", "protocol/roles.py", "records/definitions.py",
    "records/metrics.py", "records/predictions.py", "records/selection_metric.py", "runs/training/evaluation.py",
    "runs/training/pixels.py", "runs/training/resampling.py",
)  # fmt: skip
METRICS = {"categorical": ("accuracy", "balanced_accuracy", "nll"), "dimensional": ("ccc_mean", "rmse_mean")}
# Fraction of the record's test faces for which the weights must give the same class (for valence and arousal: the same
# output within 0.01). It is below 1 because a few outputs change by rounding in bfloat16.
SAME = 0.99


@dataclass(frozen=True)
class Network:
    """One network of a run, with its test faces: all of the run's, or those of its fold."""

    model: nn.Module
    prepare: Standardiser
    mine: np.ndarray  # int64, rows of the run's test faces


@dataclass(frozen=True)
class Target:
    """Test faces of another data set, for transfer: its protocol, and the shared classes with their labels in both data
    sets."""

    protocol: Protocol
    faces: FaceSet
    classes: tuple[str, ...]
    own: np.ndarray  # int64, column of the network's outputs for each shared class
    labels: np.ndarray  # int64, label of the other data set for each shared class


def measure(
    protocol: Protocol,
    cell: Cell,
    seed: int,
    *,
    prepared: Path,
    runs: Path,
    out: Path,
    device: torch.device,
    stop: Callable[[], bool] = lambda: False,
) -> Mapping:
    """Measure one run and write ``out/<protocol>/<cell>/seed<k>.json`` atomically, and beside it what it was measured on
    (`benchmark.measures.machine`). If the file is up to date, return its contents.

    Args:
        prepared: folder of FaceSets; those of the other data sets may be missing.
        runs: folder of runs, with their weights.
        stop: called between corruptions. True raises Interrupted; the next call measures this seed from the start.

    Raises:
        BadInput: no record or no weights; a diverged run; a record of another protocol or cell; a FaceSet that is not the
            record's; weights that do not reproduce the record's predictions.
    """
    place = Run(protocol, cell, seed).place
    record = _record(runs / place, protocol, cell)
    faces = open_faceset(prepared / protocol.data)
    if faces.fingerprint != record["data"]["fingerprint"]:
        raise BadInput(faces.directory, f"fingerprint {faces.fingerprint[:16]}", f"{record['data']['fingerprint'][:16]}, "
                       f"as {record.directory} was made on")  # fmt: skip
    targets, reasons = _targets(protocol, prepared)
    made_with = {
        "corruptions": parameters_digest(),
        "transfers": {target.protocol.name: [target.protocol.hash, target.faces.fingerprint] for target in targets}
        | dict(reasons.items()),
        "code": sources.digest(sources.PACKAGE / path for path in SOURCES),
        "device type": device.type,
    }
    path = out / place.parent / f"{place.name}.json"
    known = read(path) if path.is_file() else None
    if known and (known["predictions_sha256"], known["made_with"]) == (record["predictions_sha256"], made_with):
        return known
    rows = role_rows(protocol, faces, "test")
    pictures = resized(faces.pictures, rows, protocol.input_size, protocol.channels)
    networks = _networks(record, protocol, cell, faces, rows, device)
    contents = {
        "schema": SCHEMA,
        "protocol": protocol.name,
        "protocol_hash": protocol.hash,
        "cell": cell.name,
        "cell_hash": cell.hash,
        "seed": seed,
        "predictions_sha256": record["predictions_sha256"],
        "data": dict(record["data"]),
        "made_with": made_with,
    }
    ids, truth = faces.id[rows], role_targets(protocol, faces, rows)
    precision = record["environment"].get("precision", "float32") if device.type == "cuda" else "float32"
    how = {"categorical": protocol.task == "categorical", "precision": precision}

    def outputs(images: Tensor) -> np.ndarray:
        return _outputs(networks, images, ids, truth, device, how)

    clean = outputs(pictures)
    _check_same(record, ids, clean)
    contents["clean"] = _metrics(protocol.task, truth, clean)
    contents["corrupted"] = {name: [] for name in parameters()}
    steps = [(name, severity) for name in contents["corrupted"] for severity in SEVERITIES]
    with progress.bar(total=len(steps), desc=str(place), unit="corruption") as bar:
        for name, severity in steps:
            if stop():
                raise Interrupted(f"stopped within {place}; its file is written when all of it is measured")
            changed = torch.from_numpy(corrupt(pictures.numpy(), ids, name, severity))
            contents["corrupted"][name].append(_metrics(protocol.task, truth, outputs(changed)))
            bar.update()
    mirrored = outputs(pictures.flip(3))
    contents["flip"] = _metrics(protocol.task, truth, mirrored) | {
        "consistency": consistency(protocol.task, clean, mirrored)
    }
    contents["transfer"] = {target.protocol.name: _transfer(networks, protocol, target, device, how) for target in targets}
    contents["transfer"] |= {name: {"note": reason} for name, reason in reasons.items()}
    machine.write(path, environment.describe(device))
    write_json(path, contents)
    return contents


def consistency(task: str, outputs: np.ndarray, mirrored: np.ndarray) -> float:
    """The fraction of rows with the same predicted class; for valence and arousal, the mean absolute difference. Both
    arguments are float (N, K)."""
    if task == "categorical":
        return float(np.mean(outputs.argmax(axis=1) == mirrored.argmax(axis=1)))
    return float(np.abs(outputs.astype(np.float64) - mirrored).mean())


def shared_classes(own: str, other: str) -> list[tuple[str, str]]:
    """(class of data set `own`, class of data set `other`) for every meaning that is in both cards, in the order of
    `own`."""
    back = {meaning: word for word, meaning in card(other).meanings.items()}
    return [(word, back[meaning]) for word, meaning in card(own).meanings.items() if meaning in back]


def _record(directory: Path, protocol: Protocol, cell: Cell) -> Record:
    record = read_record(directory)
    if record["protocol"].get("based_on") and record["protocol_hash"] != protocol.hash:
        changed = f"a run under {record.protocol}, {record['protocol']['based_on']} with other values of params.yaml"
        raise BadInput(directory, changed, f"one under {protocol.name} itself: only such runs are evaluated here")
    for what, found, expected in (
        ("protocol", record["protocol_hash"], protocol.hash),
        ("cell", record["cell_hash"], cell.hash),
    ):
        if found != expected:
            raise BadInput(f"{directory}, {what}", f"hash {found}", f"{expected}; run it again")
    if record.diverged:
        raise BadInput(directory, "a diverged run", "one that finished: a diverged run has no weights")
    return record


def _networks(
    record: Record, protocol: Protocol, cell: Cell, faces: FaceSet, rows: np.ndarray, device: torch.device
) -> list[Network]:
    if record.folds is None:
        parts = [("weights.pt", record["input"], np.arange(len(rows)))]
    else:
        split = faces.split[rows]
        parts = [
            (f"weights-{each['fold']}.pt", each["input"], np.flatnonzero(split == each["fold"])) for each in record.folds
        ]
    networks = []
    for file, own, mine in parts:
        path = record.directory / file
        if not path.is_file():
            raise BadInput(path, "no such file", "the run's weights: `dvc pull` or `ferbench run` brings them")
        contents = seal.weights(record.directory, file)
        try:
            state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
            model = build_model(Run(protocol, cell, record.seed), torch.device("cpu"))
            model.load_state_dict(state)
        except Exception as error:  # torch raises many kinds for files that are none of its own
            raise BadInput(path, f"weights that do not load ({type(error).__name__})", f"those of {cell.name}") from error
        model.to(device, memory_format=torch.channels_last)
        networks.append(Network(model, Standardiser(tuple(own["mean"]), tuple(own["deviation"])), mine))
    return networks


def _outputs(
    networks: Sequence[Network], images: Tensor, ids: np.ndarray, truth: np.ndarray, device: torch.device, how: Mapping
) -> np.ndarray:
    """float32 (N, K): for every face, the outputs of the network that has it as a test face."""
    found = None
    for network in networks:
        targets = torch.from_numpy(truth[network.mine]).to(device)
        split = Split(ids[network.mine], images[torch.from_numpy(network.mine)].to(device), targets)
        part = predict(network.model, split, network.prepare, **how)
        found = np.empty((len(ids), part.shape[1]), part.dtype) if found is None else found
        found[network.mine] = part
    return found


def _metrics(task: str, truth: np.ndarray, outputs: np.ndarray) -> dict:
    return {name: metric_function(name)(truth, outputs) for name in METRICS[task]}


def _check_same(record: Record, ids: np.ndarray, clean: np.ndarray) -> None:
    """Check that the weights belong to the record: their outputs must agree with it. They agree exactly on the same device;
    with bfloat16 or other kernels, rounding differs."""
    stored = record.outputs("test")[1]
    if not np.array_equal(record.predictions["test_ids"], ids):
        raise BadInput(f"{record.directory}, test_ids", "other faces", "the test faces of its protocol")
    if record["protocol"]["task"] == "categorical":
        same = float(np.mean(stored.argmax(axis=1) == clean.argmax(axis=1)))
    else:
        same = float(np.mean(np.abs(stored - clean) < 0.01))
    if same < SAME:
        raise BadInput(f"{record.directory}, weights", f"{same:.1%} of the record's answers", f"at least {SAME:.0%} of them")


def _targets(protocol: Protocol, prepared: Path) -> tuple[list[Target], dict[str, str]]:
    """(other data sets on which networks of this protocol are evaluated; protocol -> reason, for those that can not be)."""
    if protocol.task != "categorical":
        return [], {}
    targets, reasons = [], {}
    for name in card(protocol.data).transfer:
        if name not in protocol_names():
            raise BadInput(
                f"card of {protocol.data}, transfer", f"protocol '{name}'", f"one of {', '.join(protocol_names())}"
            )
        other = load_protocol(name)
        if not (prepared / other.data / "meta.json").is_file():
            reasons[name] = f"{other.data} is not prepared"
            continue
        pairs = [pair for pair in shared_classes(protocol.data, other.data) if pair[0] in protocol.classes]
        own, labels = (np.array([of.index(word) for word in words]) for of, words in
                       zip((protocol.classes, other.classes), zip(*pairs, strict=True), strict=True))  # fmt: skip
        faces = open_faceset(prepared / other.data)
        targets.append(Target(other, faces, tuple(pair[0] for pair in pairs), own, labels))
    return targets, reasons


def _transfer(networks: Sequence[Network], protocol: Protocol, target: Target, device: torch.device, how: Mapping) -> dict:
    """Accuracy and balanced accuracy on the other data set's test faces of the shared classes, as a mean over the run's
    networks. Only the outputs for shared classes count: the predicted class is the highest of these."""
    rows = role_rows(target.protocol, target.faces, "test")
    rows = rows[np.isin(target.faces.expression[rows], target.labels)]
    truth = np.array([target.labels.tolist().index(label) for label in target.faces.expression[rows]])
    images = resized(target.faces.pictures, rows, protocol.input_size, protocol.channels)
    found = []
    for network in networks:
        alone = [Network(network.model, network.prepare, np.arange(len(rows)))]
        found.append(_outputs(alone, images, target.faces.id[rows], truth, device, how)[:, target.own])
    names = ("accuracy", "balanced_accuracy")
    scores = {name: float(np.mean([metric_function(name)(truth, outputs) for outputs in found])) for name in names}
    return {"n": len(rows), "classes": list(target.classes), **scores}
