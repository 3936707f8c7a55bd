"""Checks whether the input of a model is declared correctly: compares its score on validation faces with the declared input
and with common mistakes corrected.

A model that gets BGR instead of RGB, or 0..255 instead of 0..1, still gives outputs, only worse ones. Each probe changes one
thing of the declaration. **Rule**: another input is reported if it is clearly better on the same validation faces. For
classes, accuracy must be higher by at least `GAIN` and McNemar's exact p below `LEVEL`. For valence and arousal, the mean
CCC must be higher by at least `GAIN_CCC`. With the other input the model must also be clearly better than chance (Cohen's
kappa at least `KAPPA`; mean CCC at least `GOOD`): an untrained network often names the largest class for odd inputs, which
raises its accuracy. The test split is not used. Nothing is changed automatically: the user
decides.

An input that is worse by `WORSE` (mean CCC: `WORSE_CCC`) on the first `FIRST` faces, evenly spaced too, is not tried on the
others. This can only remove a warning. One that is better by `GAIN` in truth, with a third of the faces answered differently
right, is lost in 1 of 140 cases: sqrt(0.33 / 400) = 0.029, and 0.07 is 2.4 of that; one that is better by 5 points in 3 of
10,000.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.protocol.protocol import SELECTION_METRIC, Protocol
from benchmark.records.doubts_of_affect import GOOD
from benchmark.records.metrics import metric_function
from benchmark.records.statistics import mcnemar_exact
from benchmark.runs.training.evaluation import predict, selection_metric
from benchmark.runs.training.pixels import Split

FACES = 2000  # largest number of validation faces that are used, evenly spaced in the split
GAIN, LEVEL = 0.02, 0.001
GAIN_CCC = 0.05
KAPPA = 0.3
FIRST, WORSE, WORSE_CCC = 400, 0.05, 0.10
DECLARED = "as declared"
RANGES = {"[0, 1]": (0.0, 1.0), "[0, 255]": (0.0, 255.0), "[-1, 1]": (-1.0, 1.0)}
IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}  # as in timm.data.constants
PLAIN = {"mean": (0.0,), "deviation": (1.0,)}


def variants(declared: Preprocessing, colour_faces: bool) -> Iterator[tuple[str, Input]]:
    """The inputs that are tried in addition to the declared one: (description, Input).

    Args:
        declared: after `Preprocessing.filled`.
        colour_faces: whether the pictures have colour. If not, the two probes of colour are left out.
    """
    change = dataclasses.replace
    if declared.channels == 3 and colour_faces:
        other = "BGR" if declared.colour == "RGB" else "RGB"
        yield f"colours as {other}", Input(change(declared, colour=other))
        yield "grey pictures", Input(declared, grey=True)
    plain = declared.mean == PLAIN["mean"] and declared.deviation == PLAIN["deviation"]
    for name, ends in RANGES.items():
        if ends != declared.range:
            kept = "" if plain else ", the declared mean and deviation"
            yield f"range {name}{kept}", Input(change(declared, range=ends))
        if not plain:
            yield f"range {name}, no mean and deviation", Input(change(declared, range=ends, **PLAIN))
    reverse = declared.colour == "BGR"
    imagenet = {key: values[::-1] if reverse else values for key, values in IMAGENET.items()}
    with_imagenet = change(declared, range=RANGES["[0, 1]"], **imagenet) if declared.channels == 3 else declared
    if with_imagenet != declared:
        yield "range [0, 1], ImageNet's mean and deviation", Input(with_imagenet)


def probe(
    model: Scores, validation: Split, declared: Preprocessing, protocol: Protocol, known: np.ndarray | None = None
) -> tuple[dict, list[str]]:
    """Score the model with the declared input and with each variant. There is a warning for each variant that is clearly
    better, the best first. Shows a bar of pictures.

    Args:
        validation: pictures at the declared size.
        declared: after `Preprocessing.filled`.
        known: float (len(validation), K), the outputs with the declared input where they are predicted already.

    Returns:
        ({"metric", "faces", "scores": {description of the input: score}, "stopped": those whose score is that of the first
        `FIRST` faces alone, "refused": those at which the model fails}, warnings).
    """
    rows = np.unique(np.linspace(0, len(validation) - 1, min(FACES, len(validation))).round().astype(int))
    first = np.zeros(len(rows), bool)
    first[np.linspace(0, len(rows) - 1, min(FIRST, len(rows))).round().astype(int)] = True
    some = _part(validation, rows)
    parts = [(at, _part(some, at)) for at in (np.flatnonzero(first), np.flatnonzero(~first)) if len(at)]
    targets, task = some.targets.cpu().numpy(), protocol.task
    tried = [(DECLARED, Input(declared)), *variants(declared, _have_colour(some.pictures))]
    outputs, scores, stopped, refused = {}, {}, [], []

    def asked(part: Split, own: Input) -> np.ndarray:
        return predict(model, part, own, categorical=bool(protocol.classes))

    with progress.bar(total=len(tried) * len(rows), desc="probes", unit="img") as bar, model.telling(bar.update):
        for words, own in tried:
            if words == DECLARED and known is not None:
                outputs[words] = known[rows]
                bar.update(len(rows))
            else:
                try:
                    own_first = asked(parts[0][1], own)
                    if words != DECLARED and _worse(targets[first], own_first, outputs[DECLARED][first], task):
                        scores[words] = selection_metric(task, targets[first], own_first)
                        stopped.append(words)
                        bar.update(len(rows) - int(first.sum()))
                        continue
                    found = np.empty((len(rows), own_first.shape[1]), own_first.dtype)
                    found[first] = own_first
                    for at, part in parts[1:]:
                        found[at] = asked(part, own)
                except BadInput:  # a model may refuse an input that is not the declared one
                    if words == DECLARED:
                        raise
                    refused.append(words)
                    continue
                outputs[words] = found
            if np.isfinite(outputs[words]).all():
                scores[words] = selection_metric(task, targets, outputs[words])
    metric, warnings = SELECTION_METRIC[task], []
    whole = [words for words in scores if words not in stopped and DECLARED in scores]
    for words in sorted(whole, key=scores.__getitem__, reverse=True):
        if clearly_better(targets, outputs[words], outputs[DECLARED], task):
            warnings.append(
                f"input: {words} gives {metric} {scores[words]:.4f} on {len(some)} validation faces, "
                f"the declared input {scores[DECLARED]:.4f}; is the declaration right?"
            )
    return {"metric": metric, "faces": len(some), "scores": scores, "stopped": stopped, "refused": refused}, warnings


def _worse(targets: np.ndarray, other: np.ndarray, declared: np.ndarray, task: str) -> bool:
    """Whether the outputs `other` for the first faces are so much worse that the rest is not worth trying. Outputs that are
    not finite are not judged here."""
    if not (np.isfinite(other).all() and np.isfinite(declared).all()):
        return False
    loss = selection_metric(task, targets, declared) - selection_metric(task, targets, other)
    return loss >= (WORSE if task == "categorical" else WORSE_CCC)


def clearly_better(targets: np.ndarray, other: np.ndarray, declared: np.ndarray, task: str) -> bool:
    """Whether the outputs `other` (N, K) are clearly better than `declared`, by the rule at the top of this module."""
    gain = selection_metric(task, targets, other) - selection_metric(task, targets, declared)
    if task != "categorical":
        return gain >= GAIN_CCC and selection_metric(task, targets, other) >= GOOD
    right, before = other.argmax(1) == targets, declared.argmax(1) == targets
    learned = (metric_function("kappa")(targets, other) or 0.0) >= KAPPA
    return gain >= GAIN and learned and mcnemar_exact(right, before).p < LEVEL


def _part(split: Split, rows: np.ndarray) -> Split:
    """The faces of some rows, their pictures on the device."""
    at = torch.from_numpy(rows).to(split.pictures.device)
    pictures = torch.cat([split.batch(part) for part in at.split(256)])
    return Split(split.ids[rows], pictures, split.targets[at])


def _have_colour(images: Tensor) -> bool:
    return images.shape[1] == 3 and bool((images != images[:, :1]).any())
