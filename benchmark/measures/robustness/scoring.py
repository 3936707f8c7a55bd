"""Scores networks on corrupted and mirrored test faces of a protocol, and on faces of other data sets: those of a run
(`benchmark.measures.robustness.measure`), or a model from outside the suite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Form

import numpy as np
import torch
from torch import Tensor, nn

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.card import card
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.measures.robustness.corruptions import SEVERITIES, corrupt, parameters, parameters_digest
from benchmark.protocol.protocol import Protocol, load_protocol, protocol_names
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records.metrics import metric_function
from benchmark.runs import sources
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split
from benchmark.runs.training.resampling import resized

# The sources that decide these numbers, besides those of the network.
SOURCES = (
    "measures/robustness/corruptions.py", "measures/robustness/measure.py", "measures/robustness/scoring.py",
    "protocol/roles.py", "records/definitions.py", "records/metrics.py", "records/predictions.py",
    "records/selection_metric.py", "runs/training/evaluation.py", "runs/training/pixels.py", "runs/training/resampling.py",
)  # fmt: skip
METRICS = {"categorical": ("accuracy", "balanced_accuracy", "nll"), "dimensional": ("ccc_mean", "rmse_mean")}


class Prepares(Form):
    """Makes a network's input from pictures, as `benchmark.runs.training.pixels.Standardiser` does."""

    def unit(self, images: Tensor) -> Tensor:
        """float32 in [0, 1] from uint8 pictures of the protocol's size and channels (grey ones have one channel)."""

    def standardise(self, images: Tensor) -> Tensor:
        """The network's input from pictures in [0, 1]."""


@dataclass(frozen=True)
class Network:
    """One network with its test faces: all of the protocol's, or those of its fold."""

    model: nn.Module
    prepare: Prepares
    mine: np.ndarray  # int64, row numbers among the test faces


@dataclass(frozen=True)
class Target:
    """Test faces of another data set, for transfer: its protocol, and the shared classes with their labels in both data
    sets."""

    protocol: Protocol
    faces: FaceSet
    classes: tuple[str, ...]
    own: np.ndarray  # int64, column of the network's outputs for each shared class
    labels: np.ndarray  # int64, label of the other data set for each shared class


@dataclass(frozen=True)
class Tested:
    """What networks of a protocol are tested on.

    Attributes:
        targets: the other data sets.
        reasons: protocol -> why its data set is none of them.
    """

    protocol: Protocol
    faces: FaceSet
    targets: Sequence[Target]
    reasons: Mapping[str, str]

    def made_with(self, device: torch.device, *further: str) -> dict:
        """What decides the numbers, besides the networks: digests. `further`: paths of more sources, as in `SOURCES`."""
        return {
            "corruptions": parameters_digest(),
            "transfers": {each.protocol.name: [each.protocol.hash, each.faces.fingerprint] for each in self.targets}
            | dict(self.reasons.items()),
            "code": sources.digest(sources.PACKAGE / path for path in (*SOURCES, *further)),
            "device type": device.type,
        }


def scored(
    tested: Tested,
    networks: Sequence[Network],
    device: torch.device,
    *,
    title: str,
    precision: str = "float32",
    check: Callable[[np.ndarray, np.ndarray], object] = lambda ids, clean: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """The scores of networks: {clean, corrupted, flip, transfer}, as `benchmark.measures.robustness.file` describes them.

    Pictures are corrupted at the protocol's input size and channels, so every network is given the same ones.

    Args:
        networks: with outputs in the protocol's order; together they have every test face once.
        title: of the bar, and of the message of a stop.
        precision: as of `benchmark.runs.training.evaluation.predict`.
        check: called with the ids of the test faces, str (N,), and the outputs for them, float32 (N, K), before the rest is
            measured.
        stop: called between corruptions. True raises Interrupted.
    """
    protocol, faces = tested.protocol, tested.faces
    rows = role_rows(protocol, faces, "test")
    pictures = resized(faces.pictures, rows, protocol.input_size, protocol.channels)
    ids, truth = faces.id[rows], role_targets(protocol, faces, rows)
    how = {"categorical": protocol.task == "categorical", "precision": precision}

    def outputs(images: Tensor) -> np.ndarray:
        return outputs_of(networks, images, ids, truth, device, how)

    clean = outputs(pictures)
    check(ids, clean)
    found: dict = {"clean": metrics_of(protocol.task, truth, clean), "corrupted": {name: [] for name in parameters()}}
    steps = [(name, severity) for name in found["corrupted"] for severity in SEVERITIES]
    with progress.bar(total=len(steps), desc=title, unit="corruption") as bar:
        for name, severity in steps:
            if stop():
                raise Interrupted(f"stopped within {title}; its file is written when all of it is measured")
            changed = torch.from_numpy(corrupt(pictures.numpy(), ids, name, severity))
            found["corrupted"][name].append(metrics_of(protocol.task, truth, outputs(changed)))
            bar.update()
    mirrored = outputs(pictures.flip(3))
    found["flip"] = metrics_of(protocol.task, truth, mirrored) | {"consistency": consistency(protocol.task, clean, mirrored)}
    found["transfer"] = {each.protocol.name: _transfer(networks, protocol, each, device, how) for each in tested.targets}
    found["transfer"] |= {name: {"note": reason} for name, reason in tested.reasons.items()}
    return found


def tested_on(protocol: Protocol, faces: FaceSet, prepared: Path) -> Tested:
    """What networks of this protocol are tested on: `faces`, its own, and the prepared data sets that its card names."""
    if protocol.task != "categorical":
        return Tested(protocol, faces, [], {})
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
        others = open_faceset(prepared / other.data)
        targets.append(Target(other, others, tuple(pair[0] for pair in pairs), own, labels))
    return Tested(protocol, faces, targets, reasons)


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


def outputs_of(
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


def metrics_of(task: str, truth: np.ndarray, outputs: np.ndarray) -> dict:
    """The metrics of `METRICS` for a task. Arguments as of `benchmark.records.metrics.metric_function`."""
    return {name: metric_function(name)(truth, outputs) for name in METRICS[task]}


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
        found.append(outputs_of(alone, images, target.faces.id[rows], truth, device, how)[:, target.own])
    names = ("accuracy", "balanced_accuracy")
    scores = {name: float(np.mean([metric_function(name)(truth, outputs) for outputs in found])) for name in names}
    return {"n": len(rows), "classes": list(target.classes), **scores}
