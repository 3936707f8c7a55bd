"""Whether the columns of a classifier look given in another order of classes than the declared one.

Only the class that a model names for each face is used. There are two tests. The numbers below were fixed on drawn faces
and on DiffusionFER with networks of this project, right ones of every quality (`tests/trials/doubts_trial.py`); the page
docs/reference/models.md has the figures.

**A swap of two classes.** Of all pairs, those are kept for which
  1. a one-sided sign test on the faces whose correctness changes, and
  2. Fisher's exact test on the faces of the two classes that are named as one of the two, for a negative association, both
     give p < `LEVEL` after Bonferroni over all pairs. The first says that the swap is better. The second does not depend on
     how often the model names either class, so a model that prefers one of them is not doubted;
  3. the recall of *each* of the two classes rises by at least `RECALL_GAIN`;
  4. afterwards the model is clearly better than chance: its balanced accuracy, scaled so that chance is 0 and perfection 1,
     is at least `SKILL`. One that has not learned these faces can be "improved" by many orders.
The one that wins most faces is named.

**Any other order**: the order with the highest accuracy (Hungarian method on the confusion matrix) is found on every second
face of each class and used on the others, then the other way round. It must raise accuracy and balanced accuracy by
`PERMUTED_GAIN` with p < `LEVEL` (sign test); raise the recalls of the moved classes by `MOVED_GAIN` in the mean, and of more
than half of them by `PERMUTED_GAIN` with p < `MOVED_LEVEL` each; and pass 4. It is named instead of a swap if it is better
by `BETTER`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

LEVEL = 1e-3
RECALL_GAIN = 0.05
SKILL = 0.25
PERMUTED_GAIN = 0.10
MOVED_GAIN, MOVED_LEVEL = 0.20, 0.01
BETTER = 0.02


@dataclass(frozen=True)
class Order:
    """Another order that fits better.

    Attributes:
        names: int64 (K,), for each column the class that it seems to hold.
        before, after: accuracy as declared and in this order.
        won, lost: faces that become right, and that become wrong.
        p: of the sign test on them; of a swap, the larger of both tests' after Bonferroni.
    """

    names: np.ndarray
    before: float
    after: float
    won: int
    lost: int
    p: float


def better_order(targets: np.ndarray, predicted: np.ndarray, k: int) -> Order | None:
    """The order that the rule at the top of this module prefers to the declared one; None if there is none.

    Args:
        targets, predicted: int64 (N,), classes in 0..k-1.
    """
    swapped, permuted = best_swap(targets, predicted, k), best_permutation(targets, predicted, k)
    if swapped is None or (permuted is not None and permuted.after >= swapped.after + BETTER):
        return permuted
    return swapped


def best_swap(targets: np.ndarray, predicted: np.ndarray, k: int) -> Order | None:
    """The swap of two classes that passes the test and wins most faces."""
    confusion = confusion_of(targets, predicted, k)
    faces, right = confusion.sum(1), np.diag(confusion)
    pairs, found = list(combinations(range(k), 2)), None
    for i, j in pairs:
        gains = np.array([confusion[i, j] - right[i], confusion[j, i] - right[j]])
        if not faces[i] or not faces[j] or (gains < RECALL_GAIN * faces[[i, j]]).any() or (gains <= 0).any():
            continue
        won, lost = int(confusion[i, j] + confusion[j, i]), int(right[i] + right[j])
        p = max(sign_test(won, lost), negative_association(confusion, i, j)) * len(pairs)
        names = np.arange(k)
        names[[i, j]] = j, i
        if p < LEVEL and skill(confusion[:, names]) >= SKILL and (found is None or won - lost > found.won - found.lost):
            before = float(np.mean(predicted == targets))
            found = Order(names, before, before + (won - lost) / len(targets), won, lost, p)
    return found


def best_permutation(targets: np.ndarray, predicted: np.ndarray, k: int) -> Order | None:
    """The order of three or more columns that passes the test. `after`, `won`, `lost` and `p` are those of the crossed
    halves."""
    names = _best_names(confusion_of(targets, predicted, k))
    moved = np.flatnonzero(names != np.arange(k))
    if len(moved) < 3:
        return None
    renamed, even = np.empty_like(predicted), every_second(targets)
    for half in (even, ~even):
        renamed[half] = _best_names(confusion_of(targets[~half], predicted[~half], k))[predicted[half]]
    after, before = renamed == targets, predicted == targets
    won, lost = (np.bincount(targets[a & ~b], minlength=k) for a, b in ((after, before), (before, after)))
    faces = np.bincount(targets, minlength=k)
    gains = (won - lost) / np.maximum(faces, 1)
    clear = [c for c in moved if gains[c] >= PERMUTED_GAIN and sign_test(int(won[c]), int(lost[c])) < MOVED_LEVEL]
    present = faces > 0
    p = sign_test(int(won.sum()), int(lost.sum()))
    passed = (
        after.mean() - before.mean() >= PERMUTED_GAIN
        and gains[present].mean() >= PERMUTED_GAIN
        and p < LEVEL
        and gains[[c for c in moved if present[c]]].mean() >= MOVED_GAIN
        and len(clear) > len(moved) / 2
        and skill(confusion_of(targets, renamed, k)) >= SKILL
    )
    return Order(names, float(before.mean()), float(after.mean()), int(won.sum()), int(lost.sum()), p) if passed else None


def every_second(targets: np.ndarray) -> np.ndarray:
    """bool (N,): the first, third, ... face of each class."""
    second = np.zeros(len(targets), bool)
    for label in np.unique(targets):
        second[np.flatnonzero(targets == label)[::2]] = True
    return second


def confusion_of(targets: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """int64 (k, k): faces of class (row) that are named as class (column)."""
    return np.bincount(targets * k + predicted, minlength=k * k).reshape(k, k)


def skill(confusion: np.ndarray) -> float:
    """Balanced accuracy over the classes that have faces, scaled so that chance (one in K) is 0 and perfection is 1."""
    faces, k = confusion.sum(1), len(confusion)
    balanced = float((np.diag(confusion)[faces > 0] / faces[faces > 0]).mean())
    return (balanced - 1 / k) / (1 - 1 / k)


def sign_test(won: int, lost: int) -> float:
    """One-sided exact p that at least so many of won + lost are won, if each is with one half."""
    from scipy.stats import binom

    return float(binom.sf(won - 1, won + lost, 0.5))


def negative_association(confusion: np.ndarray, i: int, j: int) -> float:
    """One-sided p of Fisher's exact test that faces of class i are named i rather than j *less* often than those of j."""
    from scipy.stats import hypergeom

    (ii, ij), (ji, jj) = confusion[np.ix_([i, j], [i, j])]
    return float(hypergeom.cdf(ii, ii + ij + ji + jj, ii + ij, ii + ji))


