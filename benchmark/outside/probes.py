"""Checks whether the input of a model is declared correctly: compares its score on validation faces with the declared input
and with common mistakes corrected.

A model that gets BGR instead of RGB, or 0..255 instead of 0..1, still gives outputs, only worse ones. Each probe changes one
thing of the declaration. **Rule**: another input is reported if it is clearly better on the same validation faces. For
classes, accuracy must be higher by at least `GAIN` and McNemar's exact p below `LEVEL`. For valence and arousal, the mean
CCC must be higher by at least `GAIN_CCC`. The test split is not used. Nothing is changed automatically: the user decides.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor

from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.protocol.protocol import SELECTION_METRIC, Protocol
from benchmark.runs.training.evaluation import predict, selection_metric
from benchmark.runs.training.pixels import Split

FACES = 2000  # largest number of validation faces that are used, evenly spaced in the split
GAIN, LEVEL = 0.02, 0.001
GAIN_CCC = 0.05
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


def probe(model: Scores, validation: Split, declared: Preprocessing, protocol: Protocol) -> tuple[dict, list[str]]:
    """Score the model with the declared input and with each variant. There is a warning for each variant that is clearly
    better, the best first.

    Args:
        validation: pictures at the declared size.
        declared: after `Preprocessing.filled`.

    Returns:
        ({"metric", "faces", "scores": {description of the input: score}}, warnings).
    """
    rows = torch.from_numpy(np.unique(np.linspace(0, len(validation) - 1, min(FACES, len(validation))).round().astype(int)))
    rows = rows.to(validation.images.device)
    some = Split(validation.ids[rows.cpu().numpy()], _pictures(validation, rows), validation.targets[rows])
    targets = some.targets.cpu().numpy()
    given = [("as declared", Input(declared)), *variants(declared, _have_colour(some.images))]
    outputs = {words: predict(model, some, own, categorical=bool(protocol.classes)) for words, own in given}
    finite = {words: found for words, found in outputs.items() if np.isfinite(found).all()}
    scores = {words: selection_metric(protocol.task, targets, found) for words, found in finite.items()}
    metric, warnings = SELECTION_METRIC[protocol.task], []
    for words in sorted(scores, key=scores.get, reverse=True):
        if "as declared" in scores and clearly_better(targets, finite[words], finite["as declared"], protocol.task):
            warnings.append(
                f"input: {words} gives {metric} {scores[words]:.4f} on {len(some)} validation faces, "
                f"the declared input {scores['as declared']:.4f}; is the declaration right?"
            )
    return {"metric": metric, "faces": len(some), "scores": scores}, warnings


def clearly_better(targets: np.ndarray, other: np.ndarray, declared: np.ndarray, task: str) -> bool:
    """Whether the outputs `other` (N, K) are clearly better than `declared`, by the rule at the top of this module."""
    gain = selection_metric(task, targets, other) - selection_metric(task, targets, declared)
    if task != "categorical":
        return gain >= GAIN_CCC
    right, before = other.argmax(1) == targets, declared.argmax(1) == targets
    only, only_before = int((right & ~before).sum()), int((before & ~right).sum())
    return gain >= GAIN and binomtest(only, only + only_before).pvalue < LEVEL


def _pictures(split: Split, rows: Tensor) -> Tensor:
    return torch.cat([split.batch(part) for part in rows.split(256)])


def _have_colour(images: Tensor) -> bool:
    return images.shape[1] == 3 and bool((images != images[:, :1]).any())
