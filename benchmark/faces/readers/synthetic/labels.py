"""The labels of the faces: class frequencies, splits by person, and label noise."""

from collections.abc import Mapping

import numpy as np

from benchmark.faces.readers.synthetic.action_units import CLASSES

AFFECTNET_COUNTS: Mapping[str, int] = {
    "neutral": 74874,
    "happy": 134415,
    "sad": 25459,
    "surprise": 14090,
    "fear": 6378,
    "disgust": 3803,
    "anger": 24882,
    "contempt": 3750,
}
"""Rows per class of AffectNet's manually annotated training list (Mollahosseini et al., IEEE T. Affective Computing
2019)."""

SPLITS: Mapping[str, int] = {"train": 7, "validation": 1, "test": 2}
"""Fractions of the people, in tenths."""

MISTAKES: Mapping[tuple[str, str], float] = {
    ("neutral", "happy"): 0.10,
    ("neutral", "sad"): 0.08,
    ("neutral", "anger"): 0.07,
    ("neutral", "contempt"): 0.10,
    ("happy", "contempt"): 0.08,
    ("sad", "anger"): 0.05,
    ("sad", "fear"): 0.04,
    ("surprise", "fear"): 0.10,
    ("disgust", "anger"): 0.10,
}
"""Label noise: two classes that raters confuse -> the fraction of the smaller class's faces that swap labels with as many
faces of the larger class. Swapping does not change the class frequencies. About 10 % of all labels end up wrong."""


def quotas(n: int) -> np.ndarray:
    """The number of faces per class for n faces, in AffectNet's proportions: largest remainders, at least one per class.

    Returns:
        int64 (classes,), sum n. Needs n >= number of classes.
    """
    counts = np.array([AFFECTNET_COUNTS[name] for name in CLASSES])
    exact = counts * n
    total = counts.sum()
    share = np.maximum(exact // total, 1)
    remainder = exact - share * total  # in integers, so that rounding can not change the order
    while share.sum() < n:
        k = int(np.argmax(remainder))
        share[k] += 1
        remainder[k] -= total
    while share.sum() > n:
        share[int(np.argmax(share))] -= 1
    return share


def split_people(people: int) -> np.ndarray:
    """The split of each person, str (people,), in the order of `SPLITS`. Sizes have its proportions, rounded down; the rest
    goes to train."""
    total = sum(SPLITS.values())
    sizes = {name: people * share // total for name, share in SPLITS.items()}
    sizes["train"] += people - sum(sizes.values())
    return np.repeat(list(sizes), list(sizes.values()))


def add_mistakes(rng: np.random.Generator, shown: np.ndarray) -> np.ndarray:
    """The labels with the mistakes of raters, int64 (N,): the swaps of `MISTAKES` applied to `shown`.

    Every face is swapped at most once.

    Args:
        shown: int64 (N,), the class that each face is drawn with.
    """
    given = shown.copy()
    waiting = [rng.permutation(np.flatnonzero(shown == k)).tolist() for k in range(len(CLASSES))]
    sizes = [len(rows) for rows in waiting]
    for (first, second), share in MISTAKES.items():
        a, b = CLASSES.index(first), CLASSES.index(second)
        # Rounded up with the probability of the fractional part, so that small splits have the right rate on average.
        swaps = min(int(share * min(sizes[a], sizes[b]) + rng.random()), len(waiting[a]), len(waiting[b]))
        for _ in range(swaps):
            given[waiting[a].pop()], given[waiting[b].pop()] = b, a
    return given
