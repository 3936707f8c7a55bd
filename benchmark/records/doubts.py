"""Warnings about predictions that were made elsewhere: the outputs look like those of another order of classes."""

import numpy as np

from benchmark.protocol.protocol import Protocol
from benchmark.records.selection_metric import ccc_mean

PERMUTED_GAIN = 0.10  # of accuracy and balanced accuracy (as fractions), or of the mean CCC
PERMUTED_P = 1e-3


def doubts(protocol: Protocol, targets: np.ndarray, outputs: np.ndarray) -> list[str]:
    """Warnings about a likely mistake in the order of the outputs; empty if there is none.

    Classes: the permutation of the columns with the highest accuracy is found (Hungarian method on the confusion matrix) on
    every second face and tested on the others, then the other way round. There is a warning if the permutation raises both
    accuracy and balanced accuracy by at least `PERMUTED_GAIN`, and a one-sided sign test on the faces whose correctness
    changes gives p < `PERMUTED_P`. Balanced accuracy is required because a model that gives one class for all faces would
    gain accuracy if this class were renamed to the most frequent one.

    Valence and arousal: there is a warning if swapping them raises the mean CCC by at least `PERMUTED_GAIN`.
    """
    if protocol.task != "categorical":
        gain = ccc_mean(targets, outputs[:, ::-1]) - ccc_mean(targets, outputs)
        if gain < PERMUTED_GAIN:
            return []
        return [f"valence and arousal look swapped: exchanging them raises the mean CCC by {gain:.3f}"]
    predicted = outputs.argmax(1)
    renamed, even = np.empty_like(predicted), np.arange(len(targets)) % 2 == 0
    for half in (even, ~even):
        renamed[half] = _best_names(targets[~half], predicted[~half], protocol.outputs)[predicted[half]]
    if not _clear(targets, renamed == targets, predicted == targets):
        return []
    names = _best_names(targets, predicted, protocol.outputs)
    before, after = np.mean(predicted == targets), np.mean(names[predicted] == targets)
    changed = [f"'{protocol.classes[k]}' holds '{protocol.classes[j]}'" for k, j in enumerate(names) if k != j]
    return [
        f"class order looks mismatched: permuting the columns raises accuracy from {before:.4f} to {after:.4f}; "
        f"it seems that column {', '.join(changed)}"
    ]


def _best_names(targets: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """int64 (K,): for each column, the class that it must stand for so that accuracy is highest."""
    from scipy.optimize import linear_sum_assignment

    confusion = np.bincount(targets * k + predicted, minlength=k * k).reshape(k, k)
    # A small bonus, worth less than one face, prefers the given names in case of ties.
    classes, columns = linear_sum_assignment(confusion + np.eye(k) / (2 * k), maximize=True)
    names: np.ndarray = classes[np.argsort(columns)]
    return names


def _clear(targets: np.ndarray, right: np.ndarray, now: np.ndarray) -> bool:
    from scipy.stats import binomtest

    won, lost = int(np.sum(right & ~now)), int(np.sum(now & ~right))
    if not won or right.mean() - now.mean() < PERMUTED_GAIN:
        return False
    recalls = [(right[targets == k].mean(), now[targets == k].mean()) for k in np.unique(targets)]
    if np.mean([after - before for after, before in recalls]) < PERMUTED_GAIN:
        return False
    return bool(binomtest(won, won + lost, alternative="greater").pvalue < PERMUTED_P)