def _best_names(confusion: np.ndarray) -> np.ndarray:
    """int64 (K,): for each column, the class that it must stand for so that accuracy is highest."""
    from scipy.optimize import linear_sum_assignment

    k = len(confusion)
    # A small bonus, worth less than one face, prefers the given names in case of ties.
    classes, columns = linear_sum_assignment(confusion + np.eye(k) / (2 * k), maximize=True)
    names: np.ndarray = classes[np.argsort(columns)]
    return names


def told(found: Order, classes: Sequence[str], faces: str) -> str:
    """The warning in words. `faces`: how many of which split, as "3,589 validation faces"."""
    moved = [c for c, name in enumerate(found.names.tolist()) if c != name]
    numbers = f"from {found.before:.4f} to {found.after:.4f} ({found.won:,} won, {found.lost:,} lost, p {found.p:.1g})"
    if len(moved) == 2:
        one, other = (classes[c] for c in moved)
        return f"class order looks mismatched: swapping '{one}' and '{other}' raises accuracy on {faces} {numbers}"
    changed = ", ".join(f"'{classes[c]}' holds '{classes[found.names[c]]}'" for c in moved)
    return (
        f"class order looks mismatched: permuting the columns raises accuracy on {faces} {numbers}; "
        f"it seems that column {changed}"
    )
